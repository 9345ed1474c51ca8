//! Any bytes as a delta: buffers change nothing, limits are kept, verified results are right.
#![no_main]

use std::io::Cursor;

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use sigdelta::format::DELTA_MAGIC;
use sigdelta::io::{self, Basis, BufferSizes, SeekBasis};
use sigdelta::{AfterEnd, PatchOptions, PatchStats, Result, StrongHash, Trailer};
use sigdelta_fuzz::{BUFFERS, Length, visible};

const MAX_OUTPUT_BYTES: u64 = 1 << 20;

#[derive(Arbitrary, Debug)]
struct Input<'a> {
    with_magic: bool,
    with_trailer: bool,
    verify: bool,
    max_output_bytes: Length,
    buffers: [u8; 2],
    /// How many of the bytes are the basis; the others are a delta.
    basis_len: u16,
    bytes: &'a [u8],
}

fuzz_target!(|input: Input| {
    let basis_len = input.bytes.len().min(input.basis_len.into());
    let (basis, bytes) = input.bytes.split_at(basis_len);
    let delta = build_delta(&input, basis, bytes);
    let max_output_bytes = MAX_OUTPUT_BYTES.min(input.max_output_bytes.get() as u64);
    let [input_buffer, output_buffer] = input.buffers.map(|size| Some(usize::from(size % 40) + 1));
    let small_buffers = BufferSizes { input: input_buffer, output: output_buffer };

    for after_end in [AfterEnd::Check, AfterEnd::Require, AfterEnd::Tolerate, AfterEnd::Stop] {
        let options = PatchOptions::new().after_end(after_end).verify(input.verify);
        let limited = |basis: &mut dyn Basis, buffers| {
            patch(basis, &delta, options, max_output_bytes, buffers)
        };
        let result = visible(limited(&mut &*basis, BUFFERS));
        let mut seek_basis = SeekBasis::new(Cursor::new(basis));
        assert_eq!(visible(limited(&mut seek_basis, small_buffers)), result);
        if let Ok((result, stats)) = result {
            assert!(stats.trailer.is_some() || after_end != AfterEnd::Require);
            let verify = input.verify || after_end == AfterEnd::Require;
            assert_eq!(stats.verified, stats.trailer.is_some() && verify);
            assert!(!stats.verified || delta.ends_with(&trailer_of(&result)));
            if let Some(trailer) = stats.trailer {
                let is_right = trailer.encode() == trailer_of(&result);
                assert_eq!(io::check_result(&trailer, &result[..]).is_ok(), is_right);
            }
        }
    }
});

/// Returns the delta in the bytes, with the parts that no fuzzer guesses.
fn build_delta(input: &Input, basis: &[u8], bytes: &[u8]) -> Vec<u8> {
    let mut delta = Vec::new();
    if input.with_magic {
        delta.extend(DELTA_MAGIC.to_be_bytes());
    }
    delta.extend(bytes);
    if input.with_trailer {
        delta.push(0);
        let options = PatchOptions::new().after_end(AfterEnd::Stop);
        if let Ok((result, _)) = patch(&mut &*basis, &delta, options, MAX_OUTPUT_BYTES, BUFFERS) {
            delta.extend(trailer_of(&result));
        }
    }
    delta
}

fn trailer_of(result: &[u8]) -> [u8; Trailer::LEN] {
    let trailer =
        Trailer { result_len: result.len() as u64, result_digest: StrongHash::Blake2b.sum(result) };
    trailer.encode()
}

/// Patches, and checks that the limit is kept even if that fails.
fn patch(
    basis: &mut dyn Basis,
    delta: &[u8],
    options: PatchOptions,
    max_output_bytes: u64,
    buffers: BufferSizes,
) -> Result<(Vec<u8>, PatchStats)> {
    let options = options.max_output_bytes(max_output_bytes);
    let mut result = Vec::new();
    let stats = io::patch(basis, delta, &mut result, options, buffers, &mut ());
    assert!(result.len() as u64 <= max_output_bytes);
    stats.map(|stats| (result, stats))
}
