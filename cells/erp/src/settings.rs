//! Settings of the cell.

use paas_cell::prelude::*;

/// 企业资源计划设置 | ERP settings
#[derive(Setting, Clone, Debug)]
#[setting(name = "erp-settings")]
pub struct ErpSettings {
    /// What the platform keeps.
    pub head: Head,
    /// 开票依据 | Invoice basis
    #[field(default = "\"delivered\"")]
    pub invoice_basis: InvoiceBasis,
    /// 成本结转 | Cost of sales
    #[field(default = "\"with-invoice\"")]
    pub cost_of_sales: CostOfSales,
}

/// 开票依据 | Invoice basis
#[derive(Choice, Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvoiceBasis {
    /// 按出库 | Delivered
    Delivered,
    /// 按订单 | Ordered
    Ordered,
}

/// 成本结转 | Cost of sales
#[derive(Choice, Clone, Copy, Debug, PartialEq, Eq)]
pub enum CostOfSales {
    /// 开票时 | With the invoice
    WithInvoice,
    /// 出库时 | With the delivery
    WithDelivery,
}

/// Amounts are kept in the base currency only.
pub fn only_base_currency(currency: Option<&str>, rate: Rate) -> Result<()> {
    if currency.is_none_or(|c| c == "CNY") && Rate::whole(1) == Some(rate) {
        return Ok(());
    }
    Err(Refusal::field(
        "currency",
        "INVALID",
        Text::of("目前只支持人民币（CNY），汇率为 1。", "Only CNY at the rate 1 is possible here."),
    ))
}
