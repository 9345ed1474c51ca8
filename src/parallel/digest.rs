//! A digest of a whole stream that the threads take in turns, segment after segment.

use std::sync::{Condvar, Mutex, PoisonError};

use crate::strong::{StrongHash, StrongState, StrongSum};

/// A digest, and whose turn it is.
pub(super) struct Digest {
    /// The number of the segment that comes next.
    state: Mutex<(u64, StrongState)>,
    advanced: Condvar,
}

impl Digest {
    /// Starts a digest of no bytes; segment 0 comes first.
    pub(super) fn new(hash: StrongHash) -> Self {
        Digest { state: Mutex::new((0, StrongState::new(hash))), advanced: Condvar::new() }
    }

    /// Adds the bytes of a segment once those before it are in. Segments are taken up in their
    /// order, so somebody is at work on the one that is waited for.
    pub(super) fn update(&self, number: u64, bytes: &[u8]) {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let mut state = self
            .advanced
            .wait_while(state, |(next, _)| *next != number)
            .unwrap_or_else(PoisonError::into_inner);
        state.1.update(bytes);
        state.0 += 1;
        self.advanced.notify_all();
    }

    /// Returns the digest of all segments that are in.
    pub(super) fn finish(&self) -> StrongSum {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).1.finish()
    }
}
