//! Suppliers.

use paas_cell::prelude::*;

/// 供应商 | Supplier
#[derive(Master, Clone, Debug)]
pub struct Supplier {
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
    /// 联系人 | Contact
    #[field(list, search)]
    pub contact: Option<String>,
    /// 电话 | Phone
    #[field(list, sensitive = phone)]
    pub phone: Option<Secret<String>>,
    /// 邮箱 | Email
    pub email: Option<String>,
    /// 地址 | Address
    pub address: Option<String>,
    /// 纳税人识别号 | Tax number
    #[field(max = 40)]
    pub tax_number: Option<String>,
    /// 账期（天） | Payment term (days)
    #[field(default = 30, min = "0", max_value = "3650")]
    pub payment_term_days: i64,
    /// 币种 | Currency
    #[field(default = "\"CNY\"", max = 3)]
    pub currency: String,
    /// 状态 | State
    #[field(list, indexed)]
    pub state: MasterState,
}

/// The flow of suppliers.
pub const FLOW: Flow<Supplier> = Flow::master();
