//! What the program itself makes: the operator's tenant of a new installation, and tenants that come complete.

use crate::admission::{PASSWORDS, system, tenant_named};
use crate::principal::expanded;
use crate::provision::{First, everything, record, settle};
use crate::tenant::TenantAccount;
use crate::user::User;
use paas_cell::prelude::Typed as _;
use paas_cell::{Find, Service};
use paas_types::{Result, Secret};
use std::sync::Arc;

/// A user of a new tenant.
#[derive(Clone, Debug)]
pub struct NewUser {
    /// Sign-in name; also the code of the user's role.
    pub username: &'static str,
    /// Name for people.
    pub name: &'static str,
    /// What the user's role is called, in Chinese and in English.
    pub role: (&'static str, &'static str),
    /// Permission codes, wildcards allowed; empty for everything the tenant can have.
    pub permissions: &'static [&'static str],
}

/// A new tenant.
#[derive(Clone, Debug)]
pub struct NewTenant {
    /// Code. The first tenant of an installation is `system`.
    pub code: &'static str,
    /// Name.
    pub name: &'static str,
    /// Name in English.
    pub name_en: Option<&'static str>,
    /// Cells it has, beside the platform.
    pub cells: Vec<String>,
    /// Its first users.
    pub users: Vec<NewUser>,
    /// Their password.
    pub password: Secret<String>,
    /// Whether they must change it at first sign-in.
    pub must_change: bool,
    /// Whether the cells get demo data, and rate limits are off.
    pub demo: bool,
}

/// Makes a tenant with its users and seeds every cell it has. Its users come last: a tenant that has some is complete
/// and stays as it is, one without is completed. `true` when the tenant is new.
pub async fn install(service: &Arc<Service>, new: NewTenant) -> Result<bool> {
    let request = format!("install-{}", new.code);
    service.store().provision(&system(), "System", "Asia/Shanghai").await?;
    let mut account = TenantAccount::blank();
    account.code = new.code.to_owned();
    account.name = new.name.to_owned();
    account.name_en = new.name_en.map(str::to_owned);
    account.cells.clone_from(&new.cells);
    account.rate_limited = !new.demo;
    let (account, fresh) = record(service, account, &request).await?;
    if !fresh && has_users(service, &account).await? {
        return Ok(false);
    }
    let hash = PASSWORDS.hash(&new.password).await?;
    let mut members = Vec::with_capacity(new.users.len());
    for user in &new.users {
        let granted: Vec<String> = user.permissions.iter().map(|code| (*code).to_owned()).collect();
        members.push(First {
            username: user.username.to_owned(),
            name: user.name.to_owned(),
            role: (user.role.0.to_owned(), user.role.1.to_owned()),
            hash: Some(hash.clone()),
            permissions: match granted.as_slice() {
                [] => everything(service, &account).await?,
                some => expanded(service, &account, some).await?,
            },
            must_change: new.must_change,
            person: None,
        });
    }
    settle(service, &account, members, new.demo, &request).await?;
    Ok(fresh)
}

pub(crate) async fn has_users(service: &Arc<Service>, account: &TenantAccount) -> Result<bool> {
    let Some(tenant) = tenant_named(service, &account.code).await? else { return Ok(false) };
    service.read_as_system(&tenant, |ctx| Ok(!ctx.find(Find::<User>::all().limit(1))?.is_empty())).await
}
