//! A cell as a process of its own, and what every process of ours does: takes its data directory, its address and its
//! signals, or says in one sentence why it cannot.

use crate::cell::Cell;
use crate::database::Database;
use crate::dispatch::{Dispatcher, Pace};
use crate::http::router;
use crate::service::Service;
use crate::watchdog::{Watchdog, close, end};
use clap::{Parser, Subcommand};
use paas_auth::MasterKey;
use paas_link::{Link, Peers};
use paas_store::Store;
use paas_types::Clock;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;

/// How long running calls may take after the order to stop.
const DRAIN: Duration = Duration::from_secs(30);

/// A cell as a process of its own.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Serves the cell to the gateway and to other cells.
    Serve(Serve),
}

/// Settings of `serve`; each also by environment variable.
#[derive(clap::Args)]
struct Serve {
    /// The data directory; made when it does not exist.
    #[arg(long, env = "SUPERPAAS_DATA")]
    data: PathBuf,
    /// The address the gateway and other cells reach.
    #[arg(long, env = "SUPERPAAS_LISTEN")]
    listen: SocketAddr,
    /// Where the platform cell is reached, as `http://host:port`.
    #[arg(long, env = "SUPERPAAS_PLATFORM_URL")]
    platform_url: String,
    /// Another cell that this one hears, as `name=http://host:port`; may be given several times.
    #[arg(long = "cell", value_name = "NAME=URL", value_parser = cell_at)]
    cells: Vec<(String, Link)>,
    /// The file with the master key of the installation.
    #[arg(long, env = "SUPERPAAS_MASTER_KEY_FILE")]
    master_key_file: PathBuf,
    #[command(flatten)]
    database: Database,
    /// After how many seconds in which a rule that never ends holds the cell the process ends, so that its supervisor starts it again; 0: never.
    #[arg(long, env = "SUPERPAAS_END_WHEN_STUCK", value_name = "SECONDS", default_value_t = 60)]
    end_when_stuck: u64,
}

/// Runs a cell as the program: reads the command line, serves until Ctrl-C or SIGTERM, drains.
pub fn process(cell: Cell) -> ExitCode {
    let Command::Serve(settings) = Arguments::parse().command;
    log_to_stderr();
    let name = cell.name();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let outcome = match runtime {
        Ok(runtime) => {
            let outcome = runtime.block_on(serve(cell, settings));
            end(runtime, outcome)
        }
        Err(error) => Err(format!("The program cannot start its threads: {error}.")),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(sentence) => {
            let _ = writeln!(std::io::stderr(), "{name}: {sentence}");
            ExitCode::FAILURE
        }
    }
}

async fn serve(cell: Cell, settings: Serve) -> Result<(), String> {
    let name = cell.name();
    let _held = take_directory(&settings.data)?;
    let listener = bind("--listen", settings.listen).await?;
    let master = MasterKey::load(&settings.master_key_file).map_err(|e| e.to_string())?;
    let master = master.ok_or_else(|| format!("The master key {} is missing.", settings.master_key_file.display()))?;
    let peers = Peers::new(&master);
    let platform = Link::remote(&settings.platform_url).map_err(|e| format!("--platform-url is {e}."))?;
    for (other, link) in settings.cells.into_iter().chain([("platform".to_owned(), platform)]) {
        peers.connect(&other, link);
    }
    let target = settings.database.target(&settings.data);
    let store = Store::open(&target, cell.schema(), Arc::new(master.clone()), Clock::system());
    let service = Service::new(cell, store.map_err(|e| e.to_string())?, peers.clone(), &master, Clock::system());
    peers.connect(name, Link::local(router(Arc::clone(&service))));
    let dispatcher = Dispatcher::start(std::slice::from_ref(&service), Pace::default());

    let mut watchdog = Watchdog::watch(std::slice::from_ref(&service), settings.end_when_stuck)?;
    let stop = stop()?;
    let address = listener.local_addr().map_err(|e| format!("The address {} cannot be used: {e}.", settings.listen))?;
    let _ = writeln!(std::io::stdout(), "The cell {name} is ready at http://{address}");
    let ended = serve_cell(listener, Arc::clone(&service), watchdog.or_given_up(stop)).await;
    dispatcher.stop().await;
    close(vec![service]).await;
    watchdog.outcome(ended)
}

/// Serves a cell to the gateway and to other processes until `stop` is done, then lets running calls end.
pub async fn serve_cell(
    listener: TcpListener,
    service: Arc<Service>,
    stop: impl Future<Output = ()> + Send,
) -> Result<(), String> {
    let (drain, stopping) = tokio::sync::oneshot::channel::<()>();
    let server = axum::serve(listener, router(service)).with_graceful_shutdown(async move {
        let _ = stopping.await;
    });
    let mut server = tokio::spawn(server.into_future());
    tokio::select! {
        () = stop => {}
        ended = &mut server => return Err(format!("The server ended: {ended:?}.")),
    }
    let _ = drain.send(());
    let _ = tokio::time::timeout(DRAIN, server).await;
    Ok(())
}

/// Logs as JSON lines to stderr; `SUPERPAAS_LOG` says how much.
pub fn log_to_stderr() {
    let filter = tracing_subscriber::EnvFilter::try_from_env("SUPERPAAS_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("warn"));
    tracing_subscriber::fmt().json().with_env_filter(filter).with_writer(std::io::stderr).init();
}

/// A cell elsewhere, from `name=http://host:port`.
pub fn cell_at(text: &str) -> Result<(String, Link), String> {
    let (name, url) = text.split_once('=').ok_or("it is not of the form name=http://host:port")?;
    let link = Link::remote(url).map_err(|e| e.to_string())?;
    Ok((name.to_owned(), link))
}

/// Makes a data directory, checks that it can be written, and holds it for this process: two programs on one directory
/// would not know of each other's changes. The lock is a file beside the directory and goes with the process, however
/// it ends.
pub fn take_directory(data: &Path) -> Result<std::fs::File, String> {
    let unusable =
        |what: &str, e: std::io::Error| format!("The data directory {} cannot be {what}: {e}.", data.display());
    std::fs::create_dir_all(data).map_err(|e| unusable("made", e))?;
    let probe = data.join(".writable");
    std::fs::write(&probe, b"").and_then(|()| std::fs::remove_file(&probe)).map_err(|e| unusable("written", e))?;
    let mut name = data.as_os_str().to_owned();
    name.push(".lock");
    let lock = Path::new(&name);
    let file =
        std::fs::File::create(lock).map_err(|e| format!("The lock file {} cannot be made: {e}.", lock.display()))?;
    file.try_lock().map_err(|_| format!("The data directory {} is in use by another superpaas.", data.display()))?;
    Ok(file)
}

/// Takes the address of a setting.
pub async fn bind(setting: &str, address: SocketAddr) -> Result<TcpListener, String> {
    let bound = TcpListener::bind(address).await;
    bound.map_err(|e| format!("The address {address} of {setting} cannot be used: {e}."))
}

/// Ends at Ctrl-C or SIGTERM; from the moment this returns, neither ends the program before it has drained.
pub fn stop() -> Result<impl Future<Output = ()>, String> {
    use tokio::signal::unix::{SignalKind, signal};
    let listen = |kind| signal(kind).map_err(|e| format!("The program cannot listen for signals: {e}."));
    let (mut interrupt, mut terminate) = (listen(SignalKind::interrupt())?, listen(SignalKind::terminate())?);
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}
