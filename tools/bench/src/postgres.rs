//! The same program on PostgreSQL, on the same processors.

use crate::client::run;
use crate::measure::{SMALL, open};
use crate::table::{Row, Target};
use crate::trade::{Create, Post};
use crate::world::Place;
use crate::{Plan, history};
use std::path::Path;

/// Rounds of posts with few and with many clients; the targets are held against the one call.
pub fn posts(server: Option<&str>, home: &Path, plan: &Plan) -> Result<Vec<Row>, String> {
    let server = server.ok_or("no server was named (--postgres, or SUPERPAAS_BENCH_POSTGRES)")?;
    let place = Place { data: home.join("postgresql"), server: Some(server.to_owned()) };
    let (world, masters) = open(&place)?;
    history::fill(&world, &masters, SMALL)?;
    let door = &world.door;
    let mut rows = Vec::new();
    for clients in [16, 100] {
        let (mut creates, mut both) = (Vec::new(), Vec::new());
        for round in 0..plan.rounds {
            let label = |what: &str| format!("pg-{what}-{clients}-{round}");
            creates.push(run(door, Create(masters.clone()), clients, plan.time(), &label("create"))?);
            both.push(run(door, Post(masters.clone()), clients, plan.time(), &label("both"))?);
        }
        let (rate, p99) = match clients {
            16 => (Target::AtLeast(1_200.0), Target::AtMost(60.0)),
            _ => (Target::None, Target::AtMost(250.0)),
        };
        for (runs, what, rate, p99) in [
            (&creates, "post of a 5-line order (one call: create)", rate, p99),
            (&both, "order posted and confirmed (two calls)", Target::None, Target::None),
        ] {
            let name = |of: &str| format!("PostgreSQL, {clients} clients, {what}: {of}");
            rows.push(Row::new(name("rate"), rate, ("/s", 0), runs.iter().map(|r| r.rate).collect()));
            rows.push(Row::new(name("p99"), p99, (" ms", 0), runs.iter().map(|r| r.p99_ms).collect()));
        }
    }
    world.stop();
    Ok(rows)
}
