//! One client that wants all of the door.

use crate::world::{HANGS, World};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};

const LIVE: &[u8] = b"GET /health/live HTTP/1.1\r\nHost: a\r\n\r\n";

/// Asks once on a connection; whether there was an answer.
async fn answers(stream: &mut TcpStream) -> bool {
    let mut buffer = [0_u8; 1024];
    if stream.write_all(LIVE).await.is_err() {
        return false;
    }
    let read = tokio::time::timeout(HANGS, stream.read(&mut buffer)).await.expect("neither answered nor closed");
    matches!(read, Ok(n) if buffer[..n].starts_with(b"HTTP/1.1 200"))
}

async fn from(address: &str, world: &World) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(format!("{address}:0").parse().unwrap()).unwrap();
    socket.connect(world.address).await.unwrap()
}

/// The attack: one address opens connections without end.
#[tokio::test]
async fn one_network_does_not_fill_the_door() {
    let world = World::with(false, |config| (config.connections, config.connections_per_network) = (8, 4)).await;
    let mut kept = Vec::new();
    for number in 0..20 {
        let mut stream = from("127.0.0.1", &world).await;
        assert_eq!(answers(&mut stream).await, number < 4, "connection {number}");
        kept.push(stream);
    }
    assert!(answers(&mut from("127.0.0.2", &world).await).await, "another network comes in");
    // Who leaves makes room.
    drop(kept);
    let back = async {
        while !answers(&mut from("127.0.0.1", &world).await).await {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(HANGS, back).await.unwrap();
}

/// The attack: a client asks and never reads, so that its answers and its place are kept for ever.
#[tokio::test]
async fn who_does_not_read_is_cut() {
    let world = World::with(false, |config| config.write_patience = Duration::from_millis(200)).await;
    let mut stream = TcpStream::connect(world.address).await.unwrap();
    let asks = LIVE.repeat(1_000);
    let cut = async {
        // As much as the machine keeps for the two sides, then the door reads no more; then it closes.
        while stream.write_all(&asks).await.is_ok() {}
    };
    tokio::time::timeout(HANGS, cut).await.expect("the connection is still there");
    assert!(answers(&mut TcpStream::connect(world.address).await.unwrap()).await);
}

/// The memory of this process, KB.
fn memory_kb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").trim().parse().unwrap()
}

/// The attack: ever new cells, paths, parameters, tenants, tokens and request ids.
#[tokio::test]
async fn nothing_that_is_made_up_is_kept() {
    let world = World::new(false).await;
    for path in ["/api/v1/toy/gadgets", "/api/v1/toy/openapi.json", "/nowhere"] {
        world.call("GET", path, &[]).await;
    }
    let numbers = || world.gateway.metrics_text().lines().count();
    let (lines, mut before) = (numbers(), 0);
    for n in 0..6_000 {
        let id = format!("made-up-{n}");
        let token = format!("Bearer {id}.{id}.{id}");
        for path in [format!("/api/v1/{id}/gadgets"), format!("/api/v1/{id}/openapi.json"), format!("/{id}?{id}={n}")] {
            let headers =
                [("authorization", token.as_str()), ("x-tenant-id", id.as_str()), ("x-request-id", id.as_str())];
            world.bare("GET", &path, &headers, "").await;
        }
        let path = format!("/api/v1/toy/{id}?{id}={n}");
        assert_eq!(world.call("GET", &path, &[("x-request-id", id.as_str())]).await.status, 404);
        if n == 2_000 {
            before = memory_kb();
        }
    }
    assert_eq!(numbers(), lines, "the operator's numbers have made-up names");
    let grown = memory_kb().saturating_sub(before);
    assert!(grown < 16_000, "sixteen thousand requests took {grown} KB for good");
}
