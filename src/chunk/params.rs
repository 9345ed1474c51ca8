//! Parameters of a chunker: lengths, and which bits of the hash decide.

use crate::error::{Error, Result};

/// Shortest that [`ChunkParams::min_len`] may be: the hash looks back 48 bytes.
const LEAST_MIN_LEN: u32 = 64;
/// Shortest that [`ChunkParams::average_len`] may be.
const LEAST_AVERAGE_LEN: u32 = 256;
/// Longest that [`ChunkParams::average_len`] may be: 4 MiB.
const MOST_AVERAGE_LEN: u32 = 4 << 20;
/// Longest that [`ChunkParams::max_len`] may be: 1 GiB.
const MOST_MAX_LEN: u32 = 1 << 30;
/// Highest normalization.
const MOST_NORMALIZATION: u8 = 3;

/// Masks of 5 to 25 bits, from FastCDC's authors' program and, from 18 bits, restic's FastCDC. A
/// mask of `n` bits lets one byte of 2^n cut. Its highest bit is bit 47, or lower: so the last 48
/// bytes count at most.
const MASKS: [u64; 21] = [
    0x0000_0000_0180_4110,
    0x0000_0000_0180_3110,
    0x0000_0000_1803_5100,
    0x0000_0018_0003_5300,
    0x0000_0190_0035_3000,
    0x0000_5900_0353_0000,
    0x0000_d900_0353_0000,
    0x0000_d901_0353_0000,
    0x0000_d903_0353_0000,
    0x0000_d903_1353_0000,
    0x0000_d90f_0353_0000,
    0x0000_d903_0353_7000,
    0x0000_d907_0353_7000,
    0x0000_d907_0753_7000,
    0x0000_d917_0753_7000,
    0x0000_d917_4753_7000,
    0x0000_d917_6753_7000,
    0x0000_d937_6753_7000,
    0x0000_d937_7753_7000,
    0x0000_d937_7757_7000,
    0x0000_db37_7757_7000,
];
/// Bits of the first mask.
const LEAST_BITS: u32 = 5;

/// Parameters of a chunker: valid by construction.
///
/// The average is nominal: it is where a cut becomes more likely, by a factor of 4 to the power of
/// the normalization. The mean of chunks of random bytes is a tenth to three tenths above it with
/// [`ChunkParams::with_average`], and up to four fifths above it without normalization. Bytes below
/// the minimum are not looked at, so that a higher minimum takes less time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ChunkParams {
    min_len: u32,
    average_len: u32,
    max_len: u32,
    normalization: u8,
}

impl ChunkParams {
    /// Chunks of 8 to 64 KiB, about 16 KiB on average.
    pub const KIB_16: ChunkParams = ChunkParams::around(16 << 10);
    /// Chunks of 32 to 256 KiB, about 64 KiB on average.
    pub const KIB_64: ChunkParams = ChunkParams::around(64 << 10);

    /// Checks and returns parameters; lengths are in bytes.
    ///
    /// # Errors
    /// [`Error::InvalidChunkLens`] unless 64 <= `min_len` <= `average_len` <= `max_len` <= 2^30 and
    /// `average_len` is in 256..=4194304; [`Error::InvalidNormalization`] if `normalization` is more
    /// than 3.
    pub fn new(min_len: u32, average_len: u32, max_len: u32, normalization: u8) -> Result<Self> {
        let valid = min_len >= LEAST_MIN_LEN
            && (min_len..=max_len).contains(&average_len)
            && (LEAST_AVERAGE_LEN..=MOST_AVERAGE_LEN).contains(&average_len)
            && max_len <= MOST_MAX_LEN;
        if !valid {
            return Err(Error::InvalidChunkLens { min_len, average_len, max_len });
        }
        if normalization > MOST_NORMALIZATION {
            return Err(Error::InvalidNormalization { found: normalization });
        }
        Ok(ChunkParams { min_len, average_len, max_len, normalization })
    }

    /// Returns the recommended parameters for an average: half of it to four times as much,
    /// normalization 2. As many chunks find as much in two releases as those with a quarter and
    /// normalization 1, which are common, and are found in less time.
    ///
    /// # Errors
    /// [`Error::InvalidChunkLens`] unless `average_len` is in 256..=4194304.
    pub fn with_average(average_len: u32) -> Result<Self> {
        let ChunkParams { min_len, max_len, normalization, .. } = Self::around(average_len);
        ChunkParams::new(min_len, average_len, max_len, normalization)
    }

    const fn around(average_len: u32) -> Self {
        ChunkParams {
            min_len: average_len / 2,
            average_len,
            max_len: average_len.saturating_mul(4),
            normalization: 2,
        }
    }

    /// Returns the fewest bytes of a chunk, unless it is the last.
    pub fn min_len(&self) -> u32 {
        self.min_len
    }

    /// Returns the nominal average.
    pub fn average_len(&self) -> u32 {
        self.average_len
    }

    /// Returns the most bytes of a chunk.
    pub fn max_len(&self) -> u32 {
        self.max_len
    }

    /// Returns how strongly lengths are drawn to the average: 0 not at all, to 3.
    pub fn normalization(&self) -> u8 {
        self.normalization
    }

    /// Returns the bits of the hash that must be zero for a cut below and from the average.
    ///
    /// Their number is that of the power of two nearest to the average (by ratio), and as many more
    /// or fewer as the normalization says.
    pub(super) fn masks(&self) -> [u64; 2] {
        // log2(average) rounded, from log2(average²) rounded down, of which halves are rounded up. No
        // average lies half-way between two powers by ratio, so there is no doubt.
        let bits = u64::from(self.average_len).pow(2).ilog2().div_ceil(2);
        let normalization = u32::from(self.normalization);
        [bits + normalization, bits - normalization].map(|bits| MASKS[(bits - LEAST_BITS) as usize])
    }
}

#[cfg(test)]
mod tests {
    use fastcdc::v2020::{Normalization, select_masks};

    use super::*;

    #[test]
    fn masks_are_those_of_the_crate_fastcdc_for_every_average() {
        let levels = [
            Normalization::Level0,
            Normalization::Level1,
            Normalization::Level2,
            Normalization::Level3,
        ];
        for average_len in LEAST_AVERAGE_LEN..=MOST_AVERAGE_LEN {
            for (normalization, level) in (0..).zip(levels) {
                let params = ChunkParams { normalization, ..ChunkParams::around(average_len) };
                let [below, from] = params.masks();
                assert_eq!((below, from), select_masks(average_len as usize, level), "{params:?}");
            }
        }
    }

    #[test]
    fn a_mask_has_as_many_bits_as_its_place_says() {
        for (mask, bits) in MASKS.iter().zip(LEAST_BITS..) {
            assert_eq!(mask.count_ones(), bits, "{mask:#x}");
            assert!(mask.ilog2() <= 47, "{mask:#x}");
        }
    }
}
