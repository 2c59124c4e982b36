//! The attribute grammar: what may stand in `#[field(..)]`, `#[rows(..)]` and in the attribute of the type.

use crate::words::hint;
use proc_macro2::Span;
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::meta::ParseNestedMeta;
use syn::parse::ParseStream;
use syn::punctuated::Punctuated;
use syn::{Attribute, Expr, Ident, Lit, LitInt, LitStr, Path, Token, parenthesized};

/// The words of `#[field(..)]`.
const FIELD_WORDS: &[&str] = &[
    "list",
    "indexed",
    "search",
    "unique",
    "computed",
    "key",
    "measure",
    "long",
    "write_only",
    "password",
    "permissions",
    "max",
    "min",
    "above",
    "max_value",
    "sensitive",
    "english",
    "group",
    "default",
    "visible_when",
    "required_when",
    "readonly_when",
    "choices",
    "column",
    "name",
    "balance",
];

/// What `#[field(..)]` says.
#[derive(Default)]
pub struct FieldAttr {
    pub list: bool,
    pub indexed: bool,
    pub search: bool,
    pub unique: bool,
    pub computed: bool,
    pub key: Option<Span>,
    pub measure: Option<Span>,
    pub long: bool,
    pub write_only: bool,
    pub password: bool,
    pub permissions: bool,
    pub max: Option<u32>,
    pub min: Option<String>,
    pub above: Option<String>,
    pub max_value: Option<String>,
    pub mask: Option<Ident>,
    pub english: Option<Ident>,
    pub group: Option<String>,
    pub default: Option<String>,
    pub visible_when: Option<String>,
    pub required_when: Option<String>,
    pub readonly_when: Option<String>,
    pub choices: Option<Expr>,
    pub column: Option<LitStr>,
    pub name: Option<LitStr>,
    pub balance: Option<BalanceAttr>,
}

/// What `balance(Type, key = .., by = .., sum = .., minus = ..)` says.
pub struct BalanceAttr {
    pub balance: Path,
    pub key: Ident,
    pub by: Option<Ident>,
    pub plus: Vec<Ident>,
    pub minus: Vec<Ident>,
}

impl FieldAttr {
    /// Reads all `#[field(..)]` of a field.
    pub fn parse(attrs: &[Attribute]) -> syn::Result<FieldAttr> {
        let mut out = FieldAttr::default();
        for attr in attrs.iter().filter(|a| a.path().is_ident("field")) {
            attr.parse_nested_meta(|meta| out.word(&meta))?;
        }
        out.indexed |= out.unique;
        out.write_only |= out.password;
        out.computed |= out.balance.is_some();
        Ok(out)
    }

    fn word(&mut self, meta: &ParseNestedMeta) -> syn::Result<()> {
        let span = meta.path.get_ident().map_or_else(Span::call_site, Ident::span);
        match word_of(meta).as_str() {
            "list" => self.list = true,
            "indexed" => self.indexed = true,
            "search" => self.search = true,
            "unique" => self.unique = true,
            "computed" => self.computed = true,
            "key" => self.key = Some(span),
            "measure" => self.measure = Some(span),
            "long" => self.long = true,
            "write_only" => self.write_only = true,
            "password" => self.password = true,
            "permissions" => self.permissions = true,
            "max" => self.max = Some(meta.value()?.parse::<LitInt>()?.base10_parse()?),
            "min" => self.min = Some(decimal(meta)?),
            "above" => self.above = Some(decimal(meta)?),
            "max_value" => self.max_value = Some(decimal(meta)?),
            "sensitive" => self.mask = Some(mask(meta)?),
            "english" => self.english = Some(meta.value()?.parse()?),
            "group" => self.group = Some(meta.value()?.parse::<LitStr>()?.value()),
            "default" => self.default = Some(json(meta)?),
            "visible_when" => self.visible_when = Some(meta.value()?.parse::<LitStr>()?.value()),
            "required_when" => self.required_when = Some(meta.value()?.parse::<LitStr>()?.value()),
            "readonly_when" => self.readonly_when = Some(meta.value()?.parse::<LitStr>()?.value()),
            "choices" => self.choices = Some(meta.value()?.parse()?),
            "column" => self.column = Some(meta.value()?.parse()?),
            "name" => self.name = Some(meta.value()?.parse()?),
            "balance" => self.balance = Some(balance(meta)?),
            other => return Err(unknown(meta, "field", other, FIELD_WORDS)),
        }
        Ok(())
    }
}

fn balance(meta: &ParseNestedMeta) -> syn::Result<BalanceAttr> {
    let content;
    parenthesized!(content in meta.input);
    let balance: Path = content.parse()?;
    let (mut key, mut by, mut plus, mut minus) = (None, None, Vec::new(), Vec::new());
    while !content.is_empty() {
        content.parse::<Token![,]>()?;
        if content.is_empty() {
            break;
        }
        let word: Ident = content.call(Ident::parse_any)?;
        match word.to_string().as_str() {
            "key" => key = Some(one(&content)?),
            "by" => by = Some(one(&content)?),
            "sum" => plus.extend(several(&content)?),
            "minus" => minus.extend(several(&content)?),
            other => {
                let tip = hint(other, ["key", "by", "sum", "minus"]);
                let message = format!("unknown word `{other}` in `balance(..)`{tip}");
                return Err(syn::Error::new(word.span(), message));
            }
        }
    }
    let Some(key) = key else {
        return Err(syn::Error::new_spanned(&balance, "`balance(..)` needs `key = <the balance's key field>`"));
    };
    if plus.is_empty() && minus.is_empty() {
        return Err(syn::Error::new_spanned(&balance, "`balance(..)` needs `sum = <a measure of the balance>`"));
    }
    Ok(BalanceAttr { balance, key, by, plus, minus })
}

/// `= name`
fn one(input: ParseStream) -> syn::Result<Ident> {
    input.parse::<Token![=]>()?;
    input.call(Ident::parse_any)
}

/// `= name` or `(name, name)`
fn several(input: ParseStream) -> syn::Result<Vec<Ident>> {
    if input.peek(Token![=]) {
        return Ok(vec![one(input)?]);
    }
    let content;
    parenthesized!(content in input);
    Ok(Punctuated::<Ident, Token![,]>::parse_terminated(&content)?.into_iter().collect())
}

fn mask(meta: &ParseNestedMeta) -> syn::Result<Ident> {
    const MASKS: [(&str, &str); 4] =
        [("phone", "Phone"), ("id_number", "IdNumber"), ("account", "Account"), ("all", "All")];
    let word: Ident = meta.value()?.parse()?;
    let written = word.to_string();
    match MASKS.iter().find(|(name, _)| *name == written) {
        Some((_, variant)) => Ok(Ident::new(variant, word.span())),
        None => {
            let tip = hint(&written, MASKS.iter().map(|(name, _)| *name));
            let message = format!("unknown mask `{written}`{tip}");
            Err(syn::Error::new(word.span(), message))
        }
    }
}

/// Decimal text: `"0"`, `"-1.5"`.
fn decimal(meta: &ParseNestedMeta) -> syn::Result<String> {
    let text: LitStr = meta.value()?.parse()?;
    let value = text.value();
    let digits = value.strip_prefix('-').unwrap_or(&value);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let number = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if number(whole) && number(fraction) {
        Ok(value)
    } else {
        Err(syn::Error::new(text.span(), "a bound is decimal text such as \"0\" or \"99.5\""))
    }
}

/// `default = 0`, `default = true`, or JSON text in a string.
fn json(meta: &ParseNestedMeta) -> syn::Result<String> {
    let lit: Lit = meta.value()?.parse()?;
    match &lit {
        Lit::Bool(value) => Ok(value.value.to_string()),
        Lit::Int(value) => Ok(value.base10_digits().to_owned()),
        Lit::Str(text) if looks_like_json(&text.value()) => Ok(text.value()),
        Lit::Str(text) => {
            let value = text.value();
            let message = format!("`default` is JSON text; for the text {value} write \"\\\"{value}\\\"\"");
            Err(syn::Error::new(text.span(), message))
        }
        other => Err(syn::Error::new_spanned(other, "`default` is JSON text, a whole number or a boolean")),
    }
}

fn looks_like_json(text: &str) -> bool {
    let text = text.trim();
    let closed = |open: char, close: char| text.len() >= 2 && text.starts_with(open) && text.ends_with(close);
    matches!(text, "true" | "false" | "null")
        || closed('"', '"')
        || closed('[', ']')
        || closed('{', '}')
        || text.parse::<i64>().is_ok()
}

/// What the attribute of the type says.
#[derive(Default)]
pub struct TypeAttr {
    pub name: Option<LitStr>,
    pub resource: Option<LitStr>,
    pub table: Option<LitStr>,
    pub number: Option<LitStr>,
    pub date: Option<Ident>,
    pub party: Option<Ident>,
    pub unique: Vec<Vec<Ident>>,
    pub index: Vec<Vec<Ident>>,
    pub tree: Option<Span>,
    pub balance: Option<Path>,
}

impl TypeAttr {
    /// Reads all attributes called `attribute`; only the `words` are known to this kind of type.
    pub fn parse(attrs: &[Attribute], attribute: &str, words: &[&str]) -> syn::Result<TypeAttr> {
        let mut out = TypeAttr::default();
        for attr in attrs.iter().filter(|a| a.path().is_ident(attribute)) {
            attr.parse_nested_meta(|meta| {
                let word = word_of(&meta);
                if words.contains(&word.as_str()) {
                    out.word(&meta, &word)
                } else {
                    Err(unknown(&meta, attribute, &word, words))
                }
            })?;
        }
        Ok(out)
    }

    fn word(&mut self, meta: &ParseNestedMeta, word: &str) -> syn::Result<()> {
        match word {
            "name" => self.name = Some(kebab_text(meta)?),
            "resource" => self.resource = Some(kebab_text(meta)?),
            "table" => self.table = Some(kebab_text(meta)?),
            "number" => self.number = Some(number_pattern(meta)?),
            "date" => self.date = Some(meta.value()?.parse()?),
            "party" => self.party = Some(meta.value()?.parse()?),
            "unique" => self.unique.push(several(meta.input)?),
            "index" => self.index.push(several(meta.input)?),
            "tree" => self.tree = meta.path.get_ident().map(Ident::span),
            "balance" => self.balance = Some(meta.value()?.parse()?),
            _ => return Err(meta.error("unknown word")),
        }
        Ok(())
    }
}

fn kebab_text(meta: &ParseNestedMeta) -> syn::Result<LitStr> {
    let text: LitStr = meta.value()?.parse()?;
    let value = text.value();
    let good = value.starts_with(|c: char| c.is_ascii_lowercase())
        && !value.ends_with('-')
        && value.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
    if good { Ok(text) } else { Err(syn::Error::new(text.span(), "a name is kebab-case: small letters, digits, `-`")) }
}

/// A numbering pattern has exactly one `{seq:N}`, and `{yyyy}`, `{yy}`, `{mm}`, `{dd}` where wanted.
fn number_pattern(meta: &ParseNestedMeta) -> syn::Result<LitStr> {
    let text: LitStr = meta.value()?.parse()?;
    let value = text.value();
    let mut sequences = 0;
    let mut rest = value.as_str();
    while let Some((_, after)) = rest.split_once('{') {
        let Some((inside, after)) = after.split_once('}') else {
            return Err(syn::Error::new(text.span(), "a `{` of the numbering pattern is not closed"));
        };
        rest = after;
        match inside {
            "yyyy" | "yy" | "mm" | "dd" => {}
            _ if inside
                .strip_prefix("seq:")
                .and_then(|n| n.parse::<u32>().ok())
                .is_some_and(|n| (1..=12).contains(&n)) =>
            {
                sequences += 1;
            }
            _ => {
                let message = format!(
                    "`{{{inside}}}` is unknown in a numbering pattern; it knows {{yyyy}} {{yy}} {{mm}} {{dd}} {{seq:N}}"
                );
                return Err(syn::Error::new(text.span(), message));
            }
        }
    }
    if sequences == 1 {
        Ok(text)
    } else {
        Err(syn::Error::new(text.span(), "a numbering pattern has exactly one {seq:N}, N digits from 1 to 12"))
    }
}

/// What `#[rows(..)]` says: the least number of rows. `None` when the field has no such attribute.
pub fn rows(attrs: &[Attribute]) -> syn::Result<Option<usize>> {
    let mut min = None;
    for attr in attrs.iter().filter(|a| a.path().is_ident("rows")) {
        min = Some(min.unwrap_or(0));
        if matches!(attr.meta, syn::Meta::Path(_)) {
            continue;
        }
        attr.parse_nested_meta(|meta| match word_of(&meta).as_str() {
            "min" => {
                min = Some(meta.value()?.parse::<LitInt>()?.base10_parse()?);
                Ok(())
            }
            other => Err(unknown(&meta, "rows", other, &["min"])),
        })?;
    }
    Ok(min)
}

/// The word as written.
pub fn word_of(meta: &ParseNestedMeta) -> String {
    meta.path.to_token_stream().to_string()
}

/// The error for a word an attribute does not know.
pub fn unknown(meta: &ParseNestedMeta, attribute: &str, word: &str, known: &[&str]) -> syn::Error {
    let tip = hint(word, known.iter().copied());
    meta.error(format!("unknown word `{word}` in `#[{attribute}(..)]`{tip}"))
}
