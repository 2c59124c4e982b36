//! Nobody gives away more than he has. Who may change every role (`platform.role.update` with scope all) administers the
//! tenant and may grant everything in it. Everybody else, whatever else he may write, only grants permissions he holds
//! himself, with a data scope that is not wider than his own, and has no say over accounts that may do more than he:
//! otherwise the right to create users, or to set a password, would be the right to become the administrator.

use crate::role::{DataScope, Role};
use crate::user::User;
use paas_auth::FieldRight;
use paas_cell::Ctx;
use paas_cell::prelude::Ref;
use paas_types::{Code, Refusal, Result, Text};
use serde_json::json;

/// Whether the caller administers the tenant; the system does.
fn administers(ctx: &Ctx<'_>) -> bool {
    ctx.is_system() || ctx.reach("platform.role.update").all
}

/// Whether the caller may store this role.
pub(crate) fn may_write(ctx: &mut Ctx<'_>, role: &Role) -> Result<()> {
    if administers(ctx) {
        return Ok(());
    }
    let stored: Option<Role> = if role.head.version > 0 { Some(ctx.get(Ref::new(role.head.id))?) } else { None };
    let wider = stored.as_ref().is_none_or(|s| s.data_scope != role.data_scope || s.departments != role.departments);
    let held = |code: &String| stored.as_ref().is_some_and(|s| s.permissions.contains(code));
    for (position, code) in role.permissions.iter().enumerate().filter(|(_, code)| wider || !held(code)) {
        if !gives(ctx, role, code) {
            return Err(exceeds(&format!("permissions[{position}]"), code));
        }
    }
    let before = stored.as_ref().and_then(Role::restricted).unwrap_or_default();
    let after = role.restricted().unwrap_or_default();
    for (field, was) in &before {
        let now = after.get(field).copied().unwrap_or(FieldRight::Write);
        if now > (*was).max(ctx.field_right(field)) {
            return Err(exceeds("fieldRights", field));
        }
    }
    Ok(())
}

/// Whether the caller may give this role to somebody; `field` names it in the refusal.
pub(crate) fn may_give(ctx: &mut Ctx<'_>, role: Ref<Role>, field: &str) -> Result<()> {
    if administers(ctx) {
        return Ok(());
    }
    let role: Role = ctx.get(role)?;
    match role.permissions.iter().find(|code| !gives(ctx, &role, code)) {
        Some(code) => Err(exceeds(field, code)),
        None => Ok(()),
    }
}

/// Whether the caller may set the password of this account: only of one that may do nothing more than he.
pub(crate) fn may_enter(ctx: &mut Ctx<'_>, user: &User) -> Result<()> {
    for role in &user.roles {
        may_give(ctx, *role, "password")?;
    }
    Ok(())
}

/// Whether the caller holds a permission for at least the records the role would reach.
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

fn exceeds(field: &str, permission: &str) -> Refusal {
    Refusal::new(Code::Forbidden)
        .saying(Text::of(
            "不能授予自己没有的权限，请联系管理员。",
            "You cannot grant more than you may do yourself; ask an administrator.",
        ))
        .with(json!({"field": field, "permission": permission}))
}
