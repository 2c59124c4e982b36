//! Attacks on the inside: a cell that is reached past the gateway, and records given away.

use crate::attacks::refused;
use crate::program::{Answer, PASSWORD, Program, known_port};
use paas_auth::{CONTEXT_HEADER, Context, ContextKey, MasterKey, body_digest};
use paas_types::{Clock, Id};
use serde_json::json;

const PATH: &str = "/internal/health";

/// A context of the system for one call of that path, signed so many seconds ago.
fn context(cell: &str, age_seconds: i64) -> Context {
    Context {
        cell: cell.to_owned(),
        method: "GET".to_owned(),
        path: PATH.to_owned(),
        body_sha256: body_digest(b""),
        issued_at_ms: Clock::system().now().micros() / 1_000 - age_seconds * 1_000,
        ..Context::system(&Id::fresh().to_string(), "t")
    }
}

#[test]
fn a_cell_believes_nobody_but_the_gateway_and_that_once() {
    let inside = known_port();
    let p = Program::start_with(&["--demo", "--platform-listen", &format!("127.0.0.1:{inside}")]);
    let master = MasterKey::load(&p.data().with_extension("key")).unwrap().unwrap();
    let ours = |cell: &str| ContextKey::of_cell(&master, cell);
    let ask = |path: &str, header: Option<&str>| -> Answer {
        let headers: Vec<(&str, &str)> = header.map(|value| (CONTEXT_HEADER, value)).into_iter().collect();
        Program::try_send_to(inside, "GET", path, &headers, b"").unwrap()
    };
    let good = ours("platform").sign(&context("platform", 0)).unwrap();
    assert_eq!(ask(PATH, Some(&good)).status, 200, "the test signs as the gateway does");

    let foreign = ContextKey::of_cell(&MasterKey::from_bytes([7; 32]), "platform");
    let (head, tail) = good.split_at(good.len() / 2);
    let other = if tail.starts_with('A') { "B" } else { "A" };
    for (what, path, header) in [
        ("none", PATH, None),
        ("a made-up one", PATH, Some("e30.e30".to_owned())),
        ("a used one", PATH, Some(good.clone())),
        ("a stale one", PATH, Some(ours("platform").sign(&context("platform", 31)).unwrap())),
        ("one from the future", PATH, Some(ours("platform").sign(&context("platform", -60)).unwrap())),
        ("another cell's", PATH, Some(ours("erp").sign(&context("erp", 0)).unwrap())),
        ("one for this cell with another's key", PATH, Some(ours("erp").sign(&context("platform", 0)).unwrap())),
        ("another installation's", PATH, Some(foreign.sign(&context("platform", 0)).unwrap())),
        ("a tampered one", PATH, Some(format!("{head}{other}{}", &tail[1..]))),
        ("one for another path", "/internal/feed", Some(ours("platform").sign(&context("platform", 0)).unwrap())),
    ] {
        let answer = ask(path, header.as_deref());
        assert_eq!((answer.status, answer.code()), (401, "UNAUTHENTICATED"), "{what}: {answer:?}");
    }
    // Its public calls are no more open than the inner ones.
    let answer =
        Program::try_send_to(inside, "GET", "/api/v1/platform/users", &[("X-Tenant-Id", "demo")], b"").unwrap();
    assert_eq!(answer.status, 401, "{answer:?}");
}

#[test]
fn nobody_gives_a_record_to_whom_he_does_not_reach() {
    let p = Program::start();
    let admin = p.sign_in("admin");
    let permissions = ["erp.sales-order.create", "erp.sales-order.read", "erp.sales-order.update"];
    let more = ["erp.customer.read", "erp.product.read", "erp.warehouse.read"];
    // Sees what is its own, and masters.
    let own = json!({"code": "own", "name": "own", "permissions": permissions, "dataScope": "own"});
    let masters = json!({"code": "masters", "name": "masters", "permissions": more, "dataScope": "all"});
    let roles = [own, masters].map(|role| p.post(&admin, "platform/roles", &role)["id"].clone());
    let body = json!({"username": "clerk", "name": "c", "password": PASSWORD, "kind": "staff", "roles": roles});
    p.post(&admin, "platform/users", &body);
    let clerk = p.sign_in("clerk");
    let other = p.get(&admin, "platform/users?username=manager")["data"][0]["id"].clone();
    let balance = p.get(&admin, "erp/stock-balances?pageSize=1")["data"][0].clone();
    let customer = p.get(&admin, "erp/customers?pageSize=1")["data"][0]["id"].clone();
    let mut order = crate::faults::body(&customer, &balance, "mine");
    let mine = p.call_as(&clerk, "POST", "erp/sales-orders", &order);
    assert_eq!(mine.status, 201, "{mine:?}");
    order["owner"] = other.clone();
    let given = p.call_as(&clerk, "POST", "erp/sales-orders", &order);
    refused(&given, 403, "FORBIDDEN");
    let path = format!("erp/sales-orders/{}", mine.json["id"].as_str().unwrap());
    let given = p.call_as(&clerk, "PATCH", &path, &json!({"owner": other, "version": mine.json["version"]}));
    refused(&given, 403, "FORBIDDEN");
    assert_eq!(p.get(&clerk, &path)["version"], mine.json["version"]);
}
