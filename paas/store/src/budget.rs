//! How long a job may take.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant as Moment;

/// Until when the running job may take, shared with the progress handler of SQLite.
#[derive(Clone)]
pub(crate) struct Budget {
    start: Moment,
    until_ms: Arc<AtomicU64>,
}

impl Budget {
    /// No limit yet.
    pub fn new() -> Budget {
        Budget { start: Moment::now(), until_ms: Arc::new(AtomicU64::new(u64::MAX)) }
    }

    fn elapsed_ms(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// Starts a budget of so many milliseconds.
    pub fn start(&self, ms: u64) {
        self.until_ms.store(self.elapsed_ms().saturating_add(ms), Ordering::Relaxed);
    }

    /// No limit, for the store's own work.
    pub fn lift(&self) {
        self.until_ms.store(u64::MAX, Ordering::Relaxed);
    }

    /// Whether the budget is used up.
    pub fn is_over(&self) -> bool {
        self.elapsed_ms() > self.until_ms.load(Ordering::Relaxed)
    }

    /// What is left, milliseconds; `None` without a limit.
    pub fn left_ms(&self) -> Option<u64> {
        let until = self.until_ms.load(Ordering::Relaxed);
        (until != u64::MAX).then(|| until.saturating_sub(self.elapsed_ms()))
    }
}
