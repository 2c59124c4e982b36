//! Conditions of fields, in CEL: when a field is shown, must be given, or may not be changed. A condition sees the other
//! fields of its record or row: texts, choices and states as text, dates as ISO text, references as ids, decimals as
//! decimal text that is compared by `gt gte lt lte eq`; what is empty is `null`. One that cannot be evaluated does not
//! hold. `web/src/record/condition.ts` gives the same answers; `tests/conditions/vectors.json` holds both to that.

use cel::extractors::This;
use cel::{Context, ExecutionError, Program, Value as Cel};
use paas_document::{FieldType, Record, TypeMeta};
use paas_types::{FieldError, Refusal, Result};
use serde_json::Value as Json;
use std::cmp::Ordering;
use std::collections::HashMap;
use std::sync::Arc;

/// What a condition may call, operators included. The page has nothing else.
const KNOWN: &[&str] = &[
    "_==_",
    "_!=_",
    "_<_",
    "_<=_",
    "_>_",
    "_>=_",
    "_&&_",
    "_||_",
    "!_",
    "_?_:_",
    "@in",
    "size",
    "contains",
    "startsWith",
    "endsWith",
    "gt",
    "gte",
    "lt",
    "lte",
    "eq",
];

/// A condition, read.
struct Condition {
    program: Program,
    /// The fields it looks at, by index.
    fields: Vec<usize>,
}

impl Condition {
    /// Reads a condition over the fields of a type; else says what is wrong with it.
    fn read(text: &str, meta: &'static TypeMeta) -> std::result::Result<Condition, String> {
        let program = Program::compile(text).map_err(|e| format!("`{text}` is not CEL: {e}"))?;
        let said = program.references();
        if let Some(unknown) = said.functions().into_iter().find(|f| !KNOWN.contains(f)) {
            return Err(format!("`{text}` uses {unknown}, which conditions do not have"));
        }
        let fields = said.variables().into_iter().map(|name| {
            let index = meta.field_named(name).filter(|i| meta.field(*i).is_some_and(|f| can_be_asked(&f.ty)));
            index.ok_or_else(|| format!("`{text}` asks for {name}, which is no field a condition sees"))
        });
        let fields = fields.collect::<std::result::Result<_, _>>()?;
        Ok(Condition { program, fields })
    }

    fn holds(&self, record: &dyn Record) -> bool {
        let mut context = context();
        for index in &self.fields {
            let Some(field) = record.meta().field(*index) else { continue };
            let value = crate::snapshot::json_of(&field.ty, record.get(*index));
            context.add_variable_from_value(field.name, cel_of(&value));
        }
        matches!(self.program.execute(&context), Ok(Cel::Bool(true)))
    }
}

/// What the conditions of a cell's types are, and what is wrong with some.
#[derive(Default)]
pub(crate) struct Conditions {
    types: HashMap<&'static str, Vec<Rules>>,
    pub(crate) faults: Vec<String>,
}

/// The conditions of one field that the server holds to.
struct Rules {
    field: usize,
    required: Option<Condition>,
    readonly: Option<Condition>,
}

impl Conditions {
    /// Reads the conditions of a type and of its rows.
    pub(crate) fn add(&mut self, meta: &'static TypeMeta) {
        meta.tables.iter().for_each(|table| self.add((table.meta)()));
        let mut rules = Vec::new();
        for (index, field) in meta.fields.iter().enumerate() {
            let mut read = |text: Option<&str>| {
                let read = text.map(|text| Condition::read(text, meta));
                read.and_then(|read| {
                    read.map_err(|e| self.faults.push(format!("{}.{}: {e}", meta.name, field.name))).ok()
                })
            };
            read(field.when.visible);
            let (required, readonly) = (read(field.when.required), read(field.when.readonly));
            if required.is_some() || readonly.is_some() {
                rules.push(Rules { field: index, required, readonly });
            }
        }
        if !rules.is_empty() {
            self.types.insert(meta.table, rules);
        }
    }

    /// Refuses a record that lacks what its conditions demand.
    pub(crate) fn demand(&self, record: &dyn Record) -> Result<()> {
        if self.types.is_empty() {
            return Ok(());
        }
        let mut errors = Vec::new();
        self.each(record, "", &mut |rules, part, at| {
            let Some(field) = part.meta().field(rules.field) else { return };
            let missing = matches!(part.get(rules.field), paas_document::Value::Null);
            if missing && rules.required.as_ref().is_some_and(|c| c.holds(part)) {
                errors.push(crate::body::required(field, &format!("{at}{}", field.name)));
            }
        });
        refused(errors)
    }

    /// Refuses a change of what the conditions, on the record as it was, keep from being changed.
    pub(crate) fn keep(&self, before: &dyn Record, after: &dyn Record) -> Result<()> {
        if self.types.is_empty() {
            return Ok(());
        }
        let mut errors = Vec::new();
        self.each(after, "", &mut |rules, part, at| {
            let Some(old) = part_of(before, part) else { return };
            let changed = old.get(rules.field) != part.get(rules.field);
            if changed && rules.readonly.as_ref().is_some_and(|c| c.holds(old)) {
                let name = part.meta().field(rules.field).map_or("", |f| f.name);
                errors.push(crate::apply::read_only(&format!("{at}{name}")));
            }
        });
        refused(errors)
    }

    /// Every rule with the record or row it is about, and the path to that.
    fn each(&self, record: &dyn Record, at: &str, tell: &mut dyn FnMut(&Rules, &dyn Record, &str)) {
        for rules in self.types.get(record.meta().table).into_iter().flatten() {
            tell(rules, record, at);
        }
        for (table, declared) in record.meta().tables.iter().enumerate() {
            if !self.types.contains_key((declared.meta)().table) {
                continue;
            }
            for position in 0..record.row_count(table) {
                if let Some(row) = record.row(table, position) {
                    self.each(row, &format!("{at}{}[{position}].", declared.name), tell);
                }
            }
        }
    }
}

fn refused(errors: Vec<FieldError>) -> Result<()> {
    if errors.is_empty() { Ok(()) } else { Err(Refusal::fields(errors)) }
}

/// The record itself, or the row of it, with the same id.
fn part_of<'r>(record: &'r dyn Record, part: &dyn Record) -> Option<&'r dyn Record> {
    if record.meta().table == part.meta().table {
        return Some(record);
    }
    let tables = 0..record.meta().tables.len();
    let mut rows = tables.flat_map(|table| (0..record.row_count(table)).filter_map(move |i| record.row(table, i)));
    rows.find(|row| row.id() == part.id())
}

/// Sensitive values and what has no simple value are not asked for.
fn can_be_asked(ty: &FieldType) -> bool {
    !matches!(
        ty,
        FieldType::Secret(_)
            | FieldType::Password
            | FieldType::Json
            | FieldType::AnyRef
            | FieldType::RefList { .. }
            | FieldType::TextList(_)
            | FieldType::Permissions
    )
}

fn cel_of(value: &Json) -> Cel {
    match value {
        Json::Bool(yes) => Cel::Bool(*yes),
        Json::Number(number) => number.as_i64().map_or(Cel::Null, Cel::Int),
        Json::String(text) => Cel::String(Arc::new(text.clone())),
        _ => Cel::Null,
    }
}

fn context() -> Context<'static, 'static> {
    type Test = fn(Ordering) -> bool;
    const TESTS: [(&str, Test); 5] = [
        ("gt", Ordering::is_gt),
        ("gte", Ordering::is_ge),
        ("lt", Ordering::is_lt),
        ("lte", Ordering::is_le),
        ("eq", Ordering::is_eq),
    ];
    let mut context = Context::default();
    for (name, test) in TESTS {
        // A name that is taken would be the library's fault; then the condition does not hold.
        let _ = context.add_function(name, move |This(this): This<Cel>, other: Arc<String>| {
            let Cel::String(this) = this else { return Ok(false) };
            match compare(&this, &other) {
                Some(order) => Ok(test(order)),
                None => Err(ExecutionError::function_error(name, "not a decimal")),
            }
        });
    }
    context
}

/// Two decimal texts by value, exactly, however many digits they have.
fn compare(a: &str, b: &str) -> Option<Ordering> {
    let (a, b) = (Decimal::read(a)?, Decimal::read(b)?);
    Some(match (a.negative, b.negative) {
        (true, false) => Ordering::Less,
        (false, true) => Ordering::Greater,
        (false, false) => a.magnitude(&b),
        (true, true) => b.magnitude(&a),
    })
}

struct Decimal<'a> {
    negative: bool,
    whole: &'a str,
    fraction: &'a str,
}

impl Decimal<'_> {
    fn read(text: &str) -> Option<Decimal<'_>> {
        let digits = text.strip_prefix('-').unwrap_or(text);
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
        let number = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        if !number(whole) || !number(fraction) {
            return None;
        }
        let (whole, fraction) = (whole.trim_start_matches('0'), fraction.trim_end_matches('0'));
        let negative = text.starts_with('-') && !(whole.is_empty() && fraction.is_empty());
        Some(Decimal { negative, whole, fraction })
    }

    fn magnitude(&self, other: &Decimal<'_>) -> Ordering {
        let whole = self.whole.len().cmp(&other.whole.len()).then_with(|| self.whole.cmp(other.whole));
        whole.then_with(|| self.fraction.cmp(other.fraction))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shared_vectors_hold() {
        let vectors: Json = serde_json::from_str(include_str!("../../../tests/conditions/vectors.json")).unwrap();
        let mut context = context();
        for (name, value) in vectors["record"].as_object().unwrap() {
            context.add_variable_from_value(name.as_str(), cel_of(value));
        }
        let cases = vectors["cases"].as_array().unwrap();
        assert!(cases.len() > 80);
        for case in cases {
            let text = case[0].as_str().unwrap();
            let outcome = Program::compile(text).ok().and_then(|p| p.execute(&context).ok());
            assert_eq!(outcome == Some(Cel::Bool(true)), case[1].as_bool().unwrap(), "{text}: {outcome:?}");
        }
    }
}
