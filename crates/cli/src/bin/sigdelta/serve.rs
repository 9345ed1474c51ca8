//! The server of `sigdelta serve`: its options, its signals, its log.

use std::fmt::Display;
use std::io::{self, IsTerminal};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use sigdelta::{Error, IoAction, Result};
use sigdelta_remote::server::{
    Limits, Server, ServerOptions, Timeouts, Tls, Tokens, raise_file_limit,
};
use sigdelta_remote::storage::{Folder, FolderOptions};
use tokio::runtime::Runtime;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

use crate::cli::{LogFormat, Serve};
use crate::message;

/// Time for jobs that have been told to stop.
const LAST_JOBS: Duration = Duration::from_secs(5);

/// Serves until SIGTERM or SIGINT.
pub fn serve(options: &Serve) -> Result<()> {
    let root = options.root.as_path();
    std::fs::create_dir_all(root)
        .map_err(|cause| Error::Io { action: IoAction::Create, cause }.in_file(root))?;
    let server_options = server_options(options)?;
    let of_folder = FolderOptions::new()
        .versions_per_key(options.keep_versions)
        .versions_bytes(options.max_versions);
    let folder = Arc::new(Folder::open(root, of_folder).map_err(|error| failed(root, error))?);
    start_log(options.log_format);
    raise_file_limit();
    let runtime = Runtime::new().map_err(|error| failed(root, error))?;
    let served = runtime.block_on(async {
        let own = folder.own().to_owned();
        let name = options.listen.to_string();
        let at_address = |error: &dyn Display| failed(Path::new(&name), error);
        let server = Server::bind(options.listen, folder, &own, server_options).await;
        let server = server.map_err(|error| at_address(&error))?;
        let shutdown = ended_by_signal().map_err(|error| at_address(&error))?;
        let address = server.address().map_err(|error| at_address(&error))?;
        let scheme = if options.tls_cert.is_some() { "https" } else { "http" };
        message::print_line(&format!("listening on {scheme}://{address}"))?;
        server.run(shutdown).await;
        Ok(())
    });
    runtime.shutdown_timeout(LAST_JOBS);
    served
}

fn server_options(options: &Serve) -> Result<ServerOptions> {
    let mut limits = Limits {
        result_bytes: options.max_result,
        delta_bytes: options.max_delta,
        signature_bytes: options.max_signature,
        derived_bytes: options.max_cache,
        connections: options.max_connections,
        requests: options.max_requests,
        ..Limits::default()
    };
    limits.jobs = options.jobs.unwrap_or(limits.jobs);
    let timeouts = Timeouts {
        idle: Duration::from_secs(options.idle_timeout),
        work: Duration::from_secs(options.work_timeout),
        upload: Duration::from_secs(options.upload_expiry.saturating_mul(3600)),
        ..Timeouts::default()
    };
    let tokens = match &options.token_file {
        Some(path) => Some(Tokens::from_file(path).map_err(|error| failed(path, error))?),
        None => None,
    };
    let tls = match (&options.tls_cert, &options.tls_key) {
        (Some(cert), Some(key)) => {
            Some(Tls::from_files(cert, key).map_err(|error| failed(cert, error))?)
        }
        _ => None,
    };
    Ok(ServerOptions::new()
        .limits(limits)
        .timeouts(timeouts)
        .tokens(tokens)
        .tls(tls)
        .insecure(options.insecure))
}

/// Says that something cannot be used to serve.
fn failed(path: &Path, error: impl Display) -> Error {
    let cause = io::Error::other(error.to_string());
    Error::Io { action: IoAction::Open, cause }.in_file(path)
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

fn start_log(format: LogFormat) {
    let filter = EnvFilter::try_from_env("SIGDELTA_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_target(false)
        .with_ansi(io::stderr().is_terminal())
        .with_writer(io::stderr);
    match format {
        LogFormat::Text => log.init(),
        LogFormat::Json => log.json().init(),
    }
}
