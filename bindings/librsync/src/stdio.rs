//! C streams of the caller, used as C would: through their buffers, at their positions.

use std::ffi::{CStr, c_char, c_int, c_void};
use std::io::{self, ErrorKind};
use std::mem::MaybeUninit;

use libc::{FILE, off_t, size_t};
use sigdelta::io::{Basis, NearbyReads};
use sigdelta::{Error, IoAction, Trailer};
use sigdelta_ffi::{Text, guard, slice_mut};

use crate::libc_stdio::{stdin, stdio, stdout};
use crate::trace::{log, log_bytes};
use crate::types::{rs_loglevel, rs_long_t, rs_result};

/// The number of an error of the system.
#[derive(Clone, Copy, Debug)]
pub struct Errno(c_int);

impl Errno {
    fn last() -> Self {
        Errno(io::Error::last_os_error().raw_os_error().unwrap_or(0))
    }

    /// Returns the system's text.
    pub fn text(self) -> Text<256> {
        let mut buf = [0 as c_char; 256];
        let mut text = Text::new();
        // SAFETY: a buffer of this length, which then has a text, cut if need be.
        unsafe {
            libc::strerror_r(self.0, buf.as_mut_ptr(), buf.len());
            text.push_bytes(CStr::from_ptr(buf.as_ptr()).to_bytes());
        }
        text
    }
}

/// A stream that is open as long as this is used.
#[derive(Clone, Copy)]
pub struct Stream(*mut FILE);

impl Stream {
    /// Returns None for null.
    ///
    /// # Safety
    /// `file` is null or stays open, and is used by nobody else meanwhile.
    pub unsafe fn new(file: *mut FILE) -> Option<Self> {
        (!file.is_null()).then_some(Stream(file))
    }

    /// Returns the number of the stream's file descriptor, -1 without one.
    fn fd(self) -> c_int {
        // SAFETY: open, as `new` demands.
        unsafe { libc::fileno(self.0) }
    }

    /// Returns the length if this is a regular file.
    pub fn regular_len(self) -> Option<u64> {
        let mut status = MaybeUninit::<libc::stat>::uninit();
        // SAFETY: a failing fstat says so, also if the descriptor is -1.
        let status = unsafe {
            match libc::fstat(self.fd(), status.as_mut_ptr()) {
                0 => status.assume_init(),
                _ => return None,
            }
        };
        match status.st_mode & libc::S_IFMT {
            libc::S_IFREG => u64::try_from(status.st_size).ok(),
            _ => None,
        }
    }

    /// Returns false if this is a regular file that does not end like a delta with a trailer, or none.
    /// Does not move the stream.
    pub fn may_have_trailer(self) -> bool {
        let mut last_bytes = [0; Trailer::LEN];
        let start = self.regular_len().and_then(|len| len.checked_sub(Trailer::LEN as u64));
        start.is_some_and(|start| {
            self.pread(start, &mut last_bytes).is_ok_and(|read| read == Trailer::LEN)
                && last_bytes.starts_with(&Trailer::MAGIC)
        })
    }

    fn seek(self, position: u64) -> Result<(), Errno> {
        let position = off_t::try_from(position).map_err(|_| Errno(libc::EINVAL))?;
        // SAFETY: open, as `new` demands.
        match unsafe { (stdio().fseeko)(self.0, position, libc::SEEK_SET) } {
            0 => Ok(()),
            _ => Err(Errno::last()),
        }
    }

    /// Reads as much as there is, up to the length of the buffer; 0 at the end.
    pub fn read(self, buf: &mut [u8]) -> Result<usize, Errno> {
        // SAFETY: open, as `new` demands, and a buffer of this length.
        let read = unsafe { (stdio().fread)(buf.as_mut_ptr().cast(), 1, buf.len(), self.0) };
        // As in C the end counts first: an error may be an old one.
        // SAFETY: as above.
        if read == 0 && !buf.is_empty() && unsafe { libc::feof(self.0) } == 0 {
            return Err(Errno::last());
        }
        Ok(read)
    }

    /// Writes all bytes. When to flush is the caller's affair.
    pub fn write(self, bytes: &[u8]) -> Result<(), Errno> {
        // SAFETY: open, as `new` demands, and bytes of this length.
        let written = unsafe { (stdio().fwrite)(bytes.as_ptr().cast(), 1, bytes.len(), self.0) };
        if written < bytes.len() { Err(Errno::last()) } else { Ok(()) }
    }

    /// Reads from the file behind the stream.
    fn pread(self, position: u64, buf: &mut [u8]) -> io::Result<usize> {
        let position = off_t::try_from(position).map_err(|_| ErrorKind::InvalidInput)?;
        // SAFETY: a buffer of this length.
        let read = unsafe { libc::pread(self.fd(), buf.as_mut_ptr().cast(), buf.len(), position) };
        usize::try_from(read).map_err(|_| io::Error::last_os_error())
    }
}

/// A stream as basis. A regular file is read directly, in pieces that suit, and the stream is left as if
/// it had been read itself.
pub struct StreamBasis {
    stream: Stream,
    file: Option<NearbyReads<FileOf>>,
    /// Where the last direct read ended.
    end: Option<u64>,
}

/// The file behind a stream.
struct FileOf(Stream);

impl Basis for FileOf {
    fn read_at(&mut self, position: u64, buf: &mut [u8]) -> Result<usize, Error> {
        let failed = |cause| Error::Io { action: IoAction::ReadBasis, cause };
        self.0.pread(position, buf).map_err(failed)
    }
}

impl StreamBasis {
    /// Takes a stream, which is not touched before bytes are wanted.
    pub fn new(stream: Stream) -> Self {
        let file = stream.regular_len().map(|_| NearbyReads::new(FileOf(stream)));
        StreamBasis { stream, file, end: None }
    }

    /// Reads bytes of the basis, at least one; says why it cannot.
    pub fn read_at(&mut self, position: u64, buf: &mut [u8]) -> Result<usize, rs_result> {
        if let Some(read) = self.read_directly(position, buf) {
            return Ok(read);
        }
        // Through the stream, which then has the failure or the end that C would have met.
        self.end = None;
        read_basis(self.stream, position, buf)
    }

    fn read_directly(&mut self, position: u64, buf: &mut [u8]) -> Option<usize> {
        let file = self.file.as_mut()?;
        if self.end.is_none() {
            // What was written to it and is still in its buffer must be seen.
            // SAFETY: open, as `Stream::new` demands.
            unsafe { (stdio().fflush)(self.stream.0) };
        }
        let read = guard(None, || file.read_at(position, buf).ok().filter(|&read| read > 0))?;
        self.end = Some(position + read as u64);
        Some(read)
    }
}

impl Drop for StreamBasis {
    fn drop(&mut self) {
        if let Some(end) = self.end {
            let _ = self.stream.seek(end);
        }
    }
}

/// Reads bytes of a basis through its stream, at least one; says why it cannot.
fn read_basis(stream: Stream, position: u64, buf: &mut [u8]) -> Result<usize, rs_result> {
    let failed = |what, errno: Errno| {
        let words = errno.text();
        let words = words.as_c_str().to_string_lossy();
        log(rs_loglevel::ERR, format_args!("(rs_file_copy_cb) {what}: {words}"));
        rs_result::IO_ERROR
    };
    stream.seek(position).map_err(|errno| failed("seek failed", errno))?;
    match stream.read(buf) {
        Ok(0) => {
            let fd = stream.fd();
            log(rs_loglevel::ERR, format_args!("(rs_file_copy_cb) unexpected eof on fd{fd}"));
            Err(rs_result::INPUT_ENDED)
        }
        Ok(read) => Ok(read),
        Err(errno) => Err(failed("read error", errno)),
    }
}

/// Opens a file as fopen does. NULL and "-" are standard input, or standard output if `mode` starts
/// with w.
///
/// Ends the program with status 100 and a message if the file cannot be opened, or if it exists,
/// `mode` starts with w and `force` is 0. NULL only for a `mode` of NULL.
#[cfg(not(rsync_no_stdio_interface))]
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn rs_file_open(
    filename: *const c_char,
    mode: *const c_char,
    force: c_int,
) -> *mut FILE {
    if mode.is_null() {
        return std::ptr::null_mut();
    }
    // SAFETY: texts, by contract.
    let (name, is_write) = unsafe {
        let name = (!filename.is_null()).then(|| CStr::from_ptr(filename));
        (name.filter(|&name| name != c"-"), *mode == b'w' as c_char)
    };
    let Some(name) = name else {
        // SAFETY: set before any code runs.
        return unsafe { if is_write { stdout } else { stdin } };
    };
    // SAFETY: texts, by contract.
    if is_write && force == 0 && unsafe { libc::access(name.as_ptr(), libc::F_OK) } == 0 {
        give_up(&[b"(rs_file_open) File exists \"", name.to_bytes(), b"\", aborting!"]);
    }
    // SAFETY: texts, by contract.
    let file = unsafe { libc::fopen(name.as_ptr(), mode) };
    if file.is_null() {
        let words = Errno::last().text();
        let purpose: &[u8] = if is_write { b"\" for write: " } else { b"\" for read: " };
        let opening = b"(rs_file_open) Error opening \"";
        give_up(&[opening, name.to_bytes(), purpose, words.as_bytes()]);
    }
    file
}

/// Ends the program with a message.
fn give_up(message: &[&[u8]]) -> ! {
    let mut text = Text::<1000>::new();
    message.iter().for_each(|part| text.push_bytes(part));
    log_bytes(rs_loglevel::ERR, text.as_bytes());
    // SAFETY: no more than C does.
    unsafe { libc::exit(rs_result::IO_ERROR.0) }
}

/// Closes a file, but for standard input and output. Returns what fclose does, 0 for those two.
#[cfg(not(rsync_no_stdio_interface))]
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn rs_file_close(file: *mut FILE) -> c_int {
    // SAFETY: open by contract and closed once; the standard streams are set before any code runs.
    unsafe {
        match file {
            _ if file.is_null() => libc::EOF,
            _ if file == stdin || file == stdout => 0,
            _ => (stdio().fclose)(file),
        }
    }
}

/// Returns the length of a regular file in bytes, -1 for anything else.
#[cfg(not(rsync_no_stdio_interface))]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_file_size(file: *mut FILE) -> rs_long_t {
    guard(-1, || {
        // SAFETY: null or open, by contract.
        let len = unsafe { Stream::new(file) }.and_then(Stream::regular_len);
        len.and_then(|len| rs_long_t::try_from(len).ok()).unwrap_or(-1)
    })
}

/// An rs_copy_cb that reads from a stream that can seek: `arg` is the FILE.
#[cfg(not(rsync_no_stdio_interface))]
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn rs_file_copy_cb(
    arg: *mut c_void,
    pos: rs_long_t,
    len: *mut size_t,
    buf: *mut *mut c_void,
) -> rs_result {
    // SAFETY: null or open, by contract.
    let stream = unsafe { Stream::new(arg.cast()) };
    let Some(stream) = stream.filter(|_| !len.is_null() && !buf.is_null()) else {
        return rs_result::PARAM_ERROR;
    };
    // SAFETY: valid by contract, with room for *len bytes at *buf.
    let Some(space) = (unsafe { slice_mut(*buf, *len) }) else { return rs_result::PARAM_ERROR };
    // A negative position is one beyond any file.
    let read = read_basis(stream, pos as u64, space);
    // SAFETY: as above.
    unsafe { *len = read.unwrap_or(0) };
    read.map_or_else(|result| result, |_| rs_result::DONE)
}
