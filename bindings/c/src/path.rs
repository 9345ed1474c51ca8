//! Names of files, as C gives them.

use std::ffi::{CStr, c_char};
use std::path::Path;

use crate::error::Failure;

/// Returns the path that an argument names: any bytes on Unix, UTF-8 elsewhere.
///
/// # Safety
/// The contract: null, or a string that nobody changes while the call lasts.
pub unsafe fn path<'a>(name: *const c_char, argument: &'static str) -> Result<&'a Path, Failure> {
    if name.is_null() {
        return Err(Failure::Named(argument, "is NULL"));
    }
    // SAFETY: as above.
    let name = unsafe { CStr::from_ptr(name) };
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStrExt;
        Ok(Path::new(std::ffi::OsStr::from_bytes(name.to_bytes())))
    }
    #[cfg(not(unix))]
    {
        name.to_str().map(Path::new).map_err(|_| Failure::Named(argument, "is not UTF-8"))
    }
}
