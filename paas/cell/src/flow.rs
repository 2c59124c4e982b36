//! Flow tables: which actions a document has, from which states to which, and what runs on the way.

use crate::Ctx;
use crate::contract::EventShape;
use paas_document::{Document, EventBody, MasterState, States, TypeMeta, Typed};
use paas_types::{Refusal, Result, Text};
use serde_json::Value as Json;

/// A guard, effect or preparation: plain synchronous code inside the transaction. It may run again after a
/// serialization failure, so it has no effect outside of it.
pub type Rule<D> = fn(&mut Ctx<'_>, &mut D) -> Result<()>;

/// The most guards an edge has.
const GUARDS: usize = 4;

/// An event made from a document after an action.
pub(crate) type EventOf<D> = fn(&D) -> (&'static str, u32, Json);

/// One action: from some states to one.
pub struct Edge<D> {
    /// Name in the API and in permission codes.
    pub(crate) name: &'static str,
    /// Bit mask of the states it starts from.
    pub(crate) from: u64,
    /// The state it ends in.
    pub(crate) to: u8,
    pub(crate) label: (&'static str, &'static str),
    pub(crate) guards: [Option<Rule<D>>; GUARDS],
    pub(crate) effect: Option<Rule<D>>,
    pub(crate) event: Option<EventOf<D>>,
    pub(crate) tells: Option<fn() -> EventShape>,
    pub(crate) system: bool,
    pub(crate) data: Option<fn() -> &'static TypeMeta>,
    pub(crate) blank_data: Option<fn() -> Box<dyn paas_document::Record>>,
}

impl<D> Clone for Edge<D> {
    fn clone(&self) -> Edge<D> {
        *self
    }
}

impl<D> Copy for Edge<D> {}

impl<D: Document> Edge<D> {
    /// An edge; authors call the `go` beside their states instead.
    pub const fn new(name: &'static str, from: u64, to: u8) -> Edge<D> {
        Edge {
            name,
            from,
            to,
            label: ("", ""),
            guards: [None; GUARDS],
            effect: None,
            event: None,
            tells: None,
            system: false,
            data: None,
            blank_data: None,
        }
    }

    /// The words on the button, in both languages. Every edge people take needs them.
    #[must_use]
    pub const fn label(mut self, zh: &'static str, en: &'static str) -> Edge<D> {
        self.label = (zh, en);
        self
    }

    /// A condition that must hold; several run in order.
    #[must_use]
    #[allow(clippy::indexing_slicing)] // const; the loop bound proves it
    #[allow(clippy::panic)] // a compile error of the declaration
    pub const fn guard(mut self, rule: Rule<D>) -> Edge<D> {
        let mut i = 0;
        while i < GUARDS {
            if self.guards[i].is_none() {
                self.guards[i] = Some(rule);
                return self;
            }
            i += 1;
        }
        panic!("an edge has at most four guards");
    }

    /// What it does: computes, posts, makes other documents.
    #[must_use]
    pub const fn does(mut self, rule: Rule<D>) -> Edge<D> {
        self.effect = Some(rule);
        self
    }

    /// The event that tells others.
    #[must_use]
    pub const fn emits<E>(mut self) -> Edge<D>
    where
        E: EventBody + for<'a> From<&'a D>,
    {
        self.event = Some(event_of::<D, E>);
        self.tells = Some(EventShape::of::<E>);
        self
    }

    /// Only postings and events take it; people are not offered it.
    #[must_use]
    pub const fn system(mut self) -> Edge<D> {
        self.system = true;
        self
    }

    /// What people may say with it (`data` of the call); rules read it by [`Ctx::data`].
    #[must_use]
    pub const fn takes<T: Typed>(mut self) -> Edge<D> {
        self.data = Some(T::meta_of);
        self.blank_data = Some(blank_box::<T>);
        self
    }
}

fn blank_box<T: Typed>() -> Box<dyn paas_document::Record> {
    Box::new(T::blank())
}

fn event_of<D, E: EventBody + for<'a> From<&'a D>>(document: &D) -> (&'static str, u32, Json) {
    (E::TYPE, E::VERSION, E::from(document).to_json())
}

/// The flow of one type: its edges and the rules around them.
pub struct Flow<D: 'static> {
    pub(crate) edges: &'static [Edge<D>],
    pub(crate) prepare: Option<Rule<D>>,
    pub(crate) check: Option<Rule<D>>,
    pub(crate) removing: Option<Rule<D>>,
    pub(crate) saved: Option<Rule<D>>,
}

impl<D> Clone for Flow<D> {
    fn clone(&self) -> Flow<D> {
        *self
    }
}

impl<D> Copy for Flow<D> {}

impl<D: Document> Flow<D> {
    /// A flow with these edges.
    pub const fn new(edges: &'static [Edge<D>]) -> Flow<D> {
        Flow { edges, prepare: None, check: None, removing: None, saved: None }
    }

    /// Fills defaults and computed values before a record is stored.
    #[must_use]
    pub const fn prepare(mut self, rule: Rule<D>) -> Flow<D> {
        self.prepare = Some(rule);
        self
    }

    /// Refuses what must not be stored; runs after `prepare`.
    #[must_use]
    pub const fn guard_save(mut self, rule: Rule<D>) -> Flow<D> {
        self.check = Some(rule);
        self
    }

    /// Runs after a record was created or changed by people, in the same transaction.
    #[must_use]
    pub const fn after_save(mut self, rule: Rule<D>) -> Flow<D> {
        self.saved = Some(rule);
        self
    }

    /// Refuses a delete, or clears what a draft has caused.
    #[must_use]
    pub const fn before_delete(mut self, rule: Rule<D>) -> Flow<D> {
        self.removing = Some(rule);
        self
    }

    /// Every declared state is the first one or some edge leads to it, and no edge names a state that is not declared.
    /// Evaluated while compiling.
    #[allow(clippy::indexing_slicing)] // const; the loop bounds prove it
    #[allow(clippy::panic)] // a compile error of the declaration
    pub const fn check(&self, states: usize) {
        let mut reached: u64 = 1;
        let mut round = 0;
        while round < states {
            let mut i = 0;
            while i < self.edges.len() {
                let edge = &self.edges[i];
                if edge.to as usize >= states {
                    panic!("an edge leads to a state that is not declared");
                }
                if edge.from & reached != 0 {
                    reached |= 1 << edge.to;
                }
                i += 1;
            }
            round += 1;
        }
        let mut state = 0;
        while state < states {
            if reached & (1 << state) == 0 {
                panic!("no transition leads to a declared state");
            }
            state += 1;
        }
    }
}

impl<D: Document<State = MasterState>> Flow<D> {
    const MASTER: &'static [Edge<D>] =
        &[Edge::new("disable", 1, 1).label("停用", "Disable"), Edge::new("enable", 2, 0).label("启用", "Enable")];

    /// The flow of a master: `disable` and `enable`.
    pub const fn master() -> Flow<D> {
        Flow::new(Self::MASTER)
    }
}

impl<D: Document> Edge<D> {
    pub(crate) fn starts_from(&self, state: D::State) -> bool {
        self.from & (1_u64 << state.ordinal()) != 0
    }
}

/// A refusal to take an action in the present state, naming the state and what is possible.
pub(crate) fn invalid_transition(state: &paas_document::StateMeta, action: &str, allowed: &[&str]) -> Refusal {
    Refusal::new(paas_types::Code::InvalidTransition)
        .saying(Text::new(
            format!("当前状态为“{}”，不能执行此操作。", state.label.zh),
            format!("The record is in the state “{}”; this action is not possible now.", state.label.en),
        ))
        .with(serde_json::json!({"state": state.name, "action": action, "allowed": allowed}))
}
