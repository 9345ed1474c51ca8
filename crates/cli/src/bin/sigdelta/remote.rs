//! What push and pull share: options of the connection, news on the terminal, reports, exit status.

use std::fs;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use clap::{Args, ValueEnum, ValueHint};
use indicatif::HumanBytes;
use serde_json::{Value, json};
use sigdelta::parallel::Threads;
use sigdelta::{IoAction, Result};
use sigdelta_cli::interrupt;
use sigdelta_remote::client::{
    self, Choice, Client, ClientOptions, Method, Report, Stage, Traffic, TreeReport, Watcher,
};

use crate::cli::{Verbosity, Work};
use crate::exit::Exit;
use crate::message;
use crate::progress::Progress;

/// Where the token is if no file is named.
const TOKEN: &str = "SIGDELTA_TOKEN";

/// How a server is reached.
#[derive(Args, Clone, Debug)]
pub struct Connection {
    /// Send the token in FILE, its first line that is neither empty nor a comment
    /// [default: $SIGDELTA_TOKEN, if it is set]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub token_file: Option<PathBuf>,
    /// Trust servers that the certificates in FILE vouch for, in PEM, beside those the system trusts
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub ca_cert: Option<PathBuf>,
    /// Repeat a request so often when the connection fails or the server is busy
    #[arg(long, value_name = "NUMBER", default_value_t = 6)]
    pub retries: u32,
}

/// How much is done at once, and what outlives an interruption.
#[derive(Args, Clone, Debug)]
pub struct Transfer {
    /// Transfer a folder: URL is the beginning of the addresses of its files
    #[arg(short, long)]
    pub recursive: bool,
    /// Files at once
    #[arg(short, long, value_name = "NUMBER", default_value = "4", requires = "recursive")]
    pub jobs: NonZero<usize>,
    /// Go on where an earlier run was interrupted, and keep what is needed to go on with this one
    /// (in $XDG_CACHE_HOME/sigdelta or ~/.cache/sigdelta)
    #[arg(long)]
    pub resume: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum MethodChoice {
    /// Whatever sends least, as far as that can be told
    Auto,
    /// The whole file
    Full,
    /// By sums of chunks: a layered patch
    Layered,
    /// By a signature and delta of librsync's
    Librsync,
}

impl From<MethodChoice> for Choice {
    fn from(choice: MethodChoice) -> Self {
        match choice {
            MethodChoice::Auto => Choice::Auto,
            MethodChoice::Full => Choice::Full,
            MethodChoice::Layered => Choice::Layered,
            MethodChoice::Librsync => Choice::Librsync,
        }
    }
}

impl Connection {
    /// Returns a client that connects so.
    pub fn client(&self) -> client::Result<Client> {
        let token = match &self.token_file {
            Some(path) => Some(read_token(path)?),
            None => std::env::var(TOKEN).ok().filter(|token| !token.is_empty()),
        };
        let certificates = match &self.ca_cert {
            Some(path) => fs::read(path).map_err(failed_to_read(path))?,
            None => Vec::new(),
        };
        let options =
            ClientOptions::new().token(token).ca_certificates(certificates).retries(self.retries);
        Client::new(options)
    }
}

/// Returns how many threads compare a file.
pub fn threads(work: &Work, file: &Path) -> usize {
    let len = fs::metadata(file).ok().filter(|file| file.is_file()).map(|file| file.len());
    work.threads.map_or_else(Threads::auto, Threads::new).for_len(len)
}

impl Transfer {
    /// Returns the folder for what outlives an interruption, None if nothing shall.
    ///
    /// # Errors
    /// The exit status, after a complaint, if there is no place that is the user's alone.
    pub fn resume_dir(&self) -> std::result::Result<Option<PathBuf>, Exit> {
        if !self.resume {
            return Ok(None);
        }
        let named = |name| std::env::var_os(name).map(PathBuf::from).filter(|p| p.is_absolute());
        let cache = named("XDG_CACHE_HOME").or_else(|| Some(named("HOME")?.join(".cache")));
        let Some(cache) = cache else {
            message::error("--resume has no place to keep what it needs");
            message::hint_text(
                "set HOME or XDG_CACHE_HOME to the absolute path of a folder of yours",
            );
            return Err(Exit::Usage);
        };
        Ok(Some(cache.join("sigdelta")))
    }
}

/// Returns a report as JSON.
pub fn file_json(done: &Report) -> Value {
    let mut object = json!({
        "method": done.method.name(),
        "bytes": done.bytes,
        "payload_bytes": done.payload_bytes,
    });
    crate::report::merge(&mut object, traffic_json(&done.traffic));
    object["saved_bytes"] = done.saved_bytes().into();
    object["etag"] = done.etag.as_str().into();
    object
}

/// Returns the report of a tree as JSON, its files sorted by name.
pub fn tree_json(tree: &TreeReport) -> Value {
    let files: Vec<Value> = tree.files.iter().map(tree_file_json).collect();
    let (bytes, failed) = totals(tree);
    let mut object = json!({ "method": "tree", "bytes": bytes, "failed_files": failed });
    crate::report::merge(&mut object, traffic_json(&tree.traffic));
    object["saved_bytes"] = tree.traffic.saved(bytes).into();
    object["files"] = files.into();
    object
}

fn tree_file_json(file: &client::TreeFile) -> Value {
    let mut object = json!({ "name": file.name });
    let outcome = match &file.outcome {
        Ok(done) => file_json(done),
        Err(error) => json!({ "error": error.to_string(), "status": Exit::from(error) as u8 }),
    };
    crate::report::merge(&mut object, outcome);
    object
}

fn traffic_json(traffic: &Traffic) -> Value {
    json!({
        "sent_bytes": traffic.sent_bytes,
        "received_bytes": traffic.received_bytes,
        "rounds": traffic.rounds,
        "requests": traffic.requests,
    })
}

/// Returns the bytes of all files of a tree that were brought over, and how many files were not.
pub fn totals(tree: &TreeReport) -> (u64, usize) {
    let done: Vec<u64> =
        tree.files.iter().flat_map(|file| &file.outcome).map(|done| done.bytes).collect();
    (done.iter().sum(), tree.files.len() - done.len())
}

/// Says which files of a tree failed, and returns the exit status: that of the first.
pub fn complain(tree: &TreeReport) -> Exit {
    let mut exit = Exit::Success;
    for file in &tree.files {
        if let Err(error) = &file.outcome {
            message::error(&format!("{}: {error}", file.name));
            if exit == Exit::Success {
                hint(error);
                exit = Exit::from(error);
            }
        }
    }
    exit
}

/// Returns what a report says, for people.
pub fn file_text(done: &Report) -> String {
    let &Report { method, bytes, payload_bytes, .. } = done;
    let way = match method {
        Method::Unchanged => "nothing, it is there".to_owned(),
        Method::Full => format!("{} as a whole", HumanBytes(payload_bytes)),
        Method::Base => format!("{} by a patch against the old file", HumanBytes(payload_bytes)),
        Method::Layered => format!("{} by a layered patch", HumanBytes(payload_bytes)),
        _ => format!("{} by a delta of librsync's", HumanBytes(payload_bytes)),
    };
    format!("{way}, for {}", HumanBytes(bytes))
}

/// Says what went wrong and what could be done about it; returns the exit status.
///
/// # Errors
/// Those of files on this side, which are told elsewhere.
pub fn fail(error: client::Error) -> Result<Exit> {
    match error {
        client::Error::File(error) => Err(error),
        error => {
            message::error(&error.to_string());
            hint(&error);
            Ok(Exit::from(&error))
        }
    }
}

fn hint(error: &client::Error) {
    let text = match error {
        client::Error::Refused { status: 401, .. } => {
            "name the file with the token: --token-file FILE, or set SIGDELTA_TOKEN"
        }
        client::Error::Refused { status: 403, .. } => "the token is not for this",
        client::Error::Conflict { .. } => {
            "pull what is there now, bring your changes into that and push it with its ETag"
        }
        client::Error::Connect { cause, .. } if cause.to_string().contains("UnknownIssuer") => {
            "name the certificate of the server's authority: --ca-cert FILE"
        }
        client::Error::FileChanged { .. } => "push a copy, or when nobody writes to the file",
        _ => return,
    };
    message::hint_text(text);
}

impl From<&client::Error> for Exit {
    fn from(error: &client::Error) -> Exit {
        match error {
            client::Error::BadUrl { .. }
            | client::Error::Certificates { .. }
            | client::Error::TokenInClear { .. }
            | client::Error::TokenUnusable => Exit::Usage,
            client::Error::File(error) => Exit::from(error),
            client::Error::FileChanged { .. } => Exit::Io,
            client::Error::WrongDigest => Exit::Mismatch,
            client::Error::Conflict { .. } => Exit::Changed,
            _ => Exit::Remote,
        }
    }
}

/// Runs what waits for a server.
///
/// # Panics
/// If the system gives no means to wait.
pub fn block_on<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("the system can wait for sockets").block_on(work)
}

/// Shows how a transfer goes on.
pub struct News {
    bar: Mutex<Option<Progress>>,
    label: &'static str,
    verbosity: Verbosity,
}

impl News {
    pub fn new(label: &'static str, verbosity: Verbosity) -> Arc<Self> {
        Arc::new(News { bar: Mutex::new(None), label, verbosity })
    }

    /// Takes the bar away.
    pub fn end(&self) {
        *self.bar() = None;
    }

    fn bar(&self) -> MutexGuard<'_, Option<Progress>> {
        self.bar.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Watcher for News {
    fn stage(&self, stage: Stage, total_bytes: Option<u64>) {
        let label = match stage {
            Stage::Read => "read",
            Stage::Compare => "compare",
            Stage::Send => "send",
            Stage::Receive => "receive",
            _ => self.label,
        };
        *self.bar() = Some(Progress::new(label, total_bytes, self.verbosity));
    }

    fn progress(&self, done_bytes: u64) {
        if let Some(bar) = &mut *self.bar() {
            bar.set(done_bytes);
        }
    }

    fn files(&self, done: usize, total: usize) {
        let mut bar = self.bar();
        let bar =
            bar.get_or_insert_with(|| Progress::of_files(self.label, total as u64, self.verbosity));
        bar.set(done as u64);
    }

    fn temporary(&self, path: &Path) {
        interrupt::remove_path_if_interrupted(path);
    }

    fn commit(&self, commit: &mut dyn FnMut()) {
        interrupt::without_interruption(commit);
    }

    fn retry(&self, error: &client::Error) {
        if self.verbosity.verbose {
            let say = || message::print_error_line(&format!("another try: {error}"));
            match &*self.bar() {
                Some(bar) => bar.aside(say),
                None => say(),
            }
        }
    }
}

fn read_token(path: &Path) -> Result<String> {
    let text = fs::read_to_string(path).map_err(failed_to_read(path))?;
    let mut lines = text.lines().map(str::trim);
    let token = lines.find(|line| !line.is_empty() && !line.starts_with('#'));
    token
        .map(ToOwned::to_owned)
        .ok_or_else(|| failed_to_read(path)(std::io::Error::other("there is no token in it")))
}

fn failed_to_read(path: &Path) -> impl FnOnce(std::io::Error) -> sigdelta::Error {
    move |cause| sigdelta::Error::Io { action: IoAction::Read, cause }.in_file(path)
}
