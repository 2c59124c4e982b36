//! The writers of PostgreSQL: a few threads, each with a connection, that share one bounded queue.

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
    /// Starts one thread per transaction.
    pub fn start(cell: &str, writers: Vec<Tx>) -> Result<Pool, OpenError> {
        let (queue, jobs) = sync_channel(QUEUE);
        let jobs = Arc::new(Mutex::new(jobs));
        let mut threads = Vec::with_capacity(writers.len());
        for (number, tx) in writers.into_iter().enumerate() {
            let jobs = Arc::clone(&jobs);
            let thread = std::thread::Builder::new()
                .name(format!("store-{cell}-{number}"))
                .spawn(move || serve(tx, &jobs))
                .map_err(|e| OpenError::new(format!("No thread for a writer: {e}.")))?;
            threads.push(thread);
        }
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

fn serve(mut tx: Tx, jobs: &Mutex<Receiver<Box<Job>>>) {
    loop {
        let next = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(mut job) = next else { return };
        let result = job.in_time().and_then(|()| tx.run_job(&mut job));
        job.finish(result);
    }
}
