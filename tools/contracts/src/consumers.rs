//! Cells share no types: who hears an event keeps an own idea of its shape. Here it is held against the producer's.

use paas_cell::{Cell, EventShape};
use std::collections::BTreeMap;

/// What is wrong between those who tell and those who hear.
pub fn check(cells: &[Cell]) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut told: BTreeMap<(&str, u32), &str> = BTreeMap::new();
    let shapes: Vec<(&str, Vec<EventShape>)> = cells.iter().map(|cell| (cell.name(), cell.events())).collect();
    for (cell, events) in &shapes {
        for event in events {
            wrong.extend(name_is_wrong(cell, event));
            if let Some(other) = told.insert((event.event_type, event.version), cell) {
                wrong.push(format!("{}/{} has two shapes, in {other} and {cell}", event.event_type, event.version));
            }
        }
    }
    for cell in cells {
        for (name, version) in cell.heard_events() {
            if !told.contains_key(&(name, version)) {
                wrong.push(format!("{} hears {name}/{version}, which no cell tells", cell.name()));
            }
        }
    }
    wrong
}

/// `{cell}.{entity}.{past-participle}`: what happened, never what somebody should do.
fn name_is_wrong(cell: &str, event: &EventShape) -> Option<String> {
    let parts: Vec<&str> = event.event_type.split('.').collect();
    let good = |part: &&str| part.chars().all(|c| c.is_ascii_lowercase() || c == '-') && !part.is_empty();
    let happened = parts.last().is_some_and(|verb| verb.ends_with("ed") || IRREGULAR.contains(verb));
    if parts.len() == 3 && parts.first() == Some(&cell) && parts.iter().all(good) && happened {
        return None;
    }
    Some(format!("{cell} tells {}; a name is {cell}.entity.past-participle", event.event_type))
}

/// Past participles that do not end in -ed.
const IRREGULAR: &[&str] = &["built", "sent", "paid", "made", "written", "withdrawn", "sold", "lost", "found"];

#[cfg(test)]
mod tests {
    use super::*;
    use paas_cell::prelude::*;

    /// Something was built.
    #[derive(Event)]
    #[event("maker.gadget.built", version = 1)]
    struct Built {
        /// Its name.
        #[allow(dead_code)]
        name: String,
    }

    /// Somebody is told what to do.
    #[derive(Event)]
    #[event("maker.gadget.build", version = 1)]
    struct Build {
        /// Its name.
        #[allow(dead_code)]
        name: String,
    }

    fn maker() -> Cell {
        Cell::new("maker", "制造 | Maker").tells::<Built>()
    }

    #[test]
    fn an_event_nobody_tells_is_seen() {
        let hearer = |version| Cell::new("hearer", "听者 | Hearer").hears("maker.gadget.built", version, |_, _| Ok(()));
        assert_eq!(check(&[maker(), hearer(1)]), Vec::<String>::new());
        assert_eq!(check(&[maker(), hearer(2)]).len(), 1);
        assert_eq!(check(&[hearer(1)]).len(), 1);
    }

    #[test]
    fn a_command_and_a_foreign_name_are_seen() {
        assert_eq!(check(&[maker().tells::<Build>()]).len(), 1);
        assert_eq!(check(&[Cell::new("other", "其他 | Other").tells::<Built>()]).len(), 1);
        assert_eq!(check(&[maker(), Cell::new("maker", "制造 | Maker").tells::<Built>()]).len(), 1);
    }
}
