//! The whole program in this process, on a directory, with the demo company.

use crate::client::{Connection, Door};
use paas_auth::{MasterKey, TokenKey};
use paas_cell::{Service, router};
use paas_gateway::{Gateway, GatewayConfig};
use paas_link::{Link, Peers};
use paas_platform::{NewTenant, NewUser, install};
use paas_store::{Store, Target};
use paas_types::{Clock, Secret};
use serde_json::{Value as Json, json};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;

/// The demo company, and others like it.
pub const COMPANIES: [&str; 20] = [
    "demo", "demo-1", "demo-2", "demo-3", "demo-4", "demo-5", "demo-6", "demo-7", "demo-8", "demo-9", "demo-10",
    "demo-11", "demo-12", "demo-13", "demo-14", "demo-15", "demo-16", "demo-17", "demo-18", "demo-19",
];

/// The demo's password.
pub const PASSWORD: &str = "Demo@12345";

/// Where the data is; the master key lies beside the directory.
#[derive(Clone, Debug)]
pub struct Place {
    /// The directory of SQLite's files; with a server it only names the key.
    pub data: PathBuf,
    /// A PostgreSQL server, when the data is there: a URL of a role that makes databases.
    pub server: Option<String>,
}

impl Place {
    /// SQLite in a directory.
    pub fn lite(data: &Path) -> Place {
        Place { data: data.to_path_buf(), server: None }
    }

    fn target(&self) -> Target {
        match &self.server {
            None => Target::Lite { dir: self.data.clone() },
            Some(url) => {
                Target::Pg { url: url.clone(), prefix: "bench".to_owned(), max_connections: Target::CONNECTIONS }
            }
        }
    }
}

/// A running program.
pub struct World {
    runtime: Runtime,
    services: Vec<(&'static str, Arc<Service>)>,
    stop: Option<oneshot::Sender<()>>,
    served: tokio::task::JoinHandle<()>,
    /// Whether the data is on a database server.
    pub is_on_server: bool,
    /// The installation's key.
    pub master: MasterKey,
    /// The cells.
    pub peers: Peers,
    /// The way in, as the demo's administrator.
    pub door: Door,
    /// The ways into all companies, the demo's first.
    pub doors: Vec<Door>,
}

/// The key file beside a data directory, where the program itself would look for it.
pub fn key_of(data: &Path) -> PathBuf {
    let mut name = data.as_os_str().to_owned();
    name.push(".key");
    PathBuf::from(name)
}

impl World {
    /// Starts on a place; a new one gets these companies, with demo data.
    pub fn start(place: &Place, companies: &[&'static str]) -> Result<World, String> {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(|e| e.to_string())?;
        let fresh = !key_of(&place.data).exists();
        let master = MasterKey::load_or_create(&key_of(&place.data)).map_err(|e| e.to_string())?;
        let peers = Peers::new(&master);
        let ways = peers.clone();
        let (stop, stopped) = oneshot::channel::<()>();
        let (services, served, doors) = runtime.block_on(async {
            let mut services = Vec::new();
            for cell in superpaas::cells::all() {
                let name = cell.name();
                let target = place.target();
                if fresh && place.server.is_some() {
                    Store::migrate_pg(&target, &cell.schema(), &master).map_err(|e| e.to_string())?;
                }
                let store = Store::open(&target, cell.schema(), Arc::new(master.clone()), Clock::system());
                let store = store.map_err(|e| e.to_string())?;
                let service = Service::new(cell, store, peers.clone(), &master, Clock::system());
                peers.connect(name, Link::local(router(Arc::clone(&service))));
                services.push((name, service));
            }
            if let (true, Some((_, platform))) = (fresh, services.first()) {
                let demos = companies.iter().map(|code| tenant(code, vec![crate::CELL.to_owned()], true));
                for tenant in std::iter::once(tenant("system", Vec::new(), false)).chain(demos) {
                    let failed = |e: paas_types::Refusal| {
                        format!("a tenant: {} ({})", e.message().en, e.cause().unwrap_or_default())
                    };
                    install(platform, tenant).await.map_err(failed)?;
                }
            }
            let gateway = Gateway::new(GatewayConfig::default(), peers, TokenKey::from_master(&master));
            let listener = TcpListener::bind("127.0.0.1:0").await.map_err(|e| e.to_string())?;
            let port = listener.local_addr().map_err(|e| e.to_string())?.port();
            let until = async {
                let _ = stopped.await;
            };
            let served = tokio::spawn(async {
                paas_gateway::serve(gateway, listener, None, until).await;
            });
            let mut doors = Vec::new();
            for code in companies {
                doors.push(sign_in(port, code).await?);
            }
            Ok::<_, String>((services, served, doors))
        })?;
        let is_on_server = place.server.is_some();
        let door = doors.first().cloned().ok_or("no company")?;
        Ok(World { runtime, services, stop: Some(stop), served, is_on_server, master, peers: ways, door, doors })
    }

    /// The cell that is measured.
    pub fn service(&self) -> Result<&Arc<Service>, String> {
        let found = self.services.iter().find(|(name, _)| *name == crate::CELL);
        found.map(|(_, service)| service).ok_or_else(|| format!("there is no cell {}", crate::CELL))
    }

    /// Its store.
    pub fn store(&self) -> Result<&Store, String> {
        self.service().map(|service| service.store())
    }

    /// Runs a future on the program's threads.
    pub fn block_on<T>(&self, future: impl Future<Output = T>) -> T {
        self.runtime.block_on(future)
    }

    /// Ends the program in order.
    pub fn stop(mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
        self.runtime.block_on(async {
            let _ = self.served.await;
            for (_, service) in &self.services {
                service.store().clone().close().await;
            }
        });
    }
}

fn tenant(code: &'static str, cells: Vec<String>, demo: bool) -> NewTenant {
    NewTenant {
        code,
        name: "测试",
        name_en: None,
        cells,
        users: vec![NewUser {
            username: "admin", name: "管理员", role: ("管理员", "Administrator"), permissions: &[]
        }],
        password: Secret::new(PASSWORD.to_owned()),
        must_change: false,
        demo,
    }
}

/// Signs a company's administrator in.
pub async fn sign_in(port: u16, tenant: &str) -> Result<Door, String> {
    let nobody = Door { port, tenant: Arc::from(tenant), token: Arc::from("-") };
    let mut connection = Connection::open(&nobody, "sign-in".to_owned()).await?;
    let body = json!({"grant_type": "password", "tenant": tenant, "username": "admin", "password": PASSWORD});
    let said: Json = connection.json("POST", "auth/token", &body, 200).await?;
    let token = said.get("access_token").and_then(Json::as_str).ok_or("no token")?;
    Ok(Door { port, tenant: Arc::from(tenant), token: Arc::from(token) })
}
