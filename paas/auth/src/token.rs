//! Access tokens: compact JWT, EdDSA, nothing else.

use crate::MasterKey;
use crate::key::digest;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ed25519_dalek::{Signature, Signer as _, SigningKey};
use paas_types::{Code, Id, Instant, Refusal, Result, TenantKey};
use quick_cache::sync::Cache;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;

/// How long an access token lives, in seconds.
pub const ACCESS_SECONDS: i64 = 600;
const ISSUER: &str = "superpaas";
const HEADER: &str = r#"{"alg":"EdDSA","typ":"JWT"}"#;
/// Longer ones are not ours.
const MAX_LENGTH: usize = 2048;
/// Clocks of gateways may differ by this much, in seconds.
const LEEWAY_SECONDS: i64 = 5;
const CACHED_TOKENS: usize = 20_000;

/// What an access token says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claims {
    /// Who issued it; always this system.
    pub iss: String,
    /// The membership that signed in.
    pub sub: Id,
    /// The person behind it.
    pub pid: Id,
    /// The session, so that it can be ended.
    pub sid: Id,
    /// Tenant code.
    pub ten: String,
    /// Tenant key.
    pub tky: TenantKey,
    /// Issued at, seconds since the epoch.
    pub iat: i64,
    /// Expires at, seconds since the epoch.
    pub exp: i64,
    /// Always `access`.
    pub typ: String,
}

impl Claims {
    /// Claims of an access token that starts now and lives [`ACCESS_SECONDS`].
    pub fn access(sub: Id, pid: Id, sid: Id, tenant: (TenantKey, &str), now: Instant) -> Claims {
        Claims {
            iss: ISSUER.to_owned(),
            sub,
            pid,
            sid,
            ten: tenant.1.to_owned(),
            tky: tenant.0,
            iat: now.seconds(),
            exp: now.seconds().saturating_add(ACCESS_SECONDS),
            typ: "access".to_owned(),
        }
    }
}

/// Issues and verifies access tokens. Cloning shares the cache of verified tokens.
#[derive(Clone)]
pub struct TokenKey(Arc<Inner>);

struct Inner {
    key: SigningKey,
    header: String,
    verified: Cache<[u8; 32], Arc<Claims>>,
}

impl TokenKey {
    /// The token key of an installation.
    pub fn from_master(master: &MasterKey) -> TokenKey {
        TokenKey(Arc::new(Inner {
            key: SigningKey::from_bytes(&master.derive("token")),
            header: URL_SAFE_NO_PAD.encode(HEADER),
            verified: Cache::new(CACHED_TOKENS),
        }))
    }

    /// A signed token that says this.
    pub fn issue(&self, claims: &Claims) -> Result<String> {
        let payload = URL_SAFE_NO_PAD.encode(serde_json::to_vec(claims).map_err(Refusal::internal)?);
        let signed = format!("{}.{payload}", self.0.header);
        let signature = self.0.key.sign(signed.as_bytes());
        Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature.to_bytes())))
    }

    /// What the token says, when it is ours, whole and in time; else `UNAUTHENTICATED`, or `TOKEN_EXPIRED` for one
    /// that was good. Says nothing about the session: it may have ended since.
    pub fn verify(&self, token: &str, now: Instant) -> Result<Arc<Claims>> {
        if token.len() > MAX_LENGTH {
            return Err(Refusal::new(Code::Unauthenticated).caused_by("token too long"));
        }
        let fingerprint = digest(token.as_bytes());
        let claims = match self.0.verified.get(&fingerprint) {
            Some(claims) => claims,
            None => {
                let claims = Arc::new(self.read(token).ok_or_else(|| Refusal::new(Code::Unauthenticated))?);
                if now.seconds() < claims.exp {
                    self.0.verified.insert(fingerprint, Arc::clone(&claims));
                }
                claims
            }
        };
        if now.seconds() >= claims.exp {
            return Err(Refusal::new(Code::TokenExpired));
        }
        if claims.iat > now.seconds().saturating_add(LEEWAY_SECONDS) {
            return Err(Refusal::new(Code::Unauthenticated).caused_by("token from the future"));
        }
        Ok(claims)
    }

    /// The claims of a token with a valid signature. The header is compared as text: one algorithm, one spelling.
    fn read(&self, token: &str) -> Option<Claims> {
        let (signed, signature) = token.rsplit_once('.')?;
        let (header, payload) = signed.split_once('.')?;
        if header != self.0.header {
            return None;
        }
        let signature = Signature::from_slice(&URL_SAFE_NO_PAD.decode(signature).ok()?).ok()?;
        self.0.key.verifying_key().verify_strict(signed.as_bytes(), &signature).ok()?;
        let claims: Claims = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).ok()?).ok()?;
        (claims.iss == ISSUER && claims.typ == "access").then_some(claims)
    }
}

impl fmt::Debug for TokenKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenKey(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> TokenKey {
        TokenKey::from_master(&MasterKey::from_bytes([9; 32]))
    }

    fn claims(now: Instant) -> Claims {
        Claims::access(Id::fresh(), Id::fresh(), Id::fresh(), (TenantKey(7), "demo"), now)
    }

    fn code(result: Result<Arc<Claims>>) -> Code {
        result.unwrap_err().code()
    }

    /// RFC 8037 appendix A.4: the signature over the example of the standard.
    #[test]
    fn eddsa_vector() {
        let seed: [u8; 32] =
            URL_SAFE_NO_PAD.decode("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A").unwrap().try_into().unwrap();
        let signature = SigningKey::from_bytes(&seed).sign(b"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc");
        assert_eq!(
            URL_SAFE_NO_PAD.encode(signature.to_bytes()),
            "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
        );
    }

    #[test]
    fn a_token_tells_who_until_it_expires() {
        let now = Instant::from_micros(1_800_000_000_000_000);
        let said = claims(now);
        let token = key().issue(&said).unwrap();
        let key = key();
        for _ in 0..2 {
            assert_eq!(*key.verify(&token, now).unwrap(), said);
        }
        assert_eq!(*key.verify(&token, now.plus_seconds(599)).unwrap(), said);
        assert_eq!(code(key.verify(&token, now.plus_seconds(600))), Code::TokenExpired);
        assert_eq!(code(key.verify(&token, now.plus_seconds(-6))), Code::Unauthenticated);
    }

    #[test]
    fn what_is_not_ours_is_refused() {
        let now = Instant::from_micros(1_800_000_000_000_000);
        let key = key();
        let token = key.issue(&claims(now)).unwrap();
        let parts: Vec<&str> = token.split('.').collect();
        let encode = |text: &str| URL_SAFE_NO_PAD.encode(text);
        let forged = URL_SAFE_NO_PAD.encode(serde_json::to_vec(&claims(now)).unwrap());
        let foreign = TokenKey::from_master(&MasterKey::from_bytes([1; 32])).issue(&claims(now)).unwrap();
        let refresh = key.issue(&Claims { typ: "refresh".to_owned(), ..claims(now) }).unwrap();
        let issuer = key.issue(&Claims { iss: "else".to_owned(), ..claims(now) }).unwrap();
        let none = encode(r#"{"alg":"none","typ":"JWT"}"#);
        let hs = encode(r#"{"alg":"HS256","typ":"JWT"}"#);
        let bad = [
            String::new(),
            "x".to_owned(),
            "a.b.c".to_owned(),
            format!("{token}."),
            format!("{token}="),
            format!("{}.{}", parts[0], parts[1]),
            format!("{}.{}.", parts[0], parts[1]),
            format!("{}.{forged}.{}", parts[0], parts[2]),
            format!("{none}.{}.", parts[1]),
            format!("{none}.{}.{}", parts[1], parts[2]),
            format!("{hs}.{}.{}", parts[1], parts[2]),
            foreign,
            refresh,
            issuer,
            "x".repeat(5000),
        ];
        for token in bad {
            assert_eq!(code(key.verify(&token, now)), Code::Unauthenticated, "{token}");
        }
    }
}
