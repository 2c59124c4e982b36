//! Lines that take from the lines of the document before theirs: which one, and how much in all.

use crate::calc::{minus, plus};
use paas_cell::prelude::*;
use std::collections::HashMap;

/// Quantities by the line they belong to.
pub type PerLine = HashMap<Id, Quantity>;

/// Adds to what is taken of a line and returns the sum.
pub fn take(taken: &mut PerLine, line: Id, quantity: Quantity) -> Result<Quantity> {
    let sum = taken.entry(line).or_default();
    *sum = plus(*sum, quantity)?;
    Ok(*sum)
}

/// What is left of `all` after what was taken of a line.
pub fn left(all: Quantity, taken: &PerLine, line: Id) -> Result<Quantity> {
    minus(all, taken.get(&line).copied().unwrap_or_default())
}

/// The line that a row without one means: the first that has something left, else the first. `lines` are those of its
/// product, with what each leaves.
pub fn first_with_room(lines: &[(Id, Quantity)], taken: &PerLine) -> Result<Option<Id>> {
    for (line, room) in lines {
        if left(*room, taken, *line)?.is_positive() {
            return Ok(Some(*line));
        }
    }
    Ok(lines.first().map(|(line, _)| *line))
}
