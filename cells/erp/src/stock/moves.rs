//! Goods in and out, at moving average.

use super::{StockBalance, StockMove, key, reservation};
use crate::calc::{issue_value, minus, plus, receive_variance};
use crate::product::{NegativeStock, Product};
use crate::warehouse::Warehouse;
use paas_cell::prelude::*;

/// Where and why goods move.
#[derive(Clone, Debug)]
pub struct Place {
    /// What moves.
    pub product: Ref<Product>,
    /// Where.
    pub warehouse: Ref<Warehouse>,
    /// When.
    pub date: Date,
    /// By which document.
    pub source: AnyRef,
}

/// What a movement did to value: `value` left or entered at cost, `variance` goes to the cost of sales besides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moved {
    /// Value of the goods that moved, never negative for positive quantities.
    pub value: Amount,
    /// What the stock account must lose to the cost of sales so that it stays equal to the stock.
    pub variance: Amount,
}

/// Refuses for want of stock, naming product, asked and available.
pub fn insufficient(product: &Product, asked: Quantity, available: Quantity) -> Refusal {
    Refusal::rule(
        "erp.stock.insufficient",
        Text::new(
            format!("商品{}库存不足：需要 {asked}，可用 {available}。", product.code),
            format!("Not enough stock of {}: asked {asked}, available {available}.", product.code),
        ),
        json!({
            "product": product.code,
            "asked": asked.to_string(),
            "available": available.to_string(),
        }),
    )
}

/// Takes goods out at the average. `usable` is what this issue may take: for a delivery its own reservation and what is
/// available, never another order's.
pub fn issue(
    ctx: &mut Ctx<'_>,
    place: &Place,
    product: &Product,
    quantity: Quantity,
    usable: Quantity,
) -> Result<Moved> {
    if quantity > usable && product.negative_stock == NegativeStock::Refuse {
        return Err(insufficient(product, quantity, usable.max(Quantity::ZERO)));
    }
    let balance = ctx.balance(&key(place.product, place.warehouse))?;
    let last_price = product.purchase_price.unwrap_or_default();
    let value = issue_value(quantity, balance.quantity, balance.value, last_price)?;
    issue_at(ctx, place, quantity, value)
}

/// Takes goods out at a known cost (a reversal). What stays in value when nothing is left in quantity is a variance.
pub fn issue_at(ctx: &mut Ctx<'_>, place: &Place, quantity: Quantity, value: Amount) -> Result<Moved> {
    let before = ctx.balance(&key(place.product, place.warehouse))?;
    let left = minus(before.value, value)?;
    let variance = if minus(before.quantity, quantity)?.is_zero() { left } else { Amount::ZERO };
    post(ctx, place, -quantity, -plus(value, variance)?)?;
    Ok(Moved { value, variance })
}

/// Takes goods in at a cost, settles what was issued below zero, and fills the oldest shortage.
pub fn receive(ctx: &mut Ctx<'_>, place: &Place, quantity: Quantity, value: Amount) -> Result<Moved> {
    let before = ctx.balance(&key(place.product, place.warehouse))?;
    let mut variance = receive_variance(quantity, value, before.quantity, before.value)?;
    if plus(before.quantity, quantity)?.is_zero() {
        variance = plus(before.value, value)?;
    }
    post(ctx, place, quantity, minus(value, variance)?)?;
    reservation::fill(ctx, place.product, place.warehouse)?;
    Ok(Moved { value, variance })
}

fn post(ctx: &mut Ctx<'_>, place: &Place, quantity: Quantity, value: Amount) -> Result<StockBalance> {
    let Place { product, warehouse, date, source } = place.clone();
    ctx.post(StockMove { id: Id::NIL, product, warehouse, date, quantity, value, source })
}
