//! The writer: one thread, one connection, group commit.

use crate::api::{Actor, OpenError};
use crate::batch::Trace;
use crate::cell::Fault;
use crate::tx::Tx;
use paas_types::{Code, Refusal, Result};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant as Moment};
use tokio::sync::oneshot;

/// Jobs that may wait.
const QUEUE: usize = 1024;
/// Jobs per commit.
const BATCH: usize = 64;
/// For how many batches a spoilt one is remembered: meanwhile jobs have savepoints from the start.
const WARY: u32 = 32;
/// What one job may take.
pub(crate) const BUDGET_MS: u64 = 1_000;
/// How long a job waits for its turn, milliseconds; one that may take longer waits as long as it may take. Whoever waited
/// in vain is told so while the client still listens.
const PATIENCE_MS: u64 = 5_000;

/// A job whose answer type is forgotten.
trait Work: Send {
    fn run(&mut self, tx: &mut Tx) -> Result<()>;
    fn finish(self: Box<Self>, result: Result<()>);
}

struct Typed<T, F> {
    job: F,
    out: Option<T>,
    reply: oneshot::Sender<Result<T>>,
}

impl<T: Send, F: FnMut(&mut Tx) -> Result<T> + Send> Work for Typed<T, F> {
    fn run(&mut self, tx: &mut Tx) -> Result<()> {
        self.out = None;
        self.out = Some((self.job)(tx)?);
        Ok(())
    }

    fn finish(self: Box<Self>, result: Result<()>) {
        let this = *self;
        let answer = match (result, this.out) {
            (Ok(()), Some(out)) => Ok(out),
            (Ok(()), None) => Err(Refusal::internal("a job ended without an answer")),
            (Err(refusal), _) => Err(refusal),
        };
        let _ = this.reply.send(answer);
    }
}

/// A job with its actor.
pub(crate) struct Job {
    pub who: Actor,
    pub budget_ms: u64,
    asked: Moment,
    work: Box<dyn Work>,
}

impl Job {
    pub fn new<T: Send + 'static>(
        who: Actor,
        budget_ms: u64,
        job: impl FnMut(&mut Tx) -> Result<T> + Send + 'static,
    ) -> (Box<Job>, oneshot::Receiver<Result<T>>) {
        let (reply, answer) = oneshot::channel();
        let work = Box::new(Typed { job, out: None, reply });
        (Box::new(Job { who, budget_ms, asked: Moment::now(), work }), answer)
    }

    /// Refuses a job that waited too long for its turn.
    pub fn in_time(&self) -> Result<()> {
        if self.asked.elapsed() <= Duration::from_millis(PATIENCE_MS.max(self.budget_ms)) {
            return Ok(());
        }
        Err(Refusal::unavailable("the job waited too long for a writer"))
    }

    /// Runs the job; a panic of a rule is its refusal.
    pub fn run(&mut self, tx: &mut Tx) -> Result<()> {
        let work = &mut self.work;
        catch_unwind(AssertUnwindSafe(|| work.run(tx))).unwrap_or_else(|panic| {
            // Cut off, and ended because it did not heed it: that is the refusal.
            if let Some(cut) = tx.broken.clone().filter(|broken| broken.code() == Code::Timeout) {
                return Err(cut);
            }
            let text = panic.downcast_ref::<&str>().map(|s| (*s).to_owned());
            let what = text.or_else(|| panic.downcast_ref::<String>().cloned());
            Err(Refusal::internal(format!("a rule panicked: {}", what.unwrap_or_default())))
        })
    }

    /// Answers.
    pub fn finish(self, result: Result<()>) {
        self.work.finish(result);
    }
}

/// Whether the writer took a job.
pub(crate) enum Submit {
    Taken,
    Full,
    Closed,
}

/// The way to the writer thread.
pub(crate) struct Writer {
    queue: Mutex<Option<SyncSender<Box<Job>>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Writer {
    pub fn start(cell: &str, tx: Tx) -> Result<Writer, OpenError> {
        let (queue, jobs) = sync_channel(QUEUE);
        let thread = std::thread::Builder::new()
            .name(format!("store-{cell}"))
            .spawn(move || serve(tx, &jobs))
            .map_err(|e| OpenError::new(format!("No thread for the writer: {e}.")))?;
        Ok(Writer { queue: Mutex::new(Some(queue)), thread: Mutex::new(Some(thread)) })
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
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            let _ = thread.join();
        }
    }
}

fn serve(mut tx: Tx, jobs: &Receiver<Box<Job>>) {
    let mut wary = 0_u32;
    while let Ok(first) = jobs.recv() {
        let mut batch = vec![*first];
        while batch.len() < BATCH {
            match jobs.try_recv() {
                Ok(job) => batch.push(*job),
                Err(_) => break,
            }
        }
        wary = if commit(&mut tx, batch, wary > 0) { WARY } else { wary.saturating_sub(1) };
    }
    tx.checkpoint();
}

/// What became of a batch before its commit.
enum Ran {
    /// Every job has its result.
    Whole(Vec<Result<()>>),
    /// The database gave the transaction up under the last of these.
    Lost(Vec<Result<()>>),
    /// The last of these wrote and has to be taken back, and there is no savepoint.
    Spoilt(Vec<Result<()>>),
}

/// Runs a batch in one transaction and answers; says whether a job spoilt it. A savepoint per job copies every page that the
/// job changes, and hardly any job fails after it has written: so the jobs first run without. When one leaves something
/// that must be taken back, all begin again, each behind its savepoint. When the database gave the transaction up under a
/// job (a write that was cut off), that job fails and the others run again.
fn commit(tx: &mut Tx, mut batch: Vec<Job>, mut guarded: bool) -> bool {
    let mut spoilt = false;
    while !batch.is_empty() {
        let begun = tx.begin_batch();
        let ran = if begun.is_ok() { run(tx, &mut batch, guarded) } else { Ran::Whole(Vec::new()) };
        let results = match ran {
            Ran::Whole(results) => results,
            Ran::Lost(mut results) => {
                let culprit = batch.remove(results.len().saturating_sub(1));
                culprit.work.finish(results.pop().unwrap_or(Ok(())).and_then(|()| Err(Fault::Timeout.into())));
                tx.abandon_batch();
                continue;
            }
            Ran::Spoilt(mut results) => {
                tx.abandon_batch();
                (spoilt, guarded) = (true, true);
                if batch.len() == 1
                    && let (Some(job), Some(result)) = (batch.pop(), results.pop())
                {
                    job.work.finish(result);
                }
                continue;
            }
        };
        let committed = begun.and_then(|()| tx.commit_batch());
        for (index, job) in batch.into_iter().enumerate() {
            let result = match &committed {
                Ok(()) => results.get(index).cloned().unwrap_or_else(|| Err(Refusal::internal("a job did not run"))),
                Err(refusal) => Err(refusal.clone()),
            };
            job.work.finish(result);
        }
        if committed.is_ok() {
            tx.announce();
        }
        return spoilt;
    }
    spoilt
}

fn run(tx: &mut Tx, batch: &mut [Job], guarded: bool) -> Ran {
    let mut results = Vec::with_capacity(batch.len());
    for job in batch {
        let (result, trace) = one(tx, job, guarded);
        results.push(result);
        if tx.is_outside() {
            return Ran::Lost(results);
        }
        if trace == Trace::Left {
            return Ran::Spoilt(results);
        }
    }
    Ran::Whole(results)
}

fn one(tx: &mut Tx, job: &mut Job, guarded: bool) -> (Result<()>, Trace) {
    let begun = job.in_time().and_then(|()| tx.begin_job(job.who.clone(), Some(job.budget_ms), guarded));
    if let Err(refusal) = begun {
        return (Err(refusal), Trace::None);
    }
    let result = job.run(tx);
    tx.end_job(result, guarded)
}
