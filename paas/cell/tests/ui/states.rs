//! What an enum of states or choices may be.
use paas_cell::prelude::*;

/// 状态 | State
#[derive(States, Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// 草稿 | Draft
    #[state(drat)]
    Draft,
    /// 无 | None
    #[state(void)]
    None,
    /// 五 | Five
    #[state(done)]
    Five = 5,
}

/// 颜色 | Colour
#[derive(Choice, Clone, Copy, Debug)]
pub enum Colour {
    /// 红 | Red
    Red,
    Blue,
}

fn main() {}
