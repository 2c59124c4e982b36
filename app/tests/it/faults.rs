//! Power cuts and damage: what was answered stays, what was altered is named.

use crate::program::{Answer, Member, PASSWORD, Program, run};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

/// How often the power goes, and how many clients are writing then.
const CUTS: u32 = 10;
const CLIENTS: usize = 32;

/// Notes of the clients: the request id of each write they asked for, and whether it was answered.
type Notes = Mutex<BTreeMap<String, bool>>;

pub fn body(customer: &Value, balance: &Value, note: &str) -> Value {
    json!({"customer": customer, "warehouse": balance["warehouse"]["id"], "orderDate": "2026-11-01", "note": note,
        "lines": [{"product": balance["product"]["id"], "quantity": "1", "unitPrice": "10", "vatRate": "0.13"}]})
}

pub fn ask(p: &Program, who: &Member, request: &str, body: &Value) -> std::io::Result<Answer> {
    let bearer = format!("Bearer {}", who.token);
    let headers = [
        ("Authorization", bearer.as_str()),
        ("X-Tenant-Id", "demo"),
        ("Content-Type", "application/json"),
        ("X-Request-ID", request),
    ];
    p.try_send("POST", "/api/v1/erp/sales-orders", &headers, body.to_string().as_bytes())
}

pub fn id_of(cut: u32, n: u32) -> String {
    format!("01a20c71-0000-7000-{:04x}-{n:012x}", 0x8000 | cut)
}

/// How many writes of a round were answered.
fn answered(notes: &Notes, cut: u32) -> usize {
    let notes = notes.lock().unwrap();
    notes.iter().filter(|(request, answered)| **answered && request.starts_with(&id_of(cut, 0)[..24])).count()
}

/// Ten times the power goes under load. Afterwards every answered write is there exactly once, every unanswered one
/// wholly or not at all; asked again it has one effect; and everything still adds up.
#[test]
fn an_answered_write_survives_a_power_cut() {
    let mut p = Program::start();
    let admin = p.sign_in("admin");
    let balance = p.get(&admin, "erp/stock-balances?pageSize=1")["data"][0].clone();
    let customer = p.get(&admin, "erp/customers?pageSize=1")["data"][0]["id"].clone();
    let before = p.get(&admin, "erp/sales-orders")["total"].as_u64().unwrap();
    let notes = Notes::default();
    for cut in 0..CUTS {
        let who = p.sign_in("admin");
        let (stop, next) = (AtomicBool::new(false), AtomicU32::new(0));
        std::thread::scope(|scope| {
            for _ in 0..CLIENTS {
                scope.spawn(|| {
                    while !stop.load(Ordering::Relaxed) {
                        let request = id_of(cut, next.fetch_add(1, Ordering::Relaxed));
                        notes.lock().unwrap().insert(request.clone(), false);
                        match ask(&p, &who, &request, &body(&customer, &balance, &request)) {
                            Ok(answer) if answer.status == 201 => {
                                notes.lock().unwrap().insert(request, true);
                            }
                            Ok(answer) => assert_eq!(answer.status, 503, "{answer:?}"),
                            Err(_) => return,
                        }
                    }
                });
            }
            // The cut comes at another moment each time, but not before something was answered.
            std::thread::sleep(Duration::from_millis(150 + 37 * u64::from(cut)));
            while answered(&notes, cut) < 12 {
                std::thread::sleep(Duration::from_millis(5));
            }
            p.cut_power();
            stop.store(true, Ordering::Relaxed);
        });
        p.restart();
    }
    let who = p.sign_in("admin");
    let there = all_notes(&p, &who);
    let notes = notes.into_inner().unwrap();
    let answered = notes.values().filter(|answered| **answered).count();
    assert!(answered > 100, "only {answered} writes were answered");
    for (request, answered) in &notes {
        let times = there.get(request.as_str()).copied().unwrap_or(0);
        assert!(times <= 1 && (times == 1 || !answered), "{request}: answered {answered}, found {times} times");
    }
    // Unanswered ones, asked again, have one effect.
    let open: Vec<&String> = notes.iter().filter(|(_, answered)| !**answered).map(|(request, _)| request).collect();
    for request in &open {
        let answer = ask(&p, &who, request, &body(&customer, &balance, request)).unwrap();
        assert_eq!(answer.status, 201, "{answer:?}");
        let replay = answer.header("x-idempotent-replay") == Some("true");
        assert_eq!(replay, there.contains_key(request.as_str()), "{answer:?}");
    }
    let after = p.get(&who, "erp/sales-orders?sort=-orderDate")["total"].as_u64().unwrap();
    assert_eq!(after, before + u64::try_from(notes.len()).unwrap());
    let data = p.stop();
    let (well, said) = p.run(&["self-check", "--data", data.to_str().unwrap()]);
    assert!(well, "{said}");
}

/// How often each note occurs among the orders.
pub fn all_notes(p: &Program, who: &Member) -> BTreeMap<String, u32> {
    let mut found = BTreeMap::new();
    let answer = p.call_as(who, "GET", "erp/sales-orders/export?format=json", &Value::Null);
    for order in answer.json.as_array().or(answer.json["data"].as_array()).unwrap() {
        if let Some(note) = order["note"].as_str() {
            *found.entry(note.to_owned()).or_default() += 1;
        }
    }
    found
}

/// What somebody with the files changes behind the program's back is found and named.
#[test]
fn self_check_names_what_was_altered() {
    let mut p = Program::start();
    let data = p.stop();
    let path = data.join("erp.db");
    let check = || run(&["self-check", "--data", data.to_str().unwrap()]);
    assert!(check().0, "{:?}", check());
    let clean = std::fs::read(&path).unwrap();
    let attacks = [
        (
            "an altered audit row",
            "UPDATE audit_log SET actor_name = 'nobody' WHERE seq = (SELECT max(seq) / 2 FROM audit_log)",
            "audit",
        ),
        ("a deleted audit row", "DELETE FROM audit_log WHERE seq = (SELECT max(seq) / 2 FROM audit_log)", "audit"),
        ("an altered balance", "UPDATE stock_balance SET quantity = quantity + 1000000", "stock"),
        ("an altered entry", "UPDATE stock_move SET quantity = quantity + 1000000 WHERE rowid = 1", "stock"),
        (
            "an altered entry with its balance",
            "UPDATE ledger_entry SET debit = debit + 100 WHERE rowid = 1; UPDATE account_balance SET debit = debit + 100",
            "entry",
        ),
    ];
    for (what, sql, word) in attacks {
        std::fs::write(&path, &clean).unwrap();
        alter(&path, sql);
        let (well, said) = check();
        assert!(!well, "{what} was not found: {said}");
        assert!(said.to_lowercase().contains(word), "{what}: {said}");
    }
    std::fs::write(&path, &clean).unwrap();
    assert!(check().0);
    // A database that is no database: one sentence, nothing lost.
    std::fs::write(&path, vec![b'x'; 8_192]).unwrap();
    let (well, said) = check();
    assert!(!well && said.contains("erp.db") && !said.contains("panicked"), "{said}");
}

/// Changes the file as an attacker with every right would: without the program and without its triggers.
pub fn alter(path: &std::path::Path, sql: &str) {
    let script = format!(
        "import sqlite3,sys\nc=sqlite3.connect(sys.argv[1])\n\
         for (n,) in c.execute(\"SELECT name FROM sqlite_master WHERE type='trigger'\").fetchall(): c.execute('DROP TRIGGER \"%s\"' % n)\n\
         c.commit()\nc.executescript(sys.argv[2])\nc.commit()\nassert c.total_changes > 0\nc.close()\n"
    );
    let done = std::process::Command::new("python3").args(["-c", &script]).arg(path).arg(sql).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

/// The disk is full: reads go on, writes are refused cleanly and changed nothing, and when there is room again all is
/// well. The data lies on a file system of 24 MB in a namespace of the program's own.
#[test]
fn a_full_disk_refuses_writes_and_loses_nothing() {
    let p = Program::start_on_small_disk();
    let admin = p.sign_in("admin");
    let balance = p.get(&admin, "erp/stock-balances?pageSize=1")["data"][0].clone();
    let customer = p.get(&admin, "erp/customers?pageSize=1")["data"][0]["id"].clone();
    let before = p.get(&admin, "erp/sales-orders")["total"].as_u64().unwrap();
    p.fill_disk();
    let (mut done, mut refused) = (0, 0);
    for n in 0..400 {
        let request = id_of(0, n);
        let answer = ask(&p, &admin, &request, &body(&customer, &balance, &request)).unwrap();
        match answer.status {
            201 => done += 1,
            503 => refused += 1,
            _ => panic!("{answer:?}"),
        }
        if refused > 20 {
            break;
        }
    }
    assert!(refused > 20, "the disk never was full: {done} writes went through");
    assert_eq!(p.get(&admin, "erp/sales-orders")["total"].as_u64().unwrap(), before + done);
    p.empty_disk();
    // There is room again: a client that comes back when it is told to is served.
    let request = id_of(1, 0);
    let answer = (0..10).find_map(|_| {
        let answer = ask(&p, &admin, &request, &body(&customer, &balance, &request)).unwrap();
        let wait = answer.header("retry-after").and_then(|s| s.parse().ok());
        match (answer.status, wait) {
            (503, Some(seconds)) => std::thread::sleep(Duration::from_secs(seconds)),
            _ => return Some(answer),
        }
        None
    });
    assert_eq!(answer.as_ref().map(|a| a.status), Some(201), "{answer:?}");
    assert_eq!(p.get(&admin, "erp/sales-orders")["total"].as_u64().unwrap(), before + done + 1);
}

/// A hundred clients at once: each is served, or told when to come again.
#[test]
fn many_clients_are_served_and_none_is_forgotten() {
    let p = Program::start();
    let tokens: Vec<Member> = ["admin", "sales", "manager"].map(|user| p.enter("demo", user, PASSWORD)).into();
    std::thread::scope(|scope| {
        for n in 0..100 {
            let (p, who) = (&p, &tokens[n % tokens.len()]);
            scope.spawn(move || {
                for _ in 0..5 {
                    let answer = p.call_as(who, "GET", "erp/customers?sort=code", &Value::Null);
                    assert!(answer.status == 200 || answer.header("retry-after").is_some(), "{answer:?}");
                }
            });
        }
    });
}
