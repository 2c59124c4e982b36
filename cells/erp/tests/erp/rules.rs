//! Rules at their edges: rests, bases, modes, stock below zero, order changes.

use crate::world::World;
use http::{Method, StatusCode};
use serde_json::{Value as J, json};

async fn set(world: &World, mut change: J) {
    let setting = world.get("erp-settings").await["data"][0].clone();
    change["version"] = setting["version"].clone();
    let path = format!("erp-settings/{}", setting["id"].as_str().unwrap());
    let (status, answer) = world.call(Method::PATCH, &path, &change).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
}

#[tokio::test]
async fn a_reopened_order_may_lose_its_lines() {
    let world = World::new(false).await;
    world.ready().await;
    let order = world.order("5").await;
    world.act("sales-orders", &order, "confirm", J::Null).await;
    world.act("sales-orders", &order, "reopen", J::Null).await;
    assert_eq!(world.balance().await["reserved"], "0.000000");
    let now = world.reload("sales-orders", &order).await;
    let body = json!({"version": now["version"], "lines": [{"product": {"code": "Q"}, "quantity": "1"}]});
    let path = format!("sales-orders/{}", order["id"].as_str().unwrap());
    let (status, answer) = world.call(Method::PATCH, &path, &body).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    world.holds().await;
}

#[tokio::test]
async fn the_last_part_takes_the_rest() {
    let world = World::new(false).await;
    world.post("customers", json!({"code": "C", "name": "客户"})).await;
    world.post("products", json!({"code": "P", "name": "P", "unit": {"code": "PCS"}, "kind": "stocked"})).await;
    let opening = world
        .post(
            "stock-adjustments",
            json!({"warehouse": {"code": "WH01"}, "date": world.day("01-01"), "reason": "opening",
        "lines": [{"product": {"code": "P"}, "quantity": "3", "unitCost": "3.33333333"}]}),
        )
        .await;
    world.act("stock-adjustments", &opening, "post", J::Null).await;
    let order = world
        .post(
            "sales-orders",
            json!({"customer": {"code": "C"}, "orderDate": world.day("02-01"), "warehouse": {"code": "WH01"},
        "taxIncluded": true, "lines": [{"product": {"code": "P"}, "quantity": "3", "unitPrice": "3.33333333"}]}),
        )
        .await;
    assert_eq!((&order["net"], &order["tax"]), (&json!("8.85"), &json!("1.15")));
    world.act("sales-orders", &order, "confirm", J::Null).await;
    let (mut costs, mut nets, mut taxes) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..3 {
        let part = json!({"date": world.day("02-02"), "lines": [{"salesOrderLine": order["lines"][0]["id"], "quantity": "1"}]});
        let delivery = world.follow(&order, "deliver", part.clone(), "deliveries").await;
        costs.push(world.act("deliveries", &delivery, "post", J::Null).await["cost"].clone());
        let invoice = world.follow(&order, "invoice", part, "sales-invoices").await;
        let invoice = world.act("sales-invoices", &invoice, "post", J::Null).await;
        nets.push(invoice["net"].clone());
        taxes.push(invoice["tax"].clone());
        world.holds().await;
    }
    assert_eq!(costs, ["3.33", "3.34", "3.33"]); // V2
    assert_eq!(nets, ["2.95", "2.95", "2.95"]);
    assert_eq!(taxes, ["0.38", "0.38", "0.39"]);
    assert_eq!(world.balance().await["value"], "0.00");
    assert_eq!(world.reload("sales-orders", &order).await["state"], "closed");
}

#[tokio::test]
async fn invoices_may_precede_deliveries() {
    let world = World::new(false).await;
    world.ready().await;
    set(&world, json!({"invoiceBasis": "ordered"})).await;
    let order = world.order("10").await;
    world.act("sales-orders", &order, "confirm", J::Null).await;
    let date = json!({"date": world.day("02-02")});
    let invoice = world.follow(&order, "invoice", date.clone(), "sales-invoices").await;
    world.act("sales-invoices", &invoice, "post", J::Null).await;
    assert_eq!(world.closing("5401").await, "0.00");
    let delivery = world.follow(&order, "deliver", date, "deliveries").await;
    world.act("deliveries", &delivery, "post", J::Null).await;
    assert_eq!((world.closing("5401").await, world.closing("140502").await), ("1500.00".to_owned(), "0.00".to_owned()));
    assert_eq!(world.reload("sales-orders", &order).await["state"], "closed");
    world.act("deliveries", &delivery, "reverse", J::Null).await;
    assert_eq!(world.closing("5401").await, "0.00");
    world.holds().await;
}

#[tokio::test]
async fn cost_may_go_with_the_delivery() {
    let world = World::new(false).await;
    world.ready().await;
    set(&world, json!({"costOfSales": "with-delivery"})).await;
    let order = world.order("10").await;
    world.act("sales-orders", &order, "confirm", J::Null).await;
    let delivery = world.follow(&order, "deliver", J::Null, "deliveries").await;
    world.act("deliveries", &delivery, "post", J::Null).await;
    assert_eq!(world.closing("5401").await, "1500.00");
    let invoice = world.follow(&order, "invoice", J::Null, "sales-invoices").await;
    world.act("sales-invoices", &invoice, "post", J::Null).await;
    assert_eq!(world.closing("5401").await, "1500.00");
    world.holds().await;
}

#[tokio::test]
async fn stock_below_zero_is_settled_by_the_next_receipt() {
    let world = World::new(false).await;
    world.post("customers", json!({"code": "C", "name": "客户"})).await;
    world.post("products", json!({"code": "P", "name": "P", "unit": {"code": "PCS"}, "kind": "stocked", "salesPrice": "150", "negativeStock": "allow"})).await;
    let adjust = async |quantity: &str, cost: &str| {
        let document = world
            .post(
                "stock-adjustments",
                json!({"warehouse": {"code": "WH01"}, "date": world.day("01-05"), "reason": "gain",
            "lines": [{"product": {"code": "P"}, "quantity": quantity, "unitCost": cost}]}),
            )
            .await;
        world.act("stock-adjustments", &document, "post", J::Null).await;
    };
    adjust("10", "100").await;
    let order = world.order("15").await;
    world.act("sales-orders", &order, "confirm", J::Null).await;
    let delivery = world.follow(&order, "deliver", J::Null, "deliveries").await;
    assert_eq!(world.act("deliveries", &delivery, "post", J::Null).await["cost"], "1500.00");
    adjust("6", "80").await;
    let stock = world.balance().await;
    assert_eq!((&stock["quantity"], &stock["value"]), (&json!("1.000000"), &json!("80.00")));
    assert_eq!(world.closing("5401").await, "-100.00");
    world.holds().await;
}

#[tokio::test]
async fn a_receipt_may_be_dated_before_its_invoice() {
    let world = World::new(false).await;
    world.ready().await;
    let order = world.order("2").await;
    world.act("sales-orders", &order, "confirm", J::Null).await;
    let delivery = world.follow(&order, "deliver", json!({"date": world.day("03-01")}), "deliveries").await;
    world.act("deliveries", &delivery, "post", J::Null).await;
    let invoice = world.follow(&order, "invoice", json!({"date": world.day("03-10")}), "sales-invoices").await;
    world.act("sales-invoices", &invoice, "post", J::Null).await;
    let receipt = world
        .post(
            "receipts",
            json!({"customer": {"code": "C"}, "receiptDate": world.day("03-05"), "bankAccount": {"code": "CASH01"},
        "amount": "339", "allocations": [{"invoice": invoice["id"], "amount": "339"}]}),
        )
        .await;
    world.act("receipts", &receipt, "post", J::Null).await;
    let aging = world.get(&format!("reports/ar-aging?asOf={}", world.day("03-07"))).await;
    assert_eq!(aging["totals"]["balance"], "-339.00");
    let aging = world.get(&format!("reports/ar-aging?asOf={}", world.day("03-10"))).await;
    assert_eq!(aging["totals"]["balance"], "0.00");
    assert_eq!((world.closing("1122").await, world.closing("2203").await), ("0.00".to_owned(), "0.00".to_owned()));
    assert_eq!(world.get("bank-accounts?code=CASH01").await["data"][0]["balance"], "339.00");
    world.holds().await;
}

#[tokio::test]
async fn voucher_numbers_have_no_gaps() {
    let world = World::new(true).await;
    let vouchers = world.get("vouchers?pageSize=200").await;
    let mut numbers: Vec<&str> =
        vouchers["data"].as_array().unwrap().iter().map(|v| v["number"].as_str().unwrap()).collect();
    numbers.sort_unstable();
    let mut last = ("", 0);
    for number in numbers {
        let (series, sequence) = number.rsplit_once('-').unwrap();
        let sequence: i32 = sequence.parse().unwrap();
        assert_eq!(sequence, if last.0 == series { last.1 + 1 } else { 1 }, "{number}");
        last = (series, sequence);
    }
}

#[tokio::test]
async fn services_are_invoiced_without_delivery() {
    let world = World::new(false).await;
    world.post("customers", json!({"code": "C", "name": "客户"})).await;
    world.post("products", json!({"code": "S", "name": "S", "unit": {"code": "H"}, "kind": "service", "salesPrice": "300", "vatRate": "0.06"})).await;
    let order = world
        .post(
            "sales-orders",
            json!({"customer": {"code": "C"}, "orderDate": world.day("02-01"), "warehouse": {"code": "WH01"},
        "lines": [{"product": {"code": "S"}, "quantity": "2"}, {"product": {"code": "S"}, "quantity": "1"}]}),
        )
        .await;
    assert_eq!(order["total"], "954.00");
    world.act("sales-orders", &order, "confirm", J::Null).await;
    assert_eq!(world.refused("sales-orders", &order, "deliver", J::Null).await, "erp.order.nothing-remaining");
    let invoice = world.follow(&order, "invoice", J::Null, "sales-invoices").await;
    world.act("sales-invoices", &invoice, "post", J::Null).await;
    assert_eq!(world.reload("sales-orders", &order).await["state"], "closed");
    world.holds().await;
}
