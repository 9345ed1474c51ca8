//! Byte layouts, and nothing else: what `docs/formats.md` specifies.
//!
//! Integers are big-endian, but in the layered patch and in exchanges.

#[cfg(feature = "layered")]
pub(crate) mod chunks;
pub(crate) mod delta;
#[cfg(feature = "layered")]
pub(crate) mod fine;
#[cfg(feature = "layered")]
pub(crate) mod layered;
#[cfg(feature = "layered")]
pub(crate) mod message;
#[cfg(feature = "layered")]
mod rice;
pub(crate) mod signature;
pub(crate) mod sniff;
pub(crate) mod trailer;
#[cfg(feature = "layered")]
pub(crate) mod varint;

pub use delta::Command;
#[cfg(feature = "layered")]
pub use layered::{LAYERED_MAGIC, PatchHeader};
#[cfg(feature = "layered")]
pub use message::Message;
pub use sniff::likeness;
pub use trailer::Trailer;

/// Magic number that starts a delta.
pub const DELTA_MAGIC: u32 = 0x7273_0236;

/// Reads a big-endian unsigned number of up to 8 bytes.
pub(crate) fn be_uint(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |value, &byte| value << 8 | u64::from(byte))
}
