//! What rdiff logs as librsync does.

use std::time::SystemTime;

use sigdelta::Error;
use sigdelta::librsync::{Cause, is_of_job, result_text};

/// Returns the lines librsync logs when a job fails, without their prefix.
pub fn job_failure(job: &str, error: &Error) -> Vec<String> {
    let mut lines = vec![Cause(error).to_string()];
    if is_of_job(error) {
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
