//! The one reader: every answer that carries a record or a part of one goes through here, so that field rights,
//! masking and languages hold everywhere alike.

use crate::cell::Registry;
use crate::ctx::Caller;
use crate::kind::{EdgeInfo, Kind};
use crate::names::{Names, Wanted};
use crate::rights::{Place, reaches};
use crate::sight::{Clear, Rendered};
use crate::snapshot::json_of;
use paas_auth::FieldRight;
use paas_document::{Field, FieldType, Record, Scope, TypeMeta, Value};
use paas_store::{Tx, numbered};
use paas_types::{Id, Lang, Result};
use serde_json::{Map, Value as Json, json};
use std::cell::RefCell;
use std::collections::BTreeSet;

/// Which part of a record is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum View {
    /// Head fields only, for lists.
    List,
    /// With their rows, for exports.
    Rows,
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
) -> Result<Rendered> {
    for record in records.iter_mut() {
        kind.shown(&mut **record);
    }
    let mut wanted = Wanted::default();
    records.iter().for_each(|record| wanted.record(&**record));
    let names = wanted.read(tx)?;
    let unmask = registry.scope(&caller.rights, kind.meta(), "unmask");
    let acts = match view {
        View::Whole => actions(registry, caller, kind),
        View::List | View::Rows => Vec::new(),
    };
    let mut clear = Vec::new();
    let mut render = |record: &dyn Record| {
        let seen = RefCell::default();
        let reader = Reader { registry, caller, names: &names, unmask: reaches(&unmask, record), seen: &seen };
        let mut map = reader.record(kind.meta(), record, view);
        if view == View::Whole && kind.meta().has_head() {
            map.insert("allowedActions".to_owned(), allowed(kind, record, &acts, caller.lang));
        }
        let fields = seen.into_inner();
        if !fields.is_empty() {
            clear.push(Clear { id: record.id(), number: numbered(record), fields });
        }
        map
    };
    let maps = records.iter().map(|record| render(&**record)).collect();
    Ok(Rendered::new(kind.meta(), maps, clear))
}

struct Reader<'a> {
    registry: &'a Registry,
    caller: &'a Caller,
    names: &'a Names,
    /// Whether sensitive values of this record are shown in clear.
    unmask: bool,
    /// The fields that were: those of rows as `table.field`.
    seen: &'a RefCell<BTreeSet<String>>,
}

impl Reader<'_> {
    fn record(&self, meta: &'static TypeMeta, record: &dyn Record, view: View) -> Map<String, Json> {
        let mut map = Map::new();
        map.insert("id".to_owned(), Json::from(record.id().to_string()));
        self.fields((Place::of(self.registry.name, meta), record), &mut map, view);
        if let Some(head) = record.head() {
            map.insert("version".to_owned(), Json::from(head.version));
            if meta.has_number() {
                map.insert("number".to_owned(), head.number.clone().map_or(Json::Null, Json::from));
            }
            map.insert("createdAt".to_owned(), Json::from(head.created_at.to_string()));
            map.insert("updatedAt".to_owned(), Json::from(head.updated_at.to_string()));
            map.insert("createdBy".to_owned(), self.named(&FieldType::User, Some(head.created_by.0)));
            map.insert("updatedBy".to_owned(), self.named(&FieldType::User, Some(head.updated_by.0)));
            map.insert("owner".to_owned(), self.named(&FieldType::User, head.owner.map(|u| u.0)));
            map.insert("department".to_owned(), self.named(&FieldType::Department, head.department.map(|d| d.0)));
        }
        map
    }

    fn fields(&self, (place, record): (Place<'_>, &dyn Record), map: &mut Map<String, Json>, view: View) {
        let meta = record.meta();
        for (index, field) in meta.fields.iter().enumerate() {
            let right = place.right(&self.caller.rights, field.name);
            if field.write_only || right == FieldRight::Hidden {
                continue;
            }
            let value = self.value((place, field), record, index, right);
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
            let place = place.table(declared.name);
            if place.right(&self.caller.rights, "") == FieldRight::Hidden {
                continue;
            }
            let rows = (0..record.row_count(table)).filter_map(|i| record.row(table, i));
            let rows: Vec<Json> = rows
                .map(|row| {
                    let mut inner = Map::new();
                    inner.insert("id".to_owned(), Json::from(row.id().to_string()));
                    self.fields((place, row), &mut inner, view);
                    Json::Object(inner)
                })
                .collect();
            map.insert(declared.name.to_owned(), Json::from(rows));
        }
    }

    fn value(&self, (place, field): (Place<'_>, &Field), record: &dyn Record, index: usize, right: FieldRight) -> Json {
        let value = record.get(index);
        if let (Some(english), Lang::En, true) = (field.english, self.caller.lang, right > FieldRight::Masked)
            && let Value::Text(text) = record.get(english)
        {
            return Json::from(text);
        }
        match (&field.ty, value) {
            (_, Value::Null) => Json::Null,
            (FieldType::Secret(mask), Value::Secret(secret)) => {
                if self.unmask && right > FieldRight::Masked {
                    self.seen.borrow_mut().insert(place.path(field.group.unwrap_or(field.name)));
                    Json::from(secret.expose().clone())
                } else {
                    Json::from(mask.apply(secret.expose()))
                }
            }
            _ if right == FieldRight::Masked => Json::from("****"),
            (ty @ (FieldType::Ref { .. } | FieldType::User | FieldType::Department), Value::Id(id)) => {
                self.named(ty, Some(id))
            }
            (ty @ FieldType::RefList { .. }, Value::Json(list)) => {
                let ids: Vec<String> = serde_json::from_str(&list).unwrap_or_default();
                ids.iter().filter_map(|t| t.parse().ok()).map(|id| self.named(ty, Some(id))).collect()
            }
            (ty, value) => json_of(ty, value),
        }
    }

    fn named(&self, ty: &FieldType, id: Option<Id>) -> Json {
        self.names.show(ty, id, self.caller.lang)
    }
}

/// The edges people may take somewhere, with the scope in which.
fn actions<'k>(registry: &Registry, caller: &Caller, kind: &'k dyn Kind) -> Vec<(&'k EdgeInfo, Scope)> {
    let open = kind.edges().iter().filter(|e| !e.system);
    open.filter(|e| caller.rights.allows(&registry.code(kind.meta(), e.name)))
        .map(|e| (e, registry.scope(&caller.rights, kind.meta(), e.name)))
        .collect()
}

/// What the caller may do with the record now.
fn allowed(kind: &dyn Kind, record: &dyn Record, acts: &[(&EdgeInfo, Scope)], lang: Lang) -> Json {
    let Some(state) = kind.state(record) else { return json!([]) };
    let mut out: Vec<Json> = Vec::new();
    for (edge, scope) in acts.iter().filter(|(e, _)| e.from & (1_u64 << state) != 0) {
        let fresh = !out.iter().any(|a| a.get("action").and_then(Json::as_str) == Some(edge.name));
        if fresh && reaches(scope, record) {
            out.push(json!({"action": edge.name, "label": edge.label.get(lang)}));
        }
    }
    Json::from(out)
}
