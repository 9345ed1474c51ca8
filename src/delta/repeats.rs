//! Windows that are known not to match because the data repeats what did not match before.
//!
//! A signature can be made so that one weak sum is that of many blocks, and a new file so that it
//! is that of every window. Such a file has a period, so one strong sum does for many windows.

/// What is known about the windows of the encoder's buffer. Positions are offsets in it.
pub(super) struct Repeats {
    anchor: Option<Anchor>,
    /// Windows before this position, from the one that is searched on, do not match.
    known_until: usize,
}

/// A window whose strong sum was taken in vain. Since then no window matched.
struct Anchor {
    pos: usize,
    weak: u32,
    /// Strong sums that may still be taken in vain before another window becomes the anchor: twice
    /// as many each time, so that the anchor stays for a whole period whatever its length (Brent,
    /// *An improved Monte Carlo factorization algorithm*, 1980).
    patience: usize,
    next_patience: usize,
}

/// Bytes that are compared at once.
const STRIDE: usize = 64;

impl Repeats {
    pub(super) fn new() -> Self {
        Repeats { anchor: None, known_until: 0 }
    }

    /// Returns the position before which no window matches.
    pub(super) fn known_until(&self) -> usize {
        self.known_until
    }

    pub(super) fn rebase(&mut self, dropped: usize) {
        self.known_until = self.known_until.saturating_sub(dropped);
        self.anchor = self
            .anchor
            .take()
            .and_then(|anchor| Some(Anchor { pos: anchor.pos.checked_sub(dropped)?, ..anchor }));
    }

    /// Takes note that a window matched.
    pub(super) fn matched(&mut self) {
        self.anchor = None;
    }

    /// Takes note that the strong sum of a window was taken in vain.
    pub(super) fn missed(&mut self, pos: usize, weak: u32) {
        match &mut self.anchor {
            Some(anchor) if anchor.patience > 0 => anchor.patience -= 1,
            anchor => {
                let patience = anchor.as_ref().map_or(1, |anchor| anchor.next_patience);
                *anchor = Some(Anchor { pos, weak, patience, next_patience: 2 * patience });
            }
        }
    }

    /// Returns true if it is known that the window at `pos`, the first that is searched, does not
    /// match. Windows behind it may become known, too.
    pub(super) fn is_known(&mut self, pos: usize, weak: u32, buf: &[u8], block_len: usize) -> bool {
        if pos < self.known_until {
            return true;
        }
        let Some(anchor) = self.anchor.as_ref().filter(|anchor| anchor.weak == weak) else {
            return false;
        };
        // A window at the end of the file may be short.
        let Some((window, behind)) = buf[pos..].split_at_checked(block_len) else {
            return false;
        };
        let (same_window, from_anchor) = buf[anchor.pos..].split_at(block_len);
        if window != same_window {
            return false;
        }
        // As long as the bytes behind are the same, every window equals one that did not match.
        let strides = behind.chunks_exact(STRIDE).zip(from_anchor.chunks_exact(STRIDE));
        let same = strides.take_while(|(a, b)| a == b).count() * STRIDE;
        self.known_until = pos + same + 1;
        true
    }
}
