//! Stretches of a basis as slices, read so that neighbours cost no system call each.

use std::ops::Range;

use crate::error::{Error, Result, reserve_exact};
use crate::read_at::ReadAt;

/// Places of the basis that are remembered.
const WINDOWS: usize = 8;
/// Bytes read at a place that was not visited before, at least.
const FIRST_LEN: usize = 4 << 10;
/// Bytes read at once where reading goes on, at most.
const MAX_LEN: usize = 128 << 10;
/// Longest stretch that can be asked for.
pub(crate) const MAX_STRETCH: usize = 64 << 10;

/// A basis and the places where it was last read: jumps back and forth between a few of them, as
/// in moved code, find the bytes there.
pub(crate) struct Nearby<'a, B: ?Sized> {
    basis: &'a B,
    /// The one used last comes first.
    windows: [Window; WINDOWS],
}

#[derive(Default)]
struct Window {
    start: u64,
    bytes: Vec<u8>,
    /// Bytes asked for here.
    used: usize,
}

impl Window {
    fn end(&self) -> u64 {
        self.start + self.bytes.len() as u64
    }

    fn contains(&self, range: &Range<u64>) -> bool {
        self.start <= range.start && range.end <= self.end()
    }

    /// The range begins here or just behind, does not end here, and reading more was of use before.
    fn leads_to(&self, range: &Range<u64>) -> bool {
        self.start <= range.start && range.start <= self.end() && 2 * self.used > self.bytes.len()
    }
}

impl<'a, B: ReadAt + ?Sized> Nearby<'a, B> {
    pub(crate) fn new(basis: &'a B) -> Self {
        Nearby { basis, windows: Default::default() }
    }

    /// Returns a stretch of the basis, at most [`MAX_STRETCH`] bytes.
    ///
    /// # Errors
    /// [`Error::BasisEnded`], [`Error::Io`], [`Error::OutOfMemory`].
    pub(crate) fn stretch(&mut self, range: Range<u64>) -> Result<&[u8]> {
        let found = self.windows.iter().position(|window| window.contains(&range));
        let place = match found {
            Some(place) => place,
            None => self.read(&range)?,
        };
        self.windows[..=place].rotate_right(1);
        let window = &mut self.windows[0];
        let start = (range.start - window.start) as usize;
        let len = (range.end - range.start) as usize;
        window.used += len;
        Ok(&window.bytes[start..start + len])
    }

    /// Reads the range, and more behind it if reading goes on, and returns into which window.
    fn read(&mut self, range: &Range<u64>) -> Result<usize> {
        let leading = self.windows.iter().position(|window| window.leads_to(range));
        let place = leading.unwrap_or(WINDOWS - 1);
        let window = &mut self.windows[place];
        let wanted = (range.end - range.start) as usize;
        let ahead = match leading {
            Some(_) => (2 * window.bytes.len()).min(MAX_LEN),
            None => FIRST_LEN,
        };
        window.start = range.start;
        window.used = 0;
        window.bytes.clear();
        reserve_exact(&mut window.bytes, wanted.max(ahead))?;
        window.bytes.resize(wanted.max(ahead), 0);
        let mut filled = 0;
        while filled < wanted {
            let position = range.start + filled as u64;
            match self.basis.read_at(position, &mut window.bytes[filled..]) {
                Ok(0) => {
                    window.bytes.clear();
                    let len = range.end - range.start;
                    return Err(Error::BasisEnded {
                        position: range.start,
                        len,
                        ended_at: position,
                    });
                }
                Ok(len) => filled += len,
                Err(error) => {
                    window.bytes.clear();
                    return Err(error);
                }
            }
        }
        window.bytes.truncate(filled);
        Ok(place)
    }
}
