//! The master key: 32 bytes outside the data directory, from which every other key is derived.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hkdf::Hkdf;
use paas_types::{Refusal, Result, Secret};
use sha2::{Digest as _, Sha256};
use std::fmt;
use std::fs;
use std::io::{ErrorKind, Read as _, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;
use zeroize::{Zeroize as _, Zeroizing};

/// The root of all keys of an installation.
#[derive(Clone, PartialEq, Eq)]
pub struct MasterKey([u8; 32]);

/// Why there is no master key; displays one sentence for the operator, without the key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyError(String);

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for KeyError {}

impl MasterKey {
    /// A key from its bytes.
    pub const fn from_bytes(bytes: [u8; 32]) -> MasterKey {
        MasterKey(bytes)
    }

    /// A new random key.
    pub fn fresh() -> Result<MasterKey, KeyError> {
        let mut bytes = [0_u8; 32];
        getrandom::fill(&mut bytes).map_err(|e| KeyError(format!("No random numbers for a master key: {e}.")))?;
        Ok(MasterKey(bytes))
    }

    /// Reads the key file (64 hexadecimal digits), or makes it with mode 0600 when there is none. Two processes that
    /// start at once end with the same key: the file appears whole or not at all.
    pub fn load_or_create(path: &Path) -> Result<MasterKey, KeyError> {
        match MasterKey::load(path)? {
            Some(key) => Ok(key),
            None => MasterKey::create(path),
        }
    }

    /// Reads the key file; `None` when there is none.
    pub fn load(path: &Path) -> Result<Option<MasterKey>, KeyError> {
        let shown = path.display();
        let mut file = match fs::File::open(path) {
            Ok(file) => file,
            Err(e) if e.kind() == ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(KeyError(format!("The master key file {shown} cannot be read: {e}."))),
        };
        let mode = file.metadata().map_err(|e| KeyError(format!("{shown}: {e}.")))?.permissions().mode();
        if mode & 0o077 != 0 {
            return Err(KeyError(format!("The master key file {shown} is open to others; set its mode to 0600.")));
        }
        let mut text = Zeroizing::new(String::new());
        file.read_to_string(&mut text)
            .map_err(|e| KeyError(format!("The master key file {shown} cannot be read: {e}.")))?;
        let key = unhex(text.trim()).ok_or_else(|| {
            KeyError(format!("The master key file {shown} is damaged: 64 hexadecimal digits expected."))
        })?;
        Ok(Some(MasterKey(key)))
    }

    fn create(path: &Path) -> Result<MasterKey, KeyError> {
        let shown = path.display();
        let failed = |e: std::io::Error| KeyError(format!("The master key file {shown} cannot be made: {e}."));
        let key = MasterKey::fresh()?;
        let mut name = path.file_name().unwrap_or_default().to_os_string();
        name.push(format!(".{}.new", std::process::id()));
        let draft = path.with_file_name(name);
        let mut file =
            fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&draft).map_err(failed)?;
        let text: Zeroizing<String> = Zeroizing::new(key.0.iter().map(|b| format!("{b:02x}")).collect());
        let written =
            file.write_all(text.as_bytes()).and_then(|()| file.write_all(b"\n")).and_then(|()| file.sync_all());
        // A hard link never replaces: whoever comes second reads what the first one made.
        let linked = written.and_then(|()| fs::hard_link(&draft, path));
        let _ = fs::remove_file(&draft);
        match linked {
            Ok(()) => {
                if let Some(Ok(directory)) = path.parent().map(fs::File::open) {
                    let _ = directory.sync_all();
                }
                Ok(key)
            }
            Err(e) if e.kind() == ErrorKind::AlreadyExists => {
                MasterKey::load(path)?.ok_or_else(|| KeyError(format!("The master key file {shown} vanished.")))
            }
            Err(e) => Err(failed(e)),
        }
    }

    /// The key for one purpose (HKDF-SHA256). Different purposes give unrelated keys.
    pub fn derive(&self, purpose: &str) -> [u8; 32] {
        derive(&self.0, purpose)
    }
}

impl Drop for MasterKey {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey(***)")
    }
}

/// HKDF-SHA256 without salt: the input is already a uniform key.
pub(crate) fn derive(key: &[u8; 32], purpose: &str) -> [u8; 32] {
    let mut out = [0_u8; 32];
    // 32 bytes are one block of the hash; expand can only fail beyond 255 blocks.
    let _ = Hkdf::<Sha256>::new(Some(b"superpaas/1"), key).expand(purpose.as_bytes(), &mut out);
    out
}

/// SHA-256, for what is stored of a token that must be recognised and not readable.
pub fn digest(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// A new unguessable token (256 bits, URL-safe), e.g. a refresh token or a first password.
pub fn fresh_token() -> Result<Secret<String>> {
    let mut bytes = Zeroizing::new([0_u8; 32]);
    getrandom::fill(bytes.as_mut()).map_err(Refusal::internal)?;
    Ok(Secret::new(URL_SAFE_NO_PAD.encode(bytes.as_ref())))
}

fn unhex(text: &str) -> Option<[u8; 32]> {
    let digits = text.as_bytes();
    if digits.len() != 64 {
        return None;
    }
    let mut out = [0_u8; 32];
    for (byte, pair) in out.iter_mut().zip(digits.chunks_exact(2)) {
        let [high, low] = pair else { return None };
        *byte = u8::try_from((*high as char).to_digit(16)? * 16 + (*low as char).to_digit(16)?).ok()?;
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 5869, test case 1: the library computes HKDF-SHA256 as published.
    #[test]
    fn hkdf_vector() {
        let ikm = [0x0b_u8; 22];
        let salt: Vec<u8> = (0..=0x0c).collect();
        let info: Vec<u8> = (0xf0..=0xf9).collect();
        let mut okm = [0_u8; 42];
        Hkdf::<Sha256>::new(Some(&salt), &ikm).expand(&info, &mut okm).unwrap();
        let hex: String = okm.iter().map(|b| format!("{b:02x}")).collect();
        assert_eq!(hex, "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865");
    }

    #[test]
    fn purposes_are_unrelated_and_stable() {
        let key = MasterKey::from_bytes([7; 32]);
        assert_eq!(key.derive("a"), MasterKey::from_bytes([7; 32]).derive("a"));
        assert_ne!(key.derive("a"), key.derive("b"));
        assert_ne!(key.derive("a"), MasterKey::from_bytes([8; 32]).derive("a"));
        assert_eq!(format!("{key:?}"), "MasterKey(***)");
    }

    #[test]
    fn the_key_file_is_made_once_and_guarded() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("data.key");
        let key = MasterKey::load_or_create(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(MasterKey::load_or_create(&path).unwrap() == key);
        assert!(MasterKey::create(&path).unwrap() == key, "a second maker takes what is there");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);

        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(MasterKey::load(&path).unwrap_err().to_string().contains("0600"));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        fs::write(&path, "abc").unwrap();
        assert!(MasterKey::load(&path).unwrap_err().to_string().contains("damaged"));
    }
}
