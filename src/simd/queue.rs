//! Blocks that wait for their strong sums.

use crate::strong::StrongSum;

/// Consecutive blocks of one length, and where their sums go.
pub(crate) struct Queue<'a> {
    data: &'a [u8],
    block_len: usize,
    sums: &'a mut [StrongSum],
}

impl<'a> Queue<'a> {
    /// As many blocks as there are sums; `data` may go on behind them.
    pub(crate) fn new(data: &'a [u8], block_len: usize, sums: &'a mut [StrongSum]) -> Self {
        Queue { data, block_len, sums }
    }

    /// Hands out groups of blocks while at least so many wait. Lanes without a block repeat the last.
    pub(super) fn take_groups<const LANES: usize, const GROUPS: usize>(
        &mut self,
        at_least: usize,
        kernel: impl Fn(&[[&[u8]; LANES]; GROUPS]) -> [[StrongSum; LANES]; GROUPS],
    ) {
        while self.sums.len() >= at_least.max(1) {
            let last = self.sums.len() - 1;
            let blocks = std::array::from_fn(|group| {
                std::array::from_fn(|lane| self.block((group * LANES + lane).min(last)))
            });
            self.put(kernel(&blocks).as_flattened());
        }
    }

    /// Hands out all blocks that wait, up to so many at a time.
    pub(super) fn take_rest<const MOST: usize>(
        &mut self,
        hash: impl Fn(&[&[u8]]) -> [StrongSum; MOST],
    ) {
        while !self.sums.is_empty() {
            let count = self.sums.len().min(MOST);
            let blocks: [_; MOST] = std::array::from_fn(|n| self.block(n.min(count - 1)));
            self.put(&hash(&blocks[..count]));
        }
    }

    fn block(&self, number: usize) -> &'a [u8] {
        &self.data[number * self.block_len..][..self.block_len]
    }

    /// Takes the sums of the first blocks, of which there may be fewer.
    fn put(&mut self, sums: &[StrongSum]) {
        let done = sums.len().min(self.sums.len());
        let (front, rest) = std::mem::take(&mut self.sums).split_at_mut(done);
        front.copy_from_slice(&sums[..done]);
        self.sums = rest;
        self.data = &self.data[done * self.block_len..];
    }
}
