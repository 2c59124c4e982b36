//! Terms and amounts of invoices, and how much of an order they may take.

use super::{InvoiceKind, SalesInvoice, SalesInvoiceLine};
use crate::calc::{self, Sums, Terms, minus, plus, total};
use crate::posting::PostingState;
use crate::product::Product;
use crate::sales_order::follow_up::{invoice_drafts, not_of_order, to_invoice};
use crate::sales_order::progress::{self, OrderFulfilment};
use crate::sales_order::{SalesOrder, SalesOrderLine, SalesOrderState};
use crate::settings::{ErpSettings, InvoiceBasis};
use crate::sources::{PerLine, first_with_room, left, take};
use paas_cell::prelude::*;

/// Fills due date, order lines, prices and rates, and computes the amounts.
pub fn prepare(ctx: &mut Ctx<'_>, invoice: &mut SalesInvoice) -> Result<()> {
    if invoice.due_date.is_none() {
        let days = ctx.get(invoice.customer)?.payment_term_days;
        invoice.due_date = Some(invoice.invoice_date.plus_days(i32::try_from(days).unwrap_or_default()));
    }
    let order = invoice.sales_order.map(|order| ctx.get(order)).transpose()?;
    if let Some(order) = &order {
        progress::lock_lines(ctx, order)?;
        find_lines(ctx, invoice, order)?;
    }
    let included = order.as_ref().is_some_and(|o| o.tax_included);
    invoice.tax_included = invoice.tax_included.or(Some(included));
    for line in &mut invoice.lines {
        let source = order.as_ref().and_then(|o| source_of(o, line));
        fill(ctx, line, source)?;
    }
    compute(ctx, invoice, order.as_ref())
}

/// The order lines of rows that name only a product: the first of it with something left to invoice, or to credit.
fn find_lines(ctx: &mut Ctx<'_>, invoice: &mut SalesInvoice, order: &SalesOrder) -> Result<()> {
    let basis = ctx.setting::<ErpSettings>()?.invoice_basis;
    let mut taken = PerLine::new();
    let mut lines = std::mem::take(&mut invoice.lines);
    for line in &mut lines {
        if line.sales_order_line.is_none() {
            let mut rooms = Vec::new();
            for candidate in order.lines.iter().filter(|l| l.product == line.product) {
                rooms.push((candidate.id, invoice.signed(remaining(ctx, order, candidate, basis)?)));
            }
            line.sales_order_line = first_with_room(&rooms, &taken)?.map(Ref::new);
        }
        if let Some(source) = line.sales_order_line {
            take(&mut taken, source.id(), line.quantity)?;
        }
    }
    invoice.lines = lines;
    Ok(())
}

/// Still to invoice of an order line, drafts aside; negative is to be credited.
fn remaining(ctx: &mut Ctx<'_>, order: &SalesOrder, line: &SalesOrderLine, basis: InvoiceBasis) -> Result<Quantity> {
    let stocked = ctx.get(line.product)?.is_stocked();
    let done = progress::of_line(ctx, order, line)?;
    to_invoice(&done, stocked, basis)
}

/// Price, discount and rate that a row leaves open come from its order line, else from the product. The discount belongs
/// to the order's price: with a price of its own a row has none unless it says so.
fn fill(ctx: &mut Ctx<'_>, line: &mut SalesInvoiceLine, source: Option<&SalesOrderLine>) -> Result<()> {
    if let Some(source) = source {
        if line.unit_price.is_none() {
            line.unit_price = source.unit_price;
            line.discount_rate = line.discount_rate.or(Some(source.discount_rate));
        }
        line.vat_rate = line.vat_rate.or(source.vat_rate);
    } else if line.unit_price.is_none() || line.vat_rate.is_none() {
        let product = ctx.get(line.product)?;
        line.vat_rate = line.vat_rate.or(Some(product.vat_rate));
        line.unit_price = line.unit_price.or(Some(product.sales_price.unwrap_or_default()));
    }
    line.discount_rate = line.discount_rate.or(Some(Rate::ZERO));
    Ok(())
}

/// The order line that an invoice line takes from.
pub fn source_of<'o>(order: &'o SalesOrder, line: &SalesInvoiceLine) -> Option<&'o SalesOrderLine> {
    order.line(line.sales_order_line).filter(|l| l.product == line.product)
}

/// Amounts of all lines and totals; a line that takes the rest of its order line takes the rest of its net and tax.
pub fn compute(ctx: &mut Ctx<'_>, invoice: &mut SalesInvoice, order: Option<&SalesOrder>) -> Result<()> {
    let (kind, tax_included) = (invoice.kind, invoice.tax_included.unwrap_or_default());
    for line in &mut invoice.lines {
        let mut sums = calc::line(Terms {
            quantity: line.quantity,
            unit_price: line.unit_price.unwrap_or_default(),
            discount_rate: line.discount_rate.unwrap_or_default(),
            vat_rate: line.vat_rate.unwrap_or_default(),
            tax_included,
        })?;
        if let Some(order) = order
            && let Some(source) = source_of(order, line)
        {
            let done = progress::of_line(ctx, order, source)?;
            if let Some(rest) = rest(kind, line, source, &done)?
                && rest != sums
                && billed_alike(ctx, order, line)?
            {
                sums = rest;
            }
        }
        (line.net, line.tax, line.total) = (sums.net, sums.tax, sums.total()?);
    }
    invoice.net = total(invoice.lines.iter().map(|l| l.net))?;
    invoice.tax = total(invoice.lines.iter().map(|l| l.tax))?;
    invoice.total = plus(invoice.net, invoice.tax)?;
    Ok(())
}

/// The rest of net and tax, when this line takes the rest: at the order's terms of the ordered quantity, or for a credit
/// of the invoiced.
fn rest(
    kind: InvoiceKind,
    line: &SalesInvoiceLine,
    source: &SalesOrderLine,
    done: &OrderFulfilment,
) -> Result<Option<Sums>> {
    let as_ordered = line.terms() == (source.unit_price, Some(source.discount_rate), source.vat_rate);
    Ok(match kind {
        InvoiceKind::Normal if as_ordered && plus(done.invoiced, line.quantity)? == source.quantity => {
            Some(Sums { net: minus(source.net, done.invoiced_net)?, tax: minus(source.tax, done.invoiced_tax)? })
        }
        InvoiceKind::Credit if done.invoiced == line.quantity => {
            Some(Sums { net: done.invoiced_net, tax: done.invoiced_tax })
        }
        InvoiceKind::Normal | InvoiceKind::Credit => None,
    })
}

/// Whether everything posted of this order line had the terms of this row; else there is no rest to speak of.
fn billed_alike(ctx: &mut Ctx<'_>, order: &SalesOrder, line: &SalesInvoiceLine) -> Result<bool> {
    let billed = billed(ctx, Ref::new(order.head.id))?;
    let mut same_line = billed.iter().filter(|b| b.sales_order_line == line.sales_order_line);
    Ok(same_line.all(|b| b.terms() == line.terms()))
}

/// Lines of the posted normal invoices of an order, oldest first.
pub fn billed(ctx: &mut Ctx<'_>, order: Ref<SalesOrder>) -> Result<Vec<SalesInvoiceLine>> {
    let find = Find::<SalesInvoice>::all().eq("sales_order", order).eq("state", PostingState::Posted);
    let mut lines = Vec::new();
    for invoice in ctx.find(find.eq("kind", InvoiceKind::Normal).sort("invoice_date").sort("id"))? {
        lines.extend(ctx.get(Ref::<SalesInvoice>::new(invoice.head.id))?.lines);
    }
    Ok(lines)
}

/// Refuses wrong dates, lines of another order, more than remains, and without an order what is disabled.
pub fn check(ctx: &mut Ctx<'_>, invoice: &mut SalesInvoice) -> Result<()> {
    if invoice.due_date.is_some_and(|d| d < invoice.invoice_date) {
        return Err(Refusal::field(
            "dueDate",
            "BEFORE_INVOICE",
            Text::of("到期日不能早于发票日期。", "The due date is before the invoice date."),
        ));
    }
    if invoice.sales_order.is_some() {
        return within_order(ctx, invoice, true);
    }
    ctx.get(invoice.customer)?.usable()?;
    for (index, line) in invoice.lines.iter().enumerate() {
        ctx.get(line.product)?.usable(&format!("lines[{index}].product"))?;
        if line.sales_order_line.is_some() {
            return Err(not_of_order(&format!("lines[{index}].salesOrderLine")));
        }
    }
    Ok(())
}

/// Quantities stay within what is to invoice (or to credit), counting other drafts when `with_drafts`.
pub fn within_order(ctx: &mut Ctx<'_>, invoice: &SalesInvoice, with_drafts: bool) -> Result<()> {
    let Some(order_ref) = invoice.sales_order else {
        return Ok(());
    };
    let order = ctx.get(order_ref)?;
    of_order(invoice, &order)?;
    progress::lock_lines(ctx, &order)?;
    let basis = ctx.setting::<ErpSettings>()?.invoice_basis;
    let drafts = if with_drafts { invoice_drafts(ctx, order_ref, invoice.head.id)? } else { PerLine::new() };
    let mut taken = PerLine::new();
    for (index, line) in invoice.lines.iter().enumerate() {
        let Some(source) = source_of(&order, line) else {
            return Err(not_of_order(&format!("lines[{index}].salesOrderLine")));
        };
        let asked = take(&mut taken, source.id, line.quantity)?;
        let room = invoice.signed(left(remaining(ctx, &order, source, basis)?, &drafts, source.id)?);
        if asked > room {
            return Err(exceeds_remaining(ctx, line.product, asked, room));
        }
    }
    Ok(())
}

/// Customer and kind of price are the order's, and the order was promised.
fn of_order(invoice: &SalesInvoice, order: &SalesOrder) -> Result<()> {
    if order.customer != invoice.customer {
        return Err(Refusal::field(
            "customer",
            "NOT_OF_ORDER",
            Text::of("客户与订单不一致。", "The customer is not that of the order."),
        ));
    }
    if invoice.tax_included != Some(order.tax_included) {
        return Err(Refusal::field(
            "taxIncluded",
            "NOT_OF_ORDER",
            Text::of("价格是否含税与订单不一致。", "Whether prices include tax is not as the order says."),
        ));
    }
    if matches!(order.state, SalesOrderState::Confirmed | SalesOrderState::Closed) {
        return Ok(());
    }
    Err(Refusal::rule(
        "erp.order.not-confirmed",
        Text::of("订单未确认，不能开票。", "The order is not confirmed; it cannot be invoiced."),
        json!({"order": order.head.number, "state": order.state.name()}),
    ))
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
