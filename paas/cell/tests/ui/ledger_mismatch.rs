//! An entry has the keys of its balance and no other measures.
use paas_cell::prelude::*;

/// 架上数量 | Content
#[derive(Balance, Clone, Debug)]
pub struct Content {
    /// 架子 | Shelf
    #[field(key)]
    pub shelf: Ref<Shelf>,
    /// 颜色 | Colour
    #[field(key)]
    pub colour: String,
    /// 数量 | Quantity
    #[field(measure)]
    pub quantity: Quantity,
}

/// 架上流水 | Move
#[derive(Entry, Clone, Debug)]
#[entry(balance = Content)]
pub struct Move {
    pub id: Id,
    /// 架子 | Shelf
    #[field(key)]
    pub shelf: Ref<Shelf>,
    /// 数量 | Quantity
    #[field(measure)]
    pub quantity: Amount,
}

/// 架子 | Shelf
#[derive(Master, Clone, Debug)]
pub struct Shelf {
    pub head: Head,
    /// 数量 | Quantity
    #[field(balance(Content, key = shelf, sum = quantiti))]
    pub quantity: Quantity,
}

fn main() {}
