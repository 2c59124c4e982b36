//! The store of one cell: opening, writing, reading.

use crate::api::{Actor, OpenError, Schema, Target};
use crate::cell::Fault;
use crate::lite::Lite;
use crate::migrate::migrate_lite;
use crate::plan::Plans;
use crate::tape::Tape;
use crate::tx::Tx;
use crate::writer::{BUDGET_MS, Job, Submit, Writer};
use paas_auth::{MasterKey, Sealer};
use paas_document::Named;
use paas_types::{Clock, Id, Refusal, Result, Tenant, TenantKey};
use quick_cache::sync::Cache;
use std::collections::HashMap;
use std::fmt;
use std::os::unix::fs::PermissionsExt as _;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};
use tokio::sync::{Semaphore, watch};

const READERS: usize = 4;
const READ_BUDGET_MS: u64 = 5_000;
const NAMES_CACHED: usize = 50_000;

pub(crate) type NameKey = (TenantKey, &'static str, Id);

/// What all transactions of a store share.
pub(crate) struct Shared {
    pub plans: Plans,
    pub clock: Clock,
    pub master: Arc<MasterKey>,
    pub audit_key: [u8; 32],
    pub sealers: RwLock<HashMap<TenantKey, Arc<Sealer>>>,
    pub names: Cache<NameKey, Arc<Named>>,
    /// Counts commits; a reader may only cache what it read while no commit came between.
    pub generation: AtomicU64,
    pub commits: watch::Sender<u64>,
    /// Set once somebody wants to know what is asked of the database.
    pub tape: OnceLock<Arc<Tape>>,
}

/// The data of one cell. Clones are the same store.
#[derive(Clone)]
pub struct Store {
    shared: Arc<Shared>,
    writer: Arc<Writer>,
    readers: Arc<Readers>,
}

struct Readers {
    free: Mutex<Vec<Tx>>,
    permits: Arc<Semaphore>,
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Store")
    }
}

impl Store {
    /// Opens the data of a cell. SQLite makes and migrates its tables itself.
    pub fn open(target: &Target, schema: Schema, master: Arc<MasterKey>, clock: Clock) -> Result<Store, OpenError> {
        let Target::Lite { dir } = target else {
            return Err(OpenError::new(
                "This build keeps data in SQLite only; give a data directory instead of a server URL.",
            ));
        };
        std::fs::create_dir_all(dir)
            .map_err(|e| OpenError::new(format!("The data directory {} cannot be made: {e}.", dir.display())))?;
        let path = dir.join(format!("{}.db", schema.cell));
        let mut lite = Lite::writer(&path)?;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))
            .map_err(|e| OpenError::new(format!("The database {} cannot be closed to others: {e}.", path.display())))?;
        migrate_lite(&mut lite, &schema)?;
        let shared = Arc::new(Shared {
            plans: Plans::new(&schema),
            clock,
            audit_key: master.derive(&format!("audit:{}", schema.cell)),
            master,
            sealers: RwLock::default(),
            names: Cache::new(NAMES_CACHED),
            generation: AtomicU64::new(0),
            commits: watch::Sender::new(0),
            tape: OnceLock::new(),
        });
        let mut free = Vec::with_capacity(READERS);
        for _ in 0..READERS {
            free.push(Tx::new(Lite::reader(&path)?, Arc::clone(&shared), false));
        }
        let readers = Arc::new(Readers { free: Mutex::new(free), permits: Arc::new(Semaphore::new(READERS)) });
        let writer = Writer::start(schema.cell, Tx::new(lite, Arc::clone(&shared), true))?;
        Ok(Store { shared, writer: Arc::new(writer), readers })
    }

    /// Runs a job in a transaction of its own and answers after the commit. 503 when too many wait; 504 when the job
    /// takes longer than a second.
    pub async fn write<T: Send + 'static>(
        &self,
        who: Actor,
        job: impl FnMut(&mut Tx) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.write_within(who, BUDGET_MS, job).await
    }

    /// As [`Store::write`] with a budget of one's own, in milliseconds: for seeding and imports, which everyone else waits
    /// for.
    pub async fn write_within<T: Send + 'static>(
        &self,
        who: Actor,
        budget_ms: u64,
        job: impl FnMut(&mut Tx) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (job, answer) = Job::new(who, budget_ms, job);
        self.submit(job)?;
        answer.await.unwrap_or_else(|_| Err(Refusal::unavailable("the writer is gone")))
    }

    /// Runs a job as [`Store::write`] does and always takes back what it did: a dry run.
    pub async fn rehearse<T: Send + 'static>(
        &self,
        who: Actor,
        mut job: impl FnMut(&mut Tx) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (job, answer) = Job::new(who, BUDGET_MS, move |tx| {
            let out = job(tx)?;
            tx.take_back();
            Ok(out)
        });
        self.submit(job)?;
        answer.await.unwrap_or_else(|_| Err(Refusal::unavailable("the writer is gone")))
    }

    fn submit(&self, job: Box<Job>) -> Result<()> {
        match self.writer.submit(job) {
            Submit::Taken => Ok(()),
            Submit::Full => Err(Refusal::unavailable("the queue of the writer is full")),
            Submit::Closed => Err(Refusal::unavailable("the store is closing")),
        }
    }

    /// Runs a job on a snapshot; it cannot change anything.
    pub async fn read<T: Send + 'static>(
        &self,
        tenant: &Tenant,
        job: impl FnOnce(&mut Tx) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.snapshot(Actor::system(tenant.clone(), ""), Some(READ_BUDGET_MS), job).await
    }

    pub(crate) async fn snapshot<T: Send + 'static>(
        &self,
        who: Actor,
        budget_ms: Option<u64>,
        job: impl FnOnce(&mut Tx) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let readers = Arc::clone(&self.readers);
        let permits = Arc::clone(&self.readers.permits);
        let permit = permits.acquire_owned().await.map_err(|_| Refusal::unavailable("the store is closing"))?;
        let work = tokio::task::spawn_blocking(move || {
            // The work goes on when the caller has left, so the permit goes with the work.
            let _permit = permit;
            let taken = readers.free.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let mut tx = taken.ok_or_else(|| Refusal::unavailable("no reader is free"))?;
            let result = tx.read_job(who, budget_ms, job);
            readers.free.lock().unwrap_or_else(PoisonError::into_inner).push(tx);
            result
        });
        work.await.unwrap_or_else(|e| Err(Refusal::internal(e)))
    }

    /// Changes after each commit that told others something; wakes the dispatcher.
    pub fn commits(&self) -> watch::Receiver<u64> {
        self.shared.commits.subscribe()
    }

    /// Makes and migrates the databases of a PostgreSQL server. This build keeps data in SQLite, which needs no such step.
    pub fn migrate_pg(_server_url: &str, schema: &Schema) -> Result<(), OpenError> {
        Err(OpenError::new(format!(
            "The cell {} keeps its data in SQLite; there is no server to migrate.",
            schema.cell
        )))
    }

    /// The record of what is asked of the database; the bench replays it. Costs one look at an `Option` per statement
    /// until it is asked for.
    pub fn tape(&self) -> Arc<Tape> {
        Arc::clone(self.shared.tape.get_or_init(Arc::default))
    }

    /// Whether the database answers; for readiness.
    pub async fn ping(&self) -> Result<()> {
        let nobody = Tenant { key: TenantKey(0), code: Arc::from("") };
        self.read(&nobody, |tx| tx.query("SELECT 1", &[], &[crate::Col::Int]).map(|_| ())).await
    }

    /// Finishes what waits, writes the log back and closes.
    pub async fn close(self) {
        self.readers.permits.close();
        let writer = self.writer;
        let _ = tokio::task::spawn_blocking(move || writer.stop()).await;
    }
}

impl Shared {
    /// The sealer of a tenant, once it was unwrapped.
    pub fn sealer(&self, tenant: TenantKey) -> Option<Arc<Sealer>> {
        self.sealers.read().unwrap_or_else(PoisonError::into_inner).get(&tenant).cloned()
    }

    pub fn keep_sealer(&self, tenant: TenantKey, sealer: Arc<Sealer>) {
        self.sealers.write().unwrap_or_else(PoisonError::into_inner).insert(tenant, sealer);
    }

    /// Forgets all: the keys of a batch that was given up were never stored.
    pub fn forget_sealers(&self) {
        self.sealers.write().unwrap_or_else(PoisonError::into_inner).clear();
    }

    pub fn forget_sealer(&self, tenant: TenantKey) {
        self.sealers.write().unwrap_or_else(PoisonError::into_inner).remove(&tenant);
    }
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Fault {
        crate::lite::fault(error)
    }
}
