//! The physical tables of declared types, independent of the database.

use crate::Col;
use crate::api::Schema;
use paas_document::{Field, FieldType, Kind, TypeMeta};

/// A column.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Column {
    pub name: String,
    pub col: Col,
    pub nullable: bool,
    /// What was declared, e.g. `text(200)`; kept to judge later changes.
    pub note: String,
    /// The value (SQL literal) existing rows get when the column is new and must not be empty.
    pub fill: Option<String>,
}

/// An index; `columns` begin with the tenant.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Index {
    pub name: String,
    pub columns: Vec<String>,
    pub unique: bool,
}

/// A foreign key `(tenant, column)` → `(tenant, id)`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Foreign {
    pub column: String,
    pub table: String,
}

/// A table.
#[derive(Clone, Debug, PartialEq, Default)]
pub(crate) struct Table {
    pub name: String,
    pub columns: Vec<Column>,
    pub key: Vec<String>,
    pub indexes: Vec<Index>,
    pub foreign: Vec<Foreign>,
    /// Update and delete are refused by the database itself.
    pub append_only: bool,
    /// Clustered by its key.
    pub clustered: bool,
}

impl Table {
    pub fn new(name: &str, key: &[&str]) -> Table {
        Table { name: name.to_owned(), key: key.iter().map(|k| (*k).to_owned()).collect(), ..Table::default() }
    }

    pub fn col(mut self, name: &str, col: Col) -> Table {
        self.push(name, col, false);
        self
    }

    pub fn maybe(mut self, name: &str, col: Col) -> Table {
        self.push(name, col, true);
        self
    }

    pub fn append_only(mut self) -> Table {
        self.append_only = true;
        self
    }

    pub fn clustered(mut self) -> Table {
        self.clustered = true;
        self
    }

    pub fn index(mut self, unique: bool, columns: &[&str]) -> Table {
        self.add_index(unique, columns);
        self
    }

    fn push(&mut self, name: &str, col: Col, nullable: bool) {
        let column = Column { name: name.to_owned(), col, nullable, note: format!("{col:?}"), fill: None };
        self.columns.push(column);
    }

    fn add_index(&mut self, unique: bool, columns: &[&str]) {
        let name = format!("{}__{}{}", self.name, columns.join("__"), if unique { "__u" } else { "" });
        let columns: Vec<String> = columns.iter().map(|c| (*c).to_owned()).collect();
        let covered = self.indexes.iter().any(|i| i.columns == columns && (i.unique || !unique));
        if !covered {
            self.indexes.retain(|i| i.columns != columns);
            self.indexes.push(Index { name, columns, unique });
        }
    }
}

/// How a field type is kept.
pub(crate) fn col_of(ty: &FieldType) -> Col {
    match ty {
        FieldType::Integer | FieldType::Decimal { .. } => Col::Int,
        FieldType::Bool => Col::Bool,
        FieldType::Date => Col::Date,
        FieldType::Instant => Col::Instant,
        FieldType::Ref { .. } | FieldType::User | FieldType::Department | FieldType::AnyRef => Col::Id,
        FieldType::Secret(_) => Col::Bytes,
        FieldType::Text { .. }
        | FieldType::LongText { .. }
        | FieldType::Choice(_)
        | FieldType::State(_)
        | FieldType::RefList { .. }
        | FieldType::Password
        | FieldType::TextList(_)
        | FieldType::Permissions
        | FieldType::Json => Col::Text,
    }
}

fn note_of(ty: &FieldType) -> String {
    match ty {
        FieldType::Text { max } | FieldType::LongText { max } => format!("text({max})"),
        FieldType::Decimal { scale, .. } => format!("decimal({scale})"),
        FieldType::Choice(list) => format!("choice({})", list.iter().map(|c| c.value).collect::<Vec<_>>().join(",")),
        FieldType::State(list) => format!("choice({})", list.iter().map(|c| c.name).collect::<Vec<_>>().join(",")),
        FieldType::Ref { target } => format!("ref({})", target().table),
        FieldType::TextList(_) | FieldType::Permissions | FieldType::RefList { .. } => "list".to_owned(),
        other => other.name().to_owned(),
    }
}

/// The literal that existing rows get in a new column.
fn fill_of(field: &Field) -> Option<String> {
    if let Some(default) = field.default.and_then(|d| serde_json::from_str::<serde_json::Value>(d).ok()) {
        let literal = match (&field.ty, &default) {
            (FieldType::Decimal { scale, .. }, serde_json::Value::String(_) | serde_json::Value::Number(_)) => {
                let text = default.as_str().map_or_else(|| default.to_string(), str::to_owned);
                scaled(&text, *scale)
            }
            (_, serde_json::Value::String(s)) => Some(format!("'{}'", s.replace('\'', "''"))),
            (_, serde_json::Value::Bool(b)) => Some(b.to_string()),
            (_, serde_json::Value::Number(n)) => Some(n.to_string()),
            _ => None,
        };
        if literal.is_some() {
            return literal;
        }
    }
    match &field.ty {
        FieldType::Integer | FieldType::Decimal { .. } => Some("0".to_owned()),
        FieldType::Bool => Some("false".to_owned()),
        FieldType::Text { .. } | FieldType::LongText { .. } if !field.unique => Some("''".to_owned()),
        FieldType::State(list) => list.first().map(|s| format!("'{}'", s.name)),
        FieldType::TextList(_) | FieldType::Permissions | FieldType::RefList { .. } => Some("'[]'".to_owned()),
        _ => None,
    }
}

fn scaled(text: &str, scale: u32) -> Option<String> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let scale = usize::try_from(scale).ok()?;
    if fraction.len() > scale {
        return None;
    }
    let digits = format!("{whole}{fraction:0<scale$}");
    digits.parse::<i64>().ok().map(|raw| raw.to_string())
}

/// The columns a field is kept in; empty when it is read from a balance.
pub(crate) fn columns_of(field: &Field) -> Vec<Column> {
    if field.from_balance.is_some() {
        return Vec::new();
    }
    let one = |name: String, col, nullable, fill| Column { name, col, nullable, note: note_of(&field.ty), fill };
    let nullable = !field.required
        && !matches!(field.ty, FieldType::TextList(_) | FieldType::RefList { .. } | FieldType::Permissions);
    let mut out = vec![one(field.column.to_owned(), col_of(&field.ty), nullable, fill_of(field))];
    match field.ty {
        FieldType::Secret(_) => out.push(one(format!("{}_blind", field.column), Col::Bytes, nullable, None)),
        FieldType::AnyRef => {
            out.push(one(format!("{}_type", field.column), Col::Text, nullable, None));
            out.push(one(format!("{}_number", field.column), Col::Text, true, None));
        }
        _ => {}
    }
    out
}

/// The column a field is filtered by.
pub(crate) fn search_column(field: &Field) -> String {
    match field.ty {
        FieldType::Secret(_) => format!("{}_blind", field.column),
        _ => field.column.to_owned(),
    }
}

/// Whether a balance has one key, an identity: then its key bytes are that identity's.
pub(crate) fn single_id_key(meta: &TypeMeta) -> bool {
    let mut keys = meta.fields.iter().filter(|f| f.key);
    match (keys.next(), keys.next()) {
        (Some(only), None) => only.required && col_of(&only.ty) == Col::Id && !matches!(only.ty, FieldType::AnyRef),
        _ => false,
    }
}

/// Every table of a schema: those of the types, their rows, and the store's own.
pub(crate) fn tables_of(schema: &Schema, pg: bool) -> Vec<Table> {
    let mut tables = crate::system::tables(pg);
    let mut add = |table: Table| {
        if !tables.iter().any(|t| t.name == table.name) {
            tables.push(table);
        }
    };
    for info in &schema.types {
        if info.meta.kind != Kind::Row {
            add(table_of(info.meta, None));
        }
        for rows in info.meta.tables {
            add(table_of((rows.meta)(), Some(info.meta)));
        }
    }
    add_balance_indexes(schema, &mut tables);
    tables
}

fn table_of(meta: &'static TypeMeta, parent: Option<&'static TypeMeta>) -> Table {
    let key: &[&str] = if meta.kind == Kind::Balance { &["tenant", "key_bytes"] } else { &["tenant", "id"] };
    let mut table = Table::new(meta.table, key).col("tenant", Col::Int);
    match meta.kind {
        Kind::Balance => table = table.col("key_bytes", Col::Bytes),
        Kind::Row => table = table.col("id", Col::Id).col("parent", Col::Id).col("position", Col::Int),
        Kind::Ledger => {
            table = table
                .col("id", Col::Id)
                .maybe("previous", Col::Id)
                .col("posted_at", Col::Instant)
                .col("seal", Col::Bytes);
            table.append_only = true;
        }
        Kind::Master | Kind::Document | Kind::Setting => table = head_columns(table, meta),
    }
    if meta.kind == Kind::Balance {
        table = table.maybe("last_entry", Col::Id);
    }
    for field in meta.fields {
        table.columns.extend(columns_of(field));
    }
    if let Some(parent) = parent {
        table.add_index(false, &["tenant", "parent"]);
        table.foreign.push(Foreign { column: "parent".to_owned(), table: parent.table.to_owned() });
    }
    add_indexes(&mut table, meta);
    table
}

fn head_columns(table: Table, meta: &TypeMeta) -> Table {
    let table = table.col("id", Col::Id).col("version", Col::Int);
    let mut table = if meta.has_number() { table.maybe("number", Col::Text) } else { table };
    if meta.has_number() {
        table.add_index(true, &["tenant", "number"]);
    }
    let table = table
        .col("created_at", Col::Instant)
        .col("created_by", Col::Id)
        .col("updated_at", Col::Instant)
        .col("updated_by", Col::Id)
        .maybe("owner", Col::Id)
        .maybe("department", Col::Id);
    if meta.is_customizable() { table.maybe("custom", Col::Text) } else { table }
}

/// What an index ends with: the columns a list is sorted by when nothing else is said, or where values are equal. So a page
/// of the records with one value is read off the index, however many have it.
fn tail_of(meta: &'static TypeMeta) -> Vec<&'static str> {
    match meta.kind {
        Kind::Row => Vec::new(),
        kind => {
            let last = if kind == Kind::Balance { "key_bytes" } else { "id" };
            meta.default_sort().map(|field| field.column).into_iter().chain([last]).collect()
        }
    }
}

fn add_indexes(table: &mut Table, meta: &'static TypeMeta) {
    let tail = tail_of(meta);
    let first: &[&str] = if meta.kind == Kind::Row { &["tenant", "parent"] } else { &["tenant"] };
    let add = |table: &mut Table, unique: bool, columns: &[String]| {
        let start: &[&str] = if unique { first } else { &["tenant"] };
        let mut all: Vec<&str> = start.iter().copied().chain(columns.iter().map(String::as_str)).collect();
        if !unique {
            let rest: Vec<&str> = tail.iter().copied().filter(|name| !all.contains(name)).collect();
            all.extend(rest);
        }
        table.add_index(unique, &all);
    };
    for field in meta.fields.iter().filter(|f| f.from_balance.is_none()) {
        // A sensitive field is found by its blind index, whoever may.
        let blind = matches!(field.ty, FieldType::Secret(_)) && meta.has_head();
        if meta.is_indexed(field) || blind {
            add(table, field.unique, &[search_column(field)]);
        }
        if let FieldType::Ref { target } = &field.ty
            && !matches!(target().kind, Kind::Row | Kind::Balance)
        {
            table.foreign.push(Foreign { column: field.column.to_owned(), table: target().table.to_owned() });
        }
    }
    for (unique, lists) in [(true, meta.unique), (false, meta.indexes)] {
        for list in lists {
            let columns: Vec<String> = list.iter().filter_map(|i| meta.field(*i)).map(search_column).collect();
            add(table, unique, &columns);
        }
    }
}

/// A balance that fields are read from needs an index on the key they match, unless it is the primary key itself.
fn add_balance_indexes(schema: &Schema, tables: &mut [Table]) {
    let rows = schema.types.iter().flat_map(|t| t.meta.tables.iter().map(|r| (r.meta)()));
    let metas = schema.types.iter().map(|t| t.meta).chain(rows);
    for from in metas.flat_map(|m| m.fields.iter()).filter_map(|f| f.from_balance) {
        let balance = (from.balance)();
        if !single_id_key(balance)
            && let Some(table) = tables.iter_mut().find(|t| t.name == balance.table)
        {
            let serves = |index: &Index| index.columns.iter().take(2).map(String::as_str).eq(["tenant", from.key]);
            if !table.indexes.iter().any(serves) {
                table.add_index(false, &["tenant", from.key]);
            }
        }
    }
}
