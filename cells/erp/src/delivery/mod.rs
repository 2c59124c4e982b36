//! Deliveries: goods that leave for a customer.

pub mod costs;
pub mod posting;
mod rules;

use crate::customer::Customer;
use crate::posting::{PostingState, post, reverse};
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
    /// 出库时结转的成本：不再等发票 | Expensed at once: no invoice takes it
    #[field(computed)]
    pub expensed: Amount,
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
    pub state: PostingState,
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
    #[field(above = "0", max_value = "1000000000")]
    pub quantity: Quantity,
    /// 成本 | Cost
    #[field(computed)]
    pub cost: Amount,
    /// 出库时已开票数量 | Invoiced before
    #[field(computed)]
    pub expensed_quantity: Quantity,
    /// 出库时结转的成本：不再等发票 | Expensed at once: no invoice takes it
    #[field(computed)]
    pub expensed: Amount,
}

/// The flow of deliveries.
pub const FLOW: Flow<Delivery> = Flow::new(&[
    post(posting::post).emits::<crate::events::DeliveryPosted>(),
    reverse(posting::reverse).guard(posting::rests_nothing),
])
.prepare(rules::prepare)
.guard_save(rules::check);
