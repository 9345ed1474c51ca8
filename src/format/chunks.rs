//! The layered signature (`docs/formats.md`, "Layered signature"): which chunks a basis has.
//!
//! ```text
//!   4  magic 8f 's' 'd' 's'
//!   1  version, 1
//!   1  bytes of a sum, 3 to 16
//!   1  normalization of the chunks
//!   1  parameter of the lengths
//!  16  salt
//! var  minimum, average and maximum of the chunks
//! var  length of the basis
//!  32  root of the basis
//!      length of each chunk, bit by bit
//!      sum of each chunk
//!   8  check
//! ```

use std::ops::RangeInclusive;

use super::message::{self, Fields, MAX_LEN, Message};
use super::rice;
use crate::chunk::ChunkParams;
use crate::error::{Result, reserve};
use crate::format::varint::{self, unzigzag, zigzag};
use crate::root::Root;

/// Bytes of a salt.
pub(crate) const SALT_LEN: usize = 16;
/// Bytes of a chunk's sum.
pub(crate) const SUM_LENS: RangeInclusive<u8> = 3..=16;
/// Longest chunk: several are in memory at once.
pub(crate) const MAX_CHUNK_LEN: u32 = 4 << 20;

/// A basis as its chunks tell it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Chunks {
    pub(crate) params: ChunkParams,
    pub(crate) salt: [u8; SALT_LEN],
    pub(crate) basis_root: Root,
    /// Where each chunk starts, and behind them the length of the basis.
    pub(crate) starts: Vec<u64>,
    pub(crate) sum_len: u8,
    /// The sums one behind the other.
    pub(crate) sums: Vec<u8>,
}

impl Chunks {
    pub(crate) fn basis_len(&self) -> u64 {
        *self.starts.last().expect("there is always one")
    }

    /// Returns how many there are.
    pub(crate) fn len(&self) -> usize {
        self.starts.len() - 1
    }

    pub(crate) fn len_of(&self, number: usize) -> u32 {
        (self.starts[number + 1] - self.starts[number]) as u32
    }

    pub(crate) fn sum(&self, number: usize) -> &[u8] {
        let len = usize::from(self.sum_len);
        &self.sums[number * len..][..len]
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let average = i64::from(self.params.average_len());
        let values =
            (0..self.len()).map(|number| zigzag(i64::from(self.len_of(number)) - average) as u32);
        let parameter = rice::best_parameter(values.clone());
        let mut bytes = message::start(Message::Signature);
        bytes.extend_from_slice(&[self.sum_len, self.params.normalization(), parameter]);
        bytes.extend_from_slice(&self.salt);
        for len in [self.params.min_len(), self.params.average_len(), self.params.max_len()] {
            varint::push(&mut bytes, len.into());
        }
        varint::push(&mut bytes, self.basis_len());
        bytes.extend_from_slice(&self.basis_root.0);
        let mut lens = rice::Writer::default();
        values.for_each(|value| lens.push(value, parameter));
        bytes.extend_from_slice(&lens.finish());
        bytes.extend_from_slice(&self.sums);
        message::seal(&mut bytes);
        bytes
    }

    /// # Errors
    /// [`Error::MessageMagic`](crate::Error::MessageMagic) and the others of messages,
    /// [`Error::OutOfMemory`](crate::Error::OutOfMemory).
    pub(crate) fn decode(bytes: &[u8]) -> Result<Self> {
        let mut fields = Fields::open(Message::Signature, bytes, &[])?;
        let [sum_len, normalization, parameter] = fields.array()?;
        if !SUM_LENS.contains(&sum_len) || parameter > rice::MAX_PARAMETER {
            return Err(fields.damaged());
        }
        let salt = fields.array()?;
        let mut len = || fields.small_number(MAX_CHUNK_LEN);
        let (min_len, average_len, max_len) = (len()?, len()?, len()?);
        let params = ChunkParams::new(min_len, average_len, max_len, normalization);
        let params = params.map_err(|_| fields.damaged())?;
        let basis_len = fields.number(MAX_LEN)?;
        let basis_root = Root(fields.array()?);
        let starts = read_starts(&mut fields, &params, parameter, basis_len, sum_len)?;
        if fields.left() != (starts.len() - 1) * usize::from(sum_len) {
            return Err(fields.damaged());
        }
        let mut sums = Vec::new();
        reserve(&mut sums, fields.left())?;
        sums.extend_from_slice(fields.rest());
        Ok(Chunks { params, salt, basis_root, starts, sum_len, sums })
    }
}

/// Reads lengths until they make up the basis. There are no more than sums that can follow.
fn read_starts(
    fields: &mut Fields<'_>,
    params: &ChunkParams,
    parameter: u8,
    basis_len: u64,
    sum_len: u8,
) -> Result<Vec<u64>> {
    let most = fields.left() / usize::from(sum_len);
    let mut lens = rice::Reader::new(fields.rest());
    let mut starts = vec![0];
    let mut end = 0;
    while end < basis_len {
        let value = lens.next(parameter, 2 * MAX_CHUNK_LEN).ok_or_else(|| fields.damaged())?;
        let len = unzigzag(value.into()) + i64::from(params.average_len());
        let len = u32::try_from(len).ok().filter(|len| (1..=params.max_len()).contains(len));
        let len = len.ok_or_else(|| fields.damaged())?;
        end += u64::from(len);
        let is_last = end == basis_len;
        if end > basis_len || !is_last && len < params.min_len() || starts.len() > most {
            return Err(fields.damaged());
        }
        reserve(&mut starts, 1)?;
        starts.push(end);
    }
    let len = lens.finish().ok_or_else(|| fields.damaged())?;
    fields.skip(len);
    Ok(starts)
}
