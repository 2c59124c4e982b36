//! A tenant with ERP, spoken to as a client does.

use cell_erp::cell;
use http::{Method, StatusCode};
use paas_auth::{Context, ContextTenant, MasterKey, MemberKind};
use paas_cell::{Service, router};
use paas_link::{Call, Link, Peers};
use paas_store::testing::Place;
use paas_types::{Clock, Id, TenantKey};
use serde_json::{Value as J, json};
use std::sync::Arc;

pub struct World {
    peers: Peers,
    service: Arc<Service>,
    year: String,
    _place: Place,
}

fn context(request: &str) -> Context {
    let tenant = ContextTenant { key: TenantKey(1), code: "a".into(), zone: "Asia/Shanghai".into(), name: "A".into() };
    Context { tenant: Some(tenant), kind: MemberKind::System, person_name: "T".into(), ..Context::system(request, "t") }
}

impl World {
    pub fn is_pg(&self) -> bool {
        self._place.is_pg()
    }

    pub async fn new(demo: bool) -> World {
        let place = Place::chosen().unwrap();
        let master = MasterKey::from_bytes([7; 32]);
        let peers = Peers::new(&master);
        let cell = cell();
        let store = place.open(cell.schema(), Arc::new(master.clone()), Clock::system()).unwrap();
        let service = Service::new(cell, store, peers.clone(), &master, Clock::system());
        peers.connect("erp", Link::local(router(service.clone())));
        let body = json!({"key": 1, "name": "A", "zone": "Asia/Shanghai", "demo": demo});
        let call = Call::json(Method::PUT, "/internal/tenants/a", &body).unwrap();
        let (status, bytes) = peers.fetch("erp", context("seed"), call).await.unwrap();
        assert_eq!(status, StatusCode::OK, "{}", String::from_utf8_lossy(&bytes));
        let year = Clock::system().now().to_string().get(..4).unwrap().to_owned();
        World { peers, service, year, _place: place }
    }

    pub async fn call(&self, method: Method, path: &str, body: &J) -> (StatusCode, J) {
        let mut call = Call::json(method.clone(), &format!("/api/v1/erp/{path}"), body).unwrap();
        if method == Method::GET || method == Method::DELETE {
            call.body = Default::default();
        }
        if method == Method::DELETE {
            call.headers.insert("if-match", format!("\"{}\"", body["version"]).parse().unwrap());
        }
        let (status, bytes) = self.peers.fetch("erp", context(&Id::fresh().to_string()), call).await.unwrap();
        (status, serde_json::from_slice(&bytes).unwrap_or(J::Null))
    }

    pub fn store(&self) -> &paas_store::Store {
        self.service.store()
    }

    pub async fn get(&self, path: &str) -> J {
        let (status, body) = self.call(Method::GET, path, &J::Null).await;
        assert_eq!(status, StatusCode::OK, "{path}: {body}");
        body
    }

    pub async fn post(&self, path: &str, body: J) -> J {
        let (status, answer) = self.call(Method::POST, path, &body).await;
        assert!(status.is_success(), "{path}: {answer}");
        answer
    }

    pub async fn try_act(&self, resource: &str, record: &J, action: &str, data: J) -> (StatusCode, J) {
        let id = record["id"].as_str().unwrap();
        let now = self.get(&format!("{resource}/{id}")).await;
        let mut body = json!({"action": action, "version": now["version"]});
        if !data.is_null() {
            body["data"] = data;
        }
        self.call(Method::POST, &format!("{resource}/{id}/transitions"), &body).await
    }

    pub async fn act(&self, resource: &str, record: &J, action: &str, data: J) -> J {
        let (status, answer) = self.try_act(resource, record, action, data).await;
        assert_eq!(status, StatusCode::OK, "{action}: {answer}");
        answer
    }

    pub async fn refused(&self, resource: &str, record: &J, action: &str, data: J) -> String {
        let (status, answer) = self.try_act(resource, record, action, data).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{action}: {answer}");
        answer["details"]["rule"].as_str().unwrap_or_default().to_owned()
    }

    pub async fn reload(&self, resource: &str, record: &J) -> J {
        self.get(&format!("{resource}/{}", record["id"].as_str().unwrap())).await
    }

    /// The draft an order's action made.
    pub async fn follow(&self, order: &J, action: &str, data: J, resource: &str) -> J {
        let answer = self.act("sales-orders", order, action, data).await;
        let id = answer["created"][0]["id"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned();
        self.get(&format!("{resource}/{id}")).await
    }

    pub fn day(&self, rest: &str) -> String {
        format!("{}-{rest}", self.year)
    }

    /// debit − credit of an account at the end of the year.
    pub async fn closing(&self, account: &str) -> String {
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
    pub async fn holds(&self) {
        let stock =
            self.get(&format!("reports/stock-summary?from={}&to={}", self.day("01-01"), self.day("12-31"))).await;
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
        let proof =
            self.service.store().prove(&paas_types::Tenant { key: TenantKey(1), code: "a".into() }).await.unwrap();
        assert!(proof.is_empty(), "{proof:?}");
    }

    /// Customer, product and ten pieces at 100 and ten at 200 on stock.
    pub async fn ready(&self) {
        self.post("customers", json!({"code": "C", "name": "客户", "creditLimit": "5000"})).await;
        for code in ["P", "Q"] {
            self.post("products", json!({"code": code, "name": code, "unit": {"code": "PCS"}, "kind": "stocked", "salesPrice": "150", "purchasePrice": "100"})).await;
        }
        for cost in ["100", "200"] {
            let opening = self
                .post(
                    "stock-adjustments",
                    json!({"warehouse": {"code": "WH01"}, "date": self.day("01-01"), "reason": "opening",
                "lines": [{"product": {"code": "P"}, "quantity": "10", "unitCost": cost}]}),
                )
                .await;
            self.act("stock-adjustments", &opening, "post", J::Null).await;
        }
    }

    pub async fn order(&self, quantity: &str) -> J {
        self.post(
            "sales-orders",
            json!({"customer": {"code": "C"}, "orderDate": self.day("02-01"), "warehouse": {"code": "WH01"},
            "lines": [{"product": {"code": "P"}, "quantity": quantity}]}),
        )
        .await
    }

    pub async fn balance(&self) -> J {
        self.get("stock-balances?product.code=P").await["data"][0].clone()
    }
}
