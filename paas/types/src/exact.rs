//! Exact intermediate results: multiplication and division of fixed-point numbers in `i128`, rounded once and explicitly.

use crate::Fixed;

/// An exact decimal, mantissa × 10^-scale. Every operation is checked; `None` means it does not fit.
#[derive(Clone, Copy, Debug)]
pub struct Exact {
    mantissa: i128,
    scale: u32,
}

#[allow(clippy::should_implement_trait)] // checked: they answer with an Option, which the operators cannot
impl Exact {
    /// The number `mantissa × 10^-scale`, in its shortest form.
    pub fn new(mantissa: i128, scale: u32) -> Exact {
        let mut exact = Exact { mantissa, scale };
        while exact.scale > 0 && exact.mantissa % 10 == 0 {
            exact.mantissa /= 10;
            exact.scale -= 1;
        }
        exact
    }

    /// One.
    pub const ONE: Exact = Exact { mantissa: 1, scale: 0 };

    /// Multiplied.
    pub fn mul(self, other: Exact) -> Option<Exact> {
        Some(Exact::new(self.mantissa.checked_mul(other.mantissa)?, self.scale + other.scale))
    }

    /// The sum.
    pub fn add(self, other: Exact) -> Option<Exact> {
        let scale = self.scale.max(other.scale);
        Some(Exact::new(self.at(scale)?.checked_add(other.at(scale)?)?, scale))
    }

    /// The difference.
    pub fn sub(self, other: Exact) -> Option<Exact> {
        self.add(Exact { mantissa: other.mantissa.checked_neg()?, scale: other.scale })
    }

    /// Rounded to `S` decimals, half away from zero.
    pub fn round<const S: u32>(self) -> Option<Fixed<S>> {
        if self.scale <= S {
            return i64::try_from(self.at(S)?).ok().map(Fixed::from_raw);
        }
        let unit = 10_i128.checked_pow(self.scale - S)?;
        i64::try_from(divide_half_away(self.mantissa, unit)?).ok().map(Fixed::from_raw)
    }

    /// The quotient rounded to `S` decimals, half away from zero; `None` also for a zero divisor.
    pub fn div_round<const S: u32>(self, divisor: Exact) -> Option<Fixed<S>> {
        if divisor.mantissa == 0 {
            return None;
        }
        // self/divisor × 10^S = (m1 × 10^(S + scale2)) / (m2 × 10^scale1)
        let up = S + divisor.scale;
        let (numerator, denominator) = if up >= self.scale {
            (self.mantissa.checked_mul(10_i128.checked_pow(up - self.scale)?)?, divisor.mantissa)
        } else {
            (self.mantissa, divisor.mantissa.checked_mul(10_i128.checked_pow(self.scale - up)?)?)
        };
        i64::try_from(divide_half_away(numerator, denominator)?).ok().map(Fixed::from_raw)
    }

    fn at(self, scale: u32) -> Option<i128> {
        self.mantissa.checked_mul(10_i128.checked_pow(scale.checked_sub(self.scale)?)?)
    }
}

fn divide_half_away(numerator: i128, denominator: i128) -> Option<i128> {
    let quotient = numerator.checked_div(denominator)?;
    let remainder = numerator.checked_rem(denominator)?;
    let twice = remainder.unsigned_abs().checked_mul(2)?;
    if twice >= denominator.unsigned_abs() {
        let away = if (numerator < 0) == (denominator < 0) { 1 } else { -1 };
        quotient.checked_add(away)
    } else {
        Some(quotient)
    }
}

#[cfg(test)]
mod tests {
    use crate::{Amount, Exact, Price, Quantity, Rate};

    fn net(quantity: &str, price: &str, discount: &str) -> Amount {
        let keep = Exact::ONE.sub(Rate::parse(discount).unwrap().exact()).unwrap();
        let gross = Quantity::parse(quantity).unwrap().exact().mul(Price::parse(price).unwrap().exact()).unwrap();
        gross.mul(keep).unwrap().round().unwrap()
    }

    #[test]
    fn rounds_half_away_from_zero() {
        assert_eq!(net("1", "0.005", "0").to_string(), "0.01");
        assert_eq!(net("1", "0.0049", "0").to_string(), "0.00");
        assert_eq!(net("3", "14.4", "0.15").to_string(), "36.72");
        let red: Amount = Exact::new(-5, 3).round().unwrap();
        assert_eq!(red.to_string(), "-0.01");
    }

    #[test]
    fn gross_to_net_vectors() {
        // V7: gross 100 at 13/9/6/3/1 %.
        for (rate, net) in
            [("1.13", "88.50"), ("1.09", "91.74"), ("1.06", "94.34"), ("1.03", "97.09"), ("1.01", "99.01")]
        {
            let gross = Amount::parse("100").unwrap().exact();
            let got: Amount = gross.div_round(Rate::parse(rate).unwrap().exact()).unwrap();
            assert_eq!(got.to_string(), net);
        }
    }

    #[test]
    fn large_results_fit_or_are_refused() {
        assert_eq!(net("1000000", "99999.99", "0").to_string(), "99999990000.00");
        let huge = Quantity::from_raw(i64::MAX).exact();
        assert!(huge.mul(huge).and_then(|p| p.mul(huge)).is_none());
    }
}
