//! What operators see of the work between cells: events, what could not be taken of them, how the cells are. In the
//! operator's tenant of all tenants, without the contents of other tenants' events; elsewhere of the caller's own.

use crate::admission::{account_of, tenant_named};
use crate::principal::cells_of;
use crate::tenant::SYSTEM;
use futures_util::future::join_all;
use paas_auth::{Context, ContextTenant, FieldRight};
use paas_cell::prelude::*;
use paas_cell::{Access, InternalCall, Service, ServiceRoute};
use paas_link::Call;
use paas_types::Code;
use std::sync::Arc;
use std::time::{Duration, Instant as Moment};

/// How long a cell may take to answer.
const DEADLINE: Duration = Duration::from_secs(3);
/// How long a cell may take to say how it is.
const HEALTH_DEADLINE: Duration = Duration::from_secs(1);
/// Events in one answer, unless the caller says how many.
const EVENTS: usize = 50;
/// Most events in one answer.
const MOST_EVENTS: usize = 200;

/// `GET /platform/events`
pub(crate) const EVENTS_ROUTE: ServiceRoute = ServiceRoute {
    method: "GET",
    path: "events",
    permission: "event.read",
    label: ("业务事件", "Events"),
    handler: |service, call| Box::pin(events(service, call)),
};

/// `GET /platform/dead-letters`
pub(crate) const LETTERS_ROUTE: ServiceRoute = ServiceRoute {
    method: "GET",
    path: "dead-letters",
    permission: "dead-letter.read",
    label: ("未处理事件", "Events put aside"),
    handler: |service, call| Box::pin(letters(service, call)),
};

/// `POST /platform/dead-letters/{id}/replay`
pub(crate) const REPLAY_ROUTE: ServiceRoute = ServiceRoute {
    method: "POST",
    path: "dead-letters/{}/replay",
    permission: "dead-letter.replay",
    label: ("重新处理事件", "Replay an event"),
    handler: |service, call| Box::pin(settle(service, call, "replay")),
};

/// `POST /platform/dead-letters/{id}/discard`
pub(crate) const DISCARD_ROUTE: ServiceRoute = ServiceRoute {
    method: "POST",
    path: "dead-letters/{}/discard",
    permission: "dead-letter.discard",
    label: ("放弃事件", "Give an event up"),
    handler: |service, call| Box::pin(settle(service, call, "discard")),
};

/// `GET /platform/health-summary`
pub(crate) const HEALTH_ROUTE: ServiceRoute = ServiceRoute {
    method: "GET",
    path: "health-summary",
    permission: "health.read",
    label: ("运行状况", "Health"),
    handler: |service, call| Box::pin(health(service, call)),
};

/// Who looks, and how far.
struct View {
    own: ContextTenant,
    operator: bool,
    access: Arc<Access>,
    cells: Vec<String>,
}

impl View {
    async fn of(service: &Arc<Service>, context: &Context) -> Result<View> {
        let own = context.tenant.clone().ok_or_else(|| Refusal::new(Code::MissingTenantId))?;
        let operator = own.code == SYSTEM;
        let cells = if operator {
            service.peers().names()
        } else {
            cells_of(&account_of(service, &own.code).await?.ok_or_else(Refusal::not_found)?)
        };
        let access = service.caller(context).await?.rights;
        Ok(View { own, operator, access, cells })
    }

    /// The system, asking for whom this view is: for the operator above tenants.
    fn context(&self, call: &InternalCall) -> Context {
        let system = Context::system(&call.context.request_id, &call.context.trace_id);
        if self.operator { system } else { system.for_tenant(self.own.clone()) }
    }

    /// An event as the caller may see it; `None` when not at all. Others' contents are not the operator's business, and
    /// nobody sees in an event what the record would not show.
    fn shown(&self, mut event: Json) -> Option<Json> {
        let text = |name: &str| event.get(name).and_then(Json::as_str).unwrap_or_default().to_owned();
        let (kind, tenant) = (text("eventType"), text("tenantId"));
        let kind = kind.rsplit_once('.').map(|(kind, _)| kind.to_owned()).unwrap_or_default();
        if tenant != self.own.code {
            if !self.operator {
                return None;
            }
            if let Some(data) = event.get_mut("data") {
                *data = Json::Null;
            }
            return Some(event);
        }
        if !self.access.scope(&format!("{kind}.read")).all {
            return None;
        }
        if let Some(data) = event.get_mut("data").and_then(Json::as_object_mut) {
            data.retain(|name, _| self.access.field(&format!("{kind}.{name}")) != FieldRight::Hidden);
            for (_, value) in
                data.iter_mut().filter(|(n, _)| self.access.field(&format!("{kind}.{n}")) == FieldRight::Masked)
            {
                *value = Json::from("***");
            }
        }
        Some(event)
    }
}

fn list(answer: Json) -> Vec<Json> {
    answer.get("data").and_then(Json::as_array).cloned().unwrap_or_default()
}

/// Asks cells at once; what they answered, and who did not.
async fn ask(
    service: &Arc<Service>,
    view: &View,
    call: &InternalCall,
    cells: &[String],
    target: &str,
) -> Result<(Vec<Json>, Vec<String>)> {
    let template = Call::get(target)?.within(DEADLINE);
    let asked = cells.iter().map(|cell| {
        let (context, ask) = (view.context(call), template.clone());
        async move { (cell.clone(), service.peers().json::<Json>(cell, context, ask).await) }
    });
    let (mut found, mut silent) = (Vec::new(), Vec::new());
    for (cell, answer) in join_all(asked).await {
        match answer {
            Ok(answer) => found.extend(list(answer)),
            Err(_) => silent.push(cell),
        }
    }
    Ok((found, silent))
}

fn invalid(name: &'static str) -> Refusal {
    Refusal::field(name, "INVALID", Text::of("不是有效的值。", "This value is not valid."))
}

fn plain(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b".-:Z".contains(&b))
}

/// Events in the order of their time: from `since` on, or the newest; of one `type`, or of all.
async fn events(service: Arc<Service>, call: InternalCall) -> Result<Json> {
    if let Some((unknown, _)) = call.query.iter().find(|(name, _)| !["type", "since", "limit"].contains(&name.as_str()))
    {
        return Err(Refusal::new(Code::UnknownFilter).with(json!({"filter": unknown})));
    }
    let view = View::of(&service, &call.context).await?;
    let limit = call.param("limit").map_or(Ok(EVENTS), |text| text.parse().map_err(|_| invalid("limit")))?;
    if limit == 0 || limit > MOST_EVENTS {
        return Err(invalid("limit"));
    }
    let mut target = format!("/internal/events?limit={limit}");
    let mut cells = view.cells.clone();
    if let Some(kind) = call.param("type") {
        if !plain(kind) {
            return Err(invalid("type"));
        }
        cells.retain(|cell| kind.split('.').next() == Some(cell));
        target.push_str(&format!("&type={kind}"));
    }
    let since = call.param("since").map(|text| text.parse::<Instant>().map_err(|()| invalid("since"))).transpose()?;
    if let Some(since) = since {
        target.push_str(&format!("&since={since}"));
    }
    let (found, silent) = ask(&service, &view, &call, &cells, &target).await?;
    let mut events: Vec<Json> = found.into_iter().filter_map(|event| view.shown(event)).collect();
    let time = |event: &Json| event.get("timestamp").and_then(Json::as_str).map(str::to_owned);
    events.sort_by_key(time);
    if since.is_none() && events.len() > limit {
        events.drain(..events.len() - limit);
    }
    events.truncate(limit);
    Ok(json!({"data": events, "unavailable": silent}))
}

/// A letter under the identity people use: the cell and the event.
fn addressed(view: &View, mut letter: Json) -> Json {
    let text = |name: &str| letter.get(name).and_then(Json::as_str).unwrap_or_default().to_owned();
    let id = format!("{}.{}", text("cell"), text("id"));
    let event = letter.get_mut("event").map(Json::take).and_then(|event| view.shown(event));
    if let Some(fields) = letter.as_object_mut() {
        fields.insert("id".to_owned(), Json::from(id));
        fields.insert("event".to_owned(), event.unwrap_or(Json::Null));
    }
    letter
}

async fn letters(service: Arc<Service>, call: InternalCall) -> Result<Json> {
    let view = View::of(&service, &call.context).await?;
    let (found, silent) = ask(&service, &view, &call, &view.cells, "/internal/dead-letters").await?;
    let letters: Vec<Json> = found.into_iter().map(|letter| addressed(&view, letter)).collect();
    Ok(json!({"data": letters, "unavailable": silent}))
}

/// Replays an event that was put aside, or gives it up, in the name of the caller.
async fn settle(service: Arc<Service>, call: InternalCall, action: &'static str) -> Result<Json> {
    let view = View::of(&service, &call.context).await?;
    let said = call.captured.first().map(String::as_str).unwrap_or_default();
    let (cell, id) = said.split_once('.').ok_or_else(Refusal::not_found)?;
    let id: Id = id.parse().map_err(|_| Refusal::not_found())?;
    let cell = view.cells.iter().find(|known| *known == cell).cloned().ok_or_else(Refusal::not_found)?;
    let tenant = if view.operator { tenant_of(&service, &view, &call, (&cell, id)).await? } else { view.own.clone() };
    let actor = Context {
        membership: call.context.membership,
        person_name: call.context.person_name.clone(),
        ..Context::system(&call.context.request_id, &call.context.trace_id)
    };
    let ask = Call::new(http::Method::POST, &format!("/internal/dead-letters/{id}/{action}"))?.within(DEADLINE);
    let letter: Json = service.peers().json(&cell, actor.for_tenant(tenant), ask).await?;
    Ok(addressed(&view, letter))
}

/// The tenant a letter lies in, for the operator of all.
async fn tenant_of(
    service: &Arc<Service>,
    view: &View,
    call: &InternalCall,
    at: (&String, Id),
) -> Result<ContextTenant> {
    let (cell, id) = at;
    let (found, silent) = ask(service, view, call, std::slice::from_ref(cell), "/internal/dead-letters").await?;
    if !silent.is_empty() {
        return Err(Refusal::unavailable(format!("cell {cell} did not answer")));
    }
    let id = id.to_string();
    let letter = found.iter().find(|letter| letter.get("id").and_then(Json::as_str) == Some(&id));
    let code =
        letter.and_then(|letter| letter.get("tenantId")).and_then(Json::as_str).ok_or_else(Refusal::not_found)?;
    let tenant = tenant_named(service, code).await?.ok_or_else(Refusal::not_found)?;
    Ok(ContextTenant { key: tenant.key, code: code.to_owned(), name: code.to_owned(), zone: view.own.zone.clone() })
}

/// Every cell: whether it answers, how quickly, how far it is with what it hears, how much it could not take.
async fn health(service: Arc<Service>, call: InternalCall) -> Result<Json> {
    let view = View::of(&service, &call.context).await?;
    let template = Call::get("/internal/health")?.within(HEALTH_DEADLINE);
    let (service, call, look) = (&service, &call, &view);
    let asked = view.cells.iter().map(|cell| {
        let ask = template.clone();
        async move {
            let begun = Moment::now();
            let answer = service.peers().json::<Json>(cell, look.context(call), ask).await;
            let latency = (begun.elapsed().as_secs_f64() * 10_000.0).round() / 10.0;
            let answer = answer.ok();
            let of = |name: &str| answer.as_ref().and_then(|said| said.get(name)).cloned().unwrap_or(Json::Null);
            json!({
                "cell": cell,
                "state": if answer.is_some() { "up" } else { "down" },
                "latencyMs": latency,
                "version": of("version"),
                "events": of("events"),
                "deadLetters": of("deadLetters"),
            })
        }
    });
    let cells = join_all(asked).await;
    let up = cells.iter().all(|cell| cell.get("state").and_then(Json::as_str) == Some("up"));
    Ok(json!({"status": if up { "up" } else { "degraded" }, "cells": cells}))
}
