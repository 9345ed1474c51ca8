//! Numbers of few bits: Rice's code (Rice, *Some practical universal noiseless coding techniques*,
//! 1979). A number is cut into its low bits, as many as a parameter says, and the rest, which is
//! told by as many ones and a zero in front of them. Bits fill bytes from the lowest on.

/// Largest parameter.
pub(crate) const MAX_PARAMETER: u8 = 24;

/// Bits that become bytes.
#[derive(Debug, Default)]
pub(crate) struct Writer {
    bytes: Vec<u8>,
    /// Bits of the last byte that are taken; 0 if it is full.
    filled: u32,
}

impl Writer {
    pub(crate) fn push(&mut self, value: u32, parameter: u8) {
        for _ in 0..value >> parameter {
            self.bit(true);
        }
        self.bit(false);
        for place in 0..parameter {
            self.bit(value >> place & 1 == 1);
        }
    }

    /// Returns the bytes; the last is filled up with zeros.
    pub(crate) fn finish(self) -> Vec<u8> {
        self.bytes
    }

    fn bit(&mut self, bit: bool) {
        if self.filled == 0 {
            self.bytes.push(0);
        }
        *self.bytes.last_mut().expect("just made") |= u8::from(bit) << self.filled;
        self.filled = (self.filled + 1) % 8;
    }
}

/// Returns the parameter with which numbers take the fewest bits.
pub(crate) fn best_parameter(values: impl Iterator<Item = u32> + Clone) -> u8 {
    let bits = |parameter: u8| {
        let of_one = |value: u32| u64::from(value >> parameter) + 1 + u64::from(parameter);
        values.clone().map(of_one).sum::<u64>()
    };
    (0..=MAX_PARAMETER).min_by_key(|&parameter| bits(parameter)).expect("there are some")
}

/// Bytes that become numbers.
#[derive(Debug)]
pub(crate) struct Reader<'a> {
    bytes: &'a [u8],
    /// Bits taken.
    position: usize,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Reader { bytes, position: 0 }
    }

    /// Returns the next number, or None if there is none or if it exceeds `max`.
    pub(crate) fn next(&mut self, parameter: u8, max: u32) -> Option<u32> {
        let mut quotient = 0;
        while self.bit()? {
            quotient += 1;
            if quotient > max >> parameter {
                return None;
            }
        }
        let mut value = quotient << parameter;
        for place in 0..parameter {
            value |= u32::from(self.bit()?) << place;
        }
        (value <= max).then_some(value)
    }

    /// Returns the bytes of which bits were taken, or None if bits that are left of the last are set.
    pub(crate) fn finish(&self) -> Option<usize> {
        let (whole, used) = (self.position / 8, self.position % 8);
        if used == 0 {
            return Some(whole);
        }
        (self.bytes[whole] >> used == 0).then_some(whole + 1)
    }

    fn bit(&mut self) -> Option<bool> {
        let byte = self.bytes.get(self.position / 8)?;
        let bit = byte >> (self.position % 8) & 1 == 1;
        self.position += 1;
        Some(bit)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_number_is_ones_a_zero_and_its_low_bits() {
        let mut writer = Writer::default();
        writer.push(9, 2); // 1 1 0, then 1 0: 9 is 2 * 4 + 1
        writer.push(1, 2); // 0, then 1 0
        assert_eq!(writer.finish(), [0b0100_1011]);
    }

    proptest! {
        #[test]
        fn numbers_come_back(values in prop::collection::vec(0..100_000u32, 0..50)) {
            let parameter = best_parameter(values.iter().copied());
            let mut writer = Writer::default();
            values.iter().for_each(|&value| writer.push(value, parameter));
            let bytes = writer.finish();
            let mut reader = Reader::new(&bytes);
            for &value in &values {
                prop_assert_eq!(reader.next(parameter, 100_000), Some(value));
            }
            prop_assert_eq!(reader.finish(), Some(bytes.len()));
        }
    }

    #[test]
    fn what_is_too_large_cut_or_not_padded_with_zeros_is_refused() {
        let mut writer = Writer::default();
        writer.push(1000, 3);
        let bytes = writer.finish();
        assert_eq!(Reader::new(&bytes).next(3, 1000), Some(1000));
        assert_eq!(Reader::new(&bytes).next(3, 999), None);
        assert_eq!(Reader::new(&bytes[..bytes.len() - 1]).next(3, 1000), None);
        let mut reader = Reader::new(&[0b100]);
        assert_eq!(reader.next(0, 9), Some(0));
        assert_eq!(reader.finish(), None);
    }
}
