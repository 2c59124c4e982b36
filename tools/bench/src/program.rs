//! The program as built: its size, its start on data that is there, its memory.

use crate::Plan;
use crate::client::{Connection, run};
use crate::table::{Row, Target};
use crate::trade::{Create, List, Masters};
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// After this time without a call the program is idle.
const IDLE: Duration = Duration::from_secs(2);

/// Start, memory and size on a history of so many orders.
pub fn rows(plan: &Plan, data: &Path, orders: u64) -> Result<Vec<Row>, String> {
    let program = &plan.program;
    let size = std::fs::metadata(program).map_err(|e| format!("{}: {e}", program.display()))?;
    let mut starts = Vec::new();
    for _ in 0..plan.rounds {
        let (child, took, _) = started(program, data)?;
        starts.push(took.as_secs_f64());
        child.end()?;
    }
    let (child, _, port) = started(program, data)?;
    std::thread::sleep(IDLE);
    let idle = crate::usage::resident_mb(child.id())?;
    busy(port, plan)?;
    let after = crate::usage::resident_mb(child.id())?;
    child.end()?;
    Ok(vec![
        Row::new(format!("start on {orders} orders"), Target::AtMost(1.0), (" s", 2), starts),
        Row::new("resident memory idle", Target::AtMost(120.0), (" MB", 0), vec![idle]),
        Row::new("resident memory after posts and lists", Target::AtMost(300.0), (" MB", 0), vec![after]),
        Row::new("stripped binary with the page", Target::AtMost(60.0), (" MB", 1), vec![size.len() as f64 / 1e6]),
    ])
}

/// The running program; it does not outlive its use.
struct Program(Option<Child>);

impl Program {
    fn id(&self) -> u32 {
        self.0.as_ref().map_or(0, Child::id)
    }

    /// Ends it as an operator does, so that the next start finds data in order.
    fn end(mut self) -> Result<(), String> {
        let Some(mut child) = self.0.take() else { return Ok(()) };
        let asked = Command::new("kill").arg(child.id().to_string()).status().map_err(|e| e.to_string())?;
        if !asked.success() {
            child.kill().map_err(|e| e.to_string())?;
        }
        child.wait().map(|_| ()).map_err(|e| e.to_string())
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        if let Some(mut child) = self.0.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Starts the program and waits until it says that it is ready, and where.
fn started(program: &Path, data: &Path) -> Result<(Program, Duration, u16), String> {
    let begun = Instant::now();
    let mut child = Command::new(program)
        .args(["serve", "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0", "--data"])
        .arg(data)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|e| format!("{}: {e}", program.display()))?;
    let out = child.stdout.take();
    let program = Program(Some(child));
    let mut line = String::new();
    if let Some(out) = out {
        BufReader::new(out).read_line(&mut line).map_err(|e| e.to_string())?;
    }
    let took = begun.elapsed();
    let port = line.trim().rsplit(':').next().and_then(|port| port.parse().ok());
    Ok((program, took, port.ok_or("the program did not say where it is")?))
}

fn busy(port: u16, plan: &Plan) -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|e| e.to_string())?;
    let (door, masters) = runtime.block_on(async {
        let door = crate::world::sign_in(port, "demo").await?;
        let mut connection = Connection::open(&door, "busy".to_owned()).await?;
        Ok::<_, String>((door, Masters::ready(&mut connection).await?))
    })?;
    run(&door, Create(masters), 100, plan.time(), "busy-post")?;
    run(&door, List, 100, plan.time(), "busy-list").map(|_| ())
}
