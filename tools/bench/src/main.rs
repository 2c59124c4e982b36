//! The speed of the whole thing beside the speed of the database alone, both in one run: `./run.sh bench`.
//!
//! Only ratios of neighbouring runs are worth quoting; the machine is shared and drifts. A *post* is an order with five
//! lines, created and confirmed: two calls, two jobs of the writer. The raw loop is the same SQL and the same values, as
//! the store recorded them, replayed by one thread on a copy of the same database: prepared, 64 jobs per commit.

mod client;
mod measure;
mod raw;
mod table;
mod trade;
mod usage;
mod world;

use clap::Parser;
use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The cell whose writer is measured.
pub(crate) const CELL: &str = "erp";

/// Prints one table of speeds and ratios.
#[derive(Parser)]
struct Arguments {
    /// 100,000 old orders with 500,000 lines, longer runs; without it 10,000 orders and short runs.
    #[arg(long)]
    full: bool,
    /// How many old orders the histories have, instead.
    #[arg(long)]
    orders: Option<u64>,
    /// The program, to measure its start, size and memory; left out when the file is not there.
    #[arg(long, default_value = "target/release/superpaas")]
    program: std::path::PathBuf,
    /// Only posts, over and over for so many seconds: for a profiler.
    #[arg(long)]
    spin: Option<u64>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let plan = measure::Plan {
        history: arguments.orders.unwrap_or(if arguments.full { 100_000 } else { 10_000 }),
        rounds: if arguments.full { 5 } else { 3 },
        seconds: if arguments.full { 5 } else { 3 },
        program: arguments.program,
    };
    let outcome = match arguments.spin {
        Some(seconds) => measure::spin(seconds),
        None => measure::all(&plan),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(sentence) => {
            eprintln!("bench: {sentence}");
            ExitCode::FAILURE
        }
    }
}
