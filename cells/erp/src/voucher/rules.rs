//! What holds for every voucher: both sides equal, leaf accounts, an open period, one side per line.

use super::{Voucher, VoucherLine};
use crate::account::require_leaf;
use crate::calc::{plus, total, within_range};
use crate::ledger;
use crate::period::{self, Asks};
use paas_cell::prelude::*;

/// Computes the total and the period.
pub fn prepare(ctx: &mut Ctx<'_>, voucher: &mut Voucher) -> Result<()> {
    voucher.total = total(voucher.lines.iter().map(|l| l.debit))?;
    let code = format!("{:04}-{:02}", voucher.date.year(), voucher.date.month());
    voucher.period = ctx.by_code(&code)?;
    Ok(())
}

/// Refuses a voucher that could never be posted.
pub fn check(ctx: &mut Ctx<'_>, voucher: &mut Voucher) -> Result<()> {
    if voucher.source.is_none() {
        ctx.hold_all(voucher.lines.iter().map(|line| line.account))?;
    }
    for (index, line) in voucher.lines.iter().enumerate() {
        one_side(index, line)?;
        if voucher.source.is_none() {
            require_leaf(ctx, line.account)?;
        }
    }
    balanced(voucher)?;
    within_range(voucher.total)?;
    for line in &voucher.lines {
        within_range(plus(line.debit, line.credit)?)?;
    }
    period::open_on(ctx, voucher.date, asks(voucher)).map(drop)
}

/// Vouchers of documents obey the document's gate, others may be entered in soft-closed periods.
fn asks(voucher: &Voucher) -> Asks {
    if voucher.source.is_some() { Asks::Document } else { Asks::Voucher }
}

fn one_side(index: usize, line: &VoucherLine) -> Result<()> {
    if line.debit.is_zero() != line.credit.is_zero() {
        return Ok(());
    }
    Err(Refusal::field(
        format!("lines[{index}].debit"),
        "ONE_SIDE",
        Text::of("每行只能填写借方或贷方之一。", "Each line has either a debit or a credit."),
    ))
}

/// Σ debit = Σ credit, exactly.
pub fn balanced(voucher: &Voucher) -> Result<()> {
    let difference = ledger::difference(&voucher.lines)?;
    if difference.is_zero() {
        return Ok(());
    }
    let credit = total(voucher.lines.iter().map(|l| l.credit))?;
    Err(Refusal::rule(
        "erp.voucher.unbalanced",
        Text::new(
            format!("借方合计 {} 与贷方合计 {credit} 不相等，相差 {difference}。", voucher.total),
            format!("Debit {} and credit {credit} differ by {difference}.", voucher.total),
        ),
        json!({
            "debit": voucher.total.to_string(),
            "credit": credit.to_string(),
            "difference": difference.to_string(),
        }),
    ))
}

/// The period takes vouchers.
pub fn period_open(ctx: &mut Ctx<'_>, voucher: &mut Voucher) -> Result<()> {
    period::open_on(ctx, voucher.date, asks(voucher)).map(drop)
}

/// Posts a reviewed voucher: number and entries.
pub fn post(ctx: &mut Ctx<'_>, voucher: &mut Voucher) -> Result<()> {
    check(ctx, voucher)?;
    ledger::enter(ctx, voucher, Asks::Voucher)
}

/// Posts an automatic voucher.
pub fn book(ctx: &mut Ctx<'_>, voucher: &mut Voucher) -> Result<()> {
    balanced(voucher)?;
    let asks = asks(voucher);
    ledger::enter(ctx, voucher, asks)
}

/// Makes the red voucher of one entered by hand; a document's voucher is reversed by reversing the document.
pub fn reverse(ctx: &mut Ctx<'_>, voucher: &mut Voucher) -> Result<()> {
    if let Some(source) = &voucher.source {
        return Err(Refusal::rule(
            "erp.voucher.automatic",
            Text::new(
                format!("该凭证由单据 {} 生成，请红冲该单据。", source.number.as_deref().unwrap_or_default()),
                format!(
                    "This voucher was made by document {}; reverse that document.",
                    source.number.as_deref().unwrap_or_default()
                ),
            ),
            json!({"source": {"type": source.kind, "id": source.id, "number": source.number}}),
        ));
    }
    ledger::reverse(ctx, voucher).map(drop)
}
