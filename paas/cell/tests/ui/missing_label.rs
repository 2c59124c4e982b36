//! A field without a label is one error, and does not spoil the types that refer to this one.
use paas_cell::prelude::*;

/// 架子 | Shelf
#[derive(Master, Clone, Debug)]
pub struct Shelf {
    pub head: Head,
    /// 编码 | Code
    pub code: String,
    pub name: String,
    /// Colour
    pub colour: Option<String>,
}

/// 备注 | Note
#[derive(Master, Clone, Debug)]
pub struct Note {
    pub head: Head,
    /// 架子 | Shelf
    pub shelf: Ref<Shelf>,
}

fn main() {}
