//! Month by month: what was sold and what came in, and what the stock is worth beside its account.

use super::margin::posted;
use super::{FROM, TO, span};
use crate::calc::{minus, plus};
use crate::ledger::{self, LedgerEntry};
use crate::receipt::Receipt;
use crate::sales_invoice::{InvoiceKind, SalesInvoice};
use crate::stock::StockMove;
use paas_cell::prelude::*;

/// Months that a report shows at most.
const MOST: usize = 120;

/// 销售与收款趋势 | Sales by month
pub const SALES_TREND: Report = Report {
    name: "sales-trend",
    label: Labels::of("销售与收款趋势", "Sales by month"),
    parameters: &[FROM, TO],
    drill: &[
        Drill {
            columns: &["revenue"],
            to: DrillTarget::Resource("sales-invoices"),
            with: &[("invoiceDate[gte]", DrillFrom::Column("from")), ("invoiceDate[lte]", DrillFrom::Column("to"))],
        },
        Drill {
            columns: &["received"],
            to: DrillTarget::Resource("receipts"),
            with: &[("receiptDate[gte]", DrillFrom::Column("from")), ("receiptDate[lte]", DrillFrom::Column("to"))],
        },
    ],
    run: sales_trend,
};

/// 库存与总账核对 | Stock value against ledger
pub const STOCK_LEDGER: Report = Report {
    name: "stock-ledger",
    label: Labels::of("库存与总账核对", "Stock value against ledger"),
    parameters: &[FROM, TO],
    drill: &[
        Drill {
            columns: &["stockValue"],
            to: DrillTarget::Resource("stock-moves"),
            with: &[("date[lte]", DrillFrom::Column("to"))],
        },
        Drill {
            columns: &["ledgerValue"],
            to: DrillTarget::Resource("ledger-entries"),
            with: &[("account.code", DrillFrom::Column("account")), ("date[lte]", DrillFrom::Column("to"))],
        },
    ],
    run: stock_ledger,
};

/// The months of a span, the first and the last cut to it.
fn months(from: Date, to: Date) -> Result<Vec<(Date, Date)>> {
    let mut months = Vec::new();
    let mut first = from;
    while first <= to {
        if months.len() == MOST {
            return Err(Refusal::field(
                "from",
                "TOO_LONG",
                Text::new(format!("期间最长 {MOST} 个月。"), format!("At most {MOST} months are shown.")),
            ));
        }
        let last = first.year_month().last_day().min(to);
        months.push((first, last));
        first = last.plus_days(1);
    }
    Ok(months)
}

/// The month's name as people sort it: 2026-11.
fn name_of(first: Date) -> Json {
    json!(format!("{:04}-{:02}", first.year(), first.month()))
}

/// Sums by day, in their order.
type Days = Vec<(Date, Amount)>;

/// What documents or entries come to per day, each measure with its sign.
fn by_day<T: Typed>(ctx: &mut Ctx<'_>, find: Find<T>, date: &str, measures: &[(&str, bool)]) -> Result<Days> {
    let names: Vec<&str> = measures.iter().map(|(name, _)| *name).collect();
    let mut days = Days::new();
    for sum in ctx.sum(find, &[date], &names)? {
        let Some(Value::Date(day)) = sum.keys.first() else { continue };
        let mut amount = Amount::ZERO;
        for (index, (_, negative)) in measures.iter().enumerate() {
            let part = Amount::from_raw(sum.raw(index));
            amount = if *negative { minus(amount, part)? } else { plus(amount, part)? };
        }
        days.push((*day, amount));
    }
    Ok(days)
}

/// What falls between two days, both counted; from the beginning where there is no first.
fn within(days: &Days, first: Option<Date>, last: Date) -> Result<Amount> {
    let counted = days.iter().filter(|(day, _)| *day <= last && first.is_none_or(|first| *day >= first));
    counted.map(|(_, part)| *part).try_fold(Amount::ZERO, plus)
}

fn sales_trend(ctx: &mut Ctx<'_>, params: &Params) -> Result<Table> {
    let (from, to) = span(ctx, params)?;
    let months = months(from, to)?;
    let invoices = |kind: InvoiceKind| posted::<SalesInvoice>("invoice_date", from, to).eq("kind", kind);
    let sold = by_day(ctx, invoices(InvoiceKind::Normal), "invoice_date", &[("net", false)])?;
    let credited = by_day(ctx, invoices(InvoiceKind::Credit), "invoice_date", &[("net", true)])?;
    let received = posted::<Receipt>("receipt_date", from, to);
    let received = by_day(ctx, received, "receipt_date", &[("amount", false)])?;
    let mut table = Table::new(to)
        .column("month", "月份", "Month", "text")
        .column("from", "自", "From", "date")
        .column("to", "至", "To", "date")
        .column("revenue", "收入", "Revenue", "amount")
        .column("received", "收款", "Received", "amount");
    let (mut revenues, mut receipts) = (Amount::ZERO, Amount::ZERO);
    for (first, last) in months {
        let revenue = plus(within(&sold, Some(first), last)?, within(&credited, Some(first), last)?)?;
        let paid = within(&received, Some(first), last)?;
        let dates = [json!(first.to_string()), json!(last.to_string())];
        let figures = [json!(revenue.to_string()), json!(paid.to_string())];
        table.push([name_of(first)].into_iter().chain(dates).chain(figures).collect());
        (revenues, receipts) = (plus(revenues, revenue)?, plus(receipts, paid)?);
    }
    table.total("revenue", json!(revenues.to_string()));
    table.total("received", json!(receipts.to_string()));
    Ok(table)
}

fn stock_ledger(ctx: &mut Ctx<'_>, params: &Params) -> Result<Table> {
    let (from, to) = span(ctx, params)?;
    let months = months(from, to)?;
    let account = ledger::account_for(ctx, ledger::STOCK)?;
    let code = ctx.named(account)?.code;
    let moves = Find::<StockMove>::all().op("date", Op::Lte, to);
    let moves = by_day(ctx, moves, "date", &[("value", false)])?;
    let entries = Find::<LedgerEntry>::all().eq("account", account).op("date", Op::Lte, to);
    let entries = by_day(ctx, entries, "date", &[("debit", false), ("credit", true)])?;
    let mut table = Table::new(to)
        .column("month", "月份", "Month", "text")
        .column("to", "截至", "Until", "date")
        .column("account", "科目", "Account", "text")
        .column("stockValue", "库存金额", "Stock value", "amount")
        .column("ledgerValue", "总账余额", "Ledger balance", "amount")
        .column("difference", "差额", "Difference", "amount");
    for (first, last) in months {
        let stock = within(&moves, None, last)?;
        let booked = within(&entries, None, last)?;
        let names = [name_of(first), json!(last.to_string()), json!(code.clone())];
        let figures = [stock, booked, minus(stock, booked)?].map(|figure| json!(figure.to_string()));
        table.push(names.into_iter().chain(figures).collect());
    }
    Ok(table)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> Date {
        text.parse().unwrap()
    }

    #[test]
    fn the_first_and_the_last_month_are_cut_to_the_span() {
        let cut = months(day("2026-01-15"), day("2026-03-02")).unwrap();
        let ends = [("2026-01-15", "2026-01-31"), ("2026-02-01", "2026-02-28"), ("2026-03-01", "2026-03-02")];
        assert_eq!(cut, ends.map(|(first, last)| (day(first), day(last))));
        assert_eq!(months(day("2026-05-05"), day("2026-05-05")).unwrap().len(), 1);
        assert_eq!(months(day("2017-01-01"), day("2026-12-31")).unwrap().len(), MOST);
        assert!(months(day("2016-12-31"), day("2026-12-31")).is_err());
    }
}
