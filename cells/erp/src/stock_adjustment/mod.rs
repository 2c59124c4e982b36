//! Stock adjustments: opening stock, gains, losses, scrap.

mod posting;

use crate::account::Account;
use crate::posting::{PostingState, post, reverse};
use crate::product::Product;
use crate::warehouse::Warehouse;
use paas_cell::prelude::*;

/// 库存调整单 | Stock adjustment
#[derive(Document, Clone, Debug)]
#[document(number = "SA{yyyy}{mm}-{seq:5}", date = date)]
pub struct StockAdjustment {
    /// What the platform keeps.
    pub head: Head,
    /// 仓库 | Warehouse
    #[field(list, indexed)]
    pub warehouse: Ref<Warehouse>,
    /// 日期 | Date
    #[field(list, indexed)]
    pub date: Date,
    /// 原因 | Reason
    #[field(list, indexed)]
    pub reason: Reason,
    /// 对方科目：原因为其他时必填 | Account: required for other reasons
    #[field(required_when = "reason == 'other'")]
    pub account: Option<Ref<Account>>,
    /// 进项税额转出 | Input tax given back
    #[field(default = false, visible_when = "!(reason in ['opening', 'gain'])")]
    pub input_tax_back: bool,
    /// 金额 | Value
    #[field(list, computed)]
    pub value: Amount,
    /// 备注 | Note
    #[field(long, max = 1000)]
    pub note: Option<String>,
    /// 明细 | Lines
    #[rows(min = 1)]
    pub lines: Vec<StockAdjustmentLine>,
    /// 状态 | State
    #[field(list, indexed)]
    pub state: PostingState,
}

/// 库存调整行 | Stock adjustment line
#[derive(Row, Clone, Debug)]
pub struct StockAdjustmentLine {
    /// Identity.
    pub id: Id,
    /// 商品 | Product
    pub product: Ref<Product>,
    /// 数量：减少为负 | Quantity: negative takes out
    #[field(min = "-1000000000", max_value = "1000000000")]
    pub quantity: Quantity,
    /// 单位成本 | Unit cost
    #[field(min = "0")]
    pub unit_cost: Option<Price>,
    /// 金额 | Value
    #[field(computed)]
    pub value: Amount,
}

/// 调整原因 | Reason
#[derive(Choice, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// 期初 | Opening
    Opening,
    /// 盘盈 | Gain
    Gain,
    /// 盘亏 | Loss
    Loss,
    /// 报废 | Scrap
    Scrap,
    /// 其他 | Other
    Other,
}

/// The flow of stock adjustments.
pub const FLOW: Flow<StockAdjustment> =
    Flow::new(&[post(posting::post), reverse(posting::reverse)]).guard_save(posting::check);
