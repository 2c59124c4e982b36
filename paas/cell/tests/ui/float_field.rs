//! Numbers are exact.
use paas_cell::prelude::*;

/// 架子 | Shelf
#[derive(Master, Clone, Debug)]
pub struct Shelf {
    pub head: Head,
    /// 宽度 | Width
    pub width: f64,
    /// 高度 | Height
    pub height: Option<f32>,
    /// 层数 | Boards
    pub boards: u32,
}

fn main() {}
