//! The tree of product categories.

use paas_cell::prelude::*;

/// 商品分类 | Product category
#[derive(Master, Clone, Debug)]
#[master(tree)]
pub struct ProductCategory {
    /// What the platform keeps.
    pub head: Head,
    /// 编码 | Code
    #[field(list, unique, search, max = 40)]
    pub code: String,
    /// 名称 | Name
    #[field(list, search, english = name_en)]
    pub name: String,
    /// 英文名称 | Name in English
    pub name_en: Option<String>,
    /// 上级分类 | Parent
    #[field(list, indexed)]
    pub parent: Option<Ref<ProductCategory>>,
    /// 状态 | State
    #[field(list, indexed)]
    pub state: MasterState,
}

/// The flow of categories.
pub const FLOW: Flow<ProductCategory> = Flow::master();
