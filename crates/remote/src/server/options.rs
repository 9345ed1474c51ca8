//! What a server allows: limits and time-outs.

use std::time::Duration;

use super::auth::Tokens;
use super::tls::Tls;

/// How a server is run.
#[derive(Debug, Default)]
#[must_use]
pub struct ServerOptions {
    pub(super) limits: Limits,
    pub(super) timeouts: Timeouts,
    pub(super) tokens: Option<Tokens>,
    pub(super) tls: Option<Tls>,
    pub(super) insecure: bool,
}

impl ServerOptions {
    /// Returns the defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets what requests may ask for.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Sets who may do what; `None`, the default, lets everybody do everything.
    pub fn tokens(mut self, tokens: impl Into<Option<Tokens>>) -> Self {
        self.tokens = tokens.into();
        self
    }

    /// Sets the certificate by which connections are secured.
    pub fn tls(mut self, tls: impl Into<Option<Tls>>) -> Self {
        self.tls = tls.into();
        self
    }

    /// Sets whether the server may listen where others than this machine reach it without tokens or TLS.
    pub fn insecure(mut self, insecure: bool) -> Self {
        self.insecure = insecure;
        self
    }

    /// Sets how long things may take.
    pub fn timeouts(mut self, timeouts: Timeouts) -> Self {
        self.timeouts = timeouts;
        self
    }
}

/// What requests may ask for.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Most bytes of a content.
    pub result_bytes: u64,
    /// Most bytes of a delta or patch, as it comes and decoded.
    pub delta_bytes: u64,
    /// Most bytes of a signature that is sent or asked for.
    pub signature_bytes: u64,
    /// Most commands of a delta for each MiB of its result or of itself.
    pub commands_per_mib: u64,
    /// Shortest block length of a signature.
    pub min_block_bytes: u32,
    /// Longest block length of a signature.
    pub max_block_bytes: u32,
    /// Most bytes of signatures and patches that are kept to be given out again.
    pub derived_bytes: u64,
    /// Most jobs at a time: signatures, deltas, patches. A layered patch takes 64 MiB of memory.
    pub jobs: usize,
    /// Most uploads in parts that are not done.
    pub uploads: usize,
    /// Most connections at a time; further ones wait.
    pub connections: usize,
    /// Most requests at a time; further ones are turned away.
    pub requests: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            result_bytes: 16 << 30,
            delta_bytes: 4 << 30,
            signature_bytes: 64 << 20,
            commands_per_mib: 64 << 10,
            min_block_bytes: 256,
            max_block_bytes: 16 << 20,
            derived_bytes: 1 << 30,
            jobs: std::thread::available_parallelism().map_or(1, usize::from),
            uploads: 256,
            connections: 1024,
            requests: 256,
        }
    }
}

/// How long things may take.
#[derive(Clone, Copy, Debug)]
pub struct Timeouts {
    /// For the header of a request, and for the handshake of TLS.
    pub header: Duration,
    /// For the next bytes of a body, either way.
    pub idle: Duration,
    /// After which a body must have come at [`Timeouts::min_rate`] on average.
    pub grace: Duration,
    /// Bytes a second.
    pub min_rate: u64,
    /// For one job.
    pub work: Duration,
    /// For an upload in parts, since bytes last came.
    pub upload: Duration,
    /// For requests under way when the server is to end.
    pub shutdown: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Timeouts {
            header: Duration::from_secs(10),
            idle: Duration::from_secs(60),
            grace: Duration::from_secs(30),
            min_rate: 1024,
            work: Duration::from_secs(600),
            upload: Duration::from_secs(24 * 3600),
            shutdown: Duration::from_secs(30),
        }
    }
}
