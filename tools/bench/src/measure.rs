//! Posts, lists and whole loops over HTTP on SQLite, beside the database alone. Every round goes through all of them, so
//! that what is compared was measured within seconds.

use crate::client::{Amount, Connection, Run, run, run_through};
use crate::raw::{self, Replay};
use crate::table::{Row, Target};
use crate::trade::{Create, LINES, List, Loop, Masters, Post, Spread};
use crate::usage::Usage;
use crate::world::{COMPANIES, Place, World, key_of};
use crate::{Plan, history};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Posts that warm a program up and make the tape of the raw loop.
const TAPED: u64 = 1_000;
/// Old orders of the history that counts as none.
pub const SMALL: u64 = 1_000;
/// Clients.
const CROWD: u64 = 100;

/// What a post is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// One call: an order with five lines is created.
    Create,
    /// Two calls: it is created and confirmed.
    Both,
}

impl Kind {
    const ALL: [Kind; 2] = [Kind::Create, Kind::Both];

    fn name(self) -> &'static str {
        match self {
            Kind::Create => "post of a 5-line order (one call: create)",
            Kind::Both => "order posted and confirmed (two calls)",
        }
    }

    fn calls(self) -> f64 {
        match self {
            Kind::Create => 1.0,
            Kind::Both => 2.0,
        }
    }
}

/// What posts of one kind on one history gave.
#[derive(Default)]
struct Posts {
    http: Vec<Run>,
    raw: Vec<Replay>,
    writer_us: Vec<f64>,
    server_us: Vec<f64>,
}

/// A history, a program on it, and a copy for the raw loop that gets the same posts.
pub struct Stage {
    world: World,
    masters: Masters,
    data: PathBuf,
    copy: PathBuf,
}

impl Stage {
    /// Makes a history of so many old orders below a directory, from a smaller one when there is one.
    pub fn make(home: &Path, name: &str, orders: u64, from: Option<&Path>) -> Result<PathBuf, String> {
        let data = home.join(name);
        if let Some(from) = from {
            copy(from, &data)?;
        }
        let (world, masters) = open(&Place::lite(&data))?;
        history::fill(&world, &masters, orders)?;
        world.stop();
        Ok(data)
    }

    /// Starts the program on a history.
    pub fn open(data: &Path) -> Result<Stage, String> {
        let mut beside = data.as_os_str().to_owned();
        beside.push("-raw");
        let beside = PathBuf::from(beside);
        copy(data, &beside)?;
        let (world, masters) = open(&Place::lite(data))?;
        Ok(Stage { world, masters, data: data.to_path_buf(), copy: beside })
    }

    /// Ends the program; the data is whole.
    pub fn close(self) -> PathBuf {
        self.world.stop();
        let _ = std::fs::remove_dir_all(&self.copy);
        self.data
    }

    fn once(&self, kind: Kind, amount: Amount, label: &str) -> Result<Run, String> {
        let (door, masters) = (&self.world.door, self.masters.clone());
        match kind {
            Kind::Create => run(door, Create(masters), CROWD, amount, label),
            Kind::Both => run(door, Post(masters), CROWD, amount, label),
        }
    }

    /// One round of posts, and the raw loop with as many of them beside it.
    fn posts(&self, kind: Kind, round: usize, plan: &Plan, into: &mut Posts) -> Result<(), String> {
        let tape = self.world.store()?.tape();
        tape.start();
        let taped = self.once(kind, Amount::Units(TAPED), &format!("tape-{kind:?}-{round}"));
        let steps = raw::numbered(tape.stop());
        taped?;
        let before = Usage::now();
        let done = self.once(kind, plan.time(), &format!("post-{kind:?}-{round}"))?;
        let used = Usage::now().since(before);
        into.writer_us.push(used.writer as f64 / 1000.0 / done.units as f64);
        into.server_us.push(used.server as f64 / 1000.0 / done.units as f64);
        into.http.push(done);
        into.raw.push(raw::writes(&database(&self.copy), &steps, 64)?);
        Ok(())
    }

    /// What a post and a list take, milliseconds, with a crowd of clients.
    pub fn times(&self, label: &str, plan: &Plan) -> Result<(f64, f64), String> {
        let post = self.once(Kind::Create, plan.time(), &format!("{label}-post"))?;
        let list = run(&self.world.door, List, CROWD, plan.time(), &format!("{label}-list"))?;
        Ok((1_000.0 / post.rate, 1_000.0 / list.rate))
    }

    /// Rounds of lists.
    pub fn lists(&self, plan: &Plan) -> Result<Vec<Row>, String> {
        let door = &self.world.door;
        let tape = self.world.store()?.tape();
        tape.start();
        let taped = run(door, List, CROWD, Amount::Units(TAPED), "tape-list");
        let steps = raw::numbered(tape.stop());
        taped?;
        let (mut http, mut alone, mut server) = (Vec::new(), Vec::new(), Vec::new());
        for round in 0..plan.rounds {
            let before = Usage::now();
            let done = run(door, List, CROWD, plan.time(), &format!("list-{round}"))?;
            let used = Usage::now().since(before);
            server.push((used.server + used.writer) as f64 / 1000.0 / done.units as f64);
            http.push(done);
            alone.push(raw::reads(&database(&self.data), &steps)?);
        }
        let rates: Vec<f64> = http.iter().map(|r| r.rate).collect();
        let raw_rates: Vec<f64> = alone.iter().map(|r| r.rate).collect();
        let raw_cpu: Vec<f64> = alone.iter().map(|r| r.cpu_us).collect();
        Ok(vec![
            Row::new(
                "lists of 50 × 23 columns with total over HTTP, 100 clients",
                Target::None,
                ("/s", 0),
                rates.clone(),
            ),
            Row::new("the same, one raw thread", Target::None, ("/s", 0), raw_rates.clone()),
            Row::new("lists over HTTP ÷ one raw thread", Target::AtLeast(1.2), ("", 2), ratios(&rates, &raw_rates)),
            Row::new("CPU of a list", Target::None, (" µs", 0), server.clone()),
            Row::new("CPU of a list ÷ raw CPU", Target::AtMost(1.25), ("", 2), ratios(&server, &raw_cpu)),
            Row::new("p99 of a list", Target::AtMost(60.0), (" ms", 0), http.iter().map(|r| r.p99_ms).collect()),
        ])
    }

    /// What the gateway itself takes.
    pub fn gateway(&self, plan: &Plan) -> Result<Vec<Row>, String> {
        crate::gateway::share(&self.world, plan)
    }

    /// Rounds of whole loops.
    pub fn loops(&self, plan: &Plan) -> Result<Vec<Row>, String> {
        let one = |round| {
            run(&self.world.door, Loop(self.masters.clone()), 16, plan.time(), &format!("loop-{round}")).map(|r| r.rate)
        };
        let rates = (0..plan.rounds).map(one).collect::<Result<Vec<f64>, String>>()?;
        let measure = "whole loop order → delivery → invoice → receipt (9 calls), 16 clients";
        Ok(vec![Row::new(measure, Target::AtLeast(200.0), ("/s", 0), rates)])
    }
}

/// Posts on both histories.
pub fn posts(few: &Stage, many: &Stage, plan: &Plan) -> Result<Vec<Row>, String> {
    let mut all: Vec<(Kind, Posts, Posts)> =
        Kind::ALL.into_iter().map(|kind| (kind, Posts::default(), Posts::default())).collect();
    for round in 0..plan.rounds {
        for (kind, on_few, on_many) in &mut all {
            few.posts(*kind, round, plan, on_few)?;
            many.posts(*kind, round, plan, on_many)?;
        }
    }
    let mut rows = Vec::new();
    for (kind, on_few, on_many) in &all {
        for (posts, name) in [(on_few, "empty history".to_owned()), (on_many, plan.named())] {
            rows.extend(posts.rows(*kind, &name));
        }
        let measure = format!("{}: rate with {} ÷ with an empty history", kind.name(), plan.named());
        rows.push(Row::new(measure, Target::AtLeast(0.85), ("", 2), ratios(&on_many.rates(), &on_few.rates())));
    }
    Ok(rows)
}

impl Posts {
    fn rates(&self) -> Vec<f64> {
        self.http.iter().map(|run| run.rate).collect()
    }

    /// The rows of one kind. The targets of the issue are held against the one call; beside it stands what two calls take.
    fn rows(&self, kind: Kind, on: &str) -> Vec<Row> {
        let aim = |target| if kind == Kind::Create { target } else { Target::None };
        let name = |what: &str| format!("{}, {on}: {what}", kind.name());
        let raw: Vec<f64> = self.raw.iter().map(|r| r.rate / kind.calls()).collect();
        let raw_cpu = self.raw.iter().map(|r| r.cpu_us * kind.calls()).collect();
        let per_call = self.server_us.iter().map(|us| us / kind.calls()).collect();
        let ratio = ratios(&self.rates(), &raw);
        let p50 = self.http.iter().map(|r| r.p50_ms).collect();
        let p99 = self.http.iter().map(|r| r.p99_ms).collect();
        vec![
            Row::new(name("over HTTP, 100 clients"), Target::None, ("/s", 0), self.rates()),
            Row::new(name("raw loop"), Target::None, ("/s", 0), raw),
            Row::new(name("HTTP ÷ raw"), aim(Target::AtLeast(0.7)), ("", 2), ratio),
            Row::new(name("CPU outside the writer"), aim(Target::AtMost(80.0)), (" µs", 0), self.server_us.clone()),
            Row::new(name("the same per call"), Target::None, (" µs", 0), per_call),
            Row::new(name("CPU of the writer"), Target::None, (" µs", 0), self.writer_us.clone()),
            Row::new(name("CPU of the raw loop"), Target::None, (" µs", 0), raw_cpu),
            Row::new(name("p50"), aim(Target::AtMost(40.0)), (" ms", 0), p50),
            Row::new(name("p99"), aim(Target::AtMost(100.0)), (" ms", 0), p99),
        ]
    }
}

/// What a profiler is to look at.
pub struct Spin {
    /// For so many seconds.
    pub seconds: u64,
    /// Kind of work: post, create, list or loop.
    pub work: String,
    /// Clients.
    pub clients: u64,
    /// Companies they are spread over.
    pub companies: usize,
    /// A database server; else SQLite.
    pub server: Option<String>,
}

/// One kind of work on a small history.
pub fn spin(spin: Spin) -> Result<(), String> {
    let home = tempfile::tempdir().map_err(|e| e.to_string())?;
    let place = Place { data: home.path().join("data"), server: spin.server };
    let companies = COMPANIES.get(..spin.companies).ok_or("so many companies there are not")?;
    let (world, masters) = open_all(&place, companies)?;
    history::fill(&world, masters.first().ok_or("no company")?, SMALL)?;
    let (doors, clients) = (&world.doors, spin.clients);
    let time = Amount::For(Duration::from_secs(spin.seconds));
    let before = Usage::now();
    println!("begun");
    let each = masters.into_iter();
    let done = match spin.work.as_str() {
        "list" => run_through(doors, List, clients, time, "spin"),
        "loop" => run_through(doors, Spread(each.map(Loop).collect()), clients, time, "spin"),
        "create" => run_through(doors, Spread(each.map(Create).collect()), clients, time, "spin"),
        _ => run_through(doors, Spread(each.map(Post).collect()), clients, time, "spin"),
    }?;
    let used = Usage::now().since(before);
    let each = |ns: u64| ns as f64 / 1000.0 / done.units as f64;
    println!(
        "{:.0}/s, p50 {:.1} ms, p99 {:.1} ms; CPU each: writer {:.0} µs, server {:.0} µs, client {:.0} µs",
        done.rate,
        done.p50_ms,
        done.p99_ms,
        each(used.writer),
        each(used.server),
        each(used.client)
    );
    world.stop();
    Ok(())
}

fn ratios(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(a, b)| a / b).collect()
}

fn database(data: &Path) -> PathBuf {
    data.join(format!("{}.db", crate::CELL))
}

/// Starts the program on a place, with the masters that orders of the demo company name.
pub fn open(place: &Place) -> Result<(World, Masters), String> {
    let (world, masters) = open_all(place, &["demo"])?;
    Ok((world, masters.into_iter().next().ok_or("no company")?))
}

/// As [`open`], with the masters of several companies.
pub fn open_all(place: &Place, companies: &[&'static str]) -> Result<(World, Vec<Masters>), String> {
    let world = World::start(place, companies)?;
    let mut all = Vec::new();
    for door in &world.doors {
        all.push(world.block_on(async {
            let mut connection = Connection::open(door, format!("masters-{}", place.data.display())).await?;
            Masters::ready(&mut connection).await
        })?);
    }
    Ok((world, all))
}

/// A fresh copy of a data directory and its key, on the disk and not on its way there.
fn copy(from: &Path, to: &Path) -> Result<(), String> {
    let failed = |e: std::io::Error| format!("copying the data: {e}");
    if to.exists() {
        std::fs::remove_dir_all(to).map_err(failed)?;
    }
    std::fs::create_dir_all(to).map_err(failed)?;
    for entry in std::fs::read_dir(from).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let file = to.join(entry.file_name());
        std::fs::copy(entry.path(), &file).map_err(failed)?;
        std::fs::File::open(&file).and_then(|file| file.sync_all()).map_err(failed)?;
    }
    std::fs::copy(key_of(from), key_of(to)).map(|_| ()).map_err(failed)
}

impl Plan {
    /// The length of a run.
    pub fn time(&self) -> Amount {
        Amount::For(Duration::from_secs(self.seconds))
    }

    fn named(&self) -> String {
        format!("{} old lines and entries", self.history * LINES as u64)
    }
}
