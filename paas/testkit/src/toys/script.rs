//! A producer whose log says whatever a test wants: gaps, restored databases, faults.

use paas_cell::{Cell, InternalCall, InternalRoute, Service};
use paas_types::{Id, Refusal, Result, Tenant};
use serde_json::{Value as Json, json};
use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

static SCRIPTS: LazyLock<Mutex<HashMap<[u8; 32], Script>>> = LazyLock::new(Mutex::default);

/// The log a scripted producer has.
#[derive(Clone, Debug, Default)]
pub struct Script {
    /// Its epoch.
    pub epoch: String,
    /// Its events, each with its position.
    pub events: Vec<(i64, Json)>,
    /// Whether it refuses to answer.
    pub down: bool,
}

impl Script {
    /// An event of the maker: the gadget with this code and identity was turned.
    pub fn turned(event: Id, subject: Id, tenant: &Tenant, code: &str, turn: i64) -> Json {
        json!({"tenant": tenant.key.0, "event": {
            "eventId": event, "eventType": "maker.gadget.turned", "timestamp": "2026-01-01T00:00:00Z",
            "source": "maker", "tenantId": &*tenant.code, "traceId": "", "subject": subject, "schemaVersion": 1,
            "data": {"code": code, "turn": turn}}})
    }

    /// Makes this the log of the scripted producer of an installation.
    pub fn play(self, service: &Service) {
        SCRIPTS.lock().unwrap_or_else(PoisonError::into_inner).insert(service.master().derive("script"), self);
    }
}

/// A cell in the place of the maker, which tells what its script says.
pub fn scripted() -> Cell {
    Cell::new("maker", "剧本 | Script").route(InternalRoute {
        method: "GET",
        path: "feed",
        handler: |service, call| Box::pin(feed(service, call)),
    })
}

async fn feed(service: Arc<Service>, call: InternalCall) -> Result<Json> {
    let scripts = SCRIPTS.lock().unwrap_or_else(PoisonError::into_inner);
    let script = scripts.get(&service.master().derive("script")).cloned().unwrap_or_default();
    if script.down {
        return Err(Refusal::unavailable("the script says so"));
    }
    let number = |name| call.param(name).and_then(|text| text.parse::<i64>().ok());
    let (after, limit) = (number("after").unwrap_or_default(), number("limit").unwrap_or(1));
    let fits = |(seq, event): &&(i64, Json)| {
        *seq > after && number("tenant").is_none_or(|tenant| event["tenant"].as_i64() == Some(tenant))
    };
    let found = script.events.iter().filter(fits).take(usize::try_from(limit).unwrap_or_default());
    let events: Vec<Json> = found
        .map(|(seq, event)| {
            let mut event = event.clone();
            event["seq"] = json!(seq);
            event
        })
        .collect();
    Ok(json!({"epoch": script.epoch, "events": events}))
}
