//! Names of what records refer to, read once per answer: one question per type.

use crate::text::JsonText;
use paas_document::{FieldType, Named, Record, TypeMeta, Value};
use paas_store::Tx;
use paas_types::{Id, Lang, Result};
use serde_json::{Map, Value as Json, json};
use std::collections::HashMap;

const USERS: &str = "user";
const DEPARTMENTS: &str = "department";

/// References whose names are wanted.
#[derive(Default)]
pub(crate) struct Wanted(HashMap<&'static str, (Option<&'static TypeMeta>, Vec<Id>)>);

/// The names that were found.
pub(crate) struct Names(HashMap<(&'static str, Id), Named>);

impl Wanted {
    /// What a record and its rows refer to.
    pub(crate) fn record(&mut self, record: &dyn Record) {
        let meta = record.meta();
        for (index, field) in meta.fields.iter().enumerate().filter(|(_, field)| space_of(&field.ty).is_some()) {
            match record.get(index) {
                Value::Id(id) => self.reference(&field.ty, id),
                Value::Json(list) if matches!(field.ty, FieldType::RefList { .. }) => {
                    let ids: Vec<String> = serde_json::from_str(&list).unwrap_or_default();
                    ids.iter().filter_map(|t| t.parse().ok()).for_each(|id| self.reference(&field.ty, id));
                }
                _ => {}
            }
        }
        if let Some(head) = record.head() {
            let users = [Some(head.created_by), Some(head.updated_by), head.owner];
            users.into_iter().flatten().for_each(|user| self.reference(&FieldType::User, user.0));
            head.department.iter().for_each(|d| self.reference(&FieldType::Department, d.0));
        }
        for table in 0..meta.tables.len() {
            (0..record.row_count(table)).filter_map(|i| record.row(table, i)).for_each(|row| self.record(row));
        }
    }

    /// What a record refers to in the form the audit keeps.
    pub(crate) fn snapshot(&mut self, meta: &'static TypeMeta, kept: &Map<String, Json>) {
        for field in meta.fields {
            let holder = field.group.map_or(Some(kept), |g| kept.get(g).and_then(Json::as_object));
            let value = holder.and_then(|map| map.get(field.name));
            let list = value.and_then(Json::as_array).into_iter().flatten();
            for id in value.into_iter().chain(list).filter_map(Json::as_str).filter_map(|t| t.parse().ok()) {
                self.reference(&field.ty, id);
            }
        }
        for (name, ty) in [("owner", FieldType::User), ("department", FieldType::Department)] {
            kept.get(name)
                .and_then(Json::as_str)
                .and_then(|t| t.parse().ok())
                .iter()
                .for_each(|id| self.reference(&ty, *id));
        }
        for table in meta.tables {
            for row in kept.get(table.name).and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_object) {
                self.snapshot((table.meta)(), row);
            }
        }
    }

    /// A record that a field of this type refers to.
    pub(crate) fn reference(&mut self, ty: &FieldType, id: Id) {
        let Some(space) = space_of(ty).filter(|_| !id.is_nil()) else { return };
        let entry = self.0.entry(space).or_default();
        if let FieldType::Ref { target } | FieldType::RefList { target } = ty {
            entry.0 = Some(target());
        }
        entry.1.push(id);
    }

    /// Reads the names.
    pub(crate) fn read(self, tx: &mut Tx) -> Result<Names> {
        let mut names = HashMap::new();
        for (space, (meta, mut ids)) in self.0 {
            ids.sort_unstable();
            ids.dedup();
            let found = match meta {
                Some(meta) => tx.names(meta, &ids)?,
                None if space == USERS => tx.names_of_users(&ids)?,
                None => tx.names_of_departments(&ids)?,
            };
            names.extend(found.into_iter().map(|(id, named)| ((space, id), named)));
        }
        Ok(Names(names))
    }
}

/// Where the names of a reference of this type stand; `None` for what is no reference to a record with a name.
fn space_of(ty: &FieldType) -> Option<&'static str> {
    match ty {
        FieldType::Ref { target } | FieldType::RefList { target } => {
            Some(target()).filter(|t| t.has_head()).map(|t| t.table)
        }
        FieldType::User => Some(USERS),
        FieldType::Department => Some(DEPARTMENTS),
        _ => None,
    }
}

/// A reference as answers show it.
enum Shown<'n> {
    Nothing,
    /// Its name is not known.
    Id(Id),
    /// A document, by number.
    Numbered(Id, &'n Named),
    /// Everything else, by code and name.
    Named(Id, &'n Named),
}

impl Names {
    fn shown(&self, ty: &FieldType, id: Option<Id>) -> Shown<'_> {
        let Some(id) = id.filter(|id| !id.is_nil()) else { return Shown::Nothing };
        let Some(named) = space_of(ty).and_then(|space| self.0.get(&(space, id))) else { return Shown::Id(id) };
        match ty {
            FieldType::Ref { target } | FieldType::RefList { target } if target().has_number() => {
                Shown::Numbered(id, named)
            }
            _ => Shown::Named(id, named),
        }
    }

    /// A reference as answers show it: documents by number, everything else by code and name.
    pub(crate) fn show(&self, ty: &FieldType, id: Option<Id>, lang: Lang) -> Json {
        match self.shown(ty, id) {
            Shown::Nothing => Json::Null,
            Shown::Id(id) => json!({"id": id.to_string()}),
            Shown::Numbered(id, named) => json!({"id": id.to_string(), "number": named.code}),
            Shown::Named(id, named) => {
                json!({"id": id.to_string(), "code": named.code, "name": in_language(named, lang)})
            }
        }
    }

    /// Writes what [`Names::show`] shows.
    pub(crate) fn write(&self, out: &mut JsonText, ty: &FieldType, id: Option<Id>, lang: Lang) {
        let shown = self.shown(ty, id);
        let (Shown::Id(id) | Shown::Numbered(id, _) | Shown::Named(id, _)) = shown else { return out.null() };
        out.open();
        out.key("id");
        out.id(id);
        match shown {
            Shown::Numbered(_, named) => {
                out.key("number");
                out.maybe(named.code.as_deref());
            }
            Shown::Named(_, named) => {
                out.key("code");
                out.maybe(named.code.as_deref());
                out.key("name");
                out.maybe(in_language(named, lang));
            }
            Shown::Nothing | Shown::Id(_) => {}
        }
        out.close();
    }
}

fn in_language(named: &Named, lang: Lang) -> Option<&str> {
    match lang {
        Lang::En => named.name_en.as_deref().or(named.name.as_deref()),
        Lang::Zh => named.name.as_deref(),
    }
}
