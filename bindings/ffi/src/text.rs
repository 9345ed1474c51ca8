//! Short texts for C, made without the heap.

use std::ffi::{CStr, c_char};
use std::fmt::{self, Write};

/// A text of up to `N - 1` bytes and a NUL; what is longer is cut.
#[derive(Clone, Debug)]
pub struct Text<const N: usize> {
    /// Zeros behind the text.
    bytes: [u8; N],
    len: usize,
}

impl<const N: usize> Text<N> {
    /// Returns the empty text.
    pub const fn new() -> Self {
        const { assert!(N > 0) };
        Text { bytes: [0; N], len: 0 }
    }

    /// Returns what a value displays.
    pub fn of(value: impl fmt::Display) -> Self {
        let mut text = Text::new();
        let _ = write!(text, "{value}");
        text
    }

    /// Returns true if there is no text.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Appends bytes, which need not be UTF-8; what does not fit is dropped.
    pub fn push_bytes(&mut self, bytes: &[u8]) {
        let len = bytes.len().min(N - 1 - self.len);
        self.bytes[self.len..][..len].copy_from_slice(&bytes[..len]);
        self.len += len;
    }

    /// Returns the bytes of the text.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }

    /// Puts a newline at the end, over the last byte if there is no room.
    pub fn end_line(&mut self) {
        self.len = self.len.min(N.saturating_sub(2));
        let _ = self.write_str("\n");
    }

    /// Returns the text as C writes it.
    pub fn as_c_str(&self) -> &CStr {
        CStr::from_bytes_until_nul(&self.bytes).unwrap_or_default()
    }

    /// Returns the address of the text, for callers who write into it.
    pub fn as_mut_ptr(&mut self) -> *mut c_char {
        self.bytes.as_mut_ptr().cast()
    }
}

impl<const N: usize> Default for Text<N> {
    fn default() -> Self {
        Text::new()
    }
}

/// Never fails: what does not fit is dropped.
impl<const N: usize> Write for Text<N> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let mut len = text.len().min(N - 1 - self.len);
        while !text.is_char_boundary(len) {
            len -= 1;
        }
        self.push_bytes(&text.as_bytes()[..len]);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_where_a_character_starts() {
        assert_eq!(Text::<6>::of("abc").as_c_str(), c"abc");
        assert_eq!(Text::<6>::of("abcdefg").as_c_str(), c"abcde");
        assert_eq!(Text::<6>::of("abcd\u{e9}").as_c_str(), c"abcd");
        let mut line = Text::<6>::of("abcdefg");
        line.end_line();
        assert_eq!(line.as_c_str(), c"abcd\n");
        assert!(Text::<1>::of("x").is_empty());
    }
}
