//! Removes the unfinished output when a signal ends the process.

use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use sigdelta::file::OutputFile;
use signal_hook::consts::{SIGHUP, SIGINT, SIGPIPE, SIGTERM};
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;

/// The temporary file of the output in the making.
static UNFINISHED: Mutex<Option<PathBuf>> = Mutex::new(None);

/// Removes the temporary file of `output` should a signal end the process.
pub fn remove_if_interrupted(output: &OutputFile) {
    *unfinished() = output.temporary_path().map(ToOwned::to_owned);
}

/// Starts to watch for signals. Without threads or signals the process dies as if it had not been
/// called, and leaves the temporary file.
pub fn watch() {
    let Ok(mut signals) = Signals::new([SIGHUP, SIGINT, SIGTERM]) else {
        return;
    };
    let _ = std::thread::Builder::new().spawn(move || {
        for signal in signals.forever() {
            // Kept locked until the end, so that no further file is announced meanwhile.
            let mut path = unfinished();
            if let Some(path) = path.take() {
                let _ = std::fs::remove_file(path);
            }
            let _ = emulate_default_handler(signal);
        }
    });
}

/// Ends the process as a program does whose reader has gone: quietly, by SIGPIPE.
pub fn die_of_broken_pipe() {
    let _ = emulate_default_handler(SIGPIPE);
}

fn unfinished() -> MutexGuard<'static, Option<PathBuf>> {
    UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner)
}
