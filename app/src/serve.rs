//! `superpaas serve`: opens the stores, connects the cells, seeds, listens, drains.

use crate::{Serve, cells, key, say};
use paas_auth::{MasterKey, TokenKey};
use paas_cell::{Dispatcher, Pace, Service, Watchdog, bind, close, router, stop, take_directory};
use paas_gateway::{Asset, Gateway, GatewayConfig, Tls};
use paas_link::{Link, Peers};
use paas_store::Store;
use paas_types::Clock;
use std::sync::Arc;
use tokio::net::TcpListener;

/// Runs until Ctrl-C or SIGTERM; the error is one sentence for the person who started it.
pub(crate) async fn run(settings: Serve) -> Result<(), String> {
    if settings.demo && !settings.listen.ip().is_loopback() && !settings.demo_public {
        return Err(
            "The demo has well-known passwords and is not served on a public address without --demo-public.".to_owned()
        );
    }
    let tls = tls(&settings)?;
    let _held = take_directory(&settings.data)?;
    let listener = bind("--listen", settings.listen).await?;
    let admin = bind("--admin-listen", settings.admin_listen).await?;
    let inside = match settings.platform_listen {
        Some(address) => Some(bind("--platform-listen", address).await?),
        None => None,
    };
    let fresh = crate::seed::is_unfinished(&settings.data)?;
    // The databases of a server are not made without their key.
    let master = key::of_data(&settings.key_file(), &settings.data, fresh && settings.database.is_files())?;
    let peers = Peers::new(&master);
    let services = open_cells(&settings, &peers, &master).await?;
    let platform = services.first().ok_or_else(|| "There is no platform cell.".to_owned())?;
    // Cells elsewhere ask the platform while they are seeded.
    let (closing, closed) = tokio::sync::oneshot::channel::<()>();
    let inside = inside.map(|listener| {
        let closed = async move {
            let _ = closed.await;
        };
        tokio::spawn(paas_cell::serve_cell(listener, Arc::clone(platform), closed))
    });
    // A server's databases may have been seeded from another directory.
    let tenants = platform.store().tenants().await.map_err(|e| e.to_string())?;
    let fresh = fresh && (tenants.is_empty() || settings.data.join("system-password").exists());
    crate::seed::run(platform, &settings, fresh).await?;
    let dispatcher = Dispatcher::start(&services, Pace::default());
    let completing = tokio::spawn(complete_tenants(Arc::clone(platform)));

    let config = GatewayConfig {
        assets: superpaas_web::assets().iter().map(asset).collect(),
        nonce_placeholder: superpaas_web::NONCE_PLACEHOLDER,
        https: tls.is_some(),
        ..GatewayConfig::default()
    };
    let gateway = Gateway::new(config, peers, TokenKey::from_master(&master));
    let metrics = tokio::spawn(metrics(admin, gateway.clone()));
    let mut watchdog = Watchdog::watch(&services, settings.end_when_stuck)?;
    let stop = stop()?;
    let address = listener.local_addr().map_err(|e| format!("The address {} cannot be used: {e}.", settings.listen))?;
    say(&format!("Super PaaS is ready at {}://{address}", if tls.is_some() { "https" } else { "http" }));
    if settings.demo {
        say(
            "demo sign-in: tenant demo, users admin sales buyer keeper accountant manager auditor, password Demo@12345",
        );
    }
    say(&format!(
        "operator sign-in: tenant system, user admin, first password in {}/system-password",
        settings.data.display()
    ));
    paas_gateway::serve(gateway, listener, tls, watchdog.or_given_up(stop)).await;
    metrics.abort();
    completing.abort();
    dispatcher.stop().await;
    let _ = closing.send(());
    if let Some(inside) = inside {
        let _ = inside.await;
    }
    close(services).await;
    watchdog.outcome(Ok(()))
}

/// The cells of this process, connected, and the ways to the others.
async fn open_cells(settings: &Serve, peers: &Peers, master: &MasterKey) -> Result<Vec<Arc<Service>>, String> {
    let mut services = Vec::new();
    for (name, link) in &settings.cells {
        if name == "platform" {
            return Err("The platform cell runs in this process and cannot be elsewhere.".to_owned());
        }
        peers.connect(name, link.clone());
    }
    for cell in cells::all() {
        let name = cell.name();
        if peers.has(name) {
            continue;
        }
        let target = settings.database.target(&settings.data);
        let store = Store::open(&target, cell.schema(), Arc::new(master.clone()), Clock::system());
        let store = store.map_err(|e| e.to_string())?;
        key::fits(&store, &settings.key_file()).await?;
        let service = Service::new(cell, store, peers.clone(), master, Clock::system());
        peers.connect(name, Link::local(router(Arc::clone(&service))));
        services.push(service);
    }
    Ok(services)
}

/// Completes tenants whose provisioning an earlier run did not end, as soon as their cells answer.
async fn complete_tenants(platform: Arc<Service>) {
    while let Err(refusal) = paas_platform::complete_unfinished(&platform).await {
        tracing::warn!(cause = refusal.cause(), "a tenant cannot be completed yet");
        tokio::time::sleep(std::time::Duration::from_secs(5)).await;
    }
}

fn asset(asset: &superpaas_web::Asset) -> Asset {
    let superpaas_web::Asset { path, mime, body, gzip, brotli, immutable } = *asset;
    Asset { path, mime, body, gzip, brotli, immutable }
}

/// What HTTPS needs, when it is wanted.
fn tls(settings: &Serve) -> Result<Option<Tls>, String> {
    match (&settings.tls_cert, &settings.tls_key) {
        (None, None) => Ok(None),
        (Some(certificate), Some(key)) => Tls::from_files(certificate, key).map(Some).map_err(|e| e.to_string()),
        _ => Err("HTTPS needs both --tls-cert and --tls-key.".to_owned()),
    }
}

/// Prometheus text on the admin address.
async fn metrics(listener: TcpListener, gateway: Gateway) {
    let _ = paas_cell::serve_text(listener, "/metrics", move || gateway.metrics_text()).await;
}
