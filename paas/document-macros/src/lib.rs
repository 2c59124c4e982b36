//! The derives of declared types.

mod attrs;
mod enums;
mod errors;
mod event;
mod meta;
mod model;
mod record;
mod words;

use model::Shape;
use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

/// A document: something that happens, with a flow of states.
#[proc_macro_derive(Document, attributes(document, field, rows))]
pub fn document(input: TokenStream) -> TokenStream {
    record::derive(&parse_macro_input!(input as DeriveInput), Shape::Document).into()
}

/// A master: something that exists.
#[proc_macro_derive(Master, attributes(master, field, rows))]
pub fn master(input: TokenStream) -> TokenStream {
    record::derive(&parse_macro_input!(input as DeriveInput), Shape::Master).into()
}

/// Settings: one record per tenant.
#[proc_macro_derive(Setting, attributes(setting, field))]
pub fn setting(input: TokenStream) -> TokenStream {
    record::derive(&parse_macro_input!(input as DeriveInput), Shape::Setting).into()
}

/// A row of a table inside a master or document.
#[proc_macro_derive(Row, attributes(row, field))]
pub fn row(input: TokenStream) -> TokenStream {
    record::derive(&parse_macro_input!(input as DeriveInput), Shape::Row).into()
}

/// An append-only entry of a ledger.
#[proc_macro_derive(Entry, attributes(entry, field))]
pub fn entry(input: TokenStream) -> TokenStream {
    record::derive(&parse_macro_input!(input as DeriveInput), Shape::Entry).into()
}

/// The fold of a ledger per key.
#[proc_macro_derive(Balance, attributes(balance, field))]
pub fn balance(input: TokenStream) -> TokenStream {
    record::derive(&parse_macro_input!(input as DeriveInput), Shape::Balance).into()
}

/// The states of a flow.
#[proc_macro_derive(States, attributes(state))]
pub fn states(input: TokenStream) -> TokenStream {
    enums::states(&parse_macro_input!(input as DeriveInput)).into()
}

/// A closed list of values.
#[proc_macro_derive(Choice, attributes(choice))]
pub fn choice(input: TokenStream) -> TokenStream {
    enums::choice(&parse_macro_input!(input as DeriveInput)).into()
}

/// An event, or a row of one.
#[proc_macro_derive(Event, attributes(event, rows))]
pub fn event(input: TokenStream) -> TokenStream {
    event::derive(&parse_macro_input!(input as DeriveInput)).into()
}
