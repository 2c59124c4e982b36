//! A platform, a toy cell beside it and a gateway before both, on a clock of their own.

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, Request, StatusCode};
use paas_auth::{Claims, Context, ContextTenant, MasterKey, MemberKind, Principal, TokenKey};
use paas_cell::{Cell, Service, router};
use paas_gateway::{Gateway, GatewayConfig};
use paas_link::{Call, Link, Peers, READ_BYTES, read_body};
use paas_platform::{NewTenant, NewUser, install};
use paas_store::testing::Place;
use paas_types::{Clock, Instant, Secret};
use serde_json::{Value as Json, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU32, Ordering};
use std::time::Duration;

pub mod shelf {
    use paas_cell::prelude::*;

    /// 架子 | Shelf
    #[derive(Master, Clone, Debug)]
    #[master(resource = "shelves")]
    pub struct Shelf {
        pub head: Head,
        /// 编码 | Code
        #[field(list, unique, search)]
        pub code: String,
        /// 名称 | Name
        #[field(list, search)]
        pub name: String,
        /// 电话 | Phone
        #[field(sensitive = phone)]
        pub phone: Option<Secret<String>>,
        /// 状态 | State
        #[field(list, indexed)]
        pub state: MasterState,
    }

    pub const FLOW: Flow<Shelf> = Flow::master();

    /// Every tenant starts with one.
    pub fn seed(ctx: &mut Ctx<'_>) -> Result<()> {
        let first = Shelf { code: "S0".to_owned(), name: "First".to_owned(), ..Shelf::blank() };
        ctx.create(first).map(|_| ())
    }

    /// What a demonstration shows.
    pub fn demo(ctx: &mut Ctx<'_>) -> Result<()> {
        let shown = Shelf { code: "D1".to_owned(), name: "Shown".to_owned(), ..Shelf::blank() };
        ctx.create(shown).map(|_| ())
    }
}

pub struct Toy {
    pub peers: Peers,
    pub master: MasterKey,
    pub gateway: Gateway,
    pub service: Arc<Service>,
    seconds: Arc<AtomicI64>,
    requests: AtomicU32,
    _place: Place,
}

pub const PASSWORD: &str = "first-password";

impl Toy {
    pub async fn new(place: Place) -> Toy {
        let master = MasterKey::fresh().unwrap();
        let seconds = Arc::new(AtomicI64::new(1_800_000_000));
        let shared = Arc::clone(&seconds);
        let clock = Clock::custom(move || Instant::from_micros(shared.load(Ordering::SeqCst) * 1_000_000));
        let peers = Peers::with_clock(&master, clock.clone());
        let run = |cell: Cell| {
            let store = place.open(cell.schema(), Arc::new(master.clone()), clock.clone()).unwrap();
            let name = cell.name();
            let service = Service::new(cell, store, peers.clone(), &master, clock.clone());
            peers.connect(name, Link::local(router(Arc::clone(&service))));
            service
        };
        let service = run(paas_platform::cell());
        run(Cell::new("toy", "玩具 | Toy").master(shelf::FLOW).seed(shelf::seed).demo(shelf::demo));
        let config = GatewayConfig { clock: clock.clone(), ..GatewayConfig::default() };
        let gateway = Gateway::new(config, peers.clone(), TokenKey::from_master(&master));
        let requests = AtomicU32::new(0);
        let toy = Toy { peers, master, gateway, service, seconds, requests, _place: place };
        assert!(toy.install("system", true, false).await);
        assert!(!toy.install("system", true, false).await);
        assert!(toy.install("toy", false, false).await);
        toy
    }

    pub async fn install(&self, code: &'static str, must_change: bool, demo: bool) -> bool {
        let new = NewTenant {
            code,
            name: "玩具",
            name_en: Some("Toy"),
            cells: if code == "system" { Vec::new() } else { vec!["toy".to_owned()] },
            users: vec![
                NewUser { username: "admin", name: "Ann", role: ("管理员", "Administrator"), permissions: &[] },
                NewUser {
                    username: "keeper",
                    name: "Kim",
                    role: ("保管", "Keeping"),
                    permissions: &["toy.shelf.*", "platform.user.read"],
                },
            ],
            password: Secret::new(PASSWORD.to_owned()),
            must_change,
            demo,
        };
        install(&self.service, new).await.unwrap()
    }

    pub fn now(&self) -> String {
        Instant::from_micros(self.seconds.load(Ordering::SeqCst) * 1_000_000).to_string()
    }

    pub fn later(&self, seconds: i64) {
        self.seconds.fetch_add(seconds, Ordering::SeqCst);
    }

    /// A signed call to the platform, as the gateway makes it.
    pub async fn call(&self, context: Context, method: Method, target: &str, body: Json) -> (StatusCode, Json) {
        let mut call = Call::json(method.clone(), target, &body).unwrap();
        if method == Method::GET {
            call = Call::get(target).unwrap();
        }
        let call = call.header(HeaderName::from_static("x-client-net"), HeaderValue::from_static("10.0.0.1"));
        let (status, body) = self.peers.fetch("platform", context, call).await.unwrap();
        (status, serde_json::from_slice(&body).unwrap_or_default())
    }

    pub async fn token(&self, body: Json) -> (StatusCode, Json) {
        self.call(Context::system("r", "t"), Method::POST, "/internal/auth/token", body).await
    }

    pub async fn sign_in(&self, tenant: &str, username: &str, password: &str) -> (StatusCode, Json) {
        let said = json!({"grant_type": "password", "tenant": tenant, "username": username, "password": password});
        self.token(said).await
    }

    pub fn claims(&self, answer: &Json) -> Claims {
        let now = Instant::from_micros(self.seconds.load(Ordering::SeqCst) * 1_000_000);
        let token = answer["access_token"].as_str().unwrap();
        (*TokenKey::from_master(&self.master).verify(token, now).unwrap()).clone()
    }

    pub async fn principal(&self, claims: &Claims) -> Principal {
        let target =
            format!("/internal/principal?tenant={}&membership={}&session={}", claims.ten, claims.sub, claims.sid);
        let (status, said) = self.call(Context::system("r", "t"), Method::GET, &target, Json::Null).await;
        assert_eq!(status, StatusCode::OK, "{said}");
        serde_json::from_value(said).unwrap()
    }

    /// The context the gateway makes of a token.
    pub async fn person(&self, answer: &Json, request: &str) -> Context {
        let claims = self.claims(answer);
        let who = self.principal(&claims).await;
        Context {
            membership: claims.sub,
            person: Some(claims.pid),
            session: Some(claims.sid),
            person_name: who.membership.name.clone(),
            kind: MemberKind::Staff,
            policy_version: who.policy.version,
            tenant: Some(ContextTenant {
                key: who.tenant.key,
                code: who.tenant.code.clone(),
                zone: who.tenant.zone.clone(),
                name: who.tenant.name.clone(),
            }),
            ..Context::system(request, "t")
        }
    }

    /// A session through the gateway.
    pub async fn enter(&self, tenant: &str, username: &str, password: &str) -> Visitor<'_> {
        let said = json!({"grant_type": "password", "tenant": tenant, "username": username, "password": password});
        let nobody = Visitor { toy: self, tenant: tenant.to_owned(), token: String::new() };
        let (status, answer) = nobody.send("POST", "auth/token", &said, None).await;
        assert_eq!(status, 200, "{answer}");
        Visitor { token: answer["access_token"].as_str().unwrap().to_owned(), ..nobody }
    }

    /// The operator, once the first password is changed.
    pub async fn operator(&self) -> Visitor<'_> {
        let first = self.enter("system", "admin", PASSWORD).await;
        let change = json!({"currentPassword": PASSWORD, "newPassword": "second-password"});
        assert_eq!(first.send("POST", "auth/password", &change, None).await.0, 200);
        self.enter("system", "admin", "second-password").await
    }
}

/// Somebody at the front door.
#[derive(Clone)]
pub struct Visitor<'a> {
    toy: &'a Toy,
    pub tenant: String,
    pub token: String,
}

impl<'a> Visitor<'a> {
    /// The same person with another session.
    pub fn at(&self, tenant: &str, token: &str) -> Visitor<'a> {
        Visitor { toy: self.toy, tenant: tenant.to_owned(), token: token.to_owned() }
    }
}

impl Visitor<'_> {
    /// A request below `/api/v1/`; `request` is its id, a fresh one when it does not matter.
    pub async fn send(&self, method: &str, path: &str, body: &Json, request: Option<&str>) -> (u16, Json) {
        let number = self.toy.requests.fetch_add(1, Ordering::SeqCst);
        let id = request.map_or_else(|| format!("request-{number}"), str::to_owned);
        let mut asked = Request::builder()
            .method(method)
            .uri(format!("/api/v1/{path}"))
            .header("host", "127.0.0.1")
            .header("x-tenant-id", &self.tenant)
            .header("x-request-id", id)
            .header("accept-language", "en-US")
            .header("content-type", "application/json");
        if !self.token.is_empty() {
            asked = asked.header("authorization", format!("Bearer {}", self.token));
        }
        let body = if body.is_null() { Bytes::new() } else { Bytes::from(body.to_string()) };
        let door = Link::local(self.toy.gateway.router());
        let answer = door.call(asked.body(body).unwrap(), Duration::from_secs(30)).await.unwrap();
        let status = answer.status().as_u16();
        let bytes = read_body(answer.into_body(), READ_BYTES).await.unwrap();
        (status, serde_json::from_slice(&bytes).unwrap_or_else(|_| Json::from(String::from_utf8_lossy(&bytes))))
    }

    pub async fn get(&self, path: &str) -> (u16, Json) {
        self.send("GET", path, &Json::Null, None).await
    }

    pub async fn post(&self, path: &str, body: Json) -> (u16, Json) {
        self.send("POST", path, &body, None).await
    }

    /// What a list holds.
    pub async fn list(&self, path: &str) -> Vec<Json> {
        let (status, said) = self.get(path).await;
        assert_eq!(status, 200, "{path}: {said}");
        said["data"].as_array().unwrap().clone()
    }

    /// Creates a record.
    pub async fn make(&self, path: &str, body: Json) -> Json {
        let (status, said) = self.post(path, body).await;
        assert_eq!(status, 201, "{path}: {said}");
        said
    }

    /// Changes a record.
    pub async fn patch(&self, path: &str, record: &Json, mut body: Json) -> (u16, Json) {
        body["version"] = record["version"].clone();
        self.send("PATCH", &format!("{path}/{}", record["id"].as_str().unwrap()), &body, None).await
    }

    /// Takes an action.
    pub async fn act(&self, path: &str, record: &Json, action: &str) -> (u16, Json) {
        let body = json!({"action": action, "version": record["version"]});
        self.send("POST", &format!("{path}/{}/transitions", record["id"].as_str().unwrap()), &body, None).await
    }

    /// Asks until the answer has this status: what the gateway knows is up to 0.8 s old.
    pub async fn until(&self, path: &str, status: u16) -> Json {
        for _ in 0..1_200 {
            let (now, said) = self.get(path).await;
            if now == status {
                return said;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("{path} never answered {status}");
    }
}
