//! Values that must not appear in logs, errors, audit or answers by accident.

use std::fmt;
use zeroize::Zeroize;

/// A value that shows itself only when asked by name. It has no `Display`; its `Debug` is masked; memory is wiped on drop.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Secret<T: Zeroize>(T);

impl<T: Zeroize> Secret<T> {
    /// Wraps a value.
    pub fn new(value: T) -> Secret<T> {
        Secret(value)
    }

    /// The value in clear. Every call is a decision; keep it next to the use.
    pub fn expose(&self) -> &T {
        &self.0
    }
}

impl<T: Zeroize> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(***)")
    }
}

impl<T: Zeroize> Drop for Secret<T> {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

/// How a sensitive field is shown to a caller who may not unmask it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mask {
    /// `138****8000`: first three and last four characters.
    Phone,
    /// First six and last four characters.
    IdNumber,
    /// Last four characters, for account numbers.
    Account,
    /// Nothing but stars.
    All,
}

impl Mask {
    /// The masked form. Text too short for its mask becomes stars only.
    pub fn apply(self, clear: &str) -> String {
        let (head, tail) = match self {
            Mask::Phone => (3, 4),
            Mask::IdNumber => (6, 4),
            Mask::Account => (0, 4),
            Mask::All => (0, 0),
        };
        let chars: Vec<char> = clear.chars().collect();
        if chars.is_empty() {
            return String::new();
        }
        if chars.len() < head + tail + 2 || head + tail == 0 {
            return "****".to_owned();
        }
        let first: String = chars.iter().take(head).collect();
        let last: String = chars.iter().skip(chars.len() - tail).collect();
        format!("{first}****{last}")
    }

    /// The name used in metadata.
    pub const fn name(self) -> &'static str {
        match self {
            Mask::Phone => "phone",
            Mask::IdNumber => "id-number",
            Mask::Account => "account",
            Mask::All => "all",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_keep_only_what_the_mask_allows() {
        assert_eq!(Mask::Phone.apply("13800138000"), "138****8000");
        assert_eq!(Mask::Phone.apply("12345"), "****");
        assert_eq!(Mask::Account.apply("6222021234567890"), "****7890");
        assert_eq!(Mask::All.apply("anything"), "****");
        assert_eq!(format!("{:?}", Secret::new("x".to_owned())), "Secret(***)");
    }
}
