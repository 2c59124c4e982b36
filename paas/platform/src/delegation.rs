//! Nobody gives away more than he has. Who may change every role (`platform.role.update` with scope all) administers the
//! tenant and may grant everything in it. Everybody else, whatever else he may write, only has a say over roles and
//! accounts that may do nothing more than he: permissions he holds himself, for records within his own scope, with no
//! field right beyond his. Otherwise the right to create users, to move them, or to set a password, would be the right to
//! become the administrator.

use crate::department::Department;
use crate::principal::scope_of;
use crate::role::{DataScope, Role};
use crate::user::User;
use paas_auth::{FieldRight, GrantScope, touches};
use paas_cell::prelude::Ref;
use paas_cell::{Ctx, Find};
use paas_types::{Code, Id, Refusal, Result, Text};
use serde_json::json;

/// The most members whose scopes are looked at when a role changes; in a larger tenant only administrators do that.
const HOLDERS: u32 = 5_000;

/// Whether the caller administers the tenant; the system does.
fn administers(ctx: &Ctx<'_>) -> bool {
    ctx.is_system() || ctx.reach("platform.role.update").all
}

/// Whether the caller may store this role, and had a say over what it was.
pub(crate) fn may_write(ctx: &mut Ctx<'_>, role: &Role) -> Result<()> {
    if administers(ctx) {
        return Ok(());
    }
    if role.head.version > 0 {
        let stored: Role = ctx.get(Ref::new(role.head.id))?;
        fits(ctx, &stored)?;
    }
    may_enable(ctx, role)
}

/// Whether the caller may let a role take effect, for everybody who holds it.
pub(crate) fn may_enable(ctx: &mut Ctx<'_>, role: &Role) -> Result<()> {
    if administers(ctx) {
        return Ok(());
    }
    fits(ctx, role)?;
    if role.head.version == 0 {
        return Ok(());
    }
    let members = ctx.find(Find::<User>::all().limit(HOLDERS))?;
    if members.len() >= usize::try_from(HOLDERS).unwrap_or(usize::MAX) {
        return Err(exceeds("permissions", "platform.role.update"));
    }
    let held = Ref::<Role>::new(role.head.id);
    let departments = departments(ctx, role)?;
    for member in members.iter().filter(|member| member.roles.contains(&held)) {
        let scope = scope_of(member, role, &departments);
        if let Some(position) = role.permissions.iter().position(|code| !contains(ctx, code, &scope, member)) {
            let code = role.permissions.get(position).map_or("", String::as_str);
            return Err(exceeds(&format!("permissions[{position}]"), code));
        }
    }
    Ok(())
}

/// Whether the caller may take a role away from everybody.
pub(crate) fn may_disable(ctx: &mut Ctx<'_>, role: &Role) -> Result<()> {
    if administers(ctx) { Ok(()) } else { fits(ctx, role) }
}

/// Whether the caller may give this role to this user; `field` names it in the refusal.
pub(crate) fn may_give(ctx: &mut Ctx<'_>, role: Ref<Role>, user: &User, field: &str) -> Result<()> {
    if administers(ctx) {
        return Ok(());
    }
    let role: Role = ctx.get(role)?;
    let departments = departments(ctx, &role)?;
    let scope = scope_of(user, &role, &departments);
    if let Some(code) = role.permissions.iter().find(|code| !contains(ctx, code, &scope, user)) {
        return Err(exceeds(field, code));
    }
    match beyond(ctx, &role) {
        Some(restricted) => Err(exceeds(field, &restricted)),
        None => Ok(()),
    }
}

/// Whether the caller may do anything with this account: only with one that may do nothing more than he.
pub(crate) fn may_enter(ctx: &mut Ctx<'_>, user: &User) -> Result<()> {
    for role in &user.roles {
        may_give(ctx, *role, user, "roles")?;
    }
    Ok(())
}

/// Whether a role, whoever may come to hold it, does nothing more than the caller.
fn fits(ctx: &Ctx<'_>, role: &Role) -> Result<()> {
    if let Some(position) = role.permissions.iter().position(|code| !gives(ctx, role, code)) {
        let code = role.permissions.get(position).map_or("", String::as_str);
        return Err(exceeds(&format!("permissions[{position}]"), code));
    }
    match beyond(ctx, role) {
        Some(field) => Err(exceeds("fieldRights", &field)),
        None => Ok(()),
    }
}

/// Whether the caller holds a permission with a scope that may contain what the role reaches; what it reaches for
/// somebody is looked at when he gets it.
fn gives(ctx: &Ctx<'_>, role: &Role, code: &str) -> bool {
    if !ctx.may(code) {
        return false;
    }
    let own = ctx.reach(code);
    own.all
        || match role.data_scope {
            DataScope::All => false,
            DataScope::Departments => role.departments.iter().all(|d| own.departments.contains(&d.id())),
            DataScope::Department | DataScope::DepartmentTree => !own.departments.is_empty(),
            DataScope::Own | DataScope::Party => true,
        }
}

/// Whether the caller holds a permission for all records that this user would reach by the scope.
fn contains(ctx: &Ctx<'_>, code: &str, scope: &GrantScope, user: &User) -> bool {
    if !ctx.may(code) {
        return false;
    }
    let own = ctx.reach(code);
    own.all
        || match scope {
            GrantScope::All => false,
            GrantScope::Departments(ids) => ids.iter().all(|id| own.departments.contains(id)),
            GrantScope::Parties(ids) => ids.iter().all(|id| own.parties.contains(id)),
            GrantScope::Own => {
                let new = user.head.version == 0;
                let himself = own.owner.is_some_and(|owner| owner == user.head.id);
                new || himself || user.unit.is_some_and(|unit| own.departments.contains(&unit.id()))
            }
        }
}

/// A field with which the role lets do more than the caller may. Rows have no permissions of their own: their fields
/// count for every role of their cell.
fn beyond(ctx: &Ctx<'_>, role: &Role) -> Option<String> {
    let stated = role.restricted().unwrap_or_default();
    let more = |field: &str, mine: FieldRight| {
        let Some((kind, _)) = field.rsplit_once('.') else { return false };
        let cell = kind.split('.').next().unwrap_or_default();
        let near = |code: &String| code.split('.').next() == Some(cell);
        let touched = role.permissions.iter().any(|code| touches(code, kind))
            || (!ctx.touches(kind) && role.permissions.iter().any(near));
        touched && stated.get(field).copied().unwrap_or(FieldRight::Write) > mine
    };
    let mut beyond: Vec<&str> = ctx
        .restricted_fields()
        .into_iter()
        .filter(|(field, mine)| more(field, *mine))
        .map(|(field, _)| field)
        .collect();
    beyond.sort_unstable();
    beyond.first().map(|field| (*field).to_owned())
}

/// All departments with their parents, when the role follows their tree.
fn departments(ctx: &mut Ctx<'_>, role: &Role) -> Result<Vec<(Id, Option<Id>)>> {
    if role.data_scope != DataScope::DepartmentTree {
        return Ok(Vec::new());
    }
    let all = ctx.find(Find::<Department>::all())?;
    Ok(all.iter().map(|d| (d.head.id, d.parent.map(|p| p.id()))).collect())
}

fn exceeds(field: &str, permission: &str) -> Refusal {
    Refusal::new(Code::Forbidden)
        .saying(Text::of(
            "不能授予或管理超出自己权限的内容，请联系管理员。",
            "You have no say over more than you may do yourself; ask an administrator.",
        ))
        .with(json!({"field": field, "permission": permission}))
}
