//! The query of a list into a [`Query`]: every unknown name, field and value is an error.

use crate::body;
use crate::ctx::Caller;
use crate::kind::Kind;
use paas_auth::FieldRight;
use paas_document::{
    Cursor, Field, FieldType, Filter, HeadField, Op, Page, Path, Query, Scope, Sort, Step, TypeMeta, Value,
};
use paas_types::{Code, Date, Id, Instant, Refusal, Result, Text};
use serde_json::json;

/// Names that are not filters.
const CONTROL: &[&str] = &["page", "pageSize", "sort", "q", "fields", "after", "format", "dryRun", "asOf"];
/// Records per page when nothing is said.
const PAGE: u32 = 50;
/// The most records per page.
const PAGE_MAX: u32 = 200;

/// Decodes a query string.
pub(crate) fn decode(query: &str) -> Result<Vec<(String, String)>> {
    let mut pairs = Vec::new();
    for part in query.split('&').filter(|p| !p.is_empty()) {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        pairs.push((percent(name)?, percent(value)?));
    }
    Ok(pairs)
}

fn percent(text: &str) -> Result<String> {
    let malformed = || Refusal::new(Code::MalformedRequest);
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'+' => bytes.push(b' '),
            b'%' => {
                let pair = [rest.next().ok_or_else(malformed)?, rest.next().ok_or_else(malformed)?];
                let hex = std::str::from_utf8(&pair).map_err(|_| malformed())?;
                bytes.push(u8::from_str_radix(hex, 16).map_err(|_| malformed())?);
            }
            other => bytes.push(other),
        }
    }
    String::from_utf8(bytes).map_err(|_| malformed())
}

/// Reads a list's query for a caller who may read the records of `scope`.
pub(crate) fn read(
    kind: &dyn Kind,
    caller: &Caller,
    codes: (&str, Scope),
    query: &[(String, String)],
) -> Result<Query> {
    let (cell, scope) = codes;
    let meta = kind.meta();
    let mut read = Query {
        filters: Vec::new(),
        sort: Vec::new(),
        keyword: None,
        page: Page::Number(1),
        page_size: PAGE,
        scope,
        count: true,
    };
    let reader = Reader { cell, caller, meta };
    for (name, value) in query {
        let value = value.trim();
        match name.as_str() {
            "page" => read.page = Page::Number(number(name, value, 1_000_000)?),
            "pageSize" => read.page_size = number(name, value, PAGE_MAX)?,
            "q" => read.keyword = Some(value.to_owned()).filter(|v| !v.is_empty()),
            "sort" => read.sort = value.split(',').map(|s| reader.sort(s.trim())).collect::<Result<_>>()?,
            "after" => read.page = Page::After(cursor(value)?),
            other if CONTROL.contains(&other) => {}
            other => read.filters.push(reader.filter(other, value)?),
        }
    }
    let indexed = read.keyword.is_some() || read.filters.iter().any(|f| is_indexed(meta, &f.path));
    if !read.filters.is_empty() && !indexed {
        return Err(unknown(&query_name(query)).with(json!({"reason": "not-indexed"})));
    }
    if read.sort.is_empty() {
        read.sort = default_sort(meta);
    }
    Ok(read)
}

fn query_name(query: &[(String, String)]) -> String {
    let first = query.iter().map(|(n, _)| n.as_str()).find(|n| !CONTROL.contains(n));
    first.unwrap_or_default().to_owned()
}

fn default_sort(meta: &'static TypeMeta) -> Vec<Sort> {
    let date = meta.date_field.filter(|i| meta.field(*i).is_some_and(|f| f.indexed));
    date.map(|index| Sort { path: Path::field(index), descending: true }).into_iter().collect()
}

fn is_indexed(meta: &'static TypeMeta, path: &Path) -> bool {
    match (path.via, path.step) {
        (Some(via), _) => meta.field(via).is_some_and(|f| f.indexed || f.key),
        (None, Step::Head(field)) => matches!(field, HeadField::Id | HeadField::Number | HeadField::CreatedAt),
        (None, Step::Field(index)) => meta.field(index).is_some_and(|f| f.indexed || f.unique || f.key),
    }
}

struct Reader<'a> {
    cell: &'a str,
    caller: &'a Caller,
    meta: &'static TypeMeta,
}

impl Reader<'_> {
    fn filter(&self, name: &str, value: &str) -> Result<Filter> {
        let (path_text, op) = match name.split_once('[') {
            Some((path, op)) => (path, operator(op.trim_end_matches(']')).ok_or_else(|| unknown(name))?),
            None => (name, Op::Eq),
        };
        let (path, field) = self.path(path_text).ok_or_else(|| unknown(name))?;
        if let Some(field) = field {
            self.allow(field, op, name)?;
        }
        let values = match op {
            Op::IsNull => vec![Value::Bool(value != "false")],
            Op::In => value.split(',').map(|v| operand(field, &path, v.trim(), name)).collect::<Result<_>>()?,
            _ => vec![operand(field, &path, value, name)?],
        };
        Ok(Filter { path, op, values })
    }

    fn sort(&self, text: &str) -> Result<Sort> {
        let (descending, name) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (path, field) = self.path(name).filter(|(p, _)| p.via.is_none()).ok_or_else(|| unknown(name))?;
        if let Some(field) = field {
            self.allow(field, Op::Gt, name)?;
        }
        if !is_indexed(self.meta, &path) {
            return Err(unknown(name).with(json!({"reason": "not-indexed"})));
        }
        Ok(Sort { path, descending })
    }

    /// A sensitive, hidden or masked field only allows equality, and only for a caller who may unmask it.
    fn allow(&self, field: &'static Field, op: Op, name: &str) -> Result<()> {
        let base = format!("{}.{}", self.cell, self.meta.name);
        let right = self.caller.rights.field(&format!("{base}.{}", field.name));
        let closed = matches!(field.ty, FieldType::Secret(_)) || right <= FieldRight::Masked;
        let may = self.caller.rights.allows(&format!("{base}.unmask"));
        let never = field.write_only || matches!(field.ty, FieldType::Password);
        if never || (closed && (op != Op::Eq || !may)) { Err(unknown(name)) } else { Ok(()) }
    }

    fn path(&self, text: &str) -> Option<(Path, Option<&'static Field>)> {
        if let Some((first, rest)) = text.split_once('.') {
            if let Some(index) = self.meta.grouped_field(first, rest) {
                return Some((Path::field(index), self.meta.field(index)));
            }
            let via = self.meta.field_named(first)?;
            let FieldType::Ref { target } = self.meta.field(via)?.ty else { return None };
            if rest == "number" && target().has_number() {
                return Some((Path { via: Some(via), step: Step::Head(HeadField::Number) }, None));
            }
            let index = target().field_named(rest)?;
            return Some((Path { via: Some(via), step: Step::Field(index) }, target().field(index)));
        }
        if let Some(index) = self.meta.field_named(text) {
            return Some((Path::field(index), self.meta.field(index)));
        }
        let head = match text {
            "id" => HeadField::Id,
            "number" if self.meta.has_number() => HeadField::Number,
            "createdAt" => HeadField::CreatedAt,
            "updatedAt" => HeadField::UpdatedAt,
            "createdBy" => HeadField::CreatedBy,
            "updatedBy" => HeadField::UpdatedBy,
            "owner" => HeadField::Owner,
            "department" => HeadField::Department,
            _ => return None,
        };
        (self.meta.has_head() || head == HeadField::Id).then(|| (Path::head(head), None))
    }
}

fn operator(text: &str) -> Option<Op> {
    Some(match text {
        "eq" => Op::Eq,
        "ne" => Op::Ne,
        "gt" => Op::Gt,
        "gte" => Op::Gte,
        "lt" => Op::Lt,
        "lte" => Op::Lte,
        "in" => Op::In,
        "contains" => Op::Contains,
        "startsWith" => Op::StartsWith,
        "isNull" => Op::IsNull,
        "under" => Op::Under,
        _ => return None,
    })
}

fn operand(field: Option<&'static Field>, path: &Path, text: &str, name: &str) -> Result<Value> {
    let bad = || Refusal::field(name, "INVALID", Text::of("筛选值无效。", "The value of the filter is not valid."));
    let Some(field) = field else {
        return match path.step {
            Step::Head(HeadField::Number) => Ok(Value::Text(text.to_owned())),
            Step::Head(HeadField::CreatedAt | HeadField::UpdatedAt) => {
                text.parse::<Instant>().map(Value::Instant).map_err(|()| bad())
            }
            _ => text.parse::<Id>().map(Value::Id).map_err(|_| bad()),
        };
    };
    match &field.ty {
        FieldType::Date => text.parse::<Date>().map(Value::Date).map_err(|()| bad()),
        FieldType::Ref { .. } | FieldType::User | FieldType::Department | FieldType::AnyRef => {
            text.parse::<Id>().map(Value::Id).map_err(|_| bad())
        }
        FieldType::Secret(_) => Ok(Value::Secret(paas_types::Secret::new(text.to_owned()))),
        FieldType::Text { .. } | FieldType::LongText { .. } => Ok(Value::Text(text.to_owned())),
        _ => body::operand(field, text).ok_or_else(bad),
    }
}

fn number(name: &str, text: &str, most: u32) -> Result<u32> {
    text.parse::<u32>().ok().filter(|n| (1..=most).contains(n)).ok_or_else(|| {
        Refusal::field(
            name,
            "OUT_OF_BOUNDS",
            Text::new(format!("{name} 须在 1 到 {most} 之间。"), format!("{name} must lie between 1 and {most}.")),
        )
    })
}

fn unknown(name: &str) -> Refusal {
    Refusal::new(Code::UnknownFilter).with(json!({"filter": name}))
}

/// Writes a cursor for `next`.
pub(crate) fn write_cursor(cursor: &Cursor) -> String {
    let values: Vec<serde_json::Value> = cursor.values.iter().map(tagged).collect();
    let text = json!([values, cursor.id.to_string()]).to_string();
    text.bytes().map(|b| format!("{b:02x}")).collect()
}

fn tagged(value: &Value) -> serde_json::Value {
    match value {
        Value::Null | Value::Secret(_) | Value::Any(_) => json!(["n"]),
        Value::Bool(b) => json!(["b", b]),
        Value::Int(i) => json!(["i", i]),
        Value::Text(t) => json!(["t", t]),
        Value::Id(id) => json!(["r", id.to_string()]),
        Value::Date(d) => json!(["d", d.to_string()]),
        Value::Instant(i) => json!(["m", i.micros()]),
        Value::Json(t) => json!(["j", t]),
    }
}

fn cursor(text: &str) -> Result<Cursor> {
    let bad = || Refusal::field("after", "INVALID", Text::of("翻页位置无效。", "The cursor is not valid."));
    let pairs = text.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).ok());
    let bytes = pairs.map(|p| p.and_then(|h| u8::from_str_radix(h, 16).ok())).collect::<Option<Vec<u8>>>();
    let bytes = bytes.ok_or_else(bad)?;
    let (values, id): (Vec<Vec<serde_json::Value>>, String) = serde_json::from_slice(&bytes).map_err(|_| bad())?;
    let values = values.iter().map(|v| untagged(v)).collect::<Option<Vec<Value>>>().ok_or_else(bad)?;
    Ok(Cursor { values, id: id.parse().map_err(|_| bad())? })
}

fn untagged(pair: &[serde_json::Value]) -> Option<Value> {
    let value = pair.get(1);
    let text = || value.and_then(serde_json::Value::as_str);
    Some(match pair.first()?.as_str()? {
        "n" => Value::Null,
        "b" => Value::Bool(value?.as_bool()?),
        "i" => Value::Int(value?.as_i64()?),
        "t" => Value::Text(text()?.to_owned()),
        "r" => Value::Id(text()?.parse().ok()?),
        "d" => Value::Date(text()?.parse().ok()?),
        "m" => Value::Instant(Instant::from_micros(value?.as_i64()?)),
        "j" => Value::Json(text()?.to_owned()),
        _ => return None,
    })
}
