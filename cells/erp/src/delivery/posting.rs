//! What a delivery does: goods leave at average cost, the order moves on, the voucher is posted.

use super::costs::{self, Shipment};
use super::{Delivery, DeliveryLine, rules};
use crate::calc::{Layer, cost_of_first, minus, plus, total};
use crate::customer::exposure;
use crate::ledger::{self, Journal};
use crate::period::{self, Asks};
use crate::posting::PostingState;
use crate::sales_invoice::SalesInvoice;
use crate::sales_order::progress::{self, OrderFulfilment, OrderProgress};
use crate::sales_order::{self, SalesOrder, SalesOrderLine, finish_when_done, resume_when_open};
use crate::sales_return::SalesReturn;
use crate::settings::{CostOfSales, ErpSettings};
use crate::stock::moves::{self, Moved, Place};
use crate::stock::{key, reservation};
use crate::successors::{self, reference};
use crate::voucher::Word;
use paas_cell::prelude::*;

fn order_line<'o>(order: &'o SalesOrder, line: &DeliveryLine) -> Result<&'o SalesOrderLine> {
    order.line(line.sales_order_line).ok_or_else(|| Refusal::internal("a delivery line without its order line"))
}

/// Locks the stock it moves and, where the order reserves elsewhere, the stock it frees.
fn lock_stock(ctx: &mut Ctx<'_>, delivery: &Delivery, order: Option<&SalesOrder>) -> Result<()> {
    let mut keys: Vec<_> = delivery.lines.iter().map(|l| key(l.product, delivery.warehouse)).collect();
    if let Some(order) = order.filter(|o| o.warehouse != delivery.warehouse) {
        keys.extend(delivery.lines.iter().map(|l| key(l.product, order.warehouse)));
    }
    ctx.lock_balances(&keys)
}

/// Posts a delivery.
pub fn post(ctx: &mut Ctx<'_>, delivery: &mut Delivery) -> Result<()> {
    period::open_on(ctx, delivery.delivery_date, Asks::Document)?;
    let mut order = sales_order::lock(ctx, delivery.sales_order)?;
    if let Some(order) = &order {
        progress::lock_lines(ctx, order)?;
    }
    rules::within_order(ctx, delivery, false)?;
    lock_stock(ctx, delivery, order.as_ref())?;
    // Without an order there is no invoice to wait for.
    let mode = match order {
        Some(_) => ctx.setting::<ErpSettings>()?.cost_of_sales,
        None => CostOfSales::WithDelivery,
    };
    delivery.cost_of_sales = Some(mode);
    let mut variance = Amount::ZERO;
    let mut lines = std::mem::take(&mut delivery.lines);
    for line in &mut lines {
        let moved = take_out(ctx, delivery, order.as_ref(), line)?;
        variance = plus(variance, moved.variance)?;
        line.cost = moved.value;
    }
    delivery.lines = lines;
    delivery.cost = total(delivery.lines.iter().map(|l| l.cost))?;
    match &mut order {
        Some(order) => {
            if mode == CostOfSales::WithInvoice {
                expense_invoiced(ctx, delivery, order)?;
            }
            finish_when_done(ctx, order)?;
        }
        None => delivery.lines.iter_mut().for_each(|l| l.expensed = l.cost),
    }
    delivery.expensed = total(delivery.lines.iter().map(|l| l.expensed))?;
    post_voucher(ctx, delivery, mode)?;
    moves::post_variance(ctx, delivery.delivery_date, variance, &reference(delivery))
}

/// Dr goods shipped, or cost of sales for what is expensed at once / Cr stock, at cost.
fn post_voucher(ctx: &mut Ctx<'_>, delivery: &Delivery, mode: CostOfSales) -> Result<()> {
    let expensed = if mode == CostOfSales::WithDelivery { delivery.cost } else { delivery.expensed };
    let number = delivery.head.number.as_deref().unwrap_or_default();
    let mut journal = Journal::new(Word::Transfer, delivery.delivery_date, format!("出库 {number}"));
    let stock = ledger::account_for(ctx, ledger::STOCK)?;
    let shipped = ledger::account_for(ctx, ledger::SHIPPED)?;
    let cost = ledger::account_for(ctx, ledger::COST_OF_SALES)?;
    journal.debit(shipped, None, minus(delivery.cost, expensed)?)?;
    journal.debit(cost, None, expensed)?;
    journal.credit(stock, None, delivery.cost)?;
    journal.post(ctx, reference(delivery)).map(drop)
}

fn take_out(ctx: &mut Ctx<'_>, delivery: &Delivery, order: Option<&SalesOrder>, line: &DeliveryLine) -> Result<Moved> {
    let product = ctx.get(line.product)?;
    let (warehouse, date) = (delivery.warehouse, delivery.delivery_date);
    let mut usable = reservation::available(ctx, line.product, warehouse)?;
    if let Some(order) = order {
        let order_line = order_line(order, line)?;
        if order.warehouse == warehouse {
            usable = progress::usable(ctx, order, order_line)?;
        }
        moves::require(&product, line.quantity, usable)?;
        progress::deliver(ctx, order, order_line, line.quantity)?;
        if order.warehouse != warehouse {
            reservation::fill(ctx, line.product, order.warehouse)?;
        }
    }
    let place = Place { product: line.product, warehouse, date, source: reference(delivery) };
    moves::issue(ctx, &place, &product, line.quantity, usable)
}

/// The part of the cost that belongs to quantities already invoiced is expensed at once.
fn expense_invoiced(ctx: &mut Ctx<'_>, delivery: &mut Delivery, order: &SalesOrder) -> Result<()> {
    let mut shipments = costs::shipments(ctx, Ref::new(order.head.id))?;
    let mut change = Amount::ZERO;
    for line in &mut delivery.lines {
        let order_line = order_line(order, line)?;
        let done = progress::of_line(ctx, order, order_line)?;
        let start = total(costs::layers(&shipments, order_line.id, true).iter().map(|l| l.quantity))?;
        shipments.push(Shipment {
            delivery_line: line.id,
            order_line: order_line.id,
            layer: Layer { quantity: line.quantity, cost: line.cost },
            until_invoice: true,
        });
        line.expensed_quantity = minus(done.invoiced, start)?.max(Quantity::ZERO).min(line.quantity);
        if line.expensed_quantity.is_zero() {
            continue;
        }
        let layers = costs::layers(&shipments, order_line.id, true);
        line.expensed = minus(cost_of_first(&layers, done.invoiced)?, done.invoiced_cost)?;
        let mut entry = OrderProgress::of(&done);
        entry.invoiced_cost = line.expensed;
        change = plus(change, progress::advance(ctx, order_line, &done, entry)?)?;
    }
    exposure::commit(ctx, order.customer, change)
}

/// Refuses a reversal while returns or invoices rest on the delivery.
pub fn rests_nothing(ctx: &mut Ctx<'_>, delivery: &mut Delivery) -> Result<()> {
    let this = Ref::<Delivery>::new(delivery.head.id);
    let returns = ctx.find(Find::<SalesReturn>::all().eq("delivery", this))?;
    let mut resting: Vec<AnyRef> =
        returns.iter().filter(|r| r.state != PostingState::Reversed).map(reference).collect();
    if let Some(order_ref) = delivery.sales_order {
        let order = ctx.lock(order_ref)?;
        let shipments = costs::shipments(ctx, order_ref)?;
        let mut rests = false;
        for line in &delivery.lines {
            let done = progress::of_line(ctx, &order, order_line(&order, line)?)?;
            rests |= is_invoiced(&shipments, line, &done)? || carries_cost(&shipments, delivery, line, &done)?;
        }
        if rests {
            let invoices = ctx.find(Find::<SalesInvoice>::all().eq("sales_order", order_ref))?;
            resting.extend(invoices.iter().filter(|i| i.state == PostingState::Posted).map(reference));
        }
    }
    successors::none(&resting)
}

/// Whether the invoiced quantity, counted from the oldest shipment, reaches into this line (what was invoiced before it
/// was shipped aside).
fn is_invoiced(shipments: &[Shipment], line: &DeliveryLine, done: &OrderFulfilment) -> Result<bool> {
    let mut start = Quantity::ZERO;
    for shipment in shipments.iter().filter(|s| line.sales_order_line.map(|l| l.id()) == Some(s.order_line)) {
        let end = plus(start, shipment.layer.quantity)?;
        if shipment.delivery_line == line.id && minus(done.invoiced.min(end), start)? > line.expensed_quantity {
            return Ok(true);
        }
        start = end;
    }
    Ok(false)
}

/// Whether the cost of sales holds cost of this delivery: without it the other shipments would not explain what is booked
/// (after an older invoice was reversed, the invoices that stay hold the cost of younger shipments).
fn carries_cost(
    shipments: &[Shipment],
    delivery: &Delivery,
    line: &DeliveryLine,
    done: &OrderFulfilment,
) -> Result<bool> {
    let mine = |id: Id| delivery.lines.iter().any(|l| l.id == id);
    let others: Vec<Shipment> = shipments.iter().filter(|s| !mine(s.delivery_line)).cloned().collect();
    let layers = costs::layers(&others, done.line.id(), true);
    let shipped = total(layers.iter().map(|l| l.quantity))?;
    let waiting = total(layers.iter().map(|l| l.cost))?;
    let same_line = delivery.lines.iter().filter(|l| l.sales_order_line == line.sales_order_line);
    let booked = minus(done.invoiced_cost, total(same_line.map(|l| l.expensed))?)?;
    Ok(if done.invoiced < shipped { booked > waiting } else { booked != waiting })
}

/// Brings the goods back at their own cost and reverses the voucher.
pub fn reverse(ctx: &mut Ctx<'_>, delivery: &mut Delivery) -> Result<()> {
    let date = period::reversal_date(ctx, delivery.delivery_date)?;
    let mut order = sales_order::lock(ctx, delivery.sales_order)?;
    lock_stock(ctx, delivery, order.as_ref())?;
    if let Some(order) = &mut order {
        for line in &delivery.lines {
            let order_line = order_line(order, line)?;
            progress::undeliver(ctx, order, order_line, line.quantity)?;
            if !line.expensed.is_zero() {
                let done = progress::of_line(ctx, order, order_line)?;
                let mut entry = OrderProgress::of(&done);
                entry.invoiced_cost = -line.expensed;
                let change = progress::advance(ctx, order_line, &done, entry)?;
                exposure::commit(ctx, order.customer, change)?;
            }
            if order.warehouse != delivery.warehouse {
                reservation::fill(ctx, line.product, order.warehouse)?;
            }
        }
        resume_when_open(ctx, order)?;
    }
    moves::undo(ctx, &reference(delivery), date)
}
