//! A cell with a rule that never ends, and asks its transaction for nothing meanwhile: nothing can cut it off.

use paas_cell::prelude::*;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// 轮子 | Wheel
#[derive(Master, Clone, Debug)]
pub struct Wheel {
    /// What the platform keeps.
    pub head: Head,
    /// 编码 | Code
    #[field(list, unique, max = 40)]
    pub code: String,
    /// 转数 | Turns
    #[field(list, computed)]
    pub turns: i64,
    /// 状态 | State
    #[field(list, indexed)]
    pub state: MasterState,
}

/// The flow of wheels.
pub const FLOW: Flow<Wheel> = Flow::new(&[
    Edge::new("turn", 1, 0).label("转动", "Turn").does(turn),
    Edge::new("spin", 1, 0).label("空转", "Spin").does(spin),
    Edge::new("disable", 1, 1).label("停用", "Disable"),
    Edge::new("enable", 2, 0).label("启用", "Enable"),
]);

static HALTED: AtomicBool = AtomicBool::new(false);

/// Lets whatever spins come to its end, so that the test can.
pub fn halt() {
    HALTED.store(true, Ordering::SeqCst);
}

fn turn(_ctx: &mut Ctx<'_>, wheel: &mut Wheel) -> Result<()> {
    wheel.turns += 1;
    Ok(())
}

/// Leaves something behind and never ends.
fn spin(ctx: &mut Ctx<'_>, wheel: &mut Wheel) -> Result<()> {
    wheel.turns += 1;
    let mut other = Wheel::blank();
    other.code = format!("{}-half", wheel.code);
    ctx.create(other)?;
    while !HALTED.load(Ordering::SeqCst) {
        std::thread::sleep(Duration::from_millis(1));
    }
    Ok(())
}
