//! Which library this is.

use std::ffi::{CStr, c_char, c_int};

use sigdelta_ffi::guard;

const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), "\0");

const NUMBER: u32 = number(env!("CARGO_PKG_VERSION_MAJOR")) * 1_000_000
    + number(env!("CARGO_PKG_VERSION_MINOR")) * 1000
    + number(env!("CARGO_PKG_VERSION_PATCH"));

const fn number(digits: &str) -> u32 {
    match u32::from_str_radix(digits, 10) {
        Ok(number) => number,
        Err(_) => panic!("a version is made of numbers"),
    }
}

/// Returns the version of the library, as "0.1.0".
#[unsafe(no_mangle)]
pub extern "C" fn sigdelta_version() -> *const c_char {
    VERSION.as_ptr().cast()
}

/// Returns the version as a number: major * 1000000 + minor * 1000 + patch.
#[unsafe(no_mangle)]
pub extern "C" fn sigdelta_version_number() -> u32 {
    NUMBER
}

/// Returns 1 for the name of a feature that this library has ("librsync", "trailer", "files",
/// "layered"), else 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sigdelta_has_feature(name: *const c_char) -> c_int {
    guard(0, || {
        if name.is_null() {
            return 0;
        }
        // SAFETY: the contract: a string.
        let name = unsafe { CStr::from_ptr(name) };
        [c"librsync", c"trailer", c"files", c"layered"].contains(&name).into()
    })
}
