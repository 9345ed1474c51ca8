//! Layered patches, and flat deltas: deltas of librsync's format that are made from both files.

// In the order of the header.
mod bytes;
mod files;
mod streams;

#[cfg(not(unix))]
mod locked;
mod watch;

pub use bytes::apply_bytes;
pub use files::{Peeked, apply_file};

use watch::{Counted, Watch};
