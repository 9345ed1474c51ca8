//! A layered patch taken apart into header, bodies of groups, and end, however its bytes come.

use crate::error::{Error, Part, Result, reserve_exact};
use crate::format::layered::{CHECK_LEN, END_LEN, PatchHeader};
use crate::format::varint::{self, Front};
use crate::root::{Root, RootHasher};

/// Most bytes of a header: seven, two numbers and a root.
const MAX_HEADER_LEN: usize = 7 + 10 + Root::LEN + 10;

/// What comes next in a patch.
#[derive(Debug)]
pub(crate) enum Frame {
    /// All input is consumed and more must come, or its end.
    NeedsInput,
    Header(PatchHeader),
    /// The body of the next group, which starts at this byte of the patch.
    Group {
        number: u64,
        offset: u64,
        body: Vec<u8>,
    },
    /// The root of the result. The patch is complete and its own check is right.
    End(Root),
    /// Nothing follows, as it must be.
    Done,
}

/// Takes a patch apart. Holds no more than a group's body, and no more than has come of it.
pub(crate) struct FrameDecoder {
    state: State,
    header: Option<PatchHeader>,
    /// What has come of the field or body that is under way.
    buf: Vec<u8>,
    /// Groups that are complete.
    groups: u64,
    /// Bytes consumed.
    offset: u64,
    /// Over all bytes before the check.
    digest: RootHasher,
}

#[derive(Clone, Copy, Debug)]
enum State {
    Header,
    BodyLen,
    Body { len: usize },
    End,
    Ended,
}

impl FrameDecoder {
    pub(crate) fn new() -> Self {
        FrameDecoder {
            state: State::Header,
            header: None,
            buf: Vec::new(),
            groups: 0,
            offset: 0,
            digest: RootHasher::new(),
        }
    }

    /// Returns how many bytes are consumed.
    pub(crate) fn offset(&self) -> u64 {
        self.offset
    }

    /// Consumes input up to the next frame and returns how much. `input` continues where the last
    /// call stopped consuming; `end_of_input` says that nothing follows it.
    ///
    /// # Errors
    /// [`Error::BadPatchMagic`], [`Error::PatchVersion`], [`Error::PatchDamaged`],
    /// [`Error::InputEnded`], [`Error::StrayBytes`], [`Error::OutOfMemory`].
    pub(crate) fn next(&mut self, input: &[u8], end_of_input: bool) -> Result<(usize, Frame)> {
        let mut consumed = 0;
        loop {
            let rest = &input[consumed..];
            if rest.is_empty() {
                return match self.state {
                    State::Ended if end_of_input => Ok((consumed, Frame::Done)),
                    _ if end_of_input => Err(self.input_ended()),
                    _ => Ok((consumed, Frame::NeedsInput)),
                };
            }
            let (taken, frame) = match self.state {
                State::Header => self.header(rest)?,
                State::BodyLen => self.body_len(rest)?,
                State::Body { len } => self.body(rest, len)?,
                State::End => self.end(rest)?,
                State::Ended => return Err(Error::StrayBytes { offset: self.offset }),
            };
            consumed += taken;
            self.offset += taken as u64;
            if let Some(frame) = frame {
                return Ok((consumed, frame));
            }
        }
    }

    fn header(&mut self, input: &[u8]) -> Result<(usize, Option<Frame>)> {
        let known = self.buf.len();
        self.gather(input, MAX_HEADER_LEN)?;
        let Some((header, len)) = PatchHeader::decode(&self.buf)? else {
            return Ok((self.buf.len() - known, None));
        };
        self.digest.update(&self.buf[..len]);
        self.buf.clear();
        self.header = Some(header);
        self.state = self.state_after_groups();
        Ok((len - known, Some(Frame::Header(header))))
    }

    fn body_len(&mut self, input: &[u8]) -> Result<(usize, Option<Frame>)> {
        let damaged = Error::PatchDamaged {
            offset: self.offset - self.buf.len() as u64,
            part: Part::PatchGroup,
        };
        self.buf.push(input[0]);
        match varint::front(&self.buf) {
            Front::Incomplete => {}
            Front::Value(len, _) if (1..=self.max_body_len()).contains(&len) => {
                self.digest.update(&self.buf);
                self.buf.clear();
                self.state = State::Body { len: len as usize };
            }
            Front::Value(..) | Front::Invalid => return Err(damaged),
        }
        Ok((1, None))
    }

    fn body(&mut self, input: &[u8], len: usize) -> Result<(usize, Option<Frame>)> {
        let taken = self.gather(input, len)?;
        if self.buf.len() < len {
            return Ok((taken, None));
        }
        let body = std::mem::take(&mut self.buf);
        self.digest.update(&body);
        let offset = self.offset + taken as u64 - len as u64;
        let number = self.groups;
        self.groups += 1;
        self.state = self.state_after_groups();
        Ok((taken, Some(Frame::Group { number, offset, body })))
    }

    fn end(&mut self, input: &[u8]) -> Result<(usize, Option<Frame>)> {
        let start = self.offset - self.buf.len() as u64;
        let taken = self.gather(input, END_LEN)?;
        let damaged = |place: usize| Error::PatchDamaged {
            offset: start + place as u64,
            part: Part::PatchEnd,
        };
        if self.buf[0] != 0 {
            return Err(damaged(0));
        }
        if self.buf.len() < END_LEN {
            return Ok((taken, None));
        }
        let (checked, check) = self.buf.split_at(END_LEN - CHECK_LEN);
        self.digest.update(checked);
        let digest = std::mem::take(&mut self.digest).finish();
        if digest.0[..CHECK_LEN] != *check {
            return Err(damaged(END_LEN - CHECK_LEN));
        }
        let mut root = [0; Root::LEN];
        root.copy_from_slice(&checked[1..]);
        self.state = State::Ended;
        Ok((taken, Some(Frame::End(Root(root)))))
    }

    /// Adds bytes until `len` are in the buffer and returns how many.
    fn gather(&mut self, input: &[u8], len: usize) -> Result<usize> {
        let taken = input.len().min(len - self.buf.len());
        let needed = self.buf.len() + taken;
        if needed > self.buf.capacity() {
            // Doubled, but not beyond what comes.
            let wanted = (2 * self.buf.capacity()).clamp(needed, len);
            let additional = wanted - self.buf.len();
            reserve_exact(&mut self.buf, additional)?;
        }
        self.buf.extend_from_slice(&input[..taken]);
        Ok(taken)
    }

    fn state_after_groups(&self) -> State {
        match &self.header {
            Some(header) if self.groups < header.groups() => State::BodyLen,
            _ => State::End,
        }
    }

    fn max_body_len(&self) -> u64 {
        self.header.as_ref().map_or(0, |header| header.max_body_len(self.groups))
    }

    fn input_ended(&self) -> Error {
        let expected = match self.state {
            State::Header if self.offset < 4 => Part::Magic,
            State::Header => Part::PatchHeader,
            State::BodyLen | State::Body { .. } => Part::PatchGroup,
            State::End | State::Ended => Part::PatchEnd,
        };
        Error::InputEnded { offset: self.offset, expected }
    }
}
