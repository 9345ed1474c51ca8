//! librsync's words for errors and statistics, which users of rdiff may look for.

use std::time::SystemTime;

use sigdelta::{CommandStats, Error, ErrorKind, IoAction, Part, SearchStats, SignatureStats};
use sigdelta_cli::stream::system_words;

/// Returns what rdiff says of a result code: "Failed, ...".
pub fn result_words(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::Io => "IO error",
        ErrorKind::Limit => "out of memory",
        ErrorKind::InputEnded => "unexpected end of input",
        ErrorKind::BadMagic => "bad magic number at start of stream",
        ErrorKind::Corrupt => "stream corrupt",
        ErrorKind::Internal => "library internal error",
        _ => "unexplained problem",
    }
}

/// Returns the lines librsync logs when a job fails, without their prefix.
pub fn job_failure(job: &str, error: &Error) -> Vec<String> {
    let failed = format!("(rs_job_complete) {job} job failed: {}", result_words(error.kind()));
    match (error.without_file(), cause(error.without_file())) {
        // Not a matter of the job: the buffers around it failed.
        (Error::Io { action: IoAction::Read | IoAction::Write, .. }, Some(cause)) => vec![cause],
        (_, Some(cause)) => vec![cause, failed],
        (_, None) => vec![failed],
    }
}

fn cause(error: &Error) -> Option<String> {
    Some(match error {
        Error::Io { action, cause } => {
            let words = system_words(cause);
            match action {
                IoAction::Read => {
                    format!("(rs_infilebuf_fill) error filling buf from file: {words}")
                }
                IoAction::Write => {
                    format!("(rs_outfilebuf_drain) error draining buf to file: {words}")
                }
                // pread refuses positions that lseek would have refused.
                IoAction::ReadBasis if cause.kind() != std::io::ErrorKind::InvalidInput => {
                    format!("(rs_file_copy_cb) read error: {words}")
                }
                _ => format!("(rs_file_copy_cb) seek failed: {words}"),
            }
        }
        Error::BasisEnded { .. } => "(rs_file_copy_cb) unexpected eof on fd3".to_owned(),
        Error::InputEnded { expected: Part::LiteralData, .. } => {
            "(rs_tube_catchup) reached end of file while copying data".to_owned()
        }
        Error::BadDeltaMagic { found, .. } => format!(
            "(rs_patch_s_header) got magic number {found:#x} rather than expected value 0x72730236"
        ),
        Error::BadSignatureMagic { found, .. } => {
            format!("(rs_sig_args) invalid magic {found:#x}")
        }
        Error::BlockLenOnWire { found, .. } => {
            format!("(rs_loadsig_s_blocklen) block length of {} is bogus", *found as i32)
        }
        Error::StrongLenOnWire { found, .. } => {
            let found = *found as i32;
            format!("(rs_loadsig_s_stronglen) strong sum length {found} is implausible")
        }
        Error::StrongLenForHash { found, magic, .. } => {
            format!("(rs_sig_args) invalid strong_len={found} for magic={magic:#x}")
        }
        Error::BogusCommand { opcode, .. } => {
            format!("(rs_patch_s_run) bogus command {opcode:#04x}")
        }
        Error::LiteralLen { len, .. } => {
            format!("(rs_patch_s_literal) invalid length={len} on LITERAL command")
        }
        Error::CopyLen { len, .. } => {
            format!("(rs_patch_s_copy) invalid length={len} on COPY command")
        }
        Error::CopyPosition { position, .. } => {
            format!("(rs_patch_s_copy) invalid position={position} on COPY command")
        }
        _ => return None,
    })
}

/// Returns the statistics of a signature that was made or loaded.
pub fn signature_statistics(operation: &str, stats: &SignatureStats, seconds: u64) -> String {
    let mut line = format!("{operation} statistics: ");
    if stats.blocks > 0 {
        line += &format!("signature[{} blocks, {} bytes per block]", stats.blocks, stats.block_len);
    }
    line + &speed(stats.in_bytes, stats.out_bytes, seconds)
}

/// Returns the statistics of a delta that was made or applied.
pub fn command_statistics(
    operation: &str,
    stats: &CommandStats,
    in_bytes: u64,
    out_bytes: u64,
    seconds: u64,
) -> String {
    let mut line = format!("{operation} statistics: ");
    if stats.literal_commands > 0 {
        line += &format!(
            "literal[{} cmds, {} bytes, {} cmdbytes] ",
            stats.literal_commands, stats.literal_bytes, stats.literal_command_bytes
        );
    }
    if stats.copy_commands > 0 {
        line += &format!(
            "copy[{} cmds, {} bytes, {} cmdbytes, 0 false]",
            stats.copy_commands, stats.copy_bytes, stats.copy_command_bytes
        );
    }
    line + &speed(in_bytes, out_bytes, seconds)
}

/// Returns the statistics of the search for blocks.
pub fn match_statistics(stats: &SearchStats) -> String {
    let share = |count: u64| {
        if stats.searches == 0 {
            // As C prints 0 divided by 0.
            return (count, "-nan".to_owned(), "-nan".to_owned());
        }
        let ratio = count as f64 / stats.searches as f64;
        (count, format!("{ratio:.3}"), format!("{:.3}", 100.0 * ratio))
    };
    let (matches, _, matches_percent) = share(stats.matches);
    let (weak, weak_ratio, _) = share(stats.weak_compares);
    let (compares, _, compares_percent) = share(stats.strong_compares);
    let (sums, _, sums_percent) = share(stats.strong_sums);
    format!(
        "match statistics: signature[{} searches, {matches} ({matches_percent}%) matches, \
         {weak} ({weak_ratio}x) weak sum compares, \
         {compares} ({compares_percent}%) strong sum compares, \
         {sums} ({sums_percent}%) strong sum calcs]",
        stats.searches
    )
}

fn speed(in_bytes: u64, out_bytes: u64, seconds: u64) -> String {
    let mb = |bytes: u64| bytes as f64 / 1e6;
    let rate = |bytes: u64| mb(bytes) / seconds as f64;
    format!(
        " speed[{:.1} MB ({:.1} MB/s) in, {:.1} MB ({:.1} MB/s) out, {seconds} sec]",
        mb(in_bytes),
        rate(in_bytes),
        mb(out_bytes),
        rate(out_bytes)
    )
}

/// A clock as librsync's: whole seconds, at least one.
pub struct Clock(u64);

impl Clock {
    pub fn start() -> Self {
        Clock(unix_seconds())
    }

    pub fn seconds(&self) -> u64 {
        unix_seconds().saturating_sub(self.0).max(1)
    }
}

fn unix_seconds() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |time| time.as_secs())
}
