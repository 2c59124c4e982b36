//! Saved views: how people like the list of a type. A view is its owner's own until it is shared; every member keeps
//! views, whatever his roles, and sharing one takes a permission.

use paas_cell::prelude::*;
use serde::Deserialize;
use std::collections::BTreeMap;

/// What every member may do with views of his own, whatever his roles.
pub(crate) const OWN: &[&str] = &[
    "platform.saved-view.create",
    "platform.saved-view.delete",
    "platform.saved-view.read",
    "platform.saved-view.update",
];

const SHARE: &str = "platform.saved-view.share";
/// The most views of a person.
const MOST: u32 = 500;
/// The longest definition, bytes of its JSON.
const LONGEST: usize = 8_000;
/// The most columns that stay in view.
const FROZEN: u32 = 3;
/// The widest column, pixels.
const WIDEST: u32 = 4_000;

/// 视图 | Saved view
#[derive(Master, Clone, Debug)]
#[master(name = "saved-view")]
pub struct SavedView {
    /// What the platform keeps.
    pub head: Head,
    /// 应用 | Cell
    #[field(list, max = 40)]
    pub cell: String,
    /// 类型 | Type
    #[field(list, indexed, name = "type", column = "of_type", max = 60)]
    pub of_type: String,
    /// 名称 | Name
    #[field(list, max = 80)]
    pub name: String,
    /// 默认：打开列表时使用 | Default: opens with the list
    #[field(list, default = false)]
    pub is_default: bool,
    /// 定义：条件、排序、分组、列及列宽 | Definition: conditions, sorting, groups, columns and their widths
    pub definition: Json,
    /// 状态 | State
    #[field(list, indexed)]
    pub state: ViewState,
}

/// 视图范围 | Who sees it
#[derive(States, Clone, Copy, Debug, PartialEq, Eq)]
pub enum ViewState {
    /// 私有 | Private
    #[state(draft, editable)]
    Private,
    /// 共享 | Shared
    #[state(active, editable)]
    Shared,
}

/// The flow of views.
pub const FLOW: Flow<SavedView> = Flow::new(&[
    go("share", &[ViewState::Private], ViewState::Shared).label("共享", "Share").does(share),
    go("withdraw", &[ViewState::Shared], ViewState::Private).label("取消共享", "Stop sharing").does(withdraw),
])
.guard_save(check)
.after_save(settle);

/// A definition as the page writes it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Definition {
    /// The address of the list: conditions, keyword, sorting, groups, columns.
    #[serde(default)]
    search: BTreeMap<String, String>,
    #[serde(default)]
    layout: Layout,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Layout {
    #[serde(default)]
    columns: Option<Vec<String>>,
    /// Pixels.
    #[serde(default)]
    widths: BTreeMap<String, u32>,
    /// Columns that stay in view.
    #[serde(default)]
    frozen: u32,
}

fn is_definition(json: &Json) -> bool {
    // A list of values would be read as an object of them.
    if !json.is_object() || json.get("layout").is_some_and(|layout| !layout.is_object()) {
        return false;
    }
    let Ok(Definition { search, layout }) = serde_json::from_value(json.clone()) else { return false };
    let Layout { columns, widths, frozen } = layout;
    let names = search.keys().chain(columns.iter().flatten()).chain(widths.keys());
    let named = names.into_iter().all(|name| !name.is_empty());
    named && frozen <= FROZEN && widths.values().all(|width| (1..=WIDEST).contains(width))
}

fn check(ctx: &mut Ctx<'_>, view: &mut SavedView) -> Result<()> {
    if view.state == ViewState::Shared {
        may_share(ctx)?;
    }
    let read = format!("{}.{}.read", view.cell, view.of_type);
    if !ctx.may(&read) {
        return Err(Refusal::field("type", "NOT_FOUND", Text::of("没有这个列表。", "There is no such list.")));
    }
    if view.definition.to_string().len() > LONGEST {
        return Err(Refusal::field(
            "definition",
            "TOO_LONG",
            Text::of("视图的定义过长。", "The definition is too long."),
        ));
    }
    if !is_definition(&view.definition) {
        let message = Text::of(
            "定义须为 {\"search\": {…}, \"layout\": {\"columns\", \"widths\", \"frozen\"}}。",
            "A definition is {\"search\": {…}, \"layout\": {\"columns\", \"widths\", \"frozen\"}}.",
        );
        return Err(Refusal::field("definition", "INVALID", message));
    }
    let Some(owner) = view.head.owner.filter(|_| view.head.version == 0) else { return Ok(()) };
    let own = ctx.find(Find::<SavedView>::all().eq("owner", owner).limit(MOST))?;
    if own.len() >= usize::try_from(MOST).unwrap_or(usize::MAX) {
        return Err(Refusal::rule(
            "platform.saved-view.too-many",
            Text::of("视图已达上限，请先删除不用的视图。", "There are too many views; please delete some first."),
            json!({"limit": MOST}),
        ));
    }
    Ok(())
}

/// What is shared is everybody's: it takes the permission to share to change it too.
fn may_share(ctx: &Ctx<'_>) -> Result<()> {
    if ctx.may(SHARE) {
        return Ok(());
    }
    Err(Refusal::new(Code::Forbidden).with(json!({"permission": SHARE})))
}

fn settle(ctx: &mut Ctx<'_>, view: &mut SavedView) -> Result<()> {
    only_default(ctx, view, view.state)
}

fn share(ctx: &mut Ctx<'_>, view: &mut SavedView) -> Result<()> {
    only_default(ctx, view, ViewState::Shared)
}

fn withdraw(ctx: &mut Ctx<'_>, view: &mut SavedView) -> Result<()> {
    may_share(ctx)?;
    only_default(ctx, view, ViewState::Private)
}

/// A list has one default of a person, and one for everybody.
fn only_default(ctx: &mut Ctx<'_>, view: &SavedView, state: ViewState) -> Result<()> {
    if !view.is_default {
        return Ok(());
    }
    let mut others = Find::<SavedView>::all().eq("of_type", view.of_type.clone()).eq("cell", view.cell.clone());
    others = others.eq("state", state).eq("is_default", true);
    if let (ViewState::Private, Some(owner)) = (state, view.head.owner) {
        others = others.eq("owner", owner);
    }
    for other in ctx.find(others)?.into_iter().filter(|other| other.head.id != view.head.id) {
        let mut other: SavedView = ctx.lock(Ref::new(other.head.id))?;
        other.is_default = false;
        ctx.save(&mut other)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn definitions_are_told_from_other_json() {
        let layout = json!({"columns": ["code"], "widths": {"code": 120}, "frozen": 1});
        for good in [json!({}), json!({"search": {"state": "open", "sort": "-code"}, "layout": layout})] {
            assert!(is_definition(&good), "{good}");
        }
        for bad in [
            json!(null),
            json!([]),
            json!({"search": {"state": 1}}),
            json!({"script": "x"}),
            json!({"layout": {"widths": {"code": 0}}}),
            json!({"layout": [["code"], {}, 1]}),
            json!({"layout": {"frozen": 4}}),
            json!({"layout": {"columns": [""]}}),
        ] {
            assert!(!is_definition(&bad), "{bad}");
        }
    }
}
