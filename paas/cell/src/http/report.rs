//! Reports over HTTP.

use super::{Incoming, Reply, demand_all};
use crate::ctx::Ctx;
use crate::export::{Book, Format, Sheet};
use crate::paper::Paper;
use crate::report::{Parameter, ParameterType, Params, Report, Table};
use crate::service::Service;
use http::header;
use paas_document::Choice;
use paas_types::{Lang, Refusal, Result, Text};
use serde_json::{Map, Value as Json, json};
use std::io::Read as _;
use std::sync::Arc;

pub(super) async fn run(service: &Arc<Service>, name: &str, call: Incoming) -> Result<Reply> {
    let report: Report =
        service.cell.registry.reports.iter().find(|r| r.name == name).copied().ok_or_else(Refusal::not_found)?;
    let caller = service.caller(&call.context).await?;
    demand_all(&caller.rights, &format!("{}.report.{name}", service.cell.name()))?;
    let format =
        Format::of(&call.query, &[Format::Json, Format::Xlsx, Format::Csv, Format::Pdf])?.unwrap_or(Format::Json);
    let query: Vec<(String, String)> = call.query.iter().filter(|(n, _)| n != "format").cloned().collect();
    let params = Params::read(report.parameters, &query)?;
    let (tenant, owner, lang) = (Service::tenant(&call.context)?, Arc::clone(service), call.context.lang);
    let (asked, table) = service
        .store
        .read(&tenant, move |tx| {
            let mut ctx = Ctx::new(tx, &owner.cell.registry, &caller);
            let asked = asked(&mut ctx, &report, &params)?;
            Ok((asked, (report.run)(&mut ctx, &params)?))
        })
        .await?;
    if format == Format::Json {
        return Ok(Reply::ok(&answer(&table, lang)));
    }
    let label = report.label.text();
    let company = call.context.tenant.as_ref().map(|t| t.name.clone()).unwrap_or_default();
    let bytes = tokio::task::spawn_blocking(move || match format {
        Format::Pdf => Ok(Paper::of_report((label.get(lang), &company), &asked, &table, lang)?.pdf()),
        _ => file(format, label.get(lang), &table, lang),
    });
    let bytes = bytes.await.map_err(Refusal::internal)??;
    let name = format!("attachment; filename=\"{name}.{}\"", format.name());
    Ok(Reply { body: bytes.into(), mime: format.mime(), ..Reply::ok(&Json::Null) }
        .with(header::CONTENT_DISPOSITION, name))
}

/// What was asked, as a person reads it. A parameter that names a record the caller cannot see is wrong, rather than a
/// report about nothing.
fn asked(ctx: &mut Ctx<'_>, report: &Report, params: &Params) -> Result<Vec<(Text, String)>> {
    let mut asked = Vec::new();
    for parameter in report.parameters {
        let Some(value) = params.text(parameter.name) else { continue };
        let said = match parameter.ty {
            ParameterType::Date => value.to_owned(),
            ParameterType::Choice(list) => {
                Choice::find(list, value).map_or(value, |choice| choice.label.get(ctx.lang())).to_owned()
            }
            ParameterType::Ref(resource) => record_named(ctx, parameter, (resource, value))?,
        };
        asked.push((parameter.label.text(), said));
    }
    Ok(asked)
}

/// Code and name of the record a parameter names.
fn record_named(ctx: &mut Ctx<'_>, parameter: &Parameter, (resource, value): (&str, &str)) -> Result<String> {
    let Some(kind) = ctx.registry.by_resource(resource) else { return Ok(value.to_owned()) };
    let scope = ctx.registry.scope(&ctx.caller.rights, kind.meta(), "read");
    let id = match value.parse() {
        Ok(id) => Some(id),
        Err(_) => ctx.tx.resolve(kind.meta(), value)?,
    };
    let seen = match id {
        Some(id) if ctx.tx.visible(kind.meta(), id, &scope)? => id,
        _ => {
            let (zh, en) = (parameter.label.zh, parameter.label.en);
            let message = Text::new(format!("没有找到{zh}“{value}”。"), format!("{en} “{value}” was not found."));
            return Err(Refusal::field(parameter.name, "NOT_FOUND", message));
        }
    };
    let Some(named) = ctx.tx.names(kind.meta(), &[seen])?.remove(&seen) else { return Ok(value.to_owned()) };
    let words = [named.code.clone(), named.name_in(ctx.lang())];
    Ok(words.into_iter().flatten().collect::<Vec<_>>().join(" "))
}

fn file(format: Format, label: &str, table: &Table, lang: Lang) -> Result<Vec<u8>> {
    let (sheet, rows) = Sheet::of_table(label, table, lang);
    if format == Format::Csv {
        let sheets = [sheet];
        return Ok([format.opening(&sheets)?, format.rows(&sheets, &rows, true)?].concat());
    }
    let mut book = Book::new(vec![sheet])?;
    book.append(&rows)?;
    let mut bytes = Vec::new();
    book.finish()?.read_to_end(&mut bytes).map_err(Refusal::internal)?;
    Ok(bytes)
}

fn answer(table: &Table, lang: Lang) -> Json {
    let columns: Vec<Json> =
        table.columns.iter().map(|c| json!({"name": c.name, "label": c.label.get(lang), "type": c.ty})).collect();
    let rows = table.rows.iter().map(|row| {
        let mut map = table.row(row);
        if row.is_group {
            map.insert("isGroup".to_owned(), Json::from(true));
        }
        Json::Object(map)
    });
    let totals: Map<String, Json> = table.totals.iter().map(|(n, v)| ((*n).to_owned(), v.clone())).collect();
    json!({"columns": columns, "rows": rows.collect::<Vec<_>>(), "totals": totals, "asOf": table.as_of.to_string()})
}
