//! Views: read like a ledger, answered by a source of the cell.

use super::{Incoming, Reply, demand, params, read, write::parse_id};
use crate::ctx::Caller;
use crate::kind::Kind;
use crate::render::{View as Part, render};
use crate::routes::View;
use crate::service::Service;
use http::{Method, StatusCode, header};
use paas_document::{HeadField, Op, Page, Path, Query, Scope, Step, Value};
use paas_store::Found;
use paas_types::{Code, Refusal, Result};
use serde_json::{Map, Value as Json, json};
use std::sync::Arc;

/// Records per step of an export.
const STEP: u32 = 200;
/// The most records of one export.
const EXPORT: usize = 100_000;

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
    let caller = service.caller(&call.context).await?;
    demand(&caller.rights, &service.cell.registry.code(kind.meta(), verb))?;
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
    fn query(&self) -> Result<Query> {
        let query =
            params::read(&*self.kind, &self.caller, (self.service.cell.name(), Scope::all()), &self.call.query)?;
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

    async fn rendered(&self, mut found: Found, part: Part) -> Result<(Vec<Map<String, Json>>, Found)> {
        let (owner, kind, caller) = (Arc::clone(self.service), Arc::clone(&self.kind), self.caller.clone());
        let mut records = std::mem::take(&mut found.records);
        let tenant = Service::tenant(&self.call.context)?;
        let job =
            move |tx: &mut paas_store::Tx| render(tx, &owner.cell.registry, &caller, (&*kind, part), &mut records);
        Ok((self.service.store.read(&tenant, job).await?, found))
    }

    async fn list(&self) -> Result<Reply> {
        let query = self.query()?;
        let wanted = read::fields(&*self.kind, &self.call.query)?;
        let size = query.page_size;
        let page = match query.page {
            Page::Number(n) => Some(n),
            Page::After(_) => None,
        };
        let (data, found) = self.rendered(self.find(query).await?, Part::List).await?;
        let data: Vec<Json> = data.into_iter().map(|map| Json::Object(read::project(map, wanted.as_deref()))).collect();
        Ok(Reply::ok(&json!({
            "data": data, "page": page, "pageSize": size, "total": found.total, "totalExact": found.total_exact,
            "next": found.next.as_ref().map(params::write_cursor),
        })))
    }

    async fn one(&self, id: &str) -> Result<Reply> {
        let path = Path::head(HeadField::Id);
        let query = Query::all(1).filter(path, Op::Eq, vec![Value::Id(parse_id(id)?)]);
        let (data, _) = self.rendered(self.find(query).await?, Part::Whole).await?;
        data.into_iter().next().map(|map| Reply::ok(&Json::Object(map))).ok_or_else(Refusal::not_found)
    }

    async fn export(&self) -> Result<Reply> {
        let mut query = self.query()?;
        (query.page_size, query.count, query.page) = (STEP, false, Page::Number(1));
        let mut rows: Vec<Map<String, Json>> = Vec::new();
        loop {
            let (maps, found) = self.rendered(self.find(query.clone()).await?, Part::List).await?;
            rows.extend(maps);
            if rows.len() > EXPORT {
                return Err(Refusal::new(Code::PayloadTooLarge));
            }
            match found.next {
                Some(cursor) => query.page = Page::After(cursor),
                None => break,
            }
        }
        let format = self.call.query.iter().find(|(n, _)| n == "format").map_or("json", |(_, v)| v.as_str());
        let name = self.kind.meta().resource;
        crate::export::write(&*self.kind, format, rows, &self.caller).map(|(body, mime)| {
            Reply { status: StatusCode::OK, body: body.into(), mime, headers: Vec::new() }
                .with(header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}.{format}\""))
        })
    }
}
