//! The qbsdiff crate as a command on whole files, one thread.
//!
//! Its functions take slices, so the inputs are mapped, as in the command for fast_rsync.

use std::error::Error;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::process::ExitCode;

use memmap2::Mmap;
use qbsdiff::{Bsdiff, Bspatch, ParallelScheme};

const USAGE: &str = "usage: qbsdiff diff OLD NEW PATCH
       qbsdiff patch OLD PATCH NEW";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match run(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("qbsdiff: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &[&str]) -> Result<(), Box<dyn Error>> {
    match *args {
        ["diff", old, new, patch] => {
            let mut output = create(patch)?;
            Bsdiff::new(&map(old)?, &map(new)?)
                .parallel_scheme(ParallelScheme::Never)
                .compare(&mut output)?;
            output.flush()?;
        }
        ["patch", old, patch, new] => {
            let mut output = create(new)?;
            Bspatch::new(&map(patch)?)?.apply(&map(old)?, &mut output)?;
            output.flush()?;
        }
        _ => return Err(USAGE.into()),
    }
    Ok(())
}

fn create(path: &str) -> std::io::Result<BufWriter<File>> {
    Ok(BufWriter::with_capacity(256 << 10, File::create(path)?))
}

fn map(path: &str) -> std::io::Result<Mmap> {
    // SAFETY: nothing changes the inputs while the benchmark runs.
    unsafe { Mmap::map(&File::open(path)?) }
}
