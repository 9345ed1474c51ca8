//! Flat deltas: what the layered search finds, in librsync's commands.
//!
//! librsync's patch copies from any byte, though its own deltas copy whole blocks only. So a delta of
//! short copies and short literals is one that every librsync applies, and much smaller.

use std::io::Write;
use std::ops::Range;
use std::sync::Arc;

use super::groups::{Groups, Laid, PieceBytes};
use super::old::Effort;
use super::{MakeOptions, PatchLevel, report};
use crate::bindiff::common_prefix;
use crate::delta::{Commands, DeltaOptions};
use crate::error::{Error, IoAction, Result, reserve};
use crate::format::{Command, Trailer};
use crate::monitor::{Monitor, Progress};
use crate::parallel::in_order;
use crate::read_at::ReadAt;
use crate::stats::{DeltaStats, SearchStats};
use crate::strong::{StrongHash, StrongState};

/// Bytes that a copy costs beside its own command, since it cuts a literal in two of up to 64 bytes.
const CUT_COST: u64 = 1;

/// Writes the delta from a basis to a new file in librsync's format.
///
/// Smaller than a delta against a signature, since both files are at hand: copies start and end at
/// any byte.
///
/// # Errors
/// Those of [`super::make`].
pub fn flatten(
    (basis, basis_len): (Arc<dyn ReadAt>, u64),
    (new, new_len): (Arc<dyn ReadAt>, u64),
    mut output: impl Write,
    options: MakeOptions,
    delta_options: DeltaOptions,
    monitor: &mut dyn Monitor,
) -> Result<DeltaStats> {
    let effort = match options.level {
        PatchLevel::Fast => Effort::FAST,
        PatchLevel::Default | PatchLevel::Max => Effort::EXACT,
    };
    let groups = Groups::new((basis, basis_len), (new, new_len), effort, |_| {
        report(monitor, Progress::default())
    })?;
    let mut numbers = groups.numbers();
    let mut digest = delta_options.trailer.then(|| StrongState::new(StrongHash::Blake2b));
    let mut commands = Commands::new()?;
    let (mut in_bytes, mut out_bytes) = (0, 0);
    let mut write = |commands: &mut Commands| -> Result<u64> {
        let bytes = commands.output();
        output.write_all(bytes).map_err(Error::io(IoAction::Write))?;
        out_bytes += bytes.len() as u64;
        commands.clear();
        Ok(out_bytes)
    };
    in_order(
        options.threads,
        2 * options.threads,
        move |number| {
            let laid = groups.lay(number, |_| Ok(()))?;
            let runs = runs_of(&groups, &laid)?;
            Ok((laid.bytes, runs))
        },
        || Ok(numbers.next()),
        |outcome: Result<(Vec<u8>, Vec<Run>)>| {
            let (bytes, runs) = outcome?;
            let mut start = 0;
            for run in runs {
                match run {
                    Run::Copy(range) => {
                        start += (range.end - range.start) as usize;
                        commands.copy(range)?;
                    }
                    Run::Literal(len) => {
                        commands.literal(&bytes[start..start + len])?;
                        start += len;
                    }
                }
            }
            if let Some(digest) = &mut digest {
                digest.update(&bytes);
            }
            in_bytes += bytes.len() as u64;
            let out_bytes = write(&mut commands)?;
            report(monitor, Progress { in_bytes, out_bytes })
        },
    )?;
    commands.finish(
        digest.map(|digest| Trailer { result_len: in_bytes, result_digest: digest.finish() }),
    )?;
    let out_bytes = write(&mut commands)?;
    output.flush().map_err(Error::io(IoAction::Write))?;
    Ok(DeltaStats {
        commands: commands.stats(),
        search: SearchStats::default(),
        in_bytes,
        out_bytes,
    })
}

/// Bytes of the basis, or so many of the new file.
enum Run {
    Copy(Range<u64>),
    Literal(usize),
}

fn runs_of(groups: &Groups, laid: &Laid) -> Result<Vec<Run>> {
    let mut runs = Vec::new();
    let mut outcome = Ok(());
    let mut position = 0;
    groups.for_each_piece(laid, &laid.lie.pieces, |bytes| {
        let (more, len) = match bytes {
            PieceBytes::Begin(piece) => {
                position = piece.old;
                return 0;
            }
            PieceBytes::Aligned(old, new) => {
                let pushed = push_aligned(&mut runs, position, old.aligned(), new);
                position += new.len() as u64;
                (pushed, new.len())
            }
            PieceBytes::Literal(bytes) => (push_literal(&mut runs, bytes.len()), bytes.len()),
        };
        outcome = std::mem::replace(&mut outcome, Ok(())).and(more);
        len
    })?;
    outcome.map(|()| runs)
}

/// Appends copies of what is equal for long enough, and literals.
fn push_aligned(runs: &mut Vec<Run>, position: u64, old: &[u8], new: &[u8]) -> Result<()> {
    let mut at = 0;
    while at < new.len() {
        let equal = common_prefix(&old[at..], &new[at..]);
        let start = position + at as u64;
        let len = equal as u64;
        let pays = || {
            let command = Command::Copy { position: start, len }.encode();
            len > command.as_bytes().len() as u64 + CUT_COST
        };
        at += equal;
        if goes_on(runs, start) && equal > 0 || len > 0 && pays() {
            push_copy(runs, start..start + len)?;
        } else {
            // The byte behind differs.
            let different = usize::from(at < new.len());
            at += different;
            push_literal(runs, equal + different)?;
        }
    }
    Ok(())
}

/// Returns true if the last run is a copy that ends here.
fn goes_on(runs: &[Run], position: u64) -> bool {
    matches!(runs.last(), Some(Run::Copy(copy)) if copy.end == position)
}

fn push_copy(runs: &mut Vec<Run>, range: Range<u64>) -> Result<()> {
    match runs.last_mut() {
        Some(Run::Copy(copy)) if copy.end == range.start => copy.end = range.end,
        _ => {
            reserve(runs, 1)?;
            runs.push(Run::Copy(range));
        }
    }
    Ok(())
}

fn push_literal(runs: &mut Vec<Run>, len: usize) -> Result<()> {
    match runs.last_mut() {
        _ if len == 0 => {}
        Some(Run::Literal(literal)) => *literal += len,
        _ => {
            reserve(runs, 1)?;
            runs.push(Run::Literal(len));
        }
    }
    Ok(())
}
