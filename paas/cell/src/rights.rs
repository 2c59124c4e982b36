//! What a caller may do in this cell: no I/O per question.

use paas_auth::{FieldRight, Rights};
use paas_document::Scope;

/// The rights of a caller.
#[derive(Clone, Debug)]
pub enum Access {
    /// The system: seeds, events, other cells. Everything.
    System,
    /// A member.
    Member(Rights),
}

impl Access {
    /// Whether a permission is held, for some records at least.
    pub fn allows(&self, code: &str) -> bool {
        match self {
            Access::System => true,
            Access::Member(rights) => rights.allows(code),
        }
    }

    /// Which records a permission reaches.
    pub fn scope(&self, code: &str) -> Scope {
        match self {
            Access::System => Scope::all(),
            Access::Member(rights) => rights.scope(code),
        }
    }

    /// What may be done with `{cell}.{type}.{field}`.
    pub fn field(&self, code: &str) -> FieldRight {
        match self {
            Access::System => FieldRight::Write,
            Access::Member(rights) => rights.field(code),
        }
    }

    /// Whether this is the system itself.
    pub fn is_system(&self) -> bool {
        matches!(self, Access::System)
    }

    /// The permission codes held, sorted; empty for the system.
    pub fn codes(&self) -> Vec<&str> {
        match self {
            Access::System => Vec::new(),
            Access::Member(rights) => rights.codes(),
        }
    }
}
