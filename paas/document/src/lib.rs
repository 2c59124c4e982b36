//! Declarations as data: what a type is (fields, rows, states, numbering, ledgers), how a record shows itself to the
//! chassis, and how questions about records are put. Everything that is generated reads this; nothing here does I/O.

mod custom;
pub mod derived;
mod event;
mod field;
mod head;
mod meta;
mod query;
mod record;
mod reference;
mod value;

pub use custom::{Custom, CustomKey, CustomStep, CustomValue};
pub use event::{EventBody, EventPart, event_field_schema, event_rows_schema, event_schema, event_value};
pub use field::{FieldValue, NumberKind, choice_ordinal};
pub use head::{Head, MasterState};
pub use meta::{
    Bounds, Choice, Field, FieldType, FromBalance, Kind, RowTable, StateMeta, Tone, TypeMeta, When, camel, find_field,
};
pub use query::{Cursor, Either, Filter, HeadField, Op, Page, Path, Query, Scope, Sort, Step};
pub use record::{Document, Entry, Record, States, Typed};
pub use reference::{AnyRef, DepartmentRef, Named, Ref, UserRef};
pub use value::{Value, ValueError};
