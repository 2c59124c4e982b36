//! Which order lines a delivery serves, and how much of them.

use super::{Delivery, DeliveryState};
use crate::calc::{minus, plus};
use crate::product::Product;
use crate::sales_order::follow_up::{delivery_drafts, not_of_order};
use crate::sales_order::{SalesOrderState, progress};
use paas_cell::prelude::*;
use std::collections::HashMap;

/// Finds the order line of lines that name only a product.
pub fn prepare(ctx: &mut Ctx<'_>, delivery: &mut Delivery) -> Result<()> {
    let Some(order) = delivery.sales_order else {
        return Ok(());
    };
    if delivery.lines.iter().all(|l| l.sales_order_line.is_some()) {
        return Ok(());
    }
    let order = ctx.get(order)?;
    for line in delivery.lines.iter_mut().filter(|l| l.sales_order_line.is_none()) {
        let found = order.lines.iter().find(|l| l.product == line.product && l.delivered_quantity < l.quantity);
        line.sales_order_line = found.map(|l| Ref::new(l.id));
    }
    Ok(())
}

/// Refuses lines that are not the order's, services, and more than the order leaves.
pub fn check(ctx: &mut Ctx<'_>, delivery: &mut Delivery) -> Result<()> {
    if delivery.state != DeliveryState::Draft {
        return Ok(());
    }
    for (index, line) in delivery.lines.iter().enumerate() {
        let product = ctx.get(line.product)?;
        if !product.is_stocked() {
            return Err(Refusal::field(
                format!("lines[{index}].product"),
                "NOT_STOCKED",
                Text::new(
                    format!("商品{}是服务，不需要出库。", product.code),
                    format!("Product {} is a service and is not delivered.", product.code),
                ),
            ));
        }
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
    let drafts = if with_drafts { delivery_drafts(ctx, order_ref, delivery.head.id)? } else { HashMap::new() };
    let mut asked: HashMap<Id, Quantity> = HashMap::new();
    for (index, line) in delivery.lines.iter().enumerate() {
        let field = format!("lines[{index}].salesOrderLine");
        let Some(wanted) = line.sales_order_line else {
            return Err(not_of_order(&field));
        };
        let Some(order_line) = order.lines.iter().find(|l| l.id == wanted.id() && l.product == line.product) else {
            return Err(not_of_order(&field));
        };
        let sum = asked.entry(order_line.id).or_default();
        *sum = plus(*sum, line.quantity)?;
        let sum = *sum;
        let done = progress::of_line(ctx, &order, order_line)?;
        let left = minus(done.to_deliver()?, drafts.get(&order_line.id).copied().unwrap_or_default())?;
        if sum > left {
            return Err(exceeds_order(ctx, line.product, sum, left));
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
