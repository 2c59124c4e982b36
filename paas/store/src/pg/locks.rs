//! The locks of a transaction, in the platform's one order: records by type and identity, then balances by key, then keys
//! that have no balance yet, then counters. What comes later in the order is waited for; what comes earlier is only taken
//! when nobody has it, and otherwise the job runs again with all it needs, in order. So writers never wait in a circle.

use crate::cell::Cell;
use crate::ddl::q;
use paas_types::Id;
use sha2::{Digest as _, Sha256};
use std::collections::BTreeMap;

/// The most keys without a balance that are locked: each takes a place in the server's lock table. Beyond them the
/// primary key alone tells two first postings apart, and the second runs again.
const UNBORN: usize = 200;

/// What is locked; the order of the variants and fields is the order of locking.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Key {
    Record(&'static str, Id),
    Balance(&'static str, Vec<u8>),
    Unborn(&'static str, Vec<u8>),
    Counter(String),
}

/// How a lock is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Take {
    /// Others in front are waited for.
    Wait,
    /// Only when it is free.
    Try,
}

/// What the running job holds, and what it needs from the start because an earlier run found it taken.
#[derive(Default)]
pub(crate) struct Locks {
    held: BTreeMap<Key, bool>,
    wanted: BTreeMap<Key, bool>,
    unborn: usize,
}

impl Locks {
    /// Notes a lock; how to take it, or `None` when it is held already. `strong` excludes readers that hold it too.
    pub fn take(&mut self, key: &Key, strong: bool) -> Option<Take> {
        if matches!(key, Key::Unborn(..)) {
            if self.unborn >= UNBORN && !self.held.contains_key(key) {
                return None;
            }
            self.unborn += usize::from(!self.held.contains_key(key));
        }
        let take = match self.held.get(key) {
            Some(held) if *held || !strong => return None,
            Some(_) => Take::Try,
            None if self.held.last_key_value().is_none_or(|(last, _)| last < key) => Take::Wait,
            None => Take::Try,
        };
        self.held.insert(key.clone(), strong);
        Some(take)
    }

    /// A new job begins.
    pub fn forget(&mut self) {
        *self = Locks::default();
    }

    /// The job runs again: what it held and wanted is what to lock first, in order.
    pub fn again(&mut self) {
        let held = std::mem::take(&mut self.held);
        for (key, strong) in held {
            *self.wanted.entry(key).or_default() |= strong;
        }
        self.unborn = 0;
    }

    /// What to lock first.
    pub fn wanted(&self) -> Vec<(Key, bool)> {
        self.wanted.iter().map(|(key, strong)| (key.clone(), *strong)).collect()
    }
}

/// The statement that takes a lock.
pub(crate) fn statement(key: &Key, strong: bool, take: Take, tenant: i64) -> (String, Vec<Cell>) {
    let tail = row_clause(strong, take);
    let row = |table: &str, column: &str, value: Cell| {
        let sql = format!("SELECT 1 FROM {} WHERE \"tenant\" = $1 AND {} = $2{tail}", q(table), q(column));
        (sql, vec![Cell::Int(tenant), value])
    };
    match key {
        Key::Record(table, id) => row(table, "id", Cell::Id(*id)),
        Key::Balance(table, bytes) => row(table, "key_bytes", Cell::Bytes(bytes.clone())),
        Key::Counter(name) => row("counter", "key", Cell::Text(name.clone())),
        Key::Unborn(table, bytes) => {
            let sql = match take {
                Take::Wait => "SELECT pg_advisory_xact_lock($1)",
                // Nothing to wait for means an error, so that the answer need not be awaited.
                Take::Try => "SELECT 1 / pg_try_advisory_xact_lock($1)::int",
            };
            let table = table.as_bytes();
            (sql.to_owned(), vec![Cell::Int(advisory(&[&tenant.to_be_bytes(), table, bytes]))])
        }
    }
}

/// The end of a question that locks the rows it finds.
pub(crate) fn row_clause(strong: bool, take: Take) -> &'static str {
    // References to a row (FOR KEY SHARE) go on beside a change of its other columns.
    match (strong, take) {
        (true, Take::Wait) => " FOR NO KEY UPDATE",
        (true, Take::Try) => " FOR NO KEY UPDATE NOWAIT",
        (false, Take::Wait) => " FOR SHARE",
        (false, Take::Try) => " FOR SHARE NOWAIT",
    }
}

/// The number of an advisory lock.
pub(crate) fn advisory(parts: &[&[u8]]) -> i64 {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    let digest: [u8; 32] = hash.finalize().into();
    let [a, b, c, d, e, f, g, h, ..] = digest;
    i64::from_be_bytes([a, b, c, d, e, f, g, h])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_decides_who_waits() {
        let mut locks = Locks::default();
        let (low, high) = (Key::Balance("b", vec![1]), Key::Balance("b", vec![2]));
        let record = Key::Record("z", Id::fresh());
        assert_eq!(locks.take(&record, false), Some(Take::Wait));
        assert_eq!(locks.take(&high, true), Some(Take::Wait));
        assert_eq!(locks.take(&high, true), None);
        assert_eq!(locks.take(&low, true), Some(Take::Try));
        assert_eq!(locks.take(&record, true), Some(Take::Try), "a shared lock that becomes an own one may not wait");
        assert_eq!(locks.take(&Key::Counter("a".to_owned()), true), Some(Take::Wait));
        assert_eq!(locks.take(&Key::Record("a", Id::fresh()), true), Some(Take::Try));
        locks.again();
        let wanted = locks.wanted();
        assert_eq!(wanted.len(), 5);
        assert!(wanted.is_sorted_by(|a, b| a.0 < b.0) && wanted.iter().all(|(_, strong)| *strong));
        assert!(wanted.iter().all(|(key, strong)| locks.take(key, *strong) == Some(Take::Wait)));
        locks.forget();
        assert!(locks.wanted().is_empty());
    }

    #[test]
    fn keys_without_a_balance_do_not_fill_the_lock_table() {
        let mut locks = Locks::default();
        let taken = (0..1_000_u32).filter(|n| locks.take(&Key::Unborn("b", n.to_be_bytes().to_vec()), true).is_some());
        assert_eq!(taken.count(), UNBORN);
    }
}
