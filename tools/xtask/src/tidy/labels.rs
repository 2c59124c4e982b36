//! Labels are in both languages, each in its own. The derives refuse a missing one; they cannot read.

use super::Finding;
use crate::tree::{File, Tree};

/// Wrong labels in doc comments (`/// 中文 | English`) and in calls that take them.
pub(super) fn check(tree: &Tree) -> Vec<Finding> {
    let declares = |f: &&File| f.is(&[".rs"]) && (f.path.starts_with("cells/") || f.path.starts_with("paas/platform/"));
    tree.files.iter().filter(declares).filter(|f| !f.is_test()).flat_map(in_file).collect()
}

fn in_file(file: &File) -> Vec<Finding> {
    let mut found = Vec::new();
    for (number, line) in file.lines() {
        for (zh, en) in labels(line.trim()) {
            if let Some(what) = wrong(zh, en) {
                found.push(Finding::new(format!("{}:{number}", file.path), format!("the label “{zh} | {en}” {what}")));
            }
        }
    }
    found
}

fn labels(line: &str) -> Vec<(&str, &str)> {
    let mut out = Vec::new();
    if let Some((zh, en)) = line.strip_prefix("/// ").and_then(|text| text.split_once(" | ")) {
        out.push((zh, en.split(": ").next().unwrap_or(en)));
    }
    for call in ["Cell::new(", ".menu("] {
        let text = line.split(call).nth(1).and_then(|rest| rest.split('"').find(|text| text.contains(" | ")));
        out.extend(text.and_then(|text| text.split_once(" | ")));
    }
    if let Some(rest) = line.split(".label(\"").nth(1) {
        let mut texts = rest.split('"');
        if let (Some(zh), Some(en)) = (texts.next(), texts.nth(1)) {
            out.push((zh, en));
        }
    }
    out
}

fn wrong(zh: &str, en: &str) -> Option<&'static str> {
    let has_chinese = |text: &str| text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
    if !has_chinese(zh) && zh.chars().any(|c| c.is_ascii_lowercase()) {
        return Some("has no Chinese before the bar");
    }
    if has_chinese(en) || en.trim().is_empty() {
        return Some("has no English after the bar");
    }
    if !en.starts_with(|c: char| c.is_ascii_uppercase() || c.is_ascii_digit()) {
        return Some("does not begin its English with a capital");
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> usize {
        check(&Tree { files: vec![File::new("cells/x/src/lib.rs", text)] }).len()
    }

    #[test]
    fn a_label_in_the_wrong_language_is_seen() {
        for text in [
            "/// Customer | 客户",
            "/// 客户 | customer",
            "/// 客户 | 客户",
            "go(\"x\", &[A], B).label(\"Confirm\", \"Confirm\")",
            "go(\"x\", &[A], B).label(\"确认\", \"\")",
            "Cell::new(\"x\", \"Toy | Toy\")",
            ".menu(\"玩具 | toys\", &[])",
        ] {
            assert_eq!(found(text), 1, "{text}");
        }
    }

    #[test]
    fn good_labels_pass() {
        for text in [
            "/// 客户 | Customer: who buys",
            "/// No label, an explanation.",
            ".label(\"确认\", \"Confirm\")",
            ".menu(\"销售 | Sales\", &[\"a\"])",
            "let a = b | c;",
        ] {
            assert_eq!(found(text), 0, "{text}");
        }
    }
}
