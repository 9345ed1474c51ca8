//! Layered patches: what is identical is found by content-defined chunks, what is not by a binary
//! difference against the right bytes of the old file.

mod apply;
mod frames;
mod nearby;
mod rebuild;
mod roots;

use std::ops::ControlFlow;

#[cfg(unix)]
pub use apply::apply_to_file;
pub use apply::{ApplyOptions, ApplyStats, apply};

use crate::error::{Error, Result};
use crate::format::layered::CHECK_LEN;
use crate::monitor::{Monitor, Progress};
use crate::root::RootHasher;
use crate::strong::StrongSum;

/// Returns the check of a group: the first bytes of the root of its bytes.
fn check_of(leaf_sums: &[StrongSum], len: u32) -> [u8; CHECK_LEN] {
    let mut hasher = RootHasher::new();
    hasher.push_leaves(leaf_sums, len.into());
    *hasher.finish().0.first_chunk().expect("a root is longer")
}

fn report(monitor: &mut dyn Monitor, done: Progress) -> Result<()> {
    match monitor.progress(done) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(()) => Err(Error::Cancelled),
    }
}
