//! The gateway: one door, one order of checks.

use crate::breaker::Breakers;
use crate::callers::Callers;
use crate::health::Health;
use crate::limits::RateLimits;
use crate::metrics::Metrics;
use crate::openapi::Descriptions;
use crate::pages::{self, Pages};
use crate::request::{Asked, malformed, no_such_address};
use crate::{GatewayConfig, reply};
use axum::Router;
use axum::body::Body;
use http::header::CONNECTION;
use http::{HeaderValue, Request, Response, StatusCode};
use paas_auth::TokenKey;
use paas_link::Peers;
use paas_types::{Code, Result};
use serde_json::json;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// The front door. Cloning shares.
#[derive(Clone)]
pub struct Gateway(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    pub config: GatewayConfig,
    pub peers: Peers,
    pub tokens: TokenKey,
    pub callers: Callers,
    pub limits: RateLimits,
    pub breakers: Breakers,
    pub metrics: Metrics,
    pub health: Health,
    pub descriptions: Descriptions,
    pub pages: Pages,
    pub stopping: AtomicBool,
}

impl std::fmt::Debug for Gateway {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Gateway")
    }
}

impl Gateway {
    /// A gateway to the cells of `peers`, which must have the cell `platform`; the others may be connected later.
    pub fn new(config: GatewayConfig, peers: Peers, tokens: TokenKey) -> Gateway {
        Gateway(Arc::new(Inner {
            callers: Callers::new(),
            limits: RateLimits::new(),
            breakers: Breakers::new(config.circuit_open),
            metrics: Metrics::default(),
            health: Health::default(),
            descriptions: Descriptions::default(),
            pages: Pages::new(&config),
            stopping: AtomicBool::new(false),
            config,
            peers,
            tokens,
        }))
    }

    /// As a router, for a server of somebody else's; [`crate::serve`] is the whole thing.
    pub fn router(&self) -> Router {
        let gateway = self.clone();
        Router::new().fallback(move |request: Request<Body>| {
            let gateway = gateway.clone();
            async move { gateway.handle(request, IpAddr::V4(Ipv4Addr::LOCALHOST)).await }
        })
    }

    /// The numbers for `/metrics` on the admin address, in Prometheus text.
    pub fn metrics_text(&self) -> String {
        self.0.metrics.text(&self.0.breakers.open(), &self.0.health.up(&self.0.peers))
    }

    /// Answers a request of a client at an address. Never fails: a refusal is an answer.
    pub async fn handle(&self, request: Request<Body>, client: IpAddr) -> Response<Body> {
        let (head, body) = request.into_parts();
        let asked = Asked::read(head, client);
        let mut response = match self.route(&asked, body).await {
            Ok(response) => response,
            Err(refusal) => {
                if let Some(cause) = refusal.cause() {
                    let code = refusal.code().as_str();
                    tracing::warn!(request_id = asked.request_id, trace_id = asked.trace_id, code, cause, "refused");
                }
                reply::refused(&refusal, &asked)
            }
        };
        let took = reply::finish(&mut response, &asked, self.0.config.https);
        let cell = asked.path.strip_prefix("/api/v1/").and_then(|rest| rest.split('/').next());
        let cell = cell.filter(|cell| self.0.peers.has(cell)).unwrap_or("gateway");
        self.0.metrics.of(cell).note(response.status(), took);
        tracing::info!(
            request_id = asked.request_id,
            trace_id = asked.trace_id,
            method = asked.method.as_str(),
            path = asked.path,
            status = response.status().as_u16(),
            ms = took.as_secs_f64() * 1000.0,
            "request"
        );
        response
    }

    /// The answer to a request whose framing can be read in two ways.
    pub(crate) fn refuse_framing(&self, request: Request<Body>, client: IpAddr) -> Response<Body> {
        let (head, _) = request.into_parts();
        let asked = Asked::read(head, client);
        let mut response = reply::refused(&malformed("framing"), &asked);
        reply::finish(&mut response, &asked, self.0.config.https);
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        response
    }

    async fn route(&self, asked: &Asked, body: Body) -> Result<Response<Body>> {
        asked.check(&self.0.config)?;
        let path = asked.path.as_str();
        if let Some(rest) = path.strip_prefix("/api/v1/") {
            if rest == "openapi.json" && asked.is_read() {
                return Ok(self.whole_description(asked).await);
            }
            let (cell, rest) = rest.split_once('/').unwrap_or((rest, ""));
            return if cell == "auth" {
                self.sign_in(asked, rest, body).await
            } else {
                self.to_cell(asked, cell, rest, body).await
            };
        }
        let inside = ["/api", "/internal", "/metrics"];
        if inside.iter().any(|p| path.strip_prefix(p).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))) {
            return Err(no_such_address());
        }
        let own = ["/health", "/health/live", "/health/ready", "/openapi.json", "/docs"].contains(&path);
        if own && !asked.is_read() {
            return Ok(reply::not_allowed(asked, "GET, HEAD"));
        }
        match path {
            "/health/live" => {
                Ok(reply::json(StatusCode::OK, &json!({"status": "up", "version": self.0.config.version})))
            }
            "/health/ready" => Ok(self.ready(asked)),
            "/health" => {
                let (any, report) = self.0.health.report(&self.0.peers, self.0.config.version);
                Ok(reply::json(if any { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }, &report))
            }
            "/openapi.json" => Ok(self.whole_description(asked).await),
            "/docs" => pages::docs(),
            _ => self.0.pages.open(asked),
        }
    }

    /// Ready is who is not stopping and can ask the platform.
    fn ready(&self, asked: &Asked) -> Response<Body> {
        let platform = self.0.health.up(&self.0.peers).iter().any(|(cell, up)| cell == "platform" && *up);
        if platform && !self.0.stopping.load(Ordering::Acquire) {
            reply::json(StatusCode::OK, &json!({"status": "up", "version": self.0.config.version}))
        } else {
            reply::refused(&paas_types::Refusal::new(Code::Unavailable), asked)
        }
    }
}
