//! Events on their way between cells: the envelope of the contract with the position in the producer's log.

use crate::events::Heard;
use paas_store::{Feed, FeedEvent};
use paas_types::{Id, Instant, Refusal, Result, Tenant, TenantKey};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

/// A part of a producer's log.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Page {
    /// Changes when the producer was restored.
    pub(crate) epoch: String,
    /// In order.
    pub(crate) events: Vec<Wired>,
}

/// One event with its position.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Wired {
    /// Position in the log, without gaps.
    pub(crate) seq: i64,
    /// The tenant's key, the same in all cells.
    pub(crate) tenant: i64,
    /// What happened.
    pub(crate) event: Envelope,
}

/// The envelope of the contract.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Envelope {
    pub(crate) event_id: Id,
    pub(crate) event_type: String,
    pub(crate) timestamp: String,
    pub(crate) source: String,
    pub(crate) tenant_id: String,
    pub(crate) trace_id: String,
    pub(crate) subject: Id,
    pub(crate) schema_version: u32,
    pub(crate) data: Json,
}

impl Page {
    /// A part of the log of a cell.
    pub(crate) fn of(source: &str, feed: Feed) -> Page {
        let events = feed.events.into_iter().map(|event| Wired::of(source, event)).collect();
        Page { epoch: feed.epoch, events }
    }
}

impl Wired {
    /// An event of a cell.
    pub(crate) fn of(source: &str, event: FeedEvent) -> Wired {
        let FeedEvent { seq, id, event_type, version, subject, tenant, at, trace_id, data } = event;
        let event = Envelope {
            event_id: id,
            event_type,
            timestamp: at.to_string(),
            source: source.to_owned(),
            tenant_id: tenant.code.to_string(),
            trace_id,
            subject,
            schema_version: version,
            data,
        };
        Wired { seq, tenant: tenant.key.0, event }
    }

    /// As a dead letter keeps it.
    pub(crate) fn to_json(&self) -> Result<Json> {
        serde_json::to_value(self).map_err(Refusal::internal)
    }

    /// From a dead letter.
    pub(crate) fn from_json(json: &Json) -> Result<Wired> {
        Wired::deserialize(json).map_err(Refusal::internal)
    }

    /// Whose it is.
    pub(crate) fn tenant(&self) -> Tenant {
        Tenant { key: TenantKey(self.tenant), code: self.event.tenant_id.as_str().into() }
    }

    /// As a reaction gets it.
    pub(crate) fn heard(&self) -> Heard {
        Heard {
            id: self.event.event_id,
            event_type: self.event.event_type.clone(),
            version: self.event.schema_version,
            subject: self.event.subject,
            at: self.event.timestamp.parse().unwrap_or(Instant::from_micros(0)),
            data: self.event.data.clone(),
        }
    }
}
