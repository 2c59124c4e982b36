//! Goods come back at the cost of their delivery; the voucher is the delivery's with negative amounts.

use super::{SalesReturn, SalesReturnLine, rules};
use crate::calc::{Layer, minus, plus, share, total};
use crate::delivery::{Delivery, costs, posting::post_variance};
use crate::ledger::{self, Journal};
use crate::period::{self, Asks};
use crate::sales_invoice::{InvoiceKind, InvoiceState, SalesInvoice};
use crate::sales_order::{SalesOrder, progress, settle_state, unsettle_state};
use crate::settings::CostOfSales;
use crate::stock::moves::{self, Place};
use crate::stock::{key, reservation};
use crate::successors::{self, reference};
use crate::voucher::Word;
use paas_cell::prelude::*;

fn place(document: &SalesReturn, line: &SalesReturnLine, date: Date) -> Place {
    Place { product: line.product, warehouse: document.warehouse, date, source: reference(document) }
}

/// Cost of what comes back: the share of its delivery line, the rest of it with the rest.
fn cost(delivery: &Delivery, line: &SalesReturnLine, gone: Option<&Layer>) -> Result<Amount> {
    let Some(source) = delivery.lines.iter().find(|l| l.id == line.source()) else {
        return Ok(Amount::ZERO);
    };
    let (quantity, cost) = match gone {
        Some(gone) => (minus(source.quantity, gone.quantity)?, minus(source.cost, gone.cost)?),
        None => (source.quantity, source.cost),
    };
    if line.quantity == quantity { Ok(cost) } else { share(source.cost, line.quantity, source.quantity) }
}

/// Posts a return.
pub fn post(ctx: &mut Ctx<'_>, document: &mut SalesReturn) -> Result<()> {
    period::open_on(ctx, document.return_date, Asks::Document)?;
    let delivery = ctx.hold(document.delivery)?;
    let mut order = match delivery.sales_order {
        Some(order) => Some(ctx.lock(order)?),
        None => None,
    };
    rules::check(ctx, document)?;
    let keys: Vec<_> = document.lines.iter().map(|l| key(l.product, document.warehouse)).collect();
    ctx.lock_balances(&keys)?;
    let returns = ctx.find(Find::<SalesReturn>::all().eq("delivery", document.delivery))?;
    let mut back = costs::returned(ctx, returns)?;
    let mut variance = Amount::ZERO;
    for index in 0..document.lines.len() {
        let Some(line) = document.lines.get(index).cloned() else { continue };
        let value = cost(&delivery, &line, back.get(&line.source()))?;
        let zero = Layer { quantity: Quantity::ZERO, cost: Amount::ZERO };
        let gone = back.entry(line.source()).or_insert(zero);
        *gone = Layer { quantity: plus(gone.quantity, line.quantity)?, cost: plus(gone.cost, value)? };
        progress_of(ctx, order.as_ref(), &line, line.quantity)?;
        let at = place(document, &line, document.return_date);
        variance = plus(variance, moves::receive(ctx, &at, line.quantity, value)?.variance)?;
        if let Some(line) = document.lines.get_mut(index) {
            line.cost = value;
        }
    }
    document.cost = total(document.lines.iter().map(|l| l.cost))?;
    if let Some(order) = &mut order {
        settle_state(ctx, order)?;
    }
    let number = document.head.number.as_deref().unwrap_or_default();
    let mut journal = Journal::new(Word::Transfer, document.return_date, format!("销售退货 {number}"));
    let other = match delivery.cost_of_sales {
        Some(CostOfSales::WithDelivery) => ledger::COST_OF_SALES,
        _ => ledger::SHIPPED,
    };
    let other = ledger::account_for(ctx, other)?;
    let stock = ledger::account_for(ctx, ledger::STOCK)?;
    journal.debit(other, None, -document.cost)?;
    journal.credit(stock, None, -document.cost)?;
    journal.post(ctx, reference(document))?;
    post_variance(ctx, document.return_date, variance, &reference(document))
}

fn progress_of(
    ctx: &mut Ctx<'_>,
    order: Option<&SalesOrder>,
    line: &SalesReturnLine,
    quantity: Quantity,
) -> Result<()> {
    let wanted = line.sales_order_line.map(|l| l.id());
    let Some(order) = order else { return Ok(()) };
    match order.lines.iter().find(|l| Some(l.id) == wanted) {
        Some(order_line) => progress::give_back(ctx, order, order_line, quantity),
        None => Ok(()),
    }
}

/// Refuses a reversal while a credit invoice rests on the return.
pub fn rests_nothing(ctx: &mut Ctx<'_>, document: &mut SalesReturn) -> Result<()> {
    let Some(order_ref) = document.sales_order else {
        return Ok(());
    };
    let order = ctx.lock(order_ref)?;
    let found = ctx.find(Find::<SalesInvoice>::all().eq("sales_order", order_ref))?;
    let mut resting = Vec::new();
    for credit in found.into_iter().filter(|i| i.kind == InvoiceKind::Credit && i.state != InvoiceState::Reversed) {
        let credit = ctx.get(Ref::<SalesInvoice>::new(credit.head.id))?;
        let mine = |id: Option<Ref<_>>| document.lines.iter().any(|l| l.sales_order_line == id);
        if credit.lines.iter().any(|l| mine(l.sales_order_line)) {
            resting.push(reference(&credit));
        }
    }
    drop(order);
    successors::none(&resting)
}

/// Takes the goods out again at their own cost.
pub fn reverse(ctx: &mut Ctx<'_>, document: &mut SalesReturn) -> Result<()> {
    let date = period::reversal_date(ctx, document.return_date)?;
    let mut order = match document.sales_order {
        Some(order) => Some(ctx.lock(order)?),
        None => None,
    };
    if let Some(order) = &mut order {
        unsettle_state(ctx, order)?;
    }
    let mut variance = Amount::ZERO;
    for line in &document.lines {
        let product = ctx.get(line.product)?;
        let on_hand = ctx.balance(&key(line.product, document.warehouse))?.quantity;
        if line.quantity > on_hand && product.negative_stock == crate::product::NegativeStock::Refuse {
            return Err(moves::insufficient(&product, line.quantity, on_hand));
        }
        progress_of(ctx, order.as_ref(), line, -line.quantity)?;
        let at = place(document, line, date);
        variance = plus(variance, moves::issue_at(ctx, &at, line.quantity, line.cost)?.variance)?;
        reservation::trim(ctx, line.product, document.warehouse)?;
    }
    ledger::reverse_all(ctx, &reference(document))?;
    post_variance(ctx, date, variance, &reference(document))
}
