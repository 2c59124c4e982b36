//! The speed of the whole thing beside the speed of the database alone, both in one run: `./run.sh bench`.
//!
//! Only ratios of neighbouring runs are worth quoting; the machine is shared and drifts. A *post* is an order with five
//! lines. As one call it is created: number, lines, audit with its seal, words, the answer kept for a repetition. As two
//! calls it is confirmed too: entries of three ledgers with their balances and seals, an event in the outbox. The raw loop
//! is the same SQL and the same values, as the store recorded them, replayed by one thread on a copy of the same database:
//! prepared, 64 jobs per commit, the same pragmas.

mod client;
mod gateway;
mod history;
mod measure;
mod postgres;
mod program;
mod raw;
mod table;
mod trade;
mod usage;
mod world;

use clap::Parser;
use measure::{Spin, Stage};
use std::path::PathBuf;
use std::process::ExitCode;
use table::{Row, Table, Target};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The cell whose writer is measured.
pub(crate) const CELL: &str = "erp";

/// Prints one table of speeds and ratios.
#[derive(Parser)]
struct Arguments {
    /// Longer runs, and a history of a million orders (about half an hour, 15 GB of disk).
    #[arg(long)]
    full: bool,
    /// How many old orders the large history has; each has five lines and more entries.
    #[arg(long, default_value_t = 100_000)]
    orders: u64,
    /// The program, to measure its start, size and memory.
    #[arg(long, default_value = "target/release/superpaas")]
    program: PathBuf,
    /// A PostgreSQL server: URL of a role that may make databases and roles.
    #[arg(long, env = "SUPERPAAS_BENCH_POSTGRES", hide_env_values = true)]
    postgres: Option<String>,
    /// Only these parts: posts, lists, loops, gateway, program, postgresql.
    #[arg(long, value_delimiter = ',')]
    only: Vec<String>,
    /// Only one kind of work over and over for so many seconds, for a profiler.
    #[arg(long)]
    spin: Option<u64>,
    /// Which: post, create, list or loop.
    #[arg(long, default_value = "post")]
    work: String,
    /// With so many clients.
    #[arg(long, default_value_t = 100)]
    clients: u64,
    /// Spread over so many companies, 20 at most.
    #[arg(long, default_value_t = 1)]
    companies: usize,
    /// On the PostgreSQL server.
    #[arg(long)]
    on_server: bool,
    /// Serves a cell that does nothing, for the measurement across processes.
    #[arg(long, hide = true)]
    idle_cell: bool,
}

/// How much to measure.
pub(crate) struct Plan {
    /// Old orders in the large history.
    history: u64,
    /// Rounds; each figure is the median of them.
    rounds: usize,
    /// Length of a run.
    seconds: u64,
    /// The program as built.
    program: PathBuf,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let outcome = match (arguments.idle_cell, arguments.spin) {
        (true, _) => gateway::serve_idle(),
        (_, Some(seconds)) => measure::spin(Spin {
            seconds,
            work: arguments.work,
            clients: arguments.clients,
            companies: arguments.companies,
            server: arguments.postgres.filter(|_| arguments.on_server),
        }),
        _ => all(arguments),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(sentence) => {
            eprintln!("bench: {sentence}");
            ExitCode::FAILURE
        }
    }
}

fn all(arguments: Arguments) -> Result<(), String> {
    let plan = Plan {
        history: arguments.orders,
        rounds: if arguments.full { 5 } else { 3 },
        seconds: if arguments.full { 5 } else { 3 },
        program: arguments.program,
    };
    let wants = |part: &str| arguments.only.is_empty() || arguments.only.iter().any(|p| p == part);
    let home = tempfile::tempdir().map_err(|e| e.to_string())?;
    let mut table = Table::default();
    let few = Stage::make(home.path(), "few", measure::SMALL, None)?;
    let many = Stage::make(home.path(), "many", plan.history, Some(&few))?;
    eprintln!("bench: the histories are there");
    let (few, many) = (Stage::open(&few)?, Stage::open(&many)?);
    if wants("posts") {
        table.add("posts", measure::posts(&few, &many, &plan));
    }
    if wants("lists") {
        table.add("lists", many.lists(&plan));
    }
    if wants("loops") {
        table.add("loops", many.loops(&plan));
    }
    if wants("gateway") {
        table.add("gateway", few.gateway(&plan));
    }
    let data = many.close();
    if wants("program") {
        table.add("program", program::rows(&plan, &data, plan.history));
    }
    if wants("postgresql") {
        table.add("postgresql", postgres::posts(arguments.postgres.as_deref(), home.path(), &plan));
    }
    if arguments.full {
        table.add("a million orders", million(&few, home.path(), &plan));
    }
    few.close();
    println!("{}", table.text());
    match table.missing() {
        [] => Ok(()),
        parts => Err(format!("not measured: {}", parts.join(", "))),
    }
}

/// Posts and lists on a million orders beside those on a thousand, and the start on them.
fn million(few: &Stage, home: &std::path::Path, plan: &Plan) -> Result<Vec<Row>, String> {
    const MILLION: u64 = 1_000_000;
    let stage = Stage::open(&Stage::make(home, "million", MILLION, None)?)?;
    let (mut posts, mut lists) = (Vec::new(), Vec::new());
    for round in 0..plan.rounds {
        let small = few.times(&format!("thousand-{round}"), plan)?;
        let large = stage.times(&format!("million-{round}"), plan)?;
        posts.push(large.0 / small.0);
        lists.push(large.1 / small.1);
    }
    let mut rows = vec![
        Row::new("post: time at 10⁶ orders ÷ at 10³", Target::AtMost(1.5), ("", 2), posts),
        Row::new("list: time at 10⁶ orders ÷ at 10³", Target::AtMost(1.5), ("", 2), lists),
    ];
    let data = stage.close();
    rows.extend(program::rows(plan, &data, MILLION)?);
    Ok(rows)
}
