//! Reports over HTTP.

use super::{Incoming, Reply, demand};
use crate::ctx::Ctx;
use crate::report::{Params, Report, Table};
use crate::service::Service;
use paas_types::{Lang, Refusal, Result};
use serde_json::{Map, Value as Json, json};
use std::sync::Arc;

pub(super) async fn run(service: &Arc<Service>, name: &str, call: Incoming) -> Result<Reply> {
    let report: Report =
        service.cell.registry.reports.iter().find(|r| r.name == name).copied().ok_or_else(Refusal::not_found)?;
    let caller = service.caller(&call.context).await?;
    demand(&caller.rights, &format!("{}.report.{name}", service.cell.name()))?;
    let query: Vec<(String, String)> = call.query.iter().filter(|(n, _)| n != "format").cloned().collect();
    let params = Params::read(report.parameters, &query)?;
    let (tenant, owner, lang) = (Service::tenant(&call.context)?, Arc::clone(service), call.context.lang);
    let table = service
        .store
        .read(&tenant, move |tx| (report.run)(&mut Ctx::new(tx, &owner.cell.registry, &caller), &params))
        .await?;
    Ok(Reply::ok(&answer(&table, lang)))
}

fn answer(table: &Table, lang: Lang) -> Json {
    let columns: Vec<Json> =
        table.columns.iter().map(|c| json!({"name": c.name, "label": c.label.get(lang), "type": c.ty})).collect();
    let rows: Vec<Json> = table
        .rows
        .iter()
        .map(|row| {
            let pairs = table.columns.iter().map(|c| c.name.to_owned()).zip(row.cells.iter().cloned());
            let mut map: Map<String, Json> = pairs.collect();
            if row.is_group {
                map.insert("isGroup".to_owned(), Json::from(true));
            }
            Json::Object(map)
        })
        .collect();
    let totals: Map<String, Json> = table.totals.iter().map(|(n, v)| ((*n).to_owned(), v.clone())).collect();
    json!({"columns": columns, "rows": rows, "totals": totals, "asOf": table.as_of.to_string()})
}
