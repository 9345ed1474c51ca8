//! Bad input: what is refused, where exactly, and with which of librsync's codes.

mod common;

use std::io::{Cursor, Read, Seek, SeekFrom};

use common::{Rng, assert_error, patch_with};
use sigdelta::io::{self, Basis, BufferSizes, SeekBasis};
use sigdelta::{
    AfterEnd, DeltaDecoder, DeltaOptions, Error, Index, IoAction, LoadOptions, Part, PatchOptions,
    Patcher, Result, SearchStats, Signature, SignatureDecoder, SignatureKind, Strictness,
    StrongHash, WeakHash,
};

const RABIN_KARP_BLAKE2: u32 = 0x7273_0147;
const ROLLSUM_MD4: u32 = 0x7273_0136;

fn signature_of(magic: u32, block_len: u32, strong_len: u32, sums: &[u8]) -> Vec<u8> {
    let header = [magic, block_len, strong_len].map(u32::to_be_bytes);
    [header.as_flattened(), sums].concat()
}

fn load(bytes: &[u8], strictness: Strictness) -> Result<Signature> {
    load_with(bytes, LoadOptions::new().strictness(strictness))
}

fn load_with(bytes: &[u8], options: LoadOptions) -> Result<Signature> {
    let mut decoder = SignatureDecoder::new(options);
    decoder.push(bytes)?;
    decoder.finish()
}

fn strict(bytes: &[u8]) -> Result<Signature> {
    load(bytes, Strictness::Strict)
}

fn tolerant(bytes: &[u8]) -> Result<Signature> {
    load(bytes, Strictness::Librsync)
}

/// Applies the delta of these commands to a basis of 100 bytes.
fn patch(commands: &[u8]) -> Result<Vec<u8>> {
    sigdelta::patch(&[7; 100], &delta_of(commands))
}

fn delta_of(commands: &[u8]) -> Vec<u8> {
    [b"rs\x026", commands].concat()
}

fn ended(len: usize, expected: Part) -> Error {
    Error::InputEnded { offset: len as u64, expected }
}

// Signatures.

#[test]
fn a_signature_that_ends_in_its_header_is_truncated() {
    let header = signature_of(RABIN_KARP_BLAKE2, 2048, 32, &[]);
    for len in 0..12 {
        let expected = [Part::Magic, Part::BlockLen, Part::StrongLen][len / 4];
        assert_error(strict(&header[..len]), 103, ended(len, expected));
        assert_error(tolerant(&header[..len]), 103, ended(len, expected));
    }
    assert_eq!(strict(&header).unwrap().blocks(), 0);
}

#[test]
fn a_truncated_header_with_a_bad_magic_is_bad_as_soon_as_the_magic_is_there() {
    let bytes = [1; 12];
    for len in 4..12 {
        let bad_magic = Error::BadSignatureMagic { found: 0x0101_0101, likeness: None };
        assert_error(strict(&bytes[..len]), 104, bad_magic);
        let expected = [Part::Magic, Part::BlockLen, Part::StrongLen][len / 4];
        assert_error(tolerant(&bytes[..len]), 103, ended(len, expected));
    }
}

#[test]
fn a_signature_with_another_magic_is_refused() {
    for found in [1, 0x7273_0135, 0x7273_0138, 0x7273_0236, u32::MAX] {
        let bytes = signature_of(found, 2048, 8, &[]);
        let bad_magic = || Error::BadSignatureMagic {
            found,
            likeness: (found == 0x7273_0236).then_some("a delta"),
        };
        assert_error(strict(&bytes), 104, bad_magic());
        assert_error(tolerant(&bytes), 104, bad_magic());
    }
}

#[test]
fn librsync_judges_the_lengths_of_a_signature_before_its_magic() {
    let bytes = b"No signature at all, but a text.";
    let bad_magic =
        Error::BadSignatureMagic { found: u32::from_be_bytes(*b"No s"), likeness: Some("text") };
    assert_error(strict(bytes), 104, bad_magic);
    let found = u32::from_be_bytes(*b"ture");
    let implausible = Error::StrongLenOnWire { offset: 8, found };
    assert_error(tolerant(bytes), 106, implausible);
}

#[test]
fn other_files_given_as_signature_are_named() {
    let files: [(&[u8], &str); 6] = [
        (b"rs\x026\x46\0\x4e\x20\0", "a delta"),
        (b"\x7fELF\x02\x01\x01\0", "an ELF program or library"),
        (b"\x1f\x8b\x08\x00", "a gzip file"),
        (b"#!/bin/sh\n", "a script"),
        (b"Dear all,\n", "text"),
        (&[0; 100], "zeros"),
    ];
    for (bytes, likeness) in files {
        let bad_magic = Error::BadSignatureMagic {
            found: u32::from_be_bytes(*bytes.first_chunk().unwrap()),
            likeness: Some(likeness),
        };
        assert_error(strict(bytes), 104, bad_magic);
    }
}

#[test]
fn magic_0_is_refused_or_as_librsync_reads_it_rabinkarp_and_blake2() {
    let bytes = signature_of(0, 2048, 8, &[]);
    let bad_magic = Error::BadSignatureMagic { found: 0, likeness: Some("zeros") };
    assert_error(strict(&bytes), 104, bad_magic);
    let kind = tolerant(&bytes).unwrap().params().kind();
    assert_eq!((kind.weak, kind.strong), (WeakHash::RabinKarp, StrongHash::Blake2b));
}

#[test]
fn block_lengths_beyond_31_bits_or_zero_are_refused() {
    for kind in SignatureKind::ALL {
        for found in [0, 1 << 31, u32::MAX] {
            let bytes = signature_of(kind.magic(), found, 8, &[]);
            let error = || Error::BlockLenOnWire { offset: 4, found };
            assert_error(strict(&bytes), 106, error());
            assert_error(tolerant(&bytes), 106, error());
        }
        let longest = signature_of(kind.magic(), (1 << 31) - 1, 8, &[]);
        assert!(strict(&longest).is_ok());
    }
}

#[test]
fn strong_lengths_above_32_are_refused() {
    for kind in SignatureKind::ALL {
        for found in [33, 1 << 31, u32::MAX] {
            let bytes = signature_of(kind.magic(), 2048, found, &[]);
            let error = || Error::StrongLenOnWire { offset: 8, found };
            assert_error(strict(&bytes), 106, error());
            assert_error(tolerant(&bytes), 106, error());
        }
    }
}

#[test]
fn strong_lengths_above_16_are_refused_for_md4() {
    for found in 17..=32 {
        let magic = ROLLSUM_MD4;
        let bytes = signature_of(magic, 2048, found, &[]);
        let error = || Error::StrongLenForHash { offset: 8, found, max: 16, magic };
        assert_error(strict(&bytes), 108, error());
        assert_error(tolerant(&bytes), 108, error());
    }
}

#[test]
fn strong_length_0_is_refused_or_as_librsync_reads_it_the_whole_sum() {
    for kind in SignatureKind::ALL {
        let bytes = signature_of(kind.magic(), 2048, 0, &[]);
        let error = Error::StrongLenOnWire { offset: 8, found: 0 };
        assert_error(strict(&bytes), 106, error);
        let loaded = tolerant(&bytes).unwrap();
        assert_eq!(loaded.params().strong_len(), kind.strong.max_len());
    }
}

#[test]
fn a_signature_that_ends_in_a_block_is_refused_except_for_3_bytes_that_librsync_ignores() {
    let bytes = signature_of(RABIN_KARP_BLAKE2, 2048, 8, &[7; 24]);
    assert_eq!(strict(&bytes).unwrap().blocks(), 2);
    for stray in 1..4 {
        let cut = &bytes[..24 + stray];
        assert_error(strict(cut), 106, Error::StrayBytes { offset: 24 });
        assert_eq!(tolerant(cut).unwrap().blocks(), 1);
    }
    for len in 28..36 {
        let cut = &bytes[..len];
        assert_error(strict(cut), 103, ended(len, Part::StrongSum));
        assert_error(tolerant(cut), 103, ended(len, Part::StrongSum));
    }
}

#[test]
fn a_signature_longer_than_the_limit_is_refused() {
    let bytes = signature_of(RABIN_KARP_BLAKE2, 2048, 8, &[7; 24]);
    let limit = |max_bytes| LoadOptions::new().max_bytes(max_bytes);
    let error = Error::SignatureLimit { offset: 35, max_bytes: 35 };
    assert_error(load_with(&bytes, limit(35)), 102, error);
    assert_eq!(load_with(&bytes, limit(36)).unwrap().blocks(), 2);
}

#[test]
fn a_signature_may_have_another_length_than_expected() {
    let bytes = signature_of(RABIN_KARP_BLAKE2, 2048, 8, &[7; 2400]);
    let signature = strict(&bytes).unwrap();
    for expected in [0, 11, 12, 2412, 2413, 1 << 30, 1 << 45, u64::MAX] {
        let options = LoadOptions::new().expected_bytes(expected);
        assert_eq!(load_with(&bytes, options).unwrap(), signature, "{expected}");
    }
}

#[test]
fn blocks_with_one_weak_sum_cost_a_logarithm_each() {
    const BLOCKS: u32 = 80_000;
    const BLOCK_LEN: usize = 16;
    for kind in SignatureKind::ALL {
        let weak = kind.weak.sum(&[0x80; BLOCK_LEN]).to_be_bytes();
        let sums = (0..BLOCKS).flat_map(|block| {
            // Different strong sums in no order.
            let strong = block.wrapping_mul(0x9e37_79b9).to_be_bytes();
            [weak, strong]
        });
        let sums: Vec<u8> = sums.flatten().collect();
        let bytes = signature_of(kind.magic(), BLOCK_LEN as u32, 4, &sums);
        let index = Index::new(strict(&bytes).unwrap()).unwrap();
        assert_eq!(index.signature().blocks(), BLOCKS as usize);

        // Every window has that weak sum, but all are equal.
        let stats = search(&index, &[0x80; 3000]);
        assert!((1..10).contains(&stats.strong_sums), "{stats:?}");
        if kind.weak == WeakHash::RabinKarp {
            continue;
        }
        // Windows that differ: +1, -1, -1, +1 changes neither half of a rollsum.
        let mut new = vec![0x80; 3000];
        for (i, window) in new.chunks_exact_mut(BLOCK_LEN).enumerate() {
            let (at, by) = (i % 12, 1 + (i / 12) as u8);
            window[at] += by;
            window[at + 1] -= by;
            window[at + 2] -= by;
            window[at + 3] += by;
        }
        let stats = search(&index, &new);
        assert!(stats.strong_sums >= 3000 / BLOCK_LEN as u64, "{stats:?}");
        let most = stats.searches * (2 * u64::from(BLOCKS.ilog2()) + 4);
        assert!(stats.weak_compares + stats.strong_compares <= most, "{stats:?}");
    }
}

fn search(index: &Index, new: &[u8]) -> SearchStats {
    let (options, buffers) = (DeltaOptions::new(), BufferSizes::default());
    let mut delta = Vec::new();
    let stats = io::delta(index, new, &mut delta, options, buffers, &mut ()).unwrap();
    stats.search
}

// Deltas.

#[test]
fn a_truncated_delta_is_refused_at_every_length() {
    let parts: [(Part, &[u8]); 13] = [
        (Part::Magic, b"rs\x026"),
        (Part::Command, b"\x03"),
        (Part::LiteralData, b"abc"),
        (Part::Command, b"\x42"),
        (Part::Parameter, b"\x00\x02"),
        (Part::LiteralData, b"de"),
        (Part::Command, b"\x45"),
        (Part::Parameter, b"\x01\x02"),
        (Part::Command, b"\x54"),
        (Part::Parameter, b"\0\0\0\0\0\0\0\x05\0\0\0\0\0\0\0\x03"),
        (Part::Command, b"\x44"),
        (Part::Parameter, b"\0\0\0\0\0\0\0\x01"),
        (Part::LiteralData, b"f"),
    ];
    let mut delta = Vec::new();
    for (part, bytes) in parts {
        for &byte in bytes {
            let result = sigdelta::patch(b"0123456789", &delta);
            assert_error(result, 103, ended(delta.len(), part));
            delta.push(byte);
        }
    }
    let result = sigdelta::patch(b"0123456789", &delta);
    assert_error(result, 103, ended(delta.len(), Part::Command));
    delta.push(0);
    let result = sigdelta::patch(b"0123456789", &delta).unwrap();
    assert_eq!(result, b"abcde12567f");
}

#[test]
fn a_delta_with_another_magic_is_refused_and_named() {
    let files: [(&[u8], Option<&str>); 6] = [
        (b"rs\x01\x36\0\0\x08\0", Some("a signature")),
        (b"rs\x01\x47\0\0\x08\0", Some("a signature")),
        (b"\x7fELF\x02\x01\x01\0", Some("an ELF program or library")),
        (b"\x1f\x8b\x08\x00", Some("a gzip file")),
        (b"Dear all,\n", Some("text")),
        (b"rs\x02\x37", None),
    ];
    for (bytes, likeness) in files {
        let found = u32::from_be_bytes(*bytes.first_chunk().unwrap());
        let error = Error::BadDeltaMagic { found, likeness };
        assert_error(sigdelta::patch(b"", bytes), 104, error);
    }
}

#[test]
fn bytes_after_end_are_refused_or_as_librsync_does_ignored() {
    let delta = delta_of(b"\x01a\0\0");
    let error = Error::StrayBytes { offset: 7 };
    assert_error(sigdelta::patch(b"", &delta), 106, error);
    let options = PatchOptions::new().after_end(AfterEnd::Tolerate);
    let (result, _) = patch_with(&[], &delta, options).unwrap();
    assert_eq!(result, b"a");
}

#[test]
fn a_literal_longer_than_the_delta_is_truncated() {
    let commands: [&[u8]; 6] = [
        b"\x40abc",
        b"\x41\xffabc",
        b"\x42\xff\xffabc",
        b"\x43\xff\xff\xff\xffabc",
        b"\x44\0\0\0\x01\0\0\0\0abc",
        b"\x44\x7f\xff\xff\xff\xff\xff\xff\xffabc",
    ];
    for command in commands {
        let len = 4 + command.len();
        assert_error(patch(command), 103, ended(len, Part::LiteralData));
    }
}

#[test]
fn literals_of_no_or_negative_length_are_refused() {
    for (width, opcode) in [1, 2, 4, 8].into_iter().zip(0x41..) {
        let command = [vec![1, b'a', opcode], vec![0; width]].concat();
        let error = Error::LiteralLen { offset: 6, len: 0 };
        assert_error(patch(&command), 106, error);
    }
    for len in [-1, i64::MIN] {
        let command = [&b"\x01a\x44"[..], &len.to_be_bytes()].concat();
        let error = Error::LiteralLen { offset: 6, len };
        assert_error(patch(&command), 106, error);
    }
}

/// Encodes a COPY with the widths that its opcode says.
fn copy(opcode: u8, position: i64, len: i64) -> Vec<u8> {
    let width = |log2: u8| 1usize << log2;
    let position_width = width((opcode - 0x45) / 4);
    let len_width = width((opcode - 0x45) % 4);
    [
        &[opcode][..],
        &position.to_be_bytes()[8 - position_width..],
        &len.to_be_bytes()[8 - len_width..],
    ]
    .concat()
}

#[test]
fn copies_of_no_or_negative_length_are_refused() {
    for opcode in 0x45..=0x54 {
        let command = [b"\x01a", &copy(opcode, 5, 0)[..]].concat();
        let error = Error::CopyLen { offset: 6, len: 0 };
        assert_error(patch(&command), 106, error);
    }
    for opcode in [0x48, 0x4c, 0x50, 0x54] {
        for len in [-1, i64::MIN] {
            let error = Error::CopyLen { offset: 4, len };
            assert_error(patch(&copy(opcode, 5, len)), 106, error);
        }
    }
}

#[test]
fn copies_from_a_negative_position_are_refused() {
    for opcode in 0x51..=0x54 {
        for position in [-1, i64::MIN] {
            let error = Error::CopyPosition { offset: 4, position };
            assert_error(patch(&copy(opcode, position, 5)), 106, error);
        }
    }
}

#[test]
fn reserved_opcodes_are_refused() {
    for opcode in 0x55..=0xff {
        let error = Error::BogusCommand { offset: 6, opcode };
        assert_error(patch(&[1, b'a', opcode]), 106, error);
    }
}

#[test]
fn a_copy_beyond_the_basis_says_where_the_basis_ended() {
    const FAR: u64 = i64::MAX as u64;
    // Position, length, end of the basis as the command saw it.
    for (position, len, ended_at) in [
        (90, 11, 100),
        (0, 101, 100),
        (99, FAR, 100),
        (100, 1, 100),
        (101, 1, 101),
        (FAR, 1, FAR),
        (FAR, FAR, FAR),
    ] {
        let error = Error::BasisEnded { position, len, ended_at };
        assert_error(patch(&copy(0x54, position as i64, len as i64)), 103, error);
    }
    let whole = [&copy(0x54, 0, 100)[..], b"\0"].concat();
    assert_eq!(patch(&whole).unwrap(), [7; 100]);
}

#[test]
fn a_basis_that_cannot_seek_or_read_there_is_an_io_error() {
    struct Stubborn(Cursor<[u8; 100]>);
    impl Read for Stubborn {
        fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
            match self.0.position() {
                50.. => Err(std::io::Error::other("bad sector")),
                _ => self.0.read(buf),
            }
        }
    }
    impl Seek for Stubborn {
        fn seek(&mut self, to: SeekFrom) -> std::io::Result<u64> {
            match to {
                SeekFrom::Start(200..) => Err(std::io::Error::other("too far")),
                _ => self.0.seek(to),
            }
        }
    }
    let patch = |position| {
        let delta = delta_of(&copy(0x54, position, 1));
        let mut basis = SeekBasis::new(Stubborn(Cursor::new([7; 100])));
        let (options, buffers) = (PatchOptions::new(), BufferSizes::default());
        let basis: &mut dyn Basis = &mut basis;
        io::patch(basis, &delta[..], Vec::new(), options, buffers, &mut ())
    };
    for (position, expected, words) in
        [(200, IoAction::SeekBasis, "too far"), (50, IoAction::ReadBasis, "bad sector")]
    {
        let error = Error::Io { action: expected, cause: std::io::Error::other(words) };
        assert_error(patch(position), 100, error);
    }
    // Position 49 can be read, and what is missing then is END.
    assert_error(patch(49), 103, ended(21, Part::Command));
}

#[test]
fn an_endless_list_of_copies_ends_at_the_limit() {
    // Every command takes 3 bytes of the delta and gives 100 of the result.
    let delta = delta_of(&copy(0x45, 0, 100).repeat(10_000));
    for (max_bytes, offset) in [(0, 4), (99, 4), (100, 7), (5050, 4 + 50 * 3)] {
        let options = PatchOptions::new().max_output_bytes(max_bytes);
        for output in [None, Some(1), Some(64)] {
            let buffers = BufferSizes { input: None, output };
            let mut written = Vec::new();
            let result =
                io::patch(&[7; 100][..], &delta[..], &mut written, options, buffers, &mut ());
            assert_error(result, 102, Error::OutputLimit { offset, max_bytes });
            assert!(written.len() as u64 <= max_bytes);
        }
    }
}

#[test]
fn a_result_as_long_as_the_limit_is_made() {
    let delta = delta_of(&[&copy(0x45, 0, 100)[..], b"\x02ab\0"].concat());
    let patch = |max_bytes| {
        let options = PatchOptions::new().max_output_bytes(max_bytes);
        patch_with(&[7; 100], &delta, options).map(|(result, _)| result.len())
    };
    assert_eq!(patch(102).unwrap(), 102);
    let error = Error::OutputLimit { offset: 7, max_bytes: 101 };
    assert_error(patch(101), 102, error);
}

#[test]
fn lengths_that_sum_up_to_more_than_63_bits_exceed_the_limit() {
    let most = copy(0x48, 0, i64::MAX);
    let commands = [&copy(0x45, 0, 100)[..], &most].concat();
    let options = PatchOptions::new().max_output_bytes(i64::MAX as u64);
    let result = patch_with(&[7; 100], &delta_of(&commands), options);
    let error = Error::OutputLimit { offset: 7, max_bytes: i64::MAX as u64 };
    assert_error(result, 102, error);
}

// After an error.

#[test]
fn nothing_goes_on_after_an_error() {
    let mut decoder = SignatureDecoder::new(LoadOptions::new());
    assert!(decoder.push(b"bad magic").is_err());
    let good = signature_of(RABIN_KARP_BLAKE2, 2048, 8, &[]);
    assert_error(decoder.push(&good), 107, Error::AlreadyFailed);
    assert_error(decoder.finish(), 107, Error::AlreadyFailed);

    let mut decoder = DeltaDecoder::new(AfterEnd::Check);
    assert!(decoder.next_event(b"bad magic", true).is_err());
    let again = decoder.next_event(b"rs\x026\0", true);
    assert_error(again, 107, Error::AlreadyFailed);

    let mut patcher = Patcher::new(PatchOptions::new());
    assert!(patcher.step(b"bad magic", true, &mut []).is_err());
    let again = patcher.step(b"rs\x026\0", true, &mut []);
    assert_error(again, 107, Error::AlreadyFailed);

    let copy = delta_of(&copy(0x45, 0, 100));
    let mut patcher = Patcher::new(PatchOptions::new().max_output_bytes(99));
    assert_eq!(patcher.step(&copy, false, &mut []).unwrap_err().kind().code(), 102);
    assert_error(patcher.step(b"\0", true, &mut []), 107, Error::AlreadyFailed);

    let mut patcher = Patcher::new(PatchOptions::new());
    assert!(patcher.step(&copy, false, &mut []).is_ok());
    assert_eq!(patcher.basis_ended().kind().code(), 103);
    assert_error(patcher.step(b"\0", true, &mut []), 107, Error::AlreadyFailed);
}

#[test]
fn random_bytes_are_neither_signature_nor_delta() {
    let mut rng = Rng::new(6);
    for _ in 0..1000 {
        let len = rng.below(100);
        let bytes = rng.bytes(len, 256);
        let code = if len < 4 { 103 } else { 104 };
        assert_eq!(strict(&bytes).unwrap_err().kind().code(), code);
        let error = sigdelta::patch(&[], &bytes).unwrap_err();
        assert_eq!(error.kind().code(), code);
    }
}
