//! What a server allows: limits and time-outs.

use std::time::Duration;

/// How a server is run.
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct ServerOptions {
    pub(super) limits: Limits,
    pub(super) timeouts: Timeouts,
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
            signature_bytes: 256 << 20,
            commands_per_mib: 64 << 10,
            min_block_bytes: 256,
            max_block_bytes: 16 << 20,
            derived_bytes: 1 << 30,
            jobs: std::thread::available_parallelism().map_or(1, usize::from),
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
            shutdown: Duration::from_secs(30),
        }
    }
}
