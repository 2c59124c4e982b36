//! Margin of posted invoices per product: net revenue less the cost of what was invoiced.

use super::{FROM, TO, named, span};
use crate::calc::{minus, plus};
use crate::posting::PostingState;
use crate::product::Product;
use crate::sales_invoice::{InvoiceKind, SalesInvoice};
use paas_cell::prelude::*;
use std::collections::BTreeMap;

/// 销售毛利 | Sales margin
pub const SALES_MARGIN: Report = Report {
    name: "sales-margin",
    label: Labels::of("销售毛利", "Sales margin"),
    parameters: &[FROM, TO],
    run: sales_margin,
};

#[derive(Clone, Copy, Default)]
struct Margin {
    quantity: Quantity,
    net: Amount,
    cost: Amount,
}

/// Margin as a share of revenue; nothing without revenue.
fn share_of(margin: Amount, net: Amount) -> Json {
    let rate: Option<Rate> = margin.exact().div_round(net.exact());
    rate.map_or(Json::Null, |rate| json!(rate.to_string()))
}

fn collect(ctx: &mut Ctx<'_>, from: Date, to: Date) -> Result<BTreeMap<Id, Margin>> {
    let mut products: BTreeMap<Id, Margin> = BTreeMap::new();
    let find = Find::<SalesInvoice>::all()
        .eq("state", PostingState::Posted)
        .op("invoice_date", Op::Gte, from)
        .op("invoice_date", Op::Lte, to)
        .limit(1_000_000);
    for invoice in ctx.find(find)? {
        let credit = invoice.kind == InvoiceKind::Credit;
        for line in ctx.get(Ref::<SalesInvoice>::new(invoice.head.id))?.lines {
            let (quantity, net, cost) =
                if credit { (-line.quantity, -line.net, -line.cost) } else { (line.quantity, line.net, line.cost) };
            let sum = products.entry(line.product.id()).or_default();
            sum.quantity = plus(sum.quantity, quantity)?;
            sum.net = plus(sum.net, net)?;
            sum.cost = plus(sum.cost, cost)?;
        }
    }
    Ok(products)
}

fn sales_margin(ctx: &mut Ctx<'_>, params: &Params) -> Result<Table> {
    let (from, to) = span(ctx, params)?;
    let products = collect(ctx, from, to)?;
    let mut table = Table::new(to)
        .column("product", "商品", "Product", "text")
        .column("productName", "商品名称", "Product name", "text")
        .column("quantity", "数量", "Quantity", "quantity")
        .column("revenue", "收入", "Revenue", "amount")
        .column("cost", "成本", "Cost", "amount")
        .column("margin", "毛利", "Margin", "amount")
        .column("marginRate", "毛利率", "Margin rate", "rate");
    let (mut revenue, mut costs) = (Amount::ZERO, Amount::ZERO);
    for (product, sum) in products {
        let (code, name) = named::<Product>(ctx, product)?;
        let margin = minus(sum.net, sum.cost)?;
        table.push(vec![
            code,
            name,
            json!(sum.quantity.to_string()),
            json!(sum.net.to_string()),
            json!(sum.cost.to_string()),
            json!(margin.to_string()),
            share_of(margin, sum.net),
        ]);
        revenue = plus(revenue, sum.net)?;
        costs = plus(costs, sum.cost)?;
    }
    let margin = minus(revenue, costs)?;
    table.total("revenue", json!(revenue.to_string()));
    table.total("cost", json!(costs.to_string()));
    table.total("margin", json!(margin.to_string()));
    table.total("marginRate", share_of(margin, revenue));
    Ok(table)
}
