//! Processor time per group of threads and memory, from `/proc`.

use std::fs;

/// Processor time of this process so far, nanoseconds.
#[derive(Clone, Copy, Debug, Default)]
pub struct Usage {
    /// The writer of the measured cell.
    pub writer: u64,
    /// The clients.
    pub client: u64,
    /// Everything else: sockets, HTTP, JSON, readers.
    pub server: u64,
}

impl Usage {
    /// Now.
    pub fn now() -> Usage {
        let mut usage = Usage::default();
        let writer = format!("store-{}", crate::CELL);
        for task in fs::read_dir("/proc/self/task").into_iter().flatten().flatten() {
            let name = fs::read_to_string(task.path().join("comm")).unwrap_or_default();
            let time = time_of(&task.path().join("schedstat").to_string_lossy());
            match name.trim() {
                name if name == writer => usage.writer += time,
                crate::client::THREAD => usage.client += time,
                _ => usage.server += time,
            }
        }
        usage
    }

    /// What was used since; a thread that ended in between is not seen.
    pub fn since(self, before: Usage) -> Usage {
        Usage {
            writer: self.writer.saturating_sub(before.writer),
            client: self.client.saturating_sub(before.client),
            server: self.server.saturating_sub(before.server),
        }
    }
}

/// Processor time of the calling thread, nanoseconds.
pub fn this_thread() -> u64 {
    time_of("/proc/thread-self/schedstat")
}

fn time_of(path: &str) -> u64 {
    let text = fs::read_to_string(path).unwrap_or_default();
    text.split(' ').next().and_then(|n| n.parse().ok()).unwrap_or_default()
}

/// Resident memory of a process, MB.
pub fn resident_mb(pid: u32) -> Result<f64, String> {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).map_err(|e| format!("the program's memory: {e}"))?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kb: Option<f64> = line.and_then(|l| l.split_whitespace().next()).and_then(|n| n.parse().ok());
    kb.map(|kb| kb / 1024.0).ok_or_else(|| "the program's memory is not told".to_owned())
}
