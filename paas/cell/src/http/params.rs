//! The query of a list into a [`Query`]: every unknown name, field and value is an error.

use super::cursor;
use crate::body;
use crate::cell::Registry;
use crate::ctx::Caller;
use crate::custom::Definitions;
use crate::kind::Kind;
use crate::rights::Place;
use paas_auth::FieldRight;
use paas_document::{
    Either, Field, FieldType, Filter, HeadField, Kind as RecordKind, Op, Page, Path, Query, Scope, Sort, Step,
    TypeMeta, Value,
};
use paas_types::{Code, Date, Id, Instant, Refusal, Result, Text};
use serde_json::json;

/// Names of a list's query that are not filters.
const CONTROL: &[&str] = &["page", "pageSize", "sort", "q", "fields", "after", "mask"];
/// The most groups of alternatives in a query, and the most conditions in all of them.
const ALTERNATIVES: usize = 20;
const CONDITIONS: usize = 40;
/// The most values of `[in]`.
const VALUES: usize = 200;
/// What names of custom fields begin with.
pub(super) const CUSTOM: &str = "custom.";
/// Records per page when nothing is said.
const PAGE: u32 = 50;
/// The most records per page.
const PAGE_MAX: u32 = 200;

/// Decodes a query string.
pub(crate) fn decode(query: &str) -> Result<Vec<(String, String)>> {
    let mut pairs = Vec::new();
    for part in query.split('&').filter(|p| !p.is_empty()) {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        pairs.push((percent(name)?, percent(value)?));
    }
    Ok(pairs)
}

fn percent(text: &str) -> Result<String> {
    let malformed = || Refusal::new(Code::MalformedRequest);
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        match byte {
            b'+' => bytes.push(b' '),
            b'%' => {
                let pair = [rest.next().ok_or_else(malformed)?, rest.next().ok_or_else(malformed)?];
                let hex = std::str::from_utf8(&pair).map_err(|_| malformed())?;
                bytes.push(u8::from_str_radix(hex, 16).map_err(|_| malformed())?);
            }
            other => bytes.push(other),
        }
    }
    String::from_utf8(bytes).map_err(|_| malformed())
}

/// What a query is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// A page of a list.
    List,
    /// Everything that a list would show.
    Export,
    /// Counts and sums of what a list would show.
    Groups,
}

/// Reads a list's query for a caller who may read the records of `scope`.
pub(crate) fn read(
    kind: &dyn Kind,
    caller: &Caller,
    (registry, customs, scope): (&Registry, &Definitions, Scope),
    (query, purpose): (&[(String, String)], Purpose),
) -> Result<Query> {
    let meta = kind.meta();
    let mut read = Query {
        filters: Vec::new(),
        either: Vec::new(),
        sort: Vec::new(),
        keyword: None,
        page: Page::Number(1),
        page_size: PAGE,
        scope,
        count: true,
    };
    let reader = Reader { registry, customs, caller, meta };
    let mut names = Vec::new();
    for (name, value) in query {
        let value = value.trim();
        match name.as_str() {
            other if purpose == Purpose::Groups && matches!(other, "by" | "sum") => {}
            other if purpose == Purpose::Groups && other != "q" && CONTROL.contains(&other) => {
                return Err(unknown(other));
            }
            "or" if registry.view(meta.name).is_none() => {
                names.push("or");
                read.either.push(reader.either(value)?);
            }
            "page" => read.page = Page::Number(number(name, value, 1_000_000)?),
            "pageSize" => read.page_size = number(name, value, PAGE_MAX)?,
            "q" => read.keyword = reader.keyword(value)?,
            "sort" => read.sort = value.split(',').map(|s| reader.sort(s.trim())).collect::<Result<_>>()?,
            "after" => read.page = Page::After(cursor::read(value)?),
            "format" if purpose == Purpose::Export => {}
            other if CONTROL.contains(&other) => {}
            other => {
                names.push(other);
                read.filters.push(reader.filter(other, value)?);
            }
        }
    }
    bounded(&read.either)?;
    if let (Some(first), false) = (names.first(), narrows(meta, &read)) {
        return Err(not_indexed(first));
    }
    // The source of a view has an order and cursors of its own.
    let own = registry.view(meta.name).is_some();
    settle_sort(meta, &mut read.sort, own);
    match &read.page {
        Page::After(after) if !own && !cursor::continues(meta, &read.sort, after) => Err(cursor::refused()),
        _ => Ok(read),
    }
}

/// What nothing is said about: newest first, and where values are equal by the business date in the same direction, as the
/// indexes have it.
fn settle_sort(meta: &'static TypeMeta, sort: &mut Vec<Sort>, own: bool) {
    let Some(index) = meta.default_sort().and(meta.date_field) else { return };
    let path = Path::field(index);
    let alone = sort.len() == 1 && !own && sort.iter().all(|s| matches!(s.path.step, Step::Field(_)));
    if sort.is_empty() || (alone && sort.iter().all(|s| s.path != path)) {
        let descending = sort.first().is_none_or(|s| s.descending);
        sort.push(Sort { path, descending });
    }
}

/// Whether an index serves the question: a condition, or one in each of some alternatives.
pub(super) fn narrows(meta: &'static TypeMeta, query: &Query) -> bool {
    let any = |filters: &[Filter]| filters.iter().any(|f| is_indexed(meta, &f.path));
    query.keyword.is_some() || any(&query.filters) || query.either.iter().any(|e| e.groups.iter().all(|g| any(g)))
}

fn bounded(either: &[Either]) -> Result<()> {
    let groups = either.iter().flat_map(|either| &either.groups);
    let (number, conditions) = groups.fold((0, 0), |(n, c), group| (n + 1, c + group.len()));
    if number <= ALTERNATIVES && conditions <= CONDITIONS {
        return Ok(());
    }
    let message = Text::new(
        format!("最多 {ALTERNATIVES} 组、共 {CONDITIONS} 个条件。"),
        format!("At most {ALTERNATIVES} groups with {CONDITIONS} conditions in all."),
    );
    Err(Refusal::field("or", "TOO_MANY_VALUES", message))
}

/// Whether an index serves a field of a question.
pub(super) fn is_indexed(meta: &'static TypeMeta, path: &Path) -> bool {
    match (path.via, path.step) {
        (Some(via), _) => meta.field(via).is_some_and(|f| meta.is_indexed(f)),
        (None, Step::Head(field)) => matches!(field, HeadField::Id | HeadField::Number),
        // A sensitive one is found by its blind index.
        (None, Step::Custom(field)) => field.indexed || field.sensitive,
        (None, Step::Field(index)) => {
            let blind = |f: &Field| matches!(f.ty, FieldType::Secret(_));
            meta.field(index).is_some_and(|f| meta.is_indexed(f) || blind(f))
        }
    }
}

/// Reads names and values of a query for a caller.
pub(super) struct Reader<'a> {
    pub(super) registry: &'a Registry,
    /// Empty unless the query names a custom field.
    pub(super) customs: &'a Definitions,
    pub(super) caller: &'a Caller,
    pub(super) meta: &'static TypeMeta,
}

/// What a name in a query stands for: the path, and the declared field at its end with the type that has it.
pub(super) struct Named {
    pub(super) path: Path,
    pub(super) field: Option<(&'static TypeMeta, &'static Field)>,
}

impl Reader<'_> {
    fn filter(&self, name: &str, value: &str) -> Result<Filter> {
        let (path_text, op) = match name.split_once('[') {
            Some((path, op)) => {
                (path, op.strip_suffix(']').and_then(operator).ok_or_else(|| unknown_because(name, "operator"))?)
            }
            None => (name, Op::Eq),
        };
        if let Some(key) = path_text.strip_prefix(CUSTOM) {
            return self.custom_filter(self.custom(key).ok_or_else(|| unknown(name))?, op, (name, value));
        }
        let Named { path, field } = self.path(path_text).ok_or_else(|| unknown(name))?;
        if let Some(field) = field {
            self.allow(field, op, name)?;
        }
        let field = field.map(|(_, field)| field);
        if !self.fits(&path, field, op) {
            return Err(unknown_because(name, "operator"));
        }
        let values = match op {
            Op::IsNull => vec![Value::Bool(yes_or_no(name, value)?)],
            Op::In => value.split(',').map(|v| operand(field, &path, v.trim(), name)).collect::<Result<_>>()?,
            _ => vec![operand(field, &path, value, name)?],
        };
        bounded_values(name, &values)?;
        Ok(Filter { path, op, values })
    }

    /// `[{"name[op]": value, ..}, ..]`: groups of conditions, one of which holds at least.
    fn either(&self, text: &str) -> Result<Either> {
        let bad = || {
            let message = Text::of(
                "须为条件组的列表：[{\"字段\":\"值\"},{\"字段[运算]\":\"值\"}]。",
                "It is a list of groups of conditions: [{\"field\":\"value\"},{\"field[operator]\":\"value\"}].",
            );
            Refusal::field("or", "INVALID", message)
        };
        // A name said twice would be a condition that is dropped.
        crate::json::canonical(text.as_bytes()).map_err(|_| bad())?;
        let said: Vec<serde_json::Map<String, serde_json::Value>> = serde_json::from_str(text).map_err(|_| bad())?;
        let mut groups = Vec::with_capacity(said.len());
        for group in said {
            let mut conditions = Vec::with_capacity(group.len());
            for (name, value) in &group {
                conditions.push(self.filter(name, said_value(value).ok_or_else(bad)?.trim())?);
            }
            groups.push(conditions);
        }
        if groups.is_empty() || groups.iter().any(Vec::is_empty) {
            return Err(bad());
        }
        Ok(Either { groups })
    }

    fn sort(&self, text: &str) -> Result<Sort> {
        let (descending, name) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        if let Some(key) = name.strip_prefix(CUSTOM) {
            return Ok(Sort { path: self.custom_sort(key, name)?, descending });
        }
        let Named { path, field } = self.path(name).filter(|n| n.path.via.is_none()).ok_or_else(|| unknown(name))?;
        if let Some(field) = field {
            self.allow(field, Op::Gt, name)?;
        }
        if !is_indexed(self.meta, &path) {
            return Err(not_indexed(name));
        }
        Ok(Sort { path, descending })
    }

    /// A keyword looks into every field that feeds it; one of them out of sight and it would tell what stands there.
    fn keyword(&self, value: &str) -> Result<Option<String>> {
        let place = Place::of(self.registry.name, self.meta);
        let fields = self.meta.fields.iter().enumerate().filter(|(i, _)| self.meta.is_searched(*i));
        let closed = fields.into_iter().any(|(_, f)| place.right(&self.caller.rights, f.name) <= FieldRight::Masked);
        if closed && !value.is_empty() {
            return Err(unknown("q"));
        }
        Ok(Some(value.to_owned()).filter(|v| !v.is_empty()))
    }

    /// A sensitive, hidden or masked field only allows equality, and only for a caller who may unmask it.
    pub(super) fn allow(&self, (meta, field): (&'static TypeMeta, &'static Field), op: Op, name: &str) -> Result<()> {
        let right = Place::of(self.registry.name, meta).right(&self.caller.rights, field.name);
        let closed = matches!(field.ty, FieldType::Secret(_)) || right <= FieldRight::Masked;
        let may = self.caller.rights.allows(&self.registry.code(meta, "unmask"));
        let never = field.write_only || matches!(field.ty, FieldType::Password);
        if never || (closed && (op != Op::Eq || !may)) { Err(unknown(name)) } else { Ok(()) }
    }

    /// Whether the operator says something about such values.
    fn fits(&self, path: &Path, field: Option<&'static Field>, op: Op) -> bool {
        use FieldType as F;
        let ty = field.map(|f| &f.ty);
        let text =
            matches!(ty, Some(F::Text { .. } | F::LongText { .. })) || path.step == Step::Head(HeadField::Number);
        let list = matches!(ty, Some(F::RefList { .. } | F::TextList(_) | F::Permissions | F::Json));
        let instant = matches!(path.step, Step::Head(HeadField::CreatedAt | HeadField::UpdatedAt));
        let ordered = text || instant || matches!(ty, Some(F::Decimal { .. } | F::Integer | F::Date | F::Instant));
        match op {
            Op::IsNull => true,
            Op::Eq | Op::Ne | Op::In => !list,
            Op::Gt | Op::Gte | Op::Lt | Op::Lte => ordered,
            Op::Contains | Op::StartsWith => text,
            Op::Under => match (path.via, path.step, ty) {
                (Some(_), ..) => false,
                (_, Step::Head(HeadField::Id), _) => self.meta.tree,
                (_, Step::Head(HeadField::Department), _) | (_, _, Some(F::Department)) => true,
                (_, _, Some(F::Ref { target })) => target().tree,
                _ => false,
            },
        }
    }

    pub(super) fn path(&self, text: &str) -> Option<Named> {
        let own = |index: usize| {
            let field = self.meta.field(index).map(|f| (self.meta, f));
            Named { path: Path::field(index), field }
        };
        if let Some((first, rest)) = text.split_once('.') {
            if let Some(index) = self.meta.grouped_field(first, rest) {
                return Some(own(index));
            }
            let via = self.meta.field_named(first)?;
            let FieldType::Ref { target } = self.meta.field(via)?.ty else { return None };
            return if rest == "id" { Some(own(via)) } else { self.through(via, target(), rest) };
        }
        if let Some(index) = self.meta.field_named(text) {
            return Some(own(index));
        }
        let head = match text {
            "id" => HeadField::Id,
            "number" if self.meta.has_number() => HeadField::Number,
            "createdAt" => HeadField::CreatedAt,
            "updatedAt" => HeadField::UpdatedAt,
            "createdBy" => HeadField::CreatedBy,
            "updatedBy" => HeadField::UpdatedBy,
            "owner" => HeadField::Owner,
            "department" => HeadField::Department,
            _ => return None,
        };
        let has = self.meta.has_head() || (head == HeadField::Id && self.meta.kind != RecordKind::Balance);
        has.then(|| Named { path: Path::head(head), field: None })
    }

    /// A field of a record referred to. Code and name are shown with every reference; the rest is for who may read all
    /// of those records, since a filter tells what it finds.
    fn through(&self, via: usize, target: &'static TypeMeta, name: &str) -> Option<Named> {
        let reference =
            self.meta.field(via).map(|f| Place::of(self.registry.name, self.meta).right(&self.caller.rights, f.name));
        if reference.is_none_or(|right| right <= FieldRight::Masked) {
            return None;
        }
        if name == "number" && target.has_number() {
            return Some(Named { path: Path { via: Some(via), step: Step::Head(HeadField::Number) }, field: None });
        }
        let index = target.field_named(name)?;
        let shown = target.code_field() == Some(index) || target.name_field() == Some(index);
        if !shown && !self.registry.scope(&self.caller.rights, target, "read").all {
            return None;
        }
        let field = target.field(index).map(|f| (target, f));
        Some(Named { path: Path { via: Some(via), step: Step::Field(index) }, field })
    }
}

pub(super) fn bounded_values(name: &str, values: &[Value]) -> Result<()> {
    if values.len() <= VALUES {
        return Ok(());
    }
    Err(Refusal::field(name, "TOO_MANY_VALUES", Text::of("最多 200 个值。", "At most 200 values.")))
}

fn operator(text: &str) -> Option<Op> {
    Some(match text {
        "eq" => Op::Eq,
        "ne" => Op::Ne,
        "gt" => Op::Gt,
        "gte" => Op::Gte,
        "lt" => Op::Lt,
        "lte" => Op::Lte,
        "in" => Op::In,
        "contains" => Op::Contains,
        "startsWith" => Op::StartsWith,
        "isNull" => Op::IsNull,
        "under" => Op::Under,
        _ => return None,
    })
}

fn operand(field: Option<&'static Field>, path: &Path, text: &str, name: &str) -> Result<Value> {
    let bad = || Refusal::field(name, "INVALID", Text::of("筛选值无效。", "The value of the filter is not valid."));
    let Some(field) = field else {
        return match path.step {
            Step::Head(HeadField::Number) => Ok(Value::Text(text.to_owned())),
            Step::Head(HeadField::CreatedAt | HeadField::UpdatedAt) => {
                text.parse::<Instant>().map(Value::Instant).map_err(|()| bad())
            }
            _ => text.parse::<Id>().map(Value::Id).map_err(|_| bad()),
        };
    };
    match &field.ty {
        FieldType::Date => text.parse::<Date>().map(Value::Date).map_err(|()| bad()),
        FieldType::Ref { .. } | FieldType::User | FieldType::Department | FieldType::AnyRef => {
            text.parse::<Id>().map(Value::Id).map_err(|_| bad())
        }
        FieldType::Secret(_) => Ok(Value::Secret(paas_types::Secret::new(text.to_owned()))),
        FieldType::Text { .. } | FieldType::LongText { .. } if text.is_empty() => Ok(Value::Null),
        FieldType::Text { .. } | FieldType::LongText { .. } => Ok(Value::Text(text.to_owned())),
        _ => body::operand(field, text).ok_or_else(bad),
    }
}

/// A value of a filter that was written as JSON; of several, a list.
fn said_value(value: &serde_json::Value) -> Option<String> {
    use serde_json::Value as J;
    match value {
        J::String(text) => Some(text.clone()),
        J::Bool(_) | J::Number(_) => Some(value.to_string()),
        J::Null => Some(String::new()),
        J::Array(list) => {
            let parts = list.iter().map(|item| if item.is_array() { None } else { said_value(item) });
            Some(parts.collect::<Option<Vec<String>>>()?.join(","))
        }
        J::Object(_) => None,
    }
}

fn number(name: &str, text: &str, most: u32) -> Result<u32> {
    text.parse::<u32>().ok().filter(|n| (1..=most).contains(n)).ok_or_else(|| {
        Refusal::field(
            name,
            "OUT_OF_BOUNDS",
            Text::new(format!("{name} 须在 1 到 {most} 之间。"), format!("{name} must lie between 1 and {most}.")),
        )
    })
}

/// Whether the caller wants sensitive values masked, also those it may see.
pub(super) fn masks(query: &[(String, String)]) -> Result<bool> {
    let said = query.iter().find(|(name, _)| name == "mask");
    said.map_or(Ok(false), |(name, value)| yes_or_no(name, value.trim()))
}

pub(super) fn yes_or_no(name: &str, value: &str) -> Result<bool> {
    match value {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(Refusal::field(name, "INVALID", Text::of("须为 true 或 false。", "It is true or false."))),
    }
}

pub(super) fn not_indexed(name: &str) -> Refusal {
    unknown_because(name, "not-indexed")
}

pub(super) fn unknown_because(name: &str, reason: &str) -> Refusal {
    Refusal::new(Code::UnknownFilter).with(json!({"filter": name, "reason": reason}))
}

pub(super) fn unknown(name: &str) -> Refusal {
    Refusal::new(Code::UnknownFilter).with(json!({"filter": name}))
}
