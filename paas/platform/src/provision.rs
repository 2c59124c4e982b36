//! A new tenant at work: its records here, its administrator, its data in every cell it has.

use crate::admission::system;
use crate::principal::{cells_of, grantable};
use crate::role::{DataScope, Role};
use crate::tenant::{SYSTEM, TenantAccount};
use crate::user::User;
use paas_auth::{Context, ContextTenant};
use paas_cell::prelude::{Ref, Typed as _};
use paas_cell::{Ctx, Find, Service};
use paas_link::Call;
use paas_types::{Code, Id, Refusal, Result, Tenant, TenantKey};
use serde_json::{Value as Json, json};
use std::sync::Arc;
use std::time::Duration;

/// A tenant may be seeded with demo data, which takes a while.
const DEADLINE: Duration = Duration::from_secs(300);
/// Time zone of a tenant until its settings say another.
const ZONE: &str = "Asia/Shanghai";

/// A member a tenant starts with.
#[derive(Clone, Debug)]
pub(crate) struct First {
    pub(crate) username: String,
    pub(crate) name: String,
    /// Name of the member's role, in Chinese and in English.
    pub(crate) role: (String, String),
    /// Of the password; without one the only way in is from another membership of the person.
    pub(crate) hash: Option<String>,
    pub(crate) permissions: Vec<String>,
    pub(crate) must_change: bool,
    /// Who it is, when he is a member elsewhere already.
    pub(crate) person: Option<Id>,
}

/// What the rules of tenants must know: `{"cells": [..]}`, the cells this installation has.
pub(crate) async fn cells(service: Arc<Service>, _context: Context) -> Result<Json> {
    Ok(json!({"cells": service.peers().names()}))
}

/// After the operator created or changed a tenant: everything that makes its administrator able to sign in and work. It
/// may run again: a repeated request completes what did not go through.
pub(crate) async fn complete(service: Arc<Service>, context: Context, record: Json) -> Result<()> {
    let id: Id = record
        .get("id")
        .and_then(Json::as_str)
        .and_then(|text| text.parse().ok())
        .ok_or_else(|| Refusal::internal("a tenant without id"))?;
    let account: TenantAccount = service.read_as_system(&system(), move |ctx| ctx.get(Ref::new(id))).await?;
    let permissions = everything(&service, &account).await?;
    let admin = match (account.admin_username.clone(), account.admin_hash.clone()) {
        (Some(username), Some(hash)) => {
            let role = ("管理员".to_owned(), "Administrator".to_owned());
            vec![First {
                name: username.clone(),
                role,
                permissions,
                username,
                hash: Some(hash),
                must_change: false,
                person: None,
            }]
        }
        // The program itself made this one, with users of its own.
        _ => Vec::new(),
    };
    settle(&service, &account, admin, false, &context.request_id).await
}

/// All permissions of the tenant's cells; those of tenants only for the operator.
pub(crate) async fn everything(service: &Arc<Service>, account: &TenantAccount) -> Result<Vec<String>> {
    grantable(service, &account.code, &cells_of(account)).await
}

/// Makes the tenant known everywhere, with its first members.
pub(crate) async fn settle(
    service: &Arc<Service>,
    account: &TenantAccount,
    members: Vec<First>,
    demo: bool,
    request: &str,
) -> Result<()> {
    let tenant = Tenant { key: TenantKey(account.tenant_key), code: account.code.as_str().into() };
    service.store().provision(&tenant, &account.name, ZONE).await?;
    let mut fresh = Vec::new();
    for cell in account.cells.iter().filter(|cell| *cell != "platform") {
        let body = json!({"key": tenant.key.0, "name": account.name, "zone": ZONE, "demo": demo});
        let call = Call::json(http::Method::PUT, &format!("/internal/tenants/{}", account.code), &body)?;
        let called_for = ContextTenant {
            key: tenant.key,
            code: account.code.clone(),
            zone: ZONE.to_owned(),
            name: account.name.clone(),
        };
        let context = Context::system(request, "").for_tenant(called_for);
        let said: Json = service.peers().json(cell, context, call.within(DEADLINE)).await?;
        if said.get("fresh") == Some(&Json::Bool(true)) {
            fresh.push(format!("{cell}."));
        }
    }
    // The members come last: whoever can sign in finds everything ready.
    let join = move |ctx: &mut Ctx<'_>| {
        ctx.put_default_settings()?;
        // Only a tenant without anybody gets them: an administrator who was renamed or deleted does not come back.
        let settled = !ctx.find(Find::<User>::all().limit(1))?.is_empty();
        for member in &members {
            if settled { extend(ctx, member, &fresh)? } else { join_as(ctx, member)? }
        }
        Ok(())
    };
    service.write_as_system(tenant, request, join).await
}

/// The role a tenant's first member came with gets what came with fresh cells, given by the stems of their codes. Both
/// are known by the mark they came with: names change, and others may take them.
fn extend(ctx: &mut Ctx<'_>, member: &First, fresh: &[String]) -> Result<()> {
    let came = member.permissions.iter().filter(|code| fresh.iter().any(|stem| code.starts_with(stem)));
    let came: Vec<String> = came.cloned().collect();
    if came.is_empty() {
        return Ok(());
    }
    let known = ctx.find(Find::<User>::all().eq("origin", member.username.clone()).limit(1))?;
    let roles = ctx.find(Find::<Role>::all().eq("origin", member.username.clone()).limit(1))?;
    let role = roles.first().map(|role| Ref::<Role>::new(role.head.id));
    if let Some(role) = role.filter(|role| known.iter().any(|user| user.roles.contains(role))) {
        let mut role: Role = ctx.lock(role)?;
        role.permissions.extend(came);
        role.permissions.sort_unstable();
        role.permissions.dedup();
        ctx.save(&mut role)?;
    }
    Ok(())
}

/// A member with a role of its own name.
pub(crate) fn join_as(ctx: &mut Ctx<'_>, member: &First) -> Result<()> {
    let known = ctx.by_code::<Role>(&member.username)?;
    let role = match known {
        Some(role) => role,
        None => {
            let mut role = Role::blank();
            role.code.clone_from(&member.username);
            let (name, name_en) = &member.role;
            role.name.clone_from(name);
            role.name_en = Some(name_en.clone());
            role.permissions.clone_from(&member.permissions);
            role.data_scope = DataScope::All;
            role.origin = Some(member.username.clone());
            Ref::new(ctx.create(role)?.head.id)
        }
    };
    let mut user = User::blank();
    user.username.clone_from(&member.username);
    user.name = Some(member.name.clone());
    user.password_hash.clone_from(&member.hash);
    user.must_change_password = member.must_change;
    user.origin = Some(member.username.clone());
    user.roles = vec![role];
    let mut user = ctx.create(user)?;
    if let Some(person) = member.person {
        // Only here, where the program itself knows: a new user is otherwise nobody that exists already.
        user.person = Some(person.to_string());
        ctx.save(&mut user)?;
    }
    Ok(())
}

/// The operator's record of a tenant, made when there is none. `true` when it is new.
pub(crate) async fn record(
    service: &Arc<Service>,
    account: TenantAccount,
    request: &str,
) -> Result<(TenantAccount, bool)> {
    let make = move |ctx: &mut Ctx<'_>| {
        let known = Find::<TenantAccount>::all().eq("code", account.code.clone()).limit(1);
        if let Some(known) = ctx.find(known)?.into_iter().next() {
            return Ok((known, false));
        }
        let made = ctx.create(account.clone())?;
        if (made.code == SYSTEM) != (made.tenant_key == system().key.0) {
            return Err(Refusal::new(Code::Internal).caused_by("the first tenant is not the operator's"));
        }
        Ok((made, true))
    };
    service.write_as_system(system(), request, make).await
}
