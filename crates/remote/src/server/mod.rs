//! The server: resources over a [`Storage`], by the protocol of `docs/protocol.md`.

mod apply;
mod body;
mod derived;
mod objects;
mod options;
mod pool;
mod range;
mod reply;
mod routes;
mod scratch;
mod serve;
mod signatures;

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use tokio::net::TcpListener;

use crate::storage::Storage;
use derived::Derived;
use pool::Pool;
use scratch::Scratch;

pub use options::{Limits, ServerOptions, Timeouts};

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
    limits: Limits,
    timeouts: Timeouts,
    pool: Pool,
}

impl Server {
    /// Starts to listen. `own` is a folder for what is not contents, on the file system of the storage
    /// if that is a folder; what a server left there that was killed is cleared.
    ///
    /// # Errors
    /// Those of the system.
    pub async fn bind(
        address: SocketAddr,
        storage: Arc<dyn Storage>,
        own: &Path,
        options: ServerOptions,
    ) -> io::Result<Self> {
        let app = App {
            storage,
            scratch: Scratch::open(own)?,
            derived: Arc::new(Derived::open(own, options.limits.derived_bytes)?),
            limits: options.limits,
            timeouts: options.timeouts,
            pool: Pool::new(options.limits.jobs, options.timeouts.work),
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
