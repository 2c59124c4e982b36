//! A server of PostgreSQL that one test has for itself, to be restarted and held up.

use super::{Place, REQUIRED, fresh_dir, fresh_prefix};
use crate::api::{OpenError, Target};
use std::env;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// What the script answers when PostgreSQL is not installed.
const NOT_INSTALLED: i32 = 3;

/// A server of its own. It ends when this value does, and when the test's process does.
#[derive(Debug)]
pub struct OwnServer {
    script: Child,
    commands: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    url: String,
}

impl OwnServer {
    /// Starts one with these further options (`-c name=value`). `None`, and a line that says so, where PostgreSQL is not
    /// installed; an error when it must be there.
    pub fn start(options: &[&str]) -> Result<Option<OwnServer>, OpenError> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tools/own-postgres.sh");
        let failed = |what: &str| OpenError::new(format!("A server of PostgreSQL for one test {what}."));
        let mut command = Command::new("bash");
        command.arg(script).args(options).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut script = command.spawn().map_err(|e| failed(&format!("cannot be started: {e}")))?;
        let (commands, answers) = (script.stdin.take(), script.stdout.take());
        let mut answers = BufReader::new(answers.ok_or_else(|| failed("says nothing"))?);
        let mut url = String::new();
        let read = answers.read_line(&mut url).map_err(|e| failed(&format!("says nothing: {e}")))?;
        if read > 0 {
            return Ok(Some(OwnServer { script, commands, answers, url: url.trim().to_owned() }));
        }
        let ended = script.wait().ok().and_then(|status| status.code());
        if ended == Some(NOT_INSTALLED) && env::var_os(REQUIRED).is_none() {
            println!("skipped: PostgreSQL is not installed");
            return Ok(None);
        }
        Err(failed("did not start; is PostgreSQL installed?"))
    }

    /// The URL of a role that may create databases and roles.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Fresh names on this server.
    pub fn place(&self) -> Place {
        let target = Target::Pg { url: self.url.clone(), prefix: fresh_prefix(), max_connections: 15 };
        Place { target, dir: fresh_dir() }
    }

    /// Ends every process of the server at once, as a crash does, and starts it again.
    pub fn restart(&mut self) -> Result<(), String> {
        self.say("restart")
    }

    /// Every process of the server stands still; connections stay as they are.
    pub fn stall(&mut self) -> Result<(), String> {
        self.say("stall")
    }

    /// The server goes on where it stood still.
    pub fn resume(&mut self) -> Result<(), String> {
        self.say("resume")
    }

    fn say(&mut self, word: &str) -> Result<(), String> {
        let commands = self.commands.as_mut().ok_or_else(|| "the server has ended".to_owned())?;
        commands.write_all(format!("{word}\n").as_bytes()).map_err(|e| format!("{word}: {e}"))?;
        let mut answer = String::new();
        self.answers.read_line(&mut answer).map_err(|e| format!("{word}: {e}"))?;
        if answer.trim() == word { Ok(()) } else { Err(format!("{word}: the server did not obey")) }
    }
}

impl Drop for OwnServer {
    fn drop(&mut self) {
        // The script ends with its input, and the server with it.
        self.commands = None;
        let _ = self.script.wait();
    }
}
