//! Signature header: magic, block length, strong length, four bytes each.

use crate::error::{Error, Part, Result};
use crate::format::{be_uint, likeness};
use crate::options::{MAX_BLOCK_LEN, SignatureKind, SignatureParams};
use crate::strong::MAX_STRONG_LEN;

pub(crate) const HEADER_LEN: usize = 12;

pub(crate) fn encode_header(params: &SignatureParams) -> [u8; HEADER_LEN] {
    let mut header = [0; HEADER_LEN];
    header[..4].copy_from_slice(&params.kind().magic().to_be_bytes());
    header[4..8].copy_from_slice(&params.block_len().to_be_bytes());
    header[8..].copy_from_slice(&u32::from(params.strong_len()).to_be_bytes());
    header
}

/// How a signature header is judged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Strictness {
    /// As this crate specifies the format: the magic is judged first; magic 0, strong length 0 and
    /// stray bytes at the end are refused.
    #[default]
    Strict,
    /// As librsync reads: lengths are judged before the magic, magic 0 means RabinKarp and
    /// BLAKE2b, strong length 0 the whole sum, and up to 3 stray bytes are ignored.
    Librsync,
}

/// Parses what is there of a header: all of it, or the reason why nothing can come of it.
///
/// Returns None while more bytes are needed.
pub(crate) fn decode_header(
    header: &[u8],
    strictness: Strictness,
) -> Result<Option<SignatureParams>> {
    let strict = strictness == Strictness::Strict;
    if strict && header.len() >= 4 {
        kind(header, strict)?;
    }
    if header.len() < 8 {
        return Ok(None);
    }
    let block_len = be_uint(&header[4..8]) as u32;
    if !(1..=MAX_BLOCK_LEN).contains(&block_len) {
        return Err(Error::BlockLenOnWire { offset: 4, found: block_len });
    }
    if header.len() < HEADER_LEN {
        return Ok(None);
    }
    let mut strong_len = be_uint(&header[8..12]) as u32;
    if strong_len > MAX_STRONG_LEN as u32 || strict && strong_len == 0 {
        return Err(Error::StrongLenOnWire { offset: 8, found: strong_len });
    }
    let kind = kind(header, strict)?;
    let max = kind.strong.max_len();
    if strong_len == 0 {
        strong_len = max.into();
    } else if strong_len > max.into() {
        let magic = kind.magic();
        return Err(Error::StrongLenForHash { offset: 8, found: strong_len, max, magic });
    }
    SignatureParams::new(kind, block_len, strong_len).map(Some)
}

fn kind(header: &[u8], strict: bool) -> Result<SignatureKind> {
    let magic = be_uint(&header[..4]) as u32;
    match SignatureKind::from_magic(magic) {
        Some(kind) => Ok(kind),
        None if magic == 0 && !strict => Ok(SignatureKind::default()),
        None => Err(Error::BadSignatureMagic { found: magic, likeness: likeness(header) }),
    }
}

/// Names the header field that a signature of `len` bytes ends in.
pub(crate) fn field_at(len: usize) -> Part {
    match len {
        0..4 => Part::Magic,
        4..8 => Part::BlockLen,
        _ => Part::StrongLen,
    }
}
