//! The other side: the same SQL and values by one thread, prepared, on a copy of the same database.

use paas_store::Step;
use rusqlite::{Connection, OpenFlags, params_from_iter};
use std::path::Path;
use std::time::Instant;

/// What a replay took.
#[derive(Clone, Copy, Debug, Default)]
pub struct Replay {
    /// Jobs per second.
    pub rate: f64,
    /// Processor time per job, microseconds.
    pub cpu_us: f64,
}

/// Statements of the writer, in transactions of `per_commit` jobs, with the writer's own pragmas.
pub fn writes(db: &Path, steps: &[Step], per_commit: u64) -> Result<Replay, String> {
    let connection = Connection::open(db).map_err(|e| e.to_string())?;
    connection.set_prepared_statement_cache_capacity(512);
    let setup = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 8000; \
                 PRAGMA cache_size = -65536; PRAGMA temp_store = MEMORY; PRAGMA foreign_keys = ON;";
    connection.execute_batch(setup).map_err(|e| e.to_string())?;
    stable(&connection)?;
    let control = |sql: &str| connection.execute_batch(sql).map_err(|e| e.to_string());
    timed(|| {
        let mut jobs = 0;
        control("BEGIN IMMEDIATE")?;
        for step in steps {
            match step {
                Step::Job { writes: true } => {
                    if jobs > 0 && jobs % per_commit == 0 {
                        control("COMMIT; BEGIN IMMEDIATE")?;
                    }
                    jobs += 1;
                }
                Step::Statement { writes: true, sql, params } => play(&connection, sql, params)?,
                _ => {}
            }
        }
        control("COMMIT")?;
        Ok(jobs)
    })
}

/// Statements of snapshots, each job in a transaction of its own.
pub fn reads(db: &Path, steps: &[Step]) -> Result<Replay, String> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(db, flags).map_err(|e| e.to_string())?;
    connection.set_prepared_statement_cache_capacity(512);
    connection.execute_batch("PRAGMA cache_size = -16384; PRAGMA temp_store = MEMORY;").map_err(|e| e.to_string())?;
    stable(&connection)?;
    timed(|| {
        let mut jobs = 0;
        for step in steps {
            match step {
                Step::Job { writes: false } => jobs += 1,
                Step::Statement { writes: false, sql, params } => play(&connection, sql, params)?,
                _ => {}
            }
        }
        Ok(jobs)
    })
}

/// As the store has it: plans do not depend on the values bound.
fn stable(connection: &Connection) -> Result<(), String> {
    let on = connection.set_db_config(rusqlite::config::DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true);
    on.map(|_| ()).map_err(|e| e.to_string())
}

fn timed(work: impl FnOnce() -> Result<u64, String>) -> Result<Replay, String> {
    let (begun, cpu) = (Instant::now(), crate::usage::this_thread());
    let jobs = work()? as f64;
    let cpu_us = (crate::usage::this_thread() - cpu) as f64 / 1000.0 / jobs;
    Ok(Replay { rate: jobs / begun.elapsed().as_secs_f64(), cpu_us })
}

/// Runs one statement and reads every value of every row.
fn play(connection: &Connection, sql: &str, params: &[paas_store::Cell]) -> Result<(), String> {
    let failed = |e: rusqlite::Error| format!("{sql}: {e}");
    let mut statement = connection.prepare_cached(sql).map_err(failed)?;
    let columns = statement.column_count();
    let mut rows = statement.query(params_from_iter(params)).map_err(failed)?;
    while let Some(row) = rows.next().map_err(failed)? {
        for column in 0..columns {
            std::hint::black_box(row.get_ref(column).map_err(failed)?);
        }
    }
    Ok(())
}

/// The steps with `?1` for `$1`, so that nothing but the database is timed.
pub fn numbered(steps: Vec<Step>) -> Vec<Step> {
    let number = |step| match step {
        Step::Statement { writes, sql, params } => {
            Step::Statement { writes, sql: sql.replace('$', "?").into(), params }
        }
        job => job,
    };
    steps.into_iter().map(number).collect()
}
