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
    /// Version of its shape.
    pub version: u32,
    /// What it is about.
    pub subject: Id,
    /// When it happened.
    pub at: Instant,
    /// The data, in the producer's shape.
    pub data: Json,
}

impl Heard {
    /// A text of the data.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.data.get(name).and_then(Json::as_str)
    }

    /// An identity of the data.
    pub fn id_of(&self, name: &str) -> Option<Id> {
        self.text(name).and_then(|text| text.parse().ok())
    }
}
