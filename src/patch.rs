//! Patches: the engine that rebuilds a file from its delta and the basis.

use std::fmt;

use crate::decoder::{AfterEnd, DeltaDecoder, DeltaEvent};
use crate::error::{Error, Result};
use crate::format::Command;
use crate::stats::PatchStats;
use crate::strong::{StrongHash, StrongState};

/// How a delta is applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct PatchOptions {
    after_end: AfterEnd,
    max_output_bytes: Option<u64>,
    verify: bool,
}

impl Default for PatchOptions {
    fn default() -> Self {
        PatchOptions { after_end: AfterEnd::default(), max_output_bytes: None, verify: true }
    }
}

impl PatchOptions {
    /// Returns the defaults: a trailer is checked if there is one, no limit.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets what becomes of the bytes after END.
    pub fn after_end(mut self, after_end: AfterEnd) -> Self {
        self.after_end = after_end;
        self
    }

    /// Sets the most bytes the result may have. A delta of a few bytes can ask for any number:
    /// set this for deltas from strangers.
    pub fn max_output_bytes(mut self, max_output_bytes: impl Into<Option<u64>>) -> Self {
        self.max_output_bytes = max_output_bytes.into();
        self
    }

    /// Sets whether the result is hashed as it is made and compared with the trailer, as it always
    /// is with [`AfterEnd::Require`]. If not, the
    /// caller has to do so: see [`PatchStats::trailer`] and
    /// [`io::check_result`](crate::io::check_result).
    pub fn verify(mut self, verify: bool) -> Self {
        self.verify = verify;
        self
    }

    /// Returns what [`PatchOptions::verify`] set.
    #[cfg(feature = "file")]
    pub(crate) fn verifies(&self) -> bool {
        self.verify
    }
}

/// Engine that turns a delta (`docs/formats.md`, "Delta") into the new file, asking for the bytes of
/// the basis it needs.
pub struct Patcher {
    decoder: DeltaDecoder,
    /// The copy that is under way: what is left of it, and the whole.
    copy: Option<Copy>,
    digest: Option<StrongState>,
    max_output_bytes: u64,
    /// Waits until the caller has what came out before.
    pending_error: Option<Error>,
    failed: bool,
    stats: PatchStats,
}

struct Copy {
    position: u64,
    left: u64,
    whole_position: u64,
    whole_len: u64,
}

/// What one call of [`Patcher::step`] did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct PatchStep {
    /// Bytes of the delta that are done with.
    pub consumed: usize,
    /// Bytes written to the front of the output.
    pub produced: usize,
    /// Why the call returned.
    pub status: PatchStatus,
}

/// Why [`Patcher::step`] returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PatchStatus {
    /// All input is consumed and more must come, or its end.
    NeedsInput,
    /// The output is full.
    NeedsOutput,
    /// What was produced is the last: the next call returns an error.
    Failing,
    /// The next bytes of the result are bytes of the basis. The caller makes room in the output if
    /// there is none, puts any number of them, from 1 to `len`, behind what was produced, reports
    /// them to [`Patcher::copied`] and calls again. It may come back without: the answer repeats.
    NeedsBasis {
        /// Where they start in the basis.
        position: u64,
        /// How many are left of the copy.
        len: u64,
    },
    /// The result is complete and, if there is a trailer, right.
    Done,
}

impl Patcher {
    /// Starts a patch.
    pub fn new(options: PatchOptions) -> Self {
        let digest = match options.after_end {
            AfterEnd::Require => true,
            AfterEnd::Stop => false,
            AfterEnd::Check | AfterEnd::Tolerate => options.verify,
        };
        Patcher {
            decoder: DeltaDecoder::new(options.after_end),
            copy: None,
            digest: digest.then(|| StrongState::new(StrongHash::Blake2b)),
            max_output_bytes: options.max_output_bytes.unwrap_or(u64::MAX),
            pending_error: None,
            failed: false,
            stats: PatchStats::default(),
        }
    }

    /// Goes on until it needs input, output space or bytes of the basis, or is done.
    ///
    /// `input` continues where the last call stopped consuming; `end_of_input` says that nothing
    /// follows it. Either slice may be empty. After an error every call fails.
    ///
    /// # Errors
    /// Those of [`DeltaDecoder::next_event`]; [`Error::OutputLimit`] before the first byte that
    /// would be too many; [`Error::ResultMismatch`].
    pub fn step(
        &mut self,
        input: &[u8],
        end_of_input: bool,
        output: &mut [u8],
    ) -> Result<PatchStep> {
        if self.failed {
            return Err(Error::AlreadyFailed);
        }
        let (mut consumed, mut produced) = (0, 0);
        let status = self.advance(input, end_of_input, output, &mut consumed, &mut produced);
        self.stats.in_bytes = self.decoder.offset();
        match status {
            Ok(status) => Ok(PatchStep { consumed, produced, status }),
            Err(error) if produced == 0 => {
                self.failed = true;
                Err(error)
            }
            Err(error) => {
                // What came out before must not depend on how the input was cut.
                self.pending_error = Some(error);
                Ok(PatchStep { consumed, produced, status: PatchStatus::Failing })
            }
        }
    }

    fn advance(
        &mut self,
        input: &[u8],
        end_of_input: bool,
        output: &mut [u8],
        consumed: &mut usize,
        produced: &mut usize,
    ) -> Result<PatchStatus> {
        if let Some(error) = self.pending_error.take() {
            return Err(error);
        }
        loop {
            if let Some(copy) = &self.copy {
                return Ok(PatchStatus::NeedsBasis { position: copy.position, len: copy.left });
            }
            let mut rest = &input[*consumed..];
            let mut end = end_of_input;
            let literal = self.decoder.literal_left() > 0;
            if literal && !rest.is_empty() {
                let space = output.len() - *produced;
                if space == 0 {
                    return Ok(PatchStatus::NeedsOutput);
                }
                end &= rest.len() <= space;
                rest = &rest[..rest.len().min(space)];
            }
            let (taken, event) = self.decoder.next_event(rest, end)?;
            match event {
                DeltaEvent::NeedsInput => {
                    *consumed += taken;
                    return Ok(PatchStatus::NeedsInput);
                }
                DeltaEvent::Command { offset, encoded_len, command } => {
                    self.begin(command, offset, encoded_len)?;
                }
                DeltaEvent::LiteralData => {
                    let data = &mut output[*produced..][..taken];
                    data.copy_from_slice(&rest[..taken]);
                    *produced += taken;
                    self.wrote(data);
                }
                DeltaEvent::Trailer { trailer, .. } => {
                    self.stats.trailer = Some(trailer);
                    if let Some(digest) = &self.digest {
                        trailer.compare(self.stats.out_bytes, &digest.finish())?;
                        self.stats.verified = true;
                    }
                }
                DeltaEvent::Done => return Ok(PatchStatus::Done),
            }
            *consumed += taken;
        }
    }

    /// Takes note of bytes that [`PatchStatus::NeedsBasis`] asked for and that the caller put into
    /// the output.
    ///
    /// # Panics
    /// If these are more bytes than were asked for.
    pub fn copied(&mut self, bytes: &[u8]) {
        let asked = self.copy.as_ref().map_or(0, |copy| copy.left);
        assert!(bytes.len() as u64 <= asked, "more bytes than the copy asked for");
        self.wrote(bytes);
        self.skip_copy(bytes.len() as u64);
    }

    /// Takes note of bytes that [`PatchStatus::NeedsBasis`] asked for and that went from the basis to
    /// the result by another way than the output.
    ///
    /// # Panics
    /// If these are more bytes than were asked for, or if the result [is hashed](Self::is_hashing).
    pub fn copied_unseen(&mut self, len: u64) {
        let asked = self.copy.as_ref().map_or(0, |copy| copy.left);
        assert!(len <= asked, "more bytes than the copy asked for");
        assert!(!self.is_hashing(), "bytes that must be hashed went unseen");
        self.stats.out_bytes += len;
        self.skip_copy(len);
    }

    /// Returns true if the result is hashed as it is made, so that all of its bytes must be seen.
    pub fn is_hashing(&self) -> bool {
        self.digest.is_some()
    }

    /// Returns the error for a basis that ends where [`PatchStatus::NeedsBasis`] asked for bytes.
    pub fn basis_ended(&mut self) -> Error {
        self.failed = true;
        match &self.copy {
            Some(copy) => Error::BasisEnded {
                position: copy.whole_position,
                len: copy.whole_len,
                ended_at: copy.position,
            },
            None => Error::AlreadyFailed,
        }
    }

    /// Returns what was done so far.
    pub fn stats(&self) -> PatchStats {
        self.stats
    }

    fn begin(&mut self, command: Command, offset: u64, encoded_len: usize) -> Result<()> {
        let commands = &mut self.stats.commands;
        match command {
            Command::End => return Ok(()),
            Command::Literal { len } => commands.literal(len, encoded_len),
            Command::Copy { position, len } => {
                commands.copy(len, encoded_len);
                self.copy =
                    Some(Copy { position, left: len, whole_position: position, whole_len: len });
            }
        }
        if commands.result_bytes() > self.max_output_bytes {
            return Err(Error::OutputLimit { offset, max_bytes: self.max_output_bytes });
        }
        Ok(())
    }

    fn wrote(&mut self, bytes: &[u8]) {
        self.stats.out_bytes += bytes.len() as u64;
        if let Some(digest) = &mut self.digest {
            digest.update(bytes);
        }
    }

    fn skip_copy(&mut self, len: u64) {
        if let Some(copy) = &mut self.copy {
            copy.position += len;
            copy.left -= len;
            if copy.left == 0 {
                self.copy = None;
            }
        }
    }
}

impl fmt::Debug for Patcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Patcher").field("stats", &self.stats).finish_non_exhaustive()
    }
}
