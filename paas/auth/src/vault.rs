//! Sealed fields: AES-256-GCM under a data key per tenant, the data key wrapped by the master key.

use crate::MasterKey;
use crate::key::derive;
use aes_gcm::aead::{Aead as _, KeyInit as _, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use hmac::{Hmac, Mac as _};
use paas_types::{Refusal, Result, Secret};
use sha2::Sha256;
use std::fmt;
use zeroize::{Zeroize as _, Zeroizing};

/// First byte of everything sealed, so that a later form can live beside it.
const FORM: u8 = 1;
const NONCE_LENGTH: usize = 12;

/// A data key as it lies in the database: sealed under the master key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrapped(pub Vec<u8>);

/// Seals and opens the sensitive values of one tenant.
#[derive(Clone)]
pub struct Sealer {
    cipher: Aes256Gcm,
    blind: [u8; 32],
    keyed: [u8; 32],
}

impl MasterKey {
    /// A new data key for a tenant, wrapped.
    pub fn new_data_key(&self) -> Result<Wrapped> {
        let mut key = Zeroizing::new([0_u8; 32]);
        getrandom::fill(key.as_mut()).map_err(Refusal::internal)?;
        seal(&cipher(&self.derive("wrap"))?, b"data-key", key.as_ref()).map(Wrapped)
    }

    /// The sealer of a wrapped data key. Fails when it was wrapped under another master key or is damaged.
    pub fn unwrap(&self, wrapped: &[u8]) -> Result<Sealer> {
        let clear = Zeroizing::new(open(&cipher(&self.derive("wrap"))?, b"data-key", wrapped)?);
        let key: Zeroizing<[u8; 32]> =
            Zeroizing::new(clear.as_slice().try_into().map_err(|_| Refusal::internal("a data key of wrong length"))?);
        Ok(Sealer {
            cipher: cipher(&derive(&key, "seal"))?,
            blind: derive(&key, "blind"),
            keyed: derive(&key, "keyed"),
        })
    }
}

impl Sealer {
    /// Seals a value. `field` names what it is (tenant and field): a sealed value moved elsewhere does not open.
    pub fn seal(&self, field: &str, clear: &[u8]) -> Result<Vec<u8>> {
        seal(&self.cipher, field.as_bytes(), clear)
    }

    /// Opens a sealed value of the same field.
    pub fn open(&self, field: &str, sealed: &[u8]) -> Result<Vec<u8>> {
        open(&self.cipher, field.as_bytes(), sealed)
    }

    /// Seals a text.
    pub fn seal_text(&self, field: &str, clear: &Secret<String>) -> Result<Vec<u8>> {
        self.seal(field, clear.expose().as_bytes())
    }

    /// Opens a text.
    pub fn open_text(&self, field: &str, sealed: &[u8]) -> Result<Secret<String>> {
        String::from_utf8(self.open(field, sealed)?).map(Secret::new).map_err(|e| {
            let mut bytes = e.into_bytes();
            bytes.zeroize();
            Refusal::internal("a sealed text is not UTF-8")
        })
    }

    /// The blind index of a value: equal for equal clear text of the same field, and nothing else. The caller
    /// normalises the text first.
    pub fn blind(&self, field: &str, clear: &[u8]) -> [u8; 16] {
        let full = keyed_hash(&self.blind, &[field.as_bytes(), clear]);
        let mut out = [0_u8; 16];
        for (to, from) in out.iter_mut().zip(full) {
            *to = from;
        }
        out
    }

    /// A keyed hash of several parts, for fingerprints that must not be guessable from the database alone.
    pub fn keyed(&self, parts: &[&[u8]]) -> [u8; 32] {
        keyed_hash(&self.keyed, parts)
    }
}

impl Drop for Sealer {
    fn drop(&mut self) {
        self.blind.zeroize();
        self.keyed.zeroize();
    }
}

impl fmt::Debug for Sealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealer(***)")
    }
}

/// HMAC-SHA256 over the parts, each with its length before it, so that no two lists collide by moving a border.
fn keyed_hash(key: &[u8; 32], parts: &[&[u8]]) -> [u8; 32] {
    let Ok(mut mac) = <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(key) else {
        return [0; 32]; // HMAC takes keys of any length
    };
    for part in parts {
        mac.update(&(part.len() as u64).to_be_bytes());
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

fn cipher(key: &[u8; 32]) -> Result<Aes256Gcm> {
    Aes256Gcm::new_from_slice(key).map_err(|_| Refusal::internal("a cipher key of wrong length"))
}

fn seal(cipher: &Aes256Gcm, aad: &[u8], clear: &[u8]) -> Result<Vec<u8>> {
    let mut nonce = [0_u8; NONCE_LENGTH];
    getrandom::fill(&mut nonce).map_err(Refusal::internal)?;
    let sealed = cipher
        .encrypt(&Nonce::from(nonce), Payload { msg: clear, aad })
        .map_err(|_| Refusal::internal("a value could not be sealed"))?;
    let mut out = Vec::with_capacity(1 + NONCE_LENGTH + sealed.len());
    out.push(FORM);
    out.extend_from_slice(&nonce);
    out.extend_from_slice(&sealed);
    Ok(out)
}

fn open(cipher: &Aes256Gcm, aad: &[u8], sealed: &[u8]) -> Result<Vec<u8>> {
    let damaged = || Refusal::internal("a sealed value does not open: another key, another field, or damage");
    let (form, rest) = sealed.split_first().ok_or_else(damaged)?;
    let (nonce, rest) = rest.split_first_chunk::<NONCE_LENGTH>().ok_or_else(damaged)?;
    if *form != FORM {
        return Err(damaged());
    }
    cipher.decrypt(&Nonce::from(*nonce), Payload { msg: rest, aad }).map_err(|_| damaged())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(text: &str) -> Vec<u8> {
        (0..text.len()).step_by(2).map(|i| u8::from_str_radix(&text[i..i + 2], 16).unwrap()).collect()
    }

    /// NIST GCM, test case 16 (AES-256 with additional data).
    #[test]
    fn gcm_vector() {
        let key: [u8; 32] = hex("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308").try_into().unwrap();
        let nonce: [u8; 12] = hex("cafebabefacedbaddecaf888").try_into().unwrap();
        let clear = hex(
            "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
        );
        let aad = hex("feedfacedeadbeeffeedfacedeadbeefabaddad2");
        let sealed = cipher(&key).unwrap().encrypt(&Nonce::from(nonce), Payload { msg: &clear, aad: &aad }).unwrap();
        assert_eq!(&sealed[sealed.len() - 16..], hex("76fc6ece0f4e1768cddf8853bb2d551b"));
        assert_eq!(&sealed[..16], hex("522dc1f099567d07f47f37a32a84427d"));
    }

    /// RFC 4231, test case 2.
    #[test]
    fn hmac_vector() {
        let mut mac = <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(b"Jefe").unwrap();
        mac.update(b"what do ya want for nothing?");
        let tag: [u8; 32] = mac.finalize().into_bytes().into();
        assert_eq!(tag.to_vec(), hex("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"));
    }

    #[test]
    fn a_sealed_value_opens_only_in_its_place() {
        let master = MasterKey::from_bytes([3; 32]);
        let wrapped = master.new_data_key().unwrap();
        let sealer = master.unwrap(&wrapped.0).unwrap();
        let clear = Secret::new("13800138000".to_owned());
        let sealed = sealer.seal_text("1/shelf.phone", &clear).unwrap();
        assert_ne!(sealed, sealer.seal_text("1/shelf.phone", &clear).unwrap(), "the nonce is fresh each time");
        assert!(!sealed.windows(5).any(|w| w == b"13800"));
        assert_eq!(master.unwrap(&wrapped.0).unwrap().open_text("1/shelf.phone", &sealed).unwrap(), clear);
        assert!(sealer.open("2/shelf.phone", &sealed).is_err());
        for i in 0..sealed.len() {
            let mut bad = sealed.clone();
            bad[i] ^= 1;
            assert!(sealer.open("1/shelf.phone", &bad).is_err(), "byte {i}");
        }
        assert!(sealer.open("1/shelf.phone", &sealed[..10]).is_err());
        assert!(sealer.open("1/shelf.phone", &[]).is_err());
        assert!(MasterKey::from_bytes([4; 32]).unwrap(&wrapped.0).is_err());
        let other = master.unwrap(&master.new_data_key().unwrap().0).unwrap();
        assert!(other.open("1/shelf.phone", &sealed).is_err());
    }

    #[test]
    fn the_blind_index_knows_equal_from_different() {
        let master = MasterKey::from_bytes([3; 32]);
        let one = master.unwrap(&master.new_data_key().unwrap().0).unwrap();
        let two = master.unwrap(&master.new_data_key().unwrap().0).unwrap();
        assert_eq!(one.blind("f", b"a"), one.blind("f", b"a"));
        assert_ne!(one.blind("f", b"a"), one.blind("f", b"b"));
        assert_ne!(one.blind("f", b"a"), one.blind("g", b"a"));
        assert_ne!(one.blind("f", b"a"), two.blind("f", b"a"));
        assert_ne!(one.keyed(&[b"ab", b"c"]), one.keyed(&[b"a", b"bc"]));
    }
}
