//! Chooses the copies of a smaller delta from what the search found (`docs/formats.md`, "The smaller
//! delta").
//!
//! The search takes the first of equal blocks, so what it finds says which windows equal which
//! blocks. All of that goes by here once more, in the order of the new file, so that it does not
//! matter how it was found. Copies without a literal between them are looked at together and stay as
//! they are unless there are smaller ones.

use std::ops::Range;

use super::MAX_LITERAL;
use super::commands::Commands;
use super::equal::EqualBlocks;
use crate::error::{Result, reserve};
use crate::format::delta::MAX_COMMAND_LEN;
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
    /// The last window, if there are more blocks like it: a copy may go on into one of them.
    window: Vec<u8>,
    /// How many bytes of the literal behind are those of the window.
    alike: usize,
    /// The fewest copies that would do.
    fewest: Vec<Range<u64>>,
    /// Those with the bytes that are known to be in the basis, too.
    known: Vec<Range<u64>>,
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
            known: Vec::new(),
        })
    }

    /// Returns false if everything would stay as it is found.
    pub(crate) fn may_help(index: &Index) -> bool {
        index.repeated().next().is_some()
    }

    /// Returns the most bytes of memory that a composer for an index takes, if it is given literals
    /// no longer than the search cuts them, and its output is taken each time.
    pub(crate) fn memory_bytes(index: &Index) -> u64 {
        let copies = 3 * (MAX_COPIES + 1) * size_of::<Range<u64>>();
        let output = 2 * (2 * MAX_LITERAL + (MAX_COPIES + 2) * MAX_COMMAND_LEN);
        let window = u64::from(index.params().block_len());
        EqualBlocks::memory_bytes(index) + (2 * MAX_LITERAL + output + copies) as u64 + window
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
        let last_block = equal.last_block(last);
        let pending = self.commands.pending_copy();
        let end = pending.as_ref().map(|copy| copy.end);
        let last = equal.cover(&self.copies, end, &mut self.fewest)?;
        reserve(&mut self.fewest, 1)?;
        self.fewest.push(equal.range(&last));

        let mut chosen = &self.copies;
        let mut least = cost(pending.clone(), chosen) + self.alike;
        let fewest = cost(pending.clone(), &self.fewest) + self.alike;
        if fewest < least {
            (chosen, least) = (&self.fewest, fewest);
        }
        let mut rest = &self.window[..self.alike];
        if !rest.is_empty() {
            reserve(&mut self.known, self.fewest.len() + 1)?;
            self.known.extend_from_slice(&self.fewest);
            match (equal.longer(last, last_block, rest.len()), self.known.last_mut()) {
                (Some(longer), Some(last)) => *last = longer,
                _ => self.known.push(equal.front(last_block, rest.len())),
            }
            if cost(pending, &self.known) < least {
                (chosen, rest) = (&self.known, &[]);
            }
        }

        for copy in chosen {
            self.commands.copy(copy.clone())?;
        }
        if !rest.is_empty() {
            self.commands.literal(rest)?;
        }
        self.copies.clear();
        self.known.clear();
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
