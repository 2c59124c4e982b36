//! The platform from outside: over signed calls as the gateway makes them, and through the gateway itself.
#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing, clippy::expect_used, clippy::panic)]

mod attacks;
mod audit_log;
mod delegation;
mod door;
mod sample;
mod sign_in;
mod tenants;
mod toy;
mod views;
