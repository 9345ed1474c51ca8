//! Deltas and patches applied to a content: limits first, then the result, which must be the one announced.

use std::io::{self, Read};

use sigdelta::io::{Basis, BufferSizes, patch};
use sigdelta::layered::{self, ApplyOptions};
use sigdelta::{
    AfterEnd, Command, DeltaDecoder, DeltaEvent, ErrorKind, IoAction, PatchOptions, ReadAt,
};

use super::body::{AtMost, Encoding, unreadable};
use super::operation::PatchKind;
use super::options::Limits;
use super::pool::Watch;
use super::reply::{Problem, Result};
use super::scratch::Spool;
use crate::protocol::{Digest, Kind};
use crate::storage::{Content, Draft, Finished};

/// Bytes that are looked at at once.
const READ_LEN: usize = 256 << 10;

/// A delta or patch that has come.
#[derive(Debug)]
pub(super) struct Delta {
    pub(super) kind: PatchKind,
    pub(super) encoding: Encoding,
    pub(super) bytes: Spool,
}

impl Delta {
    fn reader(&mut self, limits: &Limits) -> Result<impl Read> {
        let decoded = self.encoding.decode(self.bytes.reader()?)?;
        Ok(AtMost::new(decoded, limits.delta_bytes))
    }
}

/// Writes the result of a delta to a draft and compares its digest with the one announced.
pub(super) fn apply(
    basis: &Content,
    delta: &mut Delta,
    mut draft: Draft,
    announced: &Digest,
    limits: &Limits,
    watch: &mut Watch,
) -> Result<Finished> {
    let applied = match delta.kind {
        PatchKind::Librsync => {
            check_commands(delta.reader(limits)?, limits, watch)?;
            let basis = ContentBasis(&*basis.bytes);
            let options = PatchOptions::new().max_output_bytes(limits.result_bytes);
            let reader = delta.reader(limits)?;
            patch(basis, reader, &mut draft, options, BufferSizes::default(), watch).map(drop)
        }
        PatchKind::Layered => {
            let options = ApplyOptions::new().max_output_bytes(limits.result_bytes);
            let reader = delta.reader(limits)?;
            layered::apply(&*basis.bytes, reader, &mut draft, options, watch).map(drop)
        }
    };
    applied.map_err(|error| refusal(error, watch))?;
    let finished = draft.finish()?;
    check_digest(&finished, announced)?;
    Ok(finished)
}

/// Refuses a result that is not the one announced.
pub(super) fn check_digest(finished: &Finished, announced: &Digest) -> Result<()> {
    if finished.facts.digest == *announced {
        return Ok(());
    }
    let found = finished.facts.digest.repr_digest();
    Err(Problem::new(Kind::DigestMismatch, format!("the result has {found}")))
}

/// Reads a delta through and refuses one that asks for too much, before any of it is done.
fn check_commands(mut delta: impl Read, limits: &Limits, watch: &Watch) -> Result<()> {
    let mut decoder = DeltaDecoder::new(AfterEnd::Check);
    let mut buf = vec![0; READ_LEN];
    let (mut commands, mut result_bytes, mut delta_bytes) = (0u64, 0u64, 0u64);
    loop {
        let read = read(&mut delta, &mut buf)?;
        delta_bytes += read as u64;
        let mut unread = &buf[..read];
        loop {
            let (consumed, event) =
                decoder.next_event(unread, read == 0).map_err(|error| refusal(error, watch))?;
            unread = &unread[consumed..];
            match event {
                DeltaEvent::NeedsInput => break,
                DeltaEvent::Command { command, .. } => {
                    commands += 1;
                    result_bytes = result_bytes.saturating_add(match command {
                        Command::Literal { len } | Command::Copy { len, .. } => len,
                        Command::End => 0,
                    });
                }
                DeltaEvent::Done => {
                    let mib = (result_bytes.max(delta_bytes) >> 20).saturating_add(1);
                    let most = mib.saturating_mul(limits.commands_per_mib);
                    if commands > most {
                        let detail = format!("{commands} commands, where {most} are allowed");
                        return Err(Problem::new(Kind::TooLarge, detail));
                    }
                    return Ok(());
                }
                _ => {}
            }
            if result_bytes > limits.result_bytes {
                let most = limits.result_bytes;
                let detail = format!("the result has more than {most} bytes");
                return Err(Problem::new(Kind::TooLarge, detail));
            }
        }
        watch.check()?;
    }
}

/// Says to the client what the library says of a delta.
pub(super) fn refusal(error: sigdelta::Error, watch: &Watch) -> Problem {
    use sigdelta::Error::{BasisEnded, Cancelled, GroupMismatch, Io, ResultMismatch, WrongBasis};
    match error {
        Cancelled => match watch.check() {
            Err(problem) => problem,
            Ok(()) => Problem::internal("a job was cancelled"),
        },
        Io { action: IoAction::Read, cause } => unreadable(cause),
        Io { cause, .. } => cause.into(),
        WrongBasis { .. } | BasisEnded { .. } => Problem::new(Kind::WrongBasis, error),
        GroupMismatch { .. } => Problem::new(Kind::GroupMismatch, error),
        ResultMismatch { .. } => Problem::new(Kind::DigestMismatch, error),
        sigdelta::Error::OutOfMemory { .. } => Problem::new(Kind::Busy, error),
        other => match other.kind() {
            ErrorKind::Limit => Problem::new(Kind::TooLarge, other),
            ErrorKind::Internal => Problem::internal(other),
            _ => Problem::new(Kind::Damaged, other),
        },
    }
}

fn read(input: &mut impl Read, buf: &mut [u8]) -> Result<usize> {
    loop {
        match input.read(buf) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(unreadable(error)),
            Ok(len) => return Ok(len),
        }
    }
}

/// A content that a delta copies from.
struct ContentBasis<'a>(&'a dyn ReadAt);

impl Basis for ContentBasis<'_> {
    fn read_at(&mut self, position: u64, buf: &mut [u8]) -> sigdelta::Result<usize> {
        self.0.read_at(position, buf)
    }
}
