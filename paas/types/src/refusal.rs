//! Refusals: the one error type that crosses module boundaries.

use crate::{Code, Lang, Text};
use serde_json::{Value, json};
use std::fmt;

/// The result of everything that may be refused.
pub type Result<T, E = Refusal> = std::result::Result<T, E>;

/// What is wrong with one field.
#[derive(Clone, Debug, PartialEq)]
pub struct FieldError {
    /// JSON path, e.g. `lines[2].quantity`.
    pub field: String,
    /// Stable code, e.g. `REQUIRED`, `TOO_MANY_DECIMALS`.
    pub code: &'static str,
    /// The sentence for the person.
    pub message: Text,
}

/// The machine-readable part of a refusal.
#[derive(Clone, Debug, PartialEq)]
pub enum Details {
    /// Nothing to add.
    None,
    /// Field errors (validation).
    Fields(Vec<FieldError>),
    /// Anything else, as JSON; never holds a sensitive value.
    Data(Value),
}

#[derive(Clone, Debug, PartialEq)]
struct Inner {
    code: Code,
    message: Text,
    details: Details,
    retry_after_s: Option<u32>,
    cause: Option<String>,
}

/// A refusal: code, sentence, details. The technical cause is for the log only and never leaves the process.
#[derive(Clone, Debug, PartialEq)]
pub struct Refusal(Box<Inner>);

impl Refusal {
    /// A refusal with the catalogue's own sentence.
    pub fn new(code: Code) -> Refusal {
        Refusal(Box::new(Inner {
            code,
            message: Text::of(code.zh(), code.en()),
            details: Details::None,
            retry_after_s: match code {
                Code::Unavailable | Code::RateLimited => Some(1),
                _ => None,
            },
            cause: None,
        }))
    }

    /// A broken business rule: stable rule name, sentence, and the numbers involved (a JSON object).
    pub fn rule(rule: &'static str, message: Text, numbers: Value) -> Refusal {
        let mut data = match numbers {
            Value::Object(map) => map,
            _ => serde_json::Map::new(),
        };
        data.insert("rule".to_owned(), Value::from(rule));
        Refusal::new(Code::BusinessRule).saying(message).with(Value::Object(data))
    }

    /// One invalid field.
    pub fn field(field: impl Into<String>, code: &'static str, message: Text) -> Refusal {
        Refusal::fields(vec![FieldError { field: field.into(), code, message }])
    }

    /// Several invalid fields; the sentence is that of the first.
    pub fn fields(errors: Vec<FieldError>) -> Refusal {
        let code = if !errors.is_empty() && errors.iter().all(|e| e.code == Code::UnknownField.as_str()) {
            Code::UnknownField
        } else {
            Code::ValidationFailed
        };
        let mut refusal = Refusal::new(code);
        if let [only] = errors.as_slice() {
            refusal.0.message = only.message.clone();
        }
        refusal.0.details = Details::Fields(errors);
        refusal
    }

    /// The record is not there, or not for this caller; the two are one.
    pub fn not_found() -> Refusal {
        Refusal::new(Code::NotFound)
    }

    /// A fault of the system; `cause` goes to the log under the request id.
    pub fn internal(cause: impl fmt::Display) -> Refusal {
        Refusal::new(Code::Internal).caused_by(cause)
    }

    /// The system cannot do it now; try again later. `cause` is for the log.
    pub fn unavailable(cause: impl fmt::Display) -> Refusal {
        Refusal::new(Code::Unavailable).caused_by(cause)
    }

    /// Replaces the sentence.
    #[must_use]
    pub fn saying(mut self, message: Text) -> Refusal {
        self.0.message = message;
        self
    }

    /// Replaces the details by JSON.
    #[must_use]
    pub fn with(mut self, details: Value) -> Refusal {
        self.0.details = Details::Data(details);
        self
    }

    /// Says when to come back, in seconds.
    #[must_use]
    pub fn retry_after(mut self, seconds: u32) -> Refusal {
        self.0.retry_after_s = Some(seconds);
        self
    }

    /// Notes the technical cause for the log.
    #[must_use]
    pub fn caused_by(mut self, cause: impl fmt::Display) -> Refusal {
        self.0.cause = Some(cause.to_string());
        self
    }

    /// The code.
    pub fn code(&self) -> Code {
        self.0.code
    }

    /// The name of the broken business rule, if it is one.
    pub fn rule_name(&self) -> Option<&str> {
        match &self.0.details {
            Details::Data(data) => data.get("rule").and_then(Value::as_str),
            _ => None,
        }
    }

    /// The sentence.
    pub fn message(&self) -> &Text {
        &self.0.message
    }

    /// The details.
    pub fn details(&self) -> &Details {
        &self.0.details
    }

    /// The technical cause, for the log only.
    pub fn cause(&self) -> Option<&str> {
        self.0.cause.as_deref()
    }

    /// Seconds after which a retry makes sense.
    pub fn retry_after_s(&self) -> Option<u32> {
        self.0.retry_after_s
    }

    /// Puts `prefix` before every field path, e.g. `lines[2]` + `quantity`.
    #[must_use]
    pub fn under(mut self, prefix: &str) -> Refusal {
        if let Details::Fields(errors) = &mut self.0.details {
            for error in errors {
                error.field =
                    if error.field.is_empty() { prefix.to_owned() } else { format!("{prefix}.{}", error.field) };
            }
        }
        self
    }

    /// The envelope of the contract.
    pub fn envelope(&self, lang: Lang, request_id: &str) -> Value {
        let details = match &self.0.details {
            Details::None => Value::Null,
            Details::Data(data) => data.clone(),
            Details::Fields(errors) => errors
                .iter()
                .map(|e| json!({"field": e.field, "code": e.code, "message": e.message.get(lang)}))
                .collect(),
        };
        json!({
            "code": self.0.code.as_str(),
            "message": self.0.message.get(lang),
            "details": details,
            "requestId": request_id,
        })
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.0.code.as_str(), self.0.message.en)
    }
}

impl std::error::Error for Refusal {}
