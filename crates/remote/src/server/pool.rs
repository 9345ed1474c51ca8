//! Work that takes long: a bounded number of jobs at a time, each of bounded time.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use prometheus::Histogram;
use sigdelta::{Monitor, Progress};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::reply::{Problem, Result};
use crate::protocol::Kind;

/// Jobs that may wait for each that runs.
const WAITING_PER_JOB: usize = 64;

/// A bounded number of jobs at a time.
#[derive(Debug)]
pub(super) struct Pool {
    running: Arc<Semaphore>,
    waiting: Semaphore,
    time: Duration,
    wait_seconds: Histogram,
}

impl Pool {
    pub(super) fn new(jobs: usize, time: Duration, wait_seconds: Histogram) -> Self {
        let jobs = jobs.clamp(1, Semaphore::MAX_PERMITS / WAITING_PER_JOB);
        let waiting = Semaphore::new(jobs * WAITING_PER_JOB);
        Pool { running: Arc::new(Semaphore::new(jobs)), waiting, time, wait_seconds }
    }

    /// Does a job when its turn comes. If nobody waits for it any more, it is told to stop.
    ///
    /// # Errors
    /// [`Kind::Busy`], [`Kind::Internal`] if the job panics.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce(&mut Watch) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let permit = self.turn().await?;
        let abandoned = Arc::new(AtomicBool::new(false));
        let _waiter = Waiter(Arc::clone(&abandoned));
        let mut watch = Watch { abandoned, until: Instant::now() + self.time };
        let done = spawn_blocking(move || {
            let _permit = permit;
            job(&mut watch)
        });
        done.await.unwrap_or_else(|panic| Err(Problem::internal(panic)))
    }

    async fn turn(&self) -> Result<OwnedSemaphorePermit> {
        let busy = || Problem::new(Kind::Busy, "too many jobs wait already");
        let _timer = self.wait_seconds.start_timer();
        let _waiting = self.waiting.try_acquire().map_err(|_| busy())?;
        let turn = timeout(self.time, Arc::clone(&self.running).acquire_owned());
        turn.await.map_err(|_| busy())?.map_err(Problem::internal)
    }
}

/// Tells a job to stop when it is dropped.
struct Waiter(Arc<AtomicBool>);

impl Drop for Waiter {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Watches over a job: its time, and whether anybody waits for it.
#[derive(Debug)]
pub(super) struct Watch {
    abandoned: Arc<AtomicBool>,
    until: Instant,
}

impl Watch {
    /// Returns true if the job has had its time.
    pub(super) fn is_late(&self) -> bool {
        Instant::now() > self.until
    }

    /// Fails if the job is to stop.
    pub(super) fn check(&self) -> Result<()> {
        if self.is_late() {
            return Err(Problem::new(Kind::TooMuchWork, "the job took too long"));
        }
        if self.abandoned.load(Ordering::Relaxed) {
            return Err(Problem::new(Kind::Busy, "nobody waits for the result"));
        }
        Ok(())
    }
}

impl Monitor for Watch {
    fn progress(&mut self, _done: Progress) -> ControlFlow<()> {
        match self.check() {
            Ok(()) => ControlFlow::Continue(()),
            Err(_) => ControlFlow::Break(()),
        }
    }
}

/// Does a short piece of blocking work at once.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    spawn_blocking(work).await.unwrap_or_else(|panic| Err(Problem::internal(panic)))
}
