//! Requests written by hand on a socket.

use crate::world::{HANGS, World};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Everything the server answers until it closes.
async fn talk(world: &World, raw: &str) -> String {
    let mut stream = TcpStream::connect(world.address).await.unwrap();
    stream.write_all(raw.as_bytes()).await.unwrap();
    read(&mut stream, usize::MAX).await
}

/// What the server answers until it closes, which is told, or until so many answers began and the last has its body.
async fn read(stream: &mut TcpStream, answers: usize) -> String {
    let mut answer = String::new();
    let mut buffer = [0_u8; 4096];
    while answer.matches("HTTP/1.1").count() < answers || !answer.ends_with('}') {
        match tokio::time::timeout(HANGS, stream.read(&mut buffer)).await.expect("neither answered nor closed") {
            Ok(n) if n > 0 => answer.push_str(&String::from_utf8_lossy(&buffer[..n])),
            _ => return answer + "<closed>",
        }
    }
    answer
}

#[tokio::test]
async fn a_request_with_two_readings_is_refused_and_the_connection_closed() {
    let world = World::new(false).await;
    let smuggled = "GET /health/live HTTP/1.1\r\nHost: a\r\n\r\n";
    for head in [
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
        "Content-Length: 5\r\nContent-Length: 5\r\n",
        "Content-Length: 5\r\nContent-Length: 6\r\n",
        "Content-Length: +5\r\n",
        "Content-Length : 5\r\n",
        "Transfer-Encoding: xchunked\r\n",
        "Transfer-Encoding: chunked, identity\r\n",
        "Transfer-Encoding : chunked\r\n",
        "X: a\r\n Content-Length: 5\r\n",
    ] {
        let raw = format!("POST /api/v1/auth/token HTTP/1.1\r\nHost: a\r\n{head}\r\n0\r\n\r\n{smuggled}");
        let answer = talk(&world, &raw).await;
        assert!(answer.starts_with("HTTP/1.1 400"), "{head:?}: {answer}");
        assert_eq!(answer.matches("HTTP/1.1").count(), 1, "{head:?}: {answer}");
        assert!(answer.ends_with("<closed>"), "{head:?}: {answer}");
    }
}

#[tokio::test]
async fn nothing_is_read_behind_a_chunked_request() {
    let world = World::new(false).await;
    let raw = "POST /api/v1/auth/token HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n\
               GET /health/live HTTP/1.1\r\nHost: a\r\n\r\n";
    let answer = talk(&world, raw).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert_eq!(answer.matches("HTTP/1.1").count(), 1, "{answer}");
    assert!(answer.ends_with("<closed>"));
}

#[tokio::test]
async fn plain_requests_share_a_connection() {
    let world = World::new(false).await;
    let raw = "POST /api/v1/auth/token HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}\
               GET /health/live HTTP/1.1\r\nHost: a\r\n\r\nGET /health/live HTTP/1.1\r\nHost: a\r\n\r\n";
    let mut stream = TcpStream::connect(world.address).await.unwrap();
    stream.write_all(raw.as_bytes()).await.unwrap();
    let answer = read(&mut stream, 3).await;
    assert_eq!(answer.matches("HTTP/1.1 200").count(), 3, "{answer}");
    // It is still open.
    stream.write_all(b"GET /health/live HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    let answer = read(&mut stream, 1).await;
    assert!(answer.starts_with("HTTP/1.1 200") && !answer.ends_with("<closed>"), "{answer}");
    let no_host = talk(&world, "GET /health/live HTTP/1.1\r\n\r\n").await;
    assert!(no_host.starts_with("HTTP/1.1 400"), "{no_host}");
}

#[tokio::test]
async fn stopping_lets_running_requests_end() {
    let world = World::with(false, |config| config.deadline = Duration::from_secs(3)).await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let served = tokio::spawn(paas_gateway::serve(world.gateway.clone(), listener, None, async {
        let _ = stopped.await;
    }));
    let mut idle = TcpStream::connect(address).await.unwrap();
    let mut busy = TcpStream::connect(address).await.unwrap();
    let head = format!(
        "GET /api/v1/toy/slow HTTP/1.1\r\nHost: a\r\nX-Tenant-Id: demo\r\nAuthorization: {}\r\n\r\n",
        world.bearer()
    );
    busy.write_all(head.as_bytes()).await.unwrap();
    world.until("superpaas_in_flight{cell=\"toy\"} 1").await;
    stop.send(()).unwrap();
    let mut answer = String::new();
    busy.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 504"), "{answer}");
    assert_eq!(served.await.unwrap().cut, 0);
    assert_eq!(idle.read(&mut [0_u8; 1]).await.unwrap(), 0);
    assert!(TcpStream::connect(address).await.is_err());
    assert_eq!(world.bare("GET", "/health/ready", &[], "").await.status, 503);
}
