//! C streams of the caller, used as C would: through their buffers, at their positions.

use std::ffi::{CStr, c_char, c_int, c_void};
use std::io::{self, Read, Write};
use std::mem::MaybeUninit;

use libc::{FILE, off_t, size_t};
use sigdelta::io::{Basis, NearbyReads};
use sigdelta::{Error, IoAction, Trailer};
use sigdelta_ffi::{guard, slice_mut};

use crate::trace::log;
use crate::types::{rs_loglevel, rs_long_t, rs_result};

unsafe extern "C" {
    #[cfg_attr(target_vendor = "apple", link_name = "__stdinp")]
    static stdin: *mut FILE;
    #[cfg_attr(target_vendor = "apple", link_name = "__stdoutp")]
    static stdout: *mut FILE;
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
    pub fn fd(self) -> c_int {
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

    /// Returns false if this is a regular file that does not end like a delta with a trailer. Does
    /// not move the stream.
    pub fn may_have_trailer(self) -> bool {
        let mut last_bytes = [0; Trailer::LEN];
        let start = self.regular_len().and_then(|len| len.checked_sub(Trailer::LEN as u64));
        start.is_some_and(|start| {
            self.pread(start, &mut last_bytes).is_ok_and(|read| read == Trailer::LEN)
                && last_bytes.starts_with(&Trailer::MAGIC)
        })
    }

    fn seek(self, position: u64) -> io::Result<()> {
        let position = offset(position)?;
        // SAFETY: open, as `new` demands.
        match unsafe { libc::fseeko(self.0, position, libc::SEEK_SET) } {
            0 => Ok(()),
            _ => Err(io::Error::last_os_error()),
        }
    }

    fn read(self, buf: &mut [u8]) -> io::Result<usize> {
        // SAFETY: open, as `new` demands, and a buffer of this length.
        let read = unsafe { libc::fread(buf.as_mut_ptr().cast(), 1, buf.len(), self.0) };
        // SAFETY: as above.
        if read == 0 && !buf.is_empty() && unsafe { libc::ferror(self.0) } != 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(read)
    }

    /// Reads from the file behind the stream.
    fn pread(self, position: u64, buf: &mut [u8]) -> io::Result<usize> {
        let position = offset(position)?;
        // SAFETY: a buffer of this length.
        let read = unsafe { libc::pread(self.fd(), buf.as_mut_ptr().cast(), buf.len(), position) };
        usize::try_from(read).map_err(|_| io::Error::last_os_error())
    }
}

/// Returns a position as the system has it.
fn offset<T: TryInto<off_t>>(position: T) -> io::Result<off_t> {
    let offset = position.try_into().ok().filter(|&offset| offset >= 0);
    offset.ok_or_else(|| io::Error::from_raw_os_error(libc::EINVAL))
}

impl Read for Stream {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        Stream::read(*self, buf)
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // SAFETY: open, as `Stream::new` demands, and bytes of this length.
        let written = unsafe { libc::fwrite(bytes.as_ptr().cast(), 1, bytes.len(), self.0) };
        if written < bytes.len() { Err(io::Error::last_os_error()) } else { Ok(written) }
    }

    /// Nothing: when to flush is the caller's affair.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A stream as basis. A regular file is read directly and the stream is left as if it had been read
/// itself.
pub struct StreamBasis {
    stream: Stream,
    file: Option<NearbyReads<FileOf>>,
    /// Where the last read of a regular file ended.
    end: Option<u64>,
}

/// The file behind a stream.
struct FileOf(Stream);

impl Basis for FileOf {
    fn read_at(&mut self, position: u64, buf: &mut [u8]) -> Result<usize, Error> {
        loop {
            match self.0.pread(position, buf) {
                // Where a seek would have failed, C says so.
                Ok(0) => {
                    self.0.seek(position).map_err(seek_failed)?;
                    return Ok(0);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => return result.map_err(read_failed),
            }
        }
    }
}

fn seek_failed(cause: io::Error) -> Error {
    Error::Io { action: IoAction::SeekBasis, cause }
}

fn read_failed(cause: io::Error) -> Error {
    Error::Io { action: IoAction::ReadBasis, cause }
}

impl StreamBasis {
    pub fn new(stream: Stream) -> Self {
        let file = stream.regular_len().map(|_| NearbyReads::new(FileOf(stream)));
        if file.is_some() {
            // What was written to it and is still in its buffer must be seen.
            // SAFETY: open, as `Stream::new` demands.
            unsafe { libc::fflush(stream.0) };
        }
        StreamBasis { stream, file, end: None }
    }
}

impl Basis for StreamBasis {
    fn read_at(&mut self, position: u64, buf: &mut [u8]) -> Result<usize, Error> {
        let Some(file) = &mut self.file else {
            self.stream.seek(position).map_err(seek_failed)?;
            return self.stream.read(buf).map_err(read_failed);
        };
        let read = file.read_at(position, buf)?;
        self.end = Some(position + read as u64);
        Ok(read)
    }
}

impl Drop for StreamBasis {
    fn drop(&mut self) {
        if let Some(end) = self.end {
            let _ = self.stream.seek(end);
        }
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
        let name = name.to_string_lossy();
        log(rs_loglevel::ERR, format_args!("(rs_file_open) File exists \"{name}\", aborting!"));
        // SAFETY: ends the program.
        unsafe { libc::exit(rs_result::IO_ERROR.0) };
    }
    // SAFETY: texts, by contract.
    let file = unsafe { libc::fopen(name.as_ptr(), mode) };
    if file.is_null() {
        let words = sigdelta::librsync::system_text(&io::Error::last_os_error());
        let purpose = if is_write { "write" } else { "read" };
        let name = name.to_string_lossy();
        log(
            rs_loglevel::ERR,
            format_args!("(rs_file_open) Error opening \"{name}\" for {purpose}: {words}"),
        );
        // SAFETY: ends the program.
        unsafe { libc::exit(rs_result::IO_ERROR.0) };
    }
    file
}

/// Closes a file, but for standard input and output. Returns what fclose does, 0 for those two.
#[cfg(not(rsync_no_stdio_interface))]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rs_file_close(file: *mut FILE) -> c_int {
    // SAFETY: open by contract and closed once; the standard streams are set before any code runs.
    unsafe {
        match file {
            _ if file.is_null() => libc::EOF,
            _ if file == stdin || file == stdout => 0,
            _ => libc::fclose(file),
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
    if let Err(error) = offset(pos).and_then(|pos| stream.seek(pos as u64)) {
        let words = sigdelta::librsync::system_text(&error);
        log(rs_loglevel::ERR, format_args!("(rs_file_copy_cb) seek failed: {words}"));
        return rs_result::IO_ERROR;
    }
    match stream.read(space) {
        Ok(0) => {
            let fd = stream.fd();
            log(rs_loglevel::ERR, format_args!("(rs_file_copy_cb) unexpected eof on fd{fd}"));
            rs_result::INPUT_ENDED
        }
        Ok(read) => {
            // SAFETY: as above.
            unsafe { *len = read };
            rs_result::DONE
        }
        Err(error) => {
            let words = sigdelta::librsync::system_text(&error);
            log(rs_loglevel::ERR, format_args!("(rs_file_copy_cb) read error: {words}"));
            rs_result::IO_ERROR
        }
    }
}
