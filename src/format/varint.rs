//! Numbers of one to ten bytes: LEB128, seven bits a byte from the lowest, as in the layered patch.

/// Appends a number.
pub(crate) fn put(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// What the front of some bytes says as a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Varint {
    /// The number, and the bytes it takes.
    Value(u64, usize),
    /// More bytes must come.
    Incomplete,
    /// More than 64 bits, or bytes that add nothing: every number has one encoding.
    Invalid,
}

/// Reads the number at the front.
pub(crate) fn take(bytes: &[u8]) -> Varint {
    let mut value = 0;
    for (place, &byte) in bytes.iter().enumerate() {
        let bits = u64::from(byte & 0x7f);
        if place == 9 && byte > 1 || place > 0 && byte == 0 {
            return Varint::Invalid;
        }
        value |= bits << (7 * place);
        if byte < 0x80 {
            return Varint::Value(value, place + 1);
        }
    }
    Varint::Incomplete
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_has_one_encoding() {
        let edges = (0..64).flat_map(|bit| [(1u64 << bit) - 1, 1 << bit, u64::MAX >> bit]);
        for value in edges {
            let mut bytes = Vec::new();
            put(&mut bytes, value);
            assert_eq!(take(&bytes), Varint::Value(value, bytes.len()));
            for cut in 0..bytes.len() {
                assert_eq!(take(&bytes[..cut]), Varint::Incomplete, "{value}");
            }
            *bytes.last_mut().unwrap() |= 0x80;
            bytes.push(0);
            assert_eq!(take(&bytes), Varint::Invalid, "{value} with a byte too many");
        }
        assert_eq!(take(&[0xff; 12]), Varint::Invalid);
        assert_eq!(
            take(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2]),
            Varint::Invalid
        );
    }

    #[test]
    fn the_bytes_are_those_of_the_specification() {
        // The example of DWARF 5, section 7.6.
        let mut bytes = Vec::new();
        put(&mut bytes, 624_485);
        assert_eq!(bytes, [0xe5, 0x8e, 0x26]);
    }
}
