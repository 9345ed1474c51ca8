//! The trailer that makes a delta verify itself, byte by byte and in every mode.

mod common;

use common::{assert_error, patch_with, unhex};
use sigdelta::io::{self, BufferSizes};
use sigdelta::{
    AfterEnd, DeltaOptions, Error, Part, PatchOptions, Patcher, Result, SignatureOptions, Trailer,
};

/// LITERAL "Hello, world!" and END.
const DELTA: &str = "727302360d48656c6c6f2c20776f726c642100";
/// Magic, version, algorithm, bytes that follow, length of the result, BLAKE2b-256 of the result.
const TRAILER: &str = "73647472 01 01 0028 000000000000000d \
     b5da441cfe72ae042ef4d2b17742907f675de4da57462d4c3609c2e2ed755970";
/// Where the trailer starts.
const END: u64 = 19;

fn delta() -> Vec<u8> {
    unhex(DELTA)
}

fn trailer() -> Vec<u8> {
    unhex(&TRAILER.replace(' ', ""))
}

/// Makes a delta with a trailer against an empty basis.
fn make_delta(new: &[u8]) -> Vec<u8> {
    let params = SignatureOptions::new().params(Some(0)).unwrap();
    let buffers = BufferSizes::default();
    let index = io::index(&[][..], params, buffers, &mut ()).unwrap();
    let options = DeltaOptions::new().trailer(true);
    let mut delta = Vec::new();
    io::delta(&index, new, &mut delta, options, buffers, &mut ()).unwrap();
    delta
}

/// Patches with what follows END, checks the result and returns whether it was verified.
fn patch(after_end: AfterEnd, following: &[u8]) -> Result<bool> {
    let delta = [&delta(), following].concat();
    let options = PatchOptions::new().after_end(after_end);
    let (result, stats) = patch_with(&[], &delta, options)?;
    assert_eq!(result, b"Hello, world!");
    Ok(stats.verified)
}

#[test]
fn a_trailer_is_the_48_bytes_computed_by_hand() {
    let expected = [delta(), trailer()].concat();
    assert_eq!(make_delta(b"Hello, world!"), expected);
    let empty = "7273023600 7364747201010028 0000000000000000 \
         0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8";
    assert_eq!(make_delta(b""), unhex(&empty.replace(' ', "")));
}

#[test]
fn a_trailer_is_decoded_to_its_fields() {
    let bytes: [u8; Trailer::LEN] = trailer().try_into().unwrap();
    let decoded = Trailer::decode(&bytes).unwrap();
    assert_eq!(decoded.result_len, 13);
    assert_eq!(decoded.result_digest[..], bytes[16..]);
    assert_eq!(decoded.encode(), bytes);
}

#[test]
fn a_delta_without_a_trailer_is_refused_only_where_one_is_required() {
    for after_end in [AfterEnd::Check, AfterEnd::Tolerate, AfterEnd::Stop] {
        assert!(!patch(after_end, &[]).unwrap(), "{after_end:?}");
    }
    let missing = Error::TrailerMissing { offset: END };
    assert_error(patch(AfterEnd::Require, &[]), 106, missing);
}

#[test]
fn the_right_trailer_verifies_the_result_in_every_mode_that_reads_it() {
    for after_end in [AfterEnd::Check, AfterEnd::Require, AfterEnd::Tolerate] {
        assert!(patch(after_end, &trailer()).unwrap(), "{after_end:?}");
    }
    assert!(!patch(AfterEnd::Stop, &trailer()).unwrap());
}

#[test]
fn a_trailer_of_another_result_is_a_mismatch() {
    for after_end in [AfterEnd::Check, AfterEnd::Require, AfterEnd::Tolerate] {
        for (position, expected_len) in [(16, 13), (47, 13), (15, 12), (8, 13 | 1 << 56)] {
            let mut wrong = trailer();
            wrong[position] ^= 1;
            let mismatch = Error::ResultMismatch { found_len: 13, expected_len };
            assert_error(patch(after_end, &wrong), 106, mismatch);
        }
    }
}

#[test]
fn a_trailer_of_an_unknown_version_is_refused() {
    for after_end in [AfterEnd::Check, AfterEnd::Require, AfterEnd::Tolerate] {
        // Version, algorithm and the number of bytes that follow.
        for position in 4..8 {
            let mut unknown = trailer();
            unknown[position] ^= 2;
            let error = Error::TrailerUnknown { offset: END };
            assert_error(patch(after_end, &unknown), 106, error);
        }
    }
}

#[test]
fn a_truncated_trailer_has_ended_too_early() {
    for len in 1..Trailer::LEN {
        let truncated = &trailer()[..len];
        let ended = || Error::InputEnded { offset: END + len as u64, expected: Part::Trailer };
        assert_error(patch(AfterEnd::Check, truncated), 103, ended());
        assert_error(patch(AfterEnd::Require, truncated), 103, ended());
        let tolerant = patch(AfterEnd::Tolerate, truncated);
        if len < Trailer::MAGIC.len() {
            assert!(!tolerant.unwrap(), "{len} bytes are no trailer");
        } else {
            assert_error(tolerant, 103, ended());
        }
        assert!(!patch(AfterEnd::Stop, truncated).unwrap());
    }
}

#[test]
fn bytes_after_end_that_are_no_trailer_are_refused_or_ignored() {
    for stray in [&b"x"[..], b"\0", b"sdx", b"sdt\0", &[b'x'; 48], &[0; 1000]] {
        let error = || Error::StrayBytes { offset: END };
        assert_error(patch(AfterEnd::Check, stray), 106, error());
        assert_error(patch(AfterEnd::Require, stray), 106, error());
        assert!(!patch(AfterEnd::Tolerate, stray).unwrap());
        assert!(!patch(AfterEnd::Stop, stray).unwrap());
    }
}

#[test]
fn bytes_after_a_trailer_are_refused() {
    let stray = [&trailer()[..], b"x"].concat();
    for after_end in [AfterEnd::Check, AfterEnd::Require, AfterEnd::Tolerate] {
        let error = Error::StrayBytes { offset: END + 48 };
        assert_error(patch(after_end, &stray), 106, error);
    }
    assert!(!patch(AfterEnd::Stop, &stray).unwrap());
}

#[test]
fn a_trailer_can_be_left_for_the_caller_to_check() {
    let options = PatchOptions::new().verify(false);
    let (result, stats) = patch_with(&[], &[delta(), trailer()].concat(), options).unwrap();
    assert!(!stats.verified);
    let trailer = stats.trailer.unwrap();
    io::check_result(&trailer, &result[..]).unwrap();
    let mismatch = Error::ResultMismatch { found_len: 13, expected_len: 13 };
    assert_error(io::check_result(&trailer, &b"Hello, World!"[..]), 106, mismatch);
    let mismatch = Error::ResultMismatch { found_len: 12, expected_len: 13 };
    assert_error(io::check_result(&trailer, &result[..12]), 106, mismatch);
}

#[test]
fn nothing_after_end_is_consumed_where_the_delta_stops_there() {
    let delta = [delta(), trailer()].concat();
    let mut patcher = Patcher::new(PatchOptions::new().after_end(AfterEnd::Stop));
    let step = patcher.step(&delta, false, &mut [0; 100]).unwrap();
    assert_eq!(step.consumed as u64, END);
    assert_eq!(patcher.stats().in_bytes, END);
}
