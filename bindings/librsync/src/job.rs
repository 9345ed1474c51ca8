//! Jobs: the engines behind `rs_job_t`.

use std::ffi::{CStr, c_void};
use std::fmt;

use libc::size_t;
use sigdelta::librsync::Cause;
use sigdelta::{
    AfterEnd, DeltaEncoder, DeltaOptions, Engine, Error, PatchOptions, PatchStatus, Patcher,
    SearchStats, SignatureEncoder, SignatureParams, Status,
};
use sigdelta_ffi::{Shared, free, give, guard, slice, slice_mut};

use crate::args::{self, Refusal, Wanted};
use crate::patch::{Copied, copy};
use crate::sumset::{Built, Sumset};
use crate::trace::{log_cause, log_failure};
use crate::types::{CopyCb, rs_buffers_s, rs_magic_number, rs_result, rs_signature, rs_stats};

/// A signature, load, delta or patch on its way.
pub struct rs_job {
    work: Work,
    pub(crate) stats: rs_stats,
    /// What it came to; RS_RUNNING until then.
    result: rs_result,
}

#[allow(clippy::large_enum_variant)] // each is made once
enum Work {
    Signature(SignatureEncoder),
    Load(Shared<Sumset>),
    Delta {
        encoder: DeltaEncoder<Built>,
        index: Built,
        counted: SearchStats,
    },
    Patch {
        patcher: Patcher,
        copy_cb: CopyCb,
        copy_arg: *mut c_void,
    },
    /// Parameters that are refused, which librsync says only when the job runs.
    Refused(Refusal),
    /// There was no memory to begin.
    OutOfMemory,
}

/// What one turn of the work ended with.
enum Turn {
    Blocked,
    /// There is more to say.
    Again,
    Done,
    /// Bytes of the basis come next.
    Copy {
        position: u64,
        len: u64,
        copy_cb: CopyCb,
        copy_arg: *mut c_void,
    },
    Failed(Failure),
}

/// Why a job failed.
enum Failure {
    Engine(Error),
    Refused(Refusal),
    /// What there is to tell has been told.
    Result(rs_result),
}

impl Failure {
    fn result(&self) -> rs_result {
        match self {
            Failure::Engine(error) => rs_result(error.kind().code()),
            Failure::Refused(refusal) => refusal.result(),
            Failure::Result(result) => *result,
        }
    }
}

/// Shows the cause, if there are words for it.
impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Engine(error) => Cause(error).fmt(f),
            Failure::Refused(refusal) => refusal.fmt(f),
            Failure::Result(_) => Ok(()),
        }
    }
}

impl rs_job {
    fn begin(op: &'static CStr, work: Work) -> *mut rs_job {
        give(rs_job { work, stats: rs_stats::new(op), result: rs_result::RUNNING })
    }

    /// Begins a signature.
    pub fn signature(params: SignatureParams) -> *mut rs_job {
        rs_job::begin(c"signature", Work::Signature(SignatureEncoder::new(params)))
    }

    /// Begins the loading of a signature.
    pub fn load(sumset: Shared<Sumset>) -> *mut rs_job {
        rs_job::begin(c"loadsig", Work::Load(sumset))
    }

    /// Begins a delta, against nothing for None.
    pub fn delta(sumset: Option<Shared<Sumset>>) -> *mut rs_job {
        let work = match Built::new(sumset) {
            Ok(index) => {
                let encoder = DeltaEncoder::new(index.clone(), DeltaOptions::new());
                Work::Delta { encoder, index, counted: SearchStats::default() }
            }
            Err(_) => Work::OutOfMemory,
        };
        rs_job::begin(c"delta", work)
    }

    /// Begins a patch.
    pub fn patch(after_end: AfterEnd, copy_cb: CopyCb, copy_arg: *mut c_void) -> *mut rs_job {
        let patcher = Patcher::new(PatchOptions::new().after_end(after_end));
        rs_job::begin(c"patch", Work::Patch { patcher, copy_cb, copy_arg })
    }

    fn op(&self) -> &'static str {
        match self.work {
            Work::Signature(_) | Work::Refused(_) => "signature",
            Work::Load(_) => "loadsig",
            Work::Delta { .. } | Work::OutOfMemory => "delta",
            Work::Patch { .. } => "patch",
        }
    }

    /// Takes note that the job is over; returns what it was.
    fn end(&mut self, result: rs_result) -> &'static str {
        self.result = result;
        self.stats.finish();
        self.op()
    }

    /// Goes on as far as the buffers let it.
    fn turn(&mut self, buffers: &mut rs_buffers_s) -> Turn {
        // Where there is no output nobody may have said how much of it. "As much as you like" is more
        // than any memory has.
        let room = match self.work {
            Work::Load(_) => 0,
            _ => buffers.avail_out.min(isize::MAX as usize),
        };
        // SAFETY: by contract of rs_job_iter.
        let slices = unsafe {
            slice(buffers.next_in, buffers.avail_in).zip(slice_mut(buffers.next_out, room))
        };
        let Some((input, output)) = slices else {
            return Turn::Failed(Failure::Result(rs_result::PARAM_ERROR));
        };
        let end = buffers.eof_in != 0;
        let (consumed, produced, turn) = match &mut self.work {
            Work::Signature(encoder) => {
                let step = encoder.step(input, end, output);
                self.stats.set_signature(&encoder.stats());
                of_engine(step)
            }
            Work::Delta { encoder, index, counted } => {
                let step = encoder.step(input, end, output);
                let stats = encoder.stats();
                self.stats.set_commands(&stats.commands);
                index.count(&stats.search.since(counted));
                *counted = stats.search;
                of_engine(step)
            }
            Work::Load(sumset) => match sumset.push(input) {
                Ok(stats) => {
                    self.stats.set_signature(&stats);
                    let turn = match end {
                        true => sumset.finish().map_or_else(failed, |()| Turn::Done),
                        false => Turn::Blocked,
                    };
                    (input.len(), 0, turn)
                }
                Err((stats, error)) => {
                    self.stats.set_signature(&stats);
                    (0, 0, failed(error))
                }
            },
            Work::Patch { patcher, copy_cb, copy_arg } => {
                let step = patcher.step(input, end, output);
                self.stats.set_commands(&patcher.stats().commands);
                match step {
                    Ok(step) => {
                        let turn = match step.status {
                            PatchStatus::Done => Turn::Done,
                            PatchStatus::NeedsBasis { position, len } => {
                                let (copy_cb, copy_arg) = (*copy_cb, *copy_arg);
                                Turn::Copy { position, len, copy_cb, copy_arg }
                            }
                            PatchStatus::Failing => Turn::Again,
                            _ => Turn::Blocked,
                        };
                        (step.consumed, step.produced, turn)
                    }
                    Err(error) => (0, 0, failed(error)),
                }
            }
            Work::Refused(refusal) => (0, 0, Turn::Failed(Failure::Refused(*refusal))),
            Work::OutOfMemory => (0, 0, Turn::Failed(Failure::Result(rs_result::MEM_ERROR))),
        };
        buffers.next_in = buffers.next_in.wrapping_add(consumed);
        buffers.avail_in -= consumed;
        buffers.next_out = buffers.next_out.wrapping_add(produced);
        buffers.avail_out -= produced;
        turn
    }

    /// Takes note that a copy callback put bytes into the output, which the buffers still have
    /// before them. False if they do not: the callback changed them.
    fn copied(&mut self, buffers: &mut rs_buffers_s, len: usize) -> bool {
        let Some(room) = buffers.avail_out.checked_sub(len) else { return false };
        // SAFETY: by contract of rs_job_iter; the callback wrote these bytes.
        let bytes = unsafe { slice(buffers.next_out, len) };
        let (Work::Patch { patcher, .. }, Some(bytes)) = (&mut self.work, bytes) else {
            return false;
        };
        patcher.copied(bytes);
        buffers.next_out = buffers.next_out.wrapping_add(len);
        buffers.avail_out = room;
        true
    }
}

fn failed(error: Error) -> Turn {
    Turn::Failed(Failure::Engine(error))
}

fn of_engine(step: Result<sigdelta::Step, Error>) -> (usize, usize, Turn) {
    match step {
        Ok(step) => {
            let done = step.status == Status::Done;
            (step.consumed, step.produced, if done { Turn::Done } else { Turn::Blocked })
        }
        Err(error) => (0, 0, failed(error)),
    }
}

/// Goes on with a job until it needs input or output space, is done or fails.
///
/// RS_BLOCKED asks for more: present what is left of the input in front of what is new, and space
/// for output. RS_DONE says that all output has been delivered. Both may leave input unread. Any
/// sizes of input and output work, down to a byte. A job that failed gives the same result again.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn rs_job_iter(
    job: *mut rs_job,
    buffers: *mut rs_buffers_s,
) -> rs_result {
    if job.is_null() || buffers.is_null() {
        return rs_result::PARAM_ERROR;
    }
    loop {
        // SAFETY: not null and by contract valid.
        let ended = unsafe { (*job).result };
        if ended != rs_result::RUNNING {
            return ended;
        }
        // SAFETY: as above. The borrows end before a callback runs, which may use the job, too.
        let turn = guard(Turn::Failed(Failure::Result(rs_result::INTERNAL_ERROR)), || unsafe {
            (*job).turn(&mut *buffers)
        });
        let failure = match turn {
            Turn::Blocked => return rs_result::BLOCKED,
            Turn::Again => continue,
            Turn::Done => {
                // SAFETY: as above.
                unsafe { (*job).end(rs_result::DONE) };
                return rs_result::DONE;
            }
            Turn::Copy { position, len, copy_cb, copy_arg } => {
                // SAFETY: as above. Nothing of ours is borrowed while the callback runs, which is
                // the one given for this job.
                let copied = unsafe {
                    let (output, room) = ((*buffers).next_out, (*buffers).avail_out);
                    copy(output.cast(), room, (position, len), copy_cb, copy_arg)
                };
                match copied {
                    Copied::Some(len) => {
                        // SAFETY: as above.
                        match guard(false, || unsafe { (*job).copied(&mut *buffers, len) }) {
                            true => continue,
                            false => Failure::Result(rs_result::INTERNAL_ERROR),
                        }
                    }
                    Copied::Blocked => return rs_result::BLOCKED,
                    Copied::Failed(result) => Failure::Result(result),
                }
            }
            Turn::Failed(failure) => failure,
        };
        // The job has its result before the messages, since whoever gets them may not come back.
        let result = failure.result();
        // SAFETY: as above.
        let op = unsafe { (*job).end(result) };
        log_cause(&failure);
        log_failure(op, result);
        return result;
    }
}

/// Returns what a job did so far. The numbers move with the job and are gone with it. NULL for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_job_statistics(job: *mut rs_job) -> *const rs_stats {
    if job.is_null() {
        return std::ptr::null();
    }
    // SAFETY: not null and by contract valid.
    unsafe { &raw const (*job).stats }
}

/// Frees a job, complete or not. NULL is nothing. Always RS_DONE.
///
/// A signature that was loaded or used by the job stays the caller's.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_job_free(job: *mut rs_job) -> rs_result {
    // SAFETY: by contract a job of this library, freed once.
    guard((), || unsafe { free(job) });
    rs_result::DONE
}

/// Begins a job that turns a file into its signature.
///
/// Lengths and kind are as for rs_sig_args, with an unknown length of the file; what cannot be is
/// refused by the first rs_job_iter. NULL only if there is no memory.
#[unsafe(no_mangle)]
pub extern "C" fn rs_sig_begin(
    block_len: size_t,
    strong_len: size_t,
    sig_magic: rs_magic_number,
) -> *mut rs_job {
    guard(std::ptr::null_mut(), || {
        // Often an int that was -1, and was not extended.
        let strong_len = if strong_len == u32::MAX as size_t { size_t::MAX } else { strong_len };
        let wanted = Wanted { magic: sig_magic, block_len, strong_len };
        match args::resolve(-1, wanted) {
            Ok(params) => rs_job::signature(params),
            Err(refusal) => rs_job::begin(c"signature", Work::Refused(refusal)),
        }
    })
}

/// Begins a job that loads a signature, without output.
///
/// `*sumset` is set at once and is the caller's, who frees it with rs_free_sumset whatever becomes of
/// the job. NULL only if there is no memory, or nowhere to put the signature.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_loadsig_begin(sumset: *mut *mut rs_signature) -> *mut rs_job {
    if sumset.is_null() {
        return std::ptr::null_mut();
    }
    guard(std::ptr::null_mut(), || {
        let (handle, job) = match Shared::new(Sumset::new()) {
            Some(shared) => {
                let job = rs_job::load(shared.clone());
                (shared.into_raw(), job)
            }
            None => (std::ptr::null_mut(), std::ptr::null_mut()),
        };
        // SAFETY: not null and by contract valid.
        unsafe { *sumset = handle };
        job
    })
}

/// Begins a job that turns a new file into its delta against a signature.
///
/// NULL stands for the signature of an empty file. The signature may be freed before the job is done,
/// and may be in use by other jobs in other threads. NULL only if there is no memory.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_delta_begin(sig: *mut rs_signature) -> *mut rs_job {
    // SAFETY: null, or by contract a signature of this library.
    guard(std::ptr::null_mut(), || rs_job::delta(unsafe { Shared::share(sig) }))
}

/// Begins a job that turns a delta into the new file.
///
/// `copy_cb` reads from the basis, see rs_copy_cb. NULL only if there is no memory.
#[unsafe(no_mangle)]
pub extern "C" fn rs_patch_begin(copy_cb: CopyCb, copy_arg: *mut c_void) -> *mut rs_job {
    guard(std::ptr::null_mut(), || rs_job::patch(AfterEnd::Stop, copy_cb, copy_arg))
}

impl fmt::Debug for rs_job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("rs_job").field("stats", &self.stats).finish_non_exhaustive()
    }
}
