//! Engines give the same bytes however input and output are cut, and keep their contract.
#![no_main]

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use sigdelta::io::{self, BufferSizes};
use sigdelta::{
    DeltaEncoder, DeltaOptions, Engine, Index, PatchOptions, PatchStats, PatchStatus, Patcher,
    Result, Signature, SignatureEncoder, Status, Step,
};
use sigdelta_fuzz::{Cuts, Pair};

const MAX_SPACE: usize = 64 << 10;

#[derive(Arbitrary, Debug)]
struct Input<'a> {
    cutting: Cutting,
    basis_cuts: Cuts,
    trailer: bool,
    smaller: bool,
    pair: Pair<'a>,
}

#[derive(Arbitrary, Debug)]
struct Cutting {
    input: Cuts,
    output: Cuts,
    /// The end comes in a step of its own.
    late_end: bool,
}

fuzz_target!(|input: Input| {
    let (old, new, params) = input.pair.build();
    let buffers = BufferSizes::default();
    let cutting = &input.cutting;

    let mut signature = Vec::new();
    let stats = io::signature(&old[..], &mut signature, params, buffers, &mut ()).unwrap();
    let cut = drive(SignatureEncoder::new(params), &old, cutting);
    assert!(cut == (signature, stats));

    let index = Index::new(Signature::from_slice(&cut.0).unwrap()).unwrap();
    let options = DeltaOptions::new().trailer(input.trailer).smaller(input.smaller);
    let mut delta = Vec::new();
    let stats = io::delta(&index, &new[..], &mut delta, options, buffers, &mut ()).unwrap();
    let cut = drive(DeltaEncoder::new(&index, options), &new, cutting);
    assert!(cut == (delta, stats));

    let (delta, options) = (cut.0, PatchOptions::new());
    let mut result = Vec::new();
    let stats = io::patch(&old[..], &delta[..], &mut result, options, buffers, &mut ()).unwrap();
    let patch = Patch {
        patcher: Patcher::new(options),
        basis: &old,
        cuts: input.basis_cuts.lens(old.len()),
    };
    assert!(drive(patch, &delta, cutting) == (result, stats));
});

/// Returns what an engine makes of the input, and checks every step.
fn drive<E: Engine>(mut engine: E, input: &[u8], cutting: &Cutting) -> (Vec<u8>, E::Stats) {
    let mut space = vec![0; MAX_SPACE];
    let mut spaces = cutting.output.lens(MAX_SPACE);
    let mut offers = cutting.input.lens(input.len());
    let (mut rest, mut ended, mut output) = (input, false, Vec::new());
    loop {
        let mut offer = rest.len();
        if !ended {
            offer = offer.min(offers.next().unwrap());
            ended = offer == rest.len() && (rest.is_empty() || !cutting.late_end);
        }
        let space = &mut space[..spaces.next().unwrap().min(MAX_SPACE)];
        let step = engine.step(&rest[..offer], ended, space).unwrap();
        rest = &rest[step.consumed..];
        output.extend_from_slice(&space[..step.produced]);
        // From the first two follows that every step with input and space gets on.
        match step.status {
            Status::NeedsInput => assert!(step.consumed == offer && !ended),
            Status::NeedsOutput => assert!(step.produced == space.len()),
            Status::Done => break assert!(rest.is_empty() && ended),
        }
    }
    let nothing = Step { consumed: 0, produced: 0, status: Status::Done };
    for (input, end, len) in [(&b""[..], true, 0), (b"", true, 1), (b"more", false, MAX_SPACE)] {
        assert_eq!(engine.step(input, end, &mut space[..len]).unwrap(), nothing);
    }
    (output, engine.stats())
}

/// A patcher with its basis, which it gets in cuts.
struct Patch<'a, C> {
    patcher: Patcher,
    basis: &'a [u8],
    cuts: C,
}

impl<C: Iterator<Item = usize>> Engine for Patch<'_, C> {
    type Stats = PatchStats;

    fn step(&mut self, input: &[u8], end_of_input: bool, output: &mut [u8]) -> Result<Step> {
        let (mut consumed, mut produced) = (0, 0);
        let status = loop {
            let space = &mut output[produced..];
            let step = self.patcher.step(&input[consumed..], end_of_input, space)?;
            consumed += step.consumed;
            produced += step.produced;
            match step.status {
                PatchStatus::NeedsInput => break Status::NeedsInput,
                PatchStatus::NeedsOutput => break Status::NeedsOutput,
                PatchStatus::Done => break Status::Done,
                PatchStatus::Failing => unreachable!("these deltas are right"),
                PatchStatus::NeedsBasis { .. } if produced == output.len() => {
                    break Status::NeedsOutput;
                }
                PatchStatus::NeedsBasis { position, len } => {
                    let space = &mut output[produced..];
                    let cut = self.cuts.next().unwrap().clamp(1, space.len());
                    let bytes = &self.basis[position as usize..][..cut.min(len as usize)];
                    space[..bytes.len()].copy_from_slice(bytes);
                    self.patcher.copied(bytes);
                    produced += bytes.len();
                }
            }
        };
        Ok(Step { consumed, produced, status })
    }

    fn stats(&self) -> PatchStats {
        self.patcher.stats()
    }
}
