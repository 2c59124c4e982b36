//! What a delivery does: goods leave at average cost, the order moves on, the voucher is posted.

use super::costs::{self, Shipment};
use super::{Delivery, DeliveryLine, rules};
use crate::calc::{Layer, cost_of_first, minus, plus, total};
use crate::ledger::{self, Journal};
use crate::period::{self, Asks};
use crate::sales_invoice::{InvoiceState, SalesInvoice};
use crate::sales_order::progress::{self, OrderProgress};
use crate::sales_order::{SalesOrder, SalesOrderLine, settle_state, unsettle_state};
use crate::sales_return::{ReturnState, SalesReturn};
use crate::settings::{CostOfSales, ErpSettings};
use crate::stock::moves::{self, Place};
use crate::stock::{key, reservation};
use crate::successors::{self, reference};
use crate::voucher::Word;
use paas_cell::prelude::*;

fn place(delivery: &Delivery, line: &DeliveryLine) -> Place {
    Place {
        product: line.product,
        warehouse: delivery.warehouse,
        date: delivery.delivery_date,
        source: reference(delivery),
    }
}

fn order_line(order: &SalesOrder, line: &DeliveryLine) -> Result<SalesOrderLine> {
    let wanted = line.sales_order_line.map(|l| l.id());
    let found = order.lines.iter().find(|l| Some(l.id) == wanted);
    found.cloned().ok_or_else(|| Refusal::internal("a delivery line without its order line"))
}

/// Posts a delivery.
pub fn post(ctx: &mut Ctx<'_>, delivery: &mut Delivery) -> Result<()> {
    period::open_on(ctx, delivery.delivery_date, Asks::Document)?;
    let mut order = match delivery.sales_order {
        Some(order) => Some(ctx.lock(order)?),
        None => None,
    };
    rules::within_order(ctx, delivery, false)?;
    let keys: Vec<_> = delivery.lines.iter().map(|l| key(l.product, delivery.warehouse)).collect();
    ctx.lock_balances(&keys)?;
    let mode = match order {
        Some(_) => ctx.setting::<ErpSettings>()?.cost_of_sales,
        None => CostOfSales::WithDelivery,
    };
    delivery.cost_of_sales = Some(mode);
    let mut variance = Amount::ZERO;
    for index in 0..delivery.lines.len() {
        let Some(line) = delivery.lines.get(index).cloned() else { continue };
        let moved = take_out(ctx, delivery, order.as_ref(), &line)?;
        variance = plus(variance, moved.variance)?;
        if let Some(line) = delivery.lines.get_mut(index) {
            line.cost = moved.value;
        }
    }
    delivery.cost = total(delivery.lines.iter().map(|l| l.cost))?;
    let expensed = match &order {
        Some(order) if mode == CostOfSales::WithInvoice => expense_invoiced(ctx, delivery, order)?,
        Some(_) | None => delivery.cost,
    };
    if let Some(order) = &mut order {
        settle_state(ctx, order)?;
    }
    let mut journal = Journal::new(Word::Transfer, delivery.delivery_date, format!("出库 {}", number(delivery)));
    let stock = ledger::account_for(ctx, ledger::STOCK)?;
    let shipped = ledger::account_for(ctx, ledger::SHIPPED)?;
    let cost = ledger::account_for(ctx, ledger::COST_OF_SALES)?;
    journal.debit(shipped, None, minus(delivery.cost, expensed)?)?;
    journal.debit(cost, None, plus(expensed, variance)?)?;
    journal.credit(stock, None, plus(delivery.cost, variance)?)?;
    journal.post(ctx, reference(delivery)).map(drop)
}

fn number(delivery: &Delivery) -> &str {
    delivery.head.number.as_deref().unwrap_or_default()
}

fn take_out(
    ctx: &mut Ctx<'_>,
    delivery: &Delivery,
    order: Option<&SalesOrder>,
    line: &DeliveryLine,
) -> Result<moves::Moved> {
    let product = ctx.get(line.product)?;
    let mut usable = reservation::available(ctx, line.product, delivery.warehouse)?;
    if let Some(order) = order {
        let order_line = order_line(order, line)?;
        if order.warehouse == delivery.warehouse {
            usable = progress::usable(ctx, order, &order_line)?;
        }
        if line.quantity > usable && product.negative_stock == crate::product::NegativeStock::Refuse {
            return Err(moves::insufficient(&product, line.quantity, usable));
        }
        progress::deliver(ctx, order, &order_line, line.quantity)?;
    }
    let moved = moves::issue(ctx, &place(delivery, line), &product, line.quantity, usable)?;
    reservation::trim(ctx, line.product, delivery.warehouse)?;
    Ok(moved)
}

/// The part of the cost that belongs to quantities already invoiced: expensed at once. Returns the sum.
fn expense_invoiced(ctx: &mut Ctx<'_>, delivery: &mut Delivery, order: &SalesOrder) -> Result<Amount> {
    let mut shipments = costs::shipments(ctx, Ref::new(order.head.id))?;
    let mut sum = Amount::ZERO;
    for line in &mut delivery.lines {
        let order_line = order_line(order, line)?;
        let done = progress::of_line(ctx, order, &order_line)?;
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
        progress::advance(ctx, order, &order_line, &done, entry)?;
        sum = plus(sum, line.expensed)?;
    }
    Ok(sum)
}

/// Refuses a reversal while returns or invoices rest on the delivery.
pub fn rests_nothing(ctx: &mut Ctx<'_>, delivery: &mut Delivery) -> Result<()> {
    let this = Ref::<Delivery>::new(delivery.head.id);
    let returns = ctx.find(Find::<SalesReturn>::all().eq("delivery", this))?;
    let mut resting: Vec<AnyRef> = returns.iter().filter(|r| r.state != ReturnState::Reversed).map(reference).collect();
    if let Some(order_ref) = delivery.sales_order {
        let order = ctx.lock(order_ref)?;
        let shipments = costs::shipments(ctx, order_ref)?;
        let mut rests = false;
        for line in &delivery.lines {
            let done = progress::of_line(ctx, &order, &order_line(&order, line)?)?;
            let mut start = Quantity::ZERO;
            for shipment in shipments.iter().filter(|s| Some(s.order_line) == line.sales_order_line.map(|l| l.id())) {
                if shipment.delivery_line == line.id {
                    let end = plus(start, shipment.layer.quantity)?;
                    rests |= minus(done.invoiced.min(end), start)? > line.expensed_quantity;
                }
                start = plus(start, shipment.layer.quantity)?;
            }
        }
        if rests {
            let invoices = ctx.find(Find::<SalesInvoice>::all().eq("sales_order", order_ref))?;
            resting.extend(invoices.iter().filter(|i| i.state == InvoiceState::Posted).map(reference));
        }
    }
    successors::none(&resting)
}

/// Brings the goods back at their own cost and reverses the voucher.
pub fn reverse(ctx: &mut Ctx<'_>, delivery: &mut Delivery) -> Result<()> {
    let date = period::reversal_date(ctx, delivery.delivery_date)?;
    let mut order = match delivery.sales_order {
        Some(order) => Some(ctx.lock(order)?),
        None => None,
    };
    let keys: Vec<_> = delivery.lines.iter().map(|l| key(l.product, delivery.warehouse)).collect();
    ctx.lock_balances(&keys)?;
    if let Some(order) = &mut order {
        unsettle_state(ctx, order)?;
    }
    let mut variance = Amount::ZERO;
    for line in &delivery.lines {
        if let Some(order) = &order {
            let order_line = order_line(order, line)?;
            progress::undeliver(ctx, order, &order_line, line.quantity)?;
            if !line.expensed.is_zero() {
                let done = progress::of_line(ctx, order, &order_line)?;
                let mut entry = OrderProgress::of(&done);
                entry.invoiced_cost = -line.expensed;
                progress::advance(ctx, order, &order_line, &done, entry)?;
            }
        }
        let mut at = place(delivery, line);
        at.date = date;
        variance = plus(variance, moves::receive(ctx, &at, line.quantity, line.cost)?.variance)?;
    }
    ledger::reverse_all(ctx, &reference(delivery))?;
    post_variance(ctx, date, variance, &reference(delivery))
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
