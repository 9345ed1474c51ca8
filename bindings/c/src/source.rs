//! What functions of the caller read and write.

use std::ffi::{c_int, c_void};
use std::io::{self, Read, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sigdelta::{Error, IoAction, ReadAt};

use crate::error::Failure;
use crate::options::known;

/// Bytes that a function of the caller reads.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct sigdelta_source {
    /// Reads them; not NULL.
    pub read_at: ReadAtFn,
    /// First argument of read_at.
    pub opaque: *mut c_void,
    /// How many they are. May be SIGDELTA_UNKNOWN where a patch is applied.
    pub len: u64,
}

/// Where a function of the caller puts bytes.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct sigdelta_sink {
    /// Takes them; not NULL.
    pub write: WriteFn,
    /// First argument of write.
    pub opaque: *mut c_void,
}

/// `sigdelta_read_at_fn *`
///
/// cbindgen:ignore
pub type ReadAtFn = Option<ReadAtFunction>;

type ReadAtFunction = unsafe extern "C" fn(*mut c_void, u64, *mut c_void, *mut usize) -> c_int;

/// `sigdelta_write_fn *`
///
/// cbindgen:ignore
pub type WriteFn = Option<WriteFunction>;

type WriteFunction = unsafe extern "C" fn(*mut c_void, *const c_void, usize) -> c_int;

/// What the functions of the caller take in turns, whichever thread calls them.
#[derive(Clone, Debug, Default)]
pub struct Turns(Arc<Mutex<()>>);

impl Turns {
    /// Waits until no function of the caller runs; none does as long as the result lives.
    pub fn take(&self) -> MutexGuard<'_, ()> {
        // There is nothing that a panic could have left half done.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A source that was found valid.
#[derive(Debug)]
pub struct Source {
    read_at: ReadAtFunction,
    opaque: *mut c_void,
    len: Option<u64>,
    /// What fails if it does.
    action: IoAction,
    turns: Turns,
}

// SAFETY: the contract: the function may be called in threads of the library, with its opaque pointer,
// if it never runs twice at a time; `turns` sees to that.
unsafe impl Send for Source {}
// SAFETY: as above.
unsafe impl Sync for Source {}

impl Source {
    /// Reads and checks a source; the name is that of the argument.
    ///
    /// # Safety
    /// The contract: null or valid.
    pub unsafe fn at(
        source: *const sigdelta_source,
        argument: &'static str,
        action: IoAction,
        turns: &Turns,
    ) -> Result<Self, Failure> {
        // SAFETY: as above.
        let source = unsafe { source.as_ref() }.ok_or(Failure::Named(argument, "is NULL"))?;
        let sigdelta_source { read_at, opaque, len } = *source;
        let read_at = read_at.ok_or(Failure::Named(argument, "has no read_at"))?;
        Ok(Source { read_at, opaque, len: known(len), action, turns: turns.clone() })
    }

    /// Returns the length, if it is known.
    pub fn len(&self) -> Option<u64> {
        self.len
    }

    /// Returns the bytes for reading anywhere, with their length, which must be known.
    pub fn whole(self, argument: &'static str) -> Result<(Arc<dyn ReadAt>, u64), Failure> {
        let len = self.len.ok_or(Failure::Named(argument, "has no known length"))?;
        Ok((Arc::new(self), len))
    }

    /// Returns the bytes for reading from first to last.
    pub fn forwards(self) -> impl Read {
        Forwards { source: self, position: 0 }
    }

    fn read(&self, position: u64, buf: &mut [u8]) -> io::Result<usize> {
        if buf.is_empty() {
            return Ok(0);
        }
        let mut len = buf.len();
        let failed = {
            let _turn = self.turns.take();
            // SAFETY: the contract: the function can be called so, and writes no more than `len` bytes.
            unsafe { (self.read_at)(self.opaque, position, buf.as_mut_ptr().cast(), &raw mut len) }
        };
        match failed {
            0 if len > buf.len() => Err(io::Error::other("read_at read more than was asked for")),
            0 => Ok(len),
            code => Err(error_of(code)),
        }
    }
}

impl ReadAt for Source {
    fn read_at(&self, position: u64, buf: &mut [u8]) -> Result<usize, Error> {
        self.read(position, buf).map_err(|cause| Error::Io { action: self.action, cause })
    }
}

struct Forwards {
    source: Source,
    position: u64,
}

impl Read for Forwards {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let len = self.source.read(self.position, buf)?;
        self.position += len as u64;
        Ok(len)
    }
}

/// A sink that was found valid.
#[derive(Debug)]
pub struct Sink {
    write: WriteFunction,
    opaque: *mut c_void,
    turns: Turns,
}

impl Sink {
    /// Reads and checks a sink; the name is that of the argument.
    ///
    /// # Safety
    /// The contract: null or valid.
    pub unsafe fn at(
        sink: *const sigdelta_sink,
        argument: &'static str,
        turns: &Turns,
    ) -> Result<Self, Failure> {
        // SAFETY: as above.
        let sink = unsafe { sink.as_ref() }.ok_or(Failure::Named(argument, "is NULL"))?;
        let write = sink.write.ok_or(Failure::Named(argument, "has no write"))?;
        Ok(Sink { write, opaque: sink.opaque, turns: turns.clone() })
    }
}

impl Write for Sink {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        if buf.is_empty() {
            return Ok(0);
        }
        let _turn = self.turns.take();
        // SAFETY: the contract: the function can be called so.
        match unsafe { (self.write)(self.opaque, buf.as_ptr().cast(), buf.len()) } {
            0 => Ok(buf.len()),
            code => Err(error_of(code)),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Returns the error that a function of the caller means: an errno, or none.
fn error_of(code: c_int) -> io::Error {
    match code {
        1.. => io::Error::from_raw_os_error(code),
        _ => io::Error::other("the function of the caller failed"),
    }
}
