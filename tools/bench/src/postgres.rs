//! The same program on PostgreSQL, on the same processors.

use crate::client::{run, run_through};
use crate::measure::{SMALL, open_all};
use crate::table::{Row, Target};
use crate::trade::{Create, Post, Spread};
use crate::world::{COMPANIES, Place};
use crate::{Plan, history};
use std::path::Path;

/// Rounds of posts with few and with many clients. The targets are held against the one call of clients spread over
/// companies, as the prototype's were; those of one company wait for its gapless counter.
pub fn posts(server: Option<&str>, home: &Path, plan: &Plan) -> Result<Vec<Row>, String> {
    let server = server.ok_or("no server was named (--postgres, or SUPERPAAS_BENCH_POSTGRES)")?;
    let place = Place { data: home.join("postgresql"), server: Some(server.to_owned()) };
    let (world, masters) = open_all(&place, &COMPANIES)?;
    let (all, first) = (&world.doors, masters.first().ok_or("no company")?.clone());
    history::fill(&world, &first, SMALL)?;
    let spread = || masters.iter().cloned();
    let mut rows = Vec::new();
    for clients in [16, 100] {
        let (mut creates, mut both, mut hot) = (Vec::new(), Vec::new(), Vec::new());
        for round in 0..plan.rounds {
            let (time, label) = (plan.time(), |what: &str| format!("pg-{what}-{clients}-{round}"));
            creates.push(run_through(all, Spread(spread().map(Create).collect()), clients, time, &label("create"))?);
            both.push(run_through(all, Spread(spread().map(Post).collect()), clients, time, &label("both"))?);
            hot.push(run(&world.door, Create(first.clone()), clients, time, &label("hot"))?);
        }
        let (rate, p99) = match clients {
            16 => (Target::AtLeast(1_200.0), Target::AtMost(60.0)),
            _ => (Target::None, Target::AtMost(250.0)),
        };
        for (runs, what, rate, p99) in [
            (&creates, "post of a 5-line order (one call: create), 20 companies", rate, p99),
            (&both, "order posted and confirmed (two calls), 20 companies", Target::None, Target::None),
            (&hot, "post of a 5-line order (one call: create), all of one company", Target::None, Target::None),
        ] {
            let name = |of: &str| format!("PostgreSQL, {clients} clients, {what}: {of}");
            rows.push(Row::new(name("rate"), rate, ("/s", 0), runs.iter().map(|r| r.rate).collect()));
            rows.push(Row::new(name("p99"), p99, (" ms", 0), runs.iter().map(|r| r.p99_ms).collect()));
        }
    }
    world.stop();
    Ok(rows)
}
