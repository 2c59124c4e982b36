//! The life of every document that is posted: draft, posted, reversed. A new one names its two effects and is done.

use paas_cell::prelude::*;

/// 过账状态 | Posting state
#[derive(States, Clone, Copy, Debug, PartialEq, Eq)]
pub enum PostingState {
    /// 草稿 | Draft
    #[state(draft)]
    Draft,
    /// 已过账 | Posted
    #[state(done)]
    Posted,
    /// 已冲销 | Reversed
    #[state(void)]
    Reversed,
}

use PostingState::{Draft, Posted, Reversed};

/// The edge that posts a draft.
pub const fn post<D: Document<State = PostingState>>(effect: Rule<D>) -> Edge<D> {
    go("post", &[Draft], Posted).label("过账", "Post").does(effect)
}

/// The edge that takes a posted document back; its guard refuses while a later document rests on it.
pub const fn reverse<D: Document<State = PostingState>>(effect: Rule<D>) -> Edge<D> {
    go("reverse", &[Posted], Reversed).label("冲销", "Reverse").does(effect)
}

/// An edge of a posted document that leaves it posted.
pub const fn while_posted<D: Document<State = PostingState>>(name: &'static str) -> Edge<D> {
    go(name, &[Posted], Posted)
}
