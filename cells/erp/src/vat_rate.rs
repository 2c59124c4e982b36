//! Rates of value added tax.

use paas_cell::prelude::*;

/// 增值税税率 | VAT rate
#[derive(Master, Clone, Debug)]
pub struct VatRate {
    /// What the platform keeps.
    pub head: Head,
    /// 编码 | Code
    #[field(list, unique, search, max = 20)]
    pub code: String,
    /// 名称 | Name
    #[field(list, search, english = name_en)]
    pub name: String,
    /// 英文名称 | Name in English
    pub name_en: Option<String>,
    /// 税率 | Rate
    #[field(list, min = "0", max_value = "1")]
    pub rate: Rate,
    /// 状态 | State
    #[field(list, indexed)]
    pub state: MasterState,
}

/// The flow of rates.
pub const FLOW: Flow<VatRate> = Flow::master();
