//! Any bytes as a layered signature: what is decoded can be used, and one that is right gives the
//! right file.
#![no_main]

use std::sync::Arc;

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use sigdelta::exchange::{AnswerLimits, ChunkSignature, Survey, SurveyOptions, answer};
use sigdelta::layered::{ApplyOptions, MakeOptions, PatchLevel, apply, explain};
use sigdelta::{Error, Root};
use sigdelta_fuzz::{Files, Forgery};

#[derive(Arbitrary, Debug)]
struct Input<'a> {
    block_len: Option<u16>,
    sum_len: Option<u8>,
    files: Files<'a>,
    signature: Forgery<'a>,
}

fuzz_target!(|input: Input| {
    let (old, new, right) = input.files.build();
    let signature = input.signature.of(&right, &[]);
    let Ok(signature) = ChunkSignature::decode(&signature) else {
        return assert!(!input.signature.is_none());
    };
    let basis_root = signature.basis_root();
    let basis_len = signature.basis_len();
    let options =
        SurveyOptions::new().block_len(input.block_len.map(u32::from)).sum_len(input.sum_len);
    let new_len = new.len() as u64;
    let survey = Survey::new(signature, Arc::new(new.clone()), new_len, options, &mut ()).unwrap();
    if let Some(request) = survey.request() {
        // What is asked for lies inside of a basis of that length.
        let sums = answer(&old, basis_len, &request, AnswerLimits::new(), Vec::new(), &mut ());
        assert!(sums.is_ok() || basis_len > old.len() as u64);
    }

    let mut patch = Vec::new();
    survey.patch(&mut patch, MakeOptions::new().level(PatchLevel::Fast), &mut ()).unwrap();
    let header = explain(&patch[..], None, |_, _| Ok(())).unwrap().header;
    assert_eq!((header.basis_len, header.basis_root), (basis_len, basis_root));
    assert_eq!(header.result_len, new_len);
    let mut result = Vec::new();
    match apply(&old, &patch[..], &mut result, ApplyOptions::new(), &mut ()) {
        Ok(_) => assert!(result == new),
        // Chunks of other contents were told, or by chance sums are equal.
        Err(Error::GroupMismatch { .. }) => assert_eq!(basis_root, Root::of(&old)),
        Err(Error::WrongBasis { .. }) => assert!(!input.signature.is_none()),
        Err(error) => panic!("{error}"),
    }
});
