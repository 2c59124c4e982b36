//! The program from outside: started as its users start it, spoken to in plain HTTP.
#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod attacks;
mod checkpoint;
mod cli;
mod clock;
mod faults;
mod floods;
mod inside;
mod northwind;
mod order_to_cash;
mod outages;
mod program;
mod seeding;
mod tampering;
mod two_processes;
