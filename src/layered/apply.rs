//! Applying a patch: the result from basis and patch, group by group, verified before it counts.

#[cfg(unix)]
use std::cell::Cell;
use std::io::{Read, Write};
use std::ops::Range;
use std::sync::Arc;

use super::frames::{Frame, FrameDecoder};
use super::rebuild::Rebuild;
use super::roots::{Measured, measure, measure_by};
use super::{check_of, report};
use crate::codec::Group;
use crate::error::{Error, IoAction, Part, Result, try_vec};
use crate::format::PatchHeader;
use crate::format::layered::CHECK_LEN;
use crate::io;
use crate::monitor::{Monitor, Progress};
use crate::parallel::in_order;
use crate::read_at::ReadAt;
use crate::root::{LEAF_LEN, Root, RootHasher, sum_leaves};
use crate::simd::Simd;
use crate::strong::StrongSum;

/// Bytes of the result that are made at once: leaves enough to be hashed together.
const STEP_LEN: usize = 16 * LEAF_LEN;
/// Bytes of the patch that are read at once.
const READ_LEN: usize = 256 << 10;

/// How a layered patch is applied.
#[derive(Clone, Copy, Debug)]
#[must_use]
pub struct ApplyOptions {
    max_output_bytes: Option<u64>,
    max_memory_bytes: u64,
}

impl Default for ApplyOptions {
    fn default() -> Self {
        ApplyOptions { max_output_bytes: None, max_memory_bytes: 64 << 20 }
    }
}

impl ApplyOptions {
    /// Returns the defaults: a result of any length, 64 MiB of memory.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the most bytes the result may have.
    pub fn max_output_bytes(mut self, max_output_bytes: impl Into<Option<u64>>) -> Self {
        self.max_output_bytes = max_output_bytes.into();
        self
    }

    /// Sets the most memory that a patch may ask for. The patches of this library ask for 64 MiB
    /// at most.
    pub fn max_memory_bytes(mut self, max_memory_bytes: u64) -> Self {
        self.max_memory_bytes = max_memory_bytes;
        self
    }

    fn check(&self, header: &PatchHeader) -> Result<()> {
        let needed_bytes = u64::from(header.memory_mib) << 20;
        if needed_bytes > self.max_memory_bytes {
            return Err(Error::MemoryLimit { needed_bytes, max_bytes: self.max_memory_bytes });
        }
        match self.max_output_bytes {
            Some(max_bytes) if header.result_len > max_bytes => {
                Err(Error::OutputLimit { offset: 0, max_bytes })
            }
            _ => Ok(()),
        }
    }
}

/// What the applying of a layered patch did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ApplyStats {
    /// What the patch says of itself.
    pub header: PatchHeader,
    /// Bytes of the patch.
    pub in_bytes: u64,
    /// Bytes of the result.
    pub out_bytes: u64,
    /// Root of the result.
    pub root: Root,
}

/// Writes the result of a patch, front to back.
///
/// The basis is compared with the one the patch was made against before anything is written, and
/// the result with the one it was made for at the end: what was written before an error is wrong or
/// incomplete.
///
/// # Errors
/// [`Error::WrongBasis`], [`Error::GroupMismatch`], [`Error::ResultMismatch`],
/// [`Error::PatchDamaged`] and the others of a damaged patch, [`Error::MemoryLimit`], [`Error::OutputLimit`], [`Error::Io`],
/// [`Error::OutOfMemory`], [`Error::Cancelled`].
pub fn apply(
    basis: &(impl ReadAt + ?Sized),
    patch: impl Read,
    mut output: impl Write,
    options: ApplyOptions,
    monitor: &mut dyn Monitor,
) -> Result<ApplyStats> {
    let mut frames = Frames::new(patch);
    let header = frames.first()?;
    options.check(&header)?;
    compare_basis(&header, measure(basis, beyond_basis(&header), monitor)?)?;
    let mut result = RootHasher::new();
    while let Some(job) = frames.next_group(&header)? {
        let group_len = job.group.len;
        let mut done = Progress { in_bytes: frames.decoder.offset(), out_bytes: job.group.start };
        let sums = job.rebuild(basis, |bytes, _| {
            output.write_all(bytes).map_err(Error::io(IoAction::Write))?;
            done.out_bytes += bytes.len() as u64;
            report(monitor, done)
        })?;
        result.push_leaves(&sums, group_len.into());
    }
    output.flush().map_err(Error::io(IoAction::Write))?;
    frames.finish(header, result.finish())
}

/// As [`apply`], by several threads, each of which writes groups to their places in a file that is
/// empty.
///
/// # Errors
/// Those of [`apply`].
#[cfg(unix)]
pub fn apply_to_file(
    basis: Arc<dyn ReadAt>,
    patch: impl Read,
    output: &Arc<std::fs::File>,
    options: ApplyOptions,
    threads: usize,
    monitor: &mut dyn Monitor,
) -> Result<ApplyStats> {
    use std::os::unix::fs::FileExt;
    let mut frames = Frames::new(patch);
    let header = frames.first()?;
    options.check(&header)?;
    compare_basis(&header, measure_by(threads, &basis, beyond_basis(&header), monitor)?)?;
    let mut result = RootHasher::new();
    let to = Arc::clone(output);
    let work = move |job: GroupJob| {
        let len = job.group.len;
        let sums = job.rebuild(&*basis, |bytes, position| {
            to.write_all_at(bytes, position).map_err(Error::io(IoAction::Write))
        });
        sums.map(|sums| (sums, len))
    };
    let in_bytes = Cell::new(frames.decoder.offset());
    let mut out_bytes = 0;
    // As many bodies as threads are in memory.
    in_order(
        threads,
        threads,
        work,
        || {
            let job = frames.next_group(&header);
            in_bytes.set(frames.decoder.offset());
            job
        },
        |outcome| {
            let (sums, len) = outcome?;
            result.push_leaves(&sums, len.into());
            out_bytes += u64::from(len);
            report(monitor, Progress { in_bytes: in_bytes.get(), out_bytes })
        },
    )?;
    frames.finish(header, result.finish())
}

/// Refuses a basis that is not the one a patch was made against.
pub(super) fn compare_basis(header: &PatchHeader, found: Measured) -> Result<()> {
    if (found.len, found.root) == (header.basis_len, header.basis_root) {
        return Ok(());
    }
    Err(Error::WrongBasis { found_len: found.len, expected_len: header.basis_len })
}

/// One byte more than the basis has tells a longer one.
pub(super) fn beyond_basis(header: &PatchHeader) -> u64 {
    header.basis_len.saturating_add(1)
}

/// A patch that is read frame by frame.
pub(super) struct Frames<R> {
    patch: R,
    decoder: FrameDecoder,
    buf: Vec<u8>,
    unread: Range<usize>,
    ended: bool,
    /// The root that the end promises, once it has come.
    promised: Option<Root>,
}

impl<R: Read> Frames<R> {
    pub(super) fn new(patch: R) -> Self {
        let decoder = FrameDecoder::new();
        Frames { patch, decoder, buf: Vec::new(), unread: 0..0, ended: false, promised: None }
    }

    fn next(&mut self) -> Result<Frame> {
        loop {
            let (consumed, frame) =
                self.decoder.next(&self.buf[self.unread.clone()], self.ended)?;
            self.unread.start += consumed;
            match frame {
                Frame::NeedsInput => {
                    if self.buf.is_empty() {
                        self.buf = try_vec(0, READ_LEN)?;
                    }
                    let len = io::read(&mut self.patch, &mut self.buf)?;
                    self.unread = 0..len;
                    self.ended = len == 0;
                }
                frame => return Ok(frame),
            }
        }
    }

    /// Returns the header.
    pub(super) fn first(&mut self) -> Result<PatchHeader> {
        match self.next()? {
            Frame::Header(header) => Ok(header),
            _ => unreachable!("a patch starts with its header"),
        }
    }

    /// Returns the next group, None if all have come.
    pub(super) fn next_group(&mut self, header: &PatchHeader) -> Result<Option<GroupJob>> {
        if self.promised.is_some() {
            return Ok(None);
        }
        match self.next()? {
            Frame::Group { number, offset, body } => {
                GroupJob::new(header, number, offset, body).map(Some)
            }
            Frame::End(root) => {
                self.promised = Some(root);
                Ok(None)
            }
            _ => unreachable!("behind the header come groups and the end"),
        }
    }

    /// Checks that nothing follows the end, and returns the length of the patch and the root of the
    /// result.
    pub(super) fn last(&mut self) -> Result<(u64, Root)> {
        match (self.next()?, self.promised) {
            (Frame::Done, Some(root)) => Ok((self.decoder.offset(), root)),
            _ => unreachable!("behind the groups comes the end"),
        }
    }

    /// Checks that nothing follows the end and that the result is the one promised.
    fn finish(mut self, header: PatchHeader, root: Root) -> Result<ApplyStats> {
        let (in_bytes, promised) = self.last()?;
        let len = header.result_len;
        if promised != root {
            return Err(Error::ResultMismatch { found_len: len, expected_len: len });
        }
        Ok(ApplyStats { header, in_bytes, out_bytes: len, root })
    }
}

/// A group to be rebuilt.
pub(super) struct GroupJob {
    pub(super) group: Group,
    /// Where the body is in the patch.
    pub(super) offset: u64,
    pub(super) body: Vec<u8>,
    check: [u8; CHECK_LEN],
}

impl GroupJob {
    fn new(header: &PatchHeader, number: u64, offset: u64, mut body: Vec<u8>) -> Result<Self> {
        let Some(&check) = body.last_chunk() else {
            return Err(Error::PatchDamaged { offset, part: Part::PatchGroup });
        };
        body.truncate(body.len() - CHECK_LEN);
        let group = Group {
            start: number * u64::from(header.group_len),
            len: header.len_of_group(number),
            old_len: header.basis_len,
        };
        Ok(GroupJob { group, offset, body, check })
    }

    /// Puts out the bytes of the group, each time with their position in the result, and returns
    /// the sums of its leaves.
    fn rebuild(
        self,
        basis: &(impl ReadAt + ?Sized),
        mut put: impl FnMut(&[u8], u64) -> Result<()>,
    ) -> Result<Vec<StrongSum>> {
        let Group { start, len, .. } = self.group;
        let mut rebuild = Rebuild::new(basis, self.body, self.group, self.offset)?;
        let mut sums = Vec::new();
        let mut buf = try_vec(0, STEP_LEN.min(len as usize))?;
        let mut done = 0;
        while done < len as usize {
            let step = buf.len().min(len as usize - done);
            let out = &mut buf[..step];
            rebuild.fill(out)?;
            sum_leaves(Simd::best(), out, &mut sums)?;
            put(out, start + done as u64)?;
            done += step;
        }
        rebuild.finish()?;
        if check_of(&sums, len) != self.check {
            return Err(Error::GroupMismatch { offset: self.offset });
        }
        Ok(sums)
    }
}
