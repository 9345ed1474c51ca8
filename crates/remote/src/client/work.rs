//! Long work between requests: on a thread of its own, with news of it, ended when nobody waits for it.

use std::fmt;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use sigdelta::{Error, Monitor, Progress, Result};
use tokio::task::spawn_blocking;

/// What is being done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Stage {
    /// Reading a file for its digest or signature.
    Read,
    /// Comparing a file with what is known of the other side's.
    Compare,
    /// Sending.
    Send,
    /// Receiving.
    Receive,
    /// Putting the result together.
    Build,
}

/// Hears how a transfer goes on.
pub trait Watcher: Send + Sync {
    /// A stage begins; `total_bytes` is how many there are in it, if that is known.
    fn stage(&self, stage: Stage, total_bytes: Option<u64>) {
        let _ = (stage, total_bytes);
    }

    /// So many bytes of the stage are done.
    fn progress(&self, done_bytes: u64) {
        let _ = done_bytes;
    }

    /// So many files of a tree are done, of so many.
    fn files(&self, done: usize, total: usize) {
        let _ = (done, total);
    }

    /// A temporary file was made, which should be removed if a signal ends the process.
    fn temporary(&self, path: &Path) {
        let _ = path;
    }

    /// Puts a finished file in its place, by calling `commit`; a signal had better wait.
    fn commit(&self, commit: &mut dyn FnMut()) {
        commit();
    }

    /// Another try is to be made, because of an error.
    fn retry(&self, error: &super::Error) {
        let _ = error;
    }
}

/// Takes no notice.
impl Watcher for () {}

/// Runs work on a thread for blocking work. If the future is dropped the work is cancelled.
///
/// # Panics
/// If `work` does.
pub(super) async fn run<T: Send + 'static>(
    watcher: &Arc<dyn Watcher>,
    work: impl FnOnce(&mut dyn Monitor) -> Result<T> + Send + 'static,
) -> Result<T> {
    let abandoned = Abandoned(Arc::new(AtomicBool::new(false)));
    let mut news = News { watcher: Arc::clone(watcher), abandoned: Arc::clone(&abandoned.0) };
    let done = spawn_blocking(move || work(&mut news)).await;
    done.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))
}

/// Says that nobody waits, once it is dropped.
struct Abandoned(Arc<AtomicBool>);

impl Drop for Abandoned {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

struct News {
    watcher: Arc<dyn Watcher>,
    abandoned: Arc<AtomicBool>,
}

impl Monitor for News {
    fn progress(&mut self, done: Progress) -> ControlFlow<()> {
        if self.abandoned.load(Ordering::Relaxed) {
            return ControlFlow::Break(());
        }
        // What only writes, such as a patch that is applied, counts that.
        self.watcher.progress(done.in_bytes.max(done.out_bytes));
        ControlFlow::Continue(())
    }
}

/// Reports bytes of one's own work to a monitor.
pub(super) fn report(monitor: &mut dyn Monitor, in_bytes: u64) -> Result<()> {
    let mut done = Progress::default();
    done.in_bytes = in_bytes;
    match monitor.progress(done) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(()) => Err(Error::Cancelled),
    }
}

impl fmt::Debug for dyn Watcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Watcher")
    }
}
