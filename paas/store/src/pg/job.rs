//! The transactions of PostgreSQL: one per job, run again when others were in the way.

use super::Pg;
use crate::api::Actor;
use crate::cell::{Cell, Fault};
use crate::tx::{Backend, Tx};
use crate::writer::Job;
use paas_types::{Refusal, Result};
use std::sync::PoisonError;
use std::time::{Duration, Instant as Moment};

/// What a transaction begins with.
const SETTINGS: &str = "SELECT set_config('app.tenant', $1, true), set_config('statement_timeout', $2, true)";
/// The same, and its commit does not wait for the disk.
const SETTINGS_UNDER_WATCH: &str = "SELECT set_config('app.tenant', $1, true), \
     set_config('statement_timeout', $2, true), set_config('synchronous_commit', 'off', true)";
/// How often a job runs again.
const AGAIN: u32 = 8;
/// A budget counts the waiting for other writers too, which on SQLite happens before the job begins.
pub(crate) const WAITING: u64 = 4;
/// How long names read earlier are trusted: other processes change them unseen.
const NAMES_MS: u128 = 1_000;

impl Tx {
    fn pg(&mut self) -> Result<&mut Pg> {
        match &mut self.backend {
            Backend::Pg(pg) => Ok(pg),
            Backend::Lite(_) => Err(Refusal::internal("a job of PostgreSQL on another database")),
        }
    }

    pub(crate) fn begin_pg_read(&mut self, who: Actor, budget_ms: Option<u64>) -> Result<()> {
        let tenant = who.tenant.key.0;
        self.start(who);
        self.forget_old_names();
        let pg = self.pg()?;
        pg.budget.lift();
        pg.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", SETTINGS, settings(tenant, budget_ms))?;
        if let Some(ms) = budget_ms {
            pg.grant(ms);
        }
        Ok(())
    }

    fn begin_pg_write(&mut self, who: Actor, budget_ms: u64) -> Result<()> {
        let tenant = who.tenant.key.0;
        self.generation = self.shared.generation.load(std::sync::atomic::Ordering::Acquire);
        self.start(who);
        self.dirty_names.clear();
        self.read_names.clear();
        self.emitted = false;
        let pg = self.pg()?;
        pg.again = None;
        let set = if pg.watch.is_some() { SETTINGS_UNDER_WATCH } else { SETTINGS };
        pg.begin_with("BEGIN", set, settings(tenant, Some(budget_ms)))?;
        pg.grant(budget_ms);
        self.hold_wanted()
    }

    /// Runs a job in a transaction of its own and commits; again while others are in the way. Under a watch the commit does
    /// not wait for the disk.
    pub(crate) fn run_job(&mut self, job: &mut Job, watch: Option<u64>) -> Result<()> {
        let budget = Duration::from_millis(job.budget_ms.saturating_mul(WAITING));
        let begun = Moment::now();
        self.forget_old_names();
        self.one_by_one = false;
        let pg = self.pg()?;
        pg.locks.forget();
        pg.watch = watch;
        let mut run = 0;
        loop {
            run += 1;
            let left = budget.saturating_sub(begun.elapsed());
            let result = self.run_once(job, u64::try_from(left.as_millis()).unwrap_or(u64::MAX));
            self.names_after(&result);
            let why = self.pg()?.again.take();
            let late = begun.elapsed() >= budget;
            let Some(why) = why.filter(|_| result.is_err() && run <= AGAIN && !late) else { return result };
            tracing::debug!(run, why, "a job runs again");
            self.pg()?.locks.again();
            std::thread::sleep(pause(run));
        }
    }

    fn run_once(&mut self, job: &mut Job, budget_ms: u64) -> Result<()> {
        let begun = self.begin_pg_write(job.who.clone(), budget_ms);
        let mut result = match begun {
            Ok(()) => job.run(self),
            Err(refusal) => Err(refusal),
        };
        if let Some(broken) = self.broken.take() {
            result = Err(broken);
        }
        let over = self.pg()?.budget.is_over();
        self.pg()?.wrap_up();
        if over && result.is_ok() {
            result = Err(Fault::Timeout.into());
        }
        if result.is_ok() && !self.rehearsal {
            result = self.commit_pg();
        } else if result.is_ok() {
            // What was kept back is part of the rehearsal.
            result = self.settle_writes();
        }
        if result.is_err() || self.rehearsal {
            self.pg()?.roll_back();
            self.forget_fresh_key();
        } else {
            self.pg()?.again = None;
        }
        result
    }

    fn settle_writes(&mut self) -> Result<()> {
        match self.pg()?.batch("SELECT 1") {
            Ok(()) => Ok(()),
            Err(missed) => Err(self.missed(missed).into()),
        }
    }

    fn commit_pg(&mut self) -> Result<()> {
        let Err(missed) = self.pg()?.commit() else { return Ok(()) };
        let lost = matches!(missed.fault, Fault::Lost(_));
        let refusal = self.missed(missed).into();
        if lost {
            // Whether it was committed is not known; the caller's idempotency key finds out.
            self.pg()?.again = None;
        }
        Err(refusal)
    }

    fn names_after(&mut self, result: &Result<()>) {
        if result.is_ok() && !self.rehearsal {
            self.announce();
        } else {
            self.dirty_names.clear();
            self.emitted = false;
        }
    }

    /// Other processes change names too; what is read is trusted for a second.
    fn forget_old_names(&mut self) {
        let mut since = self.shared.names_since.lock().unwrap_or_else(PoisonError::into_inner);
        if since.elapsed().as_millis() > NAMES_MS {
            self.shared.names.clear();
            self.shared.wholes.clear();
            *since = Moment::now();
        }
    }
}

/// Whose transaction it is, and how long its statements may take.
fn settings(tenant: i64, budget_ms: Option<u64>) -> Vec<Cell> {
    vec![Cell::Text(tenant.to_string()), Cell::Text(budget_ms.unwrap_or(0).to_string())]
}

/// A pause that grows, and is not the same for two that met.
fn pause(run: u32) -> Duration {
    let mut byte = [0_u8; 1];
    let _ = getrandom::fill(&mut byte);
    let [chance] = byte;
    Duration::from_micros(500 + u64::from(chance) * 25 * u64::from(run))
}
