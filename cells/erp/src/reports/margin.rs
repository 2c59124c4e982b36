//! Margin per product: net revenue of posted invoices less the cost of what was invoiced, at the date of the invoice, or of
//! the delivery where no invoice takes the cost.

use super::{FROM, TO, by_code, named, span};
use crate::calc::{minus, plus};
use crate::delivery::Delivery;
use crate::posting::PostingState;
use crate::product::Product;
use crate::sales_invoice::SalesInvoice;
use crate::sales_return::SalesReturn;
use paas_cell::prelude::*;
use std::collections::BTreeMap;

/// 销售毛利 | Sales margin
pub const SALES_MARGIN: Report = Report {
    name: "sales-margin",
    label: Labels::of("销售毛利", "Sales margin"),
    parameters: &[FROM, TO],
    drill: &[Drill {
        columns: &["product"],
        to: DrillTarget::Resource("products"),
        with: &[("code", DrillFrom::Column("product"))],
    }],
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

impl Margin {
    fn add(&mut self, quantity: Quantity, net: Amount, cost: Amount) -> Result<()> {
        self.quantity = plus(self.quantity, quantity)?;
        self.net = plus(self.net, net)?;
        self.cost = plus(self.cost, cost)?;
        Ok(())
    }
}

/// Posted documents dated in a span.
pub(super) fn posted<D: Typed>(date: &'static str, from: Date, to: Date) -> Find<D> {
    Find::<D>::all().eq("state", PostingState::Posted).op(date, Op::Gte, from).op(date, Op::Lte, to).limit(1_000_000)
}

fn collect(ctx: &mut Ctx<'_>, from: Date, to: Date) -> Result<BTreeMap<Id, Margin>> {
    let mut products: BTreeMap<Id, Margin> = BTreeMap::new();
    for found in ctx.find(posted::<SalesInvoice>("invoice_date", from, to))? {
        let invoice = ctx.get(Ref::<SalesInvoice>::new(found.head.id))?;
        for line in &invoice.lines {
            let (net, cost) = (invoice.signed(line.net), invoice.signed(line.cost));
            products.entry(line.product.id()).or_default().add(invoice.signed(line.quantity), net, cost)?;
        }
    }
    let expensed = posted::<Delivery>("delivery_date", from, to).op("expensed", Op::Gt, Amount::ZERO);
    for found in ctx.find(expensed)? {
        for line in ctx.get(Ref::<Delivery>::new(found.head.id))?.lines {
            products.entry(line.product.id()).or_default().add(Quantity::ZERO, Amount::ZERO, line.expensed)?;
        }
    }
    // What comes back of a delivery without order has no credit that takes its cost.
    for found in ctx.find(posted::<SalesReturn>("return_date", from, to))? {
        if found.sales_order.is_none() {
            for line in ctx.get(Ref::<SalesReturn>::new(found.head.id))?.lines {
                products.entry(line.product.id()).or_default().add(Quantity::ZERO, Amount::ZERO, -line.cost)?;
            }
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
    by_code(&mut table, 1);
    let margin = minus(revenue, costs)?;
    table.total("revenue", json!(revenue.to_string()));
    table.total("cost", json!(costs.to_string()));
    table.total("margin", json!(margin.to_string()));
    table.total("marginRate", share_of(margin, revenue));
    Ok(table)
}
