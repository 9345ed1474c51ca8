//! Chooses the copies of a smaller delta from what the search found (`docs/formats.md`, "The smaller
//! delta").
//!
//! The search takes the first of equal blocks, so what it finds says which windows equal which
//! blocks. All of that goes by here once more, in the order of the new file, so that it does not
//! matter how it was found. Copies without a literal between them are looked at together and stay as
//! they are unless there are smaller ones.

use std::ops::Range;

use super::commands::Commands;
use super::equal::EqualBlocks;
use crate::error::{Result, reserve};
use crate::format::{Command, Trailer};
use crate::index::Index;
use crate::stats::CommandStats;

/// Copies that are looked at together, at most.
const MAX_COPIES: usize = 1024;

/// Turns what a search finds into commands.
pub(crate) struct Composer {
    commands: Commands,
    /// None if all stays as it was found.
    equal: Option<EqualBlocks>,
    /// The copies that are looked at, as they were found.
    copies: Vec<Range<u64>>,
    /// The last window, if the last copy may go on into another block like it.
    window: Vec<u8>,
    /// How many bytes of the literal behind are those of the window.
    alike: usize,
    /// The fewest copies that would do.
    fewest: Vec<Range<u64>>,
}

impl Composer {
    /// Starts a delta.
    pub(crate) fn new(index: &Index, smaller: bool) -> Result<Self> {
        let equal =
            if smaller && Self::may_help(index) { Some(EqualBlocks::new(index)?) } else { None };
        Ok(Composer {
            commands: Commands::new()?,
            equal,
            copies: Vec::new(),
            window: Vec::new(),
            alike: 0,
            fewest: Vec::new(),
        })
    }

    /// Returns false if everything would stay as it is found.
    pub(crate) fn may_help(index: &Index) -> bool {
        index.repeated().len() > 0
    }

    /// Returns the most bytes of memory that a composer for an index takes, but for its output.
    pub(crate) fn memory_bytes(index: &Index) -> u64 {
        let copies = 2 * MAX_COPIES * size_of::<Range<u64>>();
        let window = index.params().block_len() as usize;
        EqualBlocks::memory_bytes(index) + (Commands::MAX_BYTES + copies + window) as u64
    }

    pub(crate) fn stats(&self) -> CommandStats {
        self.commands.stats()
    }

    /// The bytes since the last [`Composer::clear`].
    pub(crate) fn output(&self) -> &[u8] {
        self.commands.output()
    }

    pub(crate) fn clear(&mut self) {
        self.commands.clear();
    }

    /// Adds bytes of the basis.
    pub(crate) fn copy(&mut self, range: Range<u64>) -> Result<()> {
        if self.equal.is_none() {
            return self.commands.copy(range);
        }
        if self.alike > 0 {
            self.settle()?;
        }
        match self.copies.last_mut() {
            Some(last) if last.end == range.start => last.end = range.end,
            _ => {
                if self.copies.len() == MAX_COPIES {
                    self.settle()?;
                }
                reserve(&mut self.copies, 1)?;
                self.copies.push(range);
            }
        }
        Ok(())
    }

    /// Takes the window that the last copy ends with. Wanted where a literal may follow.
    pub(crate) fn window(&mut self, window: &[u8]) -> Result<()> {
        let (Some(equal), Some(last)) = (&self.equal, self.copies.last()) else { return Ok(()) };
        if self.alike == 0 {
            self.window.clear();
            if equal.is_repeated(equal.last_block(last)) {
                reserve(&mut self.window, window.len())?;
                self.window.extend_from_slice(window);
            }
        }
        Ok(())
    }

    /// Adds bytes of the new file.
    pub(crate) fn literal(&mut self, mut data: &[u8]) -> Result<()> {
        if !self.copies.is_empty() {
            let same = self.window[self.alike..].iter().zip(data).take_while(|(a, b)| a == b);
            let same = same.count();
            self.alike += same;
            data = &data[same..];
            if data.is_empty() {
                return Ok(());
            }
            self.settle()?;
        }
        self.commands.literal(data)
    }

    /// Ends the delta.
    pub(crate) fn finish(&mut self, trailer: Option<Trailer>) -> Result<()> {
        self.settle()?;
        self.commands.finish(trailer)
    }

    /// Passes the copies on, or smaller ones for them, and the bytes that are those of the window.
    fn settle(&mut self) -> Result<()> {
        let (Some(equal), Some(last)) = (&self.equal, self.copies.last()) else { return Ok(()) };
        let pending = self.commands.pending_copy();
        let end = pending.as_ref().map(|copy| copy.end);
        let piece = equal.cover(&self.copies, end, &mut self.fewest)?;
        reserve(&mut self.fewest, 1)?;
        self.fewest.push(equal.range(&piece));
        let as_found = cost(pending.clone(), &self.copies) + self.alike;
        let fewest = cost(pending.clone(), &self.fewest) + self.alike;
        // A block like the window has bytes that are known, so a copy may end inside of it.
        let more = self.alike as u64;
        let longer = equal.longer(piece, equal.last_block(last), more).filter(|_| more > 0);
        if let (Some(longer), Some(last)) = (longer, self.fewest.last_mut()) {
            let shorter = std::mem::replace(last, longer);
            if cost(pending, &self.fewest) < as_found.min(fewest) {
                self.alike = 0;
            } else if let Some(last) = self.fewest.last_mut() {
                *last = shorter;
            }
        }
        let is_longer = more > 0 && self.alike == 0;
        let chosen = if is_longer || fewest < as_found { &self.fewest } else { &self.copies };
        for copy in chosen {
            self.commands.copy(copy.clone())?;
        }
        if self.alike > 0 {
            self.commands.literal(&self.window[..self.alike])?;
        }
        self.copies.clear();
        self.window.clear();
        self.alike = 0;
        Ok(())
    }
}

/// Returns the bytes of the commands for some copies and for a pending one before them.
fn cost(mut pending: Option<Range<u64>>, copies: &[Range<u64>]) -> usize {
    let command_len = |copy: Range<u64>| {
        let command = Command::Copy { position: copy.start, len: copy.end - copy.start };
        command.encode().as_bytes().len()
    };
    let mut cost = 0;
    for copy in copies {
        match &mut pending {
            Some(last) if last.end == copy.start => last.end = copy.end,
            _ => cost += pending.replace(copy.clone()).map_or(0, command_len),
        }
    }
    cost + pending.map_or(0, command_len)
}
