//! Tables on paper: a report as PDF, as it prints. The bytes depend on nothing but the table.

mod draw;
mod fonts;
mod layout;

use crate::export;
use crate::report::Table;
use paas_types::{Code, Lang, Refusal, Result, Text};
use serde_json::Value as Json;

/// Cells that are printed at most: some thousand pages.
const MOST_CELLS: usize = 400_000;

/// A table with what stands above it.
#[derive(Debug)]
pub(crate) struct Paper {
    lang: Lang,
    title: String,
    company: String,
    /// What was asked, and for which day the figures stand.
    asked: String,
    columns: Vec<Heading>,
    rows: Vec<Line>,
}

/// The heading of a column.
#[derive(Debug)]
struct Heading {
    label: String,
    /// Its cells are figures: they stand on the right and never break.
    number: bool,
}

/// A row, its cells as they are read.
#[derive(Debug)]
struct Line {
    cells: Vec<String>,
    weight: Weight,
}

/// What a row is among the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Weight {
    Plain,
    Group,
    Total,
}

impl Paper {
    /// A report: its title, whose it is, what was asked (label and value), and its table. Refused beyond what anybody
    /// prints.
    pub(crate) fn of_report(
        (title, company): (&str, &str),
        asked: &[(Text, String)],
        table: &Table,
        lang: Lang,
    ) -> Result<Paper> {
        if table.rows.len().saturating_mul(table.columns.len()) > MOST_CELLS {
            return Err(Refusal::new(Code::PayloadTooLarge).saying(Text::of(
                "内容太多，不便打印；请缩小范围，或改用 xlsx、csv。",
                "This is too much to print; narrow it, or take xlsx or csv.",
            )));
        }
        let as_of = (Text::of("截至", "As of"), table.as_of.to_string());
        let said = asked.iter().chain([&as_of]).map(|(label, value)| said(label.get(lang), value, lang));
        let said: Vec<String> = said.collect();
        let columns = table
            .columns
            .iter()
            .map(|c| Heading { label: printable(c.label.get(lang)), number: export::is_number_type(c.ty) });
        Ok(Paper {
            lang,
            title: printable(title),
            company: printable(company),
            asked: said.join(if lang == Lang::Zh { "　" } else { "   " }),
            columns: columns.collect(),
            rows: lines(table, lang),
        })
    }

    /// The pages as a PDF file.
    pub(crate) fn pdf(&self) -> Vec<u8> {
        draw::file(self)
    }
}

fn said(label: &str, value: &str, lang: Lang) -> String {
    printable(&if lang == Lang::Zh { format!("{label}：{value}") } else { format!("{label}: {value}") })
}

/// The rows, and the totals as the last of them.
fn lines(table: &Table, lang: Lang) -> Vec<Line> {
    let cell = |ty: &str, value: &Json| {
        let text = export::plain(value);
        if export::is_number_type(ty) { grouped(&text) } else { printable(&text) }
    };
    let mut lines: Vec<Line> = Vec::with_capacity(table.rows.len() + 1);
    for row in &table.rows {
        let cells = table.columns.iter().zip(&row.cells).map(|(column, value)| cell(column.ty, value)).collect();
        lines.push(Line { cells, weight: if row.is_group { Weight::Group } else { Weight::Plain } });
    }
    if !table.totals.is_empty() {
        let total = |(at, column): (usize, &crate::report::Column)| {
            let found = table.totals.iter().find(|(name, _)| *name == column.name);
            match found {
                Some((_, value)) => cell(column.ty, value),
                None if at == 0 => Text::of("合计", "Total").get(lang).to_owned(),
                None => String::new(),
            }
        };
        lines.push(Line { cells: table.columns.iter().enumerate().map(total).collect(), weight: Weight::Total });
    }
    lines
}

/// A figure with its thousands grouped; what is no figure stays as it is.
fn grouped(text: &str) -> String {
    let (sign, digits) = text.strip_prefix('-').map_or(("", text), |rest| ("-", rest));
    let (whole, part) = digits.split_once('.').map_or((digits, None), |(whole, part)| (whole, Some(part)));
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if !is_digits(whole) || part.is_some_and(|part| !is_digits(part)) {
        return printable(text);
    }
    let mut out = sign.to_owned();
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    if let Some(part) = part {
        out.push('.');
        out.push_str(part);
    }
    out
}

/// A text on one line: what moves a pen rather than being seen becomes a blank, and blanks are one.
fn printable(text: &str) -> String {
    let unseen = |c: char| {
        c.is_control()
            || c.is_whitespace() && c != '　'
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
    };
    text.split(unseen).filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_are_grouped() {
        for (text, expected) in [
            ("0.00", "0.00"),
            ("-1234567.50", "-1,234,567.50"),
            ("999", "999"),
            ("1000", "1,000"),
            ("****", "****"),
            ("1.", "1."),
            ("", ""),
        ] {
            assert_eq!(grouped(text), expected);
        }
    }

    #[test]
    fn a_table_that_nobody_prints_is_refused() {
        let day = "2026-11-24".parse().unwrap_or_else(|_| unreachable!());
        let mut table = Table::new(day).column("a", "甲", "A", "text").column("b", "乙", "B", "amount");
        table.rows = vec![crate::report::TableRow { cells: Vec::new(), is_group: false }; MOST_CELLS / 2];
        assert!(Paper::of_report(("t", "c"), &[], &table, Lang::Zh).is_ok());
        table.push(Vec::new());
        let refused = Paper::of_report(("t", "c"), &[], &table, Lang::Zh).map(drop);
        assert_eq!(refused.map_err(|r| r.code()), Err(Code::PayloadTooLarge));
    }

    #[test]
    fn a_text_becomes_one_line() {
        assert_eq!(printable("a\r\n\tb\u{202e}c  d\u{0}"), "a b c d");
        assert_eq!(printable("甲　乙"), "甲　乙");
    }
}
