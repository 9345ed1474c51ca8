//! Options: the struct that C fills in, and what it means to the library.

use std::ffi::c_void;
use std::mem::offset_of;
use std::ptr;

use sigdelta::layered::{ApplyOptions, MakeOptions, PatchLevel};
use sigdelta::parallel::{Threads, start_threads_by};
use sigdelta::{
    AfterEnd, DeltaEncoder, DeltaOptions, Error, Index, LoadOptions, PatchOptions, SignatureKind,
    SignatureOptions, SignatureParams, Strictness, StrongLen,
};
use sigdelta_ffi::without_signals;

use crate::error::{Failure, UNKNOWN};
use crate::index::SharedIndex;
use crate::progress::{Callback, Phase, ProgressFn};

/// What is wanted of an operation; each ignores what does not concern it. Start from
/// SIGDELTA_OPTIONS_INIT: 0 is the default of every field.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct sigdelta_options {
    /// sizeof(sigdelta_options)
    pub size: usize,
    /// Signatures: SIGDELTA_RABINKARP_BLAKE2B (default) or another of the four kinds.
    pub signature_kind: u32,
    /// Signatures: bytes per block; 0 takes what is recommended for the length of the basis.
    pub block_len: u32,
    /// Signatures: bytes kept of each strong sum; 0 keeps all of them, SIGDELTA_STRONG_LEN_MIN as few
    /// as are safe for the length of the basis.
    pub strong_len: u32,
    /// A sigdelta_trailer.
    pub trailer: u32,
    /// Non-zero: signatures are loaded as leniently as librsync loads them.
    pub librsync_rules: u32,
    /// Functions on bytes and files: threads to use, the calling one among them; 0 for the library's
    /// choice: more than one for more than 64 MiB, if there is no limit on memory. Results never
    /// depend on it. Each takes two segments of the input, 256 KiB or 16 blocks each; with layered
    /// patches and flat deltas some groups of 32 MiB. On streams 0 is the calling one alone.
    pub threads: u32,
    /// Patch: most bytes of the result; 0 for no limit.
    pub max_output_bytes: u64,
    /// Most bytes of a signature that is loaded; 0 for no limit.
    pub max_signature_bytes: u64,
    /// Most bytes of memory for a signature, its index and the buffers of a delta; 0 for no limit.
    /// As a rule of thumb, 340 kB, two blocks and twice the signature (1.3 to 2.5 times) are needed,
    /// for a smaller delta up to three times as much.
    /// Applying a layered patch: most bytes of memory that it may ask for; 0 for 64 MiB, which is what
    /// this library's patches ask for at most.
    pub max_memory_bytes: u64,
    /// Called while the functions on bytes and files work; may be NULL.
    pub progress: ProgressFn,
    /// First argument of progress.
    pub progress_opaque: *mut c_void,
    /// Deltas: non-zero chooses copies so that the delta is smaller than librsync's where blocks of the
    /// basis are equal, and never larger. librsync applies it.
    pub smaller: u32,
    /// Making layered patches and flat deltas: a sigdelta_level.
    pub level: u32,
}

/// More than any version of a struct will ever have.
pub const MAX_STRUCT_SIZE: usize = 4096;

/// What the size of an older struct can be: the fields end at these.
const FIELD_ENDS: [usize; 14] = [
    offset_of!(sigdelta_options, signature_kind),
    offset_of!(sigdelta_options, block_len),
    offset_of!(sigdelta_options, strong_len),
    offset_of!(sigdelta_options, trailer),
    offset_of!(sigdelta_options, librsync_rules),
    offset_of!(sigdelta_options, threads),
    offset_of!(sigdelta_options, max_output_bytes),
    offset_of!(sigdelta_options, max_signature_bytes),
    offset_of!(sigdelta_options, max_memory_bytes),
    offset_of!(sigdelta_options, progress),
    offset_of!(sigdelta_options, progress_opaque),
    offset_of!(sigdelta_options, smaller),
    offset_of!(sigdelta_options, level),
    size_of::<sigdelta_options>(),
];

const DEFAULT: sigdelta_options = sigdelta_options {
    size: size_of::<sigdelta_options>(),
    signature_kind: 0,
    block_len: 0,
    strong_len: 0,
    trailer: 0,
    librsync_rules: 0,
    threads: 0,
    max_output_bytes: 0,
    max_signature_bytes: 0,
    max_memory_bytes: 0,
    progress: None,
    progress_opaque: ptr::null_mut(),
    smaller: 0,
    level: 0,
};

/// What becomes of the trailer of a delta.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum TrailerRule {
    Auto,
    None,
    Required,
}

/// Options that were found valid.
#[derive(Debug)]
pub struct Options {
    kind: SignatureKind,
    trailer: TrailerRule,
    level: PatchLevel,
    given: sigdelta_options,
}

impl Options {
    /// Reads and checks options; null gives the defaults.
    ///
    /// # Safety
    /// The contract: null, or `options->size` bytes can be read.
    pub unsafe fn read(options: *const sigdelta_options) -> Result<Self, Failure> {
        // SAFETY: as above.
        let given = unsafe { copy(options) }?;
        let kind = match given.signature_kind {
            0 => SignatureKind::default(),
            magic => SignatureKind::from_magic(magic)
                .ok_or(Failure::Argument("options: signature_kind is none of the four"))?,
        };
        let trailer = match given.trailer {
            0 => TrailerRule::Auto,
            1 => TrailerRule::None,
            2 => TrailerRule::Required,
            _ => return Err(Failure::Argument("options: trailer is no sigdelta_trailer")),
        };
        let level = match given.level {
            0 => PatchLevel::Default,
            1 => PatchLevel::Fast,
            2 => PatchLevel::Max,
            _ => return Err(Failure::Argument("options: level is no sigdelta_level")),
        };
        Ok(Options { kind, trailer, level, given })
    }

    /// Returns the parameters of the signature of `basis_len` bytes.
    pub fn params(&self, basis_len: Option<u64>) -> Result<SignatureParams, Error> {
        let strong_len = match self.given.strong_len {
            0 => StrongLen::Max,
            u32::MAX => StrongLen::Min,
            len => StrongLen::Bytes(len),
        };
        let block_len = (self.given.block_len != 0).then_some(self.given.block_len);
        let options = SignatureOptions::new().kind(self.kind);
        options.block_len(block_len).strong_len(strong_len).params(basis_len)
    }

    /// Returns how signatures are loaded.
    pub fn load(&self) -> LoadOptions {
        let strictness = match self.given.librsync_rules {
            0 => Strictness::default(),
            _ => Strictness::Librsync,
        };
        let limits = [self.given.max_signature_bytes, self.given.max_memory_bytes];
        let max_bytes = limits.into_iter().filter_map(limit).min();
        LoadOptions::new().strictness(strictness).max_bytes(max_bytes)
    }

    /// Returns how deltas are made.
    pub fn delta(&self) -> DeltaOptions {
        let options = DeltaOptions::new().trailer(self.trailer != TrailerRule::None);
        options.smaller(self.given.smaller != 0)
    }

    /// Returns how deltas are applied.
    pub fn patch(&self) -> PatchOptions {
        let max_output_bytes = limit(self.given.max_output_bytes);
        PatchOptions::new().after_end(self.after_end()).max_output_bytes(max_output_bytes)
    }

    /// Returns what becomes of the bytes after END of a delta.
    pub fn after_end(&self) -> AfterEnd {
        match self.trailer {
            TrailerRule::Auto => AfterEnd::Check,
            TrailerRule::None => AfterEnd::Stop,
            TrailerRule::Required => AfterEnd::Require,
        }
    }

    /// Returns how layered patches and flat deltas are made, by so many threads.
    pub fn make(&self, threads: usize) -> MakeOptions {
        MakeOptions::new().level(self.level).threads(threads)
    }

    /// Returns how layered patches are applied.
    pub fn apply(&self) -> ApplyOptions {
        let options = ApplyOptions::new().max_output_bytes(limit(self.given.max_output_bytes));
        match limit(self.given.max_memory_bytes) {
            Some(max_bytes) => options.max_memory_bytes(max_bytes),
            None => options,
        }
    }

    /// Returns how many threads work on an input that functions of the caller read.
    pub fn threads_on_streams(&self) -> usize {
        match self.given.threads {
            0 => 1,
            _ => self.threads(None),
        }
    }

    /// Returns how many threads work on an input, whose length may be known. They take no signals.
    pub fn threads(&self, len: Option<u64>) -> usize {
        start_threads_by(|start| without_signals(start));
        let threads = match self.given.threads {
            0 if self.given.max_memory_bytes != 0 => Threads::new(1),
            0 => Threads::auto(),
            number => Threads::new(number as usize),
        };
        threads.for_len(len)
    }

    /// Returns the limit on what a delta may take.
    pub fn memory(&self) -> MemoryLimit {
        MemoryLimit { max_bytes: limit(self.given.max_memory_bytes), delta: self.delta() }
    }

    /// Returns who is told about the progress of a phase, which reads so many bytes if that is known.
    pub fn monitor(&self, phase: Phase, in_total: Option<u64>) -> Callback {
        let sigdelta_options { progress, progress_opaque: opaque, .. } = self.given;
        Callback { progress, opaque, phase, in_total }
    }
}

/// The most memory that an index and a delta against it may take.
#[derive(Clone, Copy, Debug)]
pub struct MemoryLimit {
    max_bytes: Option<u64>,
    delta: DeltaOptions,
}

impl MemoryLimit {
    /// Returns how a signature is loaded that was just made.
    pub fn load(self) -> LoadOptions {
        LoadOptions::new().max_bytes(self.max_bytes)
    }

    /// Says that memory is what the limit on a signature was about, if it was.
    pub fn explain(self, error: Error, needed_bytes: u64) -> Error {
        match error {
            Error::SignatureLimit { max_bytes, .. } if self.max_bytes == Some(max_bytes) => {
                Error::MemoryLimit { needed_bytes, max_bytes }
            }
            other => other,
        }
    }

    /// Fails if a delta against an index can take more.
    pub fn check(self, index: &Index) -> Result<(), Error> {
        let needed_bytes = DeltaEncoder::<SharedIndex>::memory_bytes(index, self.delta);
        match self.max_bytes {
            Some(max_bytes) if needed_bytes > max_bytes => {
                Err(Error::MemoryLimit { needed_bytes, max_bytes })
            }
            _ => Ok(()),
        }
    }
}

/// Copies what the caller's struct has of ours; fields it lacks are 0.
///
/// # Safety
/// As [`Options::read`].
unsafe fn copy(options: *const sigdelta_options) -> Result<sigdelta_options, Failure> {
    if options.is_null() {
        return Ok(DEFAULT);
    }
    // SAFETY: every struct that the contract allows starts with its size.
    let size = unsafe { (&raw const (*options).size).read() };
    let own_size = size_of::<sigdelta_options>();
    if size < own_size && !FIELD_ENDS.contains(&size) || size > MAX_STRUCT_SIZE {
        return Err(Failure::Argument("options: size is not sizeof(sigdelta_options)"));
    }
    if size > own_size {
        // SAFETY: the struct has `size` bytes.
        let tail = unsafe {
            std::slice::from_raw_parts(options.cast::<u8>().add(own_size), size - own_size)
        };
        if tail.iter().any(|&byte| byte != 0) {
            return Err(Failure::Argument(
                "options: a field is set that this version does not know",
            ));
        }
    }
    let mut given = DEFAULT;
    // SAFETY: both have so many bytes; each field is copied whole, so that any bytes are a valid value
    // of it.
    unsafe {
        let target = (&raw mut given).cast::<u8>();
        ptr::copy_nonoverlapping(options.cast::<u8>(), target, size.min(own_size));
    }
    Ok(given)
}

/// Returns the limit that a field means: 0 is none.
fn limit(bytes: u64) -> Option<u64> {
    (bytes != 0).then_some(bytes)
}

/// Returns the length that a parameter means: SIGDELTA_UNKNOWN is none.
pub fn known(len: u64) -> Option<u64> {
    (len != UNKNOWN).then_some(len)
}
