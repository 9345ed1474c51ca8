//! Types and data objects of the ABI.

use std::ffi::{c_char, c_int, c_void};
use std::sync::atomic::AtomicI32;

use libc::{intmax_t, size_t, time_t};

/// cbindgen:ignore
pub type rs_long_t = intmax_t;

/// Result of most functions. A number and no Rust enum, since callbacks can return anything.
///
/// cbindgen:ignore
#[repr(transparent)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct rs_result(pub c_int);

#[allow(missing_docs)] // in the header
impl rs_result {
    pub const DONE: Self = Self(0);
    pub const BLOCKED: Self = Self(1);
    pub const RUNNING: Self = Self(2);
    pub const IO_ERROR: Self = Self(100);
    pub const MEM_ERROR: Self = Self(102);
    pub const INPUT_ENDED: Self = Self(103);
    pub const BAD_MAGIC: Self = Self(104);
    pub const INTERNAL_ERROR: Self = Self(107);
    pub const PARAM_ERROR: Self = Self(108);
}

/// Kind of a stream: its first four bytes.
///
/// cbindgen:ignore
#[repr(transparent)]
#[derive(Clone, Copy, Debug)]
pub struct rs_magic_number(pub u32);

/// Severity of a message.
///
/// cbindgen:ignore
#[repr(transparent)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct rs_loglevel(pub c_int);

#[allow(missing_docs)] // in the header
impl rs_loglevel {
    pub const ERR: Self = Self(3);
    pub const WARNING: Self = Self(4);
    pub const INFO: Self = Self(6);
}

/// cbindgen:ignore
pub type DrivenCb =
    Option<unsafe extern "C-unwind" fn(*mut rs_job, *mut rs_buffers_s, *mut c_void) -> rs_result>;

/// cbindgen:ignore
pub type CopyCb = Option<
    unsafe extern "C-unwind" fn(*mut c_void, rs_long_t, *mut size_t, *mut *mut c_void) -> rs_result,
>;

/// cbindgen:ignore
pub type TraceFn = Option<unsafe extern "C-unwind" fn(rs_loglevel, *const c_char)>;

pub use crate::job::rs_job;
pub use crate::sumset::rs_signature;

/// Input and output of a job, from one call to the next.
///
/// Each call moves the pointers past what it used. A pointer may be null if its length is 0.
#[repr(C)]
#[derive(Debug)]
pub struct rs_buffers_s {
    /// Next byte of input.
    pub next_in: *mut c_char,
    /// Bytes of input at `next_in`. What a call leaves must come first in the next one.
    pub avail_in: size_t,
    /// True if nothing follows these bytes; then it stays true.
    pub eof_in: c_int,
    /// Where the next byte of output goes.
    pub next_out: *mut c_char,
    /// Bytes of space at `next_out`.
    pub avail_out: size_t,
}

/// What a job did.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct rs_stats {
    /// "signature", "loadsig", "delta" or "patch".
    pub op: *const c_char,
    /// LITERAL commands of a delta.
    pub lit_cmds: c_int,
    /// Bytes of literal data.
    pub lit_bytes: rs_long_t,
    /// Bytes of LITERAL commands without their data.
    pub lit_cmdbytes: rs_long_t,
    /// COPY commands of a delta.
    pub copy_cmds: rs_long_t,
    /// Bytes copied from the basis.
    pub copy_bytes: rs_long_t,
    /// Bytes of COPY commands.
    pub copy_cmdbytes: rs_long_t,
    /// Not used.
    pub sig_cmds: rs_long_t,
    /// Not used.
    pub sig_bytes: rs_long_t,
    /// Not used.
    pub false_matches: c_int,
    /// Blocks of a signature that was made or loaded.
    pub sig_blocks: rs_long_t,
    /// Their length in bytes.
    pub block_len: size_t,
    /// Bytes read, of jobs on files.
    pub in_bytes: rs_long_t,
    /// Bytes written, of jobs on files.
    pub out_bytes: rs_long_t,
    /// When the job began.
    pub start: time_t,
    /// When it ended.
    pub end: time_t,
}

#[cfg(target_pointer_width = "64")]
const _: () = {
    use std::mem::offset_of;
    assert!(size_of::<rs_buffers_s>() == 40 && offset_of!(rs_buffers_s, next_out) == 24);
    assert!(size_of::<rs_stats>() == 128 && offset_of!(rs_stats, sig_blocks) == 80);
};

const fn c_chars<const N: usize>(text: &[u8; N]) -> [c_char; N] {
    let mut chars = [0; N];
    let mut at = 0;
    while at < N {
        chars[at] = text[at] as c_char;
        at += 1;
    }
    chars
}

/// The version of librsync that this library behaves as. 15 bytes: programs hold a copy of it.
///
/// cbindgen:ignore
#[unsafe(no_mangle)]
pub static rs_librsync_version: [c_char; 15] = c_chars(b"librsync 2.3.4\0");

/// cbindgen:ignore
#[unsafe(no_mangle)]
pub static RS_MD4_SUM_LENGTH: c_int = 16;

/// cbindgen:ignore
#[unsafe(no_mangle)]
pub static RS_BLAKE2_SUM_LENGTH: c_int = 32;

/// Set by programs, before they use the functions on files.
///
/// cbindgen:ignore
#[unsafe(no_mangle)]
pub static rs_inbuflen: AtomicI32 = AtomicI32::new(0);

/// As [`rs_inbuflen`].
///
/// cbindgen:ignore
#[unsafe(no_mangle)]
pub static rs_outbuflen: AtomicI32 = AtomicI32::new(0);
