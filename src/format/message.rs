//! What the messages of an exchange have in common: magic, version, fields one behind the other, and a
//! check over all of it at the end (`docs/formats.md`, "Exchange").

use std::fmt;

use super::varint;
use crate::error::{Error, Result};
use crate::strong::{StrongHash, StrongState};

/// The one version of all of them.
const VERSION: u8 = 1;
/// Bytes of magic and version.
const START_LEN: usize = 5;
/// Bytes of the check.
const CHECK_LEN: usize = 8;
/// Longest file: positions and lengths are added up.
pub(crate) const MAX_LEN: u64 = i64::MAX as u64;

/// A message of an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Message {
    /// A layered signature.
    Signature,
    /// A request for fine sums.
    Request,
    /// The fine sums that answer it.
    Sums,
}

impl Message {
    /// Returns the four bytes that start the message.
    pub const fn magic(self) -> [u8; 4] {
        match self {
            Message::Signature => *b"\x8fsds",
            Message::Request => *b"\x8fsdq",
            Message::Sums => *b"\x8fsdf",
        }
    }
}

impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Message::Signature => "layered signature",
            Message::Request => "request for fine sums",
            Message::Sums => "answer with fine sums",
        })
    }
}

/// Starts a message.
pub(crate) fn start(message: Message) -> Vec<u8> {
    let mut bytes = message.magic().to_vec();
    bytes.push(VERSION);
    bytes
}

/// The check of a message in the making: the first bytes of the BLAKE2b-256 of what it answers, and
/// of itself.
pub(crate) struct Seal(StrongState);

impl Seal {
    /// `answered` is the message that is answered, if there is one.
    pub(crate) fn new(answered: &[u8]) -> Self {
        let mut seal = Seal(StrongState::new(StrongHash::Blake2b));
        seal.update(answered);
        seal
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    pub(crate) fn finish(self) -> [u8; CHECK_LEN] {
        *self.0.finish().first_chunk().expect("a sum is longer")
    }
}

/// Appends the check to a message that answers none.
pub(crate) fn seal(bytes: &mut Vec<u8>) {
    let mut seal = Seal::new(&[]);
    seal.update(bytes);
    bytes.extend_from_slice(&seal.finish());
}

/// The fields of a message whose check is right.
pub(crate) struct Fields<'a> {
    message: Message,
    /// The message without its check.
    bytes: &'a [u8],
    pos: usize,
}

impl<'a> Fields<'a> {
    /// Takes a message whole; `answered` is what it answers, if it does.
    ///
    /// # Errors
    /// [`Error::MessageMagic`], [`Error::MessageVersion`], [`Error::MessageDamaged`].
    pub(crate) fn open(message: Message, bytes: &'a [u8], answered: &[u8]) -> Result<Self> {
        if !bytes.starts_with(&message.magic()) {
            return Err(Error::MessageMagic { message, likeness: super::likeness(bytes) });
        }
        let damaged_at = |offset: usize| Error::MessageDamaged { message, offset: offset as u64 };
        let version = *bytes.get(4).ok_or_else(|| damaged_at(4))?;
        if version != VERSION {
            return Err(Error::MessageVersion { message, offset: 4, found: version });
        }
        let end = bytes.len().checked_sub(CHECK_LEN).filter(|&end| end >= START_LEN);
        let (bytes, check) = bytes.split_at(end.ok_or_else(|| damaged_at(bytes.len()))?);
        let mut seal = Seal::new(answered);
        seal.update(bytes);
        if seal.finish() != check {
            return Err(damaged_at(bytes.len()));
        }
        Ok(Fields { message, bytes, pos: START_LEN })
    }

    /// Returns the error of a field that ends here and cannot be right.
    pub(crate) fn damaged(&self) -> Error {
        Error::MessageDamaged { message: self.message, offset: self.pos as u64 }
    }

    /// Returns how many bytes are left.
    pub(crate) fn left(&self) -> usize {
        self.bytes.len() - self.pos
    }

    pub(crate) fn byte(&mut self) -> Result<u8> {
        self.array().map(|[byte]| byte)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let bytes = *self.bytes[self.pos..].first_chunk().ok_or_else(|| self.damaged())?;
        self.pos += N;
        Ok(bytes)
    }

    /// Returns a number of at most `max`.
    pub(crate) fn number(&mut self, max: u64) -> Result<u64> {
        match varint::read(&self.bytes[self.pos..]) {
            Some((value, len)) if value <= max => {
                self.pos += len;
                Ok(value)
            }
            _ => Err(self.damaged()),
        }
    }

    /// Returns a number of at most `max` that becomes 32 bits.
    pub(crate) fn small_number(&mut self, max: u32) -> Result<u32> {
        self.number(max.into()).map(|value| value as u32)
    }

    /// Returns all that is left, and takes so much of it.
    pub(crate) fn rest(&self) -> &'a [u8] {
        &self.bytes[self.pos..]
    }

    pub(crate) fn skip(&mut self, len: usize) {
        self.pos += len;
    }

    /// Checks that nothing is left.
    pub(crate) fn end(&self) -> Result<()> {
        if self.left() > 0 { Err(self.damaged()) } else { Ok(()) }
    }
}
