//! The mixed layout: arithmetic-coded streams, predicted by all that is known before.
//!
//! ```text
//! layout    1 byte   2, or 3 if zstd made less of the literals
//! length    varint   bytes of the second stream, if layout 2
//! head               of the column of literals (`column`), if layout 3
//! stream             for each piece its numbers, then its aligned bytes
//! literals           of all pieces: a second stream, or the contents of the column
//! ```

mod differences;
mod literals;
mod mixer;
pub(super) mod numbers;
pub(super) mod range;
mod references;

use std::fmt;

use self::differences::{Differences, NewBytes, Position};
use self::literals::Literals;
use self::numbers::Numbers;
use self::range::BitCoder;
use super::column::{self, Coded, Head};
use super::{Fault, Group, MAX_GROUP_LEN, OldBytes, Piece};
use crate::format::varint;
use crate::simd::pages::Pages;

/// First bytes of bodies. Every change of a model that changes a bit needs new ones.
pub(crate) const LAYOUT: u8 = 2;
pub(crate) const ZSTD_LITERALS: u8 = 3;

/// Fewer literals are not tried with zstd.
const MIN_ZSTD_LEN: usize = 4 << 10;
const ZSTD_LEVEL: i32 = 19;
const MAX_WINDOW_LOG: u32 = 23;

/// Shorter bodies touch a part of the models' tables only.
const MANY_BYTES: usize = 32 << 10;

/// Models of all parts of a group.
struct Models {
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

impl Models {
    fn new(group: Group, coded_len: usize) -> Result<Self, Fault> {
        let pages = if coded_len < MANY_BYTES { Pages::Small } else { Pages::Large };
        let models = || -> crate::error::Result<Self> {
            Ok(Models {
                numbers: Numbers::new(group.start, pages)?,
                differences: Differences::new(pages)?,
                literals: Literals::new(pages)?,
                before: 0,
                aligned_left: 0,
                position: Position { old: 0, new: group.start },
            })
        };
        // Nothing else can fail.
        models().map_err(|_| Fault::OutOfMemory)
    }

    fn piece<C: BitCoder>(&mut self, stream: &mut C, piece: Piece) -> Piece {
        let piece = self.numbers.code(stream, piece);
        self.aligned_left = piece.aligned_len as usize;
        self.position.old = piece.old;
        self.differences.begin();
        piece
    }

    /// Returns how many of the bytes were coded, see [`Differences::code`].
    fn aligned<C: BitCoder>(
        &mut self,
        stream: &mut C,
        old: OldBytes<'_>,
        new: impl NewBytes,
    ) -> usize {
        let len = self.differences.code(stream, old, new, self.aligned_left, self.position);
        self.aligned_left -= len;
        self.position = self.position.after(len);
        len
    }

    /// Takes the aligned bytes that come before literals.
    fn pass(&mut self, aligned: &[u8]) {
        for &byte in &aligned[aligned.len().saturating_sub(8)..] {
            self.before = self.before << 8 | u64::from(byte);
        }
    }

    fn literals<C: BitCoder>(&mut self, stream: &mut C, new: &mut [u8]) {
        self.literals.code(stream, &mut self.before, new);
        self.position = self.position.after(new.len());
    }
}

pub(crate) struct Encoder {
    models: Models,
    stream: range::Encoder,
    literal_stream: range::Encoder,
    literals: Vec<u8>,
}

impl Encoder {
    /// About `coded_len` bytes will come of the group.
    pub(crate) fn new(group: Group, coded_len: usize) -> Result<Self, Fault> {
        Ok(Encoder {
            models: Models::new(group, coded_len)?,
            stream: range::Encoder::new(Vec::new()),
            literal_stream: range::Encoder::new(Vec::new()),
            literals: Vec::new(),
        })
    }

    pub(crate) fn piece(&mut self, piece: &Piece) {
        self.models.piece(&mut self.stream, *piece);
    }

    pub(crate) fn aligned(&mut self, old: OldBytes<'_>, new: &[u8]) -> usize {
        let len = self.models.aligned(&mut self.stream, old, new);
        self.models.pass(&new[..len]);
        len
    }

    pub(crate) fn literals(&mut self, new: &[u8]) {
        let start = self.literals.len();
        self.literals.extend_from_slice(new);
        self.models.literals(&mut self.literal_stream, &mut self.literals[start..]);
    }

    pub(crate) fn finish(self) -> Result<Vec<u8>, Fault> {
        let stream = self.stream.finish();
        let mut literals =
            if self.literals.is_empty() { Vec::new() } else { self.literal_stream.finish() };
        let mut body = vec![LAYOUT];
        varint::push(&mut body, literals.len() as u64);
        if literals.len() >= MIN_ZSTD_LEN {
            let column = Coded::new(&self.literals, ZSTD_LEVEL, MAX_WINDOW_LOG)?;
            if column.contents.len() < literals.len() {
                body = vec![ZSTD_LITERALS];
                column.push_head(&mut body);
                literals = column.contents;
            }
        }
        body.try_reserve_exact(stream.len() + literals.len()).map_err(|_| Fault::OutOfMemory)?;
        body.extend_from_slice(&stream);
        body.extend_from_slice(&literals);
        Ok(body)
    }
}

pub(crate) struct Decoder {
    models: Models,
    stream: range::Decoder,
    literals: LiteralReader,
}

enum LiteralReader {
    /// No literals at all.
    None,
    Stream {
        stream: range::Decoder,
        /// There is no such stream without literals.
        is_read: bool,
    },
    Column {
        reader: column::Reader,
        contents: Vec<u8>,
    },
}

impl Decoder {
    pub(crate) fn new(mut body: Vec<u8>, group: Group) -> Result<Self, Fault> {
        let (head, literals_len, start) = if body[0] == LAYOUT {
            let (literals_len, len) = varint::read(&body[1..]).ok_or(Fault::Number)?;
            (None, usize::try_from(literals_len).map_err(|_| Fault::Number)?, 1 + len)
        } else {
            let (head, len) = Head::parse(&body[1..], MAX_GROUP_LEN as usize)?;
            (Some(head), head.coded_len(), 1 + len)
        };
        if literals_len > body.len() - start {
            return Err(Fault::Ended);
        }
        // The shorter of the two is copied.
        let middle = body.len() - literals_len;
        let contents = if middle < literals_len {
            let front = body.drain(..middle).collect();
            std::mem::replace(&mut body, front)
        } else {
            body.split_off(middle)
        };
        let literals = match head {
            Some(head) => {
                let reader = column::Reader::new(head, 0, MAX_WINDOW_LOG)?;
                LiteralReader::Column { reader, contents }
            }
            None if contents.is_empty() => LiteralReader::None,
            None => {
                let stream = range::Decoder::new(contents, 0);
                LiteralReader::Stream { stream, is_read: false }
            }
        };
        let coded_len = body.len();
        let stream = range::Decoder::new(body, start);
        Ok(Decoder { models: Models::new(group, coded_len)?, stream, literals })
    }

    pub(crate) fn piece(&mut self) -> Result<Piece, Fault> {
        let unknown = Piece { old: 0, aligned_len: 0, literal_len: 0 };
        let piece = self.models.piece(&mut self.stream, unknown);
        self.stream.check()?;
        Ok(piece)
    }

    pub(crate) fn aligned(&mut self, old: OldBytes<'_>, out: &mut [u8]) -> Result<(), Fault> {
        self.models.aligned(&mut self.stream, old, &mut *out);
        self.models.pass(out);
        self.stream.check()
    }

    pub(crate) fn literals(&mut self, out: &mut [u8]) -> Result<(), Fault> {
        match &mut self.literals {
            LiteralReader::None => Err(Fault::Ended),
            LiteralReader::Stream { stream, is_read } => {
                *is_read |= !out.is_empty();
                self.models.literals(stream, out);
                stream.check()
            }
            LiteralReader::Column { reader, contents } => {
                self.models.position = self.models.position.after(out.len());
                reader.read(contents, out)
            }
        }
    }

    pub(crate) fn finish(mut self) -> Result<(), Fault> {
        self.stream.finish()?;
        match &mut self.literals {
            LiteralReader::None => Ok(()),
            LiteralReader::Stream { is_read: false, .. } => Err(Fault::Stray),
            LiteralReader::Stream { stream, .. } => stream.finish(),
            LiteralReader::Column { reader, contents } => reader.finish(contents),
        }
    }
}

impl fmt::Debug for Encoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Encoder").finish_non_exhaustive()
    }
}

impl fmt::Debug for Decoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Decoder").finish_non_exhaustive()
    }
}
