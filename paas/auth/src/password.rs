//! Passwords: argon2id with 19 MiB, two passes, one lane; a bounded number at a time, and of those a bounded
//! share for each network, so that one that floods keeps no other out.

use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use paas_types::{Refusal, Result, Secret};
use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use subtle::ConstantTimeEq as _;
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

const MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;
const LANES: u32 = 1;
const PREFIX: &str = "$argon2id$v=19$m=19456,t=2,p=1$";
/// Passwords that wait or are worked on; beyond, and beyond the share of a network, 503.
const WAITING: usize = 128;
/// Stands for the inside, which is no client's network.
const INSIDE: &str = "";

/// Hashes and checks passwords, at most one per processor at a time.
#[derive(Clone, Debug)]
pub struct Passwords {
    queue: Arc<Queue>,
    running: Arc<Semaphore>,
}

/// Who waits.
#[derive(Debug)]
struct Queue {
    room: usize,
    /// How many wait or are worked on, by network; only networks that have some.
    held: Mutex<HashMap<String, usize>>,
}

/// A place in the queue; free again when it is dropped.
struct Place {
    queue: Arc<Queue>,
    network: String,
}

impl Queue {
    fn new(room: usize) -> Arc<Queue> {
        Arc::new(Queue { room, held: Mutex::default() })
    }

    /// A network may hold as many places as are still free: alone half of them, and fewer the more others are there.
    fn enter(self: &Arc<Self>, network: &str) -> Result<Place> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let free = self.room.saturating_sub(held.values().sum());
        if held.get(network).copied().unwrap_or(0) >= free {
            return Err(Refusal::unavailable("too many sign-ins at once"));
        }
        *held.entry(network.to_owned()).or_insert(0) += 1;
        Ok(Place { queue: Arc::clone(self), network: network.to_owned() })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut held = self.queue.held.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = held.get_mut(&self.network) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                held.remove(&self.network);
            }
        }
    }
}

impl Default for Passwords {
    fn default() -> Passwords {
        Passwords::new()
    }
}

impl Passwords {
    /// With room for as many at a time as there are processors.
    pub fn new() -> Passwords {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        Passwords { queue: Queue::new(WAITING), running: Arc::new(Semaphore::new(processors)) }
    }

    /// The ones of this process: what it does at a time is bounded as a whole.
    pub fn shared() -> &'static Passwords {
        static SHARED: LazyLock<Passwords> = LazyLock::new(Passwords::new);
        &SHARED
    }

    /// The PHC string to store, for the inside. `UNAVAILABLE` when too many are waiting.
    pub async fn hash(&self, password: &Secret<String>) -> Result<String> {
        self.hash_from(INSIDE, password).await
    }

    /// The PHC string to store, on behalf of somebody in this network. `UNAVAILABLE` when too many are waiting, or too
    /// many of that network.
    pub async fn hash_from(&self, network: &str, password: &Secret<String>) -> Result<String> {
        let password = password.clone();
        self.run(network, move || Passwords::hash_now(&password)).await
    }

    fn hash_now(password: &Secret<String>) -> Result<String> {
        let mut salt = [0_u8; 16];
        getrandom::fill(&mut salt).map_err(Refusal::internal)?;
        let hash = compute(password, &salt)?;
        Ok(format!("{PREFIX}{}${}", STANDARD_NO_PAD.encode(salt), STANDARD_NO_PAD.encode(hash.as_ref())))
    }

    /// Whether the password that came from this network fits the stored PHC string. A string that is not one of ours
    /// fits nothing, in the same time. `UNAVAILABLE` as [`Passwords::hash_from`].
    pub async fn verify(&self, network: &str, password: &Secret<String>, stored: &str) -> Result<bool> {
        let (password, stored) = (password.clone(), Zeroizing::new(stored.to_owned()));
        self.run(network, move || {
            let parsed = parse(&stored);
            let (salt, expected) = parsed.unwrap_or(([0; 16], [0; 32]));
            let hash = compute(&password, &salt)?;
            Ok(parsed.is_some() & bool::from(hash.as_ref().ct_eq(&expected)))
        })
        .await
    }

    /// For a user who does not exist: takes as long as [`Passwords::verify`] and is always `false`.
    pub async fn verify_nobody(&self, network: &str, password: &Secret<String>) -> Result<bool> {
        self.verify(network, password, "").await
    }

    async fn run<T: Send + 'static>(
        &self,
        network: &str,
        job: impl FnOnce() -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let place = self.queue.enter(network)?;
        let turn = Arc::clone(&self.running).acquire_owned().await.map_err(Refusal::internal)?;
        // Place and permit go with the work: a caller that gives up does not free the processor.
        tokio::task::spawn_blocking(move || {
            let _kept = (place, turn);
            job()
        })
        .await
        .map_err(Refusal::internal)?
    }
}

fn compute(password: &Secret<String>, salt: &[u8; 16]) -> Result<Zeroizing<[u8; 32]>> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, Some(32)).map_err(Refusal::internal)?;
    let mut out = Zeroizing::new([0_u8; 32]);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(password.expose().as_bytes(), salt, out.as_mut())
        .map_err(Refusal::internal)?;
    Ok(out)
}

fn parse(stored: &str) -> Option<([u8; 16], [u8; 32])> {
    let (salt, hash) = stored.strip_prefix(PREFIX)?.split_once('$')?;
    Some((STANDARD_NO_PAD.decode(salt).ok()?.try_into().ok()?, STANDARD_NO_PAD.decode(hash).ok()?.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str) -> Secret<String> {
        Secret::new(text.to_owned())
    }

    /// The published argon2id vector of the reference implementation: t=2, m=2^16 KiB, p=1, "password", "somesalt".
    #[test]
    fn argon2id_vector() {
        let mut out = [0_u8; 32];
        Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(65_536, 2, 1, Some(32)).unwrap())
            .hash_password_into(b"password", b"somesalt", &mut out)
            .unwrap();
        let hex: String = out.iter().map(|b| format!("{b:02x}")).collect();
        assert_eq!(hex, "09316115d5cf24ed5a15a31a3ba326e5cf32edc24702987c02b6566f61913cf7");
    }

    #[tokio::test]
    async fn only_the_password_fits() {
        let passwords = Passwords::new();
        let stored = passwords.hash(&secret("Demo@12345")).await.unwrap();
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert_ne!(stored, passwords.hash(&secret("Demo@12345")).await.unwrap());
        assert!(passwords.verify("net", &secret("Demo@12345"), &stored).await.unwrap());
        assert!(!passwords.verify("net", &secret("demo@12345"), &stored).await.unwrap());
        assert!(!passwords.verify("net", &secret(""), &stored).await.unwrap());
        assert!(!passwords.verify("net", &secret("x"), "$argon2id$v=19$m=8,t=1,p=1$AAAA$AAAA").await.unwrap());
        assert!(!passwords.verify_nobody("net", &secret("")).await.unwrap());
    }

    /// The attack: one network asks without end.
    #[tokio::test]
    async fn a_flood_is_turned_away_and_keeps_no_other_network_out() {
        let passwords = Passwords { queue: Queue::new(8), running: Arc::new(Semaphore::new(0)) };
        let ask = |network: &'static str| {
            let passwords = passwords.clone();
            tokio::spawn(async move { passwords.verify(network, &secret("x"), "").await })
        };
        let flood: Vec<_> = (0..40).map(|_| ask("10.0.0.1")).collect();
        tokio::task::yield_now().await;
        let turned_away = flood.iter().filter(|asked| asked.is_finished()).count();
        assert_eq!(turned_away, 36, "half of the places, and no more");
        let refusal = passwords.verify("10.0.0.1", &secret("x"), "").await.unwrap_err();
        assert_eq!((refusal.code(), refusal.retry_after_s()), (paas_types::Code::Unavailable, Some(1)));
        let others = [ask("10.0.0.2"), ask("10.0.0.3")];
        tokio::task::yield_now().await;
        assert!(others.iter().all(|asked| !asked.is_finished()), "they wait for their turn");
        passwords.running.add_permits(1);
        for asked in flood.into_iter().filter(|asked| !asked.is_finished()).chain(others) {
            assert!(matches!(asked.await.unwrap(), Ok(false)));
        }
        assert!(passwords.queue.held.lock().unwrap().is_empty());
    }
}
