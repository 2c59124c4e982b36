//! Sessions: one per sign-in, with its family of refresh tokens.

use crate::admission::tenant_keyed;
use crate::principal::found;
use crate::throttle::AHEAD_SECONDS;
use crate::user::User;
use paas_auth::{MasterKey, digest};
use paas_cell::Service;
use paas_cell::prelude::*;
use paas_types::TenantKey;
use std::sync::Arc;

/// How long a session lives without being used, seconds.
pub(crate) const IDLE_SECONDS: i64 = 7 * 24 * 3600;
/// A refresh token used again within this many seconds gives the same successor.
const GRACE_SECONDS: i64 = 30;

/// 会话 | Session
#[derive(Master, Clone, Debug)]
#[master(name = "session")]
pub struct Session {
    /// What the platform keeps.
    pub head: Head,
    /// 用户 | User
    #[field(list, indexed, computed)]
    pub user: Ref<User>,
    /// 网络 | Network
    #[field(list, computed)]
    pub network: Option<String>,
    /// 令牌代次 | Generation of the refresh token
    #[field(computed, write_only)]
    pub generation: i64,
    /// 来源会话：切换租户前的会话 | Root: the session it was switched to from
    #[field(computed, write_only, max = 80)]
    pub root: Option<String>,
    /// 会话批次：与用户的一致才有效 | Epoch: valid while it is the user's
    #[field(computed, write_only)]
    pub epoch: i64,
    /// 最近续期 | Last refreshed
    #[field(list, indexed, computed)]
    pub refreshed_at: Instant,
    /// 到期 | Expires at
    #[field(list, indexed, computed)]
    pub expires_at: Instant,
    /// 状态 | State
    #[field(list, indexed)]
    pub state: SessionState,
}

/// 会话状态 | State
#[derive(States, Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionState {
    /// 有效 | Open
    #[state(active)]
    Open,
    /// 已结束 | Ended
    #[state(done)]
    Ended,
}

/// The flow of sessions.
pub const FLOW: Flow<Session> =
    Flow::new(&[go("revoke", &[SessionState::Open], SessionState::Ended).label("结束", "End")]).guard_save(signing_in);

/// Sessions come from signing in, not from people who write records.
fn signing_in(ctx: &mut Ctx<'_>, _session: &mut Session) -> Result<()> {
    if ctx.user().0.is_nil() { Ok(()) } else { Err(Refusal::new(paas_types::Code::Forbidden)) }
}

/// Whether a session that others were switched to from has not been ended. It may have gone unused for long.
pub(crate) async fn root_lives(service: &Arc<Service>, (tenant, session): (TenantKey, Id)) -> Result<bool> {
    let Some(tenant) = tenant_keyed(service, tenant).await? else { return Ok(false) };
    let lives = move |ctx: &mut Ctx<'_>| {
        let Some(session) = found(ctx.get(Ref::<Session>::new(session)))? else { return Ok(false) };
        let Some(user) = found(ctx.get(session.user))? else { return Ok(false) };
        Ok(session.state == SessionState::Open && session.is_of(&user) && user.state == MasterState::Active)
    };
    service.read_as_system(&tenant, lives).await
}

/// What using a refresh token comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Used {
    /// The newest one: the next generation takes its place.
    Next,
    /// The one before, within the grace: its successor again.
    Again,
    /// An old one, so somebody has a copy: the whole family ends.
    Stolen,
}

impl Session {
    /// Whether this is a session of the user, opened since his sessions were last ended.
    pub(crate) fn is_of(&self, user: &User) -> bool {
        self.user.id() == user.head.id && self.epoch == user.session_epoch
    }

    /// Tenant and id of the session this one was switched to from: it lives no longer than that one.
    pub(crate) fn root(&self) -> Option<(TenantKey, Id)> {
        let (tenant, session) = self.root.as_deref()?.split_once('.')?;
        Some((TenantKey(tenant.parse().ok()?), session.parse().ok()?))
    }

    /// Whether the session may be used now.
    pub(crate) fn usable(&self, now: Instant) -> bool {
        self.state == SessionState::Open && now < self.expires_at
    }

    /// What a genuine refresh token of this generation comes to now.
    pub(crate) fn used(&self, generation: i64, now: Instant) -> Used {
        // A use that lies ahead was before the clock was set back, nobody knows how long ago.
        let last = self.refreshed_at;
        let recent = last.plus_seconds(-AHEAD_SECONDS) <= now && now <= last.plus_seconds(GRACE_SECONDS);
        match self.generation - generation {
            0 => Used::Next,
            1 if recent => Used::Again,
            _ => Used::Stolen,
        }
    }
}

/// A refresh token: which session of which tenant, which generation, and the proof. The proof follows from the master
/// key, so that nothing of it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RefreshToken {
    pub(crate) tenant: TenantKey,
    pub(crate) session: Id,
    pub(crate) generation: i64,
}

impl RefreshToken {
    /// The token as clients hold it.
    pub(crate) fn text(&self, master: &MasterKey) -> String {
        format!("{}.{}.{}.{}", self.tenant.0, self.session, self.generation, self.proof(master))
    }

    /// Reads a token; `None` unless it is genuine.
    pub(crate) fn read(text: &str, master: &MasterKey) -> Option<RefreshToken> {
        let mut parts = text.trim().split('.');
        let token = RefreshToken {
            tenant: TenantKey(parts.next()?.parse().ok()?),
            session: parts.next()?.parse().ok()?,
            generation: parts.next()?.parse().ok()?,
        };
        let proof = parts.next().filter(|_| parts.next().is_none())?;
        // Digests are compared, so that the time tells nothing of the proof.
        (digest(proof.as_bytes()) == digest(token.proof(master).as_bytes())).then_some(token)
    }

    fn proof(&self, master: &MasterKey) -> String {
        let key = master.derive(&format!("refresh:{}:{}:{}", self.tenant.0, self.session, self.generation));
        key.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refresh_token_is_read_only_when_genuine() {
        let master = MasterKey::from_bytes([3; 32]);
        let token = RefreshToken { tenant: TenantKey(4), session: Id::fresh(), generation: 2 };
        let text = token.text(&master);
        assert_eq!(RefreshToken::read(&text, &master), Some(token.clone()));
        assert_eq!(RefreshToken::read(&text, &MasterKey::from_bytes([4; 32])), None);
        assert_eq!(RefreshToken::read(&format!("{text}.x"), &master), None);
        assert_eq!(RefreshToken::read(&text.replacen("4.", "5.", 1), &master), None);
        assert_eq!(RefreshToken::read("", &master), None);
    }

    #[test]
    fn a_copy_is_noticed_after_the_grace() {
        let start = Instant::from_micros(1_800_000_000_000_000);
        let session = Session { generation: 5, refreshed_at: start, ..Session::blank() };
        assert_eq!(session.used(5, start.plus_seconds(9_000)), Used::Next);
        assert_eq!(session.used(4, start.plus_seconds(30)), Used::Again);
        assert_eq!(session.used(4, start.plus_seconds(31)), Used::Stolen);
        assert_eq!(session.used(4, start.plus_seconds(-AHEAD_SECONDS)), Used::Again);
        assert_eq!(session.used(4, start.plus_seconds(-7_200)), Used::Stolen, "the clock was set back");
        assert_eq!(session.used(5, start.plus_seconds(-7_200)), Used::Next);
        assert_eq!(session.used(3, start), Used::Stolen);
        assert_eq!(session.used(6, start), Used::Stolen);
    }
}
