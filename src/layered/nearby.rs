//! Stretches of a basis as slices, read so that neighbours cost no system call each.

use std::ops::Range;

use crate::error::{Error, Result, reserve_exact};
use crate::read_at::ReadAt;

/// Places of the basis that are remembered.
const WINDOWS: usize = 64;
/// Bytes read at a place that was not visited before, at least.
const FIRST_LEN: usize = 4 << 10;
/// Bytes read at once where reading goes on, at most.
const MAX_LEN: usize = 128 << 10;
/// Longest stretch that can be asked for.
pub(crate) const MAX_STRETCH: usize = 64 << 10;

/// A basis and the places where it was last read: jumps back and forth between them, as in moved code,
/// find the bytes there.
pub(crate) struct Nearby<'a, B: ?Sized> {
    basis: &'a B,
    windows: Vec<Window>,
    /// The one used last.
    last: usize,
    /// Stretches that were asked for so far.
    time: u64,
}

#[derive(Default)]
struct Window {
    start: u64,
    end: u64,
    /// Bytes asked for here.
    used: u64,
    /// When that was last.
    time: u64,
    /// As long as the longest read so far; the first are those of the basis from `start` to `end`.
    bytes: Vec<u8>,
}

impl Window {
    fn contains(&self, range: &Range<u64>) -> bool {
        self.start <= range.start && range.end <= self.end
    }

    /// The range begins here or just behind, does not end here, and reading more was of use before.
    fn leads_to(&self, range: &Range<u64>) -> bool {
        self.start <= range.start
            && range.start <= self.end
            && 2 * self.used > self.end - self.start
    }
}

impl<'a, B: ReadAt + ?Sized> Nearby<'a, B> {
    pub(crate) fn new(basis: &'a B) -> Self {
        Nearby { basis, windows: Vec::new(), last: 0, time: 0 }
    }

    /// Returns a stretch of the basis, at most [`MAX_STRETCH`] bytes.
    ///
    /// # Errors
    /// [`Error::BasisEnded`], [`Error::Io`], [`Error::OutOfMemory`].
    pub(crate) fn stretch(&mut self, range: Range<u64>) -> Result<&[u8]> {
        let contains = |window: &Window| window.contains(&range);
        if !self.windows.get(self.last).is_some_and(contains) {
            self.last = match self.windows.iter().position(contains) {
                Some(place) => place,
                None => self.read(&range)?,
            };
        }
        self.time += 1;
        let window = &mut self.windows[self.last];
        window.used += range.end - range.start;
        window.time = self.time;
        Ok(&window.bytes[(range.start - window.start) as usize..]
            [..(range.end - range.start) as usize])
    }

    /// Reads the range, and more behind it if reading goes on, and returns into which window.
    fn read(&mut self, range: &Range<u64>) -> Result<usize> {
        let leading = self.windows.iter().position(|window| window.leads_to(range));
        let place = match leading {
            Some(place) => place,
            None if self.windows.len() < WINDOWS => {
                let more = WINDOWS - self.windows.len();
                reserve_exact(&mut self.windows, more)?;
                self.windows.push(Window::default());
                self.windows.len() - 1
            }
            None => {
                let oldest = self.windows.iter().enumerate().min_by_key(|(_, window)| window.time);
                oldest.map_or(0, |(place, _)| place)
            }
        };
        let window = &mut self.windows[place];
        let wanted = (range.end - range.start) as usize;
        let ahead = match leading {
            Some(_) => (2 * (window.end - window.start) as usize).min(MAX_LEN),
            None => FIRST_LEN,
        };
        let len = wanted.max(ahead);
        // Nothing is in it if reading fails.
        (window.start, window.end, window.used) = (range.start, range.start, 0);
        if window.bytes.len() < len {
            let more = len - window.bytes.len();
            reserve_exact(&mut window.bytes, more)?;
            window.bytes.resize(len, 0);
        }
        let mut filled = 0;
        while filled < wanted {
            let position = range.start + filled as u64;
            match self.basis.read_at(position, &mut window.bytes[filled..len])? {
                0 => {
                    let (position, len, ended_at) = (range.start, wanted as u64, position);
                    return Err(Error::BasisEnded { position, len, ended_at });
                }
                read => filled += read,
            }
        }
        window.end = range.start + filled as u64;
        Ok(place)
    }
}
