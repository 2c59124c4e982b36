//! Which Rust types may be fields, and what each means.

use crate::{AnyRef, Choice, DepartmentRef, FieldType, MasterState, Ref, States, Typed, UserRef, Value, ValueError};
use paas_types::{Amount, Date, Fixed, Id, Instant, Mask, Price, Quantity, Rate, Secret};

/// What an exact decimal means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NumberKind {
    /// Money.
    Amount,
    /// Money per unit.
    Price,
    /// A quantity.
    Quantity,
    /// A rate or share.
    Rate,
}

impl NumberKind {
    /// The name used in the page's descriptor.
    pub const fn name(self) -> &'static str {
        match self {
            NumberKind::Amount => "amount",
            NumberKind::Price => "price",
            NumberKind::Quantity => "quantity",
            NumberKind::Rate => "rate",
        }
    }
}

/// A Rust type that can be a field.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a field of a declared type",
    note = "use String, bool, i64, Amount, Price, Quantity, Rate, Date, Instant, Ref<T>, UserRef, DepartmentRef, Secret<String>, AnyRef, Vec<String>, Vec<Ref<T>>, serde_json::Value, an enum with #[derive(Choice)] or #[derive(States)], or an Option of these; never a float"
)]
pub trait FieldValue: Sized + Clone {
    /// The field type; attributes may refine it (length, mask).
    const TYPE: FieldType;
    /// Whether a value must be given.
    const REQUIRED: bool;
    /// The value for the chassis.
    fn to_value(&self) -> Value;
    /// The value from the chassis.
    fn from_value(value: Value) -> Result<Self, ValueError>;
    /// The value of a blank record.
    fn blank() -> Self;
}

impl<T: FieldValue> FieldValue for Option<T> {
    const TYPE: FieldType = T::TYPE;
    const REQUIRED: bool = false;

    fn to_value(&self) -> Value {
        self.as_ref().map_or(Value::Null, T::to_value)
    }

    fn from_value(value: Value) -> Result<Self, ValueError> {
        if value.is_null() { Ok(None) } else { T::from_value(value).map(Some) }
    }

    fn blank() -> Self {
        None
    }
}

macro_rules! plain {
    ($rust:ty, $ty:expr, $blank:expr, $this:ident => $to:expr, $pat:pat => $from:expr) => {
        impl FieldValue for $rust {
            const TYPE: FieldType = $ty;
            const REQUIRED: bool = true;

            fn to_value(&self) -> Value {
                let $this = self;
                $to
            }

            fn from_value(value: Value) -> Result<Self, ValueError> {
                match value {
                    $pat => $from,
                    _ => Err(ValueError),
                }
            }

            fn blank() -> Self {
                $blank
            }
        }
    };
}

plain!(String, FieldType::Text { max: 200 }, String::new(), v => Value::Text(v.clone()), Value::Text(t) => Ok(t));
plain!(bool, FieldType::Bool, false, v => Value::Bool(*v), Value::Bool(b) => Ok(b));
plain!(i64, FieldType::Integer, 0, v => Value::Int(*v), Value::Int(i) => Ok(i));
plain!(Date, FieldType::Date, Date::from_epoch_days(0), v => Value::Date(*v), Value::Date(d) => Ok(d));
plain!(Instant, FieldType::Instant, Instant::from_micros(0), v => Value::Instant(*v), Value::Instant(i) => Ok(i));
plain!(UserRef, FieldType::User, UserRef(Id::NIL), v => Value::Id(v.0), Value::Id(i) => Ok(UserRef(i)));
plain!(DepartmentRef, FieldType::Department, DepartmentRef(Id::NIL), v => Value::Id(v.0), Value::Id(i) => Ok(DepartmentRef(i)));
plain!(Secret<String>, FieldType::Secret(Mask::All), Secret::new(String::new()), v => Value::Secret(v.clone()), Value::Secret(s) => Ok(s));
plain!(AnyRef, FieldType::AnyRef, AnyRef { kind: String::new(), id: Id::NIL, number: None }, v => Value::Any(v.clone()), Value::Any(a) => Ok(a));

impl<const S: u32> FieldValue for Fixed<S>
where
    Fixed<S>: Scaled,
{
    const TYPE: FieldType = FieldType::Decimal { kind: <Fixed<S> as Scaled>::KIND, scale: S };
    const REQUIRED: bool = true;

    fn to_value(&self) -> Value {
        Value::Int(self.raw())
    }

    fn from_value(value: Value) -> Result<Self, ValueError> {
        value.int().map(Fixed::from_raw).ok_or(ValueError)
    }

    fn blank() -> Self {
        Fixed::ZERO
    }
}

/// The exact decimals that have a meaning.
pub trait Scaled {
    /// What the number means.
    const KIND: NumberKind;
}

impl Scaled for Amount {
    const KIND: NumberKind = NumberKind::Amount;
}
impl Scaled for Price {
    const KIND: NumberKind = NumberKind::Price;
}
impl Scaled for Quantity {
    const KIND: NumberKind = NumberKind::Quantity;
}
impl Scaled for Rate {
    const KIND: NumberKind = NumberKind::Rate;
}

impl<T: Typed> FieldValue for Ref<T> {
    const TYPE: FieldType = FieldType::Ref { target: T::meta_of };
    const REQUIRED: bool = true;

    fn to_value(&self) -> Value {
        Value::Id(self.id())
    }

    fn from_value(value: Value) -> Result<Self, ValueError> {
        match value {
            Value::Id(id) => Ok(Ref::new(id)),
            _ => Err(ValueError),
        }
    }

    fn blank() -> Self {
        Ref::new(Id::NIL)
    }
}

impl<T: Typed> FieldValue for Vec<Ref<T>> {
    const TYPE: FieldType = FieldType::RefList { target: T::meta_of };
    const REQUIRED: bool = false;

    fn to_value(&self) -> Value {
        let ids: Vec<String> = self.iter().map(|r| r.id().to_string()).collect();
        Value::Json(serde_json::Value::from(ids).to_string())
    }

    fn from_value(value: Value) -> Result<Self, ValueError> {
        list(value)?.iter().map(|id| id.parse().map(Ref::new).map_err(|_| ValueError)).collect()
    }

    fn blank() -> Self {
        Vec::new()
    }
}

impl FieldValue for Vec<String> {
    const TYPE: FieldType = FieldType::TextList(&[]);
    const REQUIRED: bool = false;

    fn to_value(&self) -> Value {
        Value::Json(serde_json::Value::from(self.clone()).to_string())
    }

    fn from_value(value: Value) -> Result<Self, ValueError> {
        list(value)
    }

    fn blank() -> Self {
        Vec::new()
    }
}

fn list(value: Value) -> Result<Vec<String>, ValueError> {
    match value {
        Value::Null => Ok(Vec::new()),
        Value::Json(text) => serde_json::from_str(&text).map_err(|_| ValueError),
        _ => Err(ValueError),
    }
}

impl FieldValue for serde_json::Value {
    const TYPE: FieldType = FieldType::Json;
    const REQUIRED: bool = false;

    fn to_value(&self) -> Value {
        if self.is_null() { Value::Null } else { Value::Json(self.to_string()) }
    }

    fn from_value(value: Value) -> Result<Self, ValueError> {
        match value {
            Value::Null => Ok(serde_json::Value::Null),
            Value::Json(text) => serde_json::from_str(&text).map_err(|_| ValueError),
            _ => Err(ValueError),
        }
    }

    fn blank() -> Self {
        serde_json::Value::Null
    }
}

impl FieldValue for MasterState {
    const TYPE: FieldType = FieldType::State(<MasterState as States>::ALL);
    const REQUIRED: bool = true;

    fn to_value(&self) -> Value {
        Value::Text(self.name().to_owned())
    }

    fn from_value(value: Value) -> Result<Self, ValueError> {
        value.text().and_then(MasterState::named).ok_or(ValueError)
    }

    fn blank() -> Self {
        MasterState::Active
    }
}

/// Helper of `#[derive(Choice)]`: the variant whose value this is.
pub fn choice_ordinal(list: &'static [Choice], value: &Value) -> Option<usize> {
    let text = value.text()?;
    list.iter().position(|c| c.value == text)
}
