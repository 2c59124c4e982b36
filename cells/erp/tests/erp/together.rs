//! Sixteen callers at once: limits hold, no number is missing.

use crate::world::World;
use http::{Method, StatusCode};
use serde_json::{Value as J, json};
use std::sync::Arc;

/// Posts sixteen documents at once and counts what was posted and by which rules the others were refused.
async fn post_all(
    world: &Arc<World>,
    resource: &'static str,
    action: &'static str,
    documents: Vec<J>,
) -> (usize, Vec<String>) {
    let calls: Vec<_> = documents
        .into_iter()
        .map(|document| {
            let world = world.clone();
            tokio::spawn(async move { world.try_act(resource, &document, action, J::Null).await })
        })
        .collect();
    let (mut done, mut rules) = (0, Vec::new());
    for call in calls {
        match call.await.unwrap() {
            (StatusCode::OK, _) => done += 1,
            (status, answer) => {
                assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{answer}");
                rules.push(answer["details"]["rule"].as_str().unwrap().to_owned());
            }
        }
    }
    rules.sort_unstable();
    rules.dedup();
    (done, rules)
}

async fn sixteen(world: &World, resource: &str, body: J) -> Vec<J> {
    let mut made = Vec::new();
    for _ in 0..16 {
        made.push(world.post(resource, body.clone()).await);
    }
    made
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn limits_hold_for_sixteen_callers() {
    let world = Arc::new(World::new(false).await);
    world.ready().await;
    world.post("customers", json!({"code": "L", "name": "limited", "creditLimit": "1695"})).await;
    let date = world.day("02-02");
    // Credit: each order is 169.50, the limit is ten of them.
    let order = json!({"customer": {"code": "L"}, "orderDate": date, "warehouse": {"code": "WH01"}, "lines": [{"product": {"code": "P"}, "quantity": "1"}]});
    let orders = sixteen(&world, "sales-orders", order).await;
    let outcome = post_all(&world, "sales-orders", "confirm", orders).await;
    assert_eq!(outcome, (10, vec!["erp.credit.exceeded".to_owned()]));
    // Stock: twenty pieces, ten promised, so ten are free.
    let direct = json!({"customer": {"code": "C"}, "deliveryDate": date, "warehouse": {"code": "WH01"}, "lines": [{"product": {"code": "P"}, "quantity": "1"}]});
    let deliveries = sixteen(&world, "deliveries", direct).await;
    let outcome = post_all(&world, "deliveries", "post", deliveries.clone()).await;
    assert_eq!(outcome, (10, vec!["erp.stock.insufficient".to_owned()]));
    // Receipts: 113.00 open, 11.30 each.
    let invoice = world
        .post(
            "sales-invoices",
            json!({"customer": {"code": "C"}, "invoiceDate": date, "lines": [
        {"product": {"code": "P"}, "quantity": "1", "unitPrice": "100"}]}),
        )
        .await;
    world.act("sales-invoices", &invoice, "post", J::Null).await;
    let receipt = json!({"customer": {"code": "C"}, "receiptDate": date, "bankAccount": {"code": "BANK01"}, "amount": "11.30",
        "allocations": [{"invoice": invoice["id"], "amount": "11.30"}]});
    let receipts = sixteen(&world, "receipts", receipt).await;
    let outcome = post_all(&world, "receipts", "post", receipts).await;
    assert_eq!(outcome, (10, vec!["erp.allocation.exceeds-open".to_owned()]));
    assert_eq!(world.reload("sales-invoices", &invoice).await["open"], "0.00");
    world.holds().await;
    numbers_have_no_gaps(&world).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn an_order_is_delivered_invoiced_and_returned_once() {
    let world = Arc::new(World::new(false).await);
    world.ready().await;
    let order = world.order("10").await;
    world.act("sales-orders", &order, "confirm", J::Null).await;
    let line = json!({"salesOrderLine": order["lines"][0]["id"], "product": {"code": "P"}, "quantity": "1"});
    let delivery = json!({"salesOrder": order["id"], "customer": {"code": "C"}, "warehouse": {"code": "WH01"}, "deliveryDate": world.day("02-02"), "lines": [line]});
    let invoice = json!({"salesOrder": order["id"], "customer": {"code": "C"}, "invoiceDate": world.day("02-02"), "lines": [line]});
    for (resource, body) in [("deliveries", delivery), ("sales-invoices", invoice)] {
        let calls: Vec<_> = (0..16)
            .map(|_| {
                let (world, body) = (world.clone(), body.clone());
                tokio::spawn(async move {
                    let (status, made) = world.call(Method::POST, resource, &body).await;
                    if status != StatusCode::CREATED {
                        return status;
                    }
                    world.try_act(resource, &made, "post", J::Null).await.0
                })
            })
            .collect();
        let mut done = 0;
        for call in calls {
            match call.await.unwrap() {
                StatusCode::OK => done += 1,
                status => assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY),
            }
        }
        assert_eq!(done, 10, "{resource}");
        world.holds().await;
    }
    let order = world.reload("sales-orders", &order).await;
    assert_eq!((&order["state"], &order["lines"][0]["deliveredQuantity"]), (&json!("closed"), &json!("10.000000")));
    assert_eq!((world.closing("140502").await, world.closing("5401").await), ("0.00".to_owned(), "1500.00".to_owned()));
    let posted = world.get("deliveries?state=posted").await["data"][0].clone();
    let back = json!({"delivery": posted["id"], "customer": {"code": "C"}, "warehouse": {"code": "WH01"}, "returnDate": world.day("02-10"),
        "lines": [{"product": {"code": "P"}, "quantity": "0.1"}]});
    let calls: Vec<_> = (0..16)
        .map(|_| {
            let (world, body) = (world.clone(), back.clone());
            tokio::spawn(async move {
                let (status, made) = world.call(Method::POST, "sales-returns", &body).await;
                status == StatusCode::CREATED
                    && world.try_act("sales-returns", &made, "post", J::Null).await.0 == StatusCode::OK
            })
        })
        .collect();
    let mut done = 0;
    for call in calls {
        done += usize::from(call.await.unwrap());
    }
    assert_eq!(done, 10);
    world.holds().await;
    numbers_have_no_gaps(&world).await;
}

/// Numbers run from 1 in each word and month, in the order of posting.
async fn numbers_have_no_gaps(world: &World) {
    let vouchers = world.get("vouchers?pageSize=200&sort=number").await;
    let mut last = (String::new(), 0);
    for voucher in vouchers["data"].as_array().unwrap() {
        let (series, sequence) = voucher["number"].as_str().unwrap().rsplit_once('-').unwrap();
        let sequence: u32 = sequence.parse().unwrap();
        let expected = if last.0 == series { last.1 + 1 } else { 1 };
        assert_eq!(sequence, expected, "{series}");
        last = (series.to_owned(), sequence);
    }
    assert!(last.1 > 0);
}
