//! The measurements, in the order of the table.

use crate::client::{Amount, Connection, Run, run};
use crate::raw::{self, Replay};
use crate::table::{head, row, shown};
use crate::trade::{List, Loop, Masters, Post};
use crate::usage::Usage;
use crate::world::{World, key_of};
use paas_store::Step;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How much to measure.
pub struct Plan {
    /// Old orders in the history.
    pub history: u64,
    /// Pairs of neighbouring runs.
    pub rounds: usize,
    /// Length of a run.
    pub seconds: u64,
    /// The program as built.
    pub program: PathBuf,
}

/// Orders that make the tape.
const TAPED: u64 = 3_000;
/// Lists that make the tape.
const LISTED: u64 = 1_000;
/// Old orders of the small history.
const SMALL: u64 = 1_000;

/// What one history gives.
struct Posts {
    http: Vec<Run>,
    raw: Vec<Replay>,
    writer_us: Vec<f64>,
    server_us: Vec<f64>,
}

/// What lists give.
struct Lists {
    http: Vec<Run>,
    raw: Vec<Replay>,
    server_us: Vec<f64>,
}

/// Measures everything and prints the table.
pub fn all(plan: &Plan) -> Result<(), String> {
    let home = tempfile::tempdir().map_err(|e| e.to_string())?;
    let (small, large) = (home.path().join("small"), home.path().join("large"));
    fill(&small, SMALL)?;
    copy(&small, &large)?;
    fill(&large, plan.history)?;
    let scratch = home.path().join("run");
    let (mut few, mut many) = (Posts::none(), Posts::none());
    let (small_tape, large_tape) = (tape(&small, &scratch)?, tape(&large, &scratch)?);
    for _ in 0..plan.rounds {
        few.round(&small, &scratch, &small_tape, plan)?;
        many.round(&large, &scratch, &large_tape, plan)?;
    }
    let lists = lists(&large, &scratch, plan)?;
    let whole = whole_loops(&large, &scratch, plan)?;
    print(plan, &few, &many, &lists, &whole);
    program(plan, &large, &scratch)
}

/// Posts for so many seconds, for a profiler.
pub fn spin(seconds: u64) -> Result<(), String> {
    let home = tempfile::tempdir().map_err(|e| e.to_string())?;
    let data = home.path().join("data");
    fill(&data, SMALL)?;
    let (world, masters) = open(&data)?;
    let done = run(&world.door, Post(masters), 100, Amount::For(Duration::from_secs(seconds)), "spin")?;
    println!("{:.0} posts/s, p50 {:.1} ms, p99 {:.1} ms", done.rate, done.p50_ms, done.p99_ms);
    world.stop();
    Ok(())
}

impl Posts {
    fn none() -> Posts {
        Posts { http: Vec::new(), raw: Vec::new(), writer_us: Vec::new(), server_us: Vec::new() }
    }

    /// One pair of neighbouring runs from the same state.
    fn round(&mut self, from: &Path, scratch: &Path, tape: &[Step], plan: &Plan) -> Result<(), String> {
        copy(from, scratch)?;
        let (world, masters) = open(scratch)?;
        run(&world.door, Post(masters.clone()), 100, Amount::Units(300), "warm")?;
        let before = Usage::now();
        let done = run(&world.door, Post(masters), 100, Amount::For(Duration::from_secs(plan.seconds)), "post")?;
        let used = Usage::now().since(before);
        world.stop();
        self.writer_us.push(used.writer as f64 / 1000.0 / done.units as f64);
        self.server_us.push(used.server as f64 / 1000.0 / done.units as f64);
        self.http.push(done);
        copy(from, scratch)?;
        self.raw.push(raw::writes(&database(scratch), tape, 64)?);
        Ok(())
    }

    fn rates(&self) -> Vec<f64> {
        self.http.iter().map(|run| run.rate).collect()
    }

    /// Posts of the raw loop per second: a post is two jobs.
    fn raw_rates(&self) -> Vec<f64> {
        self.raw.iter().map(|replay| replay.rate / 2.0).collect()
    }
}

fn database(data: &Path) -> PathBuf {
    data.join(format!("{}.db", crate::CELL))
}

fn open(data: &Path) -> Result<(World, Masters), String> {
    let world = World::start(data)?;
    let door = world.door.clone();
    let masters = world.block_on(async {
        let mut connection = Connection::open(&door, format!("masters-{}", data.display())).await?;
        Masters::ready(&mut connection).await
    })?;
    Ok((world, masters))
}

fn fill(data: &Path, orders: u64) -> Result<(), String> {
    let (world, masters) = open(data)?;
    run(&world.door, Post(masters), 64, Amount::Units(orders), &format!("fill-{orders}"))?;
    world.stop();
    Ok(())
}

/// The statements of some thousand posts on this history.
fn tape(from: &Path, scratch: &Path) -> Result<Vec<Step>, String> {
    copy(from, scratch)?;
    let (world, masters) = open(scratch)?;
    let tape = world.store()?.tape();
    tape.start();
    run(&world.door, Post(masters), 100, Amount::Units(TAPED), "tape")?;
    let steps = tape.stop();
    world.stop();
    Ok(raw::numbered(steps))
}

fn lists(from: &Path, scratch: &Path, plan: &Plan) -> Result<Lists, String> {
    copy(from, scratch)?;
    let (world, _) = open(scratch)?;
    run(&world.door, List, 100, Amount::Units(LISTED), "warm-list")?;
    let tape = world.store()?.tape();
    tape.start();
    run(&world.door, List, 100, Amount::Units(LISTED), "tape-list")?;
    let steps = raw::numbered(tape.stop());
    let mut lists = Lists { http: Vec::new(), raw: Vec::new(), server_us: Vec::new() };
    for round in 0..plan.rounds {
        let before = Usage::now();
        let time = Amount::For(Duration::from_secs(plan.seconds));
        let done = run(&world.door, List, 100, time, &format!("list-{round}"))?;
        let used = Usage::now().since(before);
        lists.server_us.push(used.server as f64 / 1000.0 / done.units as f64);
        lists.http.push(done);
        lists.raw.push(raw::reads(&database(scratch), &steps)?);
    }
    world.stop();
    Ok(lists)
}

fn whole_loops(from: &Path, scratch: &Path, plan: &Plan) -> Result<Vec<Run>, String> {
    copy(from, scratch)?;
    let (world, masters) = open(scratch)?;
    let time = Amount::For(Duration::from_secs(plan.seconds));
    let runs =
        (0..plan.rounds).map(|round| run(&world.door, Loop(masters.clone()), 16, time, &format!("loop-{round}")));
    let runs = runs.collect();
    world.stop();
    runs
}

fn print(plan: &Plan, few: &Posts, many: &Posts, lists: &Lists, whole: &[Run]) {
    let ratios = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a / b).collect::<Vec<f64>>();
    let history = format!("{} old orders, {} lines", plan.history, plan.history * 5);
    head();
    for (posts, name) in [(few, format!("{SMALL} old orders")), (many, history.clone())] {
        let (http, raw) = (posts.rates(), posts.raw_rates());
        row(&format!("posts/s over HTTP, 100 clients, {name}"), "", &shown(&http, 0, ""));
        row(&format!("posts/s of the raw loop, {name}"), "", &shown(&raw, 0, ""));
        row("posts over HTTP ÷ raw loop", "≥ 0.70", &shown(&ratios(&http, &raw), 2, ""));
        row("CPU outside the writer per post (two calls)", "≤ 80 µs a call", &shown(&posts.server_us, 0, " µs"));
        row("CPU of the writer per post", "", &shown(&posts.writer_us, 0, " µs"));
        let raw_cpu: Vec<f64> = posts.raw.iter().map(|r| r.cpu_us * 2.0).collect();
        row("CPU of the raw loop per post", "", &shown(&raw_cpu, 0, " µs"));
        let p50: Vec<f64> = posts.http.iter().map(|r| r.p50_ms).collect();
        let p99: Vec<f64> = posts.http.iter().map(|r| r.p99_ms).collect();
        row("p50 of a post (two calls)", "≤ 40 ms", &shown(&p50, 0, " ms"));
        row("p99 of a post (two calls)", "≤ 100 ms", &shown(&p99, 0, " ms"));
    }
    row(&format!("rate with {history} ÷ with few"), "≥ 0.85", &shown(&ratios(&many.rates(), &few.rates()), 2, ""));
    let rates: Vec<f64> = lists.http.iter().map(|r| r.rate).collect();
    let raw: Vec<f64> = lists.raw.iter().map(|r| r.rate).collect();
    let raw_cpu: Vec<f64> = lists.raw.iter().map(|r| r.cpu_us).collect();
    row("lists of 50 with total, 100 clients ÷ one raw thread", "≥ 1.2", &shown(&ratios(&rates, &raw), 2, ""));
    row("lists/s over HTTP; raw", "", &format!("{}; {}", shown(&rates, 0, ""), shown(&raw, 0, "")));
    row("CPU per list ÷ raw CPU", "≤ 1.25", &shown(&ratios(&lists.server_us, &raw_cpu), 2, ""));
    let p99: Vec<f64> = lists.http.iter().map(|r| r.p99_ms).collect();
    row("p99 of a list", "≤ 60 ms", &shown(&p99, 0, " ms"));
    let loops: Vec<f64> = whole.iter().map(|r| r.rate).collect();
    row("whole loops order → receipt, 16 clients", "≥ 200/s", &shown(&loops, 0, "/s"));
}

/// Start, memory and size of the program as built.
fn program(plan: &Plan, from: &Path, scratch: &Path) -> Result<(), String> {
    use std::io::{BufRead as _, BufReader};
    let Ok(size) = std::fs::metadata(&plan.program) else {
        eprintln!("bench: {} is not there; its start and memory are not measured.", plan.program.display());
        return Ok(());
    };
    copy(from, scratch)?;
    let begun = std::time::Instant::now();
    let mut child = std::process::Command::new(&plan.program)
        .args(["serve", "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0", "--data"])
        .arg(scratch)
        .stdout(std::process::Stdio::piped())
        .spawn()
        .map_err(|e| e.to_string())?;
    let mut line = String::new();
    if let Some(out) = child.stdout.take() {
        BufReader::new(out).read_line(&mut line).map_err(|e| e.to_string())?;
    }
    let start_ms = begun.elapsed().as_millis();
    let port: Option<u16> = line.trim().rsplit(':').next().and_then(|port| port.parse().ok());
    let idle = crate::usage::resident_mb(child.id());
    let after = port
        .map(|port| busy(port, child.id(), plan))
        .unwrap_or_else(|| Err("the program did not say where".to_owned()));
    child.kill().and_then(|()| child.wait()).map_err(|e| e.to_string())?;
    row(&format!("start on {} orders", plan.history), "≤ 1 s", &format!("{start_ms} ms"));
    row("resident memory idle; after posts and lists", "≤ 120; ≤ 300 MB", &format!("{idle:.0}; {:.0} MB", after?));
    row("binary with the page", "≤ 60 MB", &format!("{:.1} MB", size.len() as f64 / 1e6));
    Ok(())
}

fn busy(port: u16, pid: u32, plan: &Plan) -> Result<f64, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|e| e.to_string())?;
    let (door, masters) = runtime.block_on(async {
        let door = crate::world::sign_in(port).await?;
        let mut connection = Connection::open(&door, "busy".to_owned()).await?;
        Ok::<_, String>((door, Masters::ready(&mut connection).await?))
    })?;
    let time = Amount::For(Duration::from_secs(plan.seconds));
    run(&door, Post(masters), 100, time, "busy-post")?;
    run(&door, List, 100, time, "busy-list")?;
    Ok(crate::usage::resident_mb(pid))
}

/// A fresh copy of a data directory and its key.
fn copy(from: &Path, to: &Path) -> Result<(), String> {
    let failed = |e: std::io::Error| format!("copying the data: {e}");
    if to.exists() {
        std::fs::remove_dir_all(to).map_err(failed)?;
    }
    std::fs::create_dir_all(to).map_err(failed)?;
    for entry in std::fs::read_dir(from).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        std::fs::copy(entry.path(), to.join(entry.file_name())).map_err(failed)?;
    }
    std::fs::copy(key_of(from), key_of(to)).map(|_| ()).map_err(failed)
}
