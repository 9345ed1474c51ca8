//! Tables of many megabytes on large pages, where the system has them.
//!
//! Memory is handed out page by page when it is first touched, which for small pages takes longer than
//! what is done with the bytes, and every access to them has to be translated.

#[cfg(feature = "layered")]
use std::alloc::{self, Layout};

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

/// Where a table of zeros lies.
#[cfg(feature = "layered")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pages {
    /// Only what is touched takes memory and time.
    Small,
    /// Most will be touched, in no order.
    Large,
}

/// Returns zeros, which take no memory before they are touched.
#[cfg(feature = "layered")]
pub(crate) fn try_zeros(len: usize, pages: Pages) -> Result<Vec<u32>> {
    use crate::error::Error;
    let too_much = || Error::OutOfMemory { wanted_bytes: (len as u64).saturating_mul(4) };
    let layout = Layout::array::<u32>(len).map_err(|_| too_much())?;
    if len == 0 {
        return Ok(Vec::new());
    }
    // SAFETY: the layout is not empty.
    let start: *mut u32 = unsafe { alloc::alloc_zeroed(layout) }.cast();
    if start.is_null() {
        return Err(too_much());
    }
    // SAFETY: the memory comes from the global allocator with the layout of so many numbers, and zeros
    // are numbers.
    let zeros = unsafe { Vec::from_raw_parts(start, len, len) };
    if pages == Pages::Large {
        prefer_large_pages(&zeros);
    }
    Ok(zeros)
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

    #[cfg(feature = "layered")]
    #[test]
    fn zeros_are_zero_and_can_be_written() {
        for (len, pages) in [(0, Pages::Large), (5, Pages::Small), (3 << 20, Pages::Large)] {
            let mut zeros = try_zeros(len, pages).unwrap();
            assert!(zeros.len() == len && zeros.iter().all(|&number| number == 0), "{len}");
            zeros.push(7);
            assert_eq!(zeros.last(), Some(&7));
        }
        assert!(try_zeros(usize::MAX / 2, Pages::Small).is_err());
    }

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
