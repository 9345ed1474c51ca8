//! Inputs and settings that the benchmarks share: the same bytes in every run.

#![allow(dead_code, reason = "each benchmark uses a part of this")]

use std::time::Duration;

use criterion::Criterion;
use sigdelta::{SignatureKind, SignatureOptions, StrongHash, WeakHash};

/// Length of the inputs: larger than the caches of most processors.
pub const LEN: usize = 16 << 20;
/// Block length of the signatures.
pub const BLOCK_LEN: u32 = 2048;

/// The default of `rdiff`.
pub const RABIN_KARP_BLAKE2B: SignatureKind =
    SignatureKind { weak: WeakHash::RabinKarp, strong: StrongHash::Blake2b };
/// The only kind that fast_rsync knows.
pub const ROLLSUM_MD4: SignatureKind =
    SignatureKind { weak: WeakHash::Rollsum, strong: StrongHash::Md4 };

/// Returns settings with which all benchmarks together take about two minutes.
pub fn criterion() -> Criterion {
    Criterion::default()
        .sample_size(10)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(3))
}

/// Returns a name for the identifiers of benchmarks.
pub fn name(kind: SignatureKind) -> String {
    format!("{:?}+{:?}", kind.weak, kind.strong).to_lowercase()
}

/// Returns the signature of `basis`.
pub fn signature(basis: &[u8], kind: SignatureKind) -> Vec<u8> {
    let options = SignatureOptions::new().kind(kind).block_len(BLOCK_LEN);
    sigdelta::signature(basis, &options).unwrap()
}

/// Returns bytes that do not compress and do not repeat.
pub fn random(seed: u64, len: usize) -> Vec<u8> {
    let mut random = Random(seed);
    let mut bytes = Vec::with_capacity(len + 8);
    while bytes.len() < len {
        bytes.extend_from_slice(&random.next().to_le_bytes());
    }
    bytes.truncate(len);
    bytes
}

/// Returns `old` with an insertion, a deletion or an overwrite of up to 128 bytes about every 64 KiB.
pub fn edited(old: &[u8], seed: u64) -> Vec<u8> {
    let mut random = Random(seed);
    let mut new = Vec::with_capacity(old.len() + old.len() / 256);
    let mut rest = old;
    loop {
        let kept = random.below(128 << 10);
        let touched = 1 + random.below(128);
        let edit = random.below(3);
        if rest.len() < kept + touched {
            new.extend_from_slice(rest);
            return new;
        }
        new.extend_from_slice(&rest[..kept]);
        if edit != 0 {
            new.extend((0..touched).map(|_| random.next() as u8));
        }
        rest = &rest[if edit == 1 { kept } else { kept + touched }..];
    }
}

/// The generator xorshift64*.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    fn below(&mut self, bound: usize) -> usize {
        ((self.next() >> 32) as usize * bound) >> 32
    }
}
