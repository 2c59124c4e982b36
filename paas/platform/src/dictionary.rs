//! Dictionaries: lists of words that people maintain.

use paas_cell::prelude::*;

/// 数据字典 | Dictionary
#[derive(Master, Clone, Debug)]
#[master(name = "dictionary")]
pub struct Dictionary {
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
    /// 条目 | Items
    #[rows]
    pub items: Vec<DictionaryItem>,
    /// 状态 | State
    #[field(list, indexed)]
    pub state: MasterState,
}

/// 字典条目 | Dictionary item
#[derive(Row, Clone, Debug)]
pub struct DictionaryItem {
    /// Identity.
    pub id: Id,
    /// 值 | Value
    #[field(max = 60)]
    pub value: String,
    /// 名称 | Name
    #[field(english = name_en)]
    pub name: String,
    /// 英文名称 | Name in English
    pub name_en: Option<String>,
    /// 停用 | Disabled
    #[field(default = false)]
    pub disabled: bool,
}

/// The flow of dictionaries.
pub const FLOW: Flow<Dictionary> = Flow::master();
