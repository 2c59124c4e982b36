//! A return names lines of one posted delivery and takes no more than was delivered.

use super::SalesReturn;
use crate::delivery::{Delivery, costs};
use crate::posting::PostingState;
use crate::sources::{PerLine, first_with_room, left, take};
use paas_cell::prelude::*;

/// Fills order and order lines from the delivery; a line without one means the first of its product that is not all back.
pub fn prepare(ctx: &mut Ctx<'_>, document: &mut SalesReturn) -> Result<()> {
    let delivery = ctx.get(document.delivery)?;
    document.sales_order = delivery.sales_order;
    let back = returned(ctx, document.delivery)?;
    let mut taken = PerLine::new();
    for line in &mut document.lines {
        if line.delivery_line.is_none() {
            let mut rooms = Vec::new();
            for candidate in delivery.lines.iter().filter(|l| l.product == line.product) {
                rooms.push((candidate.id, left(candidate.quantity, &back, candidate.id)?));
            }
            line.delivery_line = first_with_room(&rooms, &taken)?.map(Ref::new);
        }
        take(&mut taken, line.source(), line.quantity)?;
        let source = delivery.lines.iter().find(|l| l.id == line.source());
        line.sales_order_line = source.and_then(|l| l.sales_order_line);
    }
    Ok(())
}

/// Quantities of posted returns, per delivery line.
fn returned(ctx: &mut Ctx<'_>, delivery: Ref<Delivery>) -> Result<PerLine> {
    let returns = ctx.find(Find::<SalesReturn>::all().eq("delivery", delivery))?;
    Ok(costs::returned(ctx, returns)?.into_iter().map(|(line, layer)| (line, layer.quantity)).collect())
}

/// Quantities on return drafts of a delivery, except one draft.
fn drafts(ctx: &mut Ctx<'_>, delivery: Ref<Delivery>, except: Id) -> Result<PerLine> {
    let found = ctx.find(Find::<SalesReturn>::all().eq("delivery", delivery).eq("state", PostingState::Draft))?;
    let mut sums = PerLine::new();
    for draft in found.into_iter().filter(|d| d.head.id != except) {
        for line in ctx.get(Ref::<SalesReturn>::new(draft.head.id))?.lines {
            take(&mut sums, line.source(), line.quantity)?;
        }
    }
    Ok(sums)
}

/// Refuses what the delivery does not have, what came back already, and what other drafts bring back.
pub fn check(ctx: &mut Ctx<'_>, document: &mut SalesReturn) -> Result<()> {
    within_delivery(ctx, document, true)
}

/// Quantities per delivery line stay within what is left, counting other drafts when `with_drafts`.
pub fn within_delivery(ctx: &mut Ctx<'_>, document: &SalesReturn, with_drafts: bool) -> Result<()> {
    let delivery = ctx.get(document.delivery)?;
    if delivery.customer != document.customer {
        return Err(Refusal::field(
            "customer",
            "NOT_OF_DELIVERY",
            Text::of("客户与出库单不一致。", "The customer is not that of the delivery."),
        ));
    }
    if delivery.state != PostingState::Posted {
        return Err(Refusal::rule(
            "erp.delivery.not-posted",
            Text::of("出库单未过账，不能退货。", "The delivery is not posted; nothing can be returned."),
            json!({"delivery": delivery.head.number}),
        ));
    }
    let back = returned(ctx, document.delivery)?;
    let drafts = if with_drafts { drafts(ctx, document.delivery, document.head.id)? } else { PerLine::new() };
    let mut taken = PerLine::new();
    for (index, line) in document.lines.iter().enumerate() {
        let source = delivery.lines.iter().find(|l| l.id == line.source() && l.product == line.product);
        let Some(source) = source else {
            return Err(Refusal::field(
                format!("lines[{index}].deliveryLine"),
                "NOT_FOUND",
                Text::of("出库单中没有这一行。", "The delivery has no such line."),
            ));
        };
        let asked = take(&mut taken, source.id, line.quantity)?;
        let room = left(left(source.quantity, &back, source.id)?, &drafts, source.id)?;
        if asked > room {
            return Err(exceeds_delivery(asked, room.max(Quantity::ZERO)));
        }
    }
    Ok(())
}

/// More than was delivered and did not come back yet.
fn exceeds_delivery(asked: Quantity, room: Quantity) -> Refusal {
    Refusal::rule(
        "erp.return.exceeds-delivery",
        Text::new(
            format!("退货数量 {asked} 超过可退数量 {room}。"),
            format!("Returning {asked} exceeds what can come back, {room}."),
        ),
        json!({"asked": asked.to_string(), "remaining": room.to_string()}),
    )
}
