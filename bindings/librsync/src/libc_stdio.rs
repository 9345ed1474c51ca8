//! Functions of C's stdio that may run code of the program, since a stream can have functions of its own,
//! or end the thread. So they may unwind, and are never called inside a guard.

use std::ffi::{c_char, c_int, c_void};
use std::hint::black_box;

use libc::{FILE, off_t, size_t};

unsafe extern "C-unwind" {
    fn fclose(file: *mut FILE) -> c_int;
    fn fflush(file: *mut FILE) -> c_int;
    fn fputs(text: *const c_char, file: *mut FILE) -> c_int;
    fn fread(to: *mut c_void, size: size_t, count: size_t, file: *mut FILE) -> size_t;
    fn fseeko(file: *mut FILE, offset: off_t, whence: c_int) -> c_int;
    fn fwrite(from: *const c_void, size: size_t, count: size_t, file: *mut FILE) -> size_t;
}

unsafe extern "C" {
    #[cfg_attr(target_vendor = "apple", link_name = "__stdinp")]
    pub static stdin: *mut FILE;
    #[cfg_attr(target_vendor = "apple", link_name = "__stdoutp")]
    pub static stdout: *mut FILE;
    #[cfg_attr(target_vendor = "apple", link_name = "__stderrp")]
    pub static stderr: *mut FILE;
}

/// The functions, by pointer.
pub struct Stdio {
    pub fclose: unsafe extern "C-unwind" fn(*mut FILE) -> c_int,
    pub fflush: unsafe extern "C-unwind" fn(*mut FILE) -> c_int,
    pub fputs: unsafe extern "C-unwind" fn(*const c_char, *mut FILE) -> c_int,
    pub fread: unsafe extern "C-unwind" fn(*mut c_void, size_t, size_t, *mut FILE) -> size_t,
    pub fseeko: unsafe extern "C-unwind" fn(*mut FILE, off_t, c_int) -> c_int,
    pub fwrite: unsafe extern "C-unwind" fn(*const c_void, size_t, size_t, *mut FILE) -> size_t,
}

static STDIO: Stdio = Stdio { fclose, fflush, fputs, fread, fseeko, fwrite };

/// Returns the functions, hidden from the optimiser: it believes to know by their names that they do
/// not unwind.
pub fn stdio() -> &'static Stdio {
    black_box(&STDIO)
}
