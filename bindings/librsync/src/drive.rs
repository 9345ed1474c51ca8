//! Driving a job through two functions of the program.

use std::ffi::c_void;
use std::ptr;

use crate::job::{rs_job, rs_job_iter};
use crate::types::{DrivenCb, rs_buffers_s, rs_result};

/// Runs a job to its end: `in_cb` provides input, `out_cb` takes output away.
///
/// Clears `buf` first. Each round calls `in_cb` unless eof_in is set, rs_job_iter and `out_cb`; the
/// first round has no output space yet. `in_cb` keeps input that is left over and sets eof_in at the
/// end. A callback that does not return RS_DONE ends this with its result.
///
/// RS_INTERNAL_ERROR if the job waits for something that no callback is there to bring.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn rs_job_drive(
    job: *mut rs_job,
    buf: *mut rs_buffers_s,
    in_cb: DrivenCb,
    in_opaque: *mut c_void,
    out_cb: DrivenCb,
    out_opaque: *mut c_void,
) -> rs_result {
    if job.is_null() || buf.is_null() {
        return rs_result::PARAM_ERROR;
    }
    let (next_in, next_out) = (ptr::null_mut(), ptr::null_mut());
    let empty = rs_buffers_s { next_in, avail_in: 0, eof_in: 0, next_out, avail_out: 0 };
    // SAFETY: not null and by contract valid, though it may not have a value yet.
    unsafe { buf.write(empty) };
    loop {
        // SAFETY: as above; what the callbacks did is theirs to answer for.
        let ended = unsafe { (*buf).eof_in } != 0;
        if let Some(in_cb) = in_cb.filter(|_| !ended) {
            // SAFETY: the program gave these to be called together.
            match unsafe { in_cb(job, buf, in_opaque) } {
                rs_result::DONE => {}
                result => return result,
            }
        }
        // SAFETY: as above.
        let before = unsafe { ((*buf).avail_in, (*buf).avail_out) };
        // SAFETY: as above.
        let result = unsafe { rs_job_iter(job, buf) };
        if result != rs_result::DONE && result != rs_result::BLOCKED {
            return result;
        }
        if let Some(out_cb) = out_cb {
            // SAFETY: as above.
            match unsafe { out_cb(job, buf, out_opaque) } {
                rs_result::DONE => {}
                result => return result,
            }
        } else if result == rs_result::BLOCKED {
            // SAFETY: as above.
            let rs_buffers_s { avail_in, avail_out, eof_in, .. } = unsafe { &*buf };
            let has_more = *avail_in > 0 || *eof_in != 0 || in_cb.is_none();
            if before == (*avail_in, *avail_out) && has_more {
                return rs_result::INTERNAL_ERROR;
            }
        }
        if result == rs_result::DONE {
            return rs_result::DONE;
        }
    }
}
