//! The gateway from outside: what passes, what is refused, what a cell gets to see.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)] // tests; clippy only knows #[test] functions

mod crowd;
mod door;
mod faults;
mod framing;
mod sign_in;
mod tls;
mod world;
