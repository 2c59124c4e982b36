//! Sales invoices and credit invoices.

mod posting;
mod rules;

use crate::customer::Customer;
use crate::posting::{PostingState, post, reverse};
use crate::product::Product;
use crate::receivable::Receivable;
use crate::sales_order::{SalesOrder, SalesOrderLine};
use paas_cell::prelude::*;
pub use rules::{billed, exceeds_remaining};

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
    /// 价格含税：与订单一致 | Prices include tax: as the order says
    pub tax_included: Option<bool>,
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
    pub state: PostingState,
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
    #[field(above = "0", max_value = "1000000000")]
    pub quantity: Quantity,
    /// 单价 | Unit price
    #[field(min = "0")]
    pub unit_price: Option<Price>,
    /// 折扣率 | Discount rate
    #[field(min = "0", max_value = "1")]
    pub discount_rate: Option<Rate>,
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

impl SalesInvoice {
    /// An amount or quantity of a line with the sign it has in the books: negative on a credit.
    pub fn signed<const S: u32>(&self, value: Fixed<S>) -> Fixed<S> {
        if self.kind == InvoiceKind::Credit { -value } else { value }
    }
}

impl SalesInvoiceLine {
    /// Price, discount and rate, by which lines of one order line are compared.
    pub fn terms(&self) -> (Option<Price>, Option<Rate>, Option<Rate>) {
        (self.unit_price, self.discount_rate, self.vat_rate)
    }
}

/// 发票类型 | Invoice kind
#[derive(Choice, Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvoiceKind {
    /// 普通 | Normal
    Normal,
    /// 红字 | Credit
    Credit,
}

/// The flow of sales invoices.
pub const FLOW: Flow<SalesInvoice> = Flow::new(&[
    post(posting::post).emits::<crate::events::InvoicePosted>(),
    reverse(posting::reverse).guard(posting::rests_nothing),
])
.prepare(rules::prepare)
.guard_save(rules::check);
