//! A document has its flow beside it.
use paas_cell::prelude::*;

/// 入架单 | Shelving
#[derive(Document, Clone, Debug)]
pub struct Shelving {
    pub head: Head,
    /// 状态 | State
    pub state: State,
}

/// 状态 | State
#[derive(States, Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// 草稿 | Draft
    #[state(draft)]
    Draft,
}

fn main() {}
