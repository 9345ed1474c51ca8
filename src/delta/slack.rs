//! Literals of a delta against an empty signature, cut as librsync cuts them.
//!
//! Without blocks there is nothing to search and librsync writes whatever its buffers hold as one
//! literal, so its bytes depend on the buffers of the caller. This follows the buffers of
//! librsync 2.3.3 and later in `rdiff`: input of 4 * (65536 + block length), refilled when at most
//! half full, output of 256 KiB, none of it on the first round.

use std::ops::Range;

use super::Run;
use crate::format::Command;

const OUTPUT_BUFFER: u64 = 256 << 10;
/// Above this block length the buffers are those of this one, to keep memory small.
const MAX_BLOCK_LEN: u64 = 1 << 20;

/// Cuts everything into literals.
pub(super) struct Slack {
    /// Start of the next literal in the buffer.
    pos: usize,
    buffers: Buffers,
    /// Length of the next literal if the input lasts.
    wanted: usize,
}

impl Slack {
    /// Most bytes that the encoder's buffer needs: one literal, and what comes in with its end.
    pub(super) const MAX_BUFFER: usize = 4 * (65536 + MAX_BLOCK_LEN as usize) + super::CHUNK;

    pub(super) fn new(block_len: u32) -> Self {
        let input = 4 * (65536 + u64::from(block_len).min(MAX_BLOCK_LEN));
        let mut buffers = Buffers { input, available: input, command: 4, data: 0, space: 0 };
        let wanted = buffers.next_literal();
        Slack { pos: 0, buffers, wanted }
    }

    pub(super) fn next_run(&mut self, buf: &[u8], end: bool) -> Option<Run> {
        let available = buf.len() - self.pos;
        if available == 0 || available < self.wanted && !end {
            return None;
        }
        let literal: Range<usize> = self.pos..self.pos + available.min(self.wanted);
        self.pos = literal.end;
        self.wanted = self.buffers.next_literal();
        Some(Run::Literal(literal))
    }

    pub(super) fn needed_from(&self) -> usize {
        self.pos
    }

    pub(super) fn rebase(&mut self, dropped: usize) {
        self.pos -= dropped;
    }

    pub(super) fn wanted(&self) -> usize {
        self.wanted
    }
}

/// The state of librsync's buffers, were the input endless.
struct Buffers {
    /// Size of the input buffer in bytes.
    input: u64,
    /// Bytes in it.
    available: u64,
    /// Bytes of the current command, or of the magic, that are not in the output buffer yet.
    command: u64,
    /// Bytes of the current literal's data that are not there yet.
    data: u64,
    /// Free bytes in the output buffer.
    space: u64,
}

impl Buffers {
    /// Goes on to the next literal, which takes all that is available, and returns its length.
    fn next_literal(&mut self) -> usize {
        loop {
            let sent = self.command.min(self.space);
            self.command -= sent;
            self.space -= sent;
            if self.command == 0 {
                let sent = self.data.min(self.available).min(self.space);
                self.data -= sent;
                self.available -= sent;
                self.space -= sent;
                if self.data == 0 && self.available > 0 {
                    let literal = Command::Literal { len: self.available };
                    self.command = literal.encode().as_bytes().len() as u64;
                    self.data = self.available;
                    return self.available as usize;
                }
            }
            if self.available <= self.input / 2 {
                self.available = self.input;
            }
            self.space = OUTPUT_BUFFER;
        }
    }
}
