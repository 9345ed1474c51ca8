//! Progress, as C is told of it.

use std::ffi::{c_int, c_void};
use std::ops::ControlFlow;

use sigdelta::{Monitor, Progress};

use crate::error::UNKNOWN;

/// How far an operation has come.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct sigdelta_progress {
    /// sizeof(sigdelta_progress) in the library's version; later ones may have more fields.
    pub size: usize,
    /// A sigdelta_phase.
    pub phase: u32,
    /// Bytes read in this phase.
    pub in_bytes: u64,
    /// Length of what is read in this phase, SIGDELTA_UNKNOWN for pipes.
    pub in_total: u64,
    /// Bytes made in this phase: of the signature, the delta or the result.
    pub out_bytes: u64,
}

/// `sigdelta_progress_fn *`
///
/// cbindgen:ignore
pub type ProgressFn = Option<unsafe extern "C" fn(*mut c_void, *const sigdelta_progress) -> c_int>;

/// `sigdelta_phase`
///
/// cbindgen:ignore
#[derive(Clone, Copy, Debug)]
pub enum Phase {
    Signature = 1,
    Load = 2,
    Delta = 3,
    Patch = 4,
}

/// The progress function of the caller, in one phase.
#[derive(Debug)]
pub struct Callback {
    pub progress: ProgressFn,
    pub opaque: *mut c_void,
    pub phase: Phase,
    pub in_total: Option<u64>,
}

impl Monitor for Callback {
    fn progress(&mut self, done: Progress) -> ControlFlow<()> {
        let Some(progress) = self.progress else { return ControlFlow::Continue(()) };
        let told = sigdelta_progress {
            size: size_of::<sigdelta_progress>(),
            phase: self.phase as u32,
            in_bytes: done.in_bytes,
            in_total: self.in_total.unwrap_or(UNKNOWN),
            out_bytes: done.out_bytes,
        };
        // SAFETY: the contract: the function can be called with its opaque pointer in this thread.
        match unsafe { progress(self.opaque, &raw const told) } {
            0 => ControlFlow::Continue(()),
            _ => ControlFlow::Break(()),
        }
    }
}
