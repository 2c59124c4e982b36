//! What the maker has.

use paas_cell::Service;
use paas_cell::prelude::*;
use paas_types::Tenant;
use std::sync::Arc;

/// 物件 | Gadget
#[derive(Master, Clone, Debug)]
pub struct Gadget {
    /// What the platform keeps.
    pub head: Head,
    /// 编码 | Code
    #[field(list, unique, search, max = 40)]
    pub code: String,
    /// 名称 | Name
    #[field(list, search)]
    pub name: String,
    /// 转数 | Turns
    #[field(list, computed)]
    pub turns: i64,
    /// 状态 | State
    #[field(list, indexed)]
    pub state: MasterState,
}

/// A gadget was turned.
#[derive(Event)]
#[event("maker.gadget.turned", version = 1)]
pub struct GadgetTurned {
    code: String,
    turn: i64,
}

impl From<&Gadget> for GadgetTurned {
    fn from(gadget: &Gadget) -> GadgetTurned {
        GadgetTurned { code: gadget.code.clone(), turn: gadget.turns }
    }
}

/// The flow of gadgets.
pub const FLOW: Flow<Gadget> = Flow::new(&[
    Edge::new("turn", 1, 0).label("转动", "Turn").does(count).emits::<GadgetTurned>(),
    Edge::new("disable", 1, 1).label("停用", "Disable"),
    Edge::new("enable", 2, 0).label("启用", "Enable"),
]);

fn count(_ctx: &mut Ctx<'_>, gadget: &mut Gadget) -> Result<()> {
    gadget.turns += 1;
    Ok(())
}

/// Turns the gadget with this code once, making it when there is none; each turn is an event of its own.
pub async fn turn(maker: &Arc<Service>, tenant: &Tenant, code: &str) {
    let code = code.to_owned();
    let job = move |ctx: &mut Ctx<'_>| {
        let known = ctx.by_code::<Gadget>(&code)?;
        let mut gadget = match known {
            Some(known) => ctx.lock(known)?,
            None => {
                let mut gadget = Gadget::blank();
                gadget.code.clone_from(&code);
                gadget.name.clone_from(&code);
                ctx.create(gadget)?
            }
        };
        ctx.take(&mut gadget, "turn")
    };
    maker.write_as_system(tenant.clone(), "turn", job).await.expect("a turn");
}
