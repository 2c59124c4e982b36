//! Alternatives and groups: they say what the list says.

use super::Run;
use super::lists::{indexed, listed, operand};
use paas_auth::FieldRight;
use paas_document::{Field, FieldType, Kind, TypeMeta};
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;

const NOBODY: &str = "00000000-0000-0000-0000-000000000000";

/// A query in which every character that has a meaning is escaped.
fn or(groups: &Json) -> String {
    operand(&Json::from(groups.to_string())).unwrap_or_default()
}

/// The value of a field as a filter takes it.
fn plain(value: &Json) -> Option<Json> {
    match value {
        Json::Object(map) => map.get("id").cloned(),
        Json::String(_) | Json::Bool(_) | Json::Number(_) => Some(value.clone()),
        _ => None,
    }
}

pub(super) fn alternatives_find_what_either_finds(run: &mut Run) {
    let admin = run.world.admin();
    for meta in listed(run) {
        if run.creatable().iter().any(|t| t.name == meta.name) {
            run.record(meta);
            run.record(meta);
        }
        let all = run.world.get(&admin, &format!("{}?pageSize=200", meta.resource)).json;
        let rows = all["data"].as_array().cloned().unwrap_or_default();
        let first = rows.first().cloned().unwrap_or_default();
        let last = rows.last().cloned().unwrap_or_default();
        let fields: Vec<&Field> = meta.fields.iter().filter(|f| indexed(meta, f)).collect();
        for (one, other) in fields.iter().zip(fields.iter().rev()) {
            let (Some(a), Some(b)) = (plain(&first[one.name]), plain(&last[other.name])) else { continue };
            let path = format!("{}?pageSize=200&or={}", meta.resource, or(&json!([{one.name: a}, {other.name: b}])));
            let answer = run.world.get(&admin, &path);
            let found = ids(&answer.json);
            let wanted = |row: &&Json| row[one.name] == first[one.name] || row[other.name] == last[other.name];
            let expected: BTreeSet<String> = rows.iter().filter(wanted).map(identity).collect();
            let right = answer.json["total"] == found.len();
            run.expect(answer.status == 200 && (rows.len() >= 200 || (found == expected && right)), || {
                format!("{path}: {found:?} instead of {expected:?}: {:.300}", answer.json.to_string())
            });
        }
        let unknown = format!("{}?or={}", meta.resource, or(&json!([{"noSuchField": "1"}])));
        let answer = run.world.get(&admin, &unknown);
        run.refused(&answer, 400, "UNKNOWN_FILTER", &unknown);
        for wrong in ["", "{}", "[]", "[{}]", "[{\"a\":1,\"a\":2}]", "x"] {
            let answer = run.world.get(&admin, &format!("{}?or={}", meta.resource, or_text(wrong)));
            run.expect(answer.status == 400, || format!("{}?or={wrong}: {}", meta.resource, answer.json));
        }
        for field in meta.fields.iter().filter(|f| matches!(f.ty, FieldType::Secret(_)) && f.group.is_none()) {
            let asked = json!([{format!("{}[startsWith]", field.name): "1"}, {field.name: "1"}]);
            let path = format!("{}?or={}", meta.resource, or(&asked));
            let answer = run.world.get(&admin, &path);
            run.refused(&answer, 400, "UNKNOWN_FILTER", &path);
        }
    }
}

fn or_text(text: &str) -> String {
    operand(&json!(text)).unwrap_or_default()
}

fn identity(row: &Json) -> String {
    // A balance has no identity but its key.
    row["id"].as_str().filter(|id| *id != NOBODY).map_or_else(|| row.to_string(), str::to_owned)
}

fn ids(list: &Json) -> BTreeSet<String> {
    list["data"].as_array().into_iter().flatten().map(identity).collect()
}

/// An exact decimal as an integer of its tenth places after the point.
fn scaled(value: &Json) -> i128 {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let (whole, part) = text.split_once('.').unwrap_or((&text, ""));
    format!("{whole}{part:0<10}").parse().unwrap_or_default()
}

pub(super) fn groups_add_up_to_the_list(run: &mut Run) {
    let admin = run.world.admin();
    for meta in listed(run) {
        if run.creatable().iter().any(|t| t.name == meta.name) {
            run.record(meta);
            run.record(meta);
        }
        let all = run.world.get(&admin, &format!("{}?pageSize=200", meta.resource)).json;
        let rows = all["data"].as_array().cloned().unwrap_or_default();
        if rows.len() >= 200 {
            continue;
        }
        let derived = |f: &Field| matches!(meta.kind, Kind::Ledger | Kind::Balance) && f.computed && !f.measure;
        let number =
            |f: &&Field| f.group.is_none() && matches!(f.ty, FieldType::Decimal { .. }) && !f.write_only && !derived(f);
        let sums: Vec<&str> = meta.fields.iter().filter(number).map(|f| f.name).collect();
        for field in meta.fields.iter().filter(|f| indexed(meta, f) && !matches!(f.ty, FieldType::AnyRef)) {
            let path = format!("{}/groups?by={}&sum={}", meta.resource, field.name, sums.join(","));
            let answer = run.world.get(&admin, &path);
            let groups = answer.json["data"].as_array().cloned().unwrap_or_default();
            let counted: u64 = groups.iter().filter_map(|g| g["count"].as_u64()).sum();
            run.expect(answer.status == 200 && all["total"] == counted, || format!("{path}: {}", answer.json));
            for group in &groups {
                let value = &group["keys"][field.name];
                let inside: Vec<&Json> = rows.iter().filter(|row| row[field.name] == *value).collect();
                run.expect(group["count"] == inside.len(), || format!("{path}: {group}, but {} rows", inside.len()));
                for sum in &sums {
                    let expected: i128 = inside.iter().map(|row| scaled(&row[*sum])).sum();
                    run.expect(scaled(&group["sums"][*sum]) == expected, || format!("{path}: {sum} of {group}"));
                }
            }
        }
        closed(run, meta);
    }
}

/// What may not be seen is neither grouped by nor added up, and what is not reached is not counted.
fn closed(run: &mut Run, meta: &'static TypeMeta) {
    let admin = run.world.admin();
    let plain = |f: &&Field| indexed(meta, f) && !matches!(f.ty, FieldType::AnyRef | FieldType::State(_));
    if let Some(field) = meta.fields.iter().find(plain) {
        for right in [FieldRight::Hidden, FieldRight::Masked] {
            let blind = run.world.restricted(&run.world.code(meta, field.name), right);
            let path = format!("{}/groups?by={}", meta.resource, field.name);
            let answer = run.world.get(&blind, &path);
            run.refused(&answer, 400, "UNKNOWN_FILTER", &path);
        }
    }
    for field in meta.fields.iter().filter(|f| f.group.is_none() && matches!(f.ty, FieldType::Secret(_))) {
        let path = format!("{}/groups?by={}", meta.resource, field.name);
        let answer = run.world.get(&admin, &path);
        run.refused(&answer, 400, "UNKNOWN_FILTER", &path);
    }
    let nobody = run.world.member(0, &[], paas_auth::GrantScope::All);
    let answer = run.world.get(&nobody, &format!("{}/groups?by=noSuchField", meta.resource));
    run.refused(&answer, 403, "FORBIDDEN", &format!("{}/groups without permission", meta.resource));
    let Some(field) = meta.fields.iter().find(|f| indexed(meta, f)) else { return };
    if meta.kind == Kind::Master || meta.kind == Kind::Document {
        let nobody = run.world.member(0, &[run.world.code(meta, "read")], paas_auth::GrantScope::Own);
        let path = format!("{}/groups?by={}", meta.resource, field.name);
        let answer = run.world.get(&nobody, &path);
        run.expect(answer.status == 200 && answer.json["data"] == json!([]), || format!("{path}: {}", answer.json));
    }
}
