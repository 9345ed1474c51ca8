//! Speculation that matches follow each other: the next windows are hashed many at a time.
//!
//! The sums are those of the windows whatever comes, so they never change what is found.

use std::ops::Range;

use crate::index::Index;
use crate::simd::Simd;
use crate::strong::StrongSum;

/// Windows whose sums are taken ahead: a multiple of what any kernel hashes together.
const MAX_BLOCKS: usize = 32;

/// Weak and strong sums of the windows that come next if each of them matches.
pub(super) struct Ahead {
    weak: [u32; MAX_BLOCKS],
    strong: [StrongSum; MAX_BLOCKS],
    /// Those of the sums that are not taken yet.
    known: Range<usize>,
    /// Windows to take at the next look: doubled by each look and quartered by each miss, so that
    /// input made to deceive soon finds it at 1, the window that must be hashed anyway.
    reach: usize,
}

impl Ahead {
    pub(super) fn new() -> Self {
        Ahead {
            weak: [0; MAX_BLOCKS],
            strong: [StrongSum::default(); MAX_BLOCKS],
            known: 0..0,
            reach: MAX_BLOCKS,
        }
    }

    /// Returns the sums of the next window, if they are known.
    pub(super) fn next(&mut self) -> Option<(u32, StrongSum)> {
        self.known.next().map(|window| (self.weak[window], self.strong[window]))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    /// Takes note that a window whose sums were known did not match: the others are not next.
    pub(super) fn missed(&mut self) {
        self.known = 0..0;
        self.reach = (self.reach / 4).max(1);
    }

    /// Takes the sums of the windows in `buf` up to the first that cannot match.
    ///
    /// At least one byte must follow each, so that all of them are whole windows.
    pub(super) fn look(&mut self, simd: Simd, index: &Index, buf: &[u8]) {
        let kind = index.params().kind();
        let block_len = index.params().block_len() as usize;
        let most = (buf.len().saturating_sub(1) / block_len).min(self.reach);
        self.reach = (2 * self.reach).min(MAX_BLOCKS);
        let mut windows = 0;
        for window in buf.chunks_exact(block_len).take(most) {
            let weak = kind.weak.sum_with(simd, window);
            if !index.may_contain(kind.weak.index_key(weak)) {
                break;
            }
            self.weak[windows] = weak;
            windows += 1;
        }
        index.prepare(self.weak[..windows].iter().map(|&weak| kind.weak.index_key(weak)));
        kind.strong.sum_many(simd, buf, block_len, &mut self.strong[..windows]);
        self.known = 0..windows;
    }
}
