//! Literal bytes, predicted from the new bytes before them.

use super::mixer::{Mixer, hash};
use super::range::BitCoder;

const CONTEXTS: usize = 9;
const HASH_BITS: u32 = 18;
/// Shortest and longest context by which an earlier occurrence is found.
const MIN_MATCH: u32 = 5;
const MAX_MATCH: u32 = 400;

pub(crate) struct Literals {
    mixer: Mixer<CONTEXTS>,
    /// Where in `past` the bytes after a hashed context of [`MIN_MATCH`] bytes are.
    places: Vec<u32>,
    past: Vec<u8>,
    match_at: usize,
    match_len: u32,
    word: u32,
}

impl Literals {
    pub(crate) fn new() -> Self {
        Literals {
            mixer: Mixer::new(18, 256 * 3, 250, 6),
            places: vec![0; 1 << HASH_BITS],
            past: Vec::new(),
            match_at: 0,
            match_len: 0,
            word: 0,
        }
    }

    /// Codes literal bytes; `before` are the new bytes before them, the last one lowest.
    pub(crate) fn code<C: BitCoder>(&mut self, coder: &mut C, before: &mut u64, new: &mut [u8]) {
        for byte in new {
            *byte = self.code_byte(coder, *before, *byte);
            *before = *before << 8 | u64::from(*byte);
            self.learn(*before, *byte);
        }
    }

    fn learn(&mut self, before: u64, byte: u8) {
        self.past.push(byte);
        self.word = if byte.is_ascii_alphanumeric() || byte >= 0x80 || byte == b'_' {
            hash(self.word, byte.into())
        } else {
            0
        };
        if self.match_len > 0 && self.past[self.match_at] == byte {
            self.match_len = (self.match_len + 1).min(MAX_MATCH);
            self.match_at += 1;
        } else {
            self.match_len = 0;
        }
        let key = (before & 0xff_ffff_ffff).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - HASH_BITS);
        if self.match_len < 16 {
            let place = self.places[key as usize] as usize;
            let (ending, earlier) = (self.past.iter().rev(), self.past[..place].iter().rev());
            let len =
                ending.zip(earlier).take(MAX_MATCH as usize).take_while(|(a, b)| a == b).count()
                    as u32;
            if len >= MIN_MATCH && len > self.match_len {
                self.match_at = place;
                self.match_len = len;
            }
        }
        self.places[key as usize] = self.past.len() as u32;
    }

    fn code_byte<C: BitCoder>(&mut self, coder: &mut C, before: u64, byte: u8) -> u8 {
        let b = before as u32;
        let predicted = if self.match_len > 0 && self.match_at < self.past.len() {
            u32::from(self.past[self.match_at]) | 256
        } else {
            0
        };
        let len = if predicted > 0 { self.match_len } else { 0 };
        let len_class = if len < 16 { len } else { 12 + len.ilog2() };
        let mut partial = 1;
        for half in [0, 1] {
            let node = if half == 0 { 0 } else { partial };
            let contexts = [
                hash(1, node << 8),
                hash(2, node << 8 | b & 0xff),
                hash(3, node << 16 | b & 0xffff),
                hash(4 | node << 8, b & 0xff_ffff),
                hash(5 | node << 8, b),
                hash(6 | node << 8, hash(b, (before >> 32) as u32 & 0xffff)),
                hash(7 | node << 8, self.word ^ (b & 0xff)),
                hash(8 | node << 8, predicted << 5 | len_class),
                0,
            ];
            let mut rows = [0; CONTEXTS];
            for (context, row) in rows.iter_mut().enumerate() {
                *row = self.mixer.row(context, contexts[context]);
            }
            let mut nibble = 1;
            for _ in 0..4 {
                let depth = 31 - partial.leading_zeros();
                let mut places = rows.map(|row| row | nibble);
                let agrees = predicted > 0 && predicted >> (8 - depth) == partial;
                let expected = predicted >> (7 - depth) & 1;
                let certainty = if agrees { len_class << 1 | expected } else { 0 };
                places[8] = self.mixer.row(8, certainty << 27) | certainty & 15;
                let set = partial as usize
                    + if !agrees {
                        0
                    } else if len < 16 {
                        256
                    } else {
                        512
                    };
                let bit = byte >> (7 - depth) & 1 == 1;
                let bit = u32::from(self.mixer.code(coder, &places, set, bit));
                nibble = nibble << 1 | bit;
                partial = partial << 1 | bit;
            }
        }
        partial as u8
    }
}
