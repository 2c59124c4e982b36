//! Users: memberships of a tenant. A person may have several, each in another tenant.

use crate::account::end_others;
use crate::delegation;
use crate::department::Department;
use crate::role::Role;
use crate::settings::{Settings, check_password};
use paas_auth::MemberKind;
use paas_cell::prelude::*;

/// 用户 | User
#[derive(Master, Clone, Debug)]
#[master(name = "user")]
pub struct User {
    /// What the platform keeps.
    pub head: Head,
    /// 用户名 | User name
    #[field(list, unique, search, max = 60)]
    pub username: String,
    /// 姓名：默认同用户名 | Name: the user name by default
    #[field(list, search)]
    pub name: Option<String>,
    /// 密码 | Password
    #[field(password)]
    pub password: Option<String>,
    /// 密码散列 | Password hash
    #[field(computed, write_only)]
    pub password_hash: Option<String>,
    /// 类型 | Kind
    #[field(list, indexed, default = "\"staff\"")]
    pub kind: UserKind,
    /// 部门 | Department
    #[field(list, indexed, name = "department", column = "unit")]
    pub unit: Option<Ref<Department>>,
    /// 角色 | Roles
    #[field(list)]
    pub roles: Vec<Ref<Role>>,
    /// 往来方：类型为往来方时可见其单据 | Parties: whose records a partner sees
    pub parties: Vec<String>,
    /// 须修改密码 | Must change the password
    #[field(default = false)]
    pub must_change_password: bool,
    /// 自然人 | Person
    #[field(computed, indexed, max = 40)]
    pub person: Option<String>,
    /// 解锁时间 | Unlocked at
    #[field(computed)]
    pub unlocked_at: Option<Instant>,
    /// 会话批次：加一即结束全部会话 | Session epoch: one more ends all sessions
    #[field(computed, write_only)]
    pub session_epoch: i64,
    /// 来源：租户首批用户当时的用户名 | Origin: the user name with which a first member came
    #[field(computed, write_only)]
    pub origin: Option<String>,
    /// 状态 | State
    #[field(list, indexed)]
    pub state: MasterState,
}

/// 用户类型 | Kind of user
#[derive(Choice, Clone, Copy, Debug, PartialEq, Eq)]
pub enum UserKind {
    /// 员工 | Staff
    Staff,
    /// 往来方 | Partner
    Partner,
    /// 服务 | Service
    Service,
    /// 设备 | Device
    Device,
}

/// A user was created.
#[derive(Event)]
#[event("platform.user.created", version = 1)]
pub struct UserCreated {
    username: String,
    name: String,
    kind: UserKind,
    department: Option<Ref<Department>>,
    active: bool,
}

/// A user was changed.
#[derive(Event)]
#[event("platform.user.changed", version = 1)]
pub struct UserChanged {
    username: String,
    name: String,
    kind: UserKind,
    department: Option<Ref<Department>>,
    active: bool,
}

/// A user was disabled.
#[derive(Event)]
#[event("platform.user.disabled", version = 1)]
pub struct UserDisabled {
    username: String,
    name: String,
    kind: UserKind,
    department: Option<Ref<Department>>,
    active: bool,
}

/// A user was enabled.
#[derive(Event)]
#[event("platform.user.enabled", version = 1)]
pub struct UserEnabled {
    username: String,
    name: String,
    kind: UserKind,
    department: Option<Ref<Department>>,
    active: bool,
}

/// A user was deleted.
#[derive(Event)]
#[event("platform.user.deleted", version = 1)]
pub struct UserDeleted {
    username: String,
    name: String,
    kind: UserKind,
    department: Option<Ref<Department>>,
    active: bool,
}

/// A user was unlocked.
#[derive(Event)]
#[event("platform.user.unlocked", version = 1)]
pub struct UserUnlocked {
    username: String,
}

impl From<&User> for UserDisabled {
    fn from(user: &User) -> UserDisabled {
        let (username, name) = (user.username.clone(), user.shown_name().to_owned());
        UserDisabled { username, name, kind: user.kind, department: user.unit, active: false }
    }
}

impl From<&User> for UserEnabled {
    fn from(user: &User) -> UserEnabled {
        let (username, name) = (user.username.clone(), user.shown_name().to_owned());
        UserEnabled { username, name, kind: user.kind, department: user.unit, active: true }
    }
}

impl From<&User> for UserUnlocked {
    fn from(user: &User) -> UserUnlocked {
        UserUnlocked { username: user.username.clone() }
    }
}

const ACTIVE: u8 = MasterState::Active as u8;
const DISABLED: u8 = MasterState::Disabled as u8;

/// The flow of users.
pub const FLOW: Flow<User> = Flow::new(&[
    Edge::new("disable", 1 << ACTIVE, DISABLED)
        .label("停用", "Disable")
        .guard(not_oneself)
        .guard(superior_only)
        .does(disable)
        .emits::<UserDisabled>(),
    Edge::new("enable", 1 << DISABLED, ACTIVE)
        .label("启用", "Enable")
        .guard(superior_only)
        .does(enable)
        .emits::<UserEnabled>(),
    Edge::new("unlock", 1 << ACTIVE, ACTIVE)
        .label("解锁", "Unlock")
        .guard(superior_only)
        .does(unlock)
        .emits::<UserUnlocked>(),
])
.prepare(prepare)
.after_save(tell)
.before_delete(leave);

impl User {
    /// The name for people.
    pub fn shown_name(&self) -> &str {
        self.name.as_deref().unwrap_or(&self.username)
    }

    /// The kind, as a signed context carries it.
    pub fn member_kind(&self) -> MemberKind {
        MemberKind::of_person(self.kind.name()).unwrap_or(MemberKind::Staff)
    }

    /// The person behind the membership.
    pub fn person_id(&self) -> Id {
        self.person.as_deref().and_then(|text| text.parse().ok()).unwrap_or(self.head.id)
    }
}

fn prepare(ctx: &mut Ctx<'_>, user: &mut User) -> Result<()> {
    if user.head.id.is_nil() {
        user.head.id = Id::fresh();
    }
    let stored: Option<User> = if user.head.version > 0 { Some(ctx.get(Ref::new(user.head.id))?) } else { None };
    if stored.is_none() {
        // Never the id, which a client may choose: who a person is would be his to choose as well.
        user.person = Some(Id::fresh().to_string());
    }
    if user.name.is_none() {
        user.name = Some(user.username.clone());
    }
    user.head.department = user.unit.map(|d| DepartmentRef(d.id()));
    if let Some(stored) = &stored {
        within_reach(ctx, stored, user)?;
    }
    roles(ctx, stored.as_ref(), user)?;
    if let Some(password) = user.password.take() {
        let settings: Settings = ctx.setting()?;
        check_password(&settings, "password", &password)?;
        if stored.is_some() {
            // Whoever was in with the old one goes.
            end_others(ctx, user, None)?;
        }
        user.password_hash = Some(ctx.password_hash(&password)?);
    }
    Ok(())
}

/// Of somebody else's account only one that may do nothing more than the caller is changed. State and the own password
/// have ways of their own.
fn within_reach(ctx: &mut Ctx<'_>, stored: &User, user: &User) -> Result<()> {
    superior(ctx, stored)?;
    if stored.state != user.state {
        return Err(Refusal::field(
            "state",
            "READ_ONLY",
            Text::of("请使用“停用”或“启用”。", "Use the actions disable and enable."),
        ));
    }
    if user.password.is_some() && ctx.user().0 == stored.head.id {
        return Err(Refusal::field(
            "password",
            "READ_ONLY",
            Text::of("请在“修改密码”中修改自己的密码。", "Change your own password at “Change password”."),
        ));
    }
    Ok(())
}

/// Whether the caller may deal with this account: it is his own, or may do nothing more than he.
fn superior(ctx: &mut Ctx<'_>, user: &User) -> Result<()> {
    if ctx.user().0 == user.head.id { Ok(()) } else { delegation::may_enter(ctx, user) }
}

/// Roles that are new to the user are given; so are all of them when it changes which records they reach.
fn roles(ctx: &mut Ctx<'_>, stored: Option<&User>, user: &User) -> Result<()> {
    let moved = stored.and_then(|s| {
        let changed = [
            ("kind", s.kind != user.kind),
            ("department", s.unit != user.unit),
            ("parties", s.parties != user.parties),
        ];
        changed.into_iter().find(|(_, changed)| *changed).map(|(field, _)| field)
    });
    let held = |role: &Ref<Role>| stored.is_some_and(|s| s.roles.contains(role));
    for (position, role) in user.roles.iter().enumerate() {
        match moved {
            _ if !held(role) => delegation::may_give(ctx, *role, user, &format!("roles[{position}]"))?,
            Some(field) => delegation::may_give(ctx, *role, user, field)?,
            None => {}
        }
    }
    Ok(())
}

/// Whether the caller may take an action with the account.
fn superior_only(ctx: &mut Ctx<'_>, user: &mut User) -> Result<()> {
    superior(ctx, user)
}

/// Nobody locks the door behind himself.
fn not_oneself(ctx: &mut Ctx<'_>, user: &mut User) -> Result<()> {
    if ctx.user().0 != user.head.id {
        return Ok(());
    }
    Err(Refusal::rule(
        "platform.user.oneself",
        Text::of("不能停用或删除自己。", "You cannot disable or delete yourself."),
        json!({}),
    ))
}

fn disable(ctx: &mut Ctx<'_>, user: &mut User) -> Result<()> {
    end_others(ctx, user, None)?;
    list(ctx, user, false)
}

fn enable(ctx: &mut Ctx<'_>, user: &mut User) -> Result<()> {
    list(ctx, user, true)
}

fn unlock(ctx: &mut Ctx<'_>, user: &mut User) -> Result<()> {
    user.unlocked_at = Some(ctx.now());
    Ok(())
}

fn list(ctx: &mut Ctx<'_>, user: &User, active: bool) -> Result<()> {
    ctx.put_user(user.head.id, (&user.username, user.shown_name()), user.unit.map(|d| d.id()), active)
}

fn tell(ctx: &mut Ctx<'_>, user: &mut User) -> Result<()> {
    let active = user.state == MasterState::Active;
    list(ctx, user, active)?;
    let (username, name) = (user.username.clone(), user.shown_name().to_owned());
    let (kind, department) = (user.kind, user.unit);
    if user.head.version <= 1 {
        return ctx.emit(user.head.id, &UserCreated { username, name, kind, department, active });
    }
    ctx.emit(user.head.id, &UserChanged { username, name, kind, department, active })
}

/// A user goes: the directories keep the name, since records refer to it.
fn leave(ctx: &mut Ctx<'_>, user: &mut User) -> Result<()> {
    not_oneself(ctx, user)?;
    superior(ctx, user)?;
    list(ctx, user, false)?;
    let (username, name) = (user.username.clone(), user.shown_name().to_owned());
    let (kind, department) = (user.kind, user.unit);
    ctx.emit(user.head.id, &UserDeleted { username, name, kind, department, active: false })
}
