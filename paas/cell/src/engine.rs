//! What happens to a record, whatever its type: create, change, delete, act. Each is audited with before and after in
//! the same transaction.

use crate::ctx::Ctx;
use crate::custom;
use crate::kind::Kind;
use crate::rights::reaches;
use crate::snapshot::{changes, snapshot};
use paas_document::{AnyRef, Document, Kind as RecordKind, Query, Record, TypeMeta, UserRef, Value};
use paas_store::Lock;
use paas_types::{Code, Date, Refusal, Result, Text};

/// How deep actions may cause actions.
const DEPTH: u8 = 16;

/// Who takes an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum By {
    /// A person, through the API: system edges are not offered.
    People,
    /// A rule of the cell.
    Rule,
}

/// Creates a record: owner, defaults, number, rules, audit.
pub(crate) fn create(ctx: &mut Ctx<'_>, kind: &dyn Kind, record: &mut dyn Record) -> Result<()> {
    let (user, department) = (ctx.caller.user, ctx.caller.department);
    if let Some(head) = record.head_mut() {
        if head.owner.is_none() && !user.is_nil() {
            head.owner = Some(UserRef(user));
        }
        if head.department.is_none() {
            head.department = department.map(paas_document::DepartmentRef);
        }
    }
    if kind.meta().kind == RecordKind::Setting {
        refuse_second(ctx, kind.meta())?;
    }
    kind.prepare(ctx, record)?;
    ctx.registry.conditions.demand(record)?;
    if let (Some(pattern), true) = (kind.meta().number, record.head().is_some_and(|h| h.number.is_none())) {
        let date = business_date(ctx, record);
        let number = next_number(ctx, kind.meta().name, pattern, date)?;
        if let Some(head) = record.head_mut() {
            head.number = Some(number);
        }
    }
    ctx.tx.insert(record)?;
    custom::register(ctx, None, record)?;
    kind.saved(ctx, record)?;
    let after = snapshot(record);
    ctx.tx.audit("create", Some(record), None, Some(after))
}

/// Creates a record as the caller: it must be allowed to create such records, and this one must lie in its scope.
pub(crate) fn create_as_caller(ctx: &mut Ctx<'_>, kind: &dyn Kind, record: &mut dyn Record) -> Result<()> {
    let code = ctx.registry.code(kind.meta(), "create");
    if !ctx.caller.rights.allows(&code) {
        return Err(Refusal::new(Code::Forbidden).with(serde_json::json!({"permission": code})));
    }
    create(ctx, kind, record)?;
    keep_within(ctx, record, "create")
}

/// Refuses to leave a record where the caller's permission does not reach.
pub(crate) fn keep_within(ctx: &Ctx<'_>, record: &dyn Record, verb: &str) -> Result<()> {
    let code = ctx.registry.code(record.meta(), verb);
    if reaches(&ctx.registry.scope(&ctx.caller.rights, record.meta(), verb), record) {
        return Ok(());
    }
    Err(Refusal::new(Code::Forbidden)
        .saying(Text::of(
            "该记录将超出您的数据范围，不能这样保存。",
            "The record would lie outside of your data scope; it cannot be saved like this.",
        ))
        .with(serde_json::json!({"permission": code, "reason": "scope"})))
}

/// A tenant has one setting of a type. The counter is the lock under which that is looked up.
fn refuse_second(ctx: &mut Ctx<'_>, meta: &'static TypeMeta) -> Result<()> {
    ctx.tx.counter(&format!("setting:{}", meta.name))?;
    if ctx.tx.find(meta, &Query::all(1))?.records.is_empty() {
        return Ok(());
    }
    Err(Refusal::new(Code::Duplicate)
        .saying(Text::of("该设置已存在，请修改现有设置。", "There is such a setting already; please change it.")))
}

/// Changes a record people may still change. `before` is the stored one, locked.
pub(crate) fn update(ctx: &mut Ctx<'_>, kind: &dyn Kind, before: &dyn Record, after: &mut dyn Record) -> Result<()> {
    refuse_unless_editable(kind, before, "update")?;
    kind.prepare(ctx, after)?;
    ctx.registry.conditions.demand(after)?;
    ctx.tx.update(before, after)?;
    custom::register(ctx, Some(before), after)?;
    kind.saved(ctx, after)?;
    audit_change(ctx, "update", before, after)?;
    tell_owners(ctx, "update", before, after)
}

/// Deletes a record people may still delete and nothing refers to.
pub(crate) fn delete(ctx: &mut Ctx<'_>, kind: &dyn Kind, record: &mut dyn Record) -> Result<()> {
    refuse_unless_editable(kind, record, "delete")?;
    kind.removing(ctx, record)?;
    let before = snapshot(record);
    ctx.tx.delete(record)?;
    ctx.tx.audit("delete", Some(record), Some(before), None)?;
    tell_owners(ctx, "delete", record, record)
}

/// Takes an action: guards, effect, new state, event, audit.
pub(crate) fn act(ctx: &mut Ctx<'_>, kind: &dyn Kind, action: &str, record: &mut dyn Record, by: By) -> Result<()> {
    if ctx.depth >= DEPTH {
        return Err(Refusal::internal("actions cause each other without end"));
    }
    let edge = kind.edge_for(action, record, by == By::People)?;
    let before = record.boxed_clone();
    // What was said with the action belongs to the outermost one only.
    let data = if by == By::People { None } else { ctx.data.take() };
    ctx.depth += 1;
    let ran = kind.run(edge, ctx, record);
    ctx.depth -= 1;
    if by == By::Rule {
        ctx.data = data;
    }
    ran?;
    ctx.tx.update(&*before, record)?;
    if let Some((name, version, data)) = kind.event(edge, record) {
        ctx.tx.emit_version(name, version, record.id(), data)?;
    }
    audit_change(ctx, action, &*before, record)?;
    tell_owners(ctx, action, &*before, record)
}

/// Tells whose document it was, and whose it is now, what somebody else has done with it.
fn tell_owners(ctx: &mut Ctx<'_>, action: &str, before: &dyn Record, after: &dyn Record) -> Result<()> {
    let actor = ctx.caller.user;
    if after.meta().kind != RecordKind::Document || actor.is_nil() {
        return Ok(());
    }
    let owner = |record: &dyn Record| record.head().and_then(|head| head.owner).map(|owner| owner.0);
    let (old, new) = (owner(before), owner(after));
    for recipient in old.into_iter().chain(new.filter(|_| new != old)).filter(|owner| *owner != actor) {
        ctx.tx.notify(recipient, action, after)?;
    }
    Ok(())
}

/// Stores what a rule changed in another record, in whatever state it is.
pub(crate) fn save<D: Document>(ctx: &mut Ctx<'_>, document: &mut D) -> Result<()> {
    let before = ctx.tx.load(D::meta_of(), document.id(), Lock::Update)?.ok_or_else(Refusal::not_found)?;
    ctx.tx.update(&*before, document)?;
    audit_change(ctx, "update", &*before, document)
}

/// Gives a document a number by a pattern, when it has none.
pub(crate) fn assign_number(ctx: &mut Ctx<'_>, document: &mut impl Document, pattern: &str, date: Date) -> Result<()> {
    if document.head_of().number.is_some() {
        return Ok(());
    }
    let number = next_number(ctx, document.meta().name, pattern, date)?;
    if let Some(head) = document.head_mut() {
        head.number = Some(number);
    }
    Ok(())
}

/// The reference an answer names a record by.
pub(crate) fn any_ref(record: &dyn Record) -> AnyRef {
    let number = record.head().and_then(|h| h.number.clone()).or_else(|| {
        let code = record.meta().code_field()?;
        record.get(code).text().map(str::to_owned)
    });
    AnyRef { kind: record.meta().name.to_owned(), id: record.id(), number }
}

/// Sets the fields of a blank record to their declared defaults.
pub(crate) fn set_defaults(blank: &mut dyn Record) {
    for (index, field) in blank.meta().fields.iter().enumerate() {
        if let Some(value) = field.default.and_then(|json| crate::body::value_of_default(field, json)) {
            let _ = blank.set(index, value);
        }
    }
}

fn audit_change(ctx: &mut Ctx<'_>, action: &str, before: &dyn Record, after: &dyn Record) -> Result<()> {
    let (old, new) = changes(before, after);
    ctx.tx.audit(action, Some(after), Some(old), Some(new))
}

fn refuse_unless_editable(kind: &dyn Kind, record: &dyn Record, verb: &str) -> Result<()> {
    if kind.editable(record) {
        return Ok(());
    }
    let state = kind.state_meta(record);
    let (zh, en) = state.map_or(("", ""), |s| (s.label.zh.as_ref(), s.label.en.as_ref()));
    Err(Refusal::new(Code::InvalidTransition)
        .saying(Text::new(
            format!("单据处于“{zh}”状态，不能修改或删除。"),
            format!("A record in the state “{en}” cannot be changed or deleted."),
        ))
        .with(serde_json::json!({"state": state.map(|s| s.name), "action": verb})))
}

fn business_date(ctx: &Ctx<'_>, record: &dyn Record) -> Date {
    let field = record.meta().date_field.map(|i| record.get(i));
    match field {
        Some(Value::Date(date)) => date,
        _ => ctx.today(),
    }
}

/// The next number of a pattern: `{yyyy} {yy} {mm} {dd}` from the date, `{seq:n}` from a counter per written prefix, so
/// that it starts again when the date part changes.
fn next_number(ctx: &mut Ctx<'_>, name: &str, pattern: &str, date: Date) -> Result<String> {
    let dated = pattern
        .replace("{yyyy}", &format!("{:04}", date.year()))
        .replace("{yy}", &format!("{:02}", date.year().rem_euclid(100)))
        .replace("{mm}", &format!("{:02}", date.month()))
        .replace("{dd}", &format!("{:02}", date.day()));
    let Some((prefix, rest)) = dated.split_once("{seq:") else {
        return Err(Refusal::internal(format!("the pattern {pattern} has no sequence")));
    };
    let Some((width, suffix)) = rest.split_once('}') else {
        return Err(Refusal::internal(format!("the pattern {pattern} is not closed")));
    };
    let width: usize = width.parse().map_err(|_| Refusal::internal("a sequence without width"))?;
    let next = ctx.tx.counter(&format!("{name}:{prefix}{suffix}"))?;
    Ok(format!("{prefix}{next:0width$}{suffix}"))
}
