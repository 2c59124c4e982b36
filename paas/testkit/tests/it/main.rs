//! Events between databases, and what whole installations promise, shown on toy cells.
#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod endless;
mod events;
mod faults;
mod installation;
mod rules;
