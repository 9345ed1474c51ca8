//! Copies from file to file by the system, which spares the bytes the way through this process.

use std::fs::File;

use crate::io::{Basis, Shortcut};

/// Most bytes that the system copies at once: so often a monitor is asked.
const MAX_LEN: u64 = 64 << 20;

/// Copies by the system to a file.
pub(super) struct Direct<'a> {
    to: &'a File,
    terms: Terms,
}

/// Which copies are faster by the system, as was measured.
#[derive(Clone, Copy)]
struct Terms {
    /// They go from one multiple of this many bytes to another.
    granule: u64,
    /// They have at least this many.
    min_len: u64,
}

impl Terms {
    /// Those of whole pages, which go from cache to cache or are shared, where the file system can.
    /// Others cost ext4 more than reading and writing them.
    const PAGES: Terms = Terms { granule: 4096, min_len: 32 << 10 };
    /// A file system in memory takes bytes anywhere.
    const MEMORY: Terms = Terms { granule: 1, min_len: 16 << 10 };
    const NEVER: Terms = Terms { granule: 1, min_len: u64::MAX };
}

impl<'a> Direct<'a> {
    pub(super) fn new(to: &'a File) -> Self {
        let terms = match is_in_memory(to) {
            _ if !cfg!(target_os = "linux") => Terms::NEVER,
            true => Terms::MEMORY,
            false => Terms::PAGES,
        };
        Direct { to, terms }
    }
}

impl Shortcut for Direct<'_> {
    fn distance(&self, position: u64, len: u64, out_position: u64) -> u64 {
        let Terms { granule, min_len } = self.terms;
        let distance = (granule - position % granule) % granule;
        let in_step = position % granule == out_position % granule;
        if in_step && len >= min_len.saturating_add(distance) { distance } else { len }
    }

    fn copy(&mut self, basis: &impl Basis, position: u64, len: u64) -> u64 {
        let len = len.min(MAX_LEN);
        let len = len - len % self.terms.granule;
        let copied = basis.file().map_or(0, |from| copy(from, position, len, self.to));
        if copied == 0 {
            // Not between these two; or reading or writing fails as well, and says why.
            self.terms = Terms::NEVER;
        }
        copied
    }
}

#[cfg(target_os = "linux")]
fn is_in_memory(file: &File) -> bool {
    use nix::sys::statfs::{TMPFS_MAGIC, fstatfs};
    fstatfs(file).is_ok_and(|system| system.filesystem_type() == TMPFS_MAGIC)
}

#[cfg(target_os = "linux")]
fn copy(from: &File, position: u64, len: u64, to: &File) -> u64 {
    use nix::errno::Errno;
    use nix::fcntl::copy_file_range;
    let Ok(mut position) = position.try_into() else { return 0 };
    loop {
        match copy_file_range(from, Some(&mut position), to, None, len as usize) {
            Err(Errno::EINTR) => {}
            copied => return copied.unwrap_or(0) as u64,
        }
    }
}

#[cfg(not(target_os = "linux"))]
fn is_in_memory(_: &File) -> bool {
    false
}

#[cfg(not(target_os = "linux"))]
fn copy(_: &File, _: u64, _: u64, _: &File) -> u64 {
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_to_the_system_is_long_and_begins_on_a_granule() {
        let to = tempfile::tempfile().unwrap();
        for terms in [Terms::PAGES, Terms::MEMORY] {
            let Terms { granule, min_len } = terms;
            let direct = Direct { to: &to, terms };
            for position in [0, 1, granule - 1, granule, 3 * granule + 7, i64::MAX as u64] {
                for out_position in [position, position % granule, position + 1, 0] {
                    for len in [1, min_len - 1, min_len, min_len + granule, i64::MAX as u64] {
                        let distance = direct.distance(position, len, out_position);
                        assert!(distance <= len);
                        if distance < len {
                            assert_eq!((position + distance) % granule, 0);
                            assert_eq!((out_position + distance) % granule, 0);
                            assert!(len - distance >= min_len);
                        }
                    }
                }
            }
            let far = 5 * granule;
            assert_eq!(direct.distance(granule, min_len, far), 0);
            assert_eq!(direct.distance(granule, min_len - 1, far), min_len - 1);
        }
        let pages = Direct { to: &to, terms: Terms::PAGES };
        assert_eq!(pages.distance(4096 + 96, 1 << 20, 96), 4000);
        assert_eq!(pages.distance(4096 + 96, 1 << 20, 97), 1 << 20);
        let never = Direct { to: &to, terms: Terms::NEVER };
        assert_eq!(never.distance(0, i64::MAX as u64, 0), i64::MAX as u64);
    }
}
