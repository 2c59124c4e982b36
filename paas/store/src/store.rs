//! The store of one cell: opening, writing, reading.

use crate::api::{Actor, OpenError, Schema, Target};
use crate::cell::Fault;
use crate::desk::{Desk, Stuck};
use crate::lite::Lite;
use crate::migrate::migrate_lite;
use crate::pg::constraints::Constraints;
use crate::pg::sequencer::{self, Waker};
use crate::pg::server::{Role, Server};
use crate::pg::{self, Pg, Pool};
use crate::plan::Plans;
use crate::readers::{Lane, Readers, Turn};
use crate::tables::tables_of;
use crate::tape::Tape;
use crate::tx::{Backend, Tx};
use crate::whole::Wholes;
use crate::writer::{BUDGET_MS, Job, Submit, Writer, blocked};
use paas_auth::{MasterKey, Sealer};
use paas_document::Named;
use paas_types::{Clock, Id, Refusal, Result, Tenant, TenantKey};
use quick_cache::sync::Cache;
use std::fmt;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Instant as Moment;
use tokio::sync::watch;

/// Connections that read: as many as processors, within these bounds; each keeps pages in memory.
const READERS: std::ops::RangeInclusive<usize> = 4..=8;
const READ_BUDGET_MS: u64 = 5_000;
const NAMES_CACHED: usize = 50_000;
/// Tenants whose data key lies open in memory, at most.
const SEALERS: usize = 10_000;
/// Connections that read the logs of all tenants.
const LOG_READERS: usize = 2;
/// Connections that write, at most: more of them only wait for each other.
const WRITERS: usize = 8;

pub(crate) type NameKey = (TenantKey, &'static str, Id);

/// What all transactions of a store share.
pub(crate) struct Shared {
    pub plans: Plans,
    pub clock: Clock,
    pub master: Arc<MasterKey>,
    pub audit_key: [u8; 32],
    pub sealers: Cache<TenantKey, Arc<Sealer>>,
    pub names: Cache<NameKey, Arc<Named>>,
    /// Since when the names are kept; looked at where other processes change them too.
    pub names_since: Mutex<Moment>,
    /// What was made of all records of small masters.
    pub wholes: Wholes,
    /// Counts commits that changed names; a reader may only cache what it read while none came between.
    pub generation: AtomicU64,
    pub commits: watch::Sender<u64>,
    /// Set once somebody wants to know what is asked of the database.
    pub tape: OnceLock<Arc<Tape>>,
    /// The way to the sequencer, on PostgreSQL.
    pub waker: OnceLock<Waker>,
}

/// The data of one cell. Clones are the same store.
#[derive(Clone)]
pub struct Store {
    shared: Arc<Shared>,
    writers: Arc<Writers>,
    /// Who writes.
    desk: Arc<Desk>,
    readers: Arc<Readers>,
    /// Who reads what all tenants have, where that is another role.
    log_readers: Option<Arc<Readers>>,
}

enum Writers {
    One(Writer),
    Several(Pool),
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Store")
    }
}

impl Store {
    /// Opens the data of a cell. SQLite makes and migrates its tables itself; a PostgreSQL database must have been
    /// brought to the schema by [`Store::migrate_pg`].
    pub fn open(target: &Target, schema: Schema, master: Arc<MasterKey>, clock: Clock) -> Result<Store, OpenError> {
        match target {
            Target::Lite { dir } => Store::open_lite(dir, &schema, master, clock),
            Target::Pg { url, prefix, max_connections } => {
                let server = Server::new(url, prefix, schema.cell)?;
                on_own_thread(|| Store::open_pg(&server, *max_connections, &schema, master, clock))
            }
        }
    }

    fn open_lite(dir: &Path, schema: &Schema, master: Arc<MasterKey>, clock: Clock) -> Result<Store, OpenError> {
        std::fs::create_dir_all(dir)
            .map_err(|e| OpenError::new(format!("The data directory {} cannot be made: {e}.", dir.display())))?;
        let path = dir.join(format!("{}.db", schema.cell));
        let mut lite = Lite::writer(&path)?;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))
            .map_err(|e| OpenError::new(format!("The database {} cannot be closed to others: {e}.", path.display())))?;
        migrate_lite(&mut lite, schema)?;
        let shared = Shared::new(schema, master, clock, false);
        let readers = most_readers();
        let mut free = Vec::with_capacity(readers);
        for _ in 0..readers {
            free.push(Tx::new(Backend::Lite(Lite::reader(&path)?), Arc::clone(&shared), false));
        }
        let desk = Desk::new(1, true);
        let tx = Tx::new(Backend::Lite(lite), Arc::clone(&shared), true);
        let writers = Arc::new(Writers::One(Writer::start(schema.cell, tx)?));
        Ok(Store { shared, writers, desk, readers: Readers::new(free), log_readers: None })
    }

    /// Connections are made when they are needed; only the first shows now whether the database is ready.
    fn open_pg(
        server: &Server,
        max_connections: usize,
        schema: &Schema,
        master: Arc<MasterKey>,
        clock: Clock,
    ) -> Result<Store, OpenError> {
        let tables = tables_of(schema, true);
        let constraints = Arc::new(Constraints::of(&tables));
        let failed = |fault: Fault| OpenError::new(format!("The database connections cannot be made: {fault:?}."));
        let connection = |role| Pg::new(server.as_role(role, &master), Arc::clone(&constraints)).map_err(failed);
        let mut first = connection(Role::App)?;
        pg::migrate::check(&mut first, server, &tables)?;
        let shared = Shared::new(schema, Arc::clone(&master), clock, true);
        let tx = |pg: Pg, writes| Tx::new(Backend::Pg(Box::new(pg)), Arc::clone(&shared), writes);
        let rest = max_connections.saturating_sub(LOG_READERS + 2);
        let reading = (rest / 3).clamp(1, *READERS.start());
        let writing = rest.saturating_sub(reading).clamp(1, WRITERS);
        let mut several = vec![tx(first, true)];
        for _ in 1..writing {
            several.push(tx(connection(Role::App)?, true));
        }
        let desk = Desk::new(several.len(), true);
        let mut free = Vec::with_capacity(reading);
        for _ in 0..reading {
            free.push(tx(connection(Role::App)?, false));
        }
        let mut log = Vec::with_capacity(LOG_READERS);
        for _ in 0..LOG_READERS {
            log.push(tx(connection(Role::Log)?, false));
        }
        let waker = sequencer::start(schema.cell, connection(Role::Log)?, shared.audit_key, shared.commits.clone())
            .map_err(|e| OpenError::new(format!("No thread for the sequencer: {e}.")))?;
        let _ = shared.waker.set(waker);
        let writers = Arc::new(Writers::Several(Pool::start(schema.cell, several, connection(Role::App)?)?));
        let log_readers = Some(Readers::new(log));
        Ok(Store { shared: Arc::clone(&shared), writers, desk, readers: Readers::new(free), log_readers })
    }

    /// Runs a job in a transaction of its own and answers after the commit. 503 when too many wait, or a job that does
    /// not end holds every writer; 504 when the job takes longer than a second.
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
        let (job, awaited) = Job::new((who, budget_ms), &self.desk, job);
        self.submit(job)?;
        awaited.outcome().await
    }

    /// Runs a job as [`Store::write`] does and always takes back what it did: a dry run.
    pub async fn rehearse<T: Send + 'static>(
        &self,
        who: Actor,
        mut job: impl FnMut(&mut Tx) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (job, awaited) = Job::new((who, BUDGET_MS), &self.desk, move |tx| {
            let out = job(tx)?;
            tx.take_back();
            Ok(out)
        });
        self.submit(job)?;
        awaited.outcome().await
    }

    fn submit(&self, job: Box<Job>) -> Result<()> {
        if self.desk.is_blocked() {
            return Err(blocked());
        }
        let taken = match &*self.writers {
            Writers::One(writer) => writer.submit(job),
            Writers::Several(pool) => pool.submit(job),
        };
        match taken {
            Submit::Taken => Ok(()),
            Submit::Full => Err(Refusal::unavailable("the queue of the writer is full")),
            Submit::Closed => Err(Refusal::unavailable("the store is closing")),
        }
    }

    /// Runs a job on a snapshot; it cannot change anything. A tenant has a share of the readers: 503 when too many of its
    /// reads wait, 504 when the job takes longer than five seconds.
    pub async fn read<T: Send + 'static>(
        &self,
        tenant: &Tenant,
        job: impl FnOnce(&mut Tx) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.snapshot(Actor::system(tenant.clone(), ""), Some(READ_BUDGET_MS), job).await
    }

    /// As [`Store::read`] before all others, for short questions that everybody waits for: who a caller is, say.
    pub async fn read_inside<T: Send + 'static>(
        &self,
        tenant: &Tenant,
        job: impl FnOnce(&mut Tx) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let turn = Arc::clone(&self.readers).turn(Lane::Inside).await?;
        snapshot_on(turn, Actor::system(tenant.clone(), ""), Some(READ_BUDGET_MS), job).await
    }

    pub(crate) async fn snapshot<T: Send + 'static>(
        &self,
        who: Actor,
        budget_ms: Option<u64>,
        job: impl FnOnce(&mut Tx) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let turn = Arc::clone(&self.readers).turn(Lane::Of(who.tenant.key)).await?;
        snapshot_on(turn, who, budget_ms, job).await
    }

    /// A question that is no tenant's.
    pub(crate) async fn snapshot_of_all<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Tx) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let readers = Arc::clone(self.log_readers.as_ref().unwrap_or(&self.readers));
        let turn = readers.turn(Lane::Inside).await?;
        snapshot_on(turn, crate::events::nobody(), Some(READ_BUDGET_MS), job).await
    }

    /// Jobs that go on long after their time was over: rules that ask their transaction for nothing, which cannot be cut
    /// off. What they do is never committed; whoever asked for a write among them was told.
    pub fn stuck(&self) -> Vec<Stuck> {
        self.desk.stuck().into_iter().chain(self.readers.desk.stuck()).collect()
    }

    /// Whether nobody can write, or no caller read, because of jobs that do not end: only a new process helps.
    pub fn is_blocked(&self) -> bool {
        self.desk.is_blocked() || self.readers.desk.is_blocked()
    }

    /// Changes after each commit that told others something; wakes the dispatcher.
    pub fn commits(&self) -> watch::Receiver<u64> {
        self.shared.commits.subscribe()
    }

    /// Waits until what was committed is numbered and sealed; at once where the writer does it itself.
    pub(crate) async fn settle(&self) -> Result<()> {
        match self.shared.waker.get() {
            Some(waker) => waker.settle().await,
            None => Ok(()),
        }
    }

    /// Makes the PostgreSQL database of a cell with its roles and brings its tables to the schema. The server URL is that
    /// of a role that may create databases and roles; the passwords of the roles made come from the master key. SQLite
    /// needs no such step.
    pub fn migrate_pg(target: &Target, schema: &Schema, master: &MasterKey) -> Result<(), OpenError> {
        let Target::Pg { url, prefix, .. } = target else {
            return Err(OpenError::new(
                "Only a database of PostgreSQL is migrated by itself; SQLite files are at opening.",
            ));
        };
        let server = Server::new(url, prefix, schema.cell)?;
        on_own_thread(|| pg::migrate::migrate(&server, schema, master))
    }

    /// The record of what is asked of the database; the bench replays it. Costs one look at an `Option` per statement
    /// until it is asked for.
    pub fn tape(&self) -> Arc<Tape> {
        Arc::clone(self.shared.tape.get_or_init(Arc::default))
    }

    /// Whether the database answers; for readiness.
    pub async fn ping(&self) -> Result<()> {
        let nobody = Tenant { key: TenantKey(0), code: Arc::from("") };
        self.read_inside(&nobody, |tx| tx.query("SELECT 1", &[], &[crate::Col::Int]).map(|_| ())).await
    }

    /// Finishes what waits, writes the log back and closes.
    pub async fn close(self) {
        self.readers.close();
        let writers = self.writers;
        let stop = move || match &*writers {
            Writers::One(writer) => writer.stop(),
            Writers::Several(pool) => pool.stop(),
        };
        let _ = tokio::task::spawn_blocking(stop).await;
        // What is not numbered now is numbered by whoever opens the database next.
        if let Some(waker) = self.shared.waker.get() {
            let _ = waker.settle().await;
        }
    }
}

/// Runs a job on a snapshot where blocking is allowed. The work goes on when the caller has left, so the turn goes with
/// the work.
async fn snapshot_on<T: Send + 'static>(
    turn: Turn,
    who: Actor,
    budget_ms: Option<u64>,
    job: impl FnOnce(&mut Tx) -> Result<T> + Send + 'static,
) -> Result<T> {
    let work = tokio::task::spawn_blocking(move || {
        let asked = who.clone();
        turn.work((&asked, budget_ms), |tx| tx.read_job(who, budget_ms, job))
    });
    work.await.unwrap_or_else(|e| Err(Refusal::internal(e)))
}

fn most_readers() -> usize {
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    processors.clamp(*READERS.start(), *READERS.end())
}

/// Waits for work that must not run where the caller's own runtime runs.
fn on_own_thread<T: Send>(work: impl FnOnce() -> Result<T, OpenError> + Send) -> Result<T, OpenError> {
    std::thread::scope(|scope| scope.spawn(work).join())
        .unwrap_or_else(|_| Err(OpenError::new("The database could not be opened: a fault of the program.")))
}

impl Shared {
    fn new(schema: &Schema, master: Arc<MasterKey>, clock: Clock, pg: bool) -> Arc<Shared> {
        Arc::new(Shared {
            plans: Plans::new(schema, pg),
            clock,
            audit_key: master.derive(&format!("audit:{}", schema.cell)),
            master,
            sealers: Cache::new(SEALERS),
            names: Cache::new(NAMES_CACHED),
            names_since: Mutex::new(Moment::now()),
            wholes: Wholes::default(),
            generation: AtomicU64::new(0),
            commits: watch::Sender::new(0),
            tape: OnceLock::new(),
            waker: OnceLock::new(),
        })
    }

    /// The sealer of a tenant, once it was unwrapped.
    pub fn sealer(&self, tenant: TenantKey) -> Option<Arc<Sealer>> {
        self.sealers.get(&tenant)
    }

    pub fn keep_sealer(&self, tenant: TenantKey, sealer: Arc<Sealer>) {
        self.sealers.insert(tenant, sealer);
    }

    /// Forgets all: the keys of a batch that was given up were never stored.
    pub fn forget_sealers(&self) {
        self.sealers.clear();
    }

    pub fn forget_sealer(&self, tenant: TenantKey) {
        self.sealers.remove(&tenant);
    }
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Fault {
        crate::lite::fault(error)
    }
}
