//! Questions cost what they answer, however much there is.

use super::Run;
use super::lists::{indexed, listed, operand};
use super::world::Member;
use paas_document::{Field, FieldType, Kind, TypeMeta};
use paas_store::Step;
use paas_store::testing::{COMMON_WORD, Meter};
use serde_json::{Value as Json, json};

/// Rows per type of the first tenant: enough that none can be passed by unseen.
const ROWS: u32 = 40_000;
/// Another number of rows, then of both tenants: `./run.sh full_verify` asks for 100,000.
const ROWS_WANTED: &str = "SUPERPAAS_TEST_ROWS";
/// What may be visited for each row that is answered or counted, and beside.
const PER_ROW: u64 = 20;
const BESIDE: u64 = 10_000;
/// Totals are counted so far.
const COUNTED: u64 = 10_000;

pub(super) fn questions_cost_what_they_answer(run: &mut Run) {
    let admin = run.world.admin();
    for meta in run.creatable() {
        let Some(made) = run.record(meta) else { continue };
        // What an action leaves in ledgers is copied too.
        let first = run.world.described(meta.name)["actions"].get(0).cloned();
        if let Some(action) = first.filter(|_| meta.kind == Kind::Document) {
            let body = json!({"action": action["name"], "version": made.json["version"]});
            run.world.post(&admin, &format!("{}/transitions", Run::path(meta, &made)), &body);
        }
    }
    let wanted = std::env::var(ROWS_WANTED).ok().map(|text| text.parse::<u32>().unwrap());
    if let Some(rows) = wanted {
        // Of types that have no record there, none is copied.
        run.world.multiply(1, rows, run.samples.without_indexes);
    }
    for name in run.world.multiply(0, wanted.unwrap_or(ROWS), run.samples.without_indexes) {
        run.expect(false, || format!("{name}: there is no record to copy"));
    }
    let mut meter = run.world.meter();
    for meta in listed(run) {
        for query in shapes(run, &admin, meta) {
            ask(run, &admin, &mut meter, &format!("{}?{query}", meta.resource));
        }
        for field in meta.fields.iter().filter(|f| indexed(meta, f) && !matches!(f.ty, FieldType::AnyRef)) {
            ask_groups(run, &admin, &mut meter, &format!("{}/groups?by={}", meta.resource, field.name));
        }
        let list = run.world.get(&admin, &format!("{}?pageSize=1", meta.resource));
        if let (Some(id), true) = (list.json["data"][0]["id"].as_str(), meta.has_head()) {
            for path in [format!("{}/{id}", meta.resource), format!("{}/{id}/history", meta.resource)] {
                ask(run, &admin, &mut meter, &path);
            }
        }
    }
}

/// A field that has another value in every record has more groups than are shown: that is refused.
fn ask_groups(run: &mut Run, admin: &Member, meter: &mut Meter, path: &str) {
    let answer = run.world.get(admin, path);
    match answer.json["details"]["rule"].as_str() {
        Some("platform.sum.too-many-groups") => run.nothing_of_the_kind(),
        _ => ask(run, admin, meter, path),
    }
}

/// Asks once, and holds every question the cell put to its database against what it got.
fn ask(run: &mut Run, admin: &Member, meter: &mut Meter, path: &str) {
    let tape = run.world.tape();
    tape.start();
    let answer = run.world.get(admin, path);
    let steps = tape.stop();
    run.expect(answer.status == 200, || format!("{path}: {:.300}", answer.json.to_string()));
    // Few that were counted may be sorted; of many only the page is looked at.
    let summed = path.contains("/groups?");
    let mut few = 0;
    for step in steps {
        let Step::Statement { sql, params, writes: false } = step else { continue };
        let cost = std::thread::scope(|scope| scope.spawn(|| meter.cost(&sql, &params)).join()).unwrap();
        match cost {
            Ok(cost) => {
                run.expect(cost.visited <= PER_ROW * (cost.returned + few) + BESIDE, || {
                    format!("{path}: {} visited for {} rows: {:.400}: {}", cost.visited, cost.returned, sql, cost.plan)
                });
                if sql.starts_with("SELECT COUNT(*)") {
                    few = if cost.returned <= COUNTED || summed { few.max(cost.returned) } else { 0 };
                }
            }
            Err(why) => run.expect(false, || format!("{path}: {why}")),
        }
    }
}

/// The queries of a list: every sort, every filter with a value that many have, few, and none; keywords, and what
/// follows a page.
fn shapes(run: &Run, admin: &Member, meta: &'static TypeMeta) -> Vec<String> {
    let first = run.world.get(admin, &format!("{}?pageSize=200", meta.resource)).json;
    let rows = first["data"].as_array().cloned().unwrap_or_default();
    let mut out = vec!["pageSize=200".to_owned(), "page=3".to_owned()];
    let deep = run.world.get(admin, &format!("{}?page=400", meta.resource)).json;
    out.extend([first, deep].iter().filter_map(|page| page["next"].as_str()).map(|next| format!("after={next}")));
    let mut names: Vec<String> = Vec::new();
    for field in meta.fields.iter().filter(|f| indexed(meta, f)) {
        names.push(field.name.to_owned());
        out.extend(of_field(field, &rows));
    }
    if meta.has_number() {
        names.push("number".to_owned());
        out.extend(["number=ZZ77".to_owned(), "number[startsWith]=ZZ99".to_owned()]);
    }
    out.extend(names.iter().flat_map(|name| [format!("sort={name}"), format!("sort=-{name}")]));
    out.extend(alternatives(run, admin, meta, &rows));
    let searched = meta.has_number() || meta.fields.iter().any(|f| f.search);
    if searched && meta.has_head() {
        out.extend([COMMON_WORD, "zz55", "zz777", "qqqq"].map(|word| format!("q={word}")));
    }
    out
}

/// Alternatives of two fields, each with a value that many have or few.
fn alternatives(run: &Run, admin: &Member, meta: &'static TypeMeta, rows: &[Json]) -> Vec<String> {
    let simple = |f: &&Field| indexed(meta, f) && !matches!(f.ty, FieldType::AnyRef);
    let fields: Vec<&Field> = meta.fields.iter().filter(simple).collect();
    let mut out = Vec::new();
    for (one, other) in fields.iter().zip(fields.iter().skip(1)) {
        for row in rows.iter().take(1).chain(rows.last()) {
            let (Some(a), Some(b)) = (operand(&row[one.name]), operand(&row[other.name])) else { continue };
            let group = |name: &str, value: &str| format!("%7B%22{name}%22%3A%22{value}%22%7D");
            let query = format!("or=%5B{}%2C{}%5D", group(one.name, &a), group(other.name, &b));
            // What was multiplied may lie beyond what its field takes.
            if run.world.get(admin, &format!("{}?{query}", meta.resource)).status == 200 {
                out.push(query);
            }
        }
    }
    out
}

fn of_field(field: &Field, rows: &[Json]) -> Vec<String> {
    let values: Vec<String> = rows.iter().filter_map(|row| operand(&row[field.name])).collect();
    let times = |value: &String| values.iter().filter(|v| *v == value).count();
    let many = values.iter().max_by_key(|v| times(v));
    let few = values.iter().min_by_key(|v| times(v));
    let name = field.name;
    let mut out = vec![format!("{name}[isNull]=true")];
    out.extend(many.map(|v| format!("{name}={v}")));
    out.extend(few.map(|v| format!("{name}={v}")));
    out.extend(many.zip(few).map(|(a, b)| format!("{name}[in]={a},{b}")));
    match &field.ty {
        FieldType::Date | FieldType::Integer | FieldType::Decimal { .. } => {
            out.extend(["gte", "lt"].iter().flat_map(|op| few.map(|v| format!("{name}[{op}]={v}"))));
        }
        FieldType::Text { .. } => out.push(format!("{name}[startsWith]=zz1")),
        FieldType::Ref { target } => {
            out.push(format!("{name}=01b00000-0000-7000-8000-00000000ffff"));
            if target().kind == Kind::Master && target().code_field().is_some() {
                out.push(format!("{name}.code=zz77"));
            }
        }
        _ => {}
    }
    out
}
