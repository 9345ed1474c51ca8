//! Threads that work on jobs; results come in the order of the jobs.

use std::any::Any;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{Builder, JoinHandle};

type Outcome<R> = Result<R, Box<dyn Any + Send>>;

/// A number of threads that end when this is dropped.
pub(super) struct Pool<J, R> {
    work: Arc<dyn Fn(J) -> R + Send + Sync>,
    /// None once there is no more to do.
    jobs: Option<Sender<(u64, J)>>,
    outcomes: Receiver<(u64, Outcome<R>)>,
    workers: Vec<JoinHandle<()>>,
    /// Number of the job at the front of `pending`.
    oldest: u64,
    /// What has come for each job that was submitted and not taken.
    pending: VecDeque<Option<Outcome<R>>>,
}

impl<J: Send + 'static, R: Send + 'static> Pool<J, R> {
    /// Starts threads, as many of them as the system allows. Without any the jobs are done in
    /// [`Pool::submit`].
    pub(super) fn new(threads: usize, work: impl Fn(J) -> R + Send + Sync + 'static) -> Self {
        let work: Arc<dyn Fn(J) -> R + Send + Sync> = Arc::new(work);
        let (job_sender, job_receiver) = channel();
        let (outcome_sender, outcomes) = channel();
        let job_receiver = Arc::new(Mutex::new(job_receiver));
        let start = |_| {
            let (work, jobs) = (Arc::clone(&work), Arc::clone(&job_receiver));
            let outcomes = outcome_sender.clone();
            let thread = Builder::new().name("sigdelta".into());
            thread.spawn(move || run(&*work, &jobs, &outcomes)).ok()
        };
        let workers = (0..threads).map_while(start).collect();
        let (jobs, pending) = (Some(job_sender), VecDeque::new());
        Pool { work, jobs, outcomes, workers, oldest: 0, pending }
    }

    /// Returns how many jobs were submitted and not taken.
    pub(super) fn pending(&self) -> usize {
        self.pending.len()
    }

    /// Gives a job to the next thread that is free.
    pub(super) fn submit(&mut self, job: J) {
        if self.workers.is_empty() {
            self.pending.push_back(Some(Ok((self.work)(job))));
            return;
        }
        let number = self.oldest + self.pending.len() as u64;
        self.pending.push_back(None);
        let jobs = self.jobs.as_ref().expect("taken back by drop alone");
        assert!(jobs.send((number, job)).is_ok(), "the receiver lives as long as a thread");
    }

    /// Returns the result of the oldest job, for which it waits; None if there is no job.
    ///
    /// # Panics
    /// If the job did.
    pub(super) fn take(&mut self) -> Option<R> {
        loop {
            match self.pending.front()? {
                Some(_) => break,
                None => {
                    let (number, outcome) = self.outcomes.recv().expect("every job has an outcome");
                    self.pending[(number - self.oldest) as usize] = Some(outcome);
                }
            }
        }
        self.oldest += 1;
        let outcome = self.pending.pop_front().flatten()?;
        Some(outcome.unwrap_or_else(|panic| resume_unwind(panic)))
    }
}

fn run<J, R>(
    work: &dyn Fn(J) -> R,
    jobs: &Mutex<Receiver<(u64, J)>>,
    outcomes: &Sender<(u64, Outcome<R>)>,
) {
    loop {
        // The guard is gone at the end of this statement.
        let job = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok((number, job)) = job else { return };
        let outcome = catch_unwind(AssertUnwindSafe(|| work(job)));
        if outcomes.send((number, outcome)).is_err() {
            return;
        }
    }
}

impl<J, R> Drop for Pool<J, R> {
    fn drop(&mut self) {
        self.jobs = None;
        for worker in self.workers.drain(..) {
            // A job cannot panic through `run`.
            let _ = worker.join();
        }
    }
}

#[cfg(test)]
mod tests {
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
