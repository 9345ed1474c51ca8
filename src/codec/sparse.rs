//! Differences as numbers: how many aligned bytes are equal before each that is not, and what must
//! be added to it.

use super::Fault;
use super::column::BufferedReader;
use crate::format::varint;

/// Bytes compared at once where nothing differs.
const STRIDE: usize = 256;

/// Collects the differences of all aligned bytes of a group, in order.
#[derive(Debug, Default)]
pub(crate) struct Encoder {
    pub(crate) gaps: Vec<u8>,
    pub(crate) values: Vec<u8>,
    /// Equal bytes since the last difference.
    gap: u64,
}

impl Encoder {
    /// Appends what differs between two slices of equal length.
    pub(crate) fn append(&mut self, old: &[u8], new: &[u8]) {
        if std::ptr::eq(old, new) {
            // Known to be equal, so the old ones were not read.
            self.gap += new.len() as u64;
            return;
        }
        let strides = old.chunks_exact(STRIDE).zip(new.chunks_exact(STRIDE));
        for (old, new) in strides {
            if old == new {
                self.gap += STRIDE as u64;
            } else {
                self.append_words(old, new);
            }
        }
        let rest = old.len() / STRIDE * STRIDE;
        self.append_words(&old[rest..], &new[rest..]);
    }

    /// Returns each gap with its value behind it.
    pub(crate) fn paired(&self) -> Vec<u8> {
        let mut paired = Vec::with_capacity(self.gaps.len() + self.values.len());
        let mut values = self.values.iter();
        for &byte in &self.gaps {
            paired.push(byte);
            if byte < 0x80 {
                paired.extend(values.next());
            }
        }
        paired
    }

    fn append_words(&mut self, old: &[u8], new: &[u8]) {
        let (old_words, old_rest) = old.as_chunks::<8>();
        let (new_words, new_rest) = new.as_chunks::<8>();
        for (old_word, new_word) in old_words.iter().zip(new_words) {
            if old_word == new_word {
                self.gap += 8;
            } else {
                self.append_bytes(old_word, new_word);
            }
        }
        self.append_bytes(old_rest, new_rest);
    }

    fn append_bytes(&mut self, old: &[u8], new: &[u8]) {
        for (&old, &new) in old.iter().zip(new) {
            if old == new {
                self.gap += 1;
            } else {
                varint::push(&mut self.gaps, self.gap);
                self.values.push(new.wrapping_sub(old));
                self.gap = 0;
            }
        }
    }
}

/// Adds the differences to old bytes.
#[derive(Debug)]
pub(crate) struct Decoder {
    pub(crate) gaps: BufferedReader,
    pub(crate) values: BufferedReader,
    /// Whether the values stand behind their gaps.
    is_paired: bool,
    /// Equal bytes before the next difference.
    gap: u64,
}

impl Decoder {
    pub(crate) fn new(
        body: &[u8],
        mut gaps: BufferedReader,
        values: BufferedReader,
        is_paired: bool,
    ) -> Result<Self, Fault> {
        let gap = next_gap(body, &mut gaps)?;
        Ok(Decoder { gaps, values, is_paired, gap })
    }

    /// Turns the next aligned bytes from old into new ones, in place.
    pub(crate) fn add(&mut self, body: &[u8], bytes: &mut [u8]) -> Result<(), Fault> {
        let mut rest = bytes;
        while self.gap < rest.len() as u64 {
            let (byte, behind) = rest[self.gap as usize..].split_first_mut().expect("in range");
            let values = if self.is_paired { &mut self.gaps } else { &mut self.values };
            let value = values.byte(body)?;
            if value == 0 {
                return Err(Fault::Number);
            }
            *byte = byte.wrapping_add(value);
            rest = behind;
            self.gap = next_gap(body, &mut self.gaps)?;
        }
        self.gap -= rest.len() as u64;
        Ok(())
    }

    /// Checks that all differences found their bytes.
    pub(crate) fn finish(&mut self, body: &[u8]) -> Result<(), Fault> {
        // Without a next difference the gap is longer than any group.
        if self.gap <= u64::MAX / 2 {
            return Err(Fault::Stray);
        }
        self.gaps.finish(body)?;
        self.values.finish(body)
    }
}

fn next_gap(body: &[u8], gaps: &mut BufferedReader) -> Result<u64, Fault> {
    if gaps.is_at_end() {
        return Ok(u64::MAX);
    }
    let gap = gaps.number(body)?;
    if gap > super::MAX_GROUP_LEN.into() { Err(Fault::Number) } else { Ok(gap) }
}
