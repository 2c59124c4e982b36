//! What the keeper keeps of what it hears.

use paas_cell::prelude::*;

/// 记录 | Trace
#[derive(Master, Clone, Debug)]
pub struct Trace {
    /// What the platform keeps.
    pub head: Head,
    /// 编码 | Code
    #[field(list, unique, search, max = 40)]
    pub code: String,
    /// 末次转数 | Last turn
    #[field(list, computed)]
    pub turn: i64,
    /// 状态 | State
    #[field(list, indexed)]
    pub state: MasterState,
}

/// 禁记 | Ban
#[derive(Master, Clone, Debug)]
pub struct Ban {
    /// What the platform keeps.
    pub head: Head,
    /// 编码 | Code
    #[field(list, unique, search, max = 40)]
    pub code: String,
    /// 监督人 | Watcher
    #[field(list, indexed)]
    pub watcher: Option<UserRef>,
    /// 监督部门 | Watching department
    #[field(list, indexed)]
    pub unit: Option<DepartmentRef>,
    /// 状态 | State
    #[field(list, indexed)]
    pub state: MasterState,
}

/// 转动流水 | Tally
#[derive(Entry, Clone, Debug)]
#[entry(balance = Total, resource = "tallies")]
pub struct Tally {
    /// Identity.
    pub id: Id,
    /// 记录 | Trace
    #[field(key)]
    pub trace: Ref<Trace>,
    /// 次数 | Times
    #[field(measure)]
    pub times: Quantity,
}

/// 转动余额 | Total
#[derive(Balance, Clone, Debug)]
#[balance(resource = "totals")]
pub struct Total {
    /// 记录 | Trace
    #[field(key)]
    pub trace: Ref<Trace>,
    /// 次数 | Times
    #[field(measure)]
    pub times: Quantity,
}

/// The flow of traces.
pub const TRACE: Flow<Trace> = Flow::master();
/// The flow of bans.
pub const BAN: Flow<Ban> = Flow::master();

/// Counts a turn. A ban refuses it, and so does a turn that is not the next one.
pub fn on_turned(ctx: &mut Ctx<'_>, heard: &Heard) -> Result<()> {
    let code = heard.text("code").unwrap_or_default();
    let turn = heard.data.get("turn").and_then(Json::as_i64).unwrap_or_default();
    if ctx.by_code::<Ban>(code)?.is_some() {
        return Err(Refusal::rule("keeper.banned", Text::of("禁止记录。", "Tracing is banned."), json!({})));
    }
    let mut trace = match ctx.by_code::<Trace>(code)? {
        Some(known) => ctx.lock(known)?,
        None => {
            let mut trace = Trace::blank();
            code.clone_into(&mut trace.code);
            ctx.create(trace)?
        }
    };
    if turn != trace.turn + 1 {
        let numbers = json!({"heard": turn, "after": trace.turn});
        return Err(Refusal::rule("keeper.order", Text::of("次序错误。", "This turn is not the next one."), numbers));
    }
    trace.turn = turn;
    ctx.save(&mut trace)?;
    let times = Quantity::whole(1).ok_or_else(|| Refusal::internal("one is a quantity"))?;
    ctx.post(Tally { id: Id::fresh(), trace: Ref::new(trace.head.id), times }).map(|_| ())
}
