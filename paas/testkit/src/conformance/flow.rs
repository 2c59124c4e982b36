//! Flow tables: every edge, and no other.

use super::Run;
use paas_document::{Kind, TypeMeta};
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, VecDeque};

/// The actions of a type as the descriptor tells them: name, states it starts from.
pub(super) fn actions(run: &Run, meta: &TypeMeta) -> BTreeMap<String, Vec<String>> {
    let text = |v: &Json| v.as_str().unwrap_or_default().to_owned();
    let mut actions: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for action in run.world.described(meta.name)["actions"].as_array().map(Vec::as_slice).unwrap_or_default() {
        let from = action["from"].as_array().map(|l| l.iter().map(text).collect::<Vec<_>>()).unwrap_or_default();
        actions.entry(text(&action["name"])).or_default().extend(from);
    }
    actions
}

pub(super) fn act(run: &Run, meta: &TypeMeta, id: &str, action: &str) -> super::Answer {
    let admin = run.world.admin();
    let version = run.world.get(&admin, &format!("{}/{id}", meta.resource)).json["version"].clone();
    let body = json!({"action": action, "version": version});
    run.world.post(&admin, &format!("{}/{id}/transitions", meta.resource), &body)
}

/// Records in as many states as people can reach, each with the path of actions that led there.
pub(super) fn reached(run: &mut Run, meta: &'static TypeMeta) -> BTreeMap<String, Vec<String>> {
    let mut states: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut open: VecDeque<Vec<String>> = VecDeque::from([Vec::new()]);
    while let Some(path) = open.pop_front() {
        let Some((_, state)) = walk(run, meta, &path) else { continue };
        if states.contains_key(&state) {
            continue;
        }
        for (action, from) in actions(run, meta) {
            if from.contains(&state) && path.len() < 4 {
                let mut longer = path.clone();
                longer.push(action);
                open.push_back(longer);
            }
        }
        states.insert(state, path);
    }
    states
}

/// A new record taken along a path; its id and state, when every step was allowed.
pub(super) fn walk(run: &mut Run, meta: &'static TypeMeta, path: &[String]) -> Option<(String, String)> {
    let made = run.record(meta)?;
    let (id, mut state) = (made.id(), made.json["state"].as_str().unwrap_or_default().to_owned());
    for action in path {
        let answer = act(run, meta, &id, action);
        if answer.status != 200 {
            return None;
        }
        state = answer.json["state"].as_str().unwrap_or_default().to_owned();
    }
    Some((id, state))
}

pub(super) fn every_edge_and_no_other_is_taken(run: &mut Run) {
    for meta in run.creatable().into_iter().filter(|t| t.state_field.is_some()) {
        for (state, path) in reached(run, meta) {
            for (action, from) in actions(run, meta) {
                let Some((id, _)) = walk(run, meta, &path) else { continue };
                let admin = run.world.admin();
                let allowed = run.world.get(&admin, &format!("{}/{id}", meta.resource)).json["allowedActions"].clone();
                let offered = allowed.as_array().is_some_and(|l| l.iter().any(|a| a["action"] == json!(action)));
                let answer = act(run, meta, &id, &action);
                let edge = from.contains(&state);
                let invalid = answer.code() == "INVALID_TRANSITION";
                run.expect(invalid != edge, || {
                    format!(
                        "{}: {action} from {state} is {}an edge and answers {}",
                        meta.name,
                        if edge { "" } else { "not " },
                        answer.json
                    )
                });
                run.expect(answer.status < 500 && (edge || !offered), || {
                    format!("{}: {action} from {state}: {}", meta.name, answer.json)
                });
                if invalid {
                    let told = answer.json["details"].to_string();
                    run.expect(told.contains(&state), || {
                        format!("{}: the refusal does not name {state}: {told}", meta.name)
                    });
                }
            }
            let Some((id, _)) = walk(run, meta, &path) else { continue };
            let answer = act(run, meta, &id, "no-such-action");
            run.expect(answer.status == 400, || format!("{}: no-such-action answers {}", meta.name, answer.json));
        }
    }
    run.nothing_of_the_kind();
}

pub(super) fn final_records_stay_as_they_are(run: &mut Run) {
    let admin = run.world.admin();
    for meta in run.creatable().into_iter().filter(|t| t.kind == Kind::Document) {
        let editable = run.world.described(meta.name)["editableStates"].clone();
        for (state, path) in reached(run, meta) {
            if editable.as_array().is_some_and(|l| l.contains(&json!(state))) {
                continue;
            }
            let Some((id, _)) = walk(run, meta, &path) else { continue };
            let path = format!("{}/{id}", meta.resource);
            let before = run.world.get(&admin, &path).json;
            let version = format!("\"{}\"", before["version"]);
            for (method, body) in [("PATCH", run.sample(meta)), ("DELETE", Json::Null)] {
                let answer = run.world.send(&admin, method, &path, &body, &[("If-Match", &version)]);
                run.expect(matches!(answer.status, 409 | 422 | 400), || {
                    format!("{method} of a {state} {}: {} {}", meta.name, answer.status, answer.json)
                });
            }
            let after = run.world.get(&admin, &path).json;
            run.expect(before == after, || format!("a {state} {} was changed", meta.name));
        }
    }
    run.nothing_of_the_kind();
}

pub(super) fn a_refused_action_changes_nothing(run: &mut Run) {
    let admin = run.world.admin();
    for meta in run.creatable() {
        for (action, from) in actions(run, meta) {
            let Some(made) = run.record(meta) else { continue };
            if from.iter().any(|s| made.json["state"] == json!(s)) {
                continue;
            }
            let path = Run::path(meta, &made);
            let before = run.world.get(&admin, &path).json;
            let _ = act(run, meta, &made.id(), &action);
            let after = run.world.get(&admin, &path).json;
            run.expect(before == after, || format!("{}: a refused {action} changed it", meta.name));
            let history = run.world.get(&admin, &format!("{path}/history")).json["data"].as_array().map_or(0, Vec::len);
            run.expect(history == 1, || format!("{}: a refused {action} is in the history", meta.name));
        }
    }
    run.nothing_of_the_kind();
}

/// Everything the other checks do to records, at once; then balances and the chain are added up.
pub(super) fn the_books_are_whole_afterwards(run: &mut Run) {
    for meta in run.creatable() {
        let _ = reached(run, meta);
    }
    let wrong = run.world.prove();
    run.expect(wrong.is_empty(), || wrong.join("; "));
}
