//! What came in, went out and is left of each product, from the stock moves.

use super::{FROM, TO, by_code, named, span};
use crate::calc::plus;
use crate::product::Product;
use crate::stock::StockMove;
use crate::warehouse::Warehouse;
use paas_cell::prelude::*;
use std::collections::BTreeMap;

/// 收发存汇总 | Stock summary
pub const STOCK_SUMMARY: Report = Report {
    name: "stock-summary",
    label: Labels::of("收发存汇总", "Stock summary"),
    parameters: &[FROM, TO],
    drill: &[
        Drill {
            columns: &["inQuantity", "inValue", "outQuantity", "outValue"],
            to: DrillTarget::Resource("stock-moves"),
            with: &[
                ("product.code", DrillFrom::Column("product")),
                ("warehouse.code", DrillFrom::Column("warehouse")),
                ("date[gte]", DrillFrom::Parameter("from")),
                ("date[lte]", DrillFrom::Parameter("to")),
            ],
        },
        Drill {
            columns: &["closingQuantity", "closingValue"],
            to: DrillTarget::Resource("stock-moves"),
            with: &[
                ("product.code", DrillFrom::Column("product")),
                ("warehouse.code", DrillFrom::Column("warehouse")),
                ("date[lte]", DrillFrom::Parameter("to")),
            ],
        },
    ],
    run: stock_summary,
};

#[derive(Clone, Copy, Default)]
struct Part {
    quantity: Quantity,
    value: Amount,
}

impl Part {
    fn add(&mut self, sum: &Sum) -> Result<()> {
        self.quantity = plus(self.quantity, Quantity::from_raw(sum.raw(0)))?;
        self.value = plus(self.value, Amount::from_raw(sum.raw(1)))?;
        Ok(())
    }

    fn cells(self) -> [Json; 2] {
        [json!(self.quantity.to_string()), json!(self.value.to_string())]
    }
}

fn stock_summary(ctx: &mut Ctx<'_>, params: &Params) -> Result<Table> {
    let (from, to) = span(ctx, params)?;
    let within = || Find::<StockMove>::all().op("date", Op::Gte, from).op("date", Op::Lte, to);
    let parts = [
        Find::<StockMove>::all().op("date", Op::Lt, from),
        within().op("quantity", Op::Gt, Quantity::ZERO),
        within().op("quantity", Op::Lte, Quantity::ZERO),
        Find::<StockMove>::all().op("date", Op::Lte, to),
    ];
    let mut rows: BTreeMap<(Id, Id), [Part; 4]> = BTreeMap::new();
    for (index, find) in parts.into_iter().enumerate() {
        for sum in ctx.sum(find, &["product", "warehouse"], &["quantity", "value"])? {
            let (Some(product), Some(warehouse)) = (sum.id(0), sum.id(1)) else { continue };
            if let Some(part) = rows.entry((product, warehouse)).or_default().get_mut(index) {
                part.add(&sum)?;
            }
        }
    }
    let mut table = Table::new(to)
        .column("product", "商品", "Product", "text")
        .column("productName", "商品名称", "Product name", "text")
        .column("warehouse", "仓库", "Warehouse", "text")
        .column("openingQuantity", "期初数量", "Opening quantity", "quantity")
        .column("openingValue", "期初金额", "Opening value", "amount")
        .column("inQuantity", "入库数量", "In", "quantity")
        .column("inValue", "入库金额", "In value", "amount")
        .column("outQuantity", "出库数量", "Out", "quantity")
        .column("outValue", "出库金额", "Out value", "amount")
        .column("closingQuantity", "期末数量", "Closing quantity", "quantity")
        .column("closingValue", "期末金额", "Closing value", "amount");
    let mut sums = [Amount::ZERO; 4];
    for ((product, warehouse), mut parts) in rows {
        if let Some(out) = parts.get_mut(2) {
            *out = Part { quantity: -out.quantity, value: -out.value };
        }
        let (code, name) = named::<Product>(ctx, product)?;
        let (place, _) = named::<Warehouse>(ctx, warehouse)?;
        let mut cells = vec![code, name, place];
        for (part, sum) in parts.into_iter().zip(sums.iter_mut()) {
            cells.extend(part.cells());
            *sum = plus(*sum, part.value)?;
        }
        table.push(cells);
    }
    by_code(&mut table, 3);
    for (name, sum) in ["openingValue", "inValue", "outValue", "closingValue"].into_iter().zip(sums) {
        table.total(name, json!(sum.to_string()));
    }
    Ok(table)
}
