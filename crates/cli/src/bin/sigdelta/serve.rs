//! The server of `sigdelta serve`: its options, its signals, its log.

use std::io;
use std::sync::Arc;

use sigdelta::{Error, IoAction, Result};
use sigdelta_remote::server::{Server, ServerOptions};
use sigdelta_remote::storage::{Folder, FolderOptions};
use tokio::runtime::Runtime;
use tokio::signal::unix::{SignalKind, signal};

use crate::cli::Serve;
use crate::message;

/// Serves until SIGTERM or SIGINT.
pub fn serve(options: &Serve) -> Result<()> {
    let failed = |cause| Error::Io { action: IoAction::Open, cause }.in_file(&options.root);
    std::fs::create_dir_all(&options.root).map_err(failed)?;
    start_log();
    let folder = Folder::open(&options.root, FolderOptions::new()).map_err(io::Error::other);
    let folder = Arc::new(folder.map_err(failed)?);
    let runtime = Runtime::new().map_err(failed)?;
    runtime.block_on(async {
        let own = folder.own().to_owned();
        let server = Server::bind(options.listen, folder, &own, ServerOptions::new()).await;
        let server = server.map_err(failed)?;
        let shutdown = ended_by_signal().map_err(failed)?;
        let address = server.address().map_err(failed)?;
        message::print_line(&format!("listening on http://{address}"))?;
        server.run(shutdown).await;
        Ok(())
    })
}

fn ended_by_signal() -> io::Result<impl Future<Output = ()>> {
    let (mut terminate, mut interrupt) =
        (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

fn start_log() {
    let filter = tracing_subscriber::EnvFilter::try_from_env("SIGDELTA_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr).init();
}
