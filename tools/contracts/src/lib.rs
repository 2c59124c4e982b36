//! What the cells promise to those outside, as committed files: made from the declarations alone and compared on every
//! test run, so that no promise changes unseen.

pub mod consumers;
mod files;
pub mod manual;

pub use files::{Generated, check, write};

use paas_cell::Cell;
use serde_json::Value as Json;

/// The directory of a cell.
fn home(cell: &str) -> String {
    if cell == "platform" { "paas/platform".to_owned() } else { format!("cells/{cell}") }
}

/// `contract/` of every cell of the program.
pub fn committed() -> Vec<Generated> {
    superpaas::cells::all().iter().flat_map(of_cell).collect()
}

fn of_cell(cell: &Cell) -> Vec<Generated> {
    let contract = cell.contract();
    let file = |name: &str, json: &Json| Generated {
        path: format!("{}/contract/{name}", home(cell.name())),
        text: format!("{json:#}\n"),
    };
    vec![
        file("openapi.json", &contract.openapi),
        file("events.json", &contract.events),
        file("permissions.json", &contract.permissions),
        file("meta.json", &contract.meta),
    ]
}
