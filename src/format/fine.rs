//! The request for fine sums and its answer (`docs/formats.md`, "Fine sums").
//!
//! ```text
//! request    4  magic 8f 's' 'd' 'q'
//!            1  version, 1
//!            1  bytes of a sum, 2 to 7
//!           16  salt
//!          var  block length
//!          var  length of the basis
//!          var  how many ranges
//!               for each: var bytes since the one before, var bytes of it
//!            8  check
//! answer     4  magic 8f 's' 'd' 'f'
//!            1  version, 1
//!               sum of each block
//!            8  check, over the request and the answer
//! ```

use std::ops::{Range, RangeInclusive};

use super::chunks::SALT_LEN;
use super::message::{self, Fields, MAX_LEN, Message};
use super::varint;
use crate::error::{Result, reserve};

/// Bytes of a fine sum.
pub(crate) const SUM_LENS: RangeInclusive<u8> = 2..=7;
/// Bytes of a fine block.
pub(crate) const BLOCK_LENS: RangeInclusive<u32> = 64..=32 << 10;

/// What fine sums are asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) sum_len: u8,
    pub(crate) salt: [u8; SALT_LEN],
    pub(crate) block_len: u32,
    pub(crate) basis_len: u64,
    /// Ranges of the basis, in order; they do not touch and are not empty. Each is cut into blocks, of
    /// which the last may be shorter.
    pub(crate) ranges: Vec<Range<u64>>,
}

impl Request {
    /// Returns how many blocks are asked for.
    pub(crate) fn blocks(&self) -> u64 {
        let blocks = |range: &Range<u64>| (range.end - range.start).div_ceil(self.block_len.into());
        self.ranges.iter().map(blocks).sum()
    }

    /// Returns how many bytes are asked for.
    pub(crate) fn bytes(&self) -> u64 {
        self.ranges.iter().map(|range| range.end - range.start).sum()
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut bytes = message::start(Message::Request);
        bytes.push(self.sum_len);
        bytes.extend_from_slice(&self.salt);
        for number in [self.block_len.into(), self.basis_len, self.ranges.len() as u64] {
            varint::push(&mut bytes, number);
        }
        let mut end = 0;
        for range in &self.ranges {
            varint::push(&mut bytes, range.start - end);
            varint::push(&mut bytes, range.end - range.start);
            end = range.end;
        }
        message::seal(&mut bytes);
        bytes
    }

    /// # Errors
    /// [`Error::MessageMagic`](crate::Error::MessageMagic) and the others of messages,
    /// [`Error::OutOfMemory`](crate::Error::OutOfMemory).
    pub(crate) fn decode(bytes: &[u8]) -> Result<Self> {
        let mut fields = Fields::open(Message::Request, bytes, &[])?;
        let sum_len = fields.byte()?;
        if !SUM_LENS.contains(&sum_len) {
            return Err(fields.damaged());
        }
        let salt = fields.array()?;
        let block_len = fields.small_number(*BLOCK_LENS.end())?;
        if !BLOCK_LENS.contains(&block_len) {
            return Err(fields.damaged());
        }
        let basis_len = fields.number(MAX_LEN)?;
        let count = fields.number(MAX_LEN)?;
        let mut ranges = Vec::new();
        let mut end = 0;
        for number in 0..count {
            let gap = fields.number(basis_len - end)?;
            let start = end + gap;
            let len = fields.number(basis_len - start)?;
            if len == 0 || gap == 0 && number > 0 {
                return Err(fields.damaged());
            }
            end = start + len;
            reserve(&mut ranges, 1)?;
            ranges.push(start..end);
        }
        fields.end()?;
        Ok(Request { sum_len, salt, block_len, basis_len, ranges })
    }
}

/// Takes the sums, one behind the other, out of the answer to a request.
///
/// # Errors
/// As [`Request::decode`].
pub(crate) fn sums<'a>(request: &Request, encoded: &[u8], answer: &'a [u8]) -> Result<&'a [u8]> {
    let fields = Fields::open(Message::Sums, answer, encoded)?;
    let expected = request.blocks().checked_mul(request.sum_len.into());
    if expected != Some(fields.left() as u64) {
        return Err(fields.damaged());
    }
    Ok(fields.rest())
}
