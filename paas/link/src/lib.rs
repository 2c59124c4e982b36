//! How to reach a cell: in this process or over the network, with the same signed call either way.

mod link;
mod peers;

pub use link::{Link, LinkError};
pub use peers::{Call, Peers, READ_BYTES, read_body};
