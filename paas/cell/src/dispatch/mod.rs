//! Hearing other cells. For each producer one task reads its log over the link, in order, and takes event by event; the
//! cursor moves in the transaction of the effect, so each event has its effect once, whenever the program stops.

mod directory;
mod lane;
mod reading;
pub(crate) mod routes;
mod taking;
mod wire;

pub(crate) use lane::{Lane, lanes_of};

use crate::service::Service;
use reading::Reader;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// How eagerly a dispatcher reads and tries again. `Pace::default()` is fit for use.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// How long a reader that was told nothing waits before it asks again.
    pub poll: Duration,
    /// How long it waits at most for a producer that does not answer.
    pub patience: Duration,
    /// How long a producer may take to answer.
    pub deadline: Duration,
    /// Events asked for at a time, 1,000 at most.
    pub batch: u32,
    /// How long an event that failed once waits; each further failure makes it five times as long.
    pub retry: Duration,
    /// Whether readers are woken by commits of producers in this process; else they only poll.
    pub notices: bool,
}

impl Default for Pace {
    fn default() -> Pace {
        Pace {
            poll: Duration::from_millis(500),
            patience: Duration::from_secs(2),
            deadline: Duration::from_secs(5),
            batch: 200,
            retry: Duration::from_millis(200),
            notices: true,
        }
    }
}

/// Everything the cells of a process hear. Dropping it stops hearing as [`Dispatcher::stop`] does.
#[derive(Debug)]
pub struct Dispatcher {
    stop: watch::Sender<bool>,
    readers: Vec<JoinHandle<()>>,
}

impl Dispatcher {
    /// Starts hearing for these cells, which are all cells of the process.
    pub fn start(services: &[Arc<Service>], pace: Pace) -> Dispatcher {
        let (stop, stopped) = watch::channel(false);
        let mut readers = Vec::new();
        for service in services {
            for lane in &service.lanes {
                let near = services.iter().find(|near| near.cell.name() == lane.producer).filter(|_| pace.notices);
                let notices = near.map(|near| near.store.commits());
                let reader = Reader::new(Arc::clone(service), Arc::clone(lane), pace, notices);
                let mut stopped = stopped.clone();
                readers.push(tokio::spawn(async move {
                    // Whatever a reader waits for may be dropped: only transactions have effects.
                    tokio::select! {
                        () = reader.read_on() => {}
                        _ = stopped.wait_for(|stop| *stop) => {}
                    }
                }));
            }
        }
        Dispatcher { stop, readers }
    }

    /// Stops hearing and waits until nobody reads any more.
    pub async fn stop(self) {
        let _ = self.stop.send(true);
        for reader in self.readers {
            let _ = reader.await;
        }
    }
}
