//! Sales orders: what a customer asked for and we promised.

pub mod follow_up;
pub mod progress;
mod rules;

use crate::customer::Customer;
use crate::product::Product;
use crate::warehouse::Warehouse;
use follow_up::FollowUp;
use paas_cell::prelude::*;
use progress::OrderFulfilment;
pub use rules::{finish_when_done, resume_when_open};

/// 销售订单 | Sales order
#[derive(Document, Clone, Debug)]
#[document(number = "SO{yyyy}{mm}-{seq:5}", date = order_date, party = customer)]
pub struct SalesOrder {
    /// What the platform keeps.
    pub head: Head,
    /// 客户 | Customer
    #[field(list, indexed, search)]
    pub customer: Ref<Customer>,
    /// 订单日期 | Order date
    #[field(list, indexed)]
    pub order_date: Date,
    /// 要求日期 | Required date
    #[field(list, indexed)]
    pub required_date: Option<Date>,
    /// 仓库 | Warehouse
    #[field(list, indexed)]
    pub warehouse: Ref<Warehouse>,
    /// 销售员 | Salesperson
    #[field(indexed)]
    pub salesperson: Option<UserRef>,
    /// 币种 | Currency
    #[field(max = 3)]
    pub currency: Option<String>,
    /// 汇率 | Exchange rate
    #[field(default = 1, above = "0")]
    pub exchange_rate: Rate,
    /// 价格含税 | Prices include tax
    #[field(default = false)]
    pub tax_included: bool,
    /// 备注 | Note
    #[field(long, max = 1000)]
    pub note: Option<String>,
    /// 不含税金额 | Net
    #[field(computed)]
    pub net: Amount,
    /// 税额 | Tax
    #[field(computed)]
    pub tax: Amount,
    /// 价税合计 | Total
    #[field(list, computed)]
    pub total: Amount,
    /// 自动完成 | Closed by itself
    #[field(computed)]
    pub auto_closed: bool,
    /// 明细 | Lines
    #[rows(min = 1)]
    pub lines: Vec<SalesOrderLine>,
    /// 状态 | State
    #[field(list, indexed)]
    pub state: SalesOrderState,
}

/// 销售订单行 | Sales order line
#[derive(Row, Clone, Debug)]
pub struct SalesOrderLine {
    /// Identity.
    pub id: Id,
    /// 商品 | Product
    pub product: Ref<Product>,
    /// 数量 | Quantity
    #[field(above = "0", max_value = "1000000000")]
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
    /// 已交数量 | Delivered
    #[field(balance(OrderFulfilment, key = line, sum = delivered))]
    pub delivered_quantity: Quantity,
    /// 已退数量 | Returned
    #[field(balance(OrderFulfilment, key = line, sum = returned))]
    pub returned_quantity: Quantity,
    /// 已开票数量 | Invoiced
    #[field(balance(OrderFulfilment, key = line, sum = invoiced))]
    pub invoiced_quantity: Quantity,
    /// 已预留数量 | Reserved
    #[field(balance(OrderFulfilment, key = line, sum = reserved))]
    pub reserved_quantity: Quantity,
}

impl SalesOrder {
    /// The line of this order that a follow-up names.
    pub fn line(&self, wanted: Option<Ref<SalesOrderLine>>) -> Option<&SalesOrderLine> {
        self.lines.iter().find(|l| Some(Ref::new(l.id)) == wanted)
    }
}

/// Locks the order of a follow-up, when it has one: follow-ups of one order go one after the other.
pub fn lock(ctx: &mut Ctx<'_>, order: Option<Ref<SalesOrder>>) -> Result<Option<SalesOrder>> {
    order.map(|order| ctx.lock(order)).transpose()
}

/// 销售订单状态 | Sales order state
#[derive(States, Clone, Copy, Debug, PartialEq, Eq)]
pub enum SalesOrderState {
    /// 草稿 | Draft
    #[state(draft)]
    Draft,
    /// 已确认 | Confirmed
    #[state(active)]
    Confirmed,
    /// 已完成 | Closed
    #[state(done)]
    Closed,
    /// 已作废 | Void
    #[state(void)]
    Void,
}

use SalesOrderState::{Closed, Confirmed, Draft, Void};

/// The flow of sales orders. `finish` and `resume` are taken by deliveries and invoices.
pub const FLOW: Flow<SalesOrder> = Flow::new(&[
    go("confirm", &[Draft], Confirmed)
        .label("确认", "Confirm")
        .guard(rules::usable)
        .guard(rules::credit)
        .does(progress::confirm)
        .emits::<crate::events::OrderConfirmed>(),
    go("deliver", &[Confirmed], Confirmed).label("生成出库单", "Deliver").takes::<FollowUp>().does(follow_up::deliver),
    go("invoice", &[Confirmed], Confirmed).label("生成发票", "Invoice").takes::<FollowUp>().does(follow_up::invoice),
    go("invoice", &[Closed], Closed).label("补开发票", "Invoice the rest").takes::<FollowUp>().does(follow_up::invoice),
    go("close", &[Confirmed], Closed).label("关闭", "Close").does(progress::close),
    go("finish", &[Confirmed], Closed).system().does(rules::finish),
    go("resume", &[Closed], Confirmed).system().does(rules::resume),
    go("reopen", &[Confirmed], Draft).label("退回草稿", "Reopen").guard(rules::untouched).does(progress::withdraw),
    go("void", &[Draft], Void).label("作废", "Void"),
])
.prepare(rules::prepare)
.guard_save(rules::check);
