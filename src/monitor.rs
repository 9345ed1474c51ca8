//! How the library tells a caller about progress, and how the caller stops it.

use std::ops::ControlFlow;

/// Receives the progress of a drive over streams or files.
///
/// Called about once per buffer of input, 256 KiB or more.
pub trait Monitor {
    /// Takes note that `done_bytes` of the main input were read; Break cancels the operation with
    /// [`Error::Cancelled`](crate::Error::Cancelled).
    fn progress(&mut self, done_bytes: u64) -> ControlFlow<()>;
}

/// Takes no notice.
impl Monitor for () {
    fn progress(&mut self, _done_bytes: u64) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }
}

/// Any closure over the bytes done.
impl<F: FnMut(u64) -> ControlFlow<()>> Monitor for F {
    fn progress(&mut self, done_bytes: u64) -> ControlFlow<()> {
        self(done_bytes)
    }
}
