//! Wrong input, and documents used against each other: every one is refused clearly and changes nothing.

use crate::world::World;
use http::{Method, StatusCode};
use serde_json::{Value as J, json};

/// Status and code (of the rule, or of the first field error with its path).
async fn said(world: &World, method: Method, path: &str, body: J) -> (StatusCode, String) {
    let (status, answer) = world.call(method, path, &body).await;
    let details = &answer["details"];
    let word = match (&details["rule"], &details[0]) {
        (J::String(rule), _) => rule.clone(),
        (_, J::Object(first)) => format!("{} {}", first["field"].as_str().unwrap(), first["code"].as_str().unwrap()),
        _ => answer["code"].as_str().unwrap_or_default().to_owned(),
    };
    (status, word)
}

fn line(change: &[(&str, J)]) -> J {
    let mut line = json!({"product": {"code": "P"}, "quantity": "1"});
    for (name, value) in change {
        line[*name] = value.clone();
    }
    line
}

#[tokio::test]
async fn lines_of_orders_are_checked_at_the_door() {
    let world = World::new(false).await;
    world.ready().await;
    let cases = [
        (line(&[("quantity", json!("-1"))]), "lines[0].quantity OUT_OF_BOUNDS"),
        (line(&[("quantity", json!("0"))]), "lines[0].quantity OUT_OF_BOUNDS"),
        (line(&[("quantity", json!("0.0000001"))]), "lines[0].quantity TOO_MANY_DECIMALS"),
        (line(&[("quantity", json!("99999999999999999999"))]), "lines[0].quantity OUT_OF_RANGE"),
        (line(&[("quantity", json!("9000000000000"))]), "lines[0].quantity OUT_OF_BOUNDS"),
        (line(&[("unitPrice", json!("-0.01"))]), "lines[0].unitPrice OUT_OF_BOUNDS"),
        (line(&[("unitPrice", json!("0.000000001"))]), "lines[0].unitPrice TOO_MANY_DECIMALS"),
        (line(&[("discountRate", json!("1.01"))]), "lines[0].discountRate OUT_OF_BOUNDS"),
        (line(&[("discountRate", json!("-0.1"))]), "lines[0].discountRate OUT_OF_BOUNDS"),
        (line(&[("vatRate", json!("2"))]), "lines[0].vatRate OUT_OF_BOUNDS"),
        (line(&[("product", json!({"code": "NONE"}))]), "lines[0].product NOT_FOUND"),
        (line(&[("net", json!("1"))]), "lines[0].net READ_ONLY"),
        (line(&[("deliveredQuantity", json!("1"))]), "lines[0].deliveredQuantity READ_ONLY"),
        (line(&[("colour", json!("red"))]), "lines[0].colour UNKNOWN_FIELD"),
    ];
    for (line, expected) in cases {
        let order = json!({"customer": {"code": "C"}, "orderDate": world.day("02-01"), "warehouse": {"code": "WH01"}, "lines": [line]});
        assert_eq!(
            said(&world, Method::POST, "sales-orders", order).await,
            (StatusCode::BAD_REQUEST, expected.to_owned()),
            "{line}"
        );
    }
    let empty =
        json!({"customer": {"code": "C"}, "orderDate": world.day("02-01"), "warehouse": {"code": "WH01"}, "lines": []});
    let (status, word) = said(&world, Method::POST, "sales-orders", empty).await;
    assert_eq!((status, word.as_str()), (StatusCode::BAD_REQUEST, "lines REQUIRED"));
    assert_eq!(world.get("sales-orders").await["total"], 0);
}

#[tokio::test]
async fn prices_of_eight_decimals_are_exact_and_huge_amounts_are_refused() {
    let world = World::new(false).await;
    world.ready().await;
    let order = |quantity: &str, price: &str| {
        json!({"customer": {"code": "C"}, "orderDate": world.day("02-01"), "warehouse": {"code": "WH01"},
               "lines": [{"product": {"code": "P"}, "quantity": quantity, "unitPrice": price}]})
    };
    let exact = world.post("sales-orders", order("1000000", "0.12345678")).await;
    assert_eq!(
        (&exact["net"], &exact["tax"], &exact["total"]),
        (&json!("123456.78"), &json!("16049.38"), &json!("139506.16"))
    );
    let huge = order("1000000000", "90000000000");
    assert_eq!(
        said(&world, Method::POST, "sales-orders", huge).await,
        (StatusCode::UNPROCESSABLE_ENTITY, "erp.amount.out-of-range".to_owned())
    );
    let beyond = order("1000000000", "10000.00000001");
    assert_eq!(
        said(&world, Method::POST, "sales-orders", beyond).await,
        (StatusCode::UNPROCESSABLE_ENTITY, "erp.amount.out-of-range".to_owned())
    );
    let large = json!({"date": world.day("02-01"), "lines": [
        {"account": {"code": "1122"}, "debit": "90000000000000000"}, {"account": {"code": "5001"}, "credit": "90000000000000000"}]});
    assert_eq!(
        said(&world, Method::POST, "vouchers", large).await,
        (StatusCode::UNPROCESSABLE_ENTITY, "erp.amount.out-of-range".to_owned())
    );
    world.holds().await;
}

#[tokio::test]
async fn the_disabled_are_not_used_any_more() {
    let world = World::new(false).await;
    world.ready().await;
    let order = world.order("1").await;
    let product = world.get("products?code=P").await["data"][0].clone();
    world.act("products", &product, "disable", J::Null).await;
    let (status, answer) = world.try_act("sales-orders", &order, "confirm", J::Null).await;
    assert_eq!((status, &answer["details"][0]["code"]), (StatusCode::BAD_REQUEST, &json!("DISABLED")), "{answer}");
    let orders = json!({"customer": {"code": "C"}, "orderDate": world.day("02-01"), "warehouse": {"code": "WH01"}, "lines": [line(&[])]});
    let disabled = |field: &str| (StatusCode::BAD_REQUEST, format!("{field} DISABLED"));
    assert_eq!(said(&world, Method::POST, "sales-orders", orders.clone()).await, disabled("lines[0].product"));
    let direct = json!({"customer": {"code": "C"}, "deliveryDate": world.day("02-01"), "warehouse": {"code": "WH01"}, "lines": [line(&[])]});
    assert_eq!(said(&world, Method::POST, "deliveries", direct.clone()).await, disabled("lines[0].product"));
    let invoice = json!({"customer": {"code": "C"}, "invoiceDate": world.day("02-01"), "lines": [line(&[])]});
    assert_eq!(said(&world, Method::POST, "sales-invoices", invoice.clone()).await, disabled("lines[0].product"));
    world.act("products", &product, "enable", J::Null).await;
    let customer = world.get("customers?code=C").await["data"][0].clone();
    world.act("customers", &customer, "disable", J::Null).await;
    for (resource, body) in [("sales-orders", orders), ("deliveries", direct), ("sales-invoices", invoice)] {
        assert_eq!(said(&world, Method::POST, resource, body).await, disabled("customer"), "{resource}");
    }
    let (status, _) = world.try_act("sales-orders", &order, "confirm", J::Null).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn what_was_promised_cannot_be_changed() {
    let world = World::new(false).await;
    world.ready().await;
    let order = world.order("5").await;
    let path = format!("sales-orders/{}", order["id"].as_str().unwrap());
    let stale = json!({"version": order["version"], "note": "a"});
    assert_eq!(world.call(Method::PATCH, &path, &stale).await.0, StatusCode::OK);
    assert_eq!(said(&world, Method::PATCH, &path, stale).await, (StatusCode::CONFLICT, "CONFLICT".to_owned()));
    world.act("sales-orders", &order, "confirm", J::Null).await;
    let now = world.reload("sales-orders", &order).await;
    for (method, body) in [
        (Method::PATCH, json!({"version": now["version"], "note": "b"})),
        (Method::DELETE, json!({"version": now["version"]})),
    ] {
        assert_eq!(said(&world, method, &path, body).await, (StatusCode::CONFLICT, "INVALID_TRANSITION".to_owned()));
    }
    for action in ["confirm", "void"] {
        let (status, answer) = world.try_act("sales-orders", &order, action, J::Null).await;
        assert_eq!((status, &answer["code"]), (StatusCode::CONFLICT, &json!("INVALID_TRANSITION")), "{action}");
    }
    let delivery = world.follow(&order, "deliver", J::Null, "deliveries").await;
    world.act("deliveries", &delivery, "post", J::Null).await;
    let path = format!("deliveries/{}", delivery["id"].as_str().unwrap());
    let now = world.reload("deliveries", &delivery).await;
    let patch = json!({"version": now["version"], "lines": now["lines"]});
    assert_eq!(world.call(Method::PATCH, &path, &patch).await.0, StatusCode::CONFLICT);
    let (status, _) = world.try_act("deliveries", &delivery, "post", J::Null).await;
    assert_eq!(status, StatusCode::CONFLICT);
}

#[tokio::test]
async fn deliveries_and_invoices_stay_within_their_order() {
    let world = World::new(false).await;
    world.ready().await;
    world.post("customers", json!({"code": "D", "name": "other"})).await;
    let order = world.order("5").await;
    world.act("sales-orders", &order, "confirm", J::Null).await;
    let delivery = |customer: &str, quantity: &str| {
        json!({"salesOrder": order["id"], "customer": {"code": customer}, "warehouse": {"code": "WH01"}, "deliveryDate": world.day("02-02"),
               "lines": [{"salesOrderLine": order["lines"][0]["id"], "product": {"code": "P"}, "quantity": quantity}]})
    };
    let exceeds = (StatusCode::UNPROCESSABLE_ENTITY, "erp.delivery.exceeds-order".to_owned());
    assert_eq!(said(&world, Method::POST, "deliveries", delivery("C", "5.000001")).await, exceeds);
    assert_eq!(
        said(&world, Method::POST, "deliveries", delivery("D", "1")).await,
        (StatusCode::BAD_REQUEST, "customer NOT_OF_ORDER".to_owned())
    );
    let mut twice = delivery("C", "3");
    twice["lines"] = json!([twice["lines"][0], twice["lines"][0]]);
    assert_eq!(said(&world, Method::POST, "deliveries", twice).await, exceeds);
    let mut other = delivery("C", "1");
    other["lines"][0]["product"] = json!({"code": "Q"});
    assert_eq!(
        said(&world, Method::POST, "deliveries", other).await,
        (StatusCode::BAD_REQUEST, "lines[0].salesOrderLine NOT_FOUND".to_owned())
    );
    let first = world.post("deliveries", delivery("C", "3")).await;
    assert_eq!(said(&world, Method::POST, "deliveries", delivery("C", "3")).await, exceeds);
    world.act("deliveries", &first, "post", J::Null).await;
    let invoice = |quantity: &str| {
        json!({"salesOrder": order["id"], "customer": {"code": "C"}, "invoiceDate": world.day("02-02"),
               "lines": [{"salesOrderLine": order["lines"][0]["id"], "product": {"code": "P"}, "quantity": quantity}]})
    };
    assert_eq!(
        said(&world, Method::POST, "sales-invoices", invoice("4")).await,
        (StatusCode::UNPROCESSABLE_ENTITY, "erp.invoice.exceeds-remaining".to_owned())
    );
    let draft = world.post("sales-invoices", invoice("3")).await;
    world.act("sales-invoices", &draft, "post", J::Null).await;
    world.holds().await;
}

#[tokio::test]
async fn no_more_comes_back_than_went_out() {
    let world = World::new(false).await;
    world.ready().await;
    let order = world.order("5").await;
    world.act("sales-orders", &order, "confirm", J::Null).await;
    let delivery = world.follow(&order, "deliver", J::Null, "deliveries").await;
    let back = |quantity: &str| {
        json!({"delivery": delivery["id"], "customer": {"code": "C"}, "warehouse": {"code": "WH01"}, "returnDate": world.day("02-10"),
               "lines": [{"deliveryLine": delivery["lines"][0]["id"], "product": {"code": "P"}, "quantity": quantity}]})
    };
    assert_eq!(
        said(&world, Method::POST, "sales-returns", back("1")).await,
        (StatusCode::UNPROCESSABLE_ENTITY, "erp.delivery.not-posted".to_owned())
    );
    world.act("deliveries", &delivery, "post", J::Null).await;
    let drafts = [world.post("sales-returns", back("3")).await, world.post("sales-returns", back("2")).await];
    let exceeds = (StatusCode::UNPROCESSABLE_ENTITY, "erp.return.exceeds-delivery".to_owned());
    assert_eq!(said(&world, Method::POST, "sales-returns", back("1")).await, exceeds);
    for draft in &drafts {
        world.act("sales-returns", draft, "post", J::Null).await;
    }
    assert_eq!(said(&world, Method::POST, "sales-returns", back("0.000001")).await, exceeds);
    assert_eq!(world.refused("deliveries", &delivery, "reverse", J::Null).await, "erp.document.has-successors");
    assert_eq!(world.balance().await["value"], "3000.00");
    world.holds().await;
}

#[tokio::test]
async fn allocations_stay_within_the_customer_the_invoice_and_the_receipt() {
    let world = World::new(false).await;
    world.ready().await;
    world.post("customers", json!({"code": "D", "name": "other"})).await;
    let invoice = world
        .post(
            "sales-invoices",
            json!({"customer": {"code": "D"}, "invoiceDate": world.day("02-02"), "lines": [
            {"product": {"code": "P"}, "quantity": "1", "unitPrice": "100"}]}),
        )
        .await;
    let receipt = |customer: &str, amount: &str, allocated: &str| {
        json!({"customer": {"code": customer}, "receiptDate": world.day("02-03"), "bankAccount": {"code": "BANK01"}, "amount": amount,
               "allocations": [{"invoice": invoice["id"], "amount": allocated}]})
    };
    let mine = world.post("receipts", receipt("D", "50", "50")).await;
    let (status, answer) = world.try_act("receipts", &mine, "post", J::Null).await;
    assert_eq!(
        (status, &answer["details"][0]["field"]),
        (StatusCode::BAD_REQUEST, &json!("allocations[0].invoice")),
        "{answer}"
    );
    world.act("sales-invoices", &invoice, "post", J::Null).await;
    assert_eq!(
        said(&world, Method::POST, "receipts", receipt("C", "50", "50")).await,
        (StatusCode::BAD_REQUEST, "allocations[0].invoice NOT_OF_CUSTOMER".to_owned())
    );
    assert_eq!(
        said(&world, Method::POST, "receipts", receipt("D", "-1", "1")).await,
        (StatusCode::BAD_REQUEST, "amount OUT_OF_BOUNDS".to_owned())
    );
    assert_eq!(
        said(&world, Method::POST, "receipts", receipt("D", "50", "0")).await,
        (StatusCode::BAD_REQUEST, "allocations[0].amount ZERO".to_owned())
    );
    let over = world.post("receipts", receipt("D", "200", "113.01")).await;
    assert_eq!(world.refused("receipts", &over, "post", J::Null).await, "erp.allocation.exceeds-open");
    assert_eq!(
        said(&world, Method::POST, "receipts", receipt("D", "50", "60")).await,
        (StatusCode::UNPROCESSABLE_ENTITY, "erp.allocation.exceeds-receipt".to_owned())
    );
    let negative = world.post("receipts", receipt("D", "50", "-10")).await;
    assert_eq!(world.refused("receipts", &negative, "post", J::Null).await, "erp.allocation.exceeds-open");
    world.act("receipts", &mine, "post", J::Null).await;
    assert_eq!(world.reload("sales-invoices", &invoice).await["open"], "63.00");
    let allocate = json!({"allocations": [{"invoice": invoice["id"], "amount": "1"}]});
    assert_eq!(world.refused("receipts", &mine, "allocate", allocate).await, "erp.allocation.exceeds-receipt");
    world.holds().await;
}

#[tokio::test]
async fn allocations_are_taken_back_as_far_as_they_went() {
    let world = World::new(false).await;
    world.ready().await;
    let mut invoices = Vec::new();
    for _ in 0..2 {
        let invoice = world
            .post(
                "sales-invoices",
                json!({"customer": {"code": "C"}, "invoiceDate": world.day("02-02"), "lines": [
                {"product": {"code": "P"}, "quantity": "1", "unitPrice": "100"}]}),
            )
            .await;
        world.act("sales-invoices", &invoice, "post", J::Null).await;
        invoices.push(invoice);
    }
    let receipt = world
        .post(
            "receipts",
            json!({"customer": {"code": "C"}, "receiptDate": world.day("02-03"), "bankAccount": {"code": "BANK01"},
            "amount": "100", "allocations": [{"invoice": invoices[0]["id"], "amount": "40"}]}),
        )
        .await;
    world.act("receipts", &receipt, "post", J::Null).await;
    let of = |index: usize, amount: J| json!({"allocations": [{"invoice": invoices[index]["id"], "amount": amount}]});
    world.act("receipts", &receipt, "allocate", of(0, json!("30"))).await;
    assert_eq!((world.closing("1122").await, world.closing("2203").await), ("156.00".to_owned(), "-30.00".to_owned()));
    // Two rows of one invoice, 40 and 30: 55 is within them, 71 is not, and the other invoice has none.
    let (status, answer) = world.try_act("receipts", &receipt, "unallocate", of(1, J::Null)).await;
    assert_eq!(
        (status, &answer["details"][0]["field"]),
        (StatusCode::BAD_REQUEST, &json!("data.allocations[0].invoice")),
        "{answer}"
    );
    assert_eq!(
        world.refused("receipts", &receipt, "unallocate", of(0, json!("71"))).await,
        "erp.allocation.exceeds-allocated"
    );
    let now = world.act("receipts", &receipt, "unallocate", of(0, json!("55"))).await;
    assert_eq!(now["allocations"].as_array().unwrap().len(), 1);
    assert_eq!(now["allocations"][0]["amount"], "15.00");
    let now = world.reload("receipts", &receipt).await;
    assert_eq!(now["unallocated"], "85.00");
    assert_eq!(world.reload("sales-invoices", &invoices[0]).await["open"], "98.00");
    assert_eq!((world.closing("1122").await, world.closing("2203").await), ("211.00".to_owned(), "-85.00".to_owned()));
    world.holds().await;
    let (status, answer) = world
        .try_act(
            "receipts",
            &receipt,
            "allocate",
            json!({"allocations": [
        {"invoice": invoices[1]["id"], "amount": "10"}, {"invoice": invoices[1]["id"], "amount": "-10"}]}),
        )
        .await;
    assert_eq!(
        (status, &answer["details"]["rule"]),
        (StatusCode::UNPROCESSABLE_ENTITY, &json!("erp.allocation.exceeds-open"))
    );
    world.act("receipts", &receipt, "reverse", J::Null).await;
    for account in ["100201", "2203"] {
        assert_eq!(world.closing(account).await, "0.00", "{account}");
    }
    assert_eq!(world.closing("1122").await, "226.00");
    world.holds().await;
}

#[tokio::test]
async fn adjustments_are_checked() {
    let world = World::new(false).await;
    world.ready().await;
    world.post("products", json!({"code": "S", "name": "S", "unit": {"code": "H"}, "kind": "service"})).await;
    let adjust = |reason: &str, product: &str, quantity: &str| {
        json!({"warehouse": {"code": "WH01"}, "date": world.day("02-01"), "reason": reason,
               "lines": [{"product": {"code": product}, "quantity": quantity, "unitCost": "10"}]})
    };
    let cases = [
        (adjust("gain", "P", "0"), "lines[0].quantity ZERO"),
        (adjust("gain", "S", "1"), "lines[0].product NOT_STOCKED"),
        (adjust("other", "P", "1"), "account REQUIRED"),
        (adjust("theft", "P", "1"), "reason INVALID_CHOICE"),
        (adjust("gain", "P", "9000000000000"), "lines[0].quantity OUT_OF_BOUNDS"),
    ];
    for (body, expected) in cases {
        assert_eq!(
            said(&world, Method::POST, "stock-adjustments", body).await,
            (StatusCode::BAD_REQUEST, expected.to_owned())
        );
    }
    let loss = world.post("stock-adjustments", adjust("loss", "P", "-21")).await;
    let (status, answer) = world.try_act("stock-adjustments", &loss, "post", J::Null).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(
        (
            &answer["details"]["rule"],
            &answer["details"]["product"],
            &answer["details"]["asked"],
            &answer["details"]["available"]
        ),
        (&json!("erp.stock.insufficient"), &json!("P"), &json!("21.000000"), &json!("20.000000"))
    );
    world.holds().await;
}

#[tokio::test]
async fn closed_periods_take_nothing_and_reversals_move_on() {
    let world = World::new(false).await;
    world.ready().await;
    let order = world.order("2").await;
    world.act("sales-orders", &order, "confirm", J::Null).await;
    let delivery = world.follow(&order, "deliver", json!({"date": world.day("02-02")}), "deliveries").await;
    world.act("deliveries", &delivery, "post", J::Null).await;
    let february = world.get(&format!("periods?code={}", world.day("02"))).await["data"][0].clone();
    world.act("periods", &february, "soft-close", J::Null).await;
    let invoice = world.follow(&order, "invoice", json!({"date": world.day("02-03")}), "sales-invoices").await;
    assert_eq!(world.refused("sales-invoices", &invoice, "post", J::Null).await, "erp.period.closed");
    let voucher = json!({"date": world.day("02-05"), "lines": [
        {"account": {"code": "1001"}, "debit": "1"}, {"account": {"code": "5001"}, "credit": "1"}]});
    let entered = world.post("vouchers", voucher.clone()).await;
    world.act("vouchers", &entered, "review", J::Null).await;
    world.act("vouchers", &entered, "post", J::Null).await;
    world.act("periods", &february, "close", J::Null).await;
    assert_eq!(
        said(&world, Method::POST, "vouchers", voucher).await,
        (StatusCode::UNPROCESSABLE_ENTITY, "erp.period.closed".to_owned())
    );
    world.act("deliveries", &delivery, "reverse", J::Null).await;
    let moves = world.get(&format!("stock-moves?source={}&sort=date", delivery["id"].as_str().unwrap())).await;
    let dates: Vec<&str> = moves["data"].as_array().unwrap().iter().map(|m| m["date"].as_str().unwrap()).collect();
    assert_eq!(dates, [world.day("01-01"), world.day("02-02")]);
    world.act("periods", &february, "reopen", J::Null).await;
    let january = world.get(&format!("periods?code={}", world.day("01"))).await["data"][0].clone();
    assert_eq!(world.refused("periods", &january, "close", J::Null).await, "erp.opening.unbalanced");
    let path = format!("periods/{}", february["id"].as_str().unwrap());
    let now = world.reload("periods", &february).await;
    let (status, answer) =
        world.call(Method::PATCH, &path, &json!({"version": now["version"], "month": 1, "year": 2001})).await;
    assert_eq!((status, &answer["code"]), (StatusCode::CONFLICT, &json!("INVALID_TRANSITION")), "{answer}");
    world.holds().await;
}

#[tokio::test]
async fn accounts_in_use_get_no_children() {
    let world = World::new(false).await;
    world.ready().await;
    let child = |code: &str| json!({"code": code, "name": "x", "class": "asset", "direction": "debit"});
    assert_eq!(
        said(&world, Method::POST, "accounts", child("112201")).await,
        (StatusCode::UNPROCESSABLE_ENTITY, "erp.account.has-postings".to_owned())
    );
    for bad in ["12", "112", "11220", "1122AB", "11220102030"] {
        let (status, _) = said(&world, Method::POST, "accounts", child(bad)).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{bad}");
    }
    world.post("accounts", child("112301")).await;
    let voucher = json!({"date": world.day("02-05"), "lines": [
        {"account": {"code": "1123"}, "debit": "1"}, {"account": {"code": "5001"}, "credit": "1"}]});
    assert_eq!(
        said(&world, Method::POST, "vouchers", voucher).await,
        (StatusCode::UNPROCESSABLE_ENTITY, "erp.account.not-leaf".to_owned())
    );
}

#[tokio::test]
async fn vouchers_are_whole_or_not_at_all() {
    let world = World::new(false).await;
    let entry = |lines: J| json!({"date": world.day("03-05"), "lines": lines});
    let side =
        |code: &str, debit: &str, credit: &str| json!({"account": {"code": code}, "debit": debit, "credit": credit});
    for lines in [json!([side("1122", "1", "1")]), json!([side("1122", "0", "0"), side("5001", "0", "0")])] {
        let (status, word) = said(&world, Method::POST, "vouchers", entry(lines)).await;
        assert_eq!((status, word.as_str()), (StatusCode::BAD_REQUEST, "lines[0].debit ONE_SIDE"));
    }
    let off = json!([side("1122", "1.00", "0"), side("5001", "0", "0.99")]);
    assert_eq!(
        said(&world, Method::POST, "vouchers", entry(off)).await,
        (StatusCode::UNPROCESSABLE_ENTITY, "erp.voucher.unbalanced".to_owned())
    );
    let voucher = world.post("vouchers", entry(json!([side("1122", "7", "0"), side("5001", "0", "7")]))).await;
    assert_eq!(voucher["number"], J::Null);
    let (status, _) = world.try_act("vouchers", &voucher, "post", J::Null).await;
    assert_eq!(status, StatusCode::CONFLICT, "reviewed first");
    world.act("vouchers", &voucher, "review", J::Null).await;
    let posted = world.act("vouchers", &voucher, "post", J::Null).await;
    assert_eq!(posted["number"], format!("记{}03-0001", world.day("").trim_end_matches('-')));
    let reversed = world.act("vouchers", &voucher, "reverse", J::Null).await;
    let red = world.get(&format!("vouchers?reverseOf={}", voucher["id"].as_str().unwrap())).await["data"][0].clone();
    assert_eq!(reversed["reversedBy"]["number"], red["number"]);
    let red = world.reload("vouchers", &red).await;
    assert_eq!(
        (&red["lines"][0]["debit"], &red["lines"][1]["credit"], &red["state"]),
        (&json!("-7.00"), &json!("-7.00"), &json!("posted"))
    );
    assert_eq!(world.refused("vouchers", &voucher, "reverse", J::Null).await, "erp.voucher.already-reversed");
    let automatic = World::new(true).await;
    let made = automatic.get("vouchers?word=收").await["data"][0].clone();
    assert_eq!(automatic.refused("vouchers", &made, "reverse", J::Null).await, "erp.voucher.automatic");
}
