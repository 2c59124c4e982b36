//! Accounting periods: the months in which documents may be dated.

use crate::calc::{minus, plus};
use paas_cell::prelude::*;

/// 会计期间 | Accounting period
#[derive(Master, Clone, Debug)]
#[master(unique(year, month))]
pub struct Period {
    /// What the platform keeps.
    pub head: Head,
    /// 编码 | Code
    #[field(list, unique, computed, max = 7)]
    pub code: String,
    /// 年 | Year
    #[field(list, indexed, min = "1900", max_value = "2999")]
    pub year: i64,
    /// 月 | Month
    #[field(list, indexed, min = "1", max_value = "12")]
    pub month: i64,
    /// 状态 | State
    #[field(list, indexed)]
    pub state: PeriodState,
}

/// 期间状态 | Period state
#[derive(States, Clone, Copy, Debug, PartialEq, Eq)]
pub enum PeriodState {
    /// 开放 | Open
    #[state(active)]
    Open,
    /// 预关闭：只能录入凭证 | Soft-closed: only vouchers by hand
    #[state(done)]
    SoftClosed,
    /// 已关闭 | Closed
    #[state(void)]
    Closed,
}

/// 期间关账 | Closing of periods: what still stands open in each month, and the way to close it.
pub const CLOSE: Screen =
    Screen { name: "period-close", label: Labels::of("期间关账", "Period close"), of: "period" };

/// The flow of periods.
pub const FLOW: Flow<Period> = Flow::new(&[
    go("soft-close", &[PeriodState::Open], PeriodState::SoftClosed).label("预关闭", "Soft-close"),
    go("close", &[PeriodState::Open, PeriodState::SoftClosed], PeriodState::Closed)
        .label("关闭", "Close")
        .guard(opening_is_cleared),
    go("reopen", &[PeriodState::SoftClosed, PeriodState::Closed], PeriodState::Open).label("重新开放", "Reopen"),
])
.prepare(name);

fn name(_: &mut Ctx<'_>, period: &mut Period) -> Result<()> {
    period.code = format!("{:04}-{:02}", period.year, period.month);
    Ok(())
}

/// The first period does not close while account 3999 is not 0.00.
fn opening_is_cleared(ctx: &mut Ctx<'_>, period: &mut Period) -> Result<()> {
    if earliest(ctx)?.is_none_or(|first| first != (period.year * 100 + period.month)) {
        return Ok(());
    }
    let opening = crate::ledger::account_for(ctx, crate::ledger::OPENING)?;
    let find = Find::<crate::ledger::AccountBalance>::all().eq("account", opening);
    let sums = ctx.sum(find, &["account"], &["debit", "credit"])?;
    let mut amount = Amount::ZERO;
    for sum in &sums {
        amount = plus(amount, minus(Amount::from_raw(sum.raw(0)), Amount::from_raw(sum.raw(1)))?)?;
    }
    if amount.is_zero() {
        return Ok(());
    }
    Err(Refusal::rule(
        "erp.opening.unbalanced",
        Text::new(
            format!("期初过渡科目余额为 {amount}，请先录入期初凭证使其为零。"),
            format!("The opening account still holds {amount}; bring it to zero by the opening voucher first."),
        ),
        json!({"balance": amount.to_string()}),
    ))
}

/// The earliest period as `YYYYMM`.
pub fn earliest(ctx: &mut Ctx<'_>) -> Result<Option<i64>> {
    let first = ctx.find(Find::<Period>::all().sort("code").limit(1))?;
    Ok(first.first().map(|p| p.year * 100 + p.month))
}

/// Which documents ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asks {
    /// A business document: only in open periods.
    Document,
    /// A voucher made by hand: in soft-closed periods too.
    Voucher,
}

/// The period of a date, held still; refused when it is closed or missing.
pub fn open_on(ctx: &mut Ctx<'_>, date: Date, asks: Asks) -> Result<Ref<Period>> {
    let code = format!("{:04}-{:02}", date.year(), date.month());
    let refused = |zh: String, en: String| {
        Refusal::rule("erp.period.closed", Text::new(zh, en), json!({"period": code, "date": date.to_string()}))
    };
    let Some(period) = ctx.by_code::<Period>(&code)? else {
        return Err(refused(
            format!("会计期间{code}不存在，请先建立或更改日期。"),
            format!("There is no period {code}; create it or change the date."),
        ));
    };
    let state = ctx.hold(period)?.state;
    if state == PeriodState::Open || (state == PeriodState::SoftClosed && asks == Asks::Voucher) {
        return Ok(period);
    }
    Err(refused(format!("会计期间{code}已关闭，请更改日期。"), format!("Period {code} is closed; change the date.")))
}

/// The date of a reversal: the original's date while its period is open, else the first day of the first open period.
pub fn reversal_date(ctx: &mut Ctx<'_>, original: Date) -> Result<Date> {
    let refusal = match open_on(ctx, original, Asks::Document) {
        Ok(_) => return Ok(original),
        Err(refusal) => refusal,
    };
    let open = ctx.find(Find::<Period>::all().eq("state", PeriodState::Open).sort("code").limit(1))?;
    let first = open.first().and_then(|p| YearMonth::from_number(p.year * 100 + p.month)).map(YearMonth::first_day);
    first.ok_or(refusal)
}
