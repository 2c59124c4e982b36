//! The types callers meet: what a cell declares to its store, who acts, and what answers look like.

use paas_document::{AnyRef, Cursor, Op, Record, TypeMeta, Typed, Value};
use paas_types::{Id, Instant, Tenant, TenantKey};
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

/// Everything a cell keeps.
#[derive(Clone)]
pub struct Schema {
    /// Code of the cell; names the database.
    pub cell: &'static str,
    /// Declared types: masters, documents, settings, ledger entries and balances (rows come with their owners).
    pub types: Vec<TypeInfo>,
    /// Which entry folds into which balance. Several may share a balance.
    pub ledgers: Vec<Ledger>,
}

/// A declared type and how to make a blank record of it.
#[derive(Clone, Copy)]
pub struct TypeInfo {
    /// Metadata.
    pub meta: &'static TypeMeta,
    /// Makes a blank record.
    pub blank: fn() -> Box<dyn Record>,
}

impl TypeInfo {
    /// Of a type known at compile time.
    pub fn of<T: Typed>() -> TypeInfo {
        TypeInfo { meta: T::meta_of(), blank: || Box::new(T::blank()) }
    }
}

/// An entry type with the balance it folds into.
#[derive(Clone, Copy)]
pub struct Ledger {
    /// The entries.
    pub entry: &'static TypeMeta,
    /// Their fold per key.
    pub balance: &'static TypeMeta,
}

impl Target {
    /// The prefix of databases and roles when nothing else is said.
    pub const PREFIX: &'static str = "superpaas";
    /// The connections per cell when nothing else is said.
    pub const CONNECTIONS: usize = 15;
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Target::Lite { dir } => write!(f, "Lite({})", dir.display()),
            // The URL has a password.
            Target::Pg { prefix, .. } => write!(f, "Pg({prefix})"),
        }
    }
}

/// Where the data is.
#[derive(Clone)]
pub enum Target {
    /// An SQLite file `<dir>/<cell>.db`.
    Lite {
        /// The data directory.
        dir: PathBuf,
    },
    /// The database `<prefix>_<cell>` of a PostgreSQL server.
    Pg {
        /// Server URL, `postgres://user:password@host:port`; its role makes databases and roles when it migrates.
        url: String,
        /// Begins the names of databases and roles, so that installations can share a server.
        prefix: String,
        /// Most connections this process opens.
        max_connections: usize,
    },
}

/// Why a store could not be opened or migrated: one sentence for the person who started the program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenError(pub(crate) String);

impl OpenError {
    pub(crate) fn new(text: impl Into<String>) -> OpenError {
        OpenError(text.into())
    }
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for OpenError {}

/// Who acts, in which tenant, and why.
#[derive(Clone, Debug)]
pub struct Actor {
    /// The tenant the transaction is for.
    pub tenant: Tenant,
    /// The membership; nil for the system.
    pub user: Id,
    /// Its name at the time, for the audit.
    pub user_name: Arc<str>,
    /// The request.
    pub request_id: Arc<str>,
    /// The trace.
    pub trace_id: Arc<str>,
    /// What was asked for, for whoever must find a job that does not end: method, path, action. Never a value of a record.
    pub doing: Arc<str>,
    /// The event or document that caused it, when no person did.
    pub cause: Option<AnyRef>,
    /// A time of the caller's own, for tests; else the store's clock.
    pub now: Option<Instant>,
}

impl Actor {
    /// The system itself.
    pub fn system(tenant: Tenant, request_id: &str) -> Actor {
        Actor {
            tenant,
            user: Id::NIL,
            user_name: Arc::from("system"),
            request_id: Arc::from(request_id),
            trace_id: Arc::from(""),
            doing: Arc::from(""),
            cause: None,
            now: None,
        }
    }
}

/// How a record is held while the transaction runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lock {
    /// Not at all: for display.
    None,
    /// Others may read but not change it.
    Share,
    /// This transaction is going to change it.
    Update,
}

/// A page of records, without their rows.
pub struct Found {
    /// The records in order.
    pub records: Vec<Box<dyn Record>>,
    /// How many match, counted to 10,000; 0 when no count was asked for.
    pub total: u64,
    /// Whether `total` is the whole count.
    pub total_exact: bool,
    /// Where the next page starts; `None` at the end.
    pub next: Option<Cursor>,
}

/// A line of [`crate::Tx::sum`]: the group's values, the sums, how many records.
pub type SumRow = (Vec<Value>, Vec<i64>, u64);

/// One audited act.
#[derive(Clone, Debug, PartialEq)]
pub struct AuditRow {
    /// Its position in the tenant's sealed chain; `None` while it waits for the sequencer.
    pub seq: Option<i64>,
    /// When.
    pub at: Instant,
    /// Who; nil for the system.
    pub actor: Id,
    /// Name at the time.
    pub actor_name: String,
    /// What: `create`, `update`, `delete` or the name of a transition.
    pub action: String,
    /// Type of the record.
    pub kind: Option<String>,
    /// The record.
    pub id: Option<Id>,
    /// Its number or code.
    pub number: Option<String>,
    /// JSON before, masked.
    pub before: Option<String>,
    /// JSON after, masked.
    pub after: Option<String>,
    /// The request.
    pub request_id: String,
    /// The trace.
    pub trace_id: String,
    /// The event or document that caused it.
    pub cause: Option<AnyRef>,
}

/// Which audited acts, newest first.
#[derive(Clone, Debug, Default)]
pub struct AuditFilter {
    /// Only this type.
    pub kind: Option<String>,
    /// Only this record.
    pub id: Option<Id>,
    /// Only this member.
    pub actor: Option<Id>,
    /// Only this action.
    pub action: Option<String>,
    /// Any action but this.
    pub but: Option<String>,
    /// Not before.
    pub from: Option<Instant>,
    /// Before.
    pub to: Option<Instant>,
    /// Only acts sealed before this position, for paging.
    pub before_seq: Option<i64>,
    /// At most this many.
    pub limit: u32,
}

/// What audited acts can be asked by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuditColumn {
    /// Position in the chain.
    Seq,
    /// When.
    At,
    /// Who.
    Actor,
    /// What was done.
    Action,
    /// Type of the record.
    Kind,
    /// The record.
    Subject,
    /// Its number or code.
    Number,
    /// The request.
    RequestId,
    /// The trace.
    TraceId,
}

impl AuditColumn {
    const ALL: [(AuditColumn, &'static str, &'static str); 9] = [
        (AuditColumn::Seq, "seq", "seq"),
        (AuditColumn::At, "at", "at"),
        (AuditColumn::Actor, "actor", "actor"),
        (AuditColumn::Action, "action", "action"),
        (AuditColumn::Kind, "type", "kind"),
        (AuditColumn::Subject, "subject", "subject"),
        (AuditColumn::Number, "number", "number"),
        (AuditColumn::RequestId, "requestId", "request_id"),
        (AuditColumn::TraceId, "traceId", "trace_id"),
    ];

    /// The column with this name in the API.
    pub fn named(name: &str) -> Option<AuditColumn> {
        AuditColumn::ALL.iter().find(|(_, n, _)| *n == name).map(|(column, _, _)| *column)
    }

    pub(crate) fn sql(self) -> &'static str {
        AuditColumn::ALL.iter().find(|(column, _, _)| *column == self).map_or("seq", |(_, _, sql)| sql)
    }
}

/// One condition on audited acts.
#[derive(Clone, Debug, PartialEq)]
pub struct AuditTest {
    /// What is compared.
    pub column: AuditColumn,
    /// How; every comparison but `Under`.
    pub op: Op,
    /// With what; `In` takes several, `IsNull` a boolean.
    pub values: Vec<Value>,
}

/// A question about audited acts, in the order of their chain.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AuditQuery {
    /// Conditions, all of which hold.
    pub tests: Vec<AuditTest>,
    /// Only acts beyond this position in the direction of reading, for paging.
    pub beyond: Option<i64>,
    /// Oldest first; else newest first.
    pub ascending: bool,
    /// At most this many; never more than 1,000.
    pub limit: u32,
}

/// An answer kept for a repeated request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// HTTP status.
    pub status: u16,
    /// Body.
    pub body: Vec<u8>,
    /// Entity tag.
    pub etag: Option<String>,
    /// Location header.
    pub location: Option<String>,
}

/// An event as other cells read it.
#[derive(Clone, Debug, PartialEq)]
pub struct FeedEvent {
    /// Position in the producer's log, without gaps.
    pub seq: i64,
    /// Identity.
    pub id: Id,
    /// `{cell}.{subject}.{what-happened}`.
    pub event_type: String,
    /// Version of the shape.
    pub version: u32,
    /// What it is about.
    pub subject: Id,
    /// Whose.
    pub tenant: Tenant,
    /// When.
    pub at: Instant,
    /// The trace.
    pub trace_id: String,
    /// The data.
    pub data: serde_json::Value,
}

/// A part of the log.
#[derive(Clone, Debug, PartialEq)]
pub struct Feed {
    /// Changes when the database was restored.
    pub epoch: String,
    /// In order.
    pub events: Vec<FeedEvent>,
    /// The position the reader has reached with them.
    pub last: i64,
}

/// Which part of the log.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FeedFilter {
    /// Only events after this position.
    pub after: i64,
    /// At most this many, 1,000 at most.
    pub limit: u32,
    /// Only the last event of each subject and type.
    pub snapshot: bool,
    /// Only this tenant's.
    pub tenant: Option<TenantKey>,
    /// Only this type.
    pub event_type: Option<String>,
    /// Not before.
    pub since: Option<Instant>,
    /// The newest instead of the oldest ones; the answer is in order all the same.
    pub newest: bool,
}

/// How far a consumer has read a producer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InboxCursor {
    /// Last position taken.
    pub seq: i64,
    /// The producer's epoch at the time.
    pub epoch: String,
}

/// An event that could not be taken.
#[derive(Clone, Debug, PartialEq)]
pub struct DeadLetter {
    /// Identity.
    pub id: Id,
    /// The cell it came from.
    pub producer: String,
    /// Its position there.
    pub seq: i64,
    /// Its type.
    pub event_type: String,
    /// What it is about.
    pub subject: Id,
    /// Why it was not taken.
    pub error: String,
    /// How often it was tried.
    pub attempts: i64,
    /// The whole event.
    pub envelope: serde_json::Value,
    /// When it was put aside.
    pub at: Instant,
}

/// A tenant of this database.
#[derive(Clone, Debug, PartialEq)]
pub struct TenantRow {
    /// Key and code.
    pub tenant: Tenant,
    /// Name.
    pub name: String,
    /// Time zone by IANA name.
    pub zone: String,
    /// When it was provisioned here.
    pub created_at: Instant,
}

/// A user as every cell knows it.
#[derive(Clone, Debug, PartialEq)]
pub struct DirectoryUser {
    /// The membership.
    pub id: Id,
    /// Sign-in name.
    pub username: String,
    /// Name for people.
    pub name: String,
    /// Department.
    pub department: Option<Id>,
    /// Whether it may sign in.
    pub active: bool,
}

/// A department as every cell knows it.
#[derive(Clone, Debug, PartialEq)]
pub struct DirectoryDepartment {
    /// Identity.
    pub id: Id,
    /// Code.
    pub code: String,
    /// Name in Chinese.
    pub name: String,
    /// Name in English.
    pub name_en: Option<String>,
    /// The department above.
    pub parent: Option<Id>,
    /// Whether it is in use.
    pub active: bool,
}

/// Something that does not add up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Discrepancy {
    /// What was checked, e.g. a table or the audit chain.
    pub subject: String,
    /// What is wrong.
    pub text: String,
}
