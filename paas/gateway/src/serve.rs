//! Connections: accepting them, watching their framing, and letting them end in peace.

use crate::framing::{Marks, Screen};
use crate::patience::Tolerant;
use crate::sign_in::network_of;
use crate::{Gateway, Tls};
use axum::body::Body;
use http::header::CONNECTION;
use http::{HeaderValue, Request};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::collections::HashMap;
use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};

const HEAD_TIMEOUT: Duration = Duration::from_secs(30);
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// The parser's own limit, bytes; a head between the configured limit and this one gets an envelope.
const PARSER_BYTES: usize = 64 * 1024;

/// How serving ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Served {
    /// Connections that were still busy when the time to drain was over, and were cut.
    pub cut: usize,
}

/// Serves until `stop` is done, then lets running requests end (at most the configured time).
pub async fn serve(
    gateway: Gateway,
    listener: TcpListener,
    tls: Option<Tls>,
    stop: impl Future<Output = ()> + Send,
) -> Served {
    let (stopping, stopped) = watch::channel(false);
    let probing = tokio::spawn(gateway.clone().keep_probing());
    let room = Arc::new(Semaphore::new(gateway.0.config.connections));
    let alive = Arc::new(AtomicUsize::new(0));
    let crowd = Crowd::new(gateway.0.config.connections_per_network);
    tokio::pin!(stop);
    loop {
        let next = async {
            let place = Arc::clone(&room).acquire_owned().await;
            (place, listener.accept().await)
        };
        let (place, accepted) = tokio::select! {
            () = &mut stop => break,
            next = next => next,
        };
        let (Ok(place), Ok((stream, address))) = (place, accepted) else {
            // Out of descriptors, say: others will close.
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        // Closed without a word: an answer would cost what the limit is to spare.
        let Some(seat) = crowd.enter(address.ip()) else { continue };
        let _ = stream.set_nodelay(true);
        let (gateway, tls, stopped) = (gateway.clone(), tls.clone(), stopped.clone());
        let counted = Counted::new(&alive);
        tokio::spawn(async move {
            let _kept = (place, counted, seat);
            let client = address.ip();
            match tls {
                None => connection(gateway, stream, client, stopped).await,
                Some(tls) => {
                    if let Ok(Ok(stream)) = tokio::time::timeout(HANDSHAKE_TIMEOUT, tls.0.accept(stream)).await {
                        connection(gateway, stream, client, stopped).await;
                    }
                }
            }
        });
    }
    drop(listener);
    gateway.0.stopping.store(true, Ordering::Release);
    let _ = stopping.send(true);
    let drained = async {
        while alive.load(Ordering::Acquire) > 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let _ = tokio::time::timeout(gateway.0.config.drain, drained).await;
    probing.abort();
    Served { cut: alive.load(Ordering::Acquire) }
}

/// Counts a connection until it is dropped.
struct Counted(Arc<AtomicUsize>);

impl Counted {
    fn new(alive: &Arc<AtomicUsize>) -> Counted {
        alive.fetch_add(1, Ordering::AcqRel);
        Counted(Arc::clone(alive))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

/// Who is connected from where.
struct Crowd {
    most: usize,
    /// Connections by network; only networks that have some.
    networks: Mutex<HashMap<String, usize>>,
}

/// A connection of a network, counted until it is dropped.
struct Seat {
    crowd: Arc<Crowd>,
    network: String,
}

impl Crowd {
    fn new(most: usize) -> Arc<Crowd> {
        Arc::new(Crowd { most, networks: Mutex::default() })
    }

    /// `None` when the network has as many connections as it may.
    fn enter(self: &Arc<Crowd>, client: IpAddr) -> Option<Seat> {
        let network = network_of(client);
        let mut networks = self.networks.lock().unwrap_or_else(PoisonError::into_inner);
        if networks.get(&network).is_some_and(|count| *count >= self.most) {
            return None;
        }
        *networks.entry(network.clone()).or_insert(0) += 1;
        Some(Seat { crowd: Arc::clone(self), network })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut networks = self.crowd.networks.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = networks.get_mut(&self.network) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                networks.remove(&self.network);
            }
        }
    }
}

async fn connection<S>(gateway: Gateway, stream: S, client: IpAddr, mut stopped: watch::Receiver<bool>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (screen, marks) = Screen::new(Tolerant::new(stream, gateway.0.config.write_patience));
    let service = service_fn(move |request: Request<Incoming>| {
        let (gateway, marks) = (gateway.clone(), marks.clone());
        async move { Ok::<_, Infallible>(answer(&gateway, &marks, request.map(Body::new), client).await) }
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .max_buf_size(PARSER_BYTES)
        .half_close(true)
        .serve_connection(TokioIo::new(screen), service);
    tokio::pin!(served);
    let told = async {
        let _ = stopped.wait_for(|stop| *stop).await;
    };
    let ended: Result<(), hyper::Error> = tokio::select! {
        ended = served.as_mut() => ended,
        () = told => {
            served.as_mut().graceful_shutdown();
            served.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection ended badly");
    }
}

/// One answer on a connection. A connection with ambiguous framing answers 400 and closes; one that carried a chunked
/// request closes behind its answer.
async fn answer(gateway: &Gateway, marks: &Marks, request: Request<Body>, client: IpAddr) -> http::Response<Body> {
    if marks.is_ambiguous() {
        return gateway.refuse_framing(request, client);
    }
    let mut response = gateway.handle(request, client).await;
    if marks.is_last() {
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    response
}
