//! What is posted, in the order of the business dates: a moving average and a voucher number depend on it.

use super::source::{Order, Product, Source};
use paas_types::{Amount, Date, Exact, Quantity};
use std::collections::HashMap;

/// The day the opening stock is booked.
const OPENING: (i16, i8, i8) = (1996, 7, 1);
/// Every customer's time to pay, days.
pub(super) const TERM_DAYS: i32 = 30;

/// The events by date, then class, then order number.
pub(super) struct Plan {
    /// The day the opening stock is booked.
    pub(super) opening: Date,
    /// Position of the product in the source, and the quantity it opens with; none is zero.
    pub(super) stock: Vec<(usize, Quantity)>,
    /// What happens to orders, by position of the order in the source.
    pub(super) events: Vec<(Event, usize)>,
}

/// What happens to an order. The order of the variants is the order within a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Event {
    /// It is entered and confirmed.
    Order,
    /// It is delivered and invoiced.
    Ship,
    /// Its first line comes back and is credited.
    Return,
    /// It is paid, in part or whole.
    Receipt,
}

impl Plan {
    /// The plan of a source; the error is a sentence about what the source cannot mean.
    pub(super) fn new(source: &Source) -> Result<Plan, String> {
        let (year, month, day) = OPENING;
        let opening = Date::new(year, month, day).ok_or_else(|| "The opening day is no date.".to_owned())?;
        let mut dated = Vec::new();
        for (at, order) in source.orders.iter().enumerate() {
            if order.ordered < opening {
                return Err(format!("Order {} lies before the opening stock of {opening}.", order.number));
            }
            dated.push((order.ordered, Event::Order, at));
            let Some((shipped, due)) = order.shipped.zip(due(order)) else { continue };
            dated.push((shipped, Event::Ship, at));
            if order.number % 20 == 0 {
                dated.push((due, Event::Return, at));
            }
            if Share::of(order.number) != Share::Nothing {
                dated.push((due, Event::Receipt, at));
            }
        }
        // Orders are sorted by number, so their position stands for it.
        dated.sort_unstable();
        let events = dated.into_iter().map(|(_, event, at)| (event, at)).collect();
        Ok(Plan { opening, stock: opening_stock(source)?, events })
    }
}

/// The due date of a shipped order.
pub(super) fn due(order: &Order) -> Option<Date> {
    order.shipped.map(|shipped| shipped.plus_days(TERM_DAYS))
}

/// What is received of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Share {
    /// It stays open.
    Nothing,
    /// Half, rounded to cents half away from zero.
    Half,
    /// All of it.
    Whole,
}

impl Share {
    /// By order number.
    pub(super) fn of(number: u32) -> Share {
        match number % 4 {
            0 => Share::Nothing,
            1 => Share::Half,
            _ => Share::Whole,
        }
    }

    /// The part of an invoice's total; `None` when it does not fit.
    pub(super) fn part(self, total: Amount) -> Option<Amount> {
        match self {
            Share::Nothing => Some(Amount::ZERO),
            Share::Half => total.exact().mul(Exact::new(5, 1))?.round(),
            Share::Whole => Some(total),
        }
    }
}

/// Everything that will be sold, and the stock of the file.
fn opening_stock(source: &Source) -> Result<Vec<(usize, Quantity)>, String> {
    let too_much = |product: &Product| format!("Product {} is sold in a quantity too large to book.", product.code);
    let mut sold: HashMap<&str, Quantity> = HashMap::new();
    for line in source.orders.iter().flat_map(|order| &order.lines) {
        let sum = sold.entry(line.product.as_str()).or_insert(Quantity::ZERO);
        *sum = sum.checked_add(line.quantity).unwrap_or(Quantity::from_raw(i64::MAX));
    }
    let mut stock = Vec::new();
    for (at, product) in source.products.iter().enumerate() {
        let sold = sold.get(product.code.as_str()).copied().unwrap_or(Quantity::ZERO);
        let quantity = sold.checked_add(product.opening_stock).ok_or_else(|| too_much(product))?;
        if !quantity.is_zero() {
            stock.push((at, quantity));
        }
    }
    Ok(stock)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    #[test]
    fn half_is_rounded_away_from_zero() {
        let half = |total: &str| Share::of(1).part(Amount::parse(total).unwrap()).unwrap().to_string();
        assert_eq!((half("0.01").as_str(), half("10.03").as_str(), half("10.02").as_str()), ("0.01", "5.02", "5.01"));
        assert_eq!((0..5).map(Share::of).filter(|s| *s == Share::Whole).count(), 2);
    }

    #[test]
    fn events_follow_the_calendar_and_then_their_class() {
        let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../demo/northwind");
        let source = Source::read(&dir).unwrap();
        let plan = Plan::new(&source).unwrap();
        let day = |event: Event, at: usize| {
            let order = source.orders.get(at).unwrap();
            match event {
                Event::Order => order.ordered,
                Event::Ship => order.shipped.unwrap(),
                Event::Return | Event::Receipt => due(order).unwrap(),
            }
        };
        let keys: Vec<_> = plan.events.iter().map(|(e, at)| (day(*e, *at), *e, *at)).collect();
        assert!(keys.is_sorted());
        let count = |event| plan.events.iter().filter(|(e, _)| *e == event).count();
        let shipped: Vec<u32> =
            source.orders.iter().filter(|o| o.shipped.is_some()).map(|order| order.number).collect();
        assert_eq!(count(Event::Order), 560);
        assert_eq!(count(Event::Ship), shipped.len());
        assert_eq!(count(Event::Return), shipped.iter().filter(|n| *n % 20 == 0).count());
        assert_eq!(count(Event::Receipt), shipped.iter().filter(|n| *n % 4 != 0).count());
        assert_eq!(plan.stock.len(), 77);
    }
}
