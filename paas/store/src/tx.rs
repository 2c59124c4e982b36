//! A transaction of one tenant: who, when, and the two operations everything else is built on.

use crate::api::Actor;
use crate::cell::{Cell, Col, Fault};
use crate::known::Lasting;
use crate::ledger::Held;
use crate::lite::Lite;
use crate::pg::{Missed, Pg, Then};
use crate::plan::Plan;
use crate::store::{NameKey, Shared};
use paas_auth::Sealer;
use paas_document::{Named, Record, TypeMeta};
use paas_types::{Id, Instant, Refusal, Result, Tenant};
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// How often a job may still ask after it was cut off; then it is ended, whatever it makes of the refusals.
const INSISTENCE: u32 = 100;

/// The database behind a transaction.
pub(crate) enum Backend {
    Lite(Lite),
    Pg(Box<Pg>),
}

/// A transaction. Only the store makes one; jobs get it for as long as they run.
pub struct Tx {
    pub(crate) backend: Backend,
    pub(crate) shared: Arc<Shared>,
    pub(crate) writes: bool,
    actor: Actor,
    now: Instant,
    /// The first fault of the job: it will be rolled back whatever it answers.
    pub(crate) broken: Option<Refusal>,
    /// How often the job asked after its time was over.
    overdue: u32,
    pub(crate) rehearsal: bool,
    /// The job made the data key of its tenant: when it is taken back, the key is gone.
    pub(crate) fresh_key: bool,
    pub(crate) held: HashMap<(&'static str, Vec<u8>), Held>,
    /// Records the job has read or written, as they are stored.
    pub(crate) known: HashMap<(&'static str, Id), Box<dyn Record>>,
    /// Masters and settings that the one writer has read, for later jobs too.
    pub(crate) lasting: Lasting,
    pub(crate) entries: Vec<[u8; 32]>,
    /// Number and seal of the last audited act, when the job has audited one.
    pub(crate) chain: Option<(i64, Vec<u8>)>,
    /// Names given or (`true`) changed since the batch began: not to be cached before the commit.
    pub(crate) dirty_names: HashMap<NameKey, bool>,
    pub(crate) emitted: bool,
    /// Whether rows are inserted one by one, because one of several was refused.
    pub(crate) one_by_one: bool,
    /// What the running job has read of masters' names.
    pub(crate) read_names: HashMap<(&'static str, Id), Named>,
    /// How many answers this writer has kept.
    pub(crate) kept_answers: u32,
    pub(crate) generation: u64,
    /// How many rows the connection had changed when the job began.
    pub(crate) touched: u64,
    /// Texts of changes of balances, by entry and balance.
    pub(crate) folds: HashMap<(&'static str, &'static str), Arc<str>>,
}

impl std::fmt::Debug for Tx {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Tx({})", self.actor.tenant.code)
    }
}

impl Tx {
    pub(crate) fn new(backend: Backend, shared: Arc<Shared>, writes: bool) -> Tx {
        let nobody = Tenant { key: paas_types::TenantKey(0), code: Arc::from("") };
        Tx {
            backend,
            writes,
            actor: Actor::system(nobody, ""),
            now: Instant::from_micros(0),
            broken: None,
            overdue: 0,
            rehearsal: false,
            fresh_key: false,
            held: HashMap::new(),
            known: HashMap::new(),
            lasting: Lasting::default(),
            entries: Vec::new(),
            chain: None,
            dirty_names: HashMap::new(),
            emitted: false,
            one_by_one: false,
            read_names: HashMap::new(),
            kept_answers: 0,
            generation: shared.generation.load(Ordering::Acquire),
            touched: 0,
            folds: HashMap::new(),
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

    /// Refuses once the job's time is over, also what could be answered from memory: a rule that goes round in what it
    /// knows is cut off too. One that does not heed the refusal is ended by a panic, which is caught where jobs run.
    pub(crate) fn heed(&mut self) -> Result<(), Fault> {
        let over = match &self.backend {
            Backend::Lite(lite) => lite.budget.is_over(),
            Backend::Pg(pg) => pg.budget.is_over(),
        };
        if !over {
            return Ok(());
        }
        self.overdue += 1;
        if self.overdue > INSISTENCE {
            std::panic::resume_unwind(Box::new("it went on after it was cut off"));
        }
        self.spoil(Fault::Timeout.into());
        Err(Fault::Timeout)
    }

    /// Runs a statement and leaves the judgement of a fault to the caller, who must [`Tx::spoil`] or return it.
    pub(crate) fn attempt(&mut self, sql: &str, params: &[Cell]) -> Result<u64, Fault> {
        self.heed()?;
        self.record(sql, params);
        match &mut self.backend {
            Backend::Lite(lite) => lite.execute(sql, params),
            Backend::Pg(pg) => pg.execute(sql, params).map_err(|missed| self.missed(missed)),
        }
    }

    /// Runs a statement whose outcome decides nothing; PostgreSQL may run it together with the next one.
    pub(crate) fn send(&mut self, sql: &str, params: Vec<Cell>) -> Result<()> {
        self.keep_back(sql, params, Then::Nothing).map_err(|fault| self.spoil(fault.into()))
    }

    /// As [`Tx::send`]; on PostgreSQL the fault comes later and is met as said.
    pub(crate) fn keep_back(&mut self, sql: &str, params: Vec<Cell>, then: Then) -> Result<(), Fault> {
        self.heed()?;
        self.record(sql, &params);
        match &mut self.backend {
            Backend::Lite(lite) => lite.execute(sql, &params).map(|_| ()),
            Backend::Pg(pg) => pg.keep_back(sql, params, then).map_err(|missed| self.missed(missed)),
        }
    }

    /// Runs a statement that answers rows.
    pub(crate) fn query(&mut self, sql: &str, params: &[Cell], columns: &[Col]) -> Result<Vec<Vec<Cell>>> {
        self.heed()?;
        self.record(sql, params);
        let rows = match &mut self.backend {
            Backend::Lite(lite) => lite.query(sql, params, columns),
            Backend::Pg(pg) => pg.query(sql, params, columns).map_err(|missed| self.missed(missed)),
        };
        rows.map_err(|fault| self.spoil(fault.into()))
    }

    /// What a failed statement of PostgreSQL means; the job's first fault is kept.
    pub(crate) fn missed(&mut self, missed: Missed) -> Fault {
        let Missed { fault, then } = missed;
        let fault = match (then, fault) {
            (Then::Lock | Then::First, Fault::Other(text)) => Fault::Restart(text),
            (Then::First, Fault::Unique(columns)) => Fault::Restart(columns.join(", ")),
            (Then::Many, Fault::Unique(_) | Fault::Foreign(_)) => {
                self.one_by_one = true;
                Fault::Restart("one of several rows was refused".to_owned())
            }
            (Then::Explain { plan, prefix }, fault @ (Fault::Unique(_) | Fault::Foreign(_))) => {
                Fault::Earlier(self.explain(fault, &plan, None, &prefix))
            }
            (Then::Touch { plan, id }, Fault::Untouched) => {
                let refusal = self.stale(plan.meta, id).unwrap_or_else(|refusal| refusal);
                Fault::Earlier(self.spoil(refusal))
            }
            (Then::Touch { plan, .. }, fault @ (Fault::Unique(_) | Fault::Foreign(_))) => {
                Fault::Earlier(self.explain(fault, &plan, None, ""))
            }
            (_, fault) => fault,
        };
        if let (Backend::Pg(pg), Fault::Restart(why) | Fault::Lost(why)) = (&mut self.backend, &fault) {
            pg.again.get_or_insert_with(|| why.clone());
        }
        fault
    }

    /// Whether the data is in PostgreSQL.
    pub(crate) fn is_pg(&self) -> bool {
        matches!(self.backend, Backend::Pg(_))
    }

    pub(crate) fn record(&self, sql: &str, params: &[Cell]) {
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

    /// A job begins, whatever the database.
    pub(crate) fn start(&mut self, who: Actor) {
        if let Some(tape) = self.shared.tape.get() {
            tape.job(self.writes);
        }
        self.now = who.now.unwrap_or_else(|| self.shared.clock.now());
        self.actor = who;
        self.broken = None;
        self.overdue = 0;
        self.rehearsal = false;
        self.fresh_key = false;
        self.held.clear();
        self.known.clear();
        self.entries.clear();
        self.chain = None;
    }

    /// After a commit: others may see it now.
    pub(crate) fn announce(&mut self) {
        if self.dirty_names.values().any(|old| *old) {
            self.shared.generation.fetch_add(1, Ordering::AcqRel);
        }
        self.lasting.settle();
        for (key, _) in self.dirty_names.drain() {
            let (tenant, table, id) = key;
            match id.is_nil() {
                true => self.shared.wholes.forget(tenant, table),
                false => drop(self.shared.names.remove(&key)),
            }
        }
        if std::mem::take(&mut self.emitted) {
            match self.shared.waker.get() {
                // Others hear of it when it is numbered.
                Some(waker) => waker.work(),
                None => self.shared.commits.send_modify(|n| *n = n.wrapping_add(1)),
            }
        }
    }

    /// A job on a snapshot.
    pub(crate) fn read_job<T>(
        &mut self,
        who: Actor,
        budget_ms: Option<u64>,
        job: impl FnOnce(&mut Tx) -> Result<T>,
    ) -> Result<T> {
        self.generation = self.shared.generation.load(Ordering::Acquire);
        self.begin_read(who, budget_ms)?;
        let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| job(self)))
            .unwrap_or_else(|_| Err(self.broken.take().unwrap_or_else(|| Refusal::internal("a read panicked"))));
        self.end_read();
        result
    }

    fn begin_read(&mut self, who: Actor, budget_ms: Option<u64>) -> Result<()> {
        match &mut self.backend {
            Backend::Lite(_) => self.begin_lite_read(who, budget_ms),
            Backend::Pg(_) => self.begin_pg_read(who, budget_ms),
        }
    }

    fn end_read(&mut self) {
        match &mut self.backend {
            Backend::Lite(_) => self.end_lite_read(),
            Backend::Pg(pg) => pg.roll_back(),
        }
    }
}
