//! A progress bar on the terminal, for work that takes over half a second.

use std::io::IsTerminal;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use sigdelta::Monitor;

use crate::cli::Verbosity;

const PATIENCE: Duration = Duration::from_millis(500);

/// Shows how far the work has come, once it has taken long enough.
pub struct Progress {
    bar: ProgressBar,
    /// When to show the bar; None if it is shown or never will be.
    due: Option<Instant>,
}

impl Progress {
    /// Starts a piece of work over `total_bytes`, None if that is unknown.
    pub fn new(label: &'static str, total_bytes: Option<u64>, verbosity: Verbosity) -> Self {
        let template = match total_bytes {
            Some(_) => {
                "{prefix} {wide_bar} {percent}% of {total_bytes}, {bytes_per_sec}, {eta} left"
            }
            None => "{prefix} {spinner} {bytes}, {bytes_per_sec}",
        };
        Self::with_template(template, label, total_bytes, verbosity)
    }

    /// Starts a piece of work over a number of files.
    pub fn of_files(label: &'static str, total: u64, verbosity: Verbosity) -> Self {
        let template = "{prefix} {wide_bar} {pos} of {len} files, {eta} left";
        Self::with_template(template, label, Some(total), verbosity)
    }

    fn with_template(
        template: &str,
        label: &'static str,
        total: Option<u64>,
        verbosity: Verbosity,
    ) -> Self {
        let wanted = !verbosity.quiet && !verbosity.no_progress && std::io::stderr().is_terminal();
        let style =
            ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
        // Hidden, it already takes the speed.
        let bar = ProgressBar::with_draw_target(total, ProgressDrawTarget::hidden())
            .with_style(style)
            .with_prefix(label);
        Progress { bar, due: wanted.then(|| Instant::now() + PATIENCE) }
    }

    /// Shows that so many bytes or files are done.
    pub fn set(&mut self, done: u64) {
        if self.due.is_some_and(|due| Instant::now() >= due) {
            self.due = None;
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
        }
        self.bar.set_position(done);
    }

    /// Writes something beside the bar.
    pub fn aside(&self, write: impl FnOnce()) {
        self.bar.suspend(write);
    }
}

impl Monitor for Progress {
    fn progress(&mut self, done: sigdelta::Progress) -> ControlFlow<()> {
        // Without a total it is the output that tells.
        self.set(if self.bar.length().is_some() { done.in_bytes } else { done.out_bytes });
        ControlFlow::Continue(())
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
