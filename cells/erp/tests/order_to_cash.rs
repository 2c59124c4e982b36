//! A company sells, ships, invoices and is paid, over the resource API, and the books balance.
#![allow(missing_docs)]

use cell_erp::cell;
use http::{Method, StatusCode};
use paas_auth::{Context, ContextTenant, MasterKey, MemberKind};
use paas_cell::{Service, router};
use paas_link::{Call, Link, Peers};
use paas_store::{Store, Target};
use paas_types::{Clock, Id, TenantKey};
use serde_json::{Value as J, json};
use std::sync::Arc;

struct World {
    peers: Peers,
    service: Arc<Service>,
    year: String,
    _dir: tempfile::TempDir,
}

fn context(request: &str) -> Context {
    let tenant = ContextTenant { key: TenantKey(1), code: "a".into(), zone: "Asia/Shanghai".into(), name: "A".into() };
    Context { tenant: Some(tenant), kind: MemberKind::System, person_name: "T".into(), ..Context::system(request, "t") }
}

impl World {
    async fn new(demo: bool) -> World {
        let dir = tempfile::tempdir().unwrap();
        let master = MasterKey::from_bytes([7; 32]);
        let peers = Peers::new(&master);
        let cell = cell();
        let target = Target::Lite { dir: dir.path().into() };
        let store = Store::open(&target, cell.schema(), Arc::new(master.clone()), Clock::system()).unwrap();
        let service = Service::new(cell, store, peers.clone(), &master, Clock::system());
        peers.connect("erp", Link::local(router(service.clone())));
        let body = json!({"key": 1, "name": "A", "zone": "Asia/Shanghai", "demo": demo});
        let call = Call::json(Method::PUT, "/internal/tenants/a", &body).unwrap();
        let (status, bytes) = peers.fetch("erp", context("seed"), call).await.unwrap();
        assert_eq!(status, StatusCode::OK, "{}", String::from_utf8_lossy(&bytes));
        let year = Clock::system().now().to_string().get(..4).unwrap().to_owned();
        World { peers, service, year, _dir: dir }
    }

    async fn call(&self, method: Method, path: &str, body: &J) -> (StatusCode, J) {
        let mut call = Call::json(method.clone(), &format!("/api/v1/erp/{path}"), body).unwrap();
        if method == Method::GET {
            call.body = Default::default();
        }
        let (status, bytes) = self.peers.fetch("erp", context(&Id::fresh().to_string()), call).await.unwrap();
        (status, serde_json::from_slice(&bytes).unwrap_or(J::Null))
    }

    async fn get(&self, path: &str) -> J {
        let (status, body) = self.call(Method::GET, path, &J::Null).await;
        assert_eq!(status, StatusCode::OK, "{path}: {body}");
        body
    }

    async fn post(&self, path: &str, body: J) -> J {
        let (status, answer) = self.call(Method::POST, path, &body).await;
        assert!(status.is_success(), "{path}: {answer}");
        answer
    }

    async fn try_act(&self, resource: &str, record: &J, action: &str, data: J) -> (StatusCode, J) {
        let id = record["id"].as_str().unwrap();
        let now = self.get(&format!("{resource}/{id}")).await;
        let mut body = json!({"action": action, "version": now["version"]});
        if !data.is_null() {
            body["data"] = data;
        }
        self.call(Method::POST, &format!("{resource}/{id}/transitions"), &body).await
    }

    async fn act(&self, resource: &str, record: &J, action: &str, data: J) -> J {
        let (status, answer) = self.try_act(resource, record, action, data).await;
        assert_eq!(status, StatusCode::OK, "{action}: {answer}");
        answer
    }

    async fn refused(&self, resource: &str, record: &J, action: &str, data: J) -> String {
        let (status, answer) = self.try_act(resource, record, action, data).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{action}: {answer}");
        answer["details"]["rule"].as_str().unwrap_or_default().to_owned()
    }

    async fn reload(&self, resource: &str, record: &J) -> J {
        self.get(&format!("{resource}/{}", record["id"].as_str().unwrap())).await
    }

    /// The draft an order's action made.
    async fn follow(&self, order: &J, action: &str, data: J, resource: &str) -> J {
        let answer = self.act("sales-orders", order, action, data).await;
        let id = answer["created"][0]["id"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned();
        self.get(&format!("{resource}/{id}")).await
    }

    fn day(&self, rest: &str) -> String {
        format!("{}-{rest}", self.year)
    }

    /// debit − credit of an account at the end of the year.
    async fn closing(&self, account: &str) -> String {
        let path = format!("reports/trial-balance?from={}&to={}", self.day("01-01"), self.day("12-31"));
        let table = self.get(&path).await;
        assert_eq!(table["totals"]["closing"], "0.00", "{table}");
        assert_eq!(table["totals"]["opening"], "0.00");
        assert_eq!(table["totals"]["debit"], table["totals"]["credit"]);
        let rows = table["rows"].as_array().unwrap();
        let row = rows.iter().find(|r| r["account"] == account);
        row.map_or_else(|| "0.00".to_owned(), |r| r["closing"].as_str().unwrap().to_owned())
    }

    /// What must hold at any time: stock = ledger, receivables = ledger, balance sheet balances, balances = entries.
    async fn holds(&self) {
        let stock = self.get(&format!("reports/stock-summary?from={}&to={}", self.day("01-01"), self.day("12-31"))).await;
        assert_eq!(stock["totals"]["closingValue"].as_str().unwrap(), self.closing("140501").await);
        let aging = self.get(&format!("reports/ar-aging?asOf={}", self.day("12-31"))).await;
        let cents = |text: String| text.replace('.', "").parse::<i64>().unwrap();
        let sides = cents(self.closing("1122").await) + cents(self.closing("2203").await);
        assert_eq!(cents(aging["totals"]["balance"].as_str().unwrap_or("0.00").to_owned()), sides);
        let sheet = self.get(&format!("reports/balance-sheet?asOf={}", self.day("12-31"))).await;
        let line = |n: &str| {
            sheet["rows"].as_array().unwrap().iter().find(|r| r["line"] == n).map(|r| r["amount"].clone()).unwrap()
        };
        assert_eq!(line("L30"), line("L53"), "{sheet}");
        let proof = self.service.store().prove(&paas_types::Tenant { key: TenantKey(1), code: "a".into() }).await.unwrap();
        assert!(proof.is_empty(), "{proof:?}");
    }

    /// Customer, product and ten pieces at 100 and ten at 200 on stock.
    async fn ready(&self) {
        self.post("customers", json!({"code": "C", "name": "客户", "creditLimit": "5000"})).await;
        for code in ["P", "Q"] {
            self.post("products", json!({"code": code, "name": code, "unit": {"code": "PCS"}, "kind": "stocked", "salesPrice": "150", "purchasePrice": "100"})).await;
        }
        for cost in ["100", "200"] {
            let opening = self.post("stock-adjustments", json!({"warehouse": {"code": "WH01"}, "date": self.day("01-01"), "reason": "opening",
                "lines": [{"product": {"code": "P"}, "quantity": "10", "unitCost": cost}]})).await;
            self.act("stock-adjustments", &opening, "post", J::Null).await;
        }
    }

    async fn order(&self, quantity: &str) -> J {
        self.post("sales-orders", json!({"customer": {"code": "C"}, "orderDate": self.day("02-01"), "warehouse": {"code": "WH01"},
            "lines": [{"product": {"code": "P"}, "quantity": quantity}]})).await
    }

    async fn balance(&self) -> J {
        self.get("stock-balances?product.code=P").await["data"][0].clone()
    }
}

#[tokio::test]
async fn the_demo_company_balances() {
    let world = World::new(true).await;
    world.holds().await;
    let orders = world.get("sales-orders").await;
    assert_eq!(orders["total"], 9);
}

#[tokio::test]
async fn an_order_is_delivered_invoiced_and_paid() {
    let world = World::new(false).await;
    world.ready().await;
    let order = world.order("5").await;
    assert_eq!((&order["net"], &order["tax"], &order["total"]), (&json!("750.00"), &json!("97.50"), &json!("847.50")));
    world.act("sales-orders", &order, "confirm", J::Null).await;
    assert_eq!(world.balance().await["reserved"], "5.000000");
    let date = json!({"date": world.day("02-02")});
    let delivery = world.follow(&order, "deliver", date.clone(), "deliveries").await;
    assert_eq!(world.refused("sales-orders", &order, "deliver", J::Null).await, "erp.order.nothing-remaining");
    let delivery = world.act("deliveries", &delivery, "post", J::Null).await;
    assert_eq!(delivery["cost"], "750.00"); // V1
    let stock = world.balance().await;
    assert_eq!((&stock["quantity"], &stock["value"], &stock["reserved"]), (&json!("15.000000"), &json!("2250.00"), &json!("0.000000")));
    assert_eq!(world.closing("140502").await, "750.00");
    let invoice = world.follow(&order, "invoice", date, "sales-invoices").await;
    world.act("sales-invoices", &invoice, "post", J::Null).await;
    let invoice = world.reload("sales-invoices", &invoice).await;
    assert_eq!(invoice["open"], "847.50");
    assert_eq!((world.closing("140502").await, world.closing("5401").await), ("0.00".to_owned(), "750.00".to_owned()));
    let order = world.reload("sales-orders", &order).await;
    assert_eq!((&order["state"], &order["lines"][0]["invoicedQuantity"]), (&json!("closed"), &json!("5.000000")));
    world.holds().await;
    let receipt = world.post("receipts", json!({"customer": {"code": "C"}, "receiptDate": world.day("02-01"), "bankAccount": {"code": "BANK01"},
        "amount": "500", "allocations": [{"invoice": invoice["id"], "amount": "423.75"}]})).await;
    world.act("receipts", &receipt, "post", J::Null).await;
    assert_eq!(world.reload("receipts", &receipt).await["unallocated"], "76.25");
    assert_eq!(world.reload("sales-invoices", &invoice).await["open"], "423.75");
    world.holds().await;
    let too_much = json!({"allocations": [{"invoice": invoice["id"], "amount": "500"}]});
    assert_eq!(world.refused("receipts", &receipt, "allocate", too_much).await, "erp.allocation.exceeds-open");
    world.act("receipts", &receipt, "allocate", json!({"allocations": [{"invoice": invoice["id"]}]})).await;
    assert_eq!(world.reload("receipts", &receipt).await["unallocated"], "0.00");
    assert_eq!(world.refused("sales-invoices", &invoice, "reverse", J::Null).await, "erp.document.has-successors");
    assert_eq!(world.refused("deliveries", &delivery, "reverse", J::Null).await, "erp.document.has-successors");
    world.holds().await;
    world.act("receipts", &receipt, "unallocate", J::Null).await;
    world.act("sales-invoices", &invoice, "reverse", J::Null).await;
    assert_eq!(world.reload("sales-orders", &order).await["state"], "confirmed");
    world.act("deliveries", &delivery, "reverse", J::Null).await;
    world.act("receipts", &receipt, "reverse", J::Null).await;
    world.holds().await;
    let stock = world.balance().await;
    assert_eq!((&stock["quantity"], &stock["value"], &stock["reserved"]), (&json!("20.000000"), &json!("3000.00"), &json!("5.000000")));
    for account in ["1122", "2203", "5001", "5401", "140502", "22210107", "100201"] {
        assert_eq!(world.closing(account).await, "0.00", "{account}");
    }
}

#[tokio::test]
async fn a_return_is_credited_at_the_cost_of_its_delivery() {
    let world = World::new(false).await;
    world.ready().await;
    let order = world.order("20").await;
    world.act("sales-orders", &order, "confirm", J::Null).await;
    let date = json!({"date": world.day("02-02")});
    let delivery = world.follow(&order, "deliver", date.clone(), "deliveries").await;
    let delivery = world.act("deliveries", &delivery, "post", J::Null).await;
    assert_eq!((&delivery["cost"], &world.balance().await["value"]), (&json!("3000.00"), &json!("0.00")));
    let invoice = world.follow(&order, "invoice", date.clone(), "sales-invoices").await;
    world.act("sales-invoices", &invoice, "post", J::Null).await;
    let back = world.post("sales-returns", json!({"delivery": delivery["id"], "customer": {"code": "C"}, "warehouse": {"code": "WH01"},
        "returnDate": world.day("02-10"), "lines": [{"deliveryLine": delivery["lines"][0]["id"], "product": {"code": "P"}, "quantity": "4"}]})).await;
    world.act("sales-returns", &back, "post", J::Null).await;
    assert_eq!(world.balance().await["value"], "600.00");
    assert_eq!(world.reload("sales-orders", &order).await["state"], "closed");
    let credit = world.follow(&order, "invoice", json!({"date": world.day("02-11")}), "sales-invoices").await;
    assert_eq!((&credit["kind"], &credit["total"]), (&json!("credit"), &json!("678.00")));
    world.act("sales-invoices", &credit, "post", J::Null).await;
    assert_eq!(world.reload("sales-invoices", &credit).await["open"], "0.00");
    assert_eq!(world.reload("sales-invoices", &invoice).await["open"], "2712.00");
    assert_eq!((world.closing("5401").await, world.closing("140502").await), ("2400.00".to_owned(), "0.00".to_owned()));
    world.holds().await;
    assert_eq!(world.refused("sales-returns", &back, "reverse", J::Null).await, "erp.document.has-successors");
    world.act("sales-invoices", &credit, "reverse", J::Null).await;
    world.act("sales-returns", &back, "reverse", J::Null).await;
    world.act("sales-invoices", &invoice, "reverse", J::Null).await;
    world.act("deliveries", &delivery, "reverse", J::Null).await;
    world.holds().await;
    assert_eq!(world.closing("140501").await, "3000.00");
}

#[tokio::test]
async fn stock_credit_and_periods_are_guarded() {
    let world = World::new(false).await;
    world.ready().await;
    let first = world.order("15").await;
    world.act("sales-orders", &first, "confirm", J::Null).await;
    let second = world.order("8").await;
    world.act("sales-orders", &second, "confirm", J::Null).await;
    let delivery = world.follow(&second, "deliver", J::Null, "deliveries").await;
    assert_eq!(world.refused("deliveries", &delivery, "post", J::Null).await, "erp.stock.insufficient");
    let more = world.post("stock-adjustments", json!({"warehouse": {"code": "WH01"}, "date": world.day("02-03"), "reason": "gain",
        "lines": [{"product": {"code": "P"}, "quantity": "3", "unitCost": "150"}]})).await;
    world.act("stock-adjustments", &more, "post", J::Null).await;
    assert_eq!(world.balance().await["reserved"], "23.000000");
    world.act("deliveries", &delivery, "post", J::Null).await;
    let third = world.order("10").await;
    assert_eq!(world.refused("sales-orders", &third, "confirm", J::Null).await, "erp.credit.exceeded");
    let (status, answer) = world.call(Method::POST, "vouchers", &json!({"date": "1990-01-01", "lines": [
        {"account": {"code": "1122"}, "debit": "1"}, {"account": {"code": "5001"}, "credit": "1"}]})).await;
    assert_eq!((status, &answer["details"]["rule"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("erp.period.closed")));
    world.holds().await;
}

#[tokio::test]
async fn v13_a_red_voucher_leaves_no_turnover() {
    let world = World::new(false).await;
    let voucher = world.post("vouchers", json!({"date": world.day("03-05"), "lines": [
        {"account": {"code": "1122"}, "debit": "113"}, {"account": {"code": "5001"}, "credit": "100"},
        {"account": {"code": "22210107"}, "credit": "13"}]})).await;
    world.act("vouchers", &voucher, "review", J::Null).await;
    let posted = world.act("vouchers", &voucher, "post", J::Null).await;
    assert!(posted["number"].is_string());
    world.act("vouchers", &voucher, "reverse", J::Null).await;
    let table = world.get(&format!("reports/trial-balance?from={}&to={}", world.day("03-01"), world.day("03-31"))).await;
    for row in table["rows"].as_array().unwrap() {
        assert_eq!((&row["debit"], &row["credit"], &row["closing"]), (&json!("0.00"), &json!("0.00"), &json!("0.00")));
    }
    let (status, answer) = world.call(Method::POST, "vouchers", &json!({"date": world.day("03-05"), "lines": [
        {"account": {"code": "1122"}, "debit": "113"}, {"account": {"code": "5001"}, "credit": "100"}]})).await;
    assert_eq!((status, &answer["details"]["rule"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("erp.voucher.unbalanced")));
    let (_, answer) = world.call(Method::POST, "vouchers", &json!({"date": world.day("03-05"), "lines": [
        {"account": {"code": "1405"}, "debit": "100"}, {"account": {"code": "5001"}, "credit": "100"}]})).await;
    assert_eq!(answer["details"]["rule"], "erp.account.not-leaf");
}
