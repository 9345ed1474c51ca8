//! How the library tells a caller about progress, and how the caller stops it.

use std::ops::ControlFlow;

/// How far an operation over streams has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// Bytes read from the stream that is read from start to end: basis, new file or delta.
    pub in_bytes: u64,
    /// Bytes written.
    pub out_bytes: u64,
}

/// Receives the progress of an operation over streams or files.
///
/// Called about once per buffer of input and of output, 256 KiB or so.
pub trait Monitor {
    /// Takes note of what is done; Break cancels the operation with
    /// [`Error::Cancelled`](crate::Error::Cancelled).
    fn progress(&mut self, done: Progress) -> ControlFlow<()>;
}

/// Takes no notice.
impl Monitor for () {
    fn progress(&mut self, _done: Progress) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}

/// Any closure over what is done.
impl<F: FnMut(Progress) -> ControlFlow<()>> Monitor for F {
    fn progress(&mut self, done: Progress) -> ControlFlow<()> {
        self(done)
    }
}
