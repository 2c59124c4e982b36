//! A type that cannot be a field says what can.
use paas_cell::prelude::*;

/// 架子 | Shelf
#[derive(Master, Clone, Debug)]
pub struct Shelf {
    pub head: Head,
    /// 邻居 | Neighbours
    pub neighbours: Vec<Id>,
}

fn main() {}
