//! Signature, delta and patch give the new file; with a trailer, never another one.
#![no_main]

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use sigdelta::{DeltaOptions, Index, PatchOptions, Result, Signature, io};
use sigdelta_fuzz::{BUFFERS, Edit, Pair, edited};

#[derive(Arbitrary, Debug)]
struct Input<'a> {
    pair: Pair<'a>,
    wrong_basis: Vec<Edit<'a>>,
}

fuzz_target!(|input: Input| {
    let (old, new, params) = input.pair.build();

    let mut signature = Vec::new();
    io::signature(&old[..], &mut signature, params, BUFFERS, &mut ()).unwrap();
    assert_eq!(signature.len() as u64, params.signature_len(old.len() as u64));
    let index = Index::new(Signature::from_slice(&signature).unwrap()).unwrap();

    let [plain, with_trailer] = [false, true].map(|trailer| {
        let options = DeltaOptions::new().trailer(trailer);
        let mut delta = Vec::new();
        io::delta(&index, &new[..], &mut delta, options, BUFFERS, &mut ()).unwrap();
        delta
    });
    assert!(with_trailer.starts_with(&plain));
    assert!(patch(&old, &plain).unwrap() == new);
    let mut smaller = Vec::new();
    let options = DeltaOptions::new().smaller(true);
    io::delta(&index, &new[..], &mut smaller, options, BUFFERS, &mut ()).unwrap();
    assert!(smaller.len() <= plain.len());
    assert!(patch(&old, &smaller).unwrap() == new);
    assert!(patch(&old, &with_trailer).unwrap() == new);

    let wrong_basis = edited(&old, &input.wrong_basis, input.pair.max_file_len);
    if let Ok(result) = patch(&wrong_basis, &with_trailer) {
        assert!(result == new, "a wrong result is taken for the right one");
    }
});

fn patch(basis: &[u8], delta: &[u8]) -> Result<Vec<u8>> {
    let mut result = Vec::new();
    io::patch(basis, delta, &mut result, PatchOptions::new(), BUFFERS, &mut ())?;
    Ok(result)
}
