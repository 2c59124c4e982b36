//! Goods appear or disappear: at the cost entered, or at the average.

use super::{AdjustmentState, Reason, StockAdjustment, StockAdjustmentLine};
use crate::calc::{average, fit, plus, total};
use crate::delivery::posting::post_variance;
use crate::ledger::{self, Journal};
use crate::period::{self, Asks};
use crate::product::{NegativeStock, Product};
use crate::stock::moves::{self, Moved, Place};
use crate::stock::{key, reservation};
use crate::successors::reference;
use crate::voucher::Word;
use paas_cell::prelude::*;

/// Refuses services, empty quantities and a missing account.
pub fn check(ctx: &mut Ctx<'_>, document: &mut StockAdjustment) -> Result<()> {
    if document.state != AdjustmentState::Draft {
        return Ok(());
    }
    for (index, line) in document.lines.iter().enumerate() {
        if line.quantity.is_zero() {
            return Err(Refusal::field(
                format!("lines[{index}].quantity"),
                "ZERO",
                Text::of("数量不能为零。", "The quantity is zero."),
            ));
        }
        if !ctx.get(line.product)?.is_stocked() {
            return Err(Refusal::field(
                format!("lines[{index}].product"),
                "NOT_STOCKED",
                Text::of("服务没有库存。", "No stock is kept of a service."),
            ));
        }
    }
    match (document.reason, document.account) {
        (Reason::Other, None) => Err(Refusal::field(
            "account",
            "REQUIRED",
            Text::of("原因为其他时请选择科目。", "Choose the account for other reasons."),
        )),
        (_, Some(account)) => crate::account::require_leaf(ctx, account),
        (_, None) => Ok(()),
    }
}

fn place(document: &StockAdjustment, line: &StockAdjustmentLine, date: Date) -> Place {
    Place { product: line.product, warehouse: document.warehouse, date, source: reference(document) }
}

/// Posts an adjustment.
pub fn post(ctx: &mut Ctx<'_>, document: &mut StockAdjustment) -> Result<()> {
    period::open_on(ctx, document.date, Asks::Document)?;
    let keys: Vec<_> = document.lines.iter().map(|l| key(l.product, document.warehouse)).collect();
    ctx.lock_balances(&keys)?;
    let (mut variance, mut tax) = (Amount::ZERO, Amount::ZERO);
    for index in 0..document.lines.len() {
        let Some(line) = document.lines.get(index).cloned() else { continue };
        let product = ctx.get(line.product)?;
        let moved = move_line(ctx, document, &line, &product)?;
        variance = plus(variance, moved.variance)?;
        let value = if line.quantity.is_negative() { -moved.value } else { moved.value };
        if document.input_tax_back && value.is_negative() {
            let back = fit((-value).exact().mul(product.vat_rate.exact()).and_then(Exact::round))?;
            tax = plus(tax, back)?;
        }
        if let Some(line) = document.lines.get_mut(index) {
            line.value = value;
        }
    }
    document.value = total(document.lines.iter().map(|l| l.value))?;
    post_voucher(ctx, document, tax)?;
    post_variance(ctx, document.date, variance, &reference(document))
}

fn move_line(
    ctx: &mut Ctx<'_>,
    document: &StockAdjustment,
    line: &StockAdjustmentLine,
    product: &Product,
) -> Result<Moved> {
    let at = place(document, line, document.date);
    let balance = ctx.balance(&key(line.product, document.warehouse))?;
    if line.quantity.is_negative() {
        let moved = moves::issue(ctx, &at, product, -line.quantity, balance.quantity)?;
        reservation::trim(ctx, line.product, document.warehouse)?;
        return Ok(moved);
    }
    let known = if balance.quantity.is_positive() {
        average(balance.value, balance.quantity)
    } else {
        product.purchase_price.unwrap_or_default()
    };
    let cost = line.unit_cost.unwrap_or(known);
    let value = fit(line.quantity.exact().mul(cost.exact()).and_then(Exact::round))?;
    moves::receive(ctx, &at, line.quantity, value)
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
    let keys: Vec<_> = document.lines.iter().map(|l| key(l.product, document.warehouse)).collect();
    ctx.lock_balances(&keys)?;
    let mut variance = Amount::ZERO;
    for line in &document.lines {
        let at = place(document, line, date);
        let moved = if line.quantity.is_negative() {
            moves::receive(ctx, &at, -line.quantity, -line.value)?
        } else {
            let product = ctx.get(line.product)?;
            let on_hand = ctx.balance(&key(line.product, document.warehouse))?.quantity;
            if line.quantity > on_hand && product.negative_stock == NegativeStock::Refuse {
                return Err(moves::insufficient(&product, line.quantity, on_hand));
            }
            let moved = moves::issue_at(ctx, &at, line.quantity, line.value)?;
            reservation::trim(ctx, line.product, document.warehouse)?;
            moved
        };
        variance = plus(variance, moved.variance)?;
    }
    ledger::reverse_all(ctx, &reference(document))?;
    post_variance(ctx, date, variance, &reference(document))
}
