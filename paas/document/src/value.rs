//! A field's value on its way between JSON, records and the database.

use crate::AnyRef;
use paas_types::{Date, Id, Instant, Secret};

/// A value of any field type. Decimals are scaled integers; the field says the scale.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Nothing.
    Null,
    /// Yes or no.
    Bool(bool),
    /// A whole number or a scaled decimal.
    Int(i64),
    /// Text, a choice, a state.
    Text(String),
    /// The id of a record, user or department.
    Id(Id),
    /// A business date.
    Date(Date),
    /// An instant.
    Instant(Instant),
    /// Sensitive text, in clear only in memory.
    Secret(Secret<String>),
    /// A record of any type.
    Any(AnyRef),
    /// JSON text: lists and objects.
    Json(String),
}

/// The value does not fit the field it was given to: a fault of the program, not of the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ValueError;

impl Value {
    /// Whether there is no value.
    pub fn is_null(&self) -> bool {
        matches!(self, Value::Null)
    }

    /// The integer inside.
    pub fn int(&self) -> Option<i64> {
        match self {
            Value::Int(i) => Some(*i),
            _ => None,
        }
    }

    /// The id inside.
    pub fn id(&self) -> Option<Id> {
        match self {
            Value::Id(id) => Some(*id),
            Value::Any(any) => Some(any.id),
            _ => None,
        }
    }

    /// The text inside (not a secret).
    pub fn text(&self) -> Option<&str> {
        match self {
            Value::Text(text) | Value::Json(text) => Some(text),
            _ => None,
        }
    }
}
