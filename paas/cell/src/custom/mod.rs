//! Custom fields: what administrators of a tenant add to the records of a type, without a developer and without a change
//! of tables. Definitions are records of the tenant; values stand in one column of each record.

mod field;
mod values;

pub(crate) use field::{CustomKind, FLOW, NAME};
pub(crate) use values::{STARS, json_of, operand, put, register, shown};

use field::CustomField;
use paas_document::{CustomKey, CustomStep, Query, Typed as _};
use paas_store::Tx;
use paas_types::{Id, Result, Text};
use std::collections::HashMap;
use std::sync::Arc;

/// The most custom fields of a type.
pub(crate) const MOST: usize = 100;
/// Definitions read at once.
const AT_ONCE: u32 = 10_000;

/// A custom field as records are read and written by it.
#[derive(Debug)]
pub(crate) struct Definition {
    pub(crate) id: Id,
    pub(crate) key: CustomKey,
    /// Its name in errors, filters and rights: `custom.<key>`.
    pub(crate) name: String,
    pub(crate) label: Text,
    pub(crate) help: Option<Text>,
    pub(crate) kind: CustomKind,
    pub(crate) decimals: u32,
    /// Values with their labels.
    pub(crate) choices: Vec<(String, Text)>,
    pub(crate) required: bool,
    pub(crate) indexed: bool,
    pub(crate) unique: bool,
    pub(crate) sensitive: bool,
    pub(crate) active: bool,
}

impl Definition {
    /// What a question must know of it.
    pub(crate) fn step(&self) -> CustomStep {
        CustomStep { key: self.key, indexed: self.indexed, sensitive: self.sensitive }
    }
}

/// The custom fields of a tenant in this cell.
#[derive(Debug, Default)]
pub(crate) struct Definitions {
    by_resource: HashMap<String, Vec<Definition>>,
}

impl Definitions {
    /// All of a type, in order; those out of use too.
    pub(crate) fn of(&self, resource: &str) -> &[Definition] {
        self.by_resource.get(resource).map(Vec::as_slice).unwrap_or_default()
    }

    /// Those of a type that are in use.
    pub(crate) fn active(&self, resource: &str) -> impl Iterator<Item = &Definition> {
        self.of(resource).iter().filter(|definition| definition.active)
    }

    /// One in use, by its key.
    pub(crate) fn find(&self, resource: &str, key: &str) -> Option<&Definition> {
        self.active(resource).find(|definition| definition.key.as_str() == key)
    }
}

/// The custom fields of the tenant, read once and again when one has changed.
pub(crate) fn definitions(tx: &mut Tx) -> Result<Arc<Definitions>> {
    tx.whole(CustomField::meta_of(), read)
}

/// The custom fields of the tenant, of which these are going to have values: they stay as they are until the end.
pub(crate) fn held(tx: &mut Tx, ids: &[Id]) -> Result<Arc<Definitions>> {
    tx.whole_held((CustomField::meta_of(), ids), read)
}

fn read(tx: &mut Tx) -> Result<Definitions> {
    let mut found = tx.find(CustomField::meta_of(), &Query::all(AT_ONCE))?.records;
    tx.load_rows(&mut found)?;
    let mut fields: Vec<CustomField> = found.into_iter().map(crate::ctx::unbox).collect::<Result<_>>()?;
    fields.sort_by_key(|field| (field.position, field.head.id));
    let mut by_resource: HashMap<String, Vec<Definition>> = HashMap::new();
    for field in fields {
        let resource = field.of_type.clone();
        by_resource.entry(resource).or_default().extend(field::definition(field));
    }
    Ok(Definitions { by_resource })
}
