//! What answers show for a reference, with a cache per tenant that a commit empties where it changed something.

use crate::ddl::q;
use crate::whole::whole_of;
use crate::{Cell, Col, Tx};
use paas_document::{Field, FieldType, Kind, Named, Record, TypeMeta, Value};
use paas_types::{Id, Result};
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

const CHUNK: usize = 200;
/// The most names a job remembers by itself.
const READ: usize = 1_024;
const USERS: &str = "directory_user";
const DEPARTMENTS: &str = "directory_department";

impl Tx {
    /// Code and names of records; those not there are left out.
    pub fn names(&mut self, meta: &'static TypeMeta, ids: &[Id]) -> Result<HashMap<Id, Named>> {
        let column = |index: Option<usize>| index.and_then(|i| meta.field(i)).map(|f| f.column);
        let code = if meta.has_number() { Some("number") } else { column(meta.code_field()) };
        let english = meta.name_field().and_then(|i| meta.field(i)).and_then(|f| f.english);
        self.names_in(meta.table, [code, column(meta.name_field()), column(english)], ids)
    }

    /// User names and names of users of the directory.
    pub fn names_of_users(&mut self, ids: &[Id]) -> Result<HashMap<Id, Named>> {
        self.names_in(USERS, [Some("username"), Some("name"), None], ids)
    }

    /// Codes and names of departments of the directory.
    pub fn names_of_departments(&mut self, ids: &[Id]) -> Result<HashMap<Id, Named>> {
        self.names_in(DEPARTMENTS, [Some("code"), Some("name"), Some("name_en")], ids)
    }

    fn names_in(
        &mut self,
        table: &'static str,
        columns: [Option<&'static str>; 3],
        ids: &[Id],
    ) -> Result<HashMap<Id, Named>> {
        self.heed()?;
        let tenant = self.tenant().key;
        let mut out = HashMap::with_capacity(ids.len());
        let mut missing: Vec<Id> = Vec::new();
        for id in ids {
            let key = (tenant, table, *id);
            let cached = || self.shared.names.get(&key).map(|named| (*named).clone());
            let known = self.read_names.get(&(table, *id)).cloned().or_else(cached);
            match known.filter(|_| !self.dirty_names.contains_key(&key)) {
                Some(named) => {
                    out.insert(*id, named);
                }
                None if missing.contains(id) => {}
                None => missing.push(*id),
            }
        }
        let select: Vec<String> = columns.iter().map(|c| c.map_or("NULL".to_owned(), q)).collect();
        for chunk in missing.chunks(CHUNK) {
            let mut params = vec![self.tenant_cell()];
            params.extend(chunk.iter().map(|id| Cell::Id(*id)));
            let marks: Vec<String> = (2..=params.len()).map(|n| format!("${n}")).collect();
            let sql = format!(
                "SELECT \"id\", {} FROM {} WHERE \"tenant\" = $1 AND \"id\" IN ({})",
                select.join(", "),
                q(table),
                marks.join(", ")
            );
            for row in self.query(&sql, &params, &[Col::Id, Col::Text, Col::Text, Col::Text])? {
                let mut cells = row.into_iter();
                let Some(id) = cells.next().and_then(|c| c.as_id()) else { continue };
                let mut text = || cells.next().and_then(Cell::into_text);
                let named = Named { code: text(), name: text(), name_en: text() };
                self.cache_name(table, id, &named);
                out.insert(id, named);
            }
        }
        Ok(out)
    }

    /// Caches a name, unless a change of it may be on its way: of this batch, or committed since this snapshot began.
    fn cache_name(&mut self, table: &'static str, id: Id, named: &Named) {
        let key = (self.tenant().key, table, id);
        if self.dirty_names.contains_key(&key) {
            return;
        }
        // The one writer of SQLite sees what is newest; elsewhere only a time without commits is sure.
        let newest = self.can_write() && !self.is_pg();
        let present = |tx: &Tx| newest || tx.shared.generation.load(Ordering::Acquire) == tx.generation;
        if present(self) {
            self.shared.names.insert(key, Arc::new(named.clone()));
            if !present(self) {
                self.shared.names.remove(&key);
            }
        }
    }

    /// A server's writer has read a master: its name need not be asked for. Elsewhere names are cached for good.
    pub(crate) fn name_read(&mut self, record: &dyn Record) {
        let meta = record.meta();
        if !self.can_write() || !self.is_pg() || meta.kind != Kind::Master || self.read_names.len() >= READ {
            return;
        }
        let open = |field: &Field| !matches!(field.ty, FieldType::Secret(_) | FieldType::Password);
        let text = |index: Option<usize>| match record.get(index.filter(|i| meta.field(*i).is_some_and(open))?) {
            Value::Text(text) => Some(text),
            _ => None,
        };
        let name = meta.name_field();
        let english = name.and_then(|i| meta.field(i)).and_then(|field| field.english);
        let named = Named { code: text(meta.code_field()), name: text(name), name_en: text(english) };
        self.read_names.insert((meta.table, record.id()), named);
    }

    /// A record is new: nobody knew its name, and nobody may before the commit.
    pub(crate) fn name_given(&mut self, meta: &'static TypeMeta, id: Id) {
        self.dirty_names.entry((self.tenant().key, meta.table, id)).or_insert(false);
        self.whole_changed(meta);
    }

    pub(crate) fn name_changed(&mut self, meta: &'static TypeMeta, id: Id) {
        self.name_of_changed(meta.table, id);
        self.whole_changed(meta);
    }

    /// What was made of all records of a master is made anew after the commit.
    pub(crate) fn whole_changed(&mut self, meta: &'static TypeMeta) {
        if meta.kind == Kind::Master {
            self.dirty_names.insert(whole_of((self.tenant().key, meta.table)), true);
        }
    }

    pub(crate) fn name_of_changed(&mut self, table: &'static str, id: Id) {
        self.dirty_names.insert((self.tenant().key, table, id), true);
    }
}
