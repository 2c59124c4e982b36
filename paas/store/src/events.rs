//! Events: the outbox, its feed, and the inbox of a consumer.

use crate::api::{Actor, DeadLetter, Feed, FeedEvent, FeedFilter, InboxCursor};
use crate::{Cell, Col, Store, Tx};
use paas_types::{Id, Result, Tenant, TenantKey};
use std::sync::Arc;

const KINDS: [Col; 9] = [Col::Int, Col::Id, Col::Text, Col::Int, Col::Id, Col::Int, Col::Text, Col::Instant, Col::Text];

/// The outbox of PostgreSQL with the numbers beside it.
const NUMBERED: &str = "(SELECT s.seq, e.* FROM outbox_seq s JOIN outbox e ON e.tenant = s.tenant AND e.id = s.id)";

impl Tx {
    /// Tells others what happened (version 1 of the shape); they hear it exactly if the transaction commits.
    pub fn emit(&mut self, event_type: &str, subject: Id, data: serde_json::Value) -> Result<()> {
        self.emit_version(event_type, 1, subject, data)
    }

    /// As [`Tx::emit`], in another version of the shape.
    pub fn emit_version(&mut self, event_type: &str, version: u32, subject: Id, data: serde_json::Value) -> Result<()> {
        let actor = self.actor().clone();
        let params = vec![
            self.tenant_cell(),
            Cell::Id(Id::fresh()),
            Cell::Text(event_type.to_owned()),
            Cell::Int(i64::from(version)),
            Cell::Id(subject),
            Cell::Instant(self.now()),
            Cell::Id(actor.user),
            Cell::Text(actor.request_id.to_string()),
            Cell::Text(actor.trace_id.to_string()),
            Cell::text(crate::audit::cause_text(actor.cause.as_ref()).as_deref()),
            Cell::Text(data.to_string()),
        ];
        // One writer numbers in place; on PostgreSQL the sequencer numbers what is committed.
        let sql = if self.is_pg() {
            "INSERT INTO outbox (tenant, id, \"type\", version, subject, at, actor, request_id, trace_id, cause, data) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"
        } else {
            "INSERT INTO outbox (tenant, seq, id, \"type\", version, subject, at, actor, request_id, trace_id, cause, data) \
             SELECT $1, COALESCE((SELECT MAX(seq) FROM outbox), 0) + 1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11"
        };
        self.send(sql, params)?;
        self.emitted = true;
        Ok(())
    }

    /// Advances the cursor of a producer. `false` when the event was taken before: then do nothing.
    pub fn advance(&mut self, producer: &str, seq: i64, epoch: &str) -> Result<bool> {
        let sql = "INSERT INTO inbox_cursor (producer, epoch, seq) VALUES ($1, $2, $3) ON CONFLICT (producer) DO UPDATE \
                   SET epoch = excluded.epoch, seq = excluded.seq \
                   WHERE inbox_cursor.epoch <> excluded.epoch OR inbox_cursor.seq < excluded.seq";
        let params = [Cell::Text(producer.to_owned()), Cell::Text(epoch.to_owned()), Cell::Int(seq)];
        Ok(self.execute(sql, &params)? > 0)
    }

    /// Puts an event aside that could not be taken.
    pub fn dead_letter(&mut self, letter: &DeadLetter) -> Result<()> {
        let params = [
            self.tenant_cell(),
            Cell::Id(letter.id),
            Cell::Text(letter.producer.clone()),
            Cell::Int(letter.seq),
            Cell::Text(letter.event_type.clone()),
            Cell::Id(letter.subject),
            Cell::Text(letter.envelope.to_string()),
            Cell::Text(letter.error.clone()),
            Cell::Int(letter.attempts),
            Cell::Instant(letter.at),
        ];
        let sql = "INSERT INTO dead_letter (tenant, id, producer, seq, \"type\", subject, envelope, error, attempts, at) \
                   VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (tenant, id) DO UPDATE \
                   SET error = excluded.error, attempts = excluded.attempts, at = excluded.at";
        self.execute(sql, &params).map(|_| ())
    }

    /// Whether an earlier event of this subject is put aside: later ones must wait behind it.
    pub fn blocked(&mut self, producer: &str, subject: Id) -> Result<bool> {
        let sql = "SELECT 1 FROM dead_letter WHERE tenant = $1 AND producer = $2 AND subject = $3 AND settled_at IS NULL LIMIT 1";
        let params = [self.tenant_cell(), Cell::Text(producer.to_owned()), Cell::Id(subject)];
        Ok(!self.query(sql, &params, &[Col::Int])?.is_empty())
    }

    /// Events put aside and not settled, oldest first.
    pub fn dead_letters(&mut self, limit: u32) -> Result<Vec<DeadLetter>> {
        self.letters_where("", Vec::new(), limit)
    }

    /// The event put aside and not settled with this identity.
    pub fn dead_letter_open(&mut self, id: Id) -> Result<Option<DeadLetter>> {
        Ok(self.letters_where(" AND id = $2", vec![Cell::Id(id)], 1)?.into_iter().next())
    }

    /// Events of a subject put aside and not settled, oldest first.
    pub fn dead_letters_of(&mut self, producer: &str, subject: Id, limit: u32) -> Result<Vec<DeadLetter>> {
        let params = vec![Cell::Text(producer.to_owned()), Cell::Id(subject)];
        self.letters_where(" AND producer = $2 AND subject = $3", params, limit)
    }

    /// How many events are put aside and not settled.
    pub fn dead_letter_count(&mut self) -> Result<u64> {
        let sql = "SELECT COUNT(*) FROM dead_letter WHERE tenant = $1 AND settled_at IS NULL";
        let row = self.query_one(sql, &[self.tenant_cell()], &[Col::Int])?;
        let count = row.and_then(|r| r.into_iter().next()).map_or(0, |c| c.as_int());
        Ok(u64::try_from(count).unwrap_or_default())
    }

    fn letters_where(&mut self, more: &str, narrower: Vec<Cell>, limit: u32) -> Result<Vec<DeadLetter>> {
        let sql = format!(
            "SELECT id, producer, seq, \"type\", subject, error, attempts, envelope, at FROM dead_letter \
             WHERE tenant = $1 AND settled_at IS NULL{more} ORDER BY producer, seq LIMIT {}",
            limit.clamp(1, 1_000)
        );
        let kinds = [Col::Id, Col::Text, Col::Int, Col::Text, Col::Id, Col::Text, Col::Int, Col::Text, Col::Instant];
        let mut params = vec![self.tenant_cell()];
        params.extend(narrower);
        let rows = self.query(&sql, &params, &kinds)?;
        Ok(rows.into_iter().map(letter).collect())
    }

    /// Settles an event that was put aside: it was taken after all, or given up.
    pub fn dead_letter_done(&mut self, id: Id) -> Result<()> {
        let params = [Cell::Instant(self.now()), self.tenant_cell(), Cell::Id(id)];
        self.execute("UPDATE dead_letter SET settled_at = $1 WHERE tenant = $2 AND id = $3", &params).map(|_| ())
    }
}

fn letter(cells: Vec<Cell>) -> DeadLetter {
    let mut cells = cells.into_iter();
    let mut next = || cells.next().unwrap_or(Cell::Null);
    DeadLetter {
        id: next().as_id().unwrap_or(Id::NIL),
        producer: next().into_text().unwrap_or_default(),
        seq: next().as_int(),
        event_type: next().into_text().unwrap_or_default(),
        subject: next().as_id().unwrap_or(Id::NIL),
        error: next().into_text().unwrap_or_default(),
        attempts: next().as_int(),
        envelope: next().into_text().and_then(|t| serde_json::from_str(&t).ok()).unwrap_or_default(),
        at: next().as_instant(),
    }
}

fn event(cells: Vec<Cell>) -> FeedEvent {
    let mut cells = cells.into_iter();
    let mut next = || cells.next().unwrap_or(Cell::Null);
    FeedEvent {
        seq: next().as_int(),
        id: next().as_id().unwrap_or(Id::NIL),
        event_type: next().into_text().unwrap_or_default(),
        version: u32::try_from(next().as_int()).unwrap_or(1),
        subject: next().as_id().unwrap_or(Id::NIL),
        tenant: Tenant { key: TenantKey(next().as_int()), code: Arc::from(next().into_text().unwrap_or_default()) },
        at: next().as_instant(),
        trace_id: next().into_text().unwrap_or_default(),
        data: serde_json::Value::Null,
    }
}

impl Store {
    /// Events of all tenants after a position, in order. A snapshot has only the last event of each subject and type.
    pub async fn feed(&self, after: i64, limit: u32, snapshot: bool) -> Result<Feed> {
        self.feed_where(FeedFilter { after, limit, snapshot, ..FeedFilter::default() }).await
    }

    /// As [`Store::feed`], narrowed.
    pub async fn feed_where(&self, filter: FeedFilter) -> Result<Feed> {
        let job = move |tx: &mut Tx| {
            let epoch = tx.query_one("SELECT value FROM store_meta WHERE name = 'epoch'", &[], &[Col::Text])?;
            let epoch = epoch.and_then(|r| r.into_iter().next()).and_then(Cell::into_text).unwrap_or_default();
            let mut kinds = KINDS.to_vec();
            kinds.push(Col::Text);
            let (sql, params) = feed_sql(&filter, tx.is_pg());
            let mut events = Vec::new();
            for mut cells in tx.query(&sql, &params, &kinds)? {
                let data = cells.pop().and_then(Cell::into_text);
                let mut event = event(cells);
                event.data = data.and_then(|d| serde_json::from_str(&d).ok()).unwrap_or_default();
                events.push(event);
            }
            if filter.newest {
                events.reverse();
            }
            let last = events.last().map_or(filter.after, |e| e.seq);
            Ok(Feed { epoch, events, last })
        };
        self.settle().await?;
        self.snapshot_of_all(job).await
    }

    /// How far this cell has read a producer.
    pub async fn cursor(&self, producer: &str) -> Result<Option<InboxCursor>> {
        let producer = producer.to_owned();
        let job = move |tx: &mut Tx| {
            let sql = "SELECT seq, epoch FROM inbox_cursor WHERE producer = $1";
            let row = tx.query_one(sql, &[Cell::Text(producer)], &[Col::Int, Col::Text])?;
            Ok(row.map(|r| {
                let mut r = r.into_iter();
                InboxCursor {
                    seq: r.next().map_or(0, |c| c.as_int()),
                    epoch: r.next().and_then(Cell::into_text).unwrap_or_default(),
                }
            }))
        };
        self.read_inside(&nobody().tenant, job).await
    }
}

/// The question to the log.
fn feed_sql(filter: &FeedFilter, pg: bool) -> (String, Vec<Cell>) {
    let outbox = if pg { NUMBERED } else { "outbox" };
    let mut params = vec![Cell::Int(filter.after)];
    let mut more = String::new();
    let mut narrow = |condition: &str, cell: Cell| {
        params.push(cell);
        more.push_str(&format!(" AND {condition} ${}", params.len()));
    };
    if let Some(tenant) = filter.tenant {
        narrow("o.tenant =", Cell::Int(tenant.0));
    }
    if let Some(event_type) = &filter.event_type {
        narrow("o.\"type\" =", Cell::Text(event_type.clone()));
    }
    if let Some(since) = filter.since {
        narrow("o.at >=", Cell::Instant(since));
    }
    if filter.snapshot {
        let last =
            format!(" AND o.seq IN (SELECT MAX(m.seq) FROM {outbox} m GROUP BY m.tenant, m.subject, m.\"type\")");
        more.push_str(&last);
    }
    let order = if filter.newest { "DESC" } else { "ASC" };
    let sql = format!(
        "SELECT o.seq, o.id, o.\"type\", o.version, o.subject, o.tenant, t.code, o.at, o.trace_id, o.data \
         FROM {outbox} o JOIN tenant t ON t.tenant = o.tenant WHERE o.seq > $1{more} ORDER BY o.seq {order} LIMIT {}",
        filter.limit.clamp(1, 1_000)
    );
    (sql, params)
}

/// The actor of questions that are no tenant's.
pub(crate) fn nobody() -> Actor {
    Actor::system(Tenant { key: TenantKey(0), code: Arc::from("") }, "")
}
