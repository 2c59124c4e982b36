//! A record as the audit keeps it: JSON with ids for references and stars for secrets.

use paas_document::{FieldType, NumberKind, Record, Value};
use paas_types::Fixed;
use serde_json::{Map, Value as Json, json};

/// The whole record.
pub(crate) fn snapshot(record: &dyn Record) -> String {
    Json::Object(fields(record)).to_string()
}

/// What differs, before and after: only the fields that changed.
pub(crate) fn changes(before: &dyn Record, after: &dyn Record) -> (String, String) {
    let (old, new) = (fields(before), fields(after));
    let mut left = Map::new();
    let mut right = Map::new();
    for (name, value) in &new {
        let was = old.get(name).cloned().unwrap_or(Json::Null);
        if was != *value {
            left.insert(name.clone(), was);
            right.insert(name.clone(), value.clone());
        }
    }
    (Json::Object(left).to_string(), Json::Object(right).to_string())
}

fn fields(record: &dyn Record) -> Map<String, Json> {
    let meta = record.meta();
    let mut map = Map::new();
    for (index, field) in meta.fields.iter().enumerate() {
        if field.write_only {
            continue;
        }
        let value = json_of(&field.ty, record.get(index));
        match field.group {
            None => {
                map.insert(field.name.to_owned(), value);
            }
            Some(group) => {
                let entry = map.entry(group.to_owned()).or_insert_with(|| json!({}));
                if let Json::Object(inner) = entry {
                    inner.insert(field.name.to_owned(), value);
                }
            }
        }
    }
    if let Some(number) = record.head().and_then(|h| h.number.clone()) {
        map.insert("number".to_owned(), Json::from(number));
    }
    if let Some(head) = record.head() {
        map.insert("owner".to_owned(), head.owner.map_or(Json::Null, |o| Json::from(o.0.to_string())));
        map.insert("department".to_owned(), head.department.map_or(Json::Null, |d| Json::from(d.0.to_string())));
    }
    for (table, declared) in meta.tables.iter().enumerate() {
        let rows = (0..record.row_count(table)).filter_map(|i| record.row(table, i));
        let rows: Vec<Json> = rows
            .map(|row| {
                let mut inner = fields(row);
                inner.insert("id".to_owned(), Json::from(row.id().to_string()));
                Json::Object(inner)
            })
            .collect();
        map.insert(declared.name.to_owned(), Json::from(rows));
    }
    map
}

/// A value as plain JSON: decimals as text, references as ids, secrets masked.
pub(crate) fn json_of(ty: &FieldType, value: Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Secret(secret) => match ty {
            FieldType::Secret(mask) => Json::from(mask.apply(secret.expose())),
            _ => Json::from("****"),
        },
        Value::Bool(yes) => Json::from(yes),
        Value::Int(raw) => match ty {
            FieldType::Decimal { kind, .. } => Json::from(decimal(*kind, raw)),
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

/// Decimal text of a scaled integer.
pub(crate) fn decimal(kind: NumberKind, raw: i64) -> String {
    match kind {
        NumberKind::Amount => Fixed::<2>::from_raw(raw).to_string(),
        NumberKind::Price => Fixed::<8>::from_raw(raw).to_string(),
        NumberKind::Quantity => Fixed::<6>::from_raw(raw).to_string(),
        NumberKind::Rate => Fixed::<10>::from_raw(raw).to_string(),
    }
}
