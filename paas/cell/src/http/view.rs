//! Views: read like a ledger, answered by a source of the cell.

use super::params::{self, Purpose};
use super::{Incoming, Reply, demand_all, export, read, write::parse_id};
use crate::ctx::Caller;
use crate::custom::Definitions;
use crate::kind::Kind;
use crate::render::{View as Part, render};
use crate::rights::Place;
use crate::routes::View;
use crate::service::Service;
use crate::sight::Rendered;
use http::Method;
use paas_auth::FieldRight;
use paas_document::{HeadField, Op, Path, Query, Scope, Step, Value};
use paas_store::Found;
use paas_types::{Code, Refusal, Result};
use serde_json::json;
use std::sync::Arc;

/// A call to a view.
pub(super) async fn call(
    service: &Arc<Service>,
    (kind, view): (Arc<dyn Kind>, &View),
    tail: &[&str],
    call: Incoming,
) -> Result<Reply> {
    if call.method != Method::GET {
        return Err(Refusal::new(Code::MethodNotAllowed));
    }
    let verb = if tail == ["export"] { "export" } else { "read" };
    let caller = Caller { mask: params::masks(&call.query)?, ..service.caller(&call.context).await? };
    demand_all(&caller.rights, &service.cell.registry.code(kind.meta(), verb))?;
    let asked = Asked { service, kind, view, caller, call: &call };
    match tail {
        [] => asked.list().await,
        ["export"] => asked.export().await,
        [id] => asked.one(id).await,
        // What only tells of others has no story of its own.
        [id, "history" | "links"] => asked.one(id).await.map(|_| Reply::ok(&json!({"data": []}))),
        _ => Err(Refusal::not_found()),
    }
}

struct Asked<'a> {
    service: &'a Arc<Service>,
    kind: Arc<dyn Kind>,
    view: &'a View,
    caller: Caller,
    call: &'a Incoming,
}

impl Asked<'_> {
    fn query(&self, purpose: Purpose) -> Result<Query> {
        let registry = &self.service.cell.registry;
        let from = (registry, &Definitions::default(), Scope::all());
        let query = params::read(&*self.kind, &self.caller, from, (&self.call.query, purpose))?;
        for sort in &query.sort {
            let name = match sort.path {
                Path { via: None, step: Step::Field(index) } => self.kind.meta().field(index).map_or("", |f| f.name),
                _ => "",
            };
            if !self.view.sorts.contains(&name) {
                return Err(Refusal::new(Code::UnknownFilter).with(json!({"filter": name, "reason": "not-indexed"})));
            }
        }
        Ok(query)
    }

    async fn find(&self, query: Query) -> Result<Found> {
        (self.view.source)(Arc::clone(self.service), self.call.context.clone(), query).await
    }

    async fn rendered(
        &self,
        mut found: Found,
        (part, wanted): (Part, Option<Vec<String>>),
    ) -> Result<(Rendered, Found)> {
        let (owner, kind, caller) = (Arc::clone(self.service), Arc::clone(&self.kind), self.caller.clone());
        let mut records = std::mem::take(&mut found.records);
        let tenant = Service::tenant(&self.call.context)?;
        let job = move |tx: &mut paas_store::Tx| {
            render(tx, &owner.cell.registry, &caller, (&*kind, part, wanted.as_deref()), &mut records)
        };
        Ok((self.service.store.read(&tenant, job).await?, found))
    }

    async fn list(&self) -> Result<Reply> {
        let query = self.query(Purpose::List)?;
        let place = Place::of(self.service.cell.name(), self.kind.meta());
        let seen = |name: &str| place.right(&self.caller.rights, name) > FieldRight::Hidden;
        let wanted = read::fields(&*self.kind, seen, &self.call.query)?;
        let (rendered, found) = self.rendered(self.find(query.clone()).await?, (Part::List, wanted)).await?;
        let records = rendered.told(self.service, &self.call.context).await?;
        Ok(Reply::text(read::page(&query, &found, &records)))
    }

    async fn one(&self, id: &str) -> Result<Reply> {
        let path = Path::head(HeadField::Id);
        let query = Query::all(1).filter(path, Op::Eq, vec![Value::Id(parse_id(id)?)]);
        let place = Place::of(self.service.cell.name(), self.kind.meta());
        let wanted = read::parts(&*self.kind, place, &self.caller, &self.call.query)?;
        let (rendered, _) = self.rendered(self.find(query).await?, (Part::Whole, wanted)).await?;
        let records = rendered.told(self.service, &self.call.context).await?;
        records.into_iter().next().map(Reply::text).ok_or_else(Refusal::not_found)
    }

    async fn export(&self) -> Result<Reply> {
        let query = self.query(Purpose::Export)?;
        let from = (Arc::clone(&self.kind), Some(self.view.source));
        export::send(self.service, from, (self.caller.clone(), query), self.call).await
    }
}
