//! The HTTP surface of a cell. Every call but health carries a signed context for this very cell and call.

mod audit;
mod cursor;
mod customs;
mod effect;
mod export;
mod groups;
mod history;
mod internal;
mod links;
mod many;
pub(crate) mod meta;
mod notices;
mod once;
mod params;
mod read;
mod report;
mod today;
mod view;
mod write;

pub use audit::Checkpoint;

use crate::kind::Kind;
use crate::routes::InternalCall;
use crate::service::Service;
use axum::body::Body;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};
use paas_auth::{CONTEXT_HEADER, Context};
use paas_types::{Code, Lang, Refusal, Result, Secret, Text};
use serde_json::Value as Json;
use std::sync::Arc;

/// The largest body a cell takes, bytes; the gateway refuses larger ones first.
const BODY_BYTES: usize = 12 * 1024 * 1024;

/// A verified call.
pub(crate) struct Incoming {
    pub(crate) context: Context,
    pub(crate) method: Method,
    pub(crate) query: Vec<(String, String)>,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// What was asked elsewhere before this write, for the rules of the type.
    pub(crate) asked: Option<Arc<Json>>,
    /// Passwords of this write and their hashes.
    pub(crate) hashes: Hashes,
}

/// Passwords with what is stored of them: computed before a transaction, since it takes long and the writer is
/// everybody's.
pub(crate) type Hashes = Arc<Vec<(Secret<String>, String)>>;

/// An answer before it is bytes.
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) body: Bytes,
    /// A body that is made while it is sent; then `body` is empty.
    pub(crate) stream: Option<Body>,
    pub(crate) mime: &'static str,
    pub(crate) headers: Vec<(header::HeaderName, String)>,
}

impl Reply {
    pub(crate) fn json(status: StatusCode, value: &Json) -> Reply {
        let body = value.to_string().into();
        Reply { status, body, stream: None, mime: "application/json", headers: Vec::new() }
    }

    pub(crate) fn stream(stream: Body, mime: &'static str) -> Reply {
        Reply { status: StatusCode::OK, body: Bytes::new(), stream: Some(stream), mime, headers: Vec::new() }
    }

    /// What is JSON already.
    pub(crate) fn text(json: String) -> Reply {
        let (status, mime) = (StatusCode::OK, "application/json");
        Reply { status, body: json.into(), stream: None, mime, headers: Vec::new() }
    }

    pub(crate) fn ok(value: &Json) -> Reply {
        Reply::json(StatusCode::OK, value)
    }

    #[must_use]
    pub(crate) fn with(mut self, name: header::HeaderName, value: impl Into<String>) -> Reply {
        self.headers.push((name, value.into()));
        self
    }
}

/// A write that may have to be completed elsewhere.
#[derive(Clone, Copy)]
enum Write<'a> {
    Create,
    Batch,
    Patch(&'a str),
}

/// The routes of a cell as one service.
pub fn router(service: Arc<Service>) -> axum::Router {
    axum::Router::new().fallback(move |request: Request<Body>| {
        let service = Arc::clone(&service);
        async move { handle(service, request).await }
    })
}

async fn handle(service: Arc<Service>, request: Request<Body>) -> Response<Body> {
    if request.method() == Method::GET {
        match request.uri().path() {
            "/health/live" => return plain(StatusCode::OK, &serde_json::json!({"status": "up"})),
            "/health/ready" => return ready(&service).await,
            _ => {}
        }
    }
    let (parts, body) = request.into_parts();
    let lang =
        parts.headers.get(header::ACCEPT_LANGUAGE).and_then(|v| v.to_str().ok()).map_or(Lang::Zh, Lang::from_header);
    let answer = async {
        let body = paas_link::read_body(body, BODY_BYTES).await;
        let body = body.map_err(|e| Refusal::new(Code::PayloadTooLarge).caused_by(e))?;
        let call = verify(&service, &parts, body)?;
        let request_id = call.context.request_id.clone();
        let lang = call.context.lang;
        let path = parts.uri.path().to_owned();
        Ok::<_, Refusal>((dispatch(&service, &path, call).await, request_id, lang))
    };
    match answer.await {
        Ok((Ok(reply), _, _)) => respond(reply),
        Ok((Err(refusal), request_id, lang)) => refuse(&refusal, lang, &request_id),
        Err(refusal) => refuse(&refusal, lang, ""),
    }
}

/// Ready is whose database answers and whose connections are not held for good.
async fn ready(service: &Arc<Service>) -> Response<Body> {
    match service.store.ping().await {
        Ok(()) if !service.store.is_blocked() => {
            plain(StatusCode::OK, &serde_json::json!({"status": "up", "version": env!("CARGO_PKG_VERSION")}))
        }
        _ => plain(StatusCode::SERVICE_UNAVAILABLE, &serde_json::json!({"status": "down"})),
    }
}

fn verify(service: &Service, parts: &http::request::Parts, body: Bytes) -> Result<Incoming> {
    let header = parts.headers.get(CONTEXT_HEADER).and_then(|h| h.to_str().ok());
    let header = header.ok_or_else(|| Refusal::new(Code::Unauthenticated))?;
    let (path, query) = (parts.uri.path(), parts.uri.query().unwrap_or_default());
    let now = service.clock.now();
    let context = service.key.verify(header, (parts.method.as_str(), path, query), &body, now)?;
    service.guard.admit(&context.request_id, context.attempt, now)?;
    let query = params::decode(query)?;
    let (method, headers) = (parts.method.clone(), parts.headers.clone());
    Ok(Incoming { context, method, query, headers, body, asked: None, hashes: Hashes::default() })
}

async fn dispatch(service: &Arc<Service>, path: &str, call: Incoming) -> Result<Reply> {
    if let Some(rest) = path.strip_prefix("/internal/") {
        return internal::dispatch(service, rest, call).await;
    }
    let prefix = format!("/api/v1/{}/", service.cell.name());
    let rest = path.strip_prefix(&prefix).ok_or_else(Refusal::not_found)?;
    let segments: Vec<&str> = rest.split('/').collect();
    let get = call.method == Method::GET;
    refuse_other_media(&call)?;
    match (segments.as_slice(), get) {
        (["meta"], true) => return meta::descriptor(service, &call).await,
        (["openapi.json"], true) => return meta::openapi(service),
        (["notices"], true) => return notices::list(service, &call).await,
        (["notices", "seen"], false) if call.method == Method::POST => return notices::see(service, &call).await,
        (["reports", name], true) => return report::run(service, name, call).await,
        (["meta" | "openapi.json" | "notices"] | ["reports", _], false) | (["notices", ..], _) => {
            return Err(Refusal::new(Code::MethodNotAllowed));
        }
        _ => {}
    }
    if let Some((route, captured)) = service.cell.registry.service_at(call.method.as_str(), &segments) {
        let caller = service.caller(&call.context).await?;
        demand_all(&caller.rights, &format!("{}.{}", service.cell.name(), route.permission))?;
        let Incoming { context, query, headers, body, .. } = call;
        let inner = InternalCall { context, query, headers, body, captured };
        return Ok(Reply::ok(&(route.handler)(Arc::clone(service), inner).await?));
    }
    let (resource, tail) = segments.split_first().ok_or_else(Refusal::not_found)?;
    let kind = service.cell.registry.by_resource(resource).ok_or_else(Refusal::not_found)?;
    resource_call(service, kind, tail, call).await
}

async fn resource_call(
    service: &Arc<Service>,
    kind: Arc<dyn Kind>,
    tail: &[&str],
    mut call: Incoming,
) -> Result<Reply> {
    if let Some(view) = service.cell.registry.view(kind.meta().name) {
        return view::call(service, (kind, view), tail, call).await;
    }
    let method = call.method.clone();
    if let (Some(ask), false) = (service.cell.inquiry(kind.meta().name), method == Method::GET) {
        call.asked = Some(Arc::new(ask(Arc::clone(service), call.context.clone()).await?));
    }
    match (method.as_str(), tail) {
        ("GET", []) => read::list(service, kind, call).await,
        ("GET", ["export"]) => export::export(service, kind, call).await,
        ("GET", ["groups"]) => groups::groups(service, kind, call).await,
        ("POST", []) => completed(service, kind, Write::Create, call).await,
        ("POST", ["batch"]) => completed(service, kind, Write::Batch, call).await,
        ("POST", ["transitions"]) => many::transitions(service, kind, call).await,
        ("GET", [id]) => read::one(service, kind, id, call).await,
        ("PATCH", [id]) => completed(service, kind, Write::Patch(id), call).await,
        ("DELETE", [id]) => write::delete(service, kind, id, call).await,
        ("POST", [id, "transitions"]) => write::transition(service, kind, id, call).await,
        ("GET", [id, "history"]) => history::history(service, kind, id, call).await,
        ("GET", [id, "links"]) => links::links(service, kind, id, call).await,
        (_, [] | [_] | [_, "transitions" | "history" | "links"]) => Err(Refusal::new(Code::MethodNotAllowed)),
        _ => Err(Refusal::not_found()),
    }
}

/// A write, completed elsewhere when the type needs it: every record it answers with.
async fn completed(service: &Arc<Service>, kind: Arc<dyn Kind>, write: Write<'_>, call: Incoming) -> Result<Reply> {
    let trial = call.query.iter().any(|(name, value)| name == "dryRun" && value == "true");
    let completion = service.cell.completion(kind.meta().name).filter(|_| !trial);
    let context = call.context.clone();
    let reply = match write {
        Write::Create => write::create(service, kind, call).await?,
        Write::Batch => many::batch(service, kind, call).await?,
        Write::Patch(id) => write::patch(service, kind, id, call).await?,
    };
    if let Some(complete) = completion {
        let said: Json = serde_json::from_slice(&reply.body).map_err(Refusal::internal)?;
        let records = match (write, said.get("data").and_then(Json::as_array)) {
            (Write::Batch, Some(items)) => {
                let record = |item: &Json| item.get("record").unwrap_or(item).clone();
                items.iter().map(record).filter(|record| record.get("id").is_some()).collect()
            }
            _ => vec![said],
        };
        for record in records {
            complete(Arc::clone(service), context.clone(), record).await?;
        }
    }
    Ok(reply)
}

/// A body is JSON; one that says it is something else is not read.
fn refuse_other_media(call: &Incoming) -> Result<()> {
    let said = call.headers.get(header::CONTENT_TYPE).map(|v| v.to_str().unwrap_or_default());
    let media = said.map(|v| v.split(';').next().unwrap_or_default().trim().to_ascii_lowercase());
    match media.as_deref() {
        None | Some("application/json" | "application/merge-patch+json") => Ok(()),
        Some(_) if call.body.is_empty() => Ok(()),
        Some(_) => Err(Refusal::new(Code::UnsupportedMediaType)),
    }
}

/// Refuses a caller without the permission; the sentence does not name the record.
pub(crate) fn demand(access: &crate::Access, code: &str) -> Result<()> {
    if access.allows(code) {
        return Ok(());
    }
    Err(Refusal::new(Code::Forbidden).with(serde_json::json!({"permission": code})))
}

/// Refuses a caller who holds the permission for some records only: what is asked for tells of all of them.
pub(crate) fn demand_all(access: &crate::Access, code: &str) -> Result<()> {
    demand(access, code)?;
    if access.scope(code).all {
        return Ok(());
    }
    Err(Refusal::new(Code::Forbidden)
        .saying(Text::of(
            "这里显示全部记录，需要“全部”数据范围的权限。",
            "This shows all records; it takes the permission with the data scope “all”.",
        ))
        .with(serde_json::json!({"permission": code, "reason": "scope"})))
}

fn respond(reply: Reply) -> Response<Body> {
    let mut response = Response::new(reply.stream.unwrap_or_else(|| Body::from(reply.body)));
    *response.status_mut() = reply.status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(reply.mime));
    for (name, value) in reply.headers {
        if let Ok(value) = HeaderValue::from_str(&value) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

fn plain(status: StatusCode, value: &Json) -> Response<Body> {
    respond(Reply::json(status, value))
}

fn refuse(refusal: &Refusal, lang: Lang, request_id: &str) -> Response<Body> {
    if let Some(cause) = refusal.cause() {
        tracing::error!(request_id, code = refusal.code().as_str(), cause, "refused");
    }
    let status = StatusCode::from_u16(refusal.code().status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut reply = Reply::json(status, &refusal.envelope(lang, request_id));
    if let Some(seconds) = refusal.retry_after_s() {
        reply = reply.with(header::RETRY_AFTER, seconds.to_string());
    }
    respond(reply)
}
