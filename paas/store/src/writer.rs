//! The writer: one thread, one connection, group commit.

use crate::api::{Actor, OpenError};
use crate::batch::Trace;
use crate::cell::Fault;
use crate::desk::Desk;
use crate::pg::WAITING;
use crate::tx::Tx;
use paas_types::{Code, Refusal, Result};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
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
/// How often who waits for a job that is at work looks whether it ever ends.
const LOOK: Duration = Duration::from_millis(500);
/// How many seconds later it is worth asking a store that a job has taken for itself.
const COME_BACK_S: u32 = 10;

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
    turn: Arc<TurnOf>,
    desk: Arc<Desk>,
    work: Box<dyn Work>,
}

/// Whose turn it is: a job is begun by a writer or given up by who waits for it, never both.
struct TurnOf(AtomicU64);

/// It waits.
const WAITS: u64 = 0;
/// Who asked for it was told that it did not begin.
const GIVEN_UP: u64 = u64::MAX;
/// It began; not at work yet, or again.
const BEGUN: u64 = u64::MAX - 1;

/// What who asked for a job waits for.
pub(crate) struct Awaited<T> {
    turn: Arc<TurnOf>,
    desk: Arc<Desk>,
    patience: Duration,
    answer: oneshot::Receiver<Result<T>>,
}

impl<T> Awaited<T> {
    /// The outcome. Who waits in vain for a turn is told when the writer would refuse the job too; who waits for a job
    /// that does not end, or shares a transaction with one, is told as soon as that is known.
    pub async fn outcome(mut self) -> Result<T> {
        let gone = |_| Err(Refusal::unavailable("the writer is gone"));
        if let Ok(told) = tokio::time::timeout(self.patience, &mut self.answer).await {
            return told.unwrap_or_else(gone);
        }
        if self.turn.0.compare_exchange(WAITS, GIVEN_UP, Ordering::AcqRel, Ordering::Acquire).is_ok() {
            return Err(Refusal::unavailable("the job waited too long for a writer"));
        }
        loop {
            if let Ok(told) = tokio::time::timeout(LOOK, &mut self.answer).await {
                return told.unwrap_or_else(gone);
            }
            if self.desk.is_stuck(self.turn.0.load(Ordering::Acquire)) {
                return Err(Refusal::new(Code::Timeout).caused_by("the rule does not end"));
            }
            if self.desk.is_blocked() {
                return Err(blocked());
            }
        }
    }
}

/// Nobody can write: jobs that do not end hold every writer.
pub(crate) fn blocked() -> Refusal {
    Refusal::unavailable("a rule that does not end holds the writer").retry_after(COME_BACK_S)
}

impl Job {
    pub fn new<T: Send + 'static>(
        (who, budget_ms): (Actor, u64),
        desk: &Arc<Desk>,
        job: impl FnMut(&mut Tx) -> Result<T> + Send + 'static,
    ) -> (Box<Job>, Awaited<T>) {
        let (reply, answer) = oneshot::channel();
        let work = Box::new(Typed { job, out: None, reply });
        let turn = Arc::new(TurnOf(AtomicU64::new(WAITS)));
        let awaited =
            Awaited { turn: Arc::clone(&turn), desk: Arc::clone(desk), patience: patience(budget_ms), answer };
        (Box::new(Job { who, budget_ms, asked: Moment::now(), turn, desk: Arc::clone(desk), work }), awaited)
    }

    /// Begins a job, or refuses one that waited too long for its turn. One that began may begin again.
    pub fn in_time(&self) -> Result<()> {
        let turn = &self.turn.0;
        if !matches!(turn.load(Ordering::Acquire), WAITS | GIVEN_UP) {
            return Ok(());
        }
        let in_time = self.asked.elapsed() <= patience(self.budget_ms);
        if in_time && turn.compare_exchange(WAITS, BEGUN, Ordering::AcqRel, Ordering::Acquire).is_ok() {
            return Ok(());
        }
        Err(Refusal::unavailable("the job waited too long for a writer"))
    }

    /// Runs the job at its desk; a panic of a rule is its refusal.
    pub fn run(&mut self, tx: &mut Tx) -> Result<()> {
        // Where others write at once, its time counts the waiting for them.
        let budget_ms = if tx.is_pg() { self.budget_ms.saturating_mul(WAITING) } else { self.budget_ms };
        let seat = self.desk.sit(&self.who, budget_ms);
        self.turn.0.store(seat.job, Ordering::Release);
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

/// How long a job that may take so many milliseconds waits for its turn.
fn patience(budget_ms: u64) -> Duration {
    Duration::from_millis(PATIENCE_MS.max(budget_ms))
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
        // Who is answered and reads at once must not be told what was remembered before.
        if committed.is_ok() {
            tx.announce();
        }
        for (index, job) in batch.into_iter().enumerate() {
            let result = match &committed {
                Ok(()) => results.get(index).cloned().unwrap_or_else(|| Err(Refusal::internal("a job did not run"))),
                Err(refusal) => Err(refusal.clone()),
            };
            job.work.finish(result);
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
