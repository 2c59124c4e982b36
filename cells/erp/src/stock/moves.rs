//! Goods in and out, at moving average.

use super::{StockBalance, StockMove, key, reservation};
use crate::calc::{issue_value, minus, plus, receive_variance};
use crate::ledger::{self, Journal};
use crate::product::{NegativeStock, Product};
use crate::voucher::Word;
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
    let available = available.max(Quantity::ZERO);
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

/// Refuses an issue of more than it may take, unless the product may go below zero.
pub fn require(product: &Product, asked: Quantity, usable: Quantity) -> Result<()> {
    if asked > usable && product.negative_stock == NegativeStock::Refuse {
        return Err(insufficient(product, asked, usable));
    }
    Ok(())
}

/// Takes goods out at the average. `usable` is what this issue may take: for a delivery its own reservation and what is
/// available, never another order's. What is promised beyond what is left is given up, the newest promise first.
pub fn issue(
    ctx: &mut Ctx<'_>,
    place: &Place,
    product: &Product,
    quantity: Quantity,
    usable: Quantity,
) -> Result<Moved> {
    require(product, quantity, usable)?;
    let balance = ctx.balance(&key(place.product, place.warehouse))?;
    let last_price = product.purchase_price.unwrap_or_default();
    let value = issue_value(quantity, balance.quantity, balance.value, last_price)?;
    issue_at(ctx, place, quantity, value)
}

/// Takes goods out at a known value (a reversal).
fn issue_at(ctx: &mut Ctx<'_>, place: &Place, quantity: Quantity, value: Amount) -> Result<Moved> {
    let before = ctx.balance(&key(place.product, place.warehouse))?;
    let variance = residue(minus(before.quantity, quantity)?, minus(before.value, value)?);
    post(ctx, place, -quantity, -plus(value, variance)?)?;
    reservation::trim(ctx, place.product, place.warehouse)?;
    Ok(Moved { value, variance })
}

/// Takes goods in at a cost, settles what was issued below zero, and fills the oldest shortage.
pub fn receive(ctx: &mut Ctx<'_>, place: &Place, quantity: Quantity, value: Amount) -> Result<Moved> {
    let before = ctx.balance(&key(place.product, place.warehouse))?;
    let settled = receive_variance(quantity, value, before.quantity, before.value)?;
    let left = minus(plus(before.value, value)?, settled)?;
    let variance = plus(settled, residue(plus(before.quantity, quantity)?, left))?;
    post(ctx, place, quantity, minus(value, variance)?)?;
    reservation::fill(ctx, place.product, place.warehouse)?;
    Ok(Moved { value, variance })
}

/// The value that a quantity cannot carry: all of it without quantity, and one of the other sign (a reversal at a cost
/// far from the average would leave goods worth less than nothing).
fn residue(quantity: Quantity, value: Amount) -> Amount {
    let fits = !quantity.is_zero() && quantity.is_negative() == value.is_negative();
    if fits { Amount::ZERO } else { value }
}

fn post(ctx: &mut Ctx<'_>, place: &Place, quantity: Quantity, value: Amount) -> Result<StockBalance> {
    let Place { product, warehouse, date, source } = place.clone();
    let later = Find::<StockMove>::all().eq("product", product).eq("warehouse", warehouse).op("date", Op::Gt, date);
    let back_dated = !ctx.find(later.limit(1))?.is_empty();
    ctx.post(StockMove { id: Id::NIL, product, warehouse, date, quantity, value, back_dated, source })
}

/// Undoes what a document did to stock and ledger: each of its moves at its own value, its vouchers by red ones. What the
/// stock cannot carry goes to the cost of sales.
pub fn undo(ctx: &mut Ctx<'_>, source: &AnyRef, date: Date) -> Result<()> {
    let moves = ctx.find(Find::<StockMove>::all().eq("source", source.clone()).sort("id"))?;
    let keys: Vec<_> = moves.iter().map(|m| key(m.product, m.warehouse)).collect();
    ctx.lock_balances(&keys)?;
    let mut variance = Amount::ZERO;
    for done in moves {
        let place = Place { product: done.product, warehouse: done.warehouse, date, source: source.clone() };
        let moved = if done.quantity.is_negative() {
            receive(ctx, &place, -done.quantity, -done.value)?
        } else {
            let product = ctx.get(done.product)?;
            let on_hand = ctx.balance(&key(done.product, done.warehouse))?.quantity;
            require(&product, done.quantity, on_hand)?;
            issue_at(ctx, &place, done.quantity, done.value)?
        };
        variance = plus(variance, moved.variance)?;
    }
    ledger::reverse_all(ctx, source)?;
    post_variance(ctx, date, variance, source)
}

/// What a movement left over between stock and ledger goes to the cost of sales.
pub fn post_variance(ctx: &mut Ctx<'_>, date: Date, variance: Amount, source: &AnyRef) -> Result<()> {
    if variance.is_zero() {
        return Ok(());
    }
    let mut journal = Journal::new(Word::Transfer, date, "存货成本差异");
    let stock = ledger::account_for(ctx, ledger::STOCK)?;
    let cost = ledger::account_for(ctx, ledger::COST_OF_SALES)?;
    journal.debit(cost, None, variance)?;
    journal.credit(stock, None, variance)?;
    journal.post(ctx, source.clone()).map(drop)
}
