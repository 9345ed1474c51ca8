//! The mixed layout: all of a group in one arithmetic-coded stream.
//!
//! ```text
//! layout    1 byte   2
//! stream             for each piece its numbers, then its aligned bytes, then its literals
//! ```

mod differences;
mod literals;
mod mixer;
mod numbers;
mod range;
mod references;

use std::fmt;

use self::differences::{Differences, Position};
use self::literals::Literals;
use self::numbers::Numbers;
use self::range::BitCoder;
use super::{Fault, Group, OldBytes, Piece};

/// First byte of the body. Every change of a model that changes a bit needs a new one.
pub(crate) const LAYOUT: u8 = 2;

pub(crate) type Encoder = Coder<range::Encoder>;
pub(crate) type Decoder = Coder<range::Decoder>;

/// Models of all parts of a group, and the stream.
pub(crate) struct Coder<C> {
    stream: C,
    numbers: Numbers,
    differences: Differences,
    literals: Literals,
    /// The last new bytes, the very last one lowest.
    before: u64,
    /// Aligned bytes of the piece still to come.
    aligned_left: usize,
    /// Of the next byte.
    position: Position,
}

impl<C: BitCoder> Coder<C> {
    fn with(stream: C, group: Group) -> Self {
        Coder {
            stream,
            numbers: Numbers::new(group.start),
            differences: Differences::new(),
            literals: Literals::new(),
            before: 0,
            aligned_left: 0,
            position: Position { old: 0, new: group.start },
        }
    }

    fn code_aligned(&mut self, old: OldBytes<'_>, new: &mut [u8]) {
        self.differences.code(&mut self.stream, old, new, self.aligned_left, self.position);
        self.aligned_left -= new.len();
        self.position = self.position.after(new.len());
        for &byte in &new[new.len().saturating_sub(8)..] {
            self.before = self.before << 8 | u64::from(byte);
        }
    }

    fn code_literals(&mut self, new: &mut [u8]) {
        self.literals.code(&mut self.stream, &mut self.before, new);
        self.position = self.position.after(new.len());
    }

    fn code_piece(&mut self, piece: Piece) -> Piece {
        let piece = self.numbers.code(&mut self.stream, piece);
        self.aligned_left = piece.aligned_len as usize;
        self.position.old = piece.old;
        self.differences.begin();
        piece
    }
}

impl Encoder {
    pub(crate) fn new(group: Group) -> Self {
        Coder::with(range::Encoder::new(vec![LAYOUT]), group)
    }

    pub(crate) fn piece(&mut self, piece: &Piece) {
        self.code_piece(*piece);
    }

    pub(crate) fn aligned(&mut self, old: OldBytes<'_>, new: &[u8]) {
        self.code_aligned(old, &mut new.to_vec());
    }

    pub(crate) fn literals(&mut self, new: &[u8]) {
        self.code_literals(&mut new.to_vec());
    }

    pub(crate) fn finish(self) -> Vec<u8> {
        self.stream.finish()
    }
}

impl Decoder {
    pub(crate) fn new(body: Vec<u8>, group: Group) -> Self {
        Coder::with(range::Decoder::new(body, 1), group)
    }

    pub(crate) fn piece(&mut self) -> Result<Piece, Fault> {
        let piece = self.code_piece(Piece { old: 0, aligned_len: 0, literal_len: 0 });
        self.stream.check()?;
        Ok(piece)
    }

    pub(crate) fn aligned(&mut self, old: OldBytes<'_>, out: &mut [u8]) -> Result<(), Fault> {
        self.code_aligned(old, out);
        self.stream.check()
    }

    pub(crate) fn literals(&mut self, out: &mut [u8]) -> Result<(), Fault> {
        self.code_literals(out);
        self.stream.check()
    }

    pub(crate) fn finish(&self) -> Result<(), Fault> {
        self.stream.finish()
    }
}

impl<C> fmt::Debug for Coder<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Coder").finish_non_exhaustive()
    }
}
