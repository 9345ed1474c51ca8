//! librsync's words for errors and statistics, for programs and libraries that take its place.
//!
//! Users of librsync look for these texts in logs, so they are librsync's to the letter.

use std::ffi::CStr;
use std::fmt;

use crate::error::{Error, IoAction, Part};
use crate::stats::{CommandStats, SearchStats, SignatureStats};

/// Returns librsync's text for a result code.
pub fn result_text(code: i32) -> &'static str {
    result_c_text(code).to_str().unwrap_or_default()
}

/// As [`result_text`], for C.
pub fn result_c_text(code: i32) -> &'static CStr {
    match code {
        0 => c"OK",
        1 => c"blocked waiting for input or output buffers",
        2 => c"still running",
        100 => c"IO error",
        101 => c"bad command line syntax",
        102 => c"out of memory",
        103 => c"unexpected end of input",
        104 => c"bad magic number at start of stream",
        105 => c"unimplemented case",
        106 => c"stream corrupt",
        107 => c"library internal error",
        _ => c"unexplained problem",
    }
}

/// What librsync logs about the cause of an error, with the name of the function in front; nothing
/// if it has no words for it.
#[derive(Clone, Copy, Debug)]
pub struct Cause<'a>(pub &'a Error);

impl fmt::Display for Cause<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.without_file() {
            Error::Io { action, cause } => {
                let words = system_text(cause);
                match action {
                    IoAction::Read => {
                        write!(f, "(rs_infilebuf_fill) error filling buf from file: {words}")
                    }
                    IoAction::Write => {
                        write!(f, "(rs_outfilebuf_drain) error draining buf to file: {words}")
                    }
                    // pread refuses positions that lseek would have refused.
                    IoAction::ReadBasis if cause.kind() != std::io::ErrorKind::InvalidInput => {
                        write!(f, "(rs_file_copy_cb) read error: {words}")
                    }
                    _ => write!(f, "(rs_file_copy_cb) seek failed: {words}"),
                }
            }
            // rdiff opens the basis first.
            Error::BasisEnded { .. } => f.write_str("(rs_file_copy_cb) unexpected eof on fd3"),
            Error::InputEnded { expected: Part::LiteralData, .. } => {
                f.write_str("(rs_tube_catchup) reached end of file while copying data")
            }
            Error::BadDeltaMagic { found, .. } => write!(
                f,
                "(rs_patch_s_header) got magic number {found:#x} rather than expected value \
                 0x72730236"
            ),
            Error::BadSignatureMagic { found, .. } => {
                write!(f, "(rs_sig_args) invalid magic {found:#x}")
            }
            Error::BlockLenOnWire { found, .. } => {
                write!(f, "(rs_loadsig_s_blocklen) block length of {} is bogus", *found as i32)
            }
            Error::StrongLenOnWire { found, .. } => {
                let found = *found as i32;
                write!(f, "(rs_loadsig_s_stronglen) strong sum length {found} is implausible")
            }
            Error::StrongLenForHash { found, magic, .. } => {
                write!(f, "(rs_sig_args) invalid strong_len={found} for magic={magic:#x}")
            }
            Error::BogusCommand { opcode, .. } => {
                write!(f, "(rs_patch_s_run) bogus command {opcode:#04x}")
            }
            Error::LiteralLen { len, .. } => {
                write!(f, "(rs_patch_s_literal) invalid length={len} on LITERAL command")
            }
            Error::CopyLen { len, .. } => {
                write!(f, "(rs_patch_s_copy) invalid length={len} on COPY command")
            }
            Error::CopyPosition { position, .. } => {
                write!(f, "(rs_patch_s_copy) invalid position={position} on COPY command")
            }
            _ => Ok(()),
        }
    }
}

/// Returns the system's text for an error, as C has it: without the number that Rust adds.
pub fn system_text(error: &std::io::Error) -> String {
    let mut text = error.to_string();
    text.truncate(text.find(" (os error ").unwrap_or(text.len()));
    text
}

/// The line of statistics of a job: `rs_format_stats`. Numbers are signed as in `rs_stats_t`.
#[derive(Clone, Copy, Debug, Default)]
#[allow(missing_docs)] // named as in rs_stats_t
pub struct Statistics<'a> {
    /// "signature", "loadsig", "delta" or "patch".
    pub op: &'a str,
    pub lit_cmds: i64,
    pub lit_bytes: i64,
    pub lit_cmdbytes: i64,
    pub copy_cmds: i64,
    pub copy_bytes: i64,
    pub copy_cmdbytes: i64,
    pub sig_cmds: i64,
    pub sig_bytes: i64,
    pub false_matches: i64,
    pub sig_blocks: i64,
    pub block_len: u64,
    pub in_bytes: i64,
    pub out_bytes: i64,
    /// Whole seconds from start to end; 0 counts as 1.
    pub seconds: i64,
}

impl Statistics<'_> {
    /// Takes the numbers of a signature that was made or loaded.
    pub fn signature(mut self, stats: &SignatureStats) -> Self {
        self.sig_blocks = signed(stats.blocks);
        self.block_len = stats.block_len.into();
        self.bytes(stats.in_bytes, stats.out_bytes)
    }

    /// Takes the numbers of the commands of a delta that was made or applied.
    pub fn commands(mut self, stats: &CommandStats) -> Self {
        self.lit_cmds = signed(stats.literal_commands);
        self.lit_bytes = signed(stats.literal_bytes);
        self.lit_cmdbytes = signed(stats.literal_command_bytes);
        self.copy_cmds = signed(stats.copy_commands);
        self.copy_bytes = signed(stats.copy_bytes);
        self.copy_cmdbytes = signed(stats.copy_command_bytes);
        self
    }

    /// Takes the lengths of input and output.
    pub fn bytes(mut self, in_bytes: u64, out_bytes: u64) -> Self {
        self.in_bytes = signed(in_bytes);
        self.out_bytes = signed(out_bytes);
        self
    }
}

fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

impl fmt::Display for Statistics<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Statistics { lit_cmds, lit_bytes, lit_cmdbytes, sig_cmds, sig_bytes, .. } = self;
        let Statistics { copy_cmds, copy_bytes, copy_cmdbytes, false_matches, .. } = self;
        let Statistics { op, sig_blocks, block_len, .. } = self;
        write!(f, "{op} statistics: ")?;
        if *lit_cmds != 0 {
            write!(f, "literal[{lit_cmds} cmds, {lit_bytes} bytes, {lit_cmdbytes} cmdbytes] ")?;
        }
        if *sig_cmds != 0 {
            write!(f, "in-place-signature[{sig_cmds} cmds, {sig_bytes} bytes] ")?;
        }
        if *copy_cmds != 0 || *false_matches != 0 {
            write!(f, "copy[{copy_cmds} cmds, {copy_bytes} bytes, ")?;
            write!(f, "{copy_cmdbytes} cmdbytes, {false_matches} false]")?;
        }
        if *sig_blocks != 0 {
            write!(f, "signature[{sig_blocks} blocks, {block_len} bytes per block]")?;
        }
        let seconds = if self.seconds == 0 { 1 } else { self.seconds };
        let mb = |bytes: i64| bytes as f64 / 1e6;
        let rate = |bytes: i64| mb(bytes) / seconds as f64;
        let (in_bytes, out_bytes) = (self.in_bytes, self.out_bytes);
        write!(f, " speed[{:.1} MB ({:.1} MB/s) in, ", mb(in_bytes), rate(in_bytes))?;
        write!(f, "{:.1} MB ({:.1} MB/s) out, {seconds} sec]", mb(out_bytes), rate(out_bytes))
    }
}

/// The line of statistics of a search: `rs_signature_log_stats`.
#[derive(Clone, Copy, Debug)]
pub struct MatchStatistics(pub SearchStats);

impl fmt::Display for MatchStatistics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let SearchStats { searches, matches, weak_compares, strong_compares, strong_sums } = self.0;
        let ratio = |factor, count| Ratio { factor, count, of: searches };
        write!(f, "match statistics: signature[{searches} searches, ")?;
        write!(f, "{matches} ({}%) matches, ", ratio(100.0, matches))?;
        write!(f, "{weak_compares} ({}x) weak sum compares, ", ratio(1.0, weak_compares))?;
        write!(f, "{strong_compares} ({}%) strong sum compares, ", ratio(100.0, strong_compares))?;
        write!(f, "{strong_sums} ({}%) strong sum calcs]", ratio(100.0, strong_sums))
    }
}

struct Ratio {
    factor: f64,
    count: u64,
    of: u64,
}

impl fmt::Display for Ratio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.of == 0 {
            // As C prints 0 divided by 0.
            return f.write_str("-nan");
        }
        write!(f, "{:.3}", self.factor * self.count as f64 / self.of as f64)
    }
}
