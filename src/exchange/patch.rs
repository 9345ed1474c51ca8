//! The layered patch of an exchange: copies of what is equal, and literals.

use std::io::Write;
use std::sync::Arc;

use super::survey::Copied;
use crate::codec::{Encoder, Group, Layout, OldBytes, Piece, shared};
use crate::error::{IoAction, Result, reserve};
use crate::format::PatchHeader;
use crate::layered::{
    GROUP_LEN, MEMORY_MIB, MadeGroup, MakeOptions, MakeStats, PatchLevel, PatchWriter, of_new_file,
    out_of_memory, shrank,
};
use crate::monitor::Monitor;
use crate::parallel::in_order;
use crate::read_at::ReadAt;
use crate::root::{Root, sum_leaves};
use crate::simd::Simd;
use crate::simd::pages::try_large_vec;

/// More literals in a group are compressed at no higher level unless the patch shall be as small as can be:
/// the levels above take ten times the time for a tenth of the bytes.
const MANY_LITERALS: u64 = 1 << 20;
const MANY_LITERALS_LEVEL: i32 = 12;

/// A new file, and what of it a basis has.
pub(super) struct Source {
    pub(super) new: Arc<dyn ReadAt>,
    pub(super) new_len: u64,
    pub(super) basis_len: u64,
    pub(super) basis_root: Root,
    /// In the order of the new file.
    pub(super) copies: Vec<Copied>,
}

/// Writes the patch.
pub(super) fn write(
    source: Source,
    output: impl Write,
    options: MakeOptions,
    monitor: &mut dyn Monitor,
) -> Result<MakeStats> {
    let header = PatchHeader {
        group_len: GROUP_LEN,
        memory_mib: MEMORY_MIB,
        basis_len: source.basis_len,
        basis_root: source.basis_root,
        result_len: source.new_len,
    };
    let mut writer = PatchWriter::new(output, &header)?;
    let mut numbers = 0..header.groups();
    in_order(
        options.threads,
        2 * options.threads,
        move |number| source.make_group(number, &header, options.level),
        || Ok(numbers.next()),
        |made| writer.group(&made?, monitor),
    )?;
    writer.finish()
}

impl Source {
    fn make_group(
        &self,
        number: u64,
        header: &PatchHeader,
        level: PatchLevel,
    ) -> Result<MadeGroup> {
        let start = number * u64::from(header.group_len);
        let len = header.len_of_group(number);
        let group = Group { start, len, old_len: self.basis_len };
        let mut bytes = try_large_vec(0, len as usize)?;
        if self.new.fill_at(start, &mut bytes).map_err(of_new_file)? < bytes.len() {
            return Err(shrank(IoAction::Read));
        }
        let mut sums = Vec::new();
        sum_leaves(Simd::best(), &bytes, &mut sums)?;
        let pieces = self.pieces(start, len)?;
        let zstd_level = zstd_level(level, &pieces);
        let shared = shared::encode(zstd_level, group, &pieces, &bytes);
        let body = match shared.map_err(out_of_memory)? {
            Some(body) => body,
            None => encode(zstd_level, group, &pieces, &bytes)?,
        };
        if body.len() as u64 <= header.max_coded_len(number) {
            return Ok(MadeGroup { body, sums, len, stats: MakeStats::of(&pieces) });
        }
        // Pieces that cost more than they save.
        let literal = [Piece { old: 0, aligned_len: 0, literal_len: len }];
        let body = encode(zstd_level, group, &literal, &bytes)?;
        Ok(MadeGroup { body, sums, len, stats: MakeStats::of(&literal) })
    }

    /// Returns the pieces of a group.
    fn pieces(&self, start: u64, len: u32) -> Result<Vec<Piece>> {
        let end = start + u64::from(len);
        let mut pieces: Vec<Piece> = Vec::new();
        let mut position = start;
        let first = self.copies.partition_point(|copied| copied.new + copied.len <= start);
        for copied in self.copies[first..].iter().take_while(|copied| copied.new < end) {
            let (from, to) = (copied.new.max(start), end.min(copied.new + copied.len));
            literal(&mut pieces, from - position)?;
            let (old, aligned_len) = (copied.old + (from - copied.new), (to - from) as u32);
            reserve(&mut pieces, 1)?;
            pieces.push(Piece { old, aligned_len, literal_len: 0 });
            position = to;
        }
        literal(&mut pieces, end - position)?;
        Ok(pieces)
    }
}

fn zstd_level(level: PatchLevel, pieces: &[Piece]) -> i32 {
    let literal_len: u64 = pieces.iter().map(|piece| u64::from(piece.literal_len)).sum();
    if level == PatchLevel::Default && literal_len > MANY_LITERALS {
        MANY_LITERALS_LEVEL
    } else {
        level.zstd_level()
    }
}

/// Lets the last piece go on with literal bytes.
fn literal(pieces: &mut Vec<Piece>, len: u64) -> Result<()> {
    match pieces.last_mut() {
        Some(last) => last.literal_len += len as u32,
        None if len > 0 => {
            reserve(pieces, 1)?;
            pieces.push(Piece { old: 0, aligned_len: 0, literal_len: len as u32 });
        }
        None => {}
    }
    Ok(())
}

fn encode(zstd_level: i32, group: Group, pieces: &[Piece], bytes: &[u8]) -> Result<Vec<u8>> {
    let mut encoder = Encoder::new(Layout::Columns { zstd_level }, group).map_err(out_of_memory)?;
    let mut rest = bytes;
    for piece in pieces {
        let (aligned, behind) = rest.split_at(piece.aligned_len as usize);
        let (literal, behind) = behind.split_at(piece.literal_len as usize);
        rest = behind;
        encoder.piece(piece);
        if !aligned.is_empty() {
            encoder.aligned(OldBytes::new(aligned, 0, aligned.len()), aligned);
        }
        encoder.literals(literal);
    }
    encoder.finish().map_err(out_of_memory)
}
