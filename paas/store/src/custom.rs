//! Custom fields: a JSON column with the values of a record, for reading, and one table of values of all types, for
//! finding. What stands there is written in the form in which the database compares it: bytes in the order of the values.

use crate::cell::Fault;
use crate::convert::normal;
use crate::ddl::q;
use crate::filter::Builder;
use crate::{Cell, Col, Tx};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD as BASE64;
use paas_document::{Custom, CustomStep, CustomValue, Filter, Op, TypeMeta, Value};
use paas_types::{Code, Id, Instant, Refusal, Result, Secret};
use serde_json::{Map, Value as Json, json};

/// The most characters of a text by which records are found.
pub const FOUND_BY: usize = 200;

/// What is written of a value so that its record is found.
pub struct CustomMark<'a> {
    /// The field.
    pub key: &'a str,
    /// The value; `Null` when it is too long to be found by, then only that there is one is written.
    pub value: Value,
    /// Whether another record of the type must not have it.
    pub unique: bool,
}

/// What a sealed value is bound to.
fn label(tenant: i64, meta: &TypeMeta, key: &str) -> String {
    format!("{tenant}/{}.custom.{key}", meta.table)
}

/// A number so that greater ones have greater bytes.
fn ordered(number: i64) -> Vec<u8> {
    (number ^ i64::MIN).to_be_bytes().to_vec()
}

impl Tx {
    /// The column of a record's custom values.
    pub(crate) fn custom_cell(&mut self, meta: &TypeMeta, custom: &Custom) -> Result<Cell> {
        if custom.is_empty() {
            return Ok(Cell::Null);
        }
        let mut out = Map::new();
        for (key, value) in &custom.0 {
            let json = match value {
                CustomValue::Bool(yes) => Json::from(*yes),
                CustomValue::Int(number) => Json::from(*number),
                CustomValue::Text(text) => Json::from(text.as_str()),
                CustomValue::Secret(clear) => {
                    let label = label(self.tenant().key.0, meta, key);
                    json!({"sealed": BASE64.encode(self.sealer()?.seal_text(&label, clear)?)})
                }
            };
            out.insert(key.clone(), json);
        }
        Ok(Cell::Text(Json::Object(out).to_string()))
    }

    /// The custom values out of their column.
    pub(crate) fn custom_of(&mut self, meta: &TypeMeta, cell: Cell) -> Result<Custom> {
        let Some(text) = cell.into_text() else { return Ok(Custom::default()) };
        let damaged = || Refusal::internal(format!("{}.custom holds what is not written there", meta.table));
        let kept: Map<String, Json> = serde_json::from_str(&text).map_err(|_| damaged())?;
        let mut out = Custom::default();
        for (key, value) in kept {
            let value = match value {
                Json::Bool(yes) => CustomValue::Bool(yes),
                Json::Number(number) => CustomValue::Int(number.as_i64().ok_or_else(damaged)?),
                Json::String(text) => CustomValue::Text(text),
                sealed => {
                    let sealed = sealed.get("sealed").and_then(Json::as_str).ok_or_else(damaged)?;
                    let sealed = BASE64.decode(sealed).map_err(|_| damaged())?;
                    let label = label(self.tenant().key.0, meta, &key);
                    CustomValue::Secret(self.sealer()?.open_text(&label, &sealed)?)
                }
            };
            out.0.insert(key, value);
        }
        Ok(out)
    }

    /// The form in which a value is compared; nothing for `Null`.
    fn compared(&mut self, meta: &TypeMeta, key: &str, value: &Value) -> Result<Option<Vec<u8>>> {
        let clear = match value {
            Value::Null => return Ok(None),
            Value::Bool(yes) => return Ok(Some(vec![u8::from(*yes)])),
            Value::Int(number) => return Ok(Some(ordered(*number))),
            Value::Text(text) => return Ok(Some(text.as_bytes().to_vec())),
            Value::Date(date) => return Ok(Some(date.to_string().into_bytes())),
            Value::Instant(at) => return Ok(Some(ordered(at.micros()))),
            Value::Secret(clear) => clear,
            _ => return Err(Refusal::internal("a custom field of no kind")),
        };
        Ok(Some(self.blind(meta, key, clear)?))
    }

    fn blind(&mut self, meta: &TypeMeta, key: &str, clear: &Secret<String>) -> Result<Vec<u8>> {
        let label = label(self.tenant().key.0, meta, key);
        Ok(self.sealer()?.blind(&label, normal(clear).expose().as_bytes()).to_vec())
    }

    /// Writes by what custom values a record is found, in place of what stood there. `fields` are those that had or have
    /// values. 409 `DUPLICATE` with the field when a value must be unique and is not.
    pub fn mark_custom(
        &mut self,
        meta: &'static TypeMeta,
        record: Id,
        (fields, marks): (&[&str], &[CustomMark<'_>]),
    ) -> Result<()> {
        self.unmark_custom(meta, record, fields)?;
        for mark in marks {
            let value = self.compared(meta, mark.key, &mark.value)?;
            let once = value.clone().filter(|_| mark.unique);
            let params = vec![
                self.tenant_cell(),
                Cell::Text(meta.name.to_owned()),
                Cell::Text(mark.key.to_owned()),
                Cell::Id(record),
                value.map_or(Cell::Null, Cell::Bytes),
                once.clone().map_or(Cell::Null, Cell::Bytes),
            ];
            let sql =
                "INSERT INTO custom_value (tenant, kind, field, record, value, once) VALUES ($1, $2, $3, $4, $5, $6)";
            if once.is_none() {
                self.send(sql, params)?;
                continue;
            }
            match self.attempt(sql, &params) {
                Ok(_) => {}
                Err(Fault::Unique(_)) => {
                    let field = format!("custom.{}", mark.key);
                    return Err(self.spoil(Refusal::new(Code::Duplicate).with(json!({"field": field}))));
                }
                Err(fault) => return Err(self.spoil(fault.into())),
            }
        }
        Ok(())
    }

    /// Takes away by what custom values a record was found.
    pub(crate) fn unmark_custom(&mut self, meta: &'static TypeMeta, record: Id, fields: &[&str]) -> Result<()> {
        if fields.is_empty() {
            return Ok(());
        }
        let mut params = vec![self.tenant_cell(), Cell::Text(meta.name.to_owned()), Cell::Id(record)];
        params.extend(fields.iter().map(|field| Cell::Text((*field).to_owned())));
        let marks: Vec<String> = (4..=params.len()).map(|n| format!("${n}")).collect();
        let sql = format!(
            "DELETE FROM custom_value WHERE tenant = $1 AND kind = $2 AND record = $3 AND field IN ({})",
            marks.join(", ")
        );
        self.send(&sql, params)
    }

    /// Whether what stands in the table of values is a form of a value; of a long text none stands there.
    pub(crate) fn is_found_by(
        &mut self,
        meta: &TypeMeta,
        key: &str,
        kept: &CustomValue,
        stands: &Cell,
    ) -> Result<bool> {
        let forms: Vec<Vec<u8>> = match kept {
            CustomValue::Bool(yes) => vec![vec![u8::from(*yes)]],
            CustomValue::Int(number) => vec![ordered(*number)],
            CustomValue::Secret(clear) => vec![self.blind(meta, key, clear)?],
            // Which kind of field it is, only its definition says.
            CustomValue::Text(text) if text.chars().count() > FOUND_BY => return Ok(*stands == Cell::Null),
            CustomValue::Text(text) => {
                let decimal = text.replacen('.', "", 1).parse().ok().map(ordered);
                let instant = text.parse::<Instant>().ok().map(|at| ordered(at.micros()));
                std::iter::once(text.as_bytes().to_vec()).chain(decimal).chain(instant).collect()
            }
        };
        Ok(matches!(stands, Cell::Bytes(bytes) if forms.contains(bytes)))
    }

    /// Whether a record has a value of a custom field; with `found_by` whether one has a value too long to be found by.
    pub fn custom_is_used(&mut self, meta: &'static TypeMeta, field: &str, found_by: bool) -> Result<bool> {
        let long = if found_by { " AND value IS NULL" } else { "" };
        let sql = format!("SELECT 1 FROM custom_value WHERE tenant = $1 AND kind = $2 AND field = $3{long} LIMIT 1");
        let params = [self.tenant_cell(), Cell::Text(meta.name.to_owned()), Cell::Text(field.to_owned())];
        Ok(!self.query(&sql, &params, &[Col::Int])?.is_empty())
    }

    /// Makes the values of a custom field unique from now on, or no longer. False when records repeat one.
    pub fn keep_custom_unique(&mut self, meta: &'static TypeMeta, field: &str, unique: bool) -> Result<bool> {
        let params = [self.tenant_cell(), Cell::Text(meta.name.to_owned()), Cell::Text(field.to_owned())];
        let of = "WHERE tenant = $1 AND kind = $2 AND field = $3";
        if unique {
            let sql = format!(
                "SELECT 1 FROM custom_value {of} AND value IS NOT NULL GROUP BY value HAVING COUNT(*) > 1 LIMIT 1"
            );
            if !self.query(&sql, &params, &[Col::Int])?.is_empty() {
                return Ok(false);
            }
        }
        let once = if unique { "value" } else { "NULL" };
        self.execute(&format!("UPDATE custom_value SET once = {once} {of}"), &params)?;
        Ok(true)
    }
}

impl Builder<'_> {
    /// The value of a custom field of the record `t`, in the form in which it is compared.
    pub(crate) fn custom_value(&self, field: CustomStep) -> String {
        format!("(SELECT c.value FROM {} AND c.record = t.\"id\")", self.custom_values(field))
    }

    /// Where the values of a custom field are. Names of types and keys are letters, digits and hyphens: they stand in the
    /// text, as those of columns do.
    fn custom_values(&self, field: CustomStep) -> String {
        let (kind, key) = (self.meta().name, field.key.as_str());
        format!("custom_value c WHERE c.tenant = $1 AND c.kind = '{kind}' AND c.field = '{key}'")
    }

    /// A condition on a custom field. Its values lead to the records, unless the question goes through them in order:
    /// then each is looked at.
    pub(crate) fn custom(&mut self, field: CustomStep, filter: &Filter) -> Result<String> {
        let first = filter.values.first().cloned().unwrap_or(Value::Null);
        let of = self.custom_values(field);
        let none = matches!((filter.op, &first), (Op::IsNull, Value::Bool(true)) | (Op::Eq, Value::Null));
        let test = match filter.op {
            Op::IsNull => String::new(),
            Op::Eq | Op::Ne if first.is_null() => String::new(),
            Op::StartsWith => {
                let text = first.text().unwrap_or_default().as_bytes().to_vec();
                let from = self.bind(Cell::Bytes(text.clone()));
                // No text has a byte of 255.
                let to = self.bind(Cell::Bytes([text, vec![0xFF]].concat()));
                format!(" AND c.value >= {from} AND c.value < {to}")
            }
            Op::In | Op::Eq | Op::Ne => {
                let marks = filter.values.iter().map(|value| self.custom_operand(field, value));
                format!(" AND c.value IN ({})", marks.collect::<Result<Vec<_>>>()?.join(", "))
            }
            Op::Gt | Op::Gte | Op::Lt | Op::Lte => {
                let comparison = match filter.op {
                    Op::Gt => ">",
                    Op::Gte => ">=",
                    Op::Lt => "<",
                    _ => "<=",
                };
                format!(" AND c.value {comparison} {}", self.custom_operand(field, &first)?)
            }
            Op::Contains | Op::Under => return Err(Refusal::internal("custom fields are not asked like this")),
        };
        let each = format!("EXISTS (SELECT 1 FROM {of}{test} AND c.record = t.{}{})", q("id"), self.each());
        Ok(match (none || (filter.op == Op::Ne && !first.is_null()), self.hidden().is_empty()) {
            (true, _) => format!("NOT {each}"),
            (false, true) => format!("t.{} IN (SELECT c.record FROM {of}{test})", q("id")),
            (false, false) => each,
        })
    }

    fn custom_operand(&mut self, field: CustomStep, value: &Value) -> Result<String> {
        let meta = self.meta();
        let bytes = self.tx().compared(meta, field.key.as_str(), value)?;
        Ok(self.bind(bytes.map_or(Cell::Null, Cell::Bytes)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn greater_numbers_have_greater_bytes() {
        let numbers = [i64::MIN, -1_000_000, -1, 0, 1, 255, 256, i64::MAX];
        for pair in numbers.windows(2) {
            assert!(ordered(pair[0]) < ordered(pair[1]), "{pair:?}");
        }
    }
}
