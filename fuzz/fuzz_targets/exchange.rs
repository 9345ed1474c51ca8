//! Any bytes as the messages of an exchange, as they are or with a check that is right: an error, or a patch
//! that gives the new file or fails.
#![no_main]

use std::sync::Arc;

use arbitrary::Arbitrary;
use blake2b_simd::Params;
use libfuzzer_sys::fuzz_target;
use sigdelta::exchange::{
    AnswerLimits, ChunkSignature, ChunkSignatureOptions, Survey, SurveyOptions, answer, sign,
};
use sigdelta::layered::{ApplyOptions, MakeOptions, apply};

#[derive(Arbitrary, Debug)]
struct Input<'a> {
    /// Puts the right check behind the bytes, which no fuzzer guesses.
    sealed: bool,
    /// Magics in front, likewise.
    starts: bool,
    basis_len: u16,
    new_len: u16,
    bytes: &'a [u8],
}

fuzz_target!(|input: Input| {
    let basis_len = input.bytes.len().min(input.basis_len.into());
    let (basis, rest) = input.bytes.split_at(basis_len);
    let (new, bytes) = rest.split_at(rest.len().min(input.new_len.into()));
    let basis = basis.to_vec();
    let message = |kind: u8, answered: &[u8]| {
        let start = if input.starts { &[0x8f, b's', b'd', kind, 1][..] } else { &[] };
        let mut message = [start, bytes].concat();
        if input.sealed {
            let check = Params::new()
                .hash_length(32)
                .to_state()
                .update(answered)
                .update(&message)
                .finalize();
            message.extend(&check.as_bytes()[..8]);
        }
        message
    };
    let limits = AnswerLimits::new().max_sums_bytes(1 << 20);
    let basis_len = basis.len() as u64;
    let _ = answer(&basis, basis_len, &message(b'q', &[]), limits, Vec::new(), &mut ());

    if let Ok(signature) = ChunkSignature::decode(&message(b's', &[])) {
        go_on(&basis, new, signature, |request| message(b'f', request));
    }
    let mut right = Vec::new();
    let options = ChunkSignatureOptions::new().average_len(256).salt([7; 16]);
    sign(&basis, basis_len, options, &mut right, &mut ()).unwrap();
    go_on(&basis, new, ChunkSignature::decode(&right).unwrap(), |request| message(b'f', request));
    let expected = |request: &[u8]| {
        let mut sums = Vec::new();
        answer(&basis, basis_len, request, limits, &mut sums, &mut ()).unwrap();
        sums
    };
    assert!(go_on(&basis, new, ChunkSignature::decode(&right).unwrap(), expected));
});

/// Finishes an exchange and returns whether the new file came of it.
fn go_on(
    basis: &[u8],
    new: &[u8],
    signature: ChunkSignature,
    sums: impl Fn(&[u8]) -> Vec<u8>,
) -> bool {
    let file = Arc::new(new.to_vec());
    let len = new.len() as u64;
    let mut survey = Survey::new(signature, file, len, SurveyOptions::new(), &mut ()).unwrap();
    if let Some(request) = survey.request() {
        let _ = survey.take_sums(&sums(&request));
    }
    let mut patch = Vec::new();
    if survey.patch(&mut patch, MakeOptions::new(), &mut ()).is_err() {
        return false;
    }
    let mut result = Vec::new();
    let is_right = apply(basis, &patch[..], &mut result, ApplyOptions::new(), &mut ()).is_ok();
    assert!(!is_right || result == new);
    is_right
}
