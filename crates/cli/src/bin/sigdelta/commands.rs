//! The commands that make, apply and check deltas; `inspect` has a file of its own.

use std::ffi::{OsStr, OsString};
use std::io::{self, IsTerminal, Read, Write};
use std::path::Path;
use std::sync::Arc;

use clap::CommandFactory;
use serde_json::json;
use sigdelta::file::{Existing, Names, OutputFile, patch_to, regular_len};
use sigdelta::io::{self as streams, BufferSizes};
use sigdelta::layered::{ApplyOptions, MakeOptions};
use sigdelta::parallel::{self, Threads};
use sigdelta::{
    AfterEnd, DeltaOptions, Error, Index, IoAction, LoadOptions, PatchOptions, Result,
    SignatureParams, StrongLen, min_strong_len,
};
use sigdelta_cli::stream::{self, Input, file_name, produce};

use crate::cli::{
    Cli, Command, Format, Generate, LevelChoice, Making, Output, Parameters, Verbosity, Work,
};
use crate::exit::Exit;
use crate::inspect::inspect;
use crate::layered;
use crate::message;
use crate::peek::Peeked;
use crate::progress::Progress;
use crate::pull::pull;
use crate::push::push;
use crate::report::Report;
use crate::serve::serve;

/// Runs a command and returns the exit status.
pub fn run(cli: Cli) -> Result<Exit> {
    let verbosity = cli.verbosity;
    if inputs(&cli.command).into_iter().filter(|&name| name == "-").count() > 1 {
        message::error("only one input can be standard input");
        return Ok(Exit::Usage);
    }
    match cli.command {
        Command::Signature { basis, format, parameters, work, output } => {
            if matches!(format, Format::Layered) && parameters.any() {
                message::error("block options are for --format librsync");
                return Ok(Exit::Usage);
            }
            signature(&basis, format, parameters, work, &output, verbosity)?;
        }
        Command::Delta { signature, new, making, work, output } => {
            return delta(&signature, &new, &making, work, &output, verbosity);
        }
        Command::Diff { old, new, format, level, parameters, making, work, output } => {
            let by_blocks = parameters.any() || making.classic;
            let of_librsync = by_blocks || making.no_trailer;
            if of_librsync && matches!(format, Some(Format::Layered)) {
                let options = "block options, --classic and --no-trailer";
                message::error(&format!("{options} are for --format librsync"));
                return Ok(Exit::Usage);
            }
            if by_blocks && level.is_some() {
                message::error("--level is not for block options and --classic");
                return Ok(Exit::Usage);
            }
            let level = level.unwrap_or(LevelChoice::Default);
            let options = making.options();
            if by_blocks {
                diff_by_blocks(&old, &new, parameters, options, work, &output, verbosity)?;
            } else {
                let default = if of_librsync { Format::Librsync } else { Format::Layered };
                let format = format.unwrap_or(default);
                diff(&old, &new, (format, level), options, work, &output, verbosity)?;
            }
        }
        Command::Patch { basis, delta, max_output, require_trailer, max_memory, work, output } => {
            let after_end = if require_trailer { AfterEnd::Require } else { AfterEnd::Check };
            let options = PatchOptions::new().after_end(after_end).max_output_bytes(max_output);
            let of_layered =
                ApplyOptions::new().max_output_bytes(max_output).max_memory_bytes(max_memory);
            patch(&basis, &delta, (options, of_layered), work, &output, verbosity)?;
        }
        Command::Inspect { file, what } => {
            return inspect(Input::open(Some(&file))?, &what, verbosity.json);
        }
        Command::Verify { basis, delta, new } => {
            return verify(&basis, &delta, &new, verbosity);
        }
        Command::Push(args) => return push(&args, verbosity),
        Command::Pull(args) => return pull(&args, verbosity),
        Command::Serve(options) => serve(&options)?,
        Command::Generate { what } => generate(what)?,
    }
    Ok(Exit::Success)
}

/// Returns the names of the files that a command reads.
fn inputs(command: &Command) -> Vec<&OsStr> {
    match command {
        Command::Signature { basis, .. } => vec![basis],
        Command::Delta { signature, new, .. } => vec![signature, new],
        Command::Patch { basis, delta, .. } => vec![basis, delta],
        Command::Diff { old, new, .. } => vec![old, new],
        Command::Inspect { file, what } => [Some(file), what.basis.as_ref()]
            .into_iter()
            .flatten()
            .map(OsString::as_os_str)
            .collect(),
        Command::Verify { basis, delta, new } => vec![basis, delta, new],
        Command::Push(_) | Command::Pull(_) | Command::Serve(_) | Command::Generate { .. } => {
            vec![]
        }
    }
}

fn signature(
    basis: &OsStr,
    format: Format,
    parameters: Parameters,
    work: Work,
    output: &Output,
    verbosity: Verbosity,
) -> Result<()> {
    let basis = Input::open(Some(basis))?;
    let out = create_output(output, &[&basis])?;
    let report = Report::new("signature", verbosity, is_stdout(output));
    if matches!(format, Format::Layered) {
        return layered::signature(basis, out, work, &report, verbosity);
    }
    let params = choose_params(&basis, parameters, verbosity)?;
    let stats = produce(out, &basis, &basis, |out| {
        let mut progress = Progress::new("signature", regular_len(&basis.file), verbosity);
        parallel::signature(&basis.file, out, params, threads(work, &basis), &mut progress)
    })?;
    report.signature(&params, &stats)
}

fn delta(
    signature: &OsStr,
    new: &OsStr,
    making: &Making,
    work: Work,
    output: &Output,
    verbosity: Verbosity,
) -> Result<Exit> {
    let signature = Peeked::new(Input::open(Some(signature))?)?;
    let new = Input::open(Some(new))?;
    let is_layered = signature.is_layered_signature();
    if is_layered && (making.classic || making.no_trailer) {
        message::error("--classic and --no-trailer are for signatures of librsync's");
        return Ok(Exit::Usage);
    }
    let out = create_output(output, &[&signature.input, &new])?;
    let report = Report::new("delta", verbosity, is_stdout(output));
    if is_layered {
        layered::delta(signature, new, out, work, &report, verbosity)?;
        return Ok(Exit::Success);
    }
    let load = LoadOptions::new().expected_bytes(regular_len(&signature.input.file));
    let (signature, bytes) = signature.into_parts()?;
    let (loaded, _) = streams::load_signature(bytes, load, BufferSizes::default())
        .map_err(|error| error.in_file(&signature.name))?;
    say_params(loaded.params(), verbosity);
    let index = Index::new(loaded)?;
    finish_delta(index, &new, out, making.options(), work, &report, verbosity)?;
    Ok(Exit::Success)
}

fn diff(
    old: &OsStr,
    new: &OsStr,
    (format, level): (Format, LevelChoice),
    delta_options: DeltaOptions,
    work: Work,
    output: &Output,
    verbosity: Verbosity,
) -> Result<()> {
    let old = Input::open(Some(old))?;
    let new = Input::open(Some(new))?;
    let out = create_output(output, &[&old, &new])?;
    let report = Report::new("diff", verbosity, is_stdout(output));
    let options = MakeOptions::new().level(level.into()).threads(threads(work, &new));
    match format {
        Format::Layered => layered::diff(old, new, out, options, &report, verbosity),
        Format::Librsync => {
            layered::flatten(old, new, out, (options, delta_options), &report, verbosity)
        }
    }
}

fn diff_by_blocks(
    old: &OsStr,
    new: &OsStr,
    parameters: Parameters,
    options: DeltaOptions,
    work: Work,
    output: &Output,
    verbosity: Verbosity,
) -> Result<()> {
    let old = Input::open(Some(old))?;
    let new = Input::open(Some(new))?;
    let out = create_output(output, &[&old, &new])?;
    let params = choose_params(&old, parameters, verbosity)?;
    let report = Report::new("diff", verbosity, is_stdout(output));
    let mut progress = Progress::new("signature", regular_len(&old.file), verbosity);
    let index = parallel::index(&old.file, params, threads(work, &old), &mut progress)
        .map_err(|error| error.in_file(&old.name))?;
    drop(progress);
    finish_delta(index, &new, out, options, work, &report, verbosity)
}

fn finish_delta(
    index: Index,
    new: &Input,
    out: OutputFile,
    options: DeltaOptions,
    work: Work,
    report: &Report,
    verbosity: Verbosity,
) -> Result<()> {
    let index = Arc::new(index);
    let stats = produce(out, new, new, |out| {
        let mut progress = Progress::new("delta", regular_len(&new.file), verbosity);
        parallel::delta(index, &new.file, out, options, threads(work, new), &mut progress)
    })?;
    report.delta(&stats)
}

/// Returns how many threads work on an input.
pub fn threads(work: Work, input: &Input) -> usize {
    work.threads.map_or_else(Threads::auto, Threads::new).for_len(regular_len(&input.file))
}

fn patch(
    basis: &OsStr,
    delta: &OsStr,
    (options, of_layered): (PatchOptions, ApplyOptions),
    work: Work,
    output: &Output,
    verbosity: Verbosity,
) -> Result<()> {
    let basis = Input::open(Some(basis))?;
    let delta = Input::open(Some(delta))?;
    let out = create_output(output, &[&basis, &delta])?;
    let report = Report::new("patch", verbosity, is_stdout(output));
    let delta = Peeked::new(delta)?;
    if delta.is_layered() {
        let threads = threads(work, &basis);
        return layered::patch(basis, delta, out, of_layered, threads, &report, verbosity);
    }
    let basis = basis.into_seekable()?;
    let is_file = delta.is_whole();
    let (delta, whole) = delta.into_parts()?;
    let stats = produce(out, &delta, &basis, |out| {
        let mut progress = Progress::new("patch", None, verbosity);
        let buffers = BufferSizes::default();
        if is_file {
            patch_to(&basis.file, &delta.file, out, options, buffers, &mut progress)
        } else {
            streams::patch(&basis.file, whole, out, options, buffers, &mut progress)
        }
    })?;
    if verbosity.verbose && !stats.verified {
        message::warning("the delta has no trailer, so the result could not be verified");
    }
    report.patch(&stats)
}

fn verify(basis: &OsStr, delta: &OsStr, new: &OsStr, verbosity: Verbosity) -> Result<Exit> {
    let basis = Input::open(Some(basis))?.into_seekable()?;
    let delta = Peeked::new(Input::open(Some(delta))?)?;
    let new = Input::open(Some(new))?;
    let report = Report::new("verify", verbosity, false);
    let mut comparison =
        Comparison { expected: &new, same_bytes: 0, differs: false, unreadable: None };
    let delta_name = delta.input.name.clone();
    let result = if delta.is_layered() {
        layered::verify(&basis, delta, &mut comparison, verbosity).map(drop)
    } else {
        verify_delta(&basis, delta, &mut comparison, verbosity)
    };
    let names = Names { input: &delta_name, basis: &basis.name, output: &new.name };
    let same_bytes = comparison.same_bytes;
    let details = json!({ "same_bytes": same_bytes });
    if let Some(cause) = comparison.unreadable {
        return Err(Error::Io { action: IoAction::Read, cause }.in_file(&new.name));
    }
    let difference = match result {
        _ if comparison.differs => {
            format!("the result differs from {} at byte {same_bytes}", new.name.display())
        }
        Err(error) if Exit::from(&error) == Exit::Mismatch => names.blame(error).to_string(),
        Err(error) => return Err(names.blame(error)),
        Ok(_) if comparison.more_expected()? => {
            format!("the result is shorter than {}: {same_bytes} bytes", new.name.display())
        }
        Ok(_) => {
            report.verdict(true, details, "the delta gives exactly the new file")?;
            return Ok(Exit::Success);
        }
    };
    report.verdict(false, details, &difference)?;
    Ok(Exit::Different)
}

fn verify_delta(
    basis: &Input,
    delta: Peeked,
    result: impl Write,
    verbosity: Verbosity,
) -> Result<()> {
    let (_, delta) = delta.into_parts()?;
    let mut progress = Progress::new("verify", None, verbosity);
    let (options, buffers) = (PatchOptions::new(), BufferSizes::default());
    streams::patch(&basis.file, delta, result, options, buffers, &mut progress).map(drop)
}

/// Takes a result and compares it with the file it should be.
struct Comparison<'a> {
    expected: &'a Input,
    same_bytes: u64,
    differs: bool,
    /// Why the expected file cannot be read.
    unreadable: Option<io::Error>,
}

impl Comparison<'_> {
    fn more_expected(&self) -> Result<bool> {
        let left = (&self.expected.file)
            .read(&mut [0])
            .map_err(|cause| Error::Io { action: IoAction::Read, cause })
            .map_err(|error| error.in_file(&self.expected.name))?;
        Ok(left > 0)
    }
}

impl Write for Comparison<'_> {
    /// Fails at the first difference, which ends the patch.
    fn write(&mut self, result: &[u8]) -> io::Result<usize> {
        let mut expected = Vec::with_capacity(result.len());
        let mut file = (&self.expected.file).take(result.len() as u64);
        if let Err(error) = file.read_to_end(&mut expected) {
            self.unreadable = Some(error);
            return Err(io::Error::other("the expected file cannot be read"));
        }
        let same = result.iter().zip(&expected).take_while(|(a, b)| a == b).count();
        self.same_bytes += same as u64;
        if same < result.len() {
            self.differs = true;
            return Err(io::Error::other("the result differs"));
        }
        Ok(result.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn generate(what: Generate) -> Result<()> {
    let mut command = Cli::command();
    match what {
        Generate::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut command, "sigdelta", &mut script);
            message::print_line(String::from_utf8_lossy(&script).trim_end())
        }
        Generate::Man { directory } => clap_mangen::generate_to(command, &directory)
            .map_err(|cause| Error::Io { action: IoAction::Create, cause })
            .map_err(|error| error.in_file(directory)),
    }
}

fn choose_params(
    basis: &Input,
    parameters: Parameters,
    verbosity: Verbosity,
) -> Result<SignatureParams> {
    let basis_len = regular_len(&basis.file);
    let params = parameters.options().params(basis_len)?;
    let least = min_strong_len(basis_len, params.block_len());
    if let Some(StrongLen::Bytes(len)) = parameters.sum_size
        && len < least
        && !verbosity.quiet
    {
        message::warning(&format!(
            "{len} bytes of strong sum are too few for this file: {least} or more make false \
             matches unlikely"
        ));
    }
    say_params(&params, verbosity);
    Ok(params)
}

fn say_params(params: &SignatureParams, verbosity: Verbosity) {
    if verbosity.verbose {
        message::print_error_line(&format!(
            "{} and {}, block length {}, strong length {}",
            params.kind().weak.name(),
            params.kind().strong.name(),
            params.block_len(),
            params.strong_len()
        ));
    }
}

fn create_output(output: &Output, inputs: &[&Input]) -> Result<OutputFile> {
    if is_stdout(output) && !output.force && io::stdout().is_terminal() {
        let cause = io::Error::other("it is a terminal; use -o FILE, or --force to see the bytes");
        return Err(
            Error::Io { action: IoAction::Create, cause }.in_file(Path::new("standard output"))
        );
    }
    let existing = if output.force { Existing::Replace } else { Existing::Refuse };
    stream::create_output(output.path.as_deref(), existing, inputs)
}

fn is_stdout(output: &Output) -> bool {
    file_name(output.path.as_deref()).is_none()
}
