//! Jobs: the engines, fed and emptied by C.

use std::ptr;

use sigdelta::{
    DeltaEncoder, Engine, Error, PatchStatus, Patcher, SignatureDecoder, SignatureEncoder,
    SignatureStats, Status,
};
use sigdelta_ffi::{free, guard};

use crate::buffers::{Buffers, sigdelta_buffers};
use crate::error::{Failure, Latch, call};
use crate::index::{SharedIndex, sigdelta_index};
use crate::load::finish;
use crate::options::{MemoryLimit, Options, known, sigdelta_options};
use crate::out::{handle_of, put, put_handle};
use crate::stats::{StatsTarget, sigdelta_stats};
use crate::status::sigdelta_status;

/// An operation that is fed in pieces. Used by one thread at a time.
#[derive(Debug)]
pub struct sigdelta_job {
    work: Work,
    latch: Latch,
}

const _: () = {
    const fn sent<T: Send>() {}
    sent::<sigdelta_job>();
};

#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "one allocation per job, whatever its size")]
enum Work {
    Signature(SignatureEncoder),
    Load(Load),
    Delta(DeltaEncoder<SharedIndex>),
    Patch(Patch),
}

#[derive(Debug)]
struct Load {
    /// None when all is loaded.
    decoder: Option<SignatureDecoder>,
    /// Waits to be taken.
    index: Option<SharedIndex>,
    limit: MemoryLimit,
    stats: SignatureStats,
}

#[derive(Debug)]
struct Patch {
    patcher: Patcher,
    /// Position and number of the bytes of the basis that come next.
    wanted: Option<(u64, u64)>,
}

impl Work {
    fn step(&mut self, buffers: &mut Buffers<'_>) -> Result<sigdelta_status, Failure> {
        match self {
            Work::Signature(engine) => step_engine(engine, buffers),
            Work::Load(load) => load.step(buffers),
            Work::Delta(engine) => step_engine(engine, buffers),
            Work::Patch(patch) => patch.step(buffers),
        }
    }

    fn stats(&self) -> sigdelta_stats {
        match self {
            Work::Signature(engine) => engine.stats().into(),
            Work::Load(load) => match &load.decoder {
                Some(decoder) => decoder.stats().into(),
                None => load.stats.into(),
            },
            Work::Delta(engine) => engine.stats().into(),
            Work::Patch(patch) => patch.patcher.stats().into(),
        }
    }
}

fn step_engine(
    engine: &mut impl Engine,
    buffers: &mut Buffers<'_>,
) -> Result<sigdelta_status, Failure> {
    let step = engine.step(buffers.input, buffers.end_of_input(), buffers.output)?;
    buffers.consume(step.consumed);
    buffers.produce(step.produced);
    Ok(match step.status {
        Status::NeedsInput => sigdelta_status::NEEDS_INPUT,
        Status::NeedsOutput => sigdelta_status::NEEDS_OUTPUT,
        Status::Done => sigdelta_status::OK,
    })
}

impl Load {
    fn step(&mut self, buffers: &mut Buffers<'_>) -> Result<sigdelta_status, Failure> {
        let Some(decoder) = &mut self.decoder else { return Ok(sigdelta_status::OK) };
        let come = decoder.stats().in_bytes + buffers.input.len() as u64;
        decoder.push(buffers.input).map_err(|error| self.limit.explain(error, come))?;
        buffers.consume(buffers.input.len());
        if !buffers.end_of_input() {
            return Ok(sigdelta_status::NEEDS_INPUT);
        }
        self.stats = decoder.stats();
        if let Some(decoder) = self.decoder.take() {
            self.index = Some(SharedIndex::new(finish(decoder, self.limit)?)?);
        }
        Ok(sigdelta_status::OK)
    }
}

impl Patch {
    fn step(&mut self, buffers: &mut Buffers<'_>) -> Result<sigdelta_status, Failure> {
        self.wanted = None;
        loop {
            let end_of_input = buffers.end_of_input();
            let step = self.patcher.step(buffers.input, end_of_input, buffers.output)?;
            buffers.consume(step.consumed);
            buffers.produce(step.produced);
            return Ok(match step.status {
                // The next step has the error.
                PatchStatus::Failing => continue,
                PatchStatus::NeedsInput => sigdelta_status::NEEDS_INPUT,
                PatchStatus::NeedsOutput => sigdelta_status::NEEDS_OUTPUT,
                PatchStatus::NeedsBasis { position, len } => {
                    self.wanted = Some((position, len));
                    match buffers.output {
                        [] => sigdelta_status::NEEDS_OUTPUT,
                        _ => sigdelta_status::NEEDS_BASIS,
                    }
                }
                PatchStatus::Done => sigdelta_status::OK,
            });
        }
    }

    /// Takes note of bytes at the front of the output, no more than are wanted.
    fn copied(&mut self, bytes: &[u8]) -> Result<(), Error> {
        if bytes.is_empty() {
            return Err(self.patcher.basis_ended());
        }
        self.patcher.copied(bytes);
        let len = bytes.len() as u64;
        self.wanted = self.wanted.map(|(position, left)| (position + len, left - len));
        self.wanted = self.wanted.filter(|&(_, left)| left > 0);
        Ok(())
    }
}

impl sigdelta_job {
    /// Returns the job of a handle.
    ///
    /// # Safety
    /// The contract: null, or a handle that nobody else uses meanwhile.
    unsafe fn at<'a>(handle: *mut sigdelta_job) -> Result<&'a mut Self, Failure> {
        // SAFETY: as above.
        unsafe { handle.as_mut() }.ok_or(Failure::Argument("job is NULL"))
    }

    /// Gives a new job to C.
    ///
    /// # Safety
    /// The contract: `job` is null or ours to write, the options are null or valid.
    unsafe fn start(
        options: *const sigdelta_options,
        job: *mut *mut sigdelta_job,
        work: impl FnOnce(&Options) -> Result<Work, Failure>,
    ) -> sigdelta_status {
        let make = || {
            // SAFETY: as above.
            let options = unsafe { Options::read(options) }?;
            handle_of(sigdelta_job { work: work(&options)?, latch: Latch::default() })
        };
        // SAFETY: as above.
        unsafe { put_handle(job, "job is NULL", make) }
    }
}

/// Starts a signature: basis in, signature out. The length of the basis is for recommended parameters
/// only; SIGDELTA_UNKNOWN if not known.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sigdelta_signature_job(
    basis_len: u64,
    options: *const sigdelta_options,
    job: *mut *mut sigdelta_job,
) -> sigdelta_status {
    let work = |options: &Options| {
        Ok(Work::Signature(SignatureEncoder::new(options.params(known(basis_len))?)))
    };
    // SAFETY: the contract.
    unsafe { sigdelta_job::start(options, job, work) }
}

/// Starts loading a signature: signature in, no output. SIGDELTA_OK comes after the end of input; then
/// see sigdelta_job_take_index.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sigdelta_load_job(
    options: *const sigdelta_options,
    job: *mut *mut sigdelta_job,
) -> sigdelta_status {
    let work = |options: &Options| {
        Ok(Work::Load(Load {
            decoder: Some(SignatureDecoder::new(options.load())),
            index: None,
            limit: options.memory(),
            stats: SignatureStats::default(),
        }))
    };
    // SAFETY: the contract.
    unsafe { sigdelta_job::start(options, job, work) }
}

/// Takes the index out of a load job that gave SIGDELTA_OK; once. The job is still to be freed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sigdelta_job_take_index(
    job: *mut sigdelta_job,
    index: *mut *mut sigdelta_index,
) -> sigdelta_status {
    call(|| {
        // SAFETY: the contract: null or ours to write.
        unsafe { put(index, ptr::null_mut()) };
        // SAFETY: the contract.
        let job = unsafe { sigdelta_job::at(job) }?;
        if index.is_null() {
            return Err(Failure::Argument("index is NULL"));
        }
        let Work::Load(load) = &mut job.work else {
            return Err(Failure::Argument("job is not a load job"));
        };
        if let Some(status) = job.latch.failed() {
            return Ok(status);
        }
        let loaded = load.index.take();
        let loaded = loaded.ok_or(Failure::Argument("job has no index, or none any more"))?;
        // SAFETY: not null, and ours to write.
        unsafe { index.write(loaded.into_handle()) };
        Ok(sigdelta_status::OK)
    })
}

/// Starts a delta: new file in, delta out. The job holds a reference to the index.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sigdelta_delta_job(
    index: *mut sigdelta_index,
    options: *const sigdelta_options,
    job: *mut *mut sigdelta_job,
) -> sigdelta_status {
    let work = |options: &Options| {
        // SAFETY: the contract.
        let index = unsafe { SharedIndex::of_handle(index) }?;
        options.memory().check(index.as_index())?;
        Ok(Work::Delta(DeltaEncoder::new(index, options.delta())))
    };
    // SAFETY: the contract.
    unsafe { sigdelta_job::start(options, job, work) }
}

/// Starts a patch: delta in, result out. It asks for bytes of the basis by SIGDELTA_NEEDS_BASIS.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sigdelta_patch_job(
    options: *const sigdelta_options,
    job: *mut *mut sigdelta_job,
) -> sigdelta_status {
    let work = |options: &Options| {
        Ok(Work::Patch(Patch { patcher: Patcher::new(options.patch()), wanted: None }))
    };
    // SAFETY: the contract.
    unsafe { sigdelta_job::start(options, job, work) }
}

/// Goes on until the job needs something, is done (SIGDELTA_OK, which repeats) or fails. Sizes of input
/// and output may be any, down to one byte; all input is used up before SIGDELTA_NEEDS_INPUT, all room
/// before SIGDELTA_NEEDS_OUTPUT. There may be output whatever the status.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sigdelta_job_step(
    job: *mut sigdelta_job,
    buffers: *mut sigdelta_buffers,
) -> sigdelta_status {
    call(|| {
        // SAFETY: the contract.
        let (job, mut buffers) = unsafe { (sigdelta_job::at(job)?, Buffers::at(buffers)?) };
        let sigdelta_job { work, latch } = job;
        Ok(latch.step(|| work.step(&mut buffers)))
    })
}

/// After SIGDELTA_NEEDS_BASIS, when there is room: says which bytes of the basis come next in the
/// result. Put 1 to *len of them, as many as there is room for, at buffers->output and call
/// sigdelta_job_copied.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sigdelta_job_wanted(
    job: *const sigdelta_job,
    position: *mut u64,
    len: *mut u64,
) -> sigdelta_status {
    call(|| {
        // SAFETY: the contract: null, or a handle that nobody else uses meanwhile.
        let job = unsafe { job.as_ref() }.ok_or(Failure::Argument("job is NULL"))?;
        if position.is_null() {
            return Err(Failure::Argument("position is NULL"));
        }
        if len.is_null() {
            return Err(Failure::Argument("len is NULL"));
        }
        if let Some(status) = job.latch.failed() {
            return Ok(status);
        }
        let Work::Patch(Patch { wanted: Some(wanted), .. }) = &job.work else {
            return Err(Failure::Argument("job wants no bytes of a basis"));
        };
        // SAFETY: not null, and ours to write.
        unsafe {
            position.write(wanted.0);
            len.write(wanted.1);
        }
        Ok(sigdelta_status::OK)
    })
}

/// Says that len bytes of the basis were put at buffers->output, and moves the output on. May be called
/// again while sigdelta_job_wanted wants more. A len of 0, if there is room, says that the basis ends
/// there, which fails the job with SIGDELTA_INPUT_ENDED.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sigdelta_job_copied(
    job: *mut sigdelta_job,
    buffers: *mut sigdelta_buffers,
    len: usize,
) -> sigdelta_status {
    call(|| {
        // SAFETY: the contract.
        let (job, mut buffers) = unsafe { (sigdelta_job::at(job)?, Buffers::at(buffers)?) };
        if let Some(status) = job.latch.failed() {
            return Ok(status);
        }
        let Work::Patch(patch) = &mut job.work else {
            return Err(Failure::Argument("job is not a patch job"));
        };
        let Some((_, wanted)) = patch.wanted else {
            return Err(Failure::Argument("job wants no bytes of a basis"));
        };
        if len > buffers.output.len() || len as u64 > wanted {
            return Err(Failure::Argument("len is more than is wanted or than there is room for"));
        }
        if buffers.output.is_empty() {
            return Err(Failure::Argument("buffers: there is no room for bytes of the basis"));
        }
        Ok(job.latch.step(|| {
            patch.copied(&buffers.output[..len])?;
            buffers.produce(len);
            Ok(sigdelta_status::OK)
        }))
    })
}

/// Says what a job has done so far; at any time, also after it failed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sigdelta_job_stats(
    job: *const sigdelta_job,
    stats: *mut sigdelta_stats,
) -> sigdelta_status {
    call(|| {
        // SAFETY: the contract.
        let target = unsafe { StatsTarget::new(stats) }?;
        // SAFETY: the contract: null, or a handle that nobody else uses meanwhile.
        let job = unsafe { job.as_ref() }.ok_or(Failure::Argument("job is NULL"))?;
        target.put(job.work.stats());
        Ok(sigdelta_status::OK)
    })
}

/// Gives a job back, done or not.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sigdelta_job_free(job: *mut sigdelta_job) {
    // SAFETY: the contract: null, or a handle that is not used again.
    guard((), || unsafe { free(job) });
}
