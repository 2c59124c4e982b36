//! A record of what was asked of the database, statement by statement, so that it can be asked again without the store:
//! the honest measure of what the store costs.

use crate::cell::Cell;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// One thing a transaction did.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// A job began; what follows belongs to it.
    Job {
        /// On the writer, not on a snapshot.
        writes: bool,
    },
    /// A statement with its values.
    Statement {
        /// On the writer, not on a snapshot.
        writes: bool,
        /// Text, values as `$1`, `$2` ….
        sql: Arc<str>,
        /// Values in order.
        params: Vec<Cell>,
    },
}

/// The record. Nothing is recorded before [`Tape::start`].
#[derive(Debug, Default)]
pub struct Tape {
    running: AtomicBool,
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    steps: Vec<Step>,
    texts: HashMap<String, Arc<str>>,
}

impl Tape {
    /// Records from now on.
    pub fn start(&self) {
        self.running.store(true, Ordering::Release);
    }

    /// Records no more, and hands over what was recorded.
    pub fn stop(&self) -> Vec<Step> {
        self.running.store(false, Ordering::Release);
        std::mem::take(&mut *self.kept.lock().unwrap_or_else(PoisonError::into_inner)).steps
    }

    pub(crate) fn job(&self, writes: bool) {
        if self.running.load(Ordering::Acquire) {
            self.kept.lock().unwrap_or_else(PoisonError::into_inner).steps.push(Step::Job { writes });
        }
    }

    pub(crate) fn statement(&self, writes: bool, sql: &str, params: &[Cell]) {
        if !self.running.load(Ordering::Acquire) {
            return;
        }
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let text = match kept.texts.get(sql) {
            Some(text) => Arc::clone(text),
            None => {
                let text: Arc<str> = Arc::from(sql);
                kept.texts.insert(sql.to_owned(), Arc::clone(&text));
                text
            }
        };
        kept.steps.push(Step::Statement { writes, sql: text, params: params.to_vec() });
    }
}
