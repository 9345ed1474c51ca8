//! Exchanges: every shape of files comes back in two rounds, and no damaged message gives a wrong file.
#![cfg(feature = "layered")]

mod common;

use std::io::Cursor;
use std::sync::{Arc, Mutex};

use common::Rng;
use proptest::prelude::*;
use sigdelta::exchange::{
    AnswerLimits, ChunkSignature, ChunkSignatureOptions, Survey, SurveyOptions, answer, sign,
};
use sigdelta::layered::{ApplyOptions, MakeOptions, apply};
use sigdelta::{Error, ReadAt, Result, Root};

const SALT: [u8; 16] = *b"sixteen of salt!";

/// The messages of an exchange.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Messages {
    signature: Vec<u8>,
    request: Option<Vec<u8>>,
    sums: Vec<u8>,
    patch: Vec<u8>,
}

impl Messages {
    fn len(&self) -> usize {
        let request = self.request.as_ref().map_or(0, Vec::len);
        self.signature.len() + request + self.sums.len() + self.patch.len()
    }
}

fn options(average_len: Option<u32>) -> ChunkSignatureOptions {
    ChunkSignatureOptions::new().average_len(average_len).salt(SALT)
}

fn signed(old: &dyn ReadAt, len: u64, options: ChunkSignatureOptions) -> Vec<u8> {
    let mut signature = Vec::new();
    sign(old, len, options, &mut signature, &mut ()).unwrap();
    signature
}

fn survey(signature: &[u8], new: &[u8], threads: usize) -> Result<Survey> {
    let signature = ChunkSignature::decode(signature)?;
    let options = SurveyOptions::new().threads(threads);
    Survey::new(signature, Arc::new(new.to_vec()), new.len() as u64, options, &mut ())
}

fn answered(old: &[u8], request: &[u8]) -> Result<Vec<u8>> {
    let mut sums = Vec::new();
    answer(&old.to_vec(), old.len() as u64, request, AnswerLimits::new(), &mut sums, &mut ())?;
    Ok(sums)
}

fn patch_of(survey: &Survey, threads: usize) -> Vec<u8> {
    let mut patch = Vec::new();
    survey.patch(&mut patch, MakeOptions::new().threads(threads), &mut ()).unwrap();
    patch
}

fn applied(old: &[u8], patch: &[u8]) -> Result<Vec<u8>> {
    let mut result = Vec::new();
    apply(old, patch, &mut result, ApplyOptions::new(), &mut ())?;
    Ok(result)
}

fn exchange(old: &[u8], new: &[u8], average_len: Option<u32>, threads: usize) -> Messages {
    let options = options(average_len).threads(threads);
    let signature = signed(&old.to_vec(), old.len() as u64, options);
    let mut survey = survey(&signature, new, threads).unwrap();
    let request = survey.request();
    let sums = request.as_ref().map(|request| answered(old, request).unwrap()).unwrap_or_default();
    if request.is_some() {
        survey.take_sums(&sums).unwrap();
    }
    Messages { signature, request, sums, patch: patch_of(&survey, threads) }
}

#[track_caller]
fn comes_back(old: &[u8], new: &[u8], average_len: Option<u32>) -> Messages {
    let messages = exchange(old, new, average_len, 1);
    assert!(applied(old, &messages.patch).unwrap() == new);
    // Without the second round as well.
    let survey = survey(&messages.signature, new, 1).unwrap();
    assert!(applied(old, &patch_of(&survey, 1)).unwrap() == new);
    messages
}

#[test]
fn files_of_any_length_come_back() {
    let mut rng = Rng::new(1);
    let bytes = rng.bytes(70_000, 256);
    let lens = [0, 1, 2, 63, 64, 255, 256, 257, 4096, 65_535, 70_000];
    for old_len in lens {
        for new_len in lens {
            for average_len in [None, Some(256)] {
                comes_back(&bytes[..old_len], &bytes[..new_len], average_len);
            }
        }
    }
}

#[test]
fn moved_cut_and_changed_bytes_cost_little() {
    let mut rng = Rng::new(2);
    let old = rng.bytes(6 << 20, 256);
    let half = old.len() / 2;
    let mut edited = old.clone();
    for _ in 0..20 {
        let at = rng.below(edited.len());
        edited[at] ^= 1;
    }
    let shapes: [(&str, Vec<u8>, usize); 5] = [
        ("the same", old.clone(), 0),
        ("halves swapped", [&old[half..], &old[..half]].concat(), 30_000),
        ("2 MiB cut from the front", old[2 << 20..].to_vec(), 140_000),
        ("bytes inserted in front", [&[7; 1000], &old[..]].concat(), 20_000),
        ("twenty bytes changed", edited, 60_000),
    ];
    for (name, new, most) in shapes {
        let messages = comes_back(&old, &new, None);
        // A chunk takes some bytes of the signature.
        let frame = messages.signature.len() + 200;
        assert!(messages.signature.len() < 6000, "{name}: {}", messages.signature.len());
        assert!(messages.len() < frame + most, "{name}: {} bytes", messages.len());
    }
}

#[test]
fn what_repeats_itself_comes_back() {
    let zeros = vec![0; 1 << 20];
    let period: Vec<u8> = (0..1 << 20).map(|n: u32| (n % 251) as u8).collect();
    for (old, new) in [(&zeros, &period), (&period, &zeros), (&zeros, &zeros), (&period, &period)] {
        let messages = comes_back(old, &new[..new.len() - 12_345], Some(1024));
        assert!(messages.len() < 40_000, "{} bytes", messages.len());
    }
}

#[test]
fn messages_do_not_depend_on_threads_or_on_where_the_files_are() {
    let mut rng = Rng::new(3);
    let old = rng.bytes(3 << 20, 256);
    let mut new = [&old[1 << 20..], &rng.bytes(5000, 256), &old[..1 << 20]].concat();
    (0..new.len()).step_by(200_000).for_each(|at| new[at] ^= 1);
    let expected = exchange(&old, &new, None, 1);
    assert!(expected.request.is_some());
    for threads in 2..=4 {
        assert!(exchange(&old, &new, None, threads) == expected, "{threads} threads");
    }
    let stream = Mutex::new(Cursor::new(old.clone()));
    assert!(signed(&stream, old.len() as u64, options(None)) == expected.signature);
    let mut sums = Vec::new();
    let request = expected.request.as_ref().unwrap();
    answer(&stream, old.len() as u64, request, AnswerLimits::new(), &mut sums, &mut ()).unwrap();
    assert!(sums == expected.sums);
}

#[test]
fn signatures_differ_by_their_salt_and_name_the_basis() {
    let old = Rng::new(4).bytes(100_000, 256);
    let random = || signed(&old, old.len() as u64, ChunkSignatureOptions::new());
    let (one, other) = (random(), random());
    assert!(one != other && one.len() == other.len());
    let signature = ChunkSignature::decode(&one).unwrap();
    assert_eq!(signature.basis_root(), Root::of(&old));
    assert_eq!(signature.basis_len(), old.len() as u64);
}

/// Small files with something for every message to say.
fn small() -> (Vec<u8>, Vec<u8>, Messages) {
    let mut rng = Rng::new(5);
    let old = rng.bytes(16_000, 256);
    let mut new = [&old[5000..], b"and something new", &old[..4000]].concat();
    new[3000] ^= 1;
    new[9000] ^= 1;
    let messages = comes_back(&old, &new, Some(512));
    assert!(messages.request.is_some());
    (old, new, messages)
}

/// Goes on with an exchange in which some message was damaged; a patch that comes of it may fail, but
/// gives no wrong file.
fn goes_on(old: &[u8], new: &[u8], damaged: &Messages) {
    let Ok(mut survey) = survey(&damaged.signature, new, 1) else { return };
    if let Some(request) = &damaged.request
        && survey.request().as_ref() == Some(request)
    {
        let _ = survey.take_sums(&damaged.sums);
    }
    if let Ok(result) = applied(old, &patch_of(&survey, 1)) {
        assert!(result == new);
    }
}

#[test]
fn every_flipped_bit_of_a_message_is_an_error() {
    let (old, new, messages) = small();
    let request = messages.request.clone().unwrap();
    let flipped = |bytes: &[u8], bit: usize| {
        let mut flipped = bytes.to_vec();
        flipped[bit / 8] ^= 1 << (bit % 8);
        flipped
    };
    for bit in 0..8 * messages.signature.len() {
        let signature = flipped(&messages.signature, bit);
        assert!(ChunkSignature::decode(&signature).is_err(), "bit {bit}");
        goes_on(&old, &new, &Messages { signature, ..messages.clone() });
    }
    for bit in 0..8 * request.len() {
        assert!(answered(&old, &flipped(&request, bit)).is_err(), "bit {bit}");
    }
    for bit in 0..8 * messages.sums.len() {
        let mut survey = survey(&messages.signature, &new, 1).unwrap();
        assert!(survey.take_sums(&flipped(&messages.sums, bit)).is_err(), "bit {bit}");
    }
    for bit in 0..8 * messages.patch.len() {
        assert!(applied(&old, &flipped(&messages.patch, bit)).is_err(), "bit {bit}");
    }
}

#[test]
fn no_message_passes_that_is_cut_or_followed_by_something() {
    let (old, new, messages) = small();
    let request = messages.request.unwrap();
    let others = |bytes: &[u8]| {
        let longer = [bytes, &[0]].concat();
        (0..bytes.len()).map(|len| bytes[..len].to_vec()).chain([longer]).collect::<Vec<_>>()
    };
    for signature in others(&messages.signature) {
        assert!(ChunkSignature::decode(&signature).is_err());
    }
    for request in others(&request) {
        assert!(answered(&old, &request).is_err());
    }
    for sums in others(&messages.sums) {
        assert!(survey(&messages.signature, &new, 1).unwrap().take_sums(&sums).is_err());
    }
}

#[test]
fn an_answer_about_another_file_is_refused_or_gives_a_patch_that_fails() {
    let (old, new, messages) = small();
    let mut other = old.clone();
    other[7000..8000].reverse();
    let sums = answered(&other, messages.request.as_ref().unwrap()).unwrap();
    goes_on(&old, &new, &Messages { sums, ..messages.clone() });
    let longer = [&old[..], b"!"].concat();
    assert!(matches!(
        answered(&longer, messages.request.as_ref().unwrap()),
        Err(Error::WrongBasis { .. })
    ));
    assert!(matches!(applied(&other, &messages.patch), Err(Error::WrongBasis { .. })));
}

#[test]
fn sums_that_are_equal_by_chance_do_not_give_a_wrong_file() {
    // Sums of three bytes and chunks of one length: among 16,000 thousand pairs some are equal.
    let mut rng = Rng::new(6);
    let period = 256;
    let old = rng.bytes(4000 * period, 256);
    let new = rng.bytes(4000 * period, 256);
    let options = options(Some(256)).sum_len(3);
    let mut refused = 0;
    for salt in 0..20u8 {
        let signature = signed(&old, old.len() as u64, options.salt([salt; 16]));
        let survey = survey(&signature, &new, 1).unwrap();
        match applied(&old, &patch_of(&survey, 1)) {
            Ok(result) => assert!(result == new),
            Err(Error::GroupMismatch { .. } | Error::ResultMismatch { .. }) => refused += 1,
            Err(error) => panic!("{error}"),
        }
    }
    // What is taken for equal has equal lengths, too: it is rare.
    assert!(refused < 20);
}

#[test]
fn limits_of_an_answer_hold_before_anything_is_read() {
    let (old, _, messages) = small();
    let request = messages.request.unwrap();
    for limits in [AnswerLimits::new().max_basis_bytes(10), AnswerLimits::new().max_sums_bytes(10)]
    {
        let outcome = answer(&Unreadable, old.len() as u64, &request, limits, Vec::new(), &mut ());
        assert!(matches!(outcome, Err(Error::RequestLimit { max_bytes: 10, .. })), "{outcome:?}");
    }
}

struct Unreadable;

impl ReadAt for Unreadable {
    fn read_at(&self, _: u64, _: &mut [u8]) -> Result<usize> {
        panic!("nothing is to be read")
    }
}

#[test]
fn messages_of_version_1_are_read_for_ever() {
    let (old, new, _) = small();
    let read = |name: &str| {
        let path = format!("{}/tests/data/exchange/v1.{name}", env!("CARGO_MANIFEST_DIR"));
        std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
    };
    let mut survey = survey(&read("signature"), &new, 1).unwrap();
    assert!(!answered(&old, &read("request")).unwrap().is_empty());
    if survey.request() == Some(read("request")) {
        survey.take_sums(&read("sums")).unwrap();
    }
    assert!(applied(&old, &patch_of(&survey, 1)).unwrap() == new);
    assert!(applied(&old, &read("patch")).unwrap() == new);
}

/// Old and new files of some KiB, with parts that are kept, moved, changed and new.
fn pair() -> impl Strategy<Value = (Vec<u8>, Vec<u8>)> {
    let stretch = || {
        prop_oneof![
            (any::<u64>(), 0..9_000usize).prop_map(|(seed, len)| Rng::new(seed).bytes(len, 256)),
            (0..3u8, 0..9_000usize).prop_map(|(byte, len)| vec![byte; len]),
            (1..90u8, 0..9_000usize)
                .prop_map(|(period, len)| (0..len).map(|at| at as u8 % period).collect()),
        ]
    };
    let old = prop::collection::vec(stretch(), 0..6).prop_map(|parts| parts.concat());
    let edit = (any::<usize>(), 0..20_000usize, stretch(), any::<u8>());
    (old, prop::collection::vec(edit, 0..6)).prop_map(|(old, edits)| {
        let mut new = Vec::new();
        for (from, len, inserted, changed) in edits {
            let rest = &old[from % (old.len() + 1)..];
            let start = new.len();
            new.extend_from_slice(&rest[..rest.len().min(len)]);
            new[start..].iter_mut().step_by(2000).for_each(|byte| *byte ^= changed);
            new.extend(inserted);
        }
        (old, new)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_files_come_back(
        (old, new) in pair(),
        average_len in prop_oneof![Just(None), (8..13u32).prop_map(|log| Some(1 << log))],
    ) {
        comes_back(&old, &new, average_len);
    }

    #[test]
    fn any_bytes_are_no_message(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(ChunkSignature::decode(&bytes).is_err());
        prop_assert!(answered(b"basis", &bytes).is_err());
    }
}
