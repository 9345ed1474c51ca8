//! signature, delta, diff, patch and verify for layered signatures and patches.

use std::io::{Read, Write};
use std::sync::Arc;

use sigdelta::exchange::{ChunkSignature, ChunkSignatureOptions, Survey, SurveyOptions, sign};
use sigdelta::file::{OutputFile, apply_patch_to, flatten_to, make_patch_to, regular_len};
use sigdelta::layered::{ApplyOptions, ApplyStats, MakeOptions, apply};
use sigdelta::{DeltaOptions, Error, IoAction, Result};
use sigdelta_cli::stream::{Input, produce};

use crate::cli::{Verbosity, Work};
use crate::commands::threads;
use crate::peek::Peeked;
use crate::progress::Progress;
use crate::report::Report;

/// Makes a layered signature.
pub fn signature(
    basis: Input,
    out: OutputFile,
    work: Work,
    report: &Report,
    verbosity: Verbosity,
) -> Result<()> {
    let basis = basis.into_regular()?;
    let len = regular_len(&basis.file).unwrap_or_default();
    let options = ChunkSignatureOptions::for_one_round(len).threads(threads(work, &basis));
    let stats = produce(out, &basis, &basis, |out| {
        let mut progress = Progress::new("signature", Some(len), verbosity);
        sign(&basis.file, len, options, out, &mut progress)
    })?;
    report.layered_signature(&stats)
}

/// Makes a layered patch from what a layered signature says of the basis.
pub fn delta(
    signature: Peeked,
    new: Input,
    out: OutputFile,
    work: Work,
    report: &Report,
    verbosity: Verbosity,
) -> Result<()> {
    let (signature, mut bytes) = signature.into_parts()?;
    let mut whole = Vec::new();
    let decoded = bytes
        .read_to_end(&mut whole)
        .map_err(|cause| Error::Io { action: IoAction::Read, cause })
        .and_then(|_| ChunkSignature::decode(&whole))
        .map_err(|error| error.in_file(&signature.name))?;
    let new = new.into_regular()?;
    let (file, len) = (Arc::new(new.duplicate()?), regular_len(&new.file).unwrap_or_default());
    let threads = threads(work, &new);
    let stats = produce(out, &new, &new, |out| {
        let mut progress = Progress::new("delta", Some(len), verbosity);
        let options = SurveyOptions::new().threads(threads);
        let survey = Survey::new(decoded, file, len, options, &mut progress)?;
        survey.patch(out, MakeOptions::new().threads(threads), &mut progress)
    })?;
    report.layered_diff(&stats)
}

/// Makes a layered patch.
pub fn diff(
    old: Input,
    new: Input,
    out: OutputFile,
    options: MakeOptions,
    report: &Report,
    verbosity: Verbosity,
) -> Result<()> {
    let (old, new) = (old.into_regular()?, new.into_regular()?);
    let files = (old.duplicate()?, new.duplicate()?);
    let stats = produce(out, &new, &old, |out| {
        let mut progress = Progress::new("diff", regular_len(&new.file), verbosity);
        make_patch_to(files.0, files.1, out, options, &mut progress)
    })?;
    report.layered_diff(&stats)
}

/// Makes a delta in librsync's format from both files.
pub fn flatten(
    old: Input,
    new: Input,
    out: OutputFile,
    (options, delta_options): (MakeOptions, DeltaOptions),
    report: &Report,
    verbosity: Verbosity,
) -> Result<()> {
    let (old, new) = (old.into_regular()?, new.into_regular()?);
    let files = (old.duplicate()?, new.duplicate()?);
    let stats = produce(out, &new, &old, |out| {
        let mut progress = Progress::new("diff", regular_len(&new.file), verbosity);
        flatten_to(files.0, files.1, out, options, delta_options, &mut progress)
    })?;
    report.delta(&stats)
}

/// Applies a layered patch.
pub fn patch(
    basis: Input,
    patch: Peeked,
    out: OutputFile,
    options: ApplyOptions,
    threads: usize,
    report: &Report,
    verbosity: Verbosity,
) -> Result<()> {
    let basis = basis.into_seekable()?;
    let basis_file = basis.duplicate()?;
    let (input, patch) = patch.into_parts()?;
    let stats = produce(out, &input, &basis, |out| {
        let mut progress = Progress::new("patch", None, verbosity);
        apply_patch_to(basis_file, patch, out, options, threads, &mut progress)
    })?;
    report.layered_patch(&stats)
}

/// Applies a layered patch to see what comes out.
pub fn verify(
    basis: &Input,
    patch: Peeked,
    result: impl Write,
    verbosity: Verbosity,
) -> Result<ApplyStats> {
    let mut progress = Progress::new("verify", None, verbosity);
    let (_, patch) = patch.into_parts()?;
    apply(&basis.file, patch, result, ApplyOptions::new(), &mut progress)
}
