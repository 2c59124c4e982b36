//! Where a page ends and the next begins, as text that clients hand back.

use paas_document::{Cursor, FieldType, HeadField, Kind as RecordKind, Sort, Step, TypeMeta, Value};
use paas_types::{Instant, Refusal, Result, Text};
use serde_json::json;

/// Writes a cursor for `next`.
pub(super) fn write(cursor: &Cursor) -> String {
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

pub(super) fn refused() -> Refusal {
    Refusal::field("after", "INVALID", Text::of("翻页位置无效。", "The cursor is not valid."))
}

/// Whether a cursor was made by a list in this order: as many values as keys, each of its key's kind. A balance has its
/// own key as one more.
pub(super) fn continues(meta: &'static TypeMeta, sort: &[Sort], cursor: &Cursor) -> bool {
    let own_key = usize::from(meta.kind == RecordKind::Balance);
    let hex = |v: &Value| v.text().is_some_and(|t| t.len() % 2 == 0 && t.bytes().all(|b| b.is_ascii_hexdigit()));
    let fits = |(sort, value): (&Sort, &Value)| match (sort.path.step, value) {
        (_, Value::Null) => true,
        (Step::Head(HeadField::Number), Value::Text(_)) => true,
        (Step::Head(HeadField::CreatedAt | HeadField::UpdatedAt), Value::Instant(_)) => true,
        (Step::Head(HeadField::Id), Value::Id(_)) => true,
        (Step::Custom(_), value) => hex(value),
        (Step::Field(index), value) => meta.field(index).is_some_and(|f| is_of(&f.ty, value)),
        _ => false,
    };
    let last = cursor.values.last();
    cursor.values.len() == sort.len() + own_key
        && sort.iter().zip(&cursor.values).all(fits)
        && (own_key == 0 || last.is_some_and(hex))
}

/// Whether a field of this type may hold the value.
fn is_of(ty: &FieldType, value: &Value) -> bool {
    use FieldType as F;
    match value {
        Value::Int(_) => matches!(ty, F::Decimal { .. } | F::Integer),
        Value::Bool(_) => matches!(ty, F::Bool),
        Value::Date(_) => matches!(ty, F::Date),
        Value::Instant(_) => matches!(ty, F::Instant),
        Value::Id(_) => matches!(ty, F::Ref { .. } | F::User | F::Department | F::AnyRef),
        Value::Text(_) => matches!(ty, F::Text { .. } | F::LongText { .. } | F::Choice(_) | F::State(_)),
        _ => false,
    }
}

/// Reads a cursor that [`write`] wrote.
pub(super) fn read(text: &str) -> Result<Cursor> {
    let bad = refused;
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
