//! Guards are raced against the changes that would falsify them. On PostgreSQL several writers work at once: what a guard
//! relies on must stand still until its transaction ends.

use super::flow::{act, actions, reached, walk};
use super::{AllFields as _, Answer, Run, World};
use paas_document::{FieldType, TypeMeta};
use serde_json::Value as Json;
use std::time::Duration;

/// How often, and how long between, it is looked whether somebody waits: three seconds in all, less than a write may take.
const LOOKS: u32 = 300;
const BETWEEN: Duration = Duration::from_millis(10);
/// The most steps back to the state a record was in.
const STEPS_BACK: usize = 3;

/// An action in a state that a path of actions leads to.
struct Case<'a> {
    meta: &'static TypeMeta,
    path: &'a [String],
    action: &'a str,
}

/// A record that an action may rely on: by which field the document names it, or how it is found otherwise.
struct Relied {
    what: String,
    target: &'static TypeMeta,
    find: Find,
}

enum Find {
    Field(Option<&'static str>, &'static str),
    Named(fn(&World, &Json) -> Option<String>),
}

pub(super) fn every_guard_holds_what_it_relies_on(run: &mut Run) {
    // With one writer nobody comes between.
    if run.world.has_many_writers() {
        for meta in run.creatable().into_iter().filter(|t| t.state_field.is_some()) {
            for (state, path) in reached(run, meta) {
                for (action, from) in actions(run, meta) {
                    if from.contains(&state) {
                        race(run, &Case { meta, path: &path, action: &action });
                    }
                }
            }
        }
    }
    run.nothing_of_the_kind();
}

/// What the type's records refer to and the samples name, as far as people can change it.
fn relied(run: &Run, meta: &'static TypeMeta) -> Vec<Relied> {
    let mut found = Vec::new();
    for (table, field) in meta.all_fields() {
        let FieldType::Ref { target } = &field.ty else { continue };
        let what = table.map_or_else(|| field.name.to_owned(), |table| format!("{table}[].{}", field.name));
        found.push(Relied { what, target: target(), find: Find::Field(table, field.name) });
    }
    for (name, find) in run.samples.relied {
        let target = run.world.types.iter().copied().find(|t| t.name == *name);
        let target = target.unwrap_or_else(|| panic!("the cell has no type {name}"));
        found.push(Relied { what: (*name).to_owned(), target, find: Find::Named(*find) });
    }
    found.retain(|relied| relied.target.state_field.is_some() && !actions(run, relied.target).is_empty());
    found
}

impl Relied {
    fn id(&self, run: &Run, record: &Json) -> Option<String> {
        match self.find {
            Find::Field(None, field) => record[field]["id"].as_str().map(str::to_owned),
            Find::Field(Some(table), field) => record[table][0][field]["id"].as_str().map(str::to_owned),
            Find::Named(find) => find(&run.world, record),
        }
    }
}

fn record(run: &Run, meta: &TypeMeta, id: &str) -> Json {
    run.world.get(&run.world.admin(), &format!("{}/{id}", meta.resource)).json
}

/// What people can do with a record now.
fn changes(run: &Run, meta: &TypeMeta, id: &str) -> Vec<String> {
    let allowed = record(run, meta, id)["allowedActions"].clone();
    let names = allowed.as_array().into_iter().flatten().filter_map(|a| a["action"].as_str());
    names.map(str::to_owned).collect()
}

fn race(run: &mut Run, case: &Case<'_>) {
    // The action must be possible as things are.
    let Some((id, _)) = walk(run, case.meta, case.path) else { return };
    let before = record(run, case.meta, &id);
    if act(run, case.meta, &id, case.action).status != 200 {
        return;
    }
    for relied in relied(run, case.meta) {
        let Some(on) = relied.id(run, &before) else { continue };
        for change in changes(run, relied.target, &on) {
            if relies(run, case, &relied, &change) {
                contend(run, case, &relied, &change);
            }
        }
    }
}

/// Whether the action is refused once the change was made.
fn relies(run: &mut Run, case: &Case<'_>, relied: &Relied, change: &str) -> bool {
    let Some((id, on, state)) = ready(run, case, relied) else { return false };
    if act(run, relied.target, &on, change).status != 200 {
        return false;
    }
    let answer = act(run, case.meta, &id, case.action);
    restore(run, relied.target, &on, &state);
    (400..500).contains(&answer.status)
}

/// A record the action can be taken on, what it relies on, and the state of that.
fn ready(run: &mut Run, case: &Case<'_>, relied: &Relied) -> Option<(String, String, Json)> {
    let (id, _) = walk(run, case.meta, case.path)?;
    let on = relied.id(run, &record(run, case.meta, &id))?;
    let state = record(run, relied.target, &on)["state"].clone();
    Some((id, on, state))
}

/// Takes a record back to its state, where there is a way.
fn restore(run: &Run, meta: &TypeMeta, id: &str, state: &Json) {
    for _ in 0..STEPS_BACK {
        for step in changes(run, meta, id) {
            if record(run, meta, id)["state"] == *state {
                return;
            }
            act(run, meta, id, &step);
        }
    }
}

/// The change comes first and has not ended when the action begins: the action must wait for it, and then see it.
fn contend(run: &mut Run, case: &Case<'_>, relied: &Relied, change: &str) {
    let Some((id, on, state)) = ready(run, case, relied) else { return };
    let mut grip = run.world.grip(relied.target, &on);
    let here: &Run = run;
    let (changed, acted, early): (Answer, Answer, bool) = std::thread::scope(|scope| {
        let changing = scope.spawn(|| act(here, relied.target, &on, change));
        let mut until = |waiting: i64, ended: &dyn Fn() -> bool| {
            for _ in 0..LOOKS {
                if ended() || grip.waiting().unwrap() >= waiting {
                    return;
                }
                std::thread::sleep(BETWEEN);
            }
        };
        until(1, &|| changing.is_finished());
        let acting = scope.spawn(|| act(here, case.meta, &id, case.action));
        until(2, &|| acting.is_finished());
        let early = acting.is_finished();
        grip.release();
        (changing.join().unwrap(), acting.join().unwrap(), early)
    });
    restore(run, relied.target, &on, &state);
    let seen = !(acted.status == 200 && (early || changed.status == 200));
    run.expect(seen, || {
        let (name, action, what) = (case.meta.name, case.action, &relied.what);
        format!("{name}: {action} does not hold {what}, which it relies on: {change} slips in before it ends")
    });
}
