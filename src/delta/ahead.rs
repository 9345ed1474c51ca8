//! Speculation that a match goes on: the next windows are hashed many at a time.
//!
//! Only windows that equal the blocks behind the matched one are kept, with their true sums, so
//! that looking them up later gives what it would have given anyway.

use std::collections::VecDeque;

use crate::index::Index;
use crate::strong::StrongSum;

/// Windows whose sums are taken ahead: a multiple of what any kernel hashes together.
const MAX_BLOCKS: usize = 16;

/// Weak and strong sums of the windows that come next.
#[derive(Default)]
pub(super) struct Ahead {
    sums: VecDeque<(u32, StrongSum)>,
    batch: Vec<StrongSum>,
}

impl Ahead {
    /// Returns the sums of the next window, if they are known.
    pub(super) fn next(&mut self) -> Option<(u32, StrongSum)> {
        self.sums.pop_front()
    }

    /// Returns true if no sums are known.
    pub(super) fn is_empty(&self) -> bool {
        self.sums.is_empty()
    }

    /// Looks at the windows in `buf`, the first of which is expected to be block `block`.
    ///
    /// At least one byte must follow each, so that all of them are whole windows.
    pub(super) fn look(&mut self, index: &Index, buf: &[u8], block: usize) {
        let signature = index.signature();
        let params = signature.params();
        let block_len = params.block_len() as usize;
        let most = (buf.len().saturating_sub(1) / block_len)
            .min(signature.blocks().saturating_sub(block))
            .min(MAX_BLOCKS);
        let weak = params.kind().weak;
        let count = buf
            .chunks_exact(block_len)
            .take(most)
            .zip(block..)
            .take_while(|&(window, block)| weak.sum(window) == signature.weak_sum(block))
            .count();
        params.kind().strong.sum_many(&buf[..count * block_len], block_len, &mut self.batch);
        self.sums.clear();
        for (strong, block) in self.batch.iter().zip(block..) {
            if signature.strong_sum(block) != &strong[..params.strong_len().into()] {
                break;
            }
            self.sums.push_back((signature.weak_sum(block), *strong));
        }
    }
}
