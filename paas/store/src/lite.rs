//! SQLite: connections and the two operations everything is built on.

use crate::api::OpenError;
use crate::budget::Budget;
use crate::cell::{Cell, Col, Fault, KEPT_TEXT};
use paas_types::Id;
use rusqlite::config::DbConfig;
use rusqlite::types::{ToSql, ToSqlOutput, Value, ValueRef};
use rusqlite::{CachedStatement, Connection, ErrorCode, OpenFlags};
use std::borrow::Cow;
use std::path::Path;

const CACHED_STATEMENTS: usize = 512;
/// How many steps of SQLite's machine pass between two looks at the clock.
const STEPS_PER_LOOK: i32 = 4_000;

/// A connection with its budget.
pub(crate) struct Lite {
    pub connection: Connection,
    pub budget: Budget,
}

impl Lite {
    /// The one connection that writes.
    pub fn writer(path: &Path) -> Result<Lite, OpenError> {
        let shown = path.display();
        let failed = |e: rusqlite::Error| OpenError::new(format!("The database {shown} cannot be opened: {e}."));
        let connection = Connection::open(path).map_err(failed)?;
        let setup = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 8000; \
                     PRAGMA busy_timeout = 5000; PRAGMA cache_size = -65536; PRAGMA temp_store = MEMORY; \
                     PRAGMA trusted_schema = OFF;";
        connection.execute_batch(setup).map_err(failed)?;
        Lite::finish(connection).map_err(failed)
    }

    /// A connection that only reads.
    pub fn reader(path: &Path) -> Result<Lite, OpenError> {
        let failed =
            |e: rusqlite::Error| OpenError::new(format!("The database {} cannot be read: {e}.", path.display()));
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags).map_err(failed)?;
        let setup = "PRAGMA query_only = ON; PRAGMA busy_timeout = 5000; PRAGMA cache_size = -16384; \
                     PRAGMA temp_store = MEMORY; PRAGMA trusted_schema = OFF;";
        connection.execute_batch(setup).map_err(failed)?;
        Lite::finish(connection).map_err(failed)
    }

    fn finish(mut connection: Connection) -> rusqlite::Result<Lite> {
        connection.set_prepared_statement_cache_capacity(CACHED_STATEMENTS);
        // A plan does not depend on the values bound: else a database with statistics plans anew for each of them.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        let budget = Budget::new();
        let looked = budget.clone();
        connection.progress_handler(STEPS_PER_LOOK, Some(move || looked.is_over()))?;
        Ok(Lite { connection, budget })
    }

    /// Runs a statement that answers nothing; returns the number of rows it touched.
    pub fn execute(&mut self, sql: &str, params: &[Cell]) -> Result<u64, Fault> {
        if self.budget.is_over() {
            return Err(Fault::Timeout);
        }
        self.with(sql, |statement| {
            bind(statement, params)?;
            statement.raw_execute().map(|n| n as u64).map_err(fault)
        })
    }

    /// Runs a statement that answers rows of these columns.
    pub fn query(&mut self, sql: &str, params: &[Cell], columns: &[Col]) -> Result<Vec<Vec<Cell>>, Fault> {
        if self.budget.is_over() {
            return Err(Fault::Timeout);
        }
        self.with(sql, |statement| {
            bind(statement, params)?;
            let mut rows = statement.raw_query();
            let mut out = Vec::new();
            while let Some(row) = rows.next().map_err(fault)? {
                let mut cells = Vec::with_capacity(columns.len());
                for (index, col) in columns.iter().enumerate() {
                    cells.push(read(row.get_ref(index).map_err(fault)?, *col)?);
                }
                out.push(cells);
            }
            Ok(out)
        })
    }

    /// Prepares a statement, or takes it as it was prepared; one of many values is not kept.
    fn with<T>(
        &mut self,
        sql: &str,
        run: impl FnOnce(&mut CachedStatement<'_>) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let mut statement = self.connection.prepare_cached(&numbered(sql)).map_err(fault)?;
        let result = run(&mut statement);
        if sql.len() > KEPT_TEXT {
            statement.discard();
        }
        result
    }
}

/// `$1` as SQLite numbers it: `?1`. No statement of the store has a dollar sign elsewhere.
pub(crate) fn numbered(sql: &str) -> Cow<'_, str> {
    if sql.contains('$') { Cow::Owned(sql.replace('$', "?")) } else { Cow::Borrowed(sql) }
}

fn bind(statement: &mut CachedStatement<'_>, params: &[Cell]) -> Result<(), Fault> {
    for (index, cell) in params.iter().enumerate() {
        statement.raw_bind_parameter(index + 1, cell).map_err(fault)?;
    }
    Ok(())
}

impl ToSql for Cell {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self {
            Cell::Null => ToSqlOutput::Owned(Value::Null),
            Cell::Int(i) => ToSqlOutput::Owned(Value::Integer(*i)),
            Cell::Bool(b) => ToSqlOutput::Owned(Value::Integer(i64::from(*b))),
            Cell::Text(t) => ToSqlOutput::Borrowed(ValueRef::Text(t.as_bytes())),
            Cell::Id(id) => ToSqlOutput::Borrowed(ValueRef::Blob(id.bytes())),
            Cell::Date(date) => ToSqlOutput::Owned(Value::Text(date.to_string())),
            Cell::Instant(at) => ToSqlOutput::Owned(Value::Integer(at.micros())),
            Cell::Bytes(b) => ToSqlOutput::Borrowed(ValueRef::Blob(b)),
        })
    }
}

fn read(value: ValueRef<'_>, col: Col) -> Result<Cell, Fault> {
    let wrong = || Fault::Other(format!("a column holds {:?} where {col:?} was expected", value.data_type()));
    Ok(match (col, value) {
        (_, ValueRef::Null) => Cell::Null,
        (Col::Int, ValueRef::Integer(i)) => Cell::Int(i),
        (Col::Bool, ValueRef::Integer(i)) => Cell::Bool(i != 0),
        (Col::Instant, ValueRef::Integer(i)) => Cell::Instant(paas_types::Instant::from_micros(i)),
        (Col::Text, ValueRef::Text(t)) => Cell::Text(String::from_utf8(t.to_vec()).map_err(|_| wrong())?),
        (Col::Date, ValueRef::Text(t)) => {
            let date = std::str::from_utf8(t).ok().and_then(|t| t.parse().ok());
            Cell::Date(date.ok_or_else(wrong)?)
        }
        (Col::Id, ValueRef::Blob(b)) => Cell::Id(Id::from_slice(b).map_err(|_| wrong())?),
        (Col::Bytes, ValueRef::Blob(b)) => Cell::Bytes(b.to_vec()),
        _ => return Err(wrong()),
    })
}

/// What SQLite's error means.
pub(crate) fn fault(error: rusqlite::Error) -> Fault {
    let rusqlite::Error::SqliteFailure(code, message) = &error else {
        return Fault::Other(error.to_string());
    };
    let message = message.clone().unwrap_or_default();
    match code.code {
        ErrorCode::OperationInterrupted => Fault::Timeout,
        ErrorCode::DatabaseBusy
        | ErrorCode::DatabaseLocked
        | ErrorCode::DiskFull
        | ErrorCode::SystemIoFailure
        | ErrorCode::CannotOpen => Fault::Lost(error.to_string()),
        ErrorCode::ConstraintViolation => match message.split_once(" constraint failed: ") {
            Some(("UNIQUE", columns)) => Fault::Unique(
                columns
                    .split(", ")
                    .filter_map(|c| c.rsplit('.').next())
                    .filter(|c| *c != "tenant")
                    .map(str::to_owned)
                    .collect(),
            ),
            _ if message.starts_with("FOREIGN KEY") => Fault::Foreign(None),
            _ => Fault::Other(message),
        },
        _ => Fault::Other(error.to_string()),
    }
}
