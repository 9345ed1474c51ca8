//! The client: brings a file to a server, or from it, by sending little more than what changed.
//!
//! ```no_run
//! # async fn example() -> Result<(), sigdelta_remote::client::Error> {
//! use std::path::Path;
//! use std::sync::Arc;
//! use sigdelta_remote::client::{Client, ClientOptions, PullOptions, PushOptions};
//!
//! let client = Client::new(ClientOptions::new().token("secret".to_owned()))?;
//! let url = "https://backup.example/v1/o/disk.img";
//! let report = client.push(Path::new("disk.img"), url, &PushOptions::new(), Arc::new(())).await?;
//! println!("{} bytes sent for {}", report.traffic.sent_bytes, report.bytes);
//! client.pull(url, Path::new("copy.img"), &PullOptions::new(), Arc::new(())).await?;
//! # Ok(())
//! # }
//! ```
//!
//! All of it needs tokio with time and I/O; hashing, comparing and putting together is done on tokio's
//! threads for blocking work. Proxies and redirections are not followed.

mod digest;
mod error;
mod location;
mod payload;
mod pull;
mod push;
mod resume;
mod session;
mod tls;
mod tree;
mod wire;
mod work;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use hyper::header::HeaderValue;
use sigdelta::layered::PatchLevel;

pub use error::{Error, Result};
pub use tree::{TreeFile, TreeReport};
pub use work::{Stage, Watcher};

use location::Location;
use session::Session;
use tls::Trust;
use wire::{Patience, Wire};

/// Talks to servers. Copies share what they were made with.
#[derive(Clone, Debug)]
pub struct Client(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    token: Option<HeaderValue>,
    retries: u32,
    idle_timeout: Duration,
    answer_timeout: Duration,
    trust: Trust,
}

/// How a client talks to servers.
#[derive(Clone)]
#[must_use]
pub struct ClientOptions {
    token: Option<String>,
    ca_certificates: Vec<u8>,
    retries: u32,
    idle_timeout: Duration,
    answer_timeout: Duration,
}

impl Default for ClientOptions {
    fn default() -> Self {
        ClientOptions {
            token: None,
            ca_certificates: Vec::new(),
            retries: 6,
            idle_timeout: Duration::from_secs(120),
            answer_timeout: Duration::from_secs(900),
        }
    }
}

impl ClientOptions {
    /// Returns the defaults: no token, the system's certificates, six retries, which take about half
    /// a minute, two minutes without a byte, and a quarter of an hour for a server to answer.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the bearer token. It is sent over TLS or to this machine only.
    pub fn token(mut self, token: impl Into<Option<String>>) -> Self {
        self.token = token.into();
        self
    }

    /// Adds certificates, in PEM, of those who may vouch for a server, beside the system's.
    pub fn ca_certificates(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.ca_certificates = pem.into();
        self
    }

    /// Sets how often a request is repeated when a connection fails or a server is busy.
    pub fn retries(mut self, retries: u32) -> Self {
        self.retries = retries;
        self
    }

    /// Sets after how long without a byte a connection is given up.
    pub fn idle_timeout(mut self, idle_timeout: Duration) -> Self {
        self.idle_timeout = idle_timeout;
        self
    }

    /// Sets how long the answer to a request may take for which the server reads or writes whole
    /// files, counted from the last byte of it that was taken.
    pub fn answer_timeout(mut self, answer_timeout: Duration) -> Self {
        self.answer_timeout = answer_timeout;
        self
    }
}

/// The token stays out of logs.
impl std::fmt::Debug for ClientOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let ClientOptions { token, ca_certificates, retries, idle_timeout, answer_timeout } = self;
        f.debug_struct("ClientOptions")
            .field("token", &token.as_ref().map(|_| "..."))
            .field("ca_certificates", &ca_certificates.len())
            .field("retries", retries)
            .field("idle_timeout", idle_timeout)
            .field("answer_timeout", answer_timeout)
            .finish()
    }
}

/// By which way a file is brought over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Choice {
    /// By the one that sends least, as far as that can be told.
    #[default]
    Auto,
    /// As a whole.
    Full,
    /// By a layered signature and patch.
    Layered,
    /// By a signature and a delta of librsync's.
    Librsync,
}

/// By which way a file was brought over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Method {
    /// By a layered patch against an old file that the side with the new one had as well.
    Base,
    /// As a whole.
    Full,
    /// By a layered signature and patch.
    Layered,
    /// By a signature and a delta of librsync's.
    Librsync,
    /// Not at all: it was there.
    Unchanged,
}

impl Method {
    /// Returns the name, in lower case.
    pub fn name(self) -> &'static str {
        match self {
            Method::Base => "base",
            Method::Full => "full",
            Method::Layered => "layered",
            Method::Librsync => "librsync",
            Method::Unchanged => "unchanged",
        }
    }
}

/// What went over the wire.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Traffic {
    /// Bytes sent, counted at the socket: request lines, headers, bodies and what TLS adds.
    pub sent_bytes: u64,
    /// Bytes received, counted alike.
    pub received_bytes: u64,
    /// Requests, repeated ones too.
    pub requests: u64,
    /// Requests with a body: uploads, signatures, questions for fine sums.
    pub rounds: u64,
}

/// How a file is pushed.
#[derive(Clone, Debug)]
#[must_use]
pub struct PushOptions {
    choice: Choice,
    base: Option<PathBuf>,
    if_match: Option<String>,
    force: bool,
    dry_run: bool,
    resume_dir: Option<PathBuf>,
    level: PatchLevel,
    threads: usize,
}

impl Default for PushOptions {
    fn default() -> Self {
        PushOptions {
            choice: Choice::Auto,
            base: None,
            if_match: None,
            force: false,
            dry_run: false,
            resume_dir: None,
            level: PatchLevel::Default,
            threads: 1,
        }
    }
}

impl PushOptions {
    /// Returns the defaults: the way that sends least, against whatever the server has.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the way.
    pub fn choice(mut self, choice: Choice) -> Self {
        self.choice = choice;
        self
    }

    /// Names a file that may be what the server has; then nothing need be asked about that.
    pub fn base(mut self, base: impl Into<Option<PathBuf>>) -> Self {
        self.base = base.into();
        self
    }

    /// Sets the ETag, with its quotes, of the only content that may be replaced.
    pub fn if_match(mut self, etag: impl Into<Option<String>>) -> Self {
        self.if_match = etag.into();
        self
    }

    /// Says that a whole file replaces anything, whoever else has changed it meanwhile.
    pub fn force(mut self, force: bool) -> Self {
        self.force = force;
        self
    }

    /// Says that all is prepared but nothing sent that changes anything.
    pub fn dry_run(mut self, dry_run: bool) -> Self {
        self.dry_run = dry_run;
        self
    }

    /// Names a folder for what is needed to go on with an upload that was interrupted. It is made if
    /// it is not there; nothing stays in it of uploads that are finished.
    pub fn resume_dir(mut self, folder: impl Into<Option<PathBuf>>) -> Self {
        self.resume_dir = folder.into();
        self
    }

    /// Sets how hard a layered patch is compressed.
    pub fn level(mut self, level: PatchLevel) -> Self {
        self.level = level;
        self
    }

    /// Sets the number of threads that compare one file.
    pub fn threads(mut self, threads: usize) -> Self {
        self.threads = threads;
        self
    }
}

/// What a push or pull did, or would do.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// The way.
    pub method: Method,
    /// Bytes of the file.
    pub bytes: u64,
    /// Bytes of the body that brought it, or would.
    pub payload_bytes: u64,
    /// ETag of the file's content, with its quotes.
    pub etag: String,
    /// What went over the wire.
    pub traffic: Traffic,
}

/// How a file is pulled.
#[derive(Clone, Debug)]
#[must_use]
pub struct PullOptions {
    choice: Choice,
    resume_dir: Option<PathBuf>,
    threads: usize,
}

impl Default for PullOptions {
    fn default() -> Self {
        PullOptions { choice: Choice::Auto, resume_dir: None, threads: 1 }
    }
}

impl PullOptions {
    /// Returns the defaults: the way that sends least.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the way.
    pub fn choice(mut self, choice: Choice) -> Self {
        self.choice = choice;
        self
    }

    /// Names a folder for what has come of whole files that were interrupted. It is made if it is
    /// not there; nothing stays in it of files that are finished.
    pub fn resume_dir(mut self, folder: impl Into<Option<PathBuf>>) -> Self {
        self.resume_dir = folder.into();
        self
    }

    /// Sets the number of threads that put one file together.
    pub fn threads(mut self, threads: usize) -> Self {
        self.threads = threads;
        self
    }
}

impl Client {
    /// Makes a client.
    ///
    /// # Errors
    /// [`Error::TokenUnusable`], [`Error::Certificates`].
    pub fn new(options: ClientOptions) -> Result<Self> {
        let token = options.token.as_deref().map(session::bearer).transpose()?;
        let trust = Trust::new(&options.ca_certificates)?;
        let ClientOptions { retries, idle_timeout, answer_timeout, .. } = options;
        Ok(Client(Arc::new(Shared { token, retries, idle_timeout, answer_timeout, trust })))
    }

    /// Makes the resource at an address, `http://HOST:PORT/v1/o/KEY`, the content of a file.
    ///
    /// What the server has is compared with the file as the options say. If it changes meanwhile it is
    /// compared again, a few times, unless [`PushOptions::if_match`] is set. The file must not change.
    ///
    /// # Errors
    /// [`Error::Conflict`] if the resource is not the one of [`PushOptions::if_match`], or changes all
    /// the time; [`Error::BadUrl`], [`Error::File`], [`Error::FileChanged`] and those of the connection.
    pub async fn push(
        &self,
        file: &Path,
        url: &str,
        options: &PushOptions,
        watcher: Arc<dyn Watcher>,
    ) -> Result<Report> {
        let location = Location::parse(url)?;
        let mut session = Session::new(self, &location, watcher)?;
        push::push(&mut session, file, &location, push::Known::Nothing, options).await
    }

    /// Pushes all files of a folder, `jobs` at once, to the addresses below an address.
    ///
    /// Names become keys; symbolic links and what is neither file nor folder is left out, and so is
    /// what begins with `.sigdelta`. Nothing is deleted on the server.
    ///
    /// # Errors
    /// Those of reading the folder and of the first connection; what fails with a single file is in
    /// the report. [`PushOptions::base`] is a folder with files of the same names.
    pub async fn push_tree(
        &self,
        folder: &Path,
        url: &str,
        options: &PushOptions,
        jobs: usize,
        watcher: Arc<dyn Watcher>,
    ) -> Result<TreeReport> {
        tree::push(self, folder, url, options, jobs, watcher).await
    }

    /// Makes a file the content of the resource at an address.
    ///
    /// If the file exists only what is new is asked for. The result is verified before it takes the
    /// file's place.
    ///
    /// # Errors
    /// [`Error::NotFound`], [`Error::WrongDigest`], [`Error::BadUrl`], [`Error::File`] and those of the
    /// connection.
    pub async fn pull(
        &self,
        url: &str,
        file: &Path,
        options: &PullOptions,
        watcher: Arc<dyn Watcher>,
    ) -> Result<Report> {
        let location = Location::parse(url)?;
        let mut session = Session::new(self, &location, watcher)?;
        pull::pull(&mut session, &location, None, file, options).await
    }

    /// Pulls all resources below an address into a folder, `jobs` at once. Nothing is deleted in it.
    ///
    /// # Errors
    /// Those of listing the resources; what fails with a single file is in the report.
    pub async fn pull_tree(
        &self,
        url: &str,
        folder: &Path,
        options: &PullOptions,
        jobs: usize,
        watcher: Arc<dyn Watcher>,
    ) -> Result<TreeReport> {
        tree::pull(self, url, folder, options, jobs, watcher).await
    }

    fn wire(&self, location: &Location) -> Result<Wire> {
        let tls = if location.is_tls { Some(self.0.trust.config()?) } else { None };
        let patience = Patience { idle: self.0.idle_timeout, answer: self.0.answer_timeout };
        Ok(Wire::new(location.clone(), tls, patience))
    }

    fn token(&self) -> Option<&HeaderValue> {
        self.0.token.as_ref()
    }

    fn retries(&self) -> u32 {
        self.0.retries
    }
}

impl Report {
    /// Returns how many bytes fewer went over the wire than the file has; negative if more.
    pub fn saved_bytes(&self) -> i64 {
        self.traffic.saved(self.bytes)
    }
}

impl Traffic {
    /// Returns how many bytes fewer that is than a number of bytes; negative if more.
    pub fn saved(&self, bytes: u64) -> i64 {
        let over_the_wire = self.sent_bytes.saturating_add(self.received_bytes);
        i64::try_from(i128::from(bytes) - i128::from(over_the_wire)).unwrap_or(i64::MAX)
    }
}

/// Returns true if a way that takes `cost` bytes is worth its trouble beside one that takes `full`.
fn is_worth(cost: u64, full: u64) -> bool {
    cost < full - full / 10
}
