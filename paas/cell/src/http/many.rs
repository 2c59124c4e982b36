//! Writes on many records in one call: a result per item, or all or nothing.

use super::once::{REPLAY, Said, Work, run};
use super::write::{Saying, create_one, hash_passwords, parse_id, permit, transition_work, version_required};
use super::{Incoming, Reply};
use crate::body::{self, Draft};
use crate::json::frame;
use crate::kind::Kind;
use crate::service::Service;
use paas_store::Stored;
use paas_types::{Refusal, Result, Text};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value as Json, json};
use std::sync::Arc;

/// The most records of one call.
const MOST: usize = 1_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Item {
    id: String,
    #[serde(default)]
    version: Option<i64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Actions {
    action: String,
    items: Vec<Item>,
    #[serde(default)]
    comment: Option<String>,
    #[serde(default)]
    data: Option<Box<RawValue>>,
}

pub(super) async fn transitions(service: &Arc<Service>, kind: Arc<dyn Kind>, call: Incoming) -> Result<Reply> {
    let said = Said::of(&kind, &call)?;
    let actions: Actions = frame(&call.body)?;
    refuse_too_many(actions.items.len())?;
    let saying = Saying { action: actions.action, data: actions.data, comment: actions.comment };
    let action = transition_work(service, kind, &call, saying).await?;
    let mut results = Vec::with_capacity(actions.items.len());
    for (index, item) in actions.items.iter().enumerate() {
        let action = Arc::clone(&action);
        results.push(match (parse_id(&item.id), item.version) {
            (Ok(id), Some(version)) => {
                let work: Work = Arc::new(move |ctx| action(ctx, id, version));
                run(service, &call, &said, (work, Some(index))).await
            }
            (Err(refusal), _) => Err(refusal),
            (_, None) => Err(version_required()),
        });
    }
    Ok(whole(&call, results))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Batch {
    items: Vec<Box<RawValue>>,
    #[serde(default)]
    mode: Option<String>,
}

pub(super) async fn batch(service: &Arc<Service>, kind: Arc<dyn Kind>, mut call: Incoming) -> Result<Reply> {
    permit(service, &*kind, &call, "create").await?;
    let said = Said::of(&kind, &call)?;
    let batch: Batch = frame(&call.body)?;
    refuse_too_many(batch.items.len())?;
    let drafts: Vec<Result<Draft>> =
        batch.items.iter().map(|raw| body::read(kind.meta(), raw.get().as_bytes(), true)).collect();
    let good: Vec<&Draft> = drafts.iter().flatten().collect();
    hash_passwords(&*kind, &good, &mut call).await?;
    match batch.mode.as_deref().unwrap_or("all-or-nothing") {
        "all-or-nothing" => all_or_nothing(service, kind, &call, (said, drafts)).await,
        "each" => each(service, kind, &call, (said, drafts)).await,
        _ => Err(Refusal::field(
            "mode",
            "INVALID_CHOICE",
            Text::of("mode 须为 all-or-nothing 或 each。", "The mode is all-or-nothing or each."),
        )),
    }
}

type Drafts = (Arc<Said>, Vec<Result<Draft>>);

async fn all_or_nothing(
    service: &Arc<Service>,
    kind: Arc<dyn Kind>,
    call: &Incoming,
    (said, drafts): Drafts,
) -> Result<Reply> {
    let at = |index: usize| format!("items[{index}]");
    let drafts: Vec<Draft> =
        drafts.into_iter().enumerate().map(|(i, d)| d.map_err(|r| r.under(&at(i)))).collect::<Result<_>>()?;
    let work: Work = Arc::new(move |ctx| {
        let mut made = Vec::with_capacity(drafts.len());
        for (index, draft) in drafts.iter().enumerate() {
            let one = create_one(ctx, &*kind, draft).map_err(|r| r.under(&at(index)))?;
            made.push(serde_json::from_slice::<Json>(&one.body).map_err(Refusal::internal)?);
        }
        let body = json!({"data": made}).to_string().into_bytes();
        Ok(Stored { status: 201, body, etag: None, location: None })
    });
    run(service, call, &said, (work, None)).await
}

async fn each(service: &Arc<Service>, kind: Arc<dyn Kind>, call: &Incoming, (said, drafts): Drafts) -> Result<Reply> {
    let mut results = Vec::with_capacity(drafts.len());
    for (index, draft) in drafts.into_iter().enumerate() {
        results.push(match draft {
            Ok(draft) => {
                let of = Arc::clone(&kind);
                let work: Work = Arc::new(move |ctx| create_one(ctx, &*of, &draft));
                run(service, call, &said, (work, Some(index))).await
            }
            Err(refusal) => Err(refusal),
        });
    }
    Ok(whole(call, results))
}

/// The answer of a call on many, from its items. It is a repetition when everything that was done was done before.
fn whole(call: &Incoming, results: Vec<Result<Reply>>) -> Reply {
    let done = || results.iter().flatten();
    let again = done().count() > 0 && done().all(|r| r.headers.iter().any(|(name, _)| *name == REPLAY));
    let items: Vec<Json> = results.iter().enumerate().map(|(index, outcome)| item(call, index, outcome)).collect();
    let reply = Reply::ok(&json!({"data": items}));
    if again { reply.with(REPLAY, "true") } else { reply }
}

fn item(call: &Incoming, index: usize, outcome: &Result<Reply>) -> Json {
    match outcome {
        Ok(reply) => {
            let record: Json = serde_json::from_slice(&reply.body).unwrap_or(Json::Null);
            json!({"index": index, "status": reply.status.as_u16(), "record": record})
        }
        Err(refusal) => {
            if let Some(cause) = refusal.cause() {
                tracing::error!(request_id = call.context.request_id, index, cause, "an item was refused");
            }
            json!({
                "index": index,
                "status": refusal.code().status(),
                "error": refusal.envelope(call.context.lang, &call.context.request_id),
            })
        }
    }
}

fn refuse_too_many(items: usize) -> Result<()> {
    if items <= MOST {
        return Ok(());
    }
    Err(Refusal::field("items", "TOO_MANY_ROWS", Text::of("一次最多 1000 条。", "At most 1,000 items at once.")))
}
