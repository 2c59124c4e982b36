//! Lists and reports.

use super::{Member, Run};
use paas_auth::GrantScope;
use paas_document::{Field, FieldType, Kind, TypeMeta};
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;

pub(super) fn listed(run: &Run) -> Vec<&'static TypeMeta> {
    run.world.types.iter().filter(|t| t.kind != Kind::Row && t.kind != Kind::Setting).copied().collect()
}

pub(super) fn indexed(meta: &TypeMeta, field: &Field) -> bool {
    field.group.is_none() && meta.is_indexed(field) && !matches!(field.ty, FieldType::Secret(_))
}

/// The text of a value in a query.
pub(super) fn operand(value: &Json) -> Option<String> {
    let text = match value {
        Json::String(text) => text.clone(),
        Json::Object(map) => map.get("id")?.as_str()?.to_owned(),
        Json::Bool(_) | Json::Number(_) => value.to_string(),
        _ => return None,
    };
    let escape = |c: char| match c {
        'a'..='z' | 'A'..='Z' | '0'..='9' | '-' | '.' | '_' => c.to_string(),
        _ => c.to_string().bytes().map(|b| format!("%{b:02X}")).collect(),
    };
    Some(text.chars().map(escape).collect())
}

pub(super) fn declared_filters_and_sorts_work(run: &mut Run) {
    let admin = run.world.admin();
    for meta in listed(run) {
        if run.creatable().iter().any(|t| t.name == meta.name) {
            run.record(meta);
        }
        let all = run.world.get(&admin, &format!("{}?pageSize=200", meta.resource)).json;
        let rows = all["data"].as_array().cloned().unwrap_or_default();
        for field in meta.fields.iter().filter(|f| indexed(meta, f)) {
            for order in ["", "-"] {
                let answer =
                    run.world.get(&admin, &format!("{}?sort={order}{}&pageSize=200", meta.resource, field.name));
                let same = answer.json["total"] == all["total"];
                run.expect(answer.status == 200 && same, || {
                    format!("{}?sort={order}{}: {}", meta.resource, field.name, answer.json)
                });
            }
            let Some(row) = rows.iter().find(|r| !r[field.name].is_null()) else { continue };
            let Some(value) = operand(&row[field.name]) else { continue };
            let path = format!("{}?{}={value}&pageSize=200", meta.resource, field.name);
            let answer = run.world.get(&admin, &path);
            let list = answer.json["data"].as_array().cloned().unwrap_or_default();
            let right = !list.is_empty() && list.iter().all(|r| r[field.name] == row[field.name]);
            let count = rows.iter().filter(|r| r[field.name] == row[field.name]).count();
            let complete = rows.len() >= 200 || list.len() == count;
            run.expect(answer.status == 200 && right && complete, || {
                format!("{path}: {} of {count}: {:.300}", list.len(), answer.json.to_string())
            });
            let answer = run.world.get(&admin, &format!("{}?{}[ne]={value}", meta.resource, field.name));
            run.expect(answer.status == 200, || format!("{}[ne]: {}", field.name, answer.json));
            let answer = run.world.get(&admin, &format!("{}?{}[isNull]=true", meta.resource, field.name));
            run.expect(answer.status == 200, || format!("{}[isNull]: {}", field.name, answer.json));
        }
    }
}

pub(super) fn other_filters_are_refused(run: &mut Run) {
    let admin = run.world.admin();
    for meta in listed(run) {
        for query in ["noSuchField=1", "noSuchField[gt]=1", "noSuchField.code=1"] {
            let answer = run.world.get(&admin, &format!("{}?{query}", meta.resource));
            run.refused(&answer, 400, "UNKNOWN_FILTER", &format!("{}?{query}", meta.resource));
        }
        for (query, code) in [("sort=noSuchField", "UNKNOWN_FILTER"), ("fields=noSuchField", "UNKNOWN_FIELD")] {
            let answer = run.world.get(&admin, &format!("{}?{query}", meta.resource));
            run.refused(&answer, 400, code, &format!("{}?{query}", meta.resource));
        }
        for field in meta.fields.iter().filter(|f| f.group.is_none() && !indexed(meta, f) && !f.write_only) {
            if matches!(field.ty, FieldType::Secret(_))
                || meta
                    .indexes
                    .iter()
                    .chain(meta.unique)
                    .any(|i| i.first().is_some_and(|n| meta.fields[*n].name == field.name))
            {
                continue;
            }
            let answer = run.world.get(&admin, &format!("{}?sort={}", meta.resource, field.name));
            run.refused(&answer, 400, "UNKNOWN_FILTER", &format!("{}?sort={}", meta.resource, field.name));
        }
        if let Some(field) = meta.fields.iter().find(|f| indexed(meta, f)) {
            let answer = run.world.get(&admin, &format!("{}?{}[noSuchOperator]=1", meta.resource, field.name));
            run.expect(answer.status == 400, || format!("{}[noSuchOperator]: {}", field.name, answer.json));
        }
    }
}

pub(super) fn pages_cover_the_list_once(run: &mut Run) {
    let admin = run.world.admin();
    for meta in run.creatable() {
        for _ in 0..5 {
            run.record(meta);
        }
        let total = run.world.get(&admin, meta.resource).json["total"].as_u64().unwrap_or_default();
        let mut seen = BTreeSet::new();
        let mut after: Option<String> = None;
        let mut double = 0;
        for _ in 0..=total {
            let cursor = after.as_ref().map_or_else(String::new, |c| format!("&after={c}"));
            let answer = run.world.get(&admin, &format!("{}?pageSize=2{cursor}", meta.resource));
            run.expect(answer.status == 200, || format!("{}: {}", meta.resource, answer.json));
            for row in answer.json["data"].as_array().cloned().unwrap_or_default() {
                double += i32::from(!seen.insert(row["id"].to_string()));
            }
            after = answer.json["next"].as_str().map(str::to_owned);
            if after.is_none() {
                break;
            }
        }
        let complete = double == 0 && seen.len() as u64 == total;
        run.expect(complete, || format!("{}: cursors give {} of {total}, {double} twice", meta.resource, seen.len()));
        let mut seen = BTreeSet::new();
        for page in 1..=total.div_ceil(3) {
            let answer = run.world.get(&admin, &format!("{}?pageSize=3&page={page}", meta.resource));
            seen.extend(
                answer.json["data"].as_array().cloned().unwrap_or_default().iter().map(|r| r["id"].to_string()),
            );
        }
        run.expect(seen.len() as u64 == total, || format!("{}: pages give {} of {total}", meta.resource, seen.len()));
    }
}

pub(super) fn search_finds_what_is_searchable(run: &mut Run) {
    let admin = run.world.admin();
    for meta in run.creatable() {
        let Some(made) = run.record(meta) else { continue };
        let mut words: Vec<String> = Vec::new();
        if meta.has_number() {
            words.extend(made.json["number"].as_str().map(str::to_owned));
        }
        for field in meta.fields.iter().filter(|f| f.search && f.group.is_none()) {
            words.extend(made.json[field.name].as_str().map(str::to_owned));
        }
        for word in words {
            let Some(word) = operand(&json!(word)) else { continue };
            let answer = run.world.get(&admin, &format!("{}?q={word}&pageSize=200", meta.resource));
            let found = answer.json["data"].as_array().is_some_and(|l| l.iter().any(|r| r["id"] == made.json["id"]));
            run.expect(found, || {
                format!("{}?q={word} does not find it: {:.200}", meta.resource, answer.json.to_string())
            });
        }
    }
    run.nothing_of_the_kind();
}

pub(super) fn reports_answer_in_their_shape(run: &mut Run) {
    let admin = run.world.admin();
    let year = paas_types::Clock::system().now().to_string();
    let year = year.get(..4).unwrap_or_default();
    for report in run.world.meta["reports"].as_array().cloned().unwrap_or_default() {
        let name = report["name"].as_str().unwrap_or_default();
        let dates = |p: &&Json| p["type"] == "date";
        let parameters = report["parameters"].as_array().cloned().unwrap_or_default();
        let query: Vec<String> = parameters
            .iter()
            .filter(dates)
            .map(|p| {
                let day = if p["name"] == "from" { "01-01" } else { "12-31" };
                format!("{}={year}-{day}", p["name"].as_str().unwrap_or_default())
            })
            .collect();
        let path = format!("reports/{name}?{}", query.join("&"));
        let answer = run.world.get(&admin, &path);
        run.expect(answer.status == 200, || format!("{path}: {}", answer.json));
        let columns: BTreeSet<String> = answer.json["columns"]
            .as_array()
            .cloned()
            .unwrap_or_default()
            .iter()
            .filter_map(|c| c["name"].as_str().map(str::to_owned))
            .collect();
        run.expect(!columns.is_empty() && !answer.json["asOf"].is_null(), || {
            format!("{path}: {:.300}", answer.json.to_string())
        });
        for row in answer.json["rows"].as_array().cloned().unwrap_or_default() {
            for name in row.as_object().cloned().unwrap_or_default().keys() {
                let known = columns.contains(name)
                    || name == "isGroup"
                    || name == "drill"
                    || name == "link"
                    || name.ends_with("Id");
                run.expect(known, || format!("{path}: the row has {name}, which is no column"));
            }
        }
        for (format, start) in [("csv", &b""[..]), ("xlsx", b"PK"), ("pdf", b"%PDF-")] {
            let file = run.world.get(&admin, &format!("{path}&format={format}"));
            let well = file.status == 200 && file.bytes.len() > start.len() && file.bytes.starts_with(start);
            run.expect(well, || format!("{path} as {format}: {}", file.status));
        }
        let answer = run.world.get(&admin, &format!("{path}&noSuchParameter=1"));
        run.refused(&answer, 400, "UNKNOWN_FILTER", &format!("{path}&noSuchParameter=1"));
    }
    dashboards_show_what_reports_have(run, &admin);
    menus_lead_somewhere(run);
    run.nothing_of_the_kind();
}

/// Every entry of a menu names what there is, and every screen a type that there is.
fn menus_lead_somewhere(run: &mut Run) {
    let meta = run.world.meta.clone();
    let named =
        |list: &str, name: &Json| meta[list].as_array().is_some_and(|all| all.iter().any(|x| x["name"] == *name));
    let items =
        meta["menus"].as_array().into_iter().flatten().flat_map(|m| m["items"].as_array().into_iter().flatten());
    for (kind, name) in items.filter_map(Json::as_object).flatten() {
        run.expect(named(&format!("{kind}s"), name), || format!("a menu leads to {kind} {name}, which is not there"));
    }
    for screen in meta["screens"].as_array().into_iter().flatten() {
        let there = named("types", &screen["type"]);
        run.expect(there, || format!("screen {} is of {}, which is not there", screen["name"], screen["type"]));
    }
}

/// Every panel asks a report for what it takes, and draws columns that it has; who may read none of them sees no board.
fn dashboards_show_what_reports_have(run: &mut Run, admin: &Member) {
    for board in run.world.meta["dashboards"].as_array().cloned().unwrap_or_default() {
        for panel in board["panels"].as_array().cloned().unwrap_or_default() {
            let given = panel["with"].as_array().cloned().unwrap_or_default();
            let given = given.iter().map(|w| {
                let value = w["value"].as_str().map_or_else(|| "2020-01-01".to_owned(), str::to_owned);
                format!("{}={value}", w["parameter"].as_str().unwrap_or_default())
            });
            let to = given.clone().any(|g| g.starts_with("from=")).then(|| "to=2020-12-31".to_owned());
            let query: Vec<String> = given.chain(to).collect();
            let path = format!("reports/{}?{}", panel["report"].as_str().unwrap_or_default(), query.join("&"));
            let answer = run.world.get(admin, &path);
            run.expect(answer.status == 200, || format!("{}: {path}: {}", board["name"], answer.json));
            let has = |column: &Json| {
                answer.json["columns"].as_array().is_some_and(|all| all.iter().any(|c| c["name"] == *column))
            };
            let drawn = panel["chart"]["values"].as_array().into_iter().flatten();
            let named = drawn.chain(panel["figures"].as_array().into_iter().flatten()).chain([&panel["chart"]["by"]]);
            for column in named.filter(|c| !c.is_null()) {
                run.expect(has(column), || format!("{}: {path} has no column {column}", board["name"]));
            }
            if panel["chart"]["kind"] == "totals" {
                for column in panel["chart"]["values"].as_array().into_iter().flatten().filter_map(Json::as_str) {
                    run.expect(!answer.json["totals"][column].is_null(), || format!("{path} has no total of {column}"));
                }
            }
        }
    }
    let nobody = run.world.member(0, &[], GrantScope::All);
    let seen = run.world.get(&nobody, "meta").json["dashboards"].clone();
    run.expect(seen == serde_json::json!([]), || format!("who may read no report sees {seen}"));
}
