//! Stock: what is where, what it is worth, and what of it is promised.

pub mod moves;
pub mod reservation;

use crate::product::Product;
use crate::sales_order::SalesOrderLine;
use crate::warehouse::Warehouse;
use paas_cell::prelude::*;

/// 库存余额 | Stock balance
#[derive(Balance, Clone, Debug)]
#[balance(resource = "stock-balances")]
pub struct StockBalance {
    /// 商品 | Product
    #[field(key, list, indexed)]
    pub product: Ref<Product>,
    /// 仓库 | Warehouse
    #[field(key, list, indexed)]
    pub warehouse: Ref<Warehouse>,
    /// 数量 | Quantity
    #[field(measure, list)]
    pub quantity: Quantity,
    /// 已预留 | Reserved
    #[field(measure, list)]
    pub reserved: Quantity,
    /// 可用 | Available
    #[field(computed, list)]
    pub available: Quantity,
    /// 金额 | Value
    #[field(measure, list)]
    pub value: Amount,
    /// 平均成本 | Average cost
    #[field(computed, list)]
    pub average_cost: Price,
}

/// 库存流水 | Stock move
#[derive(Entry, Clone, Debug)]
#[entry(balance = StockBalance, resource = "stock-moves", date = date, index(product, warehouse, date))]
pub struct StockMove {
    /// Identity.
    pub id: Id,
    /// 商品 | Product
    #[field(key, list, indexed)]
    pub product: Ref<Product>,
    /// 仓库 | Warehouse
    #[field(key, list, indexed)]
    pub warehouse: Ref<Warehouse>,
    /// 日期 | Date
    #[field(list, indexed)]
    pub date: Date,
    /// 数量 | Quantity
    #[field(measure, list)]
    pub quantity: Quantity,
    /// 金额 | Value
    #[field(measure, list)]
    pub value: Amount,
    /// 补录：当时已有更晚的流水，按录入时的成本计价 | Back-dated: later moves were there already; valued as of its entry
    #[field(list)]
    pub back_dated: bool,
    /// 来源 | Source
    #[field(list, indexed)]
    pub source: AnyRef,
}

/// 预留流水 | Stock reservation
#[derive(Entry, Clone, Debug)]
#[entry(balance = StockBalance, resource = "stock-reservations")]
pub struct StockReservation {
    /// Identity.
    pub id: Id,
    /// 商品 | Product
    #[field(key, list, indexed)]
    pub product: Ref<Product>,
    /// 仓库 | Warehouse
    #[field(key, list, indexed)]
    pub warehouse: Ref<Warehouse>,
    /// 订单行 | Order line
    #[field(list, indexed)]
    pub order_line: Ref<SalesOrderLine>,
    /// 预留 | Reserved
    #[field(measure, list)]
    pub reserved: Quantity,
}

/// Fills what follows from the measures.
pub fn shown(balance: &mut StockBalance) {
    balance.available = balance.quantity.checked_sub(balance.reserved).unwrap_or_default();
    balance.average_cost = crate::calc::average(balance.value, balance.quantity);
}

/// The last guard: stock below zero only where the product allows it.
pub fn not_below_zero(ctx: &mut Ctx<'_>, balance: &StockBalance) -> Result<()> {
    if !balance.quantity.is_negative() {
        return Ok(());
    }
    let product = ctx.get(balance.product)?;
    moves::require(&product, -balance.quantity, Quantity::ZERO)
}

/// A key of a stock balance.
pub fn key(product: Ref<Product>, warehouse: Ref<Warehouse>) -> StockBalance {
    let mut key = StockBalance::blank();
    (key.product, key.warehouse) = (product, warehouse);
    key
}
