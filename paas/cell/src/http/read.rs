//! Reads: one record, lists.

use super::{Incoming, Reply, cursor, demand, params, write::parse_id};
use crate::ctx::Caller;
use crate::custom::Definitions;
use crate::json::unknown_field;
use crate::kind::Kind;
use crate::render::{View, render};
use crate::rights::{Place, narrower};
use crate::service::Service;
use crate::sight::asked_for;
use crate::text::JsonText;
use http::header;
use paas_auth::FieldRight;
use paas_document::{Page, Query, Scope};
use paas_store::{Found, Lock, Tx};
use paas_types::{Id, Refusal, Result};
use std::sync::Arc;

/// The caller, if it may do this with some records of the type, and the records it may see then.
pub(super) async fn reader(
    service: &Arc<Service>,
    kind: &dyn Kind,
    call: &Incoming,
    verb: &str,
) -> Result<(Caller, Scope)> {
    let caller = Caller { mask: params::masks(&call.query)?, ..service.caller(&call.context).await? };
    let registry = &service.cell.registry;
    demand(&caller.rights, &registry.code(kind.meta(), verb))?;
    let scope = registry.scope(&caller.rights, kind.meta(), "read");
    let scope =
        if verb == "read" { scope } else { narrower(registry.scope(&caller.rights, kind.meta(), verb), &scope) };
    Ok((caller, scope))
}

/// The id in the path of a record; a balance is known by its key and has none.
pub(super) fn record_id(kind: &dyn Kind, id: &str) -> Result<Id> {
    let has_id = kind.meta().kind != paas_document::Kind::Balance;
    if has_id { parse_id(id) } else { Err(Refusal::not_found()) }
}

pub(super) async fn one(service: &Arc<Service>, kind: Arc<dyn Kind>, id: &str, call: Incoming) -> Result<Reply> {
    let (caller, scope) = reader(service, &*kind, &call, "read").await?;
    let place = Place::of(service.cell.name(), kind.meta());
    let wanted = parts(&*kind, place, &caller, &call.query)?;
    let (id, tenant, owner) = (record_id(&*kind, id)?, Service::tenant(&call.context)?, Arc::clone(service));
    let (rendered, version) = service
        .store
        .read(&tenant, move |tx| {
            if !tx.visible(kind.meta(), id, &scope)? {
                return Err(Refusal::not_found());
            }
            let record = tx.load(kind.meta(), id, Lock::None)?.ok_or_else(Refusal::not_found)?;
            let version = record.head().map(|h| h.version);
            let parts = (&*kind, View::Whole, wanted.as_deref());
            Ok((render(tx, &owner.cell.registry, &caller, parts, &mut [record])?, version))
        })
        .await?;
    let texts = rendered.told(service, &call.context).await?;
    let reply = Reply::text(texts.into_iter().next().unwrap_or_default());
    Ok(match version {
        Some(version) => reply.with(header::ETAG, format!("\"{version}\"")),
        None => reply,
    })
}

pub(super) async fn list(service: &Arc<Service>, kind: Arc<dyn Kind>, call: Incoming) -> Result<Reply> {
    let (caller, scope) = reader(service, &*kind, &call, "read").await?;
    let customs = customs_asked(service, &call).await?;
    let from = (&service.cell.registry, &*customs, scope);
    let query = params::read(&*kind, &caller, from, (&call.query, params::Purpose::List))?;
    let place = Place::of(service.cell.name(), kind.meta());
    let wanted = fields(&*kind, |name| place.right(&caller.rights, name) > FieldRight::Hidden, &call.query)?;
    let tenant = Service::tenant(&call.context)?;
    let owner = Arc::clone(service);
    let asked = query.clone();
    let job = move |tx: &mut Tx| {
        let mut found = tx.find(kind.meta(), &asked)?;
        let mut records = std::mem::take(&mut found.records);
        let parts = (&*kind, View::List, wanted.as_deref());
        let rendered = render(tx, &owner.cell.registry, &caller, parts, &mut records)?;
        Ok((rendered.found_by(&asked_for(kind.meta(), &asked), &records), found))
    };
    let (rendered, found) = service.store.read(&tenant, job).await?;
    let records = rendered.told(service, &call.context).await?;
    Ok(Reply::text(page(&query, &found, &records)))
}

/// The tenant's custom fields, when the query names one.
pub(super) async fn customs_asked(service: &Arc<Service>, call: &Incoming) -> Result<Arc<Definitions>> {
    match super::customs::names_custom(&call.query) {
        true => customs(service, call).await,
        false => Ok(Arc::default()),
    }
}

/// The tenant's custom fields.
pub(super) async fn customs(service: &Arc<Service>, call: &Incoming) -> Result<Arc<Definitions>> {
    service.store.read(&Service::tenant(&call.context)?, crate::custom::definitions).await
}

/// A page of records that are rendered, as it is answered.
pub(super) fn page(query: &Query, found: &Found, records: &[String]) -> String {
    let mut out = JsonText::with_room(records.iter().map(|r| r.len() + 1).sum::<usize>() + 200);
    out.open();
    out.key("data");
    out.open_list();
    records.iter().for_each(|record| out.raw(record));
    out.close_list();
    out.key("page");
    match query.page {
        Page::Number(number) => out.plain(number),
        Page::After(_) => out.null(),
    }
    out.key("pageSize");
    out.plain(query.page_size);
    out.key("total");
    out.plain(found.total);
    out.key("totalExact");
    out.plain(found.total_exact);
    out.key("next");
    out.maybe(found.next.as_ref().map(cursor::write).as_deref());
    out.close();
    out.finish()
}

/// The parts of one record that are asked for: fields, groups and tables.
pub(super) fn parts(
    kind: &dyn Kind,
    place: Place<'_>,
    caller: &Caller,
    query: &[(String, String)],
) -> Result<Option<Vec<String>>> {
    let seen = |name: &str| place.right(&caller.rights, name) > FieldRight::Hidden;
    let tables = |name: &str| {
        kind.meta().table_named(name).is_some() && place.table(name).right(&caller.rights, "") > FieldRight::Hidden
    };
    asked(kind, seen, tables, query)
}

/// The fields asked for; one the caller may not see is not known.
pub(super) fn fields(
    kind: &dyn Kind,
    seen: impl Fn(&str) -> bool,
    query: &[(String, String)],
) -> Result<Option<Vec<String>>> {
    asked(kind, seen, |_| false, query)
}

fn asked(
    kind: &dyn Kind,
    seen: impl Fn(&str) -> bool,
    tables: impl Fn(&str) -> bool,
    query: &[(String, String)],
) -> Result<Option<Vec<String>>> {
    let Some((_, text)) = query.iter().find(|(n, _)| n == "fields") else { return Ok(None) };
    let names: Vec<String> = text.split(',').map(|t| t.trim().to_owned()).filter(|t| !t.is_empty()).collect();
    let meta = kind.meta();
    for name in &names {
        let of_head = match name.as_str() {
            "id" => true,
            "custom" => meta.is_customizable() && seen("custom"),
            "number" => meta.has_number(),
            "version" | "createdAt" | "createdBy" | "updatedAt" | "updatedBy" | "owner" | "department" => {
                meta.has_head()
            }
            _ => false,
        };
        let own = meta.field_named(name).is_some() && seen(name);
        if !of_head && !own && !tables(name) && !meta.fields.iter().any(|f| f.group == Some(name)) {
            return Err(unknown_field(name.as_str()));
        }
    }
    Ok(Some(names))
}
