//! Documents that came from or led to a record, from the references among them. Backwards only fields lead that an
//! index serves.

use super::read::{reader, record_id};
use super::{Incoming, Reply};
use crate::ctx::Caller;
use crate::kind::Kind;
use crate::render::{View, render};
use crate::service::Service;
use crate::sight::members;
use paas_document::{FieldType, HeadField, Kind as RecordKind, Op, Path, Query, Record, TypeMeta, Value};
use paas_store::{Lock, Tx};
use paas_types::{Id, Refusal, Result};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The most links by one field.
const MOST: u32 = 200;

/// Ids per type, and whether it is this record that refers.
type Linked = BTreeMap<&'static str, BTreeMap<Id, bool>>;

pub(super) async fn links(service: &Arc<Service>, kind: Arc<dyn Kind>, id: &str, call: Incoming) -> Result<Reply> {
    let (caller, scope) = reader(service, &*kind, &call, "read").await?;
    let (id, tenant, owner) = (record_id(&*kind, id)?, Service::tenant(&call.context)?, Arc::clone(service));
    let links = service
        .store
        .read(&tenant, move |tx| {
            if !tx.visible(kind.meta(), id, &scope)? {
                return Err(Refusal::not_found());
            }
            let record = tx.load(kind.meta(), id, Lock::None)?.ok_or_else(Refusal::not_found)?;
            let finder = Finder { service: &owner, caller: &caller };
            finder.links(tx, &*record)
        })
        .await?;
    Ok(Reply::ok(&json!({"data": links})))
}

struct Finder<'a> {
    service: &'a Service,
    caller: &'a Caller,
}

impl Finder<'_> {
    fn links(&self, tx: &mut Tx, record: &dyn Record) -> Result<Vec<Json>> {
        let mut linked = Linked::new();
        self.forwards(record, record.id(), &mut linked);
        for kind in &self.service.cell.registry.kinds {
            if kind.meta().kind == RecordKind::Document {
                let ids = backwards(tx, kind.meta(), record)?;
                let known = linked.entry(kind.meta().name).or_default();
                ids.into_iter().filter(|id| *id != record.id()).for_each(|id| {
                    known.entry(id).or_insert(false);
                });
            }
        }
        let mut out: Vec<(i64, Json)> = Vec::new();
        for (name, ids) in linked {
            out.extend(self.shown(tx, (name, ids), record)?);
        }
        out.sort_by_key(|(at, _)| *at);
        Ok(out.into_iter().map(|(_, link)| link).collect())
    }

    /// What the record or its rows refer to.
    fn forwards(&self, record: &dyn Record, own: Id, linked: &mut Linked) {
        let meta = record.meta();
        for (index, field) in meta.fields.iter().enumerate() {
            let (name, id) = match (&field.ty, record.get(index)) {
                (FieldType::Ref { target }, Value::Id(id)) => (target().name, id),
                (FieldType::AnyRef, Value::Any(any)) => {
                    let kind = self.service.cell.registry.kind_named(&any.kind);
                    (kind.map_or("", |k| k.meta().name), any.id)
                }
                _ => continue,
            };
            let kind = self.service.cell.registry.kind_named(name);
            if id != own && kind.is_some_and(|k| k.meta().kind == RecordKind::Document) {
                linked.entry(name).or_default().insert(id, true);
            }
        }
        for table in 0..meta.tables.len() {
            let rows = (0..record.row_count(table)).filter_map(|i| record.row(table, i));
            rows.for_each(|row| self.forwards(row, own, linked));
        }
    }

    /// The linked records of one type that the caller may see. Which of two came first, their making tells.
    fn shown(
        &self,
        tx: &mut Tx,
        (name, ids): (&str, BTreeMap<Id, bool>),
        record: &dyn Record,
    ) -> Result<Vec<(i64, Json)>> {
        let registry = &self.service.cell.registry;
        let Some(kind) = registry.kind_named(name).filter(|_| !ids.is_empty()) else { return Ok(Vec::new()) };
        let meta = kind.meta();
        let scope = registry.scope(&self.caller.rights, meta, "read");
        let values = ids.keys().map(|id| Value::Id(*id)).collect();
        let query = Query { scope, ..Query::all(MOST).filter(Path::head(HeadField::Id), Op::In, values) };
        let mut found = tx.find(meta, &query)?.records;
        let made = |r: &dyn Record| r.head().map_or(0, |h| h.created_at.micros());
        let date = meta.date_field.and_then(|i| meta.field(i)).map_or("", |f| f.name);
        let told = ["number", date, "state"].map(str::to_owned);
        let rendered = render(tx, registry, self.caller, (&*kind, View::List, Some(&told)), &mut found)?;
        let maps = members(&rendered.noted(tx, None)?)?;
        let links = found.iter().zip(maps).map(|(other, map)| {
            let at = made(&**other);
            let refers = ids.get(&other.id()).copied().unwrap_or_default();
            let came_from = if at == made(record) { refers } else { at < made(record) };
            let shown = |name: &str| map.get(name).cloned().unwrap_or(Json::Null);
            let link = json!({
                "direction": if came_from { "from" } else { "to" },
                "type": meta.name, "resource": meta.resource, "label": meta.label.get(self.caller.lang),
                "id": other.id().to_string(), "number": shown("number"), "date": shown(date), "state": shown("state"),
            });
            (at, link)
        });
        Ok(links.collect())
    }
}

/// Documents of a type that refer to a record, by themselves or in their rows.
fn backwards(tx: &mut Tx, meta: &'static TypeMeta, record: &dyn Record) -> Result<Vec<Id>> {
    let (target, id) = (record.meta(), record.id());
    let mut out = Vec::new();
    for index in leading(meta, target) {
        let query = Query::all(MOST).filter(Path::field(index), Op::Eq, vec![Value::Id(id)]);
        out.extend(tx.find(meta, &query)?.records.iter().map(|r| r.id()));
    }
    for table in meta.tables {
        let rows = (table.meta)();
        for index in leading(rows, target) {
            out.extend(tx.parents(rows, index, id, MOST)?);
        }
    }
    Ok(out)
}

/// The fields of a type that may refer to another and are indexed.
fn leading(meta: &'static TypeMeta, target: &'static TypeMeta) -> impl Iterator<Item = usize> {
    let leads = move |ty: &FieldType| match ty {
        FieldType::Ref { target: other } => other().table == target.table,
        FieldType::AnyRef => true,
        _ => false,
    };
    meta.fields.iter().enumerate().filter(move |(_, f)| f.indexed && leads(&f.ty)).map(|(index, _)| index)
}
