//! Sales returns: goods that come back, at the cost of their delivery.

mod posting;
mod rules;

use crate::customer::Customer;
use crate::delivery::{Delivery, DeliveryLine};
use crate::posting::{PostingState, post, reverse};
use crate::product::Product;
use crate::sales_order::{SalesOrder, SalesOrderLine};
use crate::warehouse::Warehouse;
use paas_cell::prelude::*;

/// 销售退货单 | Sales return
#[derive(Document, Clone, Debug)]
#[document(number = "SR{yyyy}{mm}-{seq:5}", date = return_date, party = customer)]
pub struct SalesReturn {
    /// What the platform keeps.
    pub head: Head,
    /// 出库单 | Delivery
    #[field(list, indexed)]
    pub delivery: Ref<Delivery>,
    /// 销售订单 | Sales order
    #[field(list, indexed, computed)]
    pub sales_order: Option<Ref<SalesOrder>>,
    /// 客户 | Customer
    #[field(list, indexed, search)]
    pub customer: Ref<Customer>,
    /// 仓库 | Warehouse
    #[field(list, indexed)]
    pub warehouse: Ref<Warehouse>,
    /// 退货日期 | Return date
    #[field(list, indexed)]
    pub return_date: Date,
    /// 成本 | Cost
    #[field(list, computed)]
    pub cost: Amount,
    /// 备注 | Note
    #[field(long, max = 1000)]
    pub note: Option<String>,
    /// 明细 | Lines
    #[rows(min = 1)]
    pub lines: Vec<SalesReturnLine>,
    /// 状态 | State
    #[field(list, indexed)]
    pub state: PostingState,
}

/// 销售退货行 | Sales return line
#[derive(Row, Clone, Debug)]
pub struct SalesReturnLine {
    /// Identity.
    pub id: Id,
    /// 出库行 | Delivery line
    pub delivery_line: Option<Ref<DeliveryLine>>,
    /// 订单行 | Order line
    #[field(computed)]
    pub sales_order_line: Option<Ref<SalesOrderLine>>,
    /// 商品 | Product
    pub product: Ref<Product>,
    /// 数量 | Quantity
    #[field(above = "0", max_value = "1000000000")]
    pub quantity: Quantity,
    /// 成本 | Cost
    #[field(computed)]
    pub cost: Amount,
}

impl SalesReturnLine {
    /// Id of the delivery line it takes from; nil until it is known.
    pub fn source(&self) -> Id {
        self.delivery_line.map_or(Id::NIL, |line| line.id())
    }
}

/// The flow of sales returns.
pub const FLOW: Flow<SalesReturn> =
    Flow::new(&[post(posting::post), reverse(posting::reverse).guard(posting::rests_nothing)])
        .prepare(rules::prepare)
        .guard_save(rules::check);
