//! The audit log: numbered without gaps per tenant and sealed into a chain in the same commit as what it tells. The key of
//! the seals is derived from the master key, outside the data.

use crate::api::{AuditFilter, AuditRow};
use crate::{Cell, Col, Tx};
use hmac::{Hmac, KeyInit as _, Mac as _};
use paas_document::{AnyRef, Record, TypeMeta};
use paas_types::{Id, Result};
use sha2::{Digest as _, Sha256};
use std::fmt::Write as _;

/// What a row tells.
pub(crate) const TOLD: &str =
    "at, actor, actor_name, action, kind, subject, number, \"before\", \"after\", request_id, trace_id, cause, entries";
/// The kinds of number, what is told, and seal.
pub(crate) const KINDS: [Col; 15] = [
    Col::Int,
    Col::Instant,
    Col::Id,
    Col::Text,
    Col::Text,
    Col::Text,
    Col::Id,
    Col::Text,
    Col::Text,
    Col::Text,
    Col::Text,
    Col::Text,
    Col::Text,
    Col::Bytes,
    Col::Bytes,
];
/// The columns a seal covers: all but the seal.
const SEALED: usize = 14;

/// HMAC-SHA256 over parts, each with its length before it.
pub(crate) fn mac(key: &[u8; 32], parts: &[&[u8]]) -> [u8; 32] {
    let Ok(mut mac) = <Hmac<Sha256>>::new_from_slice(key) else {
        return [0; 32]; // HMAC takes keys of any length
    };
    for part in parts {
        mac.update(&(part.len() as u64).to_be_bytes());
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

fn insert_sql(first: &str, last: &str, cells: &[Cell]) -> String {
    let marks: Vec<String> = (1..=cells.len()).map(|n| format!("${n}")).collect();
    format!("INSERT INTO audit_log (tenant, {first}, {TOLD}{last}) VALUES ({})", marks.join(", "))
}

pub(crate) fn seal(key: &[u8; 32], tenant: i64, before: &[u8], cells: &[Cell]) -> [u8; 32] {
    let mut told = String::with_capacity(4_096);
    for cell in cells.iter().take(SEALED) {
        let _ = write!(told, "|{cell:?}"); // a text takes whatever is written
    }
    let mut text = Sha256::new();
    text.update(tenant.to_be_bytes());
    text.update(told);
    mac(key, &[before, &text.finalize()])
}

/// A reference as text: `type/id/number`.
pub(crate) fn cause_text(cause: Option<&AnyRef>) -> Option<String> {
    cause.map(|c| format!("{}/{}/{}", c.kind, c.id, c.number.as_deref().unwrap_or_default()))
}

fn cause_of(text: Option<String>) -> Option<AnyRef> {
    let text = text?;
    let mut parts = text.splitn(3, '/');
    let (kind, id, number) = (parts.next()?, parts.next()?.parse().ok()?, parts.next().filter(|n| !n.is_empty()));
    Some(AnyRef { kind: kind.to_owned(), id, number: number.map(str::to_owned) })
}

/// The act of seeing sensitive values in clear.
pub const SIGHT: &str = "unmask";

/// What a person calls a record: its number, else its code.
pub fn numbered(record: &dyn Record) -> Option<String> {
    match record.head().and_then(|h| h.number.clone()) {
        Some(number) => Some(number),
        None => record.meta().code_field().and_then(|i| record.get(i).text().map(str::to_owned)),
    }
}

impl Tx {
    /// Notes an act. `before` and `after` are JSON texts without sensitive values. The row also seals the ledger entries
    /// posted since the last one.
    pub fn audit(
        &mut self,
        action: &str,
        record: Option<&dyn Record>,
        before: Option<String>,
        after: Option<String>,
    ) -> Result<()> {
        let number = record.and_then(numbered);
        self.note(action, (record.map(|r| r.meta().name), record.map(Record::id), number), [before, after])
    }

    /// Notes that somebody saw sensitive values of a type in clear: of the one record named, or of those `what` names.
    pub fn audit_sight(
        &mut self,
        meta: &'static TypeMeta,
        record: Option<(Id, Option<String>)>,
        what: String,
    ) -> Result<()> {
        let (id, number) = record.map_or((None, None), |(id, number)| (Some(id), number));
        self.note(SIGHT, (Some(meta.name), id, number), [None, Some(what)])
    }

    fn note(
        &mut self,
        action: &str,
        (kind, id, number): (Option<&str>, Option<Id>, Option<String>),
        [before, after]: [Option<String>; 2],
    ) -> Result<()> {
        let entries = if self.entries.is_empty() {
            Cell::Null
        } else {
            let all: Vec<u8> = std::mem::take(&mut self.entries).concat();
            Cell::Bytes(Sha256::digest(all).to_vec())
        };
        let actor = self.actor().clone();
        let cells = vec![
            Cell::Instant(self.now()),
            Cell::Id(actor.user),
            Cell::Text(actor.user_name.to_string()),
            Cell::Text(action.to_owned()),
            Cell::text(kind),
            Cell::id(id),
            Cell::text(number.as_deref()),
            Cell::text(before.as_deref()),
            Cell::text(after.as_deref()),
            Cell::Text(actor.request_id.to_string()),
            Cell::Text(actor.trace_id.to_string()),
            Cell::text(cause_text(actor.cause.as_ref()).as_deref()),
            entries,
        ];
        if self.is_pg() { self.audit_unsealed(cells) } else { self.audit_sealed(cells) }
    }

    /// The one writer of SQLite numbers and seals in place.
    fn audit_sealed(&mut self, told: Vec<Cell>) -> Result<()> {
        let tenant = self.tenant_cell();
        let (seq, head) = match self.chain.take() {
            Some((seq, head)) => (seq + 1, head),
            None => self.end_of_chain(&tenant)?,
        };
        let mut cells = vec![Cell::Int(seq)];
        cells.extend(told);
        let sealed = seal(&self.shared.audit_key, self.tenant().key.0, &head, &cells);
        cells.push(Cell::Bytes(sealed.to_vec()));
        cells.insert(0, tenant);
        self.execute(&insert_sql("seq", ", seal", &cells), &cells)?;
        self.chain = Some((seq, sealed.to_vec()));
        Ok(())
    }

    /// The number of the next row of the tenant's chain, and the seal of the last.
    fn end_of_chain(&mut self, tenant: &Cell) -> Result<(i64, Vec<u8>)> {
        let sql = "SELECT seq, seal FROM audit_log WHERE tenant = $1 ORDER BY seq DESC LIMIT 1";
        let last = self.query_one(sql, std::slice::from_ref(tenant), &[Col::Int, Col::Bytes])?;
        let mut last = last.unwrap_or_default().into_iter();
        Ok(match (last.next(), last.next()) {
            (Some(seq), Some(head)) => (seq.as_int() + 1, head.into_bytes()),
            _ => (1, Vec::new()),
        })
    }

    /// On PostgreSQL the sequencer numbers and seals what is committed.
    fn audit_unsealed(&mut self, told: Vec<Cell>) -> Result<()> {
        let mut cells = vec![self.tenant_cell(), Cell::Id(Id::fresh())];
        cells.extend(told);
        self.emitted = true;
        self.send(&insert_sql("id", "", &cells), cells)
    }

    /// What happened to one record, newest first; or, instead, who saw sensitive values of it in clear by itself.
    pub fn history(&mut self, kind: &str, id: Id, sights: bool, limit: u32) -> Result<Vec<AuditRow>> {
        let (action, but) = if sights { (Some(SIGHT), None) } else { (None, Some(SIGHT)) };
        let [action, but] = [action, but].map(|name| name.map(str::to_owned));
        let filter =
            AuditFilter { kind: Some(kind.to_owned()), id: Some(id), action, but, limit, ..Default::default() };
        self.audit_page(&filter)
    }

    /// A page of the audit log, newest first.
    pub fn audit_page(&mut self, filter: &AuditFilter) -> Result<Vec<AuditRow>> {
        let mut params = vec![self.tenant_cell()];
        // The history of a record begins with what still waits for the sequencer; the whole log is read by number.
        let sealed = filter.id.is_none();
        let mut sql = format!("SELECT seq, {TOLD}, seal FROM {} l WHERE tenant = $1", self.audit_source(sealed));
        let mut add = |test: &str, cell: Option<Cell>| {
            if let Some(cell) = cell {
                params.push(cell);
                sql.push_str(&format!(" AND {test} ${}", params.len()));
            }
        };
        add("subject =", filter.id.map(Cell::Id));
        add("kind =", filter.kind.clone().map(Cell::Text));
        add("actor =", filter.actor.map(Cell::Id));
        add("action =", filter.action.clone().map(Cell::Text));
        add("action <>", filter.but.clone().map(Cell::Text));
        add("at >=", filter.from.map(Cell::Instant));
        add("at <", filter.to.map(Cell::Instant));
        add("seq <", filter.before_seq.map(Cell::Int));
        let order = if self.is_pg() && !sealed { "seq DESC NULLS FIRST, id DESC" } else { "seq DESC" };
        sql.push_str(&format!(" ORDER BY {order} LIMIT {}", filter.limit.clamp(1, 1_000)));
        Ok(self.query(&sql, &params, &KINDS)?.into_iter().map(row).collect())
    }

    /// Where rows are read from with their numbers and seals: on PostgreSQL these lie beside them. `sealed` rows are read
    /// by their seals, so that a seal without its row is seen.
    pub(crate) fn audit_source(&self, sealed: bool) -> String {
        if !self.is_pg() {
            return "audit_log".to_owned();
        }
        let (whose, tables) = match sealed {
            true => ("s", "audit_seal s LEFT JOIN audit_log a"),
            false => ("a", "audit_log a LEFT JOIN audit_seal s"),
        };
        format!(
            "(SELECT {whose}.tenant, s.seq, s.seal, {whose}.id, {TOLD} FROM {tables} ON a.tenant = s.tenant AND a.id = s.id)"
        )
    }

    /// The first row of the tenant's chain whose seal or number is wrong.
    pub(crate) fn broken_seal(&mut self) -> Result<Option<i64>> {
        let key = self.shared.audit_key;
        let tenant = self.tenant().key.0;
        let (mut at, mut head) = (0_i64, Vec::new());
        // A seal whose row is gone must be seen, so the seals are what is read.
        let source = self.audit_source(true);
        let sql =
            format!("SELECT seq, {TOLD}, seal FROM {source} l WHERE tenant = $1 AND seq > $2 ORDER BY seq LIMIT 500");
        loop {
            let rows = self.query(&sql, &[Cell::Int(tenant), Cell::Int(at)], &KINDS)?;
            if rows.is_empty() {
                return Ok(None);
            }
            for mut cells in rows {
                let stored = cells.pop().map(Cell::into_bytes).unwrap_or_default();
                let seq = cells.first().map_or(0, Cell::as_int);
                if seq != at + 1 || seal(&key, tenant, &head, &cells).as_slice() != stored {
                    return Ok(Some(seq));
                }
                (at, head) = (seq, stored);
            }
        }
    }
}

pub(crate) fn row(cells: Vec<Cell>) -> AuditRow {
    let mut cells = cells.into_iter();
    let mut next = || cells.next().unwrap_or(Cell::Null);
    AuditRow {
        seq: match next() {
            Cell::Int(seq) => Some(seq),
            _ => None,
        },
        at: next().as_instant(),
        actor: next().as_id().unwrap_or(Id::NIL),
        actor_name: next().into_text().unwrap_or_default(),
        action: next().into_text().unwrap_or_default(),
        kind: next().into_text(),
        id: next().as_id(),
        number: next().into_text(),
        before: next().into_text(),
        after: next().into_text(),
        request_id: next().into_text().unwrap_or_default(),
        trace_id: next().into_text().unwrap_or_default(),
        cause: cause_of(next().into_text()),
    }
}
