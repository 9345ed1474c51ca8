//! Deltas: the engine that finds what a new file shares with a basis.

mod ahead;
mod commands;
mod composer;
mod equal;
mod repeats;
mod scanner;
mod segment;
mod slack;
#[cfg(test)]
mod tests;

use std::borrow::Borrow;
use std::fmt;
use std::ops::Range;

use crate::engine::{Engine, Outbox, Status, Step, copy_front};
use crate::error::{Error, Result, reserve_exact};
use crate::format::{Command, DELTA_MAGIC, Trailer};
use crate::index::Index;
use crate::simd::{Level, Simd};
use crate::stats::DeltaStats;
use crate::strong::{StrongHash, StrongState};
use crate::weak::{RabinKarp, Rollsum, WeakHash};
#[cfg(feature = "layered")]
pub(crate) use commands::Commands;
pub(crate) use composer::Composer;
pub(crate) use scanner::MAX_LITERAL;
use scanner::Scanner;
pub(crate) use segment::{Found, Segment};
use slack::Slack;

/// Most bytes of a command, or of END and trailer.
const COMMAND_LEN: usize = 1 + Trailer::LEN;
/// Input that is taken into the buffer at once, at least.
const CHUNK: usize = 256 << 10;
/// Bytes that are searched at once, at least, so that many windows can be hashed together however
/// little comes at a time.
const SEARCH_LEN: usize = 64 << 10;

/// What a delta should be like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct DeltaOptions {
    pub(crate) trailer: bool,
    pub(crate) smaller: bool,
}

impl DeltaOptions {
    /// Returns the defaults: librsync's bytes exactly, so no trailer.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets whether a [`Trailer`] follows END, by which a patch verifies its result. librsync
    /// ignores it.
    pub fn trailer(mut self, trailer: bool) -> Self {
        self.trailer = trailer;
        self
    }

    /// Sets whether copies are chosen so that the delta is smaller than librsync's where blocks of
    /// the basis are equal, and never larger. librsync applies it.
    pub fn smaller(mut self, smaller: bool) -> Self {
        self.smaller = smaller;
        self
    }
}

/// Engine that turns the bytes of a new file into a delta against the basis of an [`Index`].
///
/// The delta is librsync's unless a smaller one is wanted: `docs/formats.md`, "Which delta", has the
/// rules.
///
/// `I` is `&Index`, `Arc<Index>` or the like. Holds two block lengths and 320 KiB at most, against a
/// signature without blocks 4.5 MiB, and no more than has been pushed. For a smaller delta it holds
/// two block lengths and 480 KiB more, and up to 49 bytes for each block of the basis, if any of them
/// are equal.
pub struct DeltaEncoder<I> {
    index: I,
    search: Search,
    /// The part of the new file that is not written or may still match, then space.
    buf: Vec<u8>,
    /// How much of the buffer that part is.
    filled: usize,
    /// A command on its way out, and the literal data behind it.
    command: Outbox<COMMAND_LEN>,
    literal: Range<usize>,
    /// Instead of both, for a smaller delta.
    composed: Option<Composed>,
    digest: Option<StrongState>,
    /// The search goes on as far as the buffer allows.
    searching: bool,
    ended: bool,
    failed: bool,
    stats: DeltaStats,
}

/// A smaller delta, which its first step starts.
#[derive(Default)]
struct Composed {
    composer: Option<Composer>,
    /// Bytes of its output that are on their way.
    sent: usize,
}

impl Composed {
    fn waiting(&self) -> &[u8] {
        self.composer.as_ref().map_or(&[], |composer| &composer.output()[self.sent..])
    }

    /// Returns the composer, ready for the next run.
    fn next(&mut self, index: &Index) -> Result<&mut Composer> {
        self.sent = 0;
        match &mut self.composer {
            Some(composer) => {
                composer.clear();
                Ok(composer)
            }
            none => Ok(none.insert(Composer::new(index, true)?)),
        }
    }
}

/// Returns the most bytes that the encoder's buffer ever has for a block length: two block lengths,
/// so that at most as much is moved down as is taken.
fn max_buffer(block_len: u32) -> usize {
    let block_len = block_len as usize;
    let two_blocks = block_len.saturating_add(block_len.max(CHUNK));
    two_blocks.saturating_add(MAX_LITERAL).min(isize::MAX as usize)
}

/// Something to write: bytes of the basis, or a range of the bytes that are searched.
#[derive(Debug)]
pub(crate) enum Run {
    Copy(Range<u64>),
    Literal(Range<usize>),
}

impl Run {
    /// Returns how many bytes of the new file this is.
    pub(crate) fn len(&self) -> u64 {
        match self {
            Run::Copy(range) => range.end - range.start,
            Run::Literal(range) => range.len() as u64,
        }
    }
}

enum Search {
    Rollsum(Scanner<Rollsum>),
    RabinKarp(Scanner<RabinKarp>),
    Slack(Slack),
}

impl<I: Borrow<Index>> DeltaEncoder<I> {
    /// Starts a delta.
    pub fn new(index: I, options: DeltaOptions) -> Self {
        Self::with_level(index, options, Level::best())
    }

    /// As [`DeltaEncoder::new`], with no instructions above a level. The delta is the same.
    pub fn with_level(index: I, options: DeltaOptions, highest: Level) -> Self {
        Self::with_simd(index, options, Simd::up_to(highest))
    }

    fn with_simd(index: I, options: DeltaOptions, simd: Simd) -> Self {
        let composed =
            (options.smaller && Composer::may_help(index.borrow())).then(Composed::default);
        let mut command = Outbox::new();
        if composed.is_none() {
            command.push(&DELTA_MAGIC.to_be_bytes());
        }
        let signature = index.borrow().signature();
        let search = match signature.params().kind().weak {
            _ if signature.blocks() == 0 => {
                Search::Slack(Slack::new(signature.params().block_len()))
            }
            WeakHash::Rollsum => Search::Rollsum(Scanner::at(simd, 0)),
            WeakHash::RabinKarp => Search::RabinKarp(Scanner::at(simd, 0)),
        };
        DeltaEncoder {
            index,
            search,
            buf: Vec::new(),
            filled: 0,
            command,
            literal: 0..0,
            composed,
            digest: options.trailer.then(|| StrongState::new(StrongHash::Blake2b)),
            searching: false,
            ended: false,
            failed: false,
            stats: DeltaStats::default(),
        }
    }

    /// Returns the most bytes of memory that a delta against an index can take, the index included.
    pub fn memory_bytes(index: &Index, options: DeltaOptions) -> u64 {
        let buffer = match index.signature().blocks() {
            0 => Slack::MAX_BUFFER,
            _ => max_buffer(index.params().block_len()),
        };
        let composer = match options.smaller && Composer::may_help(index) {
            true => Composer::memory_bytes(index) + u64::from(index.params().block_len()),
            false => 0,
        };
        index.memory_bytes() + composer + (buffer + size_of::<Self>()) as u64
    }

    /// Queues what is found next. False if more input is wanted, or if all is queued at the end.
    fn queue_next_run(&mut self, end_of_input: bool) -> Result<bool> {
        let unsearched = match &self.search {
            Search::Rollsum(scanner) => self.filled - scanner.pos(),
            Search::RabinKarp(scanner) => self.filled - scanner.pos(),
            Search::Slack(_) => SEARCH_LEN,
        };
        self.searching |= end_of_input || unsearched >= SEARCH_LEN;
        self.searching = self.searching && self.try_queue_next_run(end_of_input)?;
        Ok(self.searching)
    }

    fn try_queue_next_run(&mut self, end_of_input: bool) -> Result<bool> {
        let (index, buf) = (self.index.borrow(), &self.buf[..self.filled]);
        let stats = &mut self.stats.search;
        let run = match &mut self.search {
            Search::Rollsum(scanner) => scanner.next_run(index, buf, end_of_input, stats),
            Search::RabinKarp(scanner) => scanner.next_run(index, buf, end_of_input, stats),
            Search::Slack(slack) => slack.next_run(buf, end_of_input),
        };
        let Some(run) = run else { return Ok(false) };
        if let Some(composed) = &mut self.composed {
            let composer = composed.next(index)?;
            match run {
                Run::Copy(range) => composer.copy(range)?,
                Run::Literal(range) => {
                    let block_len = index.params().block_len() as usize;
                    if let Some(start) = range.start.checked_sub(block_len) {
                        composer.window(&buf[start..range.start])?;
                    }
                    composer.literal(&buf[range])?;
                }
            }
            self.stats.commands = composer.stats();
            return Ok(true);
        }
        match run {
            Run::Copy(range) => {
                let (position, len) = (range.start, range.end - range.start);
                let command = Command::Copy { position, len }.encode();
                self.stats.commands.copy(len, command.as_bytes().len());
                self.command.push(command.as_bytes());
            }
            Run::Literal(range) => {
                let len = range.len() as u64;
                let command = Command::Literal { len }.encode();
                self.stats.commands.literal(len, command.as_bytes().len());
                self.command.push(command.as_bytes());
                self.literal = range;
            }
        }
        Ok(true)
    }

    fn try_step(&mut self, input: &[u8], end_of_input: bool, output: &mut [u8]) -> Result<Step> {
        let (mut consumed, mut produced) = (0, 0);
        let status = loop {
            while let waiting @ [_, ..] = self.waiting()
                && produced < output.len()
            {
                let sent = copy_front(waiting, &mut output[produced..]);
                self.sent(sent);
                produced += sent;
            }
            if !self.waiting().is_empty() {
                break Status::NeedsOutput;
            }
            let rest = &input[consumed..];
            let end = end_of_input && rest.is_empty();
            if self.ended {
                break Status::Done;
            } else if self.queue_output(end)? {
                continue;
            } else if !rest.is_empty() {
                consumed += self.take(rest)?;
            } else {
                break Status::NeedsInput;
            }
        };
        Ok(Step { consumed, produced, status })
    }

    /// Returns what is to be written next: a command, or the literal data behind one.
    pub(crate) fn waiting(&self) -> &[u8] {
        match (&self.composed, self.command.waiting()) {
            (Some(composed), _) => composed.waiting(),
            (None, []) => &self.buf[self.literal.clone()],
            (None, command) => command,
        }
    }

    /// Takes note that so many of the waiting bytes are written.
    pub(crate) fn sent(&mut self, len: usize) {
        match (&mut self.composed, self.command.is_empty()) {
            (Some(composed), _) => composed.sent += len,
            (None, true) => self.literal.start += len,
            (None, false) => self.command.sent(len),
        }
        self.stats.out_bytes += len as u64;
    }

    /// Queues the next output, if any, when none is waiting. False if more input is wanted, or if
    /// everything is written at the end.
    pub(crate) fn queue_output(&mut self, end_of_input: bool) -> Result<bool> {
        if self.ended {
            return Ok(false);
        }
        let queued = self.queue_next_run(end_of_input)?;
        if !queued && end_of_input {
            self.queue_end()?;
        }
        Ok(queued || end_of_input)
    }

    /// Takes some of the non-empty `input` into the buffer and returns how much.
    fn take(&mut self, input: &[u8]) -> Result<usize> {
        let taken = copy_front(input, self.space(input.len())?);
        self.advance(taken);
        Ok(taken)
    }

    /// Returns space behind the bytes in the buffer: as much as is wanted, or all that there may be.
    pub(crate) fn space(&mut self, wanted: usize) -> Result<&mut [u8]> {
        let block_len = self.index.borrow().params().block_len();
        // A composer wants the window before a literal.
        let kept = self.composed.as_ref().map_or(0, |_| block_len as usize);
        let capacity = match &self.search {
            Search::Slack(slack) => slack.wanted() + CHUNK,
            _ => max_buffer(block_len).saturating_add(kept),
        };
        if self.filled + wanted > capacity {
            let needed_from = self.needed_from().saturating_sub(kept);
            self.buf.copy_within(needed_from..self.filled, 0);
            self.filled -= needed_from;
            self.literal = 0..0;
            match &mut self.search {
                Search::Rollsum(scanner) => scanner.rebase(needed_from),
                Search::RabinKarp(scanner) => scanner.rebase(needed_from),
                Search::Slack(slack) => slack.rebase(needed_from),
            }
        }
        let needed = self.filled + wanted.min(capacity - self.filled);
        let len = self.buf.len();
        if needed > len {
            // Doubled, but not beyond what it may ever need.
            let wanted = (2 * len).clamp(needed, capacity);
            reserve_exact(&mut self.buf, wanted - len)?;
            self.buf.resize(wanted, 0);
        }
        Ok(&mut self.buf[self.filled..needed])
    }

    /// Takes note that so many bytes were put into the space.
    pub(crate) fn advance(&mut self, len: usize) {
        let end = self.filled + len;
        if let Some(digest) = &mut self.digest {
            digest.update(&self.buf[self.filled..end]);
        }
        self.filled = end;
        self.stats.in_bytes += len as u64;
    }

    fn needed_from(&self) -> usize {
        match &self.search {
            Search::Rollsum(scanner) => scanner.needed_from(),
            Search::RabinKarp(scanner) => scanner.needed_from(),
            Search::Slack(slack) => slack.needed_from(),
        }
    }

    fn queue_end(&mut self) -> Result<()> {
        let result_len = self.stats.in_bytes;
        let trailer = |digest: &StrongState| Trailer { result_len, result_digest: digest.finish() };
        let trailer = self.digest.as_ref().map(trailer);
        if let Some(composed) = &mut self.composed {
            let composer = composed.next(self.index.borrow())?;
            composer.finish(trailer)?;
            self.stats.commands = composer.stats();
        } else {
            self.command.push(Command::End.encode().as_bytes());
            if let Some(trailer) = trailer {
                self.command.push(&trailer.encode());
            }
        }
        self.ended = true;
        Ok(())
    }
}

impl<I: Borrow<Index>> Engine for DeltaEncoder<I> {
    type Stats = DeltaStats;

    fn step(&mut self, input: &[u8], end_of_input: bool, output: &mut [u8]) -> Result<Step> {
        if self.failed {
            return Err(Error::AlreadyFailed);
        }
        self.try_step(input, end_of_input, output).inspect_err(|_| self.failed = true)
    }

    fn stats(&self) -> DeltaStats {
        self.stats
    }
}

impl<I> fmt::Debug for DeltaEncoder<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeltaEncoder").field("stats", &self.stats).finish_non_exhaustive()
    }
}
