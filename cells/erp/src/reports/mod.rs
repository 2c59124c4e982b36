//! Reports: trial balance, statements, receivables by age, stock, margin, and figures by month.

mod aging;
mod books;
mod margin;
mod months;
mod statements;
mod stock_summary;

pub use aging::AR_AGING;
pub use books::TRIAL_BALANCE;
pub use margin::SALES_MARGIN;
pub use months::{SALES_TREND, STOCK_LEDGER};
use paas_cell::prelude::*;
pub use statements::{BALANCE_SHEET, INCOME_STATEMENT};
pub use stock_summary::STOCK_SUMMARY;

/// The reports of the cell, and the dashboards that show them at a glance.
pub fn declare(cell: Cell) -> Cell {
    cell.report(TRIAL_BALANCE)
        .report(BALANCE_SHEET)
        .report(INCOME_STATEMENT)
        .report(AR_AGING)
        .report(STOCK_SUMMARY)
        .report(SALES_MARGIN)
        .report(SALES_TREND)
        .report(STOCK_LEDGER)
        .dashboard(crate::dashboards::SALES)
        .dashboard(crate::dashboards::RECEIVABLES)
        .dashboard(crate::dashboards::STOCK)
}

pub(crate) const FROM: Parameter =
    Parameter { name: "from", label: Labels::of("开始日期", "From"), ty: ParameterType::Date, required: false };
pub(crate) const TO: Parameter =
    Parameter { name: "to", label: Labels::of("结束日期", "To"), ty: ParameterType::Date, required: false };
pub(crate) const AS_OF: Parameter =
    Parameter { name: "asOf", label: Labels::of("截至日期", "As of"), ty: ParameterType::Date, required: false };

/// The two ends of a span, which must be in order: until today, from the first day of the year it ends in, where none
/// is said; a beginning after today ends with its own year.
pub(crate) fn span(ctx: &Ctx<'_>, params: &Params) -> Result<(Date, Date)> {
    let (today, said) = (ctx.today(), params.date("from"));
    let end = said.filter(|from| *from > today).map_or(Some(today), |from| Date::new(from.year(), 12, 31));
    let to = params.date("to").or(end).unwrap_or(today);
    let from = said.or_else(|| Date::new(to.year(), 1, 1)).unwrap_or(to);
    if from <= to {
        return Ok((from, to));
    }
    Err(Refusal::field("to", "BEFORE_FROM", Text::of("结束日期早于开始日期。", "The end is before the beginning.")))
}

/// The code and name of a record, as cells.
pub(crate) fn named<T: Typed>(ctx: &mut Ctx<'_>, id: Id) -> Result<(Json, Json)> {
    let named = ctx.named(Ref::<T>::new(id))?;
    Ok((json!(named.code.clone()), json!(named.name_in(ctx.lang()))))
}

/// Puts rows into the order of their leading cells: codes, not identities.
pub(crate) fn by_code(table: &mut Table, cells: usize) {
    table.rows.sort_by_cached_key(|row| {
        row.cells.iter().take(cells).map(|c| c.as_str().unwrap_or_default().to_owned()).collect::<Vec<_>>()
    });
}
