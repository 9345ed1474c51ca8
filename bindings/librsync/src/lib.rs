//! librsync.so.2: the C API and ABI of librsync on sigdelta.
//!
//! Exports librsync's 40 symbols and nothing else. The contract of each function is in its comment,
//! which cbindgen copies to `include/librsync.h`; what the functions share is in `docs/c-abi.md`.

#![allow(non_camel_case_types, non_upper_case_globals)] // librsync's names
#![allow(clippy::missing_safety_doc)] // the contracts are those of a C header

mod args;
mod drive;
mod job;
mod libc_stdio;
mod mdfour;
mod patch;
mod stats;
mod stdio;
mod sumset;
mod text;
mod threads;
mod trace;
mod types;
mod whole;
