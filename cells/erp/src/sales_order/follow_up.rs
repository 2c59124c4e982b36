//! What follows an order: delivery and invoice drafts, and what remains for them.

use super::{SalesOrder, SalesOrderLine, progress, rules};
use crate::calc::minus;
use crate::delivery::{Delivery, DeliveryLine};
use crate::posting::PostingState;
use crate::sales_invoice::{InvoiceKind, SalesInvoice, SalesInvoiceLine, billed};
use crate::settings::{ErpSettings, InvoiceBasis};
use crate::sources::{PerLine, left, take};
use crate::successors::reference;
use paas_cell::prelude::*;
use progress::OrderFulfilment;

/// 后续单据 | Follow-up
#[derive(Master, Clone, Debug)]
pub struct FollowUp {
    /// What the platform keeps.
    pub head: Head,
    /// 日期 | Date
    pub date: Option<Date>,
    /// 明细：空表示全部剩余 | Lines: none means everything that remains
    #[rows]
    pub lines: Vec<FollowUpLine>,
}

/// 后续单据行 | Follow-up line
#[derive(Row, Clone, Debug)]
pub struct FollowUpLine {
    /// Identity.
    pub id: Id,
    /// 订单行 | Order line
    pub sales_order_line: Ref<SalesOrderLine>,
    /// 数量：空表示剩余 | Quantity: none means what remains
    #[field(above = "0", max_value = "1000000000")]
    pub quantity: Option<Quantity>,
}

/// Still to invoice of a line, without what lies on drafts; negative is to be credited.
pub fn to_invoice(done: &OrderFulfilment, stocked: bool, basis: InvoiceBasis) -> Result<Quantity> {
    let base =
        if rules::follows_delivery(stocked, basis) { done.delivered } else { minus(done.ordered, done.cancelled)? };
    minus(minus(base, done.returned)?, done.invoiced)
}

/// Quantities on open delivery drafts of an order, except one draft.
pub fn delivery_drafts(ctx: &mut Ctx<'_>, order: Ref<SalesOrder>, except: Id) -> Result<PerLine> {
    let drafts = ctx.find(Find::<Delivery>::all().eq("sales_order", order).eq("state", PostingState::Draft))?;
    let mut sums = PerLine::new();
    for draft in drafts.into_iter().filter(|d| d.head.id != except) {
        for line in ctx.get(Ref::<Delivery>::new(draft.head.id))?.lines {
            take(&mut sums, id_of(line.sales_order_line), line.quantity)?;
        }
    }
    Ok(sums)
}

/// Quantities on open invoice drafts of an order (credits negative), except one draft.
pub fn invoice_drafts(ctx: &mut Ctx<'_>, order: Ref<SalesOrder>, except: Id) -> Result<PerLine> {
    let drafts = ctx.find(Find::<SalesInvoice>::all().eq("sales_order", order).eq("state", PostingState::Draft))?;
    let mut sums = PerLine::new();
    for draft in drafts.into_iter().filter(|d| d.head.id != except) {
        for line in ctx.get(Ref::<SalesInvoice>::new(draft.head.id))?.lines {
            let signed = if draft.kind == InvoiceKind::Credit { -line.quantity } else { line.quantity };
            take(&mut sums, id_of(line.sales_order_line), signed)?;
        }
    }
    Ok(sums)
}

fn id_of(line: Option<Ref<SalesOrderLine>>) -> Id {
    line.map_or(Id::NIL, |line| line.id())
}

/// Deliveries and invoices of an order that are not reversed.
pub fn successors(ctx: &mut Ctx<'_>, order: Ref<SalesOrder>) -> Result<Vec<AnyRef>> {
    let deliveries = ctx.find(Find::<Delivery>::all().eq("sales_order", order))?;
    let invoices = ctx.find(Find::<SalesInvoice>::all().eq("sales_order", order))?;
    let mut found: Vec<AnyRef> =
        deliveries.iter().filter(|d| d.state != PostingState::Reversed).map(reference).collect();
    found.extend(invoices.iter().filter(|i| i.state != PostingState::Reversed).map(reference));
    Ok(found)
}

fn nothing_remaining() -> Refusal {
    Refusal::rule(
        "erp.order.nothing-remaining",
        Text::of("没有剩余数量，可能已在其他草稿单据中。", "Nothing remains; it may lie on other drafts."),
        json!({}),
    )
}

/// The wanted lines with their order lines, and the date.
struct Wanted {
    date: Date,
    lines: Vec<(SalesOrderLine, Option<Quantity>)>,
}

fn wanted(ctx: &mut Ctx<'_>, order: &SalesOrder) -> Result<Wanted> {
    let said = ctx.data::<FollowUp>().cloned();
    let today = ctx.today().max(order.order_date);
    let date = said.as_ref().and_then(|s| s.date).unwrap_or(today);
    let said = said.map(|s| s.lines).unwrap_or_default();
    if said.is_empty() {
        return Ok(Wanted { date, lines: order.lines.iter().map(|l| (l.clone(), None)).collect() });
    }
    let mut lines = Vec::with_capacity(said.len());
    for (index, line) in said.iter().enumerate() {
        let Some(found) = order.line(Some(line.sales_order_line)) else {
            return Err(not_of_order(&format!("data.lines[{index}].salesOrderLine")));
        };
        lines.push((found.clone(), line.quantity));
    }
    Ok(Wanted { date, lines })
}

/// The line belongs to another order.
pub fn not_of_order(field: &str) -> Refusal {
    Refusal::field(field, "NOT_FOUND", Text::of("订单中没有这一行。", "The order has no such line."))
}

/// Creates a delivery draft of what remains or was asked for.
pub fn deliver(ctx: &mut Ctx<'_>, order: &mut SalesOrder) -> Result<()> {
    let this = Ref::new(order.head.id);
    let Wanted { date, lines } = wanted(ctx, order)?;
    progress::lock_lines(ctx, order)?;
    ctx.expect(order.lines.iter().map(|line| line.product))?;
    let drafts = delivery_drafts(ctx, this, Id::NIL)?;
    let mut delivery = Delivery::blank();
    delivery.sales_order = Some(this);
    delivery.customer = order.customer;
    delivery.warehouse = order.warehouse;
    delivery.delivery_date = date;
    for (line, asked) in lines {
        if !ctx.get(line.product)?.is_stocked() {
            continue;
        }
        let done = progress::of_line(ctx, order, &line)?;
        let remaining = left(done.to_deliver()?, &drafts, line.id)?;
        let quantity = asked.unwrap_or(remaining);
        if quantity > remaining {
            return Err(crate::delivery::exceeds_order(ctx, line.product, quantity, remaining));
        }
        if quantity.is_positive() {
            let mut row = DeliveryLine::blank();
            row.sales_order_line = Some(Ref::new(line.id));
            row.product = line.product;
            row.quantity = quantity;
            delivery.lines.push(row);
        }
    }
    if delivery.lines.is_empty() {
        return Err(nothing_remaining());
    }
    ctx.create(delivery).map(drop)
}

/// Creates an invoice draft of what remains or was asked for; a credit draft when only credits remain. Also on closed
/// orders: of what went out before somebody closed them, or what came back after.
pub fn invoice(ctx: &mut Ctx<'_>, order: &mut SalesOrder) -> Result<()> {
    let this = Ref::new(order.head.id);
    let basis = ctx.setting::<ErpSettings>()?.invoice_basis;
    let Wanted { date, lines } = wanted(ctx, order)?;
    progress::lock_lines(ctx, order)?;
    ctx.expect(order.lines.iter().map(|line| line.product))?;
    let drafts = invoice_drafts(ctx, this, Id::NIL)?;
    let mut open = Vec::with_capacity(lines.len());
    for (line, asked) in lines {
        let stocked = ctx.get(line.product)?.is_stocked();
        let done = progress::of_line(ctx, order, &line)?;
        let remaining = left(to_invoice(&done, stocked, basis)?, &drafts, line.id)?;
        open.push((line, asked, remaining));
    }
    let credit = !open.iter().any(|o| o.2.is_positive());
    let billed = if credit { billed(ctx, this)? } else { Vec::new() };
    let mut invoice = SalesInvoice::blank();
    invoice.sales_order = Some(this);
    invoice.customer = order.customer;
    invoice.invoice_date = date;
    invoice.kind = if credit { InvoiceKind::Credit } else { InvoiceKind::Normal };
    for (line, asked, remaining) in open {
        let room = if credit { -remaining } else { remaining };
        let quantity = asked.unwrap_or(room);
        if asked.is_some() && quantity > room {
            return Err(crate::sales_invoice::exceeds_remaining(ctx, line.product, quantity, room));
        }
        if quantity.is_positive() {
            let mut row = SalesInvoiceLine::blank();
            row.sales_order_line = Some(Ref::new(line.id));
            row.product = line.product;
            row.quantity = quantity;
            // A credit gives back what was billed, which may have been something else than ordered.
            if let Some(billed) = billed.iter().rev().find(|b| b.sales_order_line == row.sales_order_line) {
                (row.unit_price, row.discount_rate, row.vat_rate) =
                    (billed.unit_price, billed.discount_rate, billed.vat_rate);
            }
            invoice.lines.push(row);
        }
    }
    if invoice.lines.is_empty() {
        return Err(nothing_remaining());
    }
    ctx.create(invoice).map(drop)
}
