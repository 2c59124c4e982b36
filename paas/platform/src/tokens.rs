//! `POST /internal/auth/token` and `/revoke`: four ways to a token, and the end of a session.

use crate::admission::{Credentials, admit, network, object, tenant_keyed, tenant_named, text, working};
use crate::principal::found;
use crate::session::{IDLE_SECONDS, RefreshToken, Session, SessionState, Used, root_lives};
use crate::throttle::switches;
use crate::user::{User, UserKind};
use paas_auth::{ACCESS_SECONDS, Claims, TokenKey};
use paas_cell::prelude::{DepartmentRef, MasterState, Ref, Typed as _, UserRef};
use paas_cell::{Ctx, Find, InternalCall, Service};
use paas_types::{Code, Id, Instant, Refusal, Result, Secret, Tenant, Text};
use serde_json::{Map, Value as Json, json};
use std::sync::Arc;

/// The grant that was asked for.
pub(crate) async fn token(service: Arc<Service>, call: InternalCall) -> Result<Json> {
    let said = object(&call)?;
    match text(&said, "grant_type")?.as_str() {
        "password" => password(&service, &call, &said).await,
        "client_credentials" => client(&service, &call, &said).await,
        "refresh_token" => refresh(&service, &call, &said).await,
        "switch_tenant" => switch(&service, &call, &said).await,
        _ => Err(Refusal::field(
            "grant_type",
            "INVALID",
            Text::of("不支持的登录方式。", "This grant type is not supported."),
        )),
    }
}

/// Ends a session: the one of the refresh token, or the caller's own. It says nothing about whether there was one.
pub(crate) async fn revoke(service: Arc<Service>, call: InternalCall) -> Result<Json> {
    let said = object(&call)?;
    let shown = ["refresh_token", "token"].iter().find_map(|name| said.get(*name).and_then(Json::as_str));
    let found = match shown.and_then(|text| RefreshToken::read(text, service.master())) {
        Some(token) => tenant_keyed(&service, token.tenant).await?.map(|tenant| (tenant, token.session)),
        None => call.context.tenant.as_ref().map(|t| t.tenant()).zip(call.context.session),
    };
    if let Some((tenant, session)) = found {
        end(&service, tenant, &call.context.request_id, session).await?;
    }
    Ok(json!({}))
}

async fn password(service: &Arc<Service>, call: &InternalCall, said: &Map<String, Json>) -> Result<Json> {
    let shown = Credentials {
        tenant: text(said, "tenant")?,
        username: text(said, "username")?,
        password: Secret::new(text(said, "password")?),
        network: network(call),
    };
    let (tenant, user) = admit(service, &shown).await?;
    open(service, call, (tenant, &user), None).await
}

/// Services and devices: no refresh token, they come again with their secret.
async fn client(service: &Arc<Service>, call: &InternalCall, said: &Map<String, Json>) -> Result<Json> {
    let shown = Credentials {
        tenant: text(said, "tenant")?,
        username: text(said, "client_id")?,
        password: Secret::new(text(said, "client_secret")?),
        network: network(call),
    };
    let (tenant, user) = admit(service, &shown).await?;
    if !matches!(user.kind, UserKind::Service | UserKind::Device) {
        return Err(Refusal::new(Code::InvalidCredentials));
    }
    let mut answer = open(service, call, (tenant, &user), None).await?;
    if let Json::Object(map) = &mut answer {
        map.remove("refresh_token");
        map.remove("refresh_expires_in");
    }
    Ok(answer)
}

async fn refresh(service: &Arc<Service>, call: &InternalCall, said: &Map<String, Json>) -> Result<Json> {
    let unknown = || Refusal::new(Code::Unauthenticated);
    let token = RefreshToken::read(&text(said, "refresh_token")?, service.master()).ok_or_else(unknown)?;
    let tenant = tenant_keyed(service, token.tenant).await?.ok_or_else(unknown)?;
    working(service, &tenant).await?;
    let (session, shown) = (token.session, token.clone());
    let root = move |ctx: &mut Ctx<'_>| Ok(found(ctx.get(Ref::<Session>::new(session)))?.and_then(|s| s.root()));
    if let Some(root) = service.read_as_system(&tenant, root).await? {
        if !root_lives(service, root).await? {
            return Err(unknown());
        }
    }
    let used =
        service.write_as_system(tenant.clone(), &call.context.request_id, move |ctx| use_token(ctx, &shown)).await?;
    let (user, generation) = used.ok_or_else(unknown)?;
    answer(service, &tenant, &user, &RefreshToken { generation, ..token })
}

/// Takes the token for its successor; `None` when it may not be used, and an old one ends its family.
fn use_token(ctx: &mut Ctx<'_>, token: &RefreshToken) -> Result<Option<(User, i64)>> {
    let now = ctx.now();
    let found: Result<Session> = ctx.lock(Ref::new(token.session));
    let mut session = match found {
        Ok(session) => session,
        Err(refusal) if refusal.code() == Code::NotFound => return Ok(None),
        Err(refusal) => return Err(refusal),
    };
    let user: User = ctx.get(session.user)?;
    if !session.usable(now) || !session.is_of(&user) || user.state != MasterState::Active {
        return Ok(None);
    }
    match session.used(token.generation, now) {
        Used::Next => {
            session.generation += 1;
            session.refreshed_at = now;
            session.expires_at = now.plus_seconds(IDLE_SECONDS);
            ctx.save(&mut session)?;
            Ok(Some((user, session.generation)))
        }
        Used::Again => Ok(Some((user, session.generation))),
        Used::Stolen => {
            ctx.take(&mut session, "revoke")?;
            Ok(None)
        }
    }
}

/// A token of one membership becomes a token of another of the same person. The first time the passwords of both
/// memberships show that they are the same person's: a token alone, stolen perhaps, would link them for good.
async fn switch(service: &Arc<Service>, call: &InternalCall, said: &Map<String, Json>) -> Result<Json> {
    let person = call.context.person.ok_or_else(|| Refusal::new(Code::Unauthenticated))?;
    let root = root_of(service, call).await?;
    let code = text(said, "tenant")?;
    if said.contains_key("password") {
        confirm(service, call, said).await?;
        let shown = Credentials {
            tenant: code,
            username: text(said, "username")?,
            password: Secret::new(text(said, "password")?),
            network: network(call),
        };
        let (tenant, mut user) = admit(service, &shown).await?;
        elsewhere(call, &tenant, &user)?;
        let id = user.head.id;
        let link = move |ctx: &mut Ctx<'_>| {
            let mut user: User = ctx.lock(Ref::new(id))?;
            user.person = Some(person.to_string());
            ctx.save(&mut user)
        };
        service.write_as_system(tenant.clone(), &call.context.request_id, link).await?;
        user.person = Some(person.to_string());
        return open(service, call, (tenant, &user), Some(root)).await;
    }
    let refused = || Refusal::new(Code::InvalidCredentials);
    let tenant = tenant_named(service, code.trim()).await?.ok_or_else(refused)?;
    let find = move |ctx: &mut Ctx<'_>| ctx.find(Find::<User>::all().eq("person", person.to_string()));
    let users = service.read_as_system(&tenant, find).await?;
    let user = users.into_iter().find(|user| user.state == MasterState::Active).ok_or_else(refused)?;
    elsewhere(call, &tenant, &user)?;
    working(service, &tenant).await?;
    open(service, call, (tenant, &user), Some(root)).await
}

/// Demands the caller's own password, as strictly as at sign-in.
async fn confirm(service: &Arc<Service>, call: &InternalCall, said: &Map<String, Json>) -> Result<()> {
    let current = Secret::new(text(said, "currentPassword")?);
    let here = call.context.tenant.as_ref().ok_or_else(|| Refusal::new(Code::Unauthenticated))?.tenant();
    let member = Ref::<User>::new(call.context.membership);
    let user = service.read_as_system(&here, move |ctx| ctx.get(member)).await?;
    let shown = Credentials {
        tenant: here.code.to_string(),
        username: user.username,
        password: current,
        network: network(call),
    };
    admit(service, &shown).await.map(|_| ())
}

/// Where a switched session comes from: the caller's session, or the one that was switched to it. `RATE_LIMITED` when
/// the caller switches all the time, since every switch makes a session.
async fn root_of(service: &Arc<Service>, call: &InternalCall) -> Result<String> {
    let unknown = || Refusal::new(Code::Unauthenticated);
    let tenant = call.context.tenant.as_ref().ok_or_else(unknown)?.tenant();
    let id = call.context.session.ok_or_else(unknown)?;
    let read = move |ctx: &mut Ctx<'_>| ctx.get(Ref::<Session>::new(id));
    let session = found(service.read_as_system(&tenant, read).await)?.ok_or_else(unknown)?;
    let root = session.root.unwrap_or_else(|| format!("{}.{id}", tenant.key.0));
    switches(&service.master().derive("switches"), &root, service.clock().now())?;
    Ok(root)
}

/// Refuses a switch to where the caller is: it would only make a second session out of a token.
fn elsewhere(call: &InternalCall, tenant: &Tenant, user: &User) -> Result<()> {
    let here = call.context.tenant.as_ref().is_some_and(|t| t.key == tenant.key);
    if !here || call.context.membership != user.head.id {
        return Ok(());
    }
    Err(Refusal::field("tenant", "UNCHANGED", Text::of("已在该租户中。", "You are in this tenant already.")))
}

/// Starts a session; `root` is the one it was switched to from.
async fn open(
    service: &Arc<Service>,
    call: &InternalCall,
    (tenant, user): (Tenant, &User),
    root: Option<String>,
) -> Result<Json> {
    let (member, unit, from, epoch) = (user.head.id, user.unit, network(call), user.session_epoch);
    let start = move |ctx: &mut Ctx<'_>| {
        let now = ctx.now();
        let mut session = Session::blank();
        // Whose it is, so that scopes reach it: one's own, those of a department.
        session.head.owner = Some(UserRef(member));
        session.head.department = unit.map(|unit| DepartmentRef(unit.id()));
        session.user = Ref::new(member);
        session.network = Some(from.clone());
        session.root.clone_from(&root);
        // As of when the credentials were checked: sessions ended since then do not let this one in.
        session.epoch = epoch;
        session.generation = 1;
        session.refreshed_at = now;
        session.expires_at = now.plus_seconds(IDLE_SECONDS);
        ctx.create(session).map(|session| session.head.id)
    };
    let session = service.write_as_system(tenant.clone(), &call.context.request_id, start).await?;
    answer(service, &tenant, user, &RefreshToken { tenant: tenant.key, session, generation: 1 })
}

fn answer(service: &Arc<Service>, tenant: &Tenant, user: &User, token: &RefreshToken) -> Result<Json> {
    let now: Instant = service.clock().now();
    let claims = Claims::access(user.head.id, user.person_id(), token.session, (tenant.key, &tenant.code), now);
    let access = TokenKey::from_master(service.master()).issue(&claims)?;
    Ok(json!({
        "access_token": access,
        "token_type": "Bearer",
        "expires_in": ACCESS_SECONDS,
        "refresh_token": token.text(service.master()),
        "refresh_expires_in": IDLE_SECONDS,
    }))
}

/// Ends a session, if it is there and open.
pub(crate) async fn end(service: &Arc<Service>, tenant: Tenant, request_id: &str, session: Id) -> Result<()> {
    let end = move |ctx: &mut Ctx<'_>| {
        let found: Result<Session> = ctx.lock(Ref::new(session));
        match found {
            Ok(mut session) if session.state == SessionState::Open => ctx.take(&mut session, "revoke"),
            Ok(_) => Ok(()),
            Err(refusal) if refusal.code() == Code::NotFound => Ok(()),
            Err(refusal) => Err(refusal),
        }
    };
    service.write_as_system(tenant, request_id, end).await
}
