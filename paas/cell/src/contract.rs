//! What a cell promises to those outside, from its declarations alone: no server, no data.

use crate::cell::Cell;
use crate::ctx::Caller;
use paas_document::EventBody;
use serde_json::{Map, Value as Json, json};

/// An event and the shape of its data.
#[derive(Clone, Debug, PartialEq)]
pub struct EventShape {
    /// `{cell}.{subject}.{what-happened}`.
    pub event_type: &'static str,
    /// Version of the shape.
    pub version: u32,
    /// JSON Schema of the data.
    pub schema: Json,
}

impl EventShape {
    /// The shape of an event.
    pub fn of<E: EventBody>() -> EventShape {
        EventShape { event_type: E::TYPE, version: E::VERSION, schema: E::schema() }
    }
}

/// The contract of a cell, as JSON documents. Equal declarations give equal text.
#[derive(Clone, Debug)]
pub struct Contract {
    /// OpenAPI 3.1.
    pub openapi: Json,
    /// What it tells others, and what it hears.
    pub events: Json,
    /// Permission codes, sorted.
    pub permissions: Json,
    /// The descriptor of the page, for a caller who may do everything.
    pub meta: Json,
}

impl Cell {
    /// What the cell promises to those outside.
    pub fn contract(&self) -> Contract {
        Contract {
            openapi: crate::openapi::document(&self.registry),
            events: json!({"tells": self.told(), "hears": self.heard()}),
            permissions: json!(self.permissions()),
            meta: crate::http::meta::whole(&self.registry, &Caller::system(), &crate::custom::Definitions::default()),
        }
    }

    /// Every event the cell tells, sorted by type and version.
    pub fn events(&self) -> Vec<EventShape> {
        let edges = self.registry.kinds.iter().flat_map(|kind| kind.edges());
        let mut shapes: Vec<EventShape> = edges.filter_map(|edge| edge.tells).map(|shape| shape()).collect();
        shapes.extend(self.tells.iter().map(|shape| shape()));
        shapes.sort_by(|a, b| (a.event_type, a.version).cmp(&(b.event_type, b.version)));
        shapes.dedup();
        shapes
    }

    /// What the cell believes of the events it hears, where it said so.
    pub fn beliefs(&self) -> Vec<EventShape> {
        self.reads.iter().map(|shape| shape()).collect()
    }

    fn told(&self) -> Json {
        let mut out = Map::new();
        for shape in self.events() {
            let name = format!("{}/{}", shape.event_type, shape.version);
            out.insert(name, shape.schema);
        }
        Json::Object(out)
    }

    /// The events the cell reacts to, by type and version.
    pub fn heard_events(&self) -> Vec<(&'static str, u32)> {
        self.hears.iter().map(|(name, version, _)| (*name, *version)).collect()
    }

    fn heard(&self) -> Json {
        let mut names: Vec<String> = self.hears.iter().map(|(name, version, _)| format!("{name}/{version}")).collect();
        names.sort_unstable();
        json!(names)
    }
}
