//! The one reader: every answer that carries a record or a part of one goes through here, so that field rights,
//! masking and languages hold everywhere alike.

use crate::cell::Registry;
use crate::ctx::Caller;
use crate::custom::{self, Definitions};
use crate::kind::{EdgeInfo, Kind};
use crate::names::{Names, Wanted};
use crate::rights::{Place, reaches};
use crate::sight::{Clear, Rendered};
use crate::text::JsonText;
use paas_auth::FieldRight;
use paas_document::{Custom, CustomValue, Field, FieldType, Record, Scope, TypeMeta, Value};
use paas_store::{Tx, numbered};
use paas_types::{Id, Lang, Result};
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Room for the first record of an answer, bytes.
const ROOM: usize = 1_024;

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

/// Renders records for a caller, each as JSON text; `wanted` leaves out all members but these and the identity.
pub(crate) fn render(
    tx: &mut Tx,
    registry: &Registry,
    caller: &Caller,
    (kind, view, wanted): (&dyn Kind, View, Option<&[String]>),
    records: &mut [Box<dyn Record>],
) -> Result<Rendered> {
    for record in records.iter_mut() {
        kind.shown(&mut **record);
    }
    let mut referred = Wanted::default();
    records.iter().for_each(|record| referred.record(&**record));
    let names = referred.read(tx)?;
    let unmask = match caller.mask {
        true => Scope::default(),
        false => registry.scope(&caller.rights, kind.meta(), "unmask"),
    };
    let custom = custom_of(tx, registry, caller, records)?;
    let acts = match view {
        View::Whole => actions(registry, caller, kind),
        View::List | View::Rows => Vec::new(),
    };
    let (mut room, mut clear) = (ROOM, Vec::new());
    let render = |record: &dyn Record| {
        let (unmask, seen) = (reaches(&unmask, record), RefCell::default());
        let custom = custom.as_ref().map(|(all, scope)| (&**all, reaches(scope, record)));
        let reader = Reader { registry, caller, names: &names, unmask, custom, seen: &seen, view, wanted };
        let mut out = JsonText::with_room(room);
        out.open();
        reader.record(&mut out, kind.meta(), record);
        if view == View::Whole && wanted.is_none() && kind.meta().has_head() {
            out.key("allowedActions");
            allowed(&mut out, kind, record, &acts, caller.lang);
        }
        out.close();
        let text = out.finish();
        room = text.len() + text.len() / 8;
        let fields = seen.into_inner();
        if !fields.is_empty() {
            clear.push(Clear { id: record.id(), number: numbered(record), fields });
        }
        text
    };
    let texts = records.iter().map(|record| &**record).map(render).collect();
    Ok(Rendered::new(kind.meta(), texts, clear))
}

/// The custom fields, and whose sensitive ones the caller may see in clear; `None` when no record has any.
fn custom_of(
    tx: &mut Tx,
    registry: &Registry,
    caller: &Caller,
    records: &[Box<dyn Record>],
) -> Result<Option<(Arc<Definitions>, Scope)>> {
    if records.iter().all(|record| record.head().is_none_or(|head| head.custom.is_empty())) {
        return Ok(None);
    }
    let unmask = match caller.mask {
        true => Scope::default(),
        false => caller.rights.scope(&format!("{}.{}.unmask", registry.name, custom::NAME)),
    };
    Ok(Some((custom::definitions(tx)?, unmask)))
}

struct Reader<'a> {
    registry: &'a Registry,
    caller: &'a Caller,
    names: &'a Names,
    /// Whether sensitive values of this record are shown in clear.
    unmask: bool,
    /// The custom fields, and whether sensitive ones of this record are shown in clear.
    custom: Option<(&'a Definitions, bool)>,
    /// The fields that were: those of rows as `table.field`.
    seen: &'a RefCell<BTreeSet<String>>,
    view: View,
    /// The members of the record that were asked for, when not all.
    wanted: Option<&'a [String]>,
}

impl Reader<'_> {
    fn wants(&self, name: &str) -> bool {
        self.wanted.is_none_or(|wanted| wanted.iter().any(|w| w == name))
    }

    fn record(&self, out: &mut JsonText, meta: &'static TypeMeta, record: &dyn Record) {
        out.key("id");
        out.id(record.id());
        self.fields(out, Place::of(self.registry.name, meta), record, &|name| self.wants(name));
        let Some(head) = record.head() else { return };
        if let (Some(custom), true) = (self.custom, !head.custom.is_empty() && self.wants("custom")) {
            self.custom(out, Place::of(self.registry.name, meta), &head.custom, custom);
        }
        let mut member = |name: &'static str, write: &dyn Fn(&mut JsonText)| {
            if self.wants(name) {
                out.key(name);
                write(out);
            }
        };
        let user = |id: Option<Id>| move |out: &mut JsonText| self.named(out, &FieldType::User, id);
        member("version", &|out| out.plain(head.version));
        if meta.has_number() {
            member("number", &|out| out.maybe(head.number.as_deref()));
        }
        member("createdAt", &|out| out.quoted(head.created_at));
        member("updatedAt", &|out| out.quoted(head.updated_at));
        member("createdBy", &user(Some(head.created_by.0)));
        member("updatedBy", &user(Some(head.updated_by.0)));
        member("owner", &user(head.owner.map(|u| u.0)));
        member("department", &|out| self.named(out, &FieldType::Department, head.department.map(|d| d.0)));
    }

    fn fields(&self, out: &mut JsonText, place: Place<'_>, record: &dyn Record, wants: &dyn Fn(&str) -> bool) {
        let meta = record.meta();
        let right = |field: &Field| match field.write_only {
            true => FieldRight::Hidden,
            false => place.right(&self.caller.rights, field.name),
        };
        for (index, field) in meta.fields.iter().enumerate() {
            let seen = right(field);
            if seen == FieldRight::Hidden || !wants(field.group.unwrap_or(field.name)) {
                continue;
            }
            let Some(group) = field.group else {
                out.key(field.name);
                self.value(out, (place, field), (record, index), seen);
                continue;
            };
            // The fields of a group stand together, where the first of them does.
            let inside = meta.fields.iter().enumerate().filter(|(_, f)| f.group == Some(group));
            let mut shown = inside.map(|(i, f)| (i, f, right(f))).filter(|f| f.2 != FieldRight::Hidden).peekable();
            if shown.peek().is_none_or(|first| first.0 != index) {
                continue;
            }
            out.key(group);
            out.open();
            for (index, field, seen) in shown {
                out.key(field.name);
                self.value(out, (place, field), (record, index), seen);
            }
            out.close();
        }
        if self.view != View::List {
            self.tables(out, place, record, wants);
        }
    }

    fn custom(&self, out: &mut JsonText, place: Place<'_>, custom: &Custom, (all, unmask): (&Definitions, bool)) {
        out.key("custom");
        out.open();
        for (definition, value, right) in custom::shown(all, custom, place, &self.caller.rights) {
            out.own_key(definition.key.as_str());
            match value {
                CustomValue::Secret(clear) if unmask && right > FieldRight::Masked => {
                    self.seen.borrow_mut().insert(definition.name.clone());
                    out.text(clear.expose());
                }
                _ if right == FieldRight::Masked => out.text(custom::STARS),
                value => out.raw(&custom::json_of(value).to_string()),
            }
        }
        out.close();
    }

    fn tables(&self, out: &mut JsonText, place: Place<'_>, record: &dyn Record, wants: &dyn Fn(&str) -> bool) {
        for (table, declared) in record.meta().tables.iter().enumerate() {
            let place = place.table(declared.name);
            if place.right(&self.caller.rights, "") == FieldRight::Hidden || !wants(declared.name) {
                continue;
            }
            out.key(declared.name);
            out.open_list();
            for row in (0..record.row_count(table)).filter_map(|i| record.row(table, i)) {
                out.open();
                out.key("id");
                out.id(row.id());
                self.fields(out, place, row, &|_| true);
                out.close();
            }
            out.close_list();
        }
    }

    fn value(
        &self,
        out: &mut JsonText,
        (place, field): (Place<'_>, &Field),
        (record, index): (&dyn Record, usize),
        right: FieldRight,
    ) {
        let value = record.get(index);
        if let (Some(english), Lang::En, true) = (field.english, self.caller.lang, right > FieldRight::Masked)
            && let Value::Text(text) = record.get(english)
        {
            return out.text(&text);
        }
        match (&field.ty, value) {
            (_, Value::Null) => out.null(),
            (FieldType::Secret(mask), Value::Secret(secret)) => {
                if self.unmask && right > FieldRight::Masked {
                    self.seen.borrow_mut().insert(place.path(field.group.unwrap_or(field.name)));
                    out.text(secret.expose());
                } else {
                    out.text(&mask.apply(secret.expose()));
                }
            }
            _ if right == FieldRight::Masked => out.text("****"),
            (ty @ (FieldType::Ref { .. } | FieldType::User | FieldType::Department), Value::Id(id)) => {
                self.named(out, ty, Some(id));
            }
            (ty @ FieldType::RefList { .. }, Value::Json(list)) => {
                let ids: Vec<String> = serde_json::from_str(&list).unwrap_or_default();
                out.open_list();
                ids.iter().filter_map(|t| t.parse().ok()).for_each(|id| self.named(out, ty, Some(id)));
                out.close_list();
            }
            (ty, value) => out.value(ty, value),
        }
    }

    fn named(&self, out: &mut JsonText, ty: &FieldType, id: Option<Id>) {
        self.names.write(out, ty, id, self.caller.lang);
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
fn allowed(out: &mut JsonText, kind: &dyn Kind, record: &dyn Record, acts: &[(&EdgeInfo, Scope)], lang: Lang) {
    out.open_list();
    if let Some(state) = kind.state(record) {
        let mut told: Vec<&str> = Vec::new();
        for (edge, scope) in acts.iter().filter(|(e, _)| e.from & (1_u64 << state) != 0) {
            if !told.contains(&edge.name) && reaches(scope, record) {
                told.push(edge.name);
                out.open();
                out.key("action");
                out.text(edge.name);
                out.key("label");
                out.text(edge.label.get(lang));
                out.close();
            }
        }
    }
    out.close_list();
}
