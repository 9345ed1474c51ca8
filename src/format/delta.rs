//! Delta commands: one opcode byte, then position and length in 0, 1, 2, 4 or 8 bytes each.
//!
//! ```text
//! 00      END
//! 01..40  LITERAL of 1..64 bytes
//! 41..44  LITERAL, length in 1, 2, 4, 8 bytes
//! 45..54  COPY, 0x45 + 4 * log2(position bytes) + log2(length bytes)
//! 55..ff  undefined
//! ```

use crate::error::{Error, Result};
use crate::format::be_uint;

/// Longest encoded command: opcode, position and length of 8 bytes each.
pub(crate) const MAX_COMMAND_LEN: usize = 17;

/// One command of a delta (`docs/formats.md`, "Delta").
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// The delta is complete.
    End,
    /// The next `len` bytes of the delta belong to the result.
    Literal {
        /// Bytes of data that follow, at least 1.
        len: u64,
    },
    /// A range of the basis belongs to the result.
    Copy {
        /// First byte of the basis.
        position: u64,
        /// Bytes to copy, at least 1.
        len: u64,
    },
}

impl Command {
    /// Encodes the command in its shortest form.
    pub(crate) fn encode(self) -> EncodedCommand {
        let mut encoded = EncodedCommand { bytes: [0; MAX_COMMAND_LEN], len: 1 };
        match self {
            Command::End => {}
            Command::Literal { len: len @ 1..=0x40 } => encoded.bytes[0] = len as u8,
            Command::Literal { len } => {
                encoded.bytes[0] = 0x41 + width_log2(len);
                encoded.push(len);
            }
            Command::Copy { position, len } => {
                encoded.bytes[0] = 0x45 + 4 * width_log2(position) + width_log2(len);
                encoded.push(position);
                encoded.push(len);
            }
        }
        encoded
    }

    /// Parses the command that starts at `offset` of the delta; `bytes` must hold all of it.
    pub(crate) fn decode(bytes: &[u8], offset: u64) -> Result<Command> {
        let opcode = bytes[0];
        let (position_width, len_width) = parameter_widths(opcode, offset)?;
        let (position, len) = bytes[1..].split_at(position_width);
        // librsync reads both as signed 64-bit numbers.
        let position = be_uint(position) as i64;
        let len = be_uint(&len[..len_width]) as i64;
        match opcode {
            0 => Ok(Command::End),
            0x01..=0x40 => Ok(Command::Literal { len: opcode.into() }),
            0x41..=0x44 if len <= 0 => Err(Error::LiteralLen { offset, len }),
            0x41..=0x44 => Ok(Command::Literal { len: len as u64 }),
            _ if len <= 0 => Err(Error::CopyLen { offset, len }),
            _ if position < 0 => Err(Error::CopyPosition { offset, position }),
            _ => Ok(Command::Copy { position: position as u64, len: len as u64 }),
        }
    }
}

/// Returns how many bytes of position and of length follow an opcode.
pub(crate) fn parameter_widths(opcode: u8, offset: u64) -> Result<(usize, usize)> {
    match opcode {
        0..=0x40 => Ok((0, 0)),
        0x41..=0x44 => Ok((0, 1 << (opcode - 0x41))),
        0x45..=0x54 => Ok((1 << ((opcode - 0x45) / 4), 1 << ((opcode - 0x45) % 4))),
        0x55..=0xff => Err(Error::BogusCommand { offset, opcode }),
    }
}

/// A command as it goes on the wire.
#[derive(Clone, Copy)]
pub(crate) struct EncodedCommand {
    bytes: [u8; MAX_COMMAND_LEN],
    len: usize,
}

impl EncodedCommand {
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }

    /// Appends a number in as few of 1, 2, 4 or 8 bytes as hold it.
    fn push(&mut self, value: u64) {
        let width = 1 << width_log2(value);
        self.bytes[self.len..self.len + width].copy_from_slice(&value.to_be_bytes()[8 - width..]);
        self.len += width;
    }
}

fn width_log2(value: u64) -> u8 {
    match value {
        0..0x100 => 0,
        0x100..0x1_0000 => 1,
        0x1_0000..0x1_0000_0000 => 2,
        _ => 3,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_encoded_in_the_shortest_form() {
        let literal = |len| Command::Literal { len }.encode().as_bytes().to_vec();
        assert_eq!(literal(1), [0x01]);
        assert_eq!(literal(64), [0x40]);
        assert_eq!(literal(65), [0x41, 65]);
        assert_eq!(literal(255), [0x41, 255]);
        assert_eq!(literal(256), [0x42, 1, 0]);
        assert_eq!(literal(65536), [0x43, 0, 1, 0, 0]);
        assert_eq!(literal(1 << 32), [0x44, 0, 0, 0, 1, 0, 0, 0, 0]);
        let copy = |position, len| Command::Copy { position, len }.encode().as_bytes().to_vec();
        assert_eq!(copy(0, 20000), [0x46, 0, 0x4e, 0x20]);
        assert_eq!(copy(2000, 500), [0x4a, 0x07, 0xd0, 0x01, 0xf4]);
        assert_eq!(copy(1 << 32, 1), [0x51, 0, 0, 0, 1, 0, 0, 0, 0, 1]);
        assert_eq!(Command::End.encode().as_bytes(), [0]);
    }

    #[test]
    fn every_width_of_every_command_is_read() {
        for opcode in 0x41..=0x54u8 {
            let (position_width, len_width) = parameter_widths(opcode, 0).unwrap();
            let mut bytes = vec![opcode];
            bytes.extend(std::iter::repeat_n(0, position_width + len_width));
            if position_width > 0 {
                bytes[position_width] = 7;
            }
            *bytes.last_mut().unwrap() = 9;
            let expected = if opcode < 0x45 {
                Command::Literal { len: 9 }
            } else {
                Command::Copy { position: 7, len: 9 }
            };
            assert_eq!(Command::decode(&bytes, 0).unwrap(), expected, "{opcode:#x}");
        }
    }
}
