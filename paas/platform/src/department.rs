//! Departments: the tree that data scopes follow.

use crate::user::User;
use paas_cell::prelude::*;

/// 部门 | Department
#[derive(Master, Clone, Debug)]
#[master(name = "department", tree)]
pub struct Department {
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
    /// 上级部门 | Parent
    #[field(list, indexed)]
    pub parent: Option<Ref<Department>>,
    /// 负责人 | Manager
    #[field(list, indexed)]
    pub manager: Option<Ref<User>>,
    /// 状态 | State
    #[field(list, indexed)]
    pub state: MasterState,
}

/// A department was created.
#[derive(Event)]
#[event("platform.department.created", version = 1)]
pub struct DepartmentCreated {
    code: String,
    name: String,
    name_en: Option<String>,
    parent: Option<Ref<Department>>,
    active: bool,
}

/// A department was changed.
#[derive(Event)]
#[event("platform.department.changed", version = 1)]
pub struct DepartmentChanged {
    code: String,
    name: String,
    name_en: Option<String>,
    parent: Option<Ref<Department>>,
    active: bool,
}

/// A department was disabled.
#[derive(Event)]
#[event("platform.department.disabled", version = 1)]
pub struct DepartmentDisabled {
    code: String,
    name: String,
    name_en: Option<String>,
    parent: Option<Ref<Department>>,
    active: bool,
}

/// A department was enabled.
#[derive(Event)]
#[event("platform.department.enabled", version = 1)]
pub struct DepartmentEnabled {
    code: String,
    name: String,
    name_en: Option<String>,
    parent: Option<Ref<Department>>,
    active: bool,
}

/// A department was deleted.
#[derive(Event)]
#[event("platform.department.deleted", version = 1)]
pub struct DepartmentDeleted {
    code: String,
    name: String,
    name_en: Option<String>,
    parent: Option<Ref<Department>>,
    active: bool,
}

impl From<&Department> for DepartmentDisabled {
    fn from(department: &Department) -> DepartmentDisabled {
        let Department { code, name, name_en, parent, .. } = department.clone();
        DepartmentDisabled { code, name, name_en, parent, active: false }
    }
}

impl From<&Department> for DepartmentEnabled {
    fn from(department: &Department) -> DepartmentEnabled {
        let Department { code, name, name_en, parent, .. } = department.clone();
        DepartmentEnabled { code, name, name_en, parent, active: true }
    }
}

impl From<&Department> for DepartmentDeleted {
    fn from(department: &Department) -> DepartmentDeleted {
        let Department { code, name, name_en, parent, .. } = department.clone();
        DepartmentDeleted { code, name, name_en, parent, active: false }
    }
}

const ACTIVE: u8 = MasterState::Active as u8;
const DISABLED: u8 = MasterState::Disabled as u8;

/// The flow of departments.
pub const FLOW: Flow<Department> = Flow::new(&[
    Edge::new("disable", 1 << ACTIVE, DISABLED).label("停用", "Disable").does(disable).emits::<DepartmentDisabled>(),
    Edge::new("enable", 1 << DISABLED, ACTIVE).label("启用", "Enable").does(enable).emits::<DepartmentEnabled>(),
])
.prepare(itself)
.guard_save(no_circle)
.after_save(tell)
.before_delete(close);

/// How deep a tree may be.
const DEPTH: usize = 50;

/// A department belongs to itself, so that scopes reach it like what its people do.
fn itself(_ctx: &mut Ctx<'_>, department: &mut Department) -> Result<()> {
    if department.head.id.is_nil() {
        department.head.id = Id::fresh();
    }
    department.head.department = Some(DepartmentRef(department.head.id));
    Ok(())
}

fn no_circle(ctx: &mut Ctx<'_>, department: &mut Department) -> Result<()> {
    let mut above = department.parent;
    for _ in 0..DEPTH {
        let Some(parent) = above else { return Ok(()) };
        if parent.id() == department.head.id {
            break;
        }
        above = ctx.get(parent)?.parent;
    }
    Err(Refusal::field(
        "parent",
        "CIRCLE",
        Text::of("上级部门不能是自己或下级部门。", "A department cannot be below itself."),
    ))
}

fn tell(ctx: &mut Ctx<'_>, department: &mut Department) -> Result<()> {
    let (id, active) = (department.head.id, department.state == MasterState::Active);
    list(ctx, department, active)?;
    let Department { code, name, name_en, parent, .. } = department.clone();
    if department.head.version <= 1 {
        return ctx.emit(id, &DepartmentCreated { code, name, name_en, parent, active });
    }
    ctx.emit(id, &DepartmentChanged { code, name, name_en, parent, active })
}

fn list(ctx: &mut Ctx<'_>, department: &Department, active: bool) -> Result<()> {
    let names = (department.code.as_str(), department.name.as_str(), department.name_en.as_deref());
    ctx.put_department(department.head.id, names, department.parent.map(|p| p.id()), active)
}

fn disable(ctx: &mut Ctx<'_>, department: &mut Department) -> Result<()> {
    list(ctx, department, false)
}

fn enable(ctx: &mut Ctx<'_>, department: &mut Department) -> Result<()> {
    list(ctx, department, true)
}

/// A department goes: the directories keep the name, since records refer to it.
fn close(ctx: &mut Ctx<'_>, department: &mut Department) -> Result<()> {
    list(ctx, department, false)?;
    ctx.emit(department.head.id, &DepartmentDeleted::from(&*department))
}

/// These departments and all below them, by `(department, parent)` pairs.
pub(crate) fn tree(all: &[(Id, Option<Id>)], roots: &[Id]) -> Vec<Id> {
    let mut found: Vec<Id> = roots.to_vec();
    loop {
        let more: Vec<Id> = all
            .iter()
            .filter(|(id, parent)| parent.is_some_and(|p| found.contains(&p)) && !found.contains(id))
            .map(|(id, _)| *id)
            .collect();
        if more.is_empty() {
            return found;
        }
        found.extend(more);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_holds_everything_below_and_ends_in_circles() {
        let [a, b, c, d] = [Id::fresh(), Id::fresh(), Id::fresh(), Id::fresh()];
        let all = [(a, None), (b, Some(a)), (c, Some(b)), (d, None)];
        assert_eq!(tree(&all, &[a]), [a, b, c]);
        assert_eq!(tree(&all, &[d]), [d]);
        assert!(tree(&all, &[]).is_empty());
        assert_eq!(tree(&[(a, Some(b)), (b, Some(a))], &[a]), [a, b]);
    }
}
