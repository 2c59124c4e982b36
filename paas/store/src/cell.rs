//! Values and faults at the border to the database.

use paas_types::{Code, Date, Id, Instant, Refusal};

/// The longest text of a statement that stays prepared, bytes: one of thousands of values takes a megabyte.
pub(crate) const KEPT_TEXT: usize = 8 * 1_024;

/// One value on its way to or from the database.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// Nothing.
    Null,
    /// A whole number or scaled decimal.
    Int(i64),
    /// Yes or no.
    Bool(bool),
    /// Text.
    Text(String),
    /// An identity.
    Id(Id),
    /// A business date.
    Date(Date),
    /// An instant, kept in microseconds.
    Instant(Instant),
    /// Bytes, e.g. a sealed value.
    Bytes(Vec<u8>),
}

impl Cell {
    /// Text, or nothing.
    pub(crate) fn text(value: Option<&str>) -> Cell {
        value.map_or(Cell::Null, |v| Cell::Text(v.to_owned()))
    }

    /// An identity, or nothing.
    pub(crate) fn id(value: Option<Id>) -> Cell {
        value.map_or(Cell::Null, Cell::Id)
    }

    pub(crate) fn as_int(&self) -> i64 {
        match self {
            Cell::Int(i) => *i,
            Cell::Bool(b) => i64::from(*b),
            _ => 0,
        }
    }

    pub(crate) fn as_id(&self) -> Option<Id> {
        match self {
            Cell::Id(id) => Some(*id),
            _ => None,
        }
    }

    pub(crate) fn into_text(self) -> Option<String> {
        match self {
            Cell::Text(t) => Some(t),
            _ => None,
        }
    }

    pub(crate) fn into_bytes(self) -> Vec<u8> {
        match self {
            Cell::Bytes(b) => b,
            _ => Vec::new(),
        }
    }

    pub(crate) fn as_instant(&self) -> Instant {
        match self {
            Cell::Instant(i) => *i,
            _ => Instant::from_micros(0),
        }
    }
}

/// How a column is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Col {
    /// `INTEGER` / `bigint`
    Int,
    /// `INTEGER` / `boolean`
    Bool,
    /// `TEXT` / `text`
    Text,
    /// `BLOB` of 16 bytes / `uuid`
    Id,
    /// `TEXT` as ISO date / `date`
    Date,
    /// `INTEGER` microseconds / `timestamptz`
    Instant,
    /// `BLOB` / `bytea`
    Bytes,
}

/// What the database had against a statement.
#[derive(Debug)]
pub(crate) enum Fault {
    /// A unique index; its columns without the tenant.
    Unique(Vec<String>),
    /// A foreign key; its column where the database tells.
    Foreign(Option<String>),
    /// A change found the record changed meanwhile, or gone.
    Untouched,
    /// Somebody else was in the way: the job runs again.
    Restart(String),
    /// A write kept back from before, already explained.
    Earlier(Refusal),
    /// It took too long and was cut off.
    Timeout,
    /// The database is not there or out of room; another time.
    Lost(String),
    /// Anything else is a fault of the program.
    Other(String),
}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Refusal {
        match fault {
            Fault::Unique(columns) => {
                Refusal::new(Code::Duplicate).caused_by(format!("unique over {}", columns.join(", ")))
            }
            Fault::Foreign(_) => Refusal::new(Code::InUse).caused_by("a foreign key"),
            Fault::Untouched => Refusal::new(Code::Conflict),
            Fault::Restart(cause) => Refusal::unavailable(cause),
            Fault::Earlier(refusal) => refusal,
            Fault::Timeout => Refusal::new(Code::Timeout).caused_by("the statement ran out of its budget"),
            Fault::Lost(cause) => Refusal::unavailable(cause),
            Fault::Other(cause) => Refusal::internal(cause),
        }
    }
}
