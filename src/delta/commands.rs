//! The commands of a delta that is put together from pieces: joins what belongs together and cuts
//! literals as the search does.

use std::ops::Range;

use super::MAX_LITERAL;
use crate::error::{Result, reserve};
use crate::format::{Command, DELTA_MAGIC, Trailer};
use crate::stats::CommandStats;

/// Bytes of a delta in the making.
pub(crate) struct Commands {
    output: Vec<u8>,
    /// A copy that may go on; then `literal` is empty.
    copy: Option<Range<u64>>,
    /// Literal data that may go on, less than a full literal.
    literal: Vec<u8>,
    stats: CommandStats,
}

impl Commands {
    /// Starts a delta.
    pub(crate) fn new() -> Result<Self> {
        let stats = CommandStats::default();
        let mut commands = Commands { output: Vec::new(), copy: None, literal: Vec::new(), stats };
        commands.put(&DELTA_MAGIC.to_be_bytes())?;
        Ok(commands)
    }

    pub(crate) fn stats(&self) -> CommandStats {
        self.stats
    }

    /// The bytes since the last [`Commands::clear`].
    pub(crate) fn output(&self) -> &[u8] {
        &self.output
    }

    pub(crate) fn clear(&mut self) {
        self.output.clear();
    }

    /// Returns the copy that goes on if bytes behind it are added next.
    pub(super) fn pending_copy(&self) -> Option<Range<u64>> {
        self.copy.clone()
    }

    /// Adds bytes of the basis.
    pub(crate) fn copy(&mut self, range: Range<u64>) -> Result<()> {
        self.flush_literal()?;
        match &mut self.copy {
            Some(copy) if copy.end == range.start => copy.end = range.end,
            _ => {
                self.flush_copy()?;
                self.copy = Some(range);
            }
        }
        Ok(())
    }

    /// Adds bytes of the new file.
    pub(crate) fn literal(&mut self, mut data: &[u8]) -> Result<()> {
        self.flush_copy()?;
        while self.literal.len() + data.len() >= MAX_LITERAL {
            let (front, rest) = data.split_at(MAX_LITERAL - self.literal.len());
            self.put_literal(front)?;
            data = rest;
        }
        reserve(&mut self.literal, data.len())?;
        self.literal.extend_from_slice(data);
        Ok(())
    }

    /// Ends the delta.
    pub(crate) fn finish(&mut self, trailer: Option<Trailer>) -> Result<()> {
        self.flush_copy()?;
        self.flush_literal()?;
        self.put(Command::End.encode().as_bytes())?;
        trailer.map_or(Ok(()), |trailer| self.put(&trailer.encode()))
    }

    fn flush_copy(&mut self) -> Result<()> {
        let Some(Range { start: position, end }) = self.copy.take() else { return Ok(()) };
        let len = end - position;
        let command = Command::Copy { position, len }.encode();
        self.stats.copy(len, command.as_bytes().len());
        self.put(command.as_bytes())
    }

    fn flush_literal(&mut self) -> Result<()> {
        if self.literal.is_empty() { Ok(()) } else { self.put_literal(&[]) }
    }

    /// Writes the pending literal data and what follows it as one literal.
    fn put_literal(&mut self, rest: &[u8]) -> Result<()> {
        let len = (self.literal.len() + rest.len()) as u64;
        let command = Command::Literal { len }.encode();
        self.stats.literal(len, command.as_bytes().len());
        self.put(command.as_bytes())?;
        reserve(&mut self.output, self.literal.len())?;
        self.output.append(&mut self.literal);
        self.put(rest)
    }

    fn put(&mut self, bytes: &[u8]) -> Result<()> {
        reserve(&mut self.output, bytes.len())?;
        self.output.extend_from_slice(bytes);
        Ok(())
    }
}
