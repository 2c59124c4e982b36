//! Defaults, amounts, credit limit, and when an order is finished.

use super::{SalesOrder, SalesOrderState, progress};
use crate::calc::{self, Terms, plus, total};
use crate::customer::exposure;
use crate::settings::{ErpSettings, InvoiceBasis};
use paas_cell::prelude::*;

/// Fills prices, rates and currency, and computes the amounts.
pub fn prepare(ctx: &mut Ctx<'_>, order: &mut SalesOrder) -> Result<()> {
    if order.currency.is_none() {
        order.currency = Some(ctx.get(order.customer)?.currency);
    }
    if order.salesperson.is_none() && !ctx.user().0.is_nil() {
        order.salesperson = Some(ctx.user());
    }
    let tax_included = order.tax_included;
    for line in &mut order.lines {
        if line.unit_price.is_none() || line.vat_rate.is_none() {
            let product = ctx.get(line.product)?;
            line.vat_rate = line.vat_rate.or(Some(product.vat_rate));
            line.unit_price = line.unit_price.or(Some(product.sales_price.unwrap_or_default()));
        }
        let sums = calc::line(Terms {
            quantity: line.quantity,
            unit_price: line.unit_price.unwrap_or_default(),
            discount_rate: line.discount_rate,
            vat_rate: line.vat_rate.unwrap_or_default(),
            tax_included,
        })?;
        (line.net, line.tax, line.total) = (sums.net, sums.tax, sums.total()?);
    }
    order.net = total(order.lines.iter().map(|l| l.net))?;
    order.tax = total(order.lines.iter().map(|l| l.tax))?;
    order.total = plus(order.net, order.tax)?;
    Ok(())
}

/// Refuses what must not stand on an order.
pub fn check(ctx: &mut Ctx<'_>, order: &mut SalesOrder) -> Result<()> {
    usable(ctx, order)?;
    if order.required_date.is_some_and(|d| d < order.order_date) {
        return Err(Refusal::field(
            "requiredDate",
            "BEFORE_ORDER",
            Text::of("要求日期不能早于订单日期。", "The required date is before the order date."),
        ));
    }
    crate::settings::only_base_currency(order.currency.as_deref(), order.exchange_rate)
}

/// A disabled customer orders nothing, and nothing disabled is ordered.
pub fn usable(ctx: &mut Ctx<'_>, order: &mut SalesOrder) -> Result<()> {
    ctx.get(order.customer)?.usable()?;
    ctx.hold_all(order.lines.iter().map(|line| line.product))?;
    for (index, line) in order.lines.iter().enumerate() {
        ctx.get(line.product)?.usable(&format!("lines[{index}].product"))?;
    }
    Ok(())
}

/// The credit limit, under the customer's lock: open receivables + delivered not invoiced + confirmed not delivered.
pub fn credit(ctx: &mut Ctx<'_>, order: &mut SalesOrder) -> Result<()> {
    let customer = ctx.lock(order.customer)?;
    let Some(limit) = customer.credit_limit else {
        return Ok(());
    };
    let used = exposure::used(ctx, order.customer)?;
    let wanted = plus(used, order.total)?;
    if wanted <= limit {
        return Ok(());
    }
    Err(Refusal::rule(
        "erp.credit.exceeded",
        Text::new(
            format!("客户{}信用额度 {limit}，已占用 {used}，本单 {}，超出额度。", customer.code, order.total),
            format!(
                "Customer {}: limit {limit}, used {used}, this order {}; the limit is exceeded.",
                customer.code, order.total
            ),
        ),
        json!({
            "customer": customer.code,
            "limit": limit.to_string(),
            "used": used.to_string(),
            "order": order.total.to_string(),
        }),
    ))
}

/// An order is reopened only while nothing was delivered or invoiced, not even as a draft.
pub fn untouched(ctx: &mut Ctx<'_>, order: &mut SalesOrder) -> Result<()> {
    let successors = super::follow_up::successors(ctx, Ref::new(order.head.id))?;
    crate::successors::none(&successors)
}

/// The order closes by itself.
pub fn finish(_: &mut Ctx<'_>, order: &mut SalesOrder) -> Result<()> {
    order.auto_closed = true;
    Ok(())
}

/// A reversal opens an order that closed by itself.
pub fn resume(_: &mut Ctx<'_>, order: &mut SalesOrder) -> Result<()> {
    order.auto_closed = false;
    Ok(())
}

/// Closes a confirmed order when nothing is left to deliver or invoice.
pub fn finish_when_done(ctx: &mut Ctx<'_>, order: &mut SalesOrder) -> Result<()> {
    if order.state == SalesOrderState::Confirmed && nothing_left(ctx, order)? {
        ctx.take(order, "finish")?;
    }
    Ok(())
}

/// Opens an order that closed by itself, when a reversal left something to deliver or invoice.
pub fn resume_when_open(ctx: &mut Ctx<'_>, order: &mut SalesOrder) -> Result<()> {
    if order.state == SalesOrderState::Closed && order.auto_closed && !nothing_left(ctx, order)? {
        ctx.take(order, "resume")?;
    }
    Ok(())
}

/// Everything is delivered and invoiced; what came back counts until it is credited.
fn nothing_left(ctx: &mut Ctx<'_>, order: &SalesOrder) -> Result<bool> {
    let basis = ctx.setting::<ErpSettings>()?.invoice_basis;
    for line in &order.lines {
        let done = progress::of_line(ctx, order, line)?;
        let stocked = ctx.get(line.product)?.is_stocked();
        if (stocked && !done.to_deliver()?.is_zero()) || !super::follow_up::to_invoice(&done, stocked, basis)?.is_zero()
        {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Whether invoices follow deliveries.
pub fn follows_delivery(stocked: bool, basis: InvoiceBasis) -> bool {
    stocked && basis == InvoiceBasis::Delivered
}
