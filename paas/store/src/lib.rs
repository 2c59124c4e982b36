//! The only crate that sees SQL. It keeps the records of one cell: a database file with one writer and group commit
//! (SQLite), or a database of a server with several writers (PostgreSQL), tables made from the declarations, one tenant per transaction and no question without a tenant.
//!
//! A write is a job `FnMut(&mut Tx) -> Result<T>` that runs on the writer thread and is answered after the commit. It
//! may run again, so it has no effect outside its transaction. A write that a constraint refused cannot be swallowed: the
//! job is rolled back whatever it returns.

mod api;
mod audit;
mod audit_query;
mod batch;
mod budget;
mod cell;
mod convert;
mod custom;
mod ddl;
mod desk;
mod directory;
mod events;
mod filter;
mod find;
mod hold;
mod idempotency;
mod inbox;
mod known;
mod ledger;
mod lite;
mod migrate;
mod names;
mod notice;
mod pg;
mod plan;
mod prove;
mod readers;
mod records;
mod rows;
mod search;
mod store;
mod system;
mod tables;
mod tape;
mod tenants;
#[cfg(feature = "testing")]
pub mod testing;
mod tx;
mod whole;
mod writer;

pub use api::{
    Actor, AuditColumn, AuditFilter, AuditQuery, AuditRow, AuditTest, DeadLetter, DirectoryDepartment, DirectoryUser,
    Discrepancy, Feed, FeedEvent, FeedFilter, Found, InboxCursor, Ledger, Lock, OpenError, Schema, Stored, SumRow,
    Target, TenantRow, TypeInfo,
};
pub use audit::{SIGHT, numbered};
pub use cell::{Cell, Col};
pub use custom::{CustomMark, FOUND_BY};
pub use desk::Stuck;
pub use notice::Notice;
pub use store::Store;
pub use tape::{Step, Tape};
pub use tx::Tx;
