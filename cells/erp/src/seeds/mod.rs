//! What a new tenant starts with, and the demo company.

mod chart;
mod demo;

use crate::account::{Account, with_code};
use crate::bank_account::BankAccount;
use crate::ledger;
use crate::ledger::rules_of_posting::PostingRule;
use crate::period::Period;
use crate::unit::Unit;
use crate::vat_rate::VatRate;
use crate::warehouse::Warehouse;
pub use demo::demo;
use paas_cell::prelude::*;
use std::collections::HashMap;

const UNITS: &[(&str, &str, &str, i64)] = &[
    ("PCS", "件", "Piece", 0),
    ("BOX", "箱", "Box", 0),
    ("SET", "套", "Set", 0),
    ("KG", "千克", "Kilogram", 3),
    ("M", "米", "Metre", 2),
    ("L", "升", "Litre", 3),
    ("H", "小时", "Hour", 2),
];

const RATES: &[(&str, &str, &str, &str)] = &[
    ("VAT13", "增值税 13%", "VAT 13 %", "0.13"),
    ("VAT9", "增值税 9%", "VAT 9 %", "0.09"),
    ("VAT6", "增值税 6%", "VAT 6 %", "0.06"),
    ("VAT3", "征收率 3%", "VAT 3 %", "0.03"),
    ("VAT1", "征收率 1%", "VAT 1 %", "0.01"),
    ("VAT0", "零税率", "VAT 0 %", "0"),
];

const RULES: &[(&str, &str, &str, &str)] = &[
    (ledger::RECEIVABLE, "应收账款", "Receivables", "1122"),
    (ledger::ADVANCE, "预收账款", "Advances from customers", "2203"),
    (ledger::REVENUE, "主营业务收入", "Revenue", "5001"),
    (ledger::OUTPUT_TAX, "销项税额", "Output tax", "22210107"),
    (ledger::INPUT_TAX_BACK, "进项税额转出", "Input tax given back", "22210109"),
    (ledger::COST_OF_SALES, "主营业务成本", "Cost of sales", "5401"),
    (ledger::STOCK, "库存商品", "Goods on stock", "140501"),
    (ledger::SHIPPED, "发出商品", "Goods shipped", "140502"),
    (ledger::STOCK_DIFFERENCE, "待处理财产损溢", "Stock differences", "190101"),
    (ledger::OPENING, "期初过渡", "Opening balances", "3999"),
];

/// Chart, posting rules, periods of the current year, units, rates, one warehouse, a bank and a cash account.
pub fn seed(ctx: &mut Ctx<'_>) -> Result<()> {
    for (code, name, name_en, decimals) in UNITS {
        let mut unit = Unit::blank();
        (unit.code, unit.name, unit.name_en) = (code.to_string(), name.to_string(), Some(name_en.to_string()));
        unit.decimals = *decimals;
        ctx.create(unit)?;
    }
    for (code, name, name_en, rate) in RATES {
        let mut vat = VatRate::blank();
        (vat.code, vat.name, vat.name_en) = (code.to_string(), name.to_string(), Some(name_en.to_string()));
        vat.rate = Rate::parse(rate).unwrap_or_default();
        ctx.create(vat)?;
    }
    accounts(ctx)?;
    for (code, name, name_en, account) in RULES {
        let mut rule = PostingRule::blank();
        (rule.code, rule.name, rule.name_en) = (code.to_string(), name.to_string(), Some(name_en.to_string()));
        rule.account = with_code(ctx, account)?;
        ctx.create(rule)?;
    }
    let year = i64::from(ctx.today().year());
    for month in 1..=12 {
        let mut period = Period::blank();
        (period.year, period.month) = (year, month);
        ctx.create(period)?;
    }
    let mut warehouse = Warehouse::blank();
    warehouse.code = "WH01".to_owned();
    (warehouse.name, warehouse.name_en) = ("主仓库".to_owned(), Some("Main warehouse".to_owned()));
    ctx.create(warehouse)?;
    bank(ctx, "BANK01", "基本户", "Main bank account", "100201")?;
    bank(ctx, "CASH01", "现金", "Cash", "1001")
}

fn accounts(ctx: &mut Ctx<'_>) -> Result<()> {
    let mut made: HashMap<&str, Ref<Account>> = HashMap::new();
    for (code, name, name_en, class, direction) in chart::CHART {
        let mut account = Account::blank();
        (account.code, account.name, account.name_en) = (code.to_string(), name.to_string(), Some(name_en.to_string()));
        (account.class, account.direction) = (*class, *direction);
        account.parent = code.get(..code.len().saturating_sub(2)).and_then(|above| made.get(above)).copied();
        if matches!(*code, "1122" | "2203") {
            account.dimensions = vec!["customer".to_owned()];
        }
        let stored = ctx.create(account)?;
        made.insert(code, Ref::new(stored.head.id));
    }
    Ok(())
}

fn bank(ctx: &mut Ctx<'_>, code: &str, name: &str, name_en: &str, account: &str) -> Result<()> {
    let mut bank = BankAccount::blank();
    (bank.code, bank.name, bank.name_en) = (code.to_owned(), name.to_owned(), Some(name_en.to_owned()));
    bank.ledger_account = with_code(ctx, account)?;
    ctx.create(bank).map(drop)
}
