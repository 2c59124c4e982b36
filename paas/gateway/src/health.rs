//! How the cells are, looked at in the background.

use crate::gateway::Gateway;
use bytes::Bytes;
use futures_util::future::join_all;
use http::Request;
use paas_link::{Peers, read_body};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

const EVERY: Duration = Duration::from_millis(500);
const DEADLINE: Duration = Duration::from_millis(900);

/// What the last probe of a cell found.
#[derive(Clone, Debug, PartialEq)]
struct Seen {
    up: bool,
    latency_ms: f64,
    version: Option<String>,
}

/// The last findings.
#[derive(Default)]
pub(crate) struct Health(Mutex<BTreeMap<String, Seen>>);

impl Health {
    /// Every connected cell with whether it is up; one that was not probed yet is not.
    pub(crate) fn up(&self, peers: &Peers) -> Vec<(String, bool)> {
        let seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        peers.names().into_iter().map(|name| (name.clone(), seen.get(&name).is_some_and(|s| s.up))).collect()
    }

    /// `{"status","version","cells":[{"cell","state","latencyMs","version"}]}`, and whether any cell is up.
    pub(crate) fn report(&self, peers: &Peers, version: &str) -> (bool, Value) {
        let up = self.up(peers);
        let seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let cells: Vec<Value> = up
            .iter()
            .map(|(cell, up)| {
                let seen = seen.get(cell);
                json!({
                    "cell": cell,
                    "state": if *up { "up" } else { "down" },
                    "latencyMs": seen.map(|s| (s.latency_ms * 10.0).round() / 10.0),
                    "version": seen.and_then(|s| s.version.as_deref()),
                })
            })
            .collect();
        let (all, any) = (up.iter().all(|(_, up)| *up), up.iter().any(|(_, up)| *up));
        let status = if all { "up" } else { if any { "degraded" } else { "down" } };
        (any || up.is_empty(), json!({"status": status, "version": version, "cells": cells}))
    }
}

impl Gateway {
    /// Asks every cell once how it is. [`crate::serve`] does this all the time.
    pub async fn probe(&self) {
        let peers = &self.0.peers;
        let seen = join_all(peers.names().into_iter().map(|cell| async move {
            let found = look(peers, &cell).await;
            (cell, found)
        }));
        let seen: BTreeMap<String, Seen> = seen.await.into_iter().collect();
        for (cell, _) in seen.iter().filter(|(_, seen)| seen.up) {
            self.0.breakers.reachable(cell);
        }
        let before =
            std::mem::replace(&mut *self.0.health.0.lock().unwrap_or_else(PoisonError::into_inner), seen.clone());
        for (cell, now) in &seen {
            if before.get(cell).is_some_and(|before| before.up != now.up) {
                tracing::warn!(cell, up = now.up, "a cell changed its health");
            }
        }
    }

    /// Probes for ever.
    pub(crate) async fn keep_probing(self) {
        let mut tick = tokio::time::interval(EVERY);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tick.tick().await;
            self.probe().await;
        }
    }
}

async fn look(peers: &Peers, cell: &str) -> Seen {
    let started = Instant::now();
    let mut seen = Seen { up: false, latency_ms: 0.0, version: None };
    let (Some(link), Ok(request)) = (peers.link(cell), Request::get("/health/ready").body(Bytes::new())) else {
        return seen;
    };
    let answer = tokio::time::timeout(DEADLINE, async {
        let response = link.call(request, DEADLINE).await.ok()?;
        let up = response.status().is_success();
        let body = read_body(response.into_body(), 64 * 1024).await.ok()?;
        Some((up, serde_json::from_slice::<Value>(&body).unwrap_or_default()))
    });
    if let Ok(Some((up, said))) = answer.await {
        seen.up = up;
        seen.version = said.get("version").and_then(Value::as_str).map(str::to_owned);
    }
    seen.latency_ms = started.elapsed().as_secs_f64() * 1000.0;
    seen
}
