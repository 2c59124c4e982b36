//! Every declared state can be reached.
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
    /// 作废 | Void
    #[state(void)]
    Void,
}

const FLOW: Flow<Shelving> = Flow::new(&[go("place", &[State::Draft], State::Placed)]);

fn main() {
    let _ = &FLOW;
}
