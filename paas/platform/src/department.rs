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
    parent: Option<Ref<Department>>,
}

/// A department was changed.
#[derive(Event)]
#[event("platform.department.changed", version = 1)]
pub struct DepartmentChanged {
    code: String,
    name: String,
    parent: Option<Ref<Department>>,
    active: bool,
}

/// The flow of departments.
pub const FLOW: Flow<Department> = Flow::master().prepare(itself).guard_save(no_circle).after_save(tell);

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
    let (code, name, parent) = (department.code.clone(), department.name.clone(), department.parent);
    ctx.put_department(id, (&code, &name, department.name_en.as_deref()), parent.map(|p| p.id()), active)?;
    if department.head.version <= 1 {
        return ctx.emit(id, &DepartmentCreated { code, name, parent });
    }
    ctx.emit(id, &DepartmentChanged { code, name, parent, active })
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
