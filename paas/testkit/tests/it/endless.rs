//! A rule that never ends and asks its transaction for nothing. On PostgreSQL the other connections go on. On SQLite the one
//! writer is lost: who writes is told at once, who reads is served, and the process ends so that it can be started anew.

use paas_auth::{Context, ContextTenant, MasterKey};
use paas_cell::router;
use paas_link::{Call, Link, Peers};
use paas_testkit::toys::{halt, mill};
use paas_testkit::{Member, Said, World, until};
use paas_types::{Id, Refusal, TenantKey};
use serde_json::{Value as Json, json};
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use tower::ServiceExt as _;

async fn wheel(world: &World, who: &Member, code: &str) -> Json {
    let said = world.call(who, "POST", "mill/wheels", &json!({"code": code})).await;
    assert_eq!(said.status, 201, "{}", said.json);
    said.json
}

async fn act(world: &World, who: &Member, wheel: &Json, action: &str) -> Said {
    let path = format!("mill/wheels/{}/transitions", wheel["id"].as_str().unwrap());
    world.call(who, "POST", &path, &json!({"action": action, "version": wheel["version"]})).await
}

fn refused(said: &Said, status: u16, code: &str) {
    assert_eq!((said.status, said.json["code"].as_str()), (status, Some(code)), "{}", said.json);
    assert!(!said.json.to_string().contains("rule"), "{}", said.json);
}

/// How the mill is, as its own readiness says.
async fn is_ready(world: &World) -> bool {
    let request = http::Request::get("/health/ready").body(axum::body::Body::empty()).unwrap();
    let answer = router(Arc::clone(world.cells.service("mill"))).oneshot(request).await.unwrap();
    answer.status() == 200
}

/// Nobody can write any more: that is told, and readers go on.
async fn is_held(world: &World, who: &Member, own: &Json) {
    let store = world.cells.service("mill").store().clone();
    until("nobody can write", async || store.is_blocked()).await;
    for _ in 0..3 {
        let said = act(world, who, own, "turn").await;
        refused(&said, 503, "UNAVAILABLE");
        let wait = said.headers.get("retry-after").and_then(|v| v.to_str().ok()).and_then(|v| v.parse::<u32>().ok());
        // Who waited for a turn in vain is told to come again in a second; this one did not wait.
        assert!(wait.is_some_and(|wait| (5..=60).contains(&wait)), "{:?}", said.headers);
        assert_eq!(world.get(who, "mill/wheels").await["data"].as_array().map(Vec::is_empty), Some(false));
    }
    assert!(!is_ready(world).await, "the cell says that it is well");
    let stuck = store.stuck();
    let told = stuck.first().unwrap();
    assert!(told.writes && told.doing.starts_with("POST /api/v1/mill/wheels/"), "{told}");
    assert!(told.doing.ends_with("/transitions spin") && told.tenant == "acme", "{told}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rule_that_never_ends_is_noticed_and_nothing_of_it_stays() {
    let world = Arc::new(World::start(vec![mill()]).await);
    let (admin, other) = (world.tenant("acme", &["mill"]).await, world.tenant("umbra", &["mill"]).await);
    let own = wheel(&world, &other, "OWN").await;
    let several = std::env::var("SUPERPAAS_TEST_ON").is_ok_and(|on| on == "postgresql");
    let mut spun = Vec::new();
    for n in 0..if several { 8 } else { 1 } {
        spun.push(wheel(&world, &admin, &format!("W{n}")).await);
    }
    let spin = |wheel: &Json| {
        let (world, admin, wheel) = (Arc::clone(&world), admin.clone(), wheel.clone());
        tokio::spawn(async move { act(&world, &admin, &wheel, "spin").await })
    };
    let store = world.cells.service("mill").store().clone();
    let mut spinning = vec![spin(&spun[0])];
    let mut own = own;
    if several {
        // The other connections go on, before it is noticed and after.
        let mut after = 0;
        while after < 5 {
            after += usize::from(!store.stuck().is_empty());
            let said = act(&world, &other, &own, "turn").await;
            assert_eq!(said.status, 200, "{}", said.json);
            own = said.json;
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        assert!(!store.is_blocked() && is_ready(&world).await);
        spinning.extend(spun[1..].iter().map(spin));
    }
    is_held(&world, &other, &own).await;
    for said in spinning {
        refused(&said.await.unwrap(), 504, "TIMEOUT");
    }

    halt();
    until("all is well again", async || store.stuck().is_empty() && is_ready(&world).await).await;
    until("writes are taken", async || act(&world, &other, &own, "turn").await.status == 200).await;
    for wheel in &spun {
        let path = format!("mill/wheels/{}", wheel["id"].as_str().unwrap());
        assert_eq!(world.get(&admin, &path).await, *wheel, "it stayed as it was");
    }
    assert_eq!(world.get(&admin, "mill/wheels").await["total"], json!(spun.len()), "nothing was left behind");
    for tenant in store.tenants().await.unwrap() {
        assert_eq!(store.prove(&tenant.tenant).await.unwrap(), []);
    }
}

/// The mill as a process.
struct Process {
    child: Child,
    peers: Peers,
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Process {
    fn start(dir: &Path, master: &MasterKey) -> Process {
        let mut child = Command::new(env!("CARGO_BIN_EXE_mill"))
            .args(["serve", "--listen", "127.0.0.1:0", "--platform-url", "http://127.0.0.1:1", "--data"])
            .arg(dir.join("data"))
            .arg("--master-key-file")
            .arg(dir.join("key"))
            .args(["--end-when-stuck", "2"])
            .env_remove("SUPERPAAS_DATABASE_URL")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut first = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut first).unwrap();
        let url = first.trim().rsplit(' ').next().unwrap().to_owned();
        let peers = Peers::new(master);
        peers.connect("mill", Link::remote(&url).unwrap());
        Process { child, peers }
    }

    /// Asks as the system does.
    async fn ask(&self, method: http::Method, target: &str, body: &Json) -> Result<Json, Refusal> {
        let tenant = ContextTenant {
            key: TenantKey(1),
            code: "acme".to_owned(),
            name: "acme".to_owned(),
            zone: "Asia/Shanghai".to_owned(),
        };
        let context = Context::system(&Id::fresh().to_string(), "").for_tenant(tenant);
        let call = if body.is_null() { Call::new(method, target) } else { Call::json(method, target, body) };
        self.peers.json("mill", context, call.unwrap()).await
    }

    async fn post(&self, target: &str, body: &Json) -> Result<Json, Refusal> {
        self.ask(http::Method::POST, target, body).await
    }

    async fn act(&self, wheel: &Json, action: &str) -> Result<Json, Refusal> {
        let target = format!("/api/v1/mill/wheels/{}/transitions", wheel["id"].as_str().unwrap());
        self.post(&target, &json!({"action": action, "version": wheel["version"]})).await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_cannot_write_any_more_ends_and_is_started_anew() {
    let dir = tempfile::tempdir().unwrap();
    let master = MasterKey::load_or_create(&dir.path().join("key")).unwrap();
    let mut process = Process::start(dir.path(), &master);
    let tenant = json!({"key": 1, "name": "acme", "zone": "Asia/Shanghai"});
    process.ask(http::Method::PUT, "/internal/tenants/acme", &tenant).await.unwrap();
    let spun = process.post("/api/v1/mill/wheels", &json!({"code": "W"})).await.unwrap();
    let own = process.post("/api/v1/mill/wheels", &json!({"code": "OWN"})).await.unwrap();
    // What is answered before it ends is there afterwards.
    let own = process.act(&own, "turn").await.unwrap();
    let refusal = process.act(&spun, "spin").await.unwrap_err();
    assert!(refusal.cause().is_some_and(|cause| cause.contains("504") && cause.contains("TIMEOUT")), "{refusal:?}");

    let ended = loop {
        if let Some(ended) = process.child.try_wait().unwrap() {
            break ended;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    };
    assert!(!ended.success(), "a supervisor that starts it after a failure does not: {ended}");
    let mut said = String::new();
    process.child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    let last = said.lines().last().unwrap();
    assert!(last.starts_with("mill: The cell mill is held by a rule that cannot be stopped"), "{said}");
    let path = format!("POST /api/v1/mill/wheels/{}/transitions spin", spun["id"].as_str().unwrap());
    assert!(last.contains(&path) && last.contains("tenant acme"), "{said}");
    assert!(said.lines().any(|line| line.contains("a rule does not end") && line.contains(&path)), "{said}");

    let process = Process::start(dir.path(), &master);
    let there = process.ask(http::Method::GET, "/api/v1/mill/wheels?sort=code", &Json::Null).await.unwrap();
    let found: Vec<_> =
        there["data"].as_array().unwrap().iter().map(|w| (w["code"].clone(), w["turns"].clone())).collect();
    assert_eq!(found, [(json!("OWN"), json!(1)), (json!("W"), json!(0))], "{there}");
    assert_eq!(process.act(&own, "turn").await.unwrap()["turns"], json!(2));
    assert_eq!(process.act(&spun, "turn").await.unwrap()["turns"], json!(1));
}
