//! Bytes of the basis: what a patch job asks of the program.

use std::ffi::c_void;
use std::ptr;

use crate::trace::log;
use crate::types::{CopyCb, rs_loglevel, rs_long_t, rs_result};

/// What came of a call for bytes of the basis.
pub enum Copied {
    /// This many are at the front of the output.
    Some(usize),
    Blocked,
    Failed(rs_result),
}

/// Calls for bytes of the basis, as many as the output has room for.
///
/// Runs code of the program, so never inside a guard.
///
/// # Safety
/// `output` has room for `room` bytes; `copy_cb` takes `copy_arg`.
pub unsafe fn copy(
    output: *mut c_void,
    room: usize,
    (position, len): (u64, u64),
    copy_cb: CopyCb,
    copy_arg: *mut c_void,
) -> Copied {
    let wanted = usize::try_from(len).unwrap_or(usize::MAX).min(room);
    if wanted == 0 {
        return Copied::Blocked;
    }
    let Some(copy_cb) = copy_cb else {
        log(rs_loglevel::ERR, "(rs_patch_s_copying) delta has a COPY but there is no copy_cb");
        return Copied::Failed(rs_result::PARAM_ERROR);
    };
    let (mut got, mut from) = (wanted, output);
    // SAFETY: as the caller promises. Positions on the wire are below 2^63.
    match unsafe { copy_cb(copy_arg, position as rs_long_t, &mut got, &mut from) } {
        rs_result::DONE => {}
        rs_result::BLOCKED => return Copied::Blocked,
        // Not a result that a job can have.
        rs_result::RUNNING => return Copied::Failed(rs_result::INTERNAL_ERROR),
        failed => return Copied::Failed(failed),
    }
    if got == 0 {
        log(rs_loglevel::ERR, "(rs_patch_s_copying) copy_cb() returned nothing: end of the basis");
        return Copied::Failed(rs_result::INPUT_ENDED);
    }
    if got > wanted {
        log(
            rs_loglevel::WARNING,
            "(rs_patch_s_copying) copy_cb() returned more than the requested length",
        );
        got = wanted;
    }
    if from.is_null() {
        return Copied::Failed(rs_result::PARAM_ERROR);
    }
    if from != output {
        // SAFETY: the callback says that there are as many bytes of its own, maybe in the output.
        unsafe { ptr::copy(from.cast::<u8>(), output.cast::<u8>(), got) };
    }
    Copied::Some(got)
}
