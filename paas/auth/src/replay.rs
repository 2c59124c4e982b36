//! A signed context is good once.

use paas_types::{Code, Instant, Refusal, Result};
use std::collections::HashSet;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::Mutex;

/// A context is valid from 5 s before to 30 s after it was issued; a generation outlives that.
const GENERATION_SECONDS: i64 = 36;
/// Entries of one generation; beyond it calls are shed.
const GENERATION_ENTRIES: usize = 2_000_000;

/// Remembers which (request id, attempt) pairs were used while their contexts are valid. Memory is bounded.
#[derive(Debug)]
pub struct ReplayGuard {
    hasher: RandomState,
    seen: Mutex<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    since_s: i64,
    current: HashSet<u64>,
    previous: HashSet<u64>,
}

impl Default for ReplayGuard {
    fn default() -> ReplayGuard {
        ReplayGuard::new()
    }
}

impl ReplayGuard {
    /// One that has seen nothing.
    pub fn new() -> ReplayGuard {
        ReplayGuard { hasher: RandomState::new(), seen: Mutex::new(Seen::default()) }
    }

    /// Admits a pair once; the second time it is `UNAUTHENTICATED`. `now` is the receiver's clock.
    pub fn admit(&self, request_id: &str, attempt: u32, now: Instant) -> Result<()> {
        // The hash is keyed with random numbers of this process: nobody outside can make two pairs meet.
        let mark = self.hasher.hash_one((request_id, attempt));
        let mut seen = self.seen.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let age = now.seconds().saturating_sub(seen.since_s);
        if !(0..GENERATION_SECONDS).contains(&age) {
            seen.previous = std::mem::take(&mut seen.current);
            seen.since_s = now.seconds();
        }
        if seen.previous.contains(&mark) {
            return Err(replayed());
        }
        if seen.current.len() >= GENERATION_ENTRIES {
            return Err(Refusal::unavailable("the replay guard is full"));
        }
        if seen.current.insert(mark) { Ok(()) } else { Err(replayed()) }
    }
}

fn replayed() -> Refusal {
    Refusal::new(Code::Unauthenticated).caused_by("a signed context was used twice")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pair_passes_once_while_it_is_valid() {
        let guard = ReplayGuard::new();
        let at = |s: i64| Instant::from_micros((1_800_000_000 + s) * 1_000_000);
        guard.admit("a", 1, at(0)).unwrap();
        guard.admit("a", 2, at(0)).unwrap();
        guard.admit("b", 1, at(0)).unwrap();
        for s in [0, 10, 35, 36, 50] {
            assert_eq!(guard.admit("a", 1, at(s)).unwrap_err().code(), Code::Unauthenticated, "{s}");
        }
        guard.admit("c", 1, at(72)).unwrap();
        assert!(guard.seen.lock().unwrap().previous.len() < 3, "old generations are dropped");
    }
}
