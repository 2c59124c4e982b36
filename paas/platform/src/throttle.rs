//! Failed sign-ins per (account, network): whoever guesses is slowed down, and nobody can lock out another. Kept in
//! memory, in bounded room: a restart forgives, and of too many the oldest are forgotten.

use paas_auth::digest;
use paas_types::{Code, Instant, Refusal, Result};
use std::collections::{BTreeSet, HashMap};
use std::sync::{LazyLock, Mutex, PoisonError};

/// Failures are forgotten after this many seconds.
const WINDOW_SECONDS: i64 = 15 * 60;
/// How far the clocks of two processes may differ; an instant further ahead is from before the clock was set back.
pub(crate) const AHEAD_SECONDS: i64 = 5;
/// From this many failures on the account counts as locked from that network.
const LOCKED: usize = 10;
/// From this many on not even the password is looked at.
const FLOOD: usize = 30;
/// Most pairs remembered, and most networks.
const ROOM: usize = 50_000;
/// Failures a network has at once, whatever the accounts; far more than people behind one address make.
const NETWORK_BURST: i64 = 600;
/// Failures a network gets back each second.
const NETWORK_REFILL: i64 = 2;
/// Switches of tenant a sign-in has at once, and gets back one each second.
const SWITCH_BURST: i64 = 30;

/// What things are remembered by: of one size, whatever clients send.
type Key = [u8; 32];

static FAILURES: LazyLock<Mutex<Recent<Vec<Instant>>>> = LazyLock::new(|| Mutex::new(Recent::new(ROOM)));
static NETWORKS: LazyLock<Mutex<Recent<Bucket>>> = LazyLock::new(|| Mutex::new(Recent::new(ROOM)));
static SWITCHES: LazyLock<Mutex<Recent<Bucket>>> = LazyLock::new(|| Mutex::new(Recent::new(ROOM)));

fn with<T, R>(all: &Mutex<Recent<T>>, job: impl FnOnce(&mut Recent<T>) -> R) -> R {
    job(&mut all.lock().unwrap_or_else(PoisonError::into_inner))
}

/// The key of some texts: the length of each goes in, so that none can pass for two others.
fn key(installation: &[u8; 32], texts: &[&str]) -> Key {
    let mut bytes = installation.to_vec();
    for text in texts {
        bytes.extend_from_slice(&text.len().to_be_bytes());
        bytes.extend_from_slice(text.as_bytes());
    }
    digest(&bytes)
}

/// Values in bounded room: of too many the one that was touched longest ago goes.
struct Recent<T> {
    room: usize,
    known: HashMap<Key, (Instant, T)>,
    order: BTreeSet<(Instant, Key)>,
}

impl<T: Default> Recent<T> {
    fn new(room: usize) -> Recent<T> {
        Recent { room, known: HashMap::new(), order: BTreeSet::new() }
    }

    fn get(&self, key: &Key) -> Option<&T> {
        self.known.get(key).map(|(_, value)| value)
    }

    fn touch<R>(&mut self, key: Key, now: Instant, change: impl FnOnce(&mut T) -> R) -> R {
        let mut value = self.forget(&key).unwrap_or_default();
        while self.known.len() >= self.room {
            let Some((_, oldest)) = self.order.pop_first() else { break };
            self.known.remove(&oldest);
        }
        let outcome = change(&mut value);
        self.order.insert((now, key));
        self.known.insert(key, (now, value));
        outcome
    }

    fn forget(&mut self, key: &Key) -> Option<T> {
        let (at, value) = self.known.remove(key)?;
        self.order.remove(&(at, *key));
        Some(value)
    }
}

/// A measure that fills and runs off with time.
#[derive(Clone, Copy, Debug, Default)]
struct Bucket {
    level: i64,
    /// Seconds of the epoch the level is as of.
    at: i64,
}

impl Bucket {
    fn level(&self, now: Instant, refill: i64) -> i64 {
        let age = now.seconds() - self.at;
        if age < -AHEAD_SECONDS {
            return 0;
        }
        (self.level - age.max(0).saturating_mul(refill)).max(0)
    }

    fn fill(&mut self, now: Instant, refill: i64) {
        let level = self.level(now, refill) + 1;
        let ahead = self.at - now.seconds();
        *self = Bucket { level, at: if (0..=AHEAD_SECONDS).contains(&ahead) { self.at } else { now.seconds() } };
    }
}

/// Whether a failure still counts. What lies ahead was noted before the clock was set back: it is forgotten, as by a
/// restart, lest somebody is shut out until the old time comes round again.
fn is_recent(at: Instant, now: Instant) -> bool {
    at > now.plus_seconds(-WINDOW_SECONDS) && at <= now.plus_seconds(AHEAD_SECONDS)
}

/// An account from a network. Unknown accounts are pairs like any other.
#[derive(Clone, Debug)]
pub(crate) struct Pair {
    /// Tells installations in one process apart.
    pub(crate) installation: [u8; 32],
    pub(crate) tenant: String,
    pub(crate) username: String,
    pub(crate) network: String,
}

impl Pair {
    fn key(&self) -> Key {
        key(&self.installation, &[&self.tenant, &self.username, &self.network])
    }

    fn network_key(&self) -> Key {
        key(&self.installation, &[&self.network])
    }

    /// `RATE_LIMITED` when there were far too many failures lately: with this account from this network, or with
    /// whatever accounts from this network.
    pub(crate) fn admit(&self, now: Instant) -> Result<()> {
        let level = with(&NETWORKS, |all| all.get(&self.network_key()).map_or(0, |b| b.level(now, NETWORK_REFILL)));
        if level >= NETWORK_BURST {
            return Err(Refusal::new(Code::RateLimited).retry_after(1));
        }
        let recent: Vec<Instant> = with(&FAILURES, |all| all.get(&self.key()).cloned().unwrap_or_default());
        let recent: Vec<Instant> = recent.into_iter().filter(|at| is_recent(*at, now)).collect();
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
        let since = unlocked.unwrap_or(Instant::from_micros(0));
        let count = |all: &Vec<Instant>| all.iter().filter(|at| is_recent(**at, now) && **at > since).count();
        with(&FAILURES, |all| all.get(&self.key()).map_or(0, count)) >= LOCKED
    }

    /// Remembers a failure.
    pub(crate) fn failed(&self, now: Instant) {
        with(&FAILURES, |all| {
            all.touch(self.key(), now, |failures| {
                failures.retain(|at| is_recent(*at, now));
                failures.push(now);
            });
        });
        with(&NETWORKS, |all| all.touch(self.network_key(), now, |bucket| bucket.fill(now, NETWORK_REFILL)));
    }

    /// Forgets the failures: the right password came.
    pub(crate) fn succeeded(&self) {
        with(&FAILURES, |all| all.forget(&self.key()));
    }
}

/// Counts a switch of tenant within one sign-in; `RATE_LIMITED` when there were too many lately.
pub(crate) fn switches(installation: &[u8; 32], root: &str, now: Instant) -> Result<()> {
    let key = key(installation, &[root]);
    with(&SWITCHES, |all| {
        if all.get(&key).map_or(0, |bucket| bucket.level(now, 1)) >= SWITCH_BURST {
            return Err(Refusal::new(Code::RateLimited).retry_after(1));
        }
        all.touch(key, now, |bucket| bucket.fill(now, 1));
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Instant = Instant::from_micros(1_800_000_000_000_000);

    fn pair(installation: u8, username: &str, network: &str) -> Pair {
        let (tenant, username, network) = ("toy".to_owned(), username.to_owned(), network.to_owned());
        Pair { installation: [installation; 32], tenant, username, network }
    }

    #[test]
    fn only_the_guessing_network_is_slowed_down() {
        let (guesser, other) = (pair(9, "ann", "10.0.0.1"), pair(9, "ann", "10.0.0.2"));
        for _ in 0..LOCKED {
            assert!(!guesser.is_locked(NOW, None));
            guesser.failed(NOW);
        }
        assert!(guesser.is_locked(NOW, None) && !other.is_locked(NOW, None));
        assert!(!guesser.is_locked(NOW, Some(NOW)) && !guesser.is_locked(NOW.plus_seconds(WINDOW_SECONDS), None));
        assert!(guesser.admit(NOW).is_ok());
        for _ in LOCKED..FLOOD {
            guesser.failed(NOW);
        }
        assert_eq!(guesser.admit(NOW).unwrap_err().code(), Code::RateLimited);
        assert!(other.admit(NOW).is_ok());
        guesser.succeeded();
        assert!(guesser.admit(NOW).is_ok() && !guesser.is_locked(NOW, None));
    }

    #[test]
    fn a_network_that_tries_ever_new_names_is_slowed_down() {
        for number in 0..NETWORK_BURST {
            let next = pair(8, &format!("name-{number}"), "10.0.0.1");
            assert!(next.admit(NOW).is_ok(), "{number}");
            next.failed(NOW);
        }
        let fresh = pair(8, "fresh", "10.0.0.1");
        assert_eq!(fresh.admit(NOW).unwrap_err().code(), Code::RateLimited);
        assert!(pair(8, "fresh", "10.0.0.2").admit(NOW).is_ok(), "others are not touched");
        assert!(fresh.admit(NOW.plus_seconds(1)).is_ok(), "it runs off");
    }

    #[test]
    fn a_clock_that_is_set_back_shuts_nobody_out() {
        let (guesser, earlier) = (pair(6, "ann", "10.0.0.1"), NOW.plus_seconds(-90_000));
        for _ in 0..NETWORK_BURST {
            guesser.failed(NOW);
        }
        assert!(guesser.is_locked(NOW, None) && guesser.admit(NOW.plus_seconds(-1)).is_err());
        assert!(!guesser.is_locked(earlier, None) && guesser.admit(earlier).is_ok());
        for _ in 0..LOCKED {
            assert!(!guesser.is_locked(earlier, None));
            guesser.failed(earlier);
        }
        assert!(guesser.is_locked(earlier, None), "it counts from there on");
    }

    #[test]
    fn a_full_table_forgets_the_oldest_and_still_remembers() {
        let mut table: Recent<Vec<Instant>> = Recent::new(3);
        let name = |number: i64| key(&[1; 32], &[&number.to_string(), "a name as long as a client likes"]);
        for number in 0..10 {
            table.touch(name(number), NOW.plus_seconds(number), |failures| failures.push(NOW));
            // The first goes on failing, so it is never the oldest.
            table.touch(name(0), NOW.plus_seconds(number), |failures| failures.push(NOW));
        }
        assert_eq!((table.known.len(), table.order.len()), (3, 3));
        assert_eq!(table.get(&name(0)).map(Vec::len), Some(11));
        assert!(table.get(&name(9)).is_some() && table.get(&name(5)).is_none());
        assert_eq!(table.forget(&name(9)).map(|failures| failures.len()), Some(1));
        assert!(table.get(&name(9)).is_none() && table.order.len() == 2);
        assert_ne!(key(&[1; 32], &["ab", "c"]), key(&[1; 32], &["a", "bc"]));
    }

    #[test]
    fn switches_are_counted() {
        let admitted = (0..100).filter(|_| switches(&[7; 32], "1.x", NOW).is_ok()).count();
        assert_eq!(i64::try_from(admitted), Ok(SWITCH_BURST));
        assert!(switches(&[7; 32], "1.y", NOW).is_ok() && switches(&[7; 32], "1.x", NOW.plus_seconds(1)).is_ok());
    }
}
