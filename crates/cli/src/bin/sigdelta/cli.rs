//! The command line: every option and its help, from which man pages and completions are made.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum, ValueHint};
use clap_complete::Shell;
use sigdelta::layered::PatchLevel;
use sigdelta::{DeltaOptions, SignatureKind, SignatureOptions, StrongHash, StrongLen, WeakHash};

use crate::exit;
use crate::pull::PullArgs;
use crate::push::PushArgs;

/// Differences of large files: layered patches, and signatures and deltas in librsync's format
///
/// FILE arguments may be "-" for standard input; without -o the result goes to standard output.
/// Outputs appear complete or not at all.
#[derive(Debug, Parser)]
#[command(name = "sigdelta", version, after_long_help = exit::TABLE, max_term_width = 100)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
    #[command(flatten)]
    pub verbosity: Verbosity,
}

/// What is said beside the result.
#[derive(Args, Clone, Copy, Debug)]
pub struct Verbosity {
    /// Say nothing but errors
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// Say more: the parameters that were chosen
    #[arg(short, long, global = true, conflicts_with = "quiet")]
    pub verbose: bool,
    /// Say on standard error what was done: bytes, commands, matches, time
    #[arg(long, global = true)]
    pub stats: bool,
    /// Print what was done or found as JSON: on standard output, or on standard error if the
    /// result goes there
    #[arg(long, global = true)]
    pub json: bool,
    /// Show no progress bar; there is one only on a terminal and for work over half a second
    #[arg(long, global = true)]
    pub no_progress: bool,
    /// Colour messages
    #[arg(long, global = true, value_enum, value_name = "WHEN", default_value_t = Color::Auto)]
    pub color: Color,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Color {
    Auto,
    Always,
    Never,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Describe a file by the sums of its blocks
    ///
    /// The signature is some thousandths of the file and all that is needed to make a delta
    /// against it. A layered one is shorter, finds what moved by any number of bytes, and makes delta
    /// give a layered patch.
    #[command(visible_alias = "sig")]
    Signature {
        /// The file to describe
        #[arg(value_hint = ValueHint::FilePath)]
        basis: OsString,
        /// Format of the signature; block options are for librsync
        #[arg(long, value_enum, default_value_t = Format::Librsync)]
        format: Format,
        #[command(flatten)]
        parameters: Parameters,
        #[command(flatten)]
        work: Work,
        #[command(flatten)]
        output: Output,
    },
    /// Find what a new file shares with the basis of a signature
    ///
    /// Against a signature of librsync's the result is a delta, against a layered one a layered patch;
    /// patch applies either.
    Delta {
        /// The signature of the basis
        #[arg(value_hint = ValueHint::FilePath)]
        signature: OsString,
        /// The new file
        #[arg(value_hint = ValueHint::FilePath)]
        new: OsString,
        #[command(flatten)]
        making: Making,
        #[command(flatten)]
        work: Work,
        #[command(flatten)]
        output: Output,
    },
    /// Rebuild the new file from basis and delta or layered patch
    ///
    /// What kind of file it is shows by its first bytes. A wrong result is refused: by a layered patch
    /// always, by a delta if it has a trailer, as those of this program have.
    Patch {
        /// The file the delta was made against
        #[arg(value_hint = ValueHint::FilePath)]
        basis: OsString,
        /// The delta or layered patch
        #[arg(value_hint = ValueHint::FilePath)]
        delta: OsString,
        /// Refuse a delta whose result would be longer
        #[arg(long, value_name = "SIZE", value_parser = size)]
        max_output: Option<u64>,
        /// Refuse a delta without a trailer, since its result cannot be verified
        #[arg(long)]
        require_trailer: bool,
        /// Refuse a layered patch that needs more memory for each thread
        #[arg(long, value_name = "SIZE", value_parser = size, default_value = "64MiB")]
        max_memory: u64,
        #[command(flatten)]
        work: Work,
        #[command(flatten)]
        output: Output,
    },
    /// Find the difference between two files at hand
    ///
    /// A layered patch is the smallest and verifies itself. A librsync delta is for receivers that
    /// have nothing but rdiff patch; it may copy any bytes, so it is smaller than one against a
    /// signature. With block options it is the one that signature and delta would give.
    Diff {
        /// The old file, the basis
        #[arg(value_hint = ValueHint::FilePath)]
        old: OsString,
        /// The new file
        #[arg(value_hint = ValueHint::FilePath)]
        new: OsString,
        /// Format of the result [default: layered, or librsync with block options,
        /// --classic or --no-trailer]
        #[arg(long, value_enum)]
        format: Option<Format>,
        /// How small it shall be, and how soon done; not with block options or --classic
        /// [default: default]
        #[arg(long, value_enum)]
        level: Option<LevelChoice>,
        #[command(flatten)]
        parameters: Parameters,
        #[command(flatten)]
        making: Making,
        #[command(flatten)]
        work: Work,
        #[command(flatten)]
        output: Output,
    },
    /// Say what a file is: signature, delta or layered patch, its parameters and counts
    Inspect {
        /// The file
        #[arg(value_hint = ValueHint::FilePath)]
        file: OsString,
        #[command(flatten)]
        what: Inspected,
    },
    /// Check that a delta or layered patch turns the basis into the new file
    Verify {
        /// The basis
        #[arg(value_hint = ValueHint::FilePath)]
        basis: OsString,
        /// The delta
        #[arg(value_hint = ValueHint::FilePath)]
        delta: OsString,
        /// What should come out
        #[arg(value_hint = ValueHint::FilePath)]
        new: OsString,
    },
    /// Bring a file to a server, by sending little more than what changed
    ///
    /// What the server has at URL is replaced as a whole or not at all, and never by anything but
    /// FILE. The server is one of sigdelta serve, or another that speaks its protocol.
    Push(Box<PushArgs>),
    /// Bring a file from a server, by receiving little more than what changed
    ///
    /// If FILE is there it is the old version. It is replaced as a whole or not at all, and never by
    /// anything but what the server has at URL.
    Pull(Box<PullArgs>),
    /// Serve the files of a folder over HTTP, and take deltas for them
    ///
    /// A file DIR/KEY is the resource http://ADDR:PORT/v1/o/KEY, for "sigdelta push" and "pull", for
    /// curl, and for any program that speaks docs/protocol.md. What else the server keeps is in
    /// DIR/.sigdelta.
    Serve(Serve),
    /// Print shell completions or write man pages, for packagers
    #[command(hide = true)]
    Generate {
        #[command(subcommand)]
        what: Generate,
    },
}

/// What a server serves, to whom, and how much of it.
#[derive(Args, Debug)]
pub struct Serve {
    /// The folder; it is made if it does not exist
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub root: PathBuf,
    /// Where to listen; port 0 takes any that is free
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:7373")]
    pub listen: SocketAddr,
    /// Who may do what: a file of lines "read TOKEN" and "write TOKEN"; without it everybody may do
    /// everything
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub token_file: Option<PathBuf>,
    /// Secure connections by a chain of certificates, in PEM
    #[arg(long, value_name = "FILE", requires = "tls_key", value_hint = ValueHint::FilePath)]
    pub tls_cert: Option<PathBuf>,
    /// The key of the certificate, in PEM
    #[arg(long, value_name = "FILE", requires = "tls_cert", value_hint = ValueHint::FilePath)]
    pub tls_key: Option<PathBuf>,
    /// Listen where others than this machine can connect even without tokens or TLS, as behind a proxy;
    /// answer to any name of a host
    #[arg(long)]
    pub insecure: bool,
    /// Keep so many earlier versions of each file, from which those who have one get a patch
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    pub keep_versions: usize,
    /// Most bytes of all earlier versions
    #[arg(long, value_name = "SIZE", value_parser = size, default_value = "1GiB")]
    pub max_versions: u64,
    /// Longest file
    #[arg(long, value_name = "SIZE", value_parser = size, default_value = "16GiB")]
    pub max_result: u64,
    /// Longest delta or patch
    #[arg(long, value_name = "SIZE", value_parser = size, default_value = "4GiB")]
    pub max_delta: u64,
    /// Longest signature, sent or received
    #[arg(long, value_name = "SIZE", value_parser = size, default_value = "64MiB")]
    pub max_signature: u64,
    /// Most bytes of signatures and patches that are kept to be given out again
    #[arg(long, value_name = "SIZE", value_parser = size, default_value = "1GiB")]
    pub max_cache: u64,
    /// Most signatures, deltas and patches that are worked at at a time [default: one for each processor]
    #[arg(long, value_name = "NUMBER")]
    pub jobs: Option<usize>,
    /// Most requests at a time
    #[arg(long, value_name = "NUMBER", default_value_t = 256)]
    pub max_requests: usize,
    /// Most connections at a time
    #[arg(long, value_name = "NUMBER", default_value_t = 1024)]
    pub max_connections: usize,
    /// Give a connection up when no byte comes or goes for so many seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=1_000_000_000))]
    pub idle_timeout: u64,
    /// Give a signature, delta or patch up after so many seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 600, value_parser = clap::value_parser!(u64).range(1..=1_000_000_000))]
    pub work_timeout: u64,
    /// Keep uploads that are not complete for so many hours
    #[arg(long, value_name = "HOURS", default_value_t = 24, value_parser = clap::value_parser!(u64).range(1..=1_000_000_000))]
    pub upload_expiry: u64,
    /// How the log on standard error looks; the environment variable SIGDELTA_LOG sets what is in it,
    /// such as "warn" or "debug"
    #[arg(long, value_enum, default_value_t = LogFormat::Text)]
    pub log_format: LogFormat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    Text,
    Json,
}

#[derive(Debug, Subcommand)]
pub enum Generate {
    /// Print the completions of a shell
    Completions { shell: Shell },
    /// Write the man pages of all commands into a directory
    Man { directory: PathBuf },
}

/// Where a result goes.
#[derive(Args, Debug)]
pub struct Output {
    /// Write to FILE instead of standard output
    #[arg(short = 'o', long = "output", value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub path: Option<OsString>,
    /// Replace FILE if it exists; write to a terminal
    #[arg(short, long)]
    pub force: bool,
}

/// Parameters of a signature.
#[derive(Args, Clone, Copy, Debug)]
pub struct Parameters {
    /// Block length, such as 512, 64k or 1MiB [default: about the square root of the file's length]
    #[arg(short, long, value_name = "SIZE", value_parser = block_size, allow_hyphen_values = true)]
    pub block_size: Option<u32>,
    /// Bytes kept of each strong sum: a number, max, or min for as few as are safe [default: max]
    #[arg(
        short = 'S',
        long,
        value_name = "LENGTH",
        value_parser = strong_len,
        allow_hyphen_values = true
    )]
    pub sum_size: Option<StrongLen>,
    /// Strong sum [default: blake2]
    #[arg(short = 'H', long, value_enum)]
    pub hash: Option<Hash>,
    /// Weak sum [default: rabinkarp]
    #[arg(short = 'R', long, value_enum)]
    pub rollsum: Option<Rollsum>,
}

impl Parameters {
    pub fn options(&self) -> SignatureOptions {
        let kind = SignatureKind {
            weak: match self.rollsum {
                Some(Rollsum::Rabinkarp) | None => WeakHash::RabinKarp,
                Some(Rollsum::Rollsum) => WeakHash::Rollsum,
            },
            strong: match self.hash {
                Some(Hash::Blake2) | None => StrongHash::Blake2b,
                Some(Hash::Md4) => StrongHash::Md4,
            },
        };
        let strong_len = self.sum_size.unwrap_or(StrongLen::Max);
        SignatureOptions::new().kind(kind).block_len(self.block_size).strong_len(strong_len)
    }

    /// Returns true if any of them was named.
    pub fn any(&self) -> bool {
        let Parameters { block_size, sum_size, hash, rollsum } = self;
        block_size.is_some() || sum_size.is_some() || hash.is_some() || rollsum.is_some()
    }
}

/// What is said about a file.
#[derive(Args, Debug)]
pub struct Inspected {
    /// List the commands of a delta or the stretches of a layered patch; with --json one object per
    /// line, the summary last
    #[arg(long)]
    pub commands: bool,
    /// Draw where the bytes of a layered patch's result come from
    #[arg(long, conflicts_with = "json")]
    pub map: bool,
    /// Write that drawing as SVG into a file
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub svg: Option<PathBuf>,
    /// Replace that file if it exists
    #[arg(short, long)]
    pub force: bool,
    /// The basis, without which some patches do not tell their stretches
    #[arg(long, value_name = "OLD", value_hint = ValueHint::FilePath)]
    pub basis: Option<OsString>,
}

impl Inspected {
    /// Returns true if something is asked for that layered patches alone have.
    pub fn of_layered(&self) -> bool {
        self.map || self.svg.is_some() || self.basis.is_some()
    }
}

/// How the work is done; the result does not depend on it.
#[derive(Args, Clone, Copy, Debug)]
pub struct Work {
    /// Threads to use [default: $SIGDELTA_THREADS, or 0: for files over 64 MiB all of the machine,
    /// up to 8, else one]
    #[arg(short = 'T', long, value_name = "NUMBER")]
    pub threads: Option<usize>,
}

/// What a delta is like.
#[derive(Args, Clone, Copy, Debug)]
pub struct Making {
    /// Leave out the trailer with the digest of the new file
    #[arg(long)]
    pub no_trailer: bool,
    /// Choose the commands as rdiff does, even if the delta is larger; with --no-trailer it is
    /// rdiff's, byte for byte
    #[arg(long)]
    pub classic: bool,
}

impl Making {
    pub fn options(&self) -> DeltaOptions {
        DeltaOptions::new().trailer(!self.no_trailer).smaller(!self.classic)
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Hash {
    Blake2,
    Md4,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Rollsum {
    Rabinkarp,
    Rollsum,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Format {
    /// Our own: the smallest
    Layered,
    /// For every rdiff
    Librsync,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum LevelChoice {
    /// Soon done
    Fast,
    /// Small, and fast to apply
    Default,
    /// As small as can be, and slow on what changed, both ways
    Max,
}

impl From<LevelChoice> for PatchLevel {
    fn from(choice: LevelChoice) -> Self {
        match choice {
            LevelChoice::Fast => PatchLevel::Fast,
            LevelChoice::Default => PatchLevel::Default,
            LevelChoice::Max => PatchLevel::Max,
        }
    }
}

/// Reads a size: `k`, `M`, `G`, `T` and `KiB` and so on count in 1024, `kB` and so on in 1000.
fn size(text: &str) -> Result<u64, String> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let unit = unit.trim_start().to_ascii_lowercase();
    let (prefix, base) = match unit.strip_suffix("ib").or(unit.strip_suffix('i')) {
        Some(prefix) if !prefix.is_empty() => (prefix, 1024u64),
        Some(_) => return Err(format!("unknown unit '{unit}'")),
        None => match unit.strip_suffix('b') {
            Some(prefix) => (prefix, 1000),
            None => (unit.as_str(), 1024),
        },
    };
    let power = match prefix {
        "" => 0,
        "k" => 1,
        "m" => 2,
        "g" => 3,
        "t" => 4,
        _ => {
            return Err(format!("unknown unit '{unit}'; use k, M, G, T, KiB or kB and so on"));
        }
    };
    let number: u64 =
        number.parse().map_err(|_| "not a number with an optional unit".to_owned())?;
    number.checked_mul(base.pow(power)).ok_or_else(|| "too large".to_owned())
}

fn block_size(text: &str) -> Result<u32, String> {
    size(text)?.try_into().map_err(|_| "too large".to_owned())
}

fn strong_len(text: &str) -> Result<StrongLen, String> {
    match text {
        // As rdiff writes them.
        "max" | "0" => Ok(StrongLen::Max),
        "min" | "-1" => Ok(StrongLen::Min),
        _ => text.parse().map(StrongLen::Bytes).map_err(|_| "not a number, max or min".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn sizes_count_in_1024_unless_they_say_b() {
        for (text, bytes) in [
            ("0", 0),
            ("512", 512),
            ("512B", 512),
            ("64k", 65536),
            ("64K", 65536),
            ("64KiB", 65536),
            ("64 Ki", 65536),
            ("64kB", 64000),
            ("1MiB", 1 << 20),
            ("3G", 3 << 30),
            ("2TB", 2_000_000_000_000),
        ] {
            assert_eq!(size(text), Ok(bytes), "{text}");
        }
        for text in ["", "k", "-1", "1.5M", "1X", "1iB", "99999999999999999999", "99999999T"] {
            assert!(size(text).is_err(), "{text}");
        }
    }

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
