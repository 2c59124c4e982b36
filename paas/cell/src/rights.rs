//! What a caller may do in this cell: no I/O per question.

use paas_auth::{FieldRight, Rights};
use paas_document::{Record, Scope, TypeMeta};

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

    /// The restricted fields `{cell}.{type}.{field}`, and what may still be done with each; none for the system.
    pub fn restricted(&self) -> Vec<(&str, FieldRight)> {
        match self {
            Access::System => Vec::new(),
            Access::Member(rights) => rights.restricted().collect(),
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

    fn restricts_fields(&self) -> bool {
        match self {
            Access::System => false,
            Access::Member(rights) => rights.restricts_fields(),
        }
    }
}

/// Where fields stand: in a record, or in the rows of one of its tables. The rights of rows belong to the parent type; a
/// restriction by the name of the row type counts too.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place<'a> {
    cell: &'a str,
    meta: &'static TypeMeta,
    /// The table, and the type of its rows.
    table: Option<(&'static str, &'static TypeMeta)>,
}

impl<'a> Place<'a> {
    /// The fields of records of a type.
    pub(crate) fn of(cell: &'a str, meta: &'static TypeMeta) -> Place<'a> {
        Place { cell, meta, table: None }
    }

    /// The path segment of the type whose fields these are.
    pub(crate) fn resource(&self) -> &'static str {
        self.meta.resource
    }

    /// The fields of rows of a table.
    pub(crate) fn table(self, table: &str) -> Place<'a> {
        let rows = self.meta.table_named(table).and_then(|i| self.meta.tables.get(i));
        Place { table: rows.map(|rows| (rows.name, (rows.meta)())), ..self }
    }

    /// A field here, of a row as `table.field`.
    pub(crate) fn path(&self, field: &str) -> String {
        match self.table {
            None => field.to_owned(),
            Some((table, _)) => format!("{table}.{field}"),
        }
    }

    /// Whether the field of this path, of a row as `table.field`, may be named.
    pub(crate) fn names(self, path: &str, access: &Access) -> bool {
        let right = match path.split_once('.').filter(|(table, _)| self.meta.table_named(table).is_some()) {
            Some((table, field)) => self.table(table).right(access, field),
            None => self.right(access, path),
        };
        right > FieldRight::Hidden
    }

    /// What may be done with a field here.
    pub(crate) fn right(&self, access: &Access, field: &str) -> FieldRight {
        if !access.restricts_fields() {
            return FieldRight::Write;
        }
        match self.table {
            None => access.field(&format!("{}.{}.{field}", self.cell, self.meta.name)),
            Some((table, rows)) => {
                let whole = format!("{}.{}.{table}", self.cell, self.meta.name);
                let own = access.field(&format!("{}.{}.{field}", self.cell, rows.name));
                access.field(&whole).min(access.field(&format!("{whole}.{field}"))).min(own)
            }
        }
    }
}

/// Whether a scope reaches a record. Types without owner are all or nothing.
pub(crate) fn reaches(scope: &Scope, record: &dyn Record) -> bool {
    let owned = record.head().is_some_and(|head| {
        let owner = head.owner.map(|o| o.0);
        let department = head.department.map(|d| d.0);
        (owner.is_some() && owner == scope.owner) || department.is_some_and(|d| scope.departments.contains(&d))
    });
    let party = record.meta().party_field.and_then(|i| record.get(i).id());
    let opened = scope.opened.is_some_and(|(field, value)| record.get(field).text() == Some(value));
    scope.all || owned || opened || party.is_some_and(|p| scope.parties.contains(&p))
}

/// What two scopes both reach; where only SQL could tell, less.
pub(crate) fn narrower(a: Scope, b: &Scope) -> Scope {
    if a.all {
        return b.clone();
    }
    if b.all {
        return a;
    }
    Scope {
        all: false,
        owner: a.owner.filter(|_| a.owner == b.owner),
        departments: a.departments.into_iter().filter(|d| b.departments.contains(d)).collect(),
        parties: a.parties.into_iter().filter(|p| b.parties.contains(p)).collect(),
        opened: a.opened.filter(|_| a.opened == b.opened),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use paas_types::Id;

    #[test]
    fn two_scopes_together_reach_what_both_do() {
        let (me, x, y) = (Id::fresh(), Id::fresh(), Id::fresh());
        let own = Scope { owner: Some(me), departments: vec![x, y], ..Scope::default() };
        assert_eq!(narrower(Scope::all(), &own), own);
        assert_eq!(narrower(own.clone(), &Scope::all()), own);
        let other = Scope { departments: vec![y], parties: vec![x], ..Scope::default() };
        assert_eq!(narrower(own, &other), Scope { departments: vec![y], ..Scope::default() });
    }
}
