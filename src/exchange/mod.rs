//! Bringing a file up to date that somebody else has: what is sent is little more than what changed.
//!
//! The receiver has an old file, the *basis*; the sender a new one. In the first round the receiver
//! describes the basis by its content-defined chunks ([`sign`]) and the sender finds which of them
//! the new file has ([`Survey`]). What is left may be asked for in a second round: the sender names
//! the ranges of the basis in question ([`Survey::request`]), the receiver sends short sums of small
//! blocks there ([`answer`]), and the sender finds these at any byte ([`Survey::take_sums`]). Then it
//! makes a layered patch ([`Survey::patch`]), in which what is literal is told by what both files are
//! known to have. [`layered::apply`](crate::layered::apply()) applies it.
//!
//! ```
//! use std::sync::Arc;
//! use sigdelta::exchange::{AnswerLimits, ChunkSignature, ChunkSignatureOptions, Survey, SurveyOptions};
//! use sigdelta::exchange::{answer, sign};
//! use sigdelta::layered::{ApplyOptions, MakeOptions, apply};
//!
//! let basis: Vec<u8> = (0..50_000u64).flat_map(|n| (n * n).to_le_bytes()).collect();
//! let mut new = basis.clone();
//! new.splice(200_000..200_004, *b"five bytes and more");
//! let (basis_len, new_len) = (basis.len() as u64, new.len() as u64);
//!
//! let mut signature = Vec::new(); // by the receiver
//! sign(&basis, basis_len, ChunkSignatureOptions::new(), &mut signature, &mut ())?;
//!
//! let signature = ChunkSignature::decode(&signature)?; // by the sender
//! let new_file = Arc::new(new.clone());
//! let mut survey = Survey::new(signature, new_file, new_len, SurveyOptions::new(), &mut ())?;
//! if let Some(request) = survey.request() {
//!     let mut sums = Vec::new(); // by the receiver
//!     answer(&basis, basis_len, &request, AnswerLimits::new(), &mut sums, &mut ())?;
//!     survey.take_sums(&sums)?; // by the sender
//! }
//! let mut patch = Vec::new();
//! survey.patch(&mut patch, MakeOptions::new(), &mut ())?;
//! assert!(patch.len() < 1000);
//!
//! let mut result = Vec::new(); // by the receiver
//! apply(&basis, &patch[..], &mut result, ApplyOptions::new(), &mut ())?;
//! assert_eq!(result, new);
//! # Ok::<(), sigdelta::Error>(())
//! ```
//!
//! If the sender has a file whose root is [`ChunkSignature::basis_root`], it has the basis, and
//! [`layered::make`](crate::layered::make()) makes a smaller patch in one round.
//!
//! # What short sums mean
//! Sums are as long as they must be so that bytes taken for equal that are not come about once in some
//! thousands of exchanges. Then the patch does not apply: the check of a group or the root of the
//! result is not right ([`Error::GroupMismatch`](crate::Error::GroupMismatch),
//! [`Error::ResultMismatch`](crate::Error::ResultMismatch)), and the sender starts again from a
//! signature with another salt and longer sums. A result that is wrong does not pass. The salt also
//! keeps strangers from making files in which that happens each time.

mod answer;
mod fine;
mod kind;
mod patch;
mod rolling;
mod segments;
mod sign;
mod survey;

pub use answer::{AnswerLimits, answer};
pub use kind::SignatureFormat;
pub use sign::{ChunkSignature, ChunkSignatureOptions, ChunkSignatureStats, sign};
pub use survey::{Survey, SurveyOptions};
