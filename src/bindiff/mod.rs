//! Binary differences: which bytes of a new file lie along which bytes of an old one.
//!
//! Two builds of a program differ in few bytes, but those are everywhere: each address that moved.
//! So a stretch of the new bytes is laid along old bytes that are alike, not only along equal ones,
//! and what differs is told byte by byte. That idea is Colin Percival's (*Naive differences of
//! executable code*, 2003). Here the places to try come from a hash index, not from a suffix array.

mod buckets;
mod compare;
mod index;
mod matcher;
mod rows;
#[cfg(test)]
mod tests;

pub(crate) use self::buckets::{Batch, Buckets, Lookups};
#[cfg(test)]
pub(crate) use self::compare::work;
pub(crate) use self::compare::{common_prefix, common_suffix};
pub(crate) use self::index::{Index, mix};
pub(crate) use self::matcher::{Equal, Matcher, Patience, Stretch};
