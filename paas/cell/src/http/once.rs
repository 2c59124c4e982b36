//! A write has one effect, however often it is sent: its answer is kept with it under the request's id, and a trial
//! leaves nothing.

use super::{Incoming, Reply, params::masks, today};
use crate::ctx::Ctx;
use crate::json::canonical;
use crate::kind::Kind;
use crate::service::Service;
use crate::sight::tell;
use http::{HeaderName, Method, StatusCode, header};
use paas_store::{Stored, Tx};
use paas_types::{Code, Refusal, Result, Text};
use serde_json::json;
use std::sync::Arc;

/// Marks an answer that was given before.
pub(super) const REPLAY: HeaderName = HeaderName::from_static("x-idempotent-replay");

/// What a write does inside its transaction; it may run again.
pub(super) type Work = Arc<dyn Fn(&mut Ctx<'_>) -> Result<Stored> + Send + Sync>;

/// A write as it was sent, so that a repetition is known.
pub(super) struct Said {
    /// The type that is written, when its records are answered.
    kind: Option<Arc<dyn Kind>>,
    /// The request id that the client gave.
    key: Option<String>,
    method: String,
    target: String,
    body: String,
    dry_run: bool,
    /// Whether the answer shows no sensitive value in clear.
    mask: bool,
}

impl Said {
    /// Reads what identifies a write. A body that is not JSON, or ambiguous, is malformed; an unknown parameter is refused,
    /// so that a misspelt trial does not write.
    pub(super) fn of(kind: &Arc<dyn Kind>, call: &Incoming) -> Result<Arc<Said>> {
        Said::read(Some(Arc::clone(kind)), call)
    }

    /// The same of a write whose answer tells of no record.
    pub(super) fn of_no_record(call: &Incoming) -> Result<Arc<Said>> {
        Said::read(None, call)
    }

    fn read(kind: Option<Arc<dyn Kind>>, call: &Incoming) -> Result<Arc<Said>> {
        let mut dry_run = false;
        let mask = masks(&call.query)?;
        for (name, value) in &call.query {
            match (name.as_str(), value.as_str()) {
                ("dryRun", "true") => dry_run = true,
                ("dryRun", "false") | ("mask", _) => {}
                ("dryRun", _) => {
                    let message = Text::of("dryRun 须为 true 或 false。", "dryRun must be true or false.");
                    return Err(Refusal::field("dryRun", "INVALID_CHOICE", message));
                }
                _ => return Err(Refusal::new(Code::UnknownFilter).with(json!({"filter": name}))),
            }
        }
        let key = call.headers.get("x-request-id").and_then(|v| v.to_str().ok()).map(str::to_owned);
        let body = if call.method == Method::DELETE { String::new() } else { canonical(&call.body)? };
        let target = format!("{}?{}", call.context.path, call.context.query);
        Ok(Arc::new(Said { kind, key, method: call.method.to_string(), target, body, dry_run, mask }))
    }

    /// The action that is taken, when the write is one.
    fn action(&self) -> Option<&str> {
        let (path, _) = self.target.split_once('?')?;
        let (action, _) = self.body.strip_prefix("{\"action\":\"")?.split_once('"')?;
        let plain = action.len() <= 40 && action.bytes().all(|b| b.is_ascii_lowercase() || b == b'-');
        (plain && path.ends_with("/transitions")).then_some(action)
    }

    /// Whether nothing is to stay.
    pub(super) fn is_trial(&self) -> bool {
        self.dry_run
    }
}

/// Runs a write once: replayed when the same request was answered before, taken back when it is only a trial. `index`
/// is the position of an item in a call on many.
pub(super) async fn run(
    service: &Arc<Service>,
    call: &Incoming,
    said: &Arc<Said>,
    (work, index): (Work, Option<usize>),
) -> Result<Reply> {
    let tenant = Service::tenant(&call.context)?;
    let mut caller = service.caller(&call.context).await?;
    caller.asked.clone_from(&call.asked);
    caller.hashes.clone_from(&call.hashes);
    caller.mask = said.mask;
    let mut actor = Service::actor(&call.context, tenant);
    if let Some(action) = said.action() {
        actor.doing = format!("{} {action}", actor.doing).into();
    }
    let owner = Arc::clone(service);
    if said.is_trial() {
        let trial = move |tx: &mut Tx| {
            let mut ctx = Ctx::new(tx, &owner.cell.registry, &caller);
            ctx.sights = Some(Vec::new());
            let stored = work(&mut ctx)?;
            Ok((stored, ctx.sights.take().unwrap_or_default()))
        };
        let (stored, sights) = service.store.rehearse(actor, trial).await?;
        tell(service, &call.context, sights).await?;
        return reply_of(Stored { location: None, etag: None, ..stored });
    }
    let key = said.key.as_ref().map(|id| match index {
        Some(index) => format!("{id}#{index}"),
        None => id.clone(),
    });
    let said = Arc::clone(said);
    let write = move |tx: &mut Tx| {
        let Some(key) = &key else {
            return Ok((work(&mut Ctx::new(tx, &owner.cell.registry, &caller))?, false));
        };
        let hash = tx.keyed_hash(&[said.method.as_bytes(), said.target.as_bytes(), said.body.as_bytes()])?;
        if let Some(stored) = tx.idempotent(key, &hash)? {
            let stored = match &said.kind {
                Some(kind) => today::told(&mut Ctx::new(tx, &owner.cell.registry, &caller), &**kind, stored)?,
                None => stored,
            };
            return Ok((stored, true));
        }
        let stored = work(&mut Ctx::new(tx, &owner.cell.registry, &caller))?;
        tx.remember(key, &hash, &stored)?;
        Ok((stored, false))
    };
    let (stored, replay) = service.store.write(actor, write).await?;
    let reply = reply_of(stored)?;
    Ok(if replay { reply.with(REPLAY, "true") } else { reply })
}

fn reply_of(stored: Stored) -> Result<Reply> {
    let status = StatusCode::from_u16(stored.status).map_err(Refusal::internal)?;
    let mut reply = Reply { body: stored.body.into(), ..Reply::json(status, &serde_json::Value::Null) };
    if let Some(etag) = stored.etag {
        reply = reply.with(header::ETAG, etag);
    }
    if let Some(location) = stored.location {
        reply = reply.with(header::LOCATION, location);
    }
    Ok(reply)
}
