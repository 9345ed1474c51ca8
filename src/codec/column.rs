//! A column: bytes of one kind, raw or as a zstd frame, whichever is shorter.
//!
//! ```text
//! head      varint    4 * raw length + codec (0 raw, 1 zstd)
//!           varint    coded length, unless raw
//! contents            later, behind the heads of all columns
//! ```

use std::ops::Range;

use super::{Fault, zstd};
use crate::format::varint::{self, Partial, Pushed};

const RAW: u64 = 0;
const ZSTD: u64 = 1;

/// Bytes that are decoded ahead for a column of numbers.
const BUFFER_LEN: usize = 4 << 10;

/// A level at which compressing takes no time to speak of.
const TRIAL_LEVEL: i32 = 1;
/// Fewer bytes are compressed without a trial.
const MIN_TRIAL_LEN: usize = 256 << 10;

/// Returns true if many bytes look as if nothing can be made of them.
pub(crate) fn is_noise(raw: &[u8], max_window_log: u32) -> Result<bool, Fault> {
    if raw.len() < MIN_TRIAL_LEN {
        return Ok(false);
    }
    let trial = zstd::compress(raw, &[], TRIAL_LEVEL, max_window_log)?;
    Ok(trial.len() > raw.len() - raw.len() / 64)
}

/// A column ready to be written.
pub(crate) struct Coded {
    raw_len: usize,
    codec: u64,
    pub(crate) contents: Vec<u8>,
}

impl Coded {
    /// Compresses a column; see [`zstd::compress`] for the parameters.
    ///
    /// What a fast level makes nothing of is not tried with a slow one, unless it is short.
    pub(crate) fn new(raw: &[u8], zstd_level: i32, max_window_log: u32) -> Result<Self, Fault> {
        Self::with_prefix(raw, &[], zstd_level, max_window_log)
    }

    /// As [`Coded::new`], with bytes that are known to come before.
    pub(crate) fn with_prefix(
        raw: &[u8],
        prefix: &[u8],
        zstd_level: i32,
        max_window_log: u32,
    ) -> Result<Self, Fault> {
        let level = if is_noise(raw, max_window_log)? { TRIAL_LEVEL } else { zstd_level };
        let frame = zstd::compress(raw, prefix, level, max_window_log)?;
        // One byte for the coded length at least.
        let (codec, contents) =
            if frame.len() + 1 < raw.len() { (ZSTD, frame) } else { (RAW, raw.to_vec()) };
        Ok(Coded { raw_len: raw.len(), codec, contents })
    }

    pub(crate) fn push_head(&self, out: &mut Vec<u8>) {
        varint::push(out, (self.raw_len as u64) << 2 | self.codec);
        if self.codec != RAW {
            varint::push(out, self.contents.len() as u64);
        }
    }
}

/// The head of a column, parsed.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Head {
    raw_len: usize,
    coded_len: usize,
    codec: u64,
}

impl Head {
    /// Parses the head that `bytes` start with, of a column of at most `max_len` bytes; returns its
    /// length as well.
    pub(crate) fn parse(bytes: &[u8], max_len: usize) -> Result<(Head, usize), Fault> {
        let (first, first_len) = varint::read(bytes).ok_or(Fault::Number)?;
        let codec = first & 3;
        let raw_len =
            usize::try_from(first >> 2).ok().filter(|&len| len <= max_len).ok_or(Fault::Number)?;
        if codec == RAW {
            return Ok((Head { raw_len, coded_len: raw_len, codec }, first_len));
        }
        if codec != ZSTD {
            return Err(Fault::UnknownCodec { found: codec as u8 });
        }
        let (coded_len, second_len) = varint::read(&bytes[first_len..]).ok_or(Fault::Number)?;
        let coded_len = usize::try_from(coded_len).map_err(|_| Fault::Number)?;
        Ok((Head { raw_len, coded_len, codec }, first_len + second_len))
    }

    pub(crate) fn raw_len(&self) -> usize {
        self.raw_len
    }

    pub(crate) fn coded_len(&self) -> usize {
        self.coded_len
    }

    /// Decodes a whole column, given the bytes that are known to come before.
    pub(crate) fn decode(
        &self,
        contents: &[u8],
        prefix: &[u8],
        max_window_log: u32,
    ) -> Result<Vec<u8>, Fault> {
        if self.codec == RAW {
            return Ok(contents.to_vec());
        }
        zstd::decompress(contents, prefix, self.raw_len, max_window_log)
    }

    pub(crate) fn codec_name(&self) -> &'static str {
        if self.codec == RAW { "raw" } else { "zstd" }
    }
}

/// Gives the bytes of a column in order. The body it lies in is handed to every call.
#[derive(Debug)]
pub(crate) struct Reader {
    contents: Range<usize>,
    /// `None` for a raw column.
    frame: Option<zstd::Reader>,
    /// Raw bytes not given out yet.
    left: usize,
}

impl Reader {
    /// `start` is where the contents begin in the body, which is long enough for them.
    pub(crate) fn new(head: Head, start: usize, max_window_log: u32) -> Result<Self, Fault> {
        let frame =
            if head.codec == ZSTD { Some(zstd::Reader::new(max_window_log)?) } else { None };
        Ok(Reader { contents: start..start + head.coded_len, frame, left: head.raw_len })
    }

    /// Returns how many bytes are left.
    pub(crate) fn left(&self) -> usize {
        self.left
    }

    /// Fills `out`.
    pub(crate) fn read(&mut self, body: &[u8], out: &mut [u8]) -> Result<(), Fault> {
        self.left = self.left.checked_sub(out.len()).ok_or(Fault::Ended)?;
        match &mut self.frame {
            Some(frame) => frame.read(&body[self.contents.clone()], out),
            None => {
                out.copy_from_slice(&body[self.contents.start..][..out.len()]);
                self.contents.start += out.len();
                Ok(())
            }
        }
    }

    /// Checks that the column was read exactly to its end.
    pub(crate) fn finish(&mut self, body: &[u8]) -> Result<(), Fault> {
        if self.left > 0 {
            return Err(Fault::Stray);
        }
        match &mut self.frame {
            Some(frame) => frame.finish(&body[self.contents.clone()]),
            None => Ok(()),
        }
    }
}

/// A column read in small steps.
#[derive(Debug)]
pub(crate) struct BufferedReader {
    reader: Reader,
    buffer: Box<[u8; BUFFER_LEN]>,
    /// What of the buffer is still to be given out.
    ready: Range<usize>,
}

impl BufferedReader {
    pub(crate) fn new(reader: Reader) -> Self {
        BufferedReader { reader, buffer: Box::new([0; BUFFER_LEN]), ready: 0..0 }
    }

    pub(crate) fn is_at_end(&self) -> bool {
        self.ready.is_empty() && self.reader.left() == 0
    }

    #[inline]
    pub(crate) fn byte(&mut self, body: &[u8]) -> Result<u8, Fault> {
        if self.ready.is_empty() {
            self.fill(body)?;
        }
        let byte = self.buffer[self.ready.start];
        self.ready.start += 1;
        Ok(byte)
    }

    #[inline]
    pub(crate) fn number(&mut self, body: &[u8]) -> Result<u64, Fault> {
        let first = self.byte(body)?;
        if first < 0x80 {
            return Ok(first.into());
        }
        let mut partial = Partial::default();
        let mut pushed = partial.push(first);
        loop {
            match pushed {
                Pushed::Done(value) => return Ok(value),
                Pushed::Invalid => return Err(Fault::Number),
                Pushed::More => pushed = partial.push(self.byte(body)?),
            }
        }
    }

    /// As [`Reader::finish`].
    pub(crate) fn finish(&mut self, body: &[u8]) -> Result<(), Fault> {
        if self.ready.is_empty() { self.reader.finish(body) } else { Err(Fault::Stray) }
    }

    #[cold]
    fn fill(&mut self, body: &[u8]) -> Result<(), Fault> {
        let len = self.reader.left().min(BUFFER_LEN);
        if len == 0 {
            return Err(Fault::Ended);
        }
        self.reader.read(body, &mut self.buffer[..len])?;
        self.ready = 0..len;
        Ok(())
    }
}
