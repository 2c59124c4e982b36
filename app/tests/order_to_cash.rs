//! The program from outside: a demo company sells, ships, invoices and is paid, and the books balance. The plain HTTP
//! of this file is all a client needs.
#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing)]

use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

struct Program {
    child: Child,
    port: u16,
    dir: tempfile::TempDir,
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

impl Program {
    fn start() -> Program {
        let dir = tempfile::tempdir().unwrap();
        let (port, admin) = (free_port(), free_port());
        let mut child = Command::new(env!("CARGO_BIN_EXE_superpaas"))
            .args(["serve", "--demo", "--data"])
            .arg(dir.path().join("data"))
            .args(["--listen", &format!("127.0.0.1:{port}"), "--admin-listen", &format!("127.0.0.1:{admin}")])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut first = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut first).unwrap();
        assert!(first.contains("ready"), "{first}");
        Program { child, port, dir }
    }

    fn call(&self, token: Option<&str>, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let auth = token.map(|t| format!("Authorization: Bearer {t}\r\nX-Tenant-Id: demo\r\n")).unwrap_or_default();
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        let request = format!(
            "{method} /api/v1/{path} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nConnection: close\r\n{auth}\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            self.port,
            body.len()
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
        let start = answer.find(['{', '[']).unwrap_or(answer.len());
        let end = answer.rfind(['}', ']']).map_or(start, |at| at + 1);
        (status, serde_json::from_str(&answer[start..end]).unwrap_or(Value::Null))
    }

    fn sign_in(&self, username: &str) -> String {
        let body = json!({"grant_type": "password", "tenant": "demo", "username": username, "password": "Demo@12345"});
        let (status, said) = self.call(None, "POST", "auth/token", &body);
        assert_eq!(status, 200, "{said}");
        said["access_token"].as_str().unwrap().to_owned()
    }

    fn act(&self, token: &str, path: &str, record: &Value, action: &str) -> Value {
        let body = json!({"action": action, "version": record["version"]});
        let (status, said) =
            self.call(Some(token), "POST", &format!("{path}/{}/transitions", record["id"].as_str().unwrap()), &body);
        assert_eq!(status, 200, "{action}: {said}");
        said
    }

    fn get(&self, token: &str, path: &str) -> Value {
        let (status, said) = self.call(Some(token), "GET", path, &Value::Null);
        assert_eq!(status, 200, "{path}: {said}");
        said
    }
}

#[test]
fn an_order_becomes_cash_and_the_books_balance() {
    let p = Program::start();
    let (sales, keeper, accountant) = (p.sign_in("sales"), p.sign_in("keeper"), p.sign_in("accountant"));
    let stock = p.get(&keeper, "erp/stock-balances?pageSize=1");
    let product = stock["data"][0]["product"]["id"].clone();
    let warehouse = stock["data"][0]["warehouse"]["id"].clone();
    let customer = p.get(&sales, "erp/customers?pageSize=1")["data"][0]["id"].clone();
    let body = json!({"customer": customer, "warehouse": warehouse, "orderDate": stock_day(&p, &sales),
        "lines": [{"product": product, "quantity": "1", "unitPrice": "100", "vatRate": "0.13"}]});
    let (status, order) = p.call(Some(&sales), "POST", "erp/sales-orders", &body);
    assert_eq!((status, order["total"].as_str()), (201, Some("113.00")), "{order}");

    let order = p.act(&sales, "erp/sales-orders", &order, "confirm");
    let order = p.act(&keeper, "erp/sales-orders", &order, "deliver");
    let made = order["created"][0]["id"].as_str().unwrap().to_owned();
    let delivery = p.get(&keeper, &format!("erp/deliveries/{made}"));
    p.act(&keeper, "erp/deliveries", &delivery, "post");

    let order = p.get(&accountant, &format!("erp/sales-orders/{}", order["id"].as_str().unwrap()));
    let order = p.act(&accountant, "erp/sales-orders", &order, "invoice");
    let made = order["created"][0]["id"].as_str().unwrap().to_owned();
    let invoice = p.get(&accountant, &format!("erp/sales-invoices/{made}"));
    let invoice = p.act(&accountant, "erp/sales-invoices", &invoice, "post");
    assert_eq!(invoice["open"], "113.00");

    let bank = p.get(&accountant, "erp/bank-accounts?code=BANK01")["data"][0]["id"].clone();
    let body = json!({"customer": customer, "receiptDate": invoice["invoiceDate"], "bankAccount": bank,
        "amount": "113.00", "allocations": [{"invoice": invoice["id"], "amount": "113.00"}]});
    let (status, receipt) = p.call(Some(&accountant), "POST", "erp/receipts", &body);
    assert_eq!(status, 201, "{receipt}");
    p.act(&accountant, "erp/receipts", &receipt, "post");
    let invoice = p.get(&accountant, &format!("erp/sales-invoices/{}", invoice["id"].as_str().unwrap()));
    assert_eq!(invoice["open"], "0.00");
    let order = p.get(&sales, &format!("erp/sales-orders/{}", order["id"].as_str().unwrap()));
    assert_eq!(order["state"], "closed", "nothing is left to deliver or invoice");

    let year = &stock_day(&p, &sales)[..4];
    let balance = p.get(&accountant, &format!("erp/reports/trial-balance?from={year}-01-01&to={year}-12-31"));
    assert_eq!(balance["totals"]["debit"], balance["totals"]["credit"], "{}", balance["totals"]);
    let (status, refused) = p.call(Some(&sales), "GET", "erp/vouchers", &Value::Null);
    assert_eq!((status, refused["code"].as_str()), (403, Some("FORBIDDEN")));
    let (status, _) = p.call(None, "GET", "erp/vouchers", &Value::Null);
    assert!(status == 400 || status == 401);

    // Sensitive values are sealed at rest.
    let (status, _) =
        p.call(Some(&sales), "POST", "erp/customers", &json!({"code": "Z1", "name": "z", "phone": "13912345678"}));
    assert_eq!(status, 201);
    for file in std::fs::read_dir(p.dir.path().join("data")).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        assert!(!bytes.windows(11).any(|w| w == b"13912345678"));
    }
}

/// The tenant's today, from the page's own data: the date of the newest demo order.
fn stock_day(p: &Program, token: &str) -> String {
    p.get(token, "erp/sales-orders?pageSize=1")["data"][0]["orderDate"].as_str().unwrap().to_owned()
}

#[test]
fn what_cannot_start_says_why_in_one_sentence() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let dir = tempfile::tempdir().unwrap();
    let run = |listen: &str, extra: &[&str]| {
        let out = Command::new(env!("CARGO_BIN_EXE_superpaas"))
            .args(["serve", "--data"])
            .arg(dir.path().join("d"))
            .args(["--listen", listen, "--admin-listen", "127.0.0.1:0"])
            .args(extra)
            .output()
            .unwrap();
        assert!(!out.status.success());
        String::from_utf8(out.stderr).unwrap()
    };
    assert!(run(&taken.local_addr().unwrap().to_string(), &[]).contains("cannot be used"));
    assert!(run("0.0.0.0:0", &["--demo"]).contains("--demo-public"));
}
