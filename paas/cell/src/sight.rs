//! The sight of sensitive values in clear is itself an audited act: rendered records are given away only by what tells.

use crate::service::Service;
use paas_auth::Context;
use paas_document::{FieldType, Filter, Query, Record, Step, TypeMeta};
use paas_store::{Tx, numbered};
use paas_types::{Id, Refusal, Result};
use serde_json::{Map, Value as Json, json};
use std::collections::BTreeSet;

/// A record of which sensitive values are shown in clear.
pub(crate) struct Clear {
    pub(crate) id: Id,
    /// Its number or code.
    pub(crate) number: Option<String>,
    /// The fields; those of rows as `table.field`.
    pub(crate) fields: BTreeSet<String>,
}

/// Records as a caller sees them, each as JSON text.
#[must_use]
pub(crate) struct Rendered {
    meta: &'static TypeMeta,
    texts: Vec<String>,
    clear: Vec<Clear>,
}

impl Rendered {
    pub(crate) fn new(meta: &'static TypeMeta, texts: Vec<String>, clear: Vec<Clear>) -> Rendered {
        Rendered { meta, texts, clear }
    }

    /// Without the fields that the caller has just given itself: it sees them again, but learns nothing.
    pub(crate) fn given(mut self, fields: &BTreeSet<&str>) -> Rendered {
        self.clear.iter_mut().for_each(|record| record.fields.retain(|path| !fields.contains(path.as_str())));
        self.clear.retain(|record| !record.fields.is_empty());
        self
    }

    /// As well seen: what the caller asked for by its value. Whoever finds a record by it knows that it is there.
    pub(crate) fn found_by(mut self, fields: &BTreeSet<String>, records: &[Box<dyn Record>]) -> Rendered {
        for record in records.iter().filter(|_| !fields.is_empty()) {
            match self.clear.iter_mut().find(|clear| clear.id == record.id()) {
                Some(clear) => clear.fields.extend(fields.iter().cloned()),
                None => {
                    let (id, number) = (record.id(), numbered(&**record));
                    self.clear.push(Clear { id, number, fields: fields.clone() });
                }
            }
        }
        self
    }

    /// The records; their sight is noted in the transaction that answers with them. Of a trial nothing stays: what it
    /// shows goes to `later`, to be noted after it.
    pub(crate) fn noted(self, tx: &mut Tx, later: Option<&mut Vec<Sight>>) -> Result<Vec<String>> {
        let sight = Sight { meta: self.meta, clear: self.clear };
        match later {
            Some(later) => later.push(sight),
            None => sight.note(tx)?,
        }
        Ok(self.texts)
    }

    /// The records of a read, once their sight is noted: what cannot be noted is not shown.
    pub(crate) async fn told(self, service: &Service, context: &Context) -> Result<Vec<String>> {
        let Rendered { meta, texts, clear } = self;
        tell(service, context, vec![Sight { meta, clear }]).await?;
        Ok(texts)
    }
}

/// Notes what was seen where nothing is written otherwise.
pub(crate) async fn tell(service: &Service, context: &Context, sights: Vec<Sight>) -> Result<()> {
    if sights.iter().all(|sight| sight.clear.is_empty()) {
        return Ok(());
    }
    let actor = Service::actor(context, Service::tenant(context)?);
    service.store.write(actor, move |tx| sights.iter().try_for_each(|sight| sight.note(tx))).await
}

/// The sensitive fields that a question asks for by their values; those of records referred to as `reference.field`.
pub(crate) fn asked_for(meta: &'static TypeMeta, query: &Query) -> BTreeSet<String> {
    let name = |filter: &Filter| {
        if let Step::Custom(field) = filter.path.step {
            return field.sensitive.then(|| format!("custom.{}", field.key.as_str()));
        }
        let Step::Field(index) = filter.path.step else { return None };
        let via = match filter.path.via {
            Some(via) => Some(meta.field(via)?),
            None => None,
        };
        let of = match via.map(|field| field.ty) {
            Some(FieldType::Ref { target }) => target(),
            Some(_) => return None,
            None => meta,
        };
        let field = of.field(index).filter(|field| matches!(field.ty, FieldType::Secret(_)))?;
        Some(via.map_or_else(|| field.name.to_owned(), |via| format!("{}.{}", via.name, field.name)))
    };
    let alternatives = query.either.iter().flat_map(|either| either.groups.iter().flatten());
    query.filters.iter().chain(alternatives).filter_map(name).collect()
}

/// Records that are told, as names and values, for what picks from them.
pub(crate) fn members(told: &[String]) -> Result<Vec<Map<String, Json>>> {
    told.iter().map(|text| serde_json::from_str(text).map_err(Refusal::internal)).collect()
}

/// What one answer shows.
pub(crate) struct Sight {
    meta: &'static TypeMeta,
    clear: Vec<Clear>,
}

impl Sight {
    /// The sight of one record stands in its history; of many it is one act that names them.
    fn note(&self, tx: &mut Tx) -> Result<()> {
        match self.clear.as_slice() {
            [] => Ok(()),
            [one] => {
                let what = json!({"unmasked": one.fields}).to_string();
                tx.audit_sight(self.meta, Some((one.id, one.number.clone())), what)
            }
            many => {
                let fields: BTreeSet<&String> = many.iter().flat_map(|record| &record.fields).collect();
                let ids: Vec<String> = many.iter().map(|record| record.id.to_string()).collect();
                tx.audit_sight(self.meta, None, json!({"unmasked": fields, "records": ids}).to_string())
            }
        }
    }
}
