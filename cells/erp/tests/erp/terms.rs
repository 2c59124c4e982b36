//! Terms of invoices: they come from the order, may differ from it, and what is credited is what was billed.

use crate::world::World;
use http::{Method, StatusCode};
use serde_json::{Value as J, json};

async fn order_of(world: &World, included: bool, lines: J) -> J {
    let order = world
        .post(
            "sales-orders",
            json!({"customer": {"code": "C"}, "orderDate": world.day("02-01"), "warehouse": {"code": "WH01"},
            "taxIncluded": included, "lines": lines}),
        )
        .await;
    world.act("sales-orders", &order, "confirm", J::Null).await;
    order
}

async fn deliver(world: &World, order: &J) -> J {
    let delivery = world.follow(order, "deliver", json!({"date": world.day("02-02")}), "deliveries").await;
    world.act("deliveries", &delivery, "post", J::Null).await
}

fn sums(document: &J) -> [&str; 3] {
    ["net", "tax", "total"].map(|name| document[name].as_str().unwrap())
}

#[tokio::test]
async fn an_invoice_made_by_hand_has_the_terms_of_its_order() {
    let world = World::new(false).await;
    world.ready().await;
    let order = order_of(
        &world,
        true,
        json!([{"product": {"code": "P"}, "quantity": "2", "unitPrice": "113", "discountRate": "0.1"}]),
    )
    .await;
    assert_eq!(sums(&order), ["180.00", "23.40", "203.40"]);
    deliver(&world, &order).await;
    let mut body = json!({"salesOrder": order["id"], "customer": {"code": "C"}, "invoiceDate": world.day("02-03"),
        "lines": [{"product": {"code": "P"}, "quantity": "2"}]});
    let invoice = world.post("sales-invoices", body.clone()).await;
    assert_eq!(sums(&invoice), ["180.00", "23.40", "203.40"]);
    assert_eq!(invoice["taxIncluded"], true);
    let path = format!("sales-invoices/{}", invoice["id"].as_str().unwrap());
    let patch =
        json!({"version": invoice["version"], "lines": [{"id": invoice["lines"][0]["id"], "discountRate": "0"}]});
    let (status, changed) = world.call(Method::PATCH, &path, &patch).await;
    assert_eq!((status, changed["total"].as_str()), (StatusCode::OK, Some("226.00")), "{changed}");
    let (status, _) = world.call(Method::DELETE, &path, &json!({"version": changed["version"]})).await;
    assert!(status.is_success());
    body["lines"][0]["discountRate"] = json!("0.5");
    let half = world.post("sales-invoices", body.clone()).await;
    assert_eq!(sums(&half), ["100.00", "13.00", "113.00"]);
    body["taxIncluded"] = json!(false);
    let (status, answer) = world.call(Method::POST, "sales-invoices", &body).await;
    assert_eq!((status, &answer["details"][0]["field"]), (StatusCode::BAD_REQUEST, &json!("taxIncluded")), "{answer}");
}

#[tokio::test]
async fn the_rest_is_the_rest_only_of_what_was_billed_at_the_same_terms() {
    let world = World::new(false).await;
    world.ready().await;
    let order =
        order_of(&world, false, json!([{"product": {"code": "P"}, "quantity": "10", "unitPrice": "100"}])).await;
    deliver(&world, &order).await;
    let part =
        json!({"date": world.day("02-03"), "lines": [{"salesOrderLine": order["lines"][0]["id"], "quantity": "5"}]});
    let first = world.follow(&order, "invoice", part, "sales-invoices").await;
    let path = format!("sales-invoices/{}", first["id"].as_str().unwrap());
    let patch = json!({"version": first["version"], "lines": [{"id": first["lines"][0]["id"], "unitPrice": "120"}]});
    let (status, first) = world.call(Method::PATCH, &path, &patch).await;
    assert_eq!((status, sums(&first)), (StatusCode::OK, ["600.00", "78.00", "678.00"]));
    world.act("sales-invoices", &first, "post", J::Null).await;
    let second = world.follow(&order, "invoice", J::Null, "sales-invoices").await;
    assert_eq!(sums(&second), ["500.00", "65.00", "565.00"]);
    world.act("sales-invoices", &second, "post", J::Null).await;
    world.holds().await;
}

#[tokio::test]
async fn a_credit_gives_back_what_was_billed() {
    let world = World::new(false).await;
    world.ready().await;
    let order =
        order_of(&world, false, json!([{"product": {"code": "P"}, "quantity": "10", "unitPrice": "100"}])).await;
    let delivery = deliver(&world, &order).await;
    let invoice = world.follow(&order, "invoice", json!({"date": world.day("02-03")}), "sales-invoices").await;
    let path = format!("sales-invoices/{}", invoice["id"].as_str().unwrap());
    let patch = json!({"version": invoice["version"], "lines": [{"id": invoice["lines"][0]["id"], "unitPrice": "70"}]});
    let (_, invoice) = world.call(Method::PATCH, &path, &patch).await;
    world.act("sales-invoices", &invoice, "post", J::Null).await;
    let back = world
        .post(
            "sales-returns",
            json!({"delivery": delivery["id"], "customer": {"code": "C"}, "warehouse": {"code": "WH01"},
            "returnDate": world.day("02-10"), "lines": [{"product": {"code": "P"}, "quantity": "4"}]}),
        )
        .await;
    world.act("sales-returns", &back, "post", J::Null).await;
    let credit = world.follow(&order, "invoice", json!({"date": world.day("02-11")}), "sales-invoices").await;
    assert_eq!((&credit["kind"], sums(&credit)), (&json!("credit"), ["280.00", "36.40", "316.40"]));
    world.act("sales-invoices", &credit, "post", J::Null).await;
    assert_eq!(world.reload("sales-invoices", &invoice).await["open"], "474.60");
    world.holds().await;
}

#[tokio::test]
async fn equal_products_on_several_lines_are_served_one_after_the_other() {
    let world = World::new(false).await;
    world.ready().await;
    let order = order_of(&world, false, json!([
        {"product": {"code": "P"}, "quantity": "2", "unitPrice": "100"}, {"product": {"code": "P"}, "quantity": "3", "unitPrice": "50"}])).await;
    for quantity in ["2", "3"] {
        let delivery = world
            .post(
                "deliveries",
                json!({"salesOrder": order["id"], "customer": {"code": "C"}, "warehouse": {"code": "WH01"},
                "deliveryDate": world.day("02-02"), "lines": [{"product": {"code": "P"}, "quantity": quantity}]}),
            )
            .await;
        world.act("deliveries", &delivery, "post", J::Null).await;
    }
    for (quantity, net) in [("2", "200.00"), ("3", "150.00")] {
        let invoice = world
            .post(
                "sales-invoices",
                json!({"salesOrder": order["id"], "customer": {"code": "C"}, "invoiceDate": world.day("02-03"),
                "lines": [{"product": {"code": "P"}, "quantity": quantity}]}),
            )
            .await;
        assert_eq!(invoice["net"], net);
        world.act("sales-invoices", &invoice, "post", J::Null).await;
    }
    assert_eq!(world.reload("sales-orders", &order).await["state"], "closed");
    world.holds().await;
}

#[tokio::test]
async fn what_is_entered_late_is_marked() {
    let world = World::new(false).await;
    world.ready().await;
    let adjust = async |date: String| {
        let document = world
            .post(
                "stock-adjustments",
                json!({"warehouse": {"code": "WH01"}, "date": date, "reason": "gain",
                "lines": [{"product": {"code": "P"}, "quantity": "1", "unitCost": "150"}]}),
            )
            .await;
        world.act("stock-adjustments", &document, "post", J::Null).await;
        let moves = world.get(&format!("stock-moves?source={}", document["id"].as_str().unwrap())).await;
        moves["data"][0]["backDated"].clone()
    };
    assert_eq!(adjust(world.day("03-05")).await, false);
    assert_eq!(adjust(world.day("03-05")).await, false);
    assert_eq!(adjust(world.day("03-04")).await, true);
    assert_eq!(adjust(world.day("12-31")).await, false);
    world.holds().await;
}

#[tokio::test]
async fn a_credit_without_open_invoices_pays_the_next_one() {
    let world = World::new(false).await;
    world.ready().await;
    let invoice = async |kind: &str, day: &str, price: &str| {
        let invoice = world
            .post(
                "sales-invoices",
                json!({"customer": {"code": "C"}, "invoiceDate": world.day(day), "kind": kind, "lines": [
                {"product": {"code": "P"}, "quantity": "1", "unitPrice": price}]}),
            )
            .await;
        world.act("sales-invoices", &invoice, "post", J::Null).await;
        invoice
    };
    let credit = invoice("credit", "02-03", "100").await;
    assert_eq!(world.reload("sales-invoices", &credit).await["open"], "-113.00");
    assert_eq!((world.closing("1122").await, world.closing("5001").await), ("-113.00".to_owned(), "100.00".to_owned()));
    let next = invoice("normal", "02-05", "200").await;
    // Nothing is paid: one document against the other, at the later date.
    let receipt = world
        .post(
            "receipts",
            json!({"customer": {"code": "C"}, "receiptDate": world.day("02-04"), "bankAccount": {"code": "BANK01"}, "amount": "0",
            "allocations": [{"invoice": next["id"], "amount": "113"}, {"invoice": credit["id"], "amount": "-113"}]}),
        )
        .await;
    world.act("receipts", &receipt, "post", J::Null).await;
    assert_eq!(world.reload("sales-invoices", &next).await["open"], "113.00");
    assert_eq!(world.reload("sales-invoices", &credit).await["open"], "0.00");
    assert_eq!((world.closing("1122").await, world.closing("2203").await), ("113.00".to_owned(), "0.00".to_owned()));
    world.holds().await;
    assert_eq!(world.refused("sales-invoices", &credit, "reverse", J::Null).await, "erp.document.has-successors");
    world.act("receipts", &receipt, "unallocate", J::Null).await;
    for document in [&credit, &next] {
        world.act("sales-invoices", document, "reverse", J::Null).await;
    }
    world.act("receipts", &receipt, "reverse", J::Null).await;
    assert_eq!((world.closing("1122").await, world.closing("2203").await), ("0.00".to_owned(), "0.00".to_owned()));
    world.holds().await;
}

#[tokio::test]
async fn what_is_given_away_costs_and_bills_nothing() {
    let world = World::new(false).await;
    world.ready().await;
    let order = order_of(
        &world,
        false,
        json!([{"product": {"code": "P"}, "quantity": "2", "unitPrice": "100", "discountRate": "1"}]),
    )
    .await;
    assert_eq!(sums(&order), ["0.00", "0.00", "0.00"]);
    deliver(&world, &order).await;
    let invoice = world.follow(&order, "invoice", json!({"date": world.day("02-03")}), "sales-invoices").await;
    world.act("sales-invoices", &invoice, "post", J::Null).await;
    assert_eq!((world.closing("5401").await, world.closing("1122").await), ("300.00".to_owned(), "0.00".to_owned()));
    assert_eq!(world.reload("sales-orders", &order).await["state"], "closed");
    world.holds().await;
}
