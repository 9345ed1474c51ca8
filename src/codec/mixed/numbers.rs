//! The numbers of pieces: how long the aligned and the literal bytes are, and where in the old file.

use super::mixer::{Mixer, hash};
use super::range::BitCoder;
use crate::codec::Piece;
use crate::codec::varint::{unzigzag, zigzag};

const CONTEXTS: usize = 5;

pub(crate) struct Numbers {
    mixer: Mixer<CONTEXTS>,
    /// Where the last aligned bytes end in the old file.
    old_end: u64,
    last: [u64; 2],
    last_literal: u64,
    last_seek: u64,
}

impl Numbers {
    pub(crate) fn new(start: u64) -> Self {
        Numbers {
            mixer: Mixer::new(14, 3 * 2048, 250, 8),
            old_end: start,
            last: [0; 2],
            last_literal: 0,
            last_seek: 0,
        }
    }

    pub(crate) fn code<C: BitCoder>(&mut self, coder: &mut C, piece: Piece) -> Piece {
        let bl = width(self.last_literal);
        let b0 = width(self.last[0]);
        let b1 = width(self.last[1]);
        let ll = self.last_literal.min(255) as u32;
        let aligned = self.number(
            coder,
            0,
            piece.aligned_len.into(),
            [b0, bl << 8 | ll, b0 << 8 | bl, b1 << 8 | b0],
        );
        let mut old = self.old_end;
        if aligned > 0 {
            // Replaced bytes keep the distance between old and new.
            let expected = self.old_end.wrapping_add(self.last_literal);
            let seek = zigzag(piece.old.wrapping_sub(expected) as i64);
            let ba = width(aligned);
            let seek = self.number(
                coder,
                1,
                seek,
                [
                    ll,
                    ba << 8 | bl,
                    width(self.last_seek),
                    (self.last_seek as u32 & 0xffff) << 8 | bl,
                ],
            );
            self.last_seek = seek;
            old = expected.wrapping_add(unzigzag(seek) as u64);
        }
        let ba = width(aligned);
        let bs = width(self.last_seek);
        let literal =
            self.number(coder, 2, piece.literal_len.into(), [ba, ll, ba << 8 | bl, bs << 8 | ba]);
        self.old_end = old.wrapping_add(aligned);
        self.last = [aligned, self.last[0]];
        self.last_literal = literal;
        Piece {
            old,
            aligned_len: aligned.min(u32::MAX.into()) as u32,
            literal_len: literal.min(u32::MAX.into()) as u32,
        }
    }

    /// Codes how many bits a number has, then those behind the first.
    fn number<C: BitCoder>(
        &mut self,
        coder: &mut C,
        kind: u32,
        value: u64,
        contexts: [u32; 4],
    ) -> u64 {
        let known = width(value);
        let bases = [
            hash(kind, 0),
            hash(kind | 1 << 8, contexts[0]),
            hash(kind | 2 << 8, contexts[1]),
            hash(kind | 3 << 8, contexts[2]),
            hash(kind | 4 << 8, contexts[3]),
        ];
        let mut node = 1;
        for shift in (0..7).rev() {
            let bit = self.bit(coder, &bases, kind, node, known >> shift & 1 == 1);
            node = node << 1 | bit;
        }
        let width = (node & 0x7f).min(64);
        if width <= 1 {
            return width.into();
        }
        let mut read = 1u64;
        for shift in (0..width - 1).rev() {
            let top = width - 1 - shift;
            // The leading bits are worth a context each.
            let node = 128
                | if top <= 3 {
                    width << 8 | read as u32 & 7 | top << 4
                } else {
                    127 + (width << 8) + (top << 16)
                };
            let bit = self.bit(coder, &bases, kind, node, value >> shift & 1 == 1);
            read = read << 1 | u64::from(bit);
        }
        read
    }

    fn bit<C: BitCoder>(
        &mut self,
        coder: &mut C,
        bases: &[u32; CONTEXTS],
        kind: u32,
        node: u32,
        bit: bool,
    ) -> u32 {
        let mut places = [0; CONTEXTS];
        for (context, place) in places.iter_mut().enumerate() {
            let hashed = hash(bases[context], node);
            *place = self.mixer.row(context, hashed) | hashed & 15;
        }
        let set = (kind * 2048 + if node < 128 { node } else { 128 + (node >> 8 & 0x7f) }) as usize;
        self.mixer.code(coder, &places, set, bit).into()
    }
}

/// Returns how many bits a number has.
fn width(value: u64) -> u32 {
    64 - value.leading_zeros()
}
