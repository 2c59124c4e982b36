//! A toy cell spoken to from outside: every call signed, over the same router the gateway uses.
#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod basics;
mod bodies;
mod custom;
mod descriptions;
mod files;
mod floods;
mod lists;
mod paper;
mod refusals;
mod repeats;
mod rights;
mod toys;
mod trails;
mod world;
