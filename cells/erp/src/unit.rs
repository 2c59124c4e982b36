//! Units of measure.

use paas_cell::prelude::*;

/// 计量单位 | Unit
#[derive(Master, Clone, Debug)]
pub struct Unit {
    /// What the platform keeps.
    pub head: Head,
    /// 编码 | Code
    #[field(list, unique, search, max = 20)]
    pub code: String,
    /// 名称 | Name
    #[field(list, search, english = name_en, max = 50)]
    pub name: String,
    /// 英文名称 | Name in English
    #[field(max = 50)]
    pub name_en: Option<String>,
    /// 小数位数 | Decimals
    #[field(list, default = 0, min = "0", max_value = "6")]
    pub decimals: i64,
    /// 状态 | State
    #[field(list, indexed)]
    pub state: MasterState,
}

/// The flow of units.
pub const FLOW: Flow<Unit> = Flow::master();
