//! Reservations: stock promised to order lines. A reservation never changes the order itself.

use super::{StockReservation, key};
use crate::product::Product;
use crate::sales_order::progress::{OrderFulfilment, OrderProgress};
use crate::warehouse::Warehouse;
use paas_cell::prelude::*;

/// Moves `quantity` of a line from shortage to reservation (back when negative).
pub fn shift(ctx: &mut Ctx<'_>, line: &OrderFulfilment, quantity: Quantity) -> Result<()> {
    if quantity.is_zero() {
        return Ok(());
    }
    let mut progress = OrderProgress::of(line);
    progress.reserved = quantity;
    progress.short = -quantity;
    ctx.post(progress)?;
    reserve(ctx, line, quantity)
}

/// Changes what of the stock is promised to a line.
pub fn reserve(ctx: &mut Ctx<'_>, line: &OrderFulfilment, quantity: Quantity) -> Result<()> {
    if quantity.is_zero() {
        return Ok(());
    }
    ctx.post(StockReservation {
        id: Id::NIL,
        product: line.product,
        warehouse: line.warehouse,
        order_line: line.line,
        reserved: quantity,
    })?;
    Ok(())
}

/// Stock that nobody has reserved, never below zero.
pub fn available(ctx: &mut Ctx<'_>, product: Ref<Product>, warehouse: Ref<Warehouse>) -> Result<Quantity> {
    let balance = ctx.balance(&key(product, warehouse))?;
    Ok(balance.quantity.checked_sub(balance.reserved).unwrap_or_default().max(Quantity::ZERO))
}

/// Fills shortages from what is available now, the oldest first.
pub fn fill(ctx: &mut Ctx<'_>, product: Ref<Product>, warehouse: Ref<Warehouse>) -> Result<()> {
    let mut left = available(ctx, product, warehouse)?;
    if !left.is_positive() {
        return Ok(());
    }
    let find = Find::<OrderFulfilment>::all().eq("product", product).eq("warehouse", warehouse).op(
        "short",
        Op::Gt,
        Quantity::ZERO,
    );
    for line in ctx.find(find.sort("since").sort("line"))? {
        if !left.is_positive() {
            break;
        }
        let line = ctx.balance(&line)?;
        let filled = left.min(line.short);
        shift(ctx, &line, filled)?;
        left = crate::calc::minus(left, filled)?;
    }
    Ok(())
}

/// Takes reservations back, the newest first, where more is promised than is left.
pub fn trim(ctx: &mut Ctx<'_>, product: Ref<Product>, warehouse: Ref<Warehouse>) -> Result<()> {
    let balance = ctx.balance(&key(product, warehouse))?;
    let mut excess = crate::calc::minus(balance.reserved, balance.quantity.max(Quantity::ZERO))?;
    if !excess.is_positive() {
        return Ok(());
    }
    let find = Find::<OrderFulfilment>::all().eq("product", product).eq("warehouse", warehouse).op(
        "reserved",
        Op::Gt,
        Quantity::ZERO,
    );
    for line in ctx.find(find.sort_down("since").sort_down("line"))? {
        if !excess.is_positive() {
            break;
        }
        let line = ctx.balance(&line)?;
        let released = excess.min(line.reserved);
        shift(ctx, &line, -released)?;
        excess = crate::calc::minus(excess, released)?;
    }
    Ok(())
}
