//! The general ledger: entries, balances per account and month, and the journal that automatic vouchers are made with.

pub mod rules_of_posting;

use crate::account::Account;
use crate::calc::{minus, plus};
use crate::customer::Customer;
use crate::period::{self, Asks};
use crate::product::Product;
use crate::supplier::Supplier;
use crate::voucher::{Voucher, VoucherLine, Word};
use paas_cell::prelude::*;
pub use rules_of_posting::{
    ADVANCE, COST_OF_SALES, INPUT_TAX_BACK, OPENING, OUTPUT_TAX, RECEIVABLE, REVENUE, SHIPPED, STOCK, STOCK_DIFFERENCE,
    account_for,
};

/// 科目余额 | Account balance
#[derive(Balance, Clone, Debug)]
#[balance(resource = "account-balances")]
pub struct AccountBalance {
    /// 科目 | Account
    #[field(key, list, indexed)]
    pub account: Ref<Account>,
    /// 期间：YYYYMM | Period: YYYYMM
    #[field(key, list, indexed)]
    pub period: i64,
    /// 期初 | Opening
    #[field(key, list)]
    pub opening: bool,
    /// 借方 | Debit
    #[field(measure, list)]
    pub debit: Amount,
    /// 贷方 | Credit
    #[field(measure, list)]
    pub credit: Amount,
}

/// 分录 | Ledger entry
#[derive(Entry, Clone, Debug)]
#[entry(balance = AccountBalance, resource = "ledger-entries", date = date, index(account, date))]
pub struct LedgerEntry {
    /// Identity.
    pub id: Id,
    /// 凭证 | Voucher
    #[field(list, indexed)]
    pub voucher: Ref<Voucher>,
    /// 行号 | Line
    #[field(list)]
    pub line: i64,
    /// 科目 | Account
    #[field(key, list, indexed)]
    pub account: Ref<Account>,
    /// 期间：YYYYMM | Period: YYYYMM
    #[field(key)]
    pub period: i64,
    /// 期初 | Opening
    #[field(key)]
    pub opening: bool,
    /// 日期 | Date
    #[field(list, indexed)]
    pub date: Date,
    /// 摘要 | Summary
    #[field(list)]
    pub summary: Option<String>,
    /// 借方 | Debit
    #[field(measure, list)]
    pub debit: Amount,
    /// 贷方 | Credit
    #[field(measure, list)]
    pub credit: Amount,
    /// 客户 | Customer
    #[field(group = "dimensions", indexed)]
    pub customer: Option<Ref<Customer>>,
    /// 供应商 | Supplier
    #[field(group = "dimensions")]
    pub supplier: Option<Ref<Supplier>>,
    /// 商品 | Product
    #[field(group = "dimensions")]
    pub product: Option<Ref<Product>>,
    /// 部门 | Department
    #[field(group = "dimensions")]
    pub department: Option<DepartmentRef>,
    /// 员工 | Employee
    #[field(group = "dimensions")]
    pub employee: Option<UserRef>,
    /// 项目 | Project
    #[field(group = "dimensions")]
    pub project: Option<String>,
}

/// Account, customer, whether it is a debit, amount.
type JournalLine = (Ref<Account>, Option<Ref<Customer>>, bool, Amount);

/// Lines of an automatic voucher being collected; equal accounts and customers are one line, zero lines are dropped.
pub struct Journal {
    word: Word,
    date: Date,
    summary: String,
    opening: bool,
    lines: Vec<JournalLine>,
}

impl Journal {
    /// An empty journal.
    pub fn new(word: Word, date: Date, summary: impl Into<String>) -> Journal {
        Journal { word, date, summary: summary.into(), opening: false, lines: Vec::new() }
    }

    /// Marks it as made by an opening document.
    pub fn opening(&mut self) {
        self.opening = true;
    }

    /// Adds to the debit side.
    pub fn debit(&mut self, account: Ref<Account>, customer: Option<Ref<Customer>>, amount: Amount) -> Result<()> {
        self.add(account, customer, true, amount)
    }

    /// Adds to the credit side.
    pub fn credit(&mut self, account: Ref<Account>, customer: Option<Ref<Customer>>, amount: Amount) -> Result<()> {
        self.add(account, customer, false, amount)
    }

    /// A line of its own, not joined with an equal one (a line per tax rate).
    pub fn credit_apart(&mut self, account: Ref<Account>, amount: Amount) {
        self.lines.push((account, None, false, amount));
    }

    fn add(
        &mut self,
        account: Ref<Account>,
        customer: Option<Ref<Customer>>,
        debit: bool,
        amount: Amount,
    ) -> Result<()> {
        match self.lines.iter_mut().find(|l| (l.0, l.1, l.2) == (account, customer, debit)) {
            Some(line) => line.3 = plus(line.3, amount)?,
            None => self.lines.push((account, customer, debit, amount)),
        }
        Ok(())
    }

    /// Posts the voucher with its entries, as the last thing of the transaction: its number is the last lock. Nothing
    /// is posted when no line is left.
    pub fn post(self, ctx: &mut Ctx<'_>, source: AnyRef) -> Result<Option<Ref<Voucher>>> {
        let mut voucher = Voucher::blank();
        voucher.word = self.word;
        voucher.date = self.date;
        voucher.source = Some(source);
        voucher.opening = self.opening;
        for (account, customer, is_debit, amount) in self.lines.into_iter().filter(|l| !l.3.is_zero()) {
            let mut line = VoucherLine::blank();
            line.account = account;
            line.customer = customer;
            line.summary = Some(self.summary.clone());
            if is_debit {
                line.debit = amount;
            } else {
                line.credit = amount;
            }
            voucher.lines.push(line);
        }
        if voucher.lines.is_empty() {
            return Ok(None);
        }
        book(ctx, voucher).map(Some)
    }
}

/// Creates a voucher and posts it at once.
fn book(ctx: &mut Ctx<'_>, voucher: Voucher) -> Result<Ref<Voucher>> {
    let mut stored = ctx.raise(voucher)?;
    ctx.take(&mut stored, "book")?;
    Ok(Ref::new(stored.head.id))
}

/// Writes the entries of a voucher that is being posted; its sides must be equal and its period open.
pub fn enter(ctx: &mut Ctx<'_>, voucher: &mut Voucher, asks: Asks) -> Result<()> {
    let period = period::open_on(ctx, voucher.date, asks)?;
    voucher.period = Some(period);
    let month = voucher.date.year_month().number();
    let opening = voucher.opening && period::earliest(ctx)? == Some(month);
    let mut keys: Vec<AccountBalance> = Vec::new();
    for line in &voucher.lines {
        if !keys.iter().any(|k| k.account == line.account) {
            let mut key = AccountBalance::blank();
            (key.account, key.period, key.opening) = (line.account, month, opening);
            keys.push(key);
        }
    }
    ctx.lock_balances(&keys)?;
    if voucher.head.number.is_none() {
        let pattern = format!("{}{{yyyy}}{{mm}}-{{seq:4}}", voucher.word.name());
        let date = voucher.date;
        ctx.number(voucher, &pattern, date)?;
    }
    for (line, position) in voucher.lines.iter().zip(1_i64..) {
        ctx.post(LedgerEntry {
            id: Id::NIL,
            voucher: Ref::new(voucher.head.id),
            line: position,
            account: line.account,
            period: month,
            opening,
            date: voucher.date,
            summary: line.summary.clone(),
            debit: line.debit,
            credit: line.credit,
            customer: line.customer,
            supplier: line.supplier,
            product: line.product,
            department: line.department,
            employee: line.employee,
            project: line.project.clone(),
        })?;
    }
    Ok(())
}

/// The voucher of a document, if it posted one; red vouchers are not the document's own.
pub fn vouchers_of(ctx: &mut Ctx<'_>, source: &AnyRef) -> Result<Vec<Voucher>> {
    let found = ctx.find(Find::<Voucher>::all().eq("source", source.clone()).sort("id"))?;
    found
        .into_iter()
        .filter(|v| v.reverse_of.is_none() && v.reversed_by.is_none())
        .map(|v| ctx.get(Ref::<Voucher>::new(v.head.id)))
        .collect()
}

/// Posts a red voucher: the lines of the original with negative amounts on the same sides, once per original.
pub fn reverse(ctx: &mut Ctx<'_>, original: &mut Voucher) -> Result<Ref<Voucher>> {
    if original.reversed_by.is_some() {
        return Err(Refusal::rule(
            "erp.voucher.already-reversed",
            Text::of("该凭证已红冲，不能重复红冲。", "This voucher is reversed already."),
            json!({"voucher": original.head.number}),
        ));
    }
    let number = original.head.number.clone().unwrap_or_default();
    let mut red = Voucher::blank();
    red.word = original.word;
    red.date = period::reversal_date(ctx, original.date)?;
    red.source = original.source.clone();
    red.opening = original.opening;
    red.reverse_of = Some(Ref::new(original.head.id));
    for line in &original.lines {
        let mut negative = line.clone();
        negative.id = Id::NIL;
        negative.debit = -line.debit;
        negative.credit = -line.credit;
        negative.original_amount = line.original_amount.map(|a| -a);
        negative.summary = Some(format!("红冲 {number}"));
        red.lines.push(negative);
    }
    let red = book(ctx, red)?;
    original.reversed_by = Some(red);
    Ok(red)
}

/// Reverses every voucher that a document posted.
pub fn reverse_all(ctx: &mut Ctx<'_>, source: &AnyRef) -> Result<()> {
    for mut voucher in vouchers_of(ctx, source)? {
        reverse(ctx, &mut voucher)?;
        ctx.save(&mut voucher)?;
    }
    Ok(())
}

/// Σ debit − Σ credit of voucher lines.
pub fn difference(lines: &[VoucherLine]) -> Result<Amount> {
    lines.iter().try_fold(Amount::ZERO, |sum, line| minus(plus(sum, line.debit)?, line.credit))
}
