//! Warehouses.

use paas_cell::prelude::*;

/// 仓库 | Warehouse
#[derive(Master, Clone, Debug)]
pub struct Warehouse {
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
    /// 地址 | Address
    pub address: Option<String>,
    /// 状态 | State
    #[field(list, indexed)]
    pub state: MasterState,
}

/// The flow of warehouses.
pub const FLOW: Flow<Warehouse> = Flow::master();
