//! Fields that administrators add: for every type people create, of every kind, on both databases.

use super::sample::sample;
use super::world::{Answer, Member};
use super::{Run, unique};
use paas_auth::GrantScope;
use paas_document::TypeMeta;
use serde_json::{Value as Json, json};

/// How many write the same unique value at once.
const WRITERS: usize = 16;
/// A sensitive value.
const SECRET: &str = "13911112222";

/// A kind of field: its key, what is said of it, a value, and one it refuses with the code of that.
struct Sort {
    key: &'static str,
    more: Json,
    value: Json,
    wrong: (Json, &'static str),
}

fn sorts() -> Vec<Sort> {
    let options = json!([{"value": "s", "label": "小", "labelEn": "Small"}, {"value": "l", "label": "大"}]);
    let sort = |key, more, value, wrong| Sort { key, more, value, wrong };
    vec![
        sort("zzText", json!({"kind": "text"}), json!("b 纸"), (json!(1), "WRONG_TYPE")),
        sort("zzInteger", json!({"kind": "integer"}), json!(-7), (json!("x"), "NOT_A_NUMBER")),
        sort(
            "zzDecimal",
            json!({"kind": "decimal", "decimals": 3}),
            json!("1.250"),
            (json!("1.2345"), "TOO_MANY_DECIMALS"),
        ),
        sort("zzBool", json!({"kind": "bool"}), json!(true), (json!("maybe"), "WRONG_TYPE")),
        sort("zzDate", json!({"kind": "date"}), json!("2026-02-28"), (json!("2026-02-30"), "INVALID_DATE")),
        sort(
            "zzInstant",
            json!({"kind": "date-time"}),
            json!("2026-01-02T03:04:05.678901Z"),
            (json!("noon"), "INVALID_INSTANT"),
        ),
        sort("zzChoice", json!({"kind": "choice", "options": options}), json!("l"), (json!("m"), "INVALID_CHOICE")),
    ]
}

pub(super) fn custom_fields_hold(run: &mut Run) {
    let admin = run.world.admin();
    for meta in run.creatable().into_iter().filter(|meta| meta.name != "custom-field") {
        let sorts = sorts();
        let mut all = true;
        for sort in &sorts {
            all &= define(run, meta, sort.key, &sort.more);
        }
        all &= define(run, meta, "zzSecret", &json!({"kind": "text", "sensitive": true}));
        all &= define(run, meta, "zzOnce", &json!({"kind": "text", "unique": true}));
        if !all {
            continue;
        }
        let custom: Json = sorts.iter().map(|sort| (sort.key.to_owned(), sort.value.clone())).collect();
        let Some(made) = record(run, &admin, meta, &custom) else { continue };
        kept(run, meta, &made, &custom);
        refused(run, meta, &sorts);
        found(run, meta, &sorts, &made.id());
        apart(run, meta, &custom);
        sealed(run, meta);
        once(run, meta);
    }
    let wrong = run.world.prove();
    run.expect(wrong.is_empty(), || format!("what custom fields are found by is not what records have: {wrong:?}"));
}

fn define(run: &mut Run, meta: &TypeMeta, key: &str, more: &Json) -> bool {
    let mut body = json!({"type": meta.resource, "key": key, "label": key, "labelEn": key});
    body["indexed"] = json!(more["sensitive"] != json!(true));
    for (name, value) in more.as_object().into_iter().flatten() {
        body[name] = value.clone();
    }
    let answer = run.world.post(&run.world.admin(), "custom-fields", &body);
    run.expect(answer.status == 201, || format!("{}: the field {key} is refused: {}", meta.name, answer.json));
    answer.status == 201
}

fn body(run: &Run, who: &Member, meta: &'static TypeMeta, custom: &Json) -> Json {
    let mut body = sample(&run.world, &run.samples, who, meta);
    body["custom"] = custom.clone();
    body
}

fn record(run: &mut Run, who: &Member, meta: &'static TypeMeta, custom: &Json) -> Option<Answer> {
    let answer = run.world.post(who, meta.resource, &body(run, who, meta, custom));
    run.expect(answer.status == 201, || format!("{} with {custom}: {}", meta.name, answer.json));
    (answer.status == 201).then_some(answer)
}

/// What was written is read, exported, changed under the version only, and told by the history.
fn kept(run: &mut Run, meta: &TypeMeta, made: &Answer, custom: &Json) {
    let (admin, path) = (run.world.admin(), Run::path(meta, made));
    let read = run.world.get(&admin, &path);
    run.expect(read.json["custom"] == *custom, || format!("{path}: wrote {custom}, read {}", read.json["custom"]));
    let answer = run.world.get(&admin, &format!("{}/export?format=json&id={}", meta.resource, made.id()));
    let exported = &answer.json[0]["custom"];
    run.expect(exported == custom, || format!("{path}: wrote {custom}, exported {exported}"));
    let answer = run.world.get(&admin, &format!("{}/export?format=csv&id={}", meta.resource, made.id()));
    let csv = String::from_utf8_lossy(&answer.bytes).into_owned();
    run.expect(csv.contains("zzDecimal") && csv.contains("1.250"), || format!("{path}: the export has no 1.250"));
    if !is_open(meta) {
        return;
    }
    let change = |version: &Json| json!({"version": version, "custom": {"zzInteger": 8, "zzText": null}});
    let stale = run.world.send(&admin, "PATCH", &path, &change(&json!(999)), &[]);
    run.refused(&stale, 409, "CONFLICT", &format!("{path}: a stale change of a custom field"));
    let changed = run.world.send(&admin, "PATCH", &path, &change(&read.json["version"]), &[]);
    let now = &changed.json["custom"];
    let right = changed.status == 200 && now["zzInteger"] == json!(8) && now.get("zzText").is_none();
    run.expect(right, || format!("{path}: a change of custom fields gives {}", changed.json));
    let history = run.world.get(&admin, &format!("{path}/history"));
    let told = history.json["data"].as_array().is_some_and(|entries| {
        entries
            .iter()
            .any(|e| e["before"]["custom"]["zzInteger"] == json!(-7) && e["after"]["custom"]["zzInteger"] == json!(8))
    });
    run.expect(told, || format!("{path}: the history does not tell of the change: {}", history.json));
}

/// Whether people may change a record as they made it.
fn is_open(meta: &TypeMeta) -> bool {
    meta.states.first().is_none_or(|state| state.editable)
}

fn refused(run: &mut Run, meta: &'static TypeMeta, sorts: &[Sort]) {
    let admin = run.world.admin();
    for sort in sorts {
        let (value, code) = &sort.wrong;
        let sent = body(run, &admin, meta, &json!({sort.key: value}));
        let answer = run.world.post(&admin, meta.resource, &sent);
        let (field, name) = (format!("custom.{}", sort.key), meta.name);
        let named = answer.status == 400 && answer.fields().contains(&(field.as_str(), *code));
        run.expect(named, || format!("{name}: {field} {value}: expected {code}, got {}", answer.json));
    }
    let sent = body(run, &admin, meta, &json!({"zzNothing": 1}));
    let answer = run.world.post(&admin, meta.resource, &sent);
    run.refused(&answer, 400, "UNKNOWN_FIELD", &format!("{}: a custom field that is not there", meta.name));
}

/// Filters and sorts find the record that has the values, and only such.
fn found(run: &mut Run, meta: &'static TypeMeta, sorts: &[Sort], changed: &str) {
    let admin = run.world.admin();
    let custom: Json = sorts.iter().map(|sort| (sort.key.to_owned(), sort.value.clone())).collect();
    let Some(made) = record(run, &admin, meta, &custom) else { return };
    let text = |value: &Json| value.as_str().map_or_else(|| value.to_string(), str::to_owned).replace(' ', "%20");
    for sort in sorts {
        let (key, value) = (sort.key, text(&sort.value));
        let mut queries = vec![format!("custom.{key}={value}"), format!("custom.{key}[in]={value}&sort=custom.{key}")];
        if !matches!(key, "zzBool" | "zzChoice") {
            queries.push(format!("custom.{key}[gte]={value}&custom.{key}[lte]={value}&sort=-custom.{key}"));
        }
        for query in queries {
            let list = run.world.get(&admin, &format!("{}?{query}&pageSize=200", meta.resource));
            let ids: Vec<&str> =
                list.json["data"].as_array().into_iter().flatten().filter_map(|r| r["id"].as_str()).collect();
            let stays = !is_open(meta) || !matches!(key, "zzText" | "zzInteger");
            let right = ids.contains(&made.id().as_str()) && ids.contains(&changed) == stays;
            run.expect(right, || format!("{}?{query} finds {ids:?}: {}", meta.resource, list.json["message"]));
        }
    }
    if !is_open(meta) {
        return;
    }
    let none = run.world.get(&admin, &format!("{}?custom.zzText[isNull]=true&id={changed}", meta.resource));
    run.expect(none.json["total"] == json!(1), || format!("{}: what has no value: {}", meta.name, none.json));
}

/// Another tenant has none of it.
fn apart(run: &mut Run, meta: &'static TypeMeta, custom: &Json) {
    let stranger = run.world.stranger();
    let sent = body(run, &stranger, meta, custom);
    let answer = run.world.post(&stranger, meta.resource, &sent);
    run.refused(&answer, 400, "UNKNOWN_FIELD", &format!("{}: custom fields of another tenant", meta.name));
    let described = run.world.get(&stranger, "meta").json.to_string();
    run.expect(!described.contains("zzText"), || format!("{}: another tenant is told of custom fields", meta.name));
    let described = run.world.get(&run.world.admin(), "meta").json.to_string();
    run.expect(described.contains("custom.zzText"), || format!("{}: the descriptor has no custom field", meta.name));
}

/// A sensitive one is shown in clear to who may unmask custom fields.
fn sealed(run: &mut Run, meta: &'static TypeMeta) {
    let admin = run.world.admin();
    let unmask = format!("{}.custom-field.unmask", run.world.cell);
    let rest: Vec<String> = run.world.permissions.iter().filter(|code| **code != unmask).cloned().collect();
    let clerk = run.world.member(0, &rest, GrantScope::All);
    let Some(made) = record(run, &admin, meta, &json!({"zzSecret": SECRET})) else { return };
    let path = Run::path(meta, &made);
    let clear = |answer: &Answer| String::from_utf8_lossy(&answer.bytes).contains(SECRET);
    run.expect(clear(&run.world.get(&admin, &path)), || format!("{path}: unmasking shows no custom field"));
    for path in [path.clone(), format!("{path}/history"), format!("{}/export?format=csv", meta.resource)] {
        let answer = run.world.get(&clerk, &path);
        run.expect(answer.status == 200 && !clear(&answer), || format!("{path} shows a custom field in clear"));
    }
    let asked = format!("{}?custom.zzSecret={SECRET}", meta.resource);
    run.refused(&run.world.get(&clerk, &asked), 400, "UNKNOWN_FILTER", &format!("{}: a clerk asks by it", meta.name));
    let list = run.world.get(&admin, &asked);
    run.expect(list.json["total"] == json!(1), || format!("{asked} finds {}", list.json));
}

/// Of many who write the same unique value at once, one has it.
fn once(run: &mut Run, meta: &'static TypeMeta) {
    let admin = run.world.admin();
    let value = format!("once {}", unique());
    let bodies: Vec<Json> = (0..WRITERS).map(|_| body(run, &admin, meta, &json!({"zzOnce": value}))).collect();
    let world = &run.world;
    let answers: Vec<Answer> = std::thread::scope(|scope| {
        let writers: Vec<_> =
            bodies.iter().map(|body| scope.spawn(|| world.post(&world.admin(), meta.resource, body))).collect();
        writers.into_iter().map(|writer| writer.join().unwrap()).collect()
    });
    let made = answers.iter().filter(|answer| answer.status == 201).count();
    let others =
        answers.iter().filter(|a| a.status == 409 && a.json["details"]["field"] == json!("custom.zzOnce")).count();
    run.expect((made, others) == (1, WRITERS - 1), || {
        let said: Vec<String> = answers.iter().map(|a| format!("{} {}", a.status, a.json["code"])).collect();
        format!("{}: {made} of {WRITERS} writers have one unique value: {said:?}", meta.name)
    });
}
