//! Passwords: argon2id with 19 MiB, two passes, one lane; a bounded number at a time.

use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use paas_types::{Refusal, Result, Secret};
use std::sync::Arc;
use subtle::ConstantTimeEq as _;
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

const MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;
const LANES: u32 = 1;
const PREFIX: &str = "$argon2id$v=19$m=19456,t=2,p=1$";
/// More than this many waiting are turned away with 503.
const WAITING: usize = 64;

/// Hashes and checks passwords, at most one per processor at a time.
#[derive(Clone, Debug)]
pub struct Passwords {
    queue: Arc<Semaphore>,
    running: Arc<Semaphore>,
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
        Passwords { queue: Arc::new(Semaphore::new(WAITING)), running: Arc::new(Semaphore::new(processors)) }
    }

    /// The PHC string to store. `UNAVAILABLE` when too many are waiting.
    pub async fn hash(&self, password: &Secret<String>) -> Result<String> {
        let password = password.clone();
        self.run(move || Passwords::hash_now(&password)).await
    }

    /// The same at once, on this thread, for work that already runs beside the others: tens of milliseconds.
    pub fn hash_now(password: &Secret<String>) -> Result<String> {
        let mut salt = [0_u8; 16];
        getrandom::fill(&mut salt).map_err(Refusal::internal)?;
        let hash = compute(password, &salt)?;
        Ok(format!("{PREFIX}{}${}", STANDARD_NO_PAD.encode(salt), STANDARD_NO_PAD.encode(hash.as_ref())))
    }

    /// Whether the password fits the stored PHC string. A string that is not one of ours fits nothing, in the same
    /// time.
    pub async fn verify(&self, password: &Secret<String>, stored: &str) -> Result<bool> {
        let (password, stored) = (password.clone(), Zeroizing::new(stored.to_owned()));
        self.run(move || {
            let parsed = parse(&stored);
            let (salt, expected) = parsed.unwrap_or(([0; 16], [0; 32]));
            let hash = compute(&password, &salt)?;
            Ok(parsed.is_some() & bool::from(hash.as_ref().ct_eq(&expected)))
        })
        .await
    }

    /// For a user who does not exist: takes as long as [`Passwords::verify`] and is always `false`.
    pub async fn verify_nobody(&self, password: &Secret<String>) -> Result<bool> {
        self.verify(password, "").await
    }

    async fn run<T: Send + 'static>(&self, job: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
        let _waiting = self.queue.try_acquire().map_err(|_| Refusal::unavailable("too many sign-ins at once"))?;
        let turn = Arc::clone(&self.running).acquire_owned().await.map_err(Refusal::internal)?;
        // The permit goes with the work: a caller that gives up does not free the processor.
        tokio::task::spawn_blocking(move || {
            let _turn = turn;
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
        assert!(passwords.verify(&secret("Demo@12345"), &stored).await.unwrap());
        assert!(!passwords.verify(&secret("demo@12345"), &stored).await.unwrap());
        assert!(!passwords.verify(&secret(""), &stored).await.unwrap());
        assert!(!passwords.verify(&secret("x"), "$argon2id$v=19$m=8,t=1,p=1$AAAA$AAAA").await.unwrap());
        assert!(!passwords.verify_nobody(&secret("")).await.unwrap());
    }

    #[tokio::test]
    async fn a_flood_is_turned_away() {
        let passwords = Passwords { queue: Arc::new(Semaphore::new(0)), running: Arc::new(Semaphore::new(1)) };
        let refusal = passwords.verify(&secret("x"), "").await.unwrap_err();
        assert_eq!(refusal.code(), paas_types::Code::Unavailable);
    }
}
