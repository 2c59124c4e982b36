//! A company sells, ships, invoices and is paid, over the resource API, and the books balance.

use crate::world::World;
use http::{Method, StatusCode};
use serde_json::{Value as J, json};

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
    assert_eq!(
        (&stock["quantity"], &stock["value"], &stock["reserved"]),
        (&json!("15.000000"), &json!("2250.00"), &json!("0.000000"))
    );
    assert_eq!(world.closing("140502").await, "750.00");
    let invoice = world.follow(&order, "invoice", date, "sales-invoices").await;
    world.act("sales-invoices", &invoice, "post", J::Null).await;
    let invoice = world.reload("sales-invoices", &invoice).await;
    assert_eq!(invoice["open"], "847.50");
    assert_eq!((world.closing("140502").await, world.closing("5401").await), ("0.00".to_owned(), "750.00".to_owned()));
    let order = world.reload("sales-orders", &order).await;
    assert_eq!((&order["state"], &order["lines"][0]["invoicedQuantity"]), (&json!("closed"), &json!("5.000000")));
    world.holds().await;
    let receipt = world
        .post(
            "receipts",
            json!({"customer": {"code": "C"}, "receiptDate": world.day("02-01"), "bankAccount": {"code": "BANK01"},
        "amount": "500", "allocations": [{"invoice": invoice["id"], "amount": "423.75"}]}),
        )
        .await;
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
    assert_eq!(
        (&stock["quantity"], &stock["value"], &stock["reserved"]),
        (&json!("20.000000"), &json!("3000.00"), &json!("5.000000"))
    );
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
    let back = world
        .post(
            "sales-returns",
            json!({"delivery": delivery["id"], "customer": {"code": "C"}, "warehouse": {"code": "WH01"},
        "returnDate": world.day("02-10"), "lines": [{"product": {"code": "P"}, "quantity": "4"}]}),
        )
        .await;
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
    let more = world
        .post(
            "stock-adjustments",
            json!({"warehouse": {"code": "WH01"}, "date": world.day("02-03"), "reason": "gain",
        "lines": [{"product": {"code": "P"}, "quantity": "3", "unitCost": "150"}]}),
        )
        .await;
    world.act("stock-adjustments", &more, "post", J::Null).await;
    assert_eq!(world.balance().await["reserved"], "23.000000");
    world.act("deliveries", &delivery, "post", J::Null).await;
    let third = world.order("10").await;
    assert_eq!(world.refused("sales-orders", &third, "confirm", J::Null).await, "erp.credit.exceeded");
    let (status, answer) = world
        .call(
            Method::POST,
            "vouchers",
            &json!({"date": "1990-01-01", "lines": [
        {"account": {"code": "1122"}, "debit": "1"}, {"account": {"code": "5001"}, "credit": "1"}]}),
        )
        .await;
    assert_eq!((status, &answer["details"]["rule"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("erp.period.closed")));
    world.holds().await;
}

#[tokio::test]
async fn v13_a_red_voucher_leaves_no_turnover() {
    let world = World::new(false).await;
    let voucher = world
        .post(
            "vouchers",
            json!({"date": world.day("03-05"), "lines": [
        {"account": {"code": "1122"}, "debit": "113"}, {"account": {"code": "5001"}, "credit": "100"},
        {"account": {"code": "22210107"}, "credit": "13"}]}),
        )
        .await;
    world.act("vouchers", &voucher, "review", J::Null).await;
    let posted = world.act("vouchers", &voucher, "post", J::Null).await;
    assert!(posted["number"].is_string());
    world.act("vouchers", &voucher, "reverse", J::Null).await;
    let table =
        world.get(&format!("reports/trial-balance?from={}&to={}", world.day("03-01"), world.day("03-31"))).await;
    for row in table["rows"].as_array().unwrap() {
        assert_eq!((&row["debit"], &row["credit"], &row["closing"]), (&json!("0.00"), &json!("0.00"), &json!("0.00")));
    }
    let (status, answer) = world
        .call(
            Method::POST,
            "vouchers",
            &json!({"date": world.day("03-05"), "lines": [
        {"account": {"code": "1122"}, "debit": "113"}, {"account": {"code": "5001"}, "credit": "100"}]}),
        )
        .await;
    assert_eq!(
        (status, &answer["details"]["rule"]),
        (StatusCode::UNPROCESSABLE_ENTITY, &json!("erp.voucher.unbalanced"))
    );
    let (_, answer) = world
        .call(
            Method::POST,
            "vouchers",
            &json!({"date": world.day("03-05"), "lines": [
        {"account": {"code": "1405"}, "debit": "100"}, {"account": {"code": "5001"}, "credit": "100"}]}),
        )
        .await;
    assert_eq!(answer["details"]["rule"], "erp.account.not-leaf");
}
