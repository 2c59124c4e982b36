//! Cells share no types: who hears an event keeps an own idea of its shape. Here it is held against the producer's.

use paas_cell::{Cell, EventShape};
use serde_json::Value as Json;
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
        for belief in cell.beliefs() {
            let same = |event: &&EventShape| (event.event_type, event.version) == (belief.event_type, belief.version);
            if let Some(event) = shapes.iter().flat_map(|(_, events)| events).find(same) {
                let at = format!("{} reads {}/{}", cell.name(), belief.event_type, belief.version);
                misunderstood(&belief.schema, &event.schema, &at, &mut wrong);
            }
        }
    }
    wrong
}

/// What a reader expects that the writer does not promise: a field that is not there, is of another type, or may be
/// missing or empty. Readers accept what they do not know.
fn misunderstood(reader: &Json, writer: &Json, at: &str, wrong: &mut Vec<String>) {
    let properties = |schema: &Json| schema.get("properties").and_then(Json::as_object).cloned().unwrap_or_default();
    let told = properties(writer);
    for (name, expected) in properties(reader) {
        let at = format!("{at}: {name}");
        let Some(promised) = told.get(&name) else {
            wrong.push(format!("{at} is not told"));
            continue;
        };
        let (expects, gets) = (types(&expected), types(promised));
        if let Some(other) = gets.iter().find(|ty| !expects.contains(ty)) {
            wrong.push(format!("{at} may be {other}, which is not expected"));
        }
        for key in ["format", "x-scale", "x-type"] {
            if expected.get(key) != promised.get(key) {
                wrong.push(format!("{at} differs in {key}"));
            }
        }
        if let (Some(expected), Some(promised)) = (expected.get("items"), promised.get("items")) {
            misunderstood(expected, promised, &at, wrong);
        }
    }
}

fn types(schema: &Json) -> Vec<String> {
    match schema.get("type") {
        Some(Json::String(one)) => vec![one.clone()],
        Some(Json::Array(many)) => many.iter().filter_map(Json::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    }
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

    /// What a hearer believes of the same event.
    #[derive(Event)]
    #[event("maker.gadget.built", version = 1)]
    struct Believed {
        /// Its name.
        #[allow(dead_code)]
        name: String,
    }

    /// What a hearer wrongly believes of it.
    #[derive(Event)]
    #[event("maker.gadget.built", version = 1)]
    struct Misbelieved {
        /// A number where there is a text.
        #[allow(dead_code)]
        name: i64,
        /// Nobody tells it.
        #[allow(dead_code)]
        weight: Quantity,
    }

    #[test]
    fn a_wrong_belief_is_seen() {
        let hearer = || Cell::new("hearer", "听者 | Hearer");
        let right = hearer().hears_as::<Believed>(|_, _| Ok(()));
        assert_eq!(check(&[maker(), right]), Vec::<String>::new());
        let wrong = hearer().hears_as::<Misbelieved>(|_, _| Ok(()));
        assert_eq!(check(&[maker(), wrong]).len(), 2);
    }
}
