//! What a receipt does: money in, items settled. An allocation counts from the later of the two documents' dates.

use super::{Allocate, AllocateLine, Allocation, Receipt, rules};
use crate::calc::{minus, plus, total};
use crate::ledger::{self, Journal};
use crate::period::{self, Asks};
use crate::receivable::{self, Receivable};
use crate::sales_invoice::SalesInvoice;
use crate::successors::reference;
use crate::voucher::Word;
use paas_cell::prelude::*;

/// Posts a receipt with its allocations.
pub fn post(ctx: &mut Ctx<'_>, receipt: &mut Receipt) -> Result<()> {
    period::open_on(ctx, receipt.receipt_date, Asks::Document)?;
    receipt.item = Some(receipt.head.id.to_string());
    receivable::lock(ctx, receipt.head.id, receipt.allocations.iter().map(|a| a.invoice.id()))?;
    let item = Receivable::of(receipt.customer, reference(receipt), receipt.receipt_date, receipt.receipt_date);
    receivable::open(ctx, &item, receipt.receipt_date, -receipt.amount)?;
    let mut at_once = Amount::ZERO;
    let mut later = Vec::new();
    for (index, allocation) in receipt.allocations.iter().enumerate() {
        let date = settle(ctx, receipt, allocation, &format!("allocations[{index}]"))?;
        if date > receipt.receipt_date {
            later.push((date, allocation.amount));
        } else {
            at_once = plus(at_once, allocation.amount)?;
        }
    }
    not_overdrawn(ctx, receipt)?;
    let number = receipt.head.number.as_deref().unwrap_or_default();
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
fn settle(ctx: &mut Ctx<'_>, receipt: &Receipt, allocation: &Allocation, at: &str) -> Result<Date> {
    let invoice = ctx.hold(allocation.invoice)?;
    rules::payable(receipt, &invoice, at)?;
    let item = receivable::item(ctx, invoice.head.id)?;
    rules::within_open(&invoice, allocation.amount, item.open)?;
    let own = receivable::item(ctx, receipt.head.id)?;
    let date = receipt.receipt_date.max(invoice.invoice_date);
    let cause = reference(receipt);
    receivable::settle(ctx, &item, &cause, date, allocation.amount)?;
    receivable::settle(ctx, &own, &cause, date, -allocation.amount)?;
    Ok(date)
}

/// All allocations together stay within the receipt; negative ones (of credits) leave room for others.
fn not_overdrawn(ctx: &mut Ctx<'_>, receipt: &Receipt) -> Result<()> {
    let open = receivable::item(ctx, receipt.head.id)?.open;
    if !open.is_positive() {
        return Ok(());
    }
    Err(rules::exceeds_receipt(total(receipt.allocations.iter().map(|a| a.amount))?, receipt.amount))
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
    receivable::lock(ctx, receipt.head.id, wanted.iter().map(|l| l.invoice.id()))?;
    let mut transfers = Vec::with_capacity(wanted.len());
    for (index, line) in wanted.into_iter().enumerate() {
        let amount = match line.amount {
            Some(amount) => amount,
            None => {
                let left = -receivable::item(ctx, receipt.head.id)?.open;
                receivable::item(ctx, line.invoice.id())?.open.min(left)
            }
        };
        let mut allocation = Allocation::blank();
        (allocation.invoice, allocation.amount) = (line.invoice, amount);
        let date = settle(ctx, receipt, &allocation, &format!("data.allocations[{index}]"))?;
        receipt.allocations.push(allocation);
        transfers.push((date, amount));
    }
    not_overdrawn(ctx, receipt)?;
    for (date, amount) in transfers {
        transfer(ctx, receipt, date, amount)?;
    }
    Ok(())
}

/// Takes allocations back: those of the named invoices as far as is said, or all.
pub fn unallocate(ctx: &mut Ctx<'_>, receipt: &mut Receipt) -> Result<()> {
    let mut named = said(ctx);
    if named.is_empty() {
        for allocation in &receipt.allocations {
            let mut line = AllocateLine::blank();
            (line.invoice, line.amount) = (allocation.invoice, Some(allocation.amount));
            named.push(line);
        }
    }
    receivable::lock(ctx, receipt.head.id, named.iter().map(|l| l.invoice.id()))?;
    for (index, line) in named.into_iter().enumerate() {
        let of_invoice = receipt.allocations.iter().filter(|a| a.invoice == line.invoice);
        let allocated = total(of_invoice.map(|a| a.amount))?;
        if allocated.is_zero() {
            return Err(Refusal::field(
                format!("data.allocations[{index}].invoice"),
                "NOT_ALLOCATED",
                Text::of("收款单没有核销该发票。", "Nothing of the receipt is allocated to this invoice."),
            ));
        }
        let amount = line.amount.unwrap_or(allocated);
        let within = amount.is_negative() == allocated.is_negative() && amount.abs() <= allocated.abs();
        if !within || amount.is_zero() {
            return Err(rules::exceeds_allocated(amount, allocated));
        }
        take_off(&mut receipt.allocations, line.invoice, amount)?;
        let date = release(ctx, receipt, line.invoice, amount)?;
        transfer(ctx, receipt, date, -amount)?;
    }
    Ok(())
}

/// Takes an amount off the rows of an invoice, the last one first; rows that become empty go.
fn take_off(rows: &mut Vec<Allocation>, invoice: Ref<SalesInvoice>, amount: Amount) -> Result<()> {
    let mut left = amount;
    for row in rows.iter_mut().rev().filter(|r| r.invoice == invoice) {
        let taken = if row.amount.abs() < left.abs() { row.amount } else { left };
        row.amount = minus(row.amount, taken)?;
        left = minus(left, taken)?;
    }
    rows.retain(|row| !row.amount.is_zero());
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
    receivable::lock(ctx, receipt.head.id, receipt.allocations.iter().map(|a| a.invoice.id()))?;
    for allocation in std::mem::take(&mut receipt.allocations) {
        release(ctx, receipt, allocation.invoice, allocation.amount)?;
    }
    let date = period::reversal_date(ctx, receipt.receipt_date)?;
    let item = receivable::item(ctx, receipt.head.id)?;
    receivable::open(ctx, &item, date, receipt.amount)?;
    ledger::reverse_all(ctx, &reference(receipt))
}
