//! Policies as the platform hands them out, and rights as the gateway and the cells ask for them.

use paas_document::Scope;
use paas_types::Id;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// Which records a grant reaches, resolved by the platform (department trees are already lists).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "ids", rename_all = "kebab-case")]
pub enum GrantScope {
    /// Everything of the tenant.
    All,
    /// Records of these departments (own department, its tree, or chosen ones).
    Departments(Vec<Id>),
    /// Records the member owns.
    Own,
    /// Records whose party is one of these.
    Parties(Vec<Id>),
}

/// What a member may do with a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FieldRight {
    /// Not even its name.
    Hidden,
    /// See its masked form.
    Masked,
    /// See it.
    Read,
    /// See and change it; the default.
    Write,
}

/// What one role gives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Grant {
    /// Permission codes `{cell}.{type}.{verb}`; `cell.*` and `cell.type.*` stand for all below.
    pub permissions: Vec<String>,
    /// Which records they reach.
    pub scope: GrantScope,
    /// Restricted fields by `{cell}.{type}.{fieldName}`; of rows by `{cell}.{type}.{table}.{fieldName}`, of a whole table by
    /// `{cell}.{type}.{table}`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub field_rights: BTreeMap<String, FieldRight>,
}

/// Everything a member may do, as data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Policy {
    /// Changes with every change of the member's rights.
    pub version: i64,
    /// The member, for scope `own`.
    pub membership: Id,
    /// One grant per role.
    pub grants: Vec<Grant>,
}

impl Policy {
    /// Compiles it for quick questions.
    pub fn compile(&self) -> Rights {
        let mut rights = Rights { version: self.version, ..Rights::default() };
        for grant in &self.grants {
            let scope = grant.scope.for_member(self.membership);
            for code in &grant.permissions {
                if let Some((cell, _)) = code.split_once('.') {
                    rights.cells.insert(cell.to_owned());
                }
                merge(rights.scopes.entry(code.clone()).or_default(), &scope);
            }
        }
        let restricted: BTreeSet<&String> = self.grants.iter().flat_map(|g| g.field_rights.keys()).collect();
        for field in restricted {
            let Some(kind) = type_of(field) else { continue };
            let given = self.grants.iter().filter(|grant| grant.permissions.iter().any(|code| touches(code, kind)));
            let most = given.map(|grant| grant.field_rights.get(field).copied().unwrap_or(FieldRight::Write)).max();
            // Nobody gives anything on the type itself (rows of another, say): what is restricted stays restricted.
            let strictest = || self.grants.iter().filter_map(|grant| grant.field_rights.get(field).copied()).min();
            let right = most.or_else(strictest);
            if let Some(right) = right.filter(|right| *right < FieldRight::Write) {
                rights.fields.insert(field.clone(), right);
            }
        }
        rights
    }
}

impl GrantScope {
    fn for_member(&self, member: Id) -> Scope {
        match self {
            GrantScope::All => Scope::all(),
            GrantScope::Departments(ids) => Scope { departments: ids.clone(), ..Scope::default() },
            GrantScope::Own => Scope { owner: Some(member), ..Scope::default() },
            GrantScope::Parties(ids) => Scope { parties: ids.clone(), ..Scope::default() },
        }
    }
}

/// Compiled rights of one member: questions cost a few look-ups and no I/O.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rights {
    version: i64,
    scopes: HashMap<String, Scope>,
    fields: HashMap<String, FieldRight>,
    cells: HashSet<String>,
}

impl Rights {
    /// Version of the policy they come from.
    pub fn version(&self) -> i64 {
        self.version
    }

    /// Whether a permission is held, for some records at least.
    pub fn allows(&self, code: &str) -> bool {
        self.scopes.contains_key(code) || wildcards(code).any(|wild| self.scopes.contains_key(&wild))
    }

    /// Which records a permission reaches: the union over all roles that give it; empty when none does.
    pub fn scope(&self, code: &str) -> Scope {
        let mut scope = self.scopes.get(code).cloned().unwrap_or_default();
        for wild in wildcards(code) {
            if let Some(more) = self.scopes.get(&wild) {
                merge(&mut scope, more);
            }
        }
        scope
    }

    /// Whether any field is restricted at all.
    pub fn restricts_fields(&self) -> bool {
        !self.fields.is_empty()
    }

    /// What may be done with `{cell}.{type}.{fieldName}`: the most permissive of the roles that give anything on the
    /// type; where none does, the strictest that any states.
    pub fn field(&self, field: &str) -> FieldRight {
        if self.fields.is_empty() {
            return FieldRight::Write;
        }
        self.fields.get(field).copied().unwrap_or(FieldRight::Write)
    }

    /// The fields that are restricted, `{cell}.{type}.{fieldName}`, and what may still be done with each.
    pub fn restricted(&self) -> impl Iterator<Item = (&str, FieldRight)> {
        self.fields.iter().map(|(field, right)| (field.as_str(), *right))
    }

    /// Whether any permission of a cell is held.
    pub fn any_of(&self, cell: &str) -> bool {
        self.cells.contains(cell)
    }

    /// The permission codes as granted, sorted.
    pub fn codes(&self) -> Vec<&str> {
        let mut codes: Vec<&str> = self.scopes.keys().map(String::as_str).collect();
        codes.sort_unstable();
        codes
    }
}

/// Whether a granted code (perhaps with a wildcard) gives a permission.
pub fn covers(granted: &str, code: &str) -> bool {
    granted == code || granted.strip_suffix('*').is_some_and(|stem| stem.ends_with('.') && code.starts_with(stem))
}

/// The known permission codes that a list of granted ones stands for, sorted, each once. Wildcards end here.
pub fn expand<'a>(granted: &[String], known: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let known: BTreeSet<&str> = known.into_iter().filter(|code| granted.iter().any(|g| covers(g, code))).collect();
    known.into_iter().map(str::to_owned).collect()
}

/// `erp.a.b` → `erp.a.*`, `erp.*`.
fn wildcards(code: &str) -> impl Iterator<Item = String> + '_ {
    code.match_indices('.').map(|(dot, _)| format!("{}.*", code.get(..dot).unwrap_or_default()))
}

/// `erp.a.lines.b` → `erp.a`; `None` when nothing follows the type.
fn type_of(field: &str) -> Option<&str> {
    let (end, _) = field.match_indices('.').nth(1)?;
    field.get(..end)
}

/// Whether a granted code says anything about the type `{cell}.{type}`.
pub fn touches(granted: &str, kind: &str) -> bool {
    match granted.strip_suffix(".*") {
        Some(stem) => kind == stem || kind.strip_prefix(stem).is_some_and(|rest| rest.starts_with('.')),
        None => granted.rsplit_once('.').is_some_and(|(of, _)| of == kind),
    }
}

fn merge(into: &mut Scope, more: &Scope) {
    into.all |= more.all;
    into.owner = into.owner.or(more.owner);
    for id in &more.departments {
        if !into.departments.contains(id) {
            into.departments.push(*id);
        }
    }
    for id in &more.parties {
        if !into.parties.contains(id) {
            into.parties.push(*id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grant(permissions: &[&str], scope: GrantScope, fields: &[(&str, FieldRight)]) -> Grant {
        Grant {
            permissions: permissions.iter().map(|c| (*c).to_owned()).collect(),
            scope,
            field_rights: fields.iter().map(|(f, r)| ((*f).to_owned(), *r)).collect(),
        }
    }

    #[test]
    fn scopes_of_several_roles_unite() {
        let (me, dep, party) = (Id::fresh(), Id::fresh(), Id::fresh());
        let policy = Policy {
            version: 3,
            membership: me,
            grants: vec![
                grant(&["toy.gadget.read", "toy.gadget.create"], GrantScope::Own, &[]),
                grant(&["toy.gadget.read"], GrantScope::Departments(vec![dep]), &[]),
                grant(&["toy.gadget.*"], GrantScope::Parties(vec![party]), &[]),
                grant(&["shop.*"], GrantScope::All, &[]),
            ],
        };
        let rights = policy.compile();
        let read = rights.scope("toy.gadget.read");
        assert_eq!(
            read,
            Scope { all: false, owner: Some(me), departments: vec![dep], parties: vec![party], ..Scope::default() }
        );
        assert!(rights.allows("toy.gadget.delete") && rights.allows("shop.report.totals"));
        assert!(!rights.allows("toy.shelf.read") && !rights.allows("toy") && !rights.allows(""));
        assert_eq!(rights.scope("toy.shelf.read"), Scope::default());
        assert!(rights.scope("shop.a.b").all);
        assert!(rights.any_of("shop") && !rights.any_of("sho"));
        assert_eq!(rights.version(), 3);
        let json = serde_json::to_string(&policy).unwrap();
        assert_eq!(serde_json::from_str::<Policy>(&json).unwrap(), policy);
    }

    #[test]
    fn the_most_permissive_role_that_gives_the_type_decides_on_fields() {
        let limit = "toy.gadget.limit";
        let rights = |grants| Policy { version: 1, membership: Id::NIL, grants }.compile();
        let hidden = || grant(&["toy.gadget.read"], GrantScope::All, &[(limit, FieldRight::Hidden)]);
        assert_eq!(rights(vec![hidden()]).field(limit), FieldRight::Hidden);
        assert_eq!(rights(vec![hidden()]).field("toy.gadget.name"), FieldRight::Write);
        let masked = grant(&["toy.gadget.create"], GrantScope::Own, &[(limit, FieldRight::Masked)]);
        assert_eq!(rights(vec![hidden(), masked]).field(limit), FieldRight::Masked);
        let rows = "toy.gadget.parts.cost";
        let masked_rows = grant(&["toy.gadget.read"], GrantScope::All, &[(rows, FieldRight::Masked)]);
        assert_eq!(rights(vec![masked_rows]).field(rows), FieldRight::Masked, "rows follow the rights of their type");
        let unrelated = grant(&["toy.gadgets.read", "toy.report.gadget"], GrantScope::All, &[]);
        assert_eq!(rights(vec![hidden(), unrelated]).field(limit), FieldRight::Hidden);
        let free = grant(&["toy.*"], GrantScope::All, &[]);
        assert_eq!(rights(vec![hidden(), free]).field(limit), FieldRight::Write);
    }

    /// The attack: nobody grants anything on rows themselves, so what a role hides in them was shown.
    #[test]
    fn what_no_role_gives_keeps_its_strictest_restriction() {
        let (cost, read) = ("toy.gadget-line.cost", ["toy.gadget.read"]);
        let role = |right| grant(&read, GrantScope::All, &[(cost, right)]);
        let rights = |grants| Policy { version: 1, membership: Id::NIL, grants }.compile();
        assert_eq!(rights(vec![role(FieldRight::Hidden)]).field(cost), FieldRight::Hidden);
        let two = vec![role(FieldRight::Read), role(FieldRight::Masked), grant(&read, GrantScope::Own, &[])];
        assert_eq!(rights(two).field(cost), FieldRight::Masked);
        let whole = vec![role(FieldRight::Hidden), grant(&["toy.*"], GrantScope::All, &[])];
        assert_eq!(rights(whole).field(cost), FieldRight::Write, "the whole cell has the rows in it");
    }

    #[test]
    fn wildcards_expand_to_what_is_known() {
        let known = ["toy.gadget.read", "toy.gadget.create", "toy.shelf.read", "shop.shelf.read"];
        let of = |granted: &[&str]| {
            expand(&granted.iter().map(|g| (*g).to_owned()).collect::<Vec<_>>(), known.iter().copied())
        };
        assert_eq!(of(&["toy.gadget.*", "toy.gadget.read"]), ["toy.gadget.create", "toy.gadget.read"]);
        assert_eq!(of(&["toy.*"]).len(), 3);
        assert!(of(&["*", "to*", "toy.gadget", "nowhere.*"]).is_empty());
    }
}
