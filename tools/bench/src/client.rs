//! A client as cheap as it can be: keep-alive connections on one thread, requests written as bytes.

use serde_json::Value as Json;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Name of the client's thread, to count its time apart.
pub const THREAD: &str = "bench-client";

/// The status of an answer that asks for patience, how often it is heeded, and for how long.
const UNAVAILABLE: u16 = 503;
const PATIENCE: u32 = 50;
const PAUSE: Duration = Duration::from_millis(200);

/// Where to call, and as whom.
#[derive(Clone, Debug)]
pub struct Door {
    /// Port on the loopback address.
    pub port: u16,
    /// Whose data.
    pub tenant: Arc<str>,
    /// Access token.
    pub token: Arc<str>,
}

/// A connection that stays open.
pub struct Connection {
    stream: TcpStream,
    door: Door,
    buffer: Vec<u8>,
    /// Makes request ids unique.
    label: String,
    calls: u64,
    /// Which of the doors of a run it went through.
    pub seat: usize,
}

impl Connection {
    /// Connects; `label` must differ between connections of one program's life.
    pub async fn open(door: &Door, label: String) -> Result<Connection, String> {
        let stream = TcpStream::connect(("127.0.0.1", door.port)).await.map_err(|e| format!("connect: {e}"))?;
        stream.set_nodelay(true).map_err(|e| format!("connect: {e}"))?;
        Ok(Connection { stream, door: door.clone(), buffer: Vec::with_capacity(64 * 1024), label, calls: 0, seat: 0 })
    }

    /// Sends one request and reads the whole answer; any other status is an error with the answer in it. Who is asked for
    /// patience asks again with the same request id, as a client should; that time counts.
    pub async fn call(&mut self, method: &str, path: &str, body: &str, status: u16) -> Result<Vec<u8>, String> {
        self.calls += 1;
        let Door { token, tenant, .. } = &self.door;
        let request = format!(
            "{method} /api/v1/{path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\nX-Tenant-Id: {tenant}\r\n\
             X-Request-ID: {}-{}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            self.label,
            self.calls,
            body.len()
        );
        let mut tries = 0;
        let (got, answer) = loop {
            self.stream.write_all(request.as_bytes()).await.map_err(|e| format!("send: {e}"))?;
            let (got, answer) = self.read().await?;
            tries += 1;
            if got != UNAVAILABLE || tries > PATIENCE {
                break (got, answer);
            }
            tokio::time::sleep(PAUSE).await;
        };
        if got == status {
            return Ok(answer);
        }
        let said = String::from_utf8_lossy(&answer);
        Err(format!("{method} {path}: {got} {}", said.chars().take(600).collect::<String>()))
    }

    /// As [`Connection::call`], with the answer as JSON.
    pub async fn json(&mut self, method: &str, path: &str, body: &Json, status: u16) -> Result<Json, String> {
        let text = if body.is_null() { String::new() } else { body.to_string() };
        let answer = self.call(method, path, &text, status).await?;
        serde_json::from_slice(&answer).map_err(|e| format!("{path}: {e}"))
    }

    async fn read(&mut self) -> Result<(u16, Vec<u8>), String> {
        self.buffer.clear();
        loop {
            let n = self.stream.read_buf(&mut self.buffer).await.map_err(|e| format!("receive: {e}"))?;
            if n == 0 {
                return Err("the connection was closed".to_owned());
            }
            let Some(head) = self.buffer.windows(4).position(|w| w == b"\r\n\r\n") else { continue };
            let text = String::from_utf8_lossy(self.buffer.get(..head).unwrap_or_default()).into_owned();
            let status = text.get(9..12).and_then(|s| s.parse().ok()).ok_or("no status line")?;
            let length = text.lines().find_map(|line| {
                let (name, value) = line.split_once(": ")?;
                name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
            });
            let end = head + 4 + length.ok_or("an answer without a length")?;
            while self.buffer.len() < end {
                if self.stream.read_buf(&mut self.buffer).await.map_err(|e| format!("receive: {e}"))? == 0 {
                    return Err("the connection was closed".to_owned());
                }
            }
            return Ok((status, self.buffer.get(head + 4..end).unwrap_or_default().to_vec()));
        }
    }
}

/// How much to run.
#[derive(Clone, Copy, Debug)]
pub enum Amount {
    /// For so long.
    For(Duration),
    /// So many units in all.
    Units(u64),
}

/// What a run was like.
#[derive(Clone, Debug, Default)]
pub struct Run {
    /// Units per second.
    pub rate: f64,
    /// Units done.
    pub units: u64,
    /// Half of the units took no longer, milliseconds.
    pub p50_ms: f64,
    /// 99 of 100 took no longer, milliseconds.
    pub p99_ms: f64,
}

/// One unit of work of a client; gets its connection and a number unique in the run.
pub trait Work: Send + Sync + 'static {
    /// Does it once.
    fn once(&self, connection: &mut Connection, number: u64) -> impl Future<Output = Result<(), String>>;
}

/// Lets `clients` connections work at once, on one thread of its own. The first error ends the run.
pub fn run<W: Work>(door: &Door, work: W, clients: u64, amount: Amount, label: &str) -> Result<Run, String> {
    run_through(std::slice::from_ref(door), work, clients, amount, label)
}

/// As [`run`], with the clients spread over several doors.
pub fn run_through<W: Work>(doors: &[Door], work: W, clients: u64, amount: Amount, label: &str) -> Result<Run, String> {
    let (doors, label) = (doors.to_vec(), label.to_owned());
    let thread = std::thread::Builder::new().name(THREAD.to_owned()).spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|e| e.to_string())?;
        let local = tokio::task::LocalSet::new();
        local.block_on(&runtime, all(doors, Arc::new(work), clients, amount, label))
    });
    let thread = thread.map_err(|e| e.to_string())?;
    thread.join().map_err(|_| "the client panicked".to_owned())?
}

async fn all<W: Work>(
    doors: Vec<Door>,
    work: Arc<W>,
    clients: u64,
    amount: Amount,
    label: String,
) -> Result<Run, String> {
    let mut connections = Vec::new();
    for (client, (seat, door)) in (0..clients).zip(doors.iter().enumerate().cycle()) {
        let mut connection = Connection::open(door, format!("{label}-{client}")).await?;
        connection.seat = seat;
        connections.push(connection);
    }
    let start = Instant::now();
    let tasks: Vec<_> = (0..clients)
        .zip(connections)
        .map(|(client, connection)| {
            let work = Arc::clone(&work);
            tokio::task::spawn_local(one(connection, work, (client, clients), amount, start))
        })
        .collect();
    let mut times = Vec::new();
    for task in tasks {
        times.extend(task.await.map_err(|e| e.to_string())??);
    }
    let seconds = start.elapsed().as_secs_f64();
    times.sort_unstable();
    let at = |share: f64| {
        let index = ((times.len() as f64 * share) as usize).min(times.len().saturating_sub(1));
        times.get(index).map_or(0.0, |micros| *micros as f64 / 1000.0)
    };
    Ok(Run { rate: times.len() as f64 / seconds, units: times.len() as u64, p50_ms: at(0.5), p99_ms: at(0.99) })
}

async fn one<W: Work>(
    mut connection: Connection,
    work: Arc<W>,
    (client, clients): (u64, u64),
    amount: Amount,
    start: Instant,
) -> Result<Vec<u64>, String> {
    let mut times = Vec::new();
    let mut number = client;
    loop {
        let done = match amount {
            Amount::For(time) => start.elapsed() >= time,
            Amount::Units(units) => number >= units,
        };
        if done {
            return Ok(times);
        }
        let begun = Instant::now();
        work.once(&mut connection, number).await?;
        times.push(u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX));
        number += clients;
    }
}
