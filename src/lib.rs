#![doc = include_str!("lib.md")]

#[cfg(feature = "tokio")]
pub mod aio;
#[cfg(feature = "layered")]
mod bindiff;
pub mod chunk;
#[cfg(feature = "layered")]
mod codec;
mod decoder;
mod delta;
mod engine;
mod error;
#[cfg(feature = "layered")]
pub mod exchange;
#[cfg(feature = "file")]
pub mod file;
mod filter;
pub mod format;
mod index;
pub mod io;
#[cfg(feature = "layered")]
pub mod layered;
pub mod librsync;
mod monitor;
mod options;
pub mod parallel;
mod patch;
mod read_at;
mod root;
mod signature;
#[allow(unsafe_code)] // intrinsics, and calls of kernels whose instructions were found
mod simd;
mod slice;
mod stats;
mod strong;
mod suffix;
mod weak;

pub use decoder::{AfterEnd, DeltaDecoder, DeltaEvent};
pub use delta::{DeltaEncoder, DeltaOptions};
pub use engine::{Engine, Status, Step};
pub use error::{Error, ErrorKind, IoAction, Part, Result};
pub use format::signature::Strictness;
pub use format::{Command, Trailer};
pub use index::Index;
pub use monitor::{Monitor, Progress};
pub use options::{
    DEFAULT_BLOCK_LEN, MAX_BLOCK_LEN, SignatureKind, SignatureOptions, SignatureParams, StrongLen,
    min_strong_len, recommended_block_len,
};
pub use patch::{PatchOptions, PatchStatus, PatchStep, Patcher};
pub use read_at::ReadAt;
pub use root::{LEAF_LEN, Root, RootHasher};
pub use signature::{LoadOptions, MAX_BLOCKS, Signature, SignatureDecoder, SignatureEncoder};
pub use simd::Level;
pub use slice::{delta, patch, signature};
pub use stats::{CommandStats, DeltaStats, PatchStats, SearchStats, SignatureStats};
pub use strong::{MAX_STRONG_LEN, StrongHash, StrongSum};
pub use weak::WeakHash;
