//! Differential upload and download over HTTP: `docs/protocol.md` in Rust.

#[cfg(feature = "client")]
pub mod client;
