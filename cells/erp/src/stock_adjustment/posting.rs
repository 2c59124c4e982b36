//! Goods appear or disappear: at the cost entered, or at the average.

use super::{Reason, StockAdjustment, StockAdjustmentLine};
use crate::calc::{average, fit, plus, total};
use crate::ledger::{self, Journal};
use crate::period::{self, Asks};
use crate::product::Product;
use crate::stock::key;
use crate::stock::moves::{self, Moved, Place};
use crate::successors::reference;
use crate::voucher::Word;
use paas_cell::prelude::*;

/// Refuses services, empty quantities and a missing account.
pub fn check(ctx: &mut Ctx<'_>, document: &mut StockAdjustment) -> Result<()> {
    for (index, line) in document.lines.iter().enumerate() {
        if line.quantity.is_zero() {
            return Err(Refusal::field(
                format!("lines[{index}].quantity"),
                "ZERO",
                Text::of("数量不能为零。", "The quantity is zero."),
            ));
        }
        ctx.get(line.product)?.stocked(&format!("lines[{index}].product"))?;
    }
    document.account.map_or(Ok(()), |account| crate::account::require_leaf(ctx, account))
}

/// Posts an adjustment.
pub fn post(ctx: &mut Ctx<'_>, document: &mut StockAdjustment) -> Result<()> {
    period::open_on(ctx, document.date, Asks::Document)?;
    let keys: Vec<_> = document.lines.iter().map(|l| key(l.product, document.warehouse)).collect();
    ctx.lock_balances(&keys)?;
    let (mut variance, mut tax) = (Amount::ZERO, Amount::ZERO);
    let mut lines = std::mem::take(&mut document.lines);
    for line in &mut lines {
        let product = ctx.get(line.product)?;
        let moved = move_line(ctx, document, line, &product)?;
        variance = plus(variance, moved.variance)?;
        line.value = if line.quantity.is_negative() { -moved.value } else { moved.value };
        if document.input_tax_back && line.value.is_negative() {
            let back = fit((-line.value).exact().mul(product.vat_rate.exact()).and_then(Exact::round))?;
            tax = plus(tax, back)?;
        }
    }
    document.lines = lines;
    document.value = total(document.lines.iter().map(|l| l.value))?;
    post_voucher(ctx, document, tax)?;
    moves::post_variance(ctx, document.date, variance, &reference(document))
}

fn move_line(
    ctx: &mut Ctx<'_>,
    document: &StockAdjustment,
    line: &StockAdjustmentLine,
    product: &Product,
) -> Result<Moved> {
    let (warehouse, date) = (document.warehouse, document.date);
    let place = Place { product: line.product, warehouse, date, source: reference(document) };
    let balance = ctx.balance(&key(line.product, warehouse))?;
    if line.quantity.is_negative() {
        return moves::issue(ctx, &place, product, -line.quantity, balance.quantity);
    }
    let known = if balance.quantity.is_positive() {
        average(balance.value, balance.quantity)
    } else {
        product.purchase_price.unwrap_or_default()
    };
    let cost = line.unit_cost.unwrap_or(known);
    let value = fit(line.quantity.exact().mul(cost.exact()).and_then(Exact::round))?;
    moves::receive(ctx, &place, line.quantity, value)
}

fn post_voucher(ctx: &mut Ctx<'_>, document: &StockAdjustment, tax: Amount) -> Result<()> {
    let number = document.head.number.as_deref().unwrap_or_default();
    let mut journal = Journal::new(Word::Transfer, document.date, format!("库存调整 {number}"));
    let stock = ledger::account_for(ctx, ledger::STOCK)?;
    let other = match (document.reason, document.account) {
        (_, Some(account)) => account,
        (Reason::Opening, None) => ledger::account_for(ctx, ledger::OPENING)?,
        (_, None) => ledger::account_for(ctx, ledger::STOCK_DIFFERENCE)?,
    };
    if document.reason == Reason::Opening {
        journal.opening();
    }
    let incoming = total(document.lines.iter().map(|l| l.value).filter(|v| v.is_positive()))?;
    let outgoing = total(document.lines.iter().map(|l| l.value).filter(|v| v.is_negative()).map(|v| -v))?;
    journal.debit(stock, None, incoming)?;
    journal.credit(other, None, incoming)?;
    journal.debit(other, None, plus(outgoing, tax)?)?;
    journal.credit(stock, None, outgoing)?;
    if !tax.is_zero() {
        let account = ledger::account_for(ctx, ledger::INPUT_TAX_BACK)?;
        journal.credit(account, None, tax)?;
    }
    journal.post(ctx, reference(document)).map(drop)
}

/// Undoes an adjustment at its own cost.
pub fn reverse(ctx: &mut Ctx<'_>, document: &mut StockAdjustment) -> Result<()> {
    let date = period::reversal_date(ctx, document.date)?;
    moves::undo(ctx, &reference(document), date)
}
