//! The sight of sensitive values in clear is itself an audited act: rendered records are given away only by what tells.

use crate::service::Service;
use paas_auth::Context;
use paas_document::TypeMeta;
use paas_store::Tx;
use paas_types::{Id, Result};
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

/// Records as a caller sees them.
#[must_use]
pub(crate) struct Rendered {
    meta: &'static TypeMeta,
    maps: Vec<Map<String, Json>>,
    clear: Vec<Clear>,
}

impl Rendered {
    pub(crate) fn new(meta: &'static TypeMeta, maps: Vec<Map<String, Json>>, clear: Vec<Clear>) -> Rendered {
        Rendered { meta, maps, clear }
    }

    /// Only these fields of each record, and its id.
    pub(crate) fn only(mut self, wanted: Option<&[String]>) -> Rendered {
        let Some(names) = wanted else { return self };
        let keep = |path: &str| names.iter().any(|name| Some(name.as_str()) == path.split('.').next());
        self.maps.iter_mut().for_each(|map| map.retain(|name, _| name == "id" || keep(name)));
        self.retain(keep)
    }

    /// Without the fields that the caller has just given itself: it sees them again, but learns nothing.
    pub(crate) fn given(self, fields: &BTreeSet<&str>) -> Rendered {
        self.retain(|path| !fields.contains(path))
    }

    fn retain(mut self, keep: impl Fn(&str) -> bool) -> Rendered {
        self.clear.iter_mut().for_each(|record| record.fields.retain(|path| keep(path)));
        self.clear.retain(|record| !record.fields.is_empty());
        self
    }

    /// The records; their sight is noted in the transaction that answers with them.
    pub(crate) fn noted(self, tx: &mut Tx) -> Result<Vec<Map<String, Json>>> {
        note(tx, self.meta, &self.clear)?;
        Ok(self.maps)
    }

    /// The records of a read, once their sight is noted: what cannot be noted is not shown.
    pub(crate) async fn told(self, service: &Service, context: &Context) -> Result<Vec<Map<String, Json>>> {
        let Rendered { meta, maps, clear } = self;
        if !clear.is_empty() {
            let actor = Service::actor(context, Service::tenant(context)?);
            service.store.write(actor, move |tx| note(tx, meta, &clear)).await?;
        }
        Ok(maps)
    }
}

/// The sight of one record stands in its history; of many it is one act that names them.
fn note(tx: &mut Tx, meta: &'static TypeMeta, clear: &[Clear]) -> Result<()> {
    match clear {
        [] => Ok(()),
        [one] => {
            let what = json!({"unmasked": one.fields}).to_string();
            tx.audit_sight(meta, Some((one.id, one.number.clone())), what)
        }
        many => {
            let fields: BTreeSet<&String> = many.iter().flat_map(|record| &record.fields).collect();
            let ids: Vec<String> = many.iter().map(|record| record.id.to_string()).collect();
            tx.audit_sight(meta, None, json!({"unmasked": fields, "records": ids}).to_string())
        }
    }
}
