//! What follows an order, raced: sixteen callers deliver, invoice, post, reverse, close and reopen the same orders at once,
//! by actions and by documents of their own. Never is more delivered than ordered or more invoiced than delivered, every
//! figure of an order is what its documents say, and an order that is a draft again has nothing behind it.

use crate::random::{Dice, raw};
use crate::world::World;
use http::{Method, StatusCode};
use serde_json::{Value as J, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

const CALLERS: u64 = 16;
const STEPS: usize = 14;
/// Pieces of each order.
const ORDERED: i128 = 6_000_000;

/// How often each thing was done.
type Done = BTreeMap<&'static str, u32>;

/// One caller's turns on one order.
struct Caller {
    world: Arc<World>,
    order: J,
    dice: Dice,
    done: Done,
}

async fn behind(world: &World, order: &J, resource: &str, state: &str) -> Vec<J> {
    let id = order["id"].as_str().unwrap();
    let path = format!("{resource}?salesOrder={id}&state={state}&pageSize=200");
    world.get(&path).await["data"].as_array().unwrap().clone()
}

impl Caller {
    fn note(&mut self, what: &'static str, (status, answer): (StatusCode, J)) {
        // Another was quicker, or a rule stands in the way; anything else is a fault.
        let refused = matches!(status, StatusCode::CONFLICT | StatusCode::UNPROCESSABLE_ENTITY);
        assert!(status.is_success() || refused, "{what}: {status} {answer}");
        *self.done.entry(what).or_default() += u32::from(status.is_success());
    }

    async fn act(&mut self, what: &'static str, data: J) {
        let said = self.world.try_act("sales-orders", &self.order, what, data).await;
        self.note(what, said);
    }

    async fn with_one(&mut self, what: &'static str, (resource, state, action): (&str, &str, &str)) {
        let found = behind(&self.world, &self.order, resource, state).await;
        let Some(document) = self.dice.pick(&found) else { return };
        let said = self.world.try_act(resource, document, action, J::Null).await;
        self.note(what, said);
    }

    async fn document(&mut self, what: &'static str, resource: &str, date: &str) {
        let line = json!({"salesOrderLine": self.order["lines"][0]["id"], "product": {"code": "P"}, "quantity": "2"});
        let mut body = json!({"salesOrder": self.order["id"], "customer": {"code": "R"}, "lines": [line]});
        body[date] = self.world.day("02-02").into();
        if resource == "deliveries" {
            body["warehouse"] = json!({"code": "WH01"});
        }
        let said = self.world.call(Method::POST, resource, &body).await;
        self.note(what, said);
    }

    async fn step(&mut self) {
        let quantity = if self.dice.roll(3) == 0 { J::Null } else { json!("1") };
        let line = json!({"salesOrderLine": self.order["lines"][0]["id"], "quantity": quantity});
        let some = json!({"date": self.world.day("02-02"), "lines": [line]});
        match self.dice.roll(40) {
            0..=7 => self.act("deliver", some).await,
            8..=13 => self.act("invoice", some).await,
            14..=16 => self.document("a delivery", "deliveries", "deliveryDate").await,
            17 | 18 => self.document("an invoice", "sales-invoices", "invoiceDate").await,
            19..=25 => self.with_one("post a delivery", ("deliveries", "draft", "post")).await,
            26..=29 => self.with_one("post an invoice", ("sales-invoices", "draft", "post")).await,
            30..=32 => self.with_one("reverse a delivery", ("deliveries", "posted", "reverse")).await,
            33 | 34 => self.with_one("reverse an invoice", ("sales-invoices", "posted", "reverse")).await,
            35..=37 => self.act("reopen", J::Null).await,
            38 => self.act("confirm", J::Null).await,
            // A closed order stays so: only some callers close.
            _ if self.dice.roll(8) == 0 => self.act("close", J::Null).await,
            _ => self.act("confirm", J::Null).await,
        }
    }
}

fn quantities(documents: &[J]) -> i128 {
    let sign = |document: &J| if document["kind"] == "credit" { -1 } else { 1 };
    let lines = documents.iter().flat_map(|d| d["lines"].as_array().unwrap().iter().map(move |l| (sign(d), l)));
    lines.map(|(sign, line)| sign * raw(&line["quantity"])).sum()
}

async fn whole(world: &World, order: &J, resource: &str, state: &str) -> Vec<J> {
    let mut found = Vec::new();
    for document in behind(world, order, resource, state).await {
        found.push(world.reload(resource, &document).await);
    }
    found
}

/// What must hold of an order whatever was done to it.
async fn sound(world: &World, order: &J) {
    let order = world.reload("sales-orders", order).await;
    let line = &order["lines"][0];
    let of = |name: &str| raw(&line[name]);
    let (delivered, invoiced) = (of("deliveredQuantity"), of("invoicedQuantity"));
    let drafts = quantities(&whole(world, &order, "deliveries", "draft").await);
    assert_eq!(delivered, quantities(&whole(world, &order, "deliveries", "posted").await), "{order}");
    assert_eq!(invoiced, quantities(&whole(world, &order, "sales-invoices", "posted").await), "{order}");
    assert!((0..=ORDERED).contains(&delivered) && (0..=delivered).contains(&invoiced), "{order}");
    if order["state"] == "confirmed" {
        assert!(delivered + drafts <= ORDERED, "drafts of {drafts}: {order}");
    }
    if order["state"] == "draft" {
        for resource in ["deliveries", "sales-invoices"] {
            for state in ["draft", "posted"] {
                let left = behind(world, &order, resource, state).await;
                assert!(left.is_empty(), "behind an order that is a draft: {left:?}");
            }
        }
    }
}

async fn race(world: &Arc<World>, seed: u64) -> Done {
    let body = json!({"customer": {"code": "R"}, "orderDate": world.day("02-01"), "warehouse": {"code": "WH01"},
        "lines": [{"product": {"code": "P"}, "quantity": "6"}]});
    let order = world.post("sales-orders", body).await;
    let order = world.act("sales-orders", &order, "confirm", J::Null).await;
    let over = Arc::new(AtomicBool::new(false));
    let watching = {
        let (world, order, over) = (Arc::clone(world), order.clone(), Arc::clone(&over));
        tokio::spawn(async move {
            while !over.load(Ordering::SeqCst) {
                let now = world.reload("sales-orders", &order).await;
                let of = |name: &str| raw(&now["lines"][0][name]);
                let (delivered, invoiced) = (of("deliveredQuantity"), of("invoicedQuantity"));
                assert!((0..=ORDERED).contains(&delivered) && (0..=delivered).contains(&invoiced), "{now}");
                tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            }
        })
    };
    let callers = (0..CALLERS).map(|n| {
        let dice = Dice::new(seed * CALLERS + n);
        let mut caller = Caller { world: Arc::clone(world), order: order.clone(), dice, done: Done::new() };
        tokio::spawn(async move {
            for _ in 0..STEPS {
                caller.step().await;
            }
            caller.done
        })
    });
    let mut done = Done::new();
    for caller in callers.collect::<Vec<_>>() {
        for (what, times) in caller.await.unwrap() {
            *done.entry(what).or_default() += times;
        }
    }
    over.store(true, Ordering::SeqCst);
    watching.await.unwrap();
    sound(world, &order).await;
    world.holds().await;
    done
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn what_follows_an_order_never_exceeds_it() {
    let world = Arc::new(World::new(false).await);
    world.ready().await;
    world.post("customers", json!({"code": "R", "name": "raced"})).await;
    let mut done = Done::new();
    for seed in 1..=3 {
        for (what, times) in race(&world, seed).await {
            *done.entry(what).or_default() += times;
        }
    }
    for what in ["deliver", "invoice", "a delivery", "post a delivery", "post an invoice", "reverse a delivery"] {
        assert!(done.get(what).is_some_and(|times| *times > 0), "{what} never went through: {done:?}");
    }
}

/// One thing at once by all callers, from a start where exactly so many can: no more and no fewer go through.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sixteen_follow_ups_at_once_share_what_remains() {
    let world = Arc::new(World::new(false).await);
    world.ready().await;
    world.post("customers", json!({"code": "R", "name": "raced"})).await;
    let body = json!({"customer": {"code": "R"}, "orderDate": world.day("02-01"), "warehouse": {"code": "WH01"},
        "lines": [{"product": {"code": "P"}, "quantity": "6"}]});
    let order = world.post("sales-orders", body).await;
    world.act("sales-orders", &order, "confirm", J::Null).await;
    let line = json!({"salesOrderLine": order["lines"][0]["id"], "quantity": "1"});
    let data = json!({"date": world.day("02-02"), "lines": [line]});
    for (action, resource, rule) in [
        ("deliver", "deliveries", "erp.delivery.exceeds-order"),
        ("invoice", "sales-invoices", "erp.invoice.exceeds-remaining"),
    ] {
        let calls: Vec<_> = (0..CALLERS)
            .map(|_| {
                let (world, order, data) = (Arc::clone(&world), order.clone(), data.clone());
                tokio::spawn(async move {
                    // Who lost to another asks again with what is now.
                    loop {
                        let (status, answer) = world.try_act("sales-orders", &order, action, data.clone()).await;
                        if status != StatusCode::CONFLICT {
                            return (status, answer);
                        }
                    }
                })
            })
            .collect();
        let mut made = 0;
        for call in calls {
            let (status, answer) = call.await.unwrap();
            match status {
                StatusCode::OK => made += 1,
                StatusCode::UNPROCESSABLE_ENTITY => assert_eq!(answer["details"]["rule"], rule, "{answer}"),
                _ => panic!("{action}: {status} {answer}"),
            }
        }
        assert_eq!(made, 6, "{action}");
        let drafts = whole(&world, &order, resource, "draft").await;
        assert_eq!((drafts.len(), quantities(&drafts)), (6, ORDERED), "{action}");
        for draft in &drafts {
            world.act(resource, draft, "post", J::Null).await;
        }
        sound(&world, &order).await;
        world.holds().await;
    }
    assert_eq!(world.reload("sales-orders", &order).await["state"], "closed");
}
