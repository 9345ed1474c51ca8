//! Chunks against a plain reading of FastCDC, against the crate `fastcdc` and against pinned cuts.

use std::ops::Range;

use fastcdc::v2020::{FastCDC, MASKS, Normalization, get_gear_with_seed};
use proptest::collection::vec;
use proptest::prelude::*;
use sigdelta::Error;
use sigdelta::chunk::{ChunkParams, ChunkStream, Chunker, Part};
use sigdelta::parallel;

/// Small chunks, so that short files have many.
const SMALL: [(u32, u32, u32); 6] = [
    (64, 256, 1024),
    (65, 257, 1023),
    (64, 400, 500),
    (256, 256, 2000),
    (100, 300, 300),
    (256, 256, 256),
];
const KEY: [u8; 32] = [7; 32];

// The oracle.

/// The lengths of chunks, one hash of one byte after the other.
fn naive(params: ChunkParams, table: &[u64], mut file: &[u8]) -> Vec<usize> {
    let bits = f64::from(params.average_len()).log2().round() as usize;
    let normalization = usize::from(params.normalization());
    let mut lens = Vec::new();
    while !file.is_empty() {
        let most = file.len().min(params.max_len() as usize);
        let mut hash = 0u64;
        let cuts = |position: &usize| {
            hash = hash.wrapping_mul(2).wrapping_add(table[usize::from(file[*position])]);
            let below = *position < params.average_len() as usize;
            hash & MASKS[if below { bits + normalization } else { bits - normalization }] == 0
        };
        let len = (params.min_len() as usize..most).find(cuts).unwrap_or(most);
        lens.push(len);
        file = &file[len..];
    }
    lens
}

fn published() -> Vec<u64> {
    get_gear_with_seed(0).0.into_owned()
}

/// The table of a key, as it is documented.
fn keyed(key: &[u8; 32]) -> Vec<u64> {
    let entry = |byte| {
        let mut params = blake2b_simd::Params::new();
        params.hash_length(8).key(key).personal(b"sigdelta chunker");
        u64::from_le_bytes(params.hash(&[byte]).as_bytes().try_into().unwrap())
    };
    (0..=255).map(entry).collect()
}

// Ways to find the same chunks.

fn lens(chunker: &Chunker, file: &[u8]) -> Vec<usize> {
    chunker.chunks(file).map(<[u8]>::len).collect()
}

fn streamed<'a>(chunker: &Chunker, pieces: impl IntoIterator<Item = &'a [u8]>) -> Vec<usize> {
    let mut stream = ChunkStream::new(chunker.clone());
    let mut lens = Vec::new();
    for mut piece in pieces {
        while let Some(len) = stream.next_cut(&mut piece) {
            lens.push(len);
        }
        assert!(piece.is_empty());
    }
    lens.extend(stream.finish());
    assert_eq!(stream.finish(), None);
    lens
}

fn lens_of(ends: &[usize]) -> Vec<usize> {
    ends.iter().scan(0, |start, &end| Some(end - std::mem::replace(start, end))).collect()
}

fn parts(chunker: &Chunker, file: &[u8], ranges: &[Range<usize>]) -> Vec<Part> {
    ranges.iter().map(|range| chunker.part(file, range.clone())).collect()
}

// Files.

/// Bytes of the generator xorshift64*.
fn random(mut state: u64, len: usize) -> Vec<u8> {
    let mut next = || {
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        state.wrapping_mul(0x2545_f491_4f6c_dd1d).to_le_bytes()
    };
    let mut bytes: Vec<u8> =
        std::iter::repeat_with(&mut next).take(len.div_ceil(8)).flatten().collect();
    bytes.truncate(len);
    bytes
}

/// Random bytes, few different ones, runs, words; and lengths around every edge.
fn file() -> impl Strategy<Value = Vec<u8>> {
    let stretch = prop_oneof![
        (1..u64::MAX, 0..6000usize).prop_map(|(seed, len)| random(seed, len)),
        vec(0..3u8, 0..2000),
        (any::<u8>(), 0..4000usize).prop_map(|(byte, len)| vec![byte; len]),
        vec(prop::sample::select(vec!["the ", "quick ", "brown ", "fox\n"]), 0..400)
            .prop_map(|words| words.concat().into_bytes()),
    ];
    let any_len = vec(stretch, 0..5).prop_map(|stretches| stretches.concat());
    let edge =
        prop::sample::select(vec![0usize, 64, 100, 256, 300, 400, 500, 512, 1024, 2000, 2048]);
    let edges = (1..u64::MAX, edge, 0..5usize)
        .prop_map(|(seed, edge, more)| random(seed, (edge + more).saturating_sub(2)));
    prop_oneof![any_len, edges]
}

fn small() -> impl Strategy<Value = ChunkParams> {
    (prop::sample::select(SMALL.to_vec()), 0..4u8).prop_map(
        |((min_len, average_len, max_len), normalization)| {
            ChunkParams::new(min_len, average_len, max_len, normalization).unwrap()
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 1000, ..Default::default() })]

    #[test]
    fn chunks_are_those_of_a_plain_reading(file in file(), params in small()) {
        let chunker = Chunker::new(params);
        prop_assert_eq!(lens(&chunker, &file), naive(params, &published(), &file));
        let chunker = Chunker::keyed(params, &KEY);
        prop_assert_eq!(lens(&chunker, &file), naive(params, &keyed(&KEY), &file));
    }

    #[test]
    fn a_stream_has_the_same_chunks_however_it_is_cut(
        file in file(),
        params in small(),
        sizes in vec(prop_oneof![0..4usize, 0..80usize, 0..3000usize], 1..6),
    ) {
        let chunker = Chunker::new(params);
        let mut rest = &file[..];
        // A last size of its own, so that not all are 0.
        let pieces = sizes.iter().chain([&61]).cycle().map_while(|&size| {
            let piece;
            (piece, rest) = rest.split_at(size.min(rest.len()));
            (!piece.is_empty() || !rest.is_empty()).then_some(piece)
        });
        prop_assert_eq!(streamed(&chunker, pieces), lens(&chunker, &file));
    }

    #[test]
    fn more_bytes_never_change_a_cut(file in file(), params in small(), place: prop::sample::Index) {
        let chunker = Chunker::new(params);
        let whole = chunker.next_cut(&file, true);
        let front = &file[..place.index(file.len() + 1)];
        match chunker.next_cut(front, false) {
            Some(len) => prop_assert_eq!(Some(len), whole),
            None => prop_assert!(whole >= Some(front.len()) || front.is_empty()),
        }
    }

    #[test]
    fn parts_join_to_the_chunks_of_the_whole(
        file in file(),
        params in small(),
        borders in vec(any::<prop::sample::Index>(), 0..6),
        left_out: prop::sample::Index,
    ) {
        let chunker = Chunker::new(params);
        let mut borders: Vec<_> = borders.iter().map(|place| place.index(file.len() + 1)).collect();
        borders.extend([0, file.len()]);
        borders.sort_unstable();
        let ranges: Vec<_> = borders.windows(2).map(|pair| pair[0]..pair[1]).collect();
        let expected = lens(&chunker, &file);

        let mut parts = parts(&chunker, &file, &ranges);
        prop_assert_eq!(lens_of(&chunker.join(&file, parts.clone())), &expected[..]);
        parts.remove(left_out.index(parts.len()));
        prop_assert_eq!(lens_of(&chunker.join(&file, parts)), &expected[..]);
        for threads in 0..5 {
            prop_assert_eq!(lens_of(&parallel::cuts(&chunker, &file, threads)), &expected[..]);
        }
    }

    #[test]
    fn chunks_are_those_of_the_crate_fastcdc(file in file(), level in 0..4usize) {
        let levels =
            [Normalization::Level0, Normalization::Level1, Normalization::Level2, Normalization::Level3];
        let chunker = Chunker::new(ChunkParams::new(64, 256, 1024, level as u8).unwrap());
        // That crate asks an even number of bytes of the last chunk, so it can miss a last byte which
        // cuts.
        let inner = |end: &usize| *end + 1 < file.len();
        let ends = |lens: Vec<usize>| -> Vec<usize> {
            let ends = lens.into_iter().scan(0, |end, len| { *end += len; Some(*end) });
            ends.filter(inner).collect()
        };
        let theirs = FastCDC::with_level(&file, 64, 256, 1024, levels[level]);
        let theirs = theirs.map(|chunk| chunk.length).collect();
        prop_assert_eq!(ends(lens(&chunker, &file)), ends(theirs));
    }
}

#[test]
fn a_chunk_can_end_at_every_edge() {
    for (min_len, average_len, max_len) in SMALL {
        let params = ChunkParams::new(min_len, average_len, max_len, 0).unwrap();
        let [min, average, max] = [min_len, average_len, max_len].map(|len| len as usize);
        let edges = [min, min + 1, min + 7, average - 1, average, average + 1, max - 1];
        for end in edges.into_iter().filter(|end| (min..max).contains(end)) {
            let (chunker, file) = chunk_that_ends_at(params, end);
            assert_eq!(chunker.next_cut(&file, false), Some(end), "{params:?}");
            assert_eq!(chunker.next_cut(&file[..end], false), None, "{params:?}");
            assert_eq!(chunker.next_cut(&file[..end], true), Some(end), "{params:?}");
            assert_eq!(streamed(&chunker, [&file[..end], &file[end..]]), [end, 1], "{params:?}");
        }
        let chunker = Chunker::new(params);
        let uncut =
            |byte| Some(vec![byte; max]).filter(|file| naive(params, &published(), file) == [max]);
        let file = (0..=255).find_map(uncut).expect("some byte never cuts");
        assert_eq!(chunker.next_cut(&file, false), Some(max), "{params:?}");
        assert_eq!(chunker.next_cut(&file[..max - 1], false), None, "{params:?}");
        assert_eq!(streamed(&chunker, [&file[..], &[0]]), [max, 1], "{params:?}");
    }
}

/// Finds a key and bytes of which the last one cuts, with zeros before.
fn chunk_that_ends_at(params: ChunkParams, end: usize) -> (Chunker, Vec<u8>) {
    for key in (0..100).map(|n| [n; 32]) {
        let table = keyed(&key);
        for seed in 1..1000 {
            let mut file = vec![0; end - 7];
            file.extend(random(seed, 8));
            if naive(params, &table, &file)[0] == end {
                return (Chunker::keyed(params, &key), file);
            }
        }
    }
    panic!("{params:?}: no byte cuts at {end}");
}

#[test]
fn nothing_has_no_chunks() {
    let chunker = Chunker::new(ChunkParams::KIB_16);
    assert_eq!(chunker.next_cut(&[], false), None);
    assert_eq!(chunker.next_cut(&[], true), None);
    assert_eq!(chunker.chunks(&[]).count(), 0);
    assert_eq!(streamed(&chunker, [&[][..], &[]]), []);
    assert_eq!(chunker.join(&[], [chunker.part(&[], 0..0)]), []);
    assert_eq!(parallel::cuts(&chunker, &[], 4), []);
}

/// Computed by a program in Python from the description alone.
#[test]
fn cuts_never_move() {
    let file = random(1, 400_000);
    let new = |min_len, average_len, max_len, normalization| {
        Chunker::new(ChunkParams::new(min_len, average_len, max_len, normalization).unwrap())
    };
    assert_eq!(
        lens(&Chunker::new(ChunkParams::KIB_16), &file),
        [
            23913, 25059, 31164, 17621, 16613, 16640, 19248, 20581, 22010, 19410, 10292, 8329,
            28424, 22533, 19576, 17709, 19467, 17003, 20301, 23424, 683
        ]
    );
    assert_eq!(
        lens(&new(4096, 16384, 65536, 1), &file),
        [
            23913, 29163, 27060, 17621, 10126, 4296, 52231, 28693, 6422, 23026, 36753, 13090, 9443,
            19576, 17709, 28764, 15064, 19993, 6618, 10439
        ]
    );
    assert_eq!(
        lens(&new(1001, 24577, 65537, 0), &file),
        [
            65537, 42346, 4296, 65537, 15387, 6422, 2641, 20385, 36753, 13090, 9443, 37285, 43828,
            26611, 10439
        ]
    );
    assert_eq!(
        lens(&new(2048, 8192, 32768, 2), &file[..100_000]),
        [8963, 11429, 11552, 9689, 11443, 11554, 8309, 10372, 9724, 6965]
    );
    let key = std::array::from_fn(|n| n as u8);
    assert_eq!(
        lens(&Chunker::keyed(ChunkParams::KIB_16, &key), &file),
        [
            18883, 18366, 17165, 21668, 17143, 26078, 18455, 19415, 22705, 26165, 16646, 18172,
            27250, 17203, 19490, 17276, 20869, 17228, 23832, 15991
        ]
    );
    assert_eq!(
        lens(&Chunker::new(ChunkParams::KIB_16), &[0; 200_000]),
        [65536, 65536, 65536, 3392]
    );
}

#[test]
fn each_key_has_cuts_of_its_own() {
    let file = random(2, 1 << 20);
    let by_key = |key: &[u8; 32]| lens(&Chunker::keyed(ChunkParams::KIB_16, key), &file);
    let mut all: Vec<_> = (0..8).map(|n| by_key(&[n; 32])).collect();
    all.push(lens(&Chunker::new(ChunkParams::KIB_16), &file));
    for (number, lens) in all.iter().enumerate() {
        assert!(!all[..number].contains(lens), "key {number}");
    }
    assert_eq!(all[3], by_key(&[3; 32]));
    let shown = format!("{:?}", Chunker::keyed(ChunkParams::KIB_16, &KEY));
    assert!(shown.len() < 300, "numbers of the table are shown: {shown}");
}

#[test]
fn several_threads_cut_alike() {
    // In the second all chunks are of one length, and parts out of step with them never meet.
    for file in [random(5, 3_000_001), vec![b'a'; 3_000_001]] {
        for params in [ChunkParams::KIB_16, ChunkParams::new(64, 256, 999, 1).unwrap()] {
            let chunker = Chunker::new(params);
            let expected = lens(&chunker, &file);
            for threads in 0..6 {
                let found = parallel::cuts(&chunker, &file, threads);
                assert_eq!(lens_of(&found), expected, "{threads} threads");
            }
        }
    }
}

#[test]
fn an_insertion_moves_few_cuts() {
    let old = random(3, 1 << 20);
    let mut new = old.clone();
    new.splice(500_000..500_000, *b"inserted");
    let chunker = Chunker::new(ChunkParams::KIB_16);
    let known: std::collections::HashSet<&[u8]> = chunker.chunks(&old).collect();
    let unknown: usize = chunker.chunks(&new).filter(|&chunk| !known.contains(chunk)).count();
    assert!((1..5).contains(&unknown), "{unknown} chunks are new");
}

#[test]
fn lengths_of_random_bytes_are_about_the_average() {
    let file = random(4, 16 << 20);
    for average_len in [1024, 6000, 16384, 23_000, 50_000] {
        let params = ChunkParams::with_average(average_len).unwrap();
        let lens = lens(&Chunker::new(params), &file);
        let mean = file.len() / lens.len();
        let average_len = average_len as usize;
        assert!(
            (average_len * 21 / 20..average_len * 27 / 20).contains(&mean),
            "{average_len}: {mean}"
        );
        let [min, max] = [params.min_len(), params.max_len()].map(|len| len as usize);
        let (_, all_but_last) = lens.split_last().unwrap();
        assert!(all_but_last.iter().all(|len| (min..=max).contains(len)));
    }
}

#[test]
fn parameters_that_make_no_chunker_are_refused() {
    let valid = [(64, 256, 256, 0), (256, 256, 256, 3), (64, 4 << 20, 1 << 30, 3)];
    for (min_len, average_len, max_len, normalization) in valid {
        let params = ChunkParams::new(min_len, average_len, max_len, normalization).unwrap();
        let found = [params.min_len(), params.average_len(), params.max_len()];
        assert_eq!(found, [min_len, average_len, max_len]);
        assert_eq!(params.normalization(), normalization);
    }
    let invalid = [
        (0, 256, 1024),
        (63, 256, 1024),
        (64, 255, 1024),
        (257, 256, 1024),
        (64, 256, 255),
        (64, (4 << 20) + 1, 1 << 30),
        (64, 256, (1 << 30) + 1),
        (u32::MAX, u32::MAX, u32::MAX),
    ];
    for lens @ (min_len, average_len, max_len) in invalid {
        match ChunkParams::new(min_len, average_len, max_len, 1) {
            Err(Error::InvalidChunkLens { min_len, average_len, max_len }) => {
                assert_eq!((min_len, average_len, max_len), lens);
            }
            other => panic!("{lens:?}: {other:?}"),
        }
    }
    for average_len in [0, 255, (4 << 20) + 1, u32::MAX] {
        assert!(ChunkParams::with_average(average_len).is_err());
    }
    let error = ChunkParams::new(64, 256, 1024, 4).unwrap_err();
    assert!(matches!(error, Error::InvalidNormalization { found: 4 }));
    assert_eq!(ChunkParams::with_average(64 << 10).unwrap(), ChunkParams::KIB_64);
}
