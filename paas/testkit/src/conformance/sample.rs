//! Bodies that the rules of a type accept, made from its declaration.

use super::world::{Member, World};
use paas_document::{Field, FieldType, Kind, TypeMeta};
use serde_json::{Map, Value as Json, json};
use std::sync::atomic::{AtomicU32, Ordering};

/// Changes a generated body into one the rules of its type accept.
pub type Adjust = fn(&World, &Member, &mut Map<String, Json>);

/// Finds a record that actions rely on though their document does not name it, e.g. by a date; its id.
pub type Relied = fn(&World, &Json) -> Option<String>;

/// What a cell's author adds where the declaration alone does not make a body the rules accept.
#[derive(Clone, Copy, Default)]
pub struct Samples {
    /// Changes to the generated body of a type, by type name.
    pub adjust: &'static [(&'static str, Adjust)],
    /// Types nobody can create by a plain `POST`, with the reason; a reason that is no longer true fails the suite.
    pub made_by_rules: &'static [(&'static str, &'static str)],
    /// What actions rely on beside what their documents refer to, by type name.
    pub relied: &'static [(&'static str, Relied)],
    /// A table that loses its indexes before costs are looked at: the suite's own test.
    pub without_indexes: Option<&'static str>,
}

static COUNT: AtomicU32 = AtomicU32::new(1);

/// A number no other sample of this test has.
pub fn unique() -> u32 {
    COUNT.fetch_add(1, Ordering::Relaxed)
}

/// A body for a new record of a type; references are to records that are there already, or made for it.
pub fn sample(world: &World, samples: &Samples, who: &Member, meta: &'static TypeMeta) -> Json {
    let mut body = object(world, samples, who, meta);
    for table in meta.tables {
        let row = object(world, samples, who, (table.meta)());
        let rows = vec![Json::Object(row); table.min_rows.max(1)];
        body.insert(table.name.to_owned(), Json::from(rows));
    }
    if meta.name == "custom-field" {
        custom_field(world, &mut body);
    }
    if let Some((_, adjust)) = samples.adjust.iter().find(|(name, _)| *name == meta.name) {
        adjust(world, who, &mut body);
    }
    Json::Object(body)
}

/// A field that is added to the last type people create, as every cell has them.
fn custom_field(world: &World, body: &mut Map<String, Json>) {
    let others = world.creatable().into_iter().rfind(|t| t.name != "custom-field");
    body.insert("type".into(), json!(others.map_or("", |t| t.resource)));
    body.insert("key".into(), json!(format!("k{}", unique())));
    body.insert("options".into(), json!([]));
}

fn object(world: &World, samples: &Samples, who: &Member, meta: &'static TypeMeta) -> Map<String, Json> {
    let mut body = Map::new();
    for field in meta.fields {
        let given = field.computed || field.from_balance.is_some() || field.write_only || field.default.is_some();
        if given || matches!(field.ty, FieldType::State(_)) {
            continue;
        }
        if let Some(value) = value(world, samples, who, (meta, field)) {
            match field.group {
                None => {
                    body.insert(field.name.to_owned(), value);
                }
                Some(group) => {
                    let inner = body.entry(group.to_owned()).or_insert_with(|| json!({}));
                    inner[field.name] = value;
                }
            }
        }
    }
    body
}

fn value(world: &World, samples: &Samples, who: &Member, (meta, field): (&TypeMeta, &Field)) -> Option<Json> {
    let n = unique();
    Some(match &field.ty {
        FieldType::Text { max } if field.unique || field.search => clip(&format!("测{n}x"), *max),
        FieldType::Text { max } | FieldType::LongText { max } => clip(&format!("文 text {n}"), *max),
        FieldType::Integer => json!(number(field).parse::<i64>().ok()?),
        FieldType::Decimal { .. } => json!(number(field)),
        FieldType::Bool => json!(false),
        FieldType::Date => json!(today()),
        FieldType::Instant => json!("2026-01-02T03:04:05.678901Z"),
        FieldType::Choice(list) => json!(list.first()?.value),
        FieldType::Secret(_) => json!("13800138000"),
        FieldType::Ref { target } => {
            let target = target();
            if target.name == meta.name || (!field.required && target.kind == Kind::Document) {
                return None; // a parent of a tree, or the document this one came from
            }
            json!(reference(world, samples, who, target)?)
        }
        FieldType::TextList(list) if !list.is_empty() => json!([list.first()?.value]),
        _ => return None,
    })
}

fn clip(text: &str, max: u32) -> Json {
    json!(text.chars().rev().take(max as usize).collect::<Vec<_>>().into_iter().rev().collect::<String>())
}

/// A number inside the declared bounds: 1 where it fits.
fn number(field: &Field) -> String {
    use paas_types::Quantity;
    let one = Quantity::from_raw(1_000_000);
    let at = |text: Option<&'static str>| text.and_then(|t| Quantity::parse(t).ok());
    let low =
        at(field.bounds.min).is_some_and(|min| one < min) || at(field.bounds.above).is_some_and(|above| one <= above);
    let high = at(field.bounds.max).is_some_and(|max| one > max);
    match (low || high, field.bounds.min, field.bounds.max) {
        (false, ..) => "1".to_owned(),
        (true, Some(min), _) => min.to_owned(),
        (true, None, Some(max)) => max.to_owned(),
        _ => "2".to_owned(),
    }
}

/// Today by the machine's clock.
fn today() -> String {
    let now = paas_types::Clock::system().now().to_string();
    now.get(..10).unwrap_or_default().to_owned()
}

/// The id of a record of a type: one that is there, or a new one.
fn reference(world: &World, samples: &Samples, who: &Member, target: &'static TypeMeta) -> Option<String> {
    let list = world.get(who, &format!("{}?pageSize=1", target.resource));
    if let Some(id) = list.json["data"][0]["id"].as_str() {
        return Some(id.to_owned());
    }
    let answer = world.post(who, target.resource, &sample(world, samples, who, target));
    answer.json["id"].as_str().map(str::to_owned)
}
