//! The only place that lists the cells.

use paas_cell::Cell;

/// The platform first, then the trades.
pub fn all() -> Vec<Cell> {
    vec![paas_platform::cell(), cell_erp::cell()]
}
