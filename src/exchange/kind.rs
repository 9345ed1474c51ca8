//! Which of the two families a signature belongs to.

use crate::format::{Message, be_uint};
use crate::options::SignatureKind;

/// The format of a signature, told by its magic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SignatureFormat {
    /// One of librsync's, for [`Signature`](crate::Signature).
    Librsync(SignatureKind),
    /// A layered one, for [`ChunkSignature`](super::ChunkSignature).
    Layered,
}

impl SignatureFormat {
    /// Returns the format of a signature that starts with these bytes, of which four are enough; None
    /// if it is no signature.
    pub fn of(start: &[u8]) -> Option<Self> {
        let magic = start.first_chunk::<4>()?;
        if *magic == Message::Signature.magic() {
            return Some(SignatureFormat::Layered);
        }
        SignatureKind::from_magic(be_uint(magic) as u32).map(SignatureFormat::Librsync)
    }
}
