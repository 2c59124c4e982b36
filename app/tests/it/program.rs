//! A running program and the plain HTTP that is all a client needs.

use paas_store::testing::Place;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

pub const PASSWORD: &str = "Demo@12345";
/// How long anything is waited for: a busy machine must not decide.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// The program with the demo company on a data directory of its own.
pub struct Program {
    child: Child,
    pid: AtomicU32,
    pub port: u16,
    dir: tempfile::TempDir,
    extra: Vec<String>,
    place: Place,
    /// What its environment has beside that.
    env: Vec<(String, String)>,
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What came back, as it stood on the wire.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub text: String,
    pub json: Value,
}

impl Answer {
    /// The error code of the envelope.
    pub fn code(&self) -> &str {
        self.json["code"].as_str().unwrap_or("")
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| line.strip_prefix(&format!("{name}: "))).map(str::trim)
    }
}

/// A port for who must be known before he is there. It is not one of those the machine gives to whoever wants any, and
/// other tests that run now have others.
pub fn known_port() -> u16 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let own = std::process::id().wrapping_mul(8);
    let mut ports = (0..12_000).map(|_| 20_000 + own.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed)) % 12_000);
    let free = |port: &u32| TcpListener::bind(("127.0.0.1", u16::try_from(*port).unwrap())).is_ok();
    u16::try_from(ports.find(free).unwrap()).unwrap()
}

impl Program {
    pub fn start() -> Program {
        Program::start_with(&["--demo"])
    }

    /// Starts it with these further arguments.
    pub fn start_with(extra: &[&str]) -> Program {
        Program::start_at(Place::chosen().unwrap(), extra)
    }

    /// Starts it with its data in this place.
    pub fn start_at(place: Place, extra: &[&str]) -> Program {
        Program::start_in(place, extra, Vec::new())
    }

    /// Starts it with this in its environment.
    pub fn start_in(place: Place, extra: &[&str], env: Vec<(String, String)>) -> Program {
        let dir = tempfile::tempdir().unwrap();
        let extra: Vec<String> = extra.iter().map(|s| (*s).to_owned()).collect();
        let data = dir.path().join("data");
        if place.is_pg() {
            let (made, said) = run_at(&place, &["migrate", "--data", data.to_str().unwrap()]);
            assert!(made, "{said}");
        }
        let (child, port) = ready(spawn_in(&place, &data, &extra, &env));
        let mut program = Program::of(child, port, dir, &extra);
        program.place = place;
        program.env = env;
        program
    }

    /// A program that was started otherwise, its data in `data` of this directory.
    pub fn of(child: Child, port: u16, dir: tempfile::TempDir, extra: &[String]) -> Program {
        Program {
            pid: AtomicU32::new(child.id()),
            child,
            port,
            dir,
            extra: extra.to_vec(),
            place: Place::lite(),
            env: Vec::new(),
        }
    }

    /// The program with its data on a file system of 24 MB: in a mount namespace of its own, so that nothing is left
    /// behind and no right of the machine is needed.
    pub fn start_on_small_disk() -> Program {
        let dir = tempfile::tempdir().unwrap();
        let disk = dir.path().join("disk");
        std::fs::create_dir(&disk).unwrap();
        let mut command = Command::new("unshare");
        let script = "mount -t tmpfs -o size=24m none \"$1\" && shift && exec \"$@\"";
        command.args(["--user", "--map-root-user", "--mount", "sh", "-c", script, "sh"]).arg(&disk);
        command.arg(env!("CARGO_BIN_EXE_superpaas"));
        let extra = ["--demo".to_owned()];
        let (child, port) = ready(spawn_by(command, &Place::lite(), &disk.join("data"), &extra));
        Program::of(child, port, dir, &extra)
    }

    /// A file in the small file system, reached through the program's own view of it.
    fn ballast(&self) -> PathBuf {
        let inside = self.dir.path().join("disk/ballast");
        PathBuf::from(format!("/proc/{}/root{}", self.child.id(), inside.display()))
    }

    /// Leaves 200 KB free on the small disk.
    pub fn fill_disk(&self) {
        let mut file = std::fs::File::create(self.ballast()).unwrap();
        let block = vec![0_u8; 64 << 10];
        let mut written = 0;
        while file.write_all(&block).is_ok() {
            written += block.len();
        }
        file.set_len(u64::try_from(written - (200 << 10)).unwrap()).unwrap();
    }

    /// Makes room again.
    pub fn empty_disk(&self) {
        std::fs::remove_file(self.ballast()).unwrap();
    }

    pub fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    /// The memory it has now, KB.
    pub fn memory_kb(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").trim().parse().unwrap()
    }

    /// Kills the program as a power cut does, whatever it was doing.
    pub fn cut_power(&self) {
        let pid = self.pid.load(Ordering::Relaxed).to_string();
        assert!(Command::new("kill").args(["-9", &pid]).status().unwrap().success());
    }

    /// Starts the program again on the same data, after a cut; it listens on another port.
    pub fn restart(&mut self) {
        self.child.wait().unwrap();
        (self.child, self.port) = ready(spawn_in(&self.place, &self.data(), &self.extra, &self.env));
        self.pid.store(self.child.id(), Ordering::Relaxed);
    }

    /// Ends the program in order and says where its data is; the data lives as long as this value.
    pub fn stop(&mut self) -> PathBuf {
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        let ended = self.child.wait().unwrap();
        assert!(ended.success(), "{ended}");
        self.data()
    }

    /// Where its data is.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// Runs another command of the program on the same data.
    pub fn run(&self, arguments: &[&str]) -> (bool, String) {
        run_at(&self.place, arguments)
    }

    /// Sends one request with exactly these headers; a fault of the connection is an error.
    pub fn try_send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> std::io::Result<Answer> {
        Program::try_send_to(self.port, method, path, headers, body)
    }

    /// As [`Program::try_send`], to another port of this machine.
    pub fn try_send_to(
        port: u16,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> std::io::Result<Answer> {
        let mut stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let mut request = format!(
            "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{}\r\nConnection: close\r\nContent-Length: {}\r\n",
            port,
            body.len()
        );
        for (name, value) in headers {
            request.push_str(&format!("{name}: {value}\r\n"));
        }
        request.push_str("\r\n");
        stream.write_all(request.as_bytes())?;
        // A server that refuses early may close while the body is still being sent: its answer counts all the same.
        let _ = stream.write_all(body);
        let mut bytes = Vec::new();
        let ended = stream.read_to_end(&mut bytes);
        if bytes.is_empty() {
            ended?;
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        let end = bytes.windows(4).position(|w| w == b"\r\n\r\n").ok_or(std::io::ErrorKind::UnexpectedEof)?;
        let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let body = &bytes[end + 4..];
        let streamed = head.to_lowercase().contains("transfer-encoding: chunked");
        let body = if streamed { unchunked(body)? } else { body.to_vec() };
        let text = String::from_utf8_lossy(&body).into_owned();
        let status = head.split(' ').nth(1).and_then(|s| s.parse().ok()).ok_or(std::io::ErrorKind::InvalidData)?;
        let start = text.find(['{', '[']).unwrap_or(text.len());
        let end = text.rfind(['}', ']']).map_or(start, |at| at + 1);
        let json = serde_json::from_str(&text[start..end.max(start)]).unwrap_or(Value::Null);
        Ok(Answer { status, head, text, json })
    }

    pub fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        self.try_send(method, path, headers, body).unwrap()
    }

    /// A call of a signed-in member of a tenant; `path` follows `/api/v1/`.
    pub fn call_as(&self, member: &Member, method: &str, path: &str, body: &Value) -> Answer {
        self.call_with(member, method, path, body, &[])
    }

    /// As [`Program::call_as`], with more headers.
    pub fn call_with(&self, who: &Member, method: &str, path: &str, body: &Value, more: &[(&str, &str)]) -> Answer {
        let bearer = format!("Bearer {}", who.token);
        let mut headers = vec![("Authorization", bearer.as_str()), ("X-Tenant-Id", who.tenant.as_str())];
        if !body.is_null() {
            headers.push(("Content-Type", "application/json"));
        }
        headers.extend_from_slice(more);
        let text = if body.is_null() { String::new() } else { body.to_string() };
        self.send(method, &format!("/api/v1/{path}"), &headers, text.as_bytes())
    }

    pub fn call(&self, member: &Member, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let answer = self.call_as(member, method, path, body);
        (answer.status, answer.json)
    }

    /// Asks for a token; the answer may be a refusal.
    pub fn ask_token(&self, tenant: &str, username: &str, password: &str) -> Answer {
        let body = json!({"grant_type": "password", "tenant": tenant, "username": username, "password": password});
        let json = [("Content-Type", "application/json")];
        self.send("POST", "/api/v1/auth/token", &json, body.to_string().as_bytes())
    }

    /// Signs a member in with a password that must be right.
    pub fn enter(&self, tenant: &str, username: &str, password: &str) -> Member {
        let said = self.ask_token(tenant, username, password);
        assert_eq!(said.status, 200, "{said:?}");
        Member { token: said.json["access_token"].as_str().unwrap().to_owned(), tenant: tenant.to_owned() }
    }

    /// Signs in to the demo tenant.
    pub fn sign_in(&self, username: &str) -> Member {
        self.enter("demo", username, PASSWORD)
    }

    /// The operator, with the first password changed.
    pub fn operator(&self) -> Member {
        let first = std::fs::read_to_string(self.data().join("system-password")).unwrap();
        let first = first.trim();
        let member = self.enter("system", "admin", first);
        let said = self.call_as(
            &member,
            "POST",
            "auth/password",
            &json!({"currentPassword": first, "newPassword": "Operator@1"}),
        );
        assert!(said.status < 300, "{said:?}");
        self.enter("system", "admin", "Operator@1")
    }

    /// Makes a tenant with ERP through the operator and signs its administrator in.
    pub fn tenant(&self, operator: &Member, code: &str) -> Member {
        let body = json!({"code": code, "name": code, "adminUsername": "boss", "adminPassword": "Secret@99", "cells": ["erp"]});
        let (status, said) = self.call(operator, "POST", "platform/tenants", &body);
        assert_eq!(status, 201, "{said}");
        self.enter(code, "boss", "Secret@99")
    }

    pub fn act(&self, member: &Member, path: &str, record: &Value, action: &str) -> Value {
        let body = json!({"action": action, "version": record["version"]});
        let path = format!("{path}/{}/transitions", record["id"].as_str().unwrap());
        let (status, said) = self.call(member, "POST", &path, &body);
        assert_eq!(status, 200, "{action}: {said}");
        said
    }

    pub fn get(&self, member: &Member, path: &str) -> Value {
        let (status, said) = self.call(member, "GET", path, &Value::Null);
        assert_eq!(status, 200, "{path}: {said}");
        said
    }

    pub fn post(&self, member: &Member, path: &str, body: &Value) -> Value {
        let (status, said) = self.call(member, "POST", path, body);
        assert_eq!(status, 201, "{path}: {said}");
        said
    }
}

/// The body of an answer that came in pieces; one that was cut off is an error.
fn unchunked(mut rest: &[u8]) -> std::io::Result<Vec<u8>> {
    let cut = || std::io::Error::from(std::io::ErrorKind::UnexpectedEof);
    let mut out = Vec::new();
    loop {
        let line = rest.windows(2).position(|w| w == b"\r\n").ok_or_else(cut)?;
        let size = std::str::from_utf8(&rest[..line]).ok().and_then(|s| usize::from_str_radix(s, 16).ok());
        let (from, size) = (line + 2, size.ok_or_else(cut)?);
        if size == 0 {
            return Ok(out);
        }
        out.extend_from_slice(rest.get(from..from + size).ok_or_else(cut)?);
        rest = rest.get(from + size + 2..).ok_or_else(cut)?;
    }
}

/// Who calls: a token and the tenant it is for.
#[derive(Clone)]
pub struct Member {
    pub token: String,
    pub tenant: String,
}

/// Waits until something is so, and fails when it never is.
pub fn wait(what: &str, mut so: impl FnMut() -> bool) {
    let begun = std::time::Instant::now();
    while !so() {
        assert!(begun.elapsed() < PATIENCE, "waited in vain: {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Starts the program on files; it is not ready yet.
pub fn spawn(data: &Path, extra: &[String]) -> Child {
    spawn_in(&Place::lite(), data, extra, &[])
}

fn spawn_in(place: &Place, data: &Path, extra: &[String], env: &[(String, String)]) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_superpaas"));
    command.envs(env.iter().cloned());
    spawn_by(command, place, data, extra)
}

/// By a command that ends with the program's name. What the caller's environment sets does not reach it.
fn spawn_by(mut command: Command, place: &Place, data: &Path, extra: &[String]) -> Child {
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("SUPERPAAS_") {
            command.env_remove(name);
        }
    }
    command
        .envs(place.settings())
        .args(["serve", "--data"])
        .arg(data)
        .args(["--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"])
        .args(extra)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Waits until it says that it is ready, and on which port.
pub fn ready(mut child: Child) -> (Child, u16) {
    let mut first = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut first).unwrap();
    assert!(first.contains("ready"), "{first}");
    let port = first.trim().rsplit(':').next().unwrap().parse().unwrap();
    (child, port)
}

/// Runs the program with these arguments until it ends; what it said on both streams, and whether it was content.
pub fn run(arguments: &[&str]) -> (bool, String) {
    run_at(&Place::lite(), arguments)
}

fn run_at(place: &Place, arguments: &[&str]) -> (bool, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_superpaas"));
    let out = command.args(arguments).envs(place.settings()).output().unwrap();
    let said = String::from_utf8_lossy(&out.stdout).into_owned() + &String::from_utf8_lossy(&out.stderr);
    (out.status.success(), said)
}
