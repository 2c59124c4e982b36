//! What a receipt may be allocated to, and how much of it.

use super::{Allocation, Receipt};
use crate::calc::total;
use crate::posting::PostingState;
use crate::sales_invoice::SalesInvoice;
use paas_cell::prelude::*;

/// Refuses a disabled account, invoices of others, allocations of nothing, and more than the receipt.
pub fn check(ctx: &mut Ctx<'_>, receipt: &mut Receipt) -> Result<()> {
    ctx.get(receipt.bank_account)?.usable()?;
    for (index, allocation) in receipt.allocations.iter().enumerate() {
        let at = format!("allocations[{index}]");
        of_customer(receipt, &ctx.get(allocation.invoice)?, &at)?;
        not_zero(allocation, &at)?;
    }
    let sum = total(receipt.allocations.iter().map(|a| a.amount))?;
    if sum > receipt.amount {
        return Err(exceeds_receipt(sum, receipt.amount));
    }
    Ok(())
}

/// Refuses an invoice of another customer.
fn of_customer(receipt: &Receipt, invoice: &SalesInvoice, at: &str) -> Result<()> {
    if invoice.customer == receipt.customer {
        return Ok(());
    }
    Err(Refusal::field(
        format!("{at}.invoice"),
        "NOT_OF_CUSTOMER",
        Text::of("发票不是该客户的。", "The invoice is not one of this customer."),
    ))
}

fn not_zero(allocation: &Allocation, at: &str) -> Result<()> {
    if !allocation.amount.is_zero() {
        return Ok(());
    }
    Err(Refusal::field(format!("{at}.amount"), "ZERO", Text::of("核销金额不能为零。", "The amount is zero.")))
}

/// Refuses an invoice that is not the customer's or not posted.
pub fn payable(receipt: &Receipt, invoice: &SalesInvoice, at: &str) -> Result<()> {
    of_customer(receipt, invoice, at)?;
    if invoice.state == PostingState::Posted {
        return Ok(());
    }
    Err(Refusal::field(
        format!("{at}.invoice"),
        "NOT_POSTED",
        Text::of("发票未过账或已冲销。", "The invoice is not posted or reversed."),
    ))
}

/// Refuses more than is open of an invoice; of a credit invoice the amounts are negative.
pub fn within_open(invoice: &SalesInvoice, amount: Amount, open: Amount) -> Result<()> {
    let same_side = amount.is_negative() == open.is_negative();
    if !amount.is_zero() && same_side && amount.abs() <= open.abs() {
        return Ok(());
    }
    let number = invoice.head.number.as_deref().unwrap_or_default();
    Err(Refusal::rule(
        "erp.allocation.exceeds-open",
        Text::new(
            format!("核销金额 {amount} 超过发票 {number} 的未结金额 {open}。"),
            format!("Allocating {amount} exceeds what is open on invoice {number}, {open}."),
        ),
        json!({"invoice": number, "amount": amount.to_string(), "open": open.to_string()}),
    ))
}

/// More than the receipt has.
pub fn exceeds_receipt(amount: Amount, unallocated: Amount) -> Refusal {
    Refusal::rule(
        "erp.allocation.exceeds-receipt",
        Text::new(
            format!("核销金额 {amount} 超过收款单未核销金额 {unallocated}。"),
            format!("Allocating {amount} exceeds what is left of the receipt, {unallocated}."),
        ),
        json!({"amount": amount.to_string(), "unallocated": unallocated.to_string()}),
    )
}

/// More than was allocated to an invoice.
pub fn exceeds_allocated(amount: Amount, allocated: Amount) -> Refusal {
    Refusal::rule(
        "erp.allocation.exceeds-allocated",
        Text::new(
            format!("取消核销金额 {amount} 超过已核销金额 {allocated}。"),
            format!("Taking back {amount} exceeds what was allocated, {allocated}."),
        ),
        json!({"amount": amount.to_string(), "allocated": allocated.to_string()}),
    )
}
