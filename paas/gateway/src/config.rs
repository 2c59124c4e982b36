//! What can be set.

use paas_types::Clock;
use std::time::Duration;

/// A file of the page, embedded in the program.
#[derive(Clone, Copy, Debug)]
pub struct Asset {
    /// Path, with or without a leading slash, e.g. `index.html`.
    pub path: &'static str,
    /// Media type.
    pub mime: &'static str,
    /// Content.
    pub body: &'static [u8],
    /// Content compressed with gzip.
    pub gzip: Option<&'static [u8]>,
    /// Content compressed with brotli.
    pub brotli: Option<&'static [u8]>,
    /// Whether the path changes with the content, so that browsers may keep it for ever.
    pub immutable: bool,
}

/// Settings of the gateway. `GatewayConfig::default()` is fit for use.
#[derive(Clone, Debug)]
pub struct GatewayConfig {
    /// The page.
    pub assets: Vec<Asset>,
    /// The text in HTML files that stands for the nonce of the content security policy.
    pub nonce_placeholder: &'static str,
    /// Version shown at `/health`.
    pub version: &'static str,
    /// Whether clients speak HTTPS to us: `Secure` cookies and HSTS.
    pub https: bool,
    /// Largest body of a request, bytes.
    pub body_bytes: usize,
    /// Largest body of an import or batch, bytes.
    pub large_body_bytes: usize,
    /// Largest head of a request, bytes.
    pub head_bytes: usize,
    /// How long a cell may take to answer.
    pub deadline: Duration,
    /// How long a client may take to send its body.
    pub body_patience: Duration,
    /// Calls in flight per cell; writes get three quarters of it.
    pub in_flight: usize,
    /// How long an open circuit stays open before one call may try.
    pub circuit_open: Duration,
    /// Connections at a time.
    pub connections: usize,
    /// Connections at a time from one network (an address, or the /64 of an IPv6 one); beyond, they are closed at once.
    pub connections_per_network: usize,
    /// How long a client may take nothing of an answer before the connection is cut.
    pub write_patience: Duration,
    /// How long running requests may take after the order to stop.
    pub drain: Duration,
    /// Where the time comes from.
    pub clock: Clock,
}

impl Default for GatewayConfig {
    fn default() -> GatewayConfig {
        GatewayConfig {
            assets: Vec::new(),
            nonce_placeholder: "__CSP_NONCE__",
            version: env!("CARGO_PKG_VERSION"),
            https: false,
            body_bytes: 1024 * 1024,
            large_body_bytes: 10 * 1024 * 1024,
            head_bytes: 16 * 1024,
            deadline: Duration::from_secs(30),
            body_patience: Duration::from_secs(30),
            in_flight: 1024,
            circuit_open: Duration::from_secs(5),
            connections: 4096,
            connections_per_network: 512,
            write_patience: Duration::from_secs(30),
            drain: Duration::from_secs(30),
            clock: Clock::system(),
        }
    }
}
