//! The calls. Masters go in by batches, everything that posts goes one after the other. Every write carries the request
//! id `northwind-{step}-{key}` and a body that depends on the files alone — versions travel in `If-Match` — so a run that
//! broke off is continued by running again: what was done is answered again and makes nothing new.

use super::client::{Ask, Client, Fault};
use super::plan::{Event, Plan, Share, due};
use super::source::{Order, Party, Source};
use http::Method;
use paas_types::{Amount, Date, Id};
use serde_json::{Map, Value, json};
use std::collections::HashSet;
use std::fmt;

/// A progress line is written after this many orders.
const PROGRESS: usize = 50;
/// The years whose months are opened.
const YEARS: std::ops::RangeInclusive<i64> = 1996..=1998;
const VAT_RATE: &str = "0.13";
/// Documents whose presence means that the tenant is at work already.
const DOCUMENTS: [&str; 7] =
    ["sales-orders", "deliveries", "sales-returns", "sales-invoices", "receipts", "stock-adjustments", "vouchers"];

/// What was made.
#[derive(Default)]
pub(super) struct Made {
    orders: usize,
    deliveries: usize,
    returns: usize,
    invoices: usize,
    receipts: usize,
}

impl fmt::Display for Made {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Made { orders, deliveries, returns, invoices, receipts } = self;
        write!(
            f,
            "{orders} orders, {deliveries} deliveries, {invoices} invoices, {returns} returns, {receipts} receipts"
        )
    }
}

/// Loads everything; the error is one sentence that says where it stopped.
pub(super) async fn run(client: &mut Client, source: &Source, plan: &Plan) -> Result<Made, String> {
    let mut load = Load { client, made: Made::default() };
    load.must_be_free(plan, source).await?;
    load.masters(source).await?;
    load.opening(source, plan).await?;
    let mut progress: Vec<Progress> = Vec::new();
    progress.resize_with(source.orders.len(), Progress::default);
    for (event, at) in &plan.events {
        let (Some(order), Some(progress)) = (source.orders.get(*at), progress.get_mut(*at)) else { continue };
        let done = match event {
            Event::Order => load.order(order, progress).await,
            Event::Ship => load.ship(order, progress).await,
            Event::Return => load.give_back(order, progress).await,
            Event::Receipt => load.receipt(order, progress).await,
        };
        done.map_err(|why| format!("Order {} of {}: {why}", order.number, order.ordered))?;
        if *event == Event::Order && load.made.orders.is_multiple_of(PROGRESS) {
            tell(&format!("{} of {} orders, {}", load.made.orders, source.orders.len(), order.ordered));
        }
    }
    Ok(load.made)
}

/// A line for the person who waits; that nobody reads it is no reason to stop.
fn tell(line: &str) {
    use std::io::Write as _;
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// What became of an order so far.
#[derive(Default)]
struct Progress {
    order: String,
    first_line: String,
    delivery: String,
    delivery_line: String,
    invoice: String,
    total: Amount,
}

struct Load<'a> {
    client: &'a mut Client,
    made: Made,
}

impl Load<'_> {
    /// Refuses a tenant with documents, unless they are of a run of this user that broke off less than a day ago.
    async fn must_be_free(&mut self, plan: &Plan, source: &Source) -> Result<(), String> {
        let mut taken = None;
        for resource in DOCUMENTS {
            let path = format!("/api/v1/erp/{resource}?pageSize=1");
            let answer = self.client.call(&Ask::get(&path)).await.map_err(|fault| match fault.code() {
                "CELL_NOT_ENABLED" => "The tenant does not have the cell erp.".to_owned(),
                _ => format!("{resource} cannot be read: {fault}"),
            })?;
            if answer.get("total").and_then(Value::as_i64) != Some(0) {
                taken = Some(resource);
                break;
            }
        }
        let Some(resource) = taken else { return Ok(()) };
        let last = plan.events.last().and_then(|(event, at)| {
            let order = source.orders.get(*at)?;
            Some(format!("northwind-{}-{}", last_step(*event), order.number))
        });
        if let Some(last) = last
            && self.knows(&last).await?
        {
            return Err("The tenant already has documents: Northwind was loaded into it.".to_owned());
        }
        if self.knows("northwind-masters-suppliers").await? {
            tell("continuing the run that broke off");
            return Ok(());
        }
        Err(format!("The tenant already has documents ({resource}); Northwind is only loaded into one without any."))
    }

    /// Whether the gateway remembers a request of this user with this id. The probe asks for an action on a record that
    /// does not exist: under a known id it is a mismatch, else the record is not found, and in no case anything changes.
    async fn knows(&mut self, key: &str) -> Result<bool, String> {
        let path = format!("/api/v1/erp/sales-orders/{}/transitions", Id::fresh());
        let body = json!({"action": "confirm"});
        let ask = Ask { method: Method::POST, path: &path, key: Some(key), version: Some(1), body: Some(&body) };
        match self.client.call(&ask).await {
            Err(fault) if fault.code() == "IDEMPOTENCY_MISMATCH" => Ok(true),
            Err(fault) if fault.code() == "NOT_FOUND" => Ok(false),
            Err(fault) => Err(format!("Whether an earlier run broke off cannot be found out: {fault}")),
            Ok(_) => Err("The gateway confirmed an order that does not exist.".to_owned()),
        }
    }

    async fn masters(&mut self, source: &Source) -> Result<(), String> {
        let mut seen = HashSet::new();
        let categories = source.products.iter().map(|p| p.category.as_str()).filter(|c| seen.insert(*c));
        let categories: Vec<Value> = categories.map(|c| json!({"code": c, "name": c, "nameEn": c})).collect();
        let suppliers = source.suppliers.iter().map(|party| Value::Object(party_body(party))).collect();
        let customers = source.customers.iter().map(|party| {
            let mut body = party_body(party);
            body.insert("creditLimit".to_owned(), Value::Null);
            body.insert("paymentTermDays".to_owned(), json!(super::plan::TERM_DAYS));
            Value::Object(body)
        });
        let customers = customers.collect();
        let products = source.products.iter().map(|product| {
            json!({"code": product.code, "name": product.name, "category": {"code": product.category},
                "unit": {"code": "PCS"}, "kind": "stocked", "salesPrice": product.list_price.to_string(),
                "purchasePrice": product.purchase_price.to_string(), "vatRate": VAT_RATE,
                "minimumStock": product.reorder_level.to_string()})
        });
        let products = products.collect();
        self.batch("suppliers", suppliers).await?;
        self.periods().await?;
        self.batch("product-categories", categories).await?;
        self.batch("customers", customers).await?;
        self.batch("products", products).await
    }

    /// Opens the months that the tenant does not have.
    async fn periods(&mut self) -> Result<(), String> {
        let failed = |fault: Fault| format!("The periods cannot be opened: {fault}");
        for year in YEARS {
            let path = format!("/api/v1/erp/periods?year={year}&pageSize=50");
            let known = self.client.call(&Ask::get(&path)).await.map_err(failed)?;
            let known: HashSet<i64> =
                rows(&known, "data").iter().filter_map(|period| period.get("month")?.as_i64()).collect();
            for month in (1..=12).filter(|month| !known.contains(month)) {
                let key = format!("northwind-period-{year}-{month:02}");
                let body = json!({"year": year, "month": month});
                self.client.call(&Ask::post("/api/v1/erp/periods", &key, &body)).await.map_err(failed)?;
            }
        }
        Ok(())
    }

    async fn batch(&mut self, resource: &str, items: Vec<Value>) -> Result<(), String> {
        let body = json!({"items": items, "mode": "all-or-nothing"});
        let (path, key) = (format!("/api/v1/erp/{resource}/batch"), format!("northwind-masters-{resource}"));
        let made = self.client.call(&Ask::post(&path, &key, &body)).await;
        made.map(|_| ()).map_err(|fault| format!("The {resource} cannot be created: {fault}"))
    }

    async fn opening(&mut self, source: &Source, plan: &Plan) -> Result<(), String> {
        let lines = plan.stock.iter().filter_map(|(at, quantity)| {
            let product = source.products.get(*at)?;
            Some(json!({"product": {"code": product.code}, "quantity": quantity.to_string(),
                "unitCost": product.purchase_price.to_string()}))
        });
        let body = json!({"warehouse": {"code": "WH01"}, "date": plan.opening.to_string(), "reason": "opening",
            "lines": lines.collect::<Vec<_>>()});
        let stocked = async {
            let adjustment = self.create("stock-adjustments", "opening-create-1996", &body).await?;
            self.act("stock-adjustments", &adjustment, ("post", "opening-post-1996"), None).await
        };
        stocked.await.map(|_| ()).map_err(|why| format!("The opening stock: {why}"))
    }

    async fn order(&mut self, order: &Order, progress: &mut Progress) -> Result<(), String> {
        let lines = order.lines.iter().map(|line| {
            json!({"product": {"code": line.product}, "quantity": line.quantity.to_string(),
                "unitPrice": line.unit_price.to_string(), "discountRate": line.discount.to_string(),
                "vatRate": VAT_RATE})
        });
        let body = json!({"customer": {"code": order.customer}, "orderDate": order.ordered.to_string(),
            "requiredDate": order.required.map(|day| day.to_string()), "warehouse": {"code": "WH01"},
            "taxIncluded": false, "note": format!("Northwind {}", order.number), "lines": lines.collect::<Vec<_>>()});
        let number = order.number;
        let draft = self.create("sales-orders", &format!("order-{number}"), &body).await?;
        progress.order = text(&draft, "id")?;
        progress.first_line = text(rows(&draft, "lines").first().unwrap_or(&Value::Null), "id")?;
        self.act("sales-orders", &draft, ("confirm", &format!("confirm-{number}")), None).await?;
        self.made.orders += 1;
        Ok(())
    }

    async fn ship(&mut self, order: &Order, progress: &mut Progress) -> Result<(), String> {
        let (shipped, due) = shipping(order)?;
        let number = order.number;
        let delivery = self.follow_up(progress, ("deliver", "deliveries"), shipped, number).await?;
        let line = rows(&delivery, "lines")
            .iter()
            .find(|line| line.pointer("/salesOrderLine/id").and_then(Value::as_str) == Some(&progress.first_line));
        progress.delivery_line = text(line.unwrap_or(&Value::Null), "id")?;
        progress.delivery = text(&delivery, "id")?;
        self.made.deliveries += 1;

        let invoice = self.follow_up(progress, ("invoice", "sales-invoices"), shipped, number).await?;
        if text(&invoice, "dueDate")? != due.to_string() {
            return Err(format!("its invoice is not due on {due}."));
        }
        progress.invoice = text(&invoice, "id")?;
        let total = text(&invoice, "total")?;
        progress.total = total.parse().map_err(|_| format!("the total {total} of its invoice is no amount."))?;
        self.made.invoices += 1;
        Ok(())
    }

    async fn give_back(&mut self, order: &Order, progress: &Progress) -> Result<(), String> {
        let (_, due) = shipping(order)?;
        let first = order.lines.first().ok_or_else(|| "it has no lines.".to_owned())?;
        let body = json!({"delivery": {"id": progress.delivery}, "customer": {"code": order.customer},
            "warehouse": {"code": "WH01"}, "returnDate": due.to_string(),
            "lines": [{"deliveryLine": {"id": progress.delivery_line}, "product": {"code": first.product},
                "quantity": first.quantity.to_string()}]});
        let draft = self.create("sales-returns", &format!("return-{}", order.number), &body).await?;
        self.act("sales-returns", &draft, ("post", &format!("return-post-{}", order.number)), None).await?;
        self.made.returns += 1;
        let credit = self.follow_up(progress, ("credit", "sales-invoices"), due, order.number).await?;
        if credit.get("kind").and_then(Value::as_str) != Some("credit") {
            return Err("its return did not lead to a credit invoice.".to_owned());
        }
        self.made.invoices += 1;
        Ok(())
    }

    async fn receipt(&mut self, order: &Order, progress: &Progress) -> Result<(), String> {
        let (_, due) = shipping(order)?;
        let amount = Share::of(order.number).part(progress.total);
        let amount = amount.ok_or_else(|| "its payment does not fit.".to_owned())?.to_string();
        let body = json!({"customer": {"code": order.customer}, "receiptDate": due.to_string(),
            "bankAccount": {"code": "BANK01"}, "amount": amount,
            "allocations": [{"invoice": {"id": progress.invoice}, "amount": amount}]});
        let draft = self.create("receipts", &format!("receipt-{}", order.number), &body).await?;
        self.act("receipts", &draft, ("post", &format!("receipt-post-{}", order.number)), None).await?;
        self.made.receipts += 1;
        Ok(())
    }

    /// An action on the order that makes a draft, and the draft's posting. `step` names the request; a credit comes
    /// from the same action as an invoice.
    async fn follow_up(
        &mut self,
        progress: &Progress,
        (step, resource): (&str, &str),
        date: Date,
        number: u32,
    ) -> Result<Value, String> {
        let order = self.read("sales-orders", &progress.order).await?;
        let action = if step == "credit" { "invoice" } else { step };
        let data = json!({"date": date.to_string()});
        let order = self.act("sales-orders", &order, (action, &format!("{step}-{number}")), Some(data)).await?;
        let draft = text(rows(&order, "created").first().unwrap_or(&Value::Null), "id")?;
        let draft = self.read(resource, &draft).await?;
        self.act(resource, &draft, ("post", &format!("{step}-post-{number}")), None).await
    }

    async fn read(&mut self, resource: &str, id: &str) -> Result<Value, String> {
        let path = format!("/api/v1/erp/{resource}/{id}");
        self.client.call(&Ask::get(&path)).await.map_err(|fault| format!("{resource} cannot be read: {fault}"))
    }

    async fn create(&mut self, resource: &str, step: &str, body: &Value) -> Result<Value, String> {
        let (path, key) = (format!("/api/v1/erp/{resource}"), format!("northwind-{step}"));
        let made = self.client.call(&Ask::post(&path, &key, body)).await;
        made.map_err(|fault| format!("{resource} cannot be created: {fault}"))
    }

    async fn act(
        &mut self,
        resource: &str,
        record: &Value,
        (action, step): (&str, &str),
        data: Option<Value>,
    ) -> Result<Value, String> {
        let path = format!("/api/v1/erp/{resource}/{}/transitions", text(record, "id")?);
        let mut body = json!({"action": action});
        if let (Some(data), Value::Object(body)) = (data, &mut body) {
            body.insert("data".to_owned(), data);
        }
        let key = format!("northwind-{step}");
        let version = record.get("version").and_then(Value::as_i64);
        let ask = Ask { method: Method::POST, path: &path, key: Some(&key), version, body: Some(&body) };
        self.client.call(&ask).await.map_err(|fault| format!("{action} of {resource} was refused: {fault}"))
    }
}

/// The request id's step of an event's last write.
fn last_step(event: Event) -> &'static str {
    match event {
        Event::Order => "confirm",
        Event::Ship => "invoice-post",
        Event::Return => "credit-post",
        Event::Receipt => "receipt-post",
    }
}

fn party_body(party: &Party) -> Map<String, Value> {
    let Party { code, name, contact, phone, address } = party;
    let fields = [("code", code), ("name", name), ("contact", contact), ("phone", phone), ("address", address)];
    fields.into_iter().map(|(field, text)| (field.to_owned(), Value::from(text.as_str()))).collect()
}

fn shipping(order: &Order) -> Result<(Date, Date), String> {
    order.shipped.zip(due(order)).ok_or_else(|| "it was not shipped.".to_owned())
}

fn rows<'v>(record: &'v Value, field: &str) -> &'v [Value] {
    record.get(field).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

fn text(record: &Value, field: &str) -> Result<String, String> {
    let text = record.get(field).and_then(Value::as_str);
    text.map(str::to_owned).ok_or_else(|| format!("the answer has no {field}."))
}
