//! Parts of a file that are cut apart, and their cuts joined to those of the whole.
//!
//! Where a chunk ends depends on its own bytes and the one behind them alone, not on what came
//! before it. So two runs over the same file that both cut at some place cut alike from there on.
//! The cuts of a part, which start at an arbitrary byte, are those of the whole from the first that
//! both have. Up to there, a few chunks in most cases, the whole is cut anew; if they never meet,
//! the part is, which costs the time but changes nothing.

use std::ops::Range;

use super::Chunker;

/// The cuts of a part of a file, as if a chunk started where the part does.
#[derive(Clone, Debug)]
pub struct Part {
    /// Where the part starts; then the end of each chunk, the last of which may lie behind the part.
    cuts: Vec<usize>,
}

impl Chunker {
    /// Cuts a part of a file; threads can do several at once. [`Chunker::join`] puts them together.
    ///
    /// # Panics
    /// If the part is not within the file.
    pub fn part(&self, file: &[u8], part: Range<usize>) -> Part {
        assert!(part.end <= file.len(), "the part ends at {} of {}", part.end, file.len());
        let mut cuts = vec![part.start];
        let mut end = part.start;
        for chunk in self.chunks(&file[part.start..]) {
            if end >= part.end {
                break;
            }
            end += chunk.len();
            cuts.push(end);
        }
        Part { cuts }
    }

    /// Returns the end of each chunk of a file, some parts of which were cut before.
    ///
    /// The parts are in the order of the file. What they leave out is cut here.
    ///
    /// # Panics
    /// If a part is of a longer file. Parts of another file give cuts that are neither's.
    pub fn join(&self, file: &[u8], parts: impl IntoIterator<Item = Part>) -> Vec<usize> {
        let mut parts = parts.into_iter().peekable();
        let (mut ends, mut end) = (Vec::new(), 0);
        while end < file.len() {
            while parts.next_if(|part| part.end() <= end).is_some() {}
            match parts.peek().and_then(|part| part.cuts_behind(end)) {
                Some(cuts) => ends.extend_from_slice(cuts),
                None => ends.extend(self.next_cut(&file[end..], true).map(|len| end + len)),
            }
            end = ends.last().copied().unwrap_or(file.len());
        }
        ends
    }
}

impl Part {
    /// Where its last chunk ends.
    fn end(&self) -> usize {
        self.cuts.last().copied().unwrap_or(0)
    }

    /// Returns the cuts that follow one, if that is among them.
    fn cuts_behind(&self, cut: usize) -> Option<&[usize]> {
        self.cuts.binary_search(&cut).ok().map(|place| &self.cuts[place + 1..])
    }
}
