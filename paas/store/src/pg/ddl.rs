//! Tables as PostgreSQL has them, and who may do what with them.

use super::constraints::{foreign_name, key_name, short};
use crate::Col;
use crate::ddl::{list, q};
use crate::tables::{Column, Foreign, Index, Table};

/// Whose rows a transaction sees: its tenant's. The sub-select is run once per statement and keeps indexes usable.
const OWN: &str = "\"tenant\" = (SELECT NULLIF(current_setting('app.tenant', true), '')::bigint)";

/// The roles of a database, quoted.
pub(super) struct Names {
    pub app: String,
    pub log: String,
}

/// The name of a type.
pub(super) fn type_name(col: Col) -> &'static str {
    match col {
        Col::Int => "bigint",
        Col::Bool => "boolean",
        Col::Text => "text",
        Col::Id => "uuid",
        Col::Date => "date",
        Col::Instant => "timestamptz",
        Col::Bytes => "bytea",
    }
}

fn column(column: &Column) -> String {
    let null = if column.nullable { "" } else { " NOT NULL" };
    format!("{} {}{null}", q(&column.name), type_name(column.col))
}

/// `CREATE TABLE`, without the references: their tables may come later.
pub(super) fn table(table: &Table) -> String {
    let mut parts: Vec<String> = table.columns.iter().map(column).collect();
    let key = list(table.key.iter().map(String::as_str));
    parts.push(format!("CONSTRAINT {} PRIMARY KEY ({key})", q(&key_name(table))));
    format!("CREATE TABLE {} ({})", q(&table.name), parts.join(", "))
}

/// A column that comes to a table with rows.
pub(super) fn new_column(table: &Table, new: &Column) -> Vec<String> {
    let (t, c) = (q(&table.name), q(&new.name));
    match (&new.fill, new.nullable) {
        (Some(fill), false) => vec![
            format!("ALTER TABLE {t} ADD COLUMN {} DEFAULT {fill}", column(new)),
            format!("ALTER TABLE {t} ALTER COLUMN {c} DROP DEFAULT"),
        ],
        _ => vec![format!("ALTER TABLE {t} ADD COLUMN {}", column(new))],
    }
}

/// `CREATE INDEX`. Nothing (`NULL`) sorts first, as questions ask for it.
pub(super) fn index(table: &Table, index: &Index) -> String {
    let nullable = |name: &str| table.columns.iter().any(|c| c.name == name && c.nullable);
    let columns: Vec<String> =
        index.columns.iter().map(|c| if nullable(c) { format!("{} NULLS FIRST", q(c)) } else { q(c) }).collect();
    let unique = if index.unique { "UNIQUE " } else { "" };
    format!("CREATE {unique}INDEX {} ON {} ({})", q(&short(&index.name)), q(&table.name), columns.join(", "))
}

/// The foreign key of a reference.
pub(super) fn reference(table: &Table, foreign: &Foreign) -> String {
    format!(
        "ALTER TABLE {} ADD CONSTRAINT {} FOREIGN KEY (\"tenant\", {}) REFERENCES {} (\"tenant\", \"id\")",
        q(&table.name),
        q(&foreign_name(table, &foreign.column)),
        q(&foreign.column),
        q(&foreign.table)
    )
}

/// What every database has beside the tables: the refusal of changes to what is appended only, the queues of what the
/// sequencer has to number, and the functions that fill them. The application has no right to the queues.
pub(super) fn fixed(names: &Names) -> String {
    let mut out = String::from(
        "CREATE OR REPLACE FUNCTION append_only() RETURNS trigger LANGUAGE plpgsql AS \
         $$ BEGIN RAISE EXCEPTION 'append-only table'; END $$;",
    );
    for (queue, table) in [("audit_wait", "audit_log"), ("outbox_wait", "outbox")] {
        out.push_str(&format!(
            "CREATE TABLE IF NOT EXISTS {queue} (pos bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, \
             tenant bigint NOT NULL, id uuid NOT NULL); \
             REVOKE ALL ON {queue} FROM PUBLIC, {app}; GRANT SELECT, DELETE ON {queue} TO {log}; \
             CREATE OR REPLACE FUNCTION {queue}_fill() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER \
             SET search_path = pg_catalog, pg_temp AS \
             $$ BEGIN INSERT INTO public.{queue} (tenant, id) VALUES (NEW.tenant, NEW.id); RETURN NULL; END $$; \
             CREATE OR REPLACE TRIGGER {table}__wait AFTER INSERT ON {table} \
             FOR EACH ROW EXECUTE FUNCTION {queue}_fill();",
            app = names.app,
            log = names.log
        ));
    }
    out
}

/// Rights, row level security and triggers of a table; the same whether the table is new or not.
pub(super) fn guards(table: &Table, names: &Names) -> String {
    let (t, Names { app, log }) = (q(&table.name), names);
    let mut out = format!("REVOKE ALL ON {t} FROM PUBLIC, {app}, {log};");
    if table.append_only {
        let name = q(&short(&format!("{}__append_only", table.name)));
        out.push_str(&format!(
            "CREATE OR REPLACE TRIGGER {name} BEFORE UPDATE OR DELETE OR TRUNCATE ON {t} \
             FOR EACH STATEMENT EXECUTE FUNCTION append_only();"
        ));
    }
    if table.columns.iter().any(|c| c.name == "tenant") {
        out.push_str(&format!("ALTER TABLE {t} ENABLE ROW LEVEL SECURITY; ALTER TABLE {t} FORCE ROW LEVEL SECURITY;"));
        out.push_str(&policy(&t, "own", "ALL", app, &format!("USING ({OWN}) WITH CHECK ({OWN})")));
    }
    let mut grant = |what: &str, who: &str| out.push_str(&format!("GRANT {what} ON {t} TO {who};"));
    match table.name.as_str() {
        "store_meta" | "schema_field" => {
            grant("SELECT", app);
            grant("SELECT", log);
        }
        "tenant" => {
            grant("SELECT, INSERT, UPDATE (name, zone)", app);
            grant("SELECT (tenant, code, name, zone, created_at)", log);
        }
        "audit_seal" => {
            grant("SELECT", app);
            grant("SELECT, INSERT", log);
        }
        "outbox_seq" => grant("SELECT, INSERT", log),
        "audit_log" | "outbox" => {
            grant("SELECT, INSERT", app);
            grant("SELECT", log);
        }
        "inbox_cursor" => grant("SELECT, INSERT, UPDATE", app),
        _ if table.append_only => grant("SELECT, INSERT", app),
        _ => grant("SELECT, INSERT, UPDATE, DELETE", app),
    }
    match table.name.as_str() {
        "tenant" | "audit_log" | "outbox" => out.push_str(&policy(&t, "read_all", "SELECT", log, "USING (true)")),
        "audit_seal" | "outbox_seq" => {
            out.push_str(&policy(&t, "read_all", "SELECT", log, "USING (true)"));
            out.push_str(&policy(&t, "number", "INSERT", log, "WITH CHECK (true)"));
        }
        _ => {}
    }
    out
}

fn policy(table: &str, name: &str, verb: &str, role: &str, rule: &str) -> String {
    format!("DROP POLICY IF EXISTS {name} ON {table}; CREATE POLICY {name} ON {table} FOR {verb} TO {role} {rule};")
}
