//! What a manager looks at first: sales, receivables, and the stock beside its account.

use paas_cell::prelude::*;

/// 销售概览 | Sales overview
pub const SALES: Dashboard = Dashboard {
    name: "sales",
    label: Labels::of("销售概览", "Sales overview"),
    panels: &[
        Panel {
            label: Labels::of("近十二个月收入与收款", "Revenue and receipts of twelve months"),
            report: "sales-trend",
            with: &[("from", Given::MonthsAgo(11))],
            figures: &["revenue", "received"],
            chart: Chart::columns("month", &["revenue", "received"]),
        },
        Panel {
            label: Labels::of("收入最高的商品", "Products that sell best"),
            report: "sales-margin",
            with: &[("from", Given::MonthsAgo(11))],
            figures: &["margin", "marginRate"],
            chart: Chart::bars("productName", &["revenue", "margin"], 10),
        },
    ],
};

/// 应收概览 | Receivables overview
pub const RECEIVABLES: Dashboard = Dashboard {
    name: "receivables",
    label: Labels::of("应收概览", "Receivables overview"),
    panels: &[
        Panel {
            label: Labels::of("应收余额账龄", "What is due, by age"),
            report: "ar-aging",
            with: &[],
            figures: &["balance", "notDue"],
            chart: Chart::totals(&["notDue", "days1to30", "days31to60", "days61to90", "days91to120", "over120"]),
        },
        Panel {
            label: Labels::of("欠款最多的客户", "Who owes most"),
            report: "ar-aging",
            with: &[],
            figures: &[],
            chart: Chart::bars("partyName", &["balance"], 10),
        },
    ],
};

/// 库存概览 | Stock overview
pub const STOCK: Dashboard = Dashboard {
    name: "stock",
    label: Labels::of("库存概览", "Stock overview"),
    panels: &[
        Panel {
            label: Labels::of("库存金额与总账余额", "Stock value against the ledger"),
            report: "stock-ledger",
            with: &[("from", Given::MonthsAgo(11))],
            figures: &["stockValue", "ledgerValue", "difference"],
            chart: Chart::lines("month", &["stockValue", "ledgerValue"]),
        },
        Panel {
            label: Labels::of("占用资金最多的商品", "Where most money lies"),
            report: "stock-summary",
            with: &[],
            figures: &["inValue", "outValue"],
            chart: Chart::bars("productName", &["closingValue"], 10),
        },
    ],
};
