//! What the platform cell says about a caller: `GET /internal/principal?membership=&session=`.

use crate::{ContextTenant, MemberKind, Policy};
use paas_types::{Id, TenantKey};
use serde::{Deserialize, Serialize};

/// The membership that calls.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PrincipalMember {
    /// Its id.
    pub id: Id,
    /// Its kind.
    pub kind: MemberKind,
    /// Its user name.
    pub username: String,
    /// The person's name.
    pub name: String,
}

/// The person behind it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PrincipalPerson {
    /// Its id.
    pub id: Id,
}

/// The tenant it belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PrincipalTenant {
    /// Key in the databases.
    pub key: TenantKey,
    /// Code.
    pub code: String,
    /// Name.
    pub name: String,
    /// `active` or `suspended`.
    pub state: String,
    /// IANA name of its time zone.
    pub zone: String,
}

impl PrincipalTenant {
    /// Whether the tenant may work.
    pub fn is_active(&self) -> bool {
        self.state == "active"
    }

    /// As a signed context carries it.
    pub fn context(&self) -> ContextTenant {
        ContextTenant { key: self.key, code: self.code.clone(), zone: self.zone.clone(), name: self.name.clone() }
    }
}

/// How often, in requests per second.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Limits {
    /// Of one user.
    pub user_per_second: u32,
    /// Of the whole tenant.
    pub tenant_per_second: u32,
}

/// A caller, as the platform knows it now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Principal {
    /// The membership.
    pub membership: PrincipalMember,
    /// The person.
    pub person: PrincipalPerson,
    /// The tenant.
    pub tenant: PrincipalTenant,
    /// The membership's department.
    pub department: Option<Id>,
    /// Whether user and session may be used.
    pub active: bool,
    /// Whether nothing but changing the password is allowed.
    pub must_change_password: bool,
    /// Codes of the cells the tenant has.
    pub cells: Vec<String>,
    /// Rate limits; `None` for no limit.
    pub limits: Option<Limits>,
    /// What it may do.
    pub policy: Policy,
}
