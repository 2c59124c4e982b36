//! What others ask a cell about events: its log, what it could not take, how far it is. Only the system asks; the
//! platform asks for operators, in the tenant they may see or, for the operator of all, in none.

use super::lane::Lane;
use super::taking::{ATTEMPTS, Retried, Taking};
use super::wire::{Page, Wired};
use crate::http::{Incoming, Reply};
use crate::service::Service;
use paas_store::{DeadLetter, FeedFilter, Tx};
use paas_types::{Code, FieldError, Id, Refusal, Result, Tenant, TenantKey, Text, TimeZone};
use serde_json::{Value as Json, json};
use std::sync::Arc;

/// Most letters of a tenant in one answer.
const LETTERS: u32 = 200;

/// Answers a question of the system under `/internal/`.
pub(crate) async fn answer(service: &Arc<Service>, path: &[&str], call: &Incoming) -> Result<Reply> {
    let tenant = call.context.tenant.as_ref().map(paas_auth::ContextTenant::tenant);
    let said = match (call.method.as_str(), path) {
        ("GET", ["feed"]) => feed(service, call).await?,
        ("GET", ["events"]) => events(service, tenant, call).await?,
        ("GET", ["dead-letters"]) => letters(service, tenant).await?,
        ("POST", ["dead-letters", id, action]) => {
            let tenant = tenant.ok_or_else(|| Refusal::new(Code::MissingTenantId))?;
            let id = id.parse::<Id>().map_err(|_| Refusal::not_found())?;
            settle(service, tenant, id, action, call).await?
        }
        ("GET", ["health"]) => health(service, tenant).await?,
        _ => return Err(Refusal::not_found()),
    };
    Ok(Reply::ok(&said))
}

fn param<'a>(call: &'a Incoming, name: &str) -> Option<&'a str> {
    call.query.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
}

fn number<T: std::str::FromStr>(call: &Incoming, name: &'static str, default: T) -> Result<T> {
    param(call, name).map_or(Ok(default), |text| text.parse().map_err(|_| invalid(name)))
}

fn invalid(name: &'static str) -> Refusal {
    Refusal::fields(vec![FieldError {
        field: name.to_owned(),
        code: "INVALID",
        message: Text::of("不是有效的值。", "This value is not valid."),
    }])
}

/// The log, for consumers: `after`, `limit`, `snapshot`, `tenant` (a key).
async fn feed(service: &Arc<Service>, call: &Incoming) -> Result<Json> {
    let filter = FeedFilter {
        after: number(call, "after", 0)?,
        limit: number(call, "limit", 200)?,
        snapshot: number(call, "snapshot", false)?,
        tenant: param(call, "tenant").map(|_| number(call, "tenant", 0)).transpose()?.map(TenantKey),
        ..FeedFilter::default()
    };
    crate::to_json(&Page::of(service.cell.name(), service.store.feed_where(filter).await?))
}

/// The log, for people: `type`, `since`, `limit`; the newest events when no beginning is said.
async fn events(service: &Arc<Service>, tenant: Option<Tenant>, call: &Incoming) -> Result<Json> {
    let since = param(call, "since").map(|text| text.parse().map_err(|()| invalid("since"))).transpose()?;
    let filter = FeedFilter {
        limit: number(call, "limit", 50)?,
        tenant: tenant.map(|tenant| tenant.key),
        event_type: param(call, "type").map(str::to_owned),
        newest: since.is_none(),
        since,
        ..FeedFilter::default()
    };
    let page = Page::of(service.cell.name(), service.store.feed_where(filter).await?);
    let events = page.events.into_iter().map(|wired| crate::to_json(&wired.event)).collect::<Result<Vec<Json>>>()?;
    Ok(json!({"data": events}))
}

async fn tenants(service: &Arc<Service>, only: Option<Tenant>) -> Result<Vec<Tenant>> {
    let rows = service.store.tenants().await?.into_iter().map(|row| row.tenant);
    Ok(rows.filter(|tenant| only.as_ref().is_none_or(|only| only.key == tenant.key)).collect())
}

async fn letters(service: &Arc<Service>, only: Option<Tenant>) -> Result<Json> {
    let mut found = Vec::new();
    for tenant in tenants(service, only).await? {
        let letters = service.store.read(&tenant, |tx| tx.dead_letters(LETTERS)).await?;
        found.extend(letters.iter().map(|letter| shown(service, &tenant, letter)));
    }
    Ok(json!({"data": found}))
}

fn shown(service: &Service, tenant: &Tenant, letter: &DeadLetter) -> Json {
    json!({
        "id": letter.id,
        "cell": service.cell.name(),
        "producer": letter.producer,
        "tenantId": &*tenant.code,
        "eventType": letter.event_type,
        "subject": letter.subject,
        "state": state(letter),
        "attempts": letter.attempts,
        "error": letter.error,
        "at": letter.at.to_string(),
        "event": Wired::from_json(&letter.envelope).ok().and_then(|wired| crate::to_json(&wired.event).ok()),
    })
}

fn state(letter: &DeadLetter) -> &'static str {
    match letter.attempts {
        0 => "waiting",
        attempts if attempts < ATTEMPTS => "retrying",
        _ => "dead",
    }
}

/// Replays or discards an event that was put aside; what waits behind it goes on.
async fn settle(service: &Arc<Service>, tenant: Tenant, id: Id, action: &str, call: &Incoming) -> Result<Json> {
    let open = |tenant: Tenant| async move { service.store.read(&tenant, move |tx| tx.dead_letter_open(id)).await };
    let letter = open(tenant.clone()).await?.ok_or_else(Refusal::not_found)?;
    let lane = service.lanes.iter().find(|lane| lane.producer == letter.producer).cloned();
    let audited = match action {
        "replay" => "replay-event",
        "discard" => "discard-event",
        _ => return Err(Refusal::not_found()),
    };
    let done = json!({"event": letter.id, "eventType": letter.event_type, "producer": letter.producer}).to_string();
    let discard = action == "discard";
    let note = move |tx: &mut Tx| {
        if discard {
            tx.dead_letter_done(id)?;
        }
        tx.audit(audited, None, None, Some(done.clone()))
    };
    service.store.write(Service::actor(&call.context, tenant.clone()), note).await?;
    if let Some(lane) = lane {
        if !discard {
            replay(service, &lane, &tenant, &letter).await?;
        }
        lane.try_again(tenant.clone(), letter.subject);
    }
    Ok(match open(tenant.clone()).await? {
        Some(letter) => shown(service, &tenant, &letter),
        None => json!({"id": id, "cell": service.cell.name(), "state": if discard { "discarded" } else { "settled" }}),
    })
}

/// Takes what the subject waits for in order, up to and with this letter, and what waits behind it as far as it goes.
async fn replay(service: &Arc<Service>, lane: &Arc<Lane>, tenant: &Tenant, letter: &DeadLetter) -> Result<()> {
    let rows = service.store.tenants().await?;
    let row = rows.iter().find(|row| row.tenant.key == tenant.key);
    let zone = row.and_then(|row| TimeZone::named(&row.zone)).unwrap_or_else(TimeZone::shanghai);
    let taking = Taking { service: Arc::clone(service), lane: Arc::clone(lane) };
    let id = letter.id;
    loop {
        let forced = service.store.read(tenant, move |tx| tx.dead_letter_open(id)).await?.is_some();
        if taking.retry(tenant, letter.subject, zone.clone(), forced).await? != Retried::Settled {
            return Ok(());
        }
    }
}

/// How far this cell is with what it hears, and how much it could not take.
async fn health(service: &Arc<Service>, only: Option<Tenant>) -> Result<Json> {
    let now = service.clock.now();
    let mut letters = 0_u64;
    for tenant in tenants(service, only).await? {
        letters += service.store.read(&tenant, |tx| tx.dead_letter_count()).await?;
    }
    let lanes = service.lanes.iter().map(|lane| {
        let status = lane.status().clone();
        let lag = status.oldest.map_or(0, |oldest| (now.micros() - oldest.micros()).max(0) / 1_000);
        json!({
            "producer": lane.producer,
            "reachable": status.reachable,
            "position": status.position,
            "pending": status.pending,
            "lagMs": lag,
            "contactAt": status.contact_at.map(|at| at.to_string()),
        })
    });
    Ok(json!({"version": env!("CARGO_PKG_VERSION"), "events": lanes.collect::<Vec<Json>>(), "deadLetters": letters}))
}
