//! The transactions of SQLite: batches of jobs, and snapshots.

use crate::api::Actor;
use crate::cell::Fault;
use crate::lite::Lite;
use crate::tx::{Backend, Tx};
use paas_types::{Refusal, Result};

/// What a job that is taken back has left in the transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Trace {
    /// Nothing.
    None,
    /// What it wrote: the whole batch has to begin again.
    Left,
}

impl Tx {
    fn lite(&mut self) -> Result<&mut Lite> {
        match &mut self.backend {
            Backend::Lite(lite) => Ok(lite),
            Backend::Pg(_) => Err(Refusal::internal("a batch of jobs on a database that has none")),
        }
    }

    fn control(&mut self, sql: &str) -> Result<()> {
        let run = |lite: &mut Lite| lite.connection.prepare_cached(sql)?.raw_execute();
        run(self.lite()?).map(|_| ()).map_err(|e| Fault::from(e).into())
    }

    fn set_budget(&mut self, budget_ms: Option<u64>) {
        if let Backend::Lite(lite) = &self.backend {
            match budget_ms {
                Some(ms) => lite.budget.start(ms),
                None => lite.budget.lift(),
            }
        }
    }

    pub(crate) fn begin_batch(&mut self) -> Result<()> {
        self.set_budget(None);
        self.emitted = false;
        self.control("BEGIN IMMEDIATE").map_err(|r| Refusal::unavailable(r.cause().unwrap_or_default()))
    }

    pub(crate) fn commit_batch(&mut self) -> Result<()> {
        self.set_budget(None);
        let result = self.control("COMMIT").map_err(|r| Refusal::unavailable(r.cause().unwrap_or_default()));
        if result.is_err() {
            self.abandon_batch();
        }
        result
    }

    pub(crate) fn abandon_batch(&mut self) {
        self.set_budget(None);
        if !self.is_outside() {
            let _ = self.control("ROLLBACK");
        }
        self.dirty_names.clear();
        self.lasting.settle();
        self.emitted = false;
        // A data key made in this batch is gone with it: sealing under it would lose what is sealed.
        self.shared.forget_sealers();
    }

    /// Whether no transaction is open any more.
    pub(crate) fn is_outside(&self) -> bool {
        match &self.backend {
            Backend::Lite(lite) => lite.connection.is_autocommit(),
            Backend::Pg(pg) => !pg.is_open(),
        }
    }

    /// Begins a job of a batch; a guarded one can be taken back by itself.
    pub(crate) fn begin_job(&mut self, who: Actor, budget_ms: Option<u64>, guarded: bool) -> Result<()> {
        self.set_budget(None);
        if guarded {
            self.control("SAVEPOINT job")?;
        }
        self.touched = self.lite()?.connection.total_changes();
        self.start(who);
        self.set_budget(budget_ms);
        Ok(())
    }

    /// Ends a job of a batch, and says what came of it.
    pub(crate) fn end_job(&mut self, result: Result<()>, guarded: bool) -> (Result<()>, Trace) {
        match self.judge(result, guarded) {
            Ok((result, trace)) => (result, trace),
            Err(refusal) => (Err(refusal), Trace::None),
        }
    }

    fn judge(&mut self, result: Result<()>, guarded: bool) -> Result<(Result<()>, Trace)> {
        let over = self.lite()?.budget.is_over();
        self.set_budget(None);
        let mut result = match (result, self.broken.take()) {
            (Ok(()), Some(broken)) => Err(broken),
            (result, _) => result,
        };
        if over && result.is_ok() {
            result = Err(Fault::Timeout.into());
        }
        if self.is_outside() {
            return Ok((result, Trace::None));
        }
        let back = result.is_err() || self.rehearsal;
        if back {
            self.forget_fresh_key();
        }
        let wrote = self.lite()?.connection.total_changes() != self.touched;
        if guarded {
            if back {
                self.control("ROLLBACK TO job")?;
            }
            self.control("RELEASE job")?;
        }
        Ok((result, if back && wrote && !guarded { Trace::Left } else { Trace::None }))
    }

    /// What was taken back may have been the data key of the tenant.
    pub(crate) fn forget_fresh_key(&mut self) {
        if std::mem::take(&mut self.fresh_key) {
            self.shared.forget_sealer(self.tenant().key);
        }
    }

    pub(crate) fn begin_lite_read(&mut self, who: Actor, budget_ms: Option<u64>) -> Result<()> {
        self.set_budget(None);
        self.control("BEGIN")?;
        self.start(who);
        self.set_budget(budget_ms);
        Ok(())
    }

    pub(crate) fn end_lite_read(&mut self) {
        self.set_budget(None);
        if !self.is_outside() {
            let _ = self.control("ROLLBACK");
        }
    }

    /// Writes the log back into the database file, at the end.
    pub(crate) fn checkpoint(&mut self) {
        if let Ok(lite) = self.lite() {
            let _ = lite.connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE); PRAGMA optimize");
        }
    }
}
