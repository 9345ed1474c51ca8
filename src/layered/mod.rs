//! Layered patches: what is equal is found by a coarse survey of the whole file, what is not by a
//! binary diff against the old bytes that belong there.

mod old;
mod plan;
mod samples;
#[cfg(test)]
mod tests;
mod view;

pub use self::old::ReadAt;
pub(crate) use self::old::{Effort, OldFile};
pub(crate) use self::plan::{GROUP_LEN, Piece, Scratch};
