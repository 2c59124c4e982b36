//! Roles: what members may do, and with which records.

use crate::delegation;
use crate::department::Department;
use paas_auth::FieldRight;
use paas_cell::prelude::*;
use std::collections::BTreeMap;

/// 角色 | Role
#[derive(Master, Clone, Debug)]
#[master(name = "role")]
pub struct Role {
    /// What the platform keeps.
    pub head: Head,
    /// 编码 | Code
    #[field(list, unique, search, max = 60)]
    pub code: String,
    /// 名称 | Name
    #[field(list, search, english = name_en)]
    pub name: String,
    /// 英文名称 | Name in English
    pub name_en: Option<String>,
    /// 权限 | Permissions
    #[field(permissions)]
    pub permissions: Vec<String>,
    /// 数据范围 | Data scope
    #[field(list, indexed, default = "\"all\"")]
    pub data_scope: DataScope,
    /// 指定部门 | Departments
    pub departments: Vec<Ref<Department>>,
    /// 字段权限 | Field rights
    pub field_rights: Json,
    /// 来源：租户首批用户的用户名 | Origin: the user name of a first member it came with
    #[field(computed, write_only)]
    pub origin: Option<String>,
    /// 状态 | State
    #[field(list, indexed)]
    pub state: MasterState,
}

/// 数据范围 | Data scope
#[derive(Choice, Clone, Copy, Debug, PartialEq, Eq)]
pub enum DataScope {
    /// 全部 | All
    All,
    /// 本部门 | Own department
    Department,
    /// 本部门及下级 | Own department and below
    DepartmentTree,
    /// 指定部门 | Chosen departments
    Departments,
    /// 本人 | Own
    Own,
    /// 往来方 | Party
    Party,
}

/// The flow of roles.
pub const FLOW: Flow<Role> = Flow::new(&[
    Edge::new("disable", 1 << ACTIVE, DISABLED).label("停用", "Disable").guard(may_disable),
    Edge::new("enable", 1 << DISABLED, ACTIVE).label("启用", "Enable").guard(may_enable),
])
.guard_save(check)
.before_delete(may_disable);

const ACTIVE: u8 = MasterState::Active as u8;
const DISABLED: u8 = MasterState::Disabled as u8;

fn may_disable(ctx: &mut Ctx<'_>, role: &mut Role) -> Result<()> {
    delegation::may_disable(ctx, role)
}

fn may_enable(ctx: &mut Ctx<'_>, role: &mut Role) -> Result<()> {
    delegation::may_enable(ctx, role)
}

impl Role {
    /// The restricted fields; `None` when the JSON is not `{"cell.type.field": "hidden|masked|read|write"}`.
    pub fn restricted(&self) -> Option<BTreeMap<String, FieldRight>> {
        if self.field_rights.is_null() {
            return Some(BTreeMap::new());
        }
        serde_json::from_value(self.field_rights.clone()).ok()
    }
}

fn check(ctx: &mut Ctx<'_>, role: &mut Role) -> Result<()> {
    if let Some(wrong) = role.permissions.iter().position(|code| !is_code(code)) {
        return Err(unknown(wrong, "INVALID"));
    }
    if role.restricted().is_none() {
        return Err(Refusal::field(
            "fieldRights",
            "INVALID",
            Text::of(
                "字段权限须为“字段：hidden、masked、read 或 write”。",
                "Field rights map a field to hidden, masked, read or write.",
            ),
        ));
    }
    grant(ctx, role)?;
    restrict(ctx, role)?;
    role.permissions.sort_unstable();
    role.permissions.dedup();
    delegation::may_write(ctx, role)
}

/// Wildcards end here: they stand for what there is at this moment, not for what may come. What a role holds of a cell
/// that is silent now it keeps; more of it waits until the cell is back.
fn grant(ctx: &mut Ctx<'_>, role: &mut Role) -> Result<()> {
    let (Some(known), Some(silent)) = (asked(ctx, "codes"), asked(ctx, "silent")) else { return Ok(()) };
    let is_silent = |code: &String| silent.iter().any(|cell| code.split('.').next() == Some(cell));
    let (waiting, said): (Vec<String>, Vec<String>) = role.permissions.iter().cloned().partition(is_silent);
    if !waiting.is_empty() {
        let new = role.head.version == 0;
        let held = if new { Vec::new() } else { ctx.get(Ref::<Role>::new(role.head.id))?.permissions };
        if waiting.iter().any(|code| !held.contains(code)) {
            return Err(Refusal::unavailable("the cell of a permission is silent"));
        }
    }
    let named = |code: &String| is_silent(code) || known.iter().any(|k| paas_auth::covers(code, k));
    if let Some(nothing) = role.permissions.iter().position(|code| !named(code)) {
        return Err(unknown(nothing, "NOT_FOUND"));
    }
    role.permissions = paas_auth::expand(&said, known.iter().map(String::as_str));
    role.permissions.extend(waiting);
    Ok(())
}

/// What was asked of the cells before.
fn asked(ctx: &Ctx<'_>, name: &str) -> Option<Vec<String>> {
    let list = ctx.asked()?.get(name)?.as_array()?;
    Some(list.iter().filter_map(Json::as_str).map(str::to_owned).collect())
}

/// A right on a field that nothing has would restrict nothing, and nobody would notice. Of a cell that is silent now
/// the role keeps what it restricts; more of it waits until the cell is back.
fn restrict(ctx: &mut Ctx<'_>, role: &Role) -> Result<()> {
    let (Some(known), Some(silent)) = (asked(ctx, "fields"), asked(ctx, "silent")) else { return Ok(()) };
    let stated = role.restricted().unwrap_or_default();
    // Which custom fields there are, only the cell of the tenant knows.
    let named = |field: &str| match field.split_once(".custom.") {
        Some((kind, key)) => known.contains(&format!("{kind}.custom")) && is_key(key),
        None => known.iter().any(|known| known == field),
    };
    for field in stated.keys().filter(|field| !named(field)) {
        if !silent.iter().any(|cell| field.split('.').next() == Some(cell)) {
            let message = Text::of(
                "没有这个字段。请写作“应用.类型.字段”，明细写作“应用.类型.表.字段”。",
                "There is no such field. Write “cell.type.field”, of rows “cell.type.table.field”.",
            );
            return Err(Refusal::field(format!("fieldRights.{field}"), "NOT_FOUND", message));
        }
        let new = role.head.version == 0;
        let held = if new { None } else { ctx.get(Ref::<Role>::new(role.head.id))?.restricted() };
        if !held.is_some_and(|held| held.contains_key(field)) {
            return Err(Refusal::unavailable("the cell of a field is silent"));
        }
    }
    Ok(())
}

/// Whether this is the key of a custom field.
fn is_key(key: &str) -> bool {
    key.starts_with(|c: char| c.is_ascii_lowercase())
        && key.len() <= 40
        && key.bytes().all(|b| b.is_ascii_alphanumeric())
}

fn unknown(position: usize, code: &'static str) -> Refusal {
    Refusal::field(format!("permissions[{position}]"), code, Text::of("没有这个权限。", "There is no such permission."))
}

/// `cell.type.verb`, `cell.type.*` or `cell.*`.
fn is_code(code: &str) -> bool {
    let word = |w: &str| !w.is_empty() && w.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    let parts: Vec<&str> = code.split('.').collect();
    match parts.as_slice() {
        [cell, "*"] => word(cell),
        [cell, kind, verb] => word(cell) && word(kind) && (*verb == "*" || word(verb)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::is_code;

    #[test]
    fn codes_are_told_from_other_text() {
        for good in ["toy.*", "toy.gadget.*", "toy.gadget.read", "toy.report.open-gadgets"] {
            assert!(is_code(good), "{good}");
        }
        for bad in ["", "*", "toy", "toy.gadget", "*.gadget.read", "toy..read", "toy.gadget.read.x", "toy.*.read"] {
            assert!(!is_code(bad), "{bad}");
        }
    }
}
