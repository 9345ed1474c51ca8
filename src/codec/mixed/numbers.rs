//! The numbers of pieces: how long the aligned and the literal bytes are, and where in the old file.

use super::mixer::{Mixer, MixerOptions, hash};
use super::range::BitCoder;
use crate::codec::Piece;
use crate::error::Result;
use crate::format::varint::{unzigzag, zigzag};
use crate::simd::pages::Pages;

const CONTEXTS: usize = 5;

/// Sets of weights for each kind: one for each node of the width, and one for each width behind.
const SETS: u32 = 256;
const WIDTH_BITS: u32 = 7;

pub(crate) struct Numbers {
    mixer: Mixer<CONTEXTS>,
    /// Where the last aligned bytes end in the old file.
    old_end: u64,
    /// The last aligned lengths, the very last one first.
    aligned: [u64; 2],
    literal: u64,
    /// The last seek as it is coded.
    seek: u64,
}

/// Which number of a piece.
#[derive(Clone, Copy)]
enum Kind {
    Aligned,
    Seek,
    Literal,
}

impl Numbers {
    /// `start` is the position of the group in the new file.
    pub(crate) fn new(start: u64, pages: Pages) -> Result<Self> {
        let options =
            MixerOptions { table_log: 14, weight_sets: 3 * SETS as usize, memory: 250, rate: 128 };
        let mixer = Mixer::new(options, pages)?;
        Ok(Numbers { mixer, old_end: start, aligned: [0; 2], literal: 0, seek: 0 })
    }

    /// Codes a piece and returns it; lengths may be anything and the old position as well.
    pub(crate) fn code<C: BitCoder>(&mut self, coder: &mut C, piece: Piece) -> Piece {
        let short_literal = self.literal.min(255) as u32;
        let (literal_width, seek_width) = (width(self.literal), width(self.seek));
        let [aligned_width, earlier_width] = self.aligned.map(width);
        let aligned = self.number(
            coder,
            Kind::Aligned,
            piece.aligned_len.into(),
            [
                aligned_width,
                literal_width << 8 | short_literal,
                aligned_width << 8 | literal_width,
                earlier_width << 8 | aligned_width,
            ],
        );
        let aligned_width = width(aligned);
        let mut old = self.old_end;
        if aligned > 0 {
            // Where literals have replaced old bytes, old and new keep their distance.
            let expected = self.old_end.wrapping_add(self.literal);
            let seek = zigzag(piece.old.wrapping_sub(expected) as i64);
            self.seek = self.number(
                coder,
                Kind::Seek,
                seek,
                [
                    short_literal,
                    aligned_width << 8 | literal_width,
                    seek_width,
                    (self.seek as u32 & 0xffff) << 8 | literal_width,
                ],
            );
            old = expected.wrapping_add(unzigzag(self.seek) as u64);
        }
        let seek_width = width(self.seek);
        let literal = self.number(
            coder,
            Kind::Literal,
            piece.literal_len.into(),
            [
                aligned_width,
                short_literal,
                aligned_width << 8 | literal_width,
                seek_width << 8 | aligned_width,
            ],
        );
        self.old_end = old.wrapping_add(aligned);
        self.aligned = [aligned, self.aligned[0]];
        self.literal = literal;
        let len = |len: u64| u32::try_from(len).unwrap_or(u32::MAX); // too much for any group
        Piece { old, aligned_len: len(aligned), literal_len: len(literal) }
    }

    /// Codes how many bits a number has, then those behind the first.
    fn number<C: BitCoder>(
        &mut self,
        coder: &mut C,
        kind: Kind,
        value: u64,
        contexts: [u32; CONTEXTS - 1],
    ) -> u64 {
        let first_set = kind as u32 * SETS;
        let mut bases = [hash(kind as u32, 0); CONTEXTS];
        for (i, context) in contexts.into_iter().enumerate() {
            bases[i + 1] = hash(kind as u32 | (i as u32 + 1) << 8, context);
        }
        let known_width = width(value);
        let mut node = 1;
        for shift in (0..WIDTH_BITS).rev() {
            let bit = known_width >> shift & 1 == 1;
            node = node << 1 | self.bit(coder, &bases, node, first_set + node, bit);
        }
        let width = (node & 0x7f).min(u64::BITS);
        if width <= 1 {
            return width.into();
        }
        let mut read = 1;
        for shift in (0..width - 1).rev() {
            let depth = width - 1 - shift;
            // The leading bits have contexts of their own, the others those of their place.
            let node = match depth {
                1..=3 => 128 | width << 8 | read as u32 & 7 | depth << 4,
                _ => 127 + (width << 8 | depth << 16),
            };
            let bit = value >> shift & 1 == 1;
            let bit = self.bit(coder, &bases, node, first_set + 128 + width, bit);
            read = read << 1 | u64::from(bit);
        }
        read
    }

    fn bit<C: BitCoder>(
        &mut self,
        coder: &mut C,
        bases: &[u32; CONTEXTS],
        node: u32,
        set: u32,
        bit: bool,
    ) -> u32 {
        let mut places = [0; CONTEXTS];
        for (context, place) in places.iter_mut().enumerate() {
            *place = self.mixer.place(context, hash(bases[context], node));
        }
        self.mixer.code(coder, &places, set as usize, bit).into()
    }
}

/// Returns how many bits a number has.
fn width(value: u64) -> u32 {
    u64::BITS - value.leading_zeros()
}
