//! Tables of many megabytes on large pages, where the system has them.
//!
//! Memory is handed out page by page when it is first touched, which for small pages takes longer than
//! what is done with the bytes, and every access to them has to be translated.

use crate::error::{Result, reserve_exact};

/// As [`reserve_exact`].
pub(crate) fn reserve_large<T>(vec: &mut Vec<T>, additional: usize) -> Result<()> {
    reserve_exact(vec, additional)?;
    prefer_large_pages(vec);
    Ok(())
}

/// As [`try_vec`](crate::error::try_vec).
pub(crate) fn try_large_vec<T: Clone>(value: T, len: usize) -> Result<Vec<T>> {
    let mut vec = Vec::new();
    reserve_large(&mut vec, len)?;
    vec.resize(len, value);
    Ok(vec)
}

#[cfg(target_os = "linux")]
fn prefer_large_pages<T>(vec: &Vec<T>) {
    /// In bytes. Smaller tables are left alone, since no large page would lie inside of them.
    const LARGE: usize = 2 << 20;
    /// A multiple of the size of a small page on any machine.
    const ALIGNMENT: usize = 64 << 10;
    let start = vec.as_ptr().addr();
    let end = start + vec.capacity() * size_of::<T>();
    let range = start.next_multiple_of(ALIGNMENT)..end - end % ALIGNMENT;
    if range.len() < LARGE {
        return;
    }
    let first: *const T = vec.as_ptr().with_addr(range.start);
    // SAFETY: the range lies inside of the vector's allocation, and the advice changes no byte of it.
    // Should the system refuse, nothing is lost.
    unsafe { libc::madvise(first.cast_mut().cast(), range.len(), libc::MADV_HUGEPAGE) };
}

#[cfg(not(target_os = "linux"))]
fn prefer_large_pages<T>(_: &Vec<T>) {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_tables_hold_what_they_are_filled_with() {
        for len in [0, 1, 1 << 19, (1 << 20) + 1, 5_000_000] {
            let mut table = try_large_vec(7u32, len).unwrap();
            assert!(table.len() == len && table.iter().all(|&number| number == 7), "{len}");
            reserve_large(&mut table, 3 << 20).unwrap();
            table.push(8);
            assert!(table.pop() == Some(8) && table.iter().all(|&number| number == 7), "{len}");
        }
    }
}
