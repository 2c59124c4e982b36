//! Taking one event: its effect and the cursor in one transaction. What cannot be taken is put aside and holds up its
//! own subject only; it is tried again a few times, and after that it waits for an operator.

use super::lane::Lane;
use super::wire::Wired;
use crate::ctx::{Caller, Ctx};
use crate::service::Service;
use paas_store::{Actor, DeadLetter, Tx};
use paas_types::{Code, Id, Refusal, Result, Tenant, TimeZone};
use std::sync::Arc;

/// How often an event is tried before it waits for an operator.
pub(crate) const ATTEMPTS: i64 = 5;

/// The longest reason that is kept, characters.
const REASON: usize = 500;

/// Takes events of one producer for one cell.
#[derive(Clone)]
pub(crate) struct Taking {
    pub(crate) service: Arc<Service>,
    pub(crate) lane: Arc<Lane>,
}

/// What became of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Taken {
    /// Its effect is stored, or it had been taken before.
    Done,
    /// It was put aside: its subject has to be tried again after so many attempts.
    Aside(i64),
    /// It waits behind an earlier event of its subject.
    Behind,
}

/// What became of the oldest event that a subject waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Retried {
    /// It was taken; the next one may be tried.
    Settled,
    /// Nothing waits.
    Nothing,
    /// It failed again, and was tried so often by now.
    Failed(i64),
    /// It waits for an operator.
    Dead,
}

/// Where in the producer's log an event was read, when reading it moves the cursor.
pub(crate) type At = Option<(i64, String)>;

impl Taking {
    /// Takes an event. An error means the store could not be used: nothing happened, and it is to be tried again. `stuck`
    /// says that this was so too often.
    pub(crate) async fn take(&self, wired: &Wired, at: At, zone: TimeZone, stuck: bool) -> Result<Taken> {
        let (this, event, cursor) = (self.clone(), wired.clone(), at.clone());
        let caller = Caller { zone, ..Caller::system() };
        let job = move |tx: &mut Tx| this.effect(tx, &event, cursor.as_ref(), &caller);
        match self.service.store.write(actor(wired), job).await {
            Err(refusal) if stuck || refusal.code() != Code::Unavailable => self.put_aside(wired, at, &refusal).await,
            taken => taken,
        }
    }

    fn effect(&self, tx: &mut Tx, wired: &Wired, at: Option<&(i64, String)>, caller: &Caller) -> Result<Taken> {
        let producer = self.lane.producer.as_str();
        if let Some((seq, epoch)) = at
            && !tx.advance(producer, *seq, epoch)?
        {
            return Ok(Taken::Done);
        }
        let known = !tx.take_event(producer, wired.event.event_id)?;
        if tx.blocked(producer, wired.event.subject)? {
            if known {
                return Ok(Taken::Done);
            }
            let reason = "An earlier event of the same subject was put aside.";
            tx.dead_letter(&self.letter(tx, wired, reason, 0)?)?;
            return Ok(Taken::Behind);
        }
        self.react(tx, wired, caller, known)?;
        Ok(Taken::Done)
    }

    /// Runs the reactions; of an event that was taken before, only those that may repeat.
    fn react(&self, tx: &mut Tx, wired: &Wired, caller: &Caller, known: bool) -> Result<()> {
        let heard = wired.heard();
        for handler in self.lane.handlers(&heard.event_type, heard.version) {
            if !known || handler.repeats {
                (handler.react)(&mut Ctx::new(tx, &self.service.cell.registry, caller), &heard)?;
            }
        }
        Ok(())
    }

    async fn put_aside(&self, wired: &Wired, at: At, refusal: &Refusal) -> Result<Taken> {
        self.log(wired, refusal, 1);
        let (this, event, reason) = (self.clone(), wired.clone(), reason(refusal));
        let job = move |tx: &mut Tx| {
            let producer = this.lane.producer.as_str();
            if let Some((seq, epoch)) = &at
                && !tx.advance(producer, *seq, epoch)?
            {
                return Ok(Taken::Done);
            }
            if !tx.take_event(producer, event.event.event_id)? {
                return Ok(Taken::Done);
            }
            tx.dead_letter(&this.letter(tx, &event, &reason, 1)?)?;
            Ok(Taken::Aside(1))
        };
        self.service.store.write(actor(wired), job).await
    }

    fn letter(&self, tx: &Tx, wired: &Wired, reason: &str, attempts: i64) -> Result<DeadLetter> {
        Ok(DeadLetter {
            id: wired.event.event_id,
            producer: self.lane.producer.clone(),
            seq: wired.seq,
            event_type: wired.event.event_type.clone(),
            subject: wired.event.subject,
            error: reason.to_owned(),
            attempts,
            envelope: wired.to_json()?,
            at: tx.now(),
        })
    }

    /// Tries the oldest event a subject waits for. `forced` tries also one that waits for an operator.
    pub(crate) async fn retry(&self, tenant: &Tenant, subject: Id, zone: TimeZone, forced: bool) -> Result<Retried> {
        let producer = self.lane.producer.clone();
        let oldest = move |tx: &mut Tx| tx.dead_letters_of(&producer, subject, 1);
        let Some(letter) = self.service.store.read_inside(tenant, oldest).await?.into_iter().next() else {
            return Ok(Retried::Nothing);
        };
        if letter.attempts >= ATTEMPTS && !forced {
            return Ok(Retried::Dead);
        }
        let wired = Wired::from_json(&letter.envelope)?;
        let (this, event, id) = (self.clone(), wired.clone(), letter.id);
        let caller = Caller { zone, ..Caller::system() };
        let job = move |tx: &mut Tx| {
            // Somebody else may have been quicker.
            if is_oldest(tx, &this.lane.producer, subject, id)? {
                this.react(tx, &event, &caller, false)?;
                tx.dead_letter_done(id)?;
            }
            Ok(())
        };
        match self.service.store.write(actor(&wired), job).await {
            Ok(()) => Ok(Retried::Settled),
            Err(refusal) if refusal.code() == Code::Unavailable => Err(refusal),
            Err(refusal) => self.failed_again(letter, &wired, &refusal, forced).await,
        }
    }

    async fn failed_again(
        &self,
        letter: DeadLetter,
        wired: &Wired,
        refusal: &Refusal,
        forced: bool,
    ) -> Result<Retried> {
        let attempts = letter.attempts.saturating_add(1).max(if forced { ATTEMPTS } else { 0 });
        self.log(wired, refusal, attempts);
        let (producer, reason) = (self.lane.producer.clone(), reason(refusal));
        let job = move |tx: &mut Tx| {
            if is_oldest(tx, &producer, letter.subject, letter.id)? {
                tx.dead_letter(&DeadLetter { attempts, error: reason.clone(), at: tx.now(), ..letter.clone() })?;
            }
            Ok(())
        };
        self.service.store.write(actor(wired), job).await?;
        Ok(Retried::Failed(attempts))
    }

    fn log(&self, wired: &Wired, refusal: &Refusal, attempts: i64) {
        let event = &wired.event;
        tracing::error!(
            cell = self.service.cell.name(),
            event_id = %event.event_id,
            event_type = event.event_type,
            tenant = event.tenant_id,
            trace_id = event.trace_id,
            code = refusal.code().as_str(),
            cause = refusal.cause(),
            attempts,
            "an event could not be taken"
        );
    }
}

fn is_oldest(tx: &mut Tx, producer: &str, subject: Id, id: Id) -> Result<bool> {
    Ok(tx.dead_letters_of(producer, subject, 1)?.first().is_some_and(|letter| letter.id == id))
}

/// The system, in the tenant of the event and because of it.
fn actor(wired: &Wired) -> Actor {
    let event = &wired.event;
    Actor {
        trace_id: event.trace_id.as_str().into(),
        doing: format!("the event {}", event.event_type).into(),
        cause: Some(paas_document::AnyRef { kind: event.event_type.clone(), id: event.event_id, number: None }),
        ..Actor::system(wired.tenant(), &event.event_id.to_string())
    }
}

/// Why, for operators: the sentence and what it is about. The cause is in the log, under the event's identity.
fn reason(refusal: &Refusal) -> String {
    let envelope = refusal.envelope(paas_types::Lang::En, "");
    let details = envelope.get("details").filter(|details| !details.is_null());
    let details = details.map_or_else(String::new, |details| format!(" {details}"));
    let text = format!("{}: {}{details}", refusal.code().as_str(), refusal.message().en);
    text.chars().take(REASON).collect()
}
