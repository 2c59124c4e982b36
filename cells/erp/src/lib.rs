//! The ERP cell: masters, sales from order to receipt, stock at moving average, receivables, and the general ledger.

pub mod account;
pub mod bank_account;
pub mod calc;
pub mod customer;
pub mod dashboards;
pub mod delivery;
pub mod events;
pub mod ledger;
pub mod period;
pub mod posting;
pub mod product;
pub mod product_category;
pub mod receipt;
pub mod receivable;
pub mod reports;
pub mod sales_invoice;
pub mod sales_order;
pub mod sales_return;
pub mod seeds;
pub mod settings;
pub mod sources;
pub mod stock;
pub mod stock_adjustment;
mod successors;
pub mod supplier;
pub mod unit;
pub mod vat_rate;
pub mod voucher;
pub mod warehouse;

use paas_cell::prelude::*;

/// The cell and everything it declares.
pub fn cell() -> Cell {
    Cell::new("erp", "企业资源计划 | ERP")
        .master(unit::FLOW)
        .master(product_category::FLOW)
        .master(vat_rate::FLOW)
        .master(product::FLOW)
        .master(customer::FLOW)
        .master(supplier::FLOW)
        .master(warehouse::FLOW)
        .master(account::FLOW)
        .master(bank_account::FLOW)
        .master(period::FLOW)
        .master(ledger::rules_of_posting::FLOW)
        .document(sales_order::FLOW)
        .document(delivery::FLOW)
        .document(sales_return::FLOW)
        .document(sales_invoice::FLOW)
        .document(receipt::FLOW)
        .document(stock_adjustment::FLOW)
        .document(voucher::FLOW)
        .ledger(Ledger::<stock::StockMove>::of().bound(stock::not_below_zero).shows(stock::shown))
        .ledger(Ledger::<stock::StockReservation>::of())
        .ledger(Ledger::<sales_order::progress::OrderProgress>::of())
        .ledger(Ledger::<customer::exposure::ExposureEntry>::of())
        .ledger(Ledger::<receivable::ReceivableEntry>::of())
        .ledger(Ledger::<ledger::LedgerEntry>::of())
        .setting::<settings::ErpSettings>(None)
        .with(reports::declare)
        .screen(period::CLOSE)
        .with(menus)
        .seed(seeds::seed)
        .demo(seeds::demo)
}

/// The groups of the menu.
fn menus(cell: Cell) -> Cell {
    cell.menu(
        "销售 | Sales",
        &[
            "dashboard:sales",
            "dashboard:receivables",
            "sales-order",
            "delivery",
            "sales-return",
            "sales-invoice",
            "receipt",
            "receivable",
            "report:ar-aging",
            "report:sales-margin",
            "report:sales-trend",
        ],
    )
    .menu(
        "库存 | Stock",
        &[
            "dashboard:stock",
            "stock-balance",
            "stock-move",
            "stock-adjustment",
            "report:stock-summary",
            "report:stock-ledger",
        ],
    )
    .menu(
        "财务 | Finance",
        &[
            "voucher",
            "ledger-entry",
            "report:trial-balance",
            "report:balance-sheet",
            "report:income-statement",
            "account",
            "screen:period-close",
            "period",
            "posting-rule",
            "bank-account",
        ],
    )
    .menu(
        "基础资料 | Masters",
        &["product", "product-category", "unit", "vat-rate", "customer", "supplier", "warehouse", "erp-settings"],
    )
}
