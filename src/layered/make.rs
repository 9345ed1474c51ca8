//! Making a patch: each group of the new file planned, matched and coded alone.

use std::io::Write;
use std::sync::Arc;

use super::groups::{GROUP_LEN, Groups, Laid, PieceBytes};
use super::{PatchLevel, check_of, report};
use crate::codec::{Encoder, Fault, Layout, Piece};
use crate::error::{Error, IoAction, Result};
use crate::format::layered::CHECK_LEN;
use crate::format::{PatchHeader, varint};
use crate::monitor::{Monitor, Progress};
use crate::parallel::in_order;
use crate::read_at::ReadAt;
use crate::root::{RootHasher, sum_leaves};
use crate::simd::Simd;
use crate::strong::StrongSum;

/// Memory that applying needs at most, whatever the patch.
pub(crate) const MEMORY_MIB: u8 = 64;

/// How a layered patch is made.
#[derive(Clone, Copy, Debug, Default)]
#[must_use]
pub struct MakeOptions {
    pub(crate) level: PatchLevel,
    pub(crate) threads: usize,
}

impl MakeOptions {
    /// Returns the defaults: the default level, one thread.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the level.
    pub fn level(mut self, level: PatchLevel) -> Self {
        self.level = level;
        self
    }

    /// Sets the number of threads; each takes memory of its own. The patch does not depend on it.
    pub fn threads(mut self, threads: usize) -> Self {
        self.threads = threads;
        self
    }
}

/// What the making of a layered patch did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct MakeStats {
    /// Bytes of the basis.
    pub basis_bytes: u64,
    /// Bytes of the new file.
    pub in_bytes: u64,
    /// Bytes of the patch.
    pub out_bytes: u64,
    /// Stretches that lie along the basis.
    pub aligned_pieces: u64,
    /// Bytes in them.
    pub aligned_bytes: u64,
    /// Bytes that come literally.
    pub literal_bytes: u64,
}

/// Writes the patch from a basis to a new file. Neither may change meanwhile; a basis that does
/// shows when the patch is applied.
///
/// # Errors
/// [`Error::Io`], [`Error::OutOfMemory`], [`Error::Cancelled`].
pub fn make(
    (basis, basis_len): (Arc<dyn ReadAt>, u64),
    (new, new_len): (Arc<dyn ReadAt>, u64),
    output: impl Write,
    options: MakeOptions,
    monitor: &mut dyn Monitor,
) -> Result<MakeStats> {
    let effort = options.level.effort();
    let mut basis_root = RootHasher::new();
    let groups = Groups::new((basis, basis_len), (new, new_len), effort, |bytes| {
        basis_root.update(bytes);
        report(monitor, Progress::default())
    })?;
    let header = PatchHeader {
        group_len: GROUP_LEN,
        memory_mib: MEMORY_MIB,
        basis_len,
        basis_root: basis_root.finish(),
        result_len: new_len,
    };
    let mut numbers = groups.numbers();
    let level = options.level;
    let mut writer = PatchWriter::new(output, &header)?;
    in_order(
        options.threads,
        2 * options.threads,
        move |number| make_group(&groups, number, &header, level),
        || Ok(numbers.next()),
        |made| writer.group(&made?, monitor),
    )?;
    writer.finish()
}

impl MakeStats {
    pub(crate) fn add(&mut self, group: &MakeStats) {
        self.in_bytes += group.in_bytes;
        self.aligned_pieces += group.aligned_pieces;
        self.aligned_bytes += group.aligned_bytes;
        self.literal_bytes += group.literal_bytes;
    }

    pub(crate) fn of(pieces: &[Piece]) -> Self {
        let mut stats = MakeStats::default();
        for piece in pieces {
            stats.aligned_pieces += u64::from(piece.aligned_len > 0);
            stats.aligned_bytes += u64::from(piece.aligned_len);
            stats.literal_bytes += u64::from(piece.literal_len);
        }
        stats.in_bytes = stats.aligned_bytes + stats.literal_bytes;
        stats
    }
}

/// A group ready to be written.
pub(crate) struct MadeGroup {
    pub(crate) body: Vec<u8>,
    /// Those of the leaves of its bytes.
    pub(crate) sums: Vec<StrongSum>,
    pub(crate) len: u32,
    pub(crate) stats: MakeStats,
}

fn make_group(
    groups: &Groups,
    number: u64,
    header: &PatchHeader,
    level: PatchLevel,
) -> Result<MadeGroup> {
    let mut sums = Vec::new();
    let laid = groups.lay(number, |bytes| sum_leaves(Simd::best(), bytes, &mut sums))?;
    let len = laid.group.len;
    let mut body = encode(groups, &laid, &laid.lie.pieces, level.columns())?;
    if body.len() <= level.most_to_mix(len) {
        let mixed =
            encode(groups, &laid, &laid.lie.pieces, Layout::Mixed { coded_len: body.len() })?;
        body = if mixed.len() < body.len() { mixed } else { body };
    }
    let mut stats = MakeStats::of(&laid.lie.pieces);
    if body.len() as u64 > header.max_coded_len(number) {
        // Pieces that cost more than they save.
        let literal = [Piece { old: 0, aligned_len: 0, literal_len: len }];
        body = encode(groups, &laid, &literal, PatchLevel::Default.columns())?;
        stats = MakeStats::of(&literal);
    }
    groups.reuse(laid);
    Ok(MadeGroup { body, sums, len, stats })
}

fn encode(groups: &Groups, laid: &Laid, pieces: &[Piece], layout: Layout) -> Result<Vec<u8>> {
    let mut encoder = Encoder::new(layout, laid.group).map_err(out_of_memory)?;
    groups.for_each_piece(laid, pieces, |bytes| match bytes {
        PieceBytes::Begin(piece) => {
            encoder.piece(piece);
            0
        }
        PieceBytes::Aligned(old, new) => encoder.aligned(old, new),
        PieceBytes::Literal(bytes) => {
            encoder.literals(bytes);
            bytes.len()
        }
    })?;
    encoder.finish().map_err(out_of_memory)
}

/// Writes a patch, given its groups.
pub(crate) struct PatchWriter<W> {
    output: W,
    digest: RootHasher,
    result: RootHasher,
    stats: MakeStats,
}

impl<W: Write> PatchWriter<W> {
    pub(crate) fn new(output: W, header: &PatchHeader) -> Result<Self> {
        let mut writer = PatchWriter {
            output,
            digest: RootHasher::new(),
            result: RootHasher::new(),
            stats: MakeStats { basis_bytes: header.basis_len, ..MakeStats::default() },
        };
        let mut bytes = Vec::new();
        header.encode(&mut bytes);
        writer.write(&bytes)?;
        Ok(writer)
    }

    pub(crate) fn group(&mut self, group: &MadeGroup, monitor: &mut dyn Monitor) -> Result<()> {
        let check = check_of(&group.sums, group.len);
        let mut len = Vec::new();
        varint::push(&mut len, (group.body.len() + check.len()) as u64);
        self.write(&len)?;
        self.write(&group.body)?;
        self.write(&check)?;
        self.result.push_leaves(&group.sums, group.len.into());
        self.stats.add(&group.stats);
        let MakeStats { in_bytes, out_bytes, .. } = self.stats;
        report(monitor, Progress { in_bytes, out_bytes })
    }

    /// Writes the end.
    pub(crate) fn finish(mut self) -> Result<MakeStats> {
        let root = std::mem::take(&mut self.result).finish();
        self.write(&[0])?;
        self.write(&root.0)?;
        let digest = std::mem::take(&mut self.digest).finish();
        self.write(&digest.0[..CHECK_LEN])?;
        self.output.flush().map_err(Error::io(IoAction::Write))?;
        Ok(self.stats)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.digest.update(bytes);
        self.stats.out_bytes += bytes.len() as u64;
        self.output.write_all(bytes).map_err(Error::io(IoAction::Write))
    }
}

/// The encoder meets no damage, only want of memory.
pub(crate) fn out_of_memory(_: Fault) -> Error {
    Error::OutOfMemory { wanted_bytes: 0 }
}
