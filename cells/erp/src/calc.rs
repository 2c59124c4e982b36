//! Pure arithmetic: line amounts, shares of a line, moving average. Rounding is half away from zero.

use paas_cell::prelude::*;

/// The largest amount of a line or voucher, so that thousands of the largest still add up in every sum and report.
const LARGEST: Amount = Amount::from_raw(1_000_000_000_000_000);

/// Refuses an amount beyond the largest, of either sign.
pub fn within_range(amount: Amount) -> Result<()> {
    if amount.abs() > LARGEST { Err(too_large()) } else { Ok(()) }
}

/// What does not fit an exact number of its scale.
pub fn too_large() -> Refusal {
    Refusal::rule(
        "erp.amount.out-of-range",
        Text::of(
            "金额超出可记录的范围，请核对数量和单价。",
            "The amount is larger than can be kept; check quantity and price.",
        ),
        json!({}),
    )
}

/// The number, or the refusal that it does not fit.
pub fn fit<T>(value: Option<T>) -> Result<T> {
    value.ok_or_else(too_large)
}

/// The exact sum.
pub fn plus<const S: u32>(a: Fixed<S>, b: Fixed<S>) -> Result<Fixed<S>> {
    fit(a.checked_add(b))
}

/// The exact difference.
pub fn minus<const S: u32>(a: Fixed<S>, b: Fixed<S>) -> Result<Fixed<S>> {
    fit(a.checked_sub(b))
}

/// The exact sum of many.
pub fn total<const S: u32>(values: impl IntoIterator<Item = Fixed<S>>) -> Result<Fixed<S>> {
    values.into_iter().try_fold(Fixed::ZERO, plus)
}

/// What is entered on a line.
#[derive(Clone, Copy, Debug)]
pub struct Terms {
    /// How much.
    pub quantity: Quantity,
    /// Price of one, before or with tax.
    pub unit_price: Price,
    /// Share taken off, 0–1.
    pub discount_rate: Rate,
    /// Rate of value added tax.
    pub vat_rate: Rate,
    /// Whether the price contains the tax.
    pub tax_included: bool,
}

/// What a line comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sums {
    /// Before tax.
    pub net: Amount,
    /// Tax.
    pub tax: Amount,
}

impl Sums {
    /// With tax.
    pub fn total(self) -> Result<Amount> {
        plus(self.net, self.tax)
    }
}

/// Net and tax of a line (specification “Rounding”): gross = round(quantity × price × (1 − discount), 2).
pub fn line(terms: Terms) -> Result<Sums> {
    let keep = fit(Exact::ONE.sub(terms.discount_rate.exact()))?;
    let product = fit(terms.quantity.exact().mul(terms.unit_price.exact()).and_then(|p| p.mul(keep)))?;
    let gross: Amount = fit(product.round())?;
    within_range(gross)?;
    if terms.tax_included {
        let divisor = fit(Exact::ONE.add(terms.vat_rate.exact()))?;
        let net = fit(gross.exact().div_round(divisor))?;
        Ok(Sums { net, tax: minus(gross, net)? })
    } else {
        let tax = fit(gross.exact().mul(terms.vat_rate.exact()).and_then(Exact::round))?;
        Ok(Sums { net: gross, tax })
    }
}

/// `whole × part / all`, rounded to cents; the whole when the part is all of it.
pub fn share(whole: Amount, part: Quantity, all: Quantity) -> Result<Amount> {
    if part == all {
        return Ok(whole);
    }
    if part.is_zero() || all.is_zero() {
        return Ok(Amount::ZERO);
    }
    let product = fit(whole.exact().mul(part.exact()))?;
    fit(product.div_round(all.exact()))
}

/// The value that leaves with `quantity` out of a stock of `on_hand` worth `value` (moving average): all of the value
/// with all of the stock, so that value ends at 0.00 when the quantity ends at 0. Beyond the stock (where a product
/// allows it) at the last average; `last_price` values an issue from nothing.
pub fn issue_value(quantity: Quantity, on_hand: Quantity, value: Amount, last_price: Price) -> Result<Amount> {
    if on_hand.is_zero() {
        return fit(quantity.exact().mul(last_price.exact()).and_then(Exact::round));
    }
    share(value, quantity, on_hand)
}

/// How a receipt worth `amount` enters a stock that may be below zero: what the goods already issued were estimated too
/// low (or high) is a variance that goes to the cost of sales, the rest becomes stock value.
pub fn receive_variance(quantity: Quantity, amount: Amount, on_hand: Quantity, value: Amount) -> Result<Amount> {
    if !on_hand.is_negative() {
        return Ok(Amount::ZERO);
    }
    let missing = -on_hand;
    let covered = quantity.min(missing);
    let estimated = share(-value, covered, missing)?;
    let actual = share(amount, covered, quantity)?;
    minus(actual, estimated)
}

/// Price of one: `value / quantity`, zero without stock.
pub fn average(value: Amount, quantity: Quantity) -> Price {
    value.exact().div_round(quantity.exact()).unwrap_or_default()
}

/// A layer of delivered goods, oldest first.
#[derive(Clone, Copy, Debug, Default)]
pub struct Layer {
    /// Quantity, without what came back.
    pub quantity: Quantity,
    /// Cost of it.
    pub cost: Amount,
}

/// Cost of the first `quantity` units of the layers; of everything when there are fewer.
pub fn cost_of_first(layers: &[Layer], quantity: Quantity) -> Result<Amount> {
    let mut left = quantity;
    let mut cost = Amount::ZERO;
    for layer in layers {
        if !left.is_positive() {
            break;
        }
        let taken = left.min(layer.quantity);
        cost = plus(cost, share(layer.cost, taken, layer.quantity)?)?;
        left = minus(left, taken)?;
    }
    Ok(cost)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn amount(text: &str) -> Amount {
        Amount::parse(text).unwrap()
    }

    fn quantity(text: &str) -> Quantity {
        Quantity::parse(text).unwrap()
    }

    fn terms(q: &str, price: &str, discount: &str, vat: &str, tax_included: bool) -> Terms {
        Terms {
            quantity: quantity(q),
            unit_price: Price::parse(price).unwrap(),
            discount_rate: Rate::parse(discount).unwrap(),
            vat_rate: Rate::parse(vat).unwrap(),
            tax_included,
        }
    }

    #[test]
    fn v1_moving_average() {
        let value = issue_value(quantity("5"), quantity("20"), amount("3000"), Price::ZERO).unwrap();
        assert_eq!(value, amount("750.00"));
    }

    #[test]
    fn v2_the_last_one_takes_the_rest() {
        let (mut on_hand, mut value) = (quantity("3"), amount("10"));
        let mut issued = Vec::new();
        for _ in 0..3 {
            let out = issue_value(quantity("1"), on_hand, value, Price::ZERO).unwrap();
            on_hand = minus(on_hand, quantity("1")).unwrap();
            value = minus(value, out).unwrap();
            issued.push(out.to_string());
        }
        assert_eq!(issued, ["3.33", "3.34", "3.33"]);
        assert!(value.is_zero());
    }

    #[test]
    fn v7_prices_with_tax() {
        for (rate, net, tax) in [
            ("0.13", "88.50", "11.50"),
            ("0.09", "91.74", "8.26"),
            ("0.06", "94.34", "5.66"),
            ("0.03", "97.09", "2.91"),
            ("0.01", "99.01", "0.99"),
        ] {
            let sums = line(terms("1", "100", "0", rate, true)).unwrap();
            assert_eq!((sums.net, sums.tax), (amount(net), amount(tax)));
        }
    }

    #[test]
    fn v9_tax_is_rounded_per_line() {
        let sums: Vec<Sums> = (0..10).map(|_| line(terms("1", "0.05", "0", "0.13", false)).unwrap()).collect();
        assert_eq!(total(sums.iter().map(|s| s.tax)).unwrap(), amount("0.10"));
        assert_eq!(total(sums.iter().map(|s| s.net)).unwrap(), amount("0.50"));
    }

    #[test]
    fn discounts_come_before_rounding() {
        let sums = line(terms("3", "14.4", "0.15", "0.13", false)).unwrap();
        assert_eq!((sums.net, sums.tax), (amount("36.72"), amount("4.77")));
    }

    #[test]
    fn a_receipt_corrects_what_was_issued_below_zero() {
        // The published example: 10@100, out 15, in 6@80 leaves one piece worth 80.
        let out = issue_value(quantity("15"), quantity("10"), amount("1000"), Price::ZERO).unwrap();
        assert_eq!(out, amount("1500"));
        let variance = receive_variance(quantity("6"), amount("480"), quantity("-5"), amount("-500")).unwrap();
        assert_eq!(variance, amount("-100"));
        let value = minus(plus(amount("-500"), amount("480")).unwrap(), variance).unwrap();
        assert_eq!(value, amount("80"));
    }

    #[test]
    fn delivered_cost_is_taken_oldest_first_without_a_rest() {
        let layers = [
            Layer { quantity: quantity("3"), cost: amount("10") },
            Layer { quantity: quantity("2"), cost: amount("8") },
        ];
        let at = |q: &str| cost_of_first(&layers, quantity(q)).unwrap();
        assert_eq!(
            (at("1"), at("3"), at("4"), at("5"), at("9")),
            (amount("3.33"), amount("10"), amount("14"), amount("18"), amount("18"))
        );
    }
}
