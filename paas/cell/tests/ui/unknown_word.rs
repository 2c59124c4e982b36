//! An unknown word names the near one.
use paas_cell::prelude::*;

/// 架子 | Shelf
#[derive(Master, Clone, Debug)]
#[master(tre)]
pub struct Shelf {
    pub head: Head,
    /// 编码 | Code
    #[field(list, serach)]
    pub code: String,
    /// 电话 | Phone
    #[field(sensitive = fone)]
    pub phone: Option<Secret<String>>,
    /// 颜色 | Colour
    #[field(default = "red")]
    pub colour: Colour,
}

/// 颜色 | Colour
#[derive(Choice, Clone, Copy, Debug)]
pub enum Colour {
    /// 红 | Red
    #[choice(valu = "rot")]
    Red,
}

fn main() {}
