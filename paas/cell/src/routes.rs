//! Routes of the platform's own services under `/internal/`: called by the gateway and by cells with a signed context,
//! never reachable from outside.

use crate::service::Service;
use bytes::Bytes;
use http::HeaderMap;
use paas_auth::Context;
use paas_types::Result;
use serde_json::Value as Json;
use std::pin::Pin;
use std::sync::Arc;

/// The answer of a route, as JSON.
pub type Answer = Pin<Box<dyn Future<Output = Result<Json>> + Send>>;

/// Work that completes a create elsewhere: the service, who called, the record as answered.
pub type Completion = fn(Arc<Service>, Context, Json) -> Pin<Box<dyn Future<Output = Result<()>> + Send>>;

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
