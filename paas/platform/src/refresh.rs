//! Refresh tokens: `tenant.session.generation.mac`. The database keeps only the generation, so nothing in it can be used
//! to sign in, and the successor of a token is the same however often it is asked for.

use hmac::{Hmac, KeyInit, Mac};
use paas_auth::MasterKey;
use paas_types::{Id, Secret};
use sha2::Sha256;
use subtle::ConstantTimeEq;

/// A refresh token that is what it says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Refresh {
    pub(crate) tenant: String,
    pub(crate) session: Id,
    pub(crate) generation: i64,
}

/// Writes the token of a generation.
pub(crate) fn write(master: &MasterKey, tenant: &str, session: Id, generation: i64) -> Secret<String> {
    let body = format!("{tenant}.{session}.{generation}");
    let mac = mac(master, &body);
    Secret::new(format!("{body}.{mac}"))
}

/// Reads a token; `None` when it was not written by us.
pub(crate) fn read(master: &MasterKey, token: &str) -> Option<Refresh> {
    let (body, given) = token.rsplit_once('.')?;
    if !bool::from(mac(master, body).as_bytes().ct_eq(given.as_bytes())) {
        return None;
    }
    let mut parts = body.rsplitn(3, '.');
    let generation = parts.next()?.parse().ok()?;
    let session = parts.next()?.parse().ok()?;
    Some(Refresh { tenant: parts.next()?.to_owned(), session, generation })
}

fn mac(master: &MasterKey, body: &str) -> String {
    let key = master.derive("refresh-tokens");
    let Ok(mut hmac) = Hmac::<Sha256>::new_from_slice(&key) else { return String::new() };
    hmac.update(body.as_bytes());
    hmac.finalize().into_bytes().iter().map(|b| format!("{b:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_tokens_are_read() {
        let master = MasterKey::from_bytes([3; 32]);
        let session = Id::fresh();
        let token = write(&master, "a.b", session, 4);
        let read_back = read(&master, token.expose()).unwrap();
        assert_eq!(read_back, Refresh { tenant: "a.b".to_owned(), session, generation: 4 });
        let forged = token.expose().replace(".4.", ".5.");
        assert_eq!(read(&master, &forged), None);
        assert_eq!(read(&MasterKey::from_bytes([4; 32]), token.expose()), None);
        assert_eq!(read(&master, ""), None);
    }
}
