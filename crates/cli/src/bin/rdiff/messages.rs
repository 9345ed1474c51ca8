//! What rdiff logs as librsync does.

use std::time::SystemTime;

use sigdelta::librsync::{Cause, result_text};
use sigdelta::{Error, IoAction};

/// Returns the lines librsync logs when a job fails, without their prefix.
pub fn job_failure(job: &str, error: &Error) -> Vec<String> {
    let mut lines = vec![Cause(error).to_string()];
    // A failure to read or write around the job is not one of the job.
    if !matches!(error.without_file(), Error::Io { action: IoAction::Read | IoAction::Write, .. }) {
        let words = result_text(error.kind().code());
        lines.push(format!("(rs_job_complete) {job} job failed: {words}"));
    }
    lines.retain(|line| !line.is_empty());
    lines
}

/// A clock as librsync's: whole seconds.
pub struct Clock(i64);

impl Clock {
    pub fn start() -> Self {
        Clock(unix_seconds())
    }

    pub fn seconds(&self) -> i64 {
        unix_seconds().saturating_sub(self.0).max(0)
    }
}

fn unix_seconds() -> i64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |time| time.as_secs() as i64)
}
