//! Failed sign-ins per (account, network): whoever guesses is slowed down, and nobody can lock out another. Kept in
//! memory: a restart forgives.

use paas_types::{Code, Instant, Refusal, Result};
use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, PoisonError};

/// Failures are forgotten after this many seconds.
const WINDOW_SECONDS: i64 = 15 * 60;
/// From this many failures on the account counts as locked from that network.
const LOCKED: usize = 10;
/// From this many on not even the password is looked at.
const FLOOD: usize = 30;
/// Most pairs remembered.
const PAIRS: usize = 50_000;

static FAILURES: LazyLock<Mutex<HashMap<Pair, Vec<Instant>>>> = LazyLock::new(Mutex::default);

/// An account from a network. Unknown accounts are pairs like any other.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Pair {
    /// Tells installations in one process apart.
    pub(crate) installation: [u8; 32],
    pub(crate) tenant: String,
    pub(crate) username: String,
    pub(crate) network: String,
}

fn with<T>(job: impl FnOnce(&mut HashMap<Pair, Vec<Instant>>) -> T) -> T {
    job(&mut FAILURES.lock().unwrap_or_else(PoisonError::into_inner))
}

impl Pair {
    /// `RATE_LIMITED` when there were far too many failures lately.
    pub(crate) fn admit(&self, now: Instant) -> Result<()> {
        let since = now.plus_seconds(-WINDOW_SECONDS);
        let recent: Vec<Instant> = with(|all| all.get(self).cloned().unwrap_or_default());
        let recent: Vec<Instant> = recent.into_iter().filter(|at| *at > since).collect();
        match recent.first() {
            Some(first) if recent.len() >= FLOOD => {
                let wait = (first.seconds() + WINDOW_SECONDS - now.seconds()).clamp(1, WINDOW_SECONDS);
                Err(Refusal::new(Code::RateLimited).retry_after(u32::try_from(wait).unwrap_or(1)))
            }
            _ => Ok(()),
        }
    }

    /// Whether the account is locked from here; failures before it was unlocked do not count.
    pub(crate) fn is_locked(&self, now: Instant, unlocked: Option<Instant>) -> bool {
        let since = now.plus_seconds(-WINDOW_SECONDS).max(unlocked.unwrap_or(Instant::from_micros(0)));
        with(|all| all.get(self).map_or(0, |failures| failures.iter().filter(|at| **at > since).count())) >= LOCKED
    }

    /// Remembers a failure.
    pub(crate) fn failed(&self, now: Instant) {
        let since = now.plus_seconds(-WINDOW_SECONDS);
        with(|all| {
            if all.len() >= PAIRS {
                all.retain(|_, failures| failures.last().is_some_and(|at| *at > since));
            }
            if all.len() >= PAIRS && !all.contains_key(self) {
                return;
            }
            let failures = all.entry(self.clone()).or_default();
            failures.retain(|at| *at > since);
            failures.push(now);
        });
    }

    /// Forgets the failures: the right password came.
    pub(crate) fn succeeded(&self) {
        with(|all| all.remove(self));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_guessing_network_is_slowed_down() {
        let pair = |network: &str| Pair {
            installation: [9; 32],
            tenant: "toy".to_owned(),
            username: "ann".to_owned(),
            network: network.to_owned(),
        };
        let (guesser, other) = (pair("10.0.0.1"), pair("10.0.0.2"));
        let now = Instant::from_micros(1_800_000_000_000_000);
        for _ in 0..LOCKED {
            assert!(!guesser.is_locked(now, None));
            guesser.failed(now);
        }
        assert!(guesser.is_locked(now, None) && !other.is_locked(now, None));
        assert!(!guesser.is_locked(now, Some(now)) && !guesser.is_locked(now.plus_seconds(WINDOW_SECONDS), None));
        assert!(guesser.admit(now).is_ok());
        for _ in LOCKED..FLOOD {
            guesser.failed(now);
        }
        assert_eq!(guesser.admit(now).unwrap_err().code(), Code::RateLimited);
        assert!(other.admit(now).is_ok());
        guesser.succeeded();
        assert!(guesser.admit(now).is_ok() && !guesser.is_locked(now, None));
    }
}
