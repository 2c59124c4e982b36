//! JSON written as text at once. Every write answers with a record and keeps an image of it, every list fifty of them:
//! as trees of names and values they cost more than the database.

use paas_document::{FieldType, NumberKind, Value};
use paas_types::{Fixed, Id};
use serde_json::Value as Json;
use std::fmt::{self, Display, Write as _};

/// JSON text being written; commas come by themselves.
#[derive(Debug, Default)]
pub(crate) struct JsonText(String);

impl JsonText {
    /// With room for so many bytes.
    pub(crate) fn with_room(bytes: usize) -> JsonText {
        JsonText(String::with_capacity(bytes))
    }

    /// What was written.
    pub(crate) fn finish(self) -> String {
        self.0
    }

    /// A comma, unless this is the first of its kind or belongs to a name.
    fn next(&mut self) {
        if !matches!(self.0.as_bytes().last(), None | Some(b'{' | b'[' | b':')) {
            self.0.push(',');
        }
    }

    /// Begins an object.
    pub(crate) fn open(&mut self) {
        self.next();
        self.0.push('{');
    }

    /// Ends an object.
    pub(crate) fn close(&mut self) {
        self.0.push('}');
    }

    /// Begins a list.
    pub(crate) fn open_list(&mut self) {
        self.next();
        self.0.push('[');
    }

    /// Ends a list.
    pub(crate) fn close_list(&mut self) {
        self.0.push(']');
    }

    /// A name of a declaration, which needs no escapes; its value follows.
    pub(crate) fn key(&mut self, name: &'static str) {
        self.next();
        self.0.push('"');
        self.0.push_str(name);
        self.0.push_str("\":");
    }

    /// A name that administrators chose, of letters and digits; its value follows.
    pub(crate) fn own_key(&mut self, name: &str) {
        self.quoted(name);
        self.0.push(':');
    }

    /// Nothing.
    pub(crate) fn null(&mut self) {
        self.raw("null");
    }

    /// What is JSON already.
    pub(crate) fn raw(&mut self, json: &str) {
        self.next();
        self.0.push_str(json);
    }

    /// A number, or yes and no.
    pub(crate) fn plain(&mut self, value: impl Display) {
        self.next();
        let _ = write!(self.0, "{value}"); // a text takes whatever is written
    }

    /// What is written without anything to escape, as a string: a decimal, a day.
    pub(crate) fn quoted(&mut self, value: impl Display) {
        self.next();
        let _ = write!(self.0, "\"{value}\""); // a text takes whatever is written
    }

    /// An identity.
    pub(crate) fn id(&mut self, id: Id) {
        let mut place = [0_u8; 36];
        self.next();
        self.0.push('"');
        self.0.push_str(id.uuid().as_hyphenated().encode_lower(&mut place));
        self.0.push('"');
    }

    /// A string.
    pub(crate) fn text(&mut self, text: &str) {
        self.next();
        if text.bytes().any(|b| b < 0x20 || matches!(b, b'"' | b'\\')) {
            self.0.push_str(&Json::from(text).to_string());
        } else {
            self.0.push('"');
            self.0.push_str(text);
            self.0.push('"');
        }
    }

    /// A string, or nothing.
    pub(crate) fn maybe(&mut self, text: Option<&str>) {
        match text {
            Some(text) => self.text(text),
            None => self.null(),
        }
    }

    /// A value as it is without names: decimals as text, references as ids, secrets masked.
    pub(crate) fn value(&mut self, ty: &FieldType, value: Value) {
        match value {
            Value::Null => self.null(),
            Value::Secret(secret) => match ty {
                FieldType::Secret(mask) => self.text(&mask.apply(secret.expose())),
                _ => self.text("****"),
            },
            Value::Bool(yes) => self.plain(yes),
            Value::Int(raw) => match ty {
                FieldType::Decimal { kind, .. } => self.quoted(Decimal { kind: *kind, raw }),
                _ => self.plain(raw),
            },
            Value::Text(text) => self.text(&text),
            Value::Id(id) => self.id(id),
            Value::Date(date) => self.quoted(date),
            Value::Instant(at) => self.quoted(at),
            Value::Any(any) => {
                self.open();
                self.key("id");
                self.id(any.id);
                self.key("number");
                self.maybe(any.number.as_deref());
                self.key("type");
                self.text(&any.kind);
                self.close();
            }
            Value::Json(text) => {
                let json: Json = serde_json::from_str(&text).unwrap_or(Json::Null);
                self.raw(&json.to_string());
            }
        }
    }
}

/// A scaled integer, shown as decimal text.
struct Decimal {
    kind: NumberKind,
    raw: i64,
}

impl Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            NumberKind::Amount => Fixed::<2>::from_raw(self.raw).fmt(f),
            NumberKind::Price => Fixed::<8>::from_raw(self.raw).fmt(f),
            NumberKind::Quantity => Fixed::<6>::from_raw(self.raw).fmt(f),
            NumberKind::Rate => Fixed::<10>::from_raw(self.raw).fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_written_reads_back() {
        let mut out = JsonText::default();
        out.open();
        out.key("texts");
        out.open_list();
        for text in ["", "plain", "中文", "\"quoted\" \\ \n\t\u{1}"] {
            out.text(text);
        }
        out.maybe(None);
        out.close_list();
        out.key("none");
        out.open_list();
        out.close_list();
        out.key("inner");
        out.open();
        out.key("n");
        out.plain(-5);
        out.key("yes");
        out.plain(true);
        out.key("day");
        out.quoted("2026-01-31");
        out.close();
        out.key("id");
        out.id(Id::NIL);
        out.close();
        let text = out.finish();
        let read: Json = serde_json::from_str(&text).unwrap();
        let expected = json!({
            "texts": ["", "plain", "中文", "\"quoted\" \\ \n\t\u{1}", null],
            "none": [],
            "inner": {"n": -5, "yes": true, "day": "2026-01-31"},
            "id": "00000000-0000-0000-0000-000000000000",
        });
        assert_eq!(read, expected, "{text}");
    }
}
