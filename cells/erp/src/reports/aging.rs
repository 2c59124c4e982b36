//! Receivables by age on any date, from the entries up to that date.

use super::{AS_OF, by_code, named};
use crate::calc::{plus, total};
use crate::customer::Customer;
use crate::receivable::ReceivableEntry;
use paas_cell::prelude::*;
use std::collections::BTreeMap;

const BASES: &[paas_cell::__private::Choice] = &[
    paas_cell::__private::Choice { value: "due", label: Text::of("到期日", "Due date") },
    paas_cell::__private::Choice { value: "document", label: Text::of("单据日期", "Document date") },
    paas_cell::__private::Choice { value: "posting", label: Text::of("记账日期", "Posting date") },
];

/// 应收账龄 | Receivables by age
pub const AR_AGING: Report = Report {
    name: "ar-aging",
    label: Labels::of("应收账龄", "Receivables by age"),
    parameters: &[
        AS_OF,
        Parameter {
            name: "base",
            label: Labels::of("账龄依据", "Base"),
            ty: ParameterType::Choice(BASES),
            required: false,
        },
    ],
    drill: &[Drill {
        columns: &["notDue", "days1to30", "days31to60", "days61to90", "days91to120", "over120", "balance"],
        to: DrillTarget::Resource("receivable-entries"),
        with: &[("party.code", DrillFrom::Column("party")), ("date[lte]", DrillFrom::Parameter("asOf"))],
    }],
    run: ar_aging,
};

/// Upper bounds of the buckets in days; beyond the last is one more.
const BOUNDS: [i32; 4] = [30, 60, 90, 120];

/// The column of an age in days: 0 is not due, then a bucket per bound, then the rest.
pub fn bucket(age_days: i32) -> usize {
    if age_days <= 0 {
        return 0;
    }
    1 + BOUNDS.iter().position(|bound| age_days <= *bound).unwrap_or(BOUNDS.len())
}

fn ar_aging(ctx: &mut Ctx<'_>, params: &Params) -> Result<Table> {
    let as_of = params.date("asOf").unwrap_or_else(|| ctx.today());
    let base = if params.text("base").is_none_or(|b| b == "due") { "due_date" } else { "document_date" };
    let find = Find::<ReceivableEntry>::all().op("date", Op::Lte, as_of);
    let mut parties: BTreeMap<Id, [Amount; 6]> = BTreeMap::new();
    for sum in ctx.sum(find, &["party", base], &["open"])? {
        let (Some(party), Some(Value::Date(date))) = (sum.id(0), sum.keys.get(1)) else { continue };
        let buckets = parties.entry(party).or_default();
        if let Some(slot) = buckets.get_mut(bucket(as_of.days_since(*date))) {
            *slot = plus(*slot, Amount::from_raw(sum.raw(0)))?;
        }
    }
    let mut table = Table::new(as_of)
        .column("party", "客户", "Party", "text")
        .column("partyName", "客户名称", "Party name", "text")
        .column("notDue", "未到期", "Not due", "amount")
        .column("days1to30", "1–30 天", "1–30 days", "amount")
        .column("days31to60", "31–60 天", "31–60 days", "amount")
        .column("days61to90", "61–90 天", "61–90 days", "amount")
        .column("days91to120", "91–120 天", "91–120 days", "amount")
        .column("over120", "120 天以上", "Over 120 days", "amount")
        .column("balance", "余额", "Balance", "amount");
    let mut sums = [Amount::ZERO; 6];
    for (party, buckets) in parties {
        if buckets.iter().all(|b| b.is_zero()) {
            continue;
        }
        let (code, name) = named::<Customer>(ctx, party)?;
        let mut cells = vec![code, name];
        cells.extend(buckets.iter().map(|b| json!(b.to_string())));
        cells.push(json!(total(buckets)?.to_string()));
        table.push(cells);
        for (sum, bucket) in sums.iter_mut().zip(buckets) {
            *sum = plus(*sum, bucket)?;
        }
    }
    by_code(&mut table, 1);
    let names = ["notDue", "days1to30", "days31to60", "days61to90", "days91to120", "over120"];
    for (name, sum) in names.into_iter().zip(sums) {
        table.total(name, json!(sum.to_string()));
    }
    table.total("balance", json!(total(sums)?.to_string()));
    Ok(table)
}

#[cfg(test)]
mod tests {
    #[test]
    fn ages_fall_into_the_first_bucket_that_holds_them() {
        let columns: Vec<usize> = [-5, 0, 1, 30, 31, 60, 90, 91, 120, 121].into_iter().map(super::bucket).collect();
        assert_eq!(columns, [0, 0, 1, 1, 2, 2, 3, 4, 4, 5]);
    }
}
