//! Exchanges: every shape of files comes back in two rounds, and no damaged message gives a wrong file.
#![cfg(feature = "layered")]

mod common;

use std::io::{Cursor, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use common::{Rng, hex, unhex};
use proptest::prelude::*;
use sigdelta::chunk::{ChunkParams, Chunker};
use sigdelta::exchange::{
    AnswerLimits, ChunkSignature, ChunkSignatureOptions, Survey, SurveyOptions, answer, sign,
};
use sigdelta::format::Message;
use sigdelta::layered::{ApplyOptions, MakeOptions, apply, explain};
use sigdelta::{Error, ReadAt, Result, Root, StrongHash, parallel};

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

fn patch_of(survey: Survey, threads: usize) -> Vec<u8> {
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
    Messages { signature, request, sums, patch: patch_of(survey, threads) }
}

#[track_caller]
fn comes_back(old: &[u8], new: &[u8], average_len: Option<u32>) -> Messages {
    let messages = exchange(old, new, average_len, 1);
    assert!(applied(old, &messages.patch).unwrap() == new);
    // Without the second round as well.
    let survey = survey(&messages.signature, new, 1).unwrap();
    assert!(applied(old, &patch_of(survey, 1)).unwrap() == new);
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
    let streams = [&old, &new].map(|bytes| Arc::new(Mutex::new(Cursor::new(bytes.clone()))));
    let files = [&old, &new].map(|bytes| {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        Arc::new(file)
    });
    let streams = streams.map(|stream| stream as Arc<dyn ReadAt>);
    let files = files.map(|file| file as Arc<dyn ReadAt>);
    for [basis, source] in [streams, files] {
        let lens = [old.len() as u64, new.len() as u64];
        assert!(signed(&*basis, lens[0], options(None)) == expected.signature);
        let (mut sums, limits) = (Vec::new(), AnswerLimits::new());
        let request = expected.request.as_ref().unwrap();
        answer(&*basis, lens[0], request, limits, &mut sums, &mut ()).unwrap();
        assert!(sums == expected.sums);
        let signature = ChunkSignature::decode(&expected.signature).unwrap();
        let options = SurveyOptions::new();
        let mut survey = Survey::new(signature, source, lens[1], options, &mut ()).unwrap();
        assert!(survey.request() == expected.request);
        survey.take_sums(&sums).unwrap();
        assert!(patch_of(survey, 1) == expected.patch);
    }
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

static SMALL: OnceLock<(Vec<u8>, Vec<u8>, Messages)> = OnceLock::new();

/// Goes on with an exchange in which some message was damaged; a patch that comes of it may fail, but
/// gives no wrong file.
fn goes_on(old: &[u8], new: &[u8], damaged: &Messages) {
    let Ok(mut survey) = survey(&damaged.signature, new, 1) else { return };
    if let Some(request) = &damaged.request
        && survey.request().as_ref() == Some(request)
    {
        let _ = survey.take_sums(&damaged.sums);
    }
    if let Ok(result) = applied(old, &patch_of(survey, 1)) {
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
fn messages_about_another_file_are_refused() {
    let (old, _, messages) = small();
    let request = messages.request.unwrap();
    let longer = [&old[..], b"!"].concat();
    let error = answered(&longer, &request).unwrap_err();
    assert!(
        matches!(error, Error::WrongBasis { found_len: 16_001, expected_len: 16_000 }),
        "{error:?}"
    );
    let mut other = old.clone();
    other[7000] ^= 1;
    assert!(matches!(applied(&other, &messages.patch), Err(Error::WrongBasis { .. })));
    // The answer to another request.
    let signature = signed(&old, old.len() as u64, options(Some(512)).salt([1; 16]));
    let new = [&old[..9000], b"new", &old[9100..]].concat();
    let mut survey = survey(&signature, &new, 1).unwrap();
    assert!(survey.request().is_some());
    let error = survey.take_sums(&messages.sums).unwrap_err();
    assert!(matches!(error, Error::MessageDamaged { message: Message::Sums, .. }), "{error:?}");
    // Sums that nobody asked for.
    survey.take_sums(&answered(&old, &survey.request().unwrap()).unwrap()).unwrap();
    let error = survey.take_sums(&messages.sums).unwrap_err();
    assert!(matches!(error, Error::MessageDamaged { message: Message::Sums, .. }), "{error:?}");
}

/// A file of chunks that all have one length, and little else in common.
///
/// No byte of a chunk below the minimum has a say in where it ends.
fn chunks_of_one_length(seed: u64, count: usize, params: ChunkParams) -> Vec<u8> {
    let min_len = params.min_len() as usize;
    let pattern = Rng::new(0).bytes(2 * params.max_len() as usize, 256);
    let len = parallel::cuts(&Chunker::new(params), &pattern, 1)[0];
    // The first byte of a chunk ends the one before.
    let (first, tail) = (pattern[len], &pattern[min_len..len]);
    let mut rng = Rng::new(seed);
    let chunk = || [&[first], &rng.bytes(min_len - 1, 256)[..], tail].concat();
    let file: Vec<u8> = std::iter::repeat_with(chunk).take(count).flatten().collect();
    let ends = parallel::cuts(&Chunker::new(params), &file, 1);
    assert!(ends.iter().zip(1..).all(|(&end, number)| end == number * len));
    file
}

#[test]
fn chunks_with_equal_sums_that_are_not_equal_give_a_patch_that_fails() {
    // 8000 times 8000 pairs of chunks, and 2^24 sums: about four pairs have equal ones.
    let params = ChunkParams::with_average(256).unwrap();
    let [old, new] = [1, 2].map(|seed| chunks_of_one_length(seed, 8000, params));
    let outcome = |options| {
        let signature = signed(&old, old.len() as u64, options);
        applied(&old, &patch_of(survey(&signature, &new, 1).unwrap(), 1))
    };
    let error = outcome(options(Some(256)).sum_len(3)).unwrap_err();
    assert!(matches!(error, Error::GroupMismatch { .. }), "{error:?}");
    // The way out.
    let again = options(Some(256)).sum_len(8).salt([1; 16]);
    assert!(outcome(again).unwrap() == new);
}

#[test]
fn a_signature_that_tells_other_chunks_gives_a_patch_that_fails() {
    let (old, new, _) = small();
    let mut other = old.clone();
    other[7000..7100].reverse();
    let other_new = [b"!", &other[..]].concat();
    // The chunks of one file and the root of another.
    let mut signature = signed(&other, other.len() as u64, options(Some(512)));
    let root = Root::of(&other).0;
    let at = signature.windows(32).position(|window| window == root).unwrap();
    signature[at..at + 32].copy_from_slice(&Root::of(&old).0);
    signature.truncate(signature.len() - 8);
    let signature = sealed(signature);
    let outcome = |new: &[u8]| applied(&old, &patch_of(survey(&signature, new, 1).unwrap(), 1));
    assert!(matches!(outcome(&other_new), Err(Error::GroupMismatch { .. })));
    // As long as these chunks are not in the new file, they do no harm.
    assert!(outcome(&new[..1500]).unwrap() == new[..1500]);
}

/// Appends the check of a message that answers none.
fn sealed(message: Vec<u8>) -> Vec<u8> {
    let check = StrongHash::Blake2b.sum(&message);
    [&message[..], &check[..8]].concat()
}

#[test]
fn sums_that_tell_other_blocks_give_a_patch_that_fails() {
    let (old, new, messages) = small();
    // A bit of the old file as it is in the new one: all sums around it fit, and one too many.
    let mut other = old.clone();
    other[8000] ^= 1;
    assert!(other[8000] == new[3000]);
    let mut survey = survey(&messages.signature, &new, 1).unwrap();
    survey.take_sums(&answered(&other, messages.request.as_ref().unwrap()).unwrap()).unwrap();
    let error = applied(&old, &patch_of(survey, 1)).unwrap_err();
    assert!(matches!(error, Error::GroupMismatch { .. }), "{error:?}");
}

/// A file that may be read so many times, by its length.
struct ReadFewTimes {
    bytes: Vec<u8>,
    read: AtomicU64,
}

const TIMES: u64 = 8;

impl ReadAt for ReadFewTimes {
    fn read_at(&self, position: u64, buf: &mut [u8]) -> Result<usize> {
        let len = self.bytes[..].read_at(position, buf)?;
        let read = self.read.fetch_add(len as u64, Ordering::Relaxed);
        assert!(read <= TIMES * self.bytes.len() as u64, "read again and again");
        Ok(len)
    }
}

#[test]
fn what_repeats_itself_elsewhere_does_not_take_long() {
    // Each block of the zeros has the sum of all the others, and none lies where one is expected.
    let mut rng = Rng::new(7);
    for period in [vec![0], b"word".to_vec()] {
        let repeated = || period.iter().copied().cycle().take(1500 << 10).collect::<Vec<_>>();
        let old = [repeated(), rng.bytes(400 << 10, 256)].concat();
        let new = [rng.bytes(400 << 10, 256), repeated()].concat();
        let signature = signed(&old, old.len() as u64, options(Some(512 << 10)));
        let signature = ChunkSignature::decode(&signature).unwrap();
        let new_len = new.len() as u64;
        let file = Arc::new(ReadFewTimes { bytes: new.clone(), read: AtomicU64::new(0) });
        let options = SurveyOptions::new();
        let mut survey = Survey::new(signature, file, new_len, options, &mut ()).unwrap();
        let sums = answered(&old, &survey.request().unwrap()).unwrap();
        survey.take_sums(&sums).unwrap();
        assert!(applied(&old, &patch_of(survey, 1)).unwrap() == new);
    }
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
    // Chunks and their sums are those that peers of all versions find.
    let signature = read("signature");
    assert!(signed(&old, old.len() as u64, options(Some(512))) == signature);
    let survey = survey(&signature, &new, 1).unwrap();
    let third = new.len() as u64 / 3;
    assert!(survey.estimated_len(third) < third / 2, "chunks were not found");
    assert!(applied(&old, &patch_of(survey, 1)).unwrap() == new);
    // What is asked for may change one day; what is answered to this does not.
    assert!(answered(&old, &read("request")).unwrap() == read("sums"));
    let patch = read("patch");
    assert!(applied(&old, &patch).unwrap() == new);
    let groups = explain(&patch[..], None, |_, _| Ok(())).unwrap().groups;
    assert_eq!(groups[0].body.layout, "shared");
}

/// The example of `docs/formats.md`, which `tests/data/exchange/example.gen.py` makes from what is written
/// there.
#[test]
fn messages_are_those_of_the_documentation() {
    let hello = b"Hello, world!".to_vec();
    let options = ChunkSignatureOptions::new().average_len(1024).sum_len(4).salt([0; 16]);
    let signature = "8f7364730104020a000000000000000000000000000000008004800880200d\
        3171c386619cfd8c4a258e01682d803e6b1f63e5bf3294f6fddf92acab658d98950fe6c0dea76b56c545606e65e4";
    assert_eq!(hex(&signed(&hello, 13, options)), signature);
    let request = "8f736471010300000000000000000000000000000000400d0200050206b66b2b3878b12111";
    let sums = answered(&hello, &unhex(request)).unwrap();
    assert_eq!(hex(&sums), "8f73646601a4a8137d3e8424013524802b84ef");
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

    /// Most of these fail at a field, as the check is right; what does not is of use or fails later.
    #[test]
    fn messages_with_wrong_fields_are_refused_or_do_no_harm(
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
        removed in 0..4usize,
        inserted in prop::collection::vec(any::<u8>(), 0..4),
    ) {
        let (old, new, messages) = SMALL.get_or_init(small);
        let forged = |message: &[u8]| {
            let mut forged = message[..message.len() - 8].to_vec();
            let at = at.index(forged.len());
            forged[at] = byte;
            let end = forged.len().min(at + removed);
            forged.splice(at..end, inserted.iter().copied());
            sealed(forged)
        };
        let signature = forged(&messages.signature);
        goes_on(old, new, &Messages { signature, ..messages.clone() });
        let request = messages.request.as_ref().unwrap();
        if let Ok(sums) = answered(old, &forged(request)) {
            prop_assert!(sums.len() <= 13 + 7 * old.len().div_ceil(64) + 7 * request.len());
        }
    }
}
