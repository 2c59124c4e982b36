//! A demo company sells, ships, invoices and is paid, and the books balance.

use crate::program::{Member, Program};
use serde_json::{Value, json};

#[test]
fn an_order_becomes_cash_and_the_books_balance() {
    let p = Program::start();
    let (sales, keeper, accountant) = (p.sign_in("sales"), p.sign_in("keeper"), p.sign_in("accountant"));
    let stock = p.get(&keeper, "erp/stock-balances?pageSize=1");
    let product = stock["data"][0]["product"]["id"].clone();
    let warehouse = stock["data"][0]["warehouse"]["id"].clone();
    let customer = p.get(&sales, "erp/customers?pageSize=1")["data"][0]["id"].clone();
    let body = json!({"customer": customer, "warehouse": warehouse, "orderDate": stock_day(&p, &sales),
        "lines": [{"product": product, "quantity": "1", "unitPrice": "100", "vatRate": "0.13"}]});
    let (status, order) = p.call(&sales, "POST", "erp/sales-orders", &body);
    assert_eq!((status, order["total"].as_str()), (201, Some("113.00")), "{order}");

    let order = p.act(&sales, "erp/sales-orders", &order, "confirm");
    let order = p.act(&keeper, "erp/sales-orders", &order, "deliver");
    let made = order["created"][0]["id"].as_str().unwrap().to_owned();
    let delivery = p.get(&keeper, &format!("erp/deliveries/{made}"));
    p.act(&keeper, "erp/deliveries", &delivery, "post");

    let order = p.get(&accountant, &format!("erp/sales-orders/{}", order["id"].as_str().unwrap()));
    let order = p.act(&accountant, "erp/sales-orders", &order, "invoice");
    let made = order["created"][0]["id"].as_str().unwrap().to_owned();
    let invoice = p.get(&accountant, &format!("erp/sales-invoices/{made}"));
    let invoice = p.act(&accountant, "erp/sales-invoices", &invoice, "post");
    assert_eq!(invoice["open"], "113.00");

    let bank = p.get(&accountant, "erp/bank-accounts?code=BANK01")["data"][0]["id"].clone();
    let body = json!({"customer": customer, "receiptDate": invoice["invoiceDate"], "bankAccount": bank,
        "amount": "113.00", "allocations": [{"invoice": invoice["id"], "amount": "113.00"}]});
    let (status, receipt) = p.call(&accountant, "POST", "erp/receipts", &body);
    assert_eq!(status, 201, "{receipt}");
    p.act(&accountant, "erp/receipts", &receipt, "post");
    let invoice = p.get(&accountant, &format!("erp/sales-invoices/{}", invoice["id"].as_str().unwrap()));
    assert_eq!(invoice["open"], "0.00");
    let order = p.get(&sales, &format!("erp/sales-orders/{}", order["id"].as_str().unwrap()));
    assert_eq!(order["state"], "closed", "nothing is left to deliver or invoice");

    let year = &stock_day(&p, &sales)[..4];
    let balance = p.get(&accountant, &format!("erp/reports/trial-balance?from={year}-01-01&to={year}-12-31"));
    assert_eq!(balance["totals"]["debit"], balance["totals"]["credit"], "{}", balance["totals"]);
    let (status, refused) = p.call(&sales, "GET", "erp/vouchers", &Value::Null);
    assert_eq!((status, refused["code"].as_str()), (403, Some("FORBIDDEN")));

    // Sensitive values are sealed at rest.
    let (status, _) =
        p.call(&sales, "POST", "erp/customers", &json!({"code": "Z1", "name": "z", "phone": "13912345678"}));
    assert_eq!(status, 201);
    for file in std::fs::read_dir(p.data()).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        assert!(!bytes.windows(11).any(|w| w == b"13912345678"));
    }
}

/// The tenant's today, from the page's own data: the date of the newest demo order.
fn stock_day(p: &Program, member: &Member) -> String {
    p.get(member, "erp/sales-orders?pageSize=1")["data"][0]["orderDate"].as_str().unwrap().to_owned()
}
