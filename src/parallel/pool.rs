//! Threads that work on jobs; results come in the order of the jobs.

use std::any::Any;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::{Builder, JoinHandle};

type Outcome<R> = Result<R, Box<dyn Any + Send>>;

/// What [`start_threads_by`] was given.
static STARTER: OnceLock<fn(&mut dyn FnMut())> = OnceLock::new();

/// From now on has threads started by a function, which calls what it is given once. The first
/// call in a process counts.
///
/// New threads have the signal mask of the one that starts them. A library in a program with
/// signal handlers blocks signals meanwhile, so that its threads never take any.
pub fn start_threads_by(starter: fn(&mut dyn FnMut())) {
    STARTER.get_or_init(|| starter);
}

/// A number of threads, the caller's among them; the others end when this is dropped.
pub(super) struct Pool<J, R> {
    shared: Arc<Shared<J, R>>,
    workers: Vec<JoinHandle<()>>,
}

struct Shared<J, R> {
    work: Box<dyn Fn(J) -> R + Send + Sync>,
    jobs: Mutex<Jobs<J, R>>,
    /// There is a job, or there will be none.
    to_do: Condvar,
    done: Condvar,
}

struct Jobs<J, R> {
    /// Those that nobody works on, with their numbers.
    waiting: VecDeque<(u64, J)>,
    /// What has come for each job that was submitted and not taken.
    outcomes: VecDeque<Option<Outcome<R>>>,
    /// Number of the job at the front of `outcomes`.
    oldest: u64,
    /// Threads that wait for a job. To wake nobody would cost a system call, too.
    idle: usize,
    /// The caller waits for the oldest job.
    is_awaited: bool,
    closed: bool,
}

impl<J: Send + 'static, R: Send + 'static> Pool<J, R> {
    /// Starts one thread less than `threads`, or as many as the system allows.
    pub(super) fn new(threads: usize, work: impl Fn(J) -> R + Send + Sync + 'static) -> Self {
        let (waiting, outcomes) = (VecDeque::new(), VecDeque::new());
        let shared = Arc::new(Shared {
            work: Box::new(work),
            jobs: Mutex::new(Jobs {
                waiting,
                outcomes,
                oldest: 0,
                idle: 0,
                is_awaited: false,
                closed: false,
            }),
            to_do: Condvar::new(),
            done: Condvar::new(),
        });
        let start = |_| {
            let shared = Arc::clone(&shared);
            Builder::new().name("sigdelta".into()).spawn(move || shared.work_until_closed()).ok()
        };
        let mut workers = Vec::new();
        let mut start_all = || workers.extend((1..threads).map_while(start));
        match STARTER.get() {
            Some(starter) if threads > 1 => starter(&mut start_all),
            _ => start_all(),
        }
        Pool { shared, workers }
    }

    /// Returns how many jobs were submitted and not taken.
    pub(super) fn pending(&self) -> usize {
        self.shared.lock().outcomes.len()
    }

    /// Gives a job to the next thread that is free.
    pub(super) fn submit(&mut self, job: J) {
        let mut jobs = self.shared.lock();
        let number = jobs.oldest + jobs.outcomes.len() as u64;
        jobs.outcomes.push_back(None);
        jobs.waiting.push_back((number, job));
        let is_idle = jobs.idle > 0;
        drop(jobs);
        if is_idle {
            self.shared.to_do.notify_one();
        }
    }

    /// Returns the result of the oldest job, None if there is no job. Works on jobs until it comes.
    ///
    /// # Panics
    /// If the job did.
    pub(super) fn take(&mut self) -> Option<R> {
        let mut jobs = self.shared.lock();
        while jobs.outcomes.front()?.is_none() {
            jobs = match jobs.waiting.pop_front() {
                Some(job) => self.shared.work_on(jobs, job),
                None => {
                    jobs.is_awaited = true;
                    wait(&self.shared.done, jobs)
                }
            };
        }
        jobs.oldest += 1;
        let outcome = jobs.outcomes.pop_front().flatten()?;
        drop(jobs);
        Some(outcome.unwrap_or_else(|panic| resume_unwind(panic)))
    }
}

impl<J, R> Shared<J, R> {
    fn lock(&self) -> MutexGuard<'_, Jobs<J, R>> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn work_until_closed(&self) {
        let mut jobs = self.lock();
        while !jobs.closed {
            jobs = match jobs.waiting.pop_front() {
                Some(job) => self.work_on(jobs, job),
                None => {
                    jobs.idle += 1;
                    let mut jobs = wait(&self.to_do, jobs);
                    jobs.idle -= 1;
                    jobs
                }
            };
        }
    }

    fn work_on<'a>(
        &'a self,
        unlocked: MutexGuard<'_, Jobs<J, R>>,
        (number, job): (u64, J),
    ) -> MutexGuard<'a, Jobs<J, R>> {
        drop(unlocked);
        let outcome = catch_unwind(AssertUnwindSafe(|| (self.work)(job)));
        let mut jobs = self.lock();
        let place = (number - jobs.oldest) as usize;
        jobs.outcomes[place] = Some(outcome);
        if place == 0 && std::mem::take(&mut jobs.is_awaited) {
            self.done.notify_one();
        }
        jobs
    }
}

fn wait<'a, T>(condition: &Condvar, guard: MutexGuard<'a, T>) -> MutexGuard<'a, T> {
    condition.wait(guard).unwrap_or_else(PoisonError::into_inner)
}

impl<J, R> Drop for Pool<J, R> {
    fn drop(&mut self) {
        let mut jobs = self.shared.lock();
        jobs.closed = true;
        drop(jobs);
        self.shared.to_do.notify_all();
        for worker in self.workers.drain(..) {
            // No panic of a job comes this far.
            let _ = worker.join();
        }
    }
}

/// Works on the jobs that come by a number of threads, of which one is the caller's, and takes the
/// results in order. At most `pending` jobs are given out whose result is not taken.
///
/// # Errors
/// The first that `next` or `take` returns.
#[cfg(feature = "layered")]
pub(crate) fn in_order<J: Send + 'static, R: Send + 'static>(
    threads: usize,
    pending: usize,
    work: impl Fn(J) -> R + Send + Sync + 'static,
    mut next: impl FnMut() -> crate::error::Result<Option<J>>,
    mut take: impl FnMut(R) -> crate::error::Result<()>,
) -> crate::error::Result<()> {
    let mut pool = Pool::new(threads, work);
    let mut ended = false;
    loop {
        while !ended && pool.pending() < pending.max(1) {
            match next()? {
                Some(job) => pool.submit(job),
                None => ended = true,
            }
        }
        match pool.take() {
            Some(result) => take(result)?,
            None => return Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::Duration;

    use super::*;

    #[test]
    fn results_come_in_the_order_of_the_jobs() {
        for threads in 0..5 {
            let mut pool = Pool::new(threads, |job: u64| {
                // Later jobs are done first.
                std::thread::sleep(Duration::from_millis(20 - 2 * job));
                job
            });
            (0..10).for_each(|job| pool.submit(job));
            assert_eq!(pool.pending(), 10);
            for job in 0..10 {
                assert_eq!(pool.take(), Some(job), "{threads} threads");
            }
            assert_eq!(pool.take(), None);
        }
    }

    #[test]
    fn threads_are_started_by_whom_the_program_names() {
        static STARTS: AtomicUsize = AtomicUsize::new(0);
        start_threads_by(|start| {
            STARTS.fetch_add(1, Ordering::Relaxed);
            start();
        });
        let mut pool = Pool::new(3, |job: u64| job + 1);
        assert_eq!(pool.workers.len(), 2);
        pool.submit(7);
        assert_eq!(pool.take(), Some(8));
        // Other tests start threads, too.
        assert!(STARTS.load(Ordering::Relaxed) > 0);
    }

    #[test]
    fn a_panic_comes_out_where_its_result_would() {
        let mut pool = Pool::new(2, |job: u64| {
            assert_ne!(job, 1, "on purpose");
            job
        });
        (0..3).for_each(|job| pool.submit(job));
        assert_eq!(pool.take(), Some(0));
        assert!(catch_unwind(AssertUnwindSafe(|| pool.take())).is_err());
        assert_eq!(pool.take(), Some(2));
    }
}
