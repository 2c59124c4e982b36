//! Writes: create, patch, delete, transitions; one by one and many. Each is one transaction with its audit, its events
//! and its stored answer.

use super::{Incoming, Reply, demand};
use crate::body::{self, Draft};
use crate::ctx::Ctx;
use crate::engine::{self, By};
use crate::kind::Kind;
use crate::render::{View, render};
use crate::service::Service;
use crate::{apply, body::malformed};
use http::{StatusCode, header};
use paas_document::{AnyRef, Record};
use paas_store::{Lock, Stored, Tx};
use paas_types::{Code, Id, Refusal, Result, Text};
use serde::Deserialize;
use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// The most records of one batch.
const BATCH: usize = 1_000;

type Work = Arc<dyn Fn(&mut Ctx<'_>) -> Result<Stored> + Send + Sync>;

/// One write with its idempotency key.
struct Job {
    key: Option<String>,
    hash: Vec<u8>,
    dry_run: bool,
    work: Work,
}

pub(super) async fn create(service: &Arc<Service>, kind: Arc<dyn Kind>, call: Incoming) -> Result<Reply> {
    // A setting is there once; who may change it may also write the first one.
    let verb = if kind.meta().kind == paas_document::Kind::Setting { "update" } else { "create" };
    let code = service.cell.registry.code(kind.meta(), verb);
    demand(&service.caller(&call.context).await?.rights, &code)?;
    refuse_unless_creatable(&*kind)?;
    let draft = Arc::new(body::read(kind.meta(), &call.body, true)?);
    let work: Work = Arc::new(move |ctx| create_one(ctx, &*kind, &draft));
    run(service, &call, work, None).await
}

fn create_one(ctx: &mut Ctx<'_>, kind: &dyn Kind, draft: &Draft) -> Result<Stored> {
    let mut record = (kind.info().blank)();
    if let Some(id) = draft.id {
        if !id.is_v7() {
            return Err(Refusal::field("id", "INVALID", Text::of("编号须为 UUIDv7。", "The id must be a UUIDv7.")));
        }
        record.set_id(id);
    }
    apply::apply(ctx, draft, &mut *record)?;
    if let (Some(id), Some(existing)) = (draft.id, existing(ctx, kind, draft.id)?) {
        return repeated(ctx, kind, draft, (id, existing));
    }
    engine::create(ctx, kind, &mut *record)?;
    if draft.version.is_some_and(|sent| sent != 1) {
        return Err(Refusal::field(
            "version",
            "READ_ONLY",
            Text::of("版本由系统计数。", "The version is counted here."),
        ));
    }
    apply::compare(ctx, draft, None, &*record)?;
    let location = format!("/api/v1/{}/{}/{}", ctx.registry.name, kind.meta().resource, record.id());
    let mut stored = answer(ctx, kind, record.id(), 201)?;
    stored.location = Some(location);
    Ok(stored)
}

fn existing(ctx: &mut Ctx<'_>, kind: &dyn Kind, id: Option<Id>) -> Result<Option<Box<dyn Record>>> {
    match id {
        Some(id) => ctx.tx.load(kind.meta(), id, Lock::None),
        None => Ok(None),
    }
}

/// The same client-made id again: the same content gives the record, other content is a duplicate.
fn repeated(
    ctx: &mut Ctx<'_>,
    kind: &dyn Kind,
    draft: &Draft,
    (id, existing): (Id, Box<dyn Record>),
) -> Result<Stored> {
    let mut copy = existing.boxed_clone();
    apply::apply(ctx, draft, &mut *copy)?;
    if crate::snapshot::snapshot(&*copy) == crate::snapshot::snapshot(&*existing) {
        return answer(ctx, kind, id, 200);
    }
    Err(Refusal::new(Code::Duplicate).with(json!({"field": "id"})))
}

pub(super) async fn patch(service: &Arc<Service>, kind: Arc<dyn Kind>, id: &str, call: Incoming) -> Result<Reply> {
    let code = service.cell.registry.code(kind.meta(), "update");
    demand(&service.caller(&call.context).await?.rights, &code)?;
    if !kind.meta().kind.is_editable() {
        return Err(Refusal::new(Code::MethodNotAllowed));
    }
    let id = parse_id(id)?;
    let draft = Arc::new(body::read(kind.meta(), &call.body, false)?);
    if draft.id.is_some_and(|sent| sent != id) {
        return Err(Refusal::field("id", "READ_ONLY", Text::of("编号不能修改。", "The id cannot be changed.")));
    }
    let version = if_match(&call).or(draft.version).ok_or_else(version_required)?;
    let work: Work = Arc::new(move |ctx| {
        let before = locked(ctx, &*kind, id, "update", version)?;
        let mut after = before.boxed_clone();
        apply::apply(ctx, &draft, &mut *after)?;
        engine::update(ctx, &*kind, &*before, &mut *after)?;
        apply::compare(ctx, &draft, Some(&*before), &*after)?;
        answer(ctx, &*kind, id, 200)
    });
    run(service, &call, work, None).await
}

pub(super) async fn delete(service: &Arc<Service>, kind: Arc<dyn Kind>, id: &str, call: Incoming) -> Result<Reply> {
    let code = service.cell.registry.code(kind.meta(), "delete");
    demand(&service.caller(&call.context).await?.rights, &code)?;
    refuse_unless_creatable(&*kind)?;
    let id = parse_id(id)?;
    let version = if_match(&call).ok_or_else(version_required)?;
    let work: Work = Arc::new(move |ctx| {
        let mut record = locked(ctx, &*kind, id, "delete", version)?;
        engine::delete(ctx, &*kind, &mut *record)?;
        Ok(Stored { status: 204, body: Vec::new(), etag: None, location: None })
    });
    run(service, &call, work, None).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Action {
    action: String,
    #[serde(default)]
    version: Option<i64>,
    #[serde(default)]
    comment: Option<String>,
    #[serde(default)]
    data: Option<Box<serde_json::value::RawValue>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Item {
    id: String,
    #[serde(default)]
    version: Option<i64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Actions {
    action: String,
    items: Vec<Item>,
    #[serde(default)]
    data: Option<Box<serde_json::value::RawValue>>,
}

pub(super) async fn transition(service: &Arc<Service>, kind: Arc<dyn Kind>, id: &str, call: Incoming) -> Result<Reply> {
    let said: Action = serde_json::from_slice(&call.body).map_err(|e| malformed(&e))?;
    let id = parse_id(id)?;
    let version = if_match(&call).or(said.version).ok_or_else(version_required)?;
    let action = transition_work(service, kind, &call, (said.action, said.data, said.comment)).await?;
    let work: Work = Arc::new(move |ctx| action(ctx, id, version));
    run(service, &call, work, None).await
}

pub(super) async fn transition_many(service: &Arc<Service>, kind: Arc<dyn Kind>, call: Incoming) -> Result<Reply> {
    let said: Actions = serde_json::from_slice(&call.body).map_err(|e| malformed(&e))?;
    if said.items.len() > BATCH {
        return Err(too_many());
    }
    let action = transition_work(service, kind, &call, (said.action, said.data, None)).await?;
    let mut results = Vec::with_capacity(said.items.len());
    for (index, item) in said.items.iter().enumerate() {
        let action = Arc::clone(&action);
        let outcome = match (parse_id(&item.id), item.version) {
            (Ok(id), Some(version)) => {
                let work: Work = Arc::new(move |ctx| action(ctx, id, version));
                run(service, &call, work, Some(index)).await
            }
            (Err(refusal), _) => Err(refusal),
            (_, None) => Err(version_required()),
        };
        results.push(outcome_json(&call, index, outcome));
    }
    Ok(Reply::ok(&json!({"data": results})))
}

type ActionWork = Arc<dyn Fn(&mut Ctx<'_>, Id, i64) -> Result<Stored> + Send + Sync>;

async fn transition_work(
    service: &Arc<Service>,
    kind: Arc<dyn Kind>,
    call: &Incoming,
    (action, data, comment): (String, Option<Box<serde_json::value::RawValue>>, Option<String>),
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
            apply::apply(ctx, draft, &mut *said).map_err(|r| r.under("data"))?;
            ctx.data = Some(said);
        }
        engine::act(ctx, &*kind, &action, &mut *record, By::People)?;
        if let Some(comment) = &comment {
            ctx.tx.audit("comment", Some(&*record), None, Some(json!({"comment": comment}).to_string()))?;
        }
        answer(ctx, &*kind, id, 200)
    }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Batch {
    items: Vec<Box<serde_json::value::RawValue>>,
    #[serde(default)]
    mode: Option<String>,
}

pub(super) async fn batch(service: &Arc<Service>, kind: Arc<dyn Kind>, call: Incoming) -> Result<Reply> {
    let code = service.cell.registry.code(kind.meta(), "create");
    demand(&service.caller(&call.context).await?.rights, &code)?;
    refuse_unless_creatable(&*kind)?;
    let said: Batch = serde_json::from_slice(&call.body).map_err(|e| malformed(&e))?;
    if said.items.len() > BATCH {
        return Err(too_many());
    }
    let drafts = said.items.iter().map(|raw| body::read(kind.meta(), raw.get().as_bytes(), true));
    match said.mode.as_deref().unwrap_or("all-or-nothing") {
        "all-or-nothing" => {
            let drafts = drafts.enumerate().map(|(i, d)| d.map_err(|r| r.under(&format!("items[{i}]"))));
            let drafts: Vec<Draft> = drafts.collect::<Result<_>>()?;
            let work: Work = Arc::new(move |ctx| {
                let mut made = Vec::with_capacity(drafts.len());
                for (index, draft) in drafts.iter().enumerate() {
                    let one = create_one(ctx, &*kind, draft).map_err(|r| r.under(&format!("items[{index}]")))?;
                    made.push(serde_json::from_slice::<Json>(&one.body).map_err(Refusal::internal)?);
                }
                let body = json!({"data": made}).to_string().into_bytes();
                Ok(Stored { status: 201, body, etag: None, location: None })
            });
            run(service, &call, work, None).await
        }
        "each" => {
            let mut results = Vec::new();
            for (index, draft) in drafts.enumerate().collect::<Vec<_>>() {
                let outcome = match draft {
                    Ok(draft) => {
                        let kind = Arc::clone(&kind);
                        let work: Work = Arc::new(move |ctx| create_one(ctx, &*kind, &draft));
                        run(service, &call, work, Some(index)).await
                    }
                    Err(refusal) => Err(refusal),
                };
                results.push(outcome_json(&call, index, outcome));
            }
            Ok(Reply::ok(&json!({"data": results})))
        }
        _ => Err(Refusal::field("mode", "INVALID_CHOICE", Text::of("模式无效。", "The mode is not valid."))),
    }
}

fn outcome_json(call: &Incoming, index: usize, outcome: Result<Reply>) -> Json {
    match outcome {
        Ok(reply) => {
            let record: Json = serde_json::from_slice(&reply.body).unwrap_or(Json::Null);
            json!({"index": index, "status": reply.status.as_u16(), "record": record})
        }
        Err(refusal) => json!({
            "index": index,
            "status": refusal.code().status(),
            "error": refusal.envelope(call.context.lang, &call.context.request_id),
        }),
    }
}

/// Runs a write once: replayed when the same request was answered before, taken back when it is only a trial.
async fn run(service: &Arc<Service>, call: &Incoming, work: Work, index: Option<usize>) -> Result<Reply> {
    let tenant = Service::tenant(&call.context)?;
    let mut caller = service.caller(&call.context).await?;
    caller.asked.clone_from(&call.asked);
    let actor = Service::actor(&call.context, tenant);
    let job = job_of(call, work, index)?;
    let owner = Arc::clone(service);
    if job.dry_run {
        let trial = move |tx: &mut Tx| (job.work)(&mut Ctx::new(tx, &owner.cell.registry, &caller));
        return reply_of(service.store.rehearse(actor, trial).await?);
    }
    let write = move |tx: &mut Tx| {
        if let Some(key) = &job.key {
            if let Some(stored) = tx.idempotent(key, &job.hash)? {
                return Ok((stored, true));
            }
        }
        let stored = (job.work)(&mut Ctx::new(tx, &owner.cell.registry, &caller))?;
        if let Some(key) = &job.key {
            tx.remember(key, &job.hash, &stored)?;
        }
        Ok((stored, false))
    };
    let (stored, replay) = service.store.write(actor, write).await?;
    let reply = reply_of(stored)?;
    if replay {
        return Ok(reply.with(header::HeaderName::from_static("x-idempotent-replay"), "true"));
    }
    Ok(reply)
}

fn job_of(call: &Incoming, work: Work, index: Option<usize>) -> Result<Job> {
    let dry_run = call.query.iter().any(|(n, v)| n == "dryRun" && v == "true");
    let given = call.headers.get("x-request-id").and_then(|v| v.to_str().ok());
    let key = given.map(|id| match index {
        Some(index) => format!("{id}#{index}"),
        None => id.to_owned(),
    });
    let canonical: Json = if call.body.is_empty() {
        Json::Null
    } else {
        serde_json::from_slice(&call.body).map_err(|e| malformed(&e))?
    };
    let text = format!("{}\n{}?{}\n{canonical}", call.method, call.context.path, call.context.query);
    Ok(Job { key, hash: Sha256::digest(text.as_bytes()).to_vec(), dry_run, work })
}

fn reply_of(stored: Stored) -> Result<Reply> {
    let status = StatusCode::from_u16(stored.status).map_err(Refusal::internal)?;
    let mut reply = Reply { status, body: stored.body.into(), mime: "application/json", headers: Vec::new() };
    if let Some(etag) = stored.etag {
        reply = reply.with(header::ETAG, etag);
    }
    if let Some(location) = stored.location {
        reply = reply.with(header::LOCATION, location);
    }
    Ok(reply)
}

/// The record as the caller sees it after the write, with what the write made beside it.
fn answer(ctx: &mut Ctx<'_>, kind: &dyn Kind, id: Id, status: u16) -> Result<Stored> {
    let record = ctx.tx.load(kind.meta(), id, Lock::None)?.ok_or_else(Refusal::not_found)?;
    let version = record.head().map(|h| h.version);
    let mut records = [record];
    let rendered = render(ctx.tx, ctx.registry, ctx.caller, (kind, View::Whole), &mut records)?;
    let mut map = rendered.into_iter().next().unwrap_or_default();
    let created: Vec<Json> = ctx.created.iter().filter_map(|made| created_json(ctx, made)).collect();
    if !created.is_empty() {
        map.insert("created".to_owned(), Json::from(created));
    }
    let body = Json::Object(map).to_string().into_bytes();
    Ok(Stored { status, body, etag: version.map(|v| format!("\"{v}\"")), location: None })
}

/// What an action made is named only to who may read such records.
fn created_json(ctx: &Ctx<'_>, made: &AnyRef) -> Option<Json> {
    let kind = ctx.registry.kind_named(&made.kind)?;
    let may = ctx.caller.rights.allows(&ctx.registry.code(kind.meta(), "read"));
    may.then(|| json!({"type": made.kind, "id": made.id.to_string(), "number": made.number}))
}

/// The record, locked, if the caller may do this with it and has seen its present version.
fn locked(ctx: &mut Ctx<'_>, kind: &dyn Kind, id: Id, verb: &str, version: i64) -> Result<Box<dyn Record>> {
    let meta = kind.meta();
    let read = ctx.caller.rights.scope(&ctx.registry.code(meta, "read"));
    if !ctx.tx.visible(meta, id, &read)? {
        return Err(Refusal::not_found());
    }
    let scope = ctx.caller.rights.scope(&ctx.registry.code(meta, verb));
    if !ctx.tx.visible(meta, id, &scope)? {
        return Err(Refusal::new(Code::Forbidden));
    }
    let record = ctx.tx.load(meta, id, Lock::Update)?.ok_or_else(Refusal::not_found)?;
    match record.head().map(|h| h.version) {
        Some(now) if now != version => Err(Refusal::new(Code::Conflict).with(json!({"version": now}))),
        _ => Ok(record),
    }
}

fn refuse_unless_creatable(kind: &dyn Kind) -> Result<()> {
    use paas_document::Kind as K;
    match kind.meta().kind {
        K::Master | K::Document | K::Setting => Ok(()),
        _ => Err(Refusal::new(Code::MethodNotAllowed)),
    }
}

pub(super) fn parse_id(text: &str) -> Result<Id> {
    text.parse().map_err(|_| Refusal::not_found())
}

fn if_match(call: &Incoming) -> Option<i64> {
    let value = call.headers.get(header::IF_MATCH)?.to_str().ok()?;
    value.trim().trim_matches('"').parse().ok()
}

fn version_required() -> Refusal {
    Refusal::field(
        "version",
        "REQUIRED",
        Text::of("请提供记录版本（If-Match 或 version）。", "Give the record's version (If-Match or version)."),
    )
}

fn too_many() -> Refusal {
    Refusal::field("items", "TOO_MANY_ROWS", Text::of("一次最多 1000 条。", "At most 1,000 items at once."))
}
