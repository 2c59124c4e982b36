//! Values on the wire to PostgreSQL, and what its errors mean.

use crate::cell::{Cell, Col, Fault};
use crate::pg::constraints::Constraints;
use bytes::BytesMut;
use paas_types::{Code, Date, Id, Instant, Refusal};
use postgres_protocol::types as wire;
use std::error::Error;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};

type Unfit = Box<dyn Error + Sync + Send>;

/// Days from 1970-01-01 to 2000-01-01, where PostgreSQL begins to count.
const EPOCH_DAYS: i32 = 10_957;
/// The same in microseconds.
const EPOCH_MICROS: i64 = 946_684_800_000_000;

/// The type a parameter is declared with; nothing says nothing, so the statement decides.
pub(crate) fn type_of(cell: &Cell) -> Type {
    match cell {
        Cell::Null => Type::UNKNOWN,
        Cell::Int(_) => Type::INT8,
        Cell::Bool(_) => Type::BOOL,
        Cell::Text(_) => Type::TEXT,
        Cell::Id(_) => Type::UUID,
        Cell::Date(_) => Type::DATE,
        Cell::Instant(_) => Type::TIMESTAMPTZ,
        Cell::Bytes(_) => Type::BYTEA,
    }
}

impl ToSql for Cell {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Unfit> {
        match (self, ty) {
            (Cell::Null, _) => return Ok(IsNull::Yes),
            (Cell::Int(i), &Type::INT8) => wire::int8_to_sql(*i, out),
            (Cell::Int(i), &Type::INT4) => wire::int4_to_sql(i32::try_from(*i)?, out),
            (Cell::Bool(b), &Type::BOOL) => wire::bool_to_sql(*b, out),
            (Cell::Text(t), &Type::TEXT) => wire::text_to_sql(t, out),
            (Cell::Id(id), &Type::UUID) => wire::uuid_to_sql(*id.bytes(), out),
            (Cell::Date(date), &Type::DATE) => {
                wire::date_to_sql(date.epoch_days().checked_sub(EPOCH_DAYS).ok_or("a date too far away")?, out);
            }
            (Cell::Instant(at), &Type::TIMESTAMPTZ) => {
                let micros = at.micros().checked_sub(EPOCH_MICROS).ok_or("an instant too far away")?;
                wire::timestamp_to_sql(micros, out);
            }
            (Cell::Bytes(bytes), &Type::BYTEA) => wire::bytea_to_sql(bytes, out),
            _ => return Err(format!("a value of another kind where {ty} is expected").into()),
        }
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

impl<'a> FromSql<'a> for Cell {
    fn from_sql(ty: &Type, raw: &'a [u8]) -> Result<Cell, Unfit> {
        Ok(match *ty {
            Type::INT8 => Cell::Int(wire::int8_from_sql(raw)?),
            Type::INT4 => Cell::Int(i64::from(wire::int4_from_sql(raw)?)),
            Type::BOOL => Cell::Bool(wire::bool_from_sql(raw)?),
            Type::TEXT | Type::VARCHAR | Type::NAME => Cell::Text(wire::text_from_sql(raw)?.to_owned()),
            Type::UUID => Cell::Id(Id::from_bytes(wire::uuid_from_sql(raw)?)),
            Type::DATE => {
                let days = wire::date_from_sql(raw)?.checked_add(EPOCH_DAYS).ok_or("a date too far away")?;
                Cell::Date(Date::from_epoch_days(days))
            }
            Type::TIMESTAMPTZ => {
                let micros = wire::timestamp_from_sql(raw)?.checked_add(EPOCH_MICROS);
                Cell::Instant(Instant::from_micros(micros.ok_or("an instant too far away")?))
            }
            Type::BYTEA => Cell::Bytes(wire::bytea_from_sql(raw).to_vec()),
            Type::VOID => Cell::Null,
            _ => return Err(format!("a column of the type {ty}").into()),
        })
    }

    fn from_sql_null(_: &Type) -> Result<Cell, Unfit> {
        Ok(Cell::Null)
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

/// The cells of a row, each of the kind that was asked for.
pub(crate) fn cells(row: &tokio_postgres::Row, columns: &[Col]) -> Result<Vec<Cell>, Fault> {
    let mut out = Vec::with_capacity(columns.len());
    for (index, col) in columns.iter().enumerate() {
        let cell: Cell = row.try_get(index).map_err(|e| Fault::Other(format!("{e}: {:?}", e.source())))?;
        let fits = matches!(
            (col, &cell),
            (_, Cell::Null)
                | (Col::Int, Cell::Int(_))
                | (Col::Bool, Cell::Bool(_))
                | (Col::Text, Cell::Text(_))
                | (Col::Id, Cell::Id(_))
                | (Col::Date, Cell::Date(_))
                | (Col::Instant, Cell::Instant(_))
                | (Col::Bytes, Cell::Bytes(_))
        );
        if !fits {
            return Err(Fault::Other(format!("column {index} holds another kind than {col:?}")));
        }
        out.push(cell);
    }
    Ok(out)
}

/// What PostgreSQL's error means.
pub(crate) fn fault(error: &tokio_postgres::Error, constraints: &Constraints) -> Fault {
    let Some(told) = error.as_db_error() else {
        let text = error.source().map_or_else(|| error.to_string(), |source| format!("{error}: {source}"));
        // What is neither of the server nor of the connection is a value that could not be written or read.
        let io = error.is_closed() || error.source().is_some_and(<dyn Error + 'static>::is::<std::io::Error>);
        return if io { Fault::Lost(text) } else { Fault::Other(text) };
    };
    let text = format!("{} ({})", told.message(), told.code().code());
    let named = told.constraint().unwrap_or_default();
    match *told.code() {
        SqlState::UNIQUE_VIOLATION => Fault::Unique(constraints.unique(named)),
        SqlState::FOREIGN_KEY_VIOLATION => Fault::Foreign(constraints.foreign(named)),
        SqlState::QUERY_CANCELED => Fault::Timeout,
        SqlState::T_R_SERIALIZATION_FAILURE | SqlState::T_R_DEADLOCK_DETECTED | SqlState::LOCK_NOT_AVAILABLE => {
            Fault::Restart(text)
        }
        // A database that became a standby, or whose tables were migrated under a prepared statement: connect anew.
        SqlState::READ_ONLY_SQL_TRANSACTION | SqlState::FEATURE_NOT_SUPPORTED => Fault::Lost(text),
        // Text with a character that PostgreSQL cannot hold, e.g. in a filter.
        SqlState::CHARACTER_NOT_IN_REPERTOIRE | SqlState::UNTRANSLATABLE_CHARACTER => {
            Fault::Earlier(Refusal::new(Code::ValidationFailed).caused_by(text))
        }
        _ => match told.code().code().get(..2) {
            Some("08" | "53" | "57" | "58") => Fault::Lost(text),
            _ => Fault::Other(text),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        let at = Instant::from_micros(1_700_000_000_123_456);
        let day: Date = "1998-12-31".parse().unwrap();
        for (cell, ty) in [
            (Cell::Int(i64::MIN), Type::INT8),
            (Cell::Bool(true), Type::BOOL),
            (Cell::Text("北京".to_owned()), Type::TEXT),
            (Cell::Id(Id::fresh()), Type::UUID),
            (Cell::Date(day), Type::DATE),
            (Cell::Instant(at), Type::TIMESTAMPTZ),
            (Cell::Bytes(vec![0, 255]), Type::BYTEA),
        ] {
            let mut out = BytesMut::new();
            assert!(matches!(cell.to_sql(&ty, &mut out).unwrap(), IsNull::No));
            assert_eq!(Cell::from_sql(&ty, &out).unwrap(), cell);
            assert_eq!(type_of(&cell), ty);
            assert!(Cell::Text("x".to_owned()).to_sql(&Type::INT8, &mut out).is_err());
        }
        let mut out = BytesMut::new();
        Cell::Date("2000-01-02".parse().unwrap()).to_sql(&Type::DATE, &mut out).unwrap();
        assert_eq!(&*out, [0, 0, 0, 1], "PostgreSQL counts from the year 2000");
    }
}
