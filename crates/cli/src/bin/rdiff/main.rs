//! rdiff: signature, delta and patch of librsync's rdiff, with its options, words and exit status.
//!
//! It differs where C librsync loses data: outputs appear complete or not at all, a full disk is an
//! error, an output must not be an input, and a wrong result of a delta with a trailer is refused.

mod args;
mod messages;

use std::ffi::{OsStr, OsString};
use std::fmt::Display;
use std::io::Write;
use std::process::ExitCode;
use std::sync::Arc;

use args::{Args, Complaint, Request};
use messages::{Clock, job_failure};
use sigdelta::file::{Existing, OutputFile, patch_to, regular_len};
use sigdelta::io::{self, BufferSizes};
use sigdelta::librsync::{MatchStatistics, Statistics, result_text, system_text};
use sigdelta::parallel::{self, Threads};
use sigdelta::{
    AfterEnd, DeltaOptions, Error, ErrorKind, Index, IoAction, LoadOptions, PatchOptions,
    SignatureKind, SignatureOptions, SignatureParams, Strictness, StrongHash, StrongLen, WeakHash,
    min_strong_len, recommended_block_len,
};
use sigdelta_cli::interrupt;
use sigdelta_cli::stream::{Input, create_output, is_broken_pipe, produce};

const SYNTAX_ERROR: u8 = 101;
/// Larger buffers than this gain nothing.
const MAX_BUFFER: i32 = 64 << 20;

const VERSION: &str = concat!(
    "rdiff (librsync 2.3.4 compatible, sigdelta ",
    env!("CARGO_PKG_VERSION"),
    ")
Copyright (C) 2026 the sigdelta authors
Capabilities: 64 bit files

Comes with no warranty. Licence: MIT or Apache-2.0, at your choice.
"
);

/// Why a run ends early; what there is to say has been said.
struct Exit(u8);

fn main() -> ExitCode {
    interrupt::watch();
    let options_first = std::env::var_os("POSIXLY_CORRECT").is_some();
    let request = args::parse(std::env::args_os().skip(1), options_first);
    let result = std::panic::catch_unwind(|| match request {
        Ok(Request::Help) => print(include_str!("help.txt")),
        Ok(Request::Version) => print(VERSION),
        Ok(Request::Run(args)) => run(&args),
        Err(Complaint { text, argument }) => {
            Err(usage_error(&format!("{text}: {}", argument.display())))
        }
    });
    match result {
        Ok(Ok(())) => ExitCode::SUCCESS,
        Ok(Err(Exit(status))) => ExitCode::from(status),
        // A panic would end with 101, which is a bad command line here.
        Err(_) => ExitCode::from(ErrorKind::Internal.code() as u8),
    }
}

fn print(text: &str) -> Result<(), Exit> {
    let mut stdout = std::io::stdout().lock();
    stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()).map_err(|_| Exit(100))
}

fn run(args: &Args) -> Result<(), Exit> {
    let Some((action, files)) = args.words.split_first() else {
        return Err(no_action());
    };
    let action = action.to_string_lossy();
    if "signature".starts_with(&*action) {
        signature(args, files)
    } else if "delta".starts_with(&*action) {
        delta(args, files)
    } else if "patch".starts_with(&*action) {
        patch(args, files)
    } else {
        Err(no_action())
    }
}

fn signature(args: &Args, files: &[OsString]) -> Result<(), Exit> {
    let basis = Input::open(file(files, 0)).map_err(|error| cannot_open(&error))?;
    let output = open_output(args, files, 1, &[&basis])?;
    too_many(files, 2)?;
    let kind = SignatureKind {
        strong: match args.hash.as_deref().map(OsStr::to_string_lossy).as_deref() {
            None | Some("blake2") => StrongHash::Blake2b,
            Some("md4") => StrongHash::Md4,
            Some(other) => {
                return Err(usage_error(&format!("Unknown hash algorithm '{other}'.")));
            }
        },
        weak: match args.rollsum.as_deref().map(OsStr::to_string_lossy).as_deref() {
            None | Some("rabinkarp") => WeakHash::RabinKarp,
            Some("rollsum") => WeakHash::Rollsum,
            Some(other) => {
                return Err(usage_error(&format!("Unknown rollsum algorithm '{other}'.")));
            }
        },
    };
    let params = signature_params(args, kind, regular_len(&basis.file))?;
    verbose(
        args,
        &format!(
            "signature: {} and {}, block length {}, strong length {}",
            kind.weak.name(),
            kind.strong.name(),
            params.block_len(),
            params.strong_len()
        ),
    );

    let clock = Clock::start();
    let stats = produce(output, &basis, &basis, |output| match threads(args, &basis) {
        Some(threads) => parallel::signature(&basis.file, output, params, threads, &mut ()),
        None => io::signature(&basis.file, output, params, buffers(args)?, &mut ()),
    })
    .map_err(|error| job_failed("signature", &error))?;
    statistics(args, line("signature", &clock).signature(&stats));
    Ok(())
}

/// Chooses the parameters by librsync's rule, with its complaints.
fn signature_params(
    args: &Args,
    kind: SignatureKind,
    basis_len: Option<u64>,
) -> Result<SignatureParams, Exit> {
    let block_len = match u32::try_from(args.block_size) {
        Ok(0) => recommended_block_len(basis_len),
        Ok(len) => len,
        Err(_) => {
            return Err(usage_error(&format!("invalid block size: {}", args.block_size)));
        }
    };
    let strong_len = match args.sum_size {
        0 => StrongLen::Max,
        -1 => StrongLen::Min,
        len => StrongLen::Bytes(len as u32),
    };
    if let (StrongLen::Bytes(len), Some(basis_len)) = (strong_len, basis_len) {
        let least = min_strong_len(Some(basis_len), block_len);
        if len < least {
            log(&format!(
                "Warning: (rs_sig_args) strong_len={len} smaller than recommended minimum {least} \
                 for old_fsize={basis_len} with block_len={block_len}"
            ));
        }
    }
    let options = SignatureOptions::new().kind(kind).block_len(block_len).strong_len(strong_len);
    options.params(basis_len).map_err(|error| {
        log(&format!(
            "ERROR: (rs_sig_args) invalid strong_len={} for magic={:#x}",
            args.sum_size as isize as usize,
            kind.magic()
        ));
        failed(&error)
    })
}

fn delta(args: &Args, files: &[OsString]) -> Result<(), Exit> {
    if files.is_empty() {
        return Err(usage_error(
            "Usage for delta: rdiff [OPTIONS] delta SIGNATURE [NEWFILE [DELTA]]",
        ));
    }
    let signature = Input::open(file(files, 0)).map_err(|error| cannot_open(&error))?;
    let new = Input::open(file(files, 1)).map_err(|error| cannot_open(&error))?;
    let output = open_output(args, files, 2, &[&signature, &new])?;
    too_many(files, 3)?;

    let clock = Clock::start();
    let load = LoadOptions::new()
        .strictness(Strictness::Librsync)
        .expected_bytes(regular_len(&signature.file));
    let (loaded, stats) = buffers(args)
        .and_then(|buffers| io::load_signature(&signature.file, load, buffers))
        .map_err(|error| job_failed("loadsig", &error.in_file(&signature.name)))?;
    statistics(args, line("loadsig", &clock).signature(&stats));
    let params = *loaded.params();
    verbose(
        args,
        &format!(
            "delta: {} and {}, {} blocks of {} bytes, strong length {}",
            params.kind().weak.name(),
            params.kind().strong.name(),
            loaded.blocks(),
            params.block_len(),
            params.strong_len()
        ),
    );

    let index = Arc::new(Index::new(loaded).map_err(|error| failed(&error))?);
    let clock = Clock::start();
    let options = DeltaOptions::new();
    let stats = produce(output, &new, &new, |output| match threads(args, &new) {
        Some(threads) => {
            parallel::delta(Arc::clone(&index), &new.file, output, options, threads, &mut ())
        }
        None => io::delta(&index, &new.file, output, options, buffers(args)?, &mut ()),
    })
    .map_err(|error| job_failed("delta", &error))?;
    statistics(args, MatchStatistics(stats.search));
    let line = line("delta", &clock).commands(&stats.commands);
    statistics(args, line.bytes(stats.in_bytes, stats.out_bytes));
    Ok(())
}

fn patch(args: &Args, files: &[OsString]) -> Result<(), Exit> {
    if files.is_empty() {
        return Err(usage_error("Usage for patch: rdiff [OPTIONS] patch BASIS [DELTA [NEW]]"));
    }
    let basis = Input::open(file(files, 0)).map_err(|error| cannot_open(&error))?;
    let delta = Input::open(file(files, 1)).map_err(|error| cannot_open(&error))?;
    let output = open_output(args, files, 2, &[&basis, &delta])?;
    too_many(files, 3)?;

    let clock = Clock::start();
    let basis = basis.into_seekable().map_err(|error| job_failed("patch", &error))?;
    let stats = produce(output, &delta, &basis, |output| {
        // From one pipe to another all would have to be hashed in case that a trailer follows, which
        // costs more than the patch.
        let verify = output.temporary_path().is_some() || regular_len(&delta.file).is_some();
        let options = PatchOptions::new().after_end(AfterEnd::Tolerate).verify(verify);
        patch_to(&basis.file, &delta.file, output, options, buffers(args)?, &mut ())
    })
    .map_err(|error| job_failed("patch", &error))?;
    if stats.verified {
        verbose(args, "patch: the result was verified by the trailer of the delta");
    } else if stats.trailer.is_some() {
        complain(
            "warning: result not compared with the trailer of the delta; use `sigdelta patch'",
        );
    }
    let line = line("patch", &clock).commands(&stats.commands);
    statistics(args, line.bytes(stats.in_bytes, stats.out_bytes));
    Ok(())
}

fn file(files: &[OsString], position: usize) -> Option<&OsStr> {
    files.get(position).map(OsString::as_os_str)
}

fn open_output(
    args: &Args,
    files: &[OsString],
    position: usize,
    inputs: &[&Input],
) -> Result<OutputFile, Exit> {
    let existing = if args.force { Existing::Replace } else { Existing::Refuse };
    create_output(file(files, position), existing, inputs).map_err(|error| cannot_open(&error))
}

fn too_many(files: &[OsString], most: usize) -> Result<(), Exit> {
    if files.len() > most { Err(usage_error("Too many arguments.")) } else { Ok(()) }
}

/// Returns how many threads work on an input, None if buffers of certain sizes are asked for.
fn threads(args: &Args, input: &Input) -> Option<usize> {
    let any_size = args.input_size == 0 && args.output_size == 0;
    any_size.then(|| Threads::auto().for_len(regular_len(&input.file)))
}

fn buffers(args: &Args) -> sigdelta::Result<BufferSizes> {
    let size = |size: i32| match size {
        0 => Ok(None),
        1.. => Ok(Some(size.min(MAX_BUFFER) as usize)),
        _ => Err(Error::Io {
            action: IoAction::Read,
            cause: std::io::Error::other(format!("buffer size {size} is negative")),
        }),
    };
    Ok(BufferSizes { input: size(args.input_size)?, output: size(args.output_size)? })
}

/// Says in librsync's words why a file cannot be opened, created or put in place.
fn cannot_open(error: &Error) -> Exit {
    let (Error::File { path, .. }, Error::Io { action, cause }) = (error, error.without_file())
    else {
        return failed(error);
    };
    let name = path.display();
    match (action, cause.kind()) {
        (IoAction::Create | IoAction::Replace, std::io::ErrorKind::AlreadyExists) => {
            log(&format!("ERROR: (rs_file_open) File exists \"{name}\", aborting!"));
        }
        (action, _) => {
            let mode = if *action == IoAction::Open { "read" } else { "write" };
            let words = system_text(cause);
            log(&format!("ERROR: (rs_file_open) Error opening \"{name}\" for {mode}: {words}"));
        }
    }
    Exit(100)
}

fn job_failed(job: &str, error: &Error) -> Exit {
    if is_broken_pipe(error) {
        interrupt::die_of_broken_pipe();
    }
    if matches!(error.without_file(), Error::Io { action: IoAction::Replace, .. }) {
        return cannot_open(error);
    }
    for line in job_failure(job, error) {
        log(&format!("ERROR: {line}"));
    }
    failed(error)
}

fn failed(error: &Error) -> Exit {
    complain(&error.to_string());
    complain(&format!("Failed, {}.", result_text(error.kind().code())));
    Exit(error.kind().code() as u8)
}

fn no_action() -> Exit {
    usage_error("You must specify an action: `signature', `delta', or `patch'.")
}

fn usage_error(text: &str) -> Exit {
    complain(text);
    complain_raw("\nTry `rdiff --help' for more information.");
    Exit(SYNTAX_ERROR)
}

fn line<'a>(op: &'a str, clock: &Clock) -> Statistics<'a> {
    Statistics { op, seconds: clock.seconds(), ..Default::default() }
}

fn statistics(args: &Args, line: impl Display) {
    if args.statistics {
        log(&line.to_string());
    }
}

fn verbose(args: &Args, line: &str) {
    if args.verbose {
        complain(line);
    }
}

fn log(line: &str) {
    complain_raw(&format!("librsync: {line}"));
}

fn complain(line: &str) {
    complain_raw(&format!("rdiff: {line}"));
}

/// Unlike eprintln, does not panic when nobody listens.
fn complain_raw(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}
