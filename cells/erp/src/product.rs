//! Products: what is bought, kept and sold.

use crate::product_category::ProductCategory;
use crate::unit::Unit;
use paas_cell::prelude::*;

/// 商品 | Product
#[derive(Master, Clone, Debug)]
pub struct Product {
    /// What the platform keeps.
    pub head: Head,
    /// 编码 | Code
    #[field(list, unique, search, max = 60)]
    pub code: String,
    /// 名称 | Name
    #[field(list, search, english = name_en)]
    pub name: String,
    /// 英文名称 | Name in English
    pub name_en: Option<String>,
    /// 分类 | Category
    #[field(list, indexed)]
    pub category: Option<Ref<ProductCategory>>,
    /// 计量单位 | Unit
    #[field(list)]
    pub unit: Ref<Unit>,
    /// 类型 | Kind
    #[field(list, indexed)]
    pub kind: ProductKind,
    /// 销售价：不含税 | Sales price: before tax
    #[field(list, min = "0")]
    pub sales_price: Option<Price>,
    /// 采购价：不含税 | Purchase price: before tax
    #[field(min = "0")]
    pub purchase_price: Option<Price>,
    /// 增值税税率 | VAT rate
    #[field(default = "\"0.13\"", min = "0", max_value = "1")]
    pub vat_rate: Rate,
    /// 负库存策略 | Negative stock
    #[field(default = "\"none\"", visible_when = "kind == 'stocked'")]
    pub negative_stock: NegativeStock,
    /// 最低库存 | Minimum stock
    #[field(min = "0", visible_when = "kind == 'stocked'")]
    pub minimum_stock: Option<Quantity>,
    /// 条码 | Barcode
    #[field(indexed, search, max = 60)]
    pub barcode: Option<String>,
    /// 规格 | Specification
    pub specification: Option<String>,
    /// 状态 | State
    #[field(list, indexed)]
    pub state: MasterState,
}

/// 商品类型 | Product kind
#[derive(Choice, Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProductKind {
    /// 库存商品 | Stocked
    Stocked,
    /// 服务 | Service
    Service,
}

/// 负库存策略 | Negative stock
#[derive(Choice, Clone, Copy, Debug, PartialEq, Eq)]
pub enum NegativeStock {
    /// 不允许 | Refused
    #[choice(value = "none")]
    Refuse,
    /// 提醒 | Warned of
    Warn,
    /// 允许 | Allowed
    Allow,
}

impl Product {
    /// Whether stock is kept of it.
    pub fn is_stocked(&self) -> bool {
        self.kind == ProductKind::Stocked
    }

    /// Refuses a service where goods move.
    pub fn stocked(&self, field: &str) -> Result<()> {
        if self.is_stocked() {
            return Ok(());
        }
        Err(Refusal::field(
            field,
            "NOT_STOCKED",
            Text::new(
                format!("商品{}是服务，没有库存。", self.code),
                format!("Product {} is a service; no stock is kept of it.", self.code),
            ),
        ))
    }

    /// Refuses a product that must not be used on new documents.
    pub fn usable(&self, field: &str) -> Result<()> {
        if self.state == MasterState::Active {
            return Ok(());
        }
        Err(Refusal::field(
            field,
            "DISABLED",
            Text::new(format!("商品{}已停用。", self.code), format!("Product {} is disabled.", self.code)),
        ))
    }
}

/// The flow of products.
pub const FLOW: Flow<Product> = Flow::master();
