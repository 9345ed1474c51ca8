//! What is in a patch: its frame, its columns, and where each byte of the result comes from.

use std::io::Read;

use super::apply::{Frames, beyond_basis, compare_basis};
use super::rebuild::{Rebuild, Rebuilt};
use super::roots::measure;
use crate::codec::{BodyFacts, describe};
use crate::error::{Result, try_vec};
use crate::format::PatchHeader;
use crate::read_at::ReadAt;
use crate::root::Root;

/// Bytes of the result that are made at once.
const STEP_LEN: usize = 256 << 10;

/// What a layered patch consists of.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Explanation {
    /// What the patch says of itself.
    pub header: PatchHeader,
    /// Root of the result.
    pub result_root: Root,
    /// Bytes of the patch.
    pub bytes: u64,
    /// The groups.
    pub groups: Vec<GroupFacts>,
}

/// What a group of a patch consists of.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct GroupFacts {
    /// Where its body is in the patch.
    pub offset: u64,
    /// First byte of the result that it describes.
    pub result_start: u64,
    /// Bytes of the result that it describes.
    pub result_len: u32,
    /// How it is coded.
    pub body: BodyFacts,
    /// True if its stretches were told: always if the basis is at hand, else if the layout allows.
    pub is_told: bool,
}

/// Bytes of the result that come from one place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stretch {
    /// Where they are in the result.
    pub start: u64,
    /// How many they are.
    pub len: u64,
    /// Where those of the basis are that they are like; None if they are in the patch.
    pub basis: Option<u64>,
    /// How many of them are not those of the basis.
    pub changed_bytes: u64,
}

/// Says what a patch consists of, and where the bytes of the result come from, in order.
///
/// Groups of mixed layout are told with the basis alone. The result is not verified.
///
/// # Errors
/// Those of [`apply`](super::apply()) and of `tell`.
pub fn explain(
    patch: impl Read,
    basis: Option<&dyn ReadAt>,
    mut tell: impl FnMut(&PatchHeader, &Stretch) -> Result<()>,
) -> Result<Explanation> {
    let mut frames = Frames::new(patch);
    let header = frames.first()?;
    if let Some(basis) = basis {
        compare_basis(&header, measure(basis, beyond_basis(&header), &mut ())?)?;
    }
    let mut groups = Vec::new();
    while let Some(job) = frames.next_group(&header)? {
        let body = describe(&job.body).map_err(|fault| super::damaged(fault, job.offset))?;
        let is_told = basis.is_some() || body.is_told_alone();
        let facts = GroupFacts {
            offset: job.offset,
            result_start: job.group.start,
            result_len: job.group.len,
            body,
            is_told,
        };
        groups.push(facts);
        if is_told {
            // What differs from zeros is what differs from any basis.
            let basis = basis.unwrap_or(&Zeros);
            let rebuild = Rebuild::new(basis, job.body, job.group, job.offset)?;
            let mut tell = |stretch: &Stretch| tell(&header, stretch);
            tell_group(rebuild, basis, job.group.start, job.group.len, &mut tell)?;
        }
    }
    let (bytes, result_root) = frames.last()?;
    Ok(Explanation { header, result_root, bytes, groups })
}

fn tell_group(
    mut rebuild: Rebuild<'_, dyn ReadAt + '_>,
    basis: &dyn ReadAt,
    start: u64,
    len: u32,
    tell: &mut impl FnMut(&Stretch) -> Result<()>,
) -> Result<()> {
    let mut new = try_vec(0, STEP_LEN)?;
    let mut old = try_vec(0, STEP_LEN)?;
    let mut left = len as usize;
    let mut stretch = Stretch { start, len: 0, basis: None, changed_bytes: 0 };
    while left > 0 {
        let most = left.min(STEP_LEN);
        let Rebuilt { len, old: position } = rebuild.step(&mut new[..most])?;
        let changed = match position {
            Some(position) => {
                let filled = basis.fill_at(position, &mut old[..len])?;
                new[..len].iter().zip(&old[..filled]).filter(|(new, old)| new != old).count()
            }
            None => 0,
        };
        if !goes_on(&stretch, position) {
            if stretch.len > 0 {
                tell(&stretch)?;
            }
            let start = stretch.start + stretch.len;
            stretch = Stretch { start, len: 0, basis: position, changed_bytes: 0 };
        }
        stretch.len += len as u64;
        stretch.changed_bytes += changed as u64;
        left -= len;
    }
    tell(&stretch)?;
    rebuild.finish()
}

/// Returns true if bytes from there belong to the stretch.
fn goes_on(stretch: &Stretch, position: Option<u64>) -> bool {
    stretch.basis.map(|basis| basis + stretch.len) == position
}

/// A basis of zeros.
struct Zeros;

impl ReadAt for Zeros {
    fn read_at(&self, _position: u64, buf: &mut [u8]) -> Result<usize> {
        buf.fill(0);
        Ok(buf.len())
    }
}
