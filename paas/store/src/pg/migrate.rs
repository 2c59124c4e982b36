//! `superpaas migrate`: makes the database, the roles and the tables of a cell, and brings them to what is declared. The
//! administrator of the URL makes; the owner role has; the program itself later signs in as neither.

use super::constraints::{Constraints, foreign_name, short};
use super::ddl::{self, Names};
use super::server::{Role, Server, Way};
use super::{ConnectError, Missed, Pg, locks};
use crate::api::{OpenError, Schema};
use crate::cell::Fault;
use crate::ddl::q;
use crate::migrate::{Database, Old, OldTables, drop_undeclared, epoch, exists, judge, remember, remembered};
use crate::tables::{Table, tables_of};
use crate::{Cell, Col};
use paas_auth::MasterKey;
use postgres_protocol::password::scram_sha_256;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The oldest server that has what is used here.
const OLDEST: i64 = 150_000;

type Result<T, E = OpenError> = std::result::Result<T, E>;

/// Brings the database of a cell to its schema.
pub(crate) fn migrate(server: &Server, schema: &Schema, master: &MasterKey) -> Result<()> {
    let tables = tables_of(schema, true);
    let constraints = Arc::new(Constraints::of(&tables));
    let mut admin = connect(server.as_admin(), &constraints)?;
    let version = number(&mut admin, "SELECT current_setting('server_version_num')::bigint", &[])?;
    if version < OLDEST {
        return Err(OpenError::new("The database server is too old; PostgreSQL 15 or newer is needed."));
    }
    // Two migrations do not race; the lock ends with the connection.
    let turn = Cell::Int(locks::advisory(&[b"migrate", server.database().as_bytes()]));
    admin.rows("SELECT pg_advisory_lock($1)", &[turn], &[])?;
    make_roles(&mut admin, server)?;
    make_database(&mut admin, server)?;
    let mut inside = connect(server.as_admin_inside(), &constraints)?;
    let owner = q(&server.role(Role::Owner));
    inside.begin(format!("BEGIN; SET LOCAL ROLE {owner}")).map_err(|fault| refused("BEGIN", fault))?;
    make_tables(&mut inside, server, &tables)?;
    inside.run("ALTER TABLE tenant NO FORCE ROW LEVEL SECURITY")?;
    fits(&mut inside, master)?;
    inside.run("ALTER TABLE tenant FORCE ROW LEVEL SECURITY")?;
    inside.commit().map_err(|missed| refused("COMMIT", missed.fault))?;
    open_roles(&mut admin, server, master)
}

fn connect(way: Way, constraints: &Arc<Constraints>) -> Result<Pg> {
    let mut pg = Pg::new(way, Arc::clone(constraints)).map_err(|fault| refused("connect", fault))?;
    pg.connect().map_err(|error| unreachable(&error))?;
    Ok(pg)
}

/// The sentence for a server that cannot be reached.
pub(crate) fn unreachable(error: &ConnectError) -> OpenError {
    OpenError::new(format!("The database server cannot be reached or refuses: {error}."))
}

fn refused(what: &str, fault: Fault) -> OpenError {
    let told = match fault {
        Fault::Lost(text) | Fault::Other(text) | Fault::Restart(text) => text,
        other => format!("{other:?}"),
    };
    let shown: String = what.chars().take(200).collect();
    OpenError::new(format!("The database refused “{shown}”: {told}."))
}

impl Database for Pg {
    fn run(&mut self, sql: &str) -> Result<()> {
        self.batch(sql).map_err(|missed| refused(sql, missed.fault))
    }

    fn execute(&mut self, sql: &str, params: &[Cell]) -> Result<u64, Fault> {
        Pg::execute(self, sql, params).map_err(|missed| missed.fault)
    }

    fn rows(&mut self, sql: &str, params: &[Cell], columns: &[Col]) -> Result<Vec<Vec<Cell>>> {
        self.query(sql, params, columns).map_err(|missed| refused(sql, missed.fault))
    }

    fn drop_table(&mut self, name: &str) -> Result<()> {
        // References to it come from fields that are no longer declared either, or lead nowhere.
        self.run(&format!("DROP TABLE {} CASCADE", q(name)))
    }
}

fn number(pg: &mut Pg, sql: &str, params: &[Cell]) -> Result<i64> {
    let rows = pg.rows(sql, params, &[Col::Int])?;
    Ok(rows.first().and_then(|row| row.first()).map_or(0, Cell::as_int))
}

fn make_roles(admin: &mut Pg, server: &Server) -> Result<()> {
    for role in [Role::Owner, Role::App, Role::Log] {
        let name = server.role(role);
        let known = Cell::Text(name.clone());
        let found = admin.rows(
            "SELECT rolsuper OR rolbypassrls OR rolcreaterole FROM pg_roles WHERE rolname = $1",
            &[known],
            &[Col::Bool],
        )?;
        match found.first().and_then(|row| row.first()) {
            Some(Cell::Bool(true)) => {
                return Err(OpenError::new(format!(
                    "The role {name} has rights that go past row level security; take them from it, or choose another prefix."
                )));
            }
            Some(_) => {}
            None => admin
                .run(&format!("CREATE ROLE {} NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE", q(&name)))
                .map_err(|error| {
                    OpenError::new(format!("{error} The role of the database URL must be able to create roles."))
                })?,
        }
    }
    admin.run(&format!("GRANT {} TO CURRENT_USER", q(&server.role(Role::Owner))))
}

/// Lets the roles of the program sign in. The server only ever sees what proves the password.
fn open_roles(admin: &mut Pg, server: &Server, master: &MasterKey) -> Result<()> {
    for role in [Role::App, Role::Log] {
        let proof = scram_sha_256(server.password(role, master).expose().as_bytes());
        let sql = format!("ALTER ROLE {} LOGIN PASSWORD '{proof}'", q(&server.role(role)));
        admin.batch(&sql).map_err(|missed| refused("ALTER ROLE", missed.fault))?;
    }
    Ok(())
}

/// Whether the key opens what is there; passwords of another key would only shut the program out.
fn fits(pg: &mut Pg, master: &MasterKey) -> Result<()> {
    let rows = pg.rows("SELECT data_key FROM tenant LIMIT 1", &[], &[Col::Bytes])?;
    match rows.into_iter().flatten().next() {
        Some(Cell::Bytes(wrapped)) if master.unwrap(&wrapped).is_err() => {
            Err(OpenError::new("The master key is not the one of the data in this database; nothing was changed."))
        }
        _ => Ok(()),
    }
}

fn make_database(admin: &mut Pg, server: &Server) -> Result<()> {
    let name = server.database();
    let sql = "SELECT datcollate::text, pg_encoding_to_char(encoding)::text FROM pg_database WHERE datname = $1";
    let found = admin.rows(sql, &[Cell::Text(name.clone())], &[Col::Text, Col::Text])?;
    match found.first().map(Vec::as_slice) {
        None => {
            // Text sorts by its bytes, as it does in SQLite.
            let make = format!(
                "CREATE DATABASE {} OWNER {} TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'",
                q(&name),
                q(&server.role(Role::Owner))
            );
            admin.run(&make).map_err(|error| {
                OpenError::new(format!("{error} The role of the database URL must be able to create databases."))
            })
        }
        Some([Cell::Text(collation), Cell::Text(encoding)]) if collation == "C" && encoding == "UTF8" => Ok(()),
        Some(_) => Err(OpenError::new(format!(
            "The database {name} was made with another collation or encoding than C and UTF8; make it with superpaas migrate."
        ))),
    }
}

fn make_tables(pg: &mut Pg, server: &Server, tables: &[Table]) -> Result<()> {
    let names = Names { app: q(&server.role(Role::App)), log: q(&server.role(Role::Log)) };
    pg.run(&format!(
        "REVOKE ALL ON DATABASE {db} FROM PUBLIC; GRANT CONNECT ON DATABASE {db} TO {app}, {log}; \
         REVOKE ALL ON SCHEMA public FROM PUBLIC; GRANT USAGE ON SCHEMA public TO {app}, {log}",
        db = q(&server.database()),
        app = names.app,
        log = names.log
    ))?;
    let rows = pg.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'public'", &[], &[Col::Text])?;
    let present: BTreeSet<String> = rows.into_iter().flatten().filter_map(Cell::into_text).collect();
    // The owner sees all rows while it migrates; `guards` closes the tables again before the commit.
    for name in present.iter().filter(|name| !name.ends_with("_wait")) {
        pg.run(&format!("ALTER TABLE {} NO FORCE ROW LEVEL SECURITY", q(name)))?;
    }
    let old = if present.contains("schema_field") { remembered(pg)? } else { OldTables::new() };
    drop_undeclared(pg, tables, &old)?;
    for table in tables {
        if present.contains(&table.name) {
            let known = old.get(&table.name);
            judge(pg, table, known)?;
            change_columns(pg, table, known)?;
        } else {
            pg.run(&ddl::table(table))?;
        }
    }
    for table in tables {
        make_indexes(pg, table)?;
        make_references(pg, table)?;
    }
    pg.run(&ddl::fixed(&names))?;
    let guards: String = tables.iter().map(|table| ddl::guards(table, &names)).collect();
    pg.run(&guards)?;
    remember(pg, tables)?;
    epoch(pg)
}

/// Brings the columns of a table to what is declared; `judge` has seen to it that nothing is lost.
fn change_columns(pg: &mut Pg, table: &Table, old: Option<&BTreeMap<String, Old>>) -> Result<()> {
    let Some(old) = old else { return Ok(()) };
    let t = q(&table.name);
    for gone in old.keys().filter(|name| !table.columns.iter().any(|c| c.name == **name)) {
        pg.run(&format!("ALTER TABLE {t} DROP COLUMN {}", q(gone)))?;
    }
    for column in &table.columns {
        let Some(was) = old.get(&column.name) else {
            for sql in ddl::new_column(table, column) {
                pg.run(&sql)?;
            }
            continue;
        };
        let alter = |what: String| format!("ALTER TABLE {t} ALTER COLUMN {} {what}", q(&column.name));
        if was.kind != format!("{:?}", column.col) {
            // No row has a value.
            let kind = ddl::type_name(column.col);
            pg.run(&alter(format!("TYPE {kind} USING NULL::{kind}")))?;
        }
        match (was.nullable, column.nullable) {
            (false, true) => pg.run(&alter("DROP NOT NULL".to_owned()))?,
            (true, false) => {
                if let Some(fill) = &column.fill {
                    let quiet = table.append_only;
                    if quiet {
                        pg.run(&format!("ALTER TABLE {t} DISABLE TRIGGER USER"))?;
                    }
                    let c = q(&column.name);
                    pg.run(&format!("UPDATE {t} SET {c} = {fill} WHERE {c} IS NULL"))?;
                    if quiet {
                        pg.run(&format!("ALTER TABLE {t} ENABLE TRIGGER USER"))?;
                    }
                }
                pg.run(&alter("SET NOT NULL".to_owned()))?;
            }
            _ => {}
        }
    }
    Ok(())
}

fn names_of(pg: &mut Pg, sql: &str, table: &Table) -> Result<BTreeSet<String>> {
    let rows = pg.rows(sql, &[Cell::Text(table.name.clone())], &[Col::Text])?;
    Ok(rows.into_iter().flatten().filter_map(Cell::into_text).collect())
}

fn make_indexes(pg: &mut Pg, table: &Table) -> Result<()> {
    let sql = "SELECT c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid \
               WHERE i.indrelid = to_regclass('public.' || quote_ident($1)) AND NOT i.indisprimary";
    let present = names_of(pg, sql, table)?;
    let mut wanted = table.indexes.clone();
    if table.name == "idempotency" {
        // Old answers are found by their time; SQLite finds them by the order they came in.
        let name = "idempotency__tenant__at".to_owned();
        let columns = vec!["tenant".to_owned(), "at".to_owned()];
        wanted.push(crate::tables::Index { name, columns, unique: false });
    }
    for name in present.iter().filter(|n| !wanted.iter().any(|i| short(&i.name) == **n)) {
        pg.run(&format!("DROP INDEX {}", q(name)))?;
    }
    for index in wanted.iter().filter(|i| !present.contains(&short(&i.name))) {
        match pg.batch(&ddl::index(table, index)) {
            Ok(()) => {}
            Err(Missed { fault: Fault::Unique(_), .. }) => {
                return Err(OpenError::new(format!(
                    "{} is now unique over ({}), but records repeat it; change them first.",
                    table.name,
                    index.columns.join(", ")
                )));
            }
            Err(missed) => return Err(refused(&index.name, missed.fault)),
        }
    }
    Ok(())
}

fn make_references(pg: &mut Pg, table: &Table) -> Result<()> {
    let sql = "SELECT conname FROM pg_constraint \
               WHERE conrelid = to_regclass('public.' || quote_ident($1)) AND contype = 'f'";
    let present = names_of(pg, sql, table)?;
    let name = |column: &str| foreign_name(table, column);
    for gone in present.iter().filter(|n| !table.foreign.iter().any(|f| name(&f.column) == **n)) {
        pg.run(&format!("ALTER TABLE {} DROP CONSTRAINT {}", q(&table.name), q(gone)))?;
    }
    for foreign in table.foreign.iter().filter(|f| !present.contains(&name(&f.column))) {
        match pg.batch(&ddl::reference(table, foreign)) {
            Ok(()) => {}
            Err(Missed { fault: Fault::Foreign(_), .. }) => {
                return Err(OpenError::new(format!(
                    "Records of {} refer to records of {} that do not exist; the change of tables was not made.",
                    table.name, foreign.table
                )));
            }
            Err(missed) => return Err(refused(&table.name, missed.fault)),
        }
    }
    Ok(())
}

/// Whether the database is at the schema; else a sentence. Asked by the application's role.
pub(crate) fn check(pg: &mut Pg, server: &Server, tables: &[Table]) -> Result<()> {
    let not_ready = |why: String| {
        OpenError::new(format!("The database {} is not ready: {why}; run superpaas migrate.", server.database()))
    };
    match pg.connect() {
        Ok(()) => {}
        Err(ConnectError::Told(error)) if error.as_db_error().is_some_and(|e| is_unmade(e.code().code())) => {
            return Err(not_ready(ConnectError::Told(error).to_string()));
        }
        Err(error) => return Err(unreachable(&error)),
    }
    let found = remembered(pg).map_err(|error| not_ready(error.to_string()))?;
    let same = |table: &Table| {
        found.get(&table.name).is_some_and(|old| {
            old.len() == table.columns.len()
                && table.columns.iter().all(|c| {
                    old.get(&c.name).is_some_and(|o| {
                        o.note == c.note && o.nullable == c.nullable && o.kind == format!("{:?}", c.col)
                    })
                })
        })
    };
    match tables.iter().find(|table| !same(table)) {
        Some(table) => Err(not_ready(format!("the table {} is not as this program declares it", table.name))),
        None if exists(pg, "SELECT 1 FROM store_meta")? => Ok(()),
        None => Err(not_ready("it has no epoch".to_owned())),
    }
}

/// Whether the server says that database, role or password are not there.
fn is_unmade(code: &str) -> bool {
    matches!(code, "3D000" | "28000" | "28P01")
}
