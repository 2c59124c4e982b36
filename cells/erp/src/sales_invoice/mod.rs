//! Sales invoices and credit invoices.

mod posting;
mod rules;

use crate::customer::Customer;
use crate::product::Product;
use crate::receivable::Receivable;
use crate::sales_order::{SalesOrder, SalesOrderLine};
use paas_cell::prelude::*;
pub use rules::exceeds_remaining;

/// 销售发票 | Sales invoice
#[derive(Document, Clone, Debug)]
#[document(number = "SI{yyyy}{mm}-{seq:5}", date = invoice_date, party = customer)]
pub struct SalesInvoice {
    /// What the platform keeps.
    pub head: Head,
    /// 销售订单 | Sales order
    #[field(list, indexed)]
    pub sales_order: Option<Ref<SalesOrder>>,
    /// 客户 | Customer
    #[field(list, indexed, search)]
    pub customer: Ref<Customer>,
    /// 发票日期 | Invoice date
    #[field(list, indexed)]
    pub invoice_date: Date,
    /// 到期日 | Due date
    #[field(list, indexed)]
    pub due_date: Option<Date>,
    /// 类型 | Kind
    #[field(list, indexed, default = "\"normal\"")]
    pub kind: InvoiceKind,
    /// 价格含税 | Prices include tax
    #[field(default = false)]
    pub tax_included: bool,
    /// 不含税金额 | Net
    #[field(computed)]
    pub net: Amount,
    /// 税额 | Tax
    #[field(computed)]
    pub tax: Amount,
    /// 价税合计 | Total
    #[field(list, computed)]
    pub total: Amount,
    /// 往来键 | Item
    #[field(computed)]
    pub item: Option<String>,
    /// 未结 | Open
    #[field(list, balance(Receivable, key = item, by = item, sum = open))]
    pub open: Amount,
    /// 备注 | Note
    #[field(long, max = 1000)]
    pub note: Option<String>,
    /// 明细 | Lines
    #[rows(min = 1)]
    pub lines: Vec<SalesInvoiceLine>,
    /// 状态 | State
    #[field(list, indexed)]
    pub state: InvoiceState,
}

/// 销售发票行 | Sales invoice line
#[derive(Row, Clone, Debug)]
pub struct SalesInvoiceLine {
    /// Identity.
    pub id: Id,
    /// 订单行 | Order line
    pub sales_order_line: Option<Ref<SalesOrderLine>>,
    /// 商品 | Product
    pub product: Ref<Product>,
    /// 数量 | Quantity
    #[field(above = "0")]
    pub quantity: Quantity,
    /// 单价 | Unit price
    #[field(min = "0")]
    pub unit_price: Option<Price>,
    /// 折扣率 | Discount rate
    #[field(default = 0, min = "0", max_value = "1")]
    pub discount_rate: Rate,
    /// 税率 | VAT rate
    #[field(min = "0", max_value = "1")]
    pub vat_rate: Option<Rate>,
    /// 不含税金额 | Net
    #[field(computed)]
    pub net: Amount,
    /// 税额 | Tax
    #[field(computed)]
    pub tax: Amount,
    /// 价税合计 | Total
    #[field(computed)]
    pub total: Amount,
    /// 成本 | Cost
    #[field(computed)]
    pub cost: Amount,
    /// 结转成本 | Booked cost
    #[field(computed)]
    pub booked_cost: Amount,
}

/// 发票类型 | Invoice kind
#[derive(Choice, Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvoiceKind {
    /// 普通 | Normal
    Normal,
    /// 红字 | Credit
    Credit,
}

/// 销售发票状态 | Sales invoice state
#[derive(States, Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvoiceState {
    /// 草稿 | Draft
    #[state(draft)]
    Draft,
    /// 已过账 | Posted
    #[state(done)]
    Posted,
    /// 已冲销 | Reversed
    #[state(void)]
    Reversed,
}

/// The flow of sales invoices.
pub const FLOW: Flow<SalesInvoice> = Flow::new(&[
    go("post", &[InvoiceState::Draft], InvoiceState::Posted)
        .label("过账", "Post")
        .does(posting::post)
        .emits::<crate::events::InvoicePosted>(),
    go("reverse", &[InvoiceState::Posted], InvoiceState::Reversed)
        .label("冲销", "Reverse")
        .guard(posting::rests_nothing)
        .does(posting::reverse),
])
.prepare(rules::prepare)
.guard_save(rules::check);
