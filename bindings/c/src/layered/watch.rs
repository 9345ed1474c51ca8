//! Progress over layered patches, which the library tells of in groups.

use std::cell::Cell;
use std::io::{self, Read};
use std::ops::ControlFlow;

use sigdelta::{Error, Monitor, Progress};

use crate::progress::Callback;
use crate::source::Turns;
use crate::stats::sigdelta_stats;

/// Tells the caller of progress, in turn with the other functions of the caller if it has any.
pub struct Watch<'a> {
    callback: Callback,
    turns: Option<&'a Turns>,
    /// Bytes read, where the library does not count them.
    in_bytes: Option<&'a Cell<u64>>,
}

impl<'a> Watch<'a> {
    pub fn new(callback: Callback) -> Self {
        Watch { callback, turns: None, in_bytes: None }
    }

    /// Sets what the functions of the caller take in turns.
    pub fn turns(mut self, turns: &'a Turns) -> Self {
        self.turns = Some(turns);
        self
    }

    /// Sets where the bytes read are counted.
    pub fn counted(mut self, in_bytes: &'a Cell<u64>) -> Self {
        self.in_bytes = Some(in_bytes);
        self
    }

    /// Tells of the end, and returns what was done.
    pub fn end(mut self, done: impl Into<sigdelta_stats>) -> Result<sigdelta_stats, Error> {
        let stats = done.into();
        self.in_bytes = None;
        let mut done = Progress::default();
        (done.in_bytes, done.out_bytes) = (stats.in_bytes, stats.out_bytes);
        match self.progress(done) {
            ControlFlow::Continue(()) => Ok(stats),
            ControlFlow::Break(()) => Err(Error::Cancelled),
        }
    }
}

impl Monitor for Watch<'_> {
    fn progress(&mut self, mut done: Progress) -> ControlFlow<()> {
        if let Some(in_bytes) = self.in_bytes {
            done.in_bytes = in_bytes.get();
        }
        let _turn = self.turns.map(Turns::take);
        self.callback.progress(done)
    }
}

/// A reader whose bytes are counted.
pub struct Counted<'a, R> {
    pub reader: R,
    pub read_bytes: &'a Cell<u64>,
}

impl<R: Read> Read for Counted<'_, R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let len = self.reader.read(buf)?;
        self.read_bytes.set(self.read_bytes.get() + len as u64);
        Ok(len)
    }
}
