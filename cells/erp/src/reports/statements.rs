//! Balance sheet and income statement of 小企业会计准则.

use super::{AS_OF, FROM, TO, books, span};
use crate::calc::{minus, plus, total};
use crate::ledger::{self, LedgerEntry};
use paas_cell::prelude::*;
use std::collections::BTreeMap;

/// 资产负债表 | Balance sheet
pub const BALANCE_SHEET: Report = Report {
    name: "balance-sheet",
    label: Labels::of("资产负债表", "Balance sheet"),
    parameters: &[AS_OF],
    drill: &[Drill {
        columns: &["amount"],
        to: DrillTarget::Report("trial-balance"),
        with: &[("to", DrillFrom::Parameter("asOf"))],
    }],
    run: balance_sheet,
};

/// 利润表 | Income statement
pub const INCOME_STATEMENT: Report = Report {
    name: "income-statement",
    label: Labels::of("利润表", "Income statement"),
    parameters: &[FROM, TO],
    drill: &[Drill {
        columns: &["amount"],
        to: DrillTarget::Report("trial-balance"),
        with: &[("from", DrillFrom::Parameter("from")), ("to", DrillFrom::Parameter("to"))],
    }],
    run: income_statement,
};

/// A line: number, names, codes added (debit side positive for assets, credit side positive else), and whether it adds up.
struct Line {
    number: &'static str,
    zh: &'static str,
    en: &'static str,
    codes: &'static [&'static str],
}

const fn line(number: &'static str, zh: &'static str, en: &'static str, codes: &'static [&'static str]) -> Line {
    Line { number, zh, en, codes }
}

const ASSETS_CURRENT: &[Line] = &[
    line("L1", "货币资金", "Monetary funds", &["1001", "1002", "1012"]),
    line("L2", "短期投资", "Short-term investments", &["1101"]),
    line("L3", "应收票据", "Notes receivable", &["1121"]),
    line("L4", "应收账款", "Accounts receivable", &[]),
    line("L5", "预付账款", "Prepayments", &["1123"]),
    line("L6", "应收股利", "Dividends receivable", &["1131"]),
    line("L7", "应收利息", "Interest receivable", &["1132"]),
    line("L8", "其他应收款", "Other receivables", &["1221"]),
    line(
        "L9",
        "存货",
        "Inventories",
        &["1401", "1402", "1403", "1404", "1405", "1407", "1408", "1411", "1421", "4001", "4101", "4401", "4403"],
    ),
    line("L14", "其他流动资产", "Other current assets", &["222103", "222104", "222105", "222107"]),
];

const ASSETS_OTHER: &[Line] = &[
    line("L16", "长期债券投资", "Long-term bonds", &["1501"]),
    line("L17", "长期股权投资", "Long-term equity investments", &["1511"]),
    line("L20", "固定资产账面价值", "Fixed assets, net", &["1601", "1602"]),
    line("L21", "在建工程", "Construction in progress", &["1604"]),
    line("L22", "工程物资", "Construction materials", &["1605"]),
    line("L23", "固定资产清理", "Disposal of fixed assets", &["1606"]),
    line("L24", "生产性生物资产", "Productive biological assets", &["1621", "1622"]),
    line("L25", "无形资产", "Intangible assets", &["1701", "1702"]),
    line("L26", "开发支出", "Development expenditure", &["4301"]),
    line("L27", "长期待摊费用", "Long-term deferred expenses", &["1801"]),
    line("L28", "其他非流动资产", "Other non-current assets", &["1901"]),
];

const LIABILITIES_CURRENT: &[Line] = &[
    line("L31", "短期借款", "Short-term loans", &["2001"]),
    line("L32", "应付票据", "Notes payable", &["2201"]),
    line("L33", "应付账款", "Accounts payable", &["2202"]),
    line("L34", "预收账款", "Advances from customers", &[]),
    line("L35", "应付职工薪酬", "Employee benefits payable", &["2211"]),
    line("L36", "应交税费", "Taxes payable", &["222101", "222102", "222106", "222108", "222109", "222110", "222111"]),
    line("L37", "应付利息", "Interest payable", &["2231"]),
    line("L38", "应付利润", "Profit payable", &["2232"]),
    line("L39", "其他应付款", "Other payables", &["2241"]),
];

const LIABILITIES_OTHER: &[Line] = &[
    line("L42", "长期借款", "Long-term loans", &["2501"]),
    line("L43", "长期应付款", "Long-term payables", &["2701"]),
    line("L44", "递延收益", "Deferred income", &["2401"]),
];

const EQUITY: &[Line] = &[
    line("L48", "实收资本", "Paid-in capital", &["3001"]),
    line("L49", "资本公积", "Capital reserve", &["3002"]),
    line("L50", "盈余公积", "Surplus reserve", &["3101"]),
    line("L51", "未分配利润", "Undistributed profit", &["3103", "3104", "5"]),
    line("期初", "期初过渡", "Opening balances", &["3999"]),
];

/// Balances (debit − credit) of level-one accounts and deeper, by code.
struct Balances(BTreeMap<String, Amount>);

impl Balances {
    fn of(&self, code: &str) -> Result<Amount> {
        if code.len() == 1 {
            let below = self.0.iter().filter(|(c, _)| c.len() == 4 && c.starts_with(code)).map(|(_, a)| *a);
            return total(below);
        }
        Ok(self.0.get(code).copied().unwrap_or_default())
    }

    fn sum(&self, codes: &[&str]) -> Result<Amount> {
        codes.iter().try_fold(Amount::ZERO, |sum, code| plus(sum, self.of(code)?))
    }
}

/// Receivables and advances by customer: those who owe are assets, those who paid in advance are liabilities.
fn customers(ctx: &mut Ctx<'_>, to: Date) -> Result<(Amount, Amount)> {
    let (mut owe, mut advance) = (Amount::ZERO, Amount::ZERO);
    for rule in [ledger::RECEIVABLE, ledger::ADVANCE] {
        let account = ledger::account_for(ctx, rule)?;
        let find = Find::<LedgerEntry>::all().eq("account", account).op("date", Op::Lte, to);
        for sum in ctx.sum(find, &["customer"], &["debit", "credit"])? {
            let balance = minus(Amount::from_raw(sum.raw(0)), Amount::from_raw(sum.raw(1)))?;
            if balance.is_positive() {
                owe = plus(owe, balance)?;
            } else {
                advance = plus(advance, -balance)?;
            }
        }
    }
    Ok((owe, advance))
}

fn section(ctx: &Ctx<'_>, table: &mut Table, lines: &[Line], amounts: &[Amount]) {
    for (line, amount) in lines.iter().zip(amounts) {
        table.push(row(ctx, line.number, (line.zh, line.en), *amount));
    }
}

fn row(ctx: &Ctx<'_>, number: &str, (zh, en): (&str, &str), amount: Amount) -> Vec<Json> {
    let name = if ctx.lang() == Lang::En { en } else { zh };
    vec![json!(number), json!(name), json!(amount.to_string())]
}

fn amounts(balances: &Balances, lines: &[Line], credit: bool) -> Result<Vec<Amount>> {
    lines.iter().map(|l| balances.sum(l.codes).map(|a| if credit { -a } else { a })).collect()
}

fn balance_sheet(ctx: &mut Ctx<'_>, params: &Params) -> Result<Table> {
    let to = params.date("asOf").unwrap_or_else(|| ctx.today());
    let (_, codes) = books::by_code(ctx, to, to)?;
    let balances = Balances(codes.into_iter().map(|(code, f)| Ok((code, f.closing()?))).collect::<Result<_>>()?);
    let (owe, advance) = customers(ctx, to)?;
    let mut current = amounts(&balances, ASSETS_CURRENT, false)?;
    put(&mut current, ASSETS_CURRENT, "L4", owe);
    let other = amounts(&balances, ASSETS_OTHER, false)?;
    let mut payable = amounts(&balances, LIABILITIES_CURRENT, true)?;
    put(&mut payable, LIABILITIES_CURRENT, "L34", advance);
    let long = amounts(&balances, LIABILITIES_OTHER, true)?;
    let equity = amounts(&balances, EQUITY, true)?;
    let add = |parts: &[Amount]| total(parts.iter().copied());
    let mut table = Table::new(to)
        .column("line", "行次", "Line", "text")
        .column("item", "项目", "Item", "text")
        .column("amount", "期末余额", "Amount", "amount");
    let (l15, l29) = (add(&current)?, add(&other)?);
    section(ctx, &mut table, ASSETS_CURRENT, &current);
    table.push_group(row(ctx, "L15", ("流动资产合计", "Current assets"), l15));
    section(ctx, &mut table, ASSETS_OTHER, &other);
    table.push_group(row(ctx, "L29", ("非流动资产合计", "Non-current assets"), l29));
    table.push_group(row(ctx, "L30", ("资产总计", "Total assets"), plus(l15, l29)?));
    let (l41, l46, l52) = (add(&payable)?, add(&long)?, add(&equity)?);
    section(ctx, &mut table, LIABILITIES_CURRENT, &payable);
    table.push_group(row(ctx, "L41", ("流动负债合计", "Current liabilities"), l41));
    section(ctx, &mut table, LIABILITIES_OTHER, &long);
    table.push_group(row(ctx, "L46", ("非流动负债合计", "Non-current liabilities"), l46));
    let l47 = plus(l41, l46)?;
    table.push_group(row(ctx, "L47", ("负债合计", "Total liabilities"), l47));
    section(ctx, &mut table, EQUITY, &equity);
    table.push_group(row(ctx, "L52", ("所有者权益合计", "Total equity"), l52));
    table.push_group(row(ctx, "L53", ("负债和所有者权益总计", "Total liabilities and equity"), plus(l47, l52)?));
    Ok(table)
}

fn put(amounts: &mut [Amount], lines: &[Line], number: &str, amount: Amount) {
    for (slot, _) in amounts.iter_mut().zip(lines).filter(|(_, l)| l.number == number) {
        *slot = amount;
    }
}

fn income_statement(ctx: &mut Ctx<'_>, params: &Params) -> Result<Table> {
    let (from, to) = span(ctx, params)?;
    let (_, codes) = books::by_code(ctx, from, to)?;
    let turnover: BTreeMap<String, Amount> =
        codes.into_iter().map(|(code, f)| Ok((code, minus(f.credit, f.debit)?))).collect::<Result<_>>()?;
    let gain = |list: &[&str]| total(list.iter().map(|c| turnover.get(*c).copied().unwrap_or_default()));
    let loss = |list: &[&str]| gain(list).map(|a| -a);
    let (l1, l2, l3) = (gain(&["5001", "5051"])?, loss(&["5401", "5402"])?, loss(&["5403"])?);
    let (l11, l14, l18) = (loss(&["5601"])?, loss(&["5602"])?, loss(&["5603"])?);
    let l20 = gain(&["5111"])?;
    let costs = total([l2, l3, l11, l14, l18])?;
    let l21 = plus(minus(l1, costs)?, l20)?;
    let (l22, l24) = (gain(&["5301"])?, loss(&["5711"])?);
    let l30 = minus(plus(l21, l22)?, l24)?;
    let l31 = loss(&["5801"])?;
    let l32 = minus(l30, l31)?;
    let mut table = Table::new(to)
        .column("line", "行次", "Line", "text")
        .column("item", "项目", "Item", "text")
        .column("amount", "本期金额", "Amount", "amount");
    let lines = [
        ("L1", ("营业收入", "Operating revenue"), l1, false),
        ("L2", ("营业成本", "Operating cost"), l2, false),
        ("L3", ("税金及附加", "Taxes and surcharges"), l3, false),
        ("L11", ("销售费用", "Selling expenses"), l11, false),
        ("L14", ("管理费用", "Administrative expenses"), l14, false),
        ("L18", ("财务费用", "Financial expenses"), l18, false),
        ("L20", ("投资收益", "Investment income"), l20, false),
        ("L21", ("营业利润", "Operating profit"), l21, true),
        ("L22", ("营业外收入", "Non-operating income"), l22, false),
        ("L24", ("营业外支出", "Non-operating expenses"), l24, false),
        ("L30", ("利润总额", "Profit before tax"), l30, true),
        ("L31", ("所得税费用", "Income tax"), l31, false),
        ("L32", ("净利润", "Net profit"), l32, true),
    ];
    for (number, names, amount, is_group) in lines {
        let cells = row(ctx, number, names, amount);
        if is_group {
            table.push_group(cells);
        } else {
            table.push(cells);
        }
    }
    Ok(table)
}
