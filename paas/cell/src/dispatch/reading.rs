//! Reading one producer's log: where to go on, what to do about gaps and restored producers, when to ask again.

use super::Pace;
use super::lane::{Lane, Status};
use super::taking::{ATTEMPTS, Retried, Taken, Taking};
use super::wire::{Page, Wired};
use crate::service::Service;
use paas_auth::Context;
use paas_link::Call;
use paas_store::{Actor, InboxCursor, Tx};
use paas_types::{Id, Refusal, Result, Tenant, TenantKey, TimeZone};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant as Moment;

/// How often a gap in the log is read again before it is believed.
const GAP_READS: u32 = 3;
/// How often a reaction may say that something is not available before its event is put aside.
const STUCK: u32 = 8;

/// The reader of one producer for one cell.
pub(crate) struct Reader {
    taking: Taking,
    pace: Pace,
    notices: Option<watch::Receiver<u64>>,
    /// The cursor as stored; `None` when it must be read.
    position: Option<InboxCursor>,
    /// Whether the log is read as a snapshot, because it was restored or its beginning is gone.
    snapshot: bool,
    gaps: u32,
    stuck: u32,
    failures: u32,
    zones: HashMap<TenantKey, TimeZone>,
    /// Subjects with events put aside, and when to try them again.
    due: HashMap<(TenantKey, Id), (Tenant, Moment)>,
    started: bool,
}

impl Reader {
    pub(crate) fn new(
        service: Arc<Service>,
        lane: Arc<Lane>,
        pace: Pace,
        notices: Option<watch::Receiver<u64>>,
    ) -> Reader {
        Reader {
            taking: Taking { service, lane },
            pace,
            notices,
            position: None,
            snapshot: false,
            gaps: 0,
            stuck: 0,
            failures: 0,
            zones: HashMap::new(),
            due: HashMap::new(),
            started: false,
        }
    }

    fn lane(&self) -> &Lane {
        &self.taking.lane
    }

    /// Reads for ever.
    pub(crate) async fn read_on(mut self) {
        loop {
            // What is committed from here on wakes the wait below.
            if let Some(notices) = &mut self.notices {
                notices.mark_unchanged();
            }
            let pause = match self.turn().await {
                Ok(true) => continue,
                Ok(false) => self.pace.poll,
                Err(refusal) => self.failed(&refusal),
            };
            self.wait(jittered(pause)).await;
        }
    }

    fn failed(&mut self, refusal: &Refusal) -> Duration {
        if self.failures == 0 {
            let (cell, producer) = (self.taking.service.cell.name(), self.lane().producer.as_str());
            tracing::warn!(cell, producer, cause = refusal.cause(), "events cannot be read now");
        }
        self.position = None;
        self.failures = self.failures.saturating_add(1);
        let pause = self.pace.poll.saturating_mul(1_u32.checked_shl(self.failures.min(8)).unwrap_or(1)) / 4;
        pause.min(self.pace.patience)
    }

    /// Waits until there may be something to do.
    async fn wait(&mut self, pause: Duration) {
        let latest = Moment::now() + pause;
        let until = self.due.values().map(|(_, at)| *at).min().map_or(latest, |due| due.min(latest));
        let lane = Arc::clone(&self.taking.lane);
        let told = async {
            match &mut self.notices {
                Some(notices) => {
                    if notices.changed().await.is_err() {
                        // The producer's store is closed.
                        std::future::pending::<()>().await;
                    }
                }
                None => std::future::pending::<()>().await,
            }
        };
        tokio::select! {
            () = tokio::time::sleep_until(until) => {}
            () = lane.wake.notified() => {}
            () = told => {}
        }
    }

    /// One step. `true` when another one should follow at once.
    async fn turn(&mut self) -> Result<bool> {
        if !self.started {
            self.find_due().await?;
            self.started = true;
        }
        if self.lane().take_tenants_changed()
            && let Err(refusal) = self.catch_up().await
        {
            self.lane().tenants_changed();
            return Err(refusal);
        }
        self.retry_due().await?;
        let position = match self.position.take() {
            Some(position) => position,
            None => self.stored_position().await?,
        };
        let asked = self.ask(position.seq, self.snapshot, None).await;
        self.note_contact(asked.is_ok());
        let page = asked?;
        self.failures = 0;
        if page.epoch != position.epoch && !position.epoch.is_empty() {
            return self.start_over(&page.epoch).await;
        }
        let full = page.events.len() >= self.pace.batch as usize;
        let events = self.without_gap(page.events, position.seq);
        let Some(events) = events else {
            self.position = Some(position);
            return Ok(self.snapshot);
        };
        if events.is_empty() {
            self.snapshot = false;
            self.position = Some(InboxCursor { epoch: page.epoch, ..position });
            return Ok(false);
        }
        let reached = self.take_all(&events, &page.epoch).await?;
        self.position = Some(InboxCursor { seq: reached, epoch: page.epoch });
        self.snapshot &= full;
        Ok(true)
    }

    async fn stored_position(&self) -> Result<InboxCursor> {
        let stored = self.taking.service.store.cursor(&self.lane().producer).await?;
        Ok(stored.unwrap_or(InboxCursor { seq: 0, epoch: String::new() }))
    }

    /// The producer was restored: its log is another one. What is known of it is dropped by the inbox.
    async fn start_over(&mut self, epoch: &str) -> Result<bool> {
        let (cell, producer) = (self.taking.service.cell.name(), self.lane().producer.clone());
        tracing::warn!(cell, producer, "the producer was restored; its events are read again from the snapshot");
        self.advance(0, epoch).await?;
        self.snapshot = true;
        Ok(true)
    }

    /// The events up to the first gap. `None` when there is a gap at once: then the log is read again, and when the gap
    /// stays, the beginning is gone for good and the snapshot has what is left.
    fn without_gap(&mut self, mut events: Vec<Wired>, mut last: i64) -> Option<Vec<Wired>> {
        if self.snapshot {
            return Some(events);
        }
        let whole = events.iter().take_while(|event| {
            let follows = event.seq == last.saturating_add(1);
            last = event.seq;
            follows
        });
        let whole = whole.count();
        if whole == 0 && !events.is_empty() {
            self.gaps += 1;
            if self.gaps >= GAP_READS {
                let (cell, producer) = (self.taking.service.cell.name(), self.lane().producer.as_str());
                tracing::warn!(cell, producer, "the producer's log has a gap; its snapshot is read");
                self.snapshot = true;
                self.gaps = 0;
            }
            return None;
        }
        self.gaps = 0;
        events.truncate(whole);
        Some(events)
    }

    /// Takes events in order and returns the position reached.
    async fn take_all(&mut self, events: &[Wired], epoch: &str) -> Result<i64> {
        self.note_pending(events);
        let (mut reached, mut stored) = (0, 0);
        for (index, wired) in events.iter().enumerate() {
            reached = wired.seq;
            if self.is_ours(wired).await? {
                self.take(wired, Some((wired.seq, epoch.to_owned()))).await?;
                stored = reached;
                self.note_pending(events.get(index + 1..).unwrap_or_default());
            }
        }
        if reached > stored {
            self.advance(reached, epoch).await?;
        }
        self.note_pending(&[]);
        self.lane().status().position = reached;
        Ok(reached)
    }

    /// Whether anybody here hears such events, and the tenant is known.
    async fn is_ours(&mut self, wired: &Wired) -> Result<bool> {
        if self.lane().handlers(&wired.event.event_type, wired.event.schema_version).is_empty() {
            return Ok(false);
        }
        let tenant = wired.tenant();
        if self.zones.contains_key(&tenant.key) {
            return Ok(true);
        }
        let known = self.taking.service.store.read_inside(&tenant, |tx| tx.is_provisioned()).await?;
        if known {
            self.read_zones().await?;
        }
        Ok(known)
    }

    async fn take(&mut self, wired: &Wired, at: Option<(i64, String)>) -> Result<()> {
        let tenant = wired.tenant();
        let taken = self.taking.take(wired, at, self.zone(&tenant), self.stuck >= STUCK).await;
        self.stuck = if taken.is_ok() { 0 } else { self.stuck.saturating_add(1) };
        if let Taken::Aside(attempts) = taken? {
            self.schedule(tenant, wired.event.subject, attempts);
        }
        Ok(())
    }

    fn zone(&self, tenant: &Tenant) -> TimeZone {
        self.zones.get(&tenant.key).cloned().unwrap_or_else(TimeZone::shanghai)
    }

    async fn read_zones(&mut self) -> Result<Vec<Tenant>> {
        let rows = self.taking.service.store.tenants().await?;
        let zone = |name: &str| TimeZone::named(name).unwrap_or_else(TimeZone::shanghai);
        self.zones = rows.iter().map(|row| (row.tenant.key, zone(&row.zone))).collect();
        Ok(rows.into_iter().map(|row| row.tenant).collect())
    }

    /// Moves the cursor over events that are nobody's business here.
    async fn advance(&self, seq: i64, epoch: &str) -> Result<()> {
        let nobody = Tenant { key: TenantKey(0), code: Arc::from("") };
        let (producer, epoch) = (self.lane().producer.clone(), epoch.to_owned());
        let job = move |tx: &mut Tx| tx.advance(&producer, seq, &epoch).map(|_| ());
        self.taking.service.store.write(Actor::system(nobody, ""), job).await
    }

    async fn ask(&self, after: i64, snapshot: bool, tenant: Option<TenantKey>) -> Result<Page> {
        let tenant = tenant.map_or_else(String::new, |key| format!("&tenant={}", key.0));
        let limit = self.pace.batch;
        let target = format!("/internal/feed?after={after}&limit={limit}&snapshot={snapshot}{tenant}");
        let call = Call::get(&target)?.within(self.pace.deadline);
        let context = Context::system(&Id::fresh().to_string(), "");
        self.taking.service.peers.json(&self.lane().producer, context, call).await
    }

    /// Tenants that came when the cursor had gone on: what they missed is taken from the snapshot. Then they are marked
    /// as caught up.
    async fn catch_up(&mut self) -> Result<()> {
        let mark: Arc<str> = format!("heard:{}", self.lane().producer).into();
        for tenant in self.read_zones().await? {
            let name = Arc::clone(&mark);
            if self.taking.service.store.read_inside(&tenant, move |tx| tx.is_marked(&name)).await? {
                continue;
            }
            let end = self.stored_position().await?.seq;
            let mut after = 0;
            while after < end {
                let page = self.ask(after, true, Some(tenant.key)).await?;
                let Some(last) = page.events.last().map(|event| event.seq) else { break };
                for wired in page.events.iter().filter(|event| event.seq <= end) {
                    if self.is_ours(wired).await? {
                        self.take(wired, None).await?;
                    }
                }
                after = last;
            }
            let name = Arc::clone(&mark);
            let done = move |tx: &mut Tx| tx.mark(&name).map(|_| ());
            self.taking.service.store.write(Actor::system(tenant, ""), done).await?;
        }
        Ok(())
    }

    /// Subjects that had events put aside when the program stopped.
    async fn find_due(&mut self) -> Result<()> {
        for tenant in self.read_zones().await? {
            for letter in self.taking.service.store.read_inside(&tenant, |tx| tx.dead_letters(1_000)).await? {
                if letter.producer == self.lane().producer && letter.attempts < ATTEMPTS {
                    self.due.insert((tenant.key, letter.subject), (tenant.clone(), Moment::now()));
                }
            }
        }
        Ok(())
    }

    fn schedule(&mut self, tenant: Tenant, subject: Id, attempts: i64) {
        let further = u32::try_from(attempts.clamp(1, 8) - 1).unwrap_or_default();
        let pause = self.pace.retry.saturating_mul(5_u32.saturating_pow(further));
        self.due.insert((tenant.key, subject), (tenant, Moment::now() + jittered(pause)));
    }

    async fn retry_due(&mut self) -> Result<()> {
        let now = Moment::now();
        for (tenant, subject) in self.lane().take_again() {
            self.due.insert((tenant.key, subject), (tenant, now));
        }
        let ready: Vec<(Tenant, Id)> = self
            .due
            .iter()
            .filter(|(_, (_, at))| *at <= now)
            .map(|((_, subject), (tenant, _))| (tenant.clone(), *subject))
            .collect();
        for (tenant, subject) in ready {
            loop {
                match self.taking.retry(&tenant, subject, self.zone(&tenant), false).await? {
                    Retried::Settled => {}
                    Retried::Failed(attempts) if attempts < ATTEMPTS => {
                        self.schedule(tenant, subject, attempts);
                        break;
                    }
                    Retried::Nothing | Retried::Dead | Retried::Failed(_) => {
                        self.due.remove(&(tenant.key, subject));
                        break;
                    }
                }
            }
        }
        Ok(())
    }

    fn note_contact(&self, reachable: bool) {
        let now = self.taking.service.clock.now();
        let mut status = self.lane().status();
        let contact_at = if reachable { Some(now) } else { status.contact_at };
        *status = Status { reachable, contact_at, ..status.clone() };
    }

    fn note_pending(&self, events: &[Wired]) {
        let mut status = self.lane().status();
        status.pending = events.len();
        status.oldest = events.first().map(|wired| wired.heard().at);
    }
}

/// Between three quarters and all of it, so that many readers do not ask in step.
fn jittered(pause: Duration) -> Duration {
    // The last byte of an identity is random.
    let random = Id::fresh().bytes().last().copied().map_or(0, u32::from);
    pause - pause / 4 * random / 255
}
