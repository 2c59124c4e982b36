//! A return names lines of one posted delivery and takes no more than was delivered.

use super::{ReturnState, SalesReturn};
use crate::calc::{minus, plus};
use crate::delivery::{DeliveryState, costs};
use paas_cell::prelude::*;
use std::collections::HashMap;

/// Fills order and order lines from the delivery.
pub fn prepare(ctx: &mut Ctx<'_>, document: &mut SalesReturn) -> Result<()> {
    let delivery = ctx.get(document.delivery)?;
    document.sales_order = delivery.sales_order;
    for line in &mut document.lines {
        if line.delivery_line.is_none() {
            let found = delivery.lines.iter().find(|l| l.product == line.product);
            line.delivery_line = found.map(|l| Ref::new(l.id));
        }
        let source = delivery.lines.iter().find(|l| l.id == line.source());
        line.sales_order_line = source.and_then(|l| l.sales_order_line);
    }
    Ok(())
}

/// Refuses what the delivery does not have or what came back already.
pub fn check(ctx: &mut Ctx<'_>, document: &mut SalesReturn) -> Result<()> {
    if document.state != ReturnState::Draft {
        return Ok(());
    }
    let delivery = ctx.get(document.delivery)?;
    if delivery.customer != document.customer {
        return Err(Refusal::field(
            "customer",
            "NOT_OF_DELIVERY",
            Text::of("客户与出库单不一致。", "The customer is not that of the delivery."),
        ));
    }
    if delivery.state != DeliveryState::Posted {
        return Err(Refusal::rule(
            "erp.delivery.not-posted",
            Text::of("出库单未过账，不能退货。", "The delivery is not posted; nothing can be returned."),
            json!({"delivery": delivery.head.number}),
        ));
    }
    let returns = ctx.find(Find::<SalesReturn>::all().eq("delivery", document.delivery))?;
    let back = costs::returned(ctx, returns)?;
    let mut asked: HashMap<Id, Quantity> = HashMap::new();
    for (index, line) in document.lines.iter().enumerate() {
        let source = delivery.lines.iter().find(|l| l.id == line.source() && l.product == line.product);
        let Some(source) = source else {
            return Err(Refusal::field(
                format!("lines[{index}].deliveryLine"),
                "NOT_FOUND",
                Text::of("出库单中没有这一行。", "The delivery has no such line."),
            ));
        };
        let sum = asked.entry(source.id).or_default();
        *sum = plus(*sum, line.quantity)?;
        let gone = back.get(&source.id).map_or(Quantity::ZERO, |l| l.quantity);
        let left = minus(source.quantity, gone)?;
        if *sum > left {
            return Err(Refusal::rule(
                "erp.return.exceeds-delivery",
                Text::new(
                    format!("退货数量 {sum} 超过可退数量 {left}。"),
                    format!("Returning {sum} exceeds what can come back, {left}."),
                ),
                json!({"asked": sum.to_string(), "remaining": left.to_string()}),
            ));
        }
    }
    Ok(())
}
