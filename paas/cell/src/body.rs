//! JSON bodies into records: every error with its path in one pass, numbers exact, references resolved later inside
//! the transaction.

use crate::json::{Object, malformed};
use paas_document::{Choice, Field, FieldType, Kind, Record, RowTable, TypeMeta, Value};
use paas_types::{Code, Date, FieldError, Id, Instant, NumberError, Refusal, Result, Secret, Text};
use serde_json::value::RawValue;
use std::collections::{BTreeSet, HashMap};

/// Names every record has beside its own fields; a client may send them back.
const SYSTEM: &[&str] = &[
    "id",
    "version",
    "number",
    "createdAt",
    "createdBy",
    "updatedAt",
    "updatedBy",
    "owner",
    "department",
    "allowedActions",
];
/// What a masked value looks like when it comes back.
const STARS: &str = "\"****\"";
/// The most rows of one record (ARCHITECTURE §2).
const ROWS: usize = 2_000;

/// A value as sent: ready, or a reference still to be resolved by code.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Input {
    /// Ready.
    Ready(Value),
    /// A reference by code or number.
    Code(String),
    /// Several references.
    List(Vec<Input>),
}

/// What a body says about a record or row.
#[derive(Debug, Default)]
pub(crate) struct Draft {
    pub(crate) id: Option<Id>,
    pub(crate) version: Option<i64>,
    /// What the house writes itself (number, stamps), sent back, to compare.
    pub(crate) stamps: Vec<(&'static str, Input)>,
    /// Whose the record is to be, when said.
    pub(crate) owner: Option<Input>,
    /// Which department's, when said.
    pub(crate) department: Option<Input>,
    /// What was said of custom fields: names, with JSON as it was sent. What they are, only the tenant knows.
    pub(crate) custom: Option<Vec<(String, String)>>,
    /// What a create leaves out and the declaration fills in.
    pub(crate) defaults: Vec<(usize, Value)>,
    /// Fields of other types than text that came back as stars.
    pub(crate) masked: Vec<usize>,
    /// Fields to set, by index.
    pub(crate) sets: Vec<(usize, Input)>,
    /// Computed fields sent back, to compare.
    pub(crate) computed: Vec<(usize, Input)>,
    /// Rows per table that was sent.
    pub(crate) rows: Vec<(usize, Vec<Draft>)>,
}

impl Draft {
    /// The sensitive fields of the record that have the value said here: whoever said it knows it.
    pub(crate) fn secrets_of(&self, record: &dyn Record) -> BTreeSet<&'static str> {
        let same = |index: usize, input: &Input| match (record.get(index), input) {
            (Value::Secret(stored), Input::Ready(Value::Secret(said))) => stored.expose() == said.expose(),
            _ => false,
        };
        let known = self.sets.iter().filter(|(index, input)| same(*index, input));
        known.filter_map(|(index, _)| record.meta().field(*index)).map(|f| f.group.unwrap_or(f.name)).collect()
    }
}

/// Reads a body for a type. `create` also demands what is required.
pub(crate) fn read(meta: &'static TypeMeta, body: &[u8], create: bool) -> Result<Draft> {
    let object: Object<'_> = serde_json::from_slice(body).map_err(|e| malformed(&e))?;
    let mut errors = Vec::new();
    let draft = read_object(meta, &object, "", create, &mut errors);
    if errors.is_empty() { Ok(draft) } else { Err(Refusal::fields(errors)) }
}

fn read_object(
    meta: &'static TypeMeta,
    object: &Object<'_>,
    path: &str,
    create: bool,
    errors: &mut Vec<FieldError>,
) -> Draft {
    let mut draft = Draft::default();
    let mut names: Vec<&String> = object.0.keys().collect();
    names.sort_unstable();
    for name in names {
        let Some(raw) = object.0.get(name) else { continue };
        let at = join(path, name);
        if let Some(index) = meta.field_named(name) {
            read_field(meta, index, raw, &at, (&mut draft, errors));
        } else if let Some(table) = meta.table_named(name) {
            let rows = read_rows(meta, table, raw, &at, (create, errors));
            draft.rows.push((table, rows));
        } else if meta.fields.iter().any(|f| f.group == Some(name)) {
            read_group(meta, name, raw, &at, (&mut draft, errors));
        } else if name == "custom" && meta.is_customizable() {
            read_custom(raw, &at, (&mut draft, errors));
        } else if !is_of_house(meta, name) || !read_system(name, raw, &at, (&mut draft, errors)) {
            errors.push(FieldError {
                field: at,
                code: Code::UnknownField.as_str(),
                message: Text::new(format!("没有“{name}”这个字段。"), format!("There is no field “{name}”.")),
            });
        }
    }
    if create {
        demand(meta, &mut draft, path, errors);
    }
    draft
}

/// Rows have an identity only; records have all of it.
fn is_of_house(meta: &TypeMeta, name: &str) -> bool {
    meta.kind != Kind::Row || name == "id"
}

/// Reads what the house writes itself; false when the name is none of these.
fn read_system(name: &str, raw: &RawValue, at: &str, (draft, errors): (&mut Draft, &mut Vec<FieldError>)) -> bool {
    let Some(name) = SYSTEM.iter().find(|n| **n == name) else { return false };
    let text = raw.get();
    let stamp = match *name {
        "id" => {
            draft.id = serde_json::from_str::<String>(text).ok().and_then(|t| t.parse().ok());
            if draft.id.is_none() {
                errors.push(wrong_type(at));
            }
            return true;
        }
        "version" => {
            draft.version = text.trim_matches('"').parse().ok();
            if draft.version.is_none() {
                errors.push(wrong_type(at));
            }
            return true;
        }
        "owner" | "department" => {
            match if text == "null" { Ok(Input::Ready(Value::Null)) } else { reference(text) } {
                Ok(input) if *name == "owner" => draft.owner = Some(input),
                Ok(input) => draft.department = Some(input),
                Err(_) => errors.push(wrong_type(at)),
            }
            return true;
        }
        _ if text == "null" => return true,
        "number" => string(text).map(|t| Input::Ready(Value::Text(t))),
        "createdAt" | "updatedAt" => string(text)
            .and_then(|t| t.parse::<Instant>().map_err(|()| "INVALID_INSTANT"))
            .map(|i| Input::Ready(Value::Instant(i))),
        "createdBy" | "updatedBy" => reference(text),
        _ => return true,
    };
    match stamp {
        Ok(input) => draft.stamps.push((name, input)),
        Err(_) => errors.push(wrong_type(at)),
    }
    true
}

fn read_group(
    meta: &'static TypeMeta,
    group: &str,
    raw: &RawValue,
    at: &str,
    (draft, errors): (&mut Draft, &mut Vec<FieldError>),
) {
    if raw.get() == "null" {
        return;
    }
    let Ok(inner) = serde_json::from_str::<Object<'_>>(raw.get()) else {
        errors.push(wrong_type(at));
        return;
    };
    for (name, raw) in inner.0 {
        let at = join(at, &name);
        match meta.grouped_field(group, &name) {
            Some(index) => read_field(meta, index, raw, &at, (draft, errors)),
            None => errors.push(FieldError {
                field: at,
                code: Code::UnknownField.as_str(),
                message: Text::new(format!("没有“{name}”这个字段。"), format!("There is no field “{name}”.")),
            }),
        }
    }
}

fn read_custom(raw: &RawValue, at: &str, (draft, errors): (&mut Draft, &mut Vec<FieldError>)) {
    if raw.get() == "null" {
        return;
    }
    let Ok(inner) = serde_json::from_str::<Object<'_>>(raw.get()) else {
        errors.push(wrong_type(at));
        return;
    };
    let mut said: Vec<(String, String)> = inner.0.into_iter().map(|(name, raw)| (name, raw.get().to_owned())).collect();
    said.sort_unstable();
    draft.custom = Some(said);
}

fn read_field(
    meta: &'static TypeMeta,
    index: usize,
    raw: &RawValue,
    at: &str,
    (draft, errors): (&mut Draft, &mut Vec<FieldError>),
) {
    let Some(field) = meta.field(index) else { return };
    let is_text = matches!(field.ty, FieldType::Text { .. } | FieldType::LongText { .. } | FieldType::Secret(_));
    if raw.get() == STARS && !is_text {
        draft.masked.push(index);
        return;
    }
    match input(field, raw) {
        Ok(Input::Ready(Value::Null)) if field.required => errors.push(required(field, at)),
        Ok(value) if field.computed || field.from_balance.is_some() => draft.computed.push((index, value)),
        Ok(value) => draft.sets.push((index, value)),
        Err(code) => errors.push(invalid(field, at, code)),
    }
}

fn read_rows(
    meta: &'static TypeMeta,
    table: usize,
    raw: &RawValue,
    at: &str,
    (create, errors): (bool, &mut Vec<FieldError>),
) -> Vec<Draft> {
    let Some(declared) = meta.tables.get(table) else { return Vec::new() };
    let Ok(list) = serde_json::from_str::<Vec<&RawValue>>(raw.get()) else {
        errors.push(wrong_type(at));
        return Vec::new();
    };
    if list.len() > ROWS {
        errors.push(FieldError {
            field: at.to_owned(),
            code: "TOO_MANY_ROWS",
            message: Text::of("最多 2000 行。", "At most 2,000 rows."),
        });
        return Vec::new();
    }
    if list.len() < declared.min_rows {
        errors.push(too_few_rows(declared, at));
    }
    let mut rows = Vec::with_capacity(list.len());
    for (position, raw) in list.into_iter().enumerate() {
        let at = format!("{at}[{position}]");
        match serde_json::from_str::<Object<'_>>(raw.get()) {
            Ok(object) => {
                let new = create || !object.0.contains_key("id");
                rows.push(read_object((declared.meta)(), &object, &at, new, errors));
            }
            Err(_) => errors.push(wrong_type(&at)),
        }
    }
    rows
}

/// What a create must say, and defaults for what it may leave out.
fn demand(meta: &'static TypeMeta, draft: &mut Draft, path: &str, errors: &mut Vec<FieldError>) {
    for (index, field) in meta.fields.iter().enumerate() {
        let said = draft.sets.iter().any(|(i, _)| *i == index) || draft.masked.contains(&index);
        if said || field.computed || field.from_balance.is_some() {
            continue;
        }
        let at = field.group.map_or_else(|| join(path, field.name), |g| join(&join(path, g), field.name));
        if errors.iter().any(|e| e.field == at) {
            continue;
        }
        match field.default.and_then(|json| value_of_default(field, json)) {
            Some(value) => draft.defaults.push((index, value)),
            None if field.required => errors.push(required(field, &at)),
            None => {}
        }
    }
    for (table, declared) in meta.tables.iter().enumerate() {
        let rows = draft.rows.iter().find(|(t, _)| *t == table).map_or(0, |(_, rows)| rows.len());
        let at = join(path, declared.name);
        if rows < declared.min_rows && !errors.iter().any(|e| e.field.starts_with(&at)) {
            errors.push(too_few_rows(declared, &at));
        }
    }
}

fn too_few_rows(declared: &RowTable, at: &str) -> FieldError {
    FieldError {
        field: at.to_owned(),
        code: "REQUIRED",
        message: Text::new(
            format!("请至少填写一行{}。", declared.label.zh),
            format!("Please give at least one row of {}.", declared.label.en),
        ),
    }
}

/// The value of a declared default.
pub(crate) fn value_of_default(field: &Field, json: &'static str) -> Option<Value> {
    let raw: &RawValue = serde_json::from_str(json).ok()?;
    match input(field, raw) {
        Ok(Input::Ready(value)) => Some(value),
        _ => None,
    }
}

/// Reads one value as its field's type; the error is a field-error code.
fn input(field: &Field, raw: &RawValue) -> Result<Input, &'static str> {
    let text = raw.get();
    if text == "null" {
        return Ok(Input::Ready(Value::Null));
    }
    let ready = |value| Ok(Input::Ready(value));
    match &field.ty {
        FieldType::Text { max } | FieldType::LongText { max } => match string(text)? {
            t if t.is_empty() => ready(Value::Null),
            t => limited(t, *max).and_then(|t| ready(Value::Text(t))),
        },
        FieldType::Password => string(text).and_then(|t| limited(t, 200)).and_then(|t| ready(Value::Text(t))),
        FieldType::Secret(_) => match string(text)? {
            t if t.is_empty() => ready(Value::Null),
            t => limited(t, 200).and_then(|t| ready(Value::Secret(Secret::new(t)))),
        },
        FieldType::Integer => {
            let number: i64 = text.trim_matches('"').parse().map_err(|_| "NOT_A_NUMBER")?;
            within(field, number, 0).and_then(|n| ready(Value::Int(n)))
        }
        FieldType::Decimal { scale, .. } => {
            let unquoted = if text.starts_with('"') { string(text)? } else { text.to_owned() };
            if unquoted.is_empty() {
                return ready(Value::Null);
            }
            let number = scaled(&unquoted, *scale).map_err(NumberError::code)?;
            within(field, number, *scale).and_then(|n| ready(Value::Int(n)))
        }
        FieldType::Bool => serde_json::from_str(text).map_err(|_| "WRONG_TYPE").and_then(|b| ready(Value::Bool(b))),
        FieldType::Date => match string(text)? {
            t if t.is_empty() => ready(Value::Null),
            t => t.parse::<Date>().map_err(|()| "INVALID_DATE").and_then(|d| ready(Value::Date(d))),
        },
        FieldType::Instant => {
            string(text)?.parse::<Instant>().map_err(|()| "INVALID_INSTANT").and_then(|i| ready(Value::Instant(i)))
        }
        FieldType::Choice(list) => match string(text)? {
            t if t.is_empty() => ready(Value::Null),
            t if Choice::find(list, &t).is_some() => ready(Value::Text(t)),
            _ => Err("INVALID_CHOICE"),
        },
        FieldType::State(list) => match string(text)? {
            t if list.iter().any(|s| s.name == t) => ready(Value::Text(t)),
            _ => Err("INVALID_CHOICE"),
        },
        FieldType::Ref { .. } | FieldType::User | FieldType::Department => reference(text),
        FieldType::RefList { .. } => {
            let list: Vec<&RawValue> = serde_json::from_str(text).map_err(|_| "WRONG_TYPE")?;
            list.into_iter().map(|raw| reference(raw.get())).collect::<Result<_, _>>().map(Input::List)
        }
        FieldType::TextList(choices) => {
            let list: Vec<String> = serde_json::from_str(text).map_err(|_| "WRONG_TYPE")?;
            if !choices.is_empty() && !list.iter().all(|t| Choice::find(choices, t).is_some()) {
                return Err("INVALID_CHOICE");
            }
            ready(Value::Json(serde_json::Value::from(list).to_string()))
        }
        FieldType::Permissions => {
            let list: Vec<String> = serde_json::from_str(text).map_err(|_| "WRONG_TYPE")?;
            ready(Value::Json(serde_json::Value::from(list).to_string()))
        }
        FieldType::Json | FieldType::AnyRef => {
            let json: serde_json::Value = serde_json::from_str(text).map_err(|_| "WRONG_TYPE")?;
            ready(Value::Json(json.to_string()))
        }
    }
}

/// A reference as text, `{"id"}`, `{"code"}`, `{"number"}` or `{"username"}`.
fn reference(text: &str) -> Result<Input, &'static str> {
    let by = |t: String| match t.parse::<Id>() {
        Ok(id) => Input::Ready(Value::Id(id)),
        Err(_) => Input::Code(t),
    };
    if text.starts_with('"') {
        return match string(text)? {
            t if t.is_empty() => Ok(Input::Ready(Value::Null)),
            t => Ok(by(t)),
        };
    }
    let object: HashMap<String, serde_json::Value> = serde_json::from_str(text).map_err(|_| "WRONG_TYPE")?;
    let named = ["id", "code", "number", "username"].into_iter().find_map(|k| object.get(k).and_then(|v| v.as_str()));
    named.map(|t| by(t.trim().to_owned())).ok_or("WRONG_TYPE")
}

pub(crate) fn string(text: &str) -> Result<String, &'static str> {
    let read: String = serde_json::from_str(text).map_err(|_| "WRONG_TYPE")?;
    if read.contains('\0') { Err("INVALID_TEXT") } else { Ok(read.trim().to_owned()) }
}

pub(crate) fn limited(text: String, max: u32) -> Result<String, &'static str> {
    if text.chars().count() > max as usize { Err("TOO_LONG") } else { Ok(text) }
}

fn scaled(text: &str, scale: u32) -> Result<i64, NumberError> {
    use paas_types::Fixed;
    match scale {
        2 => Fixed::<2>::parse(text).map(Fixed::raw),
        6 => Fixed::<6>::parse(text).map(Fixed::raw),
        8 => Fixed::<8>::parse(text).map(Fixed::raw),
        10 => Fixed::<10>::parse(text).map(Fixed::raw),
        _ => Fixed::<0>::parse(text).map(Fixed::raw),
    }
}

fn within(field: &Field, number: i64, scale: u32) -> Result<i64, &'static str> {
    let bound = |text: Option<&'static str>| text.and_then(|t| scaled(t, scale).ok());
    let bounds = &field.bounds;
    let low = bound(bounds.min).is_some_and(|min| number < min) || bound(bounds.above).is_some_and(|a| number <= a);
    let high = bound(bounds.max).is_some_and(|max| number > max);
    if low || high { Err("OUT_OF_BOUNDS") } else { Ok(number) }
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

fn wrong_type(at: &str) -> FieldError {
    let message = Text::of("内容类型不正确。", "The value has the wrong type.");
    FieldError { field: at.to_owned(), code: "WRONG_TYPE", message }
}

pub(crate) fn required(field: &Field, at: &str) -> FieldError {
    required_of(&field.label, at)
}

pub(crate) fn required_of(label: &Text, at: &str) -> FieldError {
    FieldError {
        field: at.to_owned(),
        code: "REQUIRED",
        message: Text::new(format!("请填写{}。", label.zh), format!("{} is required.", label.en)),
    }
}

fn invalid(field: &Field, at: &str, code: &'static str) -> FieldError {
    wrong(&field.label, at, code)
}

/// What is wrong with the value of a field of this label.
pub(crate) fn wrong(label: &Text, at: &str, code: &'static str) -> FieldError {
    let (zh, en) = (&label.zh, &label.en);
    let message = match code {
        "TOO_MANY_DECIMALS" => Text::new(format!("{zh}的小数位数过多。"), format!("{en} has too many decimals.")),
        "NOT_A_NUMBER" => Text::new(format!("{zh}必须是数字。"), format!("{en} must be a number.")),
        "TOO_LONG" => Text::new(format!("{zh}过长。"), format!("{en} is too long.")),
        "OUT_OF_BOUNDS" => Text::new(format!("{zh}超出允许范围。"), format!("{en} is out of the allowed range.")),
        "INVALID_CHOICE" => Text::new(format!("{zh}不是可选的值。"), format!("{en} is not one of the choices.")),
        "INVALID_DATE" => Text::new(format!("{zh}不是有效日期。"), format!("{en} is not a valid date.")),
        _ => Text::new(format!("{zh}的值无效。"), format!("{en} is not valid.")),
    };
    FieldError { field: at.to_owned(), code, message }
}

/// Sets a field, telling a fault of the program from one of the client.
pub(crate) fn set(record: &mut dyn Record, index: usize, value: Value) -> Result<()> {
    let name = record.meta().name;
    record.set(index, value).map_err(|_| Refusal::internal(format!("{name}: field {index} refused its own type")))
}

/// A filter's operand, read as the field's own type; `None` when it is not one.
pub(crate) fn operand(field: &Field, text: &str) -> Option<Value> {
    let quoted = serde_json::Value::from(text).to_string();
    let bare = matches!(field.ty, FieldType::Bool | FieldType::Integer);
    let json = if bare { text } else { &quoted };
    let raw: &RawValue = serde_json::from_str(json).ok()?;
    // Bounds are for what is stored, not for what is asked.
    match (input(field, raw), &field.ty) {
        (Ok(Input::Ready(value)), _) => Some(value),
        (Err("OUT_OF_BOUNDS"), FieldType::Decimal { scale, .. }) => scaled(text, *scale).ok().map(Value::Int),
        _ => None,
    }
}
