//! SQL text of tables.

use crate::Col;
use crate::tables::{Index, Table};

/// A quoted identifier. Names come from declarations only, never from a request.
pub(crate) fn q(name: &str) -> String {
    format!("\"{}\"", name.replace('"', ""))
}

/// Identifiers, quoted and separated by commas.
pub(crate) fn list<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    names.into_iter().map(q).collect::<Vec<_>>().join(", ")
}

fn lite_type(col: Col) -> &'static str {
    match col {
        Col::Int | Col::Bool | Col::Instant => "INTEGER",
        Col::Text | Col::Date => "TEXT",
        Col::Id | Col::Bytes => "BLOB",
    }
}

/// `CREATE TABLE` for SQLite under a name of choice (a rebuild makes it beside the old one).
pub(crate) fn lite_table(table: &Table, name: &str) -> String {
    let mut parts: Vec<String> = Vec::new();
    for column in &table.columns {
        let null = if column.nullable { "" } else { " NOT NULL" };
        let length = match (column.col, column.nullable) {
            (Col::Id, _) => format!(" CHECK (length({}) = 16)", q(&column.name)),
            _ => String::new(),
        };
        parts.push(format!("{} {}{null}{length}", q(&column.name), lite_type(column.col)));
    }
    parts.push(format!("PRIMARY KEY ({})", list(table.key.iter().map(String::as_str))));
    for foreign in &table.foreign {
        parts.push(format!(
            "FOREIGN KEY (\"tenant\", {}) REFERENCES {} (\"tenant\", \"id\")",
            q(&foreign.column),
            q(&foreign.table)
        ));
    }
    let clustered = if table.clustered { ", WITHOUT ROWID" } else { "" };
    format!("CREATE TABLE {} ({}) STRICT{clustered}", q(name), parts.join(", "))
}

/// `CREATE INDEX`.
pub(crate) fn index(table: &Table, index: &Index) -> String {
    format!(
        "CREATE {}INDEX {} ON {} ({})",
        if index.unique { "UNIQUE " } else { "" },
        q(&index.name),
        q(&table.name),
        list(index.columns.iter().map(String::as_str))
    )
}

/// The triggers that refuse update and delete on an append-only table of SQLite.
pub(crate) fn lite_triggers(table: &Table) -> Vec<String> {
    if !table.append_only {
        return Vec::new();
    }
    ["UPDATE", "DELETE"]
        .iter()
        .map(|verb| {
            format!(
                "CREATE TRIGGER IF NOT EXISTS {} BEFORE {verb} ON {} BEGIN SELECT RAISE(ABORT, 'append-only table'); END",
                q(&format!("{}__no_{}", table.name, verb.to_ascii_lowercase())),
                q(&table.name)
            )
        })
        .collect()
}
