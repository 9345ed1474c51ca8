//! What the command tests use: our programs, Debian's rdiff, folders of files, pseudo-random bytes.
#![allow(dead_code)] // no test uses all of it

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

pub const RDIFF: &str = env!("CARGO_BIN_EXE_rdiff");
pub const SIGDELTA: &str = env!("CARGO_BIN_EXE_sigdelta");

/// The hash options of the four kinds.
pub const KINDS: [[&str; 4]; 4] = [
    ["-H", "blake2", "-R", "rabinkarp"],
    ["-H", "md4", "-R", "rabinkarp"],
    ["-H", "blake2", "-R", "rollsum"],
    ["-H", "md4", "-R", "rollsum"],
];

/// Returns C librsync's rdiff (Debian package `rdiff`), or None where it is not installed; in CI it
/// must be there.
pub fn peer_rdiff() -> Option<PathBuf> {
    let peer = std::env::var_os("SIGDELTA_PEER_RDIFF").unwrap_or_else(|| "/usr/bin/rdiff".into());
    let peer = PathBuf::from(peer);
    if peer.exists() {
        return Some(peer);
    }
    assert!(std::env::var_os("CI").is_none(), "rdiff is not installed");
    eprintln!("skipped: rdiff is not installed");
    None
}

/// Runs a program in a folder with some bytes on standard input.
pub fn run_with_input(
    program: impl AsRef<Path>,
    folder: &Path,
    args: &[&str],
    input: &[u8],
) -> Output {
    let mut child = Command::new(program.as_ref())
        .args(args)
        .current_dir(folder)
        .env("LC_ALL", "C")
        .env_remove("POSIXLY_CORRECT")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    let feeder = std::thread::spawn(move || {
        // A program that ends early does not read all of it.
        let _ = stdin.write_all(&input);
    });
    let output = child.wait_with_output().unwrap();
    feeder.join().unwrap();
    output
}

/// Runs a program in a folder with empty standard input.
pub fn run(program: impl AsRef<Path>, folder: &Path, args: &[&str]) -> Output {
    run_with_input(program, folder, args, b"")
}

/// Runs a program that must succeed and returns its standard output.
pub fn run_ok(program: impl AsRef<Path>, folder: &Path, args: &[&str]) -> Vec<u8> {
    let output = run(program, folder, args);
    assert!(output.status.success(), "{args:?}: {output:?}");
    output.stdout
}

/// Returns the exit status; a signal counts as 128 and its number, as in a shell.
pub fn status(output: &Output) -> i32 {
    use std::os::unix::process::ExitStatusExt;
    output.status.code().unwrap_or_else(|| 128 + output.status.signal().unwrap())
}

pub fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

pub fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The names in a folder, sorted.
pub fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// Returns pseudo-random bytes, the same for the same seed.
pub fn noise(seed: u64, len: usize) -> Vec<u8> {
    let mut x = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut bytes = Vec::with_capacity(len + 8);
    while bytes.len() < len {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        bytes.extend(x.to_le_bytes());
    }
    bytes.truncate(len);
    bytes
}

/// An old file and a new one with edits of every kind.
pub fn pair(seed: u64, len: usize) -> (Vec<u8>, Vec<u8>) {
    let old = noise(seed, len);
    let part = |from: usize, to: usize| &old[len * from / 16..len * to / 16];
    let new = [
        part(0, 3),
        b"an insertion",
        part(3, 5),
        &part(5, 6)[part(5, 6).len() / 2..],
        part(9, 12),
        &vec![0; len / 32],
        part(6, 9),
        &noise(seed + 1, len / 16),
        part(2, 4),
        part(13, 16),
    ]
    .concat();
    (old, new)
}
