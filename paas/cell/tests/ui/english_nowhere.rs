//! What a word points to must exist.
use paas_cell::prelude::*;

/// 架子 | Shelf
#[derive(Master, Clone, Debug)]
#[master(unique(code, colour), tree)]
pub struct Shelf {
    pub head: Head,
    /// 编码 | Code
    pub code: String,
    /// 名称 | Name
    #[field(english = nameen)]
    pub name: String,
    /// 英文名称 | Name in English
    pub name_en: Option<String>,
}

fn main() {}
