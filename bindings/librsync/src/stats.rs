//! Statistics: `rs_stats_t`, and the line that shows it.

use std::ffi::{CStr, c_char, c_int};
use std::fmt;

use libc::{size_t, time_t};
use sigdelta::librsync::Statistics;
use sigdelta::{CommandStats, SignatureStats};
use sigdelta_ffi::{Text, guard};

use crate::trace::log;
use crate::types::{rs_loglevel, rs_stats};

impl rs_stats {
    /// Returns the statistics of a job that begins now.
    pub fn new(op: &'static CStr) -> Self {
        rs_stats {
            op: op.as_ptr(),
            lit_cmds: 0,
            lit_bytes: 0,
            lit_cmdbytes: 0,
            copy_cmds: 0,
            copy_bytes: 0,
            copy_cmdbytes: 0,
            sig_cmds: 0,
            sig_bytes: 0,
            false_matches: 0,
            sig_blocks: 0,
            block_len: 0,
            in_bytes: 0,
            out_bytes: 0,
            start: now(),
            end: 0,
        }
    }

    pub fn set_signature(&mut self, stats: &SignatureStats) {
        self.sig_blocks = signed(stats.blocks);
        self.block_len = stats.block_len as size_t;
    }

    pub fn set_commands(&mut self, stats: &CommandStats) {
        self.lit_cmds = c_int::try_from(stats.literal_commands).unwrap_or(c_int::MAX);
        self.lit_bytes = signed(stats.literal_bytes);
        self.lit_cmdbytes = signed(stats.literal_command_bytes);
        self.copy_cmds = signed(stats.copy_commands);
        self.copy_bytes = signed(stats.copy_bytes);
        self.copy_cmdbytes = signed(stats.copy_command_bytes);
    }

    pub fn set_bytes(&mut self, in_bytes: u64, out_bytes: u64) {
        self.in_bytes = signed(in_bytes);
        self.out_bytes = signed(out_bytes);
    }

    /// Takes note that the job ended.
    pub fn finish(&mut self) {
        self.end = now();
    }
}

fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn now() -> time_t {
    // SAFETY: null says that only the result is wanted.
    unsafe { libc::time(std::ptr::null_mut()) }
}

/// Shows statistics as librsync does.
struct Line<'a>(&'a rs_stats);

impl fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stats = self.0;
        let op = match stats.op.is_null() {
            true => Text::<64>::of("noop"),
            // SAFETY: null or a text, by contract.
            false => Text::of(unsafe { CStr::from_ptr(stats.op) }.to_str().unwrap_or("?")),
        };
        let line = Statistics {
            op: op.as_c_str().to_str().unwrap_or_default(),
            lit_cmds: stats.lit_cmds.into(),
            lit_bytes: stats.lit_bytes,
            lit_cmdbytes: stats.lit_cmdbytes,
            copy_cmds: stats.copy_cmds,
            copy_bytes: stats.copy_bytes,
            copy_cmdbytes: stats.copy_cmdbytes,
            sig_cmds: stats.sig_cmds,
            sig_bytes: stats.sig_bytes,
            false_matches: stats.false_matches.into(),
            sig_blocks: stats.sig_blocks,
            block_len: stats.block_len as u64,
            in_bytes: stats.in_bytes,
            out_bytes: stats.out_bytes,
            seconds: stats.end.saturating_sub(stats.start),
        };
        line.fmt(f)
    }
}

/// Writes a line about statistics into `buf`, cut to `size` bytes with its NUL. Returns `buf`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_format_stats(
    stats: *const rs_stats,
    buf: *mut c_char,
    size: size_t,
) -> *mut c_char {
    guard((), || {
        // SAFETY: null or valid, by contract.
        let line = match unsafe { stats.as_ref() } {
            Some(stats) => Text::<1000>::of(Line(stats)),
            None => Text::new(),
        };
        let bytes = line.as_c_str().to_bytes();
        if buf.is_null() || size == 0 {
            return;
        }
        let len = bytes.len().min(size - 1);
        // SAFETY: by contract `size` bytes, of which these are the first len + 1.
        unsafe {
            buf.copy_from_nonoverlapping(bytes.as_ptr().cast(), len);
            *buf.add(len) = 0;
        }
    });
    buf
}

/// Logs a line about statistics at level RS_LOG_INFO. Returns 0.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn rs_log_stats(stats: *const rs_stats) -> c_int {
    // SAFETY: null or valid, by contract.
    if let Some(stats) = unsafe { stats.as_ref() } {
        log(rs_loglevel::INFO, Line(stats));
    }
    0
}
