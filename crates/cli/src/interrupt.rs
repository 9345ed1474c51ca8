//! Removes the unfinished outputs when a signal ends the process.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use sigdelta::file::OutputFile;
use signal_hook::consts::{
    SIGALRM, SIGHUP, SIGINT, SIGPIPE, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGVTALRM, SIGXCPU,
    SIGXFSZ,
};
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;

/// What ends a process by default and can be caught.
const SIGNALS: [i32; 10] =
    [SIGALRM, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGVTALRM, SIGXCPU, SIGXFSZ];

/// The temporary files of the outputs in the making.
static UNFINISHED: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// Removes the temporary file of `output` should a signal end the process.
pub fn remove_if_interrupted(output: &OutputFile) {
    if let Some(path) = output.temporary_path() {
        remove_path_if_interrupted(path);
    }
}

/// Removes a temporary file should a signal end the process before it has another name.
pub fn remove_path_if_interrupted(path: &Path) {
    let mut unfinished = unfinished();
    // Those that are finished have gone from their paths.
    unfinished.retain(|path| path.exists());
    unfinished.push(path.to_owned());
}

/// Does what must not be left half done: signals have to wait until it is over.
pub fn without_interruption<T>(work: impl FnOnce() -> T) -> T {
    let _signals_wait_for_this = unfinished();
    work()
}

/// Starts to watch for signals, except those that the process was told to ignore. Without threads
/// the process dies as if it had not been called, and leaves the temporary file.
pub fn watch() {
    let (ready, is_ready) = std::sync::mpsc::channel::<()>();
    let watcher = move || {
        let ignored = ignored_signals();
        let watched = SIGNALS.into_iter().filter(|signal| ignored >> (signal - 1) & 1 == 0);
        let Ok(mut signals) = Signals::new(watched) else { return };
        drop(ready);
        for signal in signals.forever() {
            // Kept locked until the end, so that no further file is announced meanwhile.
            let mut paths = unfinished();
            for path in paths.drain(..) {
                let _ = std::fs::remove_file(path);
            }
            let _ = emulate_default_handler(signal);
        }
    };
    if std::thread::Builder::new().spawn(watcher).is_ok() {
        // Ends with an error once the handlers are in place and `ready` is gone.
        let _ = is_ready.recv();
    }
}

/// Returns the signals that are ignored, bit n - 1 for signal n, as far as the system tells: those
/// of `nohup` or of a shell's background jobs.
fn ignored_signals() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0)
}

/// Ends the process as a program does whose reader has gone: quietly, by SIGPIPE.
pub fn die_of_broken_pipe() {
    let _ = emulate_default_handler(SIGPIPE);
}

fn unfinished() -> MutexGuard<'static, Vec<PathBuf>> {
    UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner)
}
