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
    label: &'static str,
    total_bytes: Option<u64>,
    started: Instant,
    wanted: bool,
    bar: Option<ProgressBar>,
}

impl Progress {
    /// Starts a piece of work over `total_bytes`, None if that is unknown.
    pub fn new(label: &'static str, total_bytes: Option<u64>, verbosity: Verbosity) -> Self {
        let wanted = !verbosity.quiet && !verbosity.no_progress && std::io::stderr().is_terminal();
        Progress { label, total_bytes, started: Instant::now(), wanted, bar: None }
    }

    fn show(&self) -> ProgressBar {
        let template = match self.total_bytes {
            Some(_) => {
                "{prefix} {wide_bar} {percent}% of {total_bytes}, {bytes_per_sec}, {eta} left"
            }
            None => "{prefix} {spinner} {bytes}, {bytes_per_sec}",
        };
        let style =
            ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
        ProgressBar::with_draw_target(self.total_bytes, ProgressDrawTarget::stderr())
            .with_style(style)
            .with_prefix(self.label)
            .with_elapsed(self.started.elapsed())
    }
}

impl Monitor for Progress {
    fn progress(&mut self, done_bytes: u64) -> ControlFlow<()> {
        if self.wanted {
            if self.bar.is_none() && self.started.elapsed() >= PATIENCE {
                self.bar = Some(self.show());
            }
            if let Some(bar) = &self.bar {
                bar.set_position(done_bytes);
            }
        }
        ControlFlow::Continue(())
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
