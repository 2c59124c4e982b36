//! A word stands on a field of the type it is for.
use paas_cell::prelude::*;

/// 架子 | Shelf
#[derive(Master, Clone, Debug)]
#[master(party = colour)]
pub struct Shelf {
    pub head: Head,
    /// 颜色 | Colour
    #[field(min = "0")]
    pub colour: String,
    /// 宽度 | Width
    #[field(max = 9)]
    pub width: Quantity,
    /// 电话 | Phone
    #[field(sensitive = phone)]
    pub phone: Option<String>,
}

/// 上架 | Placed
#[derive(Event)]
#[event("toy.shelf.placed", version = 1)]
pub struct Placed {
    pub phone: Secret<String>,
}

fn main() {}
