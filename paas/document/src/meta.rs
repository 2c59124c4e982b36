//! Static metadata of declared types.

use paas_types::{Mask, Text};

/// The six kinds of record (ARCHITECTURE §2), and the rows inside them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Things that exist (档案).
    Master,
    /// Things that happen (单据).
    Document,
    /// A row of a table inside a master or document.
    Row,
    /// Append-only entries (流水).
    Ledger,
    /// The fold of a ledger per key (余额).
    Balance,
    /// One record per tenant (设置).
    Setting,
}

impl Kind {
    /// The name used in the page's descriptor.
    pub const fn name(self) -> &'static str {
        match self {
            Kind::Master => "master",
            Kind::Document => "document",
            Kind::Row => "row",
            Kind::Ledger => "ledger",
            Kind::Balance => "balance",
            Kind::Setting => "setting",
        }
    }

    /// Whether people create, change and delete such records through the resource API.
    pub const fn is_editable(self) -> bool {
        matches!(self, Kind::Master | Kind::Document | Kind::Setting)
    }
}

/// What a declared type is. Made by a derive; lives in a static.
#[derive(Debug)]
pub struct TypeMeta {
    /// Singular kebab-case name, as in permission codes: `shelf-note`.
    pub name: &'static str,
    /// Plural kebab-case name, as in paths: `shelf-notes`.
    pub resource: &'static str,
    /// Snake-case table name.
    pub table: &'static str,
    /// Label.
    pub label: Text,
    /// Kind of record.
    pub kind: Kind,
    /// Fields in the author's order, without rows and without the chassis' own (`Head`).
    pub fields: &'static [Field],
    /// Tables of rows.
    pub tables: &'static [RowTable],
    /// States of the flow, the first one is where records start; empty when the type has none.
    pub states: &'static [StateMeta],
    /// Index of the state field, when there are states.
    pub state_field: Option<usize>,
    /// Numbering pattern of a document, e.g. `SO{yyyy}{mm}-{seq:5}`; `None` when rules number it or it has no number.
    pub number: Option<&'static str>,
    /// Index of the business-date field that numbering and default sort use.
    pub date_field: Option<usize>,
    /// Index of the field that names the party, for data scope `party`.
    pub party_field: Option<usize>,
    /// Unique combinations of field indexes, besides single `unique` fields. Each is unique per tenant.
    pub unique: &'static [&'static [usize]],
    /// Extra indexes over field indexes, for filters that combine.
    pub indexes: &'static [&'static [usize]],
    /// Whether the self-reference `parent` makes a tree (no cycles, filter `[under]`).
    pub tree: bool,
}

impl TypeMeta {
    /// The index of the field with this JSON name.
    pub fn field_named(&self, name: &str) -> Option<usize> {
        self.fields.iter().position(|f| f.group.is_none() && f.name == name)
    }

    /// The index of a field in a group, e.g. `dimensions` / `shelf`.
    pub fn grouped_field(&self, group: &str, name: &str) -> Option<usize> {
        self.fields.iter().position(|f| f.group == Some(group) && f.name == name)
    }

    /// The field at an index.
    pub fn field(&self, index: usize) -> Option<&'static Field> {
        self.fields.get(index)
    }

    /// The index of the row table with this JSON name.
    pub fn table_named(&self, name: &str) -> Option<usize> {
        self.tables.iter().position(|t| t.name == name)
    }

    /// Whether records carry the chassis' head (version, audit columns, owner, department, number).
    pub fn has_head(&self) -> bool {
        self.kind.is_editable()
    }

    /// Whether records carry a document number.
    pub fn has_number(&self) -> bool {
        self.kind == Kind::Document
    }

    /// The label field of a reference to this type: `code` and `name` where declared.
    pub fn code_field(&self) -> Option<usize> {
        self.field_named("code").or_else(|| self.field_named("username"))
    }

    /// Whether a field feeds keyword search: by itself, or as the English form of one that does.
    pub fn is_searched(&self, index: usize) -> bool {
        let itself = self.field(index).is_some_and(|f| f.search);
        itself || self.fields.iter().any(|f| f.search && f.english == Some(index))
    }

    /// Whether an index serves filters and sorts by a field. Of the keys only those of a balance have one without being
    /// declared `indexed`: each entry would pay for it.
    pub fn is_indexed(&self, field: &Field) -> bool {
        field.indexed || field.unique || (field.key && self.kind == Kind::Balance)
    }

    /// The field a list is sorted by, newest first, when nothing else is said: the business date, if it is indexed.
    pub fn default_sort(&self) -> Option<&'static Field> {
        self.date_field.and_then(|index| self.field(index)).filter(|field| field.indexed)
    }

    /// The field shown as the name of a reference.
    pub fn name_field(&self) -> Option<usize> {
        self.field_named("name")
    }

    /// Whether a field is part of what references show: the code, or the name in one of its languages.
    pub fn is_shown_by(&self, index: usize) -> bool {
        let name = self.name_field();
        let english = name.and_then(|i| self.field(i)).and_then(|field| field.english);
        [self.code_field(), name, english].contains(&Some(index))
    }
}

/// A table of rows inside a record.
#[derive(Debug)]
pub struct RowTable {
    /// JSON name: `lines`.
    pub name: &'static str,
    /// Label.
    pub label: Text,
    /// Metadata of the row type.
    pub meta: fn() -> &'static TypeMeta,
    /// The least number of rows.
    pub min_rows: usize,
}

/// One field.
#[derive(Debug)]
pub struct Field {
    /// camelCase JSON name.
    pub name: &'static str,
    /// snake_case column name.
    pub column: &'static str,
    /// Label.
    pub label: Text,
    /// Explanation shown beside the input.
    pub help: Option<Text>,
    /// Type and its limits.
    pub ty: FieldType,
    /// Whether a value must be given (the Rust type is not an `Option`).
    pub required: bool,
    /// Whether only rules set it; a client may send it back unchanged.
    pub computed: bool,
    /// Shown in the default list.
    pub list: bool,
    /// Indexed with the tenant: filter and sort allowed.
    pub indexed: bool,
    /// Fed into keyword search.
    pub search: bool,
    /// Unique per tenant.
    pub unique: bool,
    /// Nested in JSON under this name, e.g. `dimensions`.
    pub group: Option<&'static str>,
    /// For a name in Chinese: the index of the field holding its English form.
    pub english: Option<usize>,
    /// Read from a balance instead of a column of its own.
    pub from_balance: Option<FromBalance>,
    /// Accepted but never answered (passwords).
    pub write_only: bool,
    /// A dimension of a ledger or balance.
    pub key: bool,
    /// A measure of a ledger or balance.
    pub measure: bool,
    /// Lower and upper bounds of a number.
    pub bounds: Bounds,
    /// JSON text used when a create leaves the field out.
    pub default: Option<&'static str>,
    /// Conditions over the other fields of the record or row.
    pub when: When,
}

/// When a field is shown, must be given, or may not be changed: CEL over the other fields of its record or row.
#[derive(Debug, Clone, Copy, Default)]
pub struct When {
    /// Shown only when this holds; a value that is not shown stays.
    pub visible: Option<&'static str>,
    /// Demanded when this holds.
    pub required: Option<&'static str>,
    /// Not to be changed by people when this holds of the record as it is stored.
    pub readonly: Option<&'static str>,
}

impl When {
    /// No conditions.
    pub const NONE: When = When { visible: None, required: None, readonly: None };
}

/// Bounds of a number, as decimal text.
#[derive(Debug, Clone, Copy, Default)]
pub struct Bounds {
    /// value ≥ min
    pub min: Option<&'static str>,
    /// value > above
    pub above: Option<&'static str>,
    /// value ≤ max
    pub max: Option<&'static str>,
}

impl Bounds {
    /// No bounds.
    pub const NONE: Bounds = Bounds { min: None, above: None, max: None };
}

/// A field whose value is the sum of a balance's measures: it cannot drift from the ledger.
#[derive(Debug, Clone, Copy)]
pub struct FromBalance {
    /// The balance type.
    pub balance: fn() -> &'static TypeMeta,
    /// Column of the balance's key that is matched.
    pub key: &'static str,
    /// Own column it is matched with; `id` for the record's or row's own id.
    pub by: &'static str,
    /// Columns of measures that are added.
    pub plus: &'static [&'static str],
    /// Columns of measures that are subtracted.
    pub minus: &'static [&'static str],
}

/// The closed set of field types.
#[derive(Debug, Clone, Copy)]
pub enum FieldType {
    /// One line of text of at most `max` characters.
    Text {
        /// Most characters.
        max: u32,
    },
    /// Text of several lines, at most `max` characters.
    LongText {
        /// Most characters.
        max: u32,
    },
    /// A whole number.
    Integer,
    /// An exact decimal, kept as a scaled integer.
    Decimal {
        /// What the number means.
        kind: crate::NumberKind,
        /// Decimals.
        scale: u32,
    },
    /// Yes or no.
    Bool,
    /// A business date.
    Date,
    /// An instant in UTC.
    Instant,
    /// One of a closed list.
    Choice(&'static [Choice]),
    /// The state of the flow.
    State(&'static [StateMeta]),
    /// A record of this cell.
    Ref {
        /// Its type.
        target: fn() -> &'static TypeMeta,
    },
    /// Several records of this cell.
    RefList {
        /// Their type.
        target: fn() -> &'static TypeMeta,
    },
    /// A user of the tenant (membership), from the directory.
    User,
    /// A department of the tenant, from the directory.
    Department,
    /// Sensitive text: sealed at rest, masked on read.
    Secret(Mask),
    /// A password: hashed by a rule, never answered.
    Password,
    /// A record of any type of this cell.
    AnyRef,
    /// A list of short texts; with choices, only those.
    TextList(&'static [Choice]),
    /// A list of permission codes.
    Permissions,
    /// A JSON object.
    Json,
}

impl FieldType {
    /// The name used in the page's descriptor.
    pub const fn name(&self) -> &'static str {
        match self {
            FieldType::Text { .. } => "text",
            FieldType::LongText { .. } => "longtext",
            FieldType::Integer => "integer",
            FieldType::Decimal { .. } => "decimal",
            FieldType::Bool => "boolean",
            FieldType::Date => "date",
            FieldType::Instant => "instant",
            FieldType::Choice(_) => "choice",
            FieldType::State(_) => "state",
            FieldType::Ref { .. } => "ref",
            FieldType::RefList { .. } => "ref-list",
            FieldType::User => "user",
            FieldType::Department => "department",
            FieldType::Secret(_) => "secret",
            FieldType::Password => "password",
            FieldType::AnyRef => "anyref",
            FieldType::TextList(_) => "text-list",
            FieldType::Permissions => "permissions",
            FieldType::Json => "json",
        }
    }
}

/// One value of a closed list.
#[derive(Debug, Clone)]
pub struct Choice {
    /// The value in JSON and in the database.
    pub value: &'static str,
    /// Label.
    pub label: Text,
}

/// One state of a flow.
#[derive(Debug, Clone)]
pub struct StateMeta {
    /// kebab-case name in JSON and in the database.
    pub name: &'static str,
    /// Label.
    pub label: Text,
    /// How the page shows it.
    pub tone: Tone,
    /// Whether people may still change and delete the record.
    pub editable: bool,
}

/// How a state is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// Not in force yet.
    Draft,
    /// In force.
    Active,
    /// Finished.
    Done,
    /// Of no effect any more.
    Void,
}

impl Tone {
    /// The name used in the page's descriptor.
    pub const fn name(self) -> &'static str {
        match self {
            Tone::Draft => "draft",
            Tone::Active => "active",
            Tone::Done => "done",
            Tone::Void => "void",
        }
    }
}

/// camelCase of a snake_case name.
pub fn camel(snake: &str) -> String {
    let mut out = String::with_capacity(snake.len());
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

/// The index of the field with this column name; usable in constants.
pub const fn find_field(fields: &[Field], column: &str) -> Option<usize> {
    let mut i = 0;
    while i < fields.len() {
        #[allow(clippy::indexing_slicing)] // the loop bound proves it; `get` is not const
        if same(fields[i].column, column) {
            return Some(i);
        }
        i += 1;
    }
    None
}

pub(crate) const fn same(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    if a.len() != b.len() {
        return false;
    }
    let mut i = 0;
    while i < a.len() {
        #[allow(clippy::indexing_slicing)] // the loop bound proves it; `get` is not const
        if a[i] != b[i] {
            return false;
        }
        i += 1;
    }
    true
}
