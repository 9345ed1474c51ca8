//! Threads of ours take no signals of the program.

/// Runs what starts threads, which then have all signals blocked: the handlers of a program run in
/// its own threads.
#[cfg(unix)]
pub fn without_signals<T>(start: impl FnOnce() -> T) -> T {
    use std::mem::MaybeUninit;
    use std::ptr::null_mut;

    /// Puts the mask back, however the start ends.
    struct Restore(libc::sigset_t);

    impl Drop for Restore {
        fn drop(&mut self) {
            // SAFETY: a mask that this thread had.
            unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &self.0, null_mut()) };
        }
    }

    let (mut blocked, mut before) = (MaybeUninit::uninit(), MaybeUninit::uninit());
    // SAFETY: sigfillset makes the first a mask; the second is one if pthread_sigmask returns 0.
    let restore = unsafe {
        libc::sigfillset(blocked.as_mut_ptr());
        // Faults are the fault of the thread they happen in.
        for fault in [libc::SIGSEGV, libc::SIGBUS, libc::SIGFPE, libc::SIGILL] {
            libc::sigdelset(blocked.as_mut_ptr(), fault);
        }
        match libc::pthread_sigmask(libc::SIG_BLOCK, blocked.as_ptr(), before.as_mut_ptr()) {
            0 => Some(Restore(before.assume_init())),
            _ => None,
        }
    };
    let started = start();
    drop(restore);
    started
}

/// Runs what starts threads.
#[cfg(not(unix))]
pub fn without_signals<T>(start: impl FnOnce() -> T) -> T {
    start()
}
