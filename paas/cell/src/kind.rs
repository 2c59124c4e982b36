//! The dynamic face of a declared type: what the engine and the resource API call without knowing the type.

use crate::contract::EventShape;
use crate::ctx::Ctx;
use crate::flow::{Edge, Flow, Rule, invalid_transition};
use paas_document::{Document, Record, StateMeta, States, TypeMeta, Typed};
use paas_store::TypeInfo;
use paas_types::{Refusal, Result, Text};
use serde_json::Value as Json;
use std::marker::PhantomData;

/// What people are told about an edge.
pub struct EdgeInfo {
    /// Name in the API and in permission codes.
    pub name: &'static str,
    /// Label.
    pub label: Text,
    /// States it starts from, as a bit mask.
    pub from: u64,
    /// State it ends in.
    pub to: u8,
    /// Only taken by rules.
    pub system: bool,
    /// Type of `data`, when it takes some.
    pub data: Option<fn() -> &'static TypeMeta>,
    /// A blank record of that type.
    pub blank_data: Option<fn() -> Box<dyn Record>>,
    /// The event that tells others.
    pub tells: Option<fn() -> EventShape>,
}

/// A declared type, its rules behind dynamic calls.
pub trait Kind: Send + Sync {
    /// Metadata.
    fn meta(&self) -> &'static TypeMeta;
    /// How the store makes blank ones.
    fn info(&self) -> TypeInfo;
    /// The edges of its flow.
    fn edges(&self) -> &[EdgeInfo];
    /// Position of the state a record is in.
    fn state(&self, record: &dyn Record) -> Option<u8>;
    /// Defaults, computed values and checks before a record is stored.
    fn prepare(&self, ctx: &mut Ctx<'_>, record: &mut dyn Record) -> Result<()>;
    /// After people created or changed a record.
    fn saved(&self, ctx: &mut Ctx<'_>, record: &mut dyn Record) -> Result<()>;
    /// Before a record is deleted.
    fn removing(&self, ctx: &mut Ctx<'_>, record: &mut dyn Record) -> Result<()>;
    /// Guards and effect of an edge by position; the state is set, nothing is stored.
    fn run(&self, edge: usize, ctx: &mut Ctx<'_>, record: &mut dyn Record) -> Result<()>;
    /// The event of an edge.
    fn event(&self, edge: usize, record: &dyn Record) -> Option<(&'static str, u32, Json)>;
    /// Fills derived values of a record just read.
    fn shown(&self, record: &mut dyn Record);

    /// The state's metadata.
    fn state_meta(&self, record: &dyn Record) -> Option<&'static StateMeta> {
        self.meta().states.get(usize::from(self.state(record)?))
    }

    /// Whether people may change and delete the record now.
    fn editable(&self, record: &dyn Record) -> bool {
        self.meta().kind.is_editable() && self.state_meta(record).is_none_or(|s| s.editable)
    }

    /// The edge with this name that starts from the record's state; else a refusal naming what is possible.
    fn edge_for(&self, action: &str, record: &dyn Record, people: bool) -> Result<usize> {
        let state = self.state(record).unwrap_or_default();
        let starts = |e: &EdgeInfo| e.from & (1_u64 << state) != 0 && !(people && e.system);
        if let Some(found) = self.edges().iter().position(|e| e.name == action && starts(e)) {
            return Ok(found);
        }
        if people && !self.edges().iter().any(|e| e.name == action && !e.system) {
            return Err(Refusal::field(
                "action",
                "UNKNOWN_ACTION",
                Text::of("没有这样的操作。", "There is no such action."),
            ));
        }
        let allowed: Vec<&str> = self.edges().iter().filter(|e| starts(e) && !e.system).map(|e| e.name).collect();
        match self.state_meta(record) {
            Some(meta) => Err(invalid_transition(meta, action, &allowed)),
            None => Err(Refusal::not_found()),
        }
    }
}

/// A master or document with its flow.
pub(crate) struct FlowKind<D: Document> {
    flow: Flow<D>,
    edges: Vec<EdgeInfo>,
}

impl<D: Document> FlowKind<D> {
    pub(crate) fn new(flow: Flow<D>) -> FlowKind<D> {
        let edges = flow.edges.iter().map(info_of).collect();
        FlowKind { flow, edges }
    }
}

fn info_of<D: Document>(edge: &Edge<D>) -> EdgeInfo {
    EdgeInfo {
        name: edge.name,
        label: Text::of(edge.label.0, edge.label.1),
        from: edge.from,
        to: edge.to,
        system: edge.system,
        data: edge.data,
        blank_data: edge.blank_data,
        tells: edge.tells,
    }
}

fn typed<D: Typed>(record: &mut dyn Record) -> Result<&mut D> {
    record.as_any_mut().downcast_mut::<D>().ok_or_else(|| Refusal::internal("a record of another type"))
}

fn call<D: Typed>(rule: Option<Rule<D>>, ctx: &mut Ctx<'_>, record: &mut dyn Record) -> Result<()> {
    match rule {
        Some(rule) => rule(ctx, typed::<D>(record)?),
        None => Ok(()),
    }
}

impl<D: Document> Kind for FlowKind<D> {
    fn meta(&self) -> &'static TypeMeta {
        D::meta_of()
    }

    fn info(&self) -> TypeInfo {
        TypeInfo::of::<D>()
    }

    fn edges(&self) -> &[EdgeInfo] {
        &self.edges
    }

    fn state(&self, record: &dyn Record) -> Option<u8> {
        record.as_any().downcast_ref::<D>().map(|d| d.state().ordinal())
    }

    fn prepare(&self, ctx: &mut Ctx<'_>, record: &mut dyn Record) -> Result<()> {
        call(self.flow.prepare, ctx, record)?;
        call(self.flow.check, ctx, record)
    }

    fn saved(&self, ctx: &mut Ctx<'_>, record: &mut dyn Record) -> Result<()> {
        call(self.flow.saved, ctx, record)
    }

    fn removing(&self, ctx: &mut Ctx<'_>, record: &mut dyn Record) -> Result<()> {
        call(self.flow.removing, ctx, record)
    }

    fn run(&self, edge: usize, ctx: &mut Ctx<'_>, record: &mut dyn Record) -> Result<()> {
        let edge = self.flow.edges.get(edge).ok_or_else(|| Refusal::internal("no such edge"))?;
        let document = typed::<D>(record)?;
        if !edge.starts_from(document.state()) {
            return Err(Refusal::internal("an edge was taken from another state"));
        }
        for guard in edge.guards.iter().flatten() {
            guard(ctx, document)?;
        }
        if let Some(effect) = edge.effect {
            effect(ctx, document)?;
        }
        let to = D::State::from_ordinal(edge.to).ok_or_else(|| Refusal::internal("an edge leads nowhere"))?;
        document.set_state(to);
        Ok(())
    }

    fn event(&self, edge: usize, record: &dyn Record) -> Option<(&'static str, u32, Json)> {
        let event = self.flow.edges.get(edge)?.event?;
        record.as_any().downcast_ref::<D>().map(event)
    }

    fn shown(&self, _record: &mut dyn Record) {}
}

/// An entry, a balance or a setting: no flow.
pub(crate) struct PlainKind<T: Typed> {
    shows: Option<fn(&mut T)>,
    check: Option<Rule<T>>,
    record: PhantomData<fn() -> T>,
}

impl<T: Typed> PlainKind<T> {
    pub(crate) fn new(shows: Option<fn(&mut T)>, check: Option<Rule<T>>) -> PlainKind<T> {
        PlainKind { shows, check, record: PhantomData }
    }
}

impl<T: Typed> Kind for PlainKind<T> {
    fn meta(&self) -> &'static TypeMeta {
        T::meta_of()
    }

    fn info(&self) -> TypeInfo {
        TypeInfo::of::<T>()
    }

    fn edges(&self) -> &[EdgeInfo] {
        &[]
    }

    fn state(&self, _record: &dyn Record) -> Option<u8> {
        None
    }

    fn prepare(&self, ctx: &mut Ctx<'_>, record: &mut dyn Record) -> Result<()> {
        call(self.check, ctx, record)
    }

    fn saved(&self, _ctx: &mut Ctx<'_>, _record: &mut dyn Record) -> Result<()> {
        Ok(())
    }

    fn removing(&self, _ctx: &mut Ctx<'_>, _record: &mut dyn Record) -> Result<()> {
        Ok(())
    }

    fn run(&self, _edge: usize, _ctx: &mut Ctx<'_>, _record: &mut dyn Record) -> Result<()> {
        Err(Refusal::not_found())
    }

    fn event(&self, _edge: usize, _record: &dyn Record) -> Option<(&'static str, u32, Json)> {
        None
    }

    fn shown(&self, record: &mut dyn Record) {
        if let (Some(shows), Some(typed)) = (self.shows, record.as_any_mut().downcast_mut::<T>()) {
            shows(typed);
        }
    }
}
