//! What a receipt does: money in, items settled. An allocation counts from the later of the two documents' dates.

use super::{Allocate, AllocateLine, Allocation, Receipt};
use crate::calc::{minus, plus, total};
use crate::ledger::{self, Journal};
use crate::period::{self, Asks};
use crate::receivable::{self, Receivable};
use crate::sales_invoice::{InvoiceState, SalesInvoice};
use crate::successors::reference;
use crate::voucher::Word;
use paas_cell::prelude::*;

/// Posts a receipt with its allocations.
pub fn post(ctx: &mut Ctx<'_>, receipt: &mut Receipt) -> Result<()> {
    period::open_on(ctx, receipt.receipt_date, Asks::Document)?;
    receipt.item = Some(receipt.head.id.to_string());
    let mut item = Receivable::blank();
    item.item = receipt.head.id.to_string();
    (item.party, item.source) = (receipt.customer, reference(receipt));
    (item.date, item.due_date) = (receipt.receipt_date, receipt.receipt_date);
    receivable::open(ctx, &item, receipt.receipt_date, -receipt.amount)?;
    let mut at_once = Amount::ZERO;
    let mut later = Vec::new();
    for (index, allocation) in receipt.allocations.clone().iter().enumerate() {
        let date = settle(ctx, receipt, allocation, index)?;
        if date > receipt.receipt_date {
            later.push((date, allocation.amount));
        } else {
            at_once = plus(at_once, allocation.amount)?;
        }
    }
    let number = receipt.head.number.clone().unwrap_or_default();
    let bank = ctx.get(receipt.bank_account)?.ledger_account;
    let receivable = ledger::account_for(ctx, ledger::RECEIVABLE)?;
    let advance = ledger::account_for(ctx, ledger::ADVANCE)?;
    let mut journal = Journal::new(Word::Receipt, receipt.receipt_date, format!("收款 {number}"));
    journal.debit(bank, None, receipt.amount)?;
    journal.credit(receivable, Some(receipt.customer), at_once)?;
    journal.credit(advance, Some(receipt.customer), minus(receipt.amount, at_once)?)?;
    journal.post(ctx, reference(receipt))?;
    for (date, amount) in later {
        transfer(ctx, receipt, date, amount)?;
    }
    Ok(())
}

/// Settles one invoice and returns the date from which that counts.
fn settle(ctx: &mut Ctx<'_>, receipt: &Receipt, allocation: &Allocation, index: usize) -> Result<Date> {
    let invoice = ctx.hold(allocation.invoice)?;
    if invoice.customer != receipt.customer || invoice.state != InvoiceState::Posted {
        return Err(Refusal::field(
            format!("allocations[{index}].invoice"),
            "NOT_OPEN",
            Text::of("发票不是该客户的已过账发票。", "The invoice is not a posted invoice of this customer."),
        ));
    }
    let item = receivable::item(ctx, invoice.head.id)?;
    let own = receivable::item(ctx, receipt.head.id)?;
    let amount = allocation.amount;
    let fits = if item.open.is_negative() {
        amount.is_negative() && amount >= item.open
    } else {
        amount.is_positive() && amount <= item.open
    };
    if !fits {
        return Err(exceeds_open(&invoice, amount, item.open));
    }
    let unallocated = -own.open;
    if amount > unallocated {
        let rest = total(receipt.allocations.iter().skip(index).map(|a| a.amount))?;
        if rest > unallocated {
            return Err(exceeds_receipt(amount, unallocated));
        }
    }
    let date = receipt.receipt_date.max(invoice.invoice_date);
    let cause = reference(receipt);
    receivable::settle(ctx, &item, &cause, date, amount)?;
    receivable::settle(ctx, &own, &cause, date, -amount)?;
    Ok(date)
}

fn exceeds_open(invoice: &SalesInvoice, amount: Amount, open: Amount) -> Refusal {
    let number = invoice.head.number.clone().unwrap_or_default();
    Refusal::rule(
        "erp.allocation.exceeds-open",
        Text::new(
            format!("核销金额 {amount} 超过发票 {number} 的未结金额 {open}。"),
            format!("Allocating {amount} exceeds what is open on invoice {number}, {open}."),
        ),
        json!({"invoice": number, "amount": amount.to_string(), "open": open.to_string()}),
    )
}

fn exceeds_receipt(amount: Amount, unallocated: Amount) -> Refusal {
    Refusal::rule(
        "erp.allocation.exceeds-receipt",
        Text::new(
            format!("核销金额 {amount} 超过收款单未核销金额 {unallocated}。"),
            format!("Allocating {amount} exceeds what is left of the receipt, {unallocated}."),
        ),
        json!({"amount": amount.to_string(), "unallocated": unallocated.to_string()}),
    )
}

/// From money received in advance to the receivable (back when negative).
fn transfer(ctx: &mut Ctx<'_>, receipt: &Receipt, date: Date, amount: Amount) -> Result<()> {
    let number = receipt.head.number.as_deref().unwrap_or_default();
    let mut journal = Journal::new(Word::Transfer, date, format!("核销 {number}"));
    let receivable = ledger::account_for(ctx, ledger::RECEIVABLE)?;
    let advance = ledger::account_for(ctx, ledger::ADVANCE)?;
    journal.debit(advance, Some(receipt.customer), amount)?;
    journal.credit(receivable, Some(receipt.customer), amount)?;
    journal.post(ctx, reference(receipt)).map(drop)
}

fn said(ctx: &Ctx<'_>) -> Vec<AllocateLine> {
    ctx.data::<Allocate>().map(|a| a.allocations.clone()).unwrap_or_default()
}

/// Allocates what is left of the receipt.
pub fn allocate(ctx: &mut Ctx<'_>, receipt: &mut Receipt) -> Result<()> {
    let wanted = said(ctx);
    if wanted.is_empty() {
        return Err(Refusal::field(
            "data.allocations",
            "REQUIRED",
            Text::of("请填写要核销的发票。", "Say which invoices are paid."),
        ));
    }
    for line in wanted {
        let amount = match line.amount {
            Some(amount) => amount,
            None => {
                let left = -receivable::item(ctx, receipt.head.id)?.open;
                receivable::item(ctx, line.invoice.id())?.open.min(left)
            }
        };
        let mut allocation = Allocation::blank();
        (allocation.invoice, allocation.amount) = (line.invoice, amount);
        receipt.allocations.push(allocation.clone());
        let date = settle(ctx, receipt, &allocation, receipt.allocations.len() - 1)?;
        transfer(ctx, receipt, date, amount)?;
    }
    Ok(())
}

/// Takes allocations back: those of the named invoices, or all.
pub fn unallocate(ctx: &mut Ctx<'_>, receipt: &mut Receipt) -> Result<()> {
    let named = said(ctx);
    for index in 0..receipt.allocations.len() {
        let Some(allocation) = receipt.allocations.get(index).cloned() else { continue };
        let asked = named.iter().find(|n| n.invoice == allocation.invoice);
        if !named.is_empty() && asked.is_none() {
            continue;
        }
        let amount = asked.and_then(|a| a.amount).unwrap_or(allocation.amount);
        let within = amount.abs() <= allocation.amount.abs() && amount.is_negative() == allocation.amount.is_negative();
        if !within || amount.is_zero() {
            return Err(exceeds_receipt(amount, allocation.amount));
        }
        let date = release(ctx, receipt, allocation.invoice, amount)?;
        transfer(ctx, receipt, date, -amount)?;
        if let Some(row) = receipt.allocations.get_mut(index) {
            row.amount = minus(row.amount, amount)?;
        }
    }
    receipt.allocations.retain(|a| !a.amount.is_zero());
    Ok(())
}

/// Opens an item again; returns the date from which that counts.
fn release(ctx: &mut Ctx<'_>, receipt: &Receipt, invoice: Ref<SalesInvoice>, amount: Amount) -> Result<Date> {
    let item = receivable::item(ctx, invoice.id())?;
    let own = receivable::item(ctx, receipt.head.id)?;
    let date = period::reversal_date(ctx, receipt.receipt_date.max(item.date))?;
    let cause = reference(receipt);
    receivable::settle(ctx, &item, &cause, date, -amount)?;
    receivable::settle(ctx, &own, &cause, date, amount)?;
    Ok(date)
}

/// Takes the receipt back with everything allocated.
pub fn reverse(ctx: &mut Ctx<'_>, receipt: &mut Receipt) -> Result<()> {
    for allocation in std::mem::take(&mut receipt.allocations) {
        release(ctx, receipt, allocation.invoice, allocation.amount)?;
    }
    let date = period::reversal_date(ctx, receipt.receipt_date)?;
    let item = receivable::item(ctx, receipt.head.id)?;
    receivable::open(ctx, &item, date, receipt.amount)?;
    ledger::reverse_all(ctx, &reference(receipt))
}
