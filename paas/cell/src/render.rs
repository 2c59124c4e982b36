//! The one reader: every answer that carries a record or a part of one goes through here, so that field rights,
//! masking and languages hold everywhere alike.

use crate::cell::Registry;
use crate::ctx::Caller;
use crate::kind::Kind;
use crate::snapshot::json_of;
use paas_auth::FieldRight;
use paas_document::{Field, FieldType, Named, Record, TypeMeta, Value};
use paas_store::Tx;
use paas_types::{Id, Lang, Result};
use serde_json::{Map, Value as Json, json};
use std::collections::HashMap;

type Names = HashMap<(&'static str, Id), Named>;

/// Which part of a record is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum View {
    /// Head fields only, for lists.
    List,
    /// Everything, with rows and allowed actions.
    Whole,
}

/// Renders records for a caller.
pub(crate) fn render(
    tx: &mut Tx,
    registry: &Registry,
    caller: &Caller,
    (kind, view): (&dyn Kind, View),
    records: &mut [Box<dyn Record>],
) -> Result<Vec<Map<String, Json>>> {
    for record in records.iter_mut() {
        kind.shown(&mut **record);
    }
    let names = collect(tx, records)?;
    let reader = Reader { registry, caller, names: &names, unmask: None };
    let unmask = caller.rights.allows(&registry.code(kind.meta(), "unmask"));
    let reader = Reader { unmask: Some(unmask), ..reader };
    Ok(records.iter().map(|record| reader.record(kind, &**record, view)).collect())
}

struct Reader<'a> {
    registry: &'a Registry,
    caller: &'a Caller,
    names: &'a Names,
    unmask: Option<bool>,
}

impl Reader<'_> {
    fn record(&self, kind: &dyn Kind, record: &dyn Record, view: View) -> Map<String, Json> {
        let meta = kind.meta();
        let mut map = Map::new();
        map.insert("id".to_owned(), Json::from(record.id().to_string()));
        self.fields(meta, record, &mut map, view);
        if let Some(head) = record.head() {
            map.insert("version".to_owned(), Json::from(head.version));
            if meta.has_number() {
                map.insert("number".to_owned(), head.number.clone().map_or(Json::Null, Json::from));
            }
            map.insert("createdAt".to_owned(), Json::from(head.created_at.to_string()));
            map.insert("updatedAt".to_owned(), Json::from(head.updated_at.to_string()));
            map.insert("createdBy".to_owned(), self.named("user", Some(head.created_by.0)));
            map.insert("updatedBy".to_owned(), self.named("user", Some(head.updated_by.0)));
            map.insert("owner".to_owned(), self.named("user", head.owner.map(|u| u.0)));
            map.insert("department".to_owned(), self.named("department", head.department.map(|d| d.0)));
        }
        if view == View::Whole {
            map.insert("allowedActions".to_owned(), self.actions(kind, record));
        }
        map
    }

    fn fields(&self, meta: &'static TypeMeta, record: &dyn Record, map: &mut Map<String, Json>, view: View) {
        for (index, field) in meta.fields.iter().enumerate() {
            let right = self.caller.rights.field(&self.registry.code(meta, field.name));
            if field.write_only || right == FieldRight::Hidden {
                continue;
            }
            let value = self.value(field, record, index, right);
            match field.group {
                None => {
                    map.insert(field.name.to_owned(), value);
                }
                Some(group) => {
                    if let Json::Object(inner) = map.entry(group.to_owned()).or_insert_with(|| json!({})) {
                        inner.insert(field.name.to_owned(), value);
                    }
                }
            }
        }
        if view == View::List {
            return;
        }
        for (table, declared) in meta.tables.iter().enumerate() {
            let rows = (0..record.row_count(table)).filter_map(|i| record.row(table, i));
            let rows: Vec<Json> = rows
                .map(|row| {
                    let mut inner = Map::new();
                    inner.insert("id".to_owned(), Json::from(row.id().to_string()));
                    self.fields((declared.meta)(), row, &mut inner, view);
                    Json::Object(inner)
                })
                .collect();
            map.insert(declared.name.to_owned(), Json::from(rows));
        }
    }

    fn value(&self, field: &Field, record: &dyn Record, index: usize, right: FieldRight) -> Json {
        let value = record.get(index);
        if let (Some(english), Lang::En) = (field.english, self.caller.lang) {
            if let Value::Text(text) = record.get(english) {
                return Json::from(text);
            }
        }
        match (&field.ty, value) {
            (_, Value::Null) => Json::Null,
            (FieldType::Secret(mask), Value::Secret(secret)) => {
                if self.unmask == Some(true) && right > FieldRight::Masked {
                    Json::from(secret.expose().clone())
                } else {
                    Json::from(mask.apply(secret.expose()))
                }
            }
            _ if right == FieldRight::Masked => Json::from("****"),
            (FieldType::Ref { target }, Value::Id(id)) => self.named(target().table, Some(id)),
            (FieldType::RefList { target }, Value::Json(list)) => {
                let ids: Vec<String> = serde_json::from_str(&list).unwrap_or_default();
                let named = ids.iter().filter_map(|t| t.parse().ok()).map(|id| self.named(target().table, Some(id)));
                named.collect()
            }
            (FieldType::User, Value::Id(id)) => self.named("user", Some(id)),
            (FieldType::Department, Value::Id(id)) => self.named("department", Some(id)),
            (ty, value) => json_of(ty, value),
        }
    }

    fn named(&self, space: &'static str, id: Option<Id>) -> Json {
        let Some(id) = id.filter(|id| !id.is_nil()) else { return Json::Null };
        let Some(named) = self.names.get(&(space, id)) else { return json!({"id": id.to_string()}) };
        let name = match self.caller.lang {
            Lang::En => named.name_en.as_ref().or(named.name.as_ref()),
            Lang::Zh => named.name.as_ref(),
        };
        json!({"id": id.to_string(), "code": named.code, "name": name})
    }

    fn actions(&self, kind: &dyn Kind, record: &dyn Record) -> Json {
        let Some(state) = kind.state(record) else { return json!([]) };
        let mut actions: Vec<Json> = Vec::new();
        for edge in kind.edges().iter().filter(|e| !e.system && e.from & (1_u64 << state) != 0) {
            let fresh = !actions.iter().any(|a| a.get("action").and_then(Json::as_str) == Some(edge.name));
            if fresh && self.caller.rights.allows(&self.registry.code(kind.meta(), edge.name)) {
                actions.push(json!({"action": edge.name, "label": edge.label.get(self.caller.lang)}));
            }
        }
        Json::from(actions)
    }
}

/// The names of everything the records refer to: one question per type.
fn collect(tx: &mut Tx, records: &[Box<dyn Record>]) -> Result<Names> {
    let mut wanted: HashMap<&'static str, (Option<&'static TypeMeta>, Vec<Id>)> = HashMap::new();
    for record in records {
        gather(&**record, &mut wanted);
        if let Some(head) = record.head() {
            let users = [Some(head.created_by), Some(head.updated_by), head.owner];
            let users = users.into_iter().flatten().map(|u| u.0);
            wanted.entry("user").or_default().1.extend(users);
            wanted.entry("department").or_default().1.extend(head.department.map(|d| d.0));
        }
    }
    let mut names = Names::new();
    for (space, (meta, mut ids)) in wanted {
        ids.retain(|id| !id.is_nil());
        ids.sort_unstable();
        ids.dedup();
        let found = match meta {
            Some(meta) => tx.names(meta, &ids)?,
            None if space == "user" => tx.names_of_users(&ids)?,
            None => tx.names_of_departments(&ids)?,
        };
        names.extend(found.into_iter().map(|(id, named)| ((space, id), named)));
    }
    Ok(names)
}

fn gather(record: &dyn Record, wanted: &mut HashMap<&'static str, (Option<&'static TypeMeta>, Vec<Id>)>) {
    let meta = record.meta();
    for (index, field) in meta.fields.iter().enumerate() {
        match (&field.ty, record.get(index)) {
            (FieldType::Ref { target }, Value::Id(id)) if target().has_head() => {
                let entry = wanted.entry(target().table).or_default();
                entry.0 = Some(target());
                entry.1.push(id);
            }
            (FieldType::RefList { target }, Value::Json(list)) => {
                let ids: Vec<String> = serde_json::from_str(&list).unwrap_or_default();
                let entry = wanted.entry(target().table).or_default();
                entry.0 = Some(target());
                entry.1.extend(ids.iter().filter_map(|t| t.parse::<Id>().ok()));
            }
            (FieldType::User, Value::Id(id)) => wanted.entry("user").or_default().1.push(id),
            (FieldType::Department, Value::Id(id)) => wanted.entry("department").or_default().1.push(id),
            _ => {}
        }
    }
    for table in 0..meta.tables.len() {
        for row in (0..record.row_count(table)).filter_map(|i| record.row(table, i)) {
            gather(row, wanted);
        }
    }
}
