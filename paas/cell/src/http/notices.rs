//! `/{cell}/notices`: what others did to the caller's documents. Nobody reads another's, and what the caller may no
//! longer see is not named.

use super::history::verb;
use super::once::{Said, Work, run};
use super::{Incoming, Reply, write::parse_id};
use crate::cell::Registry;
use crate::ctx::Caller;
use crate::json::frame;
use crate::service::Service;
use paas_document::{HeadField, Op, Path, Query, Value};
use paas_store::{Notice, Stored, Tx};
use paas_types::{Id, Refusal, Result, Text};
use serde::Deserialize;
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Notices of one page, and the most ids of one call.
const PAGE: u32 = 50;
/// As far as unseen ones are counted.
const COUNTED: u32 = 100;

/// `GET notices?before=`: the newest, or the newest before one, and how many wait to be seen.
pub(super) async fn list(service: &Arc<Service>, call: &Incoming) -> Result<Reply> {
    let caller = service.caller(&call.context).await?;
    let before = call.query.iter().find(|(name, _)| name == "before").map(|(_, id)| parse_id(id)).transpose()?;
    let (tenant, owner) = (Service::tenant(&call.context)?, Arc::clone(service));
    let (data, unseen, next) = service
        .store
        .read(&tenant, move |tx| {
            let found = tx.notices(caller.user, before, PAGE)?;
            let full = found.len() == usize::try_from(PAGE).unwrap_or(usize::MAX);
            let next = found.last().filter(|_| full).map(|last| last.id.to_string());
            let registry = &owner.cell.registry;
            Ok((told(tx, registry, &caller, &found)?, unseen(tx, registry, &caller)?, next))
        })
        .await?;
    Ok(Reply::ok(&json!({"data": data, "unseen": unseen, "next": next})))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Seen {
    #[serde(default)]
    ids: Vec<String>,
    #[serde(default, rename = "upTo")]
    up_to: Option<String>,
}

/// `POST notices/seen`: these, or all up to one, have been seen.
pub(super) async fn see(service: &Arc<Service>, call: &Incoming) -> Result<Reply> {
    let said = Said::of_no_record(call)?;
    let Seen { ids, up_to } = frame(&call.body)?;
    if ids.len() > usize::try_from(PAGE).unwrap_or(usize::MAX) {
        return Err(Refusal::field("ids", "TOO_MANY_ROWS", Text::of("一次最多 50 条。", "At most 50 at once.")));
    }
    let read = |at: &str, id: &str| {
        let bad = || Refusal::field(at, "INVALID", Text::of("没有这样的编号。", "This is no id."));
        id.parse::<Id>().map_err(|_| bad())
    };
    let ids = ids.iter().enumerate().map(|(i, id)| read(&format!("ids[{i}]"), id)).collect::<Result<Vec<_>>>()?;
    let up_to = up_to.map(|id| read("upTo", &id)).transpose()?;
    let work: Work = Arc::new(move |ctx| {
        ctx.tx.see_notices(ctx.caller.user, &ids, up_to)?;
        let body = json!({"unseen": unseen(ctx.tx, ctx.registry, ctx.caller)?}).to_string().into_bytes();
        Ok(Stored { status: 200, body, etag: None, location: None })
    });
    run(service, call, &said, (work, None)).await
}

/// How many wait to be seen, counted to `COUNTED`.
fn unseen(tx: &mut Tx, registry: &Registry, caller: &Caller) -> Result<usize> {
    let waiting = tx.unseen_notices(caller.user, COUNTED)?;
    Ok(told(tx, registry, caller, &waiting)?.len())
}

/// The notices as the caller may see them. Of a record that is gone only its owner was told.
fn told(tx: &mut Tx, registry: &Registry, caller: &Caller, notices: &[Notice]) -> Result<Vec<Json>> {
    let mut asked: BTreeMap<&str, BTreeSet<Id>> = BTreeMap::new();
    notices.iter().for_each(|n| {
        asked.entry(n.kind.as_str()).or_default().insert(n.subject);
    });
    let mut visible = BTreeSet::new();
    for (name, ids) in asked {
        let Some(kind) = registry.kind_named(name) else { continue };
        let scope = registry.scope(&caller.rights, kind.meta(), "read");
        let values = ids.into_iter().map(Value::Id).collect();
        let query = Query { scope, ..Query::all(COUNTED).filter(Path::head(HeadField::Id), Op::In, values) };
        visible.extend(tx.find(kind.meta(), &query)?.records.iter().map(|record| record.id()));
    }
    let tell = |notice: &Notice| {
        let kind = registry.kind_named(&notice.kind)?;
        let meta = kind.meta();
        let may = caller.rights.allows(&registry.code(meta, "read"));
        if !may || !(visible.contains(&notice.subject) || notice.action == "delete") {
            return None;
        }
        let edge = kind.edges().iter().find(|e| e.name == notice.action);
        let label = edge.map(|e| &e.label).or_else(|| verb(&notice.action));
        Some(json!({
            "id": notice.id.to_string(),
            "at": notice.at.to_string(),
            "actor": {"id": notice.actor.to_string(), "name": notice.actor_name},
            "action": notice.action,
            "label": label.map(|l| l.get(caller.lang)),
            "type": meta.name,
            "resource": meta.resource,
            "subject": {"id": notice.subject.to_string(), "number": notice.number},
            "seen": notice.seen,
        }))
    };
    Ok(notices.iter().filter_map(tell).collect())
}
