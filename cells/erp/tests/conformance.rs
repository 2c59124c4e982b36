//! Every promise of the contract, for every type the cell declares.
#![allow(missing_docs, clippy::unwrap_used, clippy::indexing_slicing)]

use paas_testkit::conformance::{Member, Samples, World, unique};
use serde_json::{Map, Value, json};

paas_testkit::conformance!(cell_erp::cell, SAMPLES);

/// What makes a generated body one that accountants accept.
const SAMPLES: Samples = Samples {
    adjust: &[
        ("account", account),
        ("period", period),
        ("receipt", receipt),
        ("sales-order", sales_order),
        ("sales-return", sales_return),
        ("voucher", voucher),
    ],
    made_by_rules: &[],
    relied: &[("period", period_of_today)],
    without_indexes: None,
};

/// Documents are dated in a period they do not name; the samples are of today.
fn period_of_today(world: &World, _: &Value) -> Option<String> {
    // Where it is today in the tenant: eight hours ahead.
    let today = paas_types::Clock::system().now().plus_seconds(8 * 3600).to_string();
    let found = world.get(&world.admin(), &format!("periods?code={}", today.get(..7)?));
    found.json["data"][0]["id"].as_str().map(str::to_owned)
}

/// Codes of accounts are digits.
fn account(_: &World, _: &Member, body: &mut Map<String, Value>) {
    body.insert("code".into(), json!(format!("{}", 7000 + unique())));
}

/// Each month once.
fn period(_: &World, _: &Member, body: &mut Map<String, Value>) {
    let n = unique();
    body.insert("year".into(), json!(2030 + n / 12));
    body.insert("month".into(), json!(n % 12 + 1));
}

/// Money received, not yet allocated: what it is for must be an open invoice of the same customer.
fn receipt(_: &World, _: &Member, body: &mut Map<String, Value>) {
    body.insert("allocations".into(), json!([]));
}

/// One currency for now.
fn sales_order(_: &World, _: &Member, body: &mut Map<String, Value>) {
    body.insert("currency".into(), json!("CNY"));
}

/// Only what was delivered comes back.
fn sales_return(world: &World, who: &Member, body: &mut Map<String, Value>) {
    let line = json!([{"product": body["lines"][0]["product"], "quantity": "1"}]);
    let draft = json!({"customer": body["customer"], "warehouse": body["warehouse"], "deliveryDate": body["returnDate"], "lines": line});
    let made = world.post(who, "deliveries", &draft);
    let action = json!({"action": "post", "version": made.json["version"]});
    let posted = world.post(who, &format!("deliveries/{}/transitions", made.id()), &action);
    body.insert("delivery".into(), posted.json["id"].clone());
    let line = &posted.json["lines"][0];
    body.insert(
        "lines".into(),
        json!([{"deliveryLine": line["id"], "product": line["product"]["id"], "quantity": "1"}]),
    );
}

/// Debit equals credit, on accounts that need no dimension.
fn voucher(_: &World, _: &Member, body: &mut Map<String, Value>) {
    body.insert(
        "lines".into(),
        json!([
            {"summary": "a", "account": {"code": "1001"}, "debit": "1"},
            {"summary": "b", "account": {"code": "100201"}, "credit": "1"},
        ]),
    );
}
