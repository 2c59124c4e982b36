//! Commits reach the disk together. A job is committed without waiting for the disk, so that nobody else waits for its
//! locks meanwhile; its answer waits here until one small transaction, which the server does write to the disk, has
//! followed it: the log is written in order.
//!
//! That holds only while the server lives. When it dies between the two, it comes back without the job, and would still
//! write what follows. So one connection watches: it ends with the server, and whatever was committed under a connection
//! that is gone has an unknown outcome.

use super::{Missed, Pg};
use crate::writer::Job;
use paas_types::{Refusal, Result};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::mpsc::{Receiver, Sender, channel};

/// Answers that may wait.
const WAITING: usize = 1_024;
/// After how long a connection that could not be made is tried again.
const RETRY: Duration = Duration::from_millis(500);
/// A transaction that leaves a record in the log, and nothing else.
const MARK: &str = "BEGIN; SELECT pg_logical_emit_message(true, '', '')";

/// The way to the one who brings commits to the disk.
#[derive(Clone)]
pub(crate) struct Flush {
    jobs: Sender<(u64, Box<Job>)>,
    watch: Arc<AtomicU64>,
}

impl Flush {
    /// Starts on a connection of its own; ends with the last way to it.
    pub fn start(cell: &str, pg: Pg) -> std::io::Result<(Flush, JoinHandle<()>)> {
        let (jobs, mut committed) = channel(WAITING);
        let watch = Arc::new(AtomicU64::new(0));
        let mut flusher = Flusher { pg, watch: Arc::clone(&watch) };
        let thread = std::thread::Builder::new()
            .name(format!("store-{cell}-flush"))
            .spawn(move || flusher.serve(&mut committed))?;
        Ok((Flush { jobs, watch }, thread))
    }

    /// The connection that watches now; `None` when there is none, and a job has to wait for the disk itself.
    pub fn watch(&self) -> Option<u64> {
        Some(self.watch.load(Ordering::Acquire)).filter(|watch| *watch != 0)
    }

    /// Answers a job, committed under a watch, once it is on the disk.
    pub fn answer(&self, watch: u64, job: Box<Job>) {
        if let Err(gone) = self.jobs.blocking_send((watch, job)) {
            gone.0.1.finish(Err(unknown()));
        }
    }
}

struct Flusher {
    pg: Pg,
    watch: Arc<AtomicU64>,
}

impl Flusher {
    fn serve(&mut self, committed: &mut Receiver<(u64, Box<Job>)>) {
        loop {
            let there = self.pg.connect().is_ok();
            self.watch.store(if there { self.pg.sessions() } else { 0 }, Ordering::Release);
            let first = match self.pg.until_lost(committed.recv(), RETRY) {
                Some(Some(job)) => job,
                Some(None) => return,
                // Seen at once, so jobs from now on wait for the disk themselves until there is a connection again.
                None => {
                    self.watch.store(0, Ordering::Release);
                    continue;
                }
            };
            let mut jobs = vec![first];
            while jobs.len() < WAITING
                && let Ok(job) = committed.try_recv()
            {
                jobs.push(job);
            }
            let result = self.mark();
            let now = self.pg.sessions();
            for (watch, job) in jobs {
                job.finish(if watch == now { result.clone() } else { Err(unknown()) });
            }
        }
    }

    fn mark(&mut self) -> Result<()> {
        self.pg.wrap_up();
        let marked = self.pg.begin(MARK.to_owned()).map_err(Missed::from).and_then(|()| self.pg.commit());
        marked.map_err(|missed| {
            self.pg.roll_back();
            tracing::warn!(fault = ?missed.fault, "what was committed may not be on the disk");
            unknown()
        })
    }
}

/// The caller asks again with the same request id and finds out.
fn unknown() -> Refusal {
    Refusal::unavailable("the database server went away before the commit was on its disk")
}
