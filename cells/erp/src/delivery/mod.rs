//! Deliveries: goods that leave for a customer.

pub mod costs;
pub mod posting;
mod rules;

use crate::customer::Customer;
use crate::product::Product;
use crate::sales_order::{SalesOrder, SalesOrderLine};
use crate::settings::CostOfSales;
use crate::warehouse::Warehouse;
use paas_cell::prelude::*;
pub use rules::exceeds_order;

/// 出库单 | Delivery
#[derive(Document, Clone, Debug)]
#[document(number = "DN{yyyy}{mm}-{seq:5}", date = delivery_date, party = customer)]
pub struct Delivery {
    /// What the platform keeps.
    pub head: Head,
    /// 销售订单 | Sales order
    #[field(list, indexed)]
    pub sales_order: Option<Ref<SalesOrder>>,
    /// 客户 | Customer
    #[field(list, indexed, search)]
    pub customer: Ref<Customer>,
    /// 仓库 | Warehouse
    #[field(list, indexed)]
    pub warehouse: Ref<Warehouse>,
    /// 出库日期 | Delivery date
    #[field(list, indexed)]
    pub delivery_date: Date,
    /// 成本 | Cost
    #[field(list, computed)]
    pub cost: Amount,
    /// 成本结转 | Cost of sales
    #[field(computed)]
    pub cost_of_sales: Option<CostOfSales>,
    /// 备注 | Note
    #[field(long, max = 1000)]
    pub note: Option<String>,
    /// 明细 | Lines
    #[rows(min = 1)]
    pub lines: Vec<DeliveryLine>,
    /// 状态 | State
    #[field(list, indexed)]
    pub state: DeliveryState,
}

/// 出库单行 | Delivery line
#[derive(Row, Clone, Debug)]
pub struct DeliveryLine {
    /// Identity.
    pub id: Id,
    /// 订单行 | Order line
    pub sales_order_line: Option<Ref<SalesOrderLine>>,
    /// 商品 | Product
    pub product: Ref<Product>,
    /// 数量 | Quantity
    #[field(above = "0")]
    pub quantity: Quantity,
    /// 成本 | Cost
    #[field(computed)]
    pub cost: Amount,
    /// 出库时已开票数量 | Invoiced before
    #[field(computed)]
    pub expensed_quantity: Quantity,
    /// 出库时结转成本 | Expensed at once
    #[field(computed)]
    pub expensed: Amount,
}

/// 出库单状态 | Delivery state
#[derive(States, Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeliveryState {
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

/// The flow of deliveries.
pub const FLOW: Flow<Delivery> = Flow::new(&[
    go("post", &[DeliveryState::Draft], DeliveryState::Posted)
        .label("过账", "Post")
        .does(posting::post)
        .emits::<crate::events::DeliveryPosted>(),
    go("reverse", &[DeliveryState::Posted], DeliveryState::Reversed)
        .label("冲销", "Reverse")
        .guard(posting::rests_nothing)
        .does(posting::reverse),
])
.prepare(rules::prepare)
.guard_save(rules::check);
