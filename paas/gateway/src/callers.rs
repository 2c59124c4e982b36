//! Who is behind a token, as the platform knows it now. Kept for 800 ms, so that a change acts within a second; asked
//! for once at a time; a silent platform is bridged for 5 s.

use crate::request::Asked;
use paas_auth::{Claims, Context, Principal, Rights};
use paas_link::{Call, Peers};
use paas_types::{Code, Id, Refusal, Result};
use quick_cache::sync::Cache;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

const FRESH: Duration = Duration::from_millis(800);
const STALE: Duration = Duration::from_secs(5);
/// After a failed question the platform is left alone for this long.
const PAUSE: Duration = Duration::from_millis(300);
const DEADLINE: Duration = Duration::from_secs(2);
const CALLERS: usize = 20_000;

/// A caller with compiled rights.
#[derive(Debug)]
pub(crate) struct Caller {
    pub principal: Principal,
    pub rights: Rights,
}

/// All callers seen lately, by membership and session.
pub(crate) struct Callers(Cache<(Id, Id), Arc<Slot>>);

#[derive(Default)]
struct Slot {
    state: Mutex<State>,
    turn: tokio::sync::Mutex<()>,
}

#[derive(Clone, Default)]
struct State {
    /// When the platform answered, and what: `None` when it knows no such caller.
    answer: Option<(Instant, Option<Arc<Caller>>)>,
    failed: Option<Instant>,
}

impl Slot {
    fn state(&self) -> State {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl State {
    /// The answer, when it is not older than `age`.
    fn within(&self, age: Duration) -> Option<Result<Arc<Caller>>> {
        let (at, caller) = self.answer.as_ref()?;
        (at.elapsed() < age).then(|| caller.clone().ok_or_else(|| Refusal::new(Code::Unauthenticated)))
    }
}

impl Callers {
    pub(crate) fn new() -> Callers {
        Callers(Cache::new(CALLERS))
    }

    /// The caller behind claims; `UNAUTHENTICATED` when the platform knows none, `UNAVAILABLE` when it is silent for
    /// too long.
    pub(crate) async fn of(&self, peers: &Peers, claims: &Claims, asked: &Asked) -> Result<Arc<Caller>> {
        let key = (claims.sub, claims.sid);
        let slot = match self.0.get(&key) {
            Some(slot) => slot,
            None => self.0.get_or_insert_with(&key, || Ok::<_, Refusal>(Arc::default()))?,
        };
        if let Some(answer) = slot.state().within(FRESH) {
            return answer;
        }
        let _turn = slot.turn.lock().await;
        let state = slot.state();
        if let Some(answer) = state.within(FRESH) {
            return answer;
        }
        if state.failed.is_some_and(|at| at.elapsed() < PAUSE) {
            return bridge(&state, "the platform did not answer a moment ago");
        }
        match fetch(peers, claims, asked).await {
            Ok(principal) => {
                let caller = Arc::new(compiled(principal, &state));
                slot.set(|s| *s = State { answer: Some((Instant::now(), Some(Arc::clone(&caller)))), failed: None });
                Ok(caller)
            }
            Err(refusal) if refusal.code() == Code::NotFound => {
                slot.set(|s| *s = State { answer: Some((Instant::now(), None)), failed: None });
                Err(Refusal::new(Code::Unauthenticated))
            }
            Err(refusal) => {
                slot.set(|s| s.failed = Some(Instant::now()));
                bridge(&state, refusal.cause().unwrap_or_default())
            }
        }
    }

    /// Forgets what is known, so that the next call asks.
    pub(crate) fn forget(&self, claims: &Claims) {
        self.0.remove(&(claims.sub, claims.sid));
    }
}

/// Rights are compiled anew only when the policy changed.
fn compiled(principal: Principal, before: &State) -> Caller {
    let same = before.answer.as_ref().and_then(|(_, caller)| caller.as_ref());
    let rights = match same.filter(|caller| caller.principal.policy == principal.policy) {
        Some(caller) => caller.rights.clone(),
        None => principal.policy.compile(),
    };
    Caller { principal, rights }
}

fn bridge(state: &State, cause: &str) -> Result<Arc<Caller>> {
    state.within(STALE).unwrap_or_else(|| Err(Refusal::unavailable(cause)))
}

async fn fetch(peers: &Peers, claims: &Claims, asked: &Asked) -> Result<Principal> {
    let target = format!("/internal/principal?tenant={}&membership={}&session={}", claims.ten, claims.sub, claims.sid);
    let context = Context::system(&asked.request_id, &asked.trace_id);
    let principal: Principal = peers.json("platform", context, Call::get(&target)?.within(DEADLINE)).await?;
    let same = principal.membership.id == claims.sub && principal.tenant.key == claims.tky;
    if same { Ok(principal) } else { Err(Refusal::not_found().caused_by("the platform answered about another caller")) }
}
