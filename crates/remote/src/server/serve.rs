//! Connections: taken, served and ended.

use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{sleep, timeout};

use super::App;
use super::metrics::Metrics;
use super::patient::Patient;
use super::routes::router;

/// Between two looks for uploads that have expired.
const SWEEP: Duration = Duration::from_secs(600);
/// Most headers of a request.
const MAX_HEADERS: usize = 64;
/// Most bytes of all headers of a request.
const MAX_HEADER_BYTES: usize = 32 << 10;
/// After which the next connection is tried when one could not be taken, for want of file descriptors perhaps.
const PAUSE: Duration = Duration::from_millis(100);

/// Lets this process have as many open files as the system allows it to: a connection and what is sent over
/// it take one each.
pub fn raise_file_limit() {
    if let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE)
        && soft < hard
    {
        // If that fails, there are fewer; connections then wait.
        let _ = setrlimit(Resource::RLIMIT_NOFILE, hard, hard);
    }
}

/// Serves until `shutdown` is ready.
pub(super) async fn serve(
    listener: TcpListener,
    app: Arc<App>,
    shutdown: impl Future<Output = ()>,
) {
    let service = TowerToHyperService::new(router(Arc::clone(&app)));
    let builder = builder(&app);
    let connections = Arc::new(Semaphore::new(app.limits.connections.max(1)));
    let graceful = GracefulShutdown::new();
    let sweeper = tokio::spawn(sweep(Arc::clone(&app)));
    let mut shutdown = std::pin::pin!(shutdown);
    loop {
        let (stream, permit) = tokio::select! {
            accepted = accept(&listener, &connections) => accepted,
            () = &mut shutdown => break,
        };
        let (app, builder, service) = (Arc::clone(&app), builder.clone(), service.clone());
        let watcher = graceful.watcher();
        tokio::spawn(async move {
            let _permit = permit;
            let _counted = Metrics::count(&app.metrics.connections);
            let _ = stream.set_nodelay(true);
            if let Some(stream) = secured(stream, &app).await {
                let stream = TokioIo::new(Patient::new(stream, &app.timeouts));
                let connection = builder.serve_connection(stream, service);
                if let Err(error) = watcher.watch(connection).await {
                    tracing::debug!(%error, "a connection ended");
                }
            }
        });
    }
    drop(listener);
    sweeper.abort();
    tracing::info!("the server ends");
    if timeout(app.timeouts.shutdown, graceful.shutdown()).await.is_err() {
        tracing::warn!("requests under way are given up");
    }
}

/// A connection, by TLS or not.
trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

/// Agrees on TLS if the server has it; None if that fails.
async fn secured(stream: TcpStream, app: &App) -> Option<Box<dyn Stream>> {
    let Some(tls) = &app.tls else { return Some(Box::new(stream)) };
    match timeout(app.timeouts.header, tls.0.accept(stream)).await {
        Ok(Ok(stream)) => Some(Box::new(stream)),
        Ok(Err(error)) => {
            tracing::debug!(%error, "a connection does not agree on TLS");
            None
        }
        Err(_) => None,
    }
}

async fn accept(
    listener: &TcpListener,
    connections: &Arc<Semaphore>,
) -> (TcpStream, OwnedSemaphorePermit) {
    let permit = Arc::clone(connections).acquire_owned().await.expect("it is never closed");
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return (stream, permit),
            Err(error) => {
                tracing::warn!(%error, "a connection could not be taken");
                sleep(PAUSE).await;
            }
        }
    }
}

fn builder(app: &App) -> http1::Builder {
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(app.timeouts.header)
        .max_headers(MAX_HEADERS)
        .max_buf_size(MAX_HEADER_BYTES);
    builder
}

/// Removes uploads that have expired, from time to time.
async fn sweep(app: Arc<App>) {
    loop {
        sleep(SWEEP).await;
        let sweeping = Arc::clone(&app);
        let swept = tokio::task::spawn_blocking(move || sweeping.uploads.sweep()).await;
        if let Ok(Err(error)) = swept {
            tracing::warn!(%error, "expired uploads cannot be removed");
        }
    }
}
