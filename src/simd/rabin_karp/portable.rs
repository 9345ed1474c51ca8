//! Rabin-Karp sums without special instructions: 16 independent products at a time.

use super::{MULT, power};

/// Bytes that are taken at once.
const STEP: usize = 16;
/// What each byte of a step is multiplied by.
const POWERS: [u32; STEP] = {
    let mut powers = [0; STEP];
    let mut i = 0;
    while i < STEP {
        powers[i] = power(STEP - 1 - i);
        i += 1;
    }
    powers
};

pub(super) fn update(mut hash: u32, bytes: &[u8]) -> u32 {
    let (steps, rest) = bytes.as_chunks::<STEP>();
    for step in steps {
        let mut sum = 0u32;
        for (&byte, power) in step.iter().zip(POWERS) {
            sum = sum.wrapping_add(power.wrapping_mul(u32::from(byte)));
        }
        hash = hash.wrapping_mul(const { power(STEP) }).wrapping_add(sum);
    }
    for &byte in rest {
        hash = hash.wrapping_mul(MULT).wrapping_add(u32::from(byte));
    }
    hash
}
