//! Reads: one record, lists, exports, history.

use super::{Incoming, Reply, demand, params, write::parse_id};
use crate::ctx::{Caller, Ctx};
use crate::kind::Kind;
use crate::render::{View, render};
use crate::service::Service;
use http::{StatusCode, header};
use paas_document::{Page, Query, Scope};
use paas_store::{AuditRow, Lock};
use paas_types::{Code, Id, Refusal, Result};
use serde_json::{Map, Value as Json, json};
use std::sync::Arc;

/// Records per step of an export.
const STEP: u32 = 200;
/// The most records of one export.
const EXPORT: usize = 100_000;
/// The most entries of a history.
const HISTORY: u32 = 500;

async fn reader(service: &Arc<Service>, kind: &dyn Kind, call: &Incoming, verb: &str) -> Result<(Caller, Scope)> {
    let caller = service.caller(&call.context).await?;
    let registry = &service.cell.registry;
    demand(&caller.rights, &registry.code(kind.meta(), verb))?;
    let scope = caller.rights.scope(&registry.code(kind.meta(), "read"));
    // Types without owner are all or nothing.
    let scope = if kind.meta().has_head() || scope == Scope::default() { scope } else { Scope::all() };
    Ok((caller, scope))
}

/// The id in the path of a record; a balance is known by its key and has none.
fn record_id(kind: &dyn Kind, id: &str) -> Result<Id> {
    let has_id = kind.meta().kind != paas_document::Kind::Balance;
    if has_id { parse_id(id) } else { Err(Refusal::not_found()) }
}

pub(super) async fn one(service: &Arc<Service>, kind: Arc<dyn Kind>, id: &str, call: Incoming) -> Result<Reply> {
    let (caller, scope) = reader(service, &*kind, &call, "read").await?;
    let (id, tenant, owner) = (record_id(&*kind, id)?, Service::tenant(&call.context)?, Arc::clone(service));
    let (map, version) = service
        .store
        .read(&tenant, move |tx| {
            if !tx.visible(kind.meta(), id, &scope)? {
                return Err(Refusal::not_found());
            }
            let record = tx.load(kind.meta(), id, Lock::None)?.ok_or_else(Refusal::not_found)?;
            let version = record.head().map(|h| h.version);
            let mut records = [record];
            let maps = render(tx, &owner.cell.registry, &caller, (&*kind, View::Whole), &mut records)?;
            Ok((maps.into_iter().next().unwrap_or_default(), version))
        })
        .await?;
    let reply = Reply::ok(&Json::Object(map));
    Ok(match version {
        Some(version) => reply.with(header::ETAG, format!("\"{version}\"")),
        None => reply,
    })
}

pub(super) async fn list(service: &Arc<Service>, kind: Arc<dyn Kind>, call: Incoming) -> Result<Reply> {
    let (caller, scope) = reader(service, &*kind, &call, "read").await?;
    let query = params::read(&*kind, &caller, (service.cell.name(), scope), &call.query)?;
    let wanted = fields(&*kind, &call.query)?;
    let tenant = Service::tenant(&call.context)?;
    let owner = Arc::clone(service);
    let (page, size) = (
        match query.page {
            Page::Number(n) => Some(n),
            Page::After(_) => None,
        },
        query.page_size,
    );
    let (data, total, exact, next) = service
        .store
        .read(&tenant, move |tx| {
            let mut found = tx.find(kind.meta(), &query)?;
            let maps = render(tx, &owner.cell.registry, &caller, (&*kind, View::List), &mut found.records)?;
            Ok((maps, found.total, found.total_exact, found.next.as_ref().map(params::write_cursor)))
        })
        .await?;
    let data: Vec<Json> = data.into_iter().map(|map| Json::Object(project(map, wanted.as_deref()))).collect();
    Ok(Reply::ok(&json!({
        "data": data, "page": page, "pageSize": size, "total": total, "totalExact": exact, "next": next,
    })))
}

pub(super) fn fields(kind: &dyn Kind, query: &[(String, String)]) -> Result<Option<Vec<String>>> {
    let Some((_, text)) = query.iter().find(|(n, _)| n == "fields") else { return Ok(None) };
    let names: Vec<String> = text.split(',').map(|t| t.trim().to_owned()).filter(|t| !t.is_empty()).collect();
    let meta = kind.meta();
    for name in &names {
        let known = meta.field_named(name).is_some()
            || meta.fields.iter().any(|f| f.group == Some(name))
            || [
                "id",
                "version",
                "number",
                "state",
                "createdAt",
                "createdBy",
                "updatedAt",
                "updatedBy",
                "owner",
                "department",
            ]
            .contains(&name.as_str());
        if !known {
            return Err(Refusal::new(Code::UnknownField).with(json!({"field": name})));
        }
    }
    Ok(Some(names))
}

pub(super) fn project(map: Map<String, Json>, wanted: Option<&[String]>) -> Map<String, Json> {
    match wanted {
        None => map,
        Some(names) => map.into_iter().filter(|(k, _)| k == "id" || names.contains(k)).collect(),
    }
}

pub(super) async fn export(service: &Arc<Service>, kind: Arc<dyn Kind>, call: Incoming) -> Result<Reply> {
    let (caller, scope) = reader(service, &*kind, &call, "export").await?;
    let mut query = params::read(&*kind, &caller, (service.cell.name(), scope), &call.query)?;
    (query.page_size, query.count, query.page) = (STEP, false, Page::Number(1));
    let tenant = Service::tenant(&call.context)?;
    let mut rows: Vec<Map<String, Json>> = Vec::new();
    loop {
        let (owner, kind, caller, step) = (Arc::clone(service), Arc::clone(&kind), caller.clone(), query.clone());
        let read = move |tx: &mut paas_store::Tx| export_step(&owner, &*kind, (&caller, &step), tx);
        let (maps, next) = service.store.read(&tenant, read).await?;
        rows.extend(maps);
        if rows.len() > EXPORT {
            return Err(Refusal::new(Code::PayloadTooLarge));
        }
        match next {
            Some(cursor) => query.page = Page::After(cursor),
            None => break,
        }
    }
    let format = call.query.iter().find(|(n, _)| n == "format").map_or("json", |(_, v)| v.as_str());
    let name = kind.meta().resource;
    crate::export::write(&*kind, format, rows, &caller).map(|(body, mime)| {
        Reply { status: StatusCode::OK, body: body.into(), mime, headers: Vec::new() }
            .with(header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}.{format}\""))
    })
}

type Step = (Vec<Map<String, Json>>, Option<paas_document::Cursor>);

fn export_step(
    service: &Service,
    kind: &dyn Kind,
    (caller, query): (&Caller, &Query),
    tx: &mut paas_store::Tx,
) -> Result<Step> {
    let mut found = tx.find(kind.meta(), query)?;
    if !kind.meta().tables.is_empty() {
        tx.load_rows(&mut found.records)?;
    }
    let maps = render(tx, &service.cell.registry, caller, (kind, View::Whole), &mut found.records)?;
    let maps = maps.into_iter().map(|mut map| {
        map.remove("allowedActions");
        map
    });
    Ok((maps.collect(), found.next))
}

pub(super) async fn history(service: &Arc<Service>, kind: Arc<dyn Kind>, id: &str, call: Incoming) -> Result<Reply> {
    let (caller, scope) = reader(service, &*kind, &call, "read").await?;
    let (id, tenant, owner) = (record_id(&*kind, id)?, Service::tenant(&call.context)?, Arc::clone(service));
    let entries = service
        .store
        .read(&tenant, move |tx| {
            if !tx.visible(kind.meta(), id, &scope)? {
                return Err(Refusal::not_found());
            }
            let rows = tx.history(kind.meta().name, id, HISTORY)?;
            let ctx = Ctx::new(tx, &owner.cell.registry, &caller);
            Ok(rows.into_iter().map(|row| entry(&ctx, &*kind, row)).collect::<Vec<Json>>())
        })
        .await?;
    Ok(Reply::ok(&json!({"data": entries})))
}

/// A history entry with field rights applied: what may not be seen is not named.
fn entry(ctx: &Ctx<'_>, kind: &dyn Kind, row: AuditRow) -> Json {
    let shown = |text: Option<String>| -> Json {
        let parsed = text.and_then(|t| serde_json::from_str::<Map<String, Json>>(&t).ok());
        let Some(mut map) = parsed else { return Json::Null };
        map.retain(|name, _| {
            let right = ctx.caller.rights.field(&ctx.registry.code(kind.meta(), name));
            right > paas_auth::FieldRight::Masked
        });
        Json::Object(map)
    };
    json!({
        "at": row.at.to_string(),
        "actor": {"id": row.actor.to_string(), "name": row.actor_name},
        "action": row.action,
        "before": shown(row.before),
        "after": shown(row.after),
        "requestId": row.request_id,
    })
}
