//! The server: resources over a [`Storage`], by the protocol of `docs/protocol.md`.

mod apply;
mod auth;
mod body;
mod catalog;
mod deltas;
mod derived;
mod guard;
mod metrics;
mod objects;
mod operation;
mod options;
mod patient;
mod pool;
mod range;
mod reply;
mod routes;
mod scratch;
mod serve;
mod signatures;
mod tls;
mod uploads;

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::sync::Semaphore;

use crate::storage::Storage;
use derived::Derived;
use metrics::Metrics;
use pool::Pool;
use scratch::Scratch;
use uploads::Uploads;

pub use auth::{TokenError, Tokens};
pub use options::{Limits, ServerOptions, Timeouts};
pub use serve::raise_file_limit;
pub use tls::{Tls, TlsError};

/// A server that listens.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    app: Arc<App>,
}

/// What all requests share.
struct App {
    storage: Arc<dyn Storage>,
    scratch: Scratch,
    derived: Arc<Derived>,
    uploads: Uploads,
    limits: Limits,
    timeouts: Timeouts,
    tokens: Option<Tokens>,
    tls: Option<Tls>,
    /// Nobody from elsewhere is expected.
    is_for_this_machine: bool,
    pool: Pool,
    /// One for each request that may be under way.
    requests: Arc<Semaphore>,
    metrics: Metrics,
}

/// Why a server cannot start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BindError {
    /// Others than this machine would reach it, and tokens or TLS are missing.
    #[error(
        "{address} can be reached by others: this takes tokens and TLS, or to be insecure on purpose"
    )]
    Insecure {
        /// Where it should listen.
        address: SocketAddr,
    },
    /// It cannot listen there, or not use its folder.
    #[error("{cause}")]
    Io {
        /// What the system says.
        cause: io::Error,
    },
}

impl From<io::Error> for BindError {
    fn from(cause: io::Error) -> Self {
        BindError::Io { cause }
    }
}

impl Server {
    /// Starts to listen. `own` is a folder for what is not contents, on the file system of the storage
    /// if that is a folder; what a server left there that was killed is cleared.
    ///
    /// # Errors
    /// [`BindError`].
    pub async fn bind(
        address: SocketAddr,
        storage: Arc<dyn Storage>,
        own: &Path,
        options: ServerOptions,
    ) -> Result<Self, BindError> {
        let ServerOptions { limits, timeouts, tokens, tls, insecure } = options;
        let is_safe = address.ip().is_loopback() || tokens.is_some() && tls.is_some();
        if !is_safe && !insecure {
            return Err(BindError::Insecure { address });
        }
        let metrics = Metrics::new();
        let app = App {
            storage,
            scratch: Scratch::open(own)?,
            derived: Arc::new(Derived::open(own, limits.derived_bytes)?),
            uploads: Uploads::open(own, timeouts.upload)?,
            limits,
            timeouts,
            is_for_this_machine: tokens.is_none() && !insecure,
            tokens,
            tls,
            pool: Pool::new(limits.jobs, timeouts.work, metrics.wait_seconds.clone()),
            requests: Arc::new(Semaphore::new(limits.requests.min(Semaphore::MAX_PERMITS))),
            metrics,
        };
        Ok(Server { listener: TcpListener::bind(address).await?, app: Arc::new(app) })
    }

    /// Returns the address, in which a port 0 has become the one that the system chose.
    ///
    /// # Errors
    /// Those of the system.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves until `shutdown` is ready, then lets requests under way come to their end.
    pub async fn run(self, shutdown: impl Future<Output = ()>) {
        serve::serve(self.listener, self.app, shutdown).await;
    }
}

impl std::fmt::Debug for App {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("App").field("limits", &self.limits).finish_non_exhaustive()
    }
}
