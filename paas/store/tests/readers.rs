//! Readers: no tenant takes them all.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod toys;

use paas_store::Store;
use paas_types::{Code, Refusal};
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;
use tokio::sync::RwLock;
use tokio::time::timeout;
use toys::*;

/// So long a test waits before it says that something hangs.
const HANGS: Duration = Duration::from_secs(60);

type Reading = Pin<Box<dyn Future<Output = Result<(), Refusal>> + Send>>;

/// Reads of a tenant that last until the gate is open. Those that are not refused at once are running or waiting.
async fn slow(store: &Store, key: i64, count: usize, gate: &Arc<RwLock<()>>) -> (Vec<Reading>, Vec<Refusal>) {
    tokio::task::yield_now().await;
    let (mut begun, mut refused) = (Vec::new(), Vec::new());
    for _ in 0..count {
        let (store, gate) = (store.clone(), Arc::clone(gate));
        let mut read: Reading = Box::pin(async move {
            store
                .read(&tenant(key), move |_| {
                    drop(gate.blocking_read());
                    Ok(())
                })
                .await
        });
        match poll_fn(|cx| Poll::Ready(read.as_mut().poll(cx))).await {
            Poll::Ready(ended) => refused.extend(ended.err()),
            Poll::Pending => begun.push(read),
        }
    }
    (begun, refused)
}

on_both! {
    /// The attack: a tenant asks for slow reads without end.
    async fn a_tenant_that_reads_long_holds_up_neither_others_nor_the_inside(place: Place) {
        let store = store(&place).await;
        let gate = Arc::new(RwLock::new(()));
        let closed = gate.write().await;
        let (mut all, _) = slow(&store, 1, 20, &gate).await;
        let other = timeout(HANGS, store.read(&tenant(2), |tx| tx.is_provisioned())).await;
        assert!(other.expect("the other tenant waits").unwrap());

        all.extend(slow(&store, 2, 20, &gate).await.0);
        let inside = timeout(HANGS, store.read_inside(&tenant(1), |tx| tx.is_provisioned())).await;
        assert!(inside.expect("the inside waits").unwrap());
        assert_eq!(timeout(HANGS, store.tenants()).await.expect("the inside waits").unwrap().len(), 2);
        timeout(HANGS, store.ping()).await.expect("readiness waits").unwrap();

        drop(closed);
        assert_eq!(all.len(), 40);
        for read in all {
            timeout(HANGS, read).await.unwrap().unwrap();
        }
    }

    async fn the_queue_of_a_tenant_has_an_end(place: Place) {
        let store = store(&place).await;
        let gate = Arc::new(RwLock::new(()));
        let closed = gate.write().await;
        let (begun, refused) = slow(&store, 1, 600, &gate).await;
        assert!(begun.len() < 600 && begun.len() > 500, "{}", begun.len());
        let refusal = refused.first().unwrap();
        assert_eq!((refusal.code(), refusal.retry_after_s()), (Code::Unavailable, Some(1)));
        assert!(timeout(HANGS, store.read(&tenant(2), |tx| tx.is_provisioned())).await.unwrap().unwrap());
        // Who leaves makes room.
        drop((begun, closed));
        timeout(HANGS, store.read(&tenant(1), |tx| tx.is_provisioned())).await.unwrap().unwrap();
    }
}
