//! Scenarios of the ERP cell, told in business words through the public verbs.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)] // a failing unwrap is a failing test

mod order_to_cash;
mod rules;
mod world;
