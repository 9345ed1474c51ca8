//! Any bytes as request and as fine sums: the answer is no longer than what was asked for allows, and
//! what comes of the sums is the right file or fails.
#![no_main]

use std::sync::Arc;

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use sigdelta::exchange::{AnswerLimits, ChunkSignature, Survey, SurveyOptions, answer};
use sigdelta::layered::{ApplyOptions, MakeOptions, PatchLevel, apply};
use sigdelta::{Error, Result};
use sigdelta_fuzz::{Files, Forgery};

/// Bytes of an answer beside its sums.
const FRAME_LEN: u64 = 13;

#[derive(Arbitrary, Debug)]
struct Input<'a> {
    block_len: Option<u8>,
    sum_len: Option<u8>,
    max_basis_bytes: u16,
    max_sums_bytes: u16,
    files: Files<'a>,
    request: Forgery<'a>,
    sums: Forgery<'a>,
}

fuzz_target!(|input: Input| {
    let (old, new, signature) = input.files.build();
    let signature = ChunkSignature::decode(&signature).unwrap();
    let options =
        SurveyOptions::new().block_len(input.block_len.map(u32::from)).sum_len(input.sum_len);
    let file = Arc::new(new.clone());
    let mut survey = Survey::new(signature, file, new.len() as u64, options, &mut ()).unwrap();
    let Some(request) = survey.request() else { return };

    let forged = input.request.of(&request, &[]);
    let (max_basis_bytes, max_sums_bytes) =
        (u64::from(input.max_basis_bytes), u64::from(input.max_sums_bytes));
    let limits =
        AnswerLimits::new().max_basis_bytes(max_basis_bytes).max_sums_bytes(max_sums_bytes);
    match answered(&old, &forged, limits) {
        Ok(sums) => assert!(sums.len() as u64 <= FRAME_LEN + max_sums_bytes),
        Err(Error::RequestLimit { needed_bytes, max_bytes }) => assert!(needed_bytes > max_bytes),
        Err(_) => assert!(!input.request.is_none()),
    }

    let right = answered(&old, &request, AnswerLimits::new()).unwrap();
    let taken = survey.take_sums(&input.sums.of(&right, &request));
    assert!(taken.is_ok() || !input.sums.is_none());
    let (mut patch, mut result) = (Vec::new(), Vec::new());
    survey.patch(&mut patch, MakeOptions::new().level(PatchLevel::Fast), &mut ()).unwrap();
    match apply(&old, &patch[..], &mut result, ApplyOptions::new(), &mut ()) {
        Ok(_) => assert!(result == new),
        // Other sums were told, or by chance some are equal.
        Err(Error::GroupMismatch { .. }) => {}
        Err(error) => panic!("{error}"),
    }
});

fn answered(old: &Vec<u8>, request: &[u8], limits: AnswerLimits) -> Result<Vec<u8>> {
    let mut sums = Vec::new();
    answer(old, old.len() as u64, request, limits, &mut sums, &mut ())?;
    Ok(sums)
}
