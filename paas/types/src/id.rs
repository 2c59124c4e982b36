//! Identities: records, and tenants.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use uuid::Uuid;

/// The identity of a record: a UUIDv7, opaque to clients, ordered by the time it was made.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Id(Uuid);

/// The text is not an identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IdError;

impl Id {
    /// The identity of nothing; a blank record carries it until it is created.
    pub const NIL: Id = Id(Uuid::nil());

    /// A fresh identity.
    pub fn fresh() -> Id {
        Id(Uuid::now_v7())
    }

    /// From the sixteen bytes the database keeps.
    pub fn from_bytes(bytes: [u8; 16]) -> Id {
        Id(Uuid::from_bytes(bytes))
    }

    /// From a slice of exactly sixteen bytes.
    pub fn from_slice(bytes: &[u8]) -> Result<Id, IdError> {
        Uuid::from_slice(bytes).map(Id).map_err(|_| IdError)
    }

    /// The sixteen bytes the database keeps.
    pub fn bytes(&self) -> &[u8; 16] {
        self.0.as_bytes()
    }

    /// The underlying UUID, for drivers.
    pub fn uuid(&self) -> Uuid {
        self.0
    }

    /// Whether this is [`Id::NIL`].
    pub fn is_nil(&self) -> bool {
        self.0.is_nil()
    }

    /// Whether this is a version-7 UUID: the only kind a client may choose itself.
    pub fn is_v7(&self) -> bool {
        self.0.get_version_num() == 7
    }
}

impl From<Uuid> for Id {
    fn from(value: Uuid) -> Id {
        Id(value)
    }
}

impl FromStr for Id {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Id, IdError> {
        if text.len() != 36 {
            return Err(IdError);
        }
        Uuid::try_parse(text).map(Id).map_err(|_| IdError)
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0.as_hyphenated(), f)
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The small integer every key of every table starts with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TenantKey(pub i64);

/// A tenant: its key inside, its code outside.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Tenant {
    /// The key in the databases; the same in all cells.
    pub key: TenantKey,
    /// The code people and clients use.
    pub code: Arc<str>,
}
