//! Differential upload over HTTP: a server that gives out signatures and takes deltas, and its client.
//!
//! `docs/protocol.md` describes what goes over the wire; [`protocol`] has the names in it.

#[cfg(feature = "client")]
pub mod client;
pub mod protocol;
#[cfg(feature = "server")]
pub mod server;
#[cfg(feature = "server")]
pub mod storage;
