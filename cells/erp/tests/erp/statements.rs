//! How often the database is asked: a budget, so that a read per line does not creep in. Times say nothing on a shared
//! machine; counts do.

use crate::world::World;
use paas_store::Step;
use serde_json::{Value as J, json};

/// The statements of the jobs since the tape began.
fn asked(steps: Vec<Step>) -> Vec<String> {
    let statement = |step| match step {
        Step::Statement { sql, .. } => Some(sql.to_string()),
        Step::Job { .. } => None,
    };
    steps.into_iter().filter_map(statement).collect()
}

fn within(what: &str, statements: &[String], most: usize) {
    assert!(
        statements.len() <= most,
        "{what}: {} statements, not {most}:\n{}",
        statements.len(),
        statements.join("\n")
    );
}

#[tokio::test]
async fn an_order_of_five_lines_keeps_to_its_statements() {
    let world = World::new(true).await;
    let first = |page: J| page["data"][0]["id"].clone();
    let (customer, warehouse) =
        (first(world.get("customers?pageSize=1").await), first(world.get("warehouses?pageSize=1").await));
    let products = world.get("products?kind=stocked&pageSize=5").await["data"].clone();
    let products: Vec<J> = products.as_array().unwrap().iter().map(|p| p["id"].clone()).collect();
    assert_eq!(products.len(), 5);
    let line = |p: &J| json!({"product": p, "quantity": "1", "unitPrice": "12.50", "vatRate": "0.13"});
    let lines: Vec<J> = products.iter().map(line).collect();
    let body = json!({"customer": customer, "warehouse": warehouse, "orderDate": world.day("02-01"), "lines": lines});
    // The first one warms what is cached for all.
    world.post("sales-orders", body.clone()).await;

    let tape = world.store().tape();
    tape.start();
    let order = world.post("sales-orders", body).await;
    let create = asked(tape.stop());
    within("create", &create, 15);
    let of_products = create.iter().filter(|sql| sql.contains("FROM \"product\"")).count();
    assert_eq!(of_products, 1, "five products are one question:\n{}", create.join("\n"));

    tape.start();
    world.act("sales-orders", &order, "confirm", J::Null).await;
    within("confirm", &asked(tape.stop()), 55);

    tape.start();
    world.get("sales-orders?state=confirmed&sort=-orderDate&pageSize=50").await;
    within("list", &asked(tape.stop()), 6);
}
