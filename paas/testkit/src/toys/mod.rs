//! Two cells without a trade: the maker turns gadgets and tells it; the keeper traces every turn it hears of, in order
//! and once.

mod gadget;
mod mill;
mod script;
mod trace;

pub use gadget::{Gadget, GadgetTurned, turn};
pub use mill::{Wheel, halt};
pub use script::{Script, scripted};
pub use trace::{Ban, Tally, Total, Trace};

use paas_cell::Cell;
use paas_cell::prelude::Ledger;

/// The producer: `gadgets` with the action `turn`.
pub fn maker() -> Cell {
    Cell::new("maker", "制造 | Maker").master(gadget::FLOW).menu("物件 | Gadgets", &["gadget"])
}

/// `wheels` with an action that never ends.
pub fn mill() -> Cell {
    Cell::new("mill", "磨坊 | Mill").master(mill::FLOW).menu("轮子 | Wheels", &["wheel"])
}

/// The consumer: `traces` of the gadgets it heard of, a ledger of turns, and `bans` on gadgets it refuses to trace.
pub fn keeper() -> Cell {
    Cell::new("keeper", "记录 | Keeper")
        .master(trace::TRACE)
        .master(trace::BAN)
        .ledger(Ledger::<Tally>::of())
        .hears("maker.gadget.turned", 1, trace::on_turned)
        .menu("记录 | Traces", &["trace", "ban"])
}
