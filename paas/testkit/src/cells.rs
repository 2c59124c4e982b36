//! Some cells in this process, each with its own database, connected as in an installation.

use paas_auth::{Context, ContextTenant, MasterKey};
use paas_cell::{Cell, Dispatcher, Pace, Service, router};
use paas_link::{Call, Link, Peers};
use paas_store::testing::Place;
use paas_types::{Clock, Id, Tenant, TenantKey};
use serde_json::{Value as Json, json};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Readers that neither wait long nor try for long.
pub const EAGER: Pace = Pace {
    poll: Duration::from_millis(20),
    patience: Duration::from_millis(100),
    deadline: Duration::from_secs(5),
    batch: 20,
    retry: Duration::from_millis(2),
    notices: true,
};

/// Cells with their data in a place of their own, on the database the tests were started for.
pub struct Cells {
    /// The master key of the installation.
    pub master: MasterKey,
    /// The way to every cell.
    pub peers: Peers,
    services: Vec<Arc<Service>>,
    dispatcher: Mutex<Option<Dispatcher>>,
    place: Place,
}

impl Cells {
    /// Opens these cells; nobody hears anything yet.
    pub fn open(cells: Vec<Cell>) -> Cells {
        let master = MasterKey::from_bytes([7; 32]);
        let peers = Peers::new(&master);
        let place = Place::chosen().expect("a place for data");
        let mut all = Cells { master, peers, services: Vec::new(), dispatcher: Mutex::default(), place };
        for cell in cells {
            all.add(cell);
        }
        all
    }

    /// Opens one more cell, or one that was closed again on the data it had.
    pub fn add(&mut self, cell: Cell) -> Arc<Service> {
        let name = cell.name();
        let master = Arc::new(self.master.clone());
        let store = self.place.open(cell.schema(), master, Clock::system()).expect("a store");
        let service = Service::new(cell, store, self.peers.clone(), &self.master, Clock::system());
        self.peers.connect(name, Link::local(router(Arc::clone(&service))));
        self.services.push(Arc::clone(&service));
        service
    }

    /// Closes a cell and its data; nobody answers in its place.
    pub async fn close(&mut self, name: &str) {
        self.peers.connect(name, Link::remote("http://127.0.0.1:1").expect("an address"));
        let (closed, kept) = self.services.drain(..).partition(|service| service.name() == name);
        self.services = kept;
        let closed: Vec<Arc<Service>> = closed;
        for service in closed {
            service.store().clone().close().await;
        }
    }

    /// A cell at work.
    pub fn service(&self, name: &str) -> &Arc<Service> {
        self.services.iter().find(|service| service.name() == name).unwrap_or_else(|| panic!("there is no cell {name}"))
    }

    /// All of them.
    pub fn services(&self) -> &[Arc<Service>] {
        &self.services
    }

    /// Starts hearing.
    pub fn hear(&self, pace: Pace) {
        *self.dispatcher.lock().unwrap() = Some(Dispatcher::start(&self.services, pace));
    }

    /// Stops hearing; whatever a reader was doing is cut off.
    pub async fn deafen(&self) {
        let dispatcher = self.dispatcher.lock().unwrap().take();
        if let Some(dispatcher) = dispatcher {
            dispatcher.stop().await;
        }
    }

    /// Makes a tenant known to a cell and seeds it there.
    pub async fn provision(&self, cell: &str, tenant: &Tenant) {
        let body = json!({"key": tenant.key.0, "name": &*tenant.code, "zone": "Asia/Shanghai"});
        let target = format!("/internal/tenants/{}", tenant.code);
        let call = Call::json(http::Method::PUT, &target, &body).expect("a call");
        let _: Json = self.peers.json(cell, system(Some(tenant)), call).await.expect("a tenant");
    }

    /// Asks a cell as the system does.
    pub async fn ask(&self, cell: &str, method: http::Method, target: &str, tenant: Option<&Tenant>) -> Json {
        let call = Call::new(method, target).expect("a call");
        self.peers.json(cell, system(tenant), call).await.expect("an answer")
    }
}

/// A tenant by its key; its code is `t` and the key.
pub fn tenant(key: i64) -> Tenant {
    Tenant { key: TenantKey(key), code: format!("t{key}").into() }
}

fn system(tenant: Option<&Tenant>) -> Context {
    let context = Context::system(&Id::fresh().to_string(), "");
    match tenant {
        Some(tenant) => {
            let (key, code) = (tenant.key, tenant.code.to_string());
            context.for_tenant(ContextTenant { key, name: code.clone(), code, zone: "Asia/Shanghai".to_owned() })
        }
        None => context,
    }
}

/// Waits until something is so, for two minutes at most: a busy machine must not decide.
pub async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    for _ in 0..12_000 {
        if holds().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("waited in vain: {what}");
}
