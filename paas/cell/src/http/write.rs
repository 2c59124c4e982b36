//! Writes of one record: create, patch, delete, transition. Each is one transaction with its audit, its events and its
//! stored answer.

use super::once::{Said, Work, run};
use super::{Incoming, Reply, demand};
use crate::apply::{self, Onto};
use crate::body::{self, Draft, Input};
use crate::ctx::Ctx;
use crate::engine::{self, By};
use crate::json::frame;
use crate::kind::Kind;
use crate::render::{View, render};
use crate::rights::reaches;
use crate::service::Service;
use http::header;
use paas_auth::Passwords;
use paas_document::{AnyRef, FieldType, Kind as RecordKind, Query, Record, Value};
use paas_store::{Lock, Stored};
use paas_types::{Code, Id, Refusal, Result, Secret, Text};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value as Json, json};
use std::sync::Arc;

/// Refuses who may not do this with any record of the type, and what nobody does with such records.
pub(super) async fn permit(service: &Arc<Service>, kind: &dyn Kind, call: &Incoming, verb: &str) -> Result<()> {
    let meta = kind.meta();
    let code = match (meta.kind, verb) {
        (RecordKind::Master | RecordKind::Document, _) | (RecordKind::Setting, "update") => verb,
        // A setting is there once; who may change it may also write the first one.
        (RecordKind::Setting, "create") => "update",
        _ => return Err(Refusal::new(Code::MethodNotAllowed)),
    };
    demand(&service.caller(&call.context).await?.rights, &service.cell.registry.code(meta, code))
}

/// Hashes the passwords of a write before its transaction, each caller's share of that being bounded.
pub(super) async fn hash_passwords(kind: &dyn Kind, drafts: &[&Draft], call: &mut Incoming) -> Result<()> {
    let is_password = |index: usize| kind.meta().field(index).is_some_and(|f| matches!(f.ty, FieldType::Password));
    let sets = drafts.iter().flat_map(|draft| &draft.sets);
    let said: Vec<Secret<String>> = sets
        .filter_map(|set| match set {
            (index, Input::Ready(Value::Text(text))) if is_password(*index) => Some(Secret::new(text.clone())),
            _ => None,
        })
        .collect();
    let mut hashes = Vec::with_capacity(said.len());
    for password in said {
        let hash = Passwords::shared().hash_from(&call.context.membership.to_string(), &password).await?;
        hashes.push((password, hash));
    }
    call.hashes = Arc::new(hashes);
    Ok(())
}

pub(super) async fn create(service: &Arc<Service>, kind: Arc<dyn Kind>, mut call: Incoming) -> Result<Reply> {
    permit(service, &*kind, &call, "create").await?;
    let said = Said::of(&kind, &call)?;
    let draft = Arc::new(body::read(kind.meta(), &call.body, true)?);
    hash_passwords(&*kind, &[&draft], &mut call).await?;
    let work: Work = Arc::new(move |ctx| create_one(ctx, &*kind, &draft));
    run(service, &call, &said, (work, None)).await
}

pub(super) fn create_one(ctx: &mut Ctx<'_>, kind: &dyn Kind, draft: &Draft) -> Result<Stored> {
    if let Some(id) = draft.id {
        if !id.is_v7() {
            return Err(Refusal::field("id", "INVALID", Text::of("编号须为 UUIDv7。", "The id must be a UUIDv7.")));
        }
        if let Some(existing) = ctx.tx.load(kind.meta(), id, Lock::None)? {
            return repeated(ctx, kind, draft, existing);
        }
    }
    if let Some(untouched) = untouched_setting(ctx, kind)? {
        return first_setting(ctx, kind, draft, &*untouched);
    }
    let mut record = (kind.info().blank)();
    if let Some(id) = draft.id {
        record.set_id(id);
    }
    apply::apply(ctx, draft, &mut *record, Onto::New)?;
    engine::create(ctx, kind, &mut *record)?;
    if kind.meta().kind != RecordKind::Setting {
        engine::keep_within(ctx, &*record, "create")?;
    }
    if draft.version.is_some_and(|sent| sent != 1) {
        return Err(Refusal::field(
            "version",
            "READ_ONLY",
            Text::of("版本由系统计数。", "The version is counted here."),
        ));
    }
    apply::compare(ctx, draft, None, &*record)?;
    created(ctx, kind, record.id(), draft)
}

fn created(ctx: &mut Ctx<'_>, kind: &dyn Kind, id: Id, draft: &Draft) -> Result<Stored> {
    let location = format!("/api/v1/{}/{}/{id}", ctx.registry.name, kind.meta().resource);
    Ok(Stored { location: Some(location), ..answer(ctx, kind, id, (201, Some(draft)))? })
}

/// A setting that the house wrote with its defaults and nobody has changed: people may still write theirs.
fn untouched_setting(ctx: &mut Ctx<'_>, kind: &dyn Kind) -> Result<Option<Box<dyn Record>>> {
    if kind.meta().kind != RecordKind::Setting {
        return Ok(None);
    }
    let found = ctx.tx.find(kind.meta(), &Query::all(1))?.records.into_iter().next();
    let untouched = |r: &dyn Record| r.head().is_some_and(|h| h.version == 1 && h.created_by.0.is_nil());
    match found.filter(|record| untouched(&**record)) {
        Some(record) => ctx.tx.load(kind.meta(), record.id(), Lock::Update),
        None => Ok(None),
    }
}

fn first_setting(ctx: &mut Ctx<'_>, kind: &dyn Kind, draft: &Draft, before: &dyn Record) -> Result<Stored> {
    let mut after = (kind.info().blank)();
    if let (Some(new), Some(old)) = (after.head_mut(), before.head()) {
        new.clone_from(old);
    }
    apply::apply(ctx, draft, &mut *after, Onto::New)?;
    engine::update(ctx, kind, before, &mut *after)?;
    apply::compare(ctx, draft, None, &*after)?;
    created(ctx, kind, before.id(), draft)
}

/// The same client-made id again: the same content gives the record, other content is a duplicate. So is the id of a
/// record the caller may not see: nothing else is said of it.
fn repeated(ctx: &mut Ctx<'_>, kind: &dyn Kind, draft: &Draft, existing: Box<dyn Record>) -> Result<Stored> {
    let duplicate = || Refusal::new(Code::Duplicate).with(json!({"field": "id"}));
    let read = ctx.registry.scope(&ctx.caller.rights, kind.meta(), "read");
    if !reaches(&read, &*existing) {
        return Err(duplicate());
    }
    let mut copy = existing.boxed_clone();
    apply::apply(ctx, draft, &mut *copy, Onto::Again).map_err(|_| duplicate())?;
    let same = crate::snapshot::snapshot(&*copy) == crate::snapshot::snapshot(&*existing);
    if same { answer(ctx, kind, existing.id(), (200, Some(draft))) } else { Err(duplicate()) }
}

pub(super) async fn patch(service: &Arc<Service>, kind: Arc<dyn Kind>, id: &str, mut call: Incoming) -> Result<Reply> {
    permit(service, &*kind, &call, "update").await?;
    let said = Said::of(&kind, &call)?;
    let id = parse_id(id)?;
    let draft = Arc::new(body::read(kind.meta(), &call.body, false)?);
    if draft.id.is_some_and(|sent| sent != id) {
        return Err(Refusal::field("id", "READ_ONLY", Text::of("编号不能修改。", "The id cannot be changed.")));
    }
    let version = if_match(&call).or(draft.version).ok_or_else(version_required)?;
    hash_passwords(&*kind, &[&draft], &mut call).await?;
    let work: Work = Arc::new(move |ctx| {
        let before = locked(ctx, &*kind, id, "update", version)?;
        let mut after = before.boxed_clone();
        apply::apply(ctx, &draft, &mut *after, Onto::Stored)?;
        ctx.registry.conditions.keep(&*before, &*after)?;
        engine::update(ctx, &*kind, &*before, &mut *after)?;
        engine::keep_within(ctx, &*after, "update")?;
        apply::compare(ctx, &draft, Some(&*before), &*after)?;
        answer(ctx, &*kind, id, (200, Some(&draft)))
    });
    run(service, &call, &said, (work, None)).await
}

pub(super) async fn delete(service: &Arc<Service>, kind: Arc<dyn Kind>, id: &str, call: Incoming) -> Result<Reply> {
    permit(service, &*kind, &call, "delete").await?;
    let said = Said::of(&kind, &call)?;
    let id = parse_id(id)?;
    let version = if_match(&call).ok_or_else(version_required)?;
    let work: Work = Arc::new(move |ctx| {
        let mut record = locked(ctx, &*kind, id, "delete", version)?;
        engine::delete(ctx, &*kind, &mut *record)?;
        Ok(Stored { status: 204, body: Vec::new(), etag: None, location: None })
    });
    run(service, &call, &said, (work, None)).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Action {
    action: String,
    #[serde(default)]
    version: Option<i64>,
    #[serde(default)]
    comment: Option<String>,
    #[serde(default)]
    data: Option<Box<RawValue>>,
}

/// An action as it was said.
pub(super) struct Saying {
    pub(super) action: String,
    pub(super) data: Option<Box<RawValue>>,
    pub(super) comment: Option<String>,
}

pub(super) async fn transition(service: &Arc<Service>, kind: Arc<dyn Kind>, id: &str, call: Incoming) -> Result<Reply> {
    let said = Said::of(&kind, &call)?;
    let Action { action, version, comment, data } = frame(&call.body)?;
    let id = parse_id(id)?;
    let version = if_match(&call).or(version).ok_or_else(version_required)?;
    let action = transition_work(service, kind, &call, Saying { action, data, comment }).await?;
    let work: Work = Arc::new(move |ctx| action(ctx, id, version));
    run(service, &call, &said, (work, None)).await
}

pub(super) type ActionWork = Arc<dyn Fn(&mut Ctx<'_>, Id, i64) -> Result<Stored> + Send + Sync>;

pub(super) async fn transition_work(
    service: &Arc<Service>,
    kind: Arc<dyn Kind>,
    call: &Incoming,
    Saying { action, data, comment }: Saying,
) -> Result<ActionWork> {
    let known = kind.edges().iter().find(|e| e.name == action && !e.system);
    let edge = known.ok_or_else(|| {
        Refusal::field("action", "UNKNOWN_ACTION", Text::of("没有这样的操作。", "There is no such action."))
    })?;
    let code = service.cell.registry.code(kind.meta(), edge.name);
    demand(&service.caller(&call.context).await?.rights, &code)?;
    let draft = match (edge.data, data) {
        (Some(meta), Some(raw)) if raw.get() != "null" => {
            Some(body::read(meta(), raw.get().as_bytes(), true).map_err(|r| r.under("data"))?)
        }
        (None, Some(raw)) if !matches!(raw.get(), "null" | "{}") => {
            return Err(Refusal::field(
                "data",
                "UNKNOWN_FIELD",
                Text::of("该操作没有数据。", "This action takes no data."),
            ));
        }
        _ => None,
    };
    let blank = edge.blank_data;
    Ok(Arc::new(move |ctx: &mut Ctx<'_>, id: Id, version: i64| {
        let mut record = locked(ctx, &*kind, id, &action, version)?;
        ctx.data = None;
        if let (Some(draft), Some(blank)) = (&draft, blank) {
            let mut said = blank();
            apply::apply(ctx, draft, &mut *said, Onto::New).map_err(|r| r.under("data"))?;
            ctx.registry.conditions.demand(&*said).map_err(|r| r.under("data"))?;
            ctx.data = Some(said);
        }
        engine::act(ctx, &*kind, &action, &mut *record, By::People)?;
        if let Some(comment) = comment.as_deref().map(str::trim).filter(|c| !c.is_empty()) {
            ctx.tx.audit("comment", Some(&*record), None, Some(json!({"comment": comment}).to_string()))?;
        }
        answer(ctx, &*kind, id, (200, None))
    }))
}

/// The record as the caller sees it after the write, with what the write made beside it. Who may not read it is told
/// its id and version only. `draft` is what the caller said of the record.
fn answer(ctx: &mut Ctx<'_>, kind: &dyn Kind, id: Id, (status, draft): (u16, Option<&Draft>)) -> Result<Stored> {
    let record = ctx.tx.load(kind.meta(), id, Lock::None)?.ok_or_else(Refusal::not_found)?;
    let version = record.head().map(|h| h.version);
    let read = ctx.registry.scope(&ctx.caller.rights, kind.meta(), "read");
    let mut body = if reaches(&read, &*record) {
        let given = draft.map(|draft| draft.secrets_of(&*record)).unwrap_or_default();
        let rendered = render(ctx.tx, ctx.registry, ctx.caller, (kind, View::Whole, None), &mut [record])?;
        rendered.given(&given).noted(ctx.tx, ctx.sights.as_mut())?.into_iter().next().unwrap_or_default()
    } else {
        json!({"id": id.to_string(), "version": version}).to_string()
    };
    let mut created = Vec::new();
    for made in std::mem::take(&mut ctx.created) {
        created.extend(created_json(ctx, &made)?);
    }
    if !created.is_empty() && body.pop() == Some('}') {
        body.push_str(&format!(",\"created\":{}}}", Json::from(created)));
    }
    let etag = version.map(|v| format!("\"{v}\""));
    Ok(Stored { status, body: body.into_bytes(), etag, location: None })
}

/// What an action made is named only to who may read this record.
fn created_json(ctx: &mut Ctx<'_>, made: &AnyRef) -> Result<Option<Json>> {
    let Some(kind) = ctx.registry.kind_named(&made.kind) else { return Ok(None) };
    let read = ctx.registry.scope(&ctx.caller.rights, kind.meta(), "read");
    let may = ctx.tx.visible(kind.meta(), made.id, &read)?;
    Ok(may.then(|| json!({"type": made.kind, "id": made.id.to_string(), "number": made.number})))
}

/// The record, locked, if the caller may do this with it and has seen its present version.
fn locked(ctx: &mut Ctx<'_>, kind: &dyn Kind, id: Id, verb: &str, version: i64) -> Result<Box<dyn Record>> {
    let meta = kind.meta();
    let record = ctx.tx.load(meta, id, Lock::Update)?.ok_or_else(Refusal::not_found)?;
    let within = |verb: &str| reaches(&ctx.registry.scope(&ctx.caller.rights, meta, verb), &*record);
    if !within("read") {
        return Err(Refusal::not_found());
    }
    if !within(verb) {
        return Err(Refusal::new(Code::Forbidden));
    }
    match record.head().map(|h| h.version) {
        Some(now) if now != version => Err(Refusal::new(Code::Conflict).with(json!({"version": now}))),
        _ => Ok(record),
    }
}

pub(super) fn parse_id(text: &str) -> Result<Id> {
    text.parse().map_err(|_| Refusal::not_found())
}

fn if_match(call: &Incoming) -> Option<i64> {
    let value = call.headers.get(header::IF_MATCH)?.to_str().ok()?;
    value.trim().trim_matches('"').parse().ok()
}

pub(super) fn version_required() -> Refusal {
    Refusal::field(
        "version",
        "REQUIRED",
        Text::of("请提供记录版本（If-Match 或 version）。", "Give the record's version (If-Match or version)."),
    )
}
