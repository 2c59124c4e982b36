//! The store's own tables.

use crate::Col::{Bool, Bytes, Id, Instant, Int, Text};
use crate::tables::Table;

/// The tables every cell database has. On PostgreSQL numbers and seals lie beside the rows they belong to.
pub(crate) fn tables(pg: bool) -> Vec<Table> {
    let mut out = shared();
    if pg {
        out.extend([told(Table::new("audit_log", &["tenant", "id"]).col("tenant", Int).col("id", Id)), audit_seal()]);
        out.extend([event(Table::new("outbox", &["tenant", "id"]).col("tenant", Int)), outbox_seq()]);
    } else {
        let log = Table::new("audit_log", &["tenant", "seq"]).col("tenant", Int).col("seq", Int);
        out.push(told(log.col("seal", Bytes)));
        out.push(event(Table::new("outbox", &["seq"]).col("tenant", Int).col("seq", Int)));
    }
    out
}

fn shared() -> Vec<Table> {
    let mut all = vec![
        Table::new("store_meta", &["name"]).col("name", Text).col("value", Text),
        Table::new("schema_field", &["table_name", "column_name"])
            .col("table_name", Text)
            .col("column_name", Text)
            .col("kind", Text)
            .col("note", Text)
            .col("nullable", Bool),
        Table::new("tenant", &["tenant"])
            .col("tenant", Int)
            .col("code", Text)
            .col("name", Text)
            .col("zone", Text)
            .col("data_key", Bytes)
            .col("created_at", Instant)
            .index(true, &["code"]),
        // What is asked of many rows stands before what is long: SQLite walks a row from its beginning.
        Table::new("idempotency", &["tenant", "member", "key"])
            .col("tenant", Int)
            .col("member", Id)
            .col("key", Text)
            .col("at", Instant)
            .col("hash", Bytes)
            .col("status", Int)
            .col("body", Bytes)
            .maybe("etag", Text)
            .maybe("location", Text),
        Table::new("counter", &["tenant", "key"]).col("tenant", Int).col("key", Text).col("value", Int).clustered(),
        Table::new("search_token", &["tenant", "kind", "token", "id"])
            .col("tenant", Int)
            .col("kind", Text)
            .col("token", Text)
            .col("id", Id)
            .index(false, &["tenant", "id"])
            .clustered(),
    ];
    all.extend([notice(), custom_value()]);
    all.extend(inbox());
    all.extend(directory());
    all
}

/// What others did to a member's records.
fn notice() -> Table {
    Table::new("notice", &["tenant", "recipient", "id"])
        .col("tenant", Int)
        .col("recipient", Id)
        .col("id", Id)
        .col("seen", Bool)
        .col("at", Instant)
        .col("actor", Id)
        .col("actor_name", Text)
        .col("action", Text)
        .col("kind", Text)
        .col("subject", Id)
        .maybe("number", Text)
        .clustered()
}

/// By what values of custom fields records are found; `once` is the value where no two records may have the same.
fn custom_value() -> Table {
    Table::new("custom_value", &["tenant", "kind", "field", "record"])
        .col("tenant", Int)
        .col("kind", Text)
        .col("field", Text)
        .col("record", Id)
        .maybe("value", Bytes)
        .maybe("once", Bytes)
        .index(false, &["tenant", "kind", "field", "value", "record"])
        .index(true, &["tenant", "kind", "field", "once"])
        .clustered()
}

/// What was heard from other cells.
fn inbox() -> Vec<Table> {
    vec![
        Table::new("inbox_cursor", &["producer"]).col("producer", Text).col("epoch", Text).col("seq", Int),
        // Which events were taken: also when a restored producer counts its log anew.
        Table::new("inbox", &["tenant", "producer", "id"])
            .col("tenant", Int)
            .col("producer", Text)
            .col("id", Id)
            .clustered(),
        Table::new("tenant_mark", &["tenant", "name"])
            .col("tenant", Int)
            .col("name", Text)
            .col("at", Instant)
            .clustered(),
        dead_letter(),
    ]
}

/// Who and what the platform told about.
fn directory() -> Vec<Table> {
    vec![
        Table::new("directory_user", &["tenant", "id"])
            .col("tenant", Int)
            .col("id", Id)
            .col("username", Text)
            .col("name", Text)
            .maybe("department", Id)
            .col("active", Bool)
            .index(false, &["tenant", "username"]),
        Table::new("directory_department", &["tenant", "id"])
            .col("tenant", Int)
            .col("id", Id)
            .col("code", Text)
            .col("name", Text)
            .maybe("name_en", Text)
            .maybe("parent", Id)
            .col("active", Bool)
            .index(false, &["tenant", "parent"]),
    ]
}

/// What an audit row tells.
fn told(table: Table) -> Table {
    table
        .col("at", Instant)
        .col("actor", Id)
        .col("actor_name", Text)
        .col("action", Text)
        .maybe("kind", Text)
        .maybe("subject", Id)
        .maybe("number", Text)
        .maybe("before", Text)
        .maybe("after", Text)
        .col("request_id", Text)
        .col("trace_id", Text)
        .maybe("cause", Text)
        .maybe("entries", Bytes)
        .index(false, &["tenant", "subject"])
        .append_only()
}

fn audit_seal() -> Table {
    Table::new("audit_seal", &["tenant", "seq"])
        .col("tenant", Int)
        .col("seq", Int)
        .col("id", Id)
        .col("seal", Bytes)
        .index(true, &["tenant", "id"])
        .append_only()
}

/// What an event tells.
fn event(table: Table) -> Table {
    table
        .col("id", Id)
        .col("type", Text)
        .col("version", Int)
        .col("subject", Id)
        .col("at", Instant)
        .col("actor", Id)
        .col("request_id", Text)
        .col("trace_id", Text)
        .maybe("cause", Text)
        .col("data", Text)
        .append_only()
}

fn outbox_seq() -> Table {
    Table::new("outbox_seq", &["seq"])
        .col("seq", Int)
        .col("tenant", Int)
        .col("id", Id)
        .index(true, &["tenant", "id"])
        .append_only()
}

fn dead_letter() -> Table {
    Table::new("dead_letter", &["tenant", "id"])
        .col("tenant", Int)
        .col("id", Id)
        .col("producer", Text)
        .col("seq", Int)
        .col("type", Text)
        .col("subject", Id)
        .col("envelope", Text)
        .col("error", Text)
        .col("attempts", Int)
        .col("at", Instant)
        .maybe("settled_at", Instant)
        .index(false, &["tenant", "producer", "subject"])
}
