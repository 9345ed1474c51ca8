//! The receiver's answer to a request: the sums of the fine blocks of some ranges.

use std::io::Write;

use super::rolling::FineHash;
use crate::error::{Error, IoAction, Result, try_vec};
use crate::format::Message;
use crate::format::fine::Request;
use crate::format::message::{self, Seal};
use crate::layered::{report, shrank};
use crate::monitor::{Monitor, Progress};
use crate::read_at::ReadAt;

/// Bytes that are read and summed at once, in whole blocks.
const READ_LEN: usize = 256 << 10;

/// What a request may ask for.
#[derive(Clone, Copy, Debug)]
#[must_use]
pub struct AnswerLimits {
    max_basis_bytes: u64,
    max_sums_bytes: u64,
}

impl Default for AnswerLimits {
    fn default() -> Self {
        AnswerLimits { max_basis_bytes: u64::MAX, max_sums_bytes: 64 << 20 }
    }
}

impl AnswerLimits {
    /// Returns the defaults: all of the basis, 64 MiB of sums.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the most bytes of the basis that are read.
    pub fn max_basis_bytes(mut self, max_basis_bytes: u64) -> Self {
        self.max_basis_bytes = max_basis_bytes;
        self
    }

    /// Sets the most bytes of sums.
    pub fn max_sums_bytes(mut self, max_sums_bytes: u64) -> Self {
        self.max_sums_bytes = max_sums_bytes;
        self
    }
}

/// Writes the answer to a request for fine sums. Reads each byte that is asked for once, in order.
///
/// # Errors
/// [`Error::MessageMagic`], [`Error::MessageVersion`], [`Error::MessageDamaged`] if it is no request;
/// [`Error::WrongBasis`] if it is for a basis of another length; [`Error::RequestLimit`],
/// [`Error::Io`], [`Error::OutOfMemory`], [`Error::Cancelled`].
pub fn answer(
    basis: &dyn ReadAt,
    basis_len: u64,
    request: &[u8],
    limits: AnswerLimits,
    output: impl Write,
    monitor: &mut dyn Monitor,
) -> Result<()> {
    let asked = Request::decode(request)?;
    if asked.basis_len != basis_len {
        return Err(Error::WrongBasis { found_len: basis_len, expected_len: asked.basis_len });
    }
    let sums_bytes = asked.blocks().saturating_mul(asked.sum_len.into());
    for (needed_bytes, max_bytes) in
        [(asked.bytes(), limits.max_basis_bytes), (sums_bytes, limits.max_sums_bytes)]
    {
        if needed_bytes > max_bytes {
            return Err(Error::RequestLimit { needed_bytes, max_bytes });
        }
    }
    let hash = FineHash::new(&asked.salt, asked.sum_len);
    let block_len = asked.block_len as usize;
    let mut buf = try_vec(0, READ_LEN / block_len * block_len)?;
    let mut writer = SumsWriter { output, seal: Seal::new(request), done: Progress::default() };
    writer.write(&message::start(Message::Sums))?;
    let mut sums = Vec::new();
    for range in &asked.ranges {
        let mut position = range.start;
        while position < range.end {
            let len = (range.end - position).min(buf.len() as u64) as usize;
            if basis.fill_at(position, &mut buf[..len])? < len {
                return Err(shrank(IoAction::ReadBasis));
            }
            sums.clear();
            for block in buf[..len].chunks(block_len) {
                let sum = hash.sum(block).to_le_bytes();
                sums.extend_from_slice(&sum[..usize::from(asked.sum_len)]);
            }
            writer.write(&sums)?;
            position += len as u64;
            writer.done.in_bytes += len as u64;
            report(monitor, writer.done)?;
        }
    }
    writer.finish()
}

/// Writes the answer, and its check at the end.
struct SumsWriter<W> {
    output: W,
    seal: Seal,
    done: Progress,
}

impl<W: Write> SumsWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.seal.update(bytes);
        self.done.out_bytes += bytes.len() as u64;
        self.output.write_all(bytes).map_err(Error::io(IoAction::Write))
    }

    fn finish(mut self) -> Result<()> {
        let check = self.seal.finish();
        self.output.write_all(&check).map_err(Error::io(IoAction::Write))?;
        self.output.flush().map_err(Error::io(IoAction::Write))
    }
}
