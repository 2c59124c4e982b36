//! `GET /{resources}/groups?by=&sum=`: how many records there are of each value of one or two fields, and what their
//! numbers add up to. It takes the filters of the list and obeys its scope and field rights.

use super::params::{self, Named, Purpose, Reader, is_indexed, narrows, not_indexed, unknown, unknown_because};
use super::{
    Incoming, Reply,
    read::{customs_asked, reader},
};
use crate::ctx::Caller;
use crate::kind::Kind;
use crate::names::{Names, Wanted};
use crate::service::Service;
use crate::sight::asked_for;
use crate::snapshot::json_of;
use paas_document::{Field, FieldType, HeadField, Kind as RecordKind, Op, Path, Query, Step, TypeMeta, Value};
use paas_store::SumRow;
use paas_types::{Refusal, Result, Text};
use serde_json::{Map, Value as Json, json};
use std::sync::Arc;

/// The most fields a list is grouped by, and the most that are added up.
const GROUPED: usize = 2;
const SUMMED: usize = 20;

pub(super) async fn groups(service: &Arc<Service>, kind: Arc<dyn Kind>, call: Incoming) -> Result<Reply> {
    let (caller, scope) = reader(service, &*kind, &call, "read").await?;
    let registry = &service.cell.registry;
    let customs = customs_asked(service, &call).await?;
    let query = params::read(&*kind, &caller, (registry, &*customs, scope), (&call.query, Purpose::Groups))?;
    // What is sensitive is neither grouped by nor counted by its value: that would tell of it and name nobody.
    if let Some(name) = asked_for(kind.meta(), &query).first() {
        return Err(unknown(name));
    }
    let grouping =
        grouping(&Reader { registry, customs: &customs, caller: &caller, meta: kind.meta() }, &query, &call.query)?;
    let tenant = Service::tenant(&call.context)?;
    let job = move |tx: &mut paas_store::Tx| {
        let paths: Vec<_> = grouping.by.iter().map(|by| by.path.clone()).collect();
        let measures: Vec<usize> = grouping.sums.iter().map(|sum| sum.index).collect();
        let rows = tx.groups(kind.meta(), &query, &paths, &measures)?;
        let mut wanted = Wanted::default();
        for (by, value) in rows.iter().flat_map(|(keys, ..)| grouping.by.iter().zip(keys)) {
            if let Some(id) = value.id() {
                wanted.reference(by.ty(), id);
            }
        }
        let names = wanted.read(tx)?;
        Ok(answer(&grouping, &names, &caller, rows))
    };
    Ok(Reply::ok(&service.store.read(&tenant, job).await?))
}

fn answer(grouping: &Grouping, names: &Names, caller: &Caller, rows: Vec<SumRow>) -> Json {
    let data = rows.into_iter().map(|(keys, sums, count)| {
        let keys = grouping.by.iter().zip(keys);
        let keys: Map<String, Json> =
            keys.map(|(by, value)| (by.name.clone(), shown(by.ty(), value, names, caller))).collect();
        let sums = grouping.sums.iter().zip(sums);
        let sums: Map<String, Json> =
            sums.map(|(sum, raw)| (sum.name.clone(), json_of(&sum.field.ty, Value::Int(raw)))).collect();
        json!({"keys": keys, "count": count, "sums": sums})
    });
    let by: Vec<&str> = grouping.by.iter().map(|by| by.name.as_str()).collect();
    json!({"by": by, "data": data.collect::<Vec<_>>()})
}

fn shown(ty: &FieldType, value: Value, names: &Names, caller: &Caller) -> Json {
    match (ty, value) {
        (FieldType::Ref { .. } | FieldType::User | FieldType::Department, Value::Id(id)) => {
            names.show(ty, Some(id), caller.lang)
        }
        (ty, value) => json_of(ty, value),
    }
}

/// What a list is grouped by, and what is added up.
struct Grouping {
    by: Vec<GroupedBy>,
    sums: Vec<Summed>,
}

/// A field that is added up.
struct Summed {
    name: String,
    index: usize,
    field: &'static Field,
}

/// A field that records are grouped by.
struct GroupedBy {
    name: String,
    path: Path,
    field: Option<&'static Field>,
}

impl GroupedBy {
    /// The type of its values.
    fn ty(&self) -> &'static FieldType {
        match (self.field, self.path.step) {
            (Some(field), _) => &field.ty,
            (None, Step::Head(HeadField::Department)) => &FieldType::Department,
            (None, _) => &FieldType::User,
        }
    }
}

/// Reads `by` and `sum`. Groups are made of fields with an index, or of any field when a filter uses an index; never of
/// what the caller does not see in clear.
fn grouping(reader: &Reader<'_>, asked: &Query, query: &[(String, String)]) -> Result<Grouping> {
    let meta = reader.meta;
    let said = |wanted: &str| {
        let text = query.iter().find(|(name, _)| name == wanted).map_or("", |(_, text)| text.as_str());
        text.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect::<Vec<String>>()
    };
    let (by, sums) = (said("by"), said("sum"));
    if by.is_empty() || by.len() > GROUPED {
        let message = Text::of("请给出一个或两个分组字段。", "Give one or two fields to group by.");
        return Err(Refusal::field("by", "INVALID", message));
    }
    if sums.len() > SUMMED {
        let message = Text::of("合计字段过多。", "Too many fields to add up.");
        return Err(Refusal::field("sum", "TOO_MANY_VALUES", message));
    }
    let by = by.into_iter().map(|name| grouped_by(reader, name)).collect::<Result<Vec<_>>>()?;
    let narrowed = narrows(meta, asked);
    if let Some(first) = by.iter().find(|by| !narrowed && !is_indexed(meta, &by.path)) {
        return Err(not_indexed(&first.name));
    }
    let sums = sums.into_iter().map(|name| summed(reader, name)).collect::<Result<Vec<_>>>()?;
    Ok(Grouping { by, sums })
}

fn grouped_by(reader: &Reader<'_>, name: String) -> Result<GroupedBy> {
    use FieldType as F;
    let Named { path, field } = reader.path(&name).filter(|n| n.path.via.is_none()).ok_or_else(|| unknown(&name))?;
    if let Some(field) = field {
        reader.allow(field, Op::Gt, &name)?;
    }
    let field = field.map(|(_, field)| field);
    let single = match field.map(|f| &f.ty) {
        Some(ty) => !matches!(
            ty,
            F::RefList { .. }
                | F::TextList(_)
                | F::Permissions
                | F::Json
                | F::Password
                | F::Secret(_)
                | F::AnyRef
                | F::LongText { .. }
        ),
        None => matches!(
            path.step,
            Step::Head(HeadField::Owner | HeadField::Department | HeadField::CreatedBy | HeadField::UpdatedBy)
        ),
    };
    if single { Ok(GroupedBy { name, path, field }) } else { Err(unknown_because(&name, "not-grouped")) }
}

fn summed(reader: &Reader<'_>, name: String) -> Result<Summed> {
    let Some(Named { path: Path { via: None, step: Step::Field(index) }, field: Some(field) }) = reader.path(&name)
    else {
        return Err(unknown(&name));
    };
    reader.allow(field, Op::Gt, &name)?;
    if is_summed(field) {
        Ok(Summed { name, index, field: field.1 })
    } else {
        Err(unknown_because(&name, "not-summed"))
    }
}

/// Whether a field can be added up by the database: a number that is kept there. What a ledger or a balance derives when it
/// is read is not.
pub(super) fn is_summed((meta, field): (&TypeMeta, &Field)) -> bool {
    let derived = matches!(meta.kind, RecordKind::Ledger | RecordKind::Balance) && field.computed && !field.measure;
    matches!(field.ty, FieldType::Decimal { .. } | FieldType::Integer) && !derived
}
