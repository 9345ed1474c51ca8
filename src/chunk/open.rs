//! The chunk that has not ended yet: as many of its bytes as have come, in two numbers.

use super::{Chunker, scan};

/// A chunk of which some bytes have come, or none.
#[derive(Clone, Debug, Default)]
pub(super) struct OpenChunk {
    len: usize,
    /// Of the bytes from the minimum on. It starts at zero with each chunk, so nothing of the bytes
    /// before can cut.
    hash: u64,
}

impl OpenChunk {
    /// Takes bytes from the front of `input` up to the end of the chunk, and returns its length; or
    /// none if all were taken.
    pub(super) fn take(&mut self, chunker: &Chunker, input: &mut &[u8]) -> Option<usize> {
        let params = &chunker.params;
        let [min_len, average_len, max_len] =
            [params.min_len(), params.average_len(), params.max_len()].map(|len| len as usize);
        loop {
            let (stage_end, mask) = match self.len {
                len if len < min_len => (min_len, None),
                len if len < average_len => (average_len, Some(chunker.masks[0])),
                _ => (max_len, Some(chunker.masks[1])),
            };
            let (stage, rest) = input.split_at(input.len().min(stage_end - self.len));
            let found =
                mask.and_then(|mask| scan::find(chunker.gear.table(), &mut self.hash, stage, mask));
            let taken = found.unwrap_or(stage.len());
            self.len += taken;
            *input = &input[taken..];
            if found.is_some() || self.len == max_len {
                return self.end();
            }
            if rest.is_empty() {
                return None;
            }
        }
    }

    /// Ends the chunk and returns its length, or none if no byte has come.
    pub(super) fn end(&mut self) -> Option<usize> {
        let len = std::mem::take(self).len;
        (len > 0).then_some(len)
    }
}
