//! Numbers of one to ten bytes in layered patches: LEB128, and zigzag for signed ones.

/// Most bytes of a number.
pub(crate) const MAX_LEN: usize = 10;

/// Appends a number, seven bits a byte, the low ones first.
pub(crate) fn push(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// A number that arrives byte by byte.
#[derive(Debug, Default)]
pub(crate) struct Partial {
    value: u64,
    shift: u32,
}

/// What a byte makes of a [`Partial`] number.
pub(crate) enum Pushed {
    More,
    Done(u64),
    /// More than 64 bits, or not the shortest form.
    Invalid,
}

impl Partial {
    pub(crate) fn push(&mut self, byte: u8) -> Pushed {
        let bits = u64::from(byte & 0x7f);
        // The tenth byte has one bit, and none follows.
        if self.shift >= 63 && byte > 1 || bits << self.shift >> self.shift != bits {
            return Pushed::Invalid;
        }
        self.value |= bits << self.shift;
        match byte {
            0x80.. => {
                self.shift += 7;
                Pushed::More
            }
            0 if self.shift > 0 => Pushed::Invalid,
            _ => Pushed::Done(std::mem::take(self).value),
        }
    }
}

/// What the front of some bytes is as a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Front {
    /// The number, and the bytes it takes.
    Value(u64, usize),
    /// More bytes must come.
    Incomplete,
    /// More than 64 bits, or not the shortest form.
    Invalid,
}

/// Looks at the number that `bytes` start with.
pub(crate) fn front(bytes: &[u8]) -> Front {
    let mut partial = Partial::default();
    for (i, &byte) in bytes.iter().enumerate() {
        match partial.push(byte) {
            Pushed::More => {}
            Pushed::Done(value) => return Front::Value(value, i + 1),
            Pushed::Invalid => return Front::Invalid,
        }
    }
    Front::Incomplete
}

/// Reads the number that `bytes` start with; returns it and its length, or `None` if there is none.
pub(crate) fn read(bytes: &[u8]) -> Option<(u64, usize)> {
    match front(bytes) {
        Front::Value(value, len) => Some((value, len)),
        Front::Incomplete | Front::Invalid => None,
    }
}

/// Makes small numbers of either sign small: 0, -1, 1, -2 become 0, 1, 2, 3.
pub(crate) fn zigzag(value: i64) -> u64 {
    (value << 1 ^ value >> 63) as u64
}

/// The inverse of [`zigzag`].
pub(crate) fn unzigzag(value: u64) -> i64 {
    (value >> 1) as i64 ^ -((value & 1) as i64)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_have_the_form_of_leb128() {
        let encoded = |value| {
            let mut out = Vec::new();
            push(&mut out, value);
            out
        };
        assert_eq!(encoded(0), [0]);
        assert_eq!(encoded(127), [0x7f]);
        assert_eq!(encoded(128), [0x80, 1]);
        assert_eq!(encoded(624_485), [0xe5, 0x8e, 0x26]); // the example of the DWARF standard
        assert_eq!(encoded(u64::MAX), [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1]);
    }

    #[test]
    fn numbers_of_more_than_64_bits_or_with_needless_bytes_are_refused() {
        assert_eq!(read(&[0xff; 9]), None);
        assert_eq!(read(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2]), None);
        assert_eq!(read(&[0x80, 0]), None);
        assert_eq!(read(&[]), None);
        assert_eq!(front(&[0xff; 9]), Front::Incomplete);
        assert_eq!(front(&[0x80, 0]), Front::Invalid);
        let tenth_goes_on = [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x81];
        assert_eq!(front(&tenth_goes_on), Front::Invalid);
        assert_eq!(front(&[0xff; 12]), Front::Invalid);
    }

    #[test]
    fn zigzag_alternates_between_the_signs() {
        assert_eq!([0, -1, 1, -2, 2].map(zigzag), [0, 1, 2, 3, 4]);
        assert_eq!(zigzag(i64::MIN), u64::MAX);
    }

    proptest! {
        #[test]
        fn every_number_comes_back(value: u64, signed: i64, rest: [u8; 3]) {
            let mut out = Vec::new();
            push(&mut out, value);
            let len = out.len();
            out.extend(rest);
            prop_assert_eq!(read(&out), Some((value, len)));
            prop_assert_eq!(unzigzag(zigzag(signed)), signed);
        }
    }
}
