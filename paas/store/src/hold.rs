//! What a transaction holds still until it ends. SQLite's one writer holds everything by being the only one; PostgreSQL
//! is asked to.

use crate::ddl::q;
use crate::pg::locks::{self, Key, Take};
use crate::pg::{Question, Then};
use crate::plan::Plan;
use crate::tx::Backend;
use crate::{Cell, Col, Tx};
use paas_types::Result;
use std::collections::HashMap;
use std::sync::Arc;

/// Balances asked for at once.
const AT_ONCE: usize = 50;

/// A balance as it is kept, or none yet.
type Kept = Option<Vec<Cell>>;

impl Tx {
    pub(crate) fn take(&mut self, key: &Key, strong: bool) -> Option<Take> {
        match &mut self.backend {
            Backend::Pg(pg) if self.writes => pg.locks.take(key, strong),
            _ => None,
        }
    }

    /// Holds a row; `strong` when this transaction is going to change it.
    pub(crate) fn hold_row(&mut self, key: Key, strong: bool) -> Result<()> {
        let Some(take) = self.take(&key, strong) else { return Ok(()) };
        // While one waits for a lock, others commit: what was read before is read again.
        self.known.clear();
        let (sql, params) = locks::statement(&key, strong, take, self.tenant().key.0);
        self.keep_back(&sql, params, Then::Lock).map_err(|fault| self.spoil(fault.into()))
    }

    /// Holds a counter that is counted next, which waits for it by itself.
    pub(crate) fn hold_counter(&mut self, name: &str) -> Result<()> {
        let key = Key::Counter(name.to_owned());
        let Some(take) = self.take(&key, true) else { return Ok(()) };
        self.known.clear();
        if take == Take::Wait {
            return Ok(());
        }
        let (sql, params) = locks::statement(&key, true, take, self.tenant().key.0);
        self.keep_back(&sql, params, Then::Lock).map_err(|fault| self.spoil(fault.into()))
    }

    /// Asks for rows and holds them; who finds one taken that may not be waited for runs again.
    pub(crate) fn query_held(&mut self, sql: &str, params: Vec<Cell>, columns: &[Col]) -> Result<Vec<Vec<Cell>>> {
        let Backend::Pg(pg) = &mut self.backend else { return self.query(sql, &params, columns) };
        match pg.query_all(vec![Question { sql, params, columns, then: Then::Lock }]) {
            Ok(mut answers) => Ok(answers.pop().unwrap_or_default()),
            Err(missed) => {
                let fault = self.missed(missed);
                Err(self.spoil(fault.into()))
            }
        }
    }

    /// Holds what an earlier run of the job found taken, in order.
    pub(crate) fn hold_wanted(&mut self) -> Result<()> {
        let wanted = match &self.backend {
            Backend::Pg(pg) => pg.locks.wanted(),
            Backend::Lite(_) => Vec::new(),
        };
        for (key, strong) in wanted {
            if let Key::Counter(name) = &key {
                let sql = "INSERT INTO counter (tenant, \"key\", value) VALUES ($1, $2, 0) ON CONFLICT DO NOTHING";
                self.send(sql, vec![self.tenant_cell(), Cell::Text(name.clone())])?;
            }
            self.hold_row(key, strong)?;
        }
        Ok(())
    }

    /// The request with this key runs once at a time.
    pub(crate) fn hold_key(&mut self, key: &str) -> Result<()> {
        if !self.is_pg() || !self.writes {
            return Ok(());
        }
        let (tenant, member) = (self.tenant().key.0, self.actor().user);
        let lock = locks::advisory(&[b"idempotency", &tenant.to_be_bytes(), member.bytes(), key.as_bytes()]);
        let sql = "SELECT pg_advisory_xact_lock($1)";
        self.keep_back(sql, vec![Cell::Int(lock)], Then::Lock).map_err(|fault| self.spoil(fault.into()))
    }

    /// Reads balances by their key bytes, which come in order, and holds them.
    pub(crate) fn hold_balances(&mut self, plan: &Arc<Plan>, keys: &[Vec<u8>]) -> Result<Vec<Kept>> {
        let table = plan.meta.table;
        let mut found = self.ask_balances(plan, keys, false)?;
        if !self.is_pg() || !self.writes {
            return Ok(found);
        }
        let missing: Vec<usize> = (0..keys.len()).filter(|i| matches!(found.get(*i), Some(None))).collect();
        let unborn: Vec<Vec<u8>> = missing.iter().filter_map(|i| keys.get(*i).cloned()).collect();
        if unborn.is_empty() {
            return Ok(found);
        }
        for key in &unborn {
            self.hold_row(Key::Unborn(table, key.clone()), true)?;
        }
        // Whoever made one of them meanwhile has committed: look again, and hold what is there now.
        for (place, kept) in missing.into_iter().zip(self.ask_balances(plan, &unborn, true)?) {
            if let Some(slot) = found.get_mut(place) {
                *slot = kept;
            }
        }
        Ok(found)
    }

    fn ask_balances(&mut self, plan: &Arc<Plan>, keys: &[Vec<u8>], again: bool) -> Result<Vec<Kept>> {
        let table = plan.meta.table;
        if !self.is_pg() && keys.len() > 1 {
            return self.read_balances(plan, keys);
        }
        let mut questions = Vec::with_capacity(keys.len());
        for key in keys {
            let take = match again {
                true => Some(Take::Try).filter(|_| self.is_pg()),
                false => self.take(&Key::Balance(table, key.clone()), true),
            };
            let tail = take.map_or("", |take| locks::row_clause(true, take));
            questions.push((format!("{}{tail}", plan.by_key), vec![self.tenant_cell(), Cell::Bytes(key.clone())]));
        }
        let Backend::Pg(pg) = &mut self.backend else {
            let one = |(sql, params): (String, Vec<Cell>)| self.query_one(&sql, &params, &plan.cols);
            return questions.into_iter().map(one).collect();
        };
        let asked = questions.iter().map(|(sql, params)| Question {
            sql,
            params: params.clone(),
            columns: &plan.cols,
            then: Then::Lock,
        });
        match pg.query_all(asked.collect()) {
            Ok(answers) => Ok(answers.into_iter().map(|rows| rows.into_iter().next()).collect()),
            Err(missed) => {
                let fault = self.missed(missed);
                Err(self.spoil(fault.into()))
            }
        }
    }

    /// Balances by their keys where nothing needs to be locked: a question for many.
    fn read_balances(&mut self, plan: &Arc<Plan>, keys: &[Vec<u8>]) -> Result<Vec<Kept>> {
        let mut found = HashMap::with_capacity(keys.len());
        for some in keys.chunks(AT_ONCE) {
            let mut params = vec![self.tenant_cell()];
            params.extend(some.iter().map(|key| Cell::Bytes(key.clone())));
            let marks: Vec<String> = (2..=params.len()).map(|n| format!("?{n}")).collect();
            let sql = format!(
                "SELECT {} FROM {} t WHERE t.\"tenant\" = ?1 AND t.\"key_bytes\" IN ({})",
                plan.select,
                q(plan.meta.table),
                marks.join(", ")
            );
            for cells in self.query(&sql, &params, &plan.cols)? {
                if let Some(Cell::Bytes(key)) = cells.first() {
                    found.insert(key.clone(), cells);
                }
            }
        }
        Ok(keys.iter().map(|key| found.remove(key)).collect())
    }
}
