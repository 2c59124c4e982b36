//! Events of other cells, as a reaction gets them.

use paas_types::{Id, Instant};
use serde_json::Value as Json;

/// An event heard from another cell.
#[derive(Clone, Debug, PartialEq)]
pub struct Heard {
    /// Its identity; each is taken once.
    pub id: Id,
    /// `{cell}.{subject}.{what-happened}`.
    pub event_type: String,
    /// What it is about.
    pub subject: Id,
    /// When it happened.
    pub at: Instant,
    /// The data, in the producer's shape.
    pub data: Json,
}
