//! Numbers for the operator, in Prometheus text.

use http::StatusCode;
use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

/// Upper bounds of the latency buckets, milliseconds; the promise to people is 500.
const BUCKETS_MS: [u64; 10] = [5, 10, 25, 50, 100, 250, 500, 1000, 2500, 10_000];

/// One meter per cell, and one for everything the gateway answers itself.
#[derive(Default)]
pub(crate) struct Metrics(RwLock<HashMap<String, Arc<Meter>>>);

/// The numbers of one cell.
#[derive(Default)]
pub(crate) struct Meter {
    classes: [AtomicU64; 5],
    buckets: [AtomicU64; 10],
    total_us: AtomicU64,
    in_flight: AtomicUsize,
}

/// A call in flight; counted until it is dropped.
pub(crate) struct InFlight(Arc<Meter>);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Metrics {
    /// The meter of a cell. Only names of connected cells may come here: they are kept for ever.
    pub(crate) fn of(&self, cell: &str) -> Arc<Meter> {
        if let Some(meter) = self.0.read().unwrap_or_else(PoisonError::into_inner).get(cell) {
            return Arc::clone(meter);
        }
        Arc::clone(self.0.write().unwrap_or_else(PoisonError::into_inner).entry(cell.to_owned()).or_default())
    }

    /// Everything in Prometheus text; `open` says how many circuits are open per cell, `up` which cells are up.
    pub(crate) fn text(&self, open: &HashMap<String, u64>, up: &[(String, bool)]) -> String {
        let meters: BTreeMap<String, Arc<Meter>> =
            self.0.read().unwrap_or_else(PoisonError::into_inner).iter().map(|(k, v)| (k.clone(), v.clone())).collect();
        let mut out = String::new();
        head(&mut out, "superpaas_requests_total", "counter", "Requests by cell and class of status.");
        for (cell, meter) in &meters {
            for (class, count) in (1..).zip(&meter.classes) {
                let count = count.load(Ordering::Relaxed);
                let _ = writeln!(out, "superpaas_requests_total{{cell=\"{cell}\",class=\"{class}xx\"}} {count}");
            }
        }
        head(&mut out, "superpaas_request_seconds", "histogram", "Time to the head of the answer.");
        for (cell, meter) in &meters {
            let name = "superpaas_request_seconds";
            let mut sum = 0;
            for (bound, count) in BUCKETS_MS.iter().zip(&meter.buckets) {
                sum += count.load(Ordering::Relaxed);
                let bound = Duration::from_millis(*bound).as_secs_f64();
                let _ = writeln!(out, "{name}_bucket{{cell=\"{cell}\",le=\"{bound}\"}} {sum}");
            }
            let all: u64 = meter.classes.iter().map(|c| c.load(Ordering::Relaxed)).sum();
            let seconds = Duration::from_micros(meter.total_us.load(Ordering::Relaxed)).as_secs_f64();
            let _ = writeln!(out, "{name}_bucket{{cell=\"{cell}\",le=\"+Inf\"}} {all}");
            let _ = writeln!(out, "{name}_sum{{cell=\"{cell}\"}} {seconds}\n{name}_count{{cell=\"{cell}\"}} {all}");
        }
        head(&mut out, "superpaas_in_flight", "gauge", "Calls a cell is working on.");
        for (cell, meter) in &meters {
            let _ = writeln!(out, "superpaas_in_flight{{cell=\"{cell}\"}} {}", meter.in_flight.load(Ordering::Relaxed));
        }
        head(&mut out, "superpaas_open_circuits", "gauge", "Open circuits of a cell.");
        for (cell, _) in up {
            let _ = writeln!(out, "superpaas_open_circuits{{cell=\"{cell}\"}} {}", open.get(cell).unwrap_or(&0));
        }
        head(&mut out, "superpaas_cell_up", "gauge", "Whether a cell answers its health probe.");
        for (cell, up) in up {
            let _ = writeln!(out, "superpaas_cell_up{{cell=\"{cell}\"}} {}", u8::from(*up));
        }
        out
    }
}

impl Meter {
    /// Counts an answer.
    pub(crate) fn note(&self, status: StatusCode, took: Duration) {
        let class = usize::from(status.as_u16() / 100).saturating_sub(1);
        if let Some(count) = self.classes.get(class) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        let ms = took.as_micros().div_ceil(1000);
        if let Some((_, count)) = BUCKETS_MS.iter().zip(&self.buckets).find(|(bound, _)| ms <= u128::from(**bound)) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        self.total_us.fetch_add(u64::try_from(took.as_micros()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    /// Takes a place when fewer than `limit` are taken.
    pub(crate) fn enter(self: &Arc<Meter>, limit: usize) -> Option<InFlight> {
        let before = self.in_flight.fetch_add(1, Ordering::AcqRel);
        let place = InFlight(Arc::clone(self));
        (before < limit).then_some(place)
    }
}

fn head(out: &mut String, name: &str, kind: &str, help: &str) {
    let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} {kind}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_out_as_prometheus_reads_them() {
        let metrics = Metrics::default();
        let meter = metrics.of("toy");
        meter.note(StatusCode::OK, Duration::from_millis(7));
        meter.note(StatusCode::OK, Duration::from_millis(480));
        meter.note(StatusCode::SERVICE_UNAVAILABLE, Duration::from_secs(30));
        let one = meter.enter(1).unwrap();
        assert!(meter.enter(1).is_none());
        let text = metrics.text(&HashMap::from([("toy".to_owned(), 2)]), &[("toy".to_owned(), true)]);
        for line in [
            "superpaas_requests_total{cell=\"toy\",class=\"2xx\"} 2",
            "superpaas_requests_total{cell=\"toy\",class=\"5xx\"} 1",
            "superpaas_request_seconds_bucket{cell=\"toy\",le=\"0.01\"} 1",
            "superpaas_request_seconds_bucket{cell=\"toy\",le=\"0.5\"} 2",
            "superpaas_request_seconds_bucket{cell=\"toy\",le=\"+Inf\"} 3",
            "superpaas_in_flight{cell=\"toy\"} 1",
            "superpaas_open_circuits{cell=\"toy\"} 2",
            "superpaas_cell_up{cell=\"toy\"} 1",
        ] {
            assert!(text.lines().any(|l| l == line), "{line}\n{text}");
        }
        drop(one);
        assert!(meter.enter(1).is_some());
    }
}
