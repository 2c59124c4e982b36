//! What a new installation starts with: the operator tenant, and tenants made for companies.

use crate::role::Role;
use crate::sign_in::{hash, key_of, operator, tenant_of};
use crate::tenant::Tenant as TenantRecord;
use crate::user::User;
use paas_auth::Context;
use paas_cell::Service;
use paas_cell::prelude::*;
use paas_link::Call;
use paas_types::Tenant;
use std::sync::Arc;

/// A user of a new tenant.
#[derive(Clone, Debug)]
pub struct NewUser {
    /// Sign-in name.
    pub username: &'static str,
    /// Name for people.
    pub name: &'static str,
    /// Permission codes of a role of the same name.
    pub permissions: &'static [&'static str],
}

/// A new tenant.
#[derive(Clone, Debug)]
pub struct NewTenant {
    /// Code.
    pub code: &'static str,
    /// Name.
    pub name: &'static str,
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

/// Makes a tenant with its users and seeds every cell it has. On an installation that has it, nothing happens.
pub async fn install(service: &Arc<Service>, new: NewTenant) -> Result<bool> {
    let request = format!("install-{}", new.code);
    service.store().provision(&operator(), "System", "Asia/Shanghai").await?;
    if tenant_of(service, new.code).await?.is_some() {
        return Ok(false);
    }
    let record = record_of(service, &new, &request).await?;
    let tenant = key_of(&record);
    service.store().provision(&tenant, &record.name, &record.zone).await?;
    let hash = hash(&new.password).await?;
    let (users, must_change) = (new.users.clone(), new.must_change);
    service
        .write_as_system(tenant.clone(), &request, move |ctx| {
            for user in &users {
                add_user(ctx, user, &hash, must_change)?;
            }
            Ok(())
        })
        .await?;
    for cell in &new.cells {
        provision(service, cell, (&tenant, &record), new.demo).await?;
    }
    Ok(true)
}

async fn record_of(service: &Arc<Service>, new: &NewTenant, request: &str) -> Result<TenantRecord> {
    let (code, name, cells, demo) = (new.code, new.name, new.cells.clone(), new.demo);
    service
        .write_as_system(operator(), request, move |ctx| {
            let mut tenant = TenantRecord::blank();
            tenant.code = code.to_owned();
            tenant.name = name.to_owned();
            tenant.zone = "Asia/Shanghai".to_owned();
            tenant.cells.clone_from(&cells);
            tenant.unlimited = demo;
            ctx.create(tenant)
        })
        .await
}

fn add_user(ctx: &mut Ctx, new: &NewUser, hash: &str, must_change: bool) -> Result<()> {
    let mut role = Role::blank();
    role.code = new.username.to_owned();
    role.name = new.name.to_owned();
    role.permissions = new.permissions.iter().map(|p| (*p).to_owned()).collect();
    let role = ctx.create(role)?;
    let mut user = User::blank();
    user.username = new.username.to_owned();
    user.name = new.name.to_owned();
    user.password_hash = Some(hash.to_owned());
    user.must_change_password = must_change.then_some(true);
    user.roles = vec![Ref::new(role.head.id)];
    ctx.create(user).map(|_| ())
}

async fn provision(
    service: &Arc<Service>,
    cell: &str,
    (tenant, record): (&Tenant, &TenantRecord),
    demo: bool,
) -> Result<()> {
    let body = json!({"key": tenant.key.0, "name": record.name, "zone": record.zone, "demo": demo});
    let call = Call::json(http::Method::PUT, &format!("/internal/tenants/{}", record.code), &body)?;
    let context = paas_auth::ContextTenant {
        key: tenant.key,
        code: record.code.clone(),
        zone: record.zone.clone(),
        name: record.name.clone(),
    };
    let system = Context { tenant: Some(context), ..Context::system(&format!("provision-{}", record.code), "") };
    let _: Json = service.peers().json(cell, system, call).await?;
    Ok(())
}
