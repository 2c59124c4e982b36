//! What the connections are at. A job that asks its transaction for something is cut off when its time is over; one that
//! only goes round in itself is not, and a thread cannot be stopped. So it is noticed: who waits for it is told, and
//! whoever runs the program learns which call it is.

use crate::api::Actor;
use paas_types::Id;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant as Moment};

/// How much longer than its time a job may go on before it counts as one that does not end.
const GRACE: Duration = Duration::from_secs(5);

/// A job that goes on long after its time was over. What it does is never committed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stuck {
    /// Tells jobs of a store apart.
    pub job: u64,
    /// Whether it writes.
    pub writes: bool,
    /// What was asked for, as [`Actor::doing`] has it; empty for reads.
    pub doing: String,
    /// Code of the tenant.
    pub tenant: String,
    /// The membership that asked; nil for the system and for reads.
    pub user: Id,
    /// The request; empty for reads.
    pub request_id: String,
    /// For how many seconds it has been running.
    pub seconds: u64,
}

impl fmt::Display for Stuck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = if self.writes { "a write" } else { "a read" };
        let doing = if self.doing.is_empty() { "no call" } else { &self.doing };
        let Stuck { tenant, user, request_id, seconds, .. } = self;
        write!(
            f,
            "{kind} that does not end, for {seconds} s: {doing}, tenant {tenant}, member {user}, request {request_id}"
        )
    }
}

struct Sitting {
    job: u64,
    who: Actor,
    since: Moment,
    limit: Duration,
}

impl Sitting {
    fn is_stuck(&self) -> bool {
        self.since.elapsed() > self.limit
    }
}

/// Who works on some connections.
pub(crate) struct Desk {
    places: usize,
    writes: bool,
    next: AtomicU64,
    sitting: Mutex<Vec<Sitting>>,
}

/// A job at work; it leaves when this is dropped.
pub(crate) struct Seat {
    desk: Arc<Desk>,
    pub job: u64,
}

impl Desk {
    /// For so many connections. It is full when so many jobs are at work.
    pub fn new(places: usize, writes: bool) -> Arc<Desk> {
        Arc::new(Desk { places, writes, next: AtomicU64::new(1), sitting: Mutex::default() })
    }

    /// A job begins that may take so many milliseconds.
    pub fn sit(self: &Arc<Desk>, who: &Actor, budget_ms: u64) -> Seat {
        let job = self.next.fetch_add(1, Ordering::Relaxed);
        let limit = Duration::from_millis(budget_ms).saturating_add(GRACE);
        self.sitting().push(Sitting { job, who: who.clone(), since: Moment::now(), limit });
        Seat { desk: Arc::clone(self), job }
    }

    /// Whether this job is at work and does not end.
    pub fn is_stuck(&self, job: u64) -> bool {
        self.sitting().iter().any(|sitting| sitting.job == job && sitting.is_stuck())
    }

    /// Whether every connection is held by a job that does not end.
    pub fn is_blocked(&self) -> bool {
        let sitting = self.sitting();
        sitting.len() >= self.places && sitting.iter().filter(|sitting| sitting.is_stuck()).count() >= self.places
    }

    /// The jobs that do not end, the oldest first.
    pub fn stuck(&self) -> Vec<Stuck> {
        let mut stuck: Vec<Stuck> = self.sitting().iter().filter(|s| s.is_stuck()).map(|s| self.shown(s)).collect();
        stuck.sort_by_key(|stuck| stuck.job);
        stuck
    }

    fn shown(&self, sitting: &Sitting) -> Stuck {
        let Sitting { job, who, since, .. } = sitting;
        Stuck {
            job: *job,
            writes: self.writes,
            doing: who.doing.to_string(),
            tenant: who.tenant.code.to_string(),
            user: who.user,
            request_id: who.request_id.to_string(),
            seconds: since.elapsed().as_secs(),
        }
    }

    fn sitting(&self) -> MutexGuard<'_, Vec<Sitting>> {
        self.sitting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut sitting = self.desk.sitting();
        if let Some(place) = sitting.iter().position(|sitting| sitting.job == self.job) {
            sitting.swap_remove(place);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use paas_types::{Tenant, TenantKey};

    #[test]
    fn a_desk_is_blocked_when_all_its_places_are_held_too_long() {
        let desk = Desk::new(2, true);
        let tenant = Tenant { key: TenantKey(1), code: "t".into() };
        let who = Actor { doing: "POST gadgets".into(), ..Actor::system(tenant, "r-1") };
        let (one, two) = (desk.sit(&who, 100), desk.sit(&who, 100));
        assert!(!desk.is_blocked() && desk.stuck().is_empty(), "they are in time");
        for sitting in &mut *desk.sitting() {
            sitting.limit = Duration::ZERO;
        }
        assert!(desk.is_blocked() && desk.is_stuck(one.job) && desk.is_stuck(two.job));
        let told = desk.stuck().first().unwrap().to_string();
        assert!(told.contains("POST gadgets, tenant t") && told.contains("request r-1"), "{told}");
        let gone = two.job;
        drop(two);
        assert!(!desk.is_blocked() && desk.is_stuck(one.job) && !desk.is_stuck(gone));
        drop(one);
        assert!(desk.stuck().is_empty());
    }
}
