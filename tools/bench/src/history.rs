//! Old orders: created and confirmed by the program's own rules below HTTP, so with the same rows, seals and balances as
//! any other. Answers kept for repeated requests are not among them: those of old orders were thrown away a day later.

use crate::trade::{LINES, Masters};
use crate::world::World;
use cell_erp::sales_order::{SalesOrder, SalesOrderLine};
use paas_cell::Ctx;
use paas_cell::prelude::*;
use std::sync::Arc;

/// Orders per job.
const AT_ONCE: u64 = 25;
/// Jobs under way on SQLite, whose writer takes them together; writers of a server would stand in each other's way.
const UNDER_WAY: u64 = 8;
/// Over so many days the old orders are spread.
const DAYS: u64 = 300;

/// Adds orders, numbered from zero.
pub fn fill(world: &World, masters: &Masters, orders: u64) -> std::result::Result<(), String> {
    let service = world.service()?;
    let under_way = if world.is_on_server { 1 } else { UNDER_WAY };
    world.block_on(async {
        let lanes = (0..under_way).map(|lane| {
            let (service, masters) = (Arc::clone(service), masters.clone());
            tokio::spawn(async move {
                let tenant = service.store().tenants().await?.into_iter().find(|t| &*t.tenant.code == "demo");
                let tenant = tenant.map(|t| t.tenant).ok_or_else(|| Refusal::internal("the demo is not there"))?;
                for first in (lane * AT_ONCE..orders).step_by(usize::try_from(under_way * AT_ONCE).unwrap_or(1)) {
                    let masters = masters.clone();
                    let some = first..(first + AT_ONCE).min(orders);
                    let job = move |ctx: &mut Ctx<'_>| some.clone().try_for_each(|number| one(ctx, &masters, number));
                    service.write_as_system(tenant.clone(), &format!("old-{first}"), job).await?;
                }
                Ok::<_, Refusal>(())
            })
        });
        for lane in lanes.collect::<Vec<_>>() {
            let failed = |r: Refusal| format!("old orders: {} ({})", r.message().en, r.cause().unwrap_or_default());
            lane.await.map_err(|e| e.to_string())?.map_err(failed)?;
        }
        Ok(())
    })
}

fn one(ctx: &mut Ctx<'_>, masters: &Masters, number: u64) -> Result<()> {
    let mut order = SalesOrder::blank();
    let (customer, warehouse, day) = masters.head(number);
    let day: Date = day.parse().map_err(|()| Refusal::internal("a day that is none"))?;
    (order.customer, order.warehouse) = (reference(customer)?, reference(warehouse)?);
    order.order_date = day.plus_days(-i32::try_from(1 + number % DAYS).unwrap_or_default());
    order.exchange_rate = decimal("1")?;
    for (line, quantity) in (0..LINES).zip(1_i64..) {
        let mut row = SalesOrderLine::blank();
        row.product = reference(masters.product(number, line))?;
        row.quantity = decimal(&quantity.to_string())?;
        (row.unit_price, row.vat_rate) = (Some(decimal("12.50")?), Some(decimal("0.13")?));
        order.lines.push(row);
    }
    let mut order = ctx.create(order)?;
    ctx.take(&mut order, "confirm")
}

fn reference<T>(id: &str) -> Result<Ref<T>> {
    id.parse().map(Ref::new).map_err(|_| Refusal::internal("an id that is none"))
}

fn decimal<const S: u32>(text: &str) -> Result<paas_types::Fixed<S>> {
    paas_types::Fixed::parse(text).map_err(|_| Refusal::internal("a number that is none"))
}
