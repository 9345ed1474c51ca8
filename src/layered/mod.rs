//! Layered patches: what is equal is found by a coarse survey of the whole file, what is not by a
//! binary difference against the old bytes that belong there.

mod apply;
mod explain;
mod flatten;
mod frames;
mod groups;
mod make;
mod nearby;
mod old;
mod plan;
mod rebuild;
mod roots;
mod samples;
#[cfg(test)]
mod tests;
mod view;

use std::ops::ControlFlow;

use old::Effort;

pub use crate::codec::{BodyFacts, ColumnFacts};
#[cfg(unix)]
pub use apply::apply_to_file;
pub use apply::{ApplyOptions, ApplyStats, apply};
pub use explain::{Explanation, GroupFacts, Stretch, explain};
pub use flatten::flatten;
pub use make::{MakeOptions, MakeStats, make};

pub(crate) use groups::{GROUP_LEN, of_new_file, shrank};
pub(crate) use make::{MEMORY_MIB, MadeGroup, PatchWriter, out_of_memory};
pub(crate) use nearby::Nearby;

use crate::codec::{Fault, Layout};
use crate::error::{Error, Part, Result};
use crate::format::layered::CHECK_LEN;
use crate::monitor::{Monitor, Progress};
use crate::root::RootHasher;
use crate::strong::StrongSum;

/// Returns the check of a group: the first bytes of the root of its bytes.
pub(crate) fn check_of(leaf_sums: &[StrongSum], len: u32) -> [u8; CHECK_LEN] {
    let mut hasher = RootHasher::new();
    hasher.push_leaves(leaf_sums, len.into());
    *hasher.finish().0.first_chunk().expect("a root is longer")
}

pub(crate) fn report(monitor: &mut dyn Monitor, done: Progress) -> Result<()> {
    match monitor.progress(done) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(()) => Err(Error::Cancelled),
    }
}

/// How hard the making of a patch tries; applying costs the same memory at every level.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PatchLevel {
    /// Soon done.
    Fast,
    /// Small, and fast to apply.
    #[default]
    Default,
    /// As small as can be: a few megabytes of changed bytes a second, both ways.
    Max,
}

impl PatchLevel {
    fn effort(self) -> Effort {
        match self {
            PatchLevel::Fast => Effort::FAST,
            PatchLevel::Default | PatchLevel::Max => Effort::THOROUGH,
        }
    }

    /// Returns how columns are compressed.
    pub(crate) fn columns(self) -> Layout {
        Layout::Columns { zstd_level: self.zstd_level() }
    }

    pub(crate) fn zstd_level(self) -> i32 {
        match self {
            PatchLevel::Fast => 3,
            PatchLevel::Default | PatchLevel::Max => 19,
        }
    }

    /// Returns how long the columns of a group of `len` bytes may be for mixed contexts to be tried as
    /// well, which take longer: with little to say it is no time at any level, and where columns make
    /// nothing of the bytes, mixing does not either.
    fn most_to_mix(self, len: u32) -> usize {
        match self {
            PatchLevel::Fast => 4 << 10,
            PatchLevel::Default => 8 << 10,
            PatchLevel::Max => (len as usize - len as usize / 32).max(8 << 10),
        }
    }
}

fn damaged(fault: Fault, offset: u64) -> Error {
    match fault {
        Fault::OutOfMemory => Error::OutOfMemory { wanted_bytes: 0 },
        _ => Error::PatchDamaged { offset, part: Part::PatchGroup },
    }
}
