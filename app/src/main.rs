//! Everything in one program: the gateway, the platform and the cells.

mod check;
mod demo;
mod seed;
mod serve;

use clap::{Parser, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;
use superpaas::cells;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// 超级PaaS平台 | Super PaaS: a platform without trade knowledge, and business cells on it.
#[derive(Parser)]
#[command(name = "superpaas", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Starts everything in one process.
    Serve(Serve),
    /// Proves that balances equal their entries and that the audit chain is whole.
    SelfCheck {
        /// The data directory.
        #[arg(long, env = "SUPERPAAS_DATA")]
        data: PathBuf,
    },
    /// Loads sample data into a tenant through the public interface.
    #[command(subcommand)]
    Demo(demo::Demo),
    /// Prints the permission codes of all cells, one a line.
    Permissions,
}

/// Settings of `serve`; each also by environment variable.
#[derive(clap::Args, Clone)]
struct Serve {
    /// The data directory; made when it does not exist.
    #[arg(long, env = "SUPERPAAS_DATA")]
    data: PathBuf,
    /// The address of the front door.
    #[arg(long, env = "SUPERPAAS_LISTEN", default_value = "127.0.0.1:8000")]
    listen: std::net::SocketAddr,
    /// The address for `/metrics`; never the front door.
    #[arg(long, env = "SUPERPAAS_ADMIN_LISTEN", default_value = "127.0.0.1:9100")]
    admin_listen: std::net::SocketAddr,
    /// Seeds an empty data directory with the demo company.
    #[arg(long, env = "SUPERPAAS_DEMO")]
    demo: bool,
    /// Allows `--demo` on an address that others can reach.
    #[arg(long, env = "SUPERPAAS_DEMO_PUBLIC")]
    demo_public: bool,
    /// The file with the master key; `<data>.key` beside the data directory by default. Made when it does not exist.
    #[arg(long, env = "SUPERPAAS_MASTER_KEY_FILE")]
    master_key_file: Option<PathBuf>,
}

impl Serve {
    fn key_file(&self) -> PathBuf {
        self.master_key_file.clone().unwrap_or_else(|| key_beside(&self.data))
    }
}

/// `<data>.key`, outside the directory it protects.
fn key_beside(data: &std::path::Path) -> PathBuf {
    let mut name = data.as_os_str().to_owned();
    name.push(".key");
    PathBuf::from(name)
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let filter = tracing_subscriber::EnvFilter::try_from_env("SUPERPAAS_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("warn"));
    tracing_subscriber::fmt().json().with_env_filter(filter).with_writer(std::io::stderr).init();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&format!("The program cannot start its threads: {error}.")),
    };
    let outcome = match arguments.command {
        Command::Serve(settings) => runtime.block_on(serve::run(settings)),
        Command::SelfCheck { data } => runtime.block_on(check::run(&data)),
        Command::Demo(demo) => runtime.block_on(demo::run(demo)),
        Command::Permissions => {
            for code in cells::all().iter().flat_map(paas_cell::Cell::permissions) {
                println!("{code}");
            }
            Ok(())
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(sentence) => fail(&sentence),
    }
}

/// Tells the person who started the program; that nobody listens any more is no reason to stop.
fn say(line: &str) {
    use std::io::Write as _;
    let _ = writeln!(std::io::stdout(), "{line}");
}

fn fail(sentence: &str) -> ExitCode {
    eprintln!("superpaas: {sentence}");
    ExitCode::FAILURE
}
