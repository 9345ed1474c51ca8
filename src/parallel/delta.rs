//! Deltas by several threads: each searches segments of the new file, which are joined in order.

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

use super::digest::Digest;
use super::feed::{self, Feed, Layout};
use super::{Pipeline, layout_of};
use crate::delta::{Composer, DeltaOptions, Found, Run, Segment};
use crate::error::Result;
use crate::format::Trailer;
use crate::index::Index;
use crate::simd::{Level, Simd};
use crate::stats::{DeltaStats, SearchStats};
use crate::strong::StrongHash;

/// [`DeltaEncoder`](crate::DeltaEncoder) by several threads. `I` is `Arc<Index>` or the like.
pub struct DeltaPipeline<I> {
    feed: Feed<Result<(Found, SearchStats)>>,
    index: I,
    simd: Simd,
    /// The window of the next segment to which the search comes.
    start: usize,
    /// None before the first segment is joined.
    composer: Option<Composer>,
    smaller: bool,
    digest: Option<Arc<Digest>>,
    search: SearchStats,
    out_bytes: u64,
}

impl<I: Borrow<Index> + Clone + Send + Sync + 'static> DeltaPipeline<I> {
    /// Starts a delta and the threads for it; None if the signature has no blocks, or if they are
    /// too long or too short for threads to pay.
    pub fn new(index: I, options: DeltaOptions, threads: usize) -> Option<Self> {
        Self::with_level(index, options, threads, Level::best())
    }

    /// As [`DeltaPipeline::new`], with no instructions above a level. The delta is the same.
    pub fn with_level(
        index: I,
        options: DeltaOptions,
        threads: usize,
        highest: Level,
    ) -> Option<Self> {
        let layout = layout_of(index.borrow().params())?;
        if index.borrow().signature().blocks() == 0 {
            return None;
        }
        Some(Self::with_layout(index, options, threads, Simd::up_to(highest), layout))
    }

    pub(super) fn with_layout(
        index: I,
        options: DeltaOptions,
        threads: usize,
        simd: Simd,
        layout: Layout,
    ) -> Self {
        let digest = options.trailer.then(|| Arc::new(Digest::new(StrongHash::Blake2b)));
        let (shared_index, shared_digest) = (index.clone(), digest.clone());
        let feed = Feed::new(layout, threads, move |segment| {
            if let Some(digest) = &shared_digest {
                digest.update(segment.number, segment.own_bytes());
            }
            let mut stats = SearchStats::default();
            let found = as_searched(segment, shared_index.borrow(), simd).search(&mut stats)?;
            Ok((found, stats))
        });
        DeltaPipeline {
            feed,
            index,
            simd,
            start: 0,
            composer: None,
            smaller: options.smaller,
            digest,
            search: SearchStats::default(),
            out_bytes: 0,
        }
    }

    /// Adds what was found in the next segment to what is written.
    fn join(&mut self, segment: &feed::Segment, found: Found) -> Result<()> {
        let searched = as_searched(segment, self.index.borrow(), self.simd);
        let found = searched.join(self.start, found, &mut self.search)?;
        let composer = match &mut self.composer {
            Some(composer) => {
                composer.clear();
                composer
            }
            none => none.insert(Composer::new(self.index.borrow(), self.smaller)?),
        };
        let block_len = self.index.borrow().params().block_len() as usize;
        let mut pos = self.start;
        let mut runs = found.runs.into_iter().peekable();
        while let Some(run) = runs.next() {
            pos += run.len() as usize;
            match run {
                Run::Literal(range) => composer.literal(&segment.bytes[range])?,
                Run::Copy(range) => {
                    composer.copy(range)?;
                    // Short is only the window at the end of the file.
                    let start = pos.saturating_sub(block_len);
                    if !matches!(runs.peek(), Some(Run::Copy(_))) {
                        composer.window(&segment.bytes[start..pos])?;
                    }
                }
            }
        }
        self.start = found.end - segment.own_len;
        if segment.is_last {
            let result_len = self.feed.in_bytes();
            let digest = self.digest.as_ref();
            let trailer =
                |digest: &Arc<Digest>| Trailer { result_len, result_digest: digest.finish() };
            composer.finish(digest.map(trailer))?;
        }
        self.out_bytes += composer.output().len() as u64;
        Ok(())
    }
}

fn as_searched<'a>(segment: &'a feed::Segment, index: &'a Index, simd: Simd) -> Segment<'a> {
    Segment { index, bytes: &segment.bytes, is_last: segment.is_last, simd }
}

impl<I: Borrow<Index> + Clone + Send + Sync + 'static> Pipeline for DeltaPipeline<I> {
    type Stats = DeltaStats;

    fn space(&mut self) -> Result<&mut [u8]> {
        self.feed.space()
    }

    fn advance(&mut self, len: usize) -> Result<()> {
        self.feed.advance(len)
    }

    fn output(&mut self) -> Result<Option<&[u8]>> {
        let Some((segment, outcome)) = self.feed.next() else { return Ok(None) };
        let (found, stats) = outcome?;
        self.search.add(&stats);
        self.join(&segment, found)?;
        self.feed.recycle(segment);
        Ok(self.composer.as_ref().map(Composer::output))
    }

    fn stats(&self) -> DeltaStats {
        DeltaStats {
            commands: self.composer.as_ref().map(Composer::stats).unwrap_or_default(),
            search: self.search,
            in_bytes: self.feed.in_bytes(),
            out_bytes: self.out_bytes,
        }
    }
}

impl<I> fmt::Debug for DeltaPipeline<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeltaPipeline").field("search", &self.search).finish_non_exhaustive()
    }
}
