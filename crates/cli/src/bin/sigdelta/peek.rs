//! An input whose kind shows by its first bytes, which may be a pipe.

use std::fs::File;
use std::io::{Chain, Cursor, Read, Seek};

use sigdelta::exchange::SignatureFormat;
use sigdelta::format::LAYERED_MAGIC;
use sigdelta::{Error, IoAction, Result};
use sigdelta_cli::stream::Input;

/// Bytes that tell.
const LEN: usize = 4;

/// The bytes of an input from the first on.
pub type Whole = Chain<Cursor<Vec<u8>>, File>;

/// An input, and its first bytes if they cannot be read again.
pub struct Peeked {
    pub input: Input,
    start: Vec<u8>,
    is_layered: bool,
    format: Option<SignatureFormat>,
}

impl Peeked {
    /// Reads the first bytes, and seeks back if that is possible.
    pub fn new(mut input: Input) -> Result<Self> {
        let failed = |cause| Error::Io { action: IoAction::Read, cause };
        let mut start = Vec::new();
        (&mut input.file)
            .take(LEN as u64)
            .read_to_end(&mut start)
            .map_err(|cause| failed(cause).in_file(&input.name))?;
        let is_layered = start == LAYERED_MAGIC;
        let format = SignatureFormat::of(&start);
        if input.file.seek_relative(-(start.len() as i64)).is_ok() {
            start.clear();
        }
        Ok(Peeked { input, start, is_layered, format })
    }

    /// Returns true if the input is a layered patch.
    pub fn is_layered(&self) -> bool {
        self.is_layered
    }

    /// Returns true if the input is a layered signature.
    pub fn is_layered_signature(&self) -> bool {
        self.format == Some(SignatureFormat::Layered)
    }

    /// Returns true if the bytes of the file itself are all there are.
    pub fn is_whole(&self) -> bool {
        self.start.is_empty()
    }

    /// Returns the input, for its name, and its bytes.
    pub fn into_parts(self) -> Result<(Input, Whole)> {
        let file = self.input.duplicate()?;
        Ok((self.input, Cursor::new(self.start).chain(file)))
    }
}
