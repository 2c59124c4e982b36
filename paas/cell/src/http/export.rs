//! Exports: the list's records in steps, written as they are read. Memory stays that of a step, however many there are.

use super::read::{customs, reader};
use super::{Incoming, Reply, params};
use crate::ctx::Caller;
use crate::export::{Book, Format, Sheet};
use crate::kind::Kind;
use crate::render::{View, render};
use crate::routes::Source as ViewSource;
use crate::service::Service;
use crate::sight::{asked_for, members};
use axum::body::Body;
use bytes::Bytes;
use http::header;
use paas_auth::Context;
use paas_document::{Kind as RecordKind, Page, Query};
use paas_store::Tx;
use paas_types::{Refusal, Result, Tenant};
use serde_json::{Map, Value as Json};
use std::fs::File;
use std::io::Read as _;
use std::sync::Arc;

/// Records per step.
const STEP: u32 = 200;
/// Bytes of a finished file that are sent at once.
const PIECE: usize = 64 * 1024;

type Rows = Vec<Map<String, Json>>;

pub(super) async fn export(service: &Arc<Service>, kind: Arc<dyn Kind>, call: Incoming) -> Result<Reply> {
    if kind.meta().kind == RecordKind::Setting {
        return Err(Refusal::not_found()); // there is one, and it is read as it is
    }
    let (caller, scope) = reader(service, &*kind, &call, "export").await?;
    let customs = customs(service, &call).await?;
    let from = (&service.cell.registry, &*customs, scope);
    let query = params::read(&*kind, &caller, from, (&call.query, params::Purpose::Export))?;
    send(service, (kind, None), (caller, query), &call).await
}

/// Sends everything a question finds, out of the store or out of a view's source.
pub(super) async fn send(
    service: &Arc<Service>,
    (kind, view): (Arc<dyn Kind>, Option<ViewSource>),
    (caller, query): (Caller, Query),
    call: &Incoming,
) -> Result<Reply> {
    let format = Format::of(&call.query, &[Format::Xlsx, Format::Csv, Format::Json])?.unwrap_or(Format::Json);
    let query = Query { page_size: STEP, count: false, page: Page::Number(1), ..query };
    let tenant = Service::tenant(&call.context)?;
    let name = format!("attachment; filename=\"{}.{}\"", kind.meta().resource, format.name());
    let customs = customs(service, call).await?;
    let sheets = Sheet::of_type(&kind, service.cell.name(), &caller, &customs);
    let context = call.context.clone();
    let source = Source { service: Arc::clone(service), kind, view, caller, tenant, context, query: Some(query) };
    let body = match format {
        Format::Xlsx => spreadsheet(source, sheets).await?,
        Format::Csv | Format::Json => streamed(source, format, sheets).await?,
        Format::Pdf => return Err(Refusal::internal("lists are not printed")), // nor offered above
    };
    Ok(Reply::stream(body, format.mime()).with(header::CONTENT_DISPOSITION, name))
}

/// Records step by step.
struct Source {
    service: Arc<Service>,
    kind: Arc<dyn Kind>,
    /// Where a view's records come from.
    view: Option<ViewSource>,
    caller: Caller,
    tenant: Tenant,
    /// The call that asked.
    context: Context,
    /// The next step; `None` after the last.
    query: Option<Query>,
}

impl Source {
    async fn next(&mut self) -> Result<Option<Rows>> {
        let Some(query) = self.query.take() else { return Ok(None) };
        let found = match &self.view {
            Some(source) => Some(source(Arc::clone(&self.service), self.context.clone(), query.clone()).await?),
            None => None,
        };
        let (owner, kind, caller, step) =
            (Arc::clone(&self.service), Arc::clone(&self.kind), self.caller.clone(), query.clone());
        let read = move |tx: &mut Tx| {
            let mut found = match found {
                Some(found) => found,
                None => tx.find(kind.meta(), &step)?,
            };
            if !kind.meta().tables.is_empty() {
                tx.load_rows(&mut found.records)?;
            }
            let rendered = render(tx, &owner.cell.registry, &caller, (&*kind, View::Rows, None), &mut found.records)?;
            let rendered = rendered.found_by(&asked_for(kind.meta(), &step), &found.records);
            Ok((rendered, found.next))
        };
        let (rendered, next) = self.service.store.read(&self.tenant, read).await?;
        let rows = members(&rendered.told(&self.service, &self.context).await?)?;
        self.query = next.map(|cursor| Query { page: Page::After(cursor), ..query });
        Ok(Some(rows))
    }
}

/// Text as it is read. The first step is read before the answer begins, so that a refusal is still one.
async fn streamed(mut source: Source, format: Format, sheets: Vec<Sheet>) -> Result<Body> {
    let first = source.next().await?.unwrap_or_default();
    let mut text = vec![format.opening(&sheets)?];
    text.push(format.rows(&sheets, &first, true)?);
    let start = (source, format, sheets, Some(Bytes::from(text.concat())), first.is_empty());
    let stream = futures_util::stream::try_unfold(start, |(mut source, format, sheets, ready, empty)| async move {
        if let Some(bytes) = ready {
            return Ok::<_, std::io::Error>(Some((bytes, (source, format, sheets, None, empty))));
        }
        let step = source.next().await.and_then(|rows| match rows {
            Some(rows) => format.rows(&sheets, &rows, empty).map(|bytes| Some((bytes, rows.is_empty()))),
            None => Ok(None),
        });
        match step {
            Ok(Some((bytes, none))) => Ok(Some((Bytes::from(bytes), (source, format, sheets, None, empty && none)))),
            Ok(None) => Ok(None),
            Err(refusal) => Err(broken_off(&refusal)),
        }
    });
    let end = futures_util::stream::once(async move { Ok::<_, std::io::Error>(Bytes::from_static(format.closing())) });
    Ok(Body::from_stream(futures_util::StreamExt::chain(stream, end)))
}

/// An export that ends early ends the connection: half a file never looks whole.
fn broken_off(refusal: &Refusal) -> std::io::Error {
    tracing::error!(code = refusal.code().as_str(), cause = refusal.cause(), "an export broke off");
    std::io::Error::other(refusal.code().as_str())
}

/// A spreadsheet, built in files of its own and sent from one.
async fn spreadsheet(mut source: Source, sheets: Vec<Sheet>) -> Result<Body> {
    let mut book = Book::new(sheets)?;
    while let Some(rows) = source.next().await? {
        book.append(&rows)?;
    }
    let file = tokio::task::spawn_blocking(move || book.finish()).await.map_err(Refusal::internal)??;
    let stream = futures_util::stream::try_unfold(file, |file| async move {
        tokio::task::spawn_blocking(move || piece(file)).await.map_err(std::io::Error::other)?
    });
    Ok(Body::from_stream(stream))
}

fn piece(mut file: File) -> std::io::Result<Option<(Bytes, File)>> {
    let mut bytes = vec![0; PIECE];
    let read = file.read(&mut bytes)?;
    bytes.truncate(read);
    Ok((read > 0).then(|| (Bytes::from(bytes), file)))
}
