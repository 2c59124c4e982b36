//! The names that acceptance runs use (`specs/erp-names.md`), held against what the cell tells about itself, and the
//! filters and sorts the specification asks for, held against its lists.

use crate::world::World;
use http::{Method, StatusCode};
use serde_json::{Value as J, json};

/// Resource; fields of the header; fields of the lines (`table: names`); states; actions as `from action to`.
struct Spec {
    resource: &'static str,
    fields: &'static str,
    lines: &'static str,
    states: &'static str,
    actions: &'static [&'static str],
}

const fn spec(
    resource: &'static str,
    fields: &'static str,
    lines: &'static str,
    states: &'static str,
    actions: &'static [&'static str],
) -> Spec {
    Spec { resource, fields, lines, states, actions }
}

const POSTING: &[&str] = &["draft post posted", "posted reverse reversed"];

const SPECS: &[Spec] = &[
    spec("units", "code name decimals", "", "", &[]),
    spec("product-categories", "code name parent", "", "", &[]),
    spec(
        "products",
        "code name category unit kind salesPrice purchasePrice vatRate negativeStock minimumStock barcode state",
        "",
        "active disabled",
        &[],
    ),
    spec(
        "customers",
        "code name contact phone email address taxNumber creditLimit paymentTermDays currency state",
        "",
        "active disabled",
        &[],
    ),
    spec("suppliers", "code name contact phone email address taxNumber paymentTermDays currency state", "", "", &[]),
    spec("warehouses", "code name", "", "", &[]),
    spec("bank-accounts", "code name accountNumber ledgerAccount balance", "", "", &[]),
    spec("accounts", "code name parent class direction dimensions", "", "", &[]),
    spec("periods", "year month state", "", "open soft-closed closed", &[]),
    spec(
        "sales-orders",
        "customer orderDate requiredDate warehouse salesperson currency exchangeRate taxIncluded note net tax total",
        "lines: product quantity unitPrice discountRate vatRate net tax total deliveredQuantity returnedQuantity invoicedQuantity",
        "draft confirmed closed void",
        &[
            "draft confirm confirmed",
            "confirmed close closed",
            "confirmed reopen draft",
            "draft void void",
            "confirmed deliver confirmed",
            "confirmed invoice confirmed",
            "closed invoice closed",
        ],
    ),
    spec(
        "deliveries",
        "salesOrder customer warehouse deliveryDate cost",
        "lines: salesOrderLine product quantity cost",
        "draft posted reversed",
        POSTING,
    ),
    spec(
        "sales-returns",
        "delivery customer warehouse returnDate",
        "lines: deliveryLine product quantity",
        "draft posted reversed",
        POSTING,
    ),
    spec(
        "sales-invoices",
        "salesOrder customer invoiceDate dueDate kind net tax total open",
        "lines: salesOrderLine product quantity unitPrice discountRate vatRate net tax total",
        "draft posted reversed",
        POSTING,
    ),
    spec(
        "receipts",
        "customer receiptDate bankAccount amount method unallocated",
        "allocations: invoice amount",
        "draft posted reversed",
        &["draft post posted", "posted allocate posted", "posted unallocate posted", "posted reverse reversed"],
    ),
    spec(
        "stock-adjustments",
        "warehouse date reason account",
        "lines: product quantity unitCost",
        "draft posted reversed",
        POSTING,
    ),
    spec("stock-moves", "product warehouse date quantity value source", "", "", &[]),
    spec("stock-balances", "product warehouse quantity reserved available value averageCost", "", "", &[]),
    spec(
        "vouchers",
        "word date period attachments source reverseOf",
        "lines: account summary debit credit dimensions.customer dimensions.supplier dimensions.product dimensions.department currency originalAmount",
        "draft reviewed posted",
        &["draft review reviewed", "reviewed post posted", "posted reverse posted"],
    ),
    spec("ledger-entries", "voucher line account date debit credit dimensions.customer", "", "", &[]),
    spec("receivables", "party source date dueDate amount open", "", "", &[]),
];

/// Values that a closed list must offer.
const CHOICES: &[(&str, &str, &str)] = &[
    ("products", "kind", "stocked service"),
    ("products", "negativeStock", "none warn allow"),
    ("accounts", "class", "asset liability equity cost profit-loss"),
    ("accounts", "direction", "debit credit"),
    ("accounts", "dimensions", "customer supplier product department employee project"),
    ("sales-invoices", "kind", "normal credit"),
    ("stock-adjustments", "reason", "opening gain loss scrap other"),
    ("vouchers", "word", "记 收 付 转"),
];

/// What the lists must filter by and, where it says so, sort by: a query per line, answered with 200.
const QUERIES: &[&str] = &[
    "products?code=X&sort=code",
    "products?state=active",
    "customers?code=X&sort=-code",
    "customers?state=disabled",
    "suppliers?code=X&state=active",
    "accounts?code=1122&sort=code",
    "accounts?code[startsWith]=22",
    "periods?state=open&sort=year,month",
    "sales-orders?number=X&sort=number",
    "sales-orders?state=confirmed&sort=-orderDate,number",
    "sales-orders?customer.code=X",
    "sales-orders?orderDate[gte]=2020-01-01&orderDate[lte]=2020-12-31",
    "deliveries?state=posted&sort=-deliveryDate",
    "deliveries?customer.code=X&number=Y",
    "deliveries?salesOrder.number=X",
    "deliveries?deliveryDate[gte]=2020-01-01",
    "sales-returns?delivery.number=X&state=draft",
    "sales-returns?customer.code=X&sort=returnDate",
    "sales-invoices?salesOrder.number=X&state=posted",
    "sales-invoices?customer.code=X&sort=-invoiceDate",
    "sales-invoices?invoiceDate[lt]=2020-01-01",
    "receipts?customer.code=X&state=posted&sort=receiptDate",
    "receipts?number=X",
    "stock-adjustments?state=posted&sort=-date",
    "stock-balances?product.code=X&warehouse.code=WH01",
    "stock-moves?product.code=X&sort=-date",
    "stock-moves?warehouse.code=WH01&date[gte]=2020-01-01",
    "vouchers?number=X&sort=number",
    "vouchers?state=posted&sort=-date",
    "vouchers?date[gte]=2020-01-01",
    "ledger-entries?account.code=1122&sort=date",
    "ledger-entries?date[gte]=2020-01-01&date[lte]=2020-12-31",
    "receivables?party.code=X&sort=dueDate",
    "receivables?date[gte]=2020-01-01",
];

fn find<'a>(list: &'a J, key: &str, value: &str) -> Option<&'a J> {
    list.as_array()?.iter().find(|item| item[key] == value)
}

/// The field with this name; `group.name` for one in a group.
fn field<'a>(fields: &'a J, name: &str) -> Option<&'a J> {
    match name.split_once('.') {
        Some((group, name)) => fields.as_array()?.iter().find(|f| f["group"] == group && f["name"] == name),
        None => find(fields, "name", name),
    }
}

fn missing_of(spec: &Spec, ty: &J) -> Vec<String> {
    let mut missing = Vec::new();
    let mut want = |found: bool, what: String| {
        if !found {
            missing.push(format!("{}: {what}", spec.resource));
        }
    };
    for name in spec.fields.split_whitespace() {
        want(field(&ty["fields"], name).is_some(), name.to_owned());
    }
    if let Some((table, names)) = spec.lines.split_once(": ") {
        let table = find(&ty["tables"], "name", table).unwrap_or(&J::Null);
        for name in names.split_whitespace() {
            want(field(&table["fields"], name).is_some(), format!("line {name}"));
        }
    }
    for state in spec.states.split_whitespace() {
        want(find(&ty["states"], "value", state).is_some(), format!("state {state}"));
    }
    for action in spec.actions {
        let words: Vec<&str> = action.split(' ').collect();
        let found = ty["actions"].as_array().is_some_and(|all| {
            all.iter().any(|a| {
                let from = a["from"].as_array().is_some_and(|f| f.iter().any(|s| s == words[0]));
                a["name"] == words[1] && a["to"] == words[2] && from
            })
        });
        want(found, format!("action {action}"));
    }
    missing
}

#[tokio::test]
async fn every_name_of_the_specification_is_there() {
    let world = World::new(false).await;
    let meta = world.get("meta").await;
    let mut missing = Vec::new();
    for spec in SPECS {
        match find(&meta["types"], "resource", spec.resource) {
            Some(ty) => missing.extend(missing_of(spec, ty)),
            None => missing.push(spec.resource.to_owned()),
        }
    }
    for (resource, name, values) in CHOICES {
        let ty = find(&meta["types"], "resource", resource).unwrap();
        let declared = find(&ty["fields"], "name", name).unwrap();
        for value in values.split_whitespace() {
            if find(&declared["choices"], "value", value).is_none() {
                missing.push(format!("{resource}.{name}: {value}"));
            }
        }
    }
    for name in ["trial-balance", "balance-sheet", "income-statement", "ar-aging", "stock-summary", "sales-margin"] {
        if find(&meta["reports"], "name", name).is_none() {
            missing.push(format!("report {name}"));
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
}

#[tokio::test]
async fn lists_answer_the_filters_and_sorts_of_the_specification() {
    let world = World::new(false).await;
    let mut refused = Vec::new();
    for query in QUERIES {
        let (status, answer) = world.call(Method::GET, query, &J::Null).await;
        if status != StatusCode::OK {
            refused.push(format!("{query}: {status} {answer}"));
        }
    }
    assert!(refused.is_empty(), "{refused:#?}");
}

#[tokio::test]
async fn a_new_tenant_has_what_it_needs() {
    let world = World::new(false).await;
    let leaves = [
        "1001", "100201", "1122", "1123", "1402", "140501", "140502", "190101", "220201", "220202", "2203", "22210101",
        "22210107", "22210109", "222102", "3999", "5001", "5401",
    ];
    for code in leaves {
        let found = world.get(&format!("accounts?code={code}")).await;
        assert_eq!(found["total"], 1, "{code}");
        let id = found["data"][0]["id"].as_str().unwrap();
        assert_eq!(world.get(&format!("accounts?parent={id}")).await["total"], 0, "{code} is a leaf");
    }
    for (resource, code) in [("warehouses", "WH01"), ("bank-accounts", "BANK01"), ("bank-accounts", "CASH01")] {
        assert_eq!(world.get(&format!("{resource}?code={code}")).await["total"], 1, "{code}");
    }
    let bank = world.get("bank-accounts?code=BANK01").await;
    assert_eq!(bank["data"][0]["ledgerAccount"]["code"], "100201");
    let months = world.get(&format!("periods?year={}&state=open", world.day("").trim_end_matches('-'))).await;
    assert_eq!(months["total"], 12);
}

#[tokio::test]
async fn required_fields_and_defaults_are_those_of_the_specification() {
    let world = World::new(false).await;
    let (status, answer) = world.call(Method::POST, "products", &json!({})).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    let mut fields: Vec<&str> =
        answer["details"].as_array().unwrap().iter().map(|e| e["field"].as_str().unwrap()).collect();
    fields.sort_unstable();
    assert_eq!(fields, ["code", "kind", "name", "unit"]);
    let product =
        world.post("products", json!({"code": "P", "name": "P", "unit": {"code": "PCS"}, "kind": "stocked"})).await;
    assert_eq!((&product["negativeStock"], &product["state"]), (&json!("none"), &json!("active")));
    let customer = world.post("customers", json!({"code": "C", "name": "C"})).await;
    assert_eq!(customer["creditLimit"], J::Null);
    for (resource, required) in [
        ("sales-orders", &["customer", "orderDate", "warehouse", "lines"][..]),
        ("deliveries", &["customer", "deliveryDate", "warehouse", "lines"]),
        ("sales-returns", &["customer", "returnDate", "warehouse", "lines", "delivery"]),
        ("sales-invoices", &["customer", "invoiceDate", "lines"]),
        ("receipts", &["customer", "receiptDate", "bankAccount", "amount"]),
        ("stock-adjustments", &["warehouse", "date", "reason", "lines"]),
        ("vouchers", &["date", "lines"]),
    ] {
        let (status, answer) = world.call(Method::POST, resource, &json!({})).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{resource}");
        let mut asked: Vec<&str> =
            answer["details"].as_array().unwrap().iter().map(|e| e["field"].as_str().unwrap()).collect();
        let mut required = required.to_vec();
        asked.sort_unstable();
        required.sort_unstable();
        assert_eq!(asked, required, "{resource}");
    }
}
