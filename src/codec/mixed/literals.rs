//! Literal bytes, predicted from the new bytes before them and from what followed where they were
//! alike.

use super::mixer::{Mixer, MixerOptions, hash};
use super::range::BitCoder;
use crate::error::Result;
use crate::simd::pages::{Pages, try_zeros};

const CONTEXTS: usize = 13;
/// The last context, which is not of a nibble but of a bit.
const MATCH: usize = CONTEXTS - 1;

pub(crate) struct Literals {
    mixer: Mixer<CONTEXTS>,
    past: Past,
    /// Hash of the letters and digits before the next byte.
    word: u32,
}

impl Literals {
    pub(crate) fn new(pages: Pages) -> Result<Self> {
        let options = MixerOptions { table_log: 16, weight_sets: 3 * 256, memory: 250, rate: 80 };
        Ok(Literals { mixer: Mixer::new(options, pages)?, past: Past::new(pages)?, word: 0 })
    }

    /// Codes literal bytes; `before` are the new bytes before them, the last one lowest.
    pub(crate) fn code<C: BitCoder>(&mut self, coder: &mut C, before: &mut u64, new: &mut [u8]) {
        for byte in new {
            *byte = self.code_byte(coder, *before, *byte);
            *before = *before << 8 | u64::from(*byte);
            self.past.push(*byte, *before);
            let in_word = byte.is_ascii_alphanumeric() || *byte >= 0x80 || *byte == b'_';
            self.word = if in_word { hash(self.word, (*byte).into()) } else { 0 };
        }
    }

    fn code_byte<C: BitCoder>(&mut self, coder: &mut C, before: u64, byte: u8) -> u8 {
        let guess = self.past.guess();
        let guessed = guess.byte.map_or(0, |byte| 256 | u32::from(byte));
        let mut partial = 1; // the bits coded, behind a one
        for _ in 0..2 {
            let rows = self.rows(before, &guess, guessed, partial);
            let mut nibble = 1;
            for _ in 0..4 {
                let depth = 31 - partial.leading_zeros();
                let mut places = rows.map(|row| row | nibble);
                let agrees = guessed >> (8 - depth) == partial;
                let expected = guessed >> (7 - depth) & 1;
                let certainty = if agrees { 512 | guess.certainty << 1 | expected } else { 0 };
                places[MATCH] = self.mixer.place(MATCH, certainty << 22 | certainty & 15);
                let set = match (agrees, guess.len) {
                    (false, _) => 0,
                    (true, ..16) => 256,
                    (true, _) => 512,
                };
                let bit = byte >> (7 - depth) & 1 == 1;
                let bit = self.mixer.code(coder, &places, set | partial as usize, bit);
                nibble = nibble << 1 | u32::from(bit);
                partial = partial << 1 | u32::from(bit);
            }
        }
        partial as u8
    }

    /// Returns the counters of the next nibble in each context: the last 0, 1, 2, 3, 4 and 6 bytes,
    /// the word, the guess, and bytes at a distance, for tables and instructions.
    fn rows(&self, before: u64, guess: &Guess, guessed: u32, partial: u32) -> [u32; CONTEXTS] {
        let near = before as u32;
        let far = (before >> 32) as u32;
        let phase = self.past.bytes.len() as u32 & 3;
        let node = if partial == 1 { 0 } else { partial << 8 };
        let contexts = [
            hash(1, node),
            hash(2, node | near & 0xff),
            hash(3, node << 8 | near & 0xffff),
            hash(4 | node, near & 0xff_ffff),
            hash(5 | node, near),
            hash(6 | node, hash(near, far & 0xffff)),
            hash(7 | node, self.word ^ (near & 0xff)),
            hash(8 | node, guessed << 8 | guess.certainty),
            hash(9 | node, guessed << 8 | near & 0xff),
            hash(10 | node, near >> 24 << 16 | far >> 24 << 8 | phase),
            hash(11 | node, near >> 8 & 0xffff),
            hash(12 | node, near >> 16 & 0xffff | phase << 16),
            0,
        ];
        let mut rows = [0; CONTEXTS];
        for (context, row) in rows.iter_mut().enumerate() {
            *row = self.mixer.row(context, contexts[context]);
        }
        rows
    }
}

/// Literal bytes gone by, and the place in them that the present resembles.
struct Past {
    bytes: Vec<u8>,
    /// Where in `bytes` those behind a hashed context of [`MIN_MATCH`] bytes are; 0 is nowhere.
    places: Vec<u32>,
    /// The byte that is expected to repeat; 0 if none is.
    matched: usize,
    /// Bytes before it that are like the last ones.
    len: u32,
    /// Which of the last bytes were expected in vain, the last one in the lowest bit.
    misses: u32,
}

/// Shortest and longest match, in bytes.
const MIN_MATCH: u32 = 5;
const MAX_MATCH: u32 = 400;

/// Shorter matches give way to longer ones.
const GOOD_MATCH: u32 = 16;

/// Of eight expected bytes so many may be wrong; a match is kept so long, since tables and
/// instructions repeat with changes.
const MAX_MISSES: u32 = 7;

/// Bytes that are remembered; then all are forgotten.
const MAX_PAST_LEN: usize = 1 << 20;
const PLACES_LOG: u32 = 17;

/// What the past says of the next byte.
struct Guess {
    byte: Option<u8>,
    len: u32,
    /// The class of the length and the last misses, in 8 bits.
    certainty: u32,
}

impl Past {
    fn new(pages: Pages) -> Result<Self> {
        let places = try_zeros(1 << PLACES_LOG, pages)?;
        Ok(Past { bytes: Vec::new(), places, matched: 0, len: 0, misses: 0 })
    }

    fn guess(&self) -> Guess {
        if self.matched == 0 {
            return Guess { byte: None, len: 0, certainty: 0 };
        }
        let class = if self.len < 16 { self.len } else { 12 + self.len.ilog2() };
        let certainty = class << 3 | self.misses & 7;
        Guess { byte: Some(self.bytes[self.matched]), len: self.len, certainty }
    }

    /// Takes the next byte; `last` are the last eight, this one lowest.
    fn push(&mut self, byte: u8, last: u64) {
        if self.bytes.len() == MAX_PAST_LEN {
            self.bytes.clear();
            self.places.fill(0);
            self.matched = 0;
        }
        self.bytes.push(byte);
        if self.matched > 0 {
            let hit = self.bytes[self.matched] == byte;
            self.matched += 1;
            self.len = if hit { (self.len + 1).min(MAX_MATCH) } else { 0 };
            self.misses = self.misses << 1 | u32::from(!hit);
            if (self.misses & 0xff).count_ones() > MAX_MISSES {
                self.matched = 0;
            }
        }
        let key = last << (64 - 8 * MIN_MATCH);
        let key = key.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - PLACES_LOG);
        if self.matched == 0 || self.len < GOOD_MATCH {
            self.find(self.places[key as usize] as usize);
        }
        self.places[key as usize] = self.bytes.len() as u32;
    }

    /// Takes a place for the match if the bytes before it say so.
    fn find(&mut self, place: usize) {
        let (here, there) = (self.bytes.iter().rev(), self.bytes[..place].iter().rev());
        let pairs = here.zip(there).take(MAX_MATCH as usize);
        let len = pairs.take_while(|(here, there)| here == there).count() as u32;
        if len >= MIN_MATCH && (self.matched == 0 || len > self.len) {
            self.matched = place;
            self.len = len;
            self.misses = 0;
        }
    }
}
