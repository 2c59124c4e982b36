//! What is made of all records of a small master, remembered until one of them changes.

use crate::Tx;
use paas_document::TypeMeta;
use paas_types::{Id, Result, TenantKey};
use quick_cache::sync::Cache;
use std::any::Any;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// What is remembered at once.
const REMEMBERED: usize = 10_000;

type Made = Arc<dyn Any + Send + Sync>;

/// What was made, by tenant and table.
pub(crate) struct Wholes(Cache<(TenantKey, &'static str), Made>);

impl Default for Wholes {
    fn default() -> Wholes {
        Wholes(Cache::new(REMEMBERED))
    }
}

impl Wholes {
    /// Forgets what was made of a table.
    pub fn forget(&self, tenant: TenantKey, table: &'static str) {
        self.0.remove(&(tenant, table));
    }

    /// Forgets all: other processes may have changed what it was made of.
    pub fn clear(&self) {
        self.0.clear();
    }
}

impl Tx {
    /// What `make` makes of all records of a master of the tenant: made once, and anew after one of them has changed. It
    /// is the same for everybody, so it must not depend on who asks.
    pub fn whole<T: Send + Sync + 'static>(
        &mut self,
        meta: &'static TypeMeta,
        make: impl FnOnce(&mut Tx) -> Result<T>,
    ) -> Result<Arc<T>> {
        self.heed()?;
        let key = (self.tenant().key, meta.table);
        let changed = self.dirty_names.contains_key(&whole_of(key));
        if !changed
            && let Some(made) = self.shared.wholes.0.get(&key)
            && let Ok(made) = made.downcast::<T>()
        {
            return Ok(made);
        }
        let made = Arc::new(make(self)?);
        // The one writer of SQLite sees what is newest; elsewhere only a time without commits is sure.
        let newest = self.can_write() && !self.is_pg();
        let present = |tx: &Tx| newest || tx.shared.generation.load(Ordering::Acquire) == tx.generation;
        if !changed && present(self) {
            self.shared.wholes.0.insert(key, made.clone());
            if !present(self) {
                self.shared.wholes.forget(key.0, key.1);
            }
        }
        Ok(made)
    }
}

impl Tx {
    /// As [`Tx::whole`], with these records held still until the transaction ends. Where others write at the same time,
    /// what was remembered may be of before: it is made anew.
    pub fn whole_held<T: Send + Sync + 'static>(
        &mut self,
        (meta, held): (&'static TypeMeta, &[Id]),
        make: impl FnOnce(&mut Tx) -> Result<T>,
    ) -> Result<Arc<T>> {
        if held.is_empty() || !self.is_pg() {
            return self.whole(meta, make);
        }
        self.hold_records(meta, held)?;
        make(self).map(Arc::new)
    }
}

/// Stands among changed names for a table of which a record has changed.
pub(crate) fn whole_of((tenant, table): (TenantKey, &'static str)) -> (TenantKey, &'static str, Id) {
    (tenant, table, Id::NIL)
}
