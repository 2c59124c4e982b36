//! `POST /internal/auth/password`: a member changes the own password.

use crate::admission::{Credentials, PASSWORDS, admit, network, object, text};
use crate::session::{Session, SessionState};
use crate::settings::{Settings, check_password};
use crate::user::User;
use paas_cell::prelude::Ref;
use paas_cell::{Ctx, Find, InternalCall, Service};
use paas_types::{Code, Id, Refusal, Result, Secret, Text};
use serde_json::{Value as Json, json};
use std::sync::Arc;

/// How many sessions are marked as ended one by one.
const MARKED: u32 = 100;

/// Changes the password; the other sessions of the membership end.
pub(crate) async fn change_password(service: Arc<Service>, call: InternalCall) -> Result<Json> {
    let said = object(&call)?;
    let (current, new) = (text(&said, "currentPassword")?, text(&said, "newPassword")?);
    let tenant = call.context.tenant.as_ref().ok_or_else(|| Refusal::new(Code::Unauthenticated))?.tenant();
    let member = call.context.membership;
    let (settings, username) = service
        .read_as_system(&tenant, move |ctx| {
            let user: User = ctx.get(Ref::new(member))?;
            Ok((ctx.setting::<Settings>()?, user.username))
        })
        .await?;
    let shown = Credentials {
        tenant: tenant.code.to_string(),
        username,
        password: Secret::new(current.clone()),
        network: network(&call),
    };
    let (tenant, user) = admit(&service, &shown).await?;
    check_password(&settings, "newPassword", &new)?;
    if new == current {
        return Err(Refusal::field(
            "newPassword",
            "UNCHANGED",
            Text::of("新密码不能与当前密码相同。", "The new password must differ from the current one."),
        ));
    }
    let hash = PASSWORDS.hash_from(&network(&call), &Secret::new(new)).await?;
    let (id, kept) = (user.head.id, call.context.session);
    let change = move |ctx: &mut Ctx<'_>| {
        let mut user: User = ctx.lock(Ref::new(id))?;
        user.password_hash = Some(hash.clone());
        user.must_change_password = false;
        end_others(ctx, &mut user, kept)?;
        ctx.save(&mut user)
    };
    service.write_as_system(tenant, &call.context.request_id, change).await?;
    Ok(json!({}))
}

/// Ends all sessions of a user, but for the one that is kept; the caller stores the user, and that alone ends them. The
/// latest are also marked as ended, for those who look at the list.
pub(crate) fn end_others(ctx: &mut Ctx<'_>, user: &mut User, kept: Option<Id>) -> Result<()> {
    user.session_epoch += 1;
    let open = Find::<Session>::all().eq("user", Ref::<User>::new(user.head.id)).eq("state", SessionState::Open);
    for session in ctx.find(open.sort_down("refreshed_at").limit(MARKED))? {
        let mut session: Session = ctx.lock(Ref::new(session.head.id))?;
        if session.state == SessionState::Open && Some(session.head.id) != kept {
            ctx.take(&mut session, "revoke")?;
        }
    }
    if let Some(kept) = kept {
        let mut session: Session = ctx.lock(Ref::new(kept))?;
        session.epoch = user.session_epoch;
        ctx.save(&mut session)?;
    }
    Ok(())
}
