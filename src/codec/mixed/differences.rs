//! Aligned bytes, predicted from the old ones: does a byte differ, and by how much.

use super::mixer::{Mixer, MixerOptions, hash};
use super::range::BitCoder;
use super::references::{self, Guess, References};
use crate::codec::{CONTEXT_LEN, OldBytes};
use crate::error::Result;
use crate::simd::pages::Pages;

/// Lengths of blocks that one bit may say to be equal, once so many bytes were equal before.
const BLOCKS: [(usize, u32); 3] = [(4096, 4096), (256, 512), (32, 96)];

/// The longest of them: so far ahead must an encoder see.
const LOOK_AHEAD: usize = BLOCKS[0].0;

/// Differences that are remembered.
const HISTORY_LEN: usize = 32;

const FLAG_CONTEXTS: usize = 11;
const VALUE_CONTEXTS: usize = 11;
const BLOCK_CONTEXTS: usize = 3;

const FLAG_OPTIONS: MixerOptions =
    MixerOptions { table_log: 16, weight_sets: CLASSES * 64, memory: 250, rate: 80 };
const VALUE_OPTIONS: MixerOptions =
    MixerOptions { table_log: 17, weight_sets: CLASSES * 256, memory: 60, rate: 80 };
const BLOCK_OPTIONS: MixerOptions =
    MixerOptions { table_log: 12, weight_sets: BLOCKS.len(), memory: 200, rate: 80 };

/// Pairs of the classes of two guesses.
const CLASSES: usize = 8 * 8;

pub(crate) struct Differences {
    flags: Mixer<FLAG_CONTEXTS>,
    values: Mixer<VALUE_CONTEXTS>,
    blocks: Mixer<BLOCK_CONTEXTS>,
    relative: References,
    /// Whether the last relative reference was found behind an instruction.
    in_code: bool,
    absolute: References,
    /// Bytes still to come of a block known to be equal.
    equal_left: usize,
    /// No block from this length on is tried.
    cap: usize,
    /// Whether the last bytes differed, the last one in the lowest bit.
    flag_history: u32,
    /// Equal bytes since the last difference.
    quiet: u32,
    block_history: u32,
    /// What was added to the last aligned bytes, a ring.
    history: [u8; HISTORY_LEN],
    position: usize,
    /// The last differences that were not zero, with the flags before them.
    recent: [u32; 2],
}

impl Differences {
    pub(crate) fn new(pages: Pages) -> Result<Self> {
        Ok(Differences {
            flags: Mixer::new(FLAG_OPTIONS, pages)?,
            values: Mixer::new(VALUE_OPTIONS, pages)?,
            blocks: Mixer::new(BLOCK_OPTIONS, pages)?,
            relative: References::new()?,
            in_code: false,
            absolute: References::new()?,
            equal_left: 0,
            cap: usize::MAX,
            flag_history: 0,
            quiet: 0,
            block_history: 0,
            history: [0; HISTORY_LEN],
            position: 0,
            recent: [0; 2],
        })
    }

    /// Codes aligned bytes of a stretch, of which `left` are to come, these among them, and returns how
    /// many: a decoder fills all of `new`, an encoder leaves bytes of which it cannot tell whether a
    /// block is equal. `position` is where `new` begins.
    pub(crate) fn code<C: BitCoder>(
        &mut self,
        coder: &mut C,
        old: OldBytes<'_>,
        mut new: impl NewBytes,
        left: usize,
        position: Position,
    ) -> usize {
        let aligned = old.aligned();
        let mut i = 0;
        while i < new.len() {
            if self.equal_left == 0 {
                if C::ENCODES && new.len() - i < LOOK_AHEAD.min(left - i) {
                    break;
                }
                self.code_blocks(coder, &old, i, &new, left - i);
            }
            if self.equal_left > 0 {
                let len = self.equal_left.min(new.len() - i);
                new.copy(i, &aligned[i..i + len]);
                self.equal_left -= len;
                self.pass_equal(len);
                i += len;
                continue;
            }
            let around = Around::new(&old, i);
            self.refer(&around, position.after(i));
            let difference = new.byte(i).wrapping_sub(aligned[i]);
            let difference = self.code_byte(coder, &around, difference);
            let byte = aligned[i].wrapping_add(difference);
            new.put(i, byte);
            self.relative.learn(byte);
            self.absolute.learn(byte);
            i += 1;
        }
        i
    }

    /// Finds out how many of the next bytes are known to be equal.
    fn code_blocks<C: BitCoder>(
        &mut self,
        coder: &mut C,
        old: &OldBytes<'_>,
        i: usize,
        new: &impl NewBytes,
        left: usize,
    ) {
        for (level, (len, quiet)) in BLOCKS.into_iter().enumerate() {
            if len > left || len >= self.cap || self.quiet < quiet {
                continue;
            }
            let equal = new.is_equal(i, &old.aligned()[i..i + len.min(new.len() - i)]);
            let level = level as u32;
            let first = u32::from(old.aligned()[i]);
            let contexts = [
                hash(level, self.block_history & 0xff),
                hash(level | 4, self.quiet.ilog2()),
                hash(level | 8, first | (self.block_history & 3) << 8),
            ];
            let mut places = [0; BLOCK_CONTEXTS];
            for (context, place) in places.iter_mut().enumerate() {
                *place = self.blocks.place(context, contexts[context]);
            }
            let equal = self.blocks.code(coder, &places, level as usize, equal);
            self.block_history = self.block_history << 1 | u32::from(equal);
            if equal {
                self.equal_left = len;
                return;
            }
            self.cap = len;
        }
    }

    /// Looks whether a reference begins at a byte.
    fn refer(&mut self, around: &Around, position: Position) {
        let value = around.from.iter().rev().fold(0, |value, byte| value << 8 | byte);
        let (old, moved) = (position.old as u32, position.new.wrapping_sub(position.old) as u32);
        let is_even = old % 4 == 0;
        let is_inside = self.relative.is_inside();
        if !(is_inside && self.in_code) && references::is_relative(around) {
            self.relative.begin(value, old.wrapping_add(4), moved);
            self.in_code = true;
        } else if !is_inside && is_even {
            self.relative.begin(value, old.wrapping_add(4), moved);
            self.in_code = false;
        }
        if !self.absolute.is_inside() && is_even {
            self.absolute.begin(value, 0, 0);
        }
    }

    fn pass_equal(&mut self, len: usize) {
        self.relative.interrupt();
        self.absolute.interrupt();
        self.flag_history = self.flag_history.checked_shl(len as u32).unwrap_or(0);
        self.quiet = self.quiet.saturating_add(len as u32);
        for _ in 0..len.min(HISTORY_LEN) {
            self.push(0);
        }
    }

    fn push(&mut self, difference: u8) {
        self.history[self.position] = difference;
        self.position = (self.position + 1) % HISTORY_LEN;
    }

    /// Returns the difference of the byte this many before.
    fn last(&self, back: usize) -> u32 {
        self.history[(self.position + HISTORY_LEN - back) % HISTORY_LEN].into()
    }

    fn code_byte<C: BitCoder>(&mut self, coder: &mut C, around: &Around, difference: u8) -> u8 {
        let f = self.flag_history;
        let quiet = self.quiet;
        let [o4, o3, o2, o1] = around.before;
        let [o0, n1, n2, n3] = around.from;
        let (d1, d2) = (self.last(1), self.last(2));
        let (d4, d8) = (self.last(4), self.last(8));
        let guesses = Guesses { relative: self.relative.guess(), absolute: self.absolute.guess() };
        let Guesses { relative, absolute } = guesses;
        let contexts = [
            hash(1 << 24 | (f & 0xff) << 8 | quiet.min(40), 0),
            hash(2, o0 << 16 | o1 << 8 | f & 1),
            hash(3 << 8 | f & 7, o1 << 16 | o2 << 8 | o3),
            hash(4 << 8 | f & 15, d1 << 16 | d2 << 8 | o0),
            hash(5 << 8 | o0, n1 << 24 | n2 << 16 | n3 << 8 | o1),
            hash(6 << 8 | f & 3, o1 << 24 | o2 << 16 | o3 << 8 | o4),
            hash(7 << 16 | (f & 3) << 8 | quiet.min(6), o0 << 24 | o1 << 16 | o2 << 8 | n1),
            hash(8 << 16 | (f & 7) << 8, d4 << 16 | d8 << 8 | d1),
            hash(9, relative.context),
            hash(10, absolute.context),
            hash(relative.context, absolute.context),
        ];
        let mut places = [0; FLAG_CONTEXTS];
        for (context, place) in places.iter_mut().enumerate() {
            *place = self.flags.place(context, contexts[context]);
        }
        let set = guesses.class() << 6 | (f & 7) << 3 | quiet.min(7);
        let differs = self.flags.code(coder, &places, set as usize, difference != 0);
        self.flag_history = f << 1 | u32::from(differs);
        let mut value = 0;
        if differs {
            value = self.code_value(coder, around, guesses, difference);
            self.quiet = 0;
            self.cap = usize::MAX;
        } else {
            self.quiet = quiet.saturating_add(1);
        }
        self.push(value);
        value
    }

    fn code_value<C: BitCoder>(
        &mut self,
        coder: &mut C,
        around: &Around,
        guesses: Guesses,
        difference: u8,
    ) -> u8 {
        let Guesses { relative, absolute } = guesses;
        let f = self.flag_history >> 1; // without this byte
        let [_, _, o2, o1] = around.before;
        let [o0, n1, ..] = around.from;
        let (d1, d2) = (self.last(1), self.last(2));
        let (d4, d8) = (self.last(4), self.last(8));
        let [r0, r1] = self.recent;
        let mut partial = 1; // the bits coded, behind a one
        for _ in 0..2 {
            let node = if partial == 1 { 0 } else { partial };
            let contexts = [
                hash(11 << 8 | f & 7, node),
                hash(12 << 8 | f & 3, node << 8 | d1),
                hash(13 << 8 | o0, node << 16 | d1 << 8 | d2),
                hash(14 << 8 | f & 3, node << 12 | r0),
                hash(15 << 8 | f & 3, node << 24 | r0 << 12 | r1),
                hash(16 << 8 | o0, node << 16 | o1 << 8 | n1),
                hash((17 << 12 | r0) << 2 | f & 3, node << 16 | o1 << 8 | o2),
                hash(18 << 8 | f & 7, node << 24 | d4 << 16 | d8 << 8 | d1),
                hash(19 << 16 | node, relative.context),
                hash(20 << 16 | node, absolute.context),
                hash(hash(21 << 16 | node, relative.context), absolute.context),
            ];
            let mut rows = [0; VALUE_CONTEXTS];
            for (context, row) in rows.iter_mut().enumerate() {
                *row = self.values.row(context, contexts[context]);
            }
            let mut nibble = 1;
            for _ in 0..4 {
                let places = rows.map(|row| row | nibble);
                let depth = 31 - partial.leading_zeros();
                let set = guesses.class() << 8 | partial;
                let bit = difference >> (7 - depth) & 1 == 1;
                let bit = self.values.code(coder, &places, set as usize, bit);
                nibble = nibble << 1 | u32::from(bit);
                partial = partial << 1 | u32::from(bit);
            }
        }
        let value = partial as u8;
        self.recent = [u32::from(value) | (f & 3) << 8, r0];
        value
    }

    /// Begins another stretch.
    pub(crate) fn begin(&mut self) {
        self.relative.interrupt();
        self.absolute.interrupt();
        self.equal_left = 0;
        self.cap = usize::MAX;
    }
}

/// New bytes that an encoder knows and a decoder writes.
pub(crate) trait NewBytes {
    fn len(&self) -> usize;
    /// Returns whether the bytes from `at` on are these, as far as that is known.
    fn is_equal(&self, at: usize, bytes: &[u8]) -> bool;
    /// Returns a byte, or anything if it is not known.
    fn byte(&self, at: usize) -> u8;
    fn put(&mut self, at: usize, byte: u8);
    fn copy(&mut self, at: usize, bytes: &[u8]);
}

impl NewBytes for &[u8] {
    fn len(&self) -> usize {
        <[u8]>::len(self)
    }

    fn is_equal(&self, at: usize, bytes: &[u8]) -> bool {
        let here = &self[at..at + bytes.len()];
        // Where they are known to be equal, the old bytes were not read.
        std::ptr::eq(here, bytes) || here == bytes
    }

    #[inline(always)]
    fn byte(&self, at: usize) -> u8 {
        self[at]
    }

    fn put(&mut self, _: usize, _: u8) {}

    fn copy(&mut self, _: usize, _: &[u8]) {}
}

impl NewBytes for &mut [u8] {
    fn len(&self) -> usize {
        <[u8]>::len(self)
    }

    fn is_equal(&self, _: usize, _: &[u8]) -> bool {
        false
    }

    #[inline(always)]
    fn byte(&self, _: usize) -> u8 {
        0
    }

    #[inline(always)]
    fn put(&mut self, at: usize, byte: u8) {
        self[at] = byte;
    }

    fn copy(&mut self, at: usize, bytes: &[u8]) {
        self[at..at + bytes.len()].copy_from_slice(bytes);
    }
}

/// Guesses at one byte on either assumption.
#[derive(Clone, Copy)]
struct Guesses {
    relative: Guess,
    absolute: Guess,
}

impl Guesses {
    /// Returns a number below [`CLASSES`].
    fn class(self) -> u32 {
        self.relative.class << 3 | self.absolute.class
    }
}

/// Where an aligned byte lies.
#[derive(Clone, Copy)]
pub(crate) struct Position {
    pub(crate) old: u64,
    pub(crate) new: u64,
}

impl Position {
    pub(crate) fn after(self, len: usize) -> Self {
        Position { old: self.old.wrapping_add(len as u64), new: self.new.wrapping_add(len as u64) }
    }
}

/// Old bytes around one that is coded; zeros where there are none.
pub(crate) struct Around {
    pub(crate) before: [u32; 4],
    /// The byte itself first.
    pub(crate) from: [u32; 4],
}

impl Around {
    #[inline(always)]
    fn new(old: &OldBytes<'_>, i: usize) -> Self {
        let place = old.before + i;
        const { assert!(CONTEXT_LEN >= 4) };
        let near = place.checked_sub(4).and_then(|start| old.bytes[start..].first_chunk());
        if let Some(near) = near {
            let [before @ .., a, b, c, d]: [u32; 8] = near.map(u32::from);
            return Around { before, from: [a, b, c, d] };
        }
        let at = |place: Option<usize>| {
            place.and_then(|place| old.bytes.get(place)).copied().map_or(0, u32::from)
        };
        Around {
            before: [4, 3, 2, 1].map(|back| at(place.checked_sub(back))),
            from: [0, 1, 2, 3].map(|ahead| at(Some(place + ahead))),
        }
    }
}
