//! The database server dies and comes back, or stands still and goes on, while everybody works: callers are told when to
//! come again, a request has one effect however often it is repeated, and nothing is left to do for anybody afterwards.

use crate::faults::{all_notes, ask, body, id_of};
use crate::program::{Answer, Member, Program, wait};
use paas_store::testing::OwnServer;
use serde_json::Value;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

/// Who works meanwhile.
const WRITERS: u32 = 60;
const READERS: u32 = 4;
/// How often the server dies.
const RESTARTS: u32 = 3;
/// As long as the server does not stand still for longer than a job may take, nobody is refused.
const HICCUP: Duration = Duration::from_millis(500);
/// How often that is tried: a busy machine may stand still longer by itself.
const HICCUPS: u32 = 6;

/// What the clients met.
#[derive(Default)]
struct Seen {
    stop: AtomicBool,
    asked: AtomicU32,
    done: AtomicU32,
    refused: AtomicU32,
    reads: AtomicU32,
    reads_refused: AtomicU32,
}

/// A refusal as API.md §2 has it; how long to wait.
fn patience(answer: &Answer) -> Duration {
    assert_eq!((answer.status, answer.code()), (503, "UNAVAILABLE"), "{answer:?}");
    assert!(!answer.json["message"].as_str().unwrap().is_empty(), "{answer:?}");
    assert_eq!(answer.json["requestId"].as_str(), answer.header("x-request-id"), "{answer:?}");
    for word in ["postgres", "connection", "SELECT", "::"] {
        assert!(!answer.text.contains(word), "{answer:?}");
    }
    let seconds = answer.header("retry-after").and_then(|s| s.parse().ok()).unwrap_or_default();
    assert!((1..=60).contains(&seconds), "{answer:?}");
    Duration::from_secs(seconds)
}

/// Writes one thing after the other; what is refused is asked again under the same id until it is done.
fn write(p: &Program, who: &Member, seen: &Seen, (customer, balance): (&Value, &Value)) {
    while !seen.stop.load(Ordering::Relaxed) {
        let request = id_of(0, seen.asked.fetch_add(1, Ordering::Relaxed));
        loop {
            let answer = ask(p, who, &request, &body(customer, balance, &request)).unwrap();
            if answer.status == 201 {
                seen.done.fetch_add(1, Ordering::Relaxed);
                break;
            }
            seen.refused.fetch_add(1, Ordering::Relaxed);
            std::thread::sleep(patience(&answer));
        }
    }
}

fn read(p: &Program, who: &Member, seen: &Seen) {
    while !seen.stop.load(Ordering::Relaxed) {
        let answer = p.call_as(who, "GET", "erp/sales-orders?sort=-orderDate&pageSize=10", &Value::Null);
        seen.reads.fetch_add(1, Ordering::Relaxed);
        if answer.status != 200 {
            seen.reads_refused.fetch_add(1, Ordering::Relaxed);
            std::thread::sleep(patience(&answer));
        }
    }
}

impl Seen {
    /// Waits until so many more writes are done.
    fn more(&self, writes: u32) {
        let goal = self.done.load(Ordering::Relaxed) + writes;
        wait(&format!("{goal} writes are done"), || self.done.load(Ordering::Relaxed) >= goal);
    }
}

/// Plays a story with the server while everybody works, and looks at what is left.
fn under_load(story: impl FnOnce(&mut OwnServer, &Seen) + Send) {
    let Some(mut server) = OwnServer::start(&[]).unwrap() else { return };
    let mut p = Program::start_at(server.place(), &["--demo"]);
    let admin = p.sign_in("admin");
    let balance = p.get(&admin, "erp/stock-balances?pageSize=1")["data"][0].clone();
    let customer = p.get(&admin, "erp/customers?pageSize=1")["data"][0]["id"].clone();
    let before = p.get(&admin, "erp/sales-orders")["total"].as_u64().unwrap();
    let seen = Seen::default();
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..WRITERS)
            .map(|_| scope.spawn(|| write(&p, &admin, &seen, (&customer, &balance))))
            .chain((0..READERS).map(|_| scope.spawn(|| read(&p, &admin, &seen))))
            .collect();
        let told = std::thread::scope(|inner| inner.spawn(|| story(&mut server, &seen)).join());
        seen.stop.store(true, Ordering::Relaxed);
        let worked: Vec<_> = workers.into_iter().map(|worker| worker.join().is_ok()).collect();
        assert!(worked.iter().all(|well| *well), "a client met what it must not meet");
        told.unwrap();
    });
    let there = all_notes(&p, &admin);
    let asked = seen.asked.load(Ordering::Relaxed);
    for n in 0..asked {
        assert_eq!(there.get(&id_of(0, n)), Some(&1), "the effect of {}", id_of(0, n));
    }
    assert_eq!(p.get(&admin, "erp/sales-orders")["total"].as_u64().unwrap(), before + u64::from(asked));
    assert_eq!(p.send("GET", "/health", &[], b"").json["status"], "up");
    let data = p.stop();
    let (well, said) = p.run(&["self-check", "--data", data.to_str().unwrap()]);
    assert!(well, "{said}");
}

#[test]
fn a_server_that_dies_is_told_and_found_again() {
    under_load(|server, seen| {
        for _ in 0..RESTARTS {
            seen.more(2 * WRITERS);
            let before = seen.refused.load(Ordering::Relaxed);
            server.restart().unwrap();
            seen.more(2 * WRITERS);
            assert!(seen.refused.load(Ordering::Relaxed) > before, "nobody noticed that the server died");
        }
    });
}

#[test]
fn a_server_that_stands_still_is_told_and_waited_for() {
    under_load(|server, seen| {
        seen.more(2 * WRITERS);
        let waited_for = (0..HICCUPS).any(|_| {
            let before = seen.refused.load(Ordering::Relaxed);
            server.stall().unwrap();
            std::thread::sleep(HICCUP);
            server.resume().unwrap();
            seen.more(2 * WRITERS);
            seen.refused.load(Ordering::Relaxed) == before
        });
        assert!(waited_for, "somebody was refused at every hiccup");
        let refused = || (seen.refused.load(Ordering::Relaxed), seen.reads_refused.load(Ordering::Relaxed));
        let before = refused();
        server.stall().unwrap();
        wait("writers and readers are told", || refused().0 > before.0 && refused().1 > before.1);
        server.resume().unwrap();
        seen.more(2 * WRITERS);
    });
}
