//! Keyword search: words of `search` fields in one table of tokens. Chinese text gives characters and pairs of them, and
//! the initials of its pinyin; other text gives words that are found by their beginning; numbers by any part from the
//! right. A keyword is found when all its parts are. The same on every database.

use crate::ddl::q;
use crate::filter::Builder;
use crate::{Cell, Tx};
use paas_document::{FieldType, Record, TypeMeta};
use paas_types::Result;
use pinyin::ToPinyin as _;
use std::collections::BTreeSet;

/// The most characters of a token.
const LONGEST: usize = 40;
/// The most tokens of a record.
const MOST: usize = 400;
/// The shortest number that is also found by its last digits.
const DIGITS: usize = 4;

/// A stretch of text of one kind.
#[derive(Debug, PartialEq)]
enum Run {
    Chinese(Vec<char>),
    Word(String),
}

fn is_chinese(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{3FFFF}')
}

fn runs(text: &str) -> Vec<Run> {
    let mut out: Vec<Run> = Vec::new();
    let mut open = false;
    for c in text.chars().flat_map(char::to_lowercase) {
        if is_chinese(c) {
            match out.last_mut() {
                Some(Run::Chinese(run)) if open => run.push(c),
                _ => out.push(Run::Chinese(vec![c])),
            }
            open = true;
        } else if c.is_alphanumeric() {
            match out.last_mut() {
                Some(Run::Word(word)) if open => word.push(c),
                _ => out.push(Run::Word(c.to_string())),
            }
            open = true;
        } else {
            open = false;
        }
    }
    out
}

fn cut(text: &str) -> String {
    text.chars().take(LONGEST).collect()
}

/// The tokens of a text.
fn tokens(text: &str, out: &mut BTreeSet<String>) {
    for run in runs(text) {
        match run {
            Run::Chinese(chars) => {
                out.extend(chars.iter().map(char::to_string));
                out.extend(chars.windows(2).map(|pair| pair.iter().collect::<String>()));
                let initials: Vec<&str> =
                    chars.iter().filter_map(|c| c.to_pinyin()).map(|p| p.first_letter()).collect();
                for start in 0..initials.len().min(LONGEST) {
                    let tail: String = initials.iter().skip(start).take(LONGEST).copied().collect();
                    if tail.len() > 1 || start == 0 {
                        out.insert(tail);
                    }
                }
            }
            Run::Word(word) => {
                let digits: Vec<char> = word.chars().rev().take_while(char::is_ascii_digit).collect();
                for length in DIGITS..digits.len() {
                    out.insert(digits.iter().take(length).rev().collect());
                }
                out.insert(cut(&word));
            }
        }
    }
}

/// Where the words of a record are: its own, and those of the records that its `search` references lead to. The latter are
/// looked up when asked, so a record is found by the name its reference has now.
fn places(meta: &'static TypeMeta) -> Vec<(String, &'static str)> {
    let mut out = vec![("t.\"id\"".to_owned(), meta.table)];
    for field in meta.fields.iter().filter(|f| f.search) {
        if let FieldType::Ref { target } = &field.ty {
            out.push((format!("t.{}", q(field.column)), target().table));
        }
    }
    out
}

/// The conditions of a keyword: sub-selects per part.
pub(crate) fn conditions(sql: &mut Builder<'_>, meta: &'static TypeMeta, keyword: &str) -> Vec<String> {
    let mut out = Vec::new();
    let places = places(meta);
    let mut add = |sql: &mut Builder<'_>, from: String, to: Option<String>| {
        let from = sql.bind(Cell::Text(from));
        let test = match to {
            Some(to) => format!("k.token >= {from} AND k.token < {}", sql.bind(Cell::Text(to))),
            None => format!("k.token = {from}"),
        };
        let any: Vec<String> = places
            .iter()
            .map(|(column, table)| {
                let kind = sql.bind(Cell::Text((*table).to_owned()));
                format!(
                    "{column} IN (SELECT k.id FROM search_token k WHERE k.tenant = $1 AND k.kind = {kind} AND {test})"
                )
            })
            .collect();
        out.push(format!("({})", any.join(" OR ")));
    };
    for run in runs(keyword).into_iter().take(8) {
        match run {
            Run::Chinese(chars) if chars.len() == 1 => add(sql, chars.iter().collect(), None),
            Run::Chinese(chars) => {
                for pair in chars.windows(2).take(10) {
                    add(sql, pair.iter().collect(), None);
                }
            }
            Run::Word(word) => {
                let word = cut(&word);
                add(sql, word.clone(), Some(format!("{word}\u{10FFFF}")));
            }
        }
    }
    if out.is_empty() && !keyword.trim().is_empty() {
        out.push("1 = 0".to_owned());
    }
    out
}

impl Tx {
    /// Brings the tokens of a record up to date; a fresh one has none yet. Sensitive fields never enter.
    pub(crate) fn index_words(&mut self, record: &dyn Record, fresh: bool) -> Result<()> {
        let meta = record.meta();
        let mut wanted = BTreeSet::new();
        for (index, field) in meta.fields.iter().enumerate() {
            let open = meta.is_searched(index) && !matches!(field.ty, FieldType::Secret(_) | FieldType::Password);
            if let (true, Some(text)) = (open, record.get(index).text()) {
                tokens(text, &mut wanted);
            }
        }
        if let Some(number) = record.head().and_then(|h| h.number.as_deref()) {
            tokens(number, &mut wanted);
        }
        let wanted: BTreeSet<String> = wanted.into_iter().take(MOST).collect();
        let (tenant, id) = (self.tenant_cell(), Cell::Id(record.id()));
        let mut present = BTreeSet::new();
        if !fresh {
            let sql = "SELECT token FROM search_token WHERE tenant = $1 AND id = $2";
            let rows = self.query(sql, &[tenant.clone(), id.clone()], &[crate::Col::Text])?;
            present.extend(rows.into_iter().flatten().filter_map(Cell::into_text));
        }
        let kind = Cell::Text(meta.table.to_owned());
        for gone in present.difference(&wanted) {
            let sql = "DELETE FROM search_token WHERE tenant = $1 AND kind = $2 AND token = $3 AND id = $4";
            self.send(sql, vec![tenant.clone(), kind.clone(), Cell::Text(gone.clone()), id.clone()])?;
        }
        for new in wanted.difference(&present) {
            let sql =
                "INSERT INTO search_token (tenant, kind, token, id) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING";
            self.send(sql, vec![tenant.clone(), kind.clone(), Cell::Text(new.clone()), id.clone()])?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_cut_into_tokens() {
        let mut out = BTreeSet::new();
        tokens("北京Gadget 2026001", &mut out);
        for token in ["北", "京", "北京", "bj", "gadget", "2026001", "026001", "6001"] {
            assert!(out.contains(token), "{token} in {out:?}");
        }
        assert!(!out.contains("001"));
    }
}
