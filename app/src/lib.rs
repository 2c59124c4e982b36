//! What the program is made of, for the tools that read declarations.

pub mod cells;
