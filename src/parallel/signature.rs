//! Signatures by several threads: each takes the sums of a range of blocks.

use std::fmt;

use super::feed::{Feed, Layout};
use super::{Pipeline, layout_of};
use crate::error::{Result, reserve_exact};
use crate::format::signature::encode_header;
use crate::options::SignatureParams;
use crate::signature::{check_blocks, sum_blocks};
use crate::simd::{Level, Simd};
use crate::stats::SignatureStats;

/// [`SignatureEncoder`](crate::SignatureEncoder) by several threads.
pub struct SignaturePipeline {
    feed: Feed<Result<(u64, Vec<u8>)>>,
    params: SignatureParams,
    header: Option<Vec<u8>>,
    /// What was returned last.
    output: Vec<u8>,
    blocks: u64,
    out_bytes: u64,
}

impl SignaturePipeline {
    /// Starts a signature and the threads for it; None if its blocks are too long or too short for
    /// threads to pay.
    pub fn new(params: SignatureParams, threads: usize) -> Option<Self> {
        Self::with_level(params, threads, Level::best())
    }

    /// As [`SignaturePipeline::new`], with no instructions above a level. The signature is the same.
    pub fn with_level(params: SignatureParams, threads: usize, highest: Level) -> Option<Self> {
        let layout = Layout { ahead: 0, ..layout_of(&params)? };
        let simd = Simd::up_to(highest);
        let feed = Feed::new(layout, threads, move |segment| {
            let blocks = segment.bytes.len().div_ceil(params.block_len() as usize);
            let mut sums = Vec::new();
            reserve_exact(&mut sums, blocks * params.bytes_per_block())?;
            sum_blocks(&params, simd, &segment.bytes, |weak, strong| {
                sums.extend_from_slice(&weak.to_be_bytes());
                sums.extend_from_slice(&strong[..params.strong_len().into()]);
                Ok(())
            })?;
            Ok((blocks as u64, sums))
        });
        let header = Some(encode_header(&params).to_vec());
        Some(SignaturePipeline {
            feed,
            params,
            header,
            output: Vec::new(),
            blocks: 0,
            out_bytes: 0,
        })
    }
}

impl Pipeline for SignaturePipeline {
    type Stats = SignatureStats;

    fn space(&mut self) -> Result<&mut [u8]> {
        self.feed.space()
    }

    fn advance(&mut self, len: usize) -> Result<()> {
        self.feed.advance(len)
    }

    fn output(&mut self) -> Result<Option<&[u8]>> {
        if let Some(header) = self.header.take() {
            self.output = header;
        } else if let Some((segment, sums)) = self.feed.next() {
            self.feed.recycle(segment);
            let (blocks, sums) = sums?;
            self.blocks += blocks;
            check_blocks(self.blocks)?;
            self.output = sums;
        } else {
            return Ok(None);
        }
        self.out_bytes += self.output.len() as u64;
        Ok(Some(&self.output))
    }

    fn stats(&self) -> SignatureStats {
        SignatureStats {
            blocks: self.blocks,
            block_len: self.params.block_len(),
            in_bytes: self.feed.in_bytes(),
            out_bytes: self.out_bytes,
        }
    }
}

impl fmt::Debug for SignaturePipeline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignaturePipeline").field("stats", &self.stats()).finish_non_exhaustive()
    }
}
