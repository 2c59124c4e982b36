//! What became of the lines of an order: a ledger, so that it cannot drift from the deliveries and invoices.

use super::{SalesOrder, SalesOrderLine};
use crate::calc::{minus, plus, share};
use crate::customer::exposure;
use crate::product::Product;
use crate::stock::{self, reservation};
use crate::warehouse::Warehouse;
use paas_cell::prelude::*;

/// 订单执行 | Order fulfilment
#[derive(Balance, Clone, Debug)]
#[balance(resource = "order-fulfilments", index(product, warehouse))]
pub struct OrderFulfilment {
    /// 订单行 | Order line
    #[field(key, list, indexed)]
    pub line: Ref<SalesOrderLine>,
    /// 商品 | Product
    #[field(list)]
    pub product: Ref<Product>,
    /// 仓库 | Warehouse
    #[field(list)]
    pub warehouse: Ref<Warehouse>,
    /// 确认时间 | Confirmed at
    pub since: Instant,
    /// 订购 | Ordered
    #[field(measure, list)]
    pub ordered: Quantity,
    /// 取消 | Cancelled
    #[field(measure, list)]
    pub cancelled: Quantity,
    /// 已交 | Delivered
    #[field(measure, list)]
    pub delivered: Quantity,
    /// 已退 | Returned
    #[field(measure, list)]
    pub returned: Quantity,
    /// 已开票 | Invoiced
    #[field(measure, list)]
    pub invoiced: Quantity,
    /// 已预留 | Reserved
    #[field(measure, list)]
    pub reserved: Quantity,
    /// 缺货 | Short
    #[field(measure, list)]
    pub short: Quantity,
    /// 已开票金额 | Invoiced net
    #[field(measure)]
    pub invoiced_net: Amount,
    /// 已开票税额 | Invoiced tax
    #[field(measure)]
    pub invoiced_tax: Amount,
    /// 已结转成本 | Invoiced cost
    #[field(measure)]
    pub invoiced_cost: Amount,
}

/// 订单执行流水 | Order progress
#[derive(Entry, Clone, Debug)]
#[entry(balance = OrderFulfilment, resource = "order-progress")]
pub struct OrderProgress {
    /// Identity.
    pub id: Id,
    /// 订单行 | Order line
    #[field(key, list, indexed)]
    pub line: Ref<SalesOrderLine>,
    /// 商品 | Product
    pub product: Ref<Product>,
    /// 仓库 | Warehouse
    pub warehouse: Ref<Warehouse>,
    /// 时间 | At
    pub since: Instant,
    /// 订购 | Ordered
    #[field(measure, list)]
    pub ordered: Quantity,
    /// 取消 | Cancelled
    #[field(measure, list)]
    pub cancelled: Quantity,
    /// 已交 | Delivered
    #[field(measure, list)]
    pub delivered: Quantity,
    /// 已退 | Returned
    #[field(measure, list)]
    pub returned: Quantity,
    /// 已开票 | Invoiced
    #[field(measure, list)]
    pub invoiced: Quantity,
    /// 已预留 | Reserved
    #[field(measure)]
    pub reserved: Quantity,
    /// 缺货 | Short
    #[field(measure)]
    pub short: Quantity,
    /// 已开票金额 | Invoiced net
    #[field(measure)]
    pub invoiced_net: Amount,
    /// 已开票税额 | Invoiced tax
    #[field(measure)]
    pub invoiced_tax: Amount,
    /// 已结转成本 | Invoiced cost
    #[field(measure)]
    pub invoiced_cost: Amount,
}

impl OrderProgress {
    /// An entry for a line that changes nothing yet.
    pub fn of(line: &OrderFulfilment) -> OrderProgress {
        let mut entry = OrderProgress::blank();
        (entry.line, entry.product, entry.warehouse, entry.since) =
            (line.line, line.product, line.warehouse, line.since);
        entry
    }
}

impl OrderFulfilment {
    /// Still to deliver, without what lies on drafts.
    pub fn to_deliver(&self) -> Result<Quantity> {
        minus(minus(self.ordered, self.cancelled)?, self.delivered)
    }

    /// What counts against the credit limit: confirmed and not invoiced, less what came back.
    fn committed(&self, order_line: &SalesOrderLine) -> Result<Amount> {
        let open = minus(minus(minus(self.ordered, self.cancelled)?, self.returned)?, self.invoiced)?;
        share(order_line.total, open, order_line.quantity)
    }
}

/// Progress of a line, locked.
pub fn of_line(ctx: &mut Ctx<'_>, order: &SalesOrder, line: &SalesOrderLine) -> Result<OrderFulfilment> {
    let mut key = OrderFulfilment::blank();
    key.line = Ref::new(line.id);
    let mut found = ctx.balance(&key)?;
    (found.product, found.warehouse) = (line.product, order.warehouse);
    if found.since.micros() == 0 {
        found.since = ctx.now();
    }
    Ok(found)
}

/// Locks the progress of all lines of an order, before each is read.
pub fn lock_lines(ctx: &mut Ctx<'_>, order: &SalesOrder) -> Result<()> {
    let keys: Vec<OrderFulfilment> = order
        .lines
        .iter()
        .map(|line| {
            let mut key = OrderFulfilment::blank();
            key.line = Ref::new(line.id);
            key
        })
        .collect();
    ctx.lock_balances(&keys)
}

/// Posts a change of a line; what it means for the customer's exposure is to be committed by [`exposure::commit`].
pub fn advance(
    ctx: &mut Ctx<'_>,
    line: &SalesOrderLine,
    before: &OrderFulfilment,
    entry: OrderProgress,
) -> Result<Amount> {
    let after = ctx.post(entry)?;
    minus(after.committed(line)?, before.committed(line)?)
}

/// As [`advance`], for one line alone.
fn advance_alone(
    ctx: &mut Ctx<'_>,
    order: &SalesOrder,
    line: &SalesOrderLine,
    before: &OrderFulfilment,
    entry: OrderProgress,
) -> Result<()> {
    let change = advance(ctx, line, before, entry)?;
    exposure::commit(ctx, order.customer, change)
}

/// Confirming puts the ordered quantities into the ledger and reserves what is available; it never refuses for stock.
pub fn confirm(ctx: &mut Ctx<'_>, order: &mut SalesOrder) -> Result<()> {
    let mut stocked = Vec::with_capacity(order.lines.len());
    for line in &order.lines {
        stocked.push(ctx.get(line.product)?.is_stocked());
    }
    lock_lines(ctx, order)?;
    let keys: Vec<_> = order.lines.iter().map(|l| stock::key(l.product, order.warehouse)).collect();
    ctx.lock_balances(&keys)?;
    let mut change = Amount::ZERO;
    for (line, stocked) in order.lines.iter().zip(stocked) {
        let before = of_line(ctx, order, line)?;
        let mut entry = OrderProgress::of(&before);
        entry.ordered = line.quantity;
        if stocked {
            entry.reserved = reservation::available(ctx, line.product, order.warehouse)?.min(line.quantity);
            entry.short = minus(line.quantity, entry.reserved)?;
            reservation::reserve(ctx, &before, entry.reserved)?;
        }
        change = plus(change, advance(ctx, line, &before, entry)?)?;
    }
    exposure::commit(ctx, order.customer, change)
}

/// Reopening takes the quantities out again.
pub fn withdraw(ctx: &mut Ctx<'_>, order: &mut SalesOrder) -> Result<()> {
    lock_lines(ctx, order)?;
    let mut change = Amount::ZERO;
    for line in &order.lines {
        let before = of_line(ctx, order, line)?;
        let mut entry = OrderProgress::of(&before);
        entry.ordered = -before.ordered;
        drop_reservation(ctx, &before, &mut entry)?;
        change = plus(change, advance(ctx, line, &before, entry)?)?;
    }
    exposure::commit(ctx, order.customer, change)?;
    refill(ctx, order)
}

/// Closing by hand gives up what was not delivered.
pub fn close(ctx: &mut Ctx<'_>, order: &mut SalesOrder) -> Result<()> {
    lock_lines(ctx, order)?;
    let mut change = Amount::ZERO;
    for line in &order.lines {
        let before = of_line(ctx, order, line)?;
        let stocked = ctx.get(line.product)?.is_stocked();
        let mut entry = OrderProgress::of(&before);
        entry.cancelled = if stocked {
            before.to_deliver()?
        } else {
            minus(minus(before.ordered, before.cancelled)?, before.invoiced)?
        };
        drop_reservation(ctx, &before, &mut entry)?;
        change = plus(change, advance(ctx, line, &before, entry)?)?;
    }
    exposure::commit(ctx, order.customer, change)?;
    order.auto_closed = false;
    refill(ctx, order)
}

fn drop_reservation(ctx: &mut Ctx<'_>, before: &OrderFulfilment, entry: &mut OrderProgress) -> Result<()> {
    reservation::reserve(ctx, before, -before.reserved)?;
    (entry.reserved, entry.short) = (-before.reserved, -before.short);
    Ok(())
}

/// What this order no longer holds serves others.
fn refill(ctx: &mut Ctx<'_>, order: &SalesOrder) -> Result<()> {
    for line in &order.lines {
        reservation::fill(ctx, line.product, order.warehouse)?;
    }
    Ok(())
}

/// A delivery of a line: uses its reservation first. The goods move elsewhere.
pub fn deliver(ctx: &mut Ctx<'_>, order: &SalesOrder, line: &SalesOrderLine, quantity: Quantity) -> Result<()> {
    let before = of_line(ctx, order, line)?;
    let used = quantity.min(before.reserved);
    let mut entry = OrderProgress::of(&before);
    entry.delivered = quantity;
    entry.reserved = -used;
    entry.short = -minus(quantity, used)?;
    reservation::reserve(ctx, &before, -used)?;
    advance_alone(ctx, order, line, &before, entry)
}

/// A delivery that is reversed: the quantity is owed again, or given up when the order was closed by hand.
pub fn undeliver(ctx: &mut Ctx<'_>, order: &SalesOrder, line: &SalesOrderLine, quantity: Quantity) -> Result<()> {
    let before = of_line(ctx, order, line)?;
    let mut entry = OrderProgress::of(&before);
    entry.delivered = -quantity;
    if order.state == super::SalesOrderState::Closed && !order.auto_closed {
        entry.cancelled = quantity;
    } else {
        entry.short = quantity;
    }
    advance_alone(ctx, order, line, &before, entry)
}

/// Goods that came back (or, negative, a return that is reversed).
pub fn give_back(ctx: &mut Ctx<'_>, order: &SalesOrder, line: &SalesOrderLine, quantity: Quantity) -> Result<()> {
    let before = of_line(ctx, order, line)?;
    let mut entry = OrderProgress::of(&before);
    entry.returned = quantity;
    advance_alone(ctx, order, line, &before, entry)
}

/// What can be delivered of a line now: its reservation and what nobody reserved.
pub fn usable(ctx: &mut Ctx<'_>, order: &SalesOrder, line: &SalesOrderLine) -> Result<Quantity> {
    let before = of_line(ctx, order, line)?;
    plus(before.reserved, reservation::available(ctx, line.product, order.warehouse)?)
}
