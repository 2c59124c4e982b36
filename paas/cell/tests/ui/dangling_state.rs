//! A transition leads to a declared state of its own flow.
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
    /// 已上架 | Placed
    #[state(active)]
    Placed,
}

const FLOW: Flow<Shelving> = Flow::new(&[go("place", &[State::Draft], State::Plced)]);

fn main() {
    let _ = &FLOW;
}
