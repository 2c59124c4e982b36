//! The clock of the machine is set back while the program runs, and is back when it starts: nothing is numbered twice or
//! out of order, nobody is shut out for long, and nothing that was guarded by time stands open.

use crate::faults::{ask, body, id_of};
use crate::program::{Answer, Member, PASSWORD, Program};
use paas_store::testing::Place;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::process::Command;

const HOUR: i64 = 3_600;

/// The wall clock of the program, wrong by so many seconds as a file says. It allocates nothing: the distribution's
/// `faketime` does before the program's own allocator is ready.
const SHIM: &str = r#"
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t id, struct timespec *at) {
    int outcome = (int)syscall(SYS_clock_gettime, id, at);
    const char *path = getenv("TEST_CLOCK");
    if (outcome != 0 || path == 0 || (id != CLOCK_REALTIME && id != CLOCK_REALTIME_COARSE)) return outcome;
    char text[32] = {0};
    int file = open(path, O_RDONLY);
    if (file >= 0) {
        if (read(file, text, sizeof text - 1) > 0) at->tv_sec += atol(text);
        close(file);
    }
    return outcome;
}
"#;

/// A clock that is wrong by what a file says. The monotonic clock goes on as it is, as on a real machine.
struct Clock {
    dir: tempfile::TempDir,
}

impl Clock {
    fn new() -> Clock {
        let clock = Clock { dir: tempfile::tempdir().unwrap() };
        clock.set(0);
        clock
    }

    fn file(&self) -> PathBuf {
        self.dir.path().join("offset")
    }

    fn set(&self, seconds: i64) {
        let fresh = self.dir.path().join("fresh");
        std::fs::write(&fresh, format!("{seconds}\n")).unwrap();
        std::fs::rename(fresh, self.file()).unwrap();
    }

    /// The environment of a program that looks at this clock.
    fn env(&self) -> Vec<(String, String)> {
        let (source, library) = (self.dir.path().join("clock.c"), self.dir.path().join("clock.so"));
        std::fs::write(&source, SHIM).unwrap();
        let built = Command::new("cc").args(["-shared", "-fPIC", "-O1", "-o"]).arg(&library).arg(&source).output();
        let built = built.unwrap_or_else(|e| panic!("a C compiler is needed, as to link Rust: {e}"));
        assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
        let text = |path: PathBuf| path.to_str().unwrap().to_owned();
        vec![("LD_PRELOAD".to_owned(), text(library)), ("TEST_CLOCK".to_owned(), text(self.file()))]
    }
}

/// Writes orders of the demo company.
struct Writer {
    customer: Value,
    balance: Value,
    next: u32,
    made: Vec<Value>,
}

impl Writer {
    fn new(p: &Program, who: &Member) -> Writer {
        let balance = p.get(who, "erp/stock-balances?pageSize=1")["data"][0].clone();
        let customer = p.get(who, "erp/customers?pageSize=1")["data"][0]["id"].clone();
        Writer { customer, balance, next: 0, made: Vec::new() }
    }

    fn ask(&self, p: &Program, who: &Member, n: u32) -> Answer {
        let request = id_of(0, n);
        ask(p, who, &request, &body(&self.customer, &self.balance, &request)).unwrap()
    }

    /// Makes some and confirms each.
    fn work(&mut self, p: &Program, who: &Member) {
        for _ in 0..4 {
            let answer = self.ask(p, who, self.next);
            assert_eq!((answer.status, answer.header("x-idempotent-replay")), (201, None), "{answer:?}");
            self.made.push(p.act(who, "erp/sales-orders", &answer.json, "confirm"));
            self.next += 1;
        }
    }

    /// What was asked before is known, whatever the clock says.
    fn repeat(&self, p: &Program, who: &Member) {
        for n in 0..self.next {
            let answer = self.ask(p, who, n);
            assert_eq!((answer.status, answer.header("x-idempotent-replay")), (201, Some("true")), "{answer:?}");
            assert_eq!(answer.json["id"], self.made[n as usize]["id"]);
        }
    }

    /// The end of a document's number.
    fn sequence(order: &Value) -> u64 {
        order["number"].as_str().unwrap().rsplit('-').next().unwrap().parse().unwrap()
    }
}

fn token(p: &Program, grant: &Value) -> Answer {
    p.send("POST", "/api/v1/auth/token", &[("Content-Type", "application/json")], grant.to_string().as_bytes())
}

fn refresh(p: &Program, said: &Answer) -> Answer {
    token(p, &json!({"grant_type": "refresh_token", "refresh_token": said.json["refresh_token"]}))
}

/// When the newest act was, by the program's clock.
fn newest(p: &Program, who: &Member) -> String {
    p.get(who, "platform/audit-log?pageSize=1")["data"][0]["at"].as_str().unwrap().to_owned()
}

/// Whether an act of now comes to be told as earlier than that: on a server acts are sealed a moment later.
fn goes_back(p: &Program, before: &str) -> bool {
    let auditor = p.sign_in("auditor");
    (0..600).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(100));
        newest(p, &auditor).as_str() < before
    })
}

#[test]
fn a_clock_that_is_set_back_confuses_nothing() {
    let clock = Clock::new();
    let mut p = Program::start_in(Place::chosen().unwrap(), &["--demo"], clock.env());
    let admin = p.sign_in("admin");
    let mut writer = Writer::new(&p, &admin);
    let password = json!({"grant_type": "password", "tenant": "demo", "username": "sales", "password": PASSWORD});
    let (first, stolen) = (token(&p, &password), token(&p, &password));
    assert_eq!((first.status, stolen.status), (200, 200));
    writer.work(&p, &admin);
    assert_eq!(refresh(&p, &stolen).status, 200, "the owner goes on");
    let before = newest(&p, &p.sign_in("auditor"));

    clock.set(-2 * HOUR);
    // A token from the future is not believed; whoever signs in or refreshes goes on.
    let old = p.call_as(&admin, "GET", "erp/customers", &Value::Null);
    assert!(old.status == 200 || (old.status, old.code()) == (401, "UNAUTHENTICATED"), "{old:?}");
    assert_eq!(refresh(&p, &first).status, 200);
    // Longer ago than the clock can say: the copy of a token that was used is not taken for a repeated call.
    assert_eq!(refresh(&p, &stolen).status, 401, "a used token is good for two hours more");
    let admin = p.sign_in("admin");
    assert!(goes_back(&p, &before), "the program looks at the clock that was set back");
    writer.work(&p, &admin);
    writer.repeat(&p, &admin);
    let ids: Vec<&str> = writer.made.iter().map(|order| order["id"].as_str().unwrap()).collect();
    assert!(ids.is_sorted() && ids.windows(2).all(|two| two[0] != two[1]), "ids go on upwards: {ids:?}");

    // The clock is further back when the program starts; requests are remembered for a day.
    clock.set(-20 * HOUR);
    p.cut_power();
    p.restart();
    let admin = p.sign_in("admin");
    writer.repeat(&p, &admin);
    writer.work(&p, &admin);

    // It is right again.
    clock.set(0);
    let admin = p.sign_in("admin");
    writer.repeat(&p, &admin);
    writer.work(&p, &admin);

    let numbers: Vec<u64> = writer.made.iter().map(Writer::sequence).collect();
    let expected: Vec<u64> = (numbers[0]..numbers[0] + numbers.len() as u64).collect();
    assert_eq!(numbers, expected, "numbers have no gaps and no doubles");
    // One that was made before the clock was set back and is changed after tells it in the order it happened.
    let order = &writer.made[0];
    let path = format!("erp/sales-orders/{}", order["id"].as_str().unwrap());
    clock.set(-50 * HOUR);
    let admin = p.sign_in("admin");
    p.act(&admin, "erp/sales-orders", order, "reopen");
    let history = p.get(&admin, &format!("{path}/history"));
    let actions: Vec<&str> =
        history["data"].as_array().unwrap().iter().map(|row| row["action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["reopen", "confirm", "create"], "{history}");
    let data = p.stop();
    let (well, said) = p.run(&["self-check", "--data", data.to_str().unwrap()]);
    assert!(well, "{said}");
}
