//! Tenants: kept in the operator's own tenant `system`, and nowhere else.

use crate::settings::{Settings, check_password};
use paas_cell::prelude::*;

/// Code of the operator's tenant.
pub const SYSTEM: &str = "system";

/// 租户 | Tenant
#[derive(Master, Clone, Debug)]
#[master(name = "tenant", table = "tenant-account")]
pub struct TenantAccount {
    /// What the platform keeps.
    pub head: Head,
    /// 编码 | Code
    #[field(list, unique, search, max = 40)]
    pub code: String,
    /// 名称 | Name
    #[field(list, search, english = name_en)]
    pub name: String,
    /// 英文名称 | Name in English
    pub name_en: Option<String>,
    /// 管理员用户名 | Administrator's user name
    #[field(max = 60)]
    pub admin_username: Option<String>,
    /// 管理员密码 | Administrator's password
    #[field(password)]
    pub admin_password: Option<String>,
    /// 管理员密码散列 | Hash of the administrator's password
    #[field(computed, write_only)]
    pub admin_hash: Option<String>,
    /// 应用 | Cells
    #[field(list)]
    pub cells: Vec<String>,
    /// 限流 | Rate limits apply
    #[field(default = true)]
    pub rate_limited: bool,
    /// 示例公司所属：为该租户建立的示例公司 | Sample of: the tenant whose sample company this is
    #[field(computed, indexed, max = 40)]
    pub sample_of: Option<String>,
    /// 由公司关闭：公司可自行重新打开 | Closed by its company, which may open it again
    #[field(computed)]
    pub closed: bool,
    /// 内部编号 | Key
    #[field(computed, indexed)]
    pub tenant_key: i64,
    /// 状态 | State
    #[field(list, indexed)]
    pub state: TenantState,
}

/// 租户状态 | State
#[derive(States, Clone, Copy, Debug, PartialEq, Eq)]
pub enum TenantState {
    /// 正常 | Active
    #[state(active, editable)]
    Active,
    /// 已停用 | Suspended
    #[state(void, editable)]
    Suspended,
}

/// A tenant was suspended.
#[derive(Event)]
#[event("platform.tenant.suspended", version = 1)]
pub struct TenantSuspended {
    code: String,
}

/// A tenant was resumed.
#[derive(Event)]
#[event("platform.tenant.resumed", version = 1)]
pub struct TenantResumed {
    code: String,
}

impl From<&TenantAccount> for TenantSuspended {
    fn from(account: &TenantAccount) -> TenantSuspended {
        TenantSuspended { code: account.code.clone() }
    }
}

impl From<&TenantAccount> for TenantResumed {
    fn from(account: &TenantAccount) -> TenantResumed {
        TenantResumed { code: account.code.clone() }
    }
}

/// The flow of tenants.
pub const FLOW: Flow<TenantAccount> = Flow::new(&[
    go("suspend", &[TenantState::Active], TenantState::Suspended)
        .label("停用", "Suspend")
        .guard(operator_only)
        .guard(not_the_operator)
        .does(take_sample_along)
        .emits::<TenantSuspended>(),
    go("resume", &[TenantState::Suspended], TenantState::Active)
        .label("恢复", "Resume")
        .guard(operator_only)
        .does(forget_who_closed)
        .emits::<TenantResumed>(),
])
.prepare(prepare)
.before_delete(keep);

/// Only the operator has tenants.
fn operator_only(ctx: &mut Ctx<'_>, _account: &mut TenantAccount) -> Result<()> {
    if &*ctx.tenant().code == SYSTEM { Ok(()) } else { Err(Refusal::new(paas_types::Code::Forbidden)) }
}

/// A company that is suspended takes its sample company along.
fn take_sample_along(ctx: &mut Ctx<'_>, account: &mut TenantAccount) -> Result<()> {
    account.closed = false;
    let samples = ctx.find(Find::<TenantAccount>::all().eq("sample_of", account.code.clone()))?;
    for sample in samples.into_iter().filter(|sample| sample.state == TenantState::Active) {
        let mut sample: TenantAccount = ctx.lock(Ref::new(sample.head.id))?;
        crate::sample::shut(ctx, &mut sample)?;
    }
    Ok(())
}

fn forget_who_closed(_ctx: &mut Ctx<'_>, account: &mut TenantAccount) -> Result<()> {
    account.closed = false;
    Ok(())
}

fn not_the_operator(_ctx: &mut Ctx<'_>, account: &mut TenantAccount) -> Result<()> {
    if account.code != SYSTEM {
        return Ok(());
    }
    Err(Refusal::rule(
        "platform.tenant.operator",
        Text::of("运营租户不能停用。", "The operator's tenant cannot be suspended."),
        json!({}),
    ))
}

fn prepare(ctx: &mut Ctx<'_>, account: &mut TenantAccount) -> Result<()> {
    operator_only(ctx, account)?;
    let new = account.head.version == 0;
    if !new {
        unmoved(ctx, account)?;
    }
    if new && !is_code(&account.code) {
        return Err(Refusal::field(
            "code",
            "INVALID",
            Text::of(
                "租户编码须为 2 至 40 位小写字母、数字或连字符，以字母开头。",
                "A tenant code has 2 to 40 small letters, digits or hyphens and starts with a letter.",
            ),
        ));
    }
    account.cells.sort_unstable();
    account.cells.dedup();
    connected(ctx, account)?;
    if let Some(password) = account.admin_password.take() {
        check_password(&ctx.setting::<Settings>()?, "adminPassword", &password)?;
        account.admin_hash = Some(ctx.password_hash(&password)?);
    }
    // The system fills in its own first tenant; people say who administers theirs.
    if new && !ctx.user().0.is_nil() {
        let missing = |field| Refusal::field(field, "REQUIRED", Text::of("请填写。", "Please fill this in."));
        if account.admin_username.is_none() {
            return Err(missing("adminUsername"));
        }
        if account.admin_hash.is_none() {
            return Err(missing("adminPassword"));
        }
    }
    if new {
        account.tenant_key = ctx.counter("tenant-key")?;
    }
    Ok(())
}

/// What a tenant is known by stays, and its administrator is one of its own users from the first day on.
fn unmoved(ctx: &mut Ctx<'_>, account: &TenantAccount) -> Result<()> {
    let stored: TenantAccount = ctx.get(Ref::new(account.head.id))?;
    let changed = [
        ("code", stored.code != account.code),
        ("adminUsername", stored.admin_username != account.admin_username),
        ("adminPassword", account.admin_password.is_some()),
    ];
    match changed.into_iter().find(|(_, changed)| *changed) {
        Some((field, _)) => Err(Refusal::field(
            field,
            "READ_ONLY",
            Text::of("租户建立后不能修改此项。", "This cannot be changed once the tenant exists."),
        )),
        None => Ok(()),
    }
}

/// Refuses cells this installation does not have.
fn connected(ctx: &Ctx<'_>, account: &TenantAccount) -> Result<()> {
    let Some(known) = ctx.asked().and_then(|asked| asked.get("cells")).and_then(Json::as_array) else { return Ok(()) };
    match account.cells.iter().position(|cell| !known.iter().any(|k| k.as_str() == Some(cell))) {
        Some(unknown) => Err(Refusal::field(
            format!("cells[{unknown}]"),
            "NOT_FOUND",
            Text::of("没有这个应用。", "There is no such application."),
        )),
        None => Ok(()),
    }
}

/// Tenants stay: their data does.
fn keep(ctx: &mut Ctx<'_>, _account: &mut TenantAccount) -> Result<()> {
    if ctx.user().0.is_nil() { Ok(()) } else { Err(Refusal::new(paas_types::Code::InUse)) }
}

fn is_code(code: &str) -> bool {
    let known = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    (2..=40).contains(&code.len()) && code.starts_with(|c: char| c.is_ascii_lowercase()) && code.bytes().all(known)
}
