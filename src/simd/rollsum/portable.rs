//! The sums behind a rollsum without special instructions: 16 independent products at a time.

use super::Sums;

/// Bytes that are taken at once.
const STEP: usize = 16;

pub(super) fn sums(bytes: &[u8]) -> Sums {
    let mut total = Sums { plain: 0, weighted: 0 };
    let (steps, rest) = bytes.as_chunks::<STEP>();
    for step in steps {
        let mut sums = Sums { plain: 0, weighted: 0 };
        for (i, &byte) in step.iter().enumerate() {
            sums.plain += u32::from(byte);
            sums.weighted += (STEP - i) as u32 * u32::from(byte);
        }
        total = total.followed_by(sums, STEP);
    }
    for &byte in rest {
        let byte = u32::from(byte);
        total = total.followed_by(Sums { plain: byte, weighted: byte }, 1);
    }
    total
}
