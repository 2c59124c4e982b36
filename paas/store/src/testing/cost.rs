//! What a question costs the database, in rows.

use super::Place;
use crate::api::Target;
use crate::pg::Pg;
use crate::pg::server::{Role, Server};
use crate::{Cell, Col};
use paas_auth::MasterKey;
use rusqlite::StatementStatus;
use std::sync::Arc;

/// Steps of SQLite's machine that a row takes which is only looked at and passed by: the fewest a row can take.
const STEPS: u64 = 4;

/// What a question visited and answered.
#[derive(Clone, Debug, Default)]
pub struct Cost {
    /// On SQLite the steps of its machine by four, the fewest a row takes; on PostgreSQL the rows that the scans of the plan gave on, and those
    /// that any node threw away.
    pub visited: u64,
    /// Rows answered; of a count, the rows counted.
    pub returned: u64,
    /// How the database goes about it.
    pub plan: String,
}

/// Asks the questions of a cell again, beside the store.
pub struct Meter {
    place: Asked,
}

enum Asked {
    Lite(rusqlite::Connection),
    Pg(Box<Pg>),
}

impl std::fmt::Debug for Meter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Meter")
    }
}

impl Meter {
    /// For the database of a cell, as the program itself signs in to it.
    pub fn new(place: &Place, cell: &str, master: &MasterKey) -> Result<Meter, String> {
        let place = match place.target() {
            Target::Lite { dir } => {
                let connection = rusqlite::Connection::open(dir.join(format!("{cell}.db")));
                let connection = connection.map_err(|e| e.to_string())?;
                let setup = "PRAGMA query_only = ON; PRAGMA busy_timeout = 20000; PRAGMA temp_store = MEMORY";
                connection.execute_batch(setup).map_err(|e| e.to_string())?;
                Asked::Lite(connection)
            }
            Target::Pg { url, prefix, .. } => {
                let server = Server::new(url, prefix, cell).map_err(|e| e.to_string())?;
                let pg = Pg::new(server.as_role(Role::App, master), Arc::default());
                Asked::Pg(Box::new(pg.map_err(|fault| format!("{fault:?}"))?))
            }
        };
        Ok(Meter { place })
    }

    /// The cost of a statement as the tape has it. Blocks.
    pub fn cost(&mut self, sql: &str, params: &[Cell]) -> Result<Cost, String> {
        match &mut self.place {
            Asked::Lite(connection) => lite_cost(connection, sql, params).map_err(|e| format!("{e}: {sql}")),
            Asked::Pg(pg) => pg_cost(pg, sql, params).map_err(|e| format!("{e}: {sql}")),
        }
    }
}

fn is_count(sql: &str) -> bool {
    sql.starts_with("SELECT COUNT(*)")
}

fn lite_cost(connection: &rusqlite::Connection, sql: &str, params: &[Cell]) -> rusqlite::Result<Cost> {
    let sql = sql.replace('$', "?");
    let mut statement = connection.prepare(&sql)?;
    let mut cost = Cost::default();
    let mut rows = statement.query(rusqlite::params_from_iter(params))?;
    while let Some(row) = rows.next()? {
        cost.returned += if is_count(&sql) { u64::try_from(row.get::<_, i64>(0)?).unwrap_or_default() } else { 1 };
    }
    drop(rows);
    cost.visited = u64::try_from(statement.get_status(StatementStatus::VmStep)).unwrap_or_default() / STEPS;
    let mut explain = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}"))?;
    let mut rows = explain.query(rusqlite::params_from_iter(params))?;
    while let Some(row) = rows.next()? {
        cost.plan.push_str(&format!("{}; ", row.get::<_, String>(3)?));
    }
    Ok(cost)
}

fn pg_cost(pg: &mut Pg, sql: &str, params: &[Cell]) -> Result<Cost, String> {
    let failed = |missed: crate::pg::Missed| format!("{:?}", missed.fault);
    let tenant = params.first().map_or(0, Cell::as_int);
    let begin = format!("BEGIN READ ONLY; SELECT set_config('app.tenant', '{tenant}', true)");
    pg.begin(begin).map_err(|fault| format!("{fault:?}"))?;
    let mut cost = Cost::default();
    if is_count(sql) {
        let rows = pg.query(sql, params, &[Col::Int]).map_err(failed)?;
        let counted = rows.first().and_then(|row| row.first()).map_or(0, Cell::as_int);
        cost.returned = u64::try_from(counted).unwrap_or_default();
    }
    let explain = format!("EXPLAIN (ANALYZE, TIMING OFF, COSTS OFF, SUMMARY OFF, FORMAT YAML) {sql}");
    let text = pg.query(&explain, params, &[Col::Text]).map_err(failed)?;
    pg.roll_back();
    for line in text.into_iter().flatten().filter_map(Cell::into_text) {
        cost.plan.push_str(&line);
    }
    let (visited, returned) = rows_of(&cost.plan);
    cost.visited = visited;
    if !is_count(sql) {
        cost.returned = returned;
    }
    Ok(cost)
}

/// The rows that a plan visited, and those that its top answered.
fn rows_of(plan: &str) -> (u64, u64) {
    let (mut visited, mut top, mut rows, mut loops, mut scans) = (0.0, None, 0.0, 1.0, false);
    for line in plan.lines() {
        let Some((name, value)) = line.trim().trim_start_matches("- ").split_once(": ") else { continue };
        if name == "Node Type" {
            scans = value.contains("Scan") && !value.contains("Subquery");
        }
        let Ok(number) = value.trim().parse::<f64>() else { continue };
        match name {
            "Actual Rows" => rows = number,
            "Actual Loops" => {
                loops = number;
                visited += if scans { rows * loops } else { 0.0 };
                top.get_or_insert(rows * loops);
            }
            removed if removed.starts_with("Rows Removed by") => visited += number * loops,
            _ => {}
        }
    }
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // numbers of rows
    let whole = |number: f64| number.max(0.0) as u64;
    (whole(visited), whole(top.unwrap_or(0.0)))
}

#[cfg(test)]
mod tests {
    use super::rows_of;

    #[test]
    fn rows_thrown_away_are_visited_and_loops_multiply() {
        let plan = "- Plan: \n    Node Type: \"Limit\"\n    Actual Rows: 3\n    Actual Loops: 1\n    Plans: \n      \
            - Node Type: \"Seq Scan\"\n        Actual Rows: 3\n        Actual Loops: 2\n        Rows Removed by Filter: 40";
        assert_eq!(rows_of(plan), (6 + 80, 3));
    }
}
