//! The sequencer: numbers and seals what is committed. Rows of the audit log and the outbox are never changed, so their
//! numbers and seals lie in tables beside them, and what still has none waits in a queue that the database itself fills.
//! Several processes may do this; a lock lets one at a time.

use super::{Missed, Pg, Then, locks};
use crate::audit::{KINDS, TOLD, seal};
use crate::cell::Fault;
use crate::{Cell, Col};
use paas_types::{Refusal, Result};
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant as Moment};
use tokio::sync::{oneshot, watch};

/// How long commits gather before they are numbered, milliseconds.
const GATHER_MS: u64 = 50;
/// After how long a pass that failed is tried again, milliseconds.
const RETRY_MS: u64 = 200;
/// Rows per pass.
const PASS: usize = 500;
/// Rows per statement.
const AT_ONCE: usize = 16;
/// A pass takes what waits, one by one from where it stands. Plans are made once, when the tables may still be empty, and
/// must not read a log from end to end when it is long.
const BEGIN: &str = "BEGIN; SELECT set_config('statement_timeout', '10000', true), \
     set_config('enable_seqscan', 'off', true), set_config('enable_hashjoin', 'off', true), \
     set_config('enable_mergejoin', 'off', true)";

enum Call {
    /// Something was committed.
    Work,
    /// Somebody waits until everything committed by now is numbered.
    Settle(oneshot::Sender<Result<()>>),
}

/// The way to the sequencer.
pub(crate) struct Waker {
    calls: Mutex<Sender<Call>>,
    woken: Arc<AtomicBool>,
}

impl Waker {
    /// There is work.
    pub fn work(&self) {
        if !self.woken.swap(true, Ordering::AcqRel) {
            let _ = self.calls.lock().unwrap_or_else(PoisonError::into_inner).send(Call::Work);
        }
    }

    /// Waits until everything committed by now is numbered.
    pub async fn settle(&self) -> Result<()> {
        let (done, settled) = oneshot::channel();
        let sent = self.calls.lock().unwrap_or_else(PoisonError::into_inner).send(Call::Settle(done));
        sent.map_err(|_| Refusal::unavailable("the sequencer is gone"))?;
        settled.await.unwrap_or_else(|_| Err(Refusal::unavailable("the sequencer is gone")))
    }
}

/// Starts the sequencer on a thread of its own; it ends with the last waker. What an earlier process left is numbered at
/// once.
pub(crate) fn start(cell: &str, pg: Pg, audit_key: [u8; 32], commits: watch::Sender<u64>) -> std::io::Result<Waker> {
    let (sender, calls) = channel();
    let woken = Arc::new(AtomicBool::new(false));
    let mut sequencer = Sequencer { pg, audit_key, commits, woken: Arc::clone(&woken) };
    std::thread::Builder::new().name(format!("store-{cell}-seq")).spawn(move || sequencer.serve(&calls))?;
    let waker = Waker { calls: Mutex::new(sender), woken };
    waker.work();
    Ok(waker)
}

struct Sequencer {
    pg: Pg,
    audit_key: [u8; 32],
    commits: watch::Sender<u64>,
    woken: Arc<AtomicBool>,
}

impl Sequencer {
    fn serve(&mut self, calls: &Receiver<Call>) {
        let mut unfinished = false;
        loop {
            let first = if unfinished {
                calls.recv_timeout(Duration::from_millis(RETRY_MS))
            } else {
                calls.recv().map_err(|_| RecvTimeoutError::Disconnected)
            };
            let mut waiting = Vec::new();
            match first {
                Ok(Call::Settle(done)) => waiting.push(done),
                Ok(Call::Work) => gather(calls, &mut waiting),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return,
            }
            while let Ok(call) = calls.try_recv() {
                if let Call::Settle(done) = call {
                    waiting.push(done);
                }
            }
            // Whoever commits from here on wakes anew.
            self.woken.store(false, Ordering::Release);
            let result = self.number_all();
            unfinished = result.is_err();
            if let Err(refusal) = &result {
                tracing::warn!(cause = refusal.cause(), "what was committed is not numbered yet");
            }
            for done in waiting {
                let _ = done.send(result.clone());
            }
        }
    }

    fn number_all(&mut self) -> Result<()> {
        loop {
            self.pg.wrap_up();
            match self.pass() {
                Ok((rows, events)) => {
                    if events > 0 {
                        self.commits.send_modify(|n| *n = n.wrapping_add(1));
                    }
                    if rows < PASS && events < PASS {
                        return Ok(());
                    }
                }
                Err(missed) => {
                    self.pg.roll_back();
                    return Err(missed.fault.into());
                }
            }
        }
    }

    /// One pass: how many audit rows were sealed and how many events numbered.
    fn pass(&mut self) -> Result<(usize, usize), Missed> {
        self.pg.begin(BEGIN.to_owned())?;
        let turn = vec![Cell::Int(locks::advisory(&[b"sequencer"]))];
        self.pg.keep_back("SELECT pg_advisory_xact_lock($1)", turn, Then::Nothing)?;
        let rows = self.seal_rows()?;
        let events = self.number_events()?;
        self.pg.commit()?;
        Ok((rows, events))
    }

    fn seal_rows(&mut self) -> Result<usize, Missed> {
        let told = TOLD.split(", ").map(|c| format!("l.{c}")).collect::<Vec<_>>().join(", ");
        let sql = format!(
            "SELECT w.pos, w.tenant, w.id, {told} FROM audit_wait w \
             JOIN audit_log l ON l.tenant = w.tenant AND l.id = w.id ORDER BY w.pos LIMIT {PASS}"
        );
        // Number and seal, at the ends of `KINDS`, are what is made here.
        let mut kinds = vec![Col::Int, Col::Int, Col::Id];
        kinds.extend(KINDS.iter().skip(1).take(KINDS.len() - 2));
        let rows = self.pg.query(&sql, &[], &kinds)?;
        let count = rows.len();
        let mut heads: HashMap<i64, (i64, Vec<u8>)> = HashMap::new();
        let (mut seals, mut done) = (Vec::with_capacity(count), Vec::with_capacity(count));
        for mut cells in rows {
            let told = cells.split_off(3);
            let [pos, tenant, id] = cells.as_slice() else { continue };
            let key = tenant.as_int();
            let (seq, head) = match heads.remove(&key) {
                Some(head) => head,
                None => self.head(key)?,
            };
            let mut sealed = vec![Cell::Int(seq + 1)];
            sealed.extend(told);
            let mark = seal(&self.audit_key, key, &head, &sealed).to_vec();
            seals.push(vec![tenant.clone(), Cell::Int(seq + 1), id.clone(), Cell::Bytes(mark.clone())]);
            done.push(vec![pos.clone()]);
            heads.insert(key, (seq + 1, mark));
        }
        self.write(|rows| format!("INSERT INTO audit_seal (tenant, seq, id, seal) VALUES {rows}"), seals)?;
        self.write(|rows| format!("DELETE FROM audit_wait WHERE pos IN ({rows})"), done)?;
        Ok(count)
    }

    /// Runs a statement for several rows of values at once.
    fn write(&mut self, statement: fn(&str) -> String, rows: Vec<Vec<Cell>>) -> Result<(), Missed> {
        for some in rows.chunks(AT_ONCE) {
            let mut params: Vec<Cell> = Vec::new();
            let row = |row: &Vec<Cell>| {
                let first = params.len() + 1;
                params.extend(row.iter().cloned());
                let marks: Vec<String> = (first..=params.len()).map(|n| format!("${n}")).collect();
                format!("({})", marks.join(", "))
            };
            let rows: Vec<String> = some.iter().map(row).collect();
            self.pg.keep_back(&statement(&rows.join(", ")), params, Then::Nothing)?;
        }
        Ok(())
    }

    /// The end of a tenant's chain.
    fn head(&mut self, tenant: i64) -> Result<(i64, Vec<u8>), Fault> {
        let sql = "SELECT seq, seal FROM audit_seal WHERE tenant = $1 ORDER BY seq DESC LIMIT 1";
        let rows = self.pg.query(sql, &[Cell::Int(tenant)], &[Col::Int, Col::Bytes]).map_err(|missed| missed.fault)?;
        let row = rows.into_iter().next().map(|row| {
            let mut cells = row.into_iter();
            (cells.next().map_or(0, |c| c.as_int()), cells.next().map(Cell::into_bytes).unwrap_or_default())
        });
        Ok(row.unwrap_or_default())
    }

    fn number_events(&mut self) -> Result<usize, Missed> {
        let sql = format!("SELECT pos, tenant, id FROM outbox_wait ORDER BY pos LIMIT {PASS}");
        let rows = self.pg.query(&sql, &[], &[Col::Int, Col::Int, Col::Id])?;
        let count = rows.len();
        if count == 0 {
            return Ok(0);
        }
        let last = self.pg.query("SELECT COALESCE(MAX(seq), 0) FROM outbox_seq", &[], &[Col::Int])?;
        let mut seq = last.first().and_then(|row| row.first()).map_or(0, Cell::as_int);
        let (mut numbers, mut done) = (Vec::with_capacity(count), Vec::with_capacity(count));
        for cells in rows {
            let [pos, tenant, id] = cells.as_slice() else { continue };
            seq += 1;
            numbers.push(vec![Cell::Int(seq), tenant.clone(), id.clone()]);
            done.push(vec![pos.clone()]);
        }
        self.write(|rows| format!("INSERT INTO outbox_seq (seq, tenant, id) VALUES {rows}"), numbers)?;
        self.write(|rows| format!("DELETE FROM outbox_wait WHERE pos IN ({rows})"), done)?;
        Ok(count)
    }
}

/// Lets commits gather for a moment, unless somebody waits.
fn gather(calls: &Receiver<Call>, waiting: &mut Vec<oneshot::Sender<Result<()>>>) {
    let until = Moment::now() + Duration::from_millis(GATHER_MS);
    while let Some(left) = until.checked_duration_since(Moment::now()) {
        match calls.recv_timeout(left) {
            Ok(Call::Settle(done)) => return waiting.push(done),
            Ok(Call::Work) => {}
            Err(_) => return,
        }
    }
}
