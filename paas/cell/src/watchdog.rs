//! Looks after rules that never end. A thread cannot be stopped: what such a rule holds is free again only in a new
//! process. Whoever runs the program is told which call it is; when nobody can write any more, and nothing changes for as
//! long as the setting says, the process ends in order, so that its supervisor starts it again. Every answered write is in
//! the database by then; what was open rolls back. See `docs/adr/0010-rules-that-never-end.md`.

use crate::service::Service;
use paas_store::{Store, Stuck};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// How often it looks.
const LOOK: Duration = Duration::from_millis(500);
/// How long the end in order may take; then the process ends as it is.
const ORDER: Duration = Duration::from_secs(45);
/// How long a store may take to close when the process ends because of one that cannot.
const CLOSING: Duration = Duration::from_secs(5);

/// Watches the stores of some cells, on a thread of its own, until it is dropped.
#[derive(Debug)]
pub struct Watchdog {
    given_up: oneshot::Receiver<String>,
    sentence: Option<String>,
    _stop: Sender<()>,
}

/// A cell with what was told of it.
struct Watched {
    cell: &'static str,
    store: Store,
    told: BTreeMap<(bool, u64), Stuck>,
    blocked: Option<Instant>,
}

impl Watchdog {
    /// Watches these cells. After so many seconds without a writer, or without a reader for callers, it gives up; zero
    /// means never.
    pub fn watch(services: &[Arc<Service>], end_when_stuck: u64) -> Result<Watchdog, String> {
        let patience = (end_when_stuck > 0).then(|| Duration::from_secs(end_when_stuck));
        let mut all: Vec<Watched> = services
            .iter()
            .map(|s| Watched { cell: s.name(), store: s.store().clone(), told: BTreeMap::new(), blocked: None })
            .collect();
        let (told, given_up) = oneshot::channel();
        let (stop, stopped) = channel::<()>();
        let look = move || {
            let mut told = Some(told);
            while let Err(RecvTimeoutError::Timeout) = stopped.recv_timeout(LOOK) {
                let found = all.iter_mut().find_map(|watched| watched.look(patience));
                if let Some(sentence) = found
                    && let Some(told) = told.take()
                {
                    let _ = told.send(sentence);
                    if let Err(RecvTimeoutError::Timeout) = stopped.recv_timeout(ORDER) {
                        tracing::error!("the end in order takes too long: the process ends as it is");
                        std::process::exit(1);
                    }
                    return;
                }
            }
        };
        let thread = std::thread::Builder::new().name("watchdog".to_owned()).spawn(look);
        thread.map_err(|e| format!("No thread for the watchdog: {e}."))?;
        Ok(Watchdog { given_up, sentence: None, _stop: stop })
    }

    /// Done when `asked` is, or when a cell can do nothing any more.
    pub async fn or_given_up(&mut self, asked: impl Future<Output = ()>) {
        self.sentence = tokio::select! {
            () = asked => None,
            sentence = told(&mut self.given_up) => Some(sentence),
        };
    }

    /// How the program ended: with the sentence that says which cell could do nothing any more, when that was why.
    pub fn outcome(self, ended: Result<(), String>) -> Result<(), String> {
        self.sentence.map_or(ended, |sentence| Err(sentence + "."))
    }
}

/// What the watching thread tells; never when it has nothing to tell.
async fn told(given_up: &mut oneshot::Receiver<String>) -> String {
    match given_up.await {
        Ok(sentence) => sentence,
        Err(_) => std::future::pending().await,
    }
}

impl Watched {
    /// Tells what is new; the sentence when it is time to give up.
    fn look(&mut self, patience: Option<Duration>) -> Option<String> {
        let stuck = self.store.stuck();
        for job in &stuck {
            let Stuck { writes, doing, tenant, request_id, seconds, .. } = job;
            if self.told.insert((*writes, job.job), job.clone()).is_none() {
                let user = job.user.to_string();
                tracing::error!(
                    cell = self.cell,
                    writes,
                    doing,
                    tenant,
                    user,
                    request_id,
                    seconds,
                    "a rule does not end"
                );
            }
        }
        let cell = self.cell;
        self.told.retain(|key, job| {
            let still = stuck.iter().any(|now| (now.writes, now.job) == *key);
            if !still {
                tracing::warn!(cell, doing = job.doing, request_id = job.request_id, "the rule ended after all");
            }
            still
        });
        if !self.store.is_blocked() {
            self.blocked = None;
            return None;
        }
        let since = *self.blocked.get_or_insert_with(|| {
            tracing::error!(cell, "nobody can work in this cell until the rule ends or the process is started anew");
            Instant::now()
        });
        patience.filter(|patience| since.elapsed() >= *patience)?;
        let what = stuck.first().map_or_else(String::new, ToString::to_string);
        Some(format!(
            "The cell {cell} is held by a rule that cannot be stopped ({what}). Every answered write is safe; start the program \
             again"
        ))
    }
}

/// Closes the stores of some cells. One that is held by a rule which never ends is not waited for.
pub async fn close(services: Vec<Arc<Service>>) {
    for service in services {
        let held = !service.store().stuck().is_empty();
        let closing = service.store().clone().close();
        if held {
            let _ = tokio::time::timeout(CLOSING, closing).await;
        } else {
            closing.await;
        }
    }
}

/// Ends a program's threads, also those that run a rule which never ends, and says how it went.
pub fn end(runtime: tokio::runtime::Runtime, outcome: Result<(), String>) -> Result<(), String> {
    runtime.shutdown_timeout(CLOSING);
    outcome
}
