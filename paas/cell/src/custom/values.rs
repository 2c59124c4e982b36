//! Values of custom fields: out of bodies, onto records, into answers.

use super::{CustomKind, Definition, Definitions, definitions, held};
use crate::apply::Onto;
use crate::body::{limited, required_of, string, wrong};
use crate::ctx::Ctx;
use crate::rights::Place;
use paas_auth::FieldRight;
use paas_document::{Custom, CustomValue, Record, Value};
use paas_store::{CustomMark, FOUND_BY};
use paas_types::{Code, Date, FieldError, Fixed, Id, Instant, Mask, NumberError, Result, Secret, Text};

/// The most characters of a text.
const LONGEST: u32 = 2_000;
/// What a masked value looks like.
pub(crate) const STARS: &str = "****";

/// A decimal of so many decimals.
fn scaled(text: &str, decimals: u32) -> Result<i64, NumberError> {
    match decimals {
        0 => Fixed::<0>::parse(text).map(Fixed::raw),
        1 => Fixed::<1>::parse(text).map(Fixed::raw),
        2 => Fixed::<2>::parse(text).map(Fixed::raw),
        3 => Fixed::<3>::parse(text).map(Fixed::raw),
        4 => Fixed::<4>::parse(text).map(Fixed::raw),
        5 => Fixed::<5>::parse(text).map(Fixed::raw),
        _ => Fixed::<6>::parse(text).map(Fixed::raw),
    }
}

/// A decimal with all its decimals.
fn written(raw: i64, decimals: u32) -> String {
    match decimals {
        0 => Fixed::<0>::from_raw(raw).to_string(),
        1 => Fixed::<1>::from_raw(raw).to_string(),
        2 => Fixed::<2>::from_raw(raw).to_string(),
        3 => Fixed::<3>::from_raw(raw).to_string(),
        4 => Fixed::<4>::from_raw(raw).to_string(),
        5 => Fixed::<5>::from_raw(raw).to_string(),
        _ => Fixed::<6>::from_raw(raw).to_string(),
    }
}

impl Definition {
    /// A value as it was sent; the error is a field-error code.
    fn read(&self, raw: &str) -> Result<Option<CustomValue>, &'static str> {
        if raw == "null" {
            return Ok(None);
        }
        let text = || string(raw);
        let number = || if raw.starts_with('"') { string(raw) } else { Ok(raw.to_owned()) };
        let value = match self.kind {
            CustomKind::Bool => CustomValue::Bool(serde_json::from_str(raw).map_err(|_| "WRONG_TYPE")?),
            CustomKind::Integer | CustomKind::Decimal => {
                let said = number()?;
                if said.is_empty() {
                    return Ok(None);
                }
                let raw = scaled(&said, self.decimals).map_err(NumberError::code)?;
                match self.kind {
                    CustomKind::Integer => CustomValue::Int(raw),
                    _ => CustomValue::Text(written(raw, self.decimals)),
                }
            }
            _ => {
                let said = text()?;
                if said.is_empty() {
                    return Ok(None);
                }
                self.of_text(said)?
            }
        };
        Ok(Some(value))
    }

    fn of_text(&self, said: String) -> Result<CustomValue, &'static str> {
        Ok(match self.kind {
            CustomKind::Date => CustomValue::Text(said.parse::<Date>().map_err(|()| "INVALID_DATE")?.to_string()),
            CustomKind::DateTime => {
                CustomValue::Text(said.parse::<Instant>().map_err(|()| "INVALID_INSTANT")?.to_string())
            }
            CustomKind::Choice if self.choices.iter().any(|(value, _)| *value == said) => CustomValue::Text(said),
            CustomKind::Choice => return Err("INVALID_CHOICE"),
            _ => {
                let found_by = self.indexed || self.unique || self.sensitive;
                let most = if found_by { u32::try_from(FOUND_BY).unwrap_or(LONGEST) } else { LONGEST };
                let text = limited(said, most)?;
                if self.sensitive { CustomValue::Secret(Secret::new(text)) } else { CustomValue::Text(text) }
            }
        })
    }

    /// By what a record with this value is found; `Null` when it is too long for that.
    fn found_by(&self, value: &CustomValue) -> Value {
        match (value, self.kind) {
            (CustomValue::Bool(yes), _) => Value::Bool(*yes),
            (CustomValue::Int(number), _) => Value::Int(*number),
            (CustomValue::Secret(clear), _) => Value::Secret(clear.clone()),
            (CustomValue::Text(text), CustomKind::Decimal) => {
                scaled(text, self.decimals).map_or(Value::Null, Value::Int)
            }
            (CustomValue::Text(text), CustomKind::Date) => text.parse().map_or(Value::Null, Value::Date),
            (CustomValue::Text(text), CustomKind::DateTime) => text.parse().map_or(Value::Null, Value::Instant),
            (CustomValue::Text(text), _) if text.chars().count() > FOUND_BY => Value::Null,
            (CustomValue::Text(text), _) => Value::Text(text.clone()),
        }
    }
}

/// The operand of a filter; `None` when it is not a value of the field.
pub(crate) fn operand(definition: &Definition, text: &str) -> Option<Value> {
    if text.is_empty() {
        return Some(Value::Null);
    }
    match definition.kind {
        // What nobody could store is a question all the same: nothing has it.
        CustomKind::Text if definition.sensitive => Some(Value::Secret(Secret::new(text.to_owned()))),
        CustomKind::Text | CustomKind::Choice => Some(Value::Text(text.to_owned())),
        CustomKind::Bool => serde_json::from_str(text).ok().map(Value::Bool),
        _ => {
            let quoted = serde_json::Value::from(text).to_string();
            let value = definition.read(&quoted).ok().flatten()?;
            Some(definition.found_by(&value))
        }
    }
}

/// Puts what a body says of custom fields onto a record: `said` are names with JSON as it was sent.
pub(crate) fn put(
    ctx: &mut Ctx<'_>,
    said: Option<&[(String, String)]>,
    record: &mut dyn Record,
    (onto, errors): (Onto, &mut Vec<FieldError>),
) -> Result<()> {
    let meta = record.meta();
    if !meta.is_customizable() || (said.is_none() && onto != Onto::New) {
        return Ok(());
    }
    let said = said.unwrap_or_default();
    let mut all = definitions(ctx.tx)?;
    if !said.is_empty() {
        let named = said.iter().filter_map(|(key, _)| all.find(meta.resource, key));
        let named: Vec<Id> = named.map(|definition| definition.id).collect();
        all = held(ctx.tx, &named)?;
    }
    let place = Place::of(ctx.registry.name, meta);
    let mut custom = record.head().map(|head| head.custom.clone()).unwrap_or_default();
    for (key, raw) in said {
        let name = format!("custom.{key}");
        let right = place.right(&ctx.caller.rights, &name).min(place.right(&ctx.caller.rights, "custom"));
        match all.find(meta.resource, key).filter(|_| right > FieldRight::Hidden) {
            Some(definition) => put_one(definition, raw, right, (&mut custom, errors)),
            None => errors.push(FieldError {
                field: name.clone(),
                code: Code::UnknownField.as_str(),
                message: Text::new(format!("没有“{name}”这个字段。"), format!("There is no field “{name}”.")),
            }),
        }
    }
    let empty = |d: &&Definition| d.required && !custom.0.contains_key(d.key.as_str());
    for definition in all.active(meta.resource).filter(empty) {
        // Who may not write it is not asked for it.
        let may = place.right(&ctx.caller.rights, &definition.name) == FieldRight::Write;
        if may && !errors.iter().any(|error| error.field == definition.name) {
            errors.push(required_of(&definition.label, &definition.name));
        }
    }
    if let Some(head) = record.head_mut() {
        head.custom = custom;
    }
    Ok(())
}

fn put_one(
    definition: &Definition,
    raw: &str,
    right: FieldRight,
    (custom, errors): (&mut Custom, &mut Vec<FieldError>),
) {
    let key = definition.key.as_str();
    let stored = custom.0.get(key);
    let masked = right == FieldRight::Masked || definition.sensitive;
    if masked && raw.trim_matches('"') == STARS && stored.is_some() {
        return; // sent back as it was shown
    }
    let value = match definition.read(raw) {
        Ok(value) => value,
        // What stands there stays good, whatever became of the choices.
        Err("INVALID_CHOICE") if matches!(stored, Some(CustomValue::Text(t)) if string(raw).as_ref() == Ok(t)) => {
            return;
        }
        Err(code) => {
            errors.push(wrong(&definition.label, &definition.name, code));
            return;
        }
    };
    if value.as_ref() == stored {
        return;
    }
    if right < FieldRight::Write {
        errors.push(crate::apply::read_only(&definition.name));
        return;
    }
    match value {
        Some(value) => drop(custom.0.insert(key.to_owned(), value)),
        None => drop(custom.0.remove(key)),
    }
}

/// Writes by what custom values a record is found, after it was stored.
pub(crate) fn register(ctx: &mut Ctx<'_>, before: Option<&dyn Record>, after: &dyn Record) -> Result<()> {
    let nothing = Custom::default();
    let of = |record: Option<&dyn Record>| record.and_then(|r| r.head()).map(|head| head.custom.clone());
    let (old, new) = (of(before).unwrap_or_else(|| nothing.clone()), of(Some(after)).unwrap_or(nothing));
    if old == new {
        return Ok(());
    }
    let meta = after.meta();
    let all = definitions(ctx.tx)?;
    let known = |key: &str| all.of(meta.resource).iter().find(|d| d.key.as_str() == key);
    let changed = |key: &&String| old.0.get(key.as_str()) != new.0.get(key.as_str());
    let mut fields: Vec<&str> = old.0.keys().chain(new.0.keys()).filter(changed).map(String::as_str).collect();
    fields.sort_unstable();
    fields.dedup();
    let mut marks = Vec::with_capacity(fields.len());
    for (key, value) in new.0.iter().filter(|(key, _)| fields.contains(&key.as_str())) {
        let Some(definition) = known(key) else { continue };
        marks.push(CustomMark { key, value: definition.found_by(value), unique: definition.unique });
    }
    ctx.tx.mark_custom(meta, after.id(), (&fields, &marks))
}

/// The custom values of a record that a caller may see, in the order of their definitions: each with what is shown of it
/// in clear or masked.
pub(crate) fn shown<'a>(
    all: &'a Definitions,
    custom: &'a Custom,
    place: Place<'a>,
    access: &'a crate::Access,
) -> impl Iterator<Item = (&'a Definition, &'a CustomValue, FieldRight)> {
    let whole = place.right(access, "custom");
    all.active(place.resource()).filter_map(move |definition| {
        let value = custom.0.get(definition.key.as_str())?;
        let right = place.right(access, &definition.name).min(whole);
        (right > FieldRight::Hidden).then_some((definition, value, right))
    })
}

/// A value as the API says it; secrets masked.
pub(crate) fn json_of(value: &CustomValue) -> serde_json::Value {
    match value {
        CustomValue::Bool(yes) => (*yes).into(),
        CustomValue::Int(number) => (*number).into(),
        CustomValue::Text(text) => text.as_str().into(),
        CustomValue::Secret(clear) => Mask::All.apply(clear.expose()).into(),
    }
}
