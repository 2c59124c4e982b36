//! From declarations to tables: creation, and the changes that lose nothing. What would lose data is refused with an
//! explanation, before anything is changed.

use crate::api::OpenError;
use crate::api::Schema;
use crate::cell::Fault;
use crate::ddl::{index, list, lite_table, lite_triggers, q};
use crate::lite::Lite;
use crate::tables::{Column, Table, tables_of};
use crate::{Cell, Col};
use std::collections::{BTreeMap, BTreeSet};

/// What `schema_field` remembers of a column.
pub(crate) struct Old {
    pub note: String,
    pub kind: String,
    pub nullable: bool,
}

pub(crate) type OldTables = BTreeMap<String, BTreeMap<String, Old>>;

/// Brings a SQLite database to the schema, in one transaction.
pub(crate) fn migrate_lite(lite: &mut Lite, schema: &Schema) -> Result<(), OpenError> {
    run(lite, "PRAGMA foreign_keys = OFF")?;
    run(lite, "BEGIN IMMEDIATE")?;
    let result = migrate(lite, schema).and_then(|()| run(lite, "COMMIT"));
    if result.is_err() {
        let _ = lite.connection.execute_batch("ROLLBACK");
    }
    run(lite, "PRAGMA foreign_keys = ON")?;
    result
}

/// What a migration needs of a database.
pub(crate) trait Database {
    /// Runs statements without values.
    fn run(&mut self, sql: &str) -> Result<(), OpenError>;
    /// Runs a statement.
    fn execute(&mut self, sql: &str, params: &[Cell]) -> Result<u64, Fault>;
    /// Asks for rows.
    fn rows(&mut self, sql: &str, params: &[Cell], columns: &[Col]) -> Result<Vec<Vec<Cell>>, OpenError>;
    /// Drops an empty table.
    fn drop_table(&mut self, name: &str) -> Result<(), OpenError>;
}

impl Database for Lite {
    fn run(&mut self, sql: &str) -> Result<(), OpenError> {
        run(self, sql)
    }

    fn execute(&mut self, sql: &str, params: &[Cell]) -> Result<u64, Fault> {
        Lite::execute(self, sql, params)
    }

    fn rows(&mut self, sql: &str, params: &[Cell], columns: &[Col]) -> Result<Vec<Vec<Cell>>, OpenError> {
        rows(self, sql, params, columns)
    }

    fn drop_table(&mut self, name: &str) -> Result<(), OpenError> {
        run(self, &format!("DROP TABLE {}", q(name)))
    }
}

fn run(lite: &Lite, sql: &str) -> Result<(), OpenError> {
    lite.connection.execute_batch(sql).map_err(|e| OpenError::new(format!("The database refused “{sql}”: {e}.")))
}

fn rows(lite: &mut Lite, sql: &str, params: &[Cell], columns: &[Col]) -> Result<Vec<Vec<Cell>>, OpenError> {
    lite.query(sql, params, columns).map_err(|e| OpenError::new(format!("The database refused “{sql}”: {e:?}.")))
}

pub(crate) fn exists(db: &mut dyn Database, sql: &str) -> Result<bool, OpenError> {
    Ok(!db.rows(&format!("{sql} LIMIT 1"), &[], &[])?.is_empty())
}

fn migrate(lite: &mut Lite, schema: &Schema) -> Result<(), OpenError> {
    let tables = tables_of(schema, false);
    let present = existing_tables(lite)?;
    let old = if present.contains_key("schema_field") { remembered(lite)? } else { OldTables::new() };
    drop_undeclared(lite, &tables, &old)?;
    let mut rebuilt = false;
    for table in &tables {
        match present.get(&table.name) {
            None => run(lite, &lite_table(table, &table.name))?,
            Some(ddl) => {
                let known = old.get(&table.name);
                judge(lite, table, known)?;
                if *ddl != lite_table(table, &table.name) {
                    rebuild(lite, table, known)?;
                    rebuilt = true;
                }
            }
        }
        for trigger in lite_triggers(table) {
            run(lite, &trigger)?;
        }
        indexes(lite, table)?;
    }
    if rebuilt && exists(lite, "SELECT 1 FROM pragma_foreign_key_check")? {
        return Err(OpenError::new(
            "Some records refer to records that do not exist; the change of tables was not made.",
        ));
    }
    remember(lite, &tables)?;
    epoch(lite)
}

fn existing_tables(lite: &mut Lite) -> Result<BTreeMap<String, String>, OpenError> {
    let sql = "SELECT name, sql FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'";
    let mut out = BTreeMap::new();
    for row in rows(lite, sql, &[], &[Col::Text, Col::Text])? {
        let mut cells = row.into_iter();
        if let (Some(Cell::Text(name)), Some(Cell::Text(sql))) = (cells.next(), cells.next()) {
            out.insert(name, sql);
        }
    }
    Ok(out)
}

pub(crate) fn remembered(db: &mut dyn Database) -> Result<OldTables, OpenError> {
    let sql = "SELECT table_name, column_name, kind, note, nullable FROM schema_field";
    let mut out = OldTables::new();
    for row in db.rows(sql, &[], &[Col::Text, Col::Text, Col::Text, Col::Text, Col::Bool])? {
        if let [Cell::Text(table), Cell::Text(column), Cell::Text(kind), Cell::Text(note), nullable] = row.as_slice() {
            let old = Old { note: note.clone(), kind: kind.clone(), nullable: nullable.as_int() != 0 };
            out.entry(table.clone()).or_default().insert(column.clone(), old);
        }
    }
    Ok(out)
}

pub(crate) fn remember(db: &mut dyn Database, tables: &[Table]) -> Result<(), OpenError> {
    db.run("DELETE FROM schema_field")?;
    for table in tables {
        for column in &table.columns {
            let params = [
                Cell::Text(table.name.clone()),
                Cell::Text(column.name.clone()),
                Cell::Text(format!("{:?}", column.col)),
                Cell::Text(column.note.clone()),
                Cell::Bool(column.nullable),
            ];
            db.execute("INSERT INTO schema_field VALUES ($1, $2, $3, $4, $5)", &params)
                .map_err(|e| OpenError::new(format!("The schema could not be noted: {e:?}.")))?;
        }
    }
    Ok(())
}

pub(crate) fn drop_undeclared(db: &mut dyn Database, tables: &[Table], old: &OldTables) -> Result<(), OpenError> {
    for name in old.keys().filter(|name| !tables.iter().any(|t| t.name == **name)) {
        if exists(db, &format!("SELECT 1 FROM {}", q(name)))? {
            return Err(OpenError::new(format!(
                "The table {name} holds records but is no longer declared; declare it again, or export and delete its records."
            )));
        }
        db.drop_table(name)?;
    }
    Ok(())
}

/// Refuses what would lose or reinterpret data.
pub(crate) fn judge(
    db: &mut dyn Database,
    table: &Table,
    old: Option<&BTreeMap<String, Old>>,
) -> Result<(), OpenError> {
    let Some(old) = old else { return Ok(()) };
    let (t, name) = (q(&table.name), &table.name);
    for gone in old.keys().filter(|c| !table.columns.iter().any(|n| n.name == **c)) {
        if exists(db, &format!("SELECT 1 FROM {t} WHERE {} IS NOT NULL", q(gone)))? {
            return Err(OpenError::new(format!(
                "The field {name}.{gone} holds values but is no longer declared; declare it again, or clear it first."
            )));
        }
    }
    for column in &table.columns {
        match old.get(&column.name) {
            None if column.nullable || column.fill.is_some() => {}
            None => {
                if exists(db, &format!("SELECT 1 FROM {t}"))? {
                    return Err(OpenError::new(format!(
                        "The new field {name}.{} must not be empty, but the table has records; make it an Option or give it a default.",
                        column.name
                    )));
                }
            }
            Some(old) => judge_column(db, table, column, old)?,
        }
    }
    Ok(())
}

fn judge_column(db: &mut dyn Database, table: &Table, column: &Column, old: &Old) -> Result<(), OpenError> {
    let (t, c, shown) = (q(&table.name), q(&column.name), format!("{}.{}", table.name, column.name));
    if old.nullable
        && !column.nullable
        && column.fill.is_none()
        && exists(db, &format!("SELECT 1 FROM {t} WHERE {c} IS NULL"))?
    {
        return Err(OpenError::new(format!("The field {shown} is now required, but records leave it empty.")));
    }
    if old.note == column.note && old.kind == format!("{:?}", column.col) {
        return Ok(());
    }
    let changed = |to: &str| {
        OpenError::new(format!("The field {shown} changed from {} to {to}, which its values do not survive.", old.note))
    };
    if exists(db, &format!("SELECT 1 FROM {t} WHERE {c} IS NOT NULL"))? {
        match (parts(&old.note), parts(&column.note)) {
            (("text", _), ("text", max)) => {
                let long = format!("SELECT 1 FROM {t} WHERE length({c}) > {}", max.parse::<u32>().unwrap_or(u32::MAX));
                if exists(db, &long)? {
                    return Err(changed(&column.note));
                }
            }
            (("choice" | "text", _), ("choice", choices)) => {
                let known: BTreeSet<&str> = choices.split(',').collect();
                let sql = format!("SELECT DISTINCT {c} FROM {t} WHERE {c} IS NOT NULL");
                for row in db.rows(&sql, &[], &[Col::Text])? {
                    if let Some(Cell::Text(value)) = row.first()
                        && !known.contains(value.as_str())
                    {
                        return Err(OpenError::new(format!(
                            "Records have “{value}” in {shown}, which is no longer declared."
                        )));
                    }
                }
            }
            (("choice", _), ("text", _)) => {}
            _ => return Err(changed(&column.note)),
        }
    }
    Ok(())
}

fn parts(note: &str) -> (&str, &str) {
    note.split_once('(').map_or((note, ""), |(kind, rest)| (kind, rest.trim_end_matches(')')))
}

/// Makes the table anew beside the old one, copies, and takes its place.
fn rebuild(lite: &mut Lite, table: &Table, old: Option<&BTreeMap<String, Old>>) -> Result<(), OpenError> {
    let fresh = format!("{}__new", table.name);
    run(lite, &lite_table(table, &fresh))?;
    let (mut into, mut from) = (Vec::new(), Vec::new());
    for column in &table.columns {
        let was = old.and_then(|o| o.get(&column.name));
        match (was, &column.fill) {
            (Some(was), Some(fill)) if was.nullable && !column.nullable => {
                from.push(format!("COALESCE({}, {fill})", q(&column.name)));
            }
            (Some(_), _) => from.push(q(&column.name)),
            (None, Some(fill)) if !column.nullable => from.push(fill.clone()),
            (None, _) if column.nullable => continue,
            (None, _) => {
                // The table is empty (see `judge`): nothing is copied.
                from.push("NULL".to_owned());
            }
        }
        into.push(column.name.as_str());
    }
    let copy = format!("INSERT INTO {} ({}) SELECT {} FROM {}", q(&fresh), list(into), from.join(", "), q(&table.name));
    run(lite, &copy)?;
    run(lite, &format!("DROP TABLE {}", q(&table.name)))?;
    run(lite, "PRAGMA legacy_alter_table = ON")?;
    run(lite, &format!("ALTER TABLE {} RENAME TO {}", q(&fresh), q(&table.name)))?;
    run(lite, "PRAGMA legacy_alter_table = OFF")
}

fn indexes(lite: &mut Lite, table: &Table) -> Result<(), OpenError> {
    let sql = "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = $1 AND sql IS NOT NULL";
    let mut present: BTreeMap<String, String> = BTreeMap::new();
    for row in rows(lite, sql, &[Cell::Text(table.name.clone())], &[Col::Text, Col::Text])? {
        if let [Cell::Text(name), Cell::Text(sql)] = row.as_slice() {
            present.insert(name.clone(), sql.clone());
        }
    }
    for name in present.keys().filter(|n| !table.indexes.iter().any(|i| i.name == **n)) {
        run(lite, &format!("DROP INDEX {}", q(name)))?;
    }
    for wanted in table.indexes.iter().filter(|i| !present.contains_key(&i.name)) {
        match lite.execute(&index(table, wanted), &[]) {
            Ok(_) => {}
            Err(Fault::Unique(_)) => {
                return Err(OpenError::new(format!(
                    "{} is now unique over ({}), but records repeat it; change them first.",
                    table.name,
                    wanted.columns.join(", ")
                )));
            }
            Err(fault) => {
                return Err(OpenError::new(format!("The index {} could not be made: {fault:?}.", wanted.name)));
            }
        }
    }
    Ok(())
}

/// The database's epoch: changes when it is restored from a backup, so that consumers of its events notice.
pub(crate) fn epoch(db: &mut dyn Database) -> Result<(), OpenError> {
    let params = [Cell::Text(paas_types::Id::fresh().to_string())];
    db.execute("INSERT INTO store_meta VALUES ('epoch', $1) ON CONFLICT DO NOTHING", &params)
        .map(|_| ())
        .map_err(|e| OpenError::new(format!("The epoch could not be noted: {e:?}.")))
}
