//! The gateway and the platform in one process, the ERP cell in another: one code path, and one may die alone.

use super::program::{Member, Program, known_port, wait};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

/// The ERP cell as a process.
struct Erp {
    child: Child,
    port: u16,
}

impl Drop for Erp {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The cell's own program, built when it is not there: it belongs to another package than these tests.
fn binary() -> PathBuf {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let built =
        Command::new(cargo).args(["build", "--quiet", "--locked", "-p", "cell-erp", "--bin", "cell-erp"]).status();
    assert!(built.unwrap().success());
    Path::new(env!("CARGO_BIN_EXE_superpaas")).with_file_name("cell-erp")
}

impl Erp {
    fn start(binary: &Path, data: &Path, key: &Path, platform: u16, port: u16) -> Erp {
        let mut child = Command::new(binary)
            .args(["serve", "--listen", &format!("127.0.0.1:{port}")])
            .args(["--platform-url", &format!("http://127.0.0.1:{platform}")])
            .arg("--data")
            .arg(data)
            .arg("--master-key-file")
            .arg(key)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut first = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut first).unwrap();
        assert!(first.contains("ready"), "{first}");
        Erp { child, port }
    }

    /// The status of a plain request to its own address.
    fn status(&self, path: &str) -> u16 {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        text.split(' ').nth(1).unwrap().parse().unwrap()
    }
}

/// Waits until a call gets this status.
fn until(p: &Program, member: &Member, path: &str, status: u16) -> Value {
    let mut last = (0, Value::Null);
    wait(&format!("{path} answers {status}"), || {
        last = p.call(member, "GET", path, &Value::Null);
        last.0 == status
    });
    last.1
}

#[test]
fn an_order_goes_through_two_processes_and_one_may_die() {
    let binary = binary();
    let (port, inside) = (known_port(), known_port());
    let at = format!("erp=http://127.0.0.1:{port}");
    let mut p = Program::start_with(&["--cell", &at, "--platform-listen", &format!("127.0.0.1:{inside}")]);
    let data = p.data().with_file_name("erp-data");
    let key = p.data().with_file_name("data.key");
    let start = || Erp::start(&binary, &data, &key, inside, port);
    let erp = start();
    assert_eq!((erp.status("/health/live"), erp.status("/health/ready")), (200, 200));
    assert_eq!(erp.status("/api/v1/erp/customers"), 401, "nobody calls a cell without a signed context");

    // The tenant is seeded over there; its people are known there without having called.
    let operator = p.operator();
    let boss = p.tenant(&operator, "acme");
    let ann = p.post(&boss, "platform/users", &json!({"username": "ann", "name": "安", "password": "Secret@99"}));
    let customer = p.post(&boss, "erp/customers", &json!({"code": "C1", "name": "云杉"}));
    let product = p.post(
        &boss,
        "erp/products",
        &json!({"code": "P1", "name": "茶", "unit": {"code": "PCS"}, "kind": "stocked", "vatRate": "0.13"}),
    );
    let warehouse = p.get(&boss, "erp/warehouses")["data"][0]["id"].clone();
    let period = p.get(&boss, "erp/periods?pageSize=1")["data"][0]["code"].clone();
    let day = format!("{}-15", period.as_str().unwrap());
    let order = json!({"customer": customer["id"], "warehouse": warehouse, "orderDate": day, "salesperson": ann["id"],
        "lines": [{"product": product["id"], "quantity": "2", "unitPrice": "50", "vatRate": "0.13"}]});
    let mut made = (0, Value::Null);
    // Ann's name is on its way for a moment.
    wait("the order is taken", || {
        made = p.call(&boss, "POST", "erp/sales-orders", &order);
        made.0 == 201
    });
    let (status, order) = made;
    assert_eq!(
        (status, order["total"].as_str(), order["salesperson"]["name"].as_str()),
        (201, Some("113.00"), Some("安")),
        "{order}"
    );
    let order = p.act(&boss, "erp/sales-orders", &order, "confirm");
    let record = format!("erp/sales-orders/{}", order["id"].as_str().unwrap());

    // The cell dies: its calls are refused at once, the platform's are not.
    drop(erp);
    let (status, refused) = p.call(&boss, "GET", &record, &Value::Null);
    assert_eq!((status, refused["code"].as_str()), (503, Some("UNAVAILABLE")), "{refused}");
    assert_eq!(p.get(&boss, "platform/users?username=ann")["total"], 1);
    let ann = p.get(&boss, &format!("platform/users/{}", ann["id"].as_str().unwrap()));
    let change = json!({"name": "安娜", "version": ann["version"]});
    let (status, said) = p.call(&boss, "PATCH", &format!("platform/users/{}", ann["id"].as_str().unwrap()), &change);
    assert_eq!(status, 200, "{said}");

    // It comes back by itself, with its data and with what happened meanwhile.
    let erp = start();
    assert_eq!(until(&p, &boss, &record, 200)["state"], "confirmed");
    wait("her new name arrives", || p.get(&boss, &record)["salesperson"]["name"] == "安娜");

    // Both end in order.
    let pid = erp.child.id().to_string();
    assert!(Command::new("kill").arg(&pid).status().unwrap().success());
    let mut erp = erp;
    assert!(erp.child.wait().unwrap().success());
    p.stop();
}

/// Between two calls of one caller: together they stay within what a person may ask per second.
const PAUSE: Duration = Duration::from_millis(50);

/// What the callers of the two processes see while one of them is killed and comes back.
#[derive(Default)]
struct Watch {
    stop: AtomicBool,
    /// It is going to be killed; it is dead; it is going to be started.
    dying: AtomicBool,
    killed: AtomicBool,
    back: AtomicBool,
    /// Calls of the dead cell that were asked after it died.
    refused: AtomicU32,
    /// Calls of the others meanwhile.
    served: AtomicU32,
    /// Calls answered by the cell after it came back.
    again: AtomicU32,
}

impl Watch {
    /// Calls the cell that dies; whoever calls it when it is dead is told so at once, by the program's own clock.
    fn erp(&self, p: &Program, who: &Member) {
        while !self.stop.load(Ordering::SeqCst) {
            std::thread::sleep(PAUSE);
            let (dead, back) = (self.killed.load(Ordering::SeqCst), self.back.load(Ordering::SeqCst));
            let answer = p.call_as(who, "GET", "erp/customers", &Value::Null);
            match answer.status {
                200 if back => drop(self.again.fetch_add(1, Ordering::SeqCst)),
                200 => assert!(!dead || self.back.load(Ordering::SeqCst), "a dead cell answers: {answer:?}"),
                _ => {
                    assert_eq!((answer.status, answer.code()), (503, "UNAVAILABLE"), "{answer:?}");
                    assert_eq!(answer.json["details"], json!({"cell": "erp"}), "{answer:?}");
                    assert!(answer.header("retry-after").is_some_and(|s| s != "0"), "{answer:?}");
                    let took: f64 = answer.header("x-response-time").unwrap().parse().unwrap();
                    // Far less than anything that waits for it: the connection is refused, or the circuit is open.
                    assert!(took < 5_000.0, "it took {took} ms to say that the cell is dead");
                    assert!(self.dying.load(Ordering::SeqCst), "nobody killed it yet: {answer:?}");
                    self.refused.fetch_add(1, Ordering::SeqCst);
                }
            }
        }
    }

    /// Calls the others.
    fn others(&self, p: &Program, who: &Member) {
        while !self.stop.load(Ordering::SeqCst) {
            std::thread::sleep(PAUSE);
            let answer = p.call_as(who, "GET", "platform/users", &Value::Null);
            assert_eq!(answer.status, 200, "{answer:?}");
            self.served.fetch_add(1, Ordering::SeqCst);
        }
    }
}

/// Whoever works goes home, also when the test fails.
struct Stop<'a>(&'a AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// How a cell is, as the gateway tells anybody who asks.
fn state(p: &Program, cell: &str) -> String {
    let health = p.send("GET", "/health", &[], b"").json;
    let found = health["cells"].as_array().unwrap().iter().find(|c| c["cell"] == cell).cloned();
    found.unwrap()["state"].as_str().unwrap().to_owned()
}

#[test]
fn a_killed_cell_is_told_at_once_touches_no_other_and_comes_back_by_itself() {
    let binary = binary();
    let (port, inside) = (known_port(), known_port());
    let at = format!("erp=http://127.0.0.1:{port}");
    let p = Program::start_with(&["--cell", &at, "--platform-listen", &format!("127.0.0.1:{inside}")]);
    let (data, key) = (p.data().with_file_name("erp-data"), p.data().with_file_name("data.key"));
    let start = || Erp::start(&binary, &data, &key, inside, port);
    let erp = start();
    let boss = p.tenant(&p.operator(), "acme");
    until(&p, &boss, "erp/customers", 200);
    wait("the cell is up", || state(&p, "erp") == "up");
    let watch = Watch::default();
    std::thread::scope(|scope| {
        let ended = Stop(&watch.stop);
        let callers: Vec<_> = (0..4)
            .map(|_| scope.spawn(|| watch.erp(&p, &boss)))
            .chain((0..2).map(|_| scope.spawn(|| watch.others(&p, &boss))))
            .collect();
        wait("everybody is served", || watch.served.load(Ordering::SeqCst) > 20);
        let served = watch.served.load(Ordering::SeqCst);
        watch.dying.store(true, Ordering::SeqCst);
        drop(erp);
        watch.killed.store(true, Ordering::SeqCst);
        wait("the health says so", || state(&p, "erp") == "down");
        assert_eq!(state(&p, "platform"), "up");
        wait("callers are refused", || watch.refused.load(Ordering::SeqCst) > 40);
        wait("others are served", || watch.served.load(Ordering::SeqCst) > served + 40);
        watch.back.store(true, Ordering::SeqCst);
        let erp = start();
        wait("callers are served again", || watch.again.load(Ordering::SeqCst) > 20);
        wait("the health says so", || state(&p, "erp") == "up");
        drop(ended);
        for caller in callers {
            caller.join().unwrap();
        }
        drop(erp);
    });
}
