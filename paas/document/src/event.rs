//! Events as declared by a cell: what leaves it, in the shape other cells read.

use crate::{FieldType, Value};
use serde_json::{Map, Value as Json, json};

/// An event this cell tells others. Implemented by `#[derive(Event)]`.
pub trait EventBody: Send + Sync + 'static {
    /// `{cell}.{subject}.{what-happened}`, e.g. `erp.gadget.built`.
    const TYPE: &'static str;
    /// Version of the shape; a new shape is a new version beside the old one.
    const VERSION: u32;
    /// The data, as put into the outbox: decimals as text with all their decimals, references as ids.
    fn to_json(&self) -> Json;
    /// JSON Schema of the data.
    fn schema() -> Json;
}

/// A row inside an event: `#[derive(Event)] #[event(part)]`.
pub trait EventPart {
    /// The data.
    fn to_json(&self) -> Json;
    /// JSON Schema of the data.
    fn schema() -> Json;
}

/// A field's value in an event. Sensitive values never leave: they become `null`.
pub fn event_value(ty: &FieldType, value: Value) -> Json {
    match value {
        Value::Null | Value::Secret(_) => Json::Null,
        Value::Bool(yes) => Json::from(yes),
        Value::Int(raw) => match ty {
            FieldType::Decimal { scale, .. } => Json::from(decimal(raw, *scale)),
            _ => Json::from(raw),
        },
        Value::Text(text) => Json::from(text),
        Value::Id(id) => Json::from(id.to_string()),
        Value::Date(date) => Json::from(date.to_string()),
        Value::Instant(at) => Json::from(at.to_string()),
        Value::Any(any) => json!({"type": any.kind, "id": any.id.to_string(), "number": any.number}),
        Value::Json(text) => serde_json::from_str(&text).unwrap_or(Json::Null),
    }
}

/// JSON Schema of a field in an event.
pub fn event_field_schema(ty: &FieldType, required: bool) -> Json {
    let (kind, mut rest) = match ty {
        FieldType::Text { max } | FieldType::LongText { max } => ("string", json!({"maxLength": max})),
        FieldType::Integer => ("integer", json!({})),
        FieldType::Decimal { scale, .. } => ("string", json!({"format": "decimal", "x-scale": scale})),
        FieldType::Bool => ("boolean", json!({})),
        FieldType::Date => ("string", json!({"format": "date"})),
        FieldType::Instant => ("string", json!({"format": "date-time"})),
        FieldType::Choice(list) => ("string", json!({"enum": list.iter().map(|c| c.value).collect::<Vec<_>>()})),
        FieldType::State(list) => ("string", json!({"enum": list.iter().map(|s| s.name).collect::<Vec<_>>()})),
        FieldType::Ref { target } => ("string", json!({"format": "uuid", "x-type": target().name})),
        FieldType::User | FieldType::Department => ("string", json!({"format": "uuid", "x-type": ty.name()})),
        FieldType::RefList { target } => {
            ("array", json!({"items": {"type": "string", "format": "uuid", "x-type": target().name}}))
        }
        FieldType::TextList(_) | FieldType::Permissions => ("array", json!({"items": {"type": "string"}})),
        FieldType::Secret(_) | FieldType::Password => ("null", json!({})),
        FieldType::AnyRef => (
            "object",
            json!({"properties": {"type": {"type": "string"}, "id": {"type": "string", "format": "uuid"}, "number": {"type": ["string", "null"]}}}),
        ),
        FieldType::Json => ("object", json!({})),
    };
    if let (Json::Object(map), false) = (&mut rest, required)
        && let Some(Json::Array(values)) = map.get_mut("enum")
    {
        values.push(Json::Null);
    }
    let ty = if required { json!(kind) } else { json!([kind, "null"]) };
    if let Json::Object(map) = &mut rest {
        map.insert("type".to_owned(), ty);
    }
    rest
}

/// JSON Schema of rows in an event.
pub fn event_rows_schema(row: Json) -> Json {
    json!({"type": "array", "items": row})
}

/// JSON Schema of an event or a row of one: an object whose readers accept fields they do not know.
pub fn event_schema(title: Option<&str>, properties: Vec<(&str, Json, bool)>) -> Json {
    let required: Vec<&str> = properties.iter().filter(|(_, _, required)| *required).map(|(name, ..)| *name).collect();
    let mut schema = Map::new();
    if let Some(title) = title {
        schema.insert("title".to_owned(), Json::from(title));
    }
    schema.insert("type".to_owned(), Json::from("object"));
    schema.insert("required".to_owned(), json!(required));
    let properties: Map<String, Json> = properties.into_iter().map(|(name, s, _)| (name.to_owned(), s)).collect();
    schema.insert("properties".to_owned(), Json::Object(properties));
    Json::Object(schema)
}

/// A scaled integer as decimal text with exactly `scale` decimals.
fn decimal(raw: i64, scale: u32) -> String {
    let sign = if raw < 0 { "-" } else { "" };
    let digits = format!("{:0>width$}", raw.unsigned_abs(), width = scale as usize + 1);
    let (whole, fraction) = digits.split_at(digits.len() - scale as usize);
    if scale == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_keep_every_digit() {
        for (raw, scale, text) in [
            (0, 2, "0.00"),
            (-5, 2, "-0.05"),
            (123_456, 2, "1234.56"),
            (1, 8, "0.00000001"),
            (7, 0, "7"),
            (i64::MIN, 6, "-9223372036854.775808"),
        ] {
            assert_eq!(decimal(raw, scale), text);
        }
    }

    #[test]
    fn a_secret_never_leaves() {
        let ty = FieldType::Secret(paas_types::Mask::All);
        assert_eq!(event_value(&ty, Value::Secret(paas_types::Secret::new("x".to_owned()))), Json::Null);
    }
}
