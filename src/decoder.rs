//! Delta decoder: takes a delta apart into commands, literal data and trailer.

use std::fmt;

use crate::engine::copy_front;
use crate::error::{Error, Part, Result};
use crate::format::delta::parameter_widths;
use crate::format::{Command, DELTA_MAGIC, Trailer, be_uint, likeness};

/// What becomes of the bytes after END.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum AfterEnd {
    /// A trailer is read if one follows; anything else is refused.
    #[default]
    Check,
    /// A trailer must follow, and nothing else.
    Require,
    /// A trailer is read if its four magic bytes follow, and must then be whole and the last thing;
    /// anything else is ignored, as librsync does.
    Tolerate,
    /// The delta ends at END and what follows is left unread: for a delta inside another stream.
    Stop,
}

/// Decoder that takes a delta in pieces and allocates nothing (`docs/formats.md`, "Delta").
pub struct DeltaDecoder {
    after_end: AfterEnd,
    state: State,
    /// What has come of the magic, the current command or the trailer.
    pending: [u8; Trailer::LEN],
    pending_len: usize,
    /// Bytes consumed.
    offset: u64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Magic,
    Command,
    Literal { left: u64 },
    AfterEnd,
    AfterTrailer,
    Done,
    Failed,
}

/// What [`DeltaDecoder::next_event`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeltaEvent {
    /// All input is consumed and more must come, or its end.
    NeedsInput,
    /// A command was read, which may be END.
    Command {
        /// Where it starts in the delta.
        offset: u64,
        /// Opcode and parameters, without literal data.
        encoded_len: usize,
        /// The command.
        command: Command,
    },
    /// The bytes just consumed, at least one, are literal data.
    LiteralData,
    /// A trailer was read.
    Trailer {
        /// Where it starts in the delta.
        offset: u64,
        /// The trailer.
        trailer: Trailer,
    },
    /// The delta is complete. Calling again changes nothing.
    Done,
}

impl DeltaDecoder {
    /// Starts a delta.
    pub fn new(after_end: AfterEnd) -> Self {
        DeltaDecoder {
            after_end,
            state: State::Magic,
            pending: [0; Trailer::LEN],
            pending_len: 0,
            offset: 0,
        }
    }

    /// Returns the number of bytes consumed so far.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// Returns how many bytes of literal data come next.
    pub fn literal_left(&self) -> u64 {
        match self.state {
            State::Literal { left } => left,
            _ => 0,
        }
    }

    /// Consumes input up to the next event; returns how many bytes, and the event.
    ///
    /// `end_of_input` says that nothing follows `input`. After an error every call fails.
    ///
    /// # Errors
    /// Every error that speaks of deltas, commands or trailers; [`Error::InputEnded`].
    pub fn next_event(&mut self, input: &[u8], end_of_input: bool) -> Result<(usize, DeltaEvent)> {
        self.try_next_event(input, end_of_input).inspect_err(|_| self.state = State::Failed)
    }

    fn try_next_event(
        &mut self,
        mut input: &[u8],
        end_of_input: bool,
    ) -> Result<(usize, DeltaEvent)> {
        let start = self.offset;
        loop {
            let event = match self.state {
                State::Magic => self.magic(&mut input, end_of_input)?,
                State::Command => self.command(&mut input, end_of_input)?,
                State::Literal { left } => self.literal(left, &mut input, end_of_input)?,
                State::AfterEnd => self.after_end(&mut input, end_of_input)?,
                State::AfterTrailer => self.after_trailer(input, end_of_input)?,
                State::Done => Some(DeltaEvent::Done),
                State::Failed => return Err(Error::AlreadyFailed),
            };
            if let Some(event) = event {
                return Ok(((self.offset - start) as usize, event));
            }
        }
    }

    fn magic(&mut self, input: &mut &[u8], end: bool) -> Result<Option<DeltaEvent>> {
        if !self.fill(input, 4) {
            return self.starved(end, Part::Magic);
        }
        let found = be_uint(&self.pending[..4]) as u32;
        if found != DELTA_MAGIC {
            return Err(Error::BadDeltaMagic { found, likeness: likeness(&self.pending[..4]) });
        }
        Ok(self.enter(State::Command))
    }

    fn command(&mut self, input: &mut &[u8], end: bool) -> Result<Option<DeltaEvent>> {
        if !self.fill(input, 1) {
            return self.starved(end, Part::Command);
        }
        let offset = self.pending_start();
        let (position_width, len_width) = parameter_widths(self.pending[0], offset)?;
        let encoded_len = 1 + position_width + len_width;
        if !self.fill(input, encoded_len) {
            return self.starved(end, Part::Parameter);
        }
        let command = Command::decode(&self.pending[..encoded_len], offset)?;
        self.enter(match command {
            Command::Literal { len } => State::Literal { left: len },
            Command::Copy { .. } => State::Command,
            Command::End if self.after_end == AfterEnd::Stop => State::Done,
            Command::End => State::AfterEnd,
        });
        Ok(Some(DeltaEvent::Command { offset, encoded_len, command }))
    }

    fn literal(&mut self, left: u64, input: &mut &[u8], end: bool) -> Result<Option<DeltaEvent>> {
        if input.is_empty() {
            return self.starved(end, Part::LiteralData);
        }
        let taken = left.min(input.len() as u64);
        self.offset += taken;
        self.state = match left - taken {
            0 => State::Command,
            left => State::Literal { left },
        };
        Ok(Some(DeltaEvent::LiteralData))
    }

    fn after_end(&mut self, input: &mut &[u8], end: bool) -> Result<Option<DeltaEvent>> {
        // Byte by byte, so that nothing is consumed beyond the first that is not of a trailer.
        for len in 1..=Trailer::MAGIC.len() {
            if self.fill(input, len) && !Trailer::MAGIC.starts_with(&self.pending[..len]) {
                return match self.after_end {
                    AfterEnd::Tolerate => Ok(self.enter(State::Done)),
                    _ => Err(Error::StrayBytes { offset: self.pending_start() }),
                };
            }
        }
        let filled = self.fill(input, Trailer::LEN);
        let offset = self.pending_start();
        if filled {
            let trailer = Trailer::decode(&self.pending).ok_or(Error::TrailerUnknown { offset })?;
            self.enter(State::AfterTrailer);
            return Ok(Some(DeltaEvent::Trailer { offset, trailer }));
        }
        match (self.pending_len, self.after_end) {
            _ if !end => Ok(Some(DeltaEvent::NeedsInput)),
            (0, AfterEnd::Require) => Err(Error::TrailerMissing { offset }),
            (0, _) => Ok(self.enter(State::Done)),
            (1..4, AfterEnd::Tolerate) => Ok(self.enter(State::Done)),
            _ => self.starved(end, Part::Trailer),
        }
    }

    fn after_trailer(&mut self, input: &[u8], end: bool) -> Result<Option<DeltaEvent>> {
        if !input.is_empty() {
            return Err(Error::StrayBytes { offset: self.offset });
        }
        if !end {
            return Ok(Some(DeltaEvent::NeedsInput));
        }
        Ok(self.enter(State::Done))
    }

    /// Appends input until at least `wanted` bytes are pending; false if there are fewer.
    fn fill(&mut self, input: &mut &[u8], wanted: usize) -> bool {
        let taken = copy_front(input, &mut self.pending[self.pending_len.min(wanted)..wanted]);
        *input = &input[taken..];
        self.pending_len += taken;
        self.offset += taken as u64;
        self.pending_len >= wanted
    }

    fn pending_start(&self) -> u64 {
        self.offset - self.pending_len as u64
    }

    fn enter(&mut self, state: State) -> Option<DeltaEvent> {
        self.state = state;
        self.pending_len = 0;
        None
    }

    fn starved(&self, end: bool, expected: Part) -> Result<Option<DeltaEvent>> {
        match end {
            true => Err(Error::InputEnded { offset: self.offset, expected }),
            false => Ok(Some(DeltaEvent::NeedsInput)),
        }
    }
}

impl fmt::Debug for DeltaDecoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeltaDecoder").field("offset", &self.offset).finish_non_exhaustive()
    }
}
