//! Signing in, staying in, going: what the gateway asks under `/internal/auth/`.

use crate::refresh::{self, Refresh};
use crate::tenant::{Tenant as TenantRecord, TenantState};
use crate::throttle::Throttle;
use crate::user::{Session, User};
use paas_auth::{ACCESS_SECONDS, Claims, Passwords, TokenKey};
use paas_cell::prelude::*;
use paas_cell::{Answer, InternalCall, Service};
use paas_types::{Tenant, TenantKey};
use std::sync::{Arc, LazyLock};

/// How long a session lives without being used, seconds.
const SESSION_S: i64 = 7 * 24 * 3600;
/// How long a used refresh token still gives its successor, seconds.
const GRACE_S: i64 = 30;

/// What this process needs for sign-ins: bounded, and empty at start.
struct Desk {
    passwords: Passwords,
    throttle: Throttle,
}

static DESK: LazyLock<Desk> =
    LazyLock::new(|| Desk { passwords: Passwords::new(), throttle: Throttle::default() });

/// The operator tenant, where the records of all tenants are.
pub(crate) fn operator() -> Tenant {
    Tenant { key: TenantKey(1), code: "system".into() }
}

fn denied() -> Refusal {
    Refusal::new(Code::InvalidCredentials)
}

/// The tenant with this code.
pub(crate) async fn tenant_of(service: &Arc<Service>, code: &str) -> Result<Option<TenantRecord>> {
    let code = code.to_owned();
    service
        .read_as_system(&operator(), move |ctx| Ok(ctx.find(Find::<TenantRecord>::all().eq("code", code))?.pop()))
        .await
}

pub(crate) fn key_of(record: &TenantRecord) -> Tenant {
    Tenant { key: TenantKey(record.key), code: record.code.as_str().into() }
}

fn said(call: &InternalCall) -> Result<Json> {
    if call.body.is_empty() {
        return Ok(json!({}));
    }
    paas_cell::parse_json(&call.body)
}

fn word<'a>(said: &'a Json, name: &str) -> &'a str {
    said.get(name).and_then(Json::as_str).unwrap_or_default()
}

/// `POST token`.
pub(crate) fn token(service: Arc<Service>, call: InternalCall) -> Answer {
    Box::pin(async move {
        let said = said(&call)?;
        match word(&said, "grant_type") {
            "password" => by_password(&service, &call, &said).await,
            "refresh_token" => by_refresh(&service, word(&said, "refresh_token")).await,
            "switch_tenant" => Err(Refusal::new(Code::Forbidden)),
            _ => Err(Refusal::field(
                "grant_type",
                "INVALID_CHOICE",
                Text::of("不支持的登录方式。", "This way of signing in is not supported."),
            )),
        }
    })
}

async fn by_password(service: &Arc<Service>, call: &InternalCall, said: &Json) -> Result<Json> {
    let (code, username) = (word(said, "tenant").trim(), word(said, "username").trim());
    let password = Secret::new(word(said, "password").to_owned());
    let network = call.headers.get("x-client-net").and_then(|v| v.to_str().ok()).unwrap_or_default();
    let pair = format!("{code}\n{username}\n{network}");
    let now = service.clock().now();
    let locked = DESK.throttle.locked(&pair, now);
    let tenant = tenant_of(service, code).await?;
    let user = match &tenant {
        Some(record) => find_user(service, &key_of(record), username).await?,
        None => None,
    };
    let stored = user.as_ref().and_then(|u| u.password_hash.clone()).unwrap_or_default();
    let right = DESK.passwords.verify(&password, &stored).await?;
    let (Some(tenant), Some(user), true) = (tenant, user, right) else {
        DESK.throttle.failed(&pair, now);
        return Err(denied());
    };
    if locked {
        return Err(Refusal::new(Code::AccountLocked));
    }
    if tenant.state == TenantState::Suspended {
        return Err(Refusal::new(Code::TenantSuspended));
    }
    if user.state != MasterState::Active {
        return Err(denied());
    }
    DESK.throttle.passed(&pair);
    let session = open_session(service, &key_of(&tenant), &user, now).await?;
    answer(service, &key_of(&tenant), user.head.id, (session, 0))
}

async fn find_user(service: &Arc<Service>, tenant: &Tenant, username: &str) -> Result<Option<User>> {
    let username = username.to_owned();
    service
        .read_as_system(tenant, move |ctx| Ok(ctx.find(Find::<User>::all().eq("username", username))?.pop()))
        .await
}

async fn open_session(service: &Arc<Service>, tenant: &Tenant, user: &User, now: Instant) -> Result<Id> {
    let user = Ref::<User>::new(user.head.id);
    let request = Id::fresh().to_string();
    service
        .write_as_system(tenant.clone(), &request, move |ctx| {
            let mut session = Session::blank();
            session.user = user;
            session.rotated_at = Some(now);
            session.expires_at = Some(now.plus_seconds(SESSION_S));
            Ok(ctx.create(session)?.head.id)
        })
        .await
}

fn answer(service: &Service, tenant: &Tenant, member: Id, (session, generation): (Id, i64)) -> Result<Json> {
    let now = service.clock().now();
    let claims = Claims::access(member, member, session, (tenant.key, &tenant.code), now);
    let access = TokenKey::from_master(service.master()).issue(&claims)?;
    let refresh = refresh::write(service.master(), &tenant.code, session, generation);
    Ok(json!({
        "access_token": access, "token_type": "Bearer", "expires_in": ACCESS_SECONDS,
        "refresh_token": refresh.expose(), "refresh_expires_in": SESSION_S,
    }))
}

/// Rotates: the same successor within the grace, the end of the session after it.
async fn by_refresh(service: &Arc<Service>, token: &str) -> Result<Json> {
    let gone = || Refusal::new(Code::Unauthenticated);
    let read = refresh::read(service.master(), token).ok_or_else(gone)?;
    let record = tenant_of(service, &read.tenant).await?.ok_or_else(gone)?;
    if record.state == TenantState::Suspended {
        return Err(gone());
    }
    let (tenant, now, session) = (key_of(&record), service.clock().now(), read.session);
    let request = Id::fresh().to_string();
    let rotated = service
        .write_as_system(tenant.clone(), &request, move |ctx| rotate(ctx, &read, now))
        .await?;
    let (user, generation) = rotated.ok_or_else(gone)?;
    answer(service, &tenant, user, (session, generation))
}

fn rotate(ctx: &mut Ctx, read: &Refresh, now: Instant) -> Result<Option<(Id, i64)>> {
    let Ok(mut session) = ctx.lock(Ref::<Session>::new(read.session)) else { return Ok(None) };
    let user = ctx.get(session.user)?;
    let usable = session.state == MasterState::Active && session.expires_at.is_some_and(|at| now < at);
    if !usable || user.state != MasterState::Active {
        return Ok(None);
    }
    let fresh = session.rotated_at.is_some_and(|at| now <= at.plus_seconds(GRACE_S));
    match session.generation.checked_sub(read.generation) {
        Some(0) => {
            session.generation += 1;
            session.rotated_at = Some(now);
            session.expires_at = Some(now.plus_seconds(SESSION_S));
            ctx.save(&mut session)?;
        }
        Some(1) if fresh => {}
        _ => {
            ctx.take(&mut session, "disable")?;
            return Ok(None);
        }
    }
    Ok(Some((user.head.id, session.generation)))
}

/// `POST revoke`.
pub(crate) fn revoke(service: Arc<Service>, call: InternalCall) -> Answer {
    Box::pin(async move {
        let said = said(&call)?;
        let by_token = refresh::read(service.master(), word(&said, "refresh_token"));
        let found = match (by_token, &call.context.tenant, call.context.session) {
            (Some(read), _, _) => tenant_of(&service, &read.tenant).await?.map(|t| (key_of(&t), read.session)),
            (None, Some(tenant), Some(session)) => Some((tenant.tenant(), session)),
            _ => None,
        };
        if let Some((tenant, session)) = found {
            let end = move |ctx: &mut Ctx<'_>| {
                let mut session = ctx.lock(Ref::<Session>::new(session))?;
                if session.state == MasterState::Active { ctx.take(&mut session, "disable") } else { Ok(()) }
            };
            service.write_as_system(tenant, &call.context.request_id, end).await?;
        }
        Ok(json!({}))
    })
}

/// `POST password`.
pub(crate) fn password(service: Arc<Service>, call: InternalCall) -> Answer {
    Box::pin(async move {
        let said = said(&call)?;
        let fresh = word(&said, "newPassword").to_owned();
        if fresh.chars().count() < 8 {
            return Err(Refusal::field(
                "newPassword",
                "TOO_SHORT",
                Text::of("密码至少 8 个字符。", "A password has at least 8 characters."),
            ));
        }
        let tenant = call.context.tenant.as_ref().ok_or_else(denied)?.tenant();
        let member = Ref::<User>::new(call.context.membership);
        let user = service.read_as_system(&tenant, move |ctx| ctx.get(member)).await?;
        let current = Secret::new(word(&said, "currentPassword").to_owned());
        let stored = user.password_hash.unwrap_or_default();
        if !DESK.passwords.verify(&current, &stored).await? {
            return Err(denied());
        }
        let hash = hash(&Secret::new(fresh)).await?;
        let change = move |ctx: &mut Ctx<'_>| {
            let mut user = ctx.lock(member)?;
            user.password_hash = Some(hash.clone());
            user.must_change_password = None;
            ctx.save(&mut user)
        };
        service.write_as_system(tenant, &call.context.request_id, change).await?;
        Ok(json!({}))
    })
}

/// The hash of a password.
pub(crate) async fn hash(password: &Secret<String>) -> Result<String> {
    DESK.passwords.hash(password).await
}
