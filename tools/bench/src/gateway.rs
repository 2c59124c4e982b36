//! What the gateway itself takes: the same calls through it and past it, to a cell that does nothing.

use crate::Plan;
use crate::client::{Amount, Connection, Door, Work, run};
use crate::table::{Row, Target};
use crate::world::World;
use axum::Router;
use axum::body::Body;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request};
use paas_auth::TokenKey;
use paas_gateway::{Gateway, GatewayConfig};
use paas_link::{Link, Peers};
use std::io::{BufRead as _, BufReader};
use std::net::{IpAddr, Ipv4Addr};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tokio::net::TcpListener;

/// Calls of one measurement in the process.
const CALLS: u32 = 20_000;
/// Calls of one measurement across processes.
const FAR: u64 = 3_000;
const ROOM: usize = 1 << 20;
const PATH: &str = "/api/v1/erp/sales-orders";
/// As long as the body of an order.
const BODY: &str = r#"{"id":"00000000-0000-7000-8000-000000000000","note":"................................................................................................................................................................................................................................................................................................................................................................................................................................................................................................................................................................................................................................................................................................................................................................................................................................................"}"#;

/// A cell that does nothing.
fn idle() -> Router {
    Router::new().fallback(|| async {
        ([(http::header::CONTENT_TYPE, HeaderValue::from_static("application/json"))], r#"{"ok":true}"#)
    })
}

/// Serves the idle cell for another process, until that one ends.
pub fn serve_idle() -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|e| e.to_string())?;
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.map_err(|e| e.to_string())?;
        println!("{}", listener.local_addr().map_err(|e| e.to_string())?.port());
        axum::serve(listener, idle()).await.map_err(|e| e.to_string())
    })
}

/// Both measurements.
pub fn share(world: &World, plan: &Plan) -> Result<Vec<Row>, String> {
    let near = (0..plan.rounds).map(|_| in_process(world)).collect::<Result<Vec<f64>, String>>()?;
    let far = across(world, plan)?;
    Ok(vec![
        Row::new("gateway's own share in the process, CPU", Target::AtMost(5.0), (" µs", 1), near),
        Row::new("gateway's own share across processes, p50", Target::AtMost(0.3), (" ms", 2), far),
    ])
}

fn gateway(world: &World, link: Link) -> Result<Gateway, String> {
    let peers = Peers::new(&world.master);
    peers.connect("platform", world.peers.link("platform").ok_or("no platform")?);
    peers.connect(crate::CELL, link);
    Ok(Gateway::new(GatewayConfig::default(), peers, TokenKey::from_master(&world.master)))
}

fn headers(door: &Door) -> Result<HeaderMap, String> {
    let mut headers = HeaderMap::new();
    for (name, value) in [
        ("host", "127.0.0.1"),
        ("authorization", &*format!("Bearer {}", door.token)),
        ("x-tenant-id", "demo"),
        ("content-type", "application/json"),
        ("content-length", &BODY.len().to_string()),
    ] {
        headers.insert(http::HeaderName::from_static(name), HeaderValue::from_str(value).map_err(|e| e.to_string())?);
    }
    Ok(headers)
}

/// CPU of a call through the gateway less that of the call itself, microseconds.
fn in_process(world: &World) -> Result<f64, String> {
    let link = Link::local(idle());
    let gateway = gateway(world, link.clone())?;
    let headers = headers(&world.door)?;
    let request = |body: &'static str| {
        let mut request = Request::new(Bytes::from_static(body.as_bytes()));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = http::Uri::from_static(PATH);
        request.headers_mut().clone_from(&headers);
        request
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|e| e.to_string())?;
    let client = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let through = async {
        for _ in 0..CALLS {
            let answer = gateway.handle(request(BODY).map(Body::from), client).await;
            let status = answer.status();
            let body = axum::body::to_bytes(answer.into_body(), ROOM).await.map_err(|e| e.to_string())?;
            if !status.is_success() {
                return Err(format!("through the gateway: {status} {}", String::from_utf8_lossy(&body)));
            }
        }
        Ok(())
    };
    let past = async {
        for _ in 0..CALLS {
            let answer = link.call(request(BODY), Duration::from_secs(10)).await.map_err(|e| e.to_string())?;
            axum::body::to_bytes(answer.into_body(), ROOM).await.map_err(|e| e.to_string())?;
        }
        Ok::<_, String>(())
    };
    let cpu = crate::usage::this_thread;
    let begun = cpu();
    runtime.block_on(through)?;
    let between = cpu();
    runtime.block_on(past)?;
    let (through, past) = (between - begun, cpu() - between);
    Ok((through as f64 - past as f64) / 1000.0 / f64::from(CALLS))
}

/// A call that does nothing.
struct Nothing;

impl Work for Nothing {
    async fn once(&self, connection: &mut Connection, _: u64) -> Result<(), String> {
        connection.call("GET", "erp/sales-orders", "", 200).await.map(|_| ())
    }
}

/// Half of the calls through the gateway to a cell in another process, less half of the calls past it, milliseconds.
fn across(world: &World, plan: &Plan) -> Result<Vec<f64>, String> {
    let program = std::env::current_exe().map_err(|e| e.to_string())?;
    let child = Command::new(program).arg("--idle-cell").stdout(Stdio::piped()).spawn().map_err(|e| e.to_string())?;
    let mut child = Ended(child);
    let mut line = String::new();
    if let Some(out) = child.0.stdout.take() {
        BufReader::new(out).read_line(&mut line).map_err(|e| e.to_string())?;
    }
    let port: u16 = line.trim().parse().map_err(|_| "the idle cell did not say where it is")?;
    let link = Link::remote(&format!("http://127.0.0.1:{port}")).map_err(|e| e.to_string())?;
    let gateway = gateway(world, link)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(|e| e.to_string())?;
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).map_err(|e| e.to_string())?;
    let own = listener.local_addr().map_err(|e| e.to_string())?.port();
    runtime.spawn(async move {
        paas_gateway::serve(gateway, listener, None, std::future::pending()).await;
    });
    let mut out = Vec::new();
    for round in 0..plan.rounds {
        let p50 = |port, label: &str| {
            let door = Door { port, ..world.door.clone() };
            run(&door, Nothing, 1, Amount::Units(FAR), &format!("{label}-{round}")).map(|done| done.p50_ms)
        };
        let (through, past) = (p50(own, "far-through")?, p50(port, "far-past")?);
        out.push(through - past);
    }
    runtime.shutdown_background();
    Ok(out)
}

/// A process that does not outlive its use.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
