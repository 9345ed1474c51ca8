//! Groups there and back at every layout, however they are cut; damaged bodies.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

use super::*;
use crate::format::varint;

const MIXED: Layout = Layout::Mixed { coded_len: 1000 };
const LAYOUTS: [Layout; 3] =
    [Layout::Columns { zstd_level: 3 }, Layout::Columns { zstd_level: 19 }, MIXED];

/// A group with everything that its encoder is told.
#[derive(Clone, Debug)]
struct Sample {
    start: u64,
    old: Vec<u8>,
    pieces: Vec<Piece>,
    new: Vec<u8>,
}

impl Sample {
    fn group(&self) -> Group {
        Group { start: self.start, len: self.new.len() as u32, old_len: self.old.len() as u64 }
    }

    fn encode(&self, layout: Layout) -> Vec<u8> {
        self.encode_in_blocks(layout, usize::MAX)
    }

    /// Gives the encoder so many aligned bytes at once.
    fn encode_in_blocks(&self, layout: Layout, block: usize) -> Vec<u8> {
        let mut encoder = Encoder::new(layout, self.group()).unwrap();
        let mut rest = &self.new[..];
        for piece in &self.pieces {
            encoder.piece(piece);
            let (aligned, behind) = rest.split_at(piece.aligned_len as usize);
            let (literals, behind) = behind.split_at(piece.literal_len as usize);
            let mut at = 0;
            while at < aligned.len() {
                let len = block.min(aligned.len() - at);
                let old = OldBytes::of(&self.old, piece.old as usize + at, len);
                at += encoder.aligned(old, &aligned[at..at + len]);
            }
            if !literals.is_empty() {
                encoder.literals(literals);
            }
            rest = behind;
        }
        encoder.finish().unwrap()
    }

    /// Decodes a body of this group, or what is taken for one, in steps of these lengths in turn.
    fn decode(&self, body: &[u8], steps: &[usize]) -> Result<(Vec<Piece>, Vec<u8>), Fault> {
        let mut decoder = Decoder::new(body.to_vec(), self.group())?;
        let context = decoder.context().iter();
        let context: Vec<&[u8]> =
            context.map(|range| &self.old[range.start as usize..range.end as usize]).collect();
        decoder.learn(&context.concat())?;
        let (mut pieces, mut new) = (Vec::new(), Vec::new());
        let mut steps = steps.iter().cycle();
        let mut next_step = |left: usize| left.min(*steps.next().unwrap());
        while let Some(piece) = decoder.piece()? {
            pieces.push(piece);
            let mut old = piece.old as usize;
            let old_end = old + piece.aligned_len as usize;
            while piece.aligned_len > 0 && old < old_end {
                let len = next_step(old_end - old);
                let mut out = vec![0; len];
                decoder.aligned(OldBytes::of(&self.old, old, len), &mut out)?;
                new.extend(out);
                old += len;
            }
            let mut left = piece.literal_len as usize;
            while left > 0 {
                let mut out = vec![0; next_step(left)];
                decoder.literals(&mut out)?;
                left -= out.len();
                new.extend(out);
            }
        }
        decoder.finish()?;
        Ok((pieces, new))
    }
}

/// Pieces whose old position means nothing have it as the decoder gives it.
fn without_meaningless_positions(pieces: &[Piece]) -> Vec<Piece> {
    let forget =
        |&piece: &Piece| Piece { old: if piece.aligned_len > 0 { piece.old } else { 0 }, ..piece };
    pieces.iter().map(forget).collect()
}

fn bytes(max_len: usize) -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        vec(any::<u8>(), 0..max_len),
        vec(prop_oneof![Just(b'a'), Just(b'b')], 0..max_len),
        (any::<u8>(), 0..max_len).prop_map(|(byte, len)| vec![byte; len]),
    ]
}

/// Old bytes, and pieces of some of them with changes here and there.
fn samples() -> impl Strategy<Value = Sample> {
    let changes = vec((any::<Index>(), 1..=u8::MAX), 0..12);
    let piece = (any::<Index>(), any::<Index>(), changes, bytes(300), 0..3u8);
    (bytes(9000), vec(piece, 0..8), 0..20_000u64).prop_map(|(old, drawn, start)| {
        let (mut pieces, mut new) = (Vec::new(), Vec::new());
        for (at, len, changes, literals, kind) in drawn {
            let at = at.index(old.len() + 1);
            let len = if kind == 0 { 0 } else { len.index(old.len() - at + 1) };
            let mut aligned = old[at..at + len].to_vec();
            for (place, change) in changes {
                if len > 0 {
                    let byte = &mut aligned[place.index(len)];
                    *byte = byte.wrapping_add(change);
                }
            }
            let literals = if kind == 1 { Vec::new() } else { literals };
            if len + literals.len() > 0 {
                pieces.push(Piece {
                    old: at as u64,
                    aligned_len: len as u32,
                    literal_len: literals.len() as u32,
                });
            }
            new.extend(aligned);
            new.extend(literals);
        }
        Sample { start, old, pieces, new }
    })
}

/// A small group in which everything occurs.
fn example() -> Sample {
    let old: Vec<u8> = (0..400u32).map(|i| (i * i / 7) as u8).collect();
    let mut new = old[20..320].to_vec();
    for i in [3, 4, 5, 100, 290] {
        new[i] ^= 0x5a;
    }
    new.extend(b"literal text, literal text");
    new.extend(&old[..50]);
    new.extend(b"more text at the end, literal text");
    let pieces = vec![
        Piece { old: 20, aligned_len: 300, literal_len: 26 },
        Piece { old: 0, aligned_len: 50, literal_len: 21 },
        Piece { old: 0, aligned_len: 0, literal_len: 13 },
    ];
    Sample { start: 1000, old, pieces, new }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn groups_come_back_however_they_are_cut(
        sample in samples(),
        steps in vec(1..700usize, 1..6),
    ) {
        for layout in LAYOUTS {
            let body = sample.encode(layout);
            let expected = without_meaningless_positions(&sample.pieces);
            for steps in [&steps[..], &[usize::MAX]] {
                let (pieces, new) = sample.decode(&body, steps).unwrap();
                prop_assert_eq!(without_meaningless_positions(&pieces), &expected[..]);
                prop_assert!(new == sample.new);
            }
        }
    }

    #[test]
    fn a_group_that_comes_in_blocks_is_coded_alike(sample in samples(), block in 4096..9000usize) {
        for layout in LAYOUTS {
            prop_assert!(sample.encode_in_blocks(layout, block) == sample.encode(layout));
        }
    }

    #[test]
    fn groups_of_equal_bytes_come_back_by_what_is_around_them(mut sample in samples()) {
        let mut at = 0;
        for piece in &sample.pieces {
            let (old, len) = (piece.old as usize, piece.aligned_len as usize);
            sample.new[at..at + len].copy_from_slice(&sample.old[old..old + len]);
            at += len + piece.literal_len as usize;
        }
        let body = shared::encode(19, sample.group(), &sample.pieces, &sample.new).unwrap().unwrap();
        let (pieces, new) = sample.decode(&body, &[300]).unwrap();
        prop_assert_eq!(
            without_meaningless_positions(&pieces),
            without_meaningless_positions(&sample.pieces)
        );
        prop_assert!(new == sample.new);
        // What is left of the numbers may be those of other pieces: a patch has sums against that.
        for len in 0..body.len() {
            let is_taken_for_whole =
                sample.decode(&body[..len], &[300]).is_ok_and(|(cut, _)| cut == pieces);
            prop_assert!(!is_taken_for_whole);
        }
    }

    #[test]
    fn any_bytes_are_decoded_or_refused(
        sample in samples(),
        layout in 0..5u8,
        mut body in bytes(400),
    ) {
        body.insert(0, layout);
        let _ = sample.decode(&body, &[64]);
    }
}

/// A group as an exchange makes it, of the old bytes of [`example`] as they are.
fn shared_example() -> (Sample, Vec<u8>) {
    let mut sample = example();
    sample.new[..300].copy_from_slice(&sample.old[20..320]);
    let body = shared::encode(19, sample.group(), &sample.pieces, &sample.new).unwrap().unwrap();
    assert_eq!(body[0], shared::LAYOUT);
    (sample, body)
}

#[test]
fn flipped_bits_of_shared_groups_ask_for_nothing_outside_of_the_old_file() {
    let (sample, body) = shared_example();
    // Decoding takes what it is asked for from the old file.
    for bit in 0..8 * body.len() {
        let mut flipped = body.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        if let Ok((_, new)) = sample.decode(&flipped, &[100]) {
            assert_eq!(new.len(), sample.new.len());
        }
    }
    let shorter = Sample { old: sample.old[..319].to_vec(), ..sample };
    let fault = shorter.decode(&body, &[100]).unwrap_err();
    assert_eq!(fault, Fault::OldRange { position: 20, len: 300 });
}

#[test]
fn the_context_of_shared_groups_is_as_near_as_the_reach_says() {
    let (sample, mut body) = shared_example();
    let ranges = |body: &[u8]| {
        let decoder = Decoder::new(body.to_vec(), sample.group());
        decoder.map(|decoder| decoder.context().to_vec())
    };
    // All of the old bytes, before their literals and between them.
    assert_eq!(ranges(&body).unwrap(), [20..320, 0..50]);
    body[1] = 4;
    assert_eq!(ranges(&body).unwrap(), [304..320, 0..16, 34..50]);
    body[1] = 5;
    assert_eq!(ranges(&body).unwrap(), [288..320, 0..50]);
    body[1] = 0;
    assert_eq!(ranges(&body).unwrap(), [319..320, 0..1, 49..50]);
    body[1] = 26;
    assert_eq!(ranges(&body).unwrap_err(), Fault::Number);
}

#[test]
fn shared_groups_have_limits() {
    let group = |aligned_len: u32, literal_len: u32| {
        let old: Vec<u8> = (0..aligned_len).map(|n| (n >> 8) as u8).collect();
        let new = [&old[..], &vec![7; literal_len as usize]].concat();
        Sample { start: 0, old, pieces: vec![Piece { old: 0, aligned_len, literal_len }], new }
    };
    let encode =
        |sample: &Sample| shared::encode(1, sample.group(), &sample.pieces, &sample.new).unwrap();
    // 4 MiB of context.
    let sample = group(5 << 20, 1000);
    let mut body = encode(&sample).unwrap();
    assert_eq!(body[1], 16);
    assert!(sample.decode(&body, &[1 << 20]).unwrap().1 == sample.new);
    body[1] = 22;
    assert!(Decoder::new(body.clone(), sample.group()).is_ok());
    body[1] = 23;
    assert_eq!(Decoder::new(body, sample.group()).unwrap_err(), Fault::Number);
    // 16 MiB of literals.
    let sample = group(0, 16 << 20);
    let body = encode(&sample).unwrap();
    assert!(sample.decode(&body, &[1 << 20]).unwrap().1 == sample.new);
    assert_eq!(encode(&group(0, (16 << 20) + 1)), None);
    // 131072 pieces.
    let many = |count: u32| {
        let pieces = (0..count).map(|n| Piece { old: n.into(), aligned_len: 1, literal_len: 1 });
        let (pieces, new) = (pieces.collect(), vec![7; 2 * count as usize]);
        Sample { start: 0, old: vec![7; count as usize], pieces, new }
    };
    let sample = many(128 << 10);
    let body = encode(&sample).unwrap();
    assert!(sample.decode(&body, &[1]).unwrap().1 == sample.new);
    assert_eq!(encode(&many((128 << 10) + 1)), None);
}

#[test]
fn literals_of_shared_groups_are_as_many_as_the_pieces_say_and_their_window_is_limited() {
    let (sample, body) = shared_example();
    // layout, reach, head: 4 * 60 + 1 in two bytes, and the length of the frame.
    let coded_len = usize::from(body[4]);
    let frame = body.len() - coded_len;
    assert_eq!((&body[2..4], &body[frame..frame + 4]), (&[0xf1, 1][..], &b"\x28\xb5\x2f\xfd"[..]));
    let with = |at: usize, byte: u8| {
        let mut body = body.clone();
        body[at] = byte;
        sample.decode(&body, &[100]).map(|(_, new)| new)
    };
    assert_eq!(with(2, 0xf5).unwrap_err(), Fault::Number);
    assert_eq!(with(2, 0xf3).unwrap_err(), Fault::UnknownCodec { found: 3 });
    let window = |exponent: u8, eighths: u8| with(frame + 5, exponent << 3 | eighths);
    assert_eq!(window(14, 0).unwrap(), sample.new);
    assert_eq!(window(13, 7).unwrap(), sample.new);
    assert_eq!(window(14, 1).unwrap_err(), Fault::Zstd);
    assert_eq!(window(15, 0).unwrap_err(), Fault::Zstd);
    let longer = [&body[..], &[0]].concat();
    assert!(sample.decode(&longer, &[100]).is_err());
}

/// Patches of older versions must be read.
#[test]
fn bodies_mean_what_they_always_meant() {
    let sample = example();
    // Other versions of zstd may make other columns.
    let body = sample.encode(MIXED);
    assert_eq!(body, bytes_of(MIXED_BODY), "{body:02x?}");
    for body in [COLUMNS_BODY, MIXED_BODY] {
        let (pieces, new) = sample.decode(&bytes_of(body), &[100]).unwrap();
        assert_eq!(without_meaningless_positions(&pieces), sample.pieces);
        assert_eq!(new, sample.new);
    }
}

const COLUMNS_BODY: &str = "00100c101814f10131ac0232001a150da70fff040300005ebd01c6b6aa4a5a28b52ffd00004501\
    00e86c69746572616c20746578742c206d6f72652061742074686520656e6403004549af5320829b4a";

const MIXED_BODY: &str = "021aeda7d058f4ba250ec9270625334f302d7e05570720de1c904c2e671408e2990da860\
    8499b6cc6da01ed9c940b6c48b64de";

fn bytes_of(hex: &str) -> Vec<u8> {
    let digit = |i: usize| char::from(hex.as_bytes()[i]).to_digit(16).unwrap() as u8;
    (0..hex.len() / 2).map(|i| digit(2 * i) << 4 | digit(2 * i + 1)).collect()
}

/// A program of calls, moved, and long equal stretches: every block length occurs.
#[test]
fn mixed_groups_come_back_with_equal_blocks_and_references() {
    let mut old: Vec<u8> =
        (0..60_000u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 27) as u8).collect();
    for at in (100..20_000).step_by(50) {
        let target = (at as i32 * 7919 % 20_000) - at as i32;
        old[at] = 0xe8;
        old[at + 1..at + 5].copy_from_slice(&target.to_le_bytes());
    }
    let mut new = old.clone();
    for at in (100..20_000).step_by(50) {
        new[at + 1] = new[at + 1].wrapping_add((at / 4000) as u8);
    }
    new[59_990] ^= 1;
    let pieces = vec![Piece { old: 0, aligned_len: 60_000, literal_len: 0 }];
    let sample = Sample { start: 0, old, pieces, new };
    let body = sample.encode(MIXED);
    // Of 400 calls four of five differ; without a model each is two bytes at least.
    assert!(body.len() < 400, "{} bytes", body.len());
    for steps in [&[1][..], &[31, 33], &[4096], &[5000, 7], &[usize::MAX]] {
        let (_, new) = sample.decode(&body, steps).unwrap();
        assert!(new == sample.new, "{steps:?}");
    }
}

#[test]
fn a_mixed_body_cut_anywhere_or_with_bytes_behind_is_refused() {
    let sample = example();
    let body = sample.encode(MIXED);
    for len in 0..body.len() {
        assert!(sample.decode(&body[..len], &[100]).is_err(), "cut at {len}");
    }
    // The streams are told apart from the end.
    let longer = [&body[..], &[0]].concat();
    assert!(sample.decode(&longer, &[100]).is_err());
}

/// Text that repeats from afar, which zstd codes in less than the mixed stream.
#[test]
fn literals_that_zstd_makes_less_of_are_a_column() {
    let mut random = 7u64;
    let mut noise = || {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (random >> 56) as u8
    };
    let mut new: Vec<u8> = std::iter::repeat_with(&mut noise).take(1_200_000).collect();
    new.extend_from_within(..300_000);
    let sample = literal_sample(new);
    let body = sample.encode(MIXED);
    assert_eq!(body[0], mixed::ZSTD_LITERALS);
    assert!(body.len() < 1_201_000, "{} bytes", body.len());
    let (_, new) = sample.decode(&body, &[100_000]).unwrap();
    assert!(new == sample.new);
    let fault = sample.decode(&body[..body.len() - 1], &[100_000]).err();
    assert!(fault.is_some());
}

#[test]
fn empty_groups_have_a_body() {
    let empty = Sample { start: 0, old: Vec::new(), pieces: Vec::new(), new: Vec::new() };
    for layout in LAYOUTS {
        let body = empty.encode(layout);
        assert_eq!(empty.decode(&body, &[1]).unwrap(), (Vec::new(), Vec::new()));
    }
    assert_eq!(empty.decode(&[], &[1]).unwrap_err(), Fault::Ended);
    assert_eq!(empty.decode(&[9], &[1]).unwrap_err(), Fault::UnknownLayout { found: 9 });
}

#[test]
fn columns_cut_anywhere_or_with_bytes_behind_are_refused() {
    let sample = example();
    let body = sample.encode(LAYOUTS[0]);
    for len in 0..body.len() {
        assert!(sample.decode(&body[..len], &[100]).is_err(), "cut at {len}");
    }
    let longer = [&body[..], &[0]].concat();
    assert_eq!(sample.decode(&longer, &[100]).unwrap_err(), Fault::Stray);
}

#[test]
fn flipped_bits_give_a_group_of_the_same_length_or_a_fault() {
    let sample = example();
    for layout in LAYOUTS {
        let body = sample.encode(layout);
        let mut unnoticed = 0;
        for bit in 0..8 * body.len() {
            let mut flipped = body.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            if let Ok((_, new)) = sample.decode(&flipped, &[100]) {
                assert_eq!(new.len(), sample.new.len());
                unnoticed += usize::from(new == sample.new);
            }
        }
        // Some bits of a zstd frame mean nothing, such as those of its window.
        let bits = 8 * body.len();
        assert!(unnoticed < bits / 20, "{layout:?}: {unnoticed} of {bits} went unnoticed");
    }
}

#[test]
fn pieces_must_fill_their_group_from_the_old_file() {
    let sample = example();
    let body = sample.encode(LAYOUTS[0]);
    let shorter = Sample { new: sample.new[..300].to_vec(), ..sample.clone() };
    let fault = shorter.decode(&body, &[100]).unwrap_err();
    assert_eq!(fault, Fault::PieceLen { found: 326, left: 300 });
    let longer = Sample { new: vec![0; 500], ..sample.clone() };
    assert_eq!(longer.decode(&body, &[100]).unwrap_err(), Fault::Ended);
    let other = Sample { old: sample.old[..319].to_vec(), ..sample };
    let fault = other.decode(&body, &[100]).unwrap_err();
    assert_eq!(fault, Fault::OldRange { position: 20, len: 300 });
}

/// One column in the layout of columns: literals alone.
fn literals_only(raw_len: u64, codec: u64, contents: &[u8]) -> Vec<u8> {
    let mut body = vec![columns::SPLIT];
    varint::push(&mut body, 1 << 2); // aligned lengths: one byte
    let literal_len = varint_of(raw_len);
    varint::push(&mut body, (literal_len.len() as u64) << 2);
    body.extend([0, 0, 0]);
    varint::push(&mut body, raw_len << 2 | codec);
    if codec != 0 {
        varint::push(&mut body, contents.len() as u64);
    }
    body.push(0);
    body.extend(literal_len);
    body.extend(contents);
    body
}

fn varint_of(value: u64) -> Vec<u8> {
    let mut out = Vec::new();
    varint::push(&mut out, value);
    out
}

fn literal_sample(new: Vec<u8>) -> Sample {
    let literal_len = new.len() as u32;
    let pieces = vec![Piece { old: 0, aligned_len: 0, literal_len }];
    Sample { start: 0, old: Vec::new(), pieces, new }
}

#[test]
fn a_frame_must_give_exactly_what_its_column_declares() {
    let long = vec![7; 100_000];
    let frame = zstd::compress(&long, &[], 3, 23).unwrap();
    let of_len = |len| {
        let sample = literal_sample(vec![7; len]);
        sample.decode(&literals_only(len as u64, 1, &frame), &[4096]).map(|(_, new)| new)
    };
    assert_eq!(of_len(100_000).unwrap(), long);
    assert_eq!(of_len(99_999).unwrap_err(), Fault::Stray);
    assert_eq!(of_len(100_001).unwrap_err(), Fault::Ended);
    assert_eq!(of_len(10).unwrap_err(), Fault::Stray);

    let sample = literal_sample(long.clone());
    let twice = [&frame[..], &frame[..]].concat();
    let fault = sample.decode(&literals_only(100_000, 1, &twice), &[4096]).unwrap_err();
    assert_eq!(fault, Fault::Stray);
    let cut = &frame[..frame.len() - 1];
    let fault = sample.decode(&literals_only(100_000, 1, cut), &[4096]).unwrap_err();
    assert_eq!(fault, Fault::Ended);
    let fault = sample.decode(&literals_only(100_000, 1, &long), &[4096]).unwrap_err();
    assert_eq!(fault, Fault::Zstd);
    let fault = sample.decode(&literals_only(100_000, 3, &frame), &[4096]).unwrap_err();
    assert_eq!(fault, Fault::UnknownCodec { found: 3 });
}

#[test]
fn a_frame_with_a_larger_window_than_its_column_may_have_is_refused() {
    // Matches 12 MiB back, which a window of 16 MiB alone reaches.
    let mut random = 1u64;
    let mut noise: Vec<u8> = std::iter::repeat_with(|| {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (random >> 56) as u8
    })
    .take(12 << 20)
    .collect();
    noise.extend_from_within(..1 << 20);
    let sample = literal_sample(noise);
    let len = sample.new.len() as u64;
    let wide = zstd::compress(&sample.new, &[], 1, 24).unwrap();
    let fault = sample.decode(&literals_only(len, 1, &wide), &[1 << 20]).err();
    assert_eq!(fault, Some(Fault::Zstd));
    let narrow = zstd::compress(&sample.new, &[], 1, 23).unwrap();
    let (_, new) = sample.decode(&literals_only(len, 1, &narrow), &[1 << 20]).unwrap();
    assert!(new == sample.new);
}

#[test]
fn a_column_of_numbers_cannot_be_longer_than_its_group_allows() {
    let mut body = vec![columns::SPLIT];
    varint::push(&mut body, u64::from(MAX_GROUP_LEN) * 4 * 4 + 4);
    body.resize(60, 0);
    let fault = literal_sample(vec![0; 10]).decode(&body, &[10]).unwrap_err();
    assert_eq!(fault, Fault::Number);
}

#[test]
fn differences_are_never_zero_and_all_find_their_bytes() {
    // Five aligned bytes; raw columns: a difference behind `gap` equal bytes, of `value`.
    let body = |gap: u8, value: u8| {
        let heads = [1 << 2, 1 << 2, 1 << 2, 1 << 2, 1 << 2, 0];
        [&[columns::SPLIT], &heads[..], &[5, 0, 0, gap, value]].concat()
    };
    let sample = Sample {
        start: 0,
        old: b"abcde".to_vec(),
        pieces: vec![Piece { old: 0, aligned_len: 5, literal_len: 0 }],
        new: b"abcdf".to_vec(),
    };
    let decoded = |gap, value| sample.decode(&body(gap, value), &[2]).map(|(_, new)| new);
    assert_eq!(decoded(4, 1).unwrap(), b"abcdf");
    assert_eq!(decoded(0, 255).unwrap(), b"`bcde");
    assert_eq!(decoded(4, 0).unwrap_err(), Fault::Number);
    assert_eq!(decoded(5, 1).unwrap_err(), Fault::Stray);
}
