//! Every posted document can be taken back, and then nothing of it is left; what rests on it stands in the way.

use crate::world::World;
use serde_json::{Value as J, json};

async fn set(world: &World, change: J) {
    world.post("erp-settings", change).await;
}

/// Every leaf account that is not at zero, with its closing.
async fn books(world: &World) -> Vec<(String, String)> {
    let table =
        world.get(&format!("reports/trial-balance?from={}&to={}", world.day("01-01"), world.day("12-31"))).await;
    let rows = table["rows"].as_array().unwrap();
    let leaf = rows.iter().filter(|r| r["isGroup"] != true && r["closing"] != "0.00");
    leaf.map(|r| (r["account"].as_str().unwrap().to_owned(), r["closing"].as_str().unwrap().to_owned())).collect()
}

/// Exposure, stock and open items of the world.
async fn state(world: &World) -> (Vec<(String, String)>, J, J, J) {
    let stock = world.balance().await;
    let exposure = world.get("customer-exposures").await["data"][0].clone();
    (
        books(world).await,
        json!([stock["quantity"], stock["value"], stock["reserved"]]),
        exposure["committed"].clone(),
        exposure["open"].clone(),
    )
}

#[tokio::test]
async fn each_step_is_undone_exactly() {
    for cost in ["with-invoice", "with-delivery"] {
        let world = World::new(false).await;
        world.ready().await;
        set(&world, json!({"costOfSales": cost})).await;
        let order = world.order("6").await;
        world.act("sales-orders", &order, "confirm", J::Null).await;
        let date = json!({"date": world.day("02-02")});
        let mut before = vec![state(&world).await];
        let delivery = world.follow(&order, "deliver", date.clone(), "deliveries").await;
        world.act("deliveries", &delivery, "post", J::Null).await;
        before.push(state(&world).await);
        let back = world
            .post(
                "sales-returns",
                json!({"delivery": delivery["id"], "customer": {"code": "C"}, "warehouse": {"code": "WH01"},
                "returnDate": world.day("02-10"), "lines": [{"product": {"code": "P"}, "quantity": "1"}]}),
            )
            .await;
        world.act("sales-returns", &back, "post", J::Null).await;
        before.push(state(&world).await);
        let invoice = world.follow(&order, "invoice", date, "sales-invoices").await;
        assert_eq!(invoice["lines"][0]["quantity"], "5.000000");
        world.act("sales-invoices", &invoice, "post", J::Null).await;
        before.push(state(&world).await);
        let receipt = world
            .post(
                "receipts",
                json!({"customer": {"code": "C"}, "receiptDate": world.day("02-12"), "bankAccount": {"code": "BANK01"},
                "amount": "900", "allocations": [{"invoice": invoice["id"], "amount": "847.50"}]}),
            )
            .await;
        world.act("receipts", &receipt, "post", J::Null).await;
        world.holds().await;
        world.act("receipts", &receipt, "reverse", J::Null).await;
        for (resource, document) in [("sales-invoices", &invoice), ("sales-returns", &back), ("deliveries", &delivery)]
        {
            assert_eq!(Some(state(&world).await), before.pop(), "{cost}: before {resource} is reversed");
            world.act(resource, document, "reverse", J::Null).await;
            world.holds().await;
        }
        assert_eq!(Some(state(&world).await), before.pop());
    }
}

#[tokio::test]
async fn what_was_bought_into_a_shortage_goes_out_as_it_came() {
    let world = World::new(false).await;
    world.post("customers", json!({"code": "C", "name": "客户"})).await;
    world.post("products", json!({"code": "P", "name": "P", "unit": {"code": "PCS"}, "kind": "stocked", "salesPrice": "150", "negativeStock": "allow", "purchasePrice": "100"})).await;
    let order = world.order("5").await;
    world.act("sales-orders", &order, "confirm", J::Null).await;
    let delivery = world.follow(&order, "deliver", json!({"date": world.day("02-02")}), "deliveries").await;
    world.act("deliveries", &delivery, "post", J::Null).await;
    world.holds().await;
    let before = (books(&world).await, world.balance().await["value"].clone());
    assert_eq!(before.1, "-500.00");
    let gain = world
        .post(
            "stock-adjustments",
            json!({"warehouse": {"code": "WH01"}, "date": world.day("02-05"), "reason": "gain",
            "lines": [{"product": {"code": "P"}, "quantity": "8", "unitCost": "70"}]}),
        )
        .await;
    world.act("stock-adjustments", &gain, "post", J::Null).await;
    assert_eq!(world.balance().await["value"], "210.00");
    world.holds().await;
    world.act("stock-adjustments", &gain, "reverse", J::Null).await;
    assert_eq!((books(&world).await, world.balance().await["value"].clone()), before);
    world.holds().await;
    let back = world
        .post(
            "sales-returns",
            json!({"delivery": delivery["id"], "customer": {"code": "C"}, "warehouse": {"code": "WH01"},
            "returnDate": world.day("02-10"), "lines": [{"product": {"code": "P"}, "quantity": "2"}]}),
        )
        .await;
    world.act("sales-returns", &back, "post", J::Null).await;
    world.holds().await;
    world.act("sales-returns", &back, "reverse", J::Null).await;
    world.holds().await;
    assert_eq!((books(&world).await, world.balance().await["value"].clone()), before);
}

#[tokio::test]
async fn stock_is_never_worth_less_than_nothing() {
    let world = World::new(false).await;
    world.post("customers", json!({"code": "C", "name": "客户"})).await;
    world
        .post(
            "products",
            json!({"code": "P", "name": "P", "unit": {"code": "PCS"}, "kind": "stocked", "salesPrice": "150"}),
        )
        .await;
    let mut gains = Vec::new();
    for (quantity, cost) in [("11", "10"), ("4", "1000")] {
        let gain = world
            .post(
                "stock-adjustments",
                json!({"warehouse": {"code": "WH01"}, "date": world.day("01-05"), "reason": "gain",
                "lines": [{"product": {"code": "P"}, "quantity": quantity, "unitCost": cost}]}),
            )
            .await;
        world.act("stock-adjustments", &gain, "post", J::Null).await;
        gains.push(gain);
    }
    let order = world.order("10").await;
    world.act("sales-orders", &order, "confirm", J::Null).await;
    let delivery = world.follow(&order, "deliver", J::Null, "deliveries").await;
    world.act("deliveries", &delivery, "post", J::Null).await;
    assert_eq!(world.balance().await["value"], "1370.00");
    // Taking back four at 1,000 would leave one piece worth −2,630: what is too much goes to the cost of sales.
    world.act("stock-adjustments", &gains[1], "reverse", J::Null).await;
    let stock = world.balance().await;
    assert_eq!(
        (&stock["quantity"], &stock["value"], &stock["averageCost"]),
        (&json!("1.000000"), &json!("0.00"), &json!("0.00000000"))
    );
    assert_eq!(world.closing("5401").await, "-2630.00");
    world.holds().await;
}

#[tokio::test]
async fn a_return_taken_back_leaves_a_finished_order_finished() {
    let world = World::new(false).await;
    world.ready().await;
    let order = world.order("4").await;
    world.act("sales-orders", &order, "confirm", J::Null).await;
    let delivery = world.follow(&order, "deliver", J::Null, "deliveries").await;
    world.act("deliveries", &delivery, "post", J::Null).await;
    let invoice = world.follow(&order, "invoice", J::Null, "sales-invoices").await;
    world.act("sales-invoices", &invoice, "post", J::Null).await;
    let back = world
        .post(
            "sales-returns",
            json!({"delivery": delivery["id"], "customer": {"code": "C"}, "warehouse": {"code": "WH01"},
            "returnDate": world.day("12-10"), "lines": [{"product": {"code": "P"}, "quantity": "1"}]}),
        )
        .await;
    world.act("sales-returns", &back, "post", J::Null).await;
    assert_eq!(world.reload("sales-orders", &order).await["state"], "closed");
    world.act("sales-returns", &back, "reverse", J::Null).await;
    assert_eq!(world.reload("sales-orders", &order).await["state"], "closed");
    world.act("sales-invoices", &invoice, "reverse", J::Null).await;
    assert_eq!(world.reload("sales-orders", &order).await["state"], "confirmed");
    world.holds().await;
}

#[tokio::test]
async fn an_order_closed_by_hand_is_invoiced_for_what_went_out() {
    let world = World::new(false).await;
    world.ready().await;
    let order = world.order("10").await;
    world.act("sales-orders", &order, "confirm", J::Null).await;
    let part =
        json!({"date": world.day("02-02"), "lines": [{"salesOrderLine": order["lines"][0]["id"], "quantity": "4"}]});
    let delivery = world.follow(&order, "deliver", part, "deliveries").await;
    world.act("deliveries", &delivery, "post", J::Null).await;
    world.act("sales-orders", &order, "close", J::Null).await;
    let exposure = world.get("customer-exposures").await["data"][0].clone();
    assert_eq!((&exposure["committed"], &exposure["open"]), (&json!("678.00"), &json!("0.00")));
    assert_eq!(world.balance().await["reserved"], "0.000000");
    let invoice = world.follow(&order, "invoice", J::Null, "sales-invoices").await;
    assert_eq!((&invoice["kind"], &invoice["lines"][0]["quantity"]), (&json!("normal"), &json!("4.000000")));
    world.act("sales-invoices", &invoice, "post", J::Null).await;
    assert_eq!(world.refused("sales-orders", &order, "invoice", J::Null).await, "erp.order.nothing-remaining");
    assert_eq!(world.reload("sales-orders", &order).await["state"], "closed");
    assert_eq!((world.closing("140502").await, world.closing("5401").await), ("0.00".to_owned(), "600.00".to_owned()));
    world.act("sales-invoices", &invoice, "reverse", J::Null).await;
    world.act("deliveries", &delivery, "reverse", J::Null).await;
    assert_eq!(world.reload("sales-orders", &order).await["state"], "closed");
    let exposure = world.get("customer-exposures").await["data"][0].clone();
    assert_eq!((&exposure["committed"], &exposure["open"]), (&json!("0.00"), &json!("0.00")));
    world.holds().await;
}

#[tokio::test]
async fn a_reopened_order_with_a_past_may_change_and_go() {
    let world = World::new(false).await;
    world.ready().await;
    let order = world.order("5").await;
    world.act("sales-orders", &order, "confirm", J::Null).await;
    let delivery = world.follow(&order, "deliver", J::Null, "deliveries").await;
    world.act("deliveries", &delivery, "post", J::Null).await;
    assert_eq!(world.refused("sales-orders", &order, "reopen", J::Null).await, "erp.document.has-successors");
    world.act("deliveries", &delivery, "reverse", J::Null).await;
    world.act("sales-orders", &order, "reopen", J::Null).await;
    let now = world.reload("sales-orders", &order).await;
    let path = format!("sales-orders/{}", order["id"].as_str().unwrap());
    let body = json!({"version": now["version"], "lines": [{"product": {"code": "P"}, "quantity": "7"}]});
    let (status, answer) = world.call(http::Method::PATCH, &path, &body).await;
    assert!(status.is_success() || answer["code"] == "IN_USE", "{answer}");
    world.act("sales-orders", &order, "confirm", J::Null).await;
    world.holds().await;
}

#[tokio::test]
async fn what_another_warehouse_delivers_frees_the_reservation() {
    let world = World::new(false).await;
    world.ready().await;
    world.post("warehouses", json!({"code": "WH02", "name": "二号仓"})).await;
    let more = world
        .post(
            "stock-adjustments",
            json!({"warehouse": {"code": "WH02"}, "date": world.day("01-05"), "reason": "gain",
            "lines": [{"product": {"code": "P"}, "quantity": "20", "unitCost": "150"}]}),
        )
        .await;
    world.act("stock-adjustments", &more, "post", J::Null).await;
    let (first, second) = (world.order("15").await, world.order("8").await);
    for order in [&first, &second] {
        world.act("sales-orders", order, "confirm", J::Null).await;
    }
    assert_eq!(world.reload("sales-orders", &second).await["lines"][0]["reservedQuantity"], "5.000000");
    let delivery = world
        .post(
            "deliveries",
            json!({"salesOrder": first["id"], "customer": {"code": "C"}, "warehouse": {"code": "WH02"},
            "deliveryDate": world.day("02-02"), "lines": [{"product": {"code": "P"}, "quantity": "15"}]}),
        )
        .await;
    world.act("deliveries", &delivery, "post", J::Null).await;
    assert_eq!(world.reload("sales-orders", &second).await["lines"][0]["reservedQuantity"], "8.000000");
    world.act("deliveries", &delivery, "reverse", J::Null).await;
    assert_eq!(world.reload("sales-orders", &first).await["lines"][0]["reservedQuantity"], "12.000000");
    world.holds().await;
}

#[tokio::test]
async fn a_delivery_stays_while_its_cost_is_in_the_cost_of_sales() {
    let world = World::new(false).await;
    world.ready().await;
    let order = world.order("10").await;
    world.act("sales-orders", &order, "confirm", J::Null).await;
    let part =
        json!({"date": world.day("02-02"), "lines": [{"salesOrderLine": order["lines"][0]["id"], "quantity": "5"}]});
    let (mut deliveries, mut invoices) = (Vec::new(), Vec::new());
    for cost in ["750.00", "1000.00"] {
        let delivery = world.follow(&order, "deliver", part.clone(), "deliveries").await;
        let delivery = world.act("deliveries", &delivery, "post", J::Null).await;
        assert_eq!(delivery["cost"], cost);
        deliveries.push(delivery);
        let gain = world
            .post(
                "stock-adjustments",
                json!({"warehouse": {"code": "WH01"}, "date": world.day("02-02"), "reason": "gain",
                "lines": [{"product": {"code": "P"}, "quantity": "15", "unitCost": "250"}]}),
            )
            .await;
        world.act("stock-adjustments", &gain, "post", J::Null).await;
        let invoice = world.follow(&order, "invoice", part.clone(), "sales-invoices").await;
        world.act("sales-invoices", &invoice, "post", J::Null).await;
        invoices.push(invoice);
    }
    // The first invoice goes; what is still expensed, 1,000.00, is the cost of the second delivery.
    world.act("sales-invoices", &invoices[0], "reverse", J::Null).await;
    assert_eq!(
        (world.closing("5401").await, world.closing("140502").await),
        ("1000.00".to_owned(), "750.00".to_owned())
    );
    assert_eq!(world.refused("deliveries", &deliveries[1], "reverse", J::Null).await, "erp.document.has-successors");
    world.act("sales-invoices", &invoices[1], "reverse", J::Null).await;
    for delivery in &deliveries {
        world.act("deliveries", delivery, "reverse", J::Null).await;
    }
    assert_eq!((world.closing("5401").await, world.closing("140502").await), ("0.00".to_owned(), "0.00".to_owned()));
    world.holds().await;
}
