//! What a cell hears, producer by producer, and how far it is.

use super::directory;
use crate::cell::{Cell, Reaction};
use paas_types::{Id, Instant, Tenant};
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;

/// The cell every other one hears: its events keep the directories.
const PLATFORM: &str = "platform";

/// One reaction to one type of event.
#[derive(Clone, Copy)]
pub(crate) struct Handler {
    pub(crate) react: Reaction,
    /// Whether the event carries a whole state: taking it again does no harm, and heals what a restored producer lost.
    pub(crate) repeats: bool,
}

/// Everything a cell hears from one producer.
pub(crate) struct Lane {
    pub(crate) producer: String,
    handlers: HashMap<(String, u32), Vec<Handler>>,
    pub(crate) wake: Notify,
    /// Set when tenants came to this cell: what they missed is read again.
    tenants_changed: AtomicBool,
    status: Mutex<Status>,
    /// Subjects an operator has set going again.
    again: Mutex<Vec<(Tenant, Id)>>,
}

/// How far a lane is.
#[derive(Clone, Debug, Default)]
pub(crate) struct Status {
    /// Whether the producer answered the last question.
    pub(crate) reachable: bool,
    /// The position in the producer's log that was reached.
    pub(crate) position: i64,
    /// Events read and not taken yet.
    pub(crate) pending: usize,
    /// When the oldest of them happened.
    pub(crate) oldest: Option<Instant>,
    /// When the producer answered last.
    pub(crate) contact_at: Option<Instant>,
}

impl Lane {
    fn new(producer: &str) -> Lane {
        Lane {
            producer: producer.to_owned(),
            handlers: HashMap::new(),
            wake: Notify::new(),
            tenants_changed: AtomicBool::new(true),
            status: Mutex::default(),
            again: Mutex::default(),
        }
    }

    /// The reactions to an event; none when it is nobody's business here.
    pub(crate) fn handlers(&self, event_type: &str, version: u32) -> &[Handler] {
        self.handlers.get(&(event_type.to_owned(), version)).map_or(&[], Vec::as_slice)
    }

    /// How far it is.
    pub(crate) fn status(&self) -> MutexGuard<'_, Status> {
        self.status.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells that what a subject waits for may be tried.
    pub(crate) fn try_again(&self, tenant: Tenant, subject: Id) {
        self.again.lock().unwrap_or_else(PoisonError::into_inner).push((tenant, subject));
        self.wake.notify_one();
    }

    /// The subjects told of since the last question.
    pub(crate) fn take_again(&self) -> Vec<(Tenant, Id)> {
        std::mem::take(&mut self.again.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Tells that tenants came.
    pub(crate) fn tenants_changed(&self) {
        self.tenants_changed.store(true, Ordering::Release);
        self.wake.notify_one();
    }

    /// Whether tenants came since the last question.
    pub(crate) fn take_tenants_changed(&self) -> bool {
        self.tenants_changed.swap(false, Ordering::AcqRel)
    }
}

/// The lanes of a cell: one for each producer it hears.
pub(crate) fn lanes_of(cell: &Cell) -> Vec<Arc<Lane>> {
    let mut lanes: Vec<Lane> = Vec::new();
    let chassis = if cell.name() == PLATFORM { &[] } else { directory::HEARS };
    let own =
        cell.hears.iter().map(|(event, version, react)| (*event, *version, Handler { react: *react, repeats: false }));
    let chassis = chassis.iter().map(|(event, react)| (*event, 1, Handler { react: *react, repeats: true }));
    // The directory first: what a cell makes of an event may refer to it.
    for (event, version, handler) in chassis.chain(own) {
        let producer = event.split('.').next().unwrap_or_default();
        let at = lanes.iter().position(|lane| lane.producer == producer).unwrap_or_else(|| {
            lanes.push(Lane::new(producer));
            lanes.len() - 1
        });
        if let Some(lane) = lanes.get_mut(at) {
            lane.handlers.entry((event.to_owned(), version)).or_default().push(handler);
        }
    }
    lanes.into_iter().map(Arc::new).collect()
}
