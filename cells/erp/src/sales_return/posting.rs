//! Goods come back at the cost of their delivery; the voucher is the delivery's with negative amounts.

use super::{SalesReturn, SalesReturnLine, rules};
use crate::calc::{Layer, minus, plus, share, total};
use crate::delivery::{Delivery, costs};
use crate::ledger::{self, Journal};
use crate::period::{self, Asks};
use crate::posting::PostingState;
use crate::sales_invoice::{InvoiceKind, SalesInvoice};
use crate::sales_order::{self, SalesOrder, finish_when_done, progress, resume_when_open};
use crate::settings::CostOfSales;
use crate::stock::key;
use crate::stock::moves::{self, Place};
use crate::successors::{self, reference};
use crate::voucher::Word;
use paas_cell::prelude::*;

/// Cost of what comes back: the share of its delivery line, the rest of it with the rest.
fn cost(delivery: &Delivery, line: &SalesReturnLine, gone: Layer) -> Result<Amount> {
    let Some(source) = delivery.lines.iter().find(|l| l.id == line.source()) else {
        return Ok(Amount::ZERO);
    };
    if line.quantity == minus(source.quantity, gone.quantity)? {
        return minus(source.cost, gone.cost);
    }
    share(source.cost, line.quantity, source.quantity)
}

/// Posts a return.
pub fn post(ctx: &mut Ctx<'_>, document: &mut SalesReturn) -> Result<()> {
    period::open_on(ctx, document.return_date, Asks::Document)?;
    let delivery = ctx.lock(document.delivery)?;
    let mut order = sales_order::lock(ctx, delivery.sales_order)?;
    rules::within_delivery(ctx, document, false)?;
    let keys: Vec<_> = document.lines.iter().map(|l| key(l.product, document.warehouse)).collect();
    ctx.lock_balances(&keys)?;
    let returns = ctx.find(Find::<SalesReturn>::all().eq("delivery", document.delivery))?;
    let mut back = costs::returned(ctx, returns)?;
    let mut variance = Amount::ZERO;
    let mut lines = std::mem::take(&mut document.lines);
    for line in &mut lines {
        let gone = back.entry(line.source()).or_default();
        line.cost = cost(&delivery, line, *gone)?;
        *gone = Layer { quantity: plus(gone.quantity, line.quantity)?, cost: plus(gone.cost, line.cost)? };
        give_back(ctx, order.as_ref(), line, line.quantity)?;
        let (product, warehouse, date) = (line.product, document.warehouse, document.return_date);
        let place = Place { product, warehouse, date, source: reference(document) };
        variance = plus(variance, moves::receive(ctx, &place, line.quantity, line.cost)?.variance)?;
    }
    document.lines = lines;
    document.cost = total(document.lines.iter().map(|l| l.cost))?;
    if let Some(order) = &mut order {
        finish_when_done(ctx, order)?;
    }
    post_voucher(ctx, document, delivery.cost_of_sales)?;
    moves::post_variance(ctx, document.return_date, variance, &reference(document))
}

/// The delivery's lines with negative amounts, at the cost of what came back.
fn post_voucher(ctx: &mut Ctx<'_>, document: &SalesReturn, cost_of_sales: Option<CostOfSales>) -> Result<()> {
    let number = document.head.number.as_deref().unwrap_or_default();
    let mut journal = Journal::new(Word::Transfer, document.return_date, format!("销售退货 {number}"));
    let other = match cost_of_sales {
        Some(CostOfSales::WithDelivery) => ledger::COST_OF_SALES,
        Some(CostOfSales::WithInvoice) | None => ledger::SHIPPED,
    };
    let other = ledger::account_for(ctx, other)?;
    let stock = ledger::account_for(ctx, ledger::STOCK)?;
    journal.debit(other, None, -document.cost)?;
    journal.credit(stock, None, -document.cost)?;
    journal.post(ctx, reference(document)).map(drop)
}

fn give_back(ctx: &mut Ctx<'_>, order: Option<&SalesOrder>, line: &SalesReturnLine, quantity: Quantity) -> Result<()> {
    let Some(order) = order else { return Ok(()) };
    match order.line(line.sales_order_line) {
        Some(order_line) => progress::give_back(ctx, order, order_line, quantity),
        None => Ok(()),
    }
}

/// Refuses a reversal while a credit invoice rests on the return.
pub fn rests_nothing(ctx: &mut Ctx<'_>, document: &mut SalesReturn) -> Result<()> {
    let Some(order) = document.sales_order else {
        return Ok(());
    };
    ctx.lock(order)?;
    let found = ctx.find(Find::<SalesInvoice>::all().eq("sales_order", order).eq("kind", InvoiceKind::Credit))?;
    let mut resting = Vec::new();
    for credit in found.into_iter().filter(|i| i.state != PostingState::Reversed) {
        let credit = ctx.get(Ref::<SalesInvoice>::new(credit.head.id))?;
        let mine = |id: Option<Ref<_>>| document.lines.iter().any(|l| l.sales_order_line == id);
        if credit.lines.iter().any(|l| mine(l.sales_order_line)) {
            resting.push(reference(&credit));
        }
    }
    successors::none(&resting)
}

/// Takes the goods out again at their own cost.
pub fn reverse(ctx: &mut Ctx<'_>, document: &mut SalesReturn) -> Result<()> {
    let date = period::reversal_date(ctx, document.return_date)?;
    let mut order = sales_order::lock(ctx, document.sales_order)?;
    for line in &document.lines {
        give_back(ctx, order.as_ref(), line, -line.quantity)?;
    }
    if let Some(order) = &mut order {
        resume_when_open(ctx, order)?;
    }
    moves::undo(ctx, &reference(document), date)
}
