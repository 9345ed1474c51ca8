//! Any bytes as a layered patch, whole or behind a header that is right: an error, and no byte more
//! than the header promises, however the bytes come.
#![no_main]

use std::io::Read;

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use sigdelta::Root;
use sigdelta::format::LAYERED_MAGIC;
use sigdelta::layered::{ApplyOptions, apply, explain};
use sigdelta_fuzz::visible;

const MAX_OUTPUT_BYTES: u64 = 1 << 20;

#[derive(Arbitrary, Debug)]
struct Input<'a> {
    /// Frames the bytes as the body of a group, which no fuzzer guesses.
    framed: bool,
    group_log: u8,
    result_len: u16,
    /// Lengths of basis and result in the header, in place of those that are right.
    lies: [Option<u64>; 2],
    read_len: u8,
    basis_len: u16,
    bytes: &'a [u8],
}

fuzz_target!(|input: Input| {
    let basis_len = input.bytes.len().min(input.basis_len.into());
    let (basis, bytes) = input.bytes.split_at(basis_len);
    let patch = if input.framed { framed(&input, basis, bytes) } else { bytes.to_vec() };
    let options = ApplyOptions::new().max_output_bytes(MAX_OUTPUT_BYTES);
    let outcome = |patch: &mut dyn Read| {
        let mut result = Vec::new();
        let outcome = apply(basis, patch, &mut result, options, &mut ());
        assert!(result.len() as u64 <= MAX_OUTPUT_BYTES);
        let outcome = outcome.inspect(|stats| assert_eq!(stats.root, Root::of(&result)));
        (visible(outcome), result)
    };
    let whole = outcome(&mut &patch[..]);
    let mut pieces = Pieces { bytes: &patch, len: usize::from(input.read_len) + 1 };
    assert_eq!(outcome(&mut pieces), whole);
    for basis in [None, Some(&basis.to_vec() as _)] {
        let mut told = 0;
        let explained = explain(&patch[..], basis, |header, stretch| {
            assert_eq!(stretch.start, told);
            told += stretch.len;
            assert!(told <= header.result_len && stretch.changed_bytes <= stretch.len);
            Ok(())
        });
        assert!(explained.is_ok() || whole.0.is_err());
    }
});

/// Returns a patch of one group.
fn framed(input: &Input, basis: &[u8], body: &[u8]) -> Vec<u8> {
    let mut patch = LAYERED_MAGIC.to_vec();
    patch.extend([1, 16 + input.group_log % 10, 64]);
    put(&mut patch, input.lies[0].unwrap_or(basis.len() as u64));
    patch.extend(Root::of(basis).0);
    put(&mut patch, input.lies[1].unwrap_or(input.result_len.into()));
    put(&mut patch, body.len() as u64 + 8);
    patch.extend(body);
    patch.extend([0; 8]);
    patch
}

fn put(bytes: &mut Vec<u8>, mut value: u64) {
    while value > 127 {
        bytes.push(value as u8 | 128);
        value >>= 7;
    }
    bytes.push(value as u8);
}

/// A reader of few bytes at a time.
struct Pieces<'a> {
    bytes: &'a [u8],
    len: usize,
}

impl Read for Pieces<'_> {
    fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
        let len = buf.len().min(self.len);
        self.bytes.read(&mut buf[..len])
    }
}
