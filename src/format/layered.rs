//! The frame of a layered patch (`docs/formats.md`, "Layered patch"): header, groups, end.
//!
//! ```text
//! header    4  magic 8f 's' 'd' 'p'
//!           1  version, 1
//!           1  base-2 logarithm of the group length, 16 to 25
//!           1  memory that applying needs, in MiB: 32 and those of a group, at least
//!         var  length of the basis
//!          32  root of the basis
//!         var  length of the result
//! group   var  length of the body, at least 1
//!              body
//! end       1  0
//!          32  root of the result
//!           8  first bytes of the root of all bytes before them
//! ```

use super::varint::{self, Front};
use crate::error::{Error, Part, Result};
use crate::root::Root;

/// The four bytes that start a layered patch.
pub const LAYERED_MAGIC: [u8; 4] = *b"\x8fsdp";

/// The one version.
const VERSION: u8 = 1;
/// Smallest and largest logarithm of the group length: 64 KiB, a leaf of the root, and 32 MiB.
const GROUP_LOGS: std::ops::RangeInclusive<u8> = 16..=25;
/// Longest basis and result.
const MAX_LEN: u64 = i64::MAX as u64;
/// MiB for codecs, beside those of a group.
const CODEC_MIB: u32 = 32;
/// Bytes of a body beside those of the group, if all of them are literal, at most.
const BODY_SLACK: u64 = 1 << 10;
/// Bytes of the header before the length of the basis.
const FIXED_LEN: usize = 7;
/// Bytes of the check of the patch.
pub(crate) const CHECK_LEN: usize = 8;
/// Bytes of the end.
pub(crate) const END_LEN: usize = 1 + Root::LEN + CHECK_LEN;

/// What a layered patch says of its basis, its result and itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PatchHeader {
    /// Bytes of the result in each group but the last; a power of two.
    pub group_len: u32,
    /// Memory that applying needs, in MiB, beside buffers of the caller.
    pub memory_mib: u8,
    /// Length of the basis in bytes.
    pub basis_len: u64,
    /// Root of the basis.
    pub basis_root: Root,
    /// Length of the result in bytes.
    pub result_len: u64,
}

impl PatchHeader {
    /// Appends the header as it starts a patch.
    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&LAYERED_MAGIC);
        out.extend_from_slice(&[VERSION, self.group_len.ilog2() as u8, self.memory_mib]);
        varint::push(out, self.basis_len);
        out.extend_from_slice(&self.basis_root.0);
        varint::push(out, self.result_len);
    }

    /// Parses the header at the front and returns its length, too; None asks for more bytes.
    pub(crate) fn decode(bytes: &[u8]) -> Result<Option<(Self, usize)>> {
        let Some((magic, rest)) = bytes.split_first_chunk() else { return Ok(None) };
        if *magic != LAYERED_MAGIC {
            return Err(Error::BadPatchMagic { likeness: super::likeness(magic) });
        }
        let Some(&[version, group_log, memory_mib]) = rest.first_chunk() else { return Ok(None) };
        if version != VERSION {
            return Err(Error::PatchVersion { offset: 4, found: version });
        }
        if !GROUP_LOGS.contains(&group_log) {
            return Err(Error::PatchDamaged { offset: 5, part: Part::PatchHeader });
        }
        if u32::from(memory_mib) < memory_needed(group_log) {
            return Err(Error::PatchDamaged { offset: 6, part: Part::PatchHeader });
        }
        let mut fields = Fields { bytes, pos: FIXED_LEN };
        let (Some(basis_len), Some(basis_root)) = (fields.number()?, fields.root()) else {
            return Ok(None);
        };
        let Some(result_len) = fields.number()? else { return Ok(None) };
        let group_len = 1 << group_log;
        let header = PatchHeader { group_len, memory_mib, basis_len, basis_root, result_len };
        Ok(Some((header, fields.pos)))
    }

    /// Returns how many groups there are.
    pub(crate) fn groups(&self) -> u64 {
        self.result_len.div_ceil(self.group_len.into())
    }

    /// Returns how many bytes of the result are in a group.
    pub(crate) fn len_of_group(&self, number: u64) -> u32 {
        let start = number * u64::from(self.group_len);
        (self.result_len - start).min(self.group_len.into()) as u32
    }

    /// Returns the most bytes that the body of a group may have, its check included.
    pub(crate) fn max_body_len(&self, number: u64) -> u64 {
        u64::from(self.len_of_group(number)) + BODY_SLACK
    }

    /// Returns the most bytes that the coded pieces of a group may have.
    pub(crate) fn max_coded_len(&self, number: u64) -> u64 {
        self.max_body_len(number) - CHECK_LEN as u64
    }
}

/// Returns the least memory in MiB that applying groups of this length needs.
pub(crate) fn memory_needed(group_log: u8) -> u32 {
    CODEC_MIB + (1u32 << group_log).div_ceil(1 << 20)
}

/// Fields one behind the other.
struct Fields<'a> {
    bytes: &'a [u8],
    pos: usize,
}

impl Fields<'_> {
    fn number(&mut self) -> Result<Option<u64>> {
        match varint::front(&self.bytes[self.pos..]) {
            // Positions and lengths are added up.
            Front::Value(value, len) if value <= MAX_LEN => {
                self.pos += len;
                Ok(Some(value))
            }
            Front::Incomplete => Ok(None),
            Front::Value(..) | Front::Invalid => {
                Err(Error::PatchDamaged { offset: self.pos as u64, part: Part::PatchHeader })
            }
        }
    }

    fn root(&mut self) -> Option<Root> {
        let root = self.bytes[self.pos..].first_chunk()?;
        self.pos += Root::LEN;
        Some(Root(*root))
    }
}
