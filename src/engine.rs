//! The contract of the engines: bytes in, bytes out, any amount at a time.

use std::ops::Range;

use crate::error::Result;

/// A state machine that turns a stream of bytes into another.
///
/// The bytes produced never depend on how input and output were cut.
pub trait Engine {
    /// What [`Engine::stats`] returns.
    type Stats;

    /// Goes on until it needs input, needs output space or is done.
    ///
    /// `input` continues where the last call stopped consuming; `end_of_input` says that nothing
    /// follows it. Either slice may be empty. After an error every call fails.
    ///
    /// # Errors
    /// Any decoder error for engines that read a format.
    fn step(&mut self, input: &[u8], end_of_input: bool, output: &mut [u8]) -> Result<Step>;

    /// Returns what was done so far.
    fn stats(&self) -> Self::Stats;
}

impl<E: Engine + ?Sized> Engine for &mut E {
    type Stats = E::Stats;

    fn step(&mut self, input: &[u8], end_of_input: bool, output: &mut [u8]) -> Result<Step> {
        (**self).step(input, end_of_input, output)
    }

    fn stats(&self) -> E::Stats {
        (**self).stats()
    }
}

/// What one call of [`Engine::step`] did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct Step {
    /// Bytes of the input that are done with.
    pub consumed: usize,
    /// Bytes written to the front of the output.
    pub produced: usize,
    /// Why the call returned.
    pub status: Status,
}

/// Why [`Engine::step`] returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// All input is consumed and more must come, or its end.
    NeedsInput,
    /// The output is full.
    NeedsOutput,
    /// Everything is produced. Calling again changes nothing.
    Done,
}

/// Up to `N` bytes that wait for output space.
pub(crate) struct Outbox<const N: usize> {
    bytes: [u8; N],
    waiting: Range<usize>,
}

impl<const N: usize> Outbox<N> {
    pub(crate) fn new() -> Self {
        Outbox { bytes: [0; N], waiting: 0..0 }
    }

    /// Appends bytes, of which no more than `N` may come before all have been drained.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        let end = self.waiting.end + bytes.len();
        self.bytes[self.waiting.end..end].copy_from_slice(bytes);
        self.waiting.end = end;
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    pub(crate) fn waiting(&self) -> &[u8] {
        &self.bytes[self.waiting.clone()]
    }

    /// Takes the first of the waiting bytes out.
    pub(crate) fn sent(&mut self, len: usize) {
        self.waiting.start += len;
        if self.waiting.is_empty() {
            self.waiting = 0..0;
        }
    }

    /// Moves as much as fits into `output` and returns how much that was.
    pub(crate) fn drain(&mut self, output: &mut [u8]) -> usize {
        let moved = copy_front(self.waiting(), output);
        self.sent(moved);
        moved
    }
}

/// Copies the front of `from` to the front of `to`, as much as both hold; returns how much.
pub(crate) fn copy_front(from: &[u8], to: &mut [u8]) -> usize {
    let len = from.len().min(to.len());
    to[..len].copy_from_slice(&from[..len]);
    len
}
