//! Finding tenants and accounts, and judging passwords so that an outsider learns nothing from answers or time.

use crate::tenant::{SYSTEM, TenantAccount, TenantState};
use crate::throttle::Pair;
use crate::user::User;
use paas_auth::Passwords;
use paas_cell::prelude::MasterState;
use paas_cell::{Find, InternalCall, Service};
use paas_types::{Code, Refusal, Result, Secret, Tenant, TenantKey};
use serde_json::{Map, Value as Json};
use std::sync::{Arc, LazyLock};

pub(crate) static PASSWORDS: LazyLock<Passwords> = LazyLock::new(|| Passwords::shared().clone());

/// The operator's tenant.
pub(crate) fn system() -> Tenant {
    Tenant { key: TenantKey(1), code: SYSTEM.into() }
}

/// The tenant with this code, if this installation has it.
pub(crate) async fn tenant_named(service: &Arc<Service>, code: &str) -> Result<Option<Tenant>> {
    let all = service.store().tenants().await?;
    Ok(all.into_iter().map(|row| row.tenant).find(|tenant| &*tenant.code == code))
}

/// The tenant with this key.
pub(crate) async fn tenant_keyed(service: &Arc<Service>, key: TenantKey) -> Result<Option<Tenant>> {
    let all = service.store().tenants().await?;
    Ok(all.into_iter().map(|row| row.tenant).find(|tenant| tenant.key == key))
}

/// What the operator knows of a tenant.
pub(crate) async fn account_of(service: &Arc<Service>, code: &str) -> Result<Option<TenantAccount>> {
    let code = code.to_owned();
    service
        .read_as_system(&system(), move |ctx| {
            Ok(ctx.find(Find::<TenantAccount>::all().eq("code", code).limit(1))?.into_iter().next())
        })
        .await
}

async fn user_named(service: &Arc<Service>, tenant: &Tenant, username: &str) -> Result<Option<User>> {
    let username = username.to_owned();
    service
        .read_as_system(tenant, move |ctx| {
            Ok(ctx.find(Find::<User>::all().eq("username", username).limit(1))?.into_iter().next())
        })
        .await
}

/// Where a call comes from, as the gateway says.
pub(crate) fn network(call: &InternalCall) -> String {
    let said = call.headers.get("x-client-net").and_then(|value| value.to_str().ok());
    said.unwrap_or("unknown").chars().take(60).collect()
}

/// The JSON object of a call.
pub(crate) fn object(call: &InternalCall) -> Result<Map<String, Json>> {
    if call.body.is_empty() {
        return Ok(Map::new());
    }
    serde_json::from_slice(&call.body).map_err(|e| Refusal::new(Code::MalformedRequest).caused_by(e))
}

/// A text that must be said.
pub(crate) fn text(said: &Map<String, Json>, field: &'static str) -> Result<String> {
    match said.get(field).and_then(Json::as_str).filter(|text| !text.is_empty()) {
        Some(text) => Ok(text.to_owned()),
        None => Err(Refusal::field(field, "REQUIRED", paas_types::Text::of("请填写。", "Please fill this in."))),
    }
}

/// What somebody shows to get in.
pub(crate) struct Credentials {
    pub(crate) tenant: String,
    pub(crate) username: String,
    pub(crate) password: Secret<String>,
    pub(crate) network: String,
}

/// The account these credentials open. Whatever is wrong, the answer and the time are the same, until the password is
/// right.
pub(crate) async fn admit(service: &Arc<Service>, shown: &Credentials) -> Result<(Tenant, User)> {
    let now = service.clock().now();
    let pair = Pair {
        installation: service.master().derive("throttle"),
        tenant: shown.tenant.trim().to_owned(),
        username: shown.username.trim().to_owned(),
        network: shown.network.clone(),
    };
    pair.admit(now)?;
    let tenant = tenant_named(service, &pair.tenant).await?;
    let user = match &tenant {
        Some(tenant) => user_named(service, tenant, &pair.username).await?,
        None => None,
    };
    let hash = user.as_ref().and_then(|user| user.password_hash.clone());
    let right = match &hash {
        Some(hash) => PASSWORDS.verify(&shown.network, &shown.password, hash).await?,
        None => PASSWORDS.verify_nobody(&shown.network, &shown.password).await?,
    };
    let (Some(tenant), Some(user), true) = (tenant, user, right) else {
        pair.failed(now);
        // Without the names: people type passwords into the wrong field.
        tracing::warn!(network = pair.network, "a sign-in failed");
        return Err(Refusal::new(Code::InvalidCredentials));
    };
    if pair.is_locked(now, user.unlocked_at) || user.state == MasterState::Disabled {
        return Err(Refusal::new(Code::AccountLocked));
    }
    working(service, &tenant).await?;
    pair.succeeded();
    Ok((tenant, user))
}

/// Refuses a tenant that is suspended.
pub(crate) async fn working(service: &Arc<Service>, tenant: &Tenant) -> Result<()> {
    match account_of(service, &tenant.code).await? {
        Some(account) if account.state == TenantState::Active => Ok(()),
        _ => Err(Refusal::new(Code::TenantSuspended)),
    }
}
