//! The front door: who are you, which tenant, may you, how often — and then the cell decides. Knows nothing of what is
//! behind a path; serves the page and the interface description.

mod breaker;
mod callers;
mod config;
mod forward;
mod framing;
mod gateway;
mod health;
mod limits;
mod metrics;
mod openapi;
mod pages;
mod patience;
mod reply;
mod request;
mod serve;
mod sign_in;
mod tls;

pub use config::{Asset, GatewayConfig};
pub use gateway::Gateway;
pub use openapi::describe;
pub use serve::{Served, serve};
pub use tls::{Tls, TlsError};
