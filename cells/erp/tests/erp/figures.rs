//! Reports against figures computed by hand.

use crate::world::World;
use serde_json::{Value as J, json};

/// 20 pieces worth 3,000 at the start; 5 sold at 180 and shipped at 150; 500 received, 400 of it for the invoice; one
/// piece scrapped with its input tax.
async fn company() -> World {
    let world = World::new(false).await;
    world.ready().await;
    let order = world
        .post(
            "sales-orders",
            json!({"customer": {"code": "C"}, "orderDate": world.day("02-01"), "warehouse": {"code": "WH01"},
            "lines": [{"product": {"code": "P"}, "quantity": "5", "unitPrice": "180"}]}),
        )
        .await;
    world.act("sales-orders", &order, "confirm", J::Null).await;
    let date = json!({"date": world.day("02-02")});
    let delivery = world.follow(&order, "deliver", date.clone(), "deliveries").await;
    world.act("deliveries", &delivery, "post", J::Null).await;
    let invoice = world.follow(&order, "invoice", date, "sales-invoices").await;
    assert_eq!(invoice["dueDate"], world.day("03-04"));
    world.act("sales-invoices", &invoice, "post", J::Null).await;
    let receipt = world
        .post(
            "receipts",
            json!({"customer": {"code": "C"}, "receiptDate": world.day("02-20"), "bankAccount": {"code": "BANK01"},
            "amount": "500", "allocations": [{"invoice": invoice["id"], "amount": "400"}]}),
        )
        .await;
    world.act("receipts", &receipt, "post", J::Null).await;
    let scrap = world
        .post(
            "stock-adjustments",
            json!({"warehouse": {"code": "WH01"}, "date": world.day("03-01"), "reason": "scrap", "inputTaxBack": true,
            "lines": [{"product": {"code": "P"}, "quantity": "-1"}]}),
        )
        .await;
    world.act("stock-adjustments", &scrap, "post", J::Null).await;
    world
}

async fn report(world: &World, path: &str) -> J {
    world.get(&format!("reports/{path}")).await
}

/// The cells of a row, found by its first cell, in the order asked.
fn row(table: &J, key: &str, columns: &[&str]) -> Vec<String> {
    let first = table["columns"][0]["name"].as_str().unwrap();
    let found = table["rows"].as_array().unwrap().iter().find(|r| r[first] == key);
    let found = found.unwrap_or_else(|| panic!("no row {key} in {table}"));
    columns.iter().map(|c| found[*c].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn trial_balance() {
    let world = company().await;
    let table = report(&world, &format!("trial-balance?from={}&to={}", world.day("02-01"), world.day("02-28"))).await;
    let names: Vec<&str> = table["columns"].as_array().unwrap().iter().map(|c| c["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["account", "accountName", "opening", "debit", "credit", "closing"]);
    for (account, figures) in [
        ("100201", ["0.00", "500.00", "0.00", "500.00"]),
        ("1002", ["0.00", "500.00", "0.00", "500.00"]),
        ("1122", ["0.00", "1017.00", "400.00", "617.00"]),
        ("140501", ["3000.00", "0.00", "750.00", "2250.00"]),
        ("140502", ["0.00", "750.00", "750.00", "0.00"]),
        ("1405", ["3000.00", "750.00", "1500.00", "2250.00"]),
        ("2203", ["0.00", "0.00", "100.00", "-100.00"]),
        ("22210107", ["0.00", "0.00", "117.00", "-117.00"]),
        ("222101", ["0.00", "0.00", "117.00", "-117.00"]),
        ("2221", ["0.00", "0.00", "117.00", "-117.00"]),
        ("3999", ["-3000.00", "0.00", "0.00", "-3000.00"]),
        ("5001", ["0.00", "0.00", "900.00", "-900.00"]),
        ("5401", ["0.00", "750.00", "0.00", "750.00"]),
    ] {
        assert_eq!(row(&table, account, &["opening", "debit", "credit", "closing"]), figures, "{account}");
    }
    assert_eq!(table["totals"], json!({"opening": "0.00", "debit": "3017.00", "credit": "3017.00", "closing": "0.00"}));
    let groups: Vec<&str> = table["rows"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|r| r["isGroup"] == true)
        .map(|r| r["account"].as_str().unwrap())
        .collect();
    assert_eq!(groups, ["1002", "1405", "2221", "222101"]);
    // The opening stock is no turnover of its period.
    let january = report(&world, &format!("trial-balance?from={}&to={}", world.day("01-01"), world.day("01-31"))).await;
    assert_eq!(row(&january, "140501", &["opening", "debit", "closing"]), ["3000.00", "0.00", "3000.00"]);
    // Scrapped at 150.00 with 19.50 of input tax.
    let march = report(&world, &format!("trial-balance?from={}&to={}", world.day("03-01"), world.day("03-31"))).await;
    assert_eq!(row(&march, "190101", &["debit", "closing"]), ["169.50", "169.50"]);
    assert_eq!(row(&march, "22210109", &["credit"]), ["19.50"]);
    assert_eq!(row(&march, "140501", &["opening", "credit", "closing"]), ["2250.00", "150.00", "2100.00"]);
}

#[tokio::test]
async fn statements() {
    let world = company().await;
    let sheet = report(&world, &format!("balance-sheet?asOf={}", world.day("02-28"))).await;
    for (line, amount) in [
        ("L1", "500.00"),
        ("L4", "617.00"),
        ("L9", "2250.00"),
        ("L15", "3367.00"),
        ("L30", "3367.00"),
        ("L34", "100.00"),
        ("L36", "117.00"),
        ("L41", "217.00"),
        ("L51", "150.00"),
        ("期初", "3000.00"),
        ("L52", "3150.00"),
        ("L53", "3367.00"),
    ] {
        assert_eq!(row(&sheet, line, &["amount"]), [amount], "{line}");
    }
    let income =
        report(&world, &format!("income-statement?from={}&to={}", world.day("01-01"), world.day("03-31"))).await;
    for (line, amount) in [("L1", "900.00"), ("L2", "750.00"), ("L21", "150.00"), ("L30", "150.00"), ("L32", "150.00")]
    {
        assert_eq!(row(&income, line, &["amount"]), [amount], "{line}");
    }
    let before =
        report(&world, &format!("income-statement?from={}&to={}", world.day("01-01"), world.day("01-31"))).await;
    assert_eq!(row(&before, "L32", &["amount"]), ["0.00"]);
}

#[tokio::test]
async fn receivables_by_age() {
    let world = company().await;
    let columns = ["notDue", "days1to30", "days31to60", "days61to90", "days91to120", "over120", "balance"];
    for (query, figures) in [
        (format!("asOf={}", world.day("02-02")), ["1017.00", "0.00", "0.00", "0.00", "0.00", "0.00", "1017.00"]),
        (format!("asOf={}", world.day("02-20")), ["517.00", "0.00", "0.00", "0.00", "0.00", "0.00", "517.00"]),
        (format!("asOf={}", world.day("03-04")), ["617.00", "-100.00", "0.00", "0.00", "0.00", "0.00", "517.00"]),
        (format!("asOf={}", world.day("03-05")), ["0.00", "517.00", "0.00", "0.00", "0.00", "0.00", "517.00"]),
        (format!("asOf={}", world.day("04-04")), ["0.00", "0.00", "517.00", "0.00", "0.00", "0.00", "517.00"]),
        (format!("asOf={}", world.day("12-31")), ["0.00", "0.00", "0.00", "0.00", "0.00", "517.00", "517.00"]),
        (
            format!("asOf={}&base=document", world.day("03-04")),
            ["0.00", "517.00", "0.00", "0.00", "0.00", "0.00", "517.00"],
        ),
    ] {
        let table = report(&world, &format!("ar-aging?{query}")).await;
        assert_eq!(row(&table, "C", &columns), figures, "{query}");
        assert_eq!(table["totals"]["balance"], figures[6]);
    }
    let none = report(&world, &format!("ar-aging?asOf={}", world.day("02-01"))).await;
    assert_eq!((none["rows"].as_array().unwrap().len(), &none["totals"]["balance"]), (0, &json!("0.00")));
}

#[tokio::test]
async fn stock_and_margin() {
    let world = company().await;
    let columns = [
        "openingQuantity",
        "openingValue",
        "inQuantity",
        "inValue",
        "outQuantity",
        "outValue",
        "closingQuantity",
        "closingValue",
    ];
    let span = |from: &str, to: &str| format!("from={}&to={}", world.day(from), world.day(to));
    let february = report(&world, &format!("stock-summary?{}", span("02-01", "02-28"))).await;
    assert_eq!(
        row(&february, "P", &columns),
        ["20.000000", "3000.00", "0.000000", "0.00", "5.000000", "750.00", "15.000000", "2250.00"]
    );
    let year = report(&world, &format!("stock-summary?{}", span("01-01", "12-31"))).await;
    assert_eq!(
        row(&year, "P", &columns),
        ["0.000000", "0.00", "20.000000", "3000.00", "6.000000", "900.00", "14.000000", "2100.00"]
    );
    assert_eq!(
        year["totals"],
        json!({"openingValue": "0.00", "inValue": "3000.00", "outValue": "900.00", "closingValue": "2100.00"})
    );
    let margin = report(&world, &format!("sales-margin?{}", span("02-01", "02-28"))).await;
    assert_eq!(
        row(&margin, "P", &["quantity", "revenue", "cost", "margin", "marginRate"]),
        ["5.000000", "900.00", "750.00", "150.00", "0.1666666667"]
    );
    assert_eq!(
        margin["totals"],
        json!({"revenue": "900.00", "cost": "750.00", "margin": "150.00", "marginRate": "0.1666666667"})
    );
    let march = report(&world, &format!("sales-margin?{}", span("03-01", "03-31"))).await;
    assert_eq!(march["rows"], json!([]));
}

#[tokio::test]
async fn the_margin_knows_what_was_shipped_after_its_invoice() {
    let world = World::new(false).await;
    world.ready().await;
    world.post("erp-settings", json!({"invoiceBasis": "ordered"})).await;
    let order = world.order("10").await;
    world.act("sales-orders", &order, "confirm", J::Null).await;
    let invoice = world.follow(&order, "invoice", json!({"date": world.day("02-02")}), "sales-invoices").await;
    world.act("sales-invoices", &invoice, "post", J::Null).await;
    let delivery = world.follow(&order, "deliver", json!({"date": world.day("03-02")}), "deliveries").await;
    world.act("deliveries", &delivery, "post", J::Null).await;
    let span = |from: &str, to: &str| format!("sales-margin?from={}&to={}", world.day(from), world.day(to));
    let year = report(&world, &span("01-01", "12-31")).await;
    assert_eq!(row(&year, "P", &["revenue", "cost"]), ["1500.00", "1500.00"]);
    let february = report(&world, &span("02-01", "02-28")).await;
    assert_eq!(row(&february, "P", &["revenue", "cost"]), ["1500.00", "0.00"]);
    let march = report(&world, &span("03-01", "03-31")).await;
    assert_eq!(row(&march, "P", &["quantity", "revenue", "cost"]), ["0.000000", "0.00", "1500.00"]);
}

#[tokio::test]
async fn rows_come_in_the_order_of_their_codes() {
    let world = World::new(false).await;
    let mut codes = Vec::new();
    for code in ["ZZ", "A1", "M5", "B2"] {
        world.post("customers", json!({"code": code, "name": code})).await;
        world
            .post(
                "products",
                json!({"code": code, "name": code, "unit": {"code": "PCS"}, "kind": "stocked", "salesPrice": "10"}),
            )
            .await;
        let gain = world
            .post(
                "stock-adjustments",
                json!({"warehouse": {"code": "WH01"}, "date": world.day("01-05"), "reason": "gain",
                "lines": [{"product": {"code": code}, "quantity": "1", "unitCost": "5"}]}),
            )
            .await;
        world.act("stock-adjustments", &gain, "post", J::Null).await;
        let invoice = world
            .post(
                "sales-invoices",
                json!({"customer": {"code": code}, "invoiceDate": world.day("01-06"), "lines": [
                {"product": {"code": code}, "quantity": "1"}]}),
            )
            .await;
        world.act("sales-invoices", &invoice, "post", J::Null).await;
        codes.push(code);
    }
    codes.sort_unstable();
    let span = format!("from={}&to={}", world.day("01-01"), world.day("12-31"));
    for (path, column) in [
        (format!("ar-aging?asOf={}", world.day("12-31")), "party"),
        (format!("stock-summary?{span}"), "product"),
        (format!("sales-margin?{span}"), "product"),
    ] {
        let table = report(&world, &path).await;
        let found: Vec<&str> = table["rows"].as_array().unwrap().iter().map(|r| r[column].as_str().unwrap()).collect();
        assert_eq!(found, codes, "{path}");
    }
}

#[tokio::test]
async fn sales_and_receipts_by_month() {
    let world = company().await;
    let table = report(&world, &format!("sales-trend?from={}&to={}", world.day("01-15"), world.day("03-10"))).await;
    let year = &world.day("01-15")[..4];
    let rows = table["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 3);
    assert_eq!(
        rows[1],
        json!({"month": format!("{year}-02"), "from": world.day("02-01"), "to": world.day("02-28"),
               "revenue": "900.00", "received": "500.00"})
    );
    assert_eq!((&rows[0]["from"], &rows[2]["to"]), (&json!(world.day("01-15")), &json!(world.day("03-10"))));
    assert_eq!(row(&table, &format!("{year}-03"), &["revenue", "received"]), ["0.00", "0.00"]);
    assert_eq!(table["totals"], json!({"revenue": "900.00", "received": "500.00"}));
    let margin = report(&world, &format!("sales-margin?from={}&to={}", world.day("01-15"), world.day("03-10"))).await;
    assert_eq!(margin["totals"]["revenue"], table["totals"]["revenue"], "two reports say the same of sales");
    // A credit takes back what it credits.
    let order = world.get("sales-orders").await["data"][0].clone();
    let delivery = world.get("deliveries").await["data"][0].clone();
    let delivery = world.get(&format!("deliveries/{}", delivery["id"].as_str().unwrap())).await;
    let goods = json!({"delivery": {"id": delivery["id"]}, "customer": {"code": "C"}, "warehouse": {"code": "WH01"},
        "returnDate": world.day("03-01"),
        "lines": [{"deliveryLine": delivery["lines"][0]["id"], "product": {"code": "P"}, "quantity": "2"}]});
    let goods = world.post("sales-returns", goods).await;
    world.act("sales-returns", &goods, "post", J::Null).await;
    let credit = world.follow(&order, "invoice", json!({"date": world.day("03-02")}), "sales-invoices").await;
    assert_eq!(credit["kind"], "credit");
    world.act("sales-invoices", &credit, "post", J::Null).await;
    let table = report(&world, &format!("sales-trend?from={}&to={}", world.day("01-15"), world.day("03-10"))).await;
    assert_eq!(row(&table, &format!("{year}-03"), &["revenue", "received"]), ["-360.00", "0.00"]);
}

#[tokio::test]
async fn the_stock_is_worth_what_its_account_says() {
    let world = company().await;
    let table = report(&world, &format!("stock-ledger?from={}&to={}", world.day("01-01"), world.day("03-31"))).await;
    let year = &world.day("01-01")[..4];
    for (month, value) in [("01", "3000.00"), ("02", "2250.00"), ("03", "2100.00")] {
        let figures = row(&table, &format!("{year}-{month}"), &["stockValue", "ledgerValue", "difference", "account"]);
        assert_eq!(figures, [value, value, "0.00", "140501"], "{month}");
    }
    assert_eq!(table["totals"], json!({}), "balances of months are no sum");
    let path = format!("reports/stock-ledger?from=2010-01-01&to={}", world.day("03-31"));
    let (status, long) = world.call(http::Method::GET, &path, &J::Null).await;
    assert_eq!((status.as_u16(), long["details"][0]["code"].as_str()), (400, Some("TOO_LONG")));
}
