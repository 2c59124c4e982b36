//! How often the database is asked: a budget, so that a read per line does not creep in. Times say nothing on a shared
//! machine; counts do.

use crate::world::World;
use http::Method;
use paas_store::Step;
use serde_json::{Value as J, json};
use std::collections::HashMap;

/// How often the whole way is gone; the fewest statements of each step count.
const GOES: usize = 4;

/// The statements of the jobs since the tape began.
fn asked(steps: Vec<Step>) -> Vec<String> {
    let statement = |step| match step {
        Step::Statement { sql, .. } => Some(sql.to_string()),
        Step::Job { .. } => None,
    };
    steps.into_iter().filter_map(statement).collect()
}

/// A company with five products on stock, and an order for them.
struct Shop {
    world: World,
    body: J,
}

impl Shop {
    async fn open() -> Shop {
        let world = World::new(true).await;
        let first = |page: J| page["data"][0]["id"].clone();
        let (customer, warehouse) =
            (first(world.get("customers?pageSize=1").await), first(world.get("warehouses?pageSize=1").await));
        let products = world.get("products?kind=stocked&pageSize=5").await["data"].clone();
        let products: Vec<J> = products.as_array().unwrap().iter().map(|p| p["id"].clone()).collect();
        assert_eq!(products.len(), 5);
        let line = |p: &J| json!({"product": p, "quantity": "1", "unitPrice": "12.50", "vatRate": "0.13"});
        let lines: Vec<J> = products.iter().map(line).collect();
        let day = world.day("02-01");
        let body = json!({"customer": customer, "warehouse": warehouse, "orderDate": day, "lines": lines});
        let shop = Shop { world, body };
        // The first one warms what is cached for all.
        shop.go(|_, _| {}).await;
        shop
    }

    /// From order to money, as it goes: what each step asked the database.
    async fn go(&self, mut seen: impl FnMut(&str, Vec<String>)) {
        let (world, tape) = (&self.world, self.world.store().tape());
        let mut step = |name: &str| {
            seen(name, asked(tape.stop()));
            tape.start();
        };
        tape.start();
        let order = world.post("sales-orders", self.body.clone()).await;
        step("create");
        let act = async |resource: &str, record: &J, action: &str| {
            let path = format!("{resource}/{}/transitions", record["id"].as_str().unwrap());
            world.post(&path, json!({"action": action, "version": record["version"]})).await
        };
        let order = act("sales-orders", &order, "confirm").await;
        step("confirm");
        let order = act("sales-orders", &order, "deliver").await;
        step("deliver");
        let made = json!({"id": order["created"][0]["id"], "version": 1});
        act("deliveries", &made, "post").await;
        step("post a delivery");
        let order = world.reload("sales-orders", &order).await;
        step("read");
        let order = act("sales-orders", &order, "invoice").await;
        step("invoice");
        let made = json!({"id": order["created"][0]["id"], "version": 1});
        let invoice = act("sales-invoices", &made, "post").await;
        step("post an invoice");
        let bank = world.get("bank-accounts?pageSize=1").await["data"][0]["id"].clone();
        step("ask for the bank");
        let receipt = json!({"customer": order["customer"]["id"], "receiptDate": world.day("02-28"), "bankAccount": bank,
            "amount": invoice["total"], "allocations": [{"invoice": invoice["id"], "amount": invoice["total"]}]});
        let receipt = world.post("receipts", receipt).await;
        step("create a receipt");
        act("receipts", &receipt, "post").await;
        step("post a receipt");
        world.get("sales-orders?state=closed&sort=-orderDate&pageSize=50").await;
        step("list");
        tape.stop();
    }
}

#[tokio::test]
async fn the_way_from_order_to_money_keeps_to_its_statements() {
    // On SQLite, and on PostgreSQL, where locks are statements too and what is read is forgotten behind them.
    let budgets = [
        ("create", [11, 8]),
        ("confirm", [32, 43]),
        ("deliver", [18, 16]),
        ("post a delivery", [68, 87]),
        ("read", [3, 3]),
        ("invoice", [19, 20]),
        ("post an invoice", [64, 82]),
        ("ask for the bank", [2, 3]),
        ("create a receipt", [15, 15]),
        ("post a receipt", [51, 67]),
        ("list", [2, 4]),
    ];
    let shop = Shop::open().await;
    let database = usize::from(shop.world.is_pg());
    // What seals and delivers beside may add a statement to a step, or keep a name from being remembered: never to all goes.
    let mut fewest: HashMap<String, Vec<String>> = HashMap::new();
    for _ in 0..GOES {
        shop.go(|step, statements| {
            let kept = fewest.entry(step.to_owned()).or_insert_with(|| statements.clone());
            if statements.len() < kept.len() {
                *kept = statements;
            }
        })
        .await;
    }
    let mut over = String::new();
    for (step, most) in budgets {
        let (most, asked) = (most[database], &fewest[step]);
        println!("{step}: {} of {most}", asked.len());
        if asked.len() > most {
            over.push_str(&format!("{step}: {} statements, not {most}:\n{}\n", asked.len(), asked.join("\n")));
        }
    }
    assert!(over.is_empty(), "{over}");
}

#[tokio::test]
async fn the_writer_knows_masters_as_they_were_committed() {
    let shop = Shop::open().await;
    let world = &shop.world;
    let mut body = shop.body.clone();
    for line in body["lines"].as_array_mut().unwrap() {
        line.as_object_mut().unwrap().remove("unitPrice");
    }
    let price = async || world.post("sales-orders", body.clone()).await["lines"][0]["unitPrice"].clone();
    let tape = world.store().tape();
    tape.start();
    let before = price().await;
    let create = asked(tape.stop());
    let of_products = create.iter().filter(|sql| sql.contains("FROM \"product\"")).count();
    if !world.is_pg() {
        assert_eq!(of_products, 0, "five products are no question:\n{}", create.join("\n"));
    }
    let id = body["lines"][0]["product"].as_str().unwrap().to_owned();
    let version = world.get(&format!("products/{id}")).await["version"].clone();
    let change = json!({"salesPrice": "77.5", "version": version});
    let (status, tried) = world.call(Method::PATCH, &format!("products/{id}?dryRun=true"), &change).await;
    assert_eq!((status.as_u16(), &tried["salesPrice"]), (200, &json!("77.50000000")));
    assert_eq!(price().await, before, "a trial leaves nothing");
    let wrong = json!({"salesPrice": "78", "code": world.get("products?pageSize=200").await["data"][6]["code"], "version": version});
    let (status, answer) = world.call(Method::PATCH, &format!("products/{id}"), &wrong).await;
    assert_eq!(status.as_u16(), 409, "{answer}");
    assert_eq!(price().await, before, "nor does what was refused");
    let (status, _) = world.call(Method::PATCH, &format!("products/{id}"), &change).await;
    assert_eq!(status.as_u16(), 200);
    assert_eq!(price().await, json!("77.50000000"));
}
