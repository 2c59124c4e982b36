//! Drafts onto records, inside the transaction: references resolved within the caller's rights, rows matched by id,
//! field rights kept, computed values compared.

use crate::body::{Draft, Input, required, set};
use crate::ctx::Ctx;
use crate::rights::Place;
use paas_auth::FieldRight;
use paas_document::{DepartmentRef, Field, FieldType, Head, Kind, Record, Scope, Tone, TypeMeta, UserRef, Value};
use paas_store::Lock;
use paas_types::{Code, FieldError, Id, Refusal, Result, Text};
use std::collections::HashMap;

/// What a draft is put onto.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Onto {
    /// A new record: defaults count, rows are new.
    New,
    /// A stored one: rows are matched by id.
    Stored,
    /// A stored one that the same create made before: rows without id are matched by position.
    Again,
}

/// How the parts of one draft are put.
#[derive(Clone, Copy)]
struct How<'a> {
    onto: Onto,
    place: Place<'a>,
}

/// Puts what a draft says onto a record.
pub(crate) fn apply(ctx: &mut Ctx<'_>, draft: &Draft, record: &mut dyn Record, onto: Onto) -> Result<()> {
    let mut errors = Vec::new();
    let how = How { onto, place: Place::of(ctx.registry.name, record.meta()) };
    let mut named = HashMap::new();
    referred(draft, record.meta(), &mut named);
    let named: Vec<(&'static TypeMeta, Vec<Id>)> = named.into_values().collect();
    ctx.tx.expect_all(&named)?;
    put(ctx, draft, record, how, ("", &mut errors))?;
    belong(ctx, draft, record, &mut errors)?;
    crate::custom::put(ctx, draft.custom.as_deref(), record, (onto, &mut errors))?;
    if errors.is_empty() { Ok(()) } else { Err(Refusal::fields(errors)) }
}

/// The masters a draft names by their ids, by table.
fn referred(draft: &Draft, meta: &'static TypeMeta, out: &mut HashMap<&'static str, (&'static TypeMeta, Vec<Id>)>) {
    for (index, input) in &draft.sets {
        if let (Some(FieldType::Ref { target }), Input::Ready(Value::Id(id))) =
            (meta.field(*index).map(|f| &f.ty), input)
            && target().kind == Kind::Master
        {
            out.entry(target().table).or_insert_with(|| (target(), Vec::new())).1.push(*id);
        }
    }
    for (table, rows) in &draft.rows {
        let Some(declared) = meta.tables.get(*table) else { continue };
        rows.iter().for_each(|row| referred(row, (declared.meta)(), out));
    }
}

/// Computed fields sent back must equal what is stored or what came out.
pub(crate) fn compare(ctx: &mut Ctx<'_>, draft: &Draft, before: Option<&dyn Record>, after: &dyn Record) -> Result<()> {
    let mut errors = Vec::new();
    let head = before.and_then(Record::head);
    errors.extend(
        draft.stamps.iter().filter(|(name, sent)| !is_stamp(head, name, sent)).map(|(name, _)| read_only(name)),
    );
    let place = Place::of(ctx.registry.name, after.meta());
    compare_into(ctx, draft, (before, after), place, ("", &mut errors))?;
    if errors.is_empty() { Ok(()) } else { Err(Refusal::fields(errors)) }
}

type At<'a> = (&'a str, &'a mut Vec<FieldError>);

fn put(ctx: &mut Ctx<'_>, draft: &Draft, record: &mut dyn Record, how: How<'_>, (path, errors): At<'_>) -> Result<()> {
    let meta = record.meta();
    if how.onto == Onto::New {
        for (index, value) in &draft.defaults {
            set(record, *index, value.clone())?;
        }
    }
    for index in &draft.masked {
        let Some(field) = meta.field(*index) else { continue };
        let at = place_of(path, field);
        match how.place.right(&ctx.caller.rights, field.name) {
            FieldRight::Hidden => errors.push(unknown(field, &at)),
            FieldRight::Masked => {}
            _ => errors.push(not_a_value(&at)),
        }
    }
    for (index, input) in &draft.sets {
        let Some(field) = meta.field(*index) else { continue };
        let at = place_of(path, field);
        let right = how.place.right(&ctx.caller.rights, field.name);
        match right {
            FieldRight::Hidden => {
                errors.push(unknown(field, &at));
                continue;
            }
            _ if unchanged_mask(record, *index, input, right) => continue,
            FieldRight::Masked => {
                errors.push(read_only(&at));
                continue;
            }
            _ => {}
        }
        match resolve(ctx, &field.ty, input, &record.get(*index))? {
            // What is never empty may be left out, for its default, but not emptied.
            Found::Value(Value::Null) if right == FieldRight::Write => {
                if record.set(*index, Value::Null).is_err() {
                    errors.push(required(field, &at));
                }
            }
            Found::Value(value) if right == FieldRight::Write => set(record, *index, value)?,
            Found::Value(value) if value == record.get(*index) => {}
            Found::Value(_) => errors.push(read_only(&at)),
            Found::Missing => errors.push(missing(&at)),
            Found::Disabled => errors.push(disabled(field, &at)),
        }
    }
    for (table, rows) in &draft.rows {
        put_rows(ctx, *table, rows, record, (how, path, errors))?;
    }
    Ok(())
}

fn put_rows(
    ctx: &mut Ctx<'_>,
    table: usize,
    rows: &[Draft],
    record: &mut dyn Record,
    (how, path, errors): (How<'_>, &str, &mut Vec<FieldError>),
) -> Result<()> {
    let name = record.meta().tables.get(table).map_or("", |t| t.name);
    let place = how.place.table(name);
    if place.right(&ctx.caller.rights, "") == FieldRight::Hidden {
        errors.push(unknown_name(&join(path, name), name));
        return Ok(());
    }
    let have: Vec<Id> = (0..record.row_count(table)).filter_map(|i| record.row(table, i)).map(|r| r.id()).collect();
    let mut order = Vec::with_capacity(rows.len());
    for (position, draft) in rows.iter().enumerate() {
        let at = join(path, &format!("{name}[{position}]"));
        let known = match draft.id {
            Some(id) => have.iter().position(|h| *h == id),
            None => (how.onto == Onto::Again && position < have.len()).then_some(position),
        };
        let (index, onto) = match known {
            Some(index) if order.contains(&index) => {
                errors.push(twice(&join(&at, "id")));
                continue;
            }
            Some(index) => (index, how.onto),
            None if draft.id.is_some() && how.onto == Onto::Stored => {
                errors.push(missing(&join(&at, "id")));
                continue;
            }
            None => {
                let row = record.push_row(table).ok_or_else(|| Refusal::internal("no such table of rows"))?;
                if let Some(id) = draft.id {
                    row.set_id(id);
                }
                (record.row_count(table) - 1, Onto::New)
            }
        };
        if let Some(row) = record.row_mut(table, index) {
            put(ctx, draft, row, How { onto, place }, (&at, errors))?;
        }
        order.push(index);
    }
    record.keep_rows(table, &order);
    Ok(())
}

/// Whose the record is: owner and department, when they were said.
fn belong(ctx: &mut Ctx<'_>, draft: &Draft, record: &mut dyn Record, errors: &mut Vec<FieldError>) -> Result<()> {
    let Some(head) = record.head_mut() else { return Ok(()) };
    if let Some(input) = &draft.owner {
        let now = head.owner.map_or(Value::Null, |o| Value::Id(o.0));
        match resolve(ctx, &FieldType::User, input, &now)? {
            Found::Value(value) => head.owner = value.id().map(UserRef),
            _ => errors.push(missing("owner")),
        }
    }
    if let Some(input) = &draft.department {
        let now = head.department.map_or(Value::Null, |d| Value::Id(d.0));
        match resolve(ctx, &FieldType::Department, input, &now)? {
            Found::Value(value) => head.department = value.id().map(DepartmentRef),
            _ => errors.push(missing("department")),
        }
    }
    Ok(())
}

/// A masked value sent back changes nothing.
fn unchanged_mask(record: &dyn Record, index: usize, input: &Input, right: FieldRight) -> bool {
    let Input::Ready(sent) = input else { return false };
    match (record.get(index), sent, record.meta().field(index).map(|f| f.ty)) {
        (Value::Secret(stored), Value::Secret(sent), Some(FieldType::Secret(mask))) => {
            mask.apply(stored.expose()) == *sent.expose()
        }
        (_, Value::Text(sent), _) => right == FieldRight::Masked && sent == "****",
        (Value::Null, Value::Null, _) => true,
        _ => false,
    }
}

/// What an input leads to.
enum Found {
    Value(Value),
    /// Nothing that the caller may look at.
    Missing,
    /// A master that is out of use.
    Disabled,
}

/// The value of an input. `now` is what the field holds: what it refers to already stays good.
fn resolve(ctx: &mut Ctx<'_>, ty: &FieldType, input: &Input, now: &Value) -> Result<Found> {
    let known = |id: Id, known: bool| if known { Found::Value(Value::Id(id)) } else { Found::Missing };
    Ok(match (ty, input) {
        (_, Input::Ready(value)) if value == now => Found::Value(value.clone()),
        (FieldType::RefList { target }, Input::List(list)) => return several(ctx, target(), list, now),
        (FieldType::Ref { target }, _) => return reference(ctx, target(), input, now.id().as_slice()),
        (FieldType::User, Input::Code(code)) => {
            ctx.tx.resolve_user(code)?.map_or(Found::Missing, |id| Found::Value(Value::Id(id)))
        }
        (FieldType::Department, Input::Code(code)) => {
            ctx.tx.resolve_department(code)?.map_or(Found::Missing, |id| Found::Value(Value::Id(id)))
        }
        (FieldType::User, Input::Ready(Value::Id(id))) => {
            known(*id, *id == ctx.caller.user || ctx.tx.names_of_users(&[*id])?.contains_key(id))
        }
        (FieldType::Department, Input::Ready(Value::Id(id))) => {
            known(*id, ctx.tx.names_of_departments(&[*id])?.contains_key(id))
        }
        (_, Input::Ready(value)) => Found::Value(value.clone()),
        _ => Found::Missing,
    })
}

fn several(ctx: &mut Ctx<'_>, target: &'static TypeMeta, list: &[Input], now: &Value) -> Result<Found> {
    let now: Vec<String> = now.text().and_then(|t| serde_json::from_str(t).ok()).unwrap_or_default();
    let now: Vec<Id> = now.iter().filter_map(|t| t.parse().ok()).collect();
    let mut ids = Vec::with_capacity(list.len());
    for one in list {
        match reference(ctx, target, one, &now)? {
            Found::Value(Value::Id(id)) => ids.push(id.to_string()),
            Found::Disabled => return Ok(Found::Disabled),
            _ => return Ok(Found::Missing),
        }
    }
    Ok(Found::Value(Value::Json(serde_json::Value::from(ids).to_string())))
}

fn reference(ctx: &mut Ctx<'_>, target: &'static TypeMeta, input: &Input, now: &[Id]) -> Result<Found> {
    let id = match input {
        Input::Ready(Value::Id(id)) => Some(*id),
        Input::Code(code) => ctx.tx.resolve(target, code)?,
        Input::Ready(_) => return Ok(Found::Value(Value::Null)),
        Input::List(_) => None,
    };
    let Some(id) = id else { return Ok(Found::Missing) };
    if now.contains(&id) {
        return Ok(Found::Value(Value::Id(id)));
    }
    if !target.has_head() {
        // A row: whose it is, the rules know; that it is one of the tenant's, they need not ask.
        let known = target.kind != Kind::Balance && ctx.tx.visible(target, id, &Scope::all())?;
        return Ok(if known { Found::Value(Value::Id(id)) } else { Found::Missing });
    }
    // Existence never leaks: what the caller may not read cannot be referred to.
    let scope = ctx.registry.scope(&ctx.caller.rights, target, "read");
    let state = target.state_field.filter(|_| target.kind == Kind::Master);
    if (!scope.all || state.is_none()) && !ctx.tx.visible(target, id, &scope)? {
        return Ok(Found::Missing);
    }
    let Some(state) = state else { return Ok(Found::Value(Value::Id(id))) };
    let Some(record) = ctx.tx.load(target, id, Lock::None)? else { return Ok(Found::Missing) };
    let state = record.get(state);
    let out_of_use = target.states.iter().any(|s| Some(s.name) == state.text() && s.tone == Tone::Void);
    Ok(if out_of_use { Found::Disabled } else { Found::Value(Value::Id(id)) })
}

fn compare_into(
    ctx: &mut Ctx<'_>,
    draft: &Draft,
    (before, after): (Option<&dyn Record>, &dyn Record),
    place: Place<'_>,
    (path, errors): At<'_>,
) -> Result<()> {
    let meta = after.meta();
    for (index, input) in &draft.computed {
        let Some(field) = meta.field(*index) else { continue };
        let at = place_of(path, field);
        let right = place.right(&ctx.caller.rights, field.name);
        match right {
            FieldRight::Hidden => errors.push(unknown(field, &at)),
            FieldRight::Masked if !unchanged_mask(after, *index, input, right) => errors.push(read_only(&at)),
            FieldRight::Masked => {}
            _ => {
                let sent = resolve(ctx, &field.ty, input, &after.get(*index))?;
                let same = |record: &dyn Record| matches!(&sent, Found::Value(v) if *v == record.get(*index));
                if !same(after) && !before.is_some_and(same) {
                    errors.push(read_only(&at));
                }
            }
        }
    }
    for (table, rows) in &draft.rows {
        let name = meta.tables.get(*table).map_or("", |t| t.name);
        for (position, row) in rows.iter().enumerate() {
            let Some(now) = after.row(*table, position) else { continue };
            let was = before
                .and_then(|b| (0..b.row_count(*table)).filter_map(|i| b.row(*table, i)).find(|r| r.id() == now.id()));
            let at = join(path, &format!("{name}[{position}]"));
            compare_into(ctx, row, (was, now), place.table(name), (&at, errors))?;
        }
    }
    Ok(())
}

/// Whether what was sent for a name of the house is what the record said before the change.
fn is_stamp(head: Option<&Head>, name: &str, sent: &Input) -> bool {
    let (Some(head), Input::Ready(sent)) = (head, sent) else { return false };
    match (name, sent) {
        ("number", Value::Text(number)) => head.number.as_ref() == Some(number),
        ("createdAt", Value::Instant(at)) => head.created_at == *at,
        ("updatedAt", Value::Instant(at)) => head.updated_at == *at,
        ("createdBy", Value::Id(id)) => head.created_by.0 == *id,
        ("updatedBy", Value::Id(id)) => head.updated_by.0 == *id,
        _ => false,
    }
}

fn unknown(field: &Field, at: &str) -> FieldError {
    unknown_name(at, field.name)
}

/// What may not be seen is answered as what is not there.
fn unknown_name(at: &str, name: &str) -> FieldError {
    FieldError {
        field: at.to_owned(),
        code: Code::UnknownField.as_str(),
        message: Text::new(format!("没有“{name}”这个字段。"), format!("There is no field “{name}”.")),
    }
}

pub(crate) fn read_only(field: &str) -> FieldError {
    FieldError {
        field: field.to_owned(),
        code: "READ_ONLY",
        message: Text::of("该字段不能修改。", "This field cannot be changed."),
    }
}

fn not_a_value(field: &str) -> FieldError {
    FieldError {
        field: field.to_owned(),
        code: "WRONG_TYPE",
        message: Text::of("内容类型不正确。", "The value has the wrong type."),
    }
}

fn missing(field: &str) -> FieldError {
    FieldError {
        field: field.to_owned(),
        code: "NOT_FOUND",
        message: Text::of("引用的记录不存在。", "The record referred to does not exist."),
    }
}

fn disabled(field: &Field, at: &str) -> FieldError {
    FieldError {
        field: at.to_owned(),
        code: "DISABLED",
        message: Text::new(
            format!("{}已停用，请选择其他记录。", field.label.zh),
            format!("{} is out of use; please choose another.", field.label.en),
        ),
    }
}

fn twice(field: &str) -> FieldError {
    FieldError {
        field: field.to_owned(),
        code: "DUPLICATE",
        message: Text::of("同一行出现了两次。", "The same row occurs twice."),
    }
}

fn place_of(path: &str, field: &Field) -> String {
    match field.group {
        Some(group) => join(&join(path, group), field.name),
        None => join(path, field.name),
    }
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}
