//! Questions about records, as data. The store turns them into SQL; there is no other way to ask.

use crate::{CustomStep, Value};
use paas_types::Id;

/// A comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Op {
    /// equal
    Eq,
    /// not equal
    Ne,
    /// greater
    Gt,
    /// greater or equal
    Gte,
    /// less
    Lt,
    /// less or equal
    Lte,
    /// one of
    In,
    /// text contains
    Contains,
    /// text starts with
    StartsWith,
    /// has no value (`true`) or has one (`false`)
    IsNull,
    /// is this node of a tree or lies below it
    Under,
}

/// A field of the chassis' head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeadField {
    /// identity
    Id,
    /// version
    Version,
    /// document number
    Number,
    /// creation instant
    CreatedAt,
    /// creator
    CreatedBy,
    /// last change
    UpdatedAt,
    /// last changer
    UpdatedBy,
    /// owner
    Owner,
    /// department
    Department,
}

/// One step of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// A declared field by index.
    Field(usize),
    /// A field of the head.
    Head(HeadField),
    /// A field that administrators added; of the record itself only.
    Custom(CustomStep),
}

/// A field of the record, or a field of a record it refers to: `shelf.code`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path {
    /// Reference field to follow first.
    pub via: Option<usize>,
    /// The field compared.
    pub step: Step,
}

impl Path {
    /// A field of the record itself.
    pub const fn field(index: usize) -> Path {
        Path { via: None, step: Step::Field(index) }
    }

    /// A head field of the record itself.
    pub const fn head(field: HeadField) -> Path {
        Path { via: None, step: Step::Head(field) }
    }
}

/// One condition.
#[derive(Clone, Debug, PartialEq)]
pub struct Filter {
    /// What is compared.
    pub path: Path,
    /// How.
    pub op: Op,
    /// With what; `In` takes several, `IsNull` a boolean.
    pub values: Vec<Value>,
}

/// Alternatives: one group of conditions holds at least, and in a group all do.
#[derive(Clone, Debug, PartialEq)]
pub struct Either {
    /// The groups.
    pub groups: Vec<Vec<Filter>>,
}

/// One sort key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sort {
    /// What is sorted by.
    pub path: Path,
    /// Descending.
    pub descending: bool,
}

/// A position after which a page starts: the sort values and the id of the last record seen.
#[derive(Clone, Debug, PartialEq)]
pub struct Cursor {
    /// Values of the sort keys.
    pub values: Vec<Value>,
    /// Id of the record.
    pub id: Id,
}

/// Which part of the answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Page {
    /// By number, from 1.
    Number(u32),
    /// After a cursor.
    After(Cursor),
}

/// Which records the caller may see at all: the union of what is named. Empty means none.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Scope {
    /// Everything of the tenant.
    pub all: bool,
    /// Records whose owner is this user.
    pub owner: Option<Id>,
    /// Records of these departments.
    pub departments: Vec<Id>,
    /// Records whose party is one of these.
    pub parties: Vec<Id>,
    /// Records in which the field at this index has this value: what their owners have opened to everybody.
    pub opened: Option<(usize, &'static str)>,
}

impl Scope {
    /// Everything of the tenant.
    pub fn all() -> Scope {
        Scope { all: true, ..Scope::default() }
    }
}

/// A whole question.
#[derive(Clone, Debug, PartialEq)]
pub struct Query {
    /// Conditions, all of which hold.
    pub filters: Vec<Filter>,
    /// Alternatives, each of which holds as well.
    pub either: Vec<Either>,
    /// Order; the id is always the last key.
    pub sort: Vec<Sort>,
    /// Keyword search.
    pub keyword: Option<String>,
    /// Which part.
    pub page: Page,
    /// Records per page.
    pub page_size: u32,
    /// What the caller may see.
    pub scope: Scope,
    /// Whether the total is wanted (counted to 10,000 at most).
    pub count: bool,
}

impl Query {
    /// Everything of the tenant, first page.
    pub fn all(page_size: u32) -> Query {
        Query {
            filters: Vec::new(),
            either: Vec::new(),
            sort: Vec::new(),
            keyword: None,
            page: Page::Number(1),
            page_size,
            scope: Scope::all(),
            count: false,
        }
    }

    /// Adds a condition.
    #[must_use]
    pub fn filter(mut self, path: Path, op: Op, values: Vec<Value>) -> Query {
        self.filters.push(Filter { path, op, values });
        self
    }
}
