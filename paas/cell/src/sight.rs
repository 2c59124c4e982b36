//! The sight of sensitive values in clear is itself an audited act: rendered records are given away only by what tells.

use crate::service::Service;
use paas_auth::Context;
use paas_document::TypeMeta;
use paas_store::Tx;
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

    /// The records; their sight is noted in the transaction that answers with them.
    pub(crate) fn noted(self, tx: &mut Tx) -> Result<Vec<String>> {
        note(tx, self.meta, &self.clear)?;
        Ok(self.texts)
    }

    /// The records of a read, once their sight is noted: what cannot be noted is not shown.
    pub(crate) async fn told(self, service: &Service, context: &Context) -> Result<Vec<String>> {
        let Rendered { meta, texts, clear } = self;
        if !clear.is_empty() {
            let actor = Service::actor(context, Service::tenant(context)?);
            service.store.write(actor, move |tx| note(tx, meta, &clear)).await?;
        }
        Ok(texts)
    }
}

/// Records that are told, as names and values, for what picks from them.
pub(crate) fn members(told: &[String]) -> Result<Vec<Map<String, Json>>> {
    told.iter().map(|text| serde_json::from_str(text).map_err(Refusal::internal)).collect()
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
