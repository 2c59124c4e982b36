//! `GET /internal/principal?tenant=&membership=&session=`: who a caller is and what it may do, as of now.

use crate::admission::{account_of, tenant_named};
use crate::department::{Department, tree};
use crate::role::{DataScope, Role};
use crate::saved_view::OWN;
use crate::session::{Session, root_lives};
use crate::settings::Settings;
use crate::tenant::{SYSTEM, TenantAccount, TenantState};
use crate::user::{User, UserKind};
use paas_auth::{
    Context, Grant, GrantScope, Limits, MemberKind, Policy, Principal, PrincipalMember, PrincipalPerson,
    PrincipalTenant, digest, expand,
};
use paas_cell::prelude::{MasterState, Ref};
use paas_cell::{Ctx, Find, InternalCall, Service};
use paas_link::Call;
use paas_types::{Code, Id, Refusal, Result, Tenant, TenantKey};
use quick_cache::sync::Cache;
use serde::Deserialize;
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::{Duration, Instant as Moment};

/// How long the permission codes of a cell are believed.
const CODES_FRESH: Duration = Duration::from_secs(60);
/// How many tenants are remembered by their codes.
const HOMES_KEPT: usize = 10_000;

type Homes = Cache<([u8; 32], String), Tenant>;
type Known = HashMap<([u8; 32], String), (Moment, Arc<Codes>)>;

static HOMES: LazyLock<Homes> = LazyLock::new(|| Cache::new(HOMES_KEPT));
static KNOWN: LazyLock<Mutex<Known>> = LazyLock::new(Mutex::default);

/// What the tenant's own records say of a membership.
pub(crate) struct Facts {
    pub(crate) user: User,
    pub(crate) roles: Vec<Role>,
    pub(crate) department: Option<Department>,
    departments: Vec<(Id, Option<Id>)>,
    settings: Settings,
    session_usable: bool,
    /// Where the session comes from, when it was switched to.
    root: Option<(TenantKey, Id)>,
}

/// Answers the question; only the system asks.
pub(crate) async fn answer(service: Arc<Service>, call: InternalCall) -> Result<Json> {
    if call.context.kind != MemberKind::System {
        return Err(Refusal::not_found());
    }
    let id = |name| call.param(name).filter(|text| !text.is_empty()).map(str::parse::<Id>).transpose();
    let bad = |_| Refusal::not_found();
    let member = id("membership").map_err(bad)?.ok_or_else(Refusal::not_found)?;
    let session = id("session").map_err(bad)?;
    let code = call.param("tenant").unwrap_or_default();
    let (tenant, facts) = find(&service, code, member, session).await?;
    let account = account_of(&service, &tenant.code).await?.ok_or_else(Refusal::not_found)?;
    let principal = principal(&tenant, &account, &facts)?;
    serde_json::to_value(principal).map_err(Refusal::internal)
}

/// The membership in the tenant with this code, and in no other: an id says nothing of whose it is, since clients may
/// choose the ids of what they create.
pub(crate) async fn find(
    service: &Arc<Service>,
    code: &str,
    member: Id,
    session: Option<Id>,
) -> Result<(Tenant, Facts)> {
    let tenant = home(service, code).await?;
    let mut facts = facts(service, &tenant, member, session).await?.ok_or_else(Refusal::not_found)?;
    if let (true, Some(root)) = (facts.session_usable, facts.root) {
        facts.session_usable = root_lives(service, root).await?;
    }
    Ok((tenant, facts))
}

/// The tenant with this code. Tenants never go and never change their codes, so what was found is remembered.
async fn home(service: &Arc<Service>, code: &str) -> Result<Tenant> {
    let key = (service.master().derive("homes"), code.to_owned());
    if let Some(tenant) = HOMES.get(&key) {
        return Ok(tenant);
    }
    let tenant = tenant_named(service, code).await?.ok_or_else(Refusal::not_found)?;
    HOMES.insert(key, tenant.clone());
    Ok(tenant)
}

async fn facts(service: &Arc<Service>, tenant: &Tenant, member: Id, session: Option<Id>) -> Result<Option<Facts>> {
    service
        .read_as_system(tenant, move |ctx| {
            let Some(user) = found(ctx.get(Ref::<User>::new(member)))? else { return Ok(None) };
            let roles = roles(ctx, &user)?;
            let wide = roles.iter().any(|role| role.data_scope == DataScope::DepartmentTree);
            let departments = if wide { ctx.find(Find::<Department>::all())? } else { Vec::new() };
            let department = match user.unit {
                Some(unit) => found(ctx.get(unit))?,
                None => None,
            };
            let asked = session.is_some();
            let session = match session {
                Some(id) => found(ctx.get(Ref::<Session>::new(id)))?,
                None => None,
            };
            let session_usable = match &session {
                Some(session) => session.is_of(&user) && session.usable(ctx.now()),
                None => !asked,
            };
            let root = session.as_ref().and_then(Session::root);
            Ok(Some(Facts {
                root,
                settings: ctx.setting()?,
                departments: departments.iter().map(|d| (d.head.id, d.parent.map(|p| p.id()))).collect(),
                user,
                roles,
                department,
                session_usable,
            }))
        })
        .await
}

fn roles(ctx: &mut Ctx<'_>, user: &User) -> Result<Vec<Role>> {
    let mut roles = Vec::with_capacity(user.roles.len());
    for role in &user.roles {
        roles.extend(found(ctx.get(*role))?.filter(|role: &Role| role.state == MasterState::Active));
    }
    Ok(roles)
}

/// A record that may not be there.
pub(crate) fn found<T>(read: Result<T>) -> Result<Option<T>> {
    match read {
        Ok(record) => Ok(Some(record)),
        Err(refusal) if refusal.code() == Code::NotFound => Ok(None),
        Err(refusal) => Err(refusal),
    }
}

/// The cells a tenant has; the platform is one of them.
pub(crate) fn cells_of(account: &TenantAccount) -> Vec<String> {
    let mut cells = vec!["platform".to_owned()];
    cells.extend(account.cells.iter().filter(|cell| *cell != "platform").cloned());
    cells
}

/// Everything about the caller.
pub(crate) fn principal(tenant: &Tenant, account: &TenantAccount, facts: &Facts) -> Result<Principal> {
    let user = &facts.user;
    let cells = cells_of(account);
    let of_role = |role: &Role| Grant {
        permissions: counting(&tenant.code, &cells, &role.permissions),
        scope: scope_of(&facts.user, role, &facts.departments),
        field_rights: role.restricted().unwrap_or_default(),
    };
    let own = Grant {
        permissions: OWN.iter().map(|code| (*code).to_owned()).collect(),
        scope: GrantScope::Own,
        field_rights: BTreeMap::new(),
    };
    let grants: Vec<Grant> = facts.roles.iter().map(of_role).chain([own]).collect();
    let limit = |set: Option<i64>| set.map_or(u32::MAX, |n| u32::try_from(n).unwrap_or(u32::MAX));
    let limits = account.rate_limited.then(|| Limits {
        user_per_second: limit(facts.settings.user_per_second),
        tenant_per_second: limit(facts.settings.tenant_per_second),
    });
    let state = if account.state == TenantState::Active { "active" } else { "suspended" };
    Ok(Principal {
        membership: PrincipalMember {
            id: user.head.id,
            kind: user.member_kind(),
            username: user.username.clone(),
            name: user.shown_name().to_owned(),
        },
        person: PrincipalPerson { id: user.person_id() },
        tenant: PrincipalTenant {
            key: tenant.key,
            code: tenant.code.to_string(),
            name: account.name.clone(),
            state: state.to_owned(),
            zone: facts.settings.zone.clone(),
        },
        department: user.unit.map(|d| d.id()),
        active: user.state == MasterState::Active && facts.session_usable,
        must_change_password: user.must_change_password,
        cells,
        limits,
        policy: Policy { version: version(&grants)?, membership: user.head.id, grants },
    })
}

/// Which records a role reaches for this user; `departments` are all of the tenant with their parents, needed for trees
/// only.
pub(crate) fn scope_of(user: &User, role: &Role, departments: &[(Id, Option<Id>)]) -> GrantScope {
    if user.kind == UserKind::Partner {
        return parties(user);
    }
    let own: Vec<Id> = user.unit.iter().map(|d| d.id()).collect();
    match role.data_scope {
        DataScope::All => GrantScope::All,
        DataScope::Department => GrantScope::Departments(own),
        DataScope::DepartmentTree => GrantScope::Departments(tree(departments, &own)),
        DataScope::Departments => GrantScope::Departments(role.departments.iter().map(|d| d.id()).collect()),
        DataScope::Own => GrantScope::Own,
        DataScope::Party => parties(user),
    }
}

fn parties(user: &User) -> GrantScope {
    GrantScope::Parties(user.parties.iter().filter_map(|text| text.parse().ok()).collect())
}

/// A number that changes with the grants: the first 63 bits of their digest.
fn version(grants: &[Grant]) -> Result<i64> {
    let bytes = digest(&serde_json::to_vec(grants).map_err(Refusal::internal)?);
    let [a, b, c, d, e, f, g, h, ..] = bytes;
    Ok(i64::from_be_bytes([a, b, c, d, e, f, g, h]) & i64::MAX)
}

/// Of the codes a role holds those that count: of the tenant's cells, and those of tenants for the operator only.
fn counting(tenant: &str, cells: &[String], granted: &[String]) -> Vec<String> {
    let counts = |code: &&String| {
        let cell = code.split('.').next().unwrap_or_default();
        cells.iter().any(|c| c == cell) && (tenant == SYSTEM || !of_tenants(code))
    };
    granted.iter().filter(counts).cloned().collect()
}

fn of_tenants(code: &str) -> bool {
    code.starts_with("platform.tenant.")
}

/// Every permission code that can be granted in a tenant with these cells, sorted. `UNAVAILABLE` when a cell does not
/// say what it has.
pub(crate) async fn grantable(service: &Arc<Service>, tenant: &str, cells: &[String]) -> Result<Vec<String>> {
    let mut codes = Vec::new();
    for cell in cells {
        let known = known(service, cell).await.ok_or_else(|| Refusal::unavailable(format!("{cell} is silent")))?;
        codes.extend(known.permissions.iter().filter(|code| tenant == SYSTEM || !of_tenants(code)).cloned());
    }
    codes.sort_unstable();
    Ok(codes)
}

/// The codes that granted ones stand for at this moment: wildcards end here.
pub(crate) async fn expanded(
    service: &Arc<Service>,
    account: &TenantAccount,
    granted: &[String],
) -> Result<Vec<String>> {
    let codes = grantable(service, &account.code, &cells_of(account)).await?;
    Ok(expand(granted, codes.iter().map(String::as_str)))
}

/// What the rules of roles must know: `{"codes": [..], "fields": [..], "silent": [..]}`, everything that can be granted
/// in the caller's tenant, every field that can be restricted, and the cells that do not say at the moment what they
/// have.
pub(crate) async fn codes(service: Arc<Service>, context: Context) -> Result<Json> {
    let code = context.tenant.map(|tenant| tenant.code).ok_or_else(|| Refusal::new(Code::MissingTenantId))?;
    let account = account_of(&service, &code).await?.ok_or_else(Refusal::not_found)?;
    let (mut codes, mut fields, mut silent) = (Vec::new(), Vec::new(), Vec::new());
    for cell in cells_of(&account) {
        match known(&service, &cell).await {
            Some(known) => {
                codes.extend(known.permissions.iter().filter(|said| code == SYSTEM || !of_tenants(said)).cloned());
                fields.extend(known.fields.iter().cloned());
            }
            None => silent.push(cell),
        }
    }
    Ok(json!({"codes": codes, "fields": fields, "silent": silent}))
}

/// What a cell has to grant and to restrict.
#[derive(Deserialize)]
struct Codes {
    permissions: Vec<String>,
    fields: Vec<String>,
}

async fn known(service: &Arc<Service>, cell: &str) -> Option<Arc<Codes>> {
    let key = (service.master().derive("known-codes"), cell.to_owned());
    let kept = KNOWN.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
    if let Some((at, codes)) = &kept
        && at.elapsed() < CODES_FRESH
    {
        return Some(Arc::clone(codes));
    }
    let call = Call::get("/internal/permissions").ok()?.within(Duration::from_secs(1));
    match service.peers().json::<Codes>(cell, Context::system("permissions", ""), call).await {
        Ok(said) => {
            let codes = Arc::new(said);
            let mut all = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
            all.insert(key, (Moment::now(), Arc::clone(&codes)));
            Some(codes)
        }
        Err(_) => kept.map(|(_, codes)| codes),
    }
}
