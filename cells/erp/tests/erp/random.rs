//! Anything that people can do, in any order: what must hold, holds after each step; and everything can be undone.

use crate::world::World;
use http::{Method, StatusCode};
use serde_json::{Value as J, json};

/// A small generator of its own: the same seed tells the same story.
pub struct Dice(u64);

impl Dice {
    /// A dice whose throws follow from the seed.
    pub fn new(seed: u64) -> Dice {
        Dice(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }

    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        if from.is_empty() { None } else { from.get(self.roll(from.len() as u64) as usize) }
    }
}

/// A number of the contract as an integer of its last decimal.
pub fn raw(value: &J) -> i128 {
    value.as_str().unwrap_or("0").replace('.', "").parse().unwrap()
}

async fn all(world: &World, resource: &str) -> Vec<J> {
    let join = if resource.contains('?') { '&' } else { '?' };
    world.get(&format!("{resource}{join}pageSize=200")).await["data"].as_array().unwrap().clone()
}

/// Where something is done, some more often than others.
const PLACES: [(&str, &str); 20] = [
    ("sales-orders", "confirmed"),
    ("sales-orders", "confirmed"),
    ("sales-orders", "confirmed"),
    ("sales-orders", "confirmed"),
    ("sales-orders", "confirmed"),
    ("sales-orders", "draft"),
    ("sales-orders", "draft"),
    ("sales-orders", "closed"),
    ("deliveries", "draft"),
    ("deliveries", "posted"),
    ("sales-invoices", "draft"),
    ("sales-invoices", "posted"),
    ("sales-returns", "draft"),
    ("sales-returns", "posted"),
    ("receipts", "draft"),
    ("receipts", "draft"),
    ("receipts", "posted"),
    ("receipts", "posted"),
    ("stock-adjustments", "draft"),
    ("stock-adjustments", "posted"),
];

struct Story {
    world: World,
    dice: Dice,
    told: Vec<String>,
}

impl Story {
    async fn new(seed: u64) -> Story {
        let world = World::new(false).await;
        world.post("warehouses", json!({"code": "WH02", "name": "二号仓"})).await;
        for (code, limit) in [("C", json!("20000")), ("D", J::Null)] {
            world.post("customers", json!({"code": code, "name": code, "creditLimit": limit})).await;
        }
        for (code, kind, negative) in
            [("P", "stocked", "none"), ("Q", "stocked", "none"), ("N", "stocked", "allow"), ("S", "service", "none")]
        {
            world
                .post(
                    "products",
                    json!({"code": code, "name": code, "unit": {"code": "KG"}, "kind": kind, "negativeStock": negative,
                "salesPrice": "33.33333333", "purchasePrice": "17.77"}),
                )
                .await;
        }
        for warehouse in ["WH01", "WH02"] {
            let line = |code: &str, cost: &str| json!({"product": {"code": code}, "quantity": "40", "unitCost": cost});
            let body = json!({"warehouse": {"code": warehouse}, "date": world.day("01-01"), "reason": "opening",
                "lines": [line("P", "3.33333333"), line("Q", "0.07")]});
            let opening = world.post("stock-adjustments", body).await;
            world.act("stock-adjustments", &opening, "post", J::Null).await;
        }
        Story { world, dice: Dice::new(seed), told: Vec::new() }
    }

    fn day(&mut self) -> String {
        let (month, day) = (1 + self.dice.roll(6), 1 + self.dice.roll(28));
        self.world.day(&format!("{month:02}-{day:02}"))
    }

    fn quantity(&mut self) -> String {
        format!("{}.{:03}", self.dice.roll(8), 1 + self.dice.roll(999))
    }

    fn code(&mut self, of: &[&str]) -> J {
        json!({"code": self.dice.pick(of).unwrap()})
    }

    async fn tell(&mut self, method: Method, path: &str, body: J) -> Option<J> {
        let (status, answer) = self.world.call(method, path, &body).await;
        self.told.push(format!("{path} {body} → {status} {}", answer["details"]));
        let known = status.is_success()
            || [StatusCode::BAD_REQUEST, StatusCode::CONFLICT, StatusCode::UNPROCESSABLE_ENTITY].contains(&status);
        assert!(known, "{:#?}\n{answer}", self.told);
        status.is_success().then_some(answer)
    }

    async fn create(&mut self) {
        let customer = self.code(&["C", "D"]);
        let warehouse = self.code(&["WH01", "WH01", "WH02"]);
        let date = self.day();
        match self.dice.roll(12) {
            0..=3 => {
                let mut lines = Vec::new();
                for _ in 0..=self.dice.roll(3) {
                    let discount = *self.dice.pick(&["0", "0.1", "0.3333"]).unwrap();
                    lines.push(json!({"product": self.code(&["P", "Q", "N", "S"]), "quantity": self.quantity(), "discountRate": discount,
                        "unitPrice": format!("{}.{:04}", self.dice.roll(90), self.dice.roll(9999)), "vatRate": *self.dice.pick(&["0.13", "0.06", "0"]).unwrap()}));
                }
                let included = self.dice.roll(2) == 0;
                let order = json!({"customer": customer, "orderDate": date, "warehouse": warehouse, "taxIncluded": included, "lines": lines});
                self.tell(Method::POST, "sales-orders", order).await;
            }
            4 | 5 => {
                let sign = if self.dice.roll(4) == 0 { "-" } else { "" };
                let reason = *self.dice.pick(&["opening", "gain", "loss", "scrap"]).unwrap();
                let line = json!({"product": self.code(&["P", "Q", "N"]), "quantity": format!("{sign}{}", self.quantity()),
                    "unitCost": format!("{}.{:02}", self.dice.roll(40), self.dice.roll(99))});
                let body = json!({"warehouse": warehouse, "date": date, "reason": reason, "lines": [line]});
                self.tell(Method::POST, "stock-adjustments", body).await;
            }
            6 | 7 => self.create_return(date).await,
            8..=10 => self.create_receipt(date).await,
            _ => {
                let line = json!({"product": self.code(&["P", "Q", "N"]), "quantity": self.quantity()});
                let body = json!({"customer": customer, "warehouse": warehouse, "deliveryDate": date, "lines": [line]});
                self.tell(Method::POST, "deliveries", body).await;
            }
        }
    }

    async fn create_return(&mut self, date: String) {
        let posted = all(&self.world, "deliveries?state=posted").await;
        let Some(delivery) = self.dice.pick(&posted).cloned() else { return };
        let delivery = self.world.reload("deliveries", &delivery).await;
        let Some(line) = self.dice.pick(delivery["lines"].as_array().unwrap()).cloned() else { return };
        let quantity = if self.dice.roll(3) == 0 { line["quantity"].clone() } else { json!(self.quantity()) };
        let body = json!({"delivery": delivery["id"], "customer": delivery["customer"]["id"], "warehouse": self.code(&["WH01", "WH02"]),
            "returnDate": date, "lines": [{"deliveryLine": line["id"], "product": line["product"]["id"], "quantity": quantity}]});
        self.tell(Method::POST, "sales-returns", body).await;
    }

    async fn create_receipt(&mut self, date: String) {
        let posted = all(&self.world, "sales-invoices?state=posted").await;
        let Some(invoice) = self.dice.pick(&posted).cloned() else { return };
        let amount = format!("{}.{:02}", self.dice.roll(300), self.dice.roll(99));
        let allocated = if self.dice.roll(2) == 0 { invoice["open"].clone() } else { json!(amount) };
        let body = json!({"customer": invoice["customer"]["id"], "receiptDate": date, "bankAccount": {"code": "BANK01"}, "amount": amount,
            "allocations": [{"invoice": invoice["id"], "amount": allocated}]});
        self.tell(Method::POST, "receipts", body).await;
    }

    /// Something that the record itself offers.
    async fn act(&mut self) {
        let (resource, state) = *self.dice.pick(&PLACES).unwrap();
        let records = all(&self.world, &format!("{resource}?state={state}")).await;
        let Some(record) = self.dice.pick(&records).cloned() else { return };
        let record = self.world.reload(resource, &record).await;
        let Some(offered) = self.dice.pick(record["allowedActions"].as_array().unwrap()).cloned() else { return };
        let action = offered["action"].as_str().unwrap().to_owned();
        let destructive = ["reverse", "close", "void", "reopen", "unallocate"].contains(&action.as_str());
        if destructive && self.dice.roll(4) > 0 {
            return;
        }
        let mut body = json!({"action": action, "version": record["version"]});
        match action.as_str() {
            "deliver" | "invoice" => {
                body["data"] = json!({"date": self.day()});
                if self.dice.roll(2) == 0 {
                    let line = self.dice.pick(record["lines"].as_array().unwrap()).unwrap().clone();
                    body["data"]["lines"] =
                        json!([{"salesOrderLine": line["id"], "quantity": format!("{}.5", self.dice.roll(2))}]);
                }
            }
            "allocate" => {
                let posted = all(&self.world, "sales-invoices?state=posted").await;
                let Some(invoice) = self.dice.pick(&posted) else { return };
                body["data"] = json!({"allocations": [{"invoice": invoice["id"]}]});
            }
            _ => {}
        }
        let path = format!("{resource}/{}/transitions", record["id"].as_str().unwrap());
        let answer = self.tell(Method::POST, &path, body).await;
        // What an order made is mostly posted at once, so that stories go far.
        let Some(made) = answer.and_then(|a| a["created"][0].as_object().cloned()) else { return };
        let drafts = [("delivery", "deliveries"), ("sales-invoice", "sales-invoices")];
        if let Some((_, resource)) = drafts.iter().find(|d| made["type"] == d.0)
            && self.dice.roll(4) > 0
        {
            let path = format!("{resource}/{}/transitions", made["id"].as_str().unwrap());
            self.tell(Method::POST, &path, json!({"action": "post", "version": 1})).await;
        }
    }

    async fn holds(&self) {
        self.world.holds().await;
        let told = &self.told;
        for stock in all(&self.world, "stock-balances").await {
            let (quantity, value, reserved) = (raw(&stock["quantity"]), raw(&stock["value"]), raw(&stock["reserved"]));
            assert!(quantity >= 0 || stock["product"]["code"] == "N", "{stock} {told:#?}");
            assert!(value == 0 || (quantity != 0 && (quantity < 0) == (value < 0)), "{stock} {told:#?}");
            assert!(reserved >= 0 && reserved <= quantity.max(0), "{stock} {told:#?}");
        }
        let (mut promised, mut to_credit) = (0, false);
        for line in all(&self.world, "order-fulfilments").await {
            let of = |name: &str| raw(&line[name]);
            let owed = of("ordered") - of("cancelled") - of("delivered");
            assert!(of("delivered") >= 0 && owed >= 0 && of("returned") >= 0, "{line} {told:#?}");
            assert!(of("returned") <= of("delivered") && of("reserved") >= 0 && of("short") >= 0, "{line} {told:#?}");
            assert!(of("invoiced") >= 0 && of("invoiced") <= of("ordered") - of("cancelled"), "{line} {told:#?}");
            if line["product"]["code"] != "S" {
                assert_eq!(of("reserved") + of("short"), owed, "{line} {told:#?}");
                assert!(of("invoiced") <= of("delivered"), "{line} {told:#?}");
            }
            promised += of("reserved");
            to_credit |= of("invoiced") > of("delivered") - of("returned");
        }
        let reserved: i128 = all(&self.world, "stock-balances").await.iter().map(|s| raw(&s["reserved"])).sum();
        assert_eq!(promised, reserved, "{told:#?}");
        let open: i128 = all(&self.world, "receivables").await.iter().map(|r| raw(&r["open"])).sum();
        let owed: i128 = all(&self.world, "customer-exposures").await.iter().map(|e| raw(&e["open"])).sum();
        assert_eq!(open, owed, "{told:#?}");
        for invoice in all(&self.world, "sales-invoices?state=posted").await {
            let sign = if invoice["kind"] == "credit" { -1 } else { 1 };
            let left = sign * raw(&invoice["open"]);
            assert!(left >= 0 && left <= raw(&invoice["total"]), "{invoice} {told:#?}");
        }
        for receipt in all(&self.world, "receipts?state=posted").await {
            assert!(raw(&receipt["unallocated"]) >= 0, "{receipt} {told:#?}");
        }
        // Goods shipped and not invoiced are worth something or nothing; less only while what came back is to be credited.
        assert!(to_credit || raw(&json!(self.world.closing("140502").await)) >= 0, "{told:#?}");
    }

    /// Takes everything back, the last things first, until nothing posted is left; then the books are empty.
    async fn undo(&mut self) {
        for resource in ["receipts", "sales-invoices", "sales-returns", "deliveries"] {
            for draft in all(&self.world, &format!("{resource}?state=draft")).await {
                let path = format!("{resource}/{}", draft["id"].as_str().unwrap());
                let (status, answer) =
                    self.world.call(Method::DELETE, &path, &json!({"version": draft["version"]})).await;
                assert!(status.is_success(), "{answer}");
            }
        }
        loop {
            let (mut left, mut undone) = (0, 0);
            for resource in ["receipts", "sales-invoices", "sales-returns", "deliveries", "stock-adjustments"] {
                for record in all(&self.world, &format!("{resource}?state=posted")).await {
                    let (status, _) = self.world.try_act(resource, &record, "reverse", J::Null).await;
                    if status == StatusCode::OK { undone += 1 } else { left += 1 }
                }
            }
            if left == 0 {
                break;
            }
            assert!(undone > 0, "{left} documents cannot be taken back: {:#?}", self.told);
        }
        self.holds().await;
        let year = format!("reports/trial-balance?from={}&to={}", self.world.day("01-01"), self.world.day("12-31"));
        for row in self.world.get(&year).await["rows"].as_array().unwrap() {
            assert_eq!(row["closing"], "0.00", "{row} {:#?}", self.told);
        }
        for exposure in all(&self.world, "customer-exposures").await {
            assert_eq!(exposure["open"], "0.00");
        }
    }
}

async fn tell(seed: u64) {
    let mut story = Story::new(seed).await;
    while story.told.len() < 75 {
        let before = story.told.len();
        if story.dice.roll(3) == 0 {
            story.create().await;
        } else {
            story.act().await;
        }
        if story.told.len() > before {
            story.holds().await;
        }
    }
    story.undo().await;
}

#[tokio::test]
async fn the_first_75_steps() {
    tell(1).await;
}

#[tokio::test]
async fn the_second_75_steps() {
    tell(2).await;
}

#[tokio::test]
async fn the_third_75_steps() {
    tell(3).await;
}

#[tokio::test]
async fn the_fourth_75_steps() {
    tell(4).await;
}
