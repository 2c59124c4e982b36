//! Circuits: after many failures a way is closed for a while, so that callers learn at once and the cell can recover.
//! One circuit per cell for connections, and one per cell, kind of route and tenant for failing answers: what one
//! tenant provokes closes nothing for another. What nobody in particular asks (a sign-in) has none for its answers:
//! whoever made it fail would close it for everybody.

use paas_types::{Refusal, Result, TenantKey};
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

const WINDOW: Duration = Duration::from_secs(10);
const CALLS: u32 = 20;
/// Circuits remembered at a time; beyond, new ones are not watched.
const CIRCUITS: usize = 10_000;

/// How a call ended, for the circuit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Anything that is not the system's fault, also refusals, and a cell that asks to come again later.
    Fine,
    /// Another 5xx, a broken connection or no answer in time.
    Failed,
    /// The cell took no connection.
    Unreachable,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Key {
    cell: String,
    /// Kind of route; empty for the connection itself.
    route: String,
    tenant: Option<TenantKey>,
}

#[derive(Clone, Debug)]
struct Circuit {
    since: Instant,
    calls: u32,
    failures: u32,
    open_until: Option<Instant>,
    trying: bool,
}

/// All circuits that have seen a failure lately.
pub(crate) struct Breakers {
    open_for: Duration,
    circuits: Mutex<HashMap<Key, Circuit>>,
}

/// The right to make one call; tells its circuits how it ended, also when it is dropped half-way.
pub(crate) struct Admission<'a> {
    breakers: &'a Breakers,
    connection: Key,
    /// The circuit of the answers; nobody in particular has none.
    route: Option<Key>,
    told: bool,
}

impl Breakers {
    pub(crate) fn new(open_for: Duration) -> Breakers {
        Breakers { open_for, circuits: Mutex::new(HashMap::new()) }
    }

    /// Admits a call, or refuses with the time to wait. `segment` is the first part of the path behind the cell; without
    /// a tenant only the connection is watched.
    pub(crate) fn admit(
        &self,
        cell: &str,
        segment: &str,
        read: bool,
        tenant: Option<TenantKey>,
    ) -> Result<Admission<'_>> {
        let connection = Key { cell: cell.to_owned(), route: String::new(), tenant: None };
        let route = tenant.map(|tenant| {
            let route = format!("{} {}", if read { "read" } else { "write" }, route_name(segment));
            Key { cell: cell.to_owned(), route, tenant: Some(tenant) }
        });
        let mut circuits = self.lock();
        if !circuits.is_empty() {
            let now = Instant::now();
            let keys = || std::iter::once(&connection).chain(&route);
            for key in keys() {
                let open = circuits.get(key).filter(|c| c.open_until.is_some_and(|until| until > now) || c.trying);
                if let Some(circuit) = open {
                    let left = circuit.open_until.map_or(Duration::ZERO, |until| until.saturating_duration_since(now));
                    let seconds = u32::try_from(left.as_secs()).unwrap_or(u32::MAX).saturating_add(1);
                    return Err(Refusal::unavailable(format_args!("circuit of {cell} is open")).retry_after(seconds));
                }
            }
            for key in keys() {
                // Half open: this call tries, all others wait for what it finds.
                if let Some(circuit) = circuits.get_mut(key).filter(|c| c.open_until.is_some()) {
                    circuit.trying = true;
                }
            }
        }
        drop(circuits);
        Ok(Admission { breakers: self, connection, route, told: false })
    }

    /// The cell was seen alive: connections to it are worth trying.
    pub(crate) fn reachable(&self, cell: &str) {
        let mut circuits = self.lock();
        if !circuits.is_empty() {
            circuits.remove(&Key { cell: cell.to_owned(), route: String::new(), tenant: None });
        }
    }

    /// Cells that have an open circuit, with how many.
    pub(crate) fn open(&self) -> HashMap<String, u64> {
        let now = Instant::now();
        let mut open = HashMap::new();
        for (key, _) in self.lock().iter().filter(|(_, c)| c.open_until.is_some_and(|until| until > now)) {
            *open.entry(key.cell.clone()).or_insert(0) += 1;
        }
        open
    }

    fn note(&self, connection: &Key, route: Option<&Key>, outcome: Option<Outcome>) {
        let mut circuits = self.lock();
        if circuits.is_empty() && matches!(outcome, None | Some(Outcome::Fine)) {
            return;
        }
        let now = Instant::now();
        let watched =
            std::iter::once((connection, Outcome::Unreachable)).chain(route.map(|key| (key, Outcome::Failed)));
        for (key, bad) in watched {
            let failed = outcome == Some(bad);
            if failed && !circuits.contains_key(key) && make_room(&mut circuits, now) {
                let fresh = Circuit { since: now, calls: 0, failures: 0, open_until: None, trying: false };
                circuits.insert(key.clone(), fresh);
            }
            let Some(circuit) = circuits.get_mut(key) else { continue };
            let tried = std::mem::take(&mut circuit.trying);
            if outcome.is_none() {
                continue;
            }
            if tried && !failed {
                circuits.remove(key);
                continue;
            }
            if now.duration_since(circuit.since) > WINDOW && circuit.open_until.is_none() {
                *circuit = Circuit { since: now, calls: 0, failures: 0, open_until: None, trying: false };
            }
            circuit.calls = circuit.calls.saturating_add(1);
            circuit.failures = circuit.failures.saturating_add(u32::from(failed));
            if failed && (tried || (circuit.calls >= CALLS && circuit.failures.saturating_mul(2) >= circuit.calls)) {
                circuit.open_until = Some(now + self.open_for);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Circuit>> {
        self.circuits.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Admission<'_> {
    /// Says how the call ended.
    pub(crate) fn ended(mut self, outcome: Outcome) {
        self.told = true;
        self.breakers.note(&self.connection, self.route.as_ref(), Some(outcome));
    }
}

impl Drop for Admission<'_> {
    fn drop(&mut self) {
        if !self.told {
            self.breakers.note(&self.connection, self.route.as_ref(), None);
        }
    }
}

fn make_room(circuits: &mut HashMap<Key, Circuit>, now: Instant) -> bool {
    if circuits.len() >= CIRCUITS {
        circuits.retain(|_, c| c.open_until.is_some_and(|until| until > now) || now.duration_since(c.since) <= WINDOW);
    }
    circuits.len() < CIRCUITS
}

/// The part of a path that names a resource; anything else is one kind, so that nobody can make up many.
fn route_name(segment: &str) -> &str {
    let plain = segment.len() <= 40 && segment.bytes().all(|b| b.is_ascii_lowercase() || b == b'-');
    if plain { segment } else { "other" }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(breakers: &Breakers, tenant: i64, outcome: Outcome) -> Result<()> {
        breakers.admit("toy", "gadgets", true, Some(TenantKey(tenant))).map(|admission| admission.ended(outcome))
    }

    #[tokio::test(start_paused = true)]
    async fn many_failures_open_it_for_their_tenant_only() {
        let breakers = Breakers::new(Duration::from_secs(5));
        for _ in 0..19 {
            call(&breakers, 1, Outcome::Failed).unwrap();
        }
        call(&breakers, 2, Outcome::Failed).unwrap();
        call(&breakers, 1, Outcome::Failed).unwrap();
        let refusal = call(&breakers, 1, Outcome::Fine).unwrap_err();
        assert_eq!((refusal.code().as_str(), refusal.retry_after_s()), ("UNAVAILABLE", Some(6)));
        call(&breakers, 2, Outcome::Fine).unwrap();
        breakers.admit("toy", "gadgets", false, Some(TenantKey(1))).unwrap().ended(Outcome::Fine);
        breakers.admit("toy", "shelves", true, Some(TenantKey(1))).unwrap().ended(Outcome::Fine);
        assert_eq!(breakers.open().get("toy"), Some(&1));

        tokio::time::advance(Duration::from_secs(6)).await;
        let trial = breakers.admit("toy", "gadgets", true, Some(TenantKey(1))).unwrap();
        assert!(call(&breakers, 1, Outcome::Fine).is_err(), "one call tries, the others wait");
        drop(trial);
        call(&breakers, 1, Outcome::Failed).unwrap();
        assert!(call(&breakers, 1, Outcome::Fine).is_err(), "a failed try opens it again");
        tokio::time::advance(Duration::from_secs(6)).await;
        for _ in 0..3 {
            call(&breakers, 1, Outcome::Fine).unwrap();
        }
    }

    #[tokio::test(start_paused = true)]
    async fn few_or_old_failures_do_not() {
        let breakers = Breakers::new(Duration::from_secs(5));
        for _ in 0..3 {
            for _ in 0..10 {
                call(&breakers, 1, Outcome::Failed).unwrap();
            }
            tokio::time::advance(Duration::from_secs(11)).await;
        }
        for round in 0..60 {
            call(&breakers, 1, if round % 3 == 0 { Outcome::Failed } else { Outcome::Fine }).unwrap();
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_cell_that_is_gone_closes_for_all_until_it_is_seen() {
        let breakers = Breakers::new(Duration::from_secs(5));
        for tenant in 0..20 {
            call(&breakers, tenant, Outcome::Unreachable).unwrap();
        }
        assert!(call(&breakers, 99, Outcome::Fine).is_err());
        breakers.reachable("toy");
        call(&breakers, 99, Outcome::Fine).unwrap();
        assert_eq!(route_name("../x"), "other");
        for tenant in 0..i64::try_from(2 * CIRCUITS).unwrap() {
            let _ = call(&breakers, tenant, Outcome::Failed);
        }
        assert!(breakers.lock().len() <= CIRCUITS, "{} circuits are remembered", breakers.lock().len());
    }
}
