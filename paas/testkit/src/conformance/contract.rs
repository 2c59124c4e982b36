//! Create, read, change, delete, export, repeat, history, labels, OpenAPI.

use super::sample::sample;
use super::{AllFields as _, Run};
use paas_document::{FieldType, Kind, TypeMeta};
use serde_json::{Value as Json, json};

pub(super) fn every_type_can_be_created(run: &mut Run) {
    for meta in run.creatable() {
        let Some(made) = run.record(meta) else { continue };
        let path = Run::path(meta, &made);
        let read = run.world.get(&run.world.admin(), &path);
        run.expect(read.status == 200 && read.json["version"] == 1, || format!("{path}: {}", read.json));
        let etag = read.header("etag").unwrap_or("none").to_owned();
        run.expect(etag == "\"1\"", || format!("{path}: ETag {etag}"));
        let location = made.header("location").unwrap_or("none").to_owned();
        run.expect(location.ends_with(&path), || format!("{path}: Location {location}"));
        for name in ["createdAt", "createdBy", "updatedAt", "updatedBy", "owner", "department"] {
            run.expect(!read.json[name].is_null() || name == "department", || format!("{path}: {name} is null"));
        }
    }
    // A reason why a type cannot be created must still be one.
    for (name, reason) in run.samples.made_by_rules {
        let Some(meta) = run.world.types.iter().find(|t| t.name == *name).copied() else {
            run.expect(false, || format!("made_by_rules names {name}, which is no type"));
            continue;
        };
        let answer = run.world.post(&run.world.admin(), meta.resource, &run.sample(meta));
        run.expect(answer.status != 201, || format!("{name} can be created, though: {reason}"));
    }
}

/// Compares what was sent with what is read; a reference by its id.
fn same(sent: &Json, read: &Json) -> bool {
    match (sent, read) {
        (Json::String(id), Json::Object(map)) => map.get("id").and_then(Json::as_str) == Some(id),
        (Json::String(a), Json::String(b)) => a == b || same_number(a, b),
        (Json::Number(a), Json::String(b)) => same_number(&a.to_string(), b),
        (Json::Array(a), Json::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Json::Object(a), Json::Object(b)) => a.iter().all(|(k, v)| b.get(k).is_some_and(|w| same(v, w))),
        (a, b) => a == b,
    }
}

fn same_number(a: &str, b: &str) -> bool {
    let trim = |t: &str| {
        if t.contains('.') { t.trim_end_matches('0').trim_end_matches('.').to_owned() } else { t.to_owned() }
    };
    b.starts_with(|c: char| c.is_ascii_digit() || c == '-') && trim(a) == trim(b)
}

pub(super) fn what_is_written_is_read_and_exported(run: &mut Run) {
    let admin = run.world.admin();
    for meta in run.creatable() {
        let body = sample(&run.world, &run.samples, &admin, meta);
        let made = run.world.post(&admin, meta.resource, &body);
        if made.status != 201 {
            run.expect(false, || format!("{}: {}", meta.name, made.json));
            continue;
        }
        let read = run.world.get(&admin, &Run::path(meta, &made));
        for (name, sent) in body.as_object().unwrap() {
            run.expect(same(sent, &read.json[name]), || {
                format!("{}.{name}: sent {sent}, read {}", meta.name, read.json[name])
            });
        }
        decimals(run, meta, &read.json);
        let answer = run.world.get(&admin, &format!("{}/export?format=json", meta.resource));
        let list = answer.json.as_array().or(answer.json["data"].as_array()).cloned().unwrap_or_default();
        let exported = list.iter().find(|r| r["id"] == made.json["id"]).cloned().unwrap_or(Json::Null);
        for field in meta.fields.iter().filter(|f| f.group.is_none() && !f.write_only) {
            run.expect(exported[field.name] == read.json[field.name], || {
                format!(
                    "{}.{}: read {}, exported {}",
                    meta.name, field.name, read.json[field.name], exported[field.name]
                )
            });
        }
        for (format, start) in [("csv", &b""[..]), ("xlsx", b"PK")] {
            let answer = run.world.get(&admin, &format!("{}/export?format={format}", meta.resource));
            let well = answer.status == 200 && answer.bytes.starts_with(start) && !answer.bytes.is_empty();
            run.expect(well, || format!("{}: {format} export answers {}", meta.name, answer.status));
        }
    }
}

/// Decimals come as strings with exactly the declared decimals.
fn decimals(run: &mut Run, meta: &'static TypeMeta, read: &Json) {
    for field in meta.fields {
        let FieldType::Decimal { scale, .. } = field.ty else { continue };
        let value = field.group.map_or(&read[field.name], |g| &read[g][field.name]);
        if let Some(text) = value.as_str() {
            let after = text.split_once('.').map_or(0, |(_, d)| d.len());
            run.expect(after == scale as usize, || {
                format!("{}.{}: {text} has {after} decimals", meta.name, field.name)
            });
        } else {
            run.expect(value.is_null(), || format!("{}.{} is {value}", meta.name, field.name));
        }
    }
}

pub(super) fn stale_versions_are_refused(run: &mut Run) {
    let admin = run.world.admin();
    for meta in run.creatable() {
        let Some(made) = run.record(meta) else { continue };
        let path = Run::path(meta, &made);
        let stale = [("If-Match", "\"77\"")];
        let answer = run.world.send(&admin, "PATCH", &path, &json!({}), &stale);
        run.refused(&answer, 409, "CONFLICT", &format!("PATCH {path}"));
        let answer = run.world.send(&admin, "PATCH", &path, &json!({"version": 77}), &[]);
        run.refused(&answer, 409, "CONFLICT", &format!("PATCH {path} with version"));
        let answer = run.world.send(&admin, "DELETE", &path, &Json::Null, &stale);
        run.refused(&answer, 409, "CONFLICT", &format!("DELETE {path}"));
        let answer = run.world.send(&admin, "PATCH", &path, &json!({}), &[]);
        run.expect(answer.status == 400, || format!("PATCH {path} without a version: {}", answer.json));
        let answer = run.world.send(&admin, "DELETE", &path, &Json::Null, &[]);
        run.expect(answer.status == 400, || format!("DELETE {path} without a version: {}", answer.json));
        let actions = run.world.described(meta.name)["actions"].as_array().cloned().unwrap_or_default();
        let first = actions.iter().find(|a| a["from"].as_array().is_some_and(|f| f.contains(&made.json["state"])));
        if let Some(action) = first {
            let body = json!({"action": action["name"], "version": 77});
            let answer = run.world.post(&admin, &format!("{path}/transitions"), &body);
            run.refused(&answer, 409, "CONFLICT", &format!("{} of {path}", action["name"]));
        }
        let now = run.world.get(&admin, &path);
        run.expect(now.json["version"] == 1, || format!("{path} changed: {}", now.json));
    }
}

pub(super) fn a_repeated_request_has_one_effect(run: &mut Run) {
    let admin = run.world.admin();
    for (n, meta) in run.creatable().into_iter().enumerate() {
        let key = format!("01a20c71-0000-7000-8000-{n:012x}");
        let header = [("X-Request-ID", key.as_str())];
        let body = run.sample(meta);
        let total = |run: &Run| run.world.get(&admin, meta.resource).json["total"].as_u64().unwrap_or_default();
        let before = total(run);
        let world = &run.world;
        // Two at once, then one more.
        let answers: Vec<_> = std::thread::scope(|scope| {
            let ask = || world.send(&admin, "POST", meta.resource, &body, &header);
            let two = [scope.spawn(ask), scope.spawn(ask)];
            two.into_iter().map(|t| t.join().unwrap()).collect()
        });
        let done = answers.iter().filter(|a| a.status == 201).count();
        let waiting = answers.iter().filter(|a| a.code() == "REQUEST_IN_PROGRESS").count();
        run.expect(done >= 1 && done + waiting == 2, || format!("{}: {answers:?}", meta.name));
        let again = run.world.send(&admin, "POST", meta.resource, &body, &header);
        run.expect(again.status == 201 && again.header("x-idempotent-replay") == Some("true"), || {
            format!("{}: no replay but {} {}", meta.name, again.status, again.json)
        });
        let first = answers.iter().find(|a| a.status == 201).map_or(Json::Null, |a| a.json["id"].clone());
        run.expect(again.json["id"] == first, || format!("{}: the replay is another record", meta.name));
        let after = total(run);
        run.expect(after == before + 1, || format!("{}: {before} became {after}", meta.name));
        let other = run.sample(meta);
        let answer = run.world.send(&admin, "POST", meta.resource, &other, &header);
        run.refused(&answer, 422, "IDEMPOTENCY_MISMATCH", meta.name);
    }
}

pub(super) fn a_dry_run_leaves_nothing(run: &mut Run) {
    let admin = run.world.admin();
    for meta in run.creatable() {
        let body = run.sample(meta);
        let before = run.world.get(&admin, meta.resource).json["total"].clone();
        let answer = run.world.post(&admin, &format!("{}?dryRun=true", meta.resource), &body);
        run.expect(answer.status < 300 && !answer.json["version"].is_null(), || {
            format!("{}: {}", meta.name, answer.json)
        });
        let after = run.world.get(&admin, meta.resource).json["total"].clone();
        run.expect(before == after, || format!("{}: {before} became {after}", meta.name));
        let read = run.world.get(&admin, &Run::path(meta, &answer));
        run.expect(read.status == 404, || format!("{}: a dry run left {}", meta.name, read.json));
    }
}

pub(super) fn every_change_is_in_the_history(run: &mut Run) {
    let admin = run.world.admin();
    for meta in run.creatable() {
        let Some(made) = run.record(meta) else { continue };
        let path = Run::path(meta, &made);
        let entries =
            |run: &Run| run.world.get(&admin, &format!("{path}/history")).json["data"].as_array().map_or(0, Vec::len);
        let one = entries(run);
        run.expect(one == 1, || format!("{path}: {one} entries after its creation"));
        let Some(field) = meta.fields.iter().find(|f| {
            matches!(f.ty, FieldType::Text { .. } | FieldType::LongText { .. })
                && !f.computed
                && !f.unique
                && f.group.is_none()
                && f.from_balance.is_none()
        }) else {
            continue;
        };
        let body = json!({"version": 1, field.name: "另一个值"});
        let answer = run.world.send(&admin, "PATCH", &path, &body, &[]);
        if answer.status != 200 {
            // A rule of the trade may forbid the change; then nothing is to be found either.
            let still = entries(run);
            run.expect(still == 1, || format!("{path}: a refused change is in the history"));
            continue;
        }
        let history = run.world.get(&admin, &format!("{path}/history")).json["data"].clone();
        let newest = history.as_array().and_then(|list| list.iter().find(|e| e["action"] == "update")).cloned();
        let newest = newest.unwrap_or(Json::Null);
        let told =
            newest["after"].to_string().contains("另一个值") || newest["changes"].to_string().contains("另一个值");
        run.expect(told && !newest["at"].is_null() && !newest["actor"].is_null(), || {
            format!("{path}: history says {newest}")
        });
    }
}

pub(super) fn unused_records_can_go(run: &mut Run) {
    let admin = run.world.admin();
    for meta in run.creatable() {
        let Some(made) = run.record(meta) else { continue };
        let path = Run::path(meta, &made);
        let answer = run.world.send(&admin, "DELETE", &path, &Json::Null, &[("If-Match", "\"1\"")]);
        let refused = stays(&answer);
        run.expect(answer.status == 204 || refused, || format!("DELETE {path}: {} {}", answer.status, answer.json));
        let read = run.world.get(&admin, &path);
        run.expect((read.status == 404) == (answer.status == 204), || format!("{path}: afterwards {}", read.status));
    }
    // A record others refer to stays.
    for meta in run.creatable() {
        for (at, field) in meta.all_fields() {
            let FieldType::Ref { target } = field.ty else { continue };
            if !field.required || field.computed || field.group.is_some() {
                continue;
            }
            let Some(made) = run.record(meta) else { continue };
            let record = at.map_or(&made.json, |table| &made.json[table][0]);
            let Some(id) = record[field.name]["id"].as_str().map(str::to_owned) else { continue };
            let path = format!("{}/{id}", target().resource);
            let version = run.world.get(&admin, &path).json["version"].to_string();
            let answer =
                run.world.send(&admin, "DELETE", &path, &Json::Null, &[("If-Match", &format!("\"{version}\""))]);
            run.expect(stays(&answer), || {
                format!("DELETE {path}, which {} uses as {}: {} {}", meta.name, field.name, answer.status, answer.json)
            });
        }
    }
}

/// Whether a delete was refused for what depends on the record.
fn stays(answer: &super::Answer) -> bool {
    matches!(answer.status, 409 | 422) && matches!(answer.code(), "IN_USE" | "INVALID_TRANSITION" | "BUSINESS_RULE")
}

/// Every label of the descriptor has both languages, the Chinese one in Chinese.
pub(super) fn conditions_can_be_read(run: &mut Run) {
    for fault in run.world.condition_faults() {
        run.expect(false, || fault);
    }
    run.nothing_of_the_kind();
}

pub(super) fn labels_are_in_both_languages(run: &mut Run) {
    let mut labels = Vec::new();
    collect(&run.world.meta, "", &mut labels);
    for (path, zh, en) in labels {
        run.expect(!zh.is_empty() && !en.is_empty(), || format!("{path}: {zh:?} | {en:?}"));
        let foreign = |t: &str| t.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
        run.expect(!foreign(&en), || format!("{path}: Chinese in the English label {en:?}"));
        let latin = zh.is_ascii();
        run.expect(!latin || zh.len() <= 6, || format!("{path}: no Chinese in {zh:?}"));
    }
}

fn collect(value: &Json, path: &str, into: &mut Vec<(String, String, String)>) {
    match value {
        Json::Object(map) => {
            if let (Some(Json::String(zh)), Some(Json::String(en))) = (map.get("zh"), map.get("en")) {
                into.push((path.to_owned(), zh.clone(), en.clone()));
            }
            for (key, inner) in map {
                collect(inner, &format!("{path}/{key}"), into);
            }
        }
        Json::Array(list) => {
            for (n, inner) in list.iter().enumerate() {
                collect(
                    inner,
                    &format!("{path}/{}", inner["name"].as_str().map_or(n.to_string(), str::to_owned)),
                    into,
                );
            }
        }
        _ => {}
    }
}

/// Every resource is documented, and a record has exactly the fields its schema names.
pub(super) fn openapi_agrees_with_behaviour(run: &mut Run) {
    let admin = run.world.admin();
    let api = run.world.get(&admin, "openapi.json").json;
    for meta in run.creatable() {
        run.record(meta);
    }
    for meta in run.world.types.clone() {
        if meta.kind == Kind::Row {
            continue;
        }
        let base = format!("/api/v1/{}/{}", run.world.cell, meta.resource);
        run.expect(api["paths"][&base]["get"].is_object(), || format!("{base} is not documented"));
        let listed = run.world.get(&admin, &format!("{}?pageSize=1", meta.resource));
        run.expect(listed.status == 200, || format!("{base}: {} {}", listed.status, listed.json));
        let schema = &api["components"]["schemas"][&format!("{}.{}", run.world.cell, meta.name)]["properties"];
        run.expect(schema.is_object(), || format!("{}: no schema", meta.name));
        if meta.kind == Kind::Balance {
            continue; // known by its key, read in lists only
        }
        let Some(id) = listed.json["data"][0]["id"].as_str() else { continue };
        let record = run.world.get(&admin, &format!("{}/{id}", meta.resource));
        let schema = schema.as_object().cloned().unwrap_or_default();
        for name in record.json.as_object().cloned().unwrap_or_default().keys() {
            run.expect(schema.contains_key(name), || format!("{}.{name} is answered and not documented", meta.name));
        }
        for name in meta.fields.iter().filter(|f| f.group.is_none()).map(|f| f.name) {
            run.expect(schema.contains_key(name), || format!("{}.{name} is declared and not documented", meta.name));
        }
    }
}
