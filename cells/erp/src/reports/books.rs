//! The trial balance. Balances are debit − credit: opening + debit − credit = closing, and the closings add up to zero.

use super::{FROM, TO, span};
use crate::account::Account;
use crate::calc::{minus, plus};
use crate::ledger::LedgerEntry;
use paas_cell::prelude::*;
use std::collections::BTreeMap;

/// 科目余额表 | Trial balance
pub const TRIAL_BALANCE: Report = Report {
    name: "trial-balance",
    label: Labels::of("科目余额表", "Trial balance"),
    parameters: &[FROM, TO],
    drill: &[
        Drill {
            columns: &["debit", "credit"],
            to: DrillTarget::Resource("ledger-entries"),
            with: &[
                ("account.code[startsWith]", DrillFrom::Column("account")),
                ("date[gte]", DrillFrom::Parameter("from")),
                ("date[lte]", DrillFrom::Parameter("to")),
            ],
        },
        Drill {
            columns: &["closing"],
            to: DrillTarget::Resource("ledger-entries"),
            with: &[
                ("account.code[startsWith]", DrillFrom::Column("account")),
                ("date[lte]", DrillFrom::Parameter("to")),
            ],
        },
    ],
    run: trial_balance,
};

/// Opening, debit and credit of an account.
#[derive(Clone, Copy, Debug, Default)]
pub struct Figures {
    /// Debit − credit before the span, and opening documents.
    pub opening: Amount,
    /// Debit in the span.
    pub debit: Amount,
    /// Credit in the span.
    pub credit: Amount,
}

impl Figures {
    /// Debit − credit at the end.
    pub fn closing(self) -> Result<Amount> {
        minus(plus(self.opening, self.debit)?, self.credit)
    }

    fn add(&mut self, other: Figures) -> Result<()> {
        self.opening = plus(self.opening, other.opening)?;
        self.debit = plus(self.debit, other.debit)?;
        self.credit = plus(self.credit, other.credit)?;
        Ok(())
    }
}

/// Figures of every account with entries, by account id, for a span of dates.
pub fn figures(ctx: &mut Ctx<'_>, from: Date, to: Date) -> Result<BTreeMap<Id, Figures>> {
    let mut all: BTreeMap<Id, Figures> = BTreeMap::new();
    let measures = &["debit", "credit"];
    let before = ctx.sum(Find::<LedgerEntry>::all().op("date", Op::Lt, from), &["account"], measures)?;
    let within = Find::<LedgerEntry>::all().op("date", Op::Gte, from).op("date", Op::Lte, to);
    let within = ctx.sum(within, &["account", "opening"], measures)?;
    for sum in before {
        let Some(account) = sum.id(0) else { continue };
        let found = all.entry(account).or_default();
        found.opening = plus(found.opening, minus(Amount::from_raw(sum.raw(0)), Amount::from_raw(sum.raw(1)))?)?;
    }
    for sum in within {
        let Some(account) = sum.id(0) else { continue };
        let found = all.entry(account).or_default();
        let (debit, credit) = (Amount::from_raw(sum.raw(0)), Amount::from_raw(sum.raw(1)));
        if sum.keys.get(1) == Some(&Value::Bool(true)) {
            found.opening = plus(found.opening, minus(debit, credit)?)?;
        } else {
            found.debit = plus(found.debit, debit)?;
            found.credit = plus(found.credit, credit)?;
        }
    }
    Ok(all)
}

/// Every account by its code, with its figures; accounts above others hold the sums of those below.
pub fn by_code(ctx: &mut Ctx<'_>, from: Date, to: Date) -> Result<(Vec<Account>, BTreeMap<String, Figures>)> {
    let accounts = ctx.find(Find::<Account>::all().sort("code"))?;
    let figures = figures(ctx, from, to)?;
    let mut codes: BTreeMap<String, Figures> = BTreeMap::new();
    for account in &accounts {
        let Some(own) = figures.get(&account.head.id) else { continue };
        for length in (4..=account.code.len()).step_by(2) {
            if let Some(code) = account.code.get(..length) {
                codes.entry(code.to_owned()).or_default().add(*own)?;
            }
        }
    }
    Ok((accounts, codes))
}

fn trial_balance(ctx: &mut Ctx<'_>, params: &Params) -> Result<Table> {
    let (from, to) = span(ctx, params)?;
    let (accounts, codes) = by_code(ctx, from, to)?;
    let mut table = Table::new(to)
        .column("account", "科目编码", "Account", "text")
        .column("accountName", "科目名称", "Account name", "text")
        .column("opening", "期初余额（借−贷）", "Opening (debit − credit)", "amount")
        .column("debit", "本期借方", "Debit", "amount")
        .column("credit", "本期贷方", "Credit", "amount")
        .column("closing", "期末余额（借−贷）", "Closing (debit − credit)", "amount");
    let mut sum = Figures::default();
    for account in &accounts {
        let Some(figures) = codes.get(&account.code) else { continue };
        let name = ctx.named(Ref::<Account>::new(account.head.id))?.name_in(ctx.lang());
        let cells = vec![
            json!(account.code),
            json!(name),
            json!(figures.opening.to_string()),
            json!(figures.debit.to_string()),
            json!(figures.credit.to_string()),
            json!(figures.closing()?.to_string()),
        ];
        let is_group = accounts.iter().any(|a| a.parent == Some(Ref::new(account.head.id)));
        if is_group {
            table.push_group(cells);
        } else {
            table.push(cells);
            sum.add(*figures)?;
        }
    }
    table.total("opening", json!(sum.opening.to_string()));
    table.total("debit", json!(sum.debit.to_string()));
    table.total("credit", json!(sum.credit.to_string()));
    table.total("closing", json!(sum.closing()?.to_string()));
    Ok(table)
}
