//! Terms and amounts of invoices, and how much of an order they may take.

use super::{InvoiceKind, InvoiceState, SalesInvoice, SalesInvoiceLine};
use crate::calc::{self, Sums, Terms, minus, plus, total};
use crate::product::Product;
use crate::sales_order::follow_up::{invoice_drafts, not_of_order, to_invoice};
use crate::sales_order::progress::{self, OrderFulfilment};
use crate::sales_order::{SalesOrder, SalesOrderLine, SalesOrderState};
use crate::settings::ErpSettings;
use paas_cell::prelude::*;
use std::collections::HashMap;

/// Fills due date, order lines, prices and rates, and computes the amounts.
pub fn prepare(ctx: &mut Ctx<'_>, invoice: &mut SalesInvoice) -> Result<()> {
    if invoice.state != InvoiceState::Draft {
        return Ok(());
    }
    if invoice.due_date.is_none() {
        let days = ctx.get(invoice.customer)?.payment_term_days;
        invoice.due_date = Some(invoice.invoice_date.plus_days(i32::try_from(days).unwrap_or_default()));
    }
    let order = match invoice.sales_order {
        Some(order) => Some(ctx.get(order)?),
        None => None,
    };
    for line in &mut invoice.lines {
        if let (Some(order), None) = (&order, line.sales_order_line) {
            let found = order.lines.iter().find(|l| l.product == line.product);
            line.sales_order_line = found.map(|l| Ref::new(l.id));
        }
        let source = order.as_ref().and_then(|o| source_of(o, line));
        fill(ctx, line, source)?;
    }
    compute(ctx, invoice, order.as_ref())
}

fn fill(ctx: &mut Ctx<'_>, line: &mut SalesInvoiceLine, source: Option<&SalesOrderLine>) -> Result<()> {
    if let Some(source) = source {
        if line.unit_price.is_none() {
            (line.unit_price, line.discount_rate) = (source.unit_price, source.discount_rate);
        }
        line.vat_rate = line.vat_rate.or(source.vat_rate);
    } else if line.unit_price.is_none() || line.vat_rate.is_none() {
        let product = ctx.get(line.product)?;
        line.vat_rate = line.vat_rate.or(Some(product.vat_rate));
        line.unit_price = line.unit_price.or(Some(product.sales_price.unwrap_or_default()));
    }
    Ok(())
}

/// The order line that an invoice line takes from.
pub fn source_of<'o>(order: &'o SalesOrder, line: &SalesInvoiceLine) -> Option<&'o SalesOrderLine> {
    let wanted = line.sales_order_line?;
    order.lines.iter().find(|l| l.id == wanted.id() && l.product == line.product)
}

/// Amounts of all lines and totals; a line that takes the rest of its order line takes the rest of its net and tax.
pub fn compute(ctx: &mut Ctx<'_>, invoice: &mut SalesInvoice, order: Option<&SalesOrder>) -> Result<()> {
    let (kind, tax_included) = (invoice.kind, invoice.tax_included);
    for line in &mut invoice.lines {
        let mut sums = calc::line(Terms {
            quantity: line.quantity,
            unit_price: line.unit_price.unwrap_or_default(),
            discount_rate: line.discount_rate,
            vat_rate: line.vat_rate.unwrap_or_default(),
            tax_included,
        })?;
        if let Some(order) = order
            && let Some(source) = source_of(order, line)
            && same_terms(line, source)
            && tax_included == order.tax_included
        {
            let done = progress::of_line(ctx, order, source)?;
            sums = rest(kind, line.quantity, source, &done)?.unwrap_or(sums);
        }
        (line.net, line.tax, line.total) = (sums.net, sums.tax, sums.total()?);
    }
    invoice.net = total(invoice.lines.iter().map(|l| l.net))?;
    invoice.tax = total(invoice.lines.iter().map(|l| l.tax))?;
    invoice.total = plus(invoice.net, invoice.tax)?;
    Ok(())
}

fn same_terms(line: &SalesInvoiceLine, source: &SalesOrderLine) -> bool {
    (line.unit_price, line.discount_rate, line.vat_rate) == (source.unit_price, source.discount_rate, source.vat_rate)
}

/// The rest of net and tax, when this quantity is the rest: of the ordered quantity, or for a credit of the invoiced.
fn rest(
    kind: InvoiceKind,
    quantity: Quantity,
    source: &SalesOrderLine,
    done: &OrderFulfilment,
) -> Result<Option<Sums>> {
    Ok(match kind {
        InvoiceKind::Normal if plus(done.invoiced, quantity)? == source.quantity => {
            Some(Sums { net: minus(source.net, done.invoiced_net)?, tax: minus(source.tax, done.invoiced_tax)? })
        }
        InvoiceKind::Credit if done.invoiced == quantity => {
            Some(Sums { net: done.invoiced_net, tax: done.invoiced_tax })
        }
        InvoiceKind::Normal | InvoiceKind::Credit => None,
    })
}

/// Refuses lines of another order and more than remains.
pub fn check(ctx: &mut Ctx<'_>, invoice: &mut SalesInvoice) -> Result<()> {
    if invoice.state != InvoiceState::Draft {
        return Ok(());
    }
    if invoice.due_date.is_some_and(|d| d < invoice.invoice_date) {
        return Err(Refusal::field(
            "dueDate",
            "BEFORE_INVOICE",
            Text::of("到期日不能早于发票日期。", "The due date is before the invoice date."),
        ));
    }
    within_order(ctx, invoice, true)
}

/// Quantities stay within what is to invoice (or to credit), counting other drafts when `with_drafts`.
pub fn within_order(ctx: &mut Ctx<'_>, invoice: &SalesInvoice, with_drafts: bool) -> Result<()> {
    let Some(order_ref) = invoice.sales_order else {
        return Ok(());
    };
    let order = ctx.get(order_ref)?;
    if order.customer != invoice.customer {
        return Err(Refusal::field(
            "customer",
            "NOT_OF_ORDER",
            Text::of("客户与订单不一致。", "The customer is not that of the order."),
        ));
    }
    let credit = invoice.kind == InvoiceKind::Credit;
    let open = order.state == SalesOrderState::Confirmed || (credit && order.state == SalesOrderState::Closed);
    if !open {
        return Err(Refusal::rule(
            "erp.order.not-confirmed",
            Text::of("订单不是已确认状态，不能开票。", "The order is not confirmed; it cannot be invoiced."),
            json!({"order": order.head.number, "state": order.state.name()}),
        ));
    }
    let basis = ctx.setting::<ErpSettings>()?.invoice_basis;
    let drafts = if with_drafts { invoice_drafts(ctx, order_ref, invoice.head.id)? } else { HashMap::new() };
    let mut asked: HashMap<Id, Quantity> = HashMap::new();
    for (index, line) in invoice.lines.iter().enumerate() {
        let Some(source) = source_of(&order, line) else {
            return Err(not_of_order(&format!("lines[{index}].salesOrderLine")));
        };
        let sum = asked.entry(source.id).or_default();
        *sum = plus(*sum, line.quantity)?;
        let sum = *sum;
        let stocked = ctx.get(line.product)?.is_stocked();
        let done = progress::of_line(ctx, &order, source)?;
        let left = minus(to_invoice(&done, stocked, basis)?, drafts.get(&source.id).copied().unwrap_or_default())?;
        let left = if credit { -left } else { left };
        if sum > left {
            return Err(exceeds_remaining(ctx, line.product, sum, left));
        }
    }
    Ok(())
}

/// More than remains to invoice or to credit.
pub fn exceeds_remaining(ctx: &mut Ctx<'_>, product: Ref<Product>, asked: Quantity, left: Quantity) -> Refusal {
    let code = match ctx.get(product) {
        Ok(product) => product.code,
        Err(refusal) => return refusal,
    };
    let left = left.max(Quantity::ZERO);
    Refusal::rule(
        "erp.invoice.exceeds-remaining",
        Text::new(
            format!("商品{code}开票 {asked} 超过剩余可开票数量 {left}。"),
            format!("Invoicing {asked} of {code} exceeds what remains, {left}."),
        ),
        json!({"product": code, "asked": asked.to_string(), "remaining": left.to_string()}),
    )
}
