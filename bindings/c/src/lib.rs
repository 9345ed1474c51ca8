//! libsigdelta: the C API of sigdelta. `include/sigdelta.h` is made from these files.
//!
//! Signatures, deltas and patches in memory (`bytes`), by path (`files`) and in pieces (`job`); layered
//! patches (`layered`) also of what functions of the caller read and write (`source`).
//! Every exported function takes any null pointer, stops panics and returns a [`status`]; `error` keeps
//! what happened for the thread. What C must promise about pointers stands once, at the top of the
//! header (`cbindgen.toml`), and is what SAFETY comments call the contract.

#![allow(non_camel_case_types, reason = "the names of types are those of the header")]
#![allow(clippy::missing_safety_doc, reason = "the contract stands at the top of the header")]

// In the order of the header.
mod error;
mod out;
mod status;
mod version;

mod options;
mod params;
mod path;
mod progress;
mod stats;

mod bytes;
mod files;
mod threads;

mod source;

mod layered;

mod index;
mod load;

mod buffers;
mod job;

mod decoder;
