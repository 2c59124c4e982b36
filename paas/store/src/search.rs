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
/// Tokens written by one statement.
const AT_ONCE: usize = 16;
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

/// Words that more records have are looked for record by record.
const FEW: u64 = 10_000;

/// A part of a keyword: the tokens from `from`, up to `to` or that one alone.
pub(crate) struct Words {
    from: String,
    to: Option<String>,
    few: bool,
}

impl Words {
    /// Whether few enough records have it to begin with them.
    pub fn are_few(&self) -> bool {
        self.few
    }

    fn test(&self, mut bind: impl FnMut(Cell) -> String) -> String {
        let from = bind(Cell::Text(self.from.clone()));
        match &self.to {
            Some(to) => format!("k.token >= {from} AND k.token < {}", bind(Cell::Text(to.clone()))),
            None => format!("k.token = {from}"),
        }
    }
}

fn parts(keyword: &str) -> Vec<(String, Option<String>)> {
    let mut out = Vec::new();
    for run in runs(keyword).into_iter().take(8) {
        match run {
            Run::Chinese(chars) if chars.len() == 1 => out.push((chars.iter().collect(), None)),
            Run::Chinese(chars) => out.extend(chars.windows(2).take(10).map(|pair| (pair.iter().collect(), None))),
            Run::Word(word) => {
                let word = cut(&word);
                let to = Some(format!("{word}\u{10FFFF}"));
                out.push((word, to));
            }
        }
    }
    out
}

/// The conditions of a keyword: each part is found in one of the places. A rare part leads to its records, unless the
/// question goes through them in order.
pub(crate) fn conditions(sql: &mut Builder<'_>, meta: &'static TypeMeta, words: &[Words]) -> Vec<String> {
    let mut out = Vec::new();
    for part in words {
        let test = part.test(|cell| sql.bind(cell));
        let hidden = sql.hidden();
        let led = part.few && hidden.is_empty();
        let mut any = Vec::new();
        for (column, table) in places(meta) {
            let kind = sql.bind(Cell::Text(table.to_owned()));
            let of = format!("FROM search_token k WHERE k.tenant = $1 AND k.kind = {kind} AND {test}");
            let own = table == meta.table;
            any.push(match (led, part.few) {
                (true, _) if own => format!("SELECT k.id {of}"),
                (true, _) => format!(
                    "SELECT t.\"id\" FROM {} t WHERE t.\"tenant\" = $1 AND {column} IN (SELECT k.id {of})",
                    q(meta.table)
                ),
                (_, true) => format!("{hidden}{column} IN (SELECT k.id {of})"),
                _ => format!("EXISTS (SELECT 1 {of} AND k.id = {column}{})", sql.each()),
            });
        }
        out.push(match led {
            true => format!("t.\"id\" IN ({})", any.join(" UNION ALL ")),
            false => format!("({})", any.join(" OR ")),
        });
    }
    if out.is_empty() {
        out.push("1 = 0".to_owned());
    }
    out
}

impl Tx {
    /// The parts of a keyword, and whether they are rare.
    pub(crate) fn words(&mut self, meta: &'static TypeMeta, keyword: &str) -> Result<Vec<Words>> {
        let mut out = Vec::new();
        for (from, to) in parts(keyword) {
            let mut part = Words { from, to, few: true };
            let mut params = vec![self.tenant_cell()];
            let mut bind = |cell: Cell| {
                params.push(cell);
                format!("${}", params.len())
            };
            let test = part.test(&mut bind);
            let kinds: Vec<String> = places(meta).iter().map(|(_, t)| bind(Cell::Text((*t).to_owned()))).collect();
            let sql = format!(
                "SELECT COUNT(*) FROM (SELECT 1 FROM search_token k WHERE k.tenant = $1 AND k.kind IN ({}) AND {test} \
                 LIMIT {}) counted",
                kinds.join(", "),
                FEW + 1
            );
            let row = self.query_one(&sql, &params, &[crate::Col::Int])?;
            let found = row.and_then(|r| r.first().map(Cell::as_int)).unwrap_or_default();
            part.few = u64::try_from(found).is_ok_and(|found| found <= FEW);
            out.push(part);
        }
        Ok(out)
    }

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
        let new: Vec<&String> = wanted.difference(&present).collect();
        for some in new.chunks(AT_ONCE) {
            let mut params = vec![tenant.clone(), kind.clone(), id.clone()];
            params.extend(some.iter().map(|token| Cell::Text((*token).clone())));
            let rows: Vec<String> = (4..=params.len()).map(|n| format!("($1, $2, ${n}, $3)")).collect();
            let sql = format!(
                "INSERT INTO search_token (tenant, kind, token, id) VALUES {} ON CONFLICT DO NOTHING",
                rows.join(", ")
            );
            self.send(&sql, params)?;
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
