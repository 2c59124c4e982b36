//! Vouchers: what the general ledger is made of, by hand or by documents.

mod rules;

use crate::account::Account;
use crate::customer::Customer;
use crate::period::Period;
use crate::product::Product;
use crate::supplier::Supplier;
use paas_cell::prelude::*;

/// 凭证 | Voucher
#[derive(Document, Clone, Debug)]
#[document(date = date)]
pub struct Voucher {
    /// What the platform keeps.
    pub head: Head,
    /// 字 | Word
    #[field(list, indexed, default = "\"记\"")]
    pub word: Word,
    /// 日期 | Date
    #[field(list, indexed)]
    pub date: Date,
    /// 会计期间 | Period
    #[field(list, indexed, computed)]
    pub period: Option<Ref<Period>>,
    /// 附件张数 | Attachments
    #[field(default = 0, min = "0")]
    pub attachments: i64,
    /// 来源 | Source
    #[field(list, indexed, computed)]
    pub source: Option<AnyRef>,
    /// 红冲对象 | Reverse of
    #[field(indexed, computed)]
    pub reverse_of: Option<Ref<Voucher>>,
    /// 红冲凭证 | Reversed by
    #[field(computed)]
    pub reversed_by: Option<Ref<Voucher>>,
    /// 期初凭证：为各科目录入期初余额 | Opening: brings the opening balances
    #[field(default = false)]
    pub opening: bool,
    /// 金额 | Amount
    #[field(list, computed)]
    pub total: Amount,
    /// 备注 | Note
    #[field(long, max = 1000)]
    pub note: Option<String>,
    /// 明细 | Lines
    #[rows(min = 1)]
    pub lines: Vec<VoucherLine>,
    /// 状态 | State
    #[field(list, indexed)]
    pub state: VoucherState,
}

/// 凭证行 | Voucher line
#[derive(Row, Clone, Debug)]
pub struct VoucherLine {
    /// Identity.
    pub id: Id,
    /// 科目 | Account
    pub account: Ref<Account>,
    /// 摘要 | Summary
    pub summary: Option<String>,
    /// 借方 | Debit
    #[field(default = 0)]
    pub debit: Amount,
    /// 贷方 | Credit
    #[field(default = 0)]
    pub credit: Amount,
    /// 客户 | Customer
    #[field(group = "dimensions")]
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
    /// 币种 | Currency
    #[field(max = 3)]
    pub currency: Option<String>,
    /// 原币金额 | Original amount
    pub original_amount: Option<Amount>,
}

/// 凭证字 | Voucher word
#[derive(Choice, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    /// 记 | General
    #[choice(value = "记")]
    General,
    /// 收 | Receipt
    #[choice(value = "收")]
    Receipt,
    /// 付 | Payment
    #[choice(value = "付")]
    Payment,
    /// 转 | Transfer
    #[choice(value = "转")]
    Transfer,
}

/// 凭证状态 | Voucher state
#[derive(States, Clone, Copy, Debug, PartialEq, Eq)]
pub enum VoucherState {
    /// 草稿 | Draft
    #[state(draft)]
    Draft,
    /// 已审核 | Reviewed
    #[state(active)]
    Reviewed,
    /// 已记账 | Posted
    #[state(done)]
    Posted,
}

/// The flow of vouchers. `book` is how automatic vouchers are posted.
pub const FLOW: Flow<Voucher> = Flow::new(&[
    go("review", &[VoucherState::Draft], VoucherState::Reviewed).label("审核", "Review").guard(rules::period_open),
    go("unreview", &[VoucherState::Reviewed], VoucherState::Draft).label("反审核", "Undo review"),
    go("post", &[VoucherState::Reviewed], VoucherState::Posted).label("记账", "Post").does(rules::post),
    go("book", &[VoucherState::Draft], VoucherState::Posted).system().does(rules::book),
    go("reverse", &[VoucherState::Posted], VoucherState::Posted).label("红冲", "Reverse").does(rules::reverse),
])
.prepare(rules::prepare)
.guard_save(rules::check);
