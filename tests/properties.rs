//! Properties of the decoders and engines: any bytes, any cuts, any pair of files.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index as Position, select};
use proptest::test_runner::FileFailurePersistence;
use sigdelta::io::{self, BufferSizes};
use sigdelta::{
    AfterEnd, DeltaDecoder, DeltaEncoder, DeltaEvent, DeltaOptions, Engine, Index, LoadOptions,
    PatchOptions, PatchStats, PatchStatus, Patcher, Result, Signature, SignatureDecoder,
    SignatureEncoder, SignatureKind, SignatureParams, Status, Step, Strictness,
};

fn config() -> ProptestConfig {
    ProptestConfig {
        cases: 2000,
        failure_persistence: Some(Box::new(FileFailurePersistence::Direct(
            "tests/properties.regressions",
        ))),
        ..ProptestConfig::default()
    }
}

const AFTER_END: [AfterEnd; 4] =
    [AfterEnd::Check, AfterEnd::Require, AfterEnd::Tolerate, AfterEnd::Stop];

// How streams are cut.

/// Sizes of the pieces of input and output, over and over; not all are 0.
#[derive(Clone, Debug)]
struct Cuts {
    input: Vec<usize>,
    output: Vec<usize>,
    /// The end is announced with the last piece and not after it.
    end_with_piece: bool,
}

impl Cuts {
    /// Everything at once.
    fn none() -> Self {
        Cuts { input: vec![usize::MAX], output: vec![1 << 16], end_with_piece: true }
    }

    /// Returns how much of `rest` comes in round `round`, and whether it is announced as the last.
    fn piece<'a>(&self, rest: &'a [u8], round: usize) -> (&'a [u8], bool) {
        let len = self.input[round % self.input.len()].min(rest.len());
        let end = len == rest.len() && (self.end_with_piece || rest.is_empty());
        (&rest[..len], end)
    }

    fn output(&self, round: usize) -> Vec<u8> {
        vec![0; self.output[round % self.output.len()]]
    }
}

fn cuts() -> impl Strategy<Value = Cuts> {
    let sizes = || {
        let some = vec(prop_oneof![0..4usize, 0..80usize, 0..3000usize], 0..5);
        (some, prop_oneof![1..4usize, 1..3000usize]).prop_map(|(mut sizes, last)| {
            sizes.push(last);
            sizes
        })
    };
    (sizes(), sizes(), any::<bool>()).prop_map(|(input, output, end_with_piece)| Cuts {
        input,
        output,
        end_with_piece,
    })
}

/// Fails if an engine goes on without getting anywhere.
#[derive(Default)]
struct Progress {
    idle: usize,
}

impl Progress {
    fn note(&mut self, bytes: usize) {
        self.idle = if bytes == 0 { self.idle + 1 } else { 0 };
        assert!(self.idle < 100, "no progress");
    }
}

/// Runs an engine and checks the contract of `Engine::step`.
fn run<E: Engine>(engine: &mut E, input: &[u8], cuts: &Cuts) -> Vec<u8> {
    let (mut consumed, mut output) = (0, Vec::new());
    let mut progress = Progress::default();
    for round in 0.. {
        let (piece, end) = cuts.piece(&input[consumed..], round);
        let mut out = cuts.output(round);
        let step = engine.step(piece, end, &mut out).unwrap();
        consumed += step.consumed;
        output.extend_from_slice(&out[..step.produced]);
        match step.status {
            Status::NeedsInput => assert!(step.consumed == piece.len() && !end),
            Status::NeedsOutput => assert_eq!(step.produced, out.len()),
            Status::Done => {
                assert!(step.consumed == piece.len() && end);
                break;
            }
        }
        progress.note(step.consumed + step.produced);
    }
    let again = Step { consumed: 0, produced: 0, status: Status::Done };
    assert_eq!(engine.step(&[], true, &mut [0; 9]).unwrap(), again);
    output
}

/// What a patcher did, until it was done or failed.
#[derive(Debug, PartialEq)]
struct Patched {
    outcome: Result<(), String>,
    result: Vec<u8>,
    stats: PatchStats,
}

/// Runs a patcher and checks the contract of its steps.
fn run_patch(basis: &[u8], delta: &[u8], options: PatchOptions, cuts: &Cuts) -> Patched {
    let mut patcher = Patcher::new(options);
    let mut result = Vec::new();
    let outcome = comparable(drive_patch(&mut patcher, &mut result, basis, delta, cuts));
    assert_eq!(patcher.stats().out_bytes, result.len() as u64);
    Patched { outcome, result, stats: patcher.stats() }
}

fn drive_patch(
    patcher: &mut Patcher,
    output: &mut Vec<u8>,
    basis: &[u8],
    delta: &[u8],
    cuts: &Cuts,
) -> Result<()> {
    let mut consumed = 0;
    let mut progress = Progress::default();
    for round in 0.. {
        let (piece, end) = cuts.piece(&delta[consumed..], round);
        let mut out = cuts.output(round);
        let step = patcher.step(piece, end, &mut out)?;
        consumed += step.consumed;
        output.extend_from_slice(&out[..step.produced]);
        let mut copied = 0;
        match step.status {
            PatchStatus::NeedsInput => assert!(step.consumed == piece.len() && !end),
            PatchStatus::NeedsOutput => assert_eq!(step.produced, out.len()),
            PatchStatus::Failing => {
                return Err(patcher.step(&[], end, &mut [0; 9]).unwrap_err());
            }
            PatchStatus::NeedsBasis { position, len } => {
                assert!(len > 0);
                let position = position.min(basis.len() as u64) as usize;
                let found = &basis[position..];
                if found.is_empty() {
                    return Err(patcher.basis_ended());
                }
                copied = found.len().min(len as usize).min(out.len());
                patcher.copied(&found[..copied]);
                output.extend_from_slice(&found[..copied]);
            }
            PatchStatus::Done => break,
        }
        progress.note(step.consumed + step.produced + copied);
    }
    let again = patcher.step(&[], true, &mut [0; 9])?;
    assert_eq!((again.produced, again.status), (0, PatchStatus::Done), "after Done");
    Ok(())
}

fn load(bytes: &[u8], options: LoadOptions, cuts: &Cuts) -> Result<Signature> {
    let mut decoder = SignatureDecoder::new(options);
    let mut rest = bytes;
    for round in 0.. {
        let (piece, _) = cuts.piece(rest, round);
        rest = &rest[piece.len()..];
        decoder.push(piece)?;
        if rest.is_empty() {
            break;
        }
    }
    decoder.finish()
}

/// What a delta consists of; `LiteralData` events are one with the command before them.
type Parts = Vec<(DeltaEvent, Vec<u8>)>;

fn take_apart(bytes: &[u8], after_end: AfterEnd, cuts: &Cuts) -> Result<(Parts, u64)> {
    let mut decoder = DeltaDecoder::new(after_end);
    let (mut rest, mut parts) = (bytes, Parts::new());
    let mut progress = Progress::default();
    for round in 0.. {
        let (piece, end) = cuts.piece(rest, round);
        let (taken, event) = decoder.next_event(piece, end)?;
        match event {
            DeltaEvent::NeedsInput => assert!(taken == piece.len() && !end),
            DeltaEvent::LiteralData => {
                assert!(taken > 0);
                parts.last_mut().unwrap().1.extend_from_slice(&rest[..taken]);
            }
            DeltaEvent::Done => break,
            DeltaEvent::Command { .. } | DeltaEvent::Trailer { .. } => {
                parts.push((event, Vec::new()));
                progress.idle = 0;
            }
        }
        rest = &rest[taken..];
        progress.note(taken);
    }
    Ok((parts, decoder.offset()))
}

/// Outcomes are compared by their value or by all that is known of the error.
fn comparable<T>(result: Result<T>) -> Result<T, String> {
    result.map_err(|error| format!("{error} ({error:?})"))
}

// What comes in.

fn file() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![vec(any::<u8>(), 0..2000), vec(0..3u8, 0..2000), Just(Vec::new()),]
}

/// A change of a file: its kind, where, how many bytes, and new ones.
type Edit = (u8, Position, usize, Vec<u8>);

fn edit() -> impl Strategy<Value = Edit> {
    (0..4u8, any::<Position>(), 1..300usize, vec(any::<u8>(), 1..300))
}

fn apply((kind, position, len, new): &Edit, file: &mut Vec<u8>) {
    let at = position.index(file.len() + 1);
    let end = file.len().min(at + len);
    match kind {
        0 => drop(file.splice(at..at, new.clone())),
        1 => drop(file.drain(at..end)),
        2 => file.rotate_left(at),
        _ => file.extend_from_within(at..end),
    }
}

/// An old file and a new one that mostly has to do with it.
fn pair() -> impl Strategy<Value = (Vec<u8>, Vec<u8>)> {
    prop_oneof![
        9 => (file(), vec(edit(), 0..6)).prop_map(|(old, edits)| {
            let mut new = old.clone();
            edits.iter().for_each(|edit| apply(edit, &mut new));
            (old, new)
        }),
        1 => (file(), file()),
    ]
}

/// Parameters under which nothing matches by accident.
fn params() -> impl Strategy<Value = SignatureParams> {
    let block_len = prop_oneof![1..8u32, 1..300u32, 1..3000u32];
    (select(SignatureKind::ALL.to_vec()), block_len, 8..=32u32).prop_map(
        |(kind, block_len, strong_len)| {
            let strong_len = strong_len.min(kind.strong.max_len().into());
            SignatureParams::new(kind, block_len, strong_len).unwrap()
        },
    )
}

/// A signature, damaged or not, or what may pass for the front of one.
fn signature_bytes() -> impl Strategy<Value = Vec<u8>> {
    let real = (file(), params())
        .prop_map(|(old, params)| run(&mut SignatureEncoder::new(params), &old, &Cuts::none()));
    let magic = select(vec![0x7273_0136u32, 0x7273_0137, 0x7273_0146, 0x7273_0147, 0]);
    let made = (magic, select(vec![0u32, 1, 700, 1 << 31]), 0..40u32, vec(any::<u8>(), 0..200))
        .prop_map(|(magic, block_len, strong_len, sums)| {
            let header = [magic, block_len, strong_len].map(u32::to_be_bytes);
            [header.as_flattened(), &sums].concat()
        });
    prop_oneof![damaged(real), damaged(made), vec(any::<u8>(), 0..30)]
}

/// A delta, damaged or not, or commands that seldom make one.
fn delta_bytes() -> impl Strategy<Value = Vec<u8>> {
    let real = (pair(), params(), any::<bool>())
        .prop_map(|((old, new), params, trailer)| make_delta(&old, &new, params, trailer));
    let command = prop_oneof![
        // Any opcode with parameters that are mostly small.
        (0..=0x55u8, vec(select(vec![0, 0, 0, 1, 9, 200]), 0..17))
            .prop_map(|(opcode, parameters)| [vec![opcode], parameters].concat()),
        (1..=0x40u8).prop_flat_map(|len| vec(any::<u8>(), usize::from(len))
            .prop_map(move |data| [vec![len], data].concat())),
        (any::<u8>(), 1..=99u8).prop_map(|(position, len)| vec![0x45, position, len]),
        Just(vec![0]),
        vec(any::<u8>(), 32).prop_map(|digest| {
            [&b"\x00sdtr\x01\x01\x00\x28\0\0\0\0\0\0\0\x01"[..], &digest].concat()
        }),
    ];
    let made =
        vec(command, 0..8).prop_map(|commands| [b"rs\x026".to_vec(), commands.concat()].concat());
    prop_oneof![damaged(real), damaged(made), vec(any::<u8>(), 0..30),]
}

/// The bytes as they are, or with one changed, or cut, or with more behind them.
fn damaged(bytes: impl Strategy<Value = Vec<u8>>) -> impl Strategy<Value = Vec<u8>> {
    (bytes, 0..5u8, any::<Position>(), any::<u8>()).prop_map(|(mut bytes, how, at, value)| {
        match how {
            0 if !bytes.is_empty() => {
                let at = at.index(bytes.len());
                bytes[at] = value;
            }
            1 => bytes.truncate(at.index(bytes.len() + 1)),
            2 => bytes.extend(vec![value; usize::from(value) % 60]),
            _ => {}
        }
        bytes
    })
}

fn make_delta(old: &[u8], new: &[u8], params: SignatureParams, trailer: bool) -> Vec<u8> {
    let index = io::index(old, params, BufferSizes::default(), &mut ()).unwrap();
    let options = DeltaOptions::new().trailer(trailer);
    run(&mut DeltaEncoder::new(&index, options), new, &Cuts::none())
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn any_bytes_load_or_fail_alike_however_they_are_cut(bytes in signature_bytes(), cuts in cuts()) {
        for strictness in [Strictness::Strict, Strictness::Librsync] {
            for max_bytes in [None, Some(100)] {
                let options = LoadOptions::new().strictness(strictness).max_bytes(max_bytes);
                let whole = comparable(load(&bytes, options, &Cuts::none()));
                prop_assert_eq!(comparable(load(&bytes, options, &cuts)), whole);
            }
        }
    }

    #[test]
    fn any_bytes_are_taken_apart_alike_however_they_are_cut(bytes in delta_bytes(), cuts in cuts()) {
        for after_end in AFTER_END {
            let whole = comparable(take_apart(&bytes, after_end, &Cuts::none()));
            let cut = comparable(take_apart(&bytes, after_end, &cuts));
            prop_assert_eq!(cut, whole);
        }
    }

    #[test]
    fn any_bytes_patch_alike_however_they_are_cut(
        bytes in delta_bytes(),
        basis in vec(any::<u8>(), 0..300),
        limit in prop_oneof![Just(None), (0..400u64).prop_map(Some)],
        cuts in cuts(),
    ) {
        for after_end in AFTER_END {
            let options = PatchOptions::new().after_end(after_end).max_output_bytes(limit);
            let whole = run_patch(&basis, &bytes, options, &Cuts::none());
            prop_assert!(whole.result.len() as u64 <= limit.unwrap_or(u64::MAX));
            prop_assert_eq!(run_patch(&basis, &bytes, options, &cuts), whole);
        }
    }

    #[test]
    fn engines_make_the_same_bytes_however_they_are_cut(
        (old, new) in pair(),
        params in params(),
        trailer in any::<bool>(),
        smaller in any::<bool>(),
        cuts in cuts(),
    ) {
        let mut encoder = SignatureEncoder::new(params);
        let signature = run(&mut encoder, &old, &cuts);
        prop_assert_eq!(encoder.stats().in_bytes, old.len() as u64);
        prop_assert_eq!(encoder.stats().out_bytes, signature.len() as u64);
        let mut whole = SignatureEncoder::new(params);
        prop_assert_eq!(&run(&mut whole, &old, &Cuts::none()), &signature);
        prop_assert_eq!(whole.stats(), encoder.stats());

        let index = Index::new(Signature::from_slice(&signature).unwrap()).unwrap();
        let options = DeltaOptions::new().trailer(trailer).smaller(smaller);
        let mut encoder = DeltaEncoder::new(&index, options);
        let delta = run(&mut encoder, &new, &cuts);
        prop_assert_eq!(encoder.stats().in_bytes, new.len() as u64);
        prop_assert_eq!(encoder.stats().out_bytes, delta.len() as u64);
        let mut whole = DeltaEncoder::new(&index, options);
        prop_assert_eq!(&run(&mut whole, &new, &Cuts::none()), &delta);
        prop_assert_eq!(whole.stats().commands, encoder.stats().commands);
    }

    #[test]
    fn a_patch_of_a_delta_is_the_new_file(
        (old, new) in pair(),
        params in params(),
        trailer in any::<bool>(),
        cuts in cuts(),
    ) {
        let delta = make_delta(&old, &new, params, trailer);
        let after_end = if trailer { AfterEnd::Require } else { AfterEnd::Check };
        let options = PatchOptions::new()
            .after_end(after_end)
            .max_output_bytes(new.len() as u64);
        let Patched { outcome, result, stats } = run_patch(&old, &delta, options, &cuts);
        outcome.unwrap();
        prop_assert_eq!(result, new);
        prop_assert_eq!(stats.verified, trailer);
        prop_assert_eq!(stats.in_bytes, delta.len() as u64);
    }

    #[test]
    fn a_damaged_delta_with_a_trailer_gives_the_right_result_or_none(
        (old, new) in pair(),
        params in params(),
        at in any::<Position>(),
        flip in 1..=255u8,
    ) {
        let delta = make_delta(&old, &new, params, true);
        let at = at.index(delta.len());
        let mut flipped = delta.clone();
        flipped[at] ^= flip;
        let truncated = &delta[..at];
        for after_end in [AfterEnd::Check, AfterEnd::Require] {
            let options = PatchOptions::new().after_end(after_end);
            for damaged in [&flipped, truncated] {
                let patched = run_patch(&old, damaged, options, &Cuts::none());
                prop_assert!(patched.outcome.is_err() || patched.result == new);
            }
        }
        let options = PatchOptions::new().after_end(AfterEnd::Require);
        prop_assert!(run_patch(&old, truncated, options, &Cuts::none()).outcome.is_err());
    }
}
