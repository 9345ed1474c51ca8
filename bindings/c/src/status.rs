//! The status that functions return.

use std::ffi::{c_char, c_int};

use sigdelta::{Error, ErrorKind};
use sigdelta_ffi::guard;

/// `sigdelta_status`: a number, since C may send us any.
///
/// cbindgen:ignore
#[repr(transparent)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct sigdelta_status(c_int);

impl sigdelta_status {
    pub const OK: Self = Self(0);
    pub const NEEDS_INPUT: Self = Self(1);
    pub const NEEDS_OUTPUT: Self = Self(2);
    pub const NEEDS_BASIS: Self = Self(3);
    pub const OUT_OF_MEMORY: Self = Self(102);
    pub const INTERNAL_ERROR: Self = Self(107);
    pub const PARAM_ERROR: Self = Self(108);
    pub const CANCELLED: Self = Self(109);
    pub const LIMIT_REACHED: Self = Self(110);

    /// Returns the status that stands for an error.
    pub fn of(error: &Error) -> Self {
        match (error.without_file(), error.kind()) {
            (Error::Cancelled, _) => Self::CANCELLED,
            (Error::OutOfMemory { .. }, _) => Self::OUT_OF_MEMORY,
            (_, ErrorKind::Limit) => Self::LIMIT_REACHED,
            (_, kind) => Self(kind.code()),
        }
    }
}

/// Returns what a status means, in English; the text lives as long as the library.
#[unsafe(no_mangle)]
pub extern "C" fn sigdelta_status_text(status: sigdelta_status) -> *const c_char {
    let text = guard(c"", || match status.0 {
        0 => c"done",
        1 => c"more input is needed",
        2 => c"more room for output is needed",
        3 => c"bytes of the basis are needed",
        100 => c"reading or writing failed",
        102 => c"out of memory",
        103 => c"unexpected end of input",
        104 => c"another kind of file",
        106 => c"damaged or wrong contents",
        107 => c"internal error",
        108 => c"invalid argument",
        109 => c"cancelled",
        110 => c"a limit was reached",
        _ => c"unknown status",
    });
    text.as_ptr()
}
