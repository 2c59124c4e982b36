//! The façade a cell links: declarations, the rule context, the resource API. A cell author writes
//! `use paas_cell::prelude::*;` and nothing else of ours.

extern crate self as paas_cell;

mod apply;
mod body;
mod cell;
mod condition;
mod contract;
mod ctx;
mod custom;
mod dashboard;
mod database;
mod directory;
mod dispatch;
mod engine;
mod events;
mod export;
mod flow;
mod http;
mod json;
mod kind;
mod names;
mod openapi;
mod paper;
mod process;
mod render;
mod report;
mod rights;
mod routes;
mod screen;
mod service;
mod sight;
mod snapshot;
mod text;
mod watchdog;

pub use cell::{Cell, Ledger, Menu, MenuItem, Reaction, Registry, Seed};
pub use contract::{Contract, EventShape};
pub use ctx::{Caller, Ctx, Find, Sum};
pub use dashboard::{Chart, ChartKind, Dashboard, Given, Panel};
pub use database::Database;
pub use dispatch::{Dispatcher, Pace};
pub use events::Heard;
pub use flow::{Edge, Flow, Rule};
pub use http::{Checkpoint, router};
pub use kind::{EdgeInfo, Kind};
pub use paas_store::Found;
pub use process::{bind, cell_at, log_to_stderr, process, serve_cell, stop, take_directory};
pub use report::{
    Column, Drill, DrillFrom, DrillTarget, Labels, Parameter, ParameterType, Params, Report, Table, TableRow,
};
pub use rights::Access;
pub use routes::{Answer, Completion, Inquiry, InternalCall, InternalRoute, ServiceRoute, Source};
pub use screen::Screen;
pub use service::Service;
pub use watchdog::{Watchdog, close, end};

/// What a cell author needs.
pub mod prelude {
    pub use crate::{
        Cell, Chart, Ctx, Dashboard, Drill, DrillFrom, DrillTarget, Edge, Find, Flow, Given, Heard, Labels, Ledger,
        Panel, Parameter, ParameterType, Params, Report, Rule, Screen, Sum, Table,
    };
    pub use paas_document::{
        AnyRef, DepartmentRef, Document, Entry as _, FieldValue as _, Head, MasterState, Op, Record as _, Ref,
        States as _, Typed, UserRef, Value,
    };
    pub use paas_document_macros::{Balance, Choice, Document, Entry, Event, Master, Row, Setting, States, View};
    pub use paas_types::{
        Amount, Code, Date, Exact, FieldError, Fixed, Id, Instant, Lang, Price, Quantity, Rate, Refusal, Result,
        Secret, Text, YearMonth,
    };
    pub use serde_json::{Value as Json, json};
}

/// What the derives' code names; not for authors.
#[doc(hidden)]
pub mod __private {
    pub use paas_document::*;
    pub use paas_types::*;
    pub use serde_json;
}

/// Reads JSON of a call between cells.
pub fn parse_json(body: &[u8]) -> paas_types::Result<serde_json::Value> {
    serde_json::from_slice(body).map_err(|e| json::malformed(&e))
}

/// Writes JSON of a call between cells.
pub fn to_json(value: &impl serde::Serialize) -> paas_types::Result<serde_json::Value> {
    serde_json::to_value(value).map_err(paas_types::Refusal::internal)
}

/// Serves one path of text on a listener of its own, for `/metrics` on the admin address; everything else is 404.
pub async fn serve_text(
    listener: tokio::net::TcpListener,
    path: &'static str,
    text: impl Fn() -> String + Clone + Send + Sync + 'static,
) -> std::io::Result<()> {
    let answer = move || {
        let text = text.clone();
        async move { text() }
    };
    axum::serve(listener, axum::Router::new().route(path, axum::routing::get(answer))).await
}
