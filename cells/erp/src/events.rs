//! What the cell tells others: what happened, never what somebody should do.

use crate::customer::Customer;
use crate::delivery::Delivery;
use crate::product::Product;
use crate::receipt::Receipt;
use crate::sales_invoice::{InvoiceKind, SalesInvoice};
use crate::sales_order::SalesOrder;
use crate::warehouse::Warehouse;
use paas_cell::prelude::*;

/// A sales order was confirmed.
#[derive(Event)]
#[event("erp.sales-order.confirmed", version = 1)]
pub struct OrderConfirmed {
    /// Its number.
    pub number: Option<String>,
    /// Who ordered.
    pub customer: Ref<Customer>,
    /// When.
    pub order_date: Date,
    /// With tax.
    pub total: Amount,
    /// What.
    #[rows]
    pub lines: Vec<Goods>,
}

/// A product and how much of it.
#[derive(Event)]
#[event(part)]
pub struct Goods {
    /// What.
    pub product: Ref<Product>,
    /// How much.
    pub quantity: Quantity,
}

/// A delivery was posted: the goods left.
#[derive(Event)]
#[event("erp.delivery.posted", version = 1)]
pub struct DeliveryPosted {
    /// Its number.
    pub number: Option<String>,
    /// For whom.
    pub customer: Ref<Customer>,
    /// From where.
    pub warehouse: Ref<Warehouse>,
    /// When.
    pub delivery_date: Date,
    /// What.
    #[rows]
    pub lines: Vec<Goods>,
}

/// A sales invoice was posted.
#[derive(Event)]
#[event("erp.sales-invoice.posted", version = 1)]
pub struct InvoicePosted {
    /// Its number.
    pub number: Option<String>,
    /// For whom.
    pub customer: Ref<Customer>,
    /// When.
    pub invoice_date: Date,
    /// Normal or credit.
    pub kind: InvoiceKind,
    /// With tax.
    pub total: Amount,
}

/// A receipt was posted: money came in.
#[derive(Event)]
#[event("erp.receipt.posted", version = 1)]
pub struct ReceiptPosted {
    /// Its number.
    pub number: Option<String>,
    /// From whom.
    pub customer: Ref<Customer>,
    /// When.
    pub receipt_date: Date,
    /// How much.
    pub amount: Amount,
}

impl From<&SalesOrder> for OrderConfirmed {
    fn from(order: &SalesOrder) -> OrderConfirmed {
        OrderConfirmed {
            number: order.head.number.clone(),
            customer: order.customer,
            order_date: order.order_date,
            total: order.total,
            lines: order.lines.iter().map(|l| Goods { product: l.product, quantity: l.quantity }).collect(),
        }
    }
}

impl From<&Delivery> for DeliveryPosted {
    fn from(delivery: &Delivery) -> DeliveryPosted {
        DeliveryPosted {
            number: delivery.head.number.clone(),
            customer: delivery.customer,
            warehouse: delivery.warehouse,
            delivery_date: delivery.delivery_date,
            lines: delivery.lines.iter().map(|l| Goods { product: l.product, quantity: l.quantity }).collect(),
        }
    }
}

impl From<&SalesInvoice> for InvoicePosted {
    fn from(invoice: &SalesInvoice) -> InvoicePosted {
        InvoicePosted {
            number: invoice.head.number.clone(),
            customer: invoice.customer,
            invoice_date: invoice.invoice_date,
            kind: invoice.kind,
            total: invoice.total,
        }
    }
}

impl From<&Receipt> for ReceiptPosted {
    fn from(receipt: &Receipt) -> ReceiptPosted {
        ReceiptPosted {
            number: receipt.head.number.clone(),
            customer: receipt.customer,
            receipt_date: receipt.receipt_date,
            amount: receipt.amount,
        }
    }
}
