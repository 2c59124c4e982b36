//! JSON as it arrives: names that differ, a limited depth, numbers as they were written.

use paas_types::{Code, Refusal, Result, Text};
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use std::collections::{BTreeMap, HashMap};

/// How deep a body may nest.
const DEPTH: usize = 64;

/// An object of JSON whose names differ; the same name twice is malformed, since readers differ in which one counts.
pub(crate) struct Object<'a>(pub(crate) HashMap<String, &'a RawValue>);

impl<'de> serde::Deserialize<'de> for Object<'de> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Members)
    }
}

struct Members;

impl<'de> serde::de::Visitor<'de> for Members {
    type Value = Object<'de>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Object<'de>, A::Error> {
        let mut members = HashMap::new();
        while let Some((name, raw)) = map.next_entry::<String, &'de RawValue>()? {
            if members.insert(name, raw).is_some() {
                return Err(serde::de::Error::custom("a name occurs twice"));
            }
        }
        Ok(Object(members))
    }
}

/// A body that is not the JSON it should be.
pub(crate) fn malformed(error: &serde_json::Error) -> Refusal {
    Refusal::new(Code::MalformedRequest).caused_by(error)
}

/// Reads the frame of a call. A name it does not know is `UNKNOWN_FIELD`, one that is missing `REQUIRED`.
pub(crate) fn frame<T: DeserializeOwned>(body: &[u8]) -> Result<T> {
    serde_json::from_slice(body).map_err(|error| {
        let text = error.to_string();
        let named = |start: &str| text.strip_prefix(start).and_then(|rest| rest.split('`').next()).map(str::to_owned);
        if let Some(name) = named("unknown field `") {
            return unknown_field(name);
        }
        match named("missing field `") {
            Some(name) => {
                let message = Text::new(format!("请填写 {name}。"), format!("{name} is required."));
                Refusal::field(name, "REQUIRED", message)
            }
            None => malformed(&error),
        }
    })
}

/// A field that is not known here.
pub(crate) fn unknown_field(name: impl Into<String>) -> Refusal {
    let name = name.into();
    let message = Text::new(format!("没有“{name}”这个字段。"), format!("There is no field “{name}”."));
    Refusal::field(name, Code::UnknownField.as_str(), message)
}

/// One text for equal bodies: names in order, no blanks, texts in one spelling, numbers as written. Malformed is what is
/// not JSON, nests too deep or says a name twice.
pub(crate) fn canonical(body: &[u8]) -> Result<String> {
    let raw: &RawValue = serde_json::from_slice(body).map_err(|e| malformed(&e))?;
    let mut out = String::with_capacity(body.len());
    write(raw.get(), 0, &mut out)?;
    Ok(out)
}

fn write(text: &str, depth: usize, out: &mut String) -> Result<()> {
    if depth > DEPTH {
        return Err(Refusal::new(Code::MalformedRequest).caused_by("nested too deep"));
    }
    match text.as_bytes().first() {
        Some(b'{') => {
            let members: Object<'_> = serde_json::from_str(text).map_err(|e| malformed(&e))?;
            let sorted: BTreeMap<String, &RawValue> = members.0.into_iter().collect();
            out.push('{');
            for (name, raw) in sorted {
                out.push_str(&serde_json::Value::from(name).to_string());
                out.push(':');
                write(raw.get(), depth + 1, out)?;
                out.push(',');
            }
            out.push('}');
        }
        Some(b'[') => {
            let items: Vec<&RawValue> = serde_json::from_str(text).map_err(|e| malformed(&e))?;
            out.push('[');
            for raw in items {
                write(raw.get(), depth + 1, out)?;
                out.push(',');
            }
            out.push(']');
        }
        Some(b'"') => {
            let read: String = serde_json::from_str(text).map_err(|e| malformed(&e))?;
            out.push_str(&serde_json::Value::from(read).to_string());
        }
        _ => out.push_str(text),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_bodies_have_one_text() {
        let one = canonical(br#" {"b": [1.10, "\u4e2d"], "a": {"y": null, "x": true}} "#).unwrap();
        assert_eq!(one, canonical("{\"a\":{\"x\":true,\"y\":null},\"b\":[1.10,\"中\"]}".as_bytes()).unwrap());
        let exact = |n: &str| canonical(n.as_bytes()).unwrap();
        assert_ne!(exact("0.12345678901234567891"), exact("0.12345678901234567892"), "numbers as written");
    }

    #[test]
    fn what_is_ambiguous_or_endless_is_malformed() {
        let deep = format!("{}1{}", "[".repeat(1000), "]".repeat(1000));
        for body in ["", "NaN", "{\"a\":1,\"a\":2}", "{\"a\":{\"b\":1,\"b\":1}}", "[1,]", &deep] {
            let refused = canonical(body.as_bytes()).unwrap_err();
            assert_eq!(refused.code(), Code::MalformedRequest, "{body:.20}");
        }
    }
}
