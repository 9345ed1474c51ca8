//! Binary arithmetic coding: a bit costs what its probability says.
//!
//! An interval of 32-bit numbers is split at every bit and narrowed to the part that the bit names.
//! Its leading bytes are written as soon as both ends have them in common, so that carries do not
//! occur.

use crate::codec::Fault;

/// Either direction, so that a model is written once and serves both.
pub(crate) trait BitCoder {
    /// Whether the bits are known before.
    const ENCODES: bool;

    /// Codes a bit that is set with a probability of `probability / 65536`, which is not 0.
    /// Returns it; a decoder does not look at `bit`.
    fn code(&mut self, bit: bool, probability: u16) -> bool;
}

/// Bytes of an interval's end.
const STATE_LEN: usize = 4;

/// Splits the interval: the lower part, up to what is returned, is for a set bit.
#[inline(always)]
fn split(low: u32, high: u32, probability: u16) -> u32 {
    low + ((u64::from(high - low) * u64::from(probability)) >> 16) as u32
}

#[derive(Debug)]
pub(crate) struct Encoder {
    low: u32,
    high: u32,
    bytes: Vec<u8>,
}

impl Encoder {
    /// Writes behind `bytes`.
    pub(crate) fn new(bytes: Vec<u8>) -> Self {
        Encoder { low: 0, high: u32::MAX, bytes }
    }

    /// Ends the stream with one byte: followed by zeros, which the decoder takes for granted, it
    /// lies inside the interval, as the ends of that differ in their first byte.
    pub(crate) fn finish(mut self) -> Vec<u8> {
        self.bytes.push((self.low >> 24) as u8 + 1);
        self.bytes
    }
}

impl BitCoder for Encoder {
    const ENCODES: bool = true;

    #[inline(always)]
    fn code(&mut self, bit: bool, probability: u16) -> bool {
        let middle = split(self.low, self.high, probability);
        if bit {
            self.high = middle;
        } else {
            self.low = middle + 1;
        }
        while (self.low ^ self.high) >> 24 == 0 {
            self.bytes.push((self.low >> 24) as u8);
            self.low <<= 8;
            self.high = self.high << 8 | 0xff;
        }
        bit
    }
}

#[derive(Debug)]
pub(crate) struct Decoder {
    low: u32,
    high: u32,
    /// The bytes of the stream that tell where in the interval it goes on.
    value: u32,
    bytes: Vec<u8>,
    /// Bytes taken, and zeros taken for bytes behind the end.
    position: usize,
}

impl Decoder {
    /// Reads `bytes` from `position` on.
    pub(crate) fn new(bytes: Vec<u8>, position: usize) -> Self {
        let mut decoder = Decoder { low: 0, high: u32::MAX, value: 0, bytes, position };
        for _ in 0..STATE_LEN {
            decoder.shift();
        }
        decoder
    }

    /// Fails if more has been decoded than the stream can hold.
    pub(crate) fn check(&self) -> Result<(), Fault> {
        if self.position > self.bytes.len() + STATE_LEN - 1 { Err(Fault::Ended) } else { Ok(()) }
    }

    /// Checks that the stream ends here.
    pub(crate) fn finish(&self) -> Result<(), Fault> {
        self.check()?;
        let ended = self.position == self.bytes.len() + STATE_LEN - 1;
        if ended { Ok(()) } else { Err(Fault::Stray) }
    }

    #[inline(always)]
    fn shift(&mut self) {
        let byte = self.bytes.get(self.position).copied().unwrap_or(0);
        self.value = self.value << 8 | u32::from(byte);
        self.position += 1;
    }
}

impl BitCoder for Decoder {
    const ENCODES: bool = false;

    #[inline(always)]
    fn code(&mut self, _: bool, probability: u16) -> bool {
        let middle = split(self.low, self.high, probability);
        let bit = self.value <= middle;
        if bit {
            self.high = middle;
        } else {
            self.low = middle + 1;
        }
        while (self.low ^ self.high) >> 24 == 0 {
            self.low <<= 8;
            self.high = self.high << 8 | 0xff;
            self.shift();
        }
        bit
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn bits_come_back_at_any_probabilities(bits in vec((any::<bool>(), 1u16..), 0..2000)) {
            let mut encoder = Encoder::new(vec![0xee]);
            for &(bit, probability) in &bits {
                encoder.code(bit, probability);
            }
            let mut decoder = Decoder::new(encoder.finish(), 1);
            for &(bit, probability) in &bits {
                prop_assert_eq!(decoder.code(!bit, probability), bit);
                prop_assert_eq!(decoder.check(), Ok(()));
            }
            prop_assert_eq!(decoder.finish(), Ok(()));
        }
    }

    #[test]
    fn a_bit_costs_what_its_probability_says() {
        let mut encoder = Encoder::new(Vec::new());
        for i in 0..80_000 {
            encoder.code(i % 10 > 0, 58_982); // nine of ten
        }
        // 80000 bits of 0.469 bits each.
        let len = encoder.finish().len();
        assert!((4685..4695).contains(&len), "{len}");
    }

    #[test]
    fn a_stream_that_is_cut_or_too_long_does_not_end_right() {
        let mut encoder = Encoder::new(Vec::new());
        for i in 0..100 {
            encoder.code(i % 3 == 0, 1 << 15);
        }
        let stream = encoder.finish();
        let finished = |stream: &[u8]| {
            let mut decoder = Decoder::new(stream.to_vec(), 0);
            for _ in 0..100 {
                decoder.code(false, 1 << 15);
            }
            decoder.finish()
        };
        assert_eq!(finished(&stream), Ok(()));
        assert_eq!(finished(&stream[..stream.len() - 1]), Err(Fault::Ended));
        assert_eq!(finished(&[&stream[..], &[0]].concat()), Err(Fault::Stray));
    }
}
