//! Users: memberships of a tenant. A person may have several, each in another tenant.

use crate::account::end_others;
use crate::delegation;
use crate::department::Department;
use crate::role::Role;
use crate::settings::{Settings, check_password};
use paas_auth::{MemberKind, Passwords};
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
        .does(disable)
        .emits::<UserDisabled>(),
    Edge::new("enable", 1 << DISABLED, ACTIVE).label("启用", "Enable").does(enable).emits::<UserEnabled>(),
    Edge::new("unlock", 1 << ACTIVE, ACTIVE).label("解锁", "Unlock").does(unlock).emits::<UserUnlocked>(),
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
    if user.person.is_none() {
        user.person = Some(user.head.id.to_string());
    }
    if user.name.is_none() {
        user.name = Some(user.username.clone());
    }
    user.head.department = user.unit.map(|d| DepartmentRef(d.id()));
    let stored: Option<User> = if user.head.version > 0 { Some(ctx.get(Ref::new(user.head.id))?) } else { None };
    let has = |role: &Ref<Role>| stored.as_ref().is_some_and(|s| s.roles.contains(role));
    for (position, role) in user.roles.iter().enumerate().filter(|(_, role)| !has(role)) {
        delegation::may_give(ctx, *role, &format!("roles[{position}]"))?;
    }
    if let Some(password) = user.password.take() {
        let settings: Settings = ctx.setting()?;
        check_password(&settings, "password", &password)?;
        if let Some(stored) = stored.filter(|stored| stored.head.id != ctx.user().0) {
            // Whoever was in with the old one goes.
            delegation::may_enter(ctx, &stored)?;
            end_others(ctx, stored.head.id, None)?;
        }
        user.password_hash = Some(Passwords::hash_now(&Secret::new(password))?);
    }
    if user.state == MasterState::Disabled {
        not_oneself(ctx, user)?;
    }
    Ok(())
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
    end_others(ctx, user.head.id, None)?;
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
    list(ctx, user, false)?;
    let (username, name) = (user.username.clone(), user.shown_name().to_owned());
    let (kind, department) = (user.kind, user.unit);
    ctx.emit(user.head.id, &UserDeleted { username, name, kind, department, active: false })
}
