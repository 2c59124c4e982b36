//! A running cell: its declarations, its store and its way to the others.

use crate::cell::Cell;
use crate::ctx::{Caller, Ctx};
use crate::dispatch::{Lane, lanes_of};
use crate::rights::Access;
use paas_auth::{Context, ContextKey, MasterKey, MemberKind, Principal, ReplayGuard};
use paas_link::{Call, Peers};
use paas_store::{Actor, Store, Tx};
use paas_types::{Clock, Code, Id, Refusal, Result, Tenant, TimeZone};
use quick_cache::sync::Cache;
use std::sync::Arc;

/// How many members' rights are kept compiled.
const MEMBERS: usize = 10_000;

/// How long a job of the system may hold the writer, milliseconds: seeding takes longer than what people do.
const SYSTEM_MS: u64 = 20_000;

/// A cell at work.
pub struct Service {
    pub(crate) cell: Cell,
    pub(crate) store: Store,
    pub(crate) peers: Peers,
    pub(crate) master: MasterKey,
    pub(crate) clock: Clock,
    pub(crate) key: ContextKey,
    pub(crate) guard: ReplayGuard,
    /// What it hears, producer by producer.
    pub(crate) lanes: Vec<Arc<Lane>>,
    rights: Cache<Id, (i64, Arc<Access>)>,
}

impl Service {
    /// Puts a cell to work.
    pub fn new(cell: Cell, store: Store, peers: Peers, master: &MasterKey, clock: Clock) -> Arc<Service> {
        let key = ContextKey::of_cell(master, cell.name());
        let lanes = lanes_of(&cell);
        Arc::new(Service {
            lanes,
            cell,
            store,
            peers,
            master: master.clone(),
            clock,
            key,
            guard: ReplayGuard::new(),
            rights: Cache::new(MEMBERS),
        })
    }

    /// Code of the cell.
    pub fn name(&self) -> &'static str {
        self.cell.name()
    }

    /// The store.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The other cells.
    pub fn peers(&self) -> &Peers {
        &self.peers
    }

    /// The master key, for services that derive keys of their own.
    pub fn master(&self) -> &MasterKey {
        &self.master
    }

    /// The clock.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// The tenant a call is for; calls above tenants have none.
    pub(crate) fn tenant(context: &Context) -> Result<Tenant> {
        let tenant = context.tenant.as_ref().ok_or_else(|| Refusal::new(Code::MissingTenantId))?;
        Ok(tenant.tenant())
    }

    /// The caller with its rights: from the cache, or from the platform when the policy is newer than what is known.
    pub async fn caller(&self, context: &Context) -> Result<Caller> {
        let rights = match context.kind {
            MemberKind::System => Arc::new(Access::System),
            _ => self.access(context).await?,
        };
        let zone = context.tenant.as_ref().and_then(|t| TimeZone::named(&t.zone)).unwrap_or_else(TimeZone::shanghai);
        Ok(Caller {
            user: context.membership,
            name: Arc::from(context.person_name.as_str()),
            department: context.department,
            lang: context.lang,
            zone,
            rights,
            asked: None,
            mask: false,
            hashes: Arc::default(),
        })
    }

    async fn access(&self, context: &Context) -> Result<Arc<Access>> {
        if let Some((version, access)) = self.rights.get(&context.membership)
            && version == context.policy_version
        {
            return Ok(access);
        }
        let session = context.session.map_or_else(String::new, |s| format!("&session={s}"));
        let tenant = context.tenant.as_ref().map(|t| t.code.as_str()).unwrap_or_default();
        let target = format!("/internal/principal?tenant={tenant}&membership={}{session}", context.membership);
        let system =
            Context { tenant: context.tenant.clone(), ..Context::system(&context.request_id, &context.trace_id) };
        let principal: Principal = self.peers.json("platform", system, Call::get(&target)?).await?;
        self.remember(context, &principal).await;
        let access = Arc::new(Access::Member(principal.policy.compile()));
        self.rights.insert(context.membership, (principal.policy.version, Arc::clone(&access)));
        Ok(access)
    }

    /// Puts who acts here into the directory, so that what the member writes names its author. A directory that cannot
    /// be written now costs a name, not the call.
    async fn remember(&self, context: &Context, principal: &Principal) {
        let Some(tenant) = context.tenant.as_ref() else { return };
        let user = paas_store::DirectoryUser {
            id: principal.membership.id,
            username: principal.membership.username.clone(),
            name: principal.membership.name.clone(),
            department: principal.department,
            active: principal.active,
        };
        let actor = Actor::system(tenant.tenant(), &context.request_id);
        if let Err(refusal) = self.store.write(actor, move |tx| tx.put_user(&user)).await {
            tracing::warn!(cause = refusal.cause(), "the directory was not brought up to date");
        }
    }

    /// Who acts, for the store.
    pub(crate) fn actor(context: &Context, tenant: Tenant) -> Actor {
        Actor {
            tenant,
            user: context.membership,
            user_name: Arc::from(context.person_name.as_str()),
            request_id: Arc::from(context.request_id.as_str()),
            trace_id: Arc::from(context.trace_id.as_str()),
            doing: Arc::from(format!("{} {}", context.method, context.path)),
            cause: None,
            now: None,
        }
    }

    /// Runs a job of the system in a tenant: seeds, events, services of the platform.
    pub async fn write_as_system<T: Send + 'static>(
        self: &Arc<Self>,
        tenant: Tenant,
        request_id: &str,
        mut job: impl FnMut(&mut Ctx<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let service = Arc::clone(self);
        let caller = Caller::system();
        let run = move |tx: &mut Tx| job(&mut Ctx::new(tx, &service.cell.registry, &caller));
        self.store.write_within(Actor::system(tenant, request_id), SYSTEM_MS, run).await
    }

    /// Reads as the system in a tenant, before what callers read: keep it short.
    pub async fn read_as_system<T: Send + 'static>(
        self: &Arc<Self>,
        tenant: &Tenant,
        job: impl FnOnce(&mut Ctx<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let service = Arc::clone(self);
        let caller = Caller::system();
        self.store.read_inside(tenant, move |tx| job(&mut Ctx::new(tx, &service.cell.registry, &caller))).await
    }
}

impl Caller {
    /// The system itself.
    pub fn system() -> Caller {
        Caller {
            user: Id::NIL,
            name: Arc::from("system"),
            department: None,
            lang: paas_types::Lang::Zh,
            zone: TimeZone::shanghai(),
            rights: Arc::new(Access::System),
            asked: None,
            mask: false,
            hashes: Arc::default(),
        }
    }
}
