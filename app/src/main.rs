//! Everything in one program: the gateway, the platform and the cells.

mod check;
mod demo;
mod key;
mod migrate;
mod seed;
mod serve;
mod settings;

use clap::builder::BoolishValueParser;
use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};
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
    ///
    /// A setting of the command line weighs more than one of the environment, that more than one of the settings file,
    /// and that more than the default.
    Serve(Serve),
    /// Proves that balances equal their entries and that the audit chain is whole.
    SelfCheck {
        /// The data directory.
        #[arg(long, env = "SUPERPAAS_DATA")]
        data: PathBuf,
        /// The file with the master key; `<data>.key` beside the data directory by default.
        #[arg(long, env = "SUPERPAAS_MASTER_KEY_FILE")]
        master_key_file: Option<PathBuf>,
        #[command(flatten)]
        database: paas_cell::Database,
        /// A file with what `GET /api/v1/platform/audit-log/checkpoint` answered earlier: nothing before it was cut.
        #[arg(long)]
        checkpoint: Option<PathBuf>,
    },
    /// Makes the PostgreSQL databases of all cells with their roles, or brings them to what this program declares.
    Migrate(migrate::Migrate),
    /// Loads sample data into a tenant through the public interface.
    #[command(subcommand)]
    Demo(demo::Demo),
    /// Prints the interface of all cells as one OpenAPI 3.1 document.
    Openapi,
    /// Prints the permission codes of all cells, one a line.
    Permissions,
}

/// Settings of `serve`; each also by environment variable and in the settings file.
#[derive(clap::Args, Clone)]
struct Serve {
    /// A settings file (TOML): a line like `listen = "127.0.0.1:8000"` for each option below, named as here without dashes before it.
    #[arg(long, env = "SUPERPAAS_CONFIG")]
    config: Option<PathBuf>,
    /// The data directory; made when it does not exist.
    #[arg(long, env = "SUPERPAAS_DATA")]
    data: PathBuf,
    /// The address of the front door.
    #[arg(long, env = "SUPERPAAS_LISTEN", default_value = "127.0.0.1:8000")]
    listen: std::net::SocketAddr,
    /// The address for `/metrics`; never the front door.
    #[arg(long, env = "SUPERPAAS_ADMIN_LISTEN", default_value = "127.0.0.1:9100")]
    admin_listen: std::net::SocketAddr,
    /// The certificate chain (PEM) for HTTPS; together with the key.
    #[arg(long, env = "SUPERPAAS_TLS_CERT")]
    tls_cert: Option<PathBuf>,
    /// The private key (PEM) of the certificate.
    #[arg(long, env = "SUPERPAAS_TLS_KEY")]
    tls_key: Option<PathBuf>,
    /// Seeds an empty data directory with the demo company.
    #[arg(long, env = "SUPERPAAS_DEMO", value_parser = BoolishValueParser::new())]
    demo: bool,
    /// Allows `--demo` on an address that others can reach.
    #[arg(long, env = "SUPERPAAS_DEMO_PUBLIC", value_parser = BoolishValueParser::new())]
    demo_public: bool,
    /// The file with the master key; `<data>.key` beside the data directory by default. Made when it does not exist.
    #[arg(long, env = "SUPERPAAS_MASTER_KEY_FILE")]
    master_key_file: Option<PathBuf>,
    #[command(flatten)]
    database: paas_cell::Database,
    /// A cell that runs as a process of its own, as `name=http://host:port`; may be given several times.
    #[arg(long = "cell", value_name = "NAME=URL", value_parser = paas_cell::cell_at)]
    cells: Vec<(String, paas_link::Link)>,
    /// The address where such cells reach the platform cell; only signed calls are answered there.
    #[arg(long, env = "SUPERPAAS_PLATFORM_LISTEN")]
    platform_listen: Option<std::net::SocketAddr>,
    /// After how many seconds in which a rule that never ends holds a cell the process ends, so that its supervisor starts it again; 0: never.
    #[arg(long, env = "SUPERPAAS_END_WHEN_STUCK", value_name = "SECONDS", default_value_t = 60)]
    end_when_stuck: u64,
}

impl Serve {
    fn key_file(&self) -> PathBuf {
        self.master_key_file.clone().unwrap_or_else(|| key::beside(&self.data))
    }
}

fn main() -> ExitCode {
    let read = settings::read(Arguments::command());
    let arguments = match read.and_then(|m| Arguments::from_arg_matches(&m).map_err(|e| e.to_string())) {
        Ok(arguments) => arguments,
        Err(sentence) => return fail(&sentence),
    };
    paas_cell::log_to_stderr();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&format!("The program cannot start its threads: {error}.")),
    };
    let outcome = match arguments.command {
        Command::Serve(settings) => runtime.block_on(serve::run(settings)),
        Command::SelfCheck { data, master_key_file, database, checkpoint } => {
            let key_file = master_key_file.unwrap_or_else(|| key::beside(&data));
            runtime.block_on(check::run(&data, &key_file, &database, checkpoint.as_deref()))
        }
        Command::Migrate(settings) => migrate::run(&settings),
        Command::Demo(demo) => runtime.block_on(demo::run(demo)),
        Command::Openapi => {
            let parts: Vec<_> = cells::all().iter().map(|cell| (cell.name(), cell.contract().openapi)).collect();
            say(&format!("{:#}", paas_gateway::describe(parts.iter().map(|(cell, part)| (*cell, part)))));
            Ok(())
        }
        Command::Permissions => {
            cells::all().iter().flat_map(paas_cell::Cell::permissions).for_each(|code| say(&code));
            Ok(())
        }
    };
    match paas_cell::end(runtime, outcome) {
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
