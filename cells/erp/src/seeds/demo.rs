//! A small believable company: customers, suppliers, products, opening stock, and orders in every state.

use crate::bank_account::BankAccount;
use crate::customer::Customer;
use crate::delivery::Delivery;
use crate::posting::PostingState;
use crate::product::{Product, ProductKind};
use crate::product_category::ProductCategory;
use crate::receipt::{Allocation, Receipt};
use crate::sales_invoice::SalesInvoice;
use crate::sales_order::{SalesOrder, SalesOrderLine};
use crate::stock_adjustment::{Reason, StockAdjustment, StockAdjustmentLine};
use crate::supplier::Supplier;
use crate::unit::Unit;
use crate::warehouse::Warehouse;
use paas_cell::prelude::*;

/// Code, names, contact, phone, credit limit.
type DemoCustomer = (&'static str, &'static str, &'static str, &'static str, &'static str, Option<&'static str>);

const CUSTOMERS: &[DemoCustomer] = &[
    ("C001", "上海明远贸易有限公司", "Shanghai Mingyuan Trading", "陈明", "13800138001", Some("500000")),
    ("C002", "杭州云栖科技有限公司", "Hangzhou Yunqi Technology", "林晓", "13800138002", Some("200000")),
    ("C003", "苏州恒信办公用品有限公司", "Suzhou Hengxin Office", "周恒", "13800138003", None),
    ("C004", "南京蓝天学校", "Nanjing Blue Sky School", "吴芳", "13800138004", Some("100000")),
    ("C005", "宁波海港物流有限公司", "Ningbo Harbour Logistics", "郑海", "13800138005", Some("80000")),
    ("C006", "无锡精工制造有限公司", "Wuxi Precision Works", "孙工", "13800138006", None),
];

const SUPPLIERS: &[(&str, &str, &str, &str, &str)] = &[
    ("S001", "广州华南电子有限公司", "Guangzhou South Electronics", "黄电", "13900139001"),
    ("S002", "深圳启航办公设备有限公司", "Shenzhen Sail Office Equipment", "何航", "13900139002"),
    ("S003", "东莞纸业有限公司", "Dongguan Paper", "许纸", "13900139003"),
    ("S004", "佛山家具制造有限公司", "Foshan Furniture", "梁木", "13900139004"),
];

/// Code, names, category, sales price, purchase price, opening stock (empty for services).
const PRODUCTS: &[(&str, &str, &str, &str, &str, &str, &str)] = &[
    ("P001", "激光打印机", "Laser printer", "DEV", "1899", "1320", "40"),
    ("P002", "彩色复印机", "Colour copier", "DEV", "8800", "6900", "8"),
    ("P003", "文件扫描仪", "Document scanner", "DEV", "2399", "1650", "25"),
    ("P004", "无线键盘鼠标套装", "Wireless keyboard and mouse", "DEV", "159", "88", "200"),
    ("P005", "27寸显示器", "27-inch monitor", "DEV", "1299", "960", "60"),
    ("P006", "A4 复印纸（箱）", "A4 copy paper (box)", "SUP", "145", "108.5", "500"),
    ("P007", "黑色硒鼓", "Black toner", "SUP", "329", "215", "150"),
    ("P008", "中性笔（盒）", "Gel pens (box)", "SUP", "18", "9.6", "800"),
    ("P009", "升降办公桌", "Standing desk", "FUR", "2180", "1480", "30"),
    ("P010", "人体工学椅", "Ergonomic chair", "FUR", "1080", "690", "45"),
    ("P011", "文件柜", "Filing cabinet", "FUR", "560", "372", "20"),
    ("P012", "安装调试服务", "Installation service", "SRV", "300", "0", ""),
];

/// Customer, days ago, product and quantity of each line, how far it went (0 draft … 5 paid).
type DemoOrder = (&'static str, i32, &'static [(&'static str, &'static str)], u8);

const ORDERS: &[DemoOrder] = &[
    ("C001", 40, &[("P001", "5"), ("P007", "20"), ("P012", "2")], 5),
    ("C002", 33, &[("P005", "12"), ("P004", "12")], 5),
    ("C003", 28, &[("P006", "80"), ("P008", "100")], 4),
    ("C004", 21, &[("P009", "6"), ("P010", "6")], 3),
    ("C006", 14, &[("P002", "2"), ("P003", "3")], 2),
    ("C001", 9, &[("P010", "10"), ("P011", "4")], 2),
    ("C003", 5, &[("P006", "60"), ("P007", "15")], 1),
    ("C005", 2, &[("P011", "30")], 1),
    ("C002", 0, &[("P001", "3"), ("P006", "10")], 0),
];

/// Fills the demo tenant.
pub fn demo(ctx: &mut Ctx<'_>) -> Result<()> {
    parties(ctx)?;
    products(ctx)?;
    opening(ctx)?;
    for order in ORDERS {
        trade(ctx, order)?;
    }
    Ok(())
}

fn need<T: Typed>(ctx: &mut Ctx<'_>, code: &str) -> Result<Ref<T>> {
    ctx.by_code::<T>(code)?.ok_or_else(|| Refusal::internal(format!("the seed lacks {code}")))
}

/// A day of the current year, so that its period exists.
fn day(ctx: &Ctx<'_>, ago: i32) -> Date {
    let today = ctx.today();
    let first = Date::new(today.year(), 1, 2).unwrap_or(today);
    today.plus_days(-ago).max(first.min(today))
}

fn parties(ctx: &mut Ctx<'_>) -> Result<()> {
    for (code, name, name_en, contact, phone, limit) in CUSTOMERS {
        let mut customer = Customer::blank();
        (customer.code, customer.name, customer.name_en) =
            (code.to_string(), name.to_string(), Some(name_en.to_string()));
        customer.contact = Some(contact.to_string());
        customer.phone = Some(Secret::new(phone.to_string()));
        customer.credit_limit = limit.and_then(|l| Amount::parse(l).ok());
        (customer.payment_term_days, customer.currency) = (30, "CNY".to_owned());
        ctx.create(customer)?;
    }
    for (code, name, name_en, contact, phone) in SUPPLIERS {
        let mut supplier = Supplier::blank();
        (supplier.code, supplier.name, supplier.name_en) =
            (code.to_string(), name.to_string(), Some(name_en.to_string()));
        supplier.contact = Some(contact.to_string());
        supplier.phone = Some(Secret::new(phone.to_string()));
        (supplier.payment_term_days, supplier.currency) = (30, "CNY".to_owned());
        ctx.create(supplier)?;
    }
    Ok(())
}

fn products(ctx: &mut Ctx<'_>) -> Result<()> {
    let categories = [
        ("DEV", "办公设备", "Devices"),
        ("SUP", "办公耗材", "Supplies"),
        ("FUR", "办公家具", "Furniture"),
        ("SRV", "服务", "Services"),
    ];
    for (code, name, name_en) in categories {
        let mut category = ProductCategory::blank();
        (category.code, category.name, category.name_en) = (code.to_owned(), name.to_owned(), Some(name_en.to_owned()));
        ctx.create(category)?;
    }
    for (code, name, name_en, category, sales, purchase, stock) in PRODUCTS {
        let mut product = Product::blank();
        (product.code, product.name, product.name_en) = (code.to_string(), name.to_string(), Some(name_en.to_string()));
        product.category = Some(need(ctx, category)?);
        product.unit = need::<Unit>(ctx, if stock.is_empty() { "H" } else { "PCS" })?;
        product.kind = if stock.is_empty() { ProductKind::Service } else { ProductKind::Stocked };
        product.sales_price = Price::parse(sales).ok();
        product.purchase_price = Price::parse(purchase).ok();
        product.vat_rate = Rate::parse(if stock.is_empty() { "0.06" } else { "0.13" }).unwrap_or_default();
        ctx.create(product)?;
    }
    Ok(())
}

fn opening(ctx: &mut Ctx<'_>) -> Result<()> {
    let mut opening = StockAdjustment::blank();
    opening.warehouse = need::<Warehouse>(ctx, "WH01")?;
    opening.date = Date::new(ctx.today().year(), 1, 1).unwrap_or_else(|| ctx.today());
    opening.reason = Reason::Opening;
    for (code, _, _, _, _, cost, stock) in PRODUCTS.iter().filter(|p| !p.6.is_empty()) {
        let mut line = StockAdjustmentLine::blank();
        line.product = need(ctx, code)?;
        line.quantity = Quantity::parse(stock).unwrap_or_default();
        line.unit_cost = Price::parse(cost).ok();
        opening.lines.push(line);
    }
    let mut opening = ctx.create(opening)?;
    ctx.take(&mut opening, "post")
}

/// One order, as far as it went.
fn trade(ctx: &mut Ctx<'_>, (customer, ago, lines, steps): &DemoOrder) -> Result<()> {
    let mut order = SalesOrder::blank();
    order.customer = need::<Customer>(ctx, customer)?;
    order.warehouse = need::<Warehouse>(ctx, "WH01")?;
    order.order_date = day(ctx, *ago);
    order.exchange_rate = Rate::whole(1).unwrap_or_default();
    for (product, quantity) in *lines {
        let mut line = SalesOrderLine::blank();
        line.product = need(ctx, product)?;
        line.quantity = Quantity::parse(quantity).unwrap_or_default();
        order.lines.push(line);
    }
    let mut order = ctx.create(order)?;
    let this = Ref::<SalesOrder>::new(order.head.id);
    if *steps >= 1 {
        ctx.take(&mut order, "confirm")?;
    }
    if *steps >= 2 {
        ctx.take(&mut order, "deliver")?;
        for draft in ctx.find(Find::<Delivery>::all().eq("sales_order", this).eq("state", PostingState::Draft))? {
            let mut delivery = ctx.get(Ref::<Delivery>::new(draft.head.id))?;
            delivery.delivery_date = day(ctx, *ago - 1);
            ctx.save(&mut delivery)?;
            ctx.take(&mut delivery, "post")?;
        }
    }
    if *steps >= 3 {
        let mut order = ctx.get(this)?;
        ctx.take(&mut order, "invoice")?;
        for draft in ctx.find(Find::<SalesInvoice>::all().eq("sales_order", this).eq("state", PostingState::Draft))? {
            let mut invoice = ctx.get(Ref::<SalesInvoice>::new(draft.head.id))?;
            invoice.invoice_date = day(ctx, *ago - 2);
            invoice.due_date = Some(invoice.invoice_date.plus_days(30));
            ctx.save(&mut invoice)?;
            ctx.take(&mut invoice, "post")?;
            if *steps >= 4 {
                pay(ctx, &invoice, *ago, *steps == 4)?;
            }
        }
    }
    Ok(())
}

fn pay(ctx: &mut Ctx<'_>, invoice: &SalesInvoice, ago: i32, half: bool) -> Result<()> {
    let mut receipt = Receipt::blank();
    receipt.customer = invoice.customer;
    receipt.receipt_date = day(ctx, ago - 10);
    receipt.bank_account = need::<BankAccount>(ctx, "BANK01")?;
    receipt.amount = if half { Amount::from_raw(invoice.total.raw() / 2) } else { invoice.total };
    let mut allocation = Allocation::blank();
    (allocation.invoice, allocation.amount) = (Ref::new(invoice.head.id), receipt.amount);
    receipt.allocations.push(allocation);
    let mut receipt = ctx.create(receipt)?;
    ctx.take(&mut receipt, "post")
}
