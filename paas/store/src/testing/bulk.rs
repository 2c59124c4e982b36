//! Many rows at once, below the store: what a table looks like after years, in seconds.

use super::{Place, admin, apart};
use crate::api::{Schema, Target};
use crate::ddl::{list, q};
use crate::pg::server::{Role, Server};
use crate::pg::{Missed, Pg};
use crate::plan::is_blind;
use crate::tables::{Column, Table, single_id_key, tables_of};
use crate::{Cell, Col};
use paas_document::{Field, FieldType, Kind, TypeMeta};
use paas_types::TenantKey;

/// The word that every row is found by.
pub const COMMON_WORD: &str = "zzcommon";

/// Copies, of each type that has a record of the tenant, one record so many times, and its rows with it. Half of the
/// copies have the values of the original, the others spread over what there may be: references over the copies of
/// their type, states over the flow, days over years. Codes and numbers are `zz1`, `zz2`, …; all are found by
/// [`COMMON_WORD`]. Answers the names of the types that have no record to copy.
/// With `without`, the indexes of that table are left out: what is slow then must be seen.
pub fn multiply(
    place: &Place,
    schema: &Schema,
    tenant: TenantKey,
    (rows, without): (u32, Option<&str>),
) -> Result<Vec<&'static str>, String> {
    let mut work: Box<dyn Work> = match place.target() {
        Target::Lite { dir } => Box::new(LiteWork(lite(&dir.join(format!("{}.db", schema.cell)))?)),
        Target::Pg { url, prefix, .. } => {
            Box::new(PgWork(Server::new(url, prefix, schema.cell).map_err(|e| e.to_string())?))
        }
    };
    let copy = Copy { tables: tables_of(schema, place.is_pg()), pg: place.is_pg(), tenant: tenant.0, rows };
    let mut missing = Vec::new();
    let mut statements = Vec::new();
    for info in &schema.types {
        if matches!(info.meta.kind, Kind::Row | Kind::Setting) {
            continue;
        }
        if !work.any(&format!("SELECT 1 FROM {} WHERE \"tenant\" = {} LIMIT 1", q(info.meta.table), tenant.0))? {
            missing.push(info.meta.name);
            continue;
        }
        statements.extend(copy.of_type(info.meta)?);
    }
    work.run(statements, &without.map_or_else(String::new, |table| format!("{table}__")))?;
    Ok(missing)
}

trait Work {
    fn any(&mut self, sql: &str) -> Result<bool, String>;
    fn run(&mut self, statements: Vec<String>, without: &str) -> Result<(), String>;
}

fn kept_of(name: &str, sql: String, without: &str) -> Option<String> {
    Some(sql).filter(|_| without.is_empty() || !name.starts_with(without))
}

struct LiteWork(rusqlite::Connection);

fn lite(path: &std::path::Path) -> Result<rusqlite::Connection, String> {
    let connection = rusqlite::Connection::open(path).map_err(|e| e.to_string())?;
    let setup = "PRAGMA busy_timeout = 20000; PRAGMA foreign_keys = OFF; PRAGMA synchronous = OFF; \
                 PRAGMA cache_size = -131072; PRAGMA temp_store = MEMORY";
    connection.execute_batch(setup).map_err(|e| e.to_string())?;
    Ok(connection)
}

impl Work for LiteWork {
    fn any(&mut self, sql: &str) -> Result<bool, String> {
        self.0.prepare(sql).and_then(|mut s| s.exists([])).map_err(|e| e.to_string())
    }

    fn run(&mut self, statements: Vec<String>, without: &str) -> Result<(), String> {
        // An index is made much faster over the rows than with each of them.
        let (mut all, mut after) = (vec!["BEGIN IMMEDIATE".to_owned()], Vec::new());
        let mut kept = self.0.prepare("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL");
        let kept = kept.as_mut().map_err(|e| e.to_string())?;
        let pairs = kept.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)));
        for pair in pairs.map_err(|e| e.to_string())? {
            let (name, sql) = pair.map_err(|e| e.to_string())?;
            all.push(format!("DROP INDEX {}", q(&name)));
            after.extend(kept_of(&name, sql, without));
        }
        all.extend(statements);
        all.extend(after);
        // What was written goes into the database now, and not with the first write of the store.
        all.extend(["COMMIT".to_owned(), "PRAGMA wal_checkpoint(TRUNCATE)".to_owned()]);
        all.iter().try_for_each(|sql| self.0.execute_batch(sql).map_err(|e| format!("{e}: {sql}")))
    }
}

struct PgWork(Server);

impl PgWork {
    fn as_owner<T: Send>(&self, work: impl FnOnce(&mut Pg) -> Result<T, Missed> + Send) -> Result<T, String> {
        let owner = format!("SET ROLE \"{}\"", self.0.role(Role::Owner));
        apart(|| {
            let mut pg = admin(&self.0, true).map_err(|e| e.to_string())?;
            pg.batch(&owner).and_then(|()| pg.batch(UNGUARDED)).map_err(|missed| format!("{:?}", missed.fault))?;
            work(&mut pg).map_err(|missed| format!("{:?}", missed.fault))
        })
    }
}

/// Rows of all tenants are seen, and no references are looked after: a copy may come before what it refers to.
const UNGUARDED: &str = "DO $$ DECLARE c record; BEGIN \
     FOR c IN SELECT relname FROM pg_class WHERE relforcerowsecurity LOOP \
     EXECUTE format('ALTER TABLE %I NO FORCE ROW LEVEL SECURITY', c.relname); END LOOP; \
     FOR c IN SELECT conrelid::regclass AS t, conname FROM pg_constraint WHERE contype = 'f' LOOP \
     EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', c.t, c.conname); END LOOP; END $$";

/// As the tables were made: the owner sees what the guard lets through.
const GUARDED: &str = "DO $$ DECLARE c record; BEGIN \
     FOR c IN SELECT relname FROM pg_class WHERE relrowsecurity AND NOT relforcerowsecurity LOOP \
     EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', c.relname); END LOOP; END $$; ANALYZE";

impl Work for PgWork {
    fn any(&mut self, sql: &str) -> Result<bool, String> {
        let sql = sql.replacen("SELECT 1", "SELECT 1::bigint", 1);
        self.as_owner(|pg| Ok(!pg.query(&sql, &[], &[Col::Int])?.is_empty()))
    }

    fn run(&mut self, statements: Vec<String>, without: &str) -> Result<(), String> {
        let indexes = "SELECT indexname::text, indexdef FROM pg_indexes WHERE schemaname = current_schema() \
                       AND indexname NOT IN (SELECT conname FROM pg_constraint)";
        self.as_owner(|pg| {
            let mut after = Vec::new();
            for row in pg.query(indexes, &[], &[Col::Text, Col::Text])? {
                let mut texts = row.into_iter().filter_map(Cell::into_text);
                if let (Some(name), Some(made)) = (texts.next(), texts.next()) {
                    pg.batch(&format!("DROP INDEX {}", q(&name)))?;
                    after.extend(kept_of(&name, made, without));
                }
            }
            statements.iter().chain(&after).try_for_each(|sql| pg.batch(sql))?;
            pg.batch(GUARDED)
        })
    }
}

struct Copy {
    tables: Vec<Table>,
    pg: bool,
    tenant: i64,
    rows: u32,
}

impl Copy {
    fn of_type(&self, meta: &'static TypeMeta) -> Result<Vec<String>, String> {
        let mut out = vec![self.of_table(meta, meta)?];
        for rows in meta.tables {
            out.push(self.of_table((rows.meta)(), meta)?);
        }
        let searched = meta.has_number() || (0..meta.fields.len()).any(|index| meta.is_searched(index));
        if searched && meta.has_head() {
            for token in [format!("'{COMMON_WORD}'"), "'zz' || n.i".to_owned()] {
                out.push(format!(
                    "{} INSERT INTO search_token (tenant, kind, token, id) SELECT {}, '{}', {token}, {} FROM n ORDER BY 3, 4",
                    self.count(),
                    self.tenant,
                    meta.table,
                    self.id(meta.table)
                ));
            }
        }
        Ok(out)
    }

    /// The numbers from 1.
    fn count(&self) -> String {
        match self.pg {
            true => format!("WITH n AS (SELECT i::bigint AS i FROM generate_series(1, {}) i)", self.rows),
            false => format!("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {})", self.rows),
        }
    }

    /// The identity of a copy: that of its table and number.
    fn id(&self, table: &str) -> String {
        let place = self.tables.iter().position(|t| t.name == table).unwrap_or_default();
        match self.pg {
            true => format!("('01b00000-0000-7000-8{place:03x}-' || lpad(to_hex(n.i), 12, '0'))::uuid"),
            false => format!("unhex(printf('01b00000000070008{place:03x}%012x', n.i))"),
        }
    }

    /// The copy with the same number of what a field refers to.
    fn referred(&self, field: &Field) -> String {
        match &field.ty {
            FieldType::Ref { target } => self.id(target().table),
            _ => self.id(""),
        }
    }

    fn bytes(&self) -> &'static str {
        match self.pg {
            true => "decode(lpad(to_hex(n.i), 64, '0'), 'hex')",
            false => "unhex(printf('%064x', n.i))",
        }
    }

    fn of_table(&self, meta: &'static TypeMeta, owner: &'static TypeMeta) -> Result<String, String> {
        let table = self.tables.iter().find(|t| t.name == meta.table);
        let table = table.ok_or_else(|| format!("{} has no table", meta.name))?;
        let names = table.columns.iter().map(|c| c.name.as_str());
        let values: Vec<String> = table.columns.iter().map(|c| self.value((meta, owner), table, c)).collect();
        let t = q(&table.name);
        // A row without an original is none: its table stays as it is.
        Ok(format!(
            "{} INSERT INTO {t} ({}) SELECT {} FROM n, (SELECT * FROM {t} WHERE \"tenant\" = {} LIMIT 1) s",
            self.count(),
            list(names),
            values.join(", "),
            self.tenant
        ))
    }

    fn value(&self, (meta, owner): (&'static TypeMeta, &TypeMeta), table: &Table, column: &Column) -> String {
        let name = column.name.as_str();
        let same = format!("s.{}", q(name));
        let field = meta.fields.iter().find(|f| f.column == name);
        match (name, field) {
            ("tenant", _) => return same,
            ("id", None) => return self.id(meta.table),
            ("parent", None) if meta.kind == Kind::Row => return self.id(owner.table),
            ("key_bytes", None) if single_id_key(meta) => {
                let key = meta.fields.iter().find(|f| f.key).map_or_else(String::new, |f| self.referred(f));
                return if self.pg { format!("decode(replace(({key})::text, '-', ''), 'hex')") } else { key };
            }
            ("key_bytes", None) => return self.bytes().to_owned(),
            ("number", None) => return "'ZZ' || n.i".to_owned(),
            ("created_at" | "posted_at", None) => return self.instant(),
            _ => {}
        }
        if distinguishes(table, name) || (single_id_key(meta) && field.is_some_and(|f| f.key)) {
            return match field {
                Some(field) if column.col == Col::Id => self.referred(field),
                _ => self.distinct(column.col),
            };
        }
        match field {
            Some(field) if is_blind(field, column) => self.bytes().to_owned(),
            // A key has few balances.
            Some(field) if meta.kind == Kind::Balance && field.key && column.col == Col::Id => self.referred(field),
            Some(field) if meta.kind == Kind::Balance && field.key => self.spread(field, &same),
            // Many of the same day, and among them all the other values.
            Some(field) if meta.default_sort().is_some_and(|by| by.column == name) => {
                format!("CASE WHEN n.i % 4 < 2 THEN {same} ELSE {} END", self.spread(field, &same))
            }
            Some(field) => format!("CASE WHEN n.i % 2 = 0 THEN {same} ELSE {} END", self.spread(field, &same)),
            None if name.ends_with("_blind") => self.bytes().to_owned(),
            None => same,
        }
    }

    fn instant(&self) -> String {
        match self.pg {
            true => "(timestamptz '2020-01-01 00:00:00Z' + n.i * interval '1 minute')".to_owned(),
            false => "(1577836800000000 + n.i * 60000000)".to_owned(),
        }
    }

    fn day(&self, days: &str) -> String {
        match self.pg {
            true => format!("(date '2000-01-01' + ({days})::int)"),
            false => format!("date('2000-01-01', '+' || ({days}) || ' days')"),
        }
    }

    fn distinct(&self, col: Col) -> String {
        match col {
            Col::Text => "'zz' || n.i".to_owned(),
            Col::Id => self.id(""),
            Col::Date => self.day("n.i"),
            Col::Instant => self.instant(),
            Col::Bytes => self.bytes().to_owned(),
            Col::Int | Col::Bool => "1000000 + n.i".to_owned(),
        }
    }

    /// A value of the field that goes with the number of the copy.
    fn spread(&self, field: &Field, same: &str) -> String {
        let one_of = |values: Vec<&str>| {
            let cases: Vec<String> = values.iter().enumerate().map(|(at, v)| format!("WHEN {at} THEN '{v}'")).collect();
            format!("CASE n.i / 2 % {} {} ELSE {same} END", values.len().max(1), cases.join(" "))
        };
        match &field.ty {
            FieldType::Text { max } if *max >= 8 && (field.indexed || field.unique) => {
                "'zz' || (n.i % 1000)".to_owned()
            }
            FieldType::Integer | FieldType::Decimal { .. } if field.indexed => "n.i % 1000".to_owned(),
            FieldType::Bool => if self.pg { "(n.i % 4 = 1)" } else { "n.i % 4 = 1" }.to_owned(),
            FieldType::Date => self.day("7000 + n.i % 2000"),
            FieldType::Instant => self.instant(),
            FieldType::Choice(all) if !all.is_empty() => one_of(all.iter().map(|c| c.value).collect()),
            FieldType::State(all) if !all.is_empty() => one_of(all.iter().map(|s| s.name).collect()),
            FieldType::Ref { target } if !target().tree => self.id(target().table),
            _ => same.to_owned(),
        }
    }
}

/// Whether a column keeps the rows of a unique index apart: the first that can.
fn distinguishes(table: &Table, name: &str) -> bool {
    table.indexes.iter().filter(|index| index.unique).any(|index| {
        let can = |column: &&String| {
            let found = table.columns.iter().find(|c| c.name == **column);
            column.as_str() != "tenant" && column.as_str() != "parent" && found.is_some_and(|c| c.col != Col::Bool)
        };
        let named = index.columns.iter().find(can);
        named.is_some_and(|first| first == name)
    })
}
