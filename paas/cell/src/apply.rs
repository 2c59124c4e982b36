//! Drafts onto records, inside the transaction: references resolved within the caller's rights, rows matched by id,
//! computed values compared.

use crate::body::{Draft, Input, set};
use crate::ctx::Ctx;
use paas_document::{FieldType, Head, Record, TypeMeta, Value};
use paas_types::{FieldError, Id, Refusal, Result, Text};

/// Puts what a draft says onto a record. `stored` says whether the record already exists (a patch).
pub(crate) fn apply(ctx: &mut Ctx<'_>, draft: &Draft, record: &mut dyn Record) -> Result<()> {
    let mut errors = Vec::new();
    put(ctx, draft, record, "", &mut errors)?;
    if errors.is_empty() { Ok(()) } else { Err(Refusal::fields(errors)) }
}

/// Computed fields sent back must equal what is stored or what came out.
pub(crate) fn compare(ctx: &mut Ctx<'_>, draft: &Draft, before: Option<&dyn Record>, after: &dyn Record) -> Result<()> {
    let mut errors = Vec::new();
    let head = before.and_then(Record::head);
    errors.extend(
        draft.stamps.iter().filter(|(name, sent)| !is_stamp(head, name, sent)).map(|(name, _)| read_only(name)),
    );
    compare_into(ctx, draft, before, after, "", &mut errors)?;
    if errors.is_empty() { Ok(()) } else { Err(Refusal::fields(errors)) }
}

fn put(
    ctx: &mut Ctx<'_>,
    draft: &Draft,
    record: &mut dyn Record,
    path: &str,
    errors: &mut Vec<FieldError>,
) -> Result<()> {
    let meta = record.meta();
    for (index, input) in &draft.sets {
        let Some(field) = meta.field(*index) else { continue };
        if unchanged_mask(record, *index, input) {
            continue;
        }
        match resolve(ctx, &field.ty, input)? {
            Some(value) => set(record, *index, value)?,
            None => errors.push(missing(&join(path, field.name))),
        }
    }
    for (table, rows) in &draft.rows {
        put_rows(ctx, *table, rows, record, (path, errors))?;
    }
    Ok(())
}

fn put_rows(
    ctx: &mut Ctx<'_>,
    table: usize,
    rows: &[Draft],
    record: &mut dyn Record,
    (path, errors): (&str, &mut Vec<FieldError>),
) -> Result<()> {
    let name = record.meta().tables.get(table).map_or("", |t| t.name);
    let have: Vec<Id> = (0..record.row_count(table)).filter_map(|i| record.row(table, i)).map(|r| r.id()).collect();
    let mut order = Vec::with_capacity(rows.len());
    for (position, draft) in rows.iter().enumerate() {
        let at = join(path, &format!("{name}[{position}]"));
        let known = draft.id.and_then(|id| have.iter().position(|h| *h == id));
        let index = match known {
            Some(index) => index,
            None if draft.id.is_some() && !have.is_empty() => {
                errors.push(missing(&join(&at, "id")));
                continue;
            }
            None => {
                let row = record.push_row(table).ok_or_else(|| Refusal::internal("no such table of rows"))?;
                if let Some(id) = draft.id {
                    row.set_id(id);
                }
                record.row_count(table) - 1
            }
        };
        if let Some(row) = record.row_mut(table, index) {
            put(ctx, draft, row, &at, errors)?;
        }
        order.push(index);
    }
    record.keep_rows(table, &order);
    Ok(())
}

/// A masked value sent back changes nothing.
fn unchanged_mask(record: &dyn Record, index: usize, input: &Input) -> bool {
    let Some(FieldType::Secret(mask)) = record.meta().field(index).map(|f| f.ty) else { return false };
    match (record.get(index), input) {
        (Value::Secret(stored), Input::Ready(Value::Secret(sent))) => mask.apply(stored.expose()) == *sent.expose(),
        _ => false,
    }
}

/// The value of an input; `None` when a reference leads nowhere the caller may look.
fn resolve(ctx: &mut Ctx<'_>, ty: &FieldType, input: &Input) -> Result<Option<Value>> {
    match (ty, input) {
        (FieldType::RefList { target }, Input::List(list)) => {
            let mut ids = Vec::with_capacity(list.len());
            for one in list {
                match reference(ctx, target(), one)? {
                    Some(Value::Id(id)) => ids.push(id.to_string()),
                    _ => return Ok(None),
                }
            }
            Ok(Some(Value::Json(serde_json::Value::from(ids).to_string())))
        }
        (FieldType::Ref { target }, _) => reference(ctx, target(), input),
        (FieldType::User, Input::Code(code)) => Ok(ctx.tx.resolve_user(code)?.map(Value::Id)),
        (FieldType::Department, Input::Code(code)) => Ok(ctx.tx.resolve_department(code)?.map(Value::Id)),
        (FieldType::User, Input::Ready(Value::Id(id))) => {
            Ok(ctx.tx.names_of_users(&[*id])?.contains_key(id).then_some(Value::Id(*id)))
        }
        (FieldType::Department, Input::Ready(Value::Id(id))) => {
            Ok(ctx.tx.names_of_departments(&[*id])?.contains_key(id).then_some(Value::Id(*id)))
        }
        (_, Input::Ready(value)) => Ok(Some(value.clone())),
        _ => Ok(None),
    }
}

fn reference(ctx: &mut Ctx<'_>, target: &'static TypeMeta, input: &Input) -> Result<Option<Value>> {
    let id = match input {
        Input::Ready(Value::Id(id)) => Some(*id),
        Input::Code(code) => ctx.tx.resolve(target, code)?,
        Input::Ready(_) => return Ok(Some(Value::Null)),
        Input::List(_) => None,
    };
    let Some(id) = id else { return Ok(None) };
    if !target.has_head() {
        return Ok(Some(Value::Id(id)));
    }
    // Existence never leaks: what the caller may not read cannot be referred to.
    let scope = ctx.caller.rights.scope(&ctx.registry.code(target, "read"));
    Ok(ctx.tx.visible(target, id, &scope)?.then_some(Value::Id(id)))
}

fn compare_into(
    ctx: &mut Ctx<'_>,
    draft: &Draft,
    before: Option<&dyn Record>,
    after: &dyn Record,
    path: &str,
    errors: &mut Vec<FieldError>,
) -> Result<()> {
    let meta = after.meta();
    for (index, input) in &draft.computed {
        let Some(field) = meta.field(*index) else { continue };
        let sent = resolve(ctx, &field.ty, input)?;
        let same = |record: &dyn Record| sent.as_ref().is_some_and(|v| *v == record.get(*index));
        if !same(after) && !before.is_some_and(same) {
            errors.push(read_only(&join(path, field.name)));
        }
    }
    for (table, rows) in &draft.rows {
        let name = meta.tables.get(*table).map_or("", |t| t.name);
        for (position, row) in rows.iter().enumerate() {
            let Some(now) = after.row(*table, position) else { continue };
            let was = before
                .and_then(|b| (0..b.row_count(*table)).filter_map(|i| b.row(*table, i)).find(|r| r.id() == now.id()));
            compare_into(ctx, row, was, now, &join(path, &format!("{name}[{position}]")), errors)?;
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

fn read_only(field: &str) -> FieldError {
    FieldError {
        field: field.to_owned(),
        code: "READ_ONLY",
        message: Text::of("该字段由系统计算，不能修改。", "This field is computed and cannot be changed."),
    }
}

fn missing(field: &str) -> FieldError {
    FieldError {
        field: field.to_owned(),
        code: "NOT_FOUND",
        message: Text::of("引用的记录不存在。", "The record referred to does not exist."),
    }
}

fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}
