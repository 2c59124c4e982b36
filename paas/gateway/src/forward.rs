//! A call on its way to a cell and back.

use crate::breaker::Outcome;
use crate::callers::Caller;
use crate::gateway::Gateway;
use crate::reply;
use crate::request::{Asked, malformed, no_such_address};
use axum::body::Body;
use bytes::Bytes;
use http::header::{
    ACCEPT, ACCEPT_LANGUAGE, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, IF_MATCH, IF_NONE_MATCH, RETRY_AFTER,
    TRANSFER_ENCODING, UPGRADE,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, Uri};
use paas_auth::{CONTEXT_HEADER, Claims, Context, MemberKind};
use paas_link::{Call, LinkError};
use paas_types::{Code, Refusal, Result};
use serde_json::json;
use std::sync::Arc;

/// What a cell gets of the client's headers; everything else stays outside.
const PASSED_ON: [HeaderName; 5] = [ACCEPT, ACCEPT_LANGUAGE, CONTENT_TYPE, IF_MATCH, IF_NONE_MATCH];
/// What a client does not get of a cell's headers: matters of one hop, and of the inside.
const KEPT_IN: [&str; 9] = [
    "keep-alive",
    "proxy-authenticate",
    "proxy-connection",
    "te",
    "trailer",
    "server",
    "x-powered-by",
    "x-client-net",
    CONTEXT_HEADER,
];
const METHODS: &str = "GET, HEAD, POST, PUT, PATCH, DELETE";

/// A call that is about to be made for a caller, or for nobody yet.
pub(crate) struct Errand<'a> {
    pub cell: &'a str,
    pub target: String,
    pub context: Context,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Gateway {
    /// `/api/v1/{cell}/…`.
    pub(crate) async fn to_cell(&self, asked: &Asked, cell: &str, rest: &str, body: Body) -> Result<Response<Body>> {
        if !self.0.peers.has(cell) || rest.is_empty() {
            return Err(no_such_address());
        }
        let methods = [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];
        if !methods.contains(&asked.method) {
            return Ok(reply::not_allowed(asked, METHODS));
        }
        if rest == "openapi.json" && asked.is_read() {
            return self.cell_description(asked, cell).await;
        }
        let claims = self.claims(asked)?;
        let tenant = asked.header("x-tenant-id").ok_or_else(|| Refusal::new(Code::MissingTenantId))?;
        if tenant.trim() != claims.ten {
            return Err(Refusal::new(Code::TenantMismatch));
        }
        let caller = self.caller(asked, &claims).await?;
        let principal = &caller.principal;
        if principal.must_change_password {
            return Err(Refusal::new(Code::PasswordChangeRequired));
        }
        if cell != "platform" && !principal.cells.iter().any(|code| code == cell) {
            return Err(Refusal::new(Code::CellNotEnabled));
        }
        if rest != "meta" && !caller.rights.any_of(cell) {
            return Err(Refusal::new(Code::Forbidden));
        }
        self.0.limits.admit(principal.tenant.key, principal.membership.id, principal.limits)?;
        let config = &self.0.config;
        let large = rest.ends_with("/imports") || rest.ends_with("/batch");
        let limit = if large { config.large_body_bytes } else { config.body_bytes };
        let body = asked.take_body(body, limit, config.body_patience).await?;
        let target =
            if asked.query.is_empty() { asked.path.clone() } else { format!("{}?{}", asked.path, asked.query) };
        let context = context_of(asked, &claims, &caller);
        self.send(asked, Errand { cell, target, context, headers: passed_on(asked), body }).await
    }

    /// The claims of the bearer token.
    pub(crate) fn claims(&self, asked: &Asked) -> Result<Arc<Claims>> {
        let unknown = || Refusal::new(Code::Unauthenticated);
        let (scheme, token) = asked.header("authorization").and_then(|v| v.split_once(' ')).ok_or_else(unknown)?;
        if !scheme.eq_ignore_ascii_case("bearer") {
            return Err(unknown());
        }
        self.0.tokens.verify(token.trim(), self.0.config.clock.now())
    }

    /// The caller behind claims, when user, session and tenant may be used.
    pub(crate) async fn caller(&self, asked: &Asked, claims: &Claims) -> Result<Arc<Caller>> {
        let caller = self.0.callers.of(&self.0.peers, claims, asked).await?;
        if !caller.principal.active {
            return Err(Refusal::new(Code::Unauthenticated));
        }
        if !caller.principal.tenant.is_active() {
            return Err(Refusal::new(Code::TenantSuspended));
        }
        Ok(caller)
    }

    /// Makes the call: circuit, room, deadline; one more try of a read that met no connection.
    pub(crate) async fn send(&self, asked: &Asked, errand: Errand<'_>) -> Result<Response<Body>> {
        let Errand { cell, target, context, headers, body } = errand;
        let uri: Uri = target.parse().map_err(|_| malformed("address"))?;
        let read = asked.is_read();
        // `/api/v1/{cell}/{segment}` or `/internal/auth/{segment}`.
        let place = if target.starts_with("/internal/") { 3 } else { 4 };
        let segment = target.split(['/', '?']).nth(place).unwrap_or_default();
        let tenant = context.tenant.as_ref().map(|tenant| tenant.key);
        // Who is told that something is not available learns which cell it is.
        let named = |refusal: Refusal| refusal.with(json!({"cell": cell}));
        let admission = self.0.breakers.admit(cell, segment, read, tenant).map_err(named)?;
        let room = if read { self.0.config.in_flight } else { self.0.config.in_flight.div_ceil(4) * 3 };
        let full = || named(Refusal::unavailable("too many calls in flight"));
        let _place = self.0.metrics.of(cell).enter(room).ok_or_else(full)?;
        let deadline = self.0.config.deadline;
        let call = Call { method: asked.method.clone(), target: uri, headers, body, deadline };
        let again = (read && call.body.is_empty()).then(|| (context.clone(), call.clone()));
        let mut answer = self.0.peers.send(cell, context, call).await;
        let met_nobody = matches!(answer, Err(LinkError::Connect(_)));
        if let Some((context, call)) = again.filter(|_| met_nobody) {
            answer = self.0.peers.send(cell, context, call).await;
        }
        admission.ended(match &answer {
            Ok(response) if asks_for_patience(response) => Outcome::Fine,
            Ok(response) if response.status().is_server_error() => Outcome::Failed,
            Ok(_) => Outcome::Fine,
            Err(LinkError::Connect(_) | LinkError::Unknown(_)) => Outcome::Unreachable,
            Err(LinkError::Invalid(_)) => Outcome::Fine,
            Err(_) => Outcome::Failed,
        });
        let mut response = answer.map_err(|error| named(error.into()))?;
        scrub(response.headers_mut());
        Ok(in_envelope(response, asked))
    }
}

/// Back-pressure: the cell is well and says when to come again.
fn asks_for_patience(response: &Response<Body>) -> bool {
    response.status() == StatusCode::SERVICE_UNAVAILABLE && response.headers().contains_key(RETRY_AFTER)
}

/// The context of a caller; the link fills in what belongs to the call.
pub(crate) fn context_of(asked: &Asked, claims: &Claims, caller: &Caller) -> Context {
    let principal = &caller.principal;
    Context {
        membership: principal.membership.id,
        person: Some(principal.person.id),
        session: Some(claims.sid),
        person_name: principal.membership.name.clone(),
        department: principal.department,
        // A token is a person's, a service's or a device's; only the inside is the system.
        kind: match principal.membership.kind {
            MemberKind::System => MemberKind::Service,
            kind => kind,
        },
        policy_version: principal.policy.version,
        ..anonymous(asked)
    }
    .for_tenant(principal.tenant.context())
}

/// The context of nobody in particular: sign-in and the gateway's own questions.
pub(crate) fn anonymous(asked: &Asked) -> Context {
    Context { lang: asked.lang, ..Context::system(&asked.request_id, &asked.trace_id) }
}

/// The headers a cell gets.
pub(crate) fn passed_on(asked: &Asked) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(8);
    for name in PASSED_ON {
        if let Some(value) = asked.headers.get(&name) {
            headers.insert(name, value.clone());
        }
    }
    for (name, value) in [("x-request-id", &asked.request_id), ("traceparent", &asked.traceparent)] {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
    headers
}

fn scrub(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    for name in named.into_iter().chain([CONNECTION, TRANSFER_ENCODING, UPGRADE]) {
        headers.remove(name);
    }
    for name in KEPT_IN {
        headers.remove(name);
    }
}

/// An error without an envelope (a router's bare 404, say) gets one.
fn in_envelope(response: Response<Body>, asked: &Asked) -> Response<Body> {
    let json = response.headers().get(CONTENT_TYPE).is_some_and(|v| v.as_bytes().starts_with(b"application/json"));
    let status = response.status();
    if status.as_u16() < 400 || json || asked.method == Method::HEAD {
        return response;
    }
    let refusal = match status {
        StatusCode::NOT_FOUND => no_such_address(),
        StatusCode::METHOD_NOT_ALLOWED => Refusal::new(Code::MethodNotAllowed),
        StatusCode::PAYLOAD_TOO_LARGE => Refusal::new(Code::PayloadTooLarge),
        StatusCode::UNSUPPORTED_MEDIA_TYPE => Refusal::new(Code::UnsupportedMediaType),
        StatusCode::UNAUTHORIZED => Refusal::new(Code::Unauthenticated),
        StatusCode::FORBIDDEN => Refusal::new(Code::Forbidden),
        StatusCode::SERVICE_UNAVAILABLE => Refusal::unavailable("the cell is not available"),
        StatusCode::GATEWAY_TIMEOUT => Refusal::new(Code::Timeout),
        status if status.is_client_error() => malformed("refused by the cell"),
        status => Refusal::internal(format_args!("the cell answered {status} without an envelope")),
    };
    let mut plain = reply::refused(&refusal, asked);
    for (name, value) in response.headers() {
        if *name != CONTENT_TYPE && *name != CONTENT_LENGTH {
            plain.headers_mut().insert(name.clone(), value.clone());
        }
    }
    plain
}
