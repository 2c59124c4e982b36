//! Names and labels: how a Rust name becomes a name in JSON, paths and tables, and how a doc comment becomes a label.

use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::{Attribute, Expr, Lit, Meta};

/// `ShelfNote` → `shelf-note`, `XYPoint` → `xy-point`.
pub fn kebab(pascal: &str) -> String {
    separated(pascal, '-')
}

/// `ShelfNote` → `shelf_note`.
pub fn snake(pascal: &str) -> String {
    separated(pascal, '_')
}

fn separated(pascal: &str, separator: char) -> String {
    let chars: Vec<char> = pascal.chars().collect();
    let mut out = String::new();
    for (i, c) in chars.iter().enumerate() {
        if c.is_uppercase() {
            let before = i.checked_sub(1).and_then(|i| chars.get(i));
            let after = chars.get(i + 1);
            let starts_word = before.is_some_and(|b| b.is_lowercase() || b.is_numeric())
                || (before.is_some_and(|b| b.is_uppercase()) && after.is_some_and(|a| a.is_lowercase()));
            if starts_word {
                out.push(separator);
            }
        }
        if *c == '_' {
            out.push(separator);
        } else {
            out.extend(c.to_lowercase());
        }
    }
    out
}

/// `order_date` → `orderDate`.
pub fn camel(snake: &str) -> String {
    let mut out = String::new();
    let mut upper = false;
    for c in snake.chars() {
        if c == '_' {
            upper = true;
        } else if upper {
            out.extend(c.to_uppercase());
            upper = false;
        } else {
            out.push(c);
        }
    }
    out
}

/// `gadget` → `gadgets`, `category` → `categories`, `box` → `boxes`.
pub fn plural(kebab: &str) -> String {
    let vowel_y = ["ay", "ey", "oy", "uy"].iter().any(|end| kebab.ends_with(end));
    if let (Some(stem), false) = (kebab.strip_suffix('y'), vowel_y) {
        return format!("{stem}ies");
    }
    let es = ["s", "x", "ch", "sh"].iter().any(|end| kebab.ends_with(end));
    format!("{kebab}{}", if es { "es" } else { "s" })
}

/// The known name that was probably meant.
pub fn near<'a>(written: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = written.chars().count().div_ceil(3).clamp(1, 3);
    known.into_iter().map(|k| (distance(written, k), k)).filter(|(d, _)| *d <= limit).min().map(|(_, k)| k)
}

/// `; did you mean `x`?`, else `; there is x, y, z`.
pub fn hint<'a>(written: &str, known: impl IntoIterator<Item = &'a str> + Clone) -> String {
    match near(written, known.clone()) {
        Some(near) => format!("; did you mean `{near}`?"),
        None => format!("; there is {}", known.into_iter().collect::<Vec<_>>().join(", ")),
    }
}

/// Edits (insert, delete, replace) between two names.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.chars().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        let mut next = vec![left];
        for (cb, above) in b.iter().zip(row.iter().skip(1)) {
            left = (diagonal + usize::from(ca != *cb)).min(left + 1).min(above + 1);
            diagonal = *above;
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}

/// A label in both languages, with an optional explanation.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Label {
    pub zh: String,
    pub en: String,
    pub help: Option<(String, String)>,
}

impl Label {
    /// As a constant `Text`.
    pub fn text(&self) -> TokenStream {
        let (zh, en) = (&self.zh, &self.en);
        quote!(::paas_cell::__private::Text::of(#zh, #en))
    }

    /// As a constant `Option<Text>`.
    pub fn help_text(&self) -> TokenStream {
        match &self.help {
            Some((zh, en)) => quote!(::core::option::Option::Some(::paas_cell::__private::Text::of(#zh, #en))),
            None => quote!(::core::option::Option::None),
        }
    }

    /// Reads `中文 | English`, `中文：说明 | English: explanation`.
    pub fn parse(line: &str) -> Option<Label> {
        let (zh, en) = line.split_once(" | ")?;
        let (zh, zh_help) = split_help(zh, '：');
        let (en, en_help) = split_help(en, ':');
        if zh.is_empty() || en.is_empty() || en.contains(" | ") {
            return None;
        }
        let help = match (zh_help, en_help) {
            (None, None) => None,
            (Some(one), None) | (None, Some(one)) => Some((one.to_owned(), one.to_owned())),
            (Some(zh), Some(en)) => Some((zh.to_owned(), en.to_owned())),
        };
        Some(Label { zh: zh.to_owned(), en: en.to_owned(), help })
    }

    /// The label of an item from its doc comment; what is wrong is said with the item's name.
    pub fn of(attrs: &[Attribute], what: &str, span: Span) -> syn::Result<Label> {
        let Some(line) = doc_line(attrs) else {
            let message = format!("{what} has no label; write a doc comment `/// 中文 | English` above it");
            return Err(syn::Error::new(span, message));
        };
        Label::parse(&line).ok_or_else(|| {
            let message = format!(
                "the doc comment of {what} is not a label; its first line must be `中文 | English` or `中文：说明 | English: explanation`"
            );
            syn::Error::new(span, message)
        })
    }
}

fn split_help(part: &str, colon: char) -> (&str, Option<&str>) {
    match part.split_once(colon) {
        Some((label, help)) => (label.trim(), Some(help.trim()).filter(|h| !h.is_empty())),
        None => (part.trim(), None),
    }
}

fn doc_line(attrs: &[Attribute]) -> Option<String> {
    let mut lines = attrs.iter().filter_map(|attr| match &attr.meta {
        Meta::NameValue(pair) if pair.path.is_ident("doc") => match &pair.value {
            Expr::Lit(lit) => match &lit.lit {
                Lit::Str(text) => Some(text.value()),
                _ => None,
            },
            _ => None,
        },
        _ => None,
    });
    lines.find_map(|text| text.lines().map(str::trim).find(|line| !line.is_empty()).map(str::to_owned))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_conventions() {
        assert_eq!(kebab("ShelfNote"), "shelf-note");
        assert_eq!(kebab("XYPoint"), "xy-point");
        assert_eq!(snake("Step2Line"), "step2_line");
        assert_eq!(camel("order_date"), "orderDate");
        let words = [
            ("gadget", "gadgets"),
            ("category", "categories"),
            ("key", "keys"),
            ("box", "boxes"),
            ("batch", "batches"),
        ];
        for (one, many) in words {
            assert_eq!(plural(one), many);
        }
    }

    #[test]
    fn the_near_name_is_found() {
        assert_eq!(near("serach", ["list", "search", "unique"]), Some("search"));
        assert_eq!(near("indexd", ["indexed", "list"]), Some("indexed"));
        assert_eq!(near("colour", ["list", "search"]), None);
        assert_eq!(distance("kitten", "sitting"), 3);
    }

    #[test]
    fn labels_have_two_languages() {
        let label = Label::parse("名称：全称 | Name: in full").unwrap();
        assert_eq!((label.zh.as_str(), label.en.as_str()), ("名称", "Name"));
        assert_eq!(label.help, Some(("全称".to_owned(), "in full".to_owned())));
        assert_eq!(Label::parse("名称 | Name").unwrap().help, None);
        for bad in ["名称", "Name", "名称|Name", " | Name", "a | b | c"] {
            assert_eq!(Label::parse(bad), None, "{bad:?}");
        }
    }
}
