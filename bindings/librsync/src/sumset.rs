//! Signatures in memory: `rs_signature_t`.

use std::borrow::Borrow;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use sigdelta::librsync::MatchStatistics;
use sigdelta::{
    Error, Index, LoadOptions, SearchStats, Signature, SignatureDecoder, SignatureOptions,
    SignatureStats, Strictness, WeakHash,
};
use sigdelta_ffi::{Shared, guard};

use crate::trace::log;
use crate::types::{rs_loglevel, rs_result};

/// A signature in memory.
///
/// Jobs keep what they need of it, so it may be freed before them, and any number of delta jobs in
/// any threads may use one signature.
#[derive(Debug)]
pub struct rs_signature {
    _private: u8,
}

/// What an `rs_signature_t` owns, together with the jobs that use it.
pub struct Sumset {
    state: Mutex<State>,
    /// Set once, when the state becomes Built.
    index: OnceLock<Index>,
    counters: Counters,
}

enum State {
    Loading(SignatureDecoder),
    Loaded(Signature),
    Built,
    /// Nothing has come of it.
    Nothing,
    /// There was no memory for the index.
    OutOfMemory,
}

impl Sumset {
    /// Returns a signature that waits to be loaded.
    pub fn new() -> Self {
        let options = LoadOptions::new().strictness(Strictness::Librsync);
        let state = State::Loading(SignatureDecoder::new(options));
        Sumset { state: Mutex::new(state), index: OnceLock::new(), counters: Counters::default() }
    }

    /// Returns the signature of nothing.
    fn without_blocks() -> Result<Self, Error> {
        let params = SignatureOptions::new().params(None)?;
        let sumset = Sumset::new();
        *sumset.state() = State::Loaded(Signature::without_blocks(params));
        Ok(sumset)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A state is replaced as a whole, so a panic leaves a valid one.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes more of the signature.
    pub fn push(&self, input: &[u8]) -> Result<SignatureStats, (SignatureStats, Error)> {
        match &mut *self.state() {
            State::Loading(decoder) => match decoder.push(input) {
                Ok(()) => Ok(decoder.stats()),
                Err(error) => Err((decoder.stats(), error)),
            },
            // Something else was done with it before it was complete.
            _ => Err((SignatureStats::default(), Error::AlreadyFailed)),
        }
    }

    /// Ends the loading, where the signature must end, too.
    pub fn finish(&self) -> Result<(), Error> {
        let mut state = self.state();
        let State::Loading(decoder) = &*state else { return Err(Error::AlreadyFailed) };
        decoder.check_end()?;
        if let State::Loading(decoder) = std::mem::replace(&mut *state, State::Nothing) {
            *state = State::Loaded(decoder.finish()?);
        }
        Ok(())
    }

    /// Makes the index of what is loaded, unless that is done.
    pub fn build(&self) -> Result<(), Error> {
        let mut state = self.state();
        let signature = match std::mem::replace(&mut *state, State::Nothing) {
            State::Loading(decoder) => decoder.into_loaded(),
            State::Loaded(signature) => Some(signature),
            other => {
                let result = match other {
                    State::OutOfMemory => Err(Error::OutOfMemory { wanted_bytes: 0 }),
                    _ => Ok(()),
                };
                *state = other;
                return result;
            }
        };
        let Some(signature) = signature else { return Ok(()) };
        match Index::new(signature) {
            Ok(index) => {
                self.index.get_or_init(|| index);
                *state = State::Built;
                Ok(())
            }
            Err(error) => {
                *state = State::OutOfMemory;
                Err(error)
            }
        }
    }

    /// Returns the index, if it is built.
    pub fn index(&self) -> Option<&Index> {
        self.index.get()
    }

    /// Adds to the statistics of searches.
    pub fn count(&self, search: &SearchStats) {
        self.counters.add(search);
    }

    fn with_signature<T>(&self, use_it: impl FnOnce(&Signature) -> T) -> Option<T> {
        match (self.index(), &*self.state()) {
            (Some(index), _) => Some(use_it(index.signature())),
            (None, State::Loaded(signature)) => Some(use_it(signature)),
            _ => None,
        }
    }
}

/// Statistics of all searches in one signature.
#[derive(Default)]
struct Counters {
    searches: AtomicU64,
    matches: AtomicU64,
    weak_compares: AtomicU64,
    strong_compares: AtomicU64,
    strong_sums: AtomicU64,
}

impl Counters {
    fn add(&self, search: &SearchStats) {
        self.searches.fetch_add(search.searches, Ordering::Relaxed);
        self.matches.fetch_add(search.matches, Ordering::Relaxed);
        self.weak_compares.fetch_add(search.weak_compares, Ordering::Relaxed);
        self.strong_compares.fetch_add(search.strong_compares, Ordering::Relaxed);
        self.strong_sums.fetch_add(search.strong_sums, Ordering::Relaxed);
    }

    fn total(&self) -> SearchStats {
        let mut total = SearchStats::default();
        total.searches = self.searches.load(Ordering::Relaxed);
        total.matches = self.matches.load(Ordering::Relaxed);
        total.weak_compares = self.weak_compares.load(Ordering::Relaxed);
        total.strong_compares = self.strong_compares.load(Ordering::Relaxed);
        total.strong_sums = self.strong_sums.load(Ordering::Relaxed);
        total
    }
}

/// A signature whose index is built, for the engine of deltas.
pub struct Built(Shared<Sumset>);

impl Built {
    /// Builds the index if that is not done yet. A signature of which nothing was loaded counts as
    /// one without blocks.
    pub fn new(sumset: Option<Shared<Sumset>>) -> Result<Self, Error> {
        if let Some(sumset) = sumset {
            sumset.build()?;
            if sumset.index().is_some() {
                return Ok(Built(sumset));
            }
        }
        let out_of_memory = Error::OutOfMemory { wanted_bytes: size_of::<Sumset>() as u64 };
        let sumset = Shared::new(Sumset::without_blocks()?).ok_or(out_of_memory)?;
        sumset.build()?;
        Ok(Built(sumset))
    }

    pub fn count(&self, search: &SearchStats) {
        self.0.count(search);
    }
}

impl Clone for Built {
    fn clone(&self) -> Self {
        Built(self.0.clone())
    }
}

impl Borrow<Index> for Built {
    fn borrow(&self) -> &Index {
        self.0.index().expect("built when it was made")
    }
}

/// Frees a signature, whatever became of its loading. NULL is nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_free_sumset(sums: *mut rs_signature) {
    // SAFETY: by contract a signature of this library, freed once.
    guard((), || drop(unsafe { Shared::<Sumset>::from_raw(sums) }));
}

/// Prepares a loaded signature for delta jobs. Deltas do so themselves where this was left out.
///
/// RS_MEM_ERROR if there is not enough memory.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_build_hash_table(sums: *mut rs_signature) -> rs_result {
    guard(rs_result::INTERNAL_ERROR, || {
        // SAFETY: null, or by contract a signature of this library.
        match unsafe { Shared::<Sumset>::share(sums) } {
            Some(sumset) => match sumset.build() {
                Ok(()) => rs_result::DONE,
                Err(error) => rs_result(error.kind().code()),
            },
            None => rs_result::PARAM_ERROR,
        }
    })
}

/// Logs at level RS_LOG_INFO what the searches in a signature did so far.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn rs_signature_log_stats(sig: *const rs_signature) {
    // SAFETY: null, or by contract a signature of this library.
    if let Some(sumset) = unsafe { Shared::<Sumset>::share(sig) } {
        log(rs_loglevel::INFO, MatchStatistics(sumset.counters.total()));
    }
}

/// Logs all sums of a signature at level RS_LOG_INFO.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn rs_sumset_dump(sums: *const rs_signature) {
    // SAFETY: null, or by contract a signature of this library.
    let Some(sumset) = (unsafe { Shared::<Sumset>::share(sums) }) else { return };
    let Some(info) = sumset.with_signature(|signature| (*signature.params(), signature.blocks()))
    else {
        return;
    };
    let (params, blocks) = info;
    let (magic, block_len) = (params.kind().magic(), params.block_len());
    log(
        rs_loglevel::INFO,
        format_args!("sumset info: magic={magic:#x}, block_len={block_len}, block_num={blocks}"),
    );
    for block in 0..blocks {
        // Not with the lock held: the program sees each line.
        let sums = sumset.with_signature(|signature| Sums::of(signature, block));
        let Some(Sums { weak, strong, strong_len }) = sums else { return };
        let strong = Hex(&strong[..strong_len]);
        log(rs_loglevel::INFO, format_args!("sum {block:6}: weak={weak:08x}, strong={strong}"));
    }
}

struct Sums {
    weak: u32,
    strong: [u8; 32],
    strong_len: usize,
}

impl Sums {
    /// Returns the sums of a block; a rollsum as librsync shows it, mixed.
    fn of(signature: &Signature, block: usize) -> Self {
        let weak = match (signature.params().kind().weak, signature.weak_sum(block)) {
            (WeakHash::Rollsum, sum) if sum != 0 => WeakHash::Rollsum.key(sum),
            (_, sum) => sum,
        };
        let from = signature.strong_sum(block);
        let mut strong = [0; 32];
        strong[..from.len()].copy_from_slice(from);
        Sums { weak, strong, strong_len: from.len() }
    }
}

struct Hex<'a>(&'a [u8]);

impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}
