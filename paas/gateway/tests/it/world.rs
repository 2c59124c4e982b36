//! A gateway before a toy platform and a toy cell, near or far.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use paas_auth::{
    CONTEXT_HEADER, Claims, Context, ContextKey, FieldRight, Grant, GrantScope, Limits, MasterKey, MemberKind, Policy,
    Principal, PrincipalMember, PrincipalPerson, PrincipalTenant, ReplayGuard, TokenKey,
};
use paas_gateway::{Asset, Gateway, GatewayConfig, serve};
use paas_link::{Link, Peers};
use paas_types::{Clock, Id, TenantKey};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tower::ServiceExt as _;

/// How long a test waits before it says that something hangs: a busy machine must not decide.
pub const HANGS: Duration = Duration::from_secs(60);

pub struct World {
    pub gateway: Gateway,
    pub principal: Arc<Mutex<Option<Principal>>>,
    pub platform_down: Arc<Mutex<bool>>,
    pub tokens: TokenKey,
    pub claims: Claims,
    pub address: SocketAddr,
    pub peers: Peers,
}

pub struct Answer {
    pub status: u16,
    pub headers: http::HeaderMap,
    pub body: Value,
    pub text: String,
}

impl Answer {
    pub fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or_default()
    }
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default()
    }
}

fn principal(claims: &Claims) -> Principal {
    Principal {
        membership: PrincipalMember {
            id: claims.sub,
            kind: MemberKind::Staff,
            username: "ann".into(),
            name: "安".into(),
        },
        person: PrincipalPerson { id: claims.pid },
        tenant: PrincipalTenant {
            key: claims.tky,
            code: claims.ten.clone(),
            name: "示例".into(),
            state: "active".into(),
            zone: "Asia/Shanghai".into(),
        },
        department: None,
        active: true,
        must_change_password: false,
        cells: vec!["toy".into()],
        limits: None,
        policy: Policy {
            version: 4,
            membership: claims.sub,
            grants: vec![Grant {
                permissions: vec!["toy.gadget.read".into()],
                scope: GrantScope::All,
                field_rights: BTreeMap::from([("toy.gadget.secret".to_owned(), FieldRight::Masked)]),
            }],
        },
    }
}

/// Checks the signed context as a cell does; then `answer` decides.
fn cell<F>(master: &MasterKey, name: &str, answer: F) -> Router
where
    F: Fn(Context, http::request::Parts, Vec<u8>) -> Response + Clone + Send + Sync + 'static,
{
    let key = ContextKey::of_cell(master, name);
    let guard = Arc::new(ReplayGuard::new());
    Router::new().fallback(move |request: Request| {
        let (key, guard, answer) = (key.clone(), Arc::clone(&guard), answer.clone());
        async move {
            let (head, body) = request.into_parts();
            if head.uri.path() == "/health/ready" {
                return axum::Json(json!({"status": "up", "version": "9.9.9"})).into_response();
            }
            if head.uri.path().ends_with("/slow") {
                std::future::pending::<()>().await;
            }
            assert!(!head.uri.path().ends_with("/panic"), "a rule that panics");
            let body = to_bytes(body, 20_000_000).await.unwrap();
            let header = head.headers.get(CONTEXT_HEADER).and_then(|h| h.to_str().ok()).unwrap_or_default();
            let call = (head.method.as_str(), head.uri.path(), head.uri.query().unwrap_or_default());
            let now = Clock::system().now();
            let checked = key.verify(header, call, &body, now);
            match checked.and_then(|c| guard.admit(&c.request_id, c.attempt, now).map(|()| c)) {
                Ok(context) => answer(context, head, body.to_vec()),
                Err(refusal) => (StatusCode::IM_A_TEAPOT, refusal.to_string()).into_response(),
            }
        }
    })
}

fn toy(master: &MasterKey) -> Router {
    cell(master, "toy", |context, head, body| {
        let path = head.uri.path();
        match path.strip_prefix("/api/v1/toy/").unwrap_or_default() {
            "gadgets" | "meta" | "gadgets/imports" => {
                let headers: BTreeMap<String, String> = head
                    .headers
                    .iter()
                    .map(|(n, v)| (n.to_string(), String::from_utf8_lossy(v.as_bytes()).into_owned()))
                    .collect();
                let said = json!({"context": context, "headers": headers, "length": body.len()});
                let mut response = axum::Json(said).into_response();
                for (name, value) in [("x-context", "leak"), ("server", "toy"), ("connection", "x-hop"), ("x-hop", "1")]
                {
                    response.headers_mut().insert(name, value.parse().unwrap());
                }
                response.headers_mut().insert("etag", "\"7\"".parse().unwrap());
                response
            }
            "busy" => (StatusCode::SERVICE_UNAVAILABLE, [("retry-after", "1")]).into_response(),
            "boom" => (StatusCode::INTERNAL_SERVER_ERROR, "stack trace: secret").into_response(),
            "openapi.json" => axum::Json(json!({"paths": {"/gadgets": {"get": {}}}})).into_response(),
            _ => StatusCode::NOT_FOUND.into_response(),
        }
    })
}

fn platform(master: &MasterKey, who: Arc<Mutex<Option<Principal>>>, down: Arc<Mutex<bool>>) -> Router {
    cell(master, "platform", move |context, head, body| {
        if *down.lock().unwrap() {
            return StatusCode::SERVICE_UNAVAILABLE.into_response();
        }
        let net = head.headers.get("x-client-net").map(|v| v.to_str().unwrap().to_owned());
        let said: Value = serde_json::from_slice(&body).unwrap_or_default();
        match head.uri.path() {
            "/internal/principal" => match who.lock().unwrap().clone() {
                Some(principal) => axum::Json(principal).into_response(),
                None => StatusCode::NOT_FOUND.into_response(),
            },
            "/internal/auth/token" if said["refresh_token"] == "used" => {
                (StatusCode::UNAUTHORIZED, axum::Json(json!({"code": "UNAUTHENTICATED"}))).into_response()
            }
            "/internal/auth/token" if said["username"] == "crowd" => {
                let busy = (StatusCode::SERVICE_UNAVAILABLE, axum::Json(json!({"code": "UNAVAILABLE"})));
                ([("retry-after", "1")], busy).into_response()
            }
            "/internal/auth/token" if said["username"] == "fault" => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
            "/internal/auth/token" => axum::Json(json!({
                "access_token": "a", "token_type": "Bearer", "expires_in": 600, "refresh_token": "r-1",
                "said": said, "net": net, "context": context}))
            .into_response(),
            "/internal/auth/me" | "/internal/auth/password" | "/internal/auth/revoke" => {
                axum::Json(json!({"context": context, "said": said})).into_response()
            }
            _ => StatusCode::NOT_FOUND.into_response(),
        }
    })
}

async fn far(router: Router) -> Link {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let link = Link::remote(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    link
}

impl World {
    pub async fn new(remote: bool) -> World {
        World::with(remote, |_| {}).await
    }

    pub async fn with(remote: bool, change: impl FnOnce(&mut GatewayConfig)) -> World {
        let master = MasterKey::from_bytes([42; 32]);
        let tokens = TokenKey::from_master(&master);
        let claims =
            Claims::access(Id::fresh(), Id::fresh(), Id::fresh(), (TenantKey(7), "demo"), Clock::system().now());
        let who = Arc::new(Mutex::new(Some(principal(&claims))));
        let down = Arc::new(Mutex::new(false));
        let peers = Peers::new(&master);
        let cells = [("toy", toy(&master)), ("platform", platform(&master, Arc::clone(&who), Arc::clone(&down)))];
        for (name, router) in cells {
            peers.connect(name, if remote { far(router).await } else { Link::local(router) });
        }
        let asset = |path, mime, body: &'static str| Asset {
            path,
            mime,
            body: body.as_bytes(),
            gzip: Some(b"zipped"),
            brotli: None,
            immutable: path != "index.html",
        };
        let mut config = GatewayConfig {
            assets: vec![
                asset("index.html", "text/html", "<script nonce=\"__CSP_NONCE__\">"),
                asset("assets/a.js", "text/javascript", "1"),
            ],
            ..GatewayConfig::default()
        };
        change(&mut config);
        let gateway = Gateway::new(config, peers.clone(), tokens.clone());
        gateway.probe().await;
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(serve(gateway.clone(), listener, None, std::future::pending()));
        World { gateway, principal: who, platform_down: down, tokens, claims, address, peers }
    }

    pub fn bearer(&self) -> String {
        format!("Bearer {}", self.tokens.issue(&self.claims).unwrap())
    }

    /// Changes what the platform says of the caller, and waits until the gateway must ask again.
    pub async fn caller(&self, change: impl FnOnce(&mut Principal)) {
        if let Some(principal) = self.principal.lock().unwrap().as_mut() {
            change(principal);
        }
        tokio::time::sleep(Duration::from_millis(850)).await;
    }

    /// Waits until the numbers for the operator say this.
    pub async fn until(&self, line: &str) {
        let said = async {
            while !self.gateway.metrics_text().lines().any(|l| l == line) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(HANGS, said).await.unwrap_or_else(|_| panic!("never came: {line}"));
    }

    pub fn limits(user_per_second: u32) -> Option<Limits> {
        Some(Limits { user_per_second, tenant_per_second: 1000 })
    }

    /// A request with exactly these headers (and Host).
    pub async fn bare(&self, method: &str, path: &str, headers: &[(&str, &str)], body: impl Into<Body>) -> Answer {
        let mut request = http::Request::builder().method(method).uri(path).header("host", "127.0.0.1");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = self.gateway.router().oneshot(request.body(body.into()).unwrap()).await.unwrap();
        let (head, body) = response.into_parts();
        let text = String::from_utf8(to_bytes(body, 50_000_000).await.unwrap().to_vec()).unwrap();
        Answer {
            status: head.status.as_u16(),
            headers: head.headers,
            body: serde_json::from_str(&text).unwrap_or_default(),
            text,
        }
    }

    /// A request of the signed-in caller.
    pub async fn call(&self, method: &str, path: &str, more: &[(&str, &str)]) -> Answer {
        let bearer = self.bearer();
        let mut headers = vec![("authorization", bearer.as_str()), ("x-tenant-id", "demo")];
        headers.extend_from_slice(more);
        self.bare(method, path, &headers, Body::empty()).await
    }
}
