//! What happened to a record, with names for references and the caller's rights on every field.

use super::read::{reader, record_id};
use super::{Incoming, Reply};
use crate::cell::Registry;
use crate::ctx::Caller;
use crate::custom::{self, Definitions};
use crate::kind::Kind;
use crate::names::{Names, Wanted};
use crate::rights::Place;
use crate::service::Service;
use paas_auth::FieldRight;
use paas_document::{Field, FieldType, TypeMeta};
use paas_store::{AuditRow, SIGHT, Tx};
use paas_types::{Refusal, Result, Text};
use serde_json::{Map, Value as Json, json};
use std::sync::Arc;

/// The most entries of a history.
const MOST: u32 = 500;

type Kept = Map<String, Json>;

pub(super) async fn history(service: &Arc<Service>, kind: Arc<dyn Kind>, id: &str, call: Incoming) -> Result<Reply> {
    let (caller, scope) = reader(service, &*kind, &call, "read").await?;
    let sights = call.query.iter().any(|(name, value)| name == "sights" && value == "true");
    let (id, tenant, owner) = (record_id(&*kind, id)?, Service::tenant(&call.context)?, Arc::clone(service));
    let entries = service
        .store
        .read(&tenant, move |tx| {
            if !tx.visible(kind.meta(), id, &scope)? {
                return Err(Refusal::not_found());
            }
            let rows = tx.history(kind.meta().name, id, sights, MOST)?;
            let told = told(tx, &owner.cell.registry, &caller, rows)?;
            Ok(told.into_iter().map(|(row, sides)| entry(&*kind, &caller, &row, sides)).collect::<Vec<Json>>())
        })
        .await?;
    Ok(Reply::ok(&json!({"data": entries})))
}

fn parsed(mut row: AuditRow) -> (AuditRow, [Option<Kept>; 2]) {
    let read = |text: Option<String>| text.and_then(|t| serde_json::from_str(&t).ok());
    let sides = [read(row.before.take()), read(row.after.take())];
    (row, sides)
}

/// Audited acts with what the caller may see of the records before and after.
pub(super) fn told(
    tx: &mut Tx,
    registry: &Registry,
    caller: &Caller,
    rows: Vec<AuditRow>,
) -> Result<Vec<(AuditRow, [Json; 2])>> {
    let rows: Vec<(AuditRow, [Option<Kept>; 2])> = rows.into_iter().map(parsed).collect();
    let kind_of = |row: &AuditRow| row.kind.as_deref().and_then(|name| registry.kind_named(name));
    let mut wanted = Wanted::default();
    for (row, sides) in &rows {
        if let Some(kind) = kind_of(row) {
            sides.iter().flatten().for_each(|kept| wanted.snapshot(kind.meta(), kept));
        }
    }
    let names = wanted.read(tx)?;
    let custom = match rows.iter().any(|(_, sides)| sides.iter().flatten().any(|kept| kept.contains_key("custom"))) {
        true => custom::definitions(tx)?,
        false => Arc::default(),
    };
    let teller = Teller { names: &names, caller, custom: &custom };
    let tell = |(row, sides): (AuditRow, [Option<Kept>; 2])| {
        let sides = sides.map(|kept| match (kept, kind_of(&row)) {
            (Some(kept), Some(kind)) => {
                Json::Object(teller.record(kind.meta(), Place::of(registry.name, kind.meta()), &kept))
            }
            // An act on no record shows no field of one.
            (Some(kept), None) if row.kind.is_none() => Json::Object(kept),
            _ => Json::Null,
        });
        (row, sides)
    };
    Ok(rows.into_iter().map(tell).collect())
}

fn entry(kind: &dyn Kind, caller: &Caller, row: &AuditRow, [before, after]: [Json; 2]) -> Json {
    let edge = kind.edges().iter().find(|e| e.name == row.action);
    let label = edge.map(|e| &e.label).or_else(|| verb(&row.action));
    json!({
        "at": row.at.to_string(),
        "actor": {"id": row.actor.to_string(), "name": row.actor_name},
        "action": row.action,
        "label": label.map(|l| l.get(caller.lang)),
        "before": before,
        "after": after,
        "requestId": row.request_id,
    })
}

struct Teller<'a> {
    names: &'a Names,
    caller: &'a Caller,
    custom: &'a Definitions,
}

impl Teller<'_> {
    /// What was kept of a record, as the caller may see it; what may not be seen is not named.
    fn record(&self, meta: &'static TypeMeta, place: Place<'_>, kept: &Kept) -> Kept {
        let mut out = self.fields(meta, place, kept);
        for name in ["number", "comment", "records"] {
            if let Some(value) = kept.get(name) {
                out.insert(name.to_owned(), value.clone());
            }
        }
        if let Some(custom) = kept.get("custom").and_then(Json::as_object).filter(|custom| !custom.is_empty()) {
            out.insert("custom".to_owned(), Json::Object(self.custom(meta, place, custom)));
        }
        if let Some(fields) = kept.get("unmasked").and_then(Json::as_array) {
            let may = |path: &&Json| place.names(path.as_str().unwrap_or_default(), &self.caller.rights);
            out.insert("unmasked".to_owned(), fields.iter().filter(may).cloned().collect());
        }
        for (name, ty) in [("owner", FieldType::User), ("department", FieldType::Department)] {
            if let Some(value) = kept.get(name) {
                out.insert(name.to_owned(), self.value(&ty, value));
            }
        }
        out
    }

    fn custom(&self, meta: &'static TypeMeta, place: Place<'_>, kept: &Kept) -> Kept {
        let mut out = Kept::new();
        for definition in self.custom.active(meta.resource) {
            let Some(value) = kept.get(definition.key.as_str()) else { continue };
            let whole = place.right(&self.caller.rights, "custom");
            let value = match place.right(&self.caller.rights, &definition.name).min(whole) {
                FieldRight::Hidden => continue,
                FieldRight::Masked => Json::from(custom::STARS),
                _ => value.clone(),
            };
            out.insert(definition.key.as_str().to_owned(), value);
        }
        out
    }

    fn fields(&self, meta: &'static TypeMeta, place: Place<'_>, kept: &Kept) -> Kept {
        let mut out = Kept::new();
        for field in meta.fields {
            let Some(value) = kept_of(field, kept) else { continue };
            let value = match place.right(&self.caller.rights, field.name) {
                FieldRight::Hidden => continue,
                FieldRight::Masked if !value.is_null() && !matches!(field.ty, FieldType::Secret(_)) => {
                    Json::from("****")
                }
                _ => self.value(&field.ty, value),
            };
            match field.group {
                None => {
                    out.insert(field.name.to_owned(), value);
                }
                Some(group) => {
                    if let Json::Object(inner) = out.entry(group.to_owned()).or_insert_with(|| json!({})) {
                        inner.insert(field.name.to_owned(), value);
                    }
                }
            }
        }
        for table in meta.tables {
            let Some(rows) = kept.get(table.name).and_then(Json::as_array) else { continue };
            let place = place.table(table.name);
            if place.right(&self.caller.rights, "") == FieldRight::Hidden {
                continue;
            }
            let rows = rows.iter().filter_map(Json::as_object).map(|row| {
                let mut inner = self.fields((table.meta)(), place, row);
                inner.insert("id".to_owned(), row.get("id").cloned().unwrap_or(Json::Null));
                Json::Object(inner)
            });
            out.insert(table.name.to_owned(), rows.collect());
        }
        out
    }

    fn value(&self, ty: &FieldType, value: &Json) -> Json {
        let named = |value: &Json| {
            let id = value.as_str().and_then(|t| t.parse().ok());
            self.names.show(ty, id, self.caller.lang)
        };
        match ty {
            FieldType::Ref { .. } | FieldType::User | FieldType::Department => named(value),
            FieldType::RefList { .. } => value.as_array().into_iter().flatten().map(named).collect(),
            _ => value.clone(),
        }
    }
}

fn kept_of<'k>(field: &Field, kept: &'k Kept) -> Option<&'k Json> {
    match field.group {
        None => kept.get(field.name),
        Some(group) => kept.get(group)?.get(field.name),
    }
}

/// What is done to every type.
pub(super) fn verb(action: &str) -> Option<&'static Text> {
    static VERBS: [(&str, Text); 5] = [
        ("create", Text::of("新建", "Created")),
        ("update", Text::of("修改", "Changed")),
        ("delete", Text::of("删除", "Deleted")),
        ("comment", Text::of("备注", "Comment")),
        (SIGHT, Text::of("查看敏感信息", "Saw sensitive values")),
    ];
    VERBS.iter().find(|(name, _)| *name == action).map(|(_, text)| text)
}
