//! Routes beside the resources: a cell's own services, for people under `/api/v1/{cell}/` and for the gateway and other
//! cells under `/internal/`, which is never reachable from outside.

use crate::service::Service;
use bytes::Bytes;
use http::HeaderMap;
use paas_auth::Context;
use paas_document::Query;
use paas_store::Found;
use paas_types::{Result, Text};
use serde_json::Value as Json;
use std::pin::Pin;
use std::sync::Arc;

/// The answer of a route, as JSON.
pub type Answer = Pin<Box<dyn Future<Output = Result<Json>> + Send>>;

/// Work that completes a create elsewhere: the service, who called, the record as answered.
pub type Completion = fn(Arc<Service>, Context, Json) -> Pin<Box<dyn Future<Output = Result<()>> + Send>>;

/// A question asked elsewhere before records of a type are written; rules find the answer by [`crate::Ctx::asked`].
pub type Inquiry = fn(Arc<Service>, Context) -> Answer;

/// Answers the lists of a view: who asks, and the checked question.
pub type Source = fn(Arc<Service>, Context, Query) -> Pin<Box<dyn Future<Output = Result<Found>> + Send>>;

/// Where a view comes from.
pub(crate) struct View {
    pub(crate) name: &'static str,
    pub(crate) source: Source,
    /// Names of the fields it can be sorted by.
    pub(crate) sorts: &'static [&'static str],
}

/// One call.
#[derive(Debug)]
pub struct InternalCall {
    /// Who calls and for whom, verified.
    pub context: Context,
    /// Query parameters, decoded.
    pub query: Vec<(String, String)>,
    /// Headers.
    pub headers: HeaderMap,
    /// Body.
    pub body: Bytes,
    /// What stood at the `{}` of the path, in order.
    pub captured: Vec<String>,
}

impl InternalCall {
    /// The first value of a query parameter.
    pub fn param(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }
}

/// A route with its handler.
#[derive(Clone, Copy)]
pub struct InternalRoute {
    /// HTTP method.
    pub method: &'static str,
    /// Path below `/internal/`, literal.
    pub path: &'static str,
    /// What it does.
    pub handler: fn(Arc<Service>, InternalCall) -> Answer,
}

/// A service of a cell for people, under `/api/v1/{cell}/`: something that is no record of a declared type.
#[derive(Clone, Copy)]
pub struct ServiceRoute {
    /// HTTP method.
    pub method: &'static str,
    /// Path below `/api/v1/{cell}/`; a segment `{}` stands for any one.
    pub path: &'static str,
    /// The permission it takes, without the cell: `type.verb`.
    pub permission: &'static str,
    /// What it is for.
    pub label: (&'static str, &'static str),
    /// What it does.
    pub handler: fn(Arc<Service>, InternalCall) -> Answer,
}

impl ServiceRoute {
    /// What stands at the `{}` of the path, when the segments are those of the route.
    pub(crate) fn matches(&self, segments: &[&str]) -> Option<Vec<String>> {
        let own: Vec<&str> = self.path.split('/').collect();
        if own.len() != segments.len() || !own.iter().zip(segments).all(|(o, s)| *o == "{}" || o == s) {
            return None;
        }
        Some(own.iter().zip(segments).filter(|(o, _)| **o == "{}").map(|(_, s)| (*s).to_owned()).collect())
    }

    pub(crate) fn label(&self) -> Text {
        Text::of(self.label.0, self.label.1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_captures_what_stands_at_its_marks() {
        let route = ServiceRoute {
            method: "POST",
            path: "shelves/{}/sweep",
            permission: "shelf.sweep",
            label: ("清理", "Sweep"),
            handler: |_, _| Box::pin(async { Ok(Json::Null) }),
        };
        assert_eq!(route.matches(&["shelves", "7", "sweep"]), Some(vec!["7".to_owned()]));
        for other in [&["shelves", "7"][..], &["shelves", "7", "mop"], &["shelves", "7", "sweep", "x"]] {
            assert_eq!(route.matches(other), None);
        }
    }
}
