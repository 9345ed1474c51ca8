//! Any bytes as a signature: cuts change nothing, limits are kept, and what loads can be used.
#![no_main]

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use sigdelta::io::{self, Basis};
use sigdelta::{
    DeltaOptions, Index, LoadOptions, PatchOptions, Result, Signature, SignatureDecoder, Strictness,
};
use sigdelta_fuzz::{BUFFERS, Cuts, visible};

#[derive(Arbitrary, Debug)]
struct Input<'a> {
    cuts: Cuts,
    max_bytes: u8,
    /// How many of the bytes are a new file; the others are a signature.
    new_len: u8,
    bytes: &'a [u8],
}

fuzz_target!(|input: Input| {
    let new_len = input.bytes.len().min(input.new_len.into());
    let (new, bytes) = input.bytes.split_at(new_len);
    let max_bytes = u64::from(input.max_bytes);

    for strictness in [Strictness::Strict, Strictness::Librsync] {
        let options = LoadOptions::new().strictness(strictness);
        let whole = visible(load(bytes, [bytes.len()], options));
        let cuts = || input.cuts.lens(bytes.len());
        assert_eq!(visible(load(bytes, cuts(), options)), whole);

        let limited = options.max_bytes(max_bytes);
        let limited_whole = visible(load(bytes, [bytes.len()], limited));
        assert_eq!(visible(load(bytes, cuts(), limited)), limited_whole);
        if bytes.len() as u64 <= max_bytes {
            assert_eq!(limited_whole, whole);
        } else {
            assert!(limited_whole.is_err(), "limit {max_bytes} is not kept");
        }

        if let Ok(signature) = whole {
            use_signature(signature, new);
        }
    }
});

fn load(
    mut bytes: &[u8],
    cuts: impl IntoIterator<Item = usize>,
    options: LoadOptions,
) -> Result<Signature> {
    let mut decoder = SignatureDecoder::new(options);
    for cut in cuts {
        let (piece, rest) = bytes.split_at(cut.min(bytes.len()));
        decoder.push(piece)?;
        bytes = rest;
        if bytes.is_empty() {
            break;
        }
    }
    decoder.finish()
}

/// Makes a delta and checks that it is well-formed and for a file as long as the new one.
fn use_signature(signature: Signature, new: &[u8]) {
    let (mut delta, mut result) = (Vec::new(), Vec::new());
    let index = Index::new(signature).unwrap();
    io::delta(&index, new, &mut delta, DeltaOptions::new(), BUFFERS, &mut ()).unwrap();
    io::patch(Zeros, &delta[..], &mut result, PatchOptions::new(), BUFFERS, &mut ()).unwrap();
    assert_eq!(result.len(), new.len());
}

/// A basis without end.
struct Zeros;

impl Basis for Zeros {
    fn read_at(&mut self, _position: u64, buf: &mut [u8]) -> Result<usize> {
        buf.fill(0);
        Ok(buf.len())
    }
}
