//! The root of a file: a sum of all its bytes that many lanes and threads can take together.
//!
//! The file is cut into leaves of 64 KiB, of which the last may be shorter; each is hashed with
//! BLAKE2b-256. The root is the BLAKE2b-256 of the leaf sums in order and of the file's length as
//! eight bytes, little-endian. The tree always has these two levels and the length says how many
//! leaves there are, so two files with one root would be a collision of BLAKE2b.

use std::fmt;

#[cfg(feature = "layered")]
use crate::error::{Result, reserve};
use crate::simd::Simd;
use crate::strong::{StrongHash, StrongState, StrongSum};

/// Bytes of a leaf.
pub const LEAF_LEN: usize = 64 << 10;
/// Leaves that are hashed together.
const BATCH_LEAVES: usize = 16;

/// A sum that names a file's content.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Root(pub [u8; Root::LEN]);

impl Root {
    /// Length in bytes.
    pub const LEN: usize = 32;

    /// Returns the root of a slice.
    pub fn of(bytes: &[u8]) -> Root {
        let mut hasher = RootHasher::new();
        hasher.update(bytes);
        hasher.finish()
    }
}

impl fmt::Display for Root {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Root {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Root({self})")
    }
}

/// Takes the root of bytes that come in pieces. Pieces of many whole leaves are hashed together.
pub struct RootHasher {
    simd: Simd,
    root: StrongState,
    /// A leaf of which some bytes have come, and how many.
    leaf: Option<(StrongState, usize)>,
    len: u64,
}

impl RootHasher {
    /// Starts a root.
    pub fn new() -> Self {
        RootHasher {
            simd: Simd::best(),
            root: StrongState::new(StrongHash::Blake2b),
            leaf: None,
            len: 0,
        }
    }

    /// Takes the next bytes.
    pub fn update(&mut self, mut bytes: &[u8]) {
        self.len += bytes.len() as u64;
        while !bytes.is_empty() {
            let taken = match self.leaf {
                None if bytes.len() >= LEAF_LEN => self.take_leaves(bytes),
                _ => self.take_part(bytes),
            };
            bytes = &bytes[taken..];
        }
    }

    /// Takes the sums of the next leaves of a file, which are `len` bytes and follow whole leaves.
    #[cfg(feature = "layered")]
    pub(crate) fn push_leaves(&mut self, sums: &[StrongSum], len: u64) {
        self.root.update(sums.as_flattened());
        self.len += len;
    }

    /// Returns the root of all bytes that have come.
    pub fn finish(self) -> Root {
        let mut root = self.root;
        if let Some((leaf, _)) = self.leaf {
            root.update(&leaf.finish());
        }
        root.update(&self.len.to_le_bytes());
        Root(root.finish())
    }

    fn take_leaves(&mut self, bytes: &[u8]) -> usize {
        let count = (bytes.len() / LEAF_LEN).min(BATCH_LEAVES);
        let mut sums = [StrongSum::default(); BATCH_LEAVES];
        StrongHash::Blake2b.sum_many(self.simd, bytes, LEAF_LEN, &mut sums[..count]);
        self.root.update(sums[..count].as_flattened());
        count * LEAF_LEN
    }

    fn take_part(&mut self, bytes: &[u8]) -> usize {
        let (leaf, filled) =
            self.leaf.get_or_insert_with(|| (StrongState::new(StrongHash::Blake2b), 0));
        let taken = bytes.len().min(LEAF_LEN - *filled);
        leaf.update(&bytes[..taken]);
        *filled += taken;
        if *filled == LEAF_LEN {
            self.root.update(&leaf.finish());
            self.leaf = None;
        }
        taken
    }
}

impl Default for RootHasher {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for RootHasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RootHasher").field("len", &self.len).finish_non_exhaustive()
    }
}

/// Adds the sums of the leaves of `bytes`, which start at a leaf, to `sums`.
#[cfg(feature = "layered")]
pub(crate) fn sum_leaves(simd: Simd, bytes: &[u8], sums: &mut Vec<StrongSum>) -> Result<()> {
    let (whole, rest) = bytes.split_at(bytes.len() - bytes.len() % LEAF_LEN);
    let (known, count) = (sums.len(), whole.len() / LEAF_LEN);
    reserve(sums, count + 1)?;
    sums.resize(known + count, StrongSum::default());
    StrongHash::Blake2b.sum_many(simd, whole, LEAF_LEN, &mut sums[known..]);
    if !rest.is_empty() {
        sums.push(StrongHash::Blake2b.sum(rest));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The definition, leaf by leaf.
    fn naive(bytes: &[u8]) -> Root {
        let mut tree = Vec::new();
        for leaf in bytes.chunks(LEAF_LEN) {
            tree.extend_from_slice(&StrongHash::Blake2b.sum(leaf));
        }
        tree.extend_from_slice(&(bytes.len() as u64).to_le_bytes());
        Root(StrongHash::Blake2b.sum(&tree))
    }

    #[test]
    fn the_root_is_that_of_the_definition_however_bytes_come() {
        let bytes: Vec<u8> = (0..40 * LEAF_LEN + 7).map(|n| ((n * n) >> 7) as u8).collect();
        for len in [0, 1, LEAF_LEN - 1, LEAF_LEN, LEAF_LEN + 1, 17 * LEAF_LEN, bytes.len()] {
            let expected = naive(&bytes[..len]);
            for piece in [LEAF_LEN, 3 * LEAF_LEN + 5, 1000, usize::MAX] {
                let mut hasher = RootHasher::new();
                bytes[..len].chunks(piece).for_each(|piece| hasher.update(piece));
                assert_eq!(hasher.finish(), expected, "{len} bytes in pieces of {piece}");
            }
            #[cfg(feature = "layered")]
            {
                let (mut sums, mut hasher) = (Vec::new(), RootHasher::new());
                sum_leaves(Simd::best(), &bytes[..len], &mut sums).unwrap();
                hasher.push_leaves(&sums, len as u64);
                assert_eq!(hasher.finish(), expected, "{len} bytes by leaves");
            }
        }
    }

    #[test]
    fn the_root_of_nothing_is_the_sum_of_eight_zeros() {
        // b2sum -l 256 of eight zero bytes.
        let expected = "81e47a19e6b29b0a65b9591762ce5143ed30d0261e5d24a3201752506b20f15c";
        assert_eq!(Root::of(b"").to_string(), expected);
    }
}
