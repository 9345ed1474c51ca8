//! Messages: to standard error, to a function of the program, or nowhere.

use std::ffi::{c_char, c_int, c_void};
use std::fmt::{self, Write};
use std::sync::atomic::{AtomicI32, AtomicPtr, Ordering};

use sigdelta::librsync::{result_c_text, result_text};
use sigdelta_ffi::Text;

use crate::libc_stdio::{stderr, stdio};
use crate::types::{TraceFn, rs_loglevel, rs_result};

/// librsync's longest message, with its NUL.
const MESSAGE_LEN: usize = 1000;

static LEVEL: AtomicI32 = AtomicI32::new(rs_loglevel::INFO.0);
/// A `TraceFn`, null for none.
static SINK: AtomicPtr<c_void> = AtomicPtr::new(rs_trace_stderr as *mut c_void);

/// Sends a message to where messages go, unless it is too unimportant. `text` has the name of a
/// function in parentheses in front, where librsync shows one.
///
/// May run code of the program, so never inside a guard.
pub fn log(level: rs_loglevel, text: impl fmt::Display) {
    log_bytes(level, Text::<MESSAGE_LEN>::of(text).as_bytes());
}

/// As [`log`], for texts that may have names of files in them.
pub fn log_bytes(level: rs_loglevel, text: &[u8]) {
    let sink = SINK.load(Ordering::Relaxed);
    if level.0 > LEVEL.load(Ordering::Relaxed) || sink.is_null() {
        return;
    }
    let severity = match level {
        rs_loglevel::ERR => "ERROR: ",
        rs_loglevel::WARNING => "Warning: ",
        _ => "",
    };
    let mut message = Text::<MESSAGE_LEN>::new();
    let _ = write!(message, "librsync: {severity}");
    message.push_bytes(text);
    message.end_line();
    // SAFETY: SINK holds nothing but null and functions of this type.
    let sink: TraceFn = unsafe { std::mem::transmute(sink) };
    if let Some(sink) = sink {
        // SAFETY: the program gave a function that takes a text. It may write into it, too.
        unsafe { sink(level, message.as_mut_ptr()) };
    }
}

/// Logs the cause of an error, if there are words for it.
pub fn log_cause(cause: impl fmt::Display) {
    let text = Text::<MESSAGE_LEN>::of(cause);
    if !text.is_empty() {
        log_bytes(rs_loglevel::ERR, text.as_bytes());
    }
}

/// Logs that a job failed.
pub fn log_failure(op: &str, result: rs_result) {
    let words = result_text(result.0);
    log(rs_loglevel::ERR, format_args!("(rs_job_complete) {op} job failed: {words}"));
}

/// Sets the least important messages that are still shown; RS_LOG_INFO until then.
#[unsafe(no_mangle)]
pub extern "C" fn rs_trace_set_level(level: rs_loglevel) {
    LEVEL.store(level.0, Ordering::Relaxed);
}

/// Sends messages to a function from now on: rs_trace_stderr until then. NULL silences them.
#[unsafe(no_mangle)]
pub extern "C" fn rs_trace_to(trace_fn: TraceFn) {
    let sink = trace_fn.map_or(std::ptr::null_mut(), |trace_fn| trace_fn as *mut c_void);
    SINK.store(sink, Ordering::Relaxed);
}

/// Writes a message to standard error.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn rs_trace_stderr(_: rs_loglevel, msg: *const c_char) {
    if !msg.is_null() {
        // SAFETY: a text, by contract; stderr is set before any code runs.
        unsafe { (stdio().fputs)(msg, stderr) };
    }
}

/// Returns whether messages of level RS_LOG_DEBUG exist: they do not, so 0.
#[unsafe(no_mangle)]
pub extern "C" fn rs_supports_trace() -> c_int {
    0
}

/// Returns a static English text for a result.
#[unsafe(no_mangle)]
pub extern "C" fn rs_strerror(r: rs_result) -> *const c_char {
    result_c_text(r.0).as_ptr()
}
