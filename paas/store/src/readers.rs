//! Who reads when. Connections are few and a read may be long, so one tenant never holds more than half of them, and one
//! is kept for what everybody waits for.

use crate::api::Actor;
use crate::desk::Desk;
use crate::tx::Tx;
use paas_types::{Refusal, Result, TenantKey};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Reads of one tenant that may wait; beyond, 503.
const WAITING: usize = 512;
/// How long a read waits for its turn; then, 503, while the client still listens.
const PATIENCE: Duration = Duration::from_secs(5);

/// For whom a read is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lane {
    /// Callers of a tenant.
    Of(TenantKey),
    /// What everybody waits for: who a caller is, which tenants there are, whether the database answers. Short.
    Inside,
}

/// The connections that read.
pub(crate) struct Readers {
    free: Mutex<Vec<Tx>>,
    all: Arc<Semaphore>,
    /// What the callers of all tenants may hold together: one fewer than there are.
    callers: Arc<Semaphore>,
    /// What the callers of one tenant may hold.
    share: usize,
    /// Tenants that read or wait now.
    tenants: Mutex<HashMap<TenantKey, Tenant>>,
    /// Who reads; full when callers get no connection any more.
    pub desk: Arc<Desk>,
}

struct Tenant {
    turns: Arc<Semaphore>,
    reads: usize,
}

/// The right to use a connection; goes with the work.
pub(crate) struct Turn {
    readers: Arc<Readers>,
    _permits: Vec<OwnedSemaphorePermit>,
    _counted: Option<Counted>,
}

/// A read of a tenant, counted until it is dropped.
struct Counted {
    readers: Arc<Readers>,
    tenant: TenantKey,
}

impl Readers {
    pub fn new(free: Vec<Tx>) -> Arc<Readers> {
        let count = free.len();
        Arc::new(Readers {
            free: Mutex::new(free),
            all: Arc::new(Semaphore::new(count)),
            callers: Arc::new(Semaphore::new(count.saturating_sub(1).max(1))),
            share: (count / 2).max(1),
            tenants: Mutex::default(),
            desk: Desk::new(count.saturating_sub(1).max(1), false),
        })
    }

    /// Waits for a connection. `UNAVAILABLE` when too many reads of the tenant wait already, this one waited too long, or
    /// the store is closing. Tenants wait for each other only with what their shares allow, so that none is far behind
    /// another.
    pub async fn turn(self: Arc<Readers>, lane: Lane) -> Result<Turn> {
        let late = |_| Err(Refusal::unavailable("the read waited too long for its turn"));
        tokio::time::timeout(PATIENCE, self.acquire(lane)).await.unwrap_or_else(late)
    }

    async fn acquire(self: Arc<Readers>, lane: Lane) -> Result<Turn> {
        let mut permits = Vec::with_capacity(3);
        let mut counted = None;
        if let Lane::Of(tenant) = lane {
            let (turns, read) = self.count(tenant)?;
            counted = Some(read);
            permits.push(acquired(turns).await?);
            permits.push(acquired(Arc::clone(&self.callers)).await?);
        }
        permits.push(acquired(Arc::clone(&self.all)).await?);
        Ok(Turn { readers: self, _permits: permits, _counted: counted })
    }

    /// Lets nobody in any more.
    pub fn close(&self) {
        self.all.close();
    }

    fn count(self: &Arc<Readers>, tenant: TenantKey) -> Result<(Arc<Semaphore>, Counted)> {
        let mut tenants = self.tenants();
        let fresh = || Tenant { turns: Arc::new(Semaphore::new(self.share)), reads: 0 };
        let known = tenants.entry(tenant).or_insert_with(fresh);
        if known.reads >= self.share + WAITING {
            return Err(Refusal::unavailable("too many reads of the tenant wait"));
        }
        known.reads += 1;
        Ok((Arc::clone(&known.turns), Counted { readers: Arc::clone(self), tenant }))
    }

    fn tenants(&self) -> MutexGuard<'_, HashMap<TenantKey, Tenant>> {
        self.tenants.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn free(&self) -> MutexGuard<'_, Vec<Tx>> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Turn {
    /// Runs a job on a connection; one that has so many milliseconds is watched.
    pub fn work<T>(self, (who, budget_ms): (&Actor, Option<u64>), job: impl FnOnce(&mut Tx) -> Result<T>) -> Result<T> {
        let _seat = budget_ms.map(|ms| self.readers.desk.sit(who, ms));
        let taken = self.readers.free().pop();
        let mut tx = taken.ok_or_else(|| Refusal::unavailable("no reader is free"))?;
        let result = job(&mut tx);
        self.readers.free().push(tx);
        result
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let mut tenants = self.readers.tenants();
        if let Some(known) = tenants.get_mut(&self.tenant) {
            known.reads = known.reads.saturating_sub(1);
            if known.reads == 0 {
                tenants.remove(&self.tenant);
            }
        }
    }
}

async fn acquired(permits: Arc<Semaphore>) -> Result<OwnedSemaphorePermit> {
    permits.acquire_owned().await.map_err(|_| Refusal::unavailable("the store is closing"))
}
