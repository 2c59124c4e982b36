//! Which order lines a delivery serves, and how much of them.

use super::Delivery;
use crate::product::Product;
use crate::sales_order::follow_up::{delivery_drafts, not_of_order};
use crate::sales_order::{SalesOrderState, progress};
use crate::sources::{PerLine, first_with_room, left, take};
use paas_cell::prelude::*;

/// Finds the order line of lines that name only a product: the first of it that is not delivered yet.
pub fn prepare(ctx: &mut Ctx<'_>, delivery: &mut Delivery) -> Result<()> {
    let Some(order) = delivery.sales_order else {
        return Ok(());
    };
    let order = ctx.get(order)?;
    let mut taken = PerLine::new();
    for line in &mut delivery.lines {
        if line.sales_order_line.is_none() {
            let mut rooms = Vec::new();
            for candidate in order.lines.iter().filter(|l| l.product == line.product) {
                rooms.push((candidate.id, progress::of_line(ctx, &order, candidate)?.to_deliver()?));
            }
            line.sales_order_line = first_with_room(&rooms, &taken)?.map(Ref::new);
        }
        if let Some(order_line) = line.sales_order_line {
            take(&mut taken, order_line.id(), line.quantity)?;
        }
    }
    Ok(())
}

/// Refuses lines that are not the order's, services, and more than the order leaves. Without an order nothing disabled
/// goes out.
pub fn check(ctx: &mut Ctx<'_>, delivery: &mut Delivery) -> Result<()> {
    let direct = delivery.sales_order.is_none();
    if direct {
        ctx.get(delivery.customer)?.usable()?;
    }
    for (index, line) in delivery.lines.iter().enumerate() {
        let product = ctx.get(line.product)?;
        let field = format!("lines[{index}].product");
        if direct {
            product.usable(&field)?;
        }
        product.stocked(&field)?;
    }
    within_order(ctx, delivery, true)
}

/// Quantities per order line stay within what is left, counting other drafts when `with_drafts`.
pub fn within_order(ctx: &mut Ctx<'_>, delivery: &Delivery, with_drafts: bool) -> Result<()> {
    let Some(order_ref) = delivery.sales_order else {
        return Ok(());
    };
    let order = ctx.get(order_ref)?;
    if order.customer != delivery.customer {
        return Err(Refusal::field(
            "customer",
            "NOT_OF_ORDER",
            Text::of("客户与订单不一致。", "The customer is not that of the order."),
        ));
    }
    if order.state != SalesOrderState::Confirmed {
        return Err(Refusal::rule(
            "erp.order.not-confirmed",
            Text::of("订单不是已确认状态，不能出库。", "The order is not confirmed; nothing can be delivered."),
            json!({"order": order.head.number, "state": order.state.name()}),
        ));
    }
    progress::lock_lines(ctx, &order)?;
    let drafts = if with_drafts { delivery_drafts(ctx, order_ref, delivery.head.id)? } else { PerLine::new() };
    let mut taken = PerLine::new();
    for (index, line) in delivery.lines.iter().enumerate() {
        let Some(order_line) = order.line(line.sales_order_line).filter(|l| l.product == line.product) else {
            return Err(not_of_order(&format!("lines[{index}].salesOrderLine")));
        };
        let asked = take(&mut taken, order_line.id, line.quantity)?;
        let room = left(progress::of_line(ctx, &order, order_line)?.to_deliver()?, &drafts, order_line.id)?;
        if asked > room {
            return Err(exceeds_order(ctx, line.product, asked, room));
        }
    }
    Ok(())
}

/// More than the order leaves to deliver.
pub fn exceeds_order(ctx: &mut Ctx<'_>, product: Ref<Product>, asked: Quantity, left: Quantity) -> Refusal {
    let code = match ctx.get(product) {
        Ok(product) => product.code,
        Err(refusal) => return refusal,
    };
    let left = left.max(Quantity::ZERO);
    Refusal::rule(
        "erp.delivery.exceeds-order",
        Text::new(
            format!("商品{code}出库 {asked} 超过订单剩余 {left}。"),
            format!("Delivering {asked} of {code} exceeds what the order leaves, {left}."),
        ),
        json!({"product": code, "asked": asked.to_string(), "remaining": left.to_string()}),
    )
}
