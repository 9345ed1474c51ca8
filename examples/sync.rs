//! Brings a file up to date over a connection: three messages, no file sent whole.
//!
//! cargo run --example sync OLD NEW
//!
//! The side with the old file sends its signature, the side with the new file answers with a delta,
//! the first side rebuilds the new file. Here both sides are threads and the connection is a pipe.

use std::error::Error;
use std::fs::File;
use std::io::{PipeReader, PipeWriter, pipe};
use std::path::PathBuf;

use sigdelta::io::{self, BufferSizes};
use sigdelta::{DeltaOptions, Index, LoadOptions, PatchOptions, SignatureOptions};

type Failure = Box<dyn Error + Send + Sync>;

fn main() -> Result<(), Failure> {
    let paths: Vec<PathBuf> = std::env::args_os().skip(1).map(Into::into).collect();
    let [old, new] = <[PathBuf; 2]>::try_from(paths).map_err(|_| "usage: sync OLD NEW")?;
    let (from_receiver, to_sender) = pipe()?;
    let (from_sender, to_receiver) = pipe()?;
    let sender = std::thread::spawn(move || send(new, from_receiver, to_receiver));
    let updated = receive(old, to_sender, from_sender)?;
    sender.join().map_err(|_| "the sender panicked")??;
    println!("the new file has {updated} bytes");
    Ok(())
}

/// The side that has the new file.
fn send(new: PathBuf, signature: PipeReader, delta: PipeWriter) -> Result<(), Failure> {
    // The signature comes from elsewhere: no more than 64 MiB of it.
    let load = LoadOptions::new().max_bytes(64 << 20);
    let (signature, _) = io::load_signature(signature, load, BufferSizes::default())?;
    let index = Index::new(signature)?;
    let options = DeltaOptions::new().trailer(true);
    let stats =
        io::delta(&index, File::open(new)?, delta, options, BufferSizes::default(), &mut ())?;
    println!("sent a delta of {} bytes for {} bytes", stats.out_bytes, stats.in_bytes);
    Ok(())
}

/// The side that has the old file; returns the length of the new one.
fn receive(old: PathBuf, signature: PipeWriter, delta: PipeReader) -> Result<u64, Failure> {
    let old = File::open(old)?;
    let params = SignatureOptions::new().params(Some(old.metadata()?.len()))?;
    let stats = io::signature(&old, signature, params, BufferSizes::default(), &mut ())?;
    println!("sent a signature of {} bytes", stats.out_bytes);
    let mut new = Vec::new();
    // The delta comes from elsewhere, too: a result of at most 1 GiB.
    let options = PatchOptions::new().max_output_bytes(1 << 30);
    let basis = io::SeekBasis::new(&old);
    io::patch(basis, delta, &mut new, options, BufferSizes::default(), &mut ())?;
    Ok(new.len() as u64)
}
