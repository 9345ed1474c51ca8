//! Layered patches and flat deltas of what functions of the caller read and write.

use std::cell::Cell;
use std::sync::Arc;

use sigdelta::layered::{MakeOptions, apply, flatten, make};
use sigdelta::{IoAction, ReadAt};

use super::{Counted, Watch};
use crate::error::Failure;
use crate::files::run;
use crate::options::{Options, sigdelta_options};
use crate::progress::{Callback, Phase};
use crate::source::{Sink, Source, Turns, sigdelta_sink, sigdelta_source};
use crate::stats::sigdelta_stats;
use crate::status::sigdelta_status;

/// Writes the layered patch that turns a basis into a new file.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sigdelta_layered_diff_stream(
    basis: *const sigdelta_source,
    new_file: *const sigdelta_source,
    patch: *const sigdelta_sink,
    options: *const sigdelta_options,
    stats: *mut sigdelta_stats,
) -> sigdelta_status {
    let verb = |options: &Options| {
        // SAFETY: the contract.
        let diff = unsafe { Diff::new(basis, new_file, (patch, "patch"), options) }?;
        let Diff { basis, new, sink, make_options, turns, callback } = diff;
        let mut watch = Watch::new(callback).turns(&turns);
        let made = make(basis, new, sink, make_options, &mut watch)?;
        Ok(watch.end(made)?)
    };
    // SAFETY: the contract.
    unsafe { run(options, stats, verb) }
}

/// Writes the result of a layered patch on a basis, in the calling thread. The patch is read from first
/// to last, each byte once. The basis is compared with the right one before anything is written, the
/// result at the end: what was written before a failure is of no use.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sigdelta_layered_patch_stream(
    basis: *const sigdelta_source,
    patch: *const sigdelta_source,
    result: *const sigdelta_sink,
    options: *const sigdelta_options,
    stats: *mut sigdelta_stats,
) -> sigdelta_status {
    let verb = |options: &Options| {
        let turns = Turns::default();
        // SAFETY: the contract.
        let basis = unsafe { Source::at(basis, "basis", IoAction::ReadBasis, &turns) }?;
        // SAFETY: the contract.
        let patch = unsafe { Source::at(patch, "patch", IoAction::Read, &turns) }?;
        // SAFETY: the contract.
        let sink = unsafe { Sink::at(result, "result", &turns) }?;
        let read_bytes = Cell::new(0);
        let callback = options.monitor(Phase::Patch, patch.len());
        let mut watch = Watch::new(callback).turns(&turns).counted(&read_bytes);
        let patch = Counted { reader: patch.forwards(), read_bytes: &read_bytes };
        let applied = apply(&basis, patch, sink, options.apply(), &mut watch)?;
        Ok(watch.end(applied)?)
    };
    // SAFETY: the contract.
    unsafe { run(options, stats, verb) }
}

/// Writes the delta that turns a basis into a new file, in librsync's format, but from both files. Every
/// librsync applies it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sigdelta_flat_diff_stream(
    basis: *const sigdelta_source,
    new_file: *const sigdelta_source,
    delta: *const sigdelta_sink,
    options: *const sigdelta_options,
    stats: *mut sigdelta_stats,
) -> sigdelta_status {
    let verb = |options: &Options| {
        // SAFETY: the contract.
        let diff = unsafe { Diff::new(basis, new_file, (delta, "delta"), options) }?;
        let Diff { basis, new, sink, make_options, turns, callback } = diff;
        let mut watch = Watch::new(callback).turns(&turns);
        let made = flatten(basis, new, sink, make_options, options.delta(), &mut watch)?;
        Ok(watch.end(made)?)
    };
    // SAFETY: the contract.
    unsafe { run(options, stats, verb) }
}

/// What is made of two sources.
struct Diff {
    basis: (Arc<dyn ReadAt>, u64),
    new: (Arc<dyn ReadAt>, u64),
    sink: Sink,
    make_options: MakeOptions,
    turns: Turns,
    callback: Callback,
}

impl Diff {
    /// Reads and checks the arguments of a call.
    ///
    /// # Safety
    /// The contract: sources and sink are null or valid.
    unsafe fn new(
        basis: *const sigdelta_source,
        new_file: *const sigdelta_source,
        (sink, name): (*const sigdelta_sink, &'static str),
        options: &Options,
    ) -> Result<Self, Failure> {
        let turns = Turns::default();
        // SAFETY: as above.
        let basis = unsafe { Source::at(basis, "basis", IoAction::ReadBasis, &turns) }?;
        // SAFETY: as above.
        let new = unsafe { Source::at(new_file, "new_file", IoAction::Read, &turns) }?;
        // SAFETY: as above.
        let sink = unsafe { Sink::at(sink, name, &turns) }?;
        let callback = options.monitor(Phase::Delta, new.len());
        let (basis, new) = (basis.whole("basis")?, new.whole("new_file")?);
        let make_options = options.make(options.threads_on_streams());
        Ok(Diff { basis, new, sink, make_options, turns, callback })
    }
}
