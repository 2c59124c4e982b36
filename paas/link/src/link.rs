//! One cell, wherever it lives.

use axum::Router;
use axum::body::Body;
use bytes::Bytes;
use futures_util::FutureExt as _;
use http::uri::{Authority, Scheme};
use http::{Request, Response, Uri};
use http_body_util::Full;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use paas_types::{Code, Refusal};
use std::panic::AssertUnwindSafe;
use std::time::Duration;
use tower::ServiceExt as _;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
/// Shorter than any server keeps an idle connection, so that a call seldom meets one that is being closed.
const IDLE_TIMEOUT: Duration = Duration::from_secs(8);

/// Why a call got no answer.
#[derive(Debug, thiserror::Error, Clone, PartialEq, Eq)]
pub enum LinkError {
    /// Nobody knows a cell of that name.
    #[error("no cell `{0}` is connected")]
    Unknown(String),
    /// The cell did not take the connection: the call was certainly not carried out.
    #[error("cannot connect: {0}")]
    Connect(String),
    /// The connection broke; whether the call was carried out is unknown.
    #[error("the connection broke: {0}")]
    Broken(String),
    /// The handler in this process panicked.
    #[error("the handler panicked")]
    Panicked,
    /// No answer before the deadline.
    #[error("no answer in time")]
    Timeout,
    /// The call could not be put into words (an invalid path or header).
    #[error("not a valid call: {0}")]
    Invalid(String),
}

impl From<LinkError> for Refusal {
    fn from(error: LinkError) -> Refusal {
        match &error {
            LinkError::Unknown(_) | LinkError::Connect(_) | LinkError::Broken(_) => Refusal::unavailable(&error),
            LinkError::Timeout => Refusal::new(Code::Timeout).caused_by(&error),
            LinkError::Panicked | LinkError::Invalid(_) => Refusal::internal(&error),
        }
    }
}

/// The way to one cell. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Link(Way);

#[derive(Clone, Debug)]
enum Way {
    Local(Router),
    Remote { authority: Authority, client: Box<Client<HttpConnector, Full<Bytes>>> },
}

impl Link {
    /// To a cell in this process.
    pub fn local(router: Router) -> Link {
        Link(Way::Local(router))
    }

    /// To a cell in another process: `http://host:port`.
    pub fn remote(base_url: &str) -> Result<Link, LinkError> {
        let invalid = || LinkError::Invalid(format!("`{base_url}` is not of the form http://host:port"));
        let uri: Uri = base_url.parse().map_err(|_| invalid())?;
        let plain = uri.scheme() == Some(&Scheme::HTTP) && uri.path() == "/" && uri.query().is_none();
        let authority = uri.authority().cloned().filter(|_| plain).ok_or_else(invalid)?;
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        connector.set_connect_timeout(Some(CONNECT_TIMEOUT));
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE_TIMEOUT)
            .build(connector);
        Ok(Link(Way::Remote { authority, client: Box::new(client) }))
    }

    /// Whether the cell lives in another process.
    pub fn is_remote(&self) -> bool {
        matches!(self.0, Way::Remote { .. })
    }

    /// Sends a request whose URI is path and query only. The deadline is for the head of the answer; its body streams.
    pub async fn call(&self, request: Request<Bytes>, deadline: Duration) -> Result<Response<Body>, LinkError> {
        let answer = async {
            match &self.0 {
                Way::Local(router) => {
                    let called = router.clone().oneshot(request.map(Body::from));
                    match AssertUnwindSafe(called).catch_unwind().await {
                        Ok(Ok(response)) => Ok(response),
                        Ok(Err(never)) => match never {},
                        Err(_) => Err(LinkError::Panicked),
                    }
                }
                Way::Remote { authority, client } => {
                    let sent = client.request(absolute(request, authority)?.map(Full::new)).await;
                    sent.map(|response| response.map(Body::new)).map_err(|e| {
                        if e.is_connect() { LinkError::Connect(chain(&e)) } else { LinkError::Broken(chain(&e)) }
                    })
                }
            }
        };
        tokio::time::timeout(deadline, answer).await.unwrap_or(Err(LinkError::Timeout))
    }
}

fn absolute(mut request: Request<Bytes>, authority: &Authority) -> Result<Request<Bytes>, LinkError> {
    let mut parts = std::mem::take(request.uri_mut()).into_parts();
    parts.scheme = Some(Scheme::HTTP);
    parts.authority = Some(authority.clone());
    *request.uri_mut() = Uri::from_parts(parts).map_err(|e| LinkError::Invalid(e.to_string()))?;
    Ok(request)
}

/// An error with its causes, for the log.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        next = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::routing::{get, post};

    fn toy() -> Router {
        Router::new()
            .route("/echo", post(|body: String| async move { body }))
            .route("/slow", get(|| async { tokio::time::sleep(Duration::from_secs(5)).await }))
            .route(
                "/boom",
                get(|| async {
                    if true {
                        panic!("boom")
                    }
                }),
            )
    }

    async fn links() -> Vec<Link> {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, toy()).await });
        vec![Link::local(toy()), Link::remote(&format!("http://{address}")).unwrap()]
    }

    fn request(method: &str, uri: &str, body: &'static str) -> Request<Bytes> {
        Request::builder().method(method).uri(uri).body(Bytes::from_static(body.as_bytes())).unwrap()
    }

    #[tokio::test]
    async fn near_and_far_answer_alike() {
        let second = Duration::from_secs(1);
        for link in links().await {
            let answer = link.call(request("POST", "/echo", "hello"), second).await.unwrap();
            assert_eq!(answer.status(), 200);
            assert_eq!(axum::body::to_bytes(answer.into_body(), 100).await.unwrap(), "hello");
            assert_eq!(link.call(request("GET", "/none?x=1", ""), second).await.unwrap().status(), 404);
            let late = link.call(request("GET", "/slow", ""), Duration::from_millis(50)).await;
            assert_eq!(late.unwrap_err(), LinkError::Timeout);
            let boom = link.call(request("GET", "/boom", ""), second).await.unwrap_err();
            assert!(matches!(boom, LinkError::Panicked | LinkError::Broken(_)), "{boom}");
        }
    }

    #[tokio::test]
    async fn nobody_there_is_told_from_a_broken_call() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        drop(listener);
        let link = Link::remote(&format!("http://{address}")).unwrap();
        let error = link.call(request("GET", "/", ""), Duration::from_secs(1)).await.unwrap_err();
        assert!(matches!(error, LinkError::Connect(_)), "{error}");
        for bad in ["", "127.0.0.1:1", "https://127.0.0.1:1", "http://127.0.0.1:1/x", "ftp://a"] {
            assert!(Link::remote(bad).is_err(), "{bad}");
        }
    }
}
