//! The platform contains no trade: no word of one stands under `paas/`, not in a comment and not in a test.

use super::Finding;
use crate::tree::{File, Tree};

/// Words of trades, singular, without those that also mean something to a platform (order, account, delivery).
const ENGLISH: &[&str] = &[
    "invoice",
    "product",
    "customer",
    "supplier",
    "vendor",
    "warehouse",
    "inventory",
    "purchase",
    "procurement",
    "sale",
    "salesperson",
    "voucher",
    "receivable",
    "payable",
    "shipment",
    "freight",
    "patient",
    "prescription",
    "diagnosis",
    "medication",
    "specimen",
    "workpiece",
    "bom",
    "sku",
    "payroll",
    "salary",
    "tax",
    "vat",
];
/// Plurals that only mean trade, though the singular does not.
const ENGLISH_PLURALS: &[&str] = &["orders"];
const CHINESE: &[&str] = &[
    "订单",
    "发票",
    "客户",
    "供应商",
    "库存",
    "仓库",
    "采购",
    "销售",
    "商品",
    "产品",
    "出库",
    "入库",
    "收款",
    "付款",
    "患者",
    "病人",
    "处方",
    "药品",
    "病历",
    "检验",
    "工单",
    "税率",
    "工资",
];

/// Every trade word under `paas/`.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    tree.files.iter().filter(|file| file.path.starts_with("paas/")).flat_map(in_file).collect()
}

fn in_file(file: &File) -> Vec<Finding> {
    let mut found = Vec::new();
    for (number, line) in file.lines() {
        let words = split(line);
        let english = words.iter().find(|word| is_trade(word)).map(String::as_str);
        let chinese = CHINESE.iter().find(|word| line.contains(**word)).copied();
        if let Some(word) = english.or(chinese) {
            let what = format!("“{word}” is a word of a trade; the platform knows none (toys use gadget, shelf, note)");
            found.push(Finding::new(format!("{}:{number}", file.path), what));
        }
    }
    found
}

fn is_trade(word: &str) -> bool {
    let singular = word.strip_suffix("ies").map(|stem| format!("{stem}y"));
    ENGLISH.contains(&word)
        || ENGLISH_PLURALS.contains(&word)
        || word.strip_suffix('s').is_some_and(|stem| ENGLISH.contains(&stem))
        || singular.is_some_and(|word| ENGLISH.contains(&word.as_str()))
}

/// The words of a line in lower case; `camelCase`, `snake_case` and `kebab-case` come apart.
fn split(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut before = ' ';
    for c in line.chars() {
        if !c.is_ascii_alphabetic() || (before.is_ascii_lowercase() && c.is_ascii_uppercase()) {
            words.push(String::new());
        }
        if let (true, Some(word)) = (c.is_ascii_alphabetic(), words.last_mut()) {
            word.push(c.to_ascii_lowercase());
        }
        before = c;
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, text: &str) -> usize {
        check(&Tree { files: vec![File::new(path, text)] }).len()
    }

    #[test]
    fn a_trade_word_is_seen_in_every_spelling() {
        for text in [
            "// an invoice",
            "struct SalesReport;",
            "let customer_code = 1;",
            "\"/api/v1/x/orders\"",
            "const INVENTORY: u8 = 1;",
            "inventories",
            "// 客户编码",
        ] {
            assert_eq!(found("paas/x/src/lib.rs", text), 1, "{text}");
        }
        assert_eq!(found("cells/x/src/lib.rs", "// an invoice"), 0);
    }

    #[test]
    fn ordinary_words_pass() {
        for text in ["in the order of the columns", "ORDER BY code", "the production database", "syntax", "private"] {
            assert_eq!(found("paas/x/src/lib.rs", text), 0, "{text}");
        }
    }
}
