//! What an invoice does: opens an item, moves the delivered cost to the cost of sales, and a credit settles its order's
//! open invoices.

use super::{InvoiceKind, SalesInvoice, rules};
use crate::calc::{cost_of_first, minus, plus, share, total};
use crate::customer::exposure;
use crate::delivery::costs;
use crate::ledger::{self, Journal};
use crate::period::{self, Asks};
use crate::posting::PostingState;
use crate::receivable::{self, Receivable};
use crate::sales_order::progress::{self, OrderProgress};
use crate::sales_order::{self, SalesOrder, finish_when_done, resume_when_open};
use crate::sales_return::SalesReturn;
use crate::successors::{self, reference};
use crate::voucher::Word;
use paas_cell::prelude::*;

/// Posts an invoice.
pub fn post(ctx: &mut Ctx<'_>, invoice: &mut SalesInvoice) -> Result<()> {
    period::open_on(ctx, invoice.invoice_date, Asks::Document)?;
    let mut order = sales_order::lock(ctx, invoice.sales_order)?;
    rules::within_order(ctx, invoice, false)?;
    rules::compute(ctx, invoice, order.as_ref())?;
    if let Some(order) = &mut order {
        take_from_order(ctx, invoice, order)?;
        finish_when_done(ctx, order)?;
    }
    invoice.item = Some(invoice.head.id.to_string());
    let due_date = invoice.due_date.unwrap_or(invoice.invoice_date);
    let item = Receivable::of(invoice.customer, reference(invoice), invoice.invoice_date, due_date);
    receivable::open(ctx, &item, invoice.invoice_date, invoice.signed(invoice.total))?;
    if invoice.kind == InvoiceKind::Credit {
        settle_invoices(ctx, invoice)?;
    }
    post_voucher(ctx, invoice)
}

/// Moves the order on and computes the cost of what is invoiced: of the delivered goods, the oldest first.
fn take_from_order(ctx: &mut Ctx<'_>, invoice: &mut SalesInvoice, order: &SalesOrder) -> Result<()> {
    let shipments = costs::shipments(ctx, Ref::new(order.head.id))?;
    let credit = invoice.kind == InvoiceKind::Credit;
    let mut change = Amount::ZERO;
    let mut lines = std::mem::take(&mut invoice.lines);
    for line in &mut lines {
        let Some(source) = rules::source_of(order, line) else { continue };
        let before = progress::of_line(ctx, order, source)?;
        let mut entry = OrderProgress::of(&before);
        entry.invoiced = invoice.signed(line.quantity);
        entry.invoiced_net = invoice.signed(line.net);
        entry.invoiced_tax = invoice.signed(line.tax);
        let after = plus(before.invoiced, entry.invoiced)?;
        let waiting = costs::layers(&shipments, source.id, true);
        entry.invoiced_cost = minus(cost_of_first(&waiting, after)?, before.invoiced_cost)?;
        line.booked_cost = invoice.signed(entry.invoiced_cost);
        line.cost = if credit {
            returned_cost(ctx, order, source.id, line.quantity, line.booked_cost)?
        } else {
            let layers = costs::layers(&shipments, source.id, false);
            minus(cost_of_first(&layers, after)?, cost_of_first(&layers, before.invoiced)?)?
        };
        change = plus(change, progress::advance(ctx, source, &before, entry)?)?;
    }
    invoice.lines = lines;
    exposure::commit(ctx, order.customer, change)
}

/// The cost that a credit takes back: of the goods that came back.
fn returned_cost(
    ctx: &mut Ctx<'_>,
    order: &SalesOrder,
    line: Id,
    quantity: Quantity,
    booked: Amount,
) -> Result<Amount> {
    if !booked.is_zero() {
        return Ok(booked);
    }
    let find = Find::<SalesReturn>::all().eq("sales_order", Ref::<SalesOrder>::new(order.head.id));
    let (mut back, mut cost) = (Quantity::ZERO, Amount::ZERO);
    for found in ctx.find(find.eq("state", PostingState::Posted))? {
        for row in ctx.get(Ref::<SalesReturn>::new(found.head.id))?.lines {
            if row.sales_order_line.map(|l| l.id()) == Some(line) {
                back = plus(back, row.quantity)?;
                cost = plus(cost, row.cost)?;
            }
        }
    }
    share(cost, quantity, back)
}

/// A credit settles open invoices of its order, oldest first, dated as the later of the two.
fn settle_invoices(ctx: &mut Ctx<'_>, credit: &SalesInvoice) -> Result<()> {
    let Some(order) = credit.sales_order else {
        return Ok(());
    };
    let find = Find::<SalesInvoice>::all().eq("sales_order", order).eq("state", PostingState::Posted);
    let cause = reference(credit);
    for invoice in ctx.find(find.eq("kind", InvoiceKind::Normal).sort("invoice_date").sort("id"))? {
        let own = receivable::item(ctx, credit.head.id)?;
        let item = receivable::item(ctx, invoice.head.id)?;
        let amount = item.open.min(-own.open);
        if amount.is_positive() {
            let date = invoice.invoice_date.max(credit.invoice_date);
            receivable::settle(ctx, &item, &cause, date, amount)?;
            receivable::settle(ctx, &own, &cause, date, -amount)?;
        }
    }
    Ok(())
}

fn post_voucher(ctx: &mut Ctx<'_>, invoice: &SalesInvoice) -> Result<()> {
    let number = invoice.head.number.as_deref().unwrap_or_default();
    let mut journal = Journal::new(Word::Transfer, invoice.invoice_date, format!("销售发票 {number}"));
    let receivable = ledger::account_for(ctx, ledger::RECEIVABLE)?;
    let revenue = ledger::account_for(ctx, ledger::REVENUE)?;
    let output_tax = ledger::account_for(ctx, ledger::OUTPUT_TAX)?;
    let cost = ledger::account_for(ctx, ledger::COST_OF_SALES)?;
    let shipped = ledger::account_for(ctx, ledger::SHIPPED)?;
    journal.debit(receivable, Some(invoice.customer), invoice.signed(invoice.total))?;
    journal.credit(revenue, None, invoice.signed(invoice.net))?;
    for (_, tax) in taxes(invoice)? {
        journal.credit_apart(output_tax, invoice.signed(tax));
    }
    let booked = invoice.signed(total(invoice.lines.iter().map(|l| l.booked_cost))?);
    journal.debit(cost, None, booked)?;
    journal.credit(shipped, None, booked)?;
    journal.post(ctx, reference(invoice)).map(drop)
}

/// Tax per rate, in the order of the lines.
fn taxes(invoice: &SalesInvoice) -> Result<Vec<(Rate, Amount)>> {
    let mut taxes: Vec<(Rate, Amount)> = Vec::new();
    for line in &invoice.lines {
        let rate = line.vat_rate.unwrap_or_default();
        match taxes.iter_mut().find(|t| t.0 == rate) {
            Some(found) => found.1 = plus(found.1, line.tax)?,
            None => taxes.push((rate, line.tax)),
        }
    }
    Ok(taxes)
}

/// Refuses a reversal while receipts or credits are allocated to the invoice.
pub fn rests_nothing(ctx: &mut Ctx<'_>, invoice: &mut SalesInvoice) -> Result<()> {
    let mut resting: Vec<AnyRef> = Vec::new();
    for (cause, _, _) in receivable::settlements(ctx, invoice.head.id)? {
        if !resting.iter().any(|r| r.id == cause.id) {
            resting.push(cause);
        }
    }
    successors::none(&resting)
}

/// Takes everything back that posting did.
pub fn reverse(ctx: &mut Ctx<'_>, invoice: &mut SalesInvoice) -> Result<()> {
    let date = period::reversal_date(ctx, invoice.invoice_date)?;
    let cause = reference(invoice);
    if let Some(mut order) = sales_order::lock(ctx, invoice.sales_order)? {
        let mut change = Amount::ZERO;
        for line in &invoice.lines {
            let Some(source) = rules::source_of(&order, line) else { continue };
            let before = progress::of_line(ctx, &order, source)?;
            let mut entry = OrderProgress::of(&before);
            entry.invoiced = -invoice.signed(line.quantity);
            entry.invoiced_net = -invoice.signed(line.net);
            entry.invoiced_tax = -invoice.signed(line.tax);
            entry.invoiced_cost = -invoice.signed(line.booked_cost);
            change = plus(change, progress::advance(ctx, source, &before, entry)?)?;
        }
        exposure::commit(ctx, order.customer, change)?;
        resume_when_open(ctx, &mut order)?;
    }
    for (settled, on, amount) in receivable::settled_by(ctx, &cause)? {
        let on = period::reversal_date(ctx, on)?;
        let item = receivable::item(ctx, settled.id)?;
        let own = receivable::item(ctx, invoice.head.id)?;
        receivable::settle(ctx, &item, &cause, on, -amount)?;
        receivable::settle(ctx, &own, &cause, on, amount)?;
    }
    let item = receivable::item(ctx, invoice.head.id)?;
    receivable::open(ctx, &item, date, -invoice.signed(invoice.total))?;
    ledger::reverse_all(ctx, &cause)
}
