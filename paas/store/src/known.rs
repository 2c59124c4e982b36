//! What a job has read or written it need not read again. With one writer nobody else changes anything meanwhile; where
//! there are several, waiting for a lock forgets everything. Fields read from a balance follow the balances that the job
//! holds: without holding one it cannot have changed it. The one writer also remembers masters and settings from job to
//! job, as they were committed.

use crate::Tx;
use crate::ledger::Held;
use crate::plan::{Derived, Plan};
use paas_document::{FieldType, Kind, Query, Record, TypeMeta, Value};
use paas_types::{Id, Refusal, Result};
use std::collections::{HashMap, HashSet};

/// How many records a job remembers; beyond that it asks again.
const KNOWN: usize = 1_024;
/// The most rows of a record that is remembered.
const ROWS: usize = 200;
/// How many masters and settings the writer remembers.
const LASTING: usize = 8_192;

type Key = (i64, &'static str, Id);

/// Masters and settings as they were committed. What the open batch has changed is not among them.
#[derive(Default)]
pub(crate) struct Lasting {
    records: HashMap<Key, Box<dyn Record>>,
    /// By code; the setting of a type by the empty one.
    ids: HashMap<(i64, &'static str, String), Id>,
    changed: HashSet<Key>,
    changed_tables: HashSet<(i64, &'static str)>,
}

impl Lasting {
    fn forget(&mut self, key: Key) {
        let (tenant, table, _) = key;
        self.records.remove(&key);
        self.changed.insert(key);
        if self.changed_tables.insert((tenant, table)) {
            self.ids.retain(|(of, name, _), _| (*of, *name) != (tenant, table));
        }
    }

    /// How many records and how many codes are remembered.
    #[cfg(feature = "testing")]
    pub fn sizes(&self) -> (usize, usize) {
        (self.records.len(), self.ids.len())
    }

    /// The batch is over: what is in the database is committed, or as it was.
    pub fn settle(&mut self) {
        self.changed.clear();
        self.changed_tables.clear();
    }
}

/// Whether records of a type are remembered from job to job. What is sensitive is not: it lies open in memory for as short
/// as may be.
fn lasts(plan: &Plan) -> bool {
    let is_open = |ty: &FieldType| !matches!(ty, FieldType::Secret(_) | FieldType::Password);
    matches!(plan.meta.kind, Kind::Master | Kind::Setting)
        && plan.meta.tables.is_empty()
        && plan.derived.is_empty()
        && plan.keeps
        && plan.meta.fields.iter().all(|field| is_open(&field.ty))
}

impl Tx {
    /// Remembers a record as it is stored, with its rows.
    pub(crate) fn keep(&mut self, plan: &Plan, record: &dyn Record) {
        self.name_read(record);
        // Who only reads seldom reads the same document twice.
        let worth = self.writes || plan.meta.tables.is_empty();
        let small = (0..plan.meta.tables.len()).all(|table| record.row_count(table) <= ROWS);
        if plan.keeps && worth && small && self.known.len() < KNOWN {
            self.known.insert((plan.meta.table, record.id()), record.boxed_clone());
        }
        let key = (self.tenant().key.0, plan.meta.table, record.id());
        let open = !record.head().is_some_and(|head| head.custom.has_secret());
        if open && self.is_only_writer() && lasts(plan) && !self.lasting.changed.contains(&key) {
            if self.lasting.records.len() >= LASTING {
                self.lasting.records.clear();
            }
            self.lasting.records.insert(key, record.boxed_clone());
        }
    }

    /// A record is going to be another, or is gone.
    pub(crate) fn forget(&mut self, meta: &'static TypeMeta, id: Id) -> bool {
        if self.is_only_writer() && matches!(meta.kind, Kind::Master | Kind::Setting) {
            self.lasting.forget((self.tenant().key.0, meta.table, id));
        }
        self.known.remove(&(meta.table, id)).is_some()
    }

    /// Whether a record is remembered.
    pub(crate) fn is_known(&self, table: &'static str, id: Id) -> bool {
        self.known.contains_key(&(table, id)) || self.lasting.records.contains_key(&(self.tenant().key.0, table, id))
    }

    fn is_only_writer(&self) -> bool {
        self.writes && !self.is_pg()
    }

    /// The id under a code that was looked up before.
    pub(crate) fn recall_id(&self, meta: &TypeMeta, code: &str) -> Option<Id> {
        if self.lasting.ids.is_empty() {
            return None;
        }
        self.lasting.ids.get(&(self.tenant().key.0, meta.table, code.to_owned())).copied()
    }

    /// Remembers what a code leads to.
    pub(crate) fn keep_id(&mut self, meta: &'static TypeMeta, code: &str, id: Id) {
        let tenant = self.tenant().key.0;
        let lasts = matches!(meta.kind, Kind::Master | Kind::Setting);
        if self.is_only_writer() && lasts && !self.lasting.changed_tables.contains(&(tenant, meta.table)) {
            if self.lasting.ids.len() >= LASTING {
                self.lasting.ids.clear();
            }
            self.lasting.ids.insert((tenant, meta.table, code.to_owned()), id);
        }
    }

    /// The one record of a setting; `None` when nobody wrote it yet.
    pub fn setting(&mut self, meta: &'static TypeMeta) -> Result<Option<Box<dyn Record>>> {
        if let Some(id) = self.recall_id(meta, "")
            && let Some(record) = self.recall(meta, id)?
        {
            return Ok(Some(record));
        }
        let found = self.find(meta, &Query::all(1))?.records.into_iter().next();
        if let Some(record) = found.as_ref().filter(|_| meta.tables.is_empty()) {
            self.keep_id(meta, "", record.id());
            let plan = self.plan(meta)?;
            self.keep(&plan, &**record);
        }
        Ok(found)
    }

    /// A record that the job knows, as it would be read now.
    pub(crate) fn recall(&mut self, meta: &'static TypeMeta, id: Id) -> Result<Option<Box<dyn Record>>> {
        let known = self.known.get(&(meta.table, id));
        let lasting = || self.lasting.records.get(&(self.tenant().key.0, meta.table, id));
        let Some(mut record) = known.or_else(lasting).map(|known| known.boxed_clone()) else { return Ok(None) };
        self.heed()?;
        self.derive(&mut *record)?;
        for table in 0..meta.tables.len() {
            for index in 0..record.row_count(table) {
                if let Some(row) = record.row_mut(table, index) {
                    self.derive(row)?;
                }
            }
        }
        Ok(Some(record))
    }

    /// Sets the fields that are read from balances the job holds.
    fn derive(&self, record: &mut dyn Record) -> Result<()> {
        if self.held.is_empty() {
            return Ok(());
        }
        let plan = self.plan(record.meta())?;
        for derived in &plan.derived {
            let Some(key) = derived.key(record) else { continue };
            let Some(held) = self.held.get(&(derived.balance.table, key.bytes().to_vec())) else { continue };
            let wrong = |_| Refusal::internal(format!("{} does not take the sum of its balance", plan.meta.table));
            record.set(derived.field, Value::Int(sum(held, derived)?)).map_err(wrong)?;
        }
        Ok(())
    }
}

fn sum(held: &Held, derived: &Derived) -> Result<i64> {
    let measure = |index: &usize| held.record.get(*index).int().unwrap_or(0);
    let plus = derived.plus.iter().map(measure).try_fold(0_i64, i64::checked_add);
    let sum = plus.and_then(|plus| derived.minus.iter().map(measure).try_fold(plus, i64::checked_sub));
    sum.ok_or_else(|| Refusal::internal("a sum of a balance that does not fit"))
}
