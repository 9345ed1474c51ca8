//! What several tests use.
#![allow(dead_code, missing_docs)] // no test uses all of it

use std::fmt::Debug;

use sha2::{Digest, Sha256};
use sigdelta::io::{self, BufferSizes};
use sigdelta::{Error, PatchOptions, PatchStats, Result};

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub fn unhex(text: &str) -> Vec<u8> {
    let digits = text.as_bytes();
    assert!(digits.len().is_multiple_of(2));
    digits
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

pub fn sha256_hex(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

pub fn patch_with(
    basis: &[u8],
    delta: &[u8],
    options: PatchOptions,
) -> Result<(Vec<u8>, PatchStats)> {
    let (mut result, buffers) = (Vec::new(), BufferSizes::default());
    let stats = io::patch(basis, delta, &mut result, options, buffers, &mut ())?;
    Ok((result, stats))
}

/// Checks every field of an error and librsync's code for it.
#[track_caller]
pub fn assert_error<T: Debug>(result: Result<T>, code: i32, expected: Error) {
    let error = result.unwrap_err();
    assert_eq!(format!("{error:?}"), format!("{expected:?}"));
    assert_eq!(error.kind().code(), code, "code of {error:?}");
}

/// Random numbers that are the same in every run (xorshift64*).
pub struct Rng(u64);

impl Rng {
    pub fn new(seed: u64) -> Self {
        Rng(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// Returns a number from 0 to `end` - 1.
    pub fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let number = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 16;
        (number % end as u64) as usize
    }

    pub fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }

    /// Returns bytes below `alphabet`.
    pub fn bytes(&mut self, len: usize, alphabet: usize) -> Vec<u8> {
        (0..len).map(|_| self.below(alphabet) as u8).collect()
    }
}
