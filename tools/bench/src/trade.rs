//! What the clients do: post orders, list them, and go the whole way from order to money.

use crate::client::{Connection, Work};
use paas_types::Id;
use serde_json::{Value as Json, json};
use std::sync::Arc;

const CUSTOMERS: usize = 100;
const PRODUCTS: usize = 200;
/// Lines of an order.
pub const LINES: usize = 5;

/// Ids the bodies refer to.
#[derive(Clone, Debug)]
pub struct Masters {
    customers: Arc<[String]>,
    products: Arc<[String]>,
    warehouse: Arc<str>,
    bank: Arc<str>,
    day: Arc<str>,
}

impl Masters {
    /// Makes masters and opening stock through the API, or finds those that are there.
    pub async fn ready(connection: &mut Connection) -> Result<Masters, String> {
        let first = connection.json("GET", "erp/customers?code=B000", &Json::Null, 200).await?;
        if first.get("total") == Some(&json!(0)) {
            make(connection).await?;
        }
        let orders = connection.json("GET", "erp/sales-orders?pageSize=1&sort=-orderDate", &Json::Null, 200).await?;
        let day = text(&orders, "/data/0/orderDate")?;
        Ok(Masters {
            customers: ids(connection, "erp/customers?code[startsWith]=B&sort=code&pageSize=100").await?.into(),
            products: ids(connection, "erp/products?code[startsWith]=BP&sort=code&pageSize=200").await?.into(),
            warehouse: first_id(connection, "erp/warehouses?pageSize=1").await?.into(),
            bank: first_id(connection, "erp/bank-accounts?pageSize=1").await?.into(),
            day: day.into(),
        })
    }

    /// Customer, warehouse and day of the order with a number.
    pub fn head(&self, number: u64) -> (&str, &str, &str) {
        let number = usize::try_from(number).unwrap_or_default();
        (pick(&self.customers, number.wrapping_mul(13)), &self.warehouse, &self.day)
    }

    /// The product of a line of it: the numbers spread over customers and products.
    pub fn product(&self, number: u64, line: usize) -> &str {
        let number = usize::try_from(number).unwrap_or_default();
        pick(&self.products, number.wrapping_mul(7).wrapping_add(line * 37))
    }

    /// A new order with five lines.
    fn order(&self, id: Id, number: u64) -> String {
        let lines: Vec<String> = (0..LINES)
            .map(|line| {
                let product = self.product(number, line);
                format!(r#"{{"product":"{product}","quantity":"{}","unitPrice":"12.50","vatRate":"0.13"}}"#, 1 + line)
            })
            .collect();
        let (customer, warehouse, day) = self.head(number);
        format!(
            r#"{{"id":"{id}","customer":"{customer}","warehouse":"{warehouse}","orderDate":"{day}","lines":[{}]}}"#,
            lines.join(",")
        )
    }
}

fn pick(list: &[String], n: usize) -> &str {
    list.get(n % list.len().max(1)).map_or("", String::as_str)
}

async fn make(connection: &mut Connection) -> Result<(), String> {
    let unit = first_id(connection, "erp/units?pageSize=1").await?;
    let warehouse = first_id(connection, "erp/warehouses?pageSize=1").await?;
    let customers: Vec<Json> =
        (0..CUSTOMERS).map(|n| json!({"code": format!("B{n:03}"), "name": format!("Customer {n}")})).collect();
    connection.json("POST", "erp/customers/batch", &json!({"items": customers}), 201).await?;
    let products: Vec<Json> = (0..PRODUCTS)
        .map(|n| json!({"code": format!("BP{n:03}"), "name": format!("Product {n}"), "unit": unit, "kind": "stocked"}))
        .collect();
    connection.json("POST", "erp/products/batch", &json!({"items": products}), 201).await?;
    let lines: Vec<Json> = (0..PRODUCTS)
        .map(|n| json!({"product": {"code": format!("BP{n:03}")}, "quantity": "50000000", "unitCost": "10"}))
        .collect();
    let orders = connection.json("GET", "erp/sales-orders?pageSize=1&sort=orderDate", &Json::Null, 200).await?;
    let opening = json!({"warehouse": warehouse, "date": text(&orders, "/data/0/orderDate")?, "reason": "opening", "lines": lines});
    let opening = connection.json("POST", "erp/stock-adjustments", &opening, 201).await?;
    act(connection, "erp/stock-adjustments", &opening, "post").await.map(|_| ())
}

fn text(json: &Json, pointer: &str) -> Result<String, String> {
    json.pointer(pointer).and_then(Json::as_str).map(str::to_owned).ok_or_else(|| format!("no {pointer} in {json}"))
}

async fn ids(connection: &mut Connection, path: &str) -> Result<Vec<String>, String> {
    let page = connection.json("GET", path, &Json::Null, 200).await?;
    let rows = page.get("data").and_then(Json::as_array).cloned().unwrap_or_default();
    rows.iter().map(|row| text(row, "/id")).collect()
}

async fn first_id(connection: &mut Connection, path: &str) -> Result<String, String> {
    ids(connection, path).await?.into_iter().next().ok_or_else(|| format!("{path} is empty"))
}

async fn act(connection: &mut Connection, path: &str, record: &Json, action: &str) -> Result<Json, String> {
    let body = json!({"action": action, "version": record.get("version")});
    connection.json("POST", &format!("{path}/{}/transitions", text(record, "/id")?), &body, 200).await
}

/// Creates an order with five lines: one call.
pub struct Create(pub Masters);

impl Work for Create {
    async fn once(&self, connection: &mut Connection, number: u64) -> Result<(), String> {
        let body = self.0.order(Id::fresh(), number);
        connection.call("POST", "erp/sales-orders", &body, 201).await.map(|_| ())
    }
}

/// Work of companies of their own: one for each door of a run.
pub struct Spread<W>(pub Vec<W>);

impl<W: Work> Work for Spread<W> {
    async fn once(&self, connection: &mut Connection, number: u64) -> Result<(), String> {
        let work = self.0.get(connection.seat).ok_or("a door without work")?;
        work.once(connection, number).await
    }
}

/// Creates an order and confirms it: two calls.
pub struct Post(pub Masters);

impl Work for Post {
    async fn once(&self, connection: &mut Connection, number: u64) -> Result<(), String> {
        let id = Id::fresh();
        connection.call("POST", "erp/sales-orders", &self.0.order(id, number), 201).await?;
        let path = format!("erp/sales-orders/{id}/transitions");
        connection.call("POST", &path, r#"{"action":"confirm","version":1}"#, 200).await.map(|_| ())
    }
}

/// Lists 50 confirmed orders, newest first, one of the first ten pages, with the total.
pub struct List;

impl Work for List {
    async fn once(&self, connection: &mut Connection, number: u64) -> Result<(), String> {
        let page = 1 + number % 10;
        let path = format!("erp/sales-orders?state=confirmed&sort=-orderDate&pageSize=50&page={page}");
        connection.call("GET", &path, "", 200).await.map(|_| ())
    }
}

/// Order, delivery, invoice, receipt: eleven calls, and the order is closed.
pub struct Loop(pub Masters);

impl Work for Loop {
    async fn once(&self, connection: &mut Connection, number: u64) -> Result<(), String> {
        let masters = &self.0;
        let id = Id::fresh();
        connection.call("POST", "erp/sales-orders", &masters.order(id, number), 201).await?;
        let record = json!({"id": id.to_string(), "version": 1});
        let order = act(connection, "erp/sales-orders", &record, "confirm").await?;
        let order = act(connection, "erp/sales-orders", &order, "deliver").await?;
        let made = json!({"id": text(&order, "/created/0/id")?, "version": 1});
        act(connection, "erp/deliveries", &made, "post").await?;
        let order = connection.json("GET", &format!("erp/sales-orders/{id}"), &Json::Null, 200).await?;
        let order = act(connection, "erp/sales-orders", &order, "invoice").await?;
        let made = json!({"id": text(&order, "/created/0/id")?, "version": 1});
        let invoice = act(connection, "erp/sales-invoices", &made, "post").await?;
        let body = json!({"customer": text(&order, "/customer/id")?, "receiptDate": &*masters.day,
            "bankAccount": &*masters.bank, "amount": text(&invoice, "/total")?,
            "allocations": [{"invoice": invoice.get("id"), "amount": text(&invoice, "/total")?}]});
        let receipt = connection.json("POST", "erp/receipts", &body, 201).await?;
        act(connection, "erp/receipts", &receipt, "post").await.map(|_| ())
    }
}
