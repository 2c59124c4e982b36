//! Exact numbers of fixed scale, kept as `i64` and written as decimal text. Never a float.

use crate::Exact;
use std::fmt;
use std::ops::Neg;
use std::str::FromStr;

/// An exact decimal with `S` decimals, kept as a scaled `i64`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Fixed<const S: u32>(i64);

/// Money in the base currency: two decimals.
pub type Amount = Fixed<2>;
/// Money for one unit: eight decimals.
pub type Price = Fixed<8>;
/// A quantity of something: six decimals.
pub type Quantity = Fixed<6>;
/// A rate or share: ten decimals.
pub type Rate = Fixed<10>;

/// Why a text is not a number of this scale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NumberError {
    /// Not a decimal number.
    NotANumber,
    /// More decimals than the field holds; never rounded silently.
    TooManyDecimals,
    /// Larger than the field holds.
    OutOfRange,
}

impl NumberError {
    /// The field-error code of the contract.
    pub const fn code(self) -> &'static str {
        match self {
            NumberError::NotANumber => "NOT_A_NUMBER",
            NumberError::TooManyDecimals => "TOO_MANY_DECIMALS",
            NumberError::OutOfRange => "OUT_OF_RANGE",
        }
    }
}

impl<const S: u32> Fixed<S> {
    /// Zero.
    pub const ZERO: Fixed<S> = Fixed(0);
    /// The number of decimals.
    pub const SCALE: u32 = S;

    /// From the scaled integer the database keeps.
    pub const fn from_raw(raw: i64) -> Fixed<S> {
        Fixed(raw)
    }

    /// The scaled integer the database keeps.
    pub const fn raw(self) -> i64 {
        self.0
    }

    /// A whole number.
    pub fn whole(value: i64) -> Option<Fixed<S>> {
        value.checked_mul(10_i64.checked_pow(S)?).map(Fixed)
    }

    /// Whether it is zero.
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// Whether it is below zero.
    pub const fn is_negative(self) -> bool {
        self.0 < 0
    }

    /// Whether it is above zero.
    pub const fn is_positive(self) -> bool {
        self.0 > 0
    }

    /// The sum, or `None` when it does not fit.
    pub const fn checked_add(self, other: Fixed<S>) -> Option<Fixed<S>> {
        match self.0.checked_add(other.0) {
            Some(raw) => Some(Fixed(raw)),
            None => None,
        }
    }

    /// The difference, or `None` when it does not fit.
    pub const fn checked_sub(self, other: Fixed<S>) -> Option<Fixed<S>> {
        match self.0.checked_sub(other.0) {
            Some(raw) => Some(Fixed(raw)),
            None => None,
        }
    }

    /// The value without its sign.
    pub const fn abs(self) -> Fixed<S> {
        Fixed(self.0.saturating_abs())
    }

    /// As an exact number to multiply and divide.
    pub fn exact(self) -> Exact {
        Exact::new(i128::from(self.0), S)
    }

    /// Reads decimal text: optional sign, digits, optional fraction, optional exponent (JSON numbers have one).
    pub fn parse(text: &str) -> Result<Fixed<S>, NumberError> {
        parse_scaled(text, S).map(Fixed)
    }
}

impl<const S: u32> Neg for Fixed<S> {
    type Output = Fixed<S>;

    fn neg(self) -> Fixed<S> {
        Fixed(self.0.saturating_neg())
    }
}

impl<const S: u32> FromStr for Fixed<S> {
    type Err = NumberError;

    fn from_str(text: &str) -> Result<Fixed<S>, NumberError> {
        Fixed::parse(text)
    }
}

impl<const S: u32> fmt::Display for Fixed<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_scaled(f, self.0, S)
    }
}

impl<const S: u32> fmt::Debug for Fixed<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl<const S: u32> std::iter::Sum for Fixed<S> {
    /// Saturates at the ends of the range; callers that must refuse an overflow add with [`Fixed::checked_add`].
    fn sum<I: Iterator<Item = Fixed<S>>>(iter: I) -> Fixed<S> {
        iter.fold(Fixed::ZERO, |a, b| Fixed(a.0.saturating_add(b.0)))
    }
}

/// Writes a scaled integer as decimal text with exactly `scale` decimals.
pub(crate) fn write_scaled(out: &mut impl fmt::Write, raw: i64, scale: u32) -> fmt::Result {
    // From the right: twenty digits at the most, the point and the sign.
    let mut text = [0_u8; 40];
    let mut start = text.len();
    let mut put = |byte: u8| {
        start = start.saturating_sub(1);
        if let Some(place) = text.get_mut(start) {
            *place = byte;
        }
    };
    let (mut rest, mut digits) = (raw.unsigned_abs(), 0);
    while rest > 0 || digits <= scale {
        if digits == scale && scale > 0 {
            put(b'.');
        }
        put(b'0' + u8::try_from(rest % 10).unwrap_or_default());
        rest /= 10;
        digits += 1;
    }
    if raw < 0 {
        put(b'-');
    }
    out.write_str(text.get(start..).and_then(|text| std::str::from_utf8(text).ok()).unwrap_or_default())
}

/// Reads decimal text into a scaled integer. Trailing zeros beyond the scale are not "more decimals".
pub(crate) fn parse_scaled(text: &str, scale: u32) -> Result<i64, NumberError> {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((m, e)) => (m, e.parse::<i32>().map_err(|_| NumberError::NotANumber)?),
        None => (text, 0),
    };
    if exponent.unsigned_abs() > 40 {
        return Err(NumberError::OutOfRange);
    }
    let (negative, digits) = match mantissa.as_bytes() {
        [b'-', ..] => (true, mantissa.get(1..).unwrap_or_default()),
        [b'+', ..] => (false, mantissa.get(1..).unwrap_or_default()),
        _ => (false, mantissa),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if (whole.is_empty() && fraction.is_empty()) || digits.ends_with('.') || digits.len() > 60 {
        return Err(NumberError::NotANumber);
    }
    if !whole.bytes().chain(fraction.bytes()).all(|b| b.is_ascii_digit()) {
        return Err(NumberError::NotANumber);
    }
    let mut value: i128 = 0;
    for digit in whole.bytes().chain(fraction.bytes()) {
        value = value
            .checked_mul(10)
            .and_then(|v| v.checked_add(i128::from(digit - b'0')))
            .ok_or(NumberError::OutOfRange)?;
    }
    let have = i32::try_from(fraction.len()).map_err(|_| NumberError::OutOfRange)? - exponent;
    let want = i32::try_from(scale).map_err(|_| NumberError::OutOfRange)?;
    let mut shift = want - have;
    while shift > 0 {
        value = value.checked_mul(10).ok_or(NumberError::OutOfRange)?;
        shift -= 1;
    }
    while shift < 0 {
        if value % 10 != 0 {
            return Err(NumberError::TooManyDecimals);
        }
        value /= 10;
        shift += 1;
    }
    if negative {
        value = -value;
    }
    i64::try_from(value).map_err(|_| NumberError::OutOfRange)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_goes_in_and_comes_out_exactly() {
        assert_eq!(Amount::parse("12.5").unwrap().to_string(), "12.50");
        assert_eq!(Amount::parse("-0.05").unwrap().to_string(), "-0.05");
        assert_eq!(Amount::parse("12.500").unwrap().to_string(), "12.50");
        assert_eq!(Amount::parse("1e3").unwrap().to_string(), "1000.00");
        assert_eq!(Price::parse("1.5e-3").unwrap().to_string(), "0.00150000");
        assert_eq!(Quantity::parse(".5").unwrap().to_string(), "0.500000");
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        assert_eq!(Amount::parse("0.005"), Err(NumberError::TooManyDecimals));
        assert_eq!(Amount::parse("99999999999999999999"), Err(NumberError::OutOfRange));
        for bad in ["", "-", ".", "1.", "1,000", "NaN", "0x1", "1e", "１", "--1", "1.2.3", " 1"] {
            assert_eq!(Amount::parse(bad), Err(NumberError::NotANumber), "{bad:?}");
        }
    }
}
