//! Byte layouts, and nothing else: what `docs/formats.md` specifies.
//!
//! All integers are big-endian.

pub(crate) mod delta;
pub(crate) mod signature;
pub(crate) mod sniff;
pub(crate) mod trailer;

pub use delta::Command;
pub use sniff::likeness;
pub use trailer::Trailer;

/// Magic number that starts a delta.
pub const DELTA_MAGIC: u32 = 0x7273_0236;

/// Reads a big-endian unsigned number of up to 8 bytes.
pub(crate) fn be_uint(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |value, &byte| value << 8 | u64::from(byte))
}
