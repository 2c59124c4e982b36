//! The gateway from outside: what passes, what is refused, what a cell gets to see.

mod door;
mod faults;
mod framing;
mod sign_in;
mod tls;
mod world;
