//! Scenarios of the ERP cell, told in business words through the public verbs.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)] // a failing unwrap is a failing test

mod attacks;
mod figures;
mod follow_ups;
mod names;
mod order_to_cash;
mod random;
mod reversals;
mod rules;
mod statements;
mod terms;
mod together;
mod world;
