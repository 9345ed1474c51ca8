//! A gate for work that reads whole files: few threads at a time, and not many that wait.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::super::{Error, Result};
use super::locks::Locks;

/// Threads that may pass at a time.
const WIDTH: u8 = 4;
/// Threads that may wait or pass. More would take all that the server has.
const MOST: usize = 64;

/// A gate that few threads pass at a time.
#[derive(Debug, Default)]
pub(super) struct Gate {
    turns: Locks<u8>,
    inside: AtomicUsize,
}

impl Gate {
    /// Does work, one thread at a time for equal `of`.
    ///
    /// # Errors
    /// [`Error::Busy`], and those of the work.
    pub(super) fn pass<T>(&self, of: u8, work: impl FnOnce() -> Result<T>) -> Result<T> {
        let inside = Inside(&self.inside);
        if inside.0.fetch_add(1, Ordering::Relaxed) >= MOST {
            return Err(Error::Busy);
        }
        self.turns.with(&(of % WIDTH), work)
    }
}

/// Leaves when it is dropped, also if the work panics.
struct Inside<'a>(&'a AtomicUsize);

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn not_many_wait() {
        let gate = Gate::default();
        gate.inside.store(MOST, Ordering::Relaxed);
        assert!(matches!(gate.pass(0, || Ok(())), Err(Error::Busy)));
        gate.inside.store(MOST - 1, Ordering::Relaxed);
        gate.pass(0, || Ok(())).unwrap();
        assert_eq!(gate.inside.load(Ordering::Relaxed), MOST - 1);
    }
}
