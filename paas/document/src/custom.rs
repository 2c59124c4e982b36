//! Values of custom fields: those that administrators of a tenant add to the records of a type.

use crate::TypeMeta;
use paas_types::Secret;
use std::collections::BTreeMap;
use std::fmt;

/// The most characters of a key.
const LONGEST: usize = 40;

/// The name of a custom field: `[a-z][a-zA-Z0-9]{0,39}`. Kept in place, so that paths of questions stay cheap to copy.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CustomKey {
    bytes: [u8; LONGEST],
    length: u8,
}

impl CustomKey {
    /// The key with this name; `None` when it is not one.
    pub fn new(name: &str) -> Option<CustomKey> {
        let starts = name.starts_with(|c: char| c.is_ascii_lowercase());
        if !starts || !name.bytes().all(|b| b.is_ascii_alphanumeric()) {
            return None;
        }
        let mut bytes = [0; LONGEST];
        bytes.get_mut(..name.len())?.copy_from_slice(name.as_bytes());
        Some(CustomKey { bytes, length: u8::try_from(name.len()).ok()? })
    }

    /// Its name.
    pub fn as_str(&self) -> &str {
        let name = self.bytes.get(..usize::from(self.length)).unwrap_or_default();
        std::str::from_utf8(name).unwrap_or_default()
    }
}

impl fmt::Debug for CustomKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a question must know of a custom field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CustomStep {
    /// Its name.
    pub key: CustomKey,
    /// Whether administrators allow filters and sorts by it.
    pub indexed: bool,
    /// Whether its values are sealed: they are found by what they are, not by their order.
    pub sensitive: bool,
}

/// A value, as the API says it.
#[derive(Clone, Debug, PartialEq)]
pub enum CustomValue {
    /// Yes or no.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// Text, a choice; a decimal with all its decimals, a date, an instant.
    Text(String),
    /// Sensitive text, in clear only in memory.
    Secret(Secret<String>),
}

/// The values of a record's custom fields, by name; what has no value is not there.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Custom(pub BTreeMap<String, CustomValue>);

impl Custom {
    /// Whether no field has a value.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a sensitive value is among them.
    pub fn has_secret(&self) -> bool {
        self.0.values().any(|value| matches!(value, CustomValue::Secret(_)))
    }
}

impl TypeMeta {
    /// Whether administrators may add fields to records of the type.
    pub fn is_customizable(&self) -> bool {
        matches!(self.kind, crate::Kind::Master | crate::Kind::Document)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_names_in_camel_case() {
        for good in ["a", "colour", "rackNo2", &"x".repeat(40)] {
            assert_eq!(CustomKey::new(good).unwrap().as_str(), good);
        }
        for bad in ["", "A", "2a", "a_b", "a.b", "色", "a b", &"x".repeat(41)] {
            assert!(CustomKey::new(bad).is_none(), "{bad}");
        }
    }
}
