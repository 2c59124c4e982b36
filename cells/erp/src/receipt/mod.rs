//! Receipts: money from customers, and which invoices it pays.

mod posting;
mod rules;

use crate::bank_account::BankAccount;
use crate::customer::Customer;
use crate::posting::{PostingState, post, reverse, while_posted};
use crate::receivable::Receivable;
use crate::sales_invoice::SalesInvoice;
use paas_cell::prelude::*;

/// 收款单 | Receipt
#[derive(Document, Clone, Debug)]
#[document(number = "RC{yyyy}{mm}-{seq:5}", date = receipt_date, party = customer)]
pub struct Receipt {
    /// What the platform keeps.
    pub head: Head,
    /// 客户 | Customer
    #[field(list, indexed, search)]
    pub customer: Ref<Customer>,
    /// 收款日期 | Receipt date
    #[field(list, indexed)]
    pub receipt_date: Date,
    /// 资金账户 | Bank account
    #[field(list, indexed)]
    pub bank_account: Ref<BankAccount>,
    /// 金额 | Amount
    #[field(list, min = "0")]
    pub amount: Amount,
    /// 方式 | Method
    #[field(default = "\"transfer\"")]
    pub method: Method,
    /// 往来键 | Item
    #[field(computed)]
    pub item: Option<String>,
    /// 未核销 | Unallocated
    #[field(list, balance(Receivable, key = item, by = item, minus = open))]
    pub unallocated: Amount,
    /// 备注 | Note
    #[field(long, max = 1000)]
    pub note: Option<String>,
    /// 核销 | Allocations
    #[rows]
    pub allocations: Vec<Allocation>,
    /// 状态 | State
    #[field(list, indexed)]
    pub state: PostingState,
}

/// 核销行 | Allocation
#[derive(Row, Clone, Debug)]
pub struct Allocation {
    /// Identity.
    pub id: Id,
    /// 发票 | Invoice
    #[field(indexed)]
    pub invoice: Ref<SalesInvoice>,
    /// 金额：红字发票为负 | Amount: negative for a credit invoice
    pub amount: Amount,
}

/// 核销请求 | Allocation request
#[derive(Master, Clone, Debug)]
pub struct Allocate {
    /// What the platform keeps.
    pub head: Head,
    /// 核销 | Allocations
    #[rows]
    pub allocations: Vec<AllocateLine>,
}

/// 核销请求行 | Allocation request line
#[derive(Row, Clone, Debug)]
pub struct AllocateLine {
    /// Identity.
    pub id: Id,
    /// 发票 | Invoice
    pub invoice: Ref<SalesInvoice>,
    /// 金额：空表示全部 | Amount: none means everything
    pub amount: Option<Amount>,
}

/// 收款方式 | Method
#[derive(Choice, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// 转账 | Transfer
    Transfer,
    /// 现金 | Cash
    Cash,
    /// 支票 | Cheque
    Cheque,
    /// 其他 | Other
    Other,
}

/// The flow of receipts.
pub const FLOW: Flow<Receipt> = Flow::new(&[
    post(posting::post).emits::<crate::events::ReceiptPosted>(),
    while_posted("allocate").label("核销", "Allocate").takes::<Allocate>().does(posting::allocate),
    while_posted("unallocate").label("取消核销", "Unallocate").takes::<Allocate>().does(posting::unallocate),
    reverse(posting::reverse),
])
.guard_save(rules::check);
