//! Throttling of sign-ins per (account, network): nobody can lock out somebody else.

use paas_types::Instant;
use std::collections::HashMap;
use std::sync::Mutex;

/// Failures that lock.
const FAILURES: u32 = 5;
/// How long failures count and a lock lasts, seconds.
const WINDOW_S: i64 = 15 * 60;
/// The most pairs remembered; the oldest go first.
const PAIRS: usize = 100_000;

/// Failed sign-ins of this process.
#[derive(Debug, Default)]
pub(crate) struct Throttle(Mutex<HashMap<String, (u32, Instant)>>);

impl Throttle {
    /// Whether the pair is locked now.
    pub(crate) fn locked(&self, pair: &str, now: Instant) -> bool {
        let Ok(map) = self.0.lock() else { return true };
        map.get(pair).is_some_and(|(n, at)| *n >= FAILURES && now < at.plus_seconds(WINDOW_S))
    }

    /// Notes a failure.
    pub(crate) fn failed(&self, pair: &str, now: Instant) {
        let Ok(mut map) = self.0.lock() else { return };
        if map.len() >= PAIRS {
            map.retain(|_, (_, at)| now < at.plus_seconds(WINDOW_S));
            if map.len() >= PAIRS {
                map.clear();
            }
        }
        let entry = map.entry(pair.to_owned()).or_insert((0, now));
        if now >= entry.1.plus_seconds(WINDOW_S) {
            entry.0 = 0;
        }
        *entry = (entry.0.saturating_add(1), now);
    }

    /// Forgets the failures of a pair.
    pub(crate) fn passed(&self, pair: &str) {
        if let Ok(mut map) = self.0.lock() {
            map.remove(pair);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_failures_lock_one_pair_for_a_while() {
        let throttle = Throttle::default();
        let start = Instant::from_micros(1_000_000);
        for _ in 0..FAILURES {
            assert!(!throttle.locked("a|1", start));
            throttle.failed("a|1", start);
        }
        assert!(throttle.locked("a|1", start) && !throttle.locked("a|2", start));
        assert!(!throttle.locked("a|1", start.plus_seconds(WINDOW_S)));
    }
}
