//! All cells an installation has, and signed calls to them.

use crate::{Link, LinkError};
use arc_swap::ArcSwap;
use axum::body::Body;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, Uri};
use paas_auth::{CONTEXT_HEADER, Context, ContextKey, MasterKey, body_digest};
use paas_types::{Clock, Refusal, Result};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// The largest answer [`Peers::fetch`] takes into memory, bytes.
pub const READ_BYTES: usize = 64 * 1024 * 1024;
const DEADLINE: Duration = Duration::from_secs(10);

/// One call to a cell.
#[derive(Clone, Debug)]
pub struct Call {
    /// Method.
    pub method: Method,
    /// Path and query.
    pub target: Uri,
    /// Further headers; the signed context is added.
    pub headers: HeaderMap,
    /// Body.
    pub body: Bytes,
    /// How long to wait for the answer.
    pub deadline: Duration,
}

impl Call {
    /// A call without body, deadline 10 s.
    pub fn new(method: Method, target: &str) -> Result<Call> {
        let target: Uri = target.parse().map_err(|_| Refusal::internal("a call to an invalid path"))?;
        Ok(Call { method, target, headers: HeaderMap::new(), body: Bytes::new(), deadline: DEADLINE })
    }

    /// `GET`.
    pub fn get(target: &str) -> Result<Call> {
        Call::new(Method::GET, target)
    }

    /// A call with a JSON body.
    pub fn json(method: Method, target: &str, body: &impl Serialize) -> Result<Call> {
        let mut call = Call::new(method, target)?;
        call.body = serde_json::to_vec(body).map_err(Refusal::internal)?.into();
        call.headers.insert(http::header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        Ok(call)
    }

    /// With another deadline.
    #[must_use]
    pub fn within(mut self, deadline: Duration) -> Call {
        self.deadline = deadline;
        self
    }

    /// With a header more.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Call {
        self.headers.insert(name, value);
        self
    }
}

/// The cells by name. Cloning shares: cells of one process can hold it before all of them are connected.
#[derive(Clone, Debug)]
pub struct Peers(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    master: MasterKey,
    clock: Clock,
    cells: ArcSwap<HashMap<String, Arc<Peer>>>,
    attempt: AtomicU32,
}

#[derive(Debug)]
struct Peer {
    key: ContextKey,
    link: Link,
}

impl Peers {
    /// Nobody yet.
    pub fn new(master: &MasterKey) -> Peers {
        Peers::with_clock(master, Clock::system())
    }

    /// Nobody yet; contexts are dated by this clock.
    pub fn with_clock(master: &MasterKey, clock: Clock) -> Peers {
        // A random start keeps the pairs (request id, attempt) of several processes apart.
        let mut start = [0_u8; 4];
        let _ = getrandom::fill(&mut start);
        Peers(Arc::new(Inner {
            master: master.clone(),
            clock,
            cells: ArcSwap::default(),
            attempt: AtomicU32::new(u32::from_ne_bytes(start)),
        }))
    }

    /// Connects a cell, or connects it anew.
    pub fn connect(&self, cell: &str, link: Link) {
        let peer = Arc::new(Peer { key: ContextKey::of_cell(&self.0.master, cell), link });
        self.0.cells.rcu(|cells| {
            let mut cells = HashMap::clone(cells);
            cells.insert(cell.to_owned(), Arc::clone(&peer));
            cells
        });
    }

    /// The names of the connected cells, sorted.
    pub fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.0.cells.load().keys().cloned().collect();
        names.sort_unstable();
        names
    }

    /// Whether a cell is connected.
    pub fn has(&self, cell: &str) -> bool {
        self.0.cells.load().contains_key(cell)
    }

    /// The link to a cell.
    pub fn link(&self, cell: &str) -> Option<Link> {
        self.0.cells.load().get(cell).map(|peer| peer.link.clone())
    }

    /// Signs the context for this very call and sends it. `context` says who calls and for whom; what it says about
    /// the call itself is filled in here.
    pub async fn send(&self, cell: &str, context: Context, call: Call) -> Result<Response<Body>, LinkError> {
        let peer = self.0.cells.load().get(cell).cloned().ok_or_else(|| LinkError::Unknown(cell.to_owned()))?;
        let signed = Context {
            cell: cell.to_owned(),
            method: call.method.as_str().to_owned(),
            path: call.target.path().to_owned(),
            query: call.target.query().unwrap_or_default().to_owned(),
            body_sha256: body_digest(&call.body),
            attempt: self.0.attempt.fetch_add(1, Ordering::Relaxed),
            issued_at_ms: self.0.clock.now().micros().div_euclid(1000),
            ..context
        };
        let invalid = |e: &dyn std::fmt::Display| LinkError::Invalid(e.to_string());
        let header = peer.key.sign(&signed).map_err(|e| invalid(&e))?;
        let mut request = Request::new(call.body);
        *request.method_mut() = call.method;
        *request.uri_mut() = call.target;
        *request.headers_mut() = call.headers;
        let header = HeaderValue::from_str(&header).map_err(|e| invalid(&e))?;
        request.headers_mut().insert(HeaderName::from_static(CONTEXT_HEADER), header);
        peer.link.call(request, call.deadline).await
    }

    /// Sends a call and reads the whole answer.
    pub async fn fetch(&self, cell: &str, context: Context, call: Call) -> Result<(StatusCode, Bytes), LinkError> {
        let deadline = call.deadline;
        let answer = self.send(cell, context, call).await?;
        let status = answer.status();
        let body = tokio::time::timeout(deadline, read_body(answer.into_body(), READ_BYTES));
        let body = body.await.map_err(|_| LinkError::Timeout)?.map_err(LinkError::Broken)?;
        Ok((status, body))
    }

    /// Sends a call and reads the JSON of a 2xx answer. A refusal of the other side arrives as one: `NOT_FOUND` stays
    /// itself, everything else is a fault of the system here.
    pub async fn json<T: DeserializeOwned>(&self, cell: &str, context: Context, call: Call) -> Result<T> {
        let (status, body) = self.fetch(cell, context, call).await?;
        if status.is_success() {
            return serde_json::from_slice(&body).map_err(Refusal::internal);
        }
        let said: serde_json::Value = serde_json::from_slice(&body).unwrap_or_default();
        let code = said.get("code").and_then(serde_json::Value::as_str).unwrap_or_default();
        let cause = format!("cell {cell} answered {status} {code}");
        Err(match status {
            StatusCode::NOT_FOUND => Refusal::not_found().caused_by(cause),
            StatusCode::SERVICE_UNAVAILABLE | StatusCode::GATEWAY_TIMEOUT => Refusal::unavailable(cause),
            _ => Refusal::internal(cause),
        })
    }
}

/// A whole body in memory, when it is not larger than `limit` bytes; else why not, for the log.
pub async fn read_body(body: Body, limit: usize) -> Result<Bytes, String> {
    axum::body::to_bytes(body, limit).await.map_err(|e| e.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::Router;
    use axum::extract::Request as AxumRequest;
    use paas_auth::ReplayGuard;
    use paas_types::Code;

    /// A cell that does nothing but check its context and say who calls.
    fn toy(master: &MasterKey) -> Router {
        let key = ContextKey::of_cell(master, "toy");
        let guard = Arc::new(ReplayGuard::new());
        Router::new().fallback(move |request: AxumRequest| {
            let (key, guard) = (key.clone(), Arc::clone(&guard));
            async move {
                let (head, body) = request.into_parts();
                let body = read_body(body, 1000).await.unwrap();
                let header = head.headers.get(CONTEXT_HEADER).and_then(|h| h.to_str().ok()).unwrap_or_default();
                let (path, query) = (head.uri.path(), head.uri.query().unwrap_or_default());
                let now = Clock::system().now();
                match key.verify(header, (head.method.as_str(), path, query), &body, now) {
                    Ok(context) => match guard.admit(&context.request_id, context.attempt, now) {
                        Ok(()) => (StatusCode::OK, serde_json::to_string(&context.request_id).unwrap()),
                        Err(_) => (StatusCode::UNAUTHORIZED, "replayed".to_owned()),
                    },
                    Err(refusal) => (StatusCode::UNAUTHORIZED, refusal.envelope(Default::default(), "").to_string()),
                }
            }
        })
    }

    #[tokio::test]
    async fn calls_are_signed_each_one_anew() {
        let master = MasterKey::from_bytes([1; 32]);
        let peers = Peers::new(&master);
        let early = peers.clone();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let far = Link::remote(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
        let served = toy(&master);
        tokio::spawn(async move { axum::serve(listener, served).await });
        for link in [Link::local(toy(&master)), far] {
            peers.connect("toy", link);
            for _ in 0..2 {
                let call = Call::json(Method::POST, "/internal/x?a=%E4%B8%AD", &[1, 2]).unwrap();
                let said: String = early.json("toy", Context::system("r-1", "t"), call).await.unwrap();
                assert_eq!(said, "r-1");
            }
        }
        let other = Peers::new(&MasterKey::from_bytes([2; 32]));
        other.connect("toy", peers.link("toy").unwrap());
        let call = Call::get("/internal/x").unwrap();
        let refused = other.json::<String>("toy", Context::system("r", "t"), call.clone()).await.unwrap_err();
        assert_eq!(refused.code(), Code::Internal);
        let unknown = peers.json::<String>("none", Context::system("r", "t"), call).await.unwrap_err();
        assert_eq!(unknown.code(), Code::Unavailable);
        assert_eq!(peers.names(), ["toy"]);
    }
}
