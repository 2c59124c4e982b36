//! A transaction of one tenant: who, when, and the two operations everything else is built on.

use crate::api::Actor;
use crate::cell::{Cell, Col, Fault};
use crate::ledger::Held;
use crate::lite::Lite;
use crate::plan::Plan;
use crate::store::{NameKey, Shared};
use paas_auth::Sealer;
use paas_document::TypeMeta;
use paas_types::{Instant, Refusal, Result, Tenant};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// A transaction. Only the store makes one; jobs get it for as long as they run.
pub struct Tx {
    lite: Lite,
    pub(crate) shared: Arc<Shared>,
    writes: bool,
    actor: Actor,
    now: Instant,
    /// The first fault of the job: it will be rolled back whatever it answers.
    broken: Option<Refusal>,
    rehearsal: bool,
    pub(crate) held: HashMap<(&'static str, Vec<u8>), Held>,
    pub(crate) entries: Vec<[u8; 32]>,
    /// Names changed since the batch began: not to be cached before the commit.
    pub(crate) dirty_names: HashSet<NameKey>,
    pub(crate) emitted: bool,
    pub(crate) generation: u64,
}

impl std::fmt::Debug for Tx {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Tx({})", self.actor.tenant.code)
    }
}

impl Tx {
    pub(crate) fn new(lite: Lite, shared: Arc<Shared>, writes: bool) -> Tx {
        let nobody = Tenant { key: paas_types::TenantKey(0), code: Arc::from("") };
        Tx {
            lite,
            writes,
            actor: Actor::system(nobody, ""),
            now: Instant::from_micros(0),
            broken: None,
            rehearsal: false,
            held: HashMap::new(),
            entries: Vec::new(),
            dirty_names: HashSet::new(),
            emitted: false,
            generation: shared.generation.load(Ordering::Acquire),
            shared,
        }
    }

    /// The tenant.
    pub fn tenant(&self) -> &Tenant {
        &self.actor.tenant
    }

    /// Who acts.
    pub fn actor(&self) -> &Actor {
        &self.actor
    }

    /// Now; the same instant throughout the job.
    pub fn now(&self) -> Instant {
        self.now
    }

    /// Whether the job may write.
    pub fn can_write(&self) -> bool {
        self.writes
    }

    pub(crate) fn tenant_cell(&self) -> Cell {
        Cell::Int(self.actor.tenant.key.0)
    }

    pub(crate) fn plan(&self, meta: &TypeMeta) -> Result<Arc<Plan>> {
        self.shared.plans.get(meta)
    }

    /// Runs a statement; returns how many rows it touched.
    pub(crate) fn execute(&mut self, sql: &str, params: &[Cell]) -> Result<u64> {
        self.attempt(sql, params).map_err(|fault| self.spoil(fault.into()))
    }

    /// Runs a statement and leaves the judgement of a fault to the caller, who must [`Tx::spoil`] or return it.
    pub(crate) fn attempt(&mut self, sql: &str, params: &[Cell]) -> Result<u64, Fault> {
        self.record(sql, params);
        self.lite.execute(sql, params)
    }

    /// Runs a statement that answers rows.
    pub(crate) fn query(&mut self, sql: &str, params: &[Cell], columns: &[Col]) -> Result<Vec<Vec<Cell>>> {
        self.record(sql, params);
        self.lite.query(sql, params, columns).map_err(|fault| self.spoil(fault.into()))
    }

    fn record(&self, sql: &str, params: &[Cell]) {
        if let Some(tape) = self.shared.tape.get() {
            tape.statement(self.writes, sql, params);
        }
    }

    /// The first row of an answer.
    pub(crate) fn query_one(&mut self, sql: &str, params: &[Cell], columns: &[Col]) -> Result<Option<Vec<Cell>>> {
        Ok(self.query(sql, params, columns)?.into_iter().next())
    }

    /// Notes that the job cannot commit any more, and why.
    pub(crate) fn spoil(&mut self, refusal: Refusal) -> Refusal {
        if self.broken.is_none() {
            self.broken = Some(refusal.clone());
        }
        refusal
    }

    /// Makes the job a rehearsal: what it did is taken back at its end.
    pub(crate) fn take_back(&mut self) {
        self.rehearsal = true;
    }

    /// The sealer of the tenant.
    pub(crate) fn sealer(&mut self) -> Result<Arc<Sealer>> {
        let key = self.actor.tenant.key;
        if let Some(sealer) = self.shared.sealer(key) {
            return Ok(sealer);
        }
        let row =
            self.query_one("SELECT data_key FROM tenant WHERE tenant = $1", &[self.tenant_cell()], &[Col::Bytes])?;
        let wrapped = row.and_then(|r| r.into_iter().next()).ok_or_else(|| {
            Refusal::internal(format!("the tenant {} is not provisioned in this cell", self.actor.tenant.code))
        })?;
        let sealer = Arc::new(self.shared.master.unwrap(&wrapped.into_bytes())?);
        self.shared.keep_sealer(key, Arc::clone(&sealer));
        Ok(sealer)
    }

    fn start(&mut self, who: Actor, budget_ms: Option<u64>) {
        if let Some(tape) = self.shared.tape.get() {
            tape.job(self.writes);
        }
        self.now = who.now.unwrap_or_else(|| self.shared.clock.now());
        self.actor = who;
        self.broken = None;
        self.rehearsal = false;
        self.held.clear();
        self.entries.clear();
        match budget_ms {
            Some(ms) => self.lite.budget.start(ms),
            None => self.lite.budget.lift(),
        }
    }

    fn control(&mut self, sql: &str) -> Result<()> {
        self.lite.connection.execute_batch(sql).map_err(|e| Fault::from(e).into())
    }

    pub(crate) fn begin_batch(&mut self) -> Result<()> {
        self.lite.budget.lift();
        self.emitted = false;
        self.control("BEGIN IMMEDIATE").map_err(|r| Refusal::unavailable(r.cause().unwrap_or_default()))
    }

    pub(crate) fn commit_batch(&mut self) -> Result<()> {
        self.lite.budget.lift();
        let result = self.control("COMMIT").map_err(|r| Refusal::unavailable(r.cause().unwrap_or_default()));
        if result.is_err() {
            self.abandon_batch();
        }
        result
    }

    pub(crate) fn abandon_batch(&mut self) {
        self.lite.budget.lift();
        if !self.is_outside() {
            let _ = self.control("ROLLBACK");
        }
        self.dirty_names.clear();
        self.emitted = false;
        // A data key made in this batch is gone with it: sealing under it would lose what is sealed.
        self.shared.forget_sealers();
    }

    /// Whether no transaction is open any more.
    pub(crate) fn is_outside(&self) -> bool {
        self.lite.connection.is_autocommit()
    }

    /// After a commit: others may see it now.
    pub(crate) fn announce(&mut self) {
        self.shared.generation.fetch_add(1, Ordering::AcqRel);
        for key in self.dirty_names.drain() {
            self.shared.names.remove(&key);
        }
        if std::mem::take(&mut self.emitted) {
            self.shared.commits.send_modify(|n| *n = n.wrapping_add(1));
        }
    }

    pub(crate) fn begin_job(&mut self, who: Actor, budget_ms: Option<u64>) -> Result<()> {
        self.lite.budget.lift();
        self.control("SAVEPOINT job")?;
        self.start(who, budget_ms);
        Ok(())
    }

    pub(crate) fn end_job(&mut self, result: Result<()>) -> Result<()> {
        let over = self.lite.budget.is_over();
        self.lite.budget.lift();
        let mut result = match (result, self.broken.take()) {
            (Ok(()), Some(broken)) => Err(broken),
            (result, _) => result,
        };
        if over && result.is_ok() {
            result = Err(Fault::Timeout.into());
        }
        if self.is_outside() {
            return result;
        }
        if result.is_err() || self.rehearsal {
            self.shared.forget_sealer(self.actor.tenant.key);
            self.control("ROLLBACK TO job")?;
        }
        self.control("RELEASE job")?;
        result
    }

    /// A job on a snapshot.
    pub(crate) fn read_job<T>(
        &mut self,
        who: Actor,
        budget_ms: Option<u64>,
        job: impl FnOnce(&mut Tx) -> Result<T>,
    ) -> Result<T> {
        self.generation = self.shared.generation.load(Ordering::Acquire);
        self.lite.budget.lift();
        self.control("BEGIN")?;
        self.start(who, budget_ms);
        let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| job(self)))
            .unwrap_or_else(|_| Err(Refusal::internal("a read panicked")));
        self.lite.budget.lift();
        if !self.is_outside() {
            let _ = self.control("ROLLBACK");
        }
        result
    }

    /// Writes the log back into the database file, at the end.
    pub(crate) fn checkpoint(&mut self) {
        let _ = self.control("PRAGMA wal_checkpoint(TRUNCATE); PRAGMA optimize");
    }
}
