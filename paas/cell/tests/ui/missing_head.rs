//! Masters, documents and settings begin with the chassis' part, rows and entries with their id.
use paas_cell::prelude::*;

/// 架子 | Shelf
#[derive(Master, Clone, Debug)]
pub struct Shelf {
    /// 编码 | Code
    pub code: String,
}

/// 上限 | Limits
#[derive(Setting, Clone, Debug)]
pub struct Limits {
    pub head: Id,
}

/// 隔板 | Board
#[derive(Row, Clone, Debug)]
pub struct Board {
    /// 编码 | Code
    #[field(measure)]
    pub code: String,
}

fn main() {}
