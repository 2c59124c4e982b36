//! The cost of what was delivered for an order, oldest delivery first, without what came back.

use super::Delivery;
use crate::calc::{Layer, minus, plus};
use crate::posting::PostingState;
use crate::sales_order::SalesOrder;
use crate::sales_return::SalesReturn;
use crate::settings::CostOfSales;
use paas_cell::prelude::*;
use std::collections::HashMap;

/// One delivery line that is posted.
#[derive(Clone, Debug)]
pub struct Shipment {
    /// The delivery line.
    pub delivery_line: Id,
    /// The order line it serves.
    pub order_line: Id,
    /// Quantity and cost that stayed with the customer.
    pub layer: Layer,
    /// Whether its cost was kept as goods shipped until the invoice.
    pub until_invoice: bool,
}

/// Quantity and cost that came back, per delivery line.
pub fn returned(ctx: &mut Ctx<'_>, returns: Vec<SalesReturn>) -> Result<HashMap<Id, Layer>> {
    let mut sums: HashMap<Id, Layer> = HashMap::new();
    for found in returns.into_iter().filter(|r| r.state == PostingState::Posted) {
        for line in ctx.get(Ref::<SalesReturn>::new(found.head.id))?.lines {
            let sum = sums.entry(line.source()).or_default();
            sum.quantity = plus(sum.quantity, line.quantity)?;
            sum.cost = plus(sum.cost, line.cost)?;
        }
    }
    Ok(sums)
}

/// Posted shipments of an order, oldest first.
pub fn shipments(ctx: &mut Ctx<'_>, order: Ref<SalesOrder>) -> Result<Vec<Shipment>> {
    let find = Find::<Delivery>::all().eq("sales_order", order).eq("state", PostingState::Posted);
    let mut deliveries = ctx.find(find)?;
    deliveries.sort_by_key(|d| (d.delivery_date, d.head.id));
    let returns = ctx.find(Find::<SalesReturn>::all().eq("sales_order", order).eq("state", PostingState::Posted))?;
    let back = returned(ctx, returns)?;
    let mut found = Vec::new();
    for delivery in deliveries {
        let until_invoice = delivery.cost_of_sales != Some(CostOfSales::WithDelivery);
        for line in ctx.get(Ref::<Delivery>::new(delivery.head.id))?.lines {
            let Some(order_line) = line.sales_order_line else { continue };
            let mut layer = Layer { quantity: line.quantity, cost: line.cost };
            if let Some(gone) = back.get(&line.id) {
                layer = Layer { quantity: minus(layer.quantity, gone.quantity)?, cost: minus(layer.cost, gone.cost)? };
            }
            found.push(Shipment { delivery_line: line.id, order_line: order_line.id(), layer, until_invoice });
        }
    }
    Ok(found)
}

/// The layers of one order line; `booked` counts only cost that waits for the invoice.
pub fn layers(shipments: &[Shipment], order_line: Id, booked: bool) -> Vec<Layer> {
    shipments
        .iter()
        .filter(|s| s.order_line == order_line)
        .map(|s| Layer {
            quantity: s.layer.quantity,
            cost: if booked && !s.until_invoice { Amount::ZERO } else { s.layer.cost },
        })
        .collect()
}
