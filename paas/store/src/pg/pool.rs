//! The writers of PostgreSQL: a few threads, each with a connection, that share one bounded queue.

use super::Pg;
use super::flush::Flush;
use crate::api::OpenError;
use crate::tx::Tx;
use crate::writer::{Job, Submit};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

/// Jobs that may wait.
const QUEUE: usize = 1_024;

/// The way to the writers.
pub(crate) struct Pool {
    queue: Mutex<Option<SyncSender<Box<Job>>>>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl Pool {
    /// Starts one thread per transaction, and one that brings what they commit to the disk.
    pub fn start(cell: &str, writers: Vec<Tx>, watch: Pg) -> Result<Pool, OpenError> {
        let (queue, jobs) = sync_channel(QUEUE);
        let jobs = Arc::new(Mutex::new(jobs));
        let no_thread = |e: std::io::Error| OpenError::new(format!("No thread for a writer: {e}."));
        let (flush, flusher) = Flush::start(cell, watch).map_err(no_thread)?;
        let mut threads = Vec::with_capacity(writers.len() + 1);
        for (number, tx) in writers.into_iter().enumerate() {
            let (jobs, flush) = (Arc::clone(&jobs), flush.clone());
            let thread = std::thread::Builder::new()
                .name(format!("store-{cell}-{number}"))
                .spawn(move || serve(tx, &jobs, &flush))
                .map_err(no_thread)?;
            threads.push(thread);
        }
        threads.push(flusher);
        Ok(Pool { queue: Mutex::new(Some(queue)), threads: Mutex::new(threads) })
    }

    pub fn submit(&self, job: Box<Job>) -> Submit {
        let queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        match queue.as_ref().map(|queue| queue.try_send(job)) {
            Some(Ok(())) => Submit::Taken,
            Some(Err(TrySendError::Full(_))) => Submit::Full,
            Some(Err(TrySendError::Disconnected(_))) | None => Submit::Closed,
        }
    }

    /// Ends the queue and waits until what was in it is done.
    pub fn stop(&self) {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner).take();
        let threads = std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        for thread in threads {
            let _ = thread.join();
        }
    }
}

fn serve(mut tx: Tx, jobs: &Mutex<Receiver<Box<Job>>>, flush: &Flush) {
    loop {
        let next = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(mut job) = next else { return };
        let watch = flush.watch();
        let result = job.in_time().and_then(|()| tx.run_job(&mut job, watch));
        match watch.filter(|_| result.is_ok()) {
            Some(watch) => flush.answer(watch, job),
            None => job.finish(result),
        }
    }
}
