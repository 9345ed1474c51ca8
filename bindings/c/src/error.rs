//! What went wrong: kept for the thread, and for good in what cannot go on.

use std::cell::RefCell;
use std::ffi::{c_char, c_int};
use std::fmt;

use sigdelta::Error;
use sigdelta_ffi::{Text, guard};

use crate::status::sigdelta_status;

/// An offset or length that is not known: `SIGDELTA_UNKNOWN`.
pub const UNKNOWN: u64 = u64::MAX;

/// Why a function of the C API failed.
#[derive(Debug)]
pub enum Failure {
    /// The library's error.
    Library(Error),
    /// An argument that cannot be used.
    Argument(&'static str),
    /// The same: its name, and what it is.
    Named(&'static str, &'static str),
    /// A panic, which is a bug of ours.
    Panic,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Failure::Library(error)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Library(error) => error.fmt(f),
            Failure::Argument(text) => f.write_str(text),
            Failure::Named(argument, what) => write!(f, "{argument} {what}"),
            Failure::Panic => f.write_str("internal error: please report it"),
        }
    }
}

impl Failure {
    /// Makes this the last error of the thread and returns its status.
    fn report(&self) -> sigdelta_status {
        let (status, offset, errno) = match self {
            Failure::Library(error) => (sigdelta_status::of(error), error.offset(), errno(error)),
            Failure::Argument(_) | Failure::Named(..) => (sigdelta_status::PARAM_ERROR, None, None),
            Failure::Panic => (sigdelta_status::INTERNAL_ERROR, None, None),
        };
        let (offset, errno) = (offset.unwrap_or(UNKNOWN), errno.unwrap_or(0));
        LAST.set(Last { text: Text::of(self), offset, errno });
        status
    }
}

/// Returns what the system said, if it is the system that failed.
fn errno(error: &Error) -> Option<c_int> {
    match error.without_file() {
        Error::Io { cause, .. } => cause.raw_os_error(),
        _ => None,
    }
}

struct Last {
    text: Text<2048>,
    offset: u64,
    errno: c_int,
}

thread_local! {
    // Without a destructor and without the heap, so that it is there always.
    static LAST: RefCell<Last> =
        const { RefCell::new(Last { text: Text::new(), offset: UNKNOWN, errno: 0 }) };
}

/// Runs the body of an exported function: panics stop here, failures become the last error.
pub fn call(run: impl FnOnce() -> Result<sigdelta_status, Failure>) -> sigdelta_status {
    let result = guard(Err(Failure::Panic), run);
    guard(sigdelta_status::INTERNAL_ERROR, || match result {
        Ok(status) => status,
        Err(failure) => failure.report(),
    })
}

/// Keeps the first failure of something that cannot go on after it.
#[derive(Debug, Default)]
pub struct Latch(Option<Failure>);

impl Latch {
    /// Runs a step, unless one failed before; returns its status, or that of the failure.
    pub fn step(
        &mut self,
        run: impl FnOnce() -> Result<sigdelta_status, Failure>,
    ) -> sigdelta_status {
        if let Some(status) = self.failed() {
            return status;
        }
        match guard(Err(Failure::Panic), run) {
            Ok(status) => status,
            Err(failure) => self.0.insert(failure).report(),
        }
    }

    /// Makes the failure the last error of the thread again and returns its status; None if there was
    /// none.
    pub fn failed(&self) -> Option<sigdelta_status> {
        self.0.as_ref().map(Failure::report)
    }
}

/// Returns one line on the last call that failed in this thread, "" if none did. The text is UTF-8,
/// cut at 2047 bytes, and stays until another call fails in this thread.
#[unsafe(no_mangle)]
pub extern "C" fn sigdelta_error_text() -> *const c_char {
    let empty = c"".as_ptr();
    guard(empty, || LAST.with_borrow(|last| last.text.as_c_str().as_ptr()))
}

/// Returns the byte of a signature or delta that the last error of this thread speaks of,
/// SIGDELTA_UNKNOWN if none.
#[unsafe(no_mangle)]
pub extern "C" fn sigdelta_error_offset() -> u64 {
    guard(UNKNOWN, || LAST.with_borrow(|last| last.offset))
}

/// Returns the system's errno (on Windows its error code) of the last error of this thread, 0 if that
/// did not come from the system.
#[unsafe(no_mangle)]
pub extern "C" fn sigdelta_error_errno() -> c_int {
    guard(0, || LAST.with_borrow(|last| last.errno))
}
