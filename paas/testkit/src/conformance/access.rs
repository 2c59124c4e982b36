//! Tenants, permissions, field rights: what is not given is not there.

use super::world::{Answer, Member};
use super::{AllFields as _, Run};
use paas_auth::{FieldRight, GrantScope};
use paas_document::{FieldType, Kind, TypeMeta};
use serde_json::{Value as Json, json};

pub(super) fn tenants_are_apart(run: &mut Run) {
    let stranger = run.world.stranger();
    for meta in run.creatable() {
        let Some(made) = run.record(meta) else { continue };
        for (what, answer) in every_call_on(run, &stranger, meta, &made) {
            run.refused(&answer, 404, "NOT_FOUND", &what);
        }
        let id = made.id();
        for path in [
            format!("{}?id={id}", meta.resource),
            format!("{}?pageSize=200", meta.resource),
            format!("{}/export?format=json", meta.resource),
        ] {
            let answer = run.world.get(&stranger, &path);
            run.expect(!answer.bytes.windows(id.len()).any(|w| w == id.as_bytes()), || {
                format!("{path} shows a record of another tenant")
            });
        }
        let body = json!({"items": [{"id": id, "version": 1}], "action": first_action(run, meta)});
        let answer = run.world.post(&stranger, &format!("{}/transitions", meta.resource), &body);
        run.expect(!answer.json.to_string().contains("\"state\""), || {
            format!("bulk action on {}: {}", meta.name, answer.json)
        });
        let admin = run.world.admin();
        let now = run.world.get(&admin, &Run::path(meta, &made));
        run.expect(now.json["version"] == 1, || format!("{} was changed by another tenant", meta.name));
    }
}

fn first_action(run: &Run, meta: &TypeMeta) -> Json {
    let name = &run.world.described(meta.name)["actions"][0]["name"];
    if name.is_null() { json!("confirm") } else { name.clone() }
}

/// Every call that names a record.
fn every_call_on(run: &Run, who: &Member, meta: &TypeMeta, made: &Answer) -> Vec<(String, Answer)> {
    let path = Run::path(meta, made);
    let version = [("If-Match", "\"1\"")];
    let mut answers = Vec::new();
    let mut ask = |method: &str, path: String, body: Json| {
        let answer = run.world.send(who, method, &path, &body, &version);
        answers.push((format!("{method} {path}"), answer));
    };
    ask("GET", path.clone(), Json::Null);
    ask("GET", format!("{path}/history"), Json::Null);
    ask("PATCH", path.clone(), json!({}));
    for action in run.world.described(meta.name)["actions"].as_array().unwrap_or(&Vec::new()) {
        ask("POST", format!("{path}/transitions"), json!({"action": action["name"], "version": 1}));
    }
    ask("DELETE", path, Json::Null);
    answers
}

pub(super) fn foreign_references_do_not_exist(run: &mut Run) {
    let admin = run.world.admin();
    let stranger = run.world.stranger();
    for meta in run.creatable() {
        let good = run.sample(meta);
        for (table, field) in meta.all_fields() {
            let FieldType::Ref { target } = field.ty else { continue };
            if field.group.is_some() || field.computed || field.from_balance.is_some() {
                continue;
            }
            let target = target();
            if !run.creatable().iter().any(|t| t.name == target.name) {
                continue;
            }
            let Some(theirs) = run.record_of(&stranger, target) else { continue };
            let refuse = |value: Json| {
                let mut body = good.clone();
                match table {
                    Some(table) if body[table][0].is_object() => body[table][0][field.name] = value,
                    Some(_) => return None,
                    None => body[field.name] = value,
                }
                Some(run.world.post(&admin, meta.resource, &body))
            };
            let Some(foreign) = refuse(json!(theirs.id())) else { continue };
            let Some(nothing) = refuse(json!("01a20c71-0000-7000-8000-0000000000ff")) else { continue };
            let same = foreign.status == 400 && foreign.json["details"] == nothing.json["details"];
            run.expect(same, || format!("{}.{}: {} but {}", meta.name, field.name, foreign.json, nothing.json));
        }
    }
}

/// What a permission is for, asked for on a record that is there.
fn use_of(run: &mut Run, who: &Member, meta: &'static TypeMeta, verb: &str) -> Option<Answer> {
    let version = [("If-Match", "\"1\"")];
    let admin = run.world.admin();
    Some(match verb {
        "read" => run.world.get(who, meta.resource),
        "export" => run.world.get(who, &format!("{}/export?format=json", meta.resource)),
        "create" => {
            let body = run.sample(meta);
            run.world.post(who, meta.resource, &body)
        }
        "unmask" => return None,
        "update" | "delete" if !run.creatable().iter().any(|t| t.name == meta.name) => {
            let list = run.world.get(&admin, &format!("{}?pageSize=1", meta.resource));
            let id = list.json["data"][0]["id"].as_str()?.to_owned();
            let stale = [("If-Match", "\"77\"")];
            let method = if verb == "update" { "PATCH" } else { "DELETE" };
            let body = if verb == "update" { json!({}) } else { Json::Null };
            run.world.send(who, method, &format!("{}/{id}", meta.resource), &body, &stale)
        }
        "update" => {
            let made = run.record(meta)?;
            run.world.send(who, "PATCH", &Run::path(meta, &made), &json!({}), &version)
        }
        "delete" => {
            let made = run.record(meta)?;
            run.world.send(who, "DELETE", &Run::path(meta, &made), &Json::Null, &version)
        }
        action => {
            let id = match run.creatable().iter().any(|t| t.name == meta.name) {
                true => run.record(meta)?.id(),
                false => run.world.get(&admin, &format!("{}?pageSize=1", meta.resource)).json["data"][0]["id"]
                    .as_str()?
                    .to_owned(),
            };
            let body = json!({"action": action, "version": 1});
            run.world.post(who, &format!("{}/{id}/transitions", meta.resource), &body)
        }
    })
}

/// The codes of a type, with their verbs.
fn verbs(run: &Run, meta: &TypeMeta) -> Vec<(String, String)> {
    let prefix = format!("{}.{}.", run.world.cell, meta.name);
    let mine = run.world.permissions.iter().filter_map(|c| Some((c.clone(), c.strip_prefix(&prefix)?.to_owned())));
    mine.collect()
}

/// What an operation needs beside its own code: sight of the record, and of what its body refers to.
fn with_sight(run: &Run, code: &str) -> Vec<String> {
    let mut codes: Vec<String> = run.world.permissions.iter().filter(|c| c.ends_with(".read")).cloned().collect();
    codes.push(code.to_owned());
    codes
}

pub(super) fn every_permission_opens_its_operation(run: &mut Run) {
    for meta in run.world.types.clone() {
        for (code, verb) in verbs(run, meta) {
            let exactly = run.world.member(0, &with_sight(run, &code), GrantScope::All);
            if let Some(answer) = use_of(run, &exactly, meta, &verb) {
                // An action may make other documents, which is a right of its own: the refusal names that one.
                let own = answer.json["details"]["permission"] == json!(code);
                let other = answer.code() == "FORBIDDEN" && !own && !answer.json["details"]["permission"].is_null();
                run.expect(answer.code() != "FORBIDDEN" || other, || {
                    format!("{code} does not open {verb}: {}", answer.json)
                });
            }
            let rest: Vec<String> = run.world.permissions.iter().filter(|c| **c != code).cloned().collect();
            let all_but = run.world.member(0, &rest, GrantScope::All);
            if let Some(answer) = use_of(run, &all_but, meta, &verb) {
                run.refused(&answer, 403, "FORBIDDEN", &format!("{verb} of {} by all but {code}", meta.name));
            }
        }
    }
    let reports: Vec<String> = run.world.permissions.iter().filter(|c| c.contains(".report.")).cloned().collect();
    for code in reports {
        let name = code.rsplit('.').next().unwrap_or_default();
        let path = format!("reports/{name}");
        let exactly = run.world.member(0, std::slice::from_ref(&code), GrantScope::All);
        let answer = run.world.get(&exactly, &path);
        run.expect(answer.code() != "FORBIDDEN", || format!("{code} does not open its report"));
        let rest: Vec<String> = run.world.permissions.iter().filter(|c| **c != code).cloned().collect();
        let all_but = run.world.member(0, &rest, GrantScope::All);
        let answer = run.world.get(&all_but, &path);
        run.refused(&answer, 403, "FORBIDDEN", &path);
    }
}

pub(super) fn nothing_is_open_without_its_permission(run: &mut Run) {
    let nobody = run.world.member(0, &[], GrantScope::All);
    for meta in run.world.types.clone() {
        if matches!(meta.kind, Kind::Row | Kind::Setting) {
            continue;
        }
        for path in [meta.resource.to_owned(), format!("{}/export?format=csv", meta.resource)] {
            let answer = run.world.get(&nobody, &path);
            run.refused(&answer, 403, "FORBIDDEN", &path);
        }
    }
    for meta in run.creatable() {
        let Some(made) = run.record(meta) else { continue };
        for (what, answer) in every_call_on(run, &nobody, meta, &made) {
            run.refused(&answer, 403, "FORBIDDEN", &what);
        }
        let body = run.sample(meta);
        for (path, body) in [
            (meta.resource.to_owned(), body.clone()),
            (format!("{}/batch", meta.resource), json!({"items": [body], "mode": "each"})),
            (
                format!("{}/transitions", meta.resource),
                json!({"items": [{"id": made.id(), "version": 1}], "action": first_action(run, meta)}),
            ),
        ] {
            let answer = run.world.post(&nobody, &path, &body);
            let inside = answer.json["results"].as_array().or(answer.json["data"].as_array());
            let each =
                inside.is_some_and(|list| !list.is_empty() && list.iter().all(|r| r.to_string().contains("FORBIDDEN")));
            run.expect(answer.code() == "FORBIDDEN" || each, || format!("{path}: {} {}", answer.status, answer.json));
        }
    }
    let meta = run.world.get(&nobody, "meta");
    let nothing = meta.json["types"].as_array().is_none_or(Vec::is_empty);
    run.expect(nothing, || "the descriptor tells a member without rights of types".to_owned());
}

/// A record with this value in a sensitive field; `None`, and noted, when it cannot be made.
fn with_secret(run: &mut Run, meta: &'static TypeMeta, field: &str, value: &str) -> Option<Answer> {
    let mut body = run.sample(meta);
    body[field] = json!(value);
    let made = run.world.post(&run.world.admin(), meta.resource, &body);
    run.expect(made.status == 201, || format!("{}: {}", meta.name, made.json));
    (made.status == 201).then_some(made)
}

pub(super) fn sensitive_values_are_masked(run: &mut Run) {
    let admin = run.world.admin();
    let mut looked = false;
    for meta in run.creatable() {
        let unmask = run.world.code(meta, "unmask");
        let rest: Vec<String> = run.world.permissions.iter().filter(|c| **c != unmask).cloned().collect();
        let clerk = run.world.member(0, &rest, GrantScope::All);
        for field in
            meta.fields.iter().filter(|f| matches!(f.ty, FieldType::Secret(_)) && !f.write_only && f.group.is_none())
        {
            looked = true;
            let Some(made) = with_secret(run, meta, field.name, "13987654321") else { continue };
            let path = Run::path(meta, &made);
            let clear = |answer: &Answer| answer.bytes.windows(11).any(|w| w == b"13987654321");
            run.expect(clear(&run.world.get(&admin, &path)), || {
                format!("{path}: unmasking does not show {}", field.name)
            });
            for path in [
                path.clone(),
                format!("{path}/history"),
                format!("{}?pageSize=200", meta.resource),
                format!("{}/export?format=json", meta.resource),
                format!("{}/export?format=csv", meta.resource),
            ] {
                let answer = run.world.get(&clerk, &path);
                run.expect(answer.status == 200 && !clear(&answer), || format!("{path} shows {} in clear", field.name));
            }
            let history = run.world.get(&admin, &format!("{path}/history"));
            run.expect(!clear(&history), || format!("{path}/history keeps {} in clear", field.name));
            let answer = run.world.get(&clerk, &format!("{}?{}=13987654321", meta.resource, field.name));
            run.expect(answer.status == 400 || answer.status == 403, || {
                format!("{}: a clerk filters by {}", meta.name, field.name)
            });
            let answer = run.world.get(&admin, &format!("{}?{}=13987654321", meta.resource, field.name));
            let found = answer.json["data"].as_array().is_some_and(|l| l.iter().any(|r| r["id"] == made.json["id"]));
            run.expect(found, || format!("{}: {} is not found by its value: {}", meta.name, field.name, answer.json));
            for operator in ["contains", "startsWith", "gt"] {
                let answer = run.world.get(&admin, &format!("{}?{}[{operator}]=139", meta.resource, field.name));
                run.refused(&answer, 400, "UNKNOWN_FILTER", &format!("{}[{operator}]", field.name));
            }
            // The mask sent back changes nothing.
            let masked = run.world.get(&clerk, &path).json[field.name].clone();
            run.expect(masked.is_string(), || format!("{path}: the mask is {masked}"));
            let answer = run.world.send(&clerk, "PATCH", &path, &json!({"version": 1, field.name: masked}), &[]);
            run.expect(answer.status == 200, || format!("{path}: the mask is refused: {}", answer.json));
            run.expect(clear(&run.world.get(&admin, &path)), || format!("{path}: the mask became the value"));
        }
    }
    // A cell without sensitive fields keeps the promise by having none.
    let none = !run.world.types.iter().any(|t| t.fields.iter().any(|f| matches!(f.ty, FieldType::Secret(_))));
    run.expect(looked || none, || "sensitive fields were declared and none was looked at".to_owned());
}

pub(super) fn seeing_sensitive_values_is_audited(run: &mut Run) {
    let admin = run.world.admin();
    let mut looked = false;
    for meta in run.creatable() {
        let unmask = run.world.code(meta, "unmask");
        let rest: Vec<String> = run.world.permissions.iter().filter(|c| **c != unmask).cloned().collect();
        let clerk = run.world.member(0, &rest, GrantScope::All);
        let sensitive =
            |f: &&paas_document::Field| matches!(f.ty, FieldType::Secret(_)) && !f.write_only && f.group.is_none();
        let Some(field) = meta.fields.iter().find(sensitive) else { continue };
        looked = true;
        let Some(made) = with_secret(run, meta, field.name, "13987654320") else { continue };
        let path = Run::path(meta, &made);
        let sights = |run: &Run| -> Vec<Json> {
            let told = run.world.get(&clerk, &format!("{path}/history?sights=true")).json["data"].clone();
            told.as_array().cloned().unwrap_or_default()
        };
        run.expect(sights(run).is_empty(), || format!("{path}: who wrote {} did not see it", field.name));
        run.world.get(&clerk, &path);
        run.expect(sights(run).is_empty(), || format!("{path}: the mask of {} is no sight", field.name));
        run.world.get(&admin, &path);
        let one = sights(run);
        let told = one.len() == 1 && one[0]["after"]["unmasked"] == json!([field.name]);
        run.expect(told, || format!("{path}: its sight is told as {one:?}"));
        run.world.get(&admin, &format!("{}?id={}", meta.resource, made.id()));
        run.world.get(&admin, &format!("{}/export?format=json&id={}", meta.resource, made.id()));
        run.expect(sights(run).len() == 3, || format!("{path}: list and export show {} untold", field.name));
        run.world.get(&admin, &format!("{}?fields=id&id={}", meta.resource, made.id()));
        run.expect(sights(run).len() == 3, || format!("{path}: what was not asked for was not seen"));
        let trial = run.world.send(&admin, "PATCH", &format!("{path}?dryRun=true"), &json!({"version": 1}), &[]);
        let told = sights(run).len() == 4;
        run.expect(trial.status == 200 && told, || format!("{path}: a trial shows {} untold", field.name));
        let by_value = format!("{}={}", field.name, "13987654320");
        run.world.get(&admin, &format!("{}?fields=id&{by_value}&id={}", meta.resource, made.id()));
        run.expect(sights(run).len() == 5, || format!("{path}: who finds it by {} is not told of", field.name));
        let counted = run.world.get(&admin, &format!("{}/groups?by=state&{by_value}", meta.resource));
        run.refused(&counted, 400, "UNKNOWN_FILTER", &format!("{} counted by {}", meta.name, field.name));
        masks_are_no_sights(run, (&path, field.name), &|run| sights(run).len());
    }
    let none = !run.world.types.iter().any(|t| t.fields.iter().any(|f| matches!(f.ty, FieldType::Secret(_))));
    run.expect(looked || none, || "sensitive fields were declared and none was looked at".to_owned());
}

/// Who may see a sensitive value and asks for its mask sees nothing, wherever it asks; who then reveals one field sees it
/// once.
fn masks_are_no_sights(run: &mut Run, (path, field): (&str, &str), sights: &dyn Fn(&Run) -> usize) {
    let admin = run.world.admin();
    let before = sights(run);
    let (resource, id) = path.split_once('/').unwrap_or_default();
    let clear = |answer: &Answer| answer.bytes.windows(11).any(|w| w == b"13987654320");
    let masked = |answer: &Answer| answer.status == 200 && !clear(answer);
    for path in [
        format!("{path}?mask=true"),
        format!("{path}?mask=true&fields={field}"),
        format!("{resource}?mask=true&id={id}"),
        format!("{resource}/export?format=csv&mask=true&id={id}"),
    ] {
        let answer = run.world.get(&admin, &path);
        run.expect(masked(&answer), || format!("{path}: {} shows {field} to who wants its mask", answer.status));
    }
    let now = run.world.get(&admin, &format!("{path}?mask=true")).json;
    let same = json!({"version": now["version"], field: now[field]});
    let saved = run.world.send(&admin, "PATCH", &format!("{path}?mask=true"), &same, &[]);
    run.expect(masked(&saved), || format!("{path}: a write that wants masks answers {}", saved.json));
    run.expect(sights(run) == before, || format!("{path}: the mask of {field} counts as its sight"));
    let one = run.world.get(&admin, &format!("{path}?fields={field}"));
    let alone = one.json.as_object().is_some_and(|members| members.len() == 2 && members.contains_key("id"));
    run.expect(clear(&one) && alone, || format!("{path}: revealing {field} answers {}", one.json));
    run.expect(sights(run) == before + 1, || format!("{path}: revealing {field} is noted once"));
    let answer = run.world.get(&admin, &format!("{path}?mask=perhaps"));
    run.expect(answer.status == 400, || format!("{path}?mask=perhaps: {}", answer.status));
}

pub(super) fn hidden_fields_are_not_named(run: &mut Run) {
    let admin = run.world.admin();
    for meta in run.creatable() {
        let plain = |f: &&paas_document::Field| {
            f.group.is_none() && !f.write_only && !f.required && f.list && !matches!(f.ty, FieldType::State(_))
        };
        let Some(field) = meta.fields.iter().find(plain) else { continue };
        let blind = run.world.restricted(&run.world.code(meta, field.name), FieldRight::Hidden);
        let Some(made) = run.record(meta) else { continue };
        let path = Run::path(meta, &made);
        for path in
            [path.clone(), format!("{}?pageSize=5", meta.resource), format!("{}/export?format=json", meta.resource)]
        {
            let answer = run.world.get(&blind, &path);
            let key = format!("\"{}\":", field.name);
            let records = [&answer.json, &answer.json["data"][0], &answer.json[0]];
            let named = records.iter().any(|r| r.as_object().is_some_and(|m| m.contains_key(field.name)));
            run.expect(!named, || format!("{path} names the hidden field {key}"));
        }
        let answer = run.world.get(&blind, &format!("{}?sort={}", meta.resource, field.name));
        run.expect(answer.status >= 400, || format!("{}: sorted by the hidden {}", meta.name, field.name));
        let reader = run.world.restricted(&run.world.code(meta, field.name), FieldRight::Read);
        let mut body = json!({"version": 1});
        body[field.name] = match run.sample(meta)[field.name].clone() {
            Json::String(text) if matches!(field.ty, FieldType::Text { .. }) => json!(format!("{text}z")),
            other => other,
        };
        let before = run.world.get(&admin, &path).json[field.name].clone();
        let answer = run.world.send(&reader, "PATCH", &path, &body, &[]);
        let after = run.world.get(&admin, &path).json[field.name].clone();
        run.expect(before == after, || {
            format!("{path}: {} was written without the right: {}", field.name, answer.json)
        });
    }
}
