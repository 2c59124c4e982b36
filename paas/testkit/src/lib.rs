//! For tests: cells without a trade, and whole installations of any cells, in this process on temporary data, spoken to
//! in HTTP through the real gateway; and the checks every declared type passes (`conformance!`). Whatever cannot be set up ends the test with a panic that says why.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)] // a test that cannot be set up must fail loudly

mod cells;
pub mod conformance;
pub mod toys;
mod world;

pub use cells::{Cells, EAGER, tenant, until};
pub use world::{Member, Said, World};
