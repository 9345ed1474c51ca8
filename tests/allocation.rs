//! Numbers in the input must not decide how much memory is taken: hostile input under a limit.
#![cfg(target_os = "linux")]

use std::hint::black_box;
use std::process::Command;

use sigdelta::io::{self, BufferSizes};
use sigdelta::{
    DeltaOptions, Error, Index, LoadOptions, SignatureKind, SignatureOptions, SignatureParams,
};

/// Memory for the process, the test harness included.
const LIMIT_BYTES: usize = 16 << 20;
/// Set in the process that works under the limit.
const LIMITED: &str = "SIGDELTA_TEST_LIMITED";

#[test]
fn numbers_in_the_input_allocate_next_to_nothing() {
    if std::env::var_os(LIMITED).is_some() {
        return take_hostile_input();
    }
    let script = format!("ulimit -d {} && exec \"$0\"", LIMIT_BYTES >> 10);
    let output = Command::new("sh")
        .args(["-c", &script])
        .arg(std::env::current_exe().unwrap())
        .env(LIMITED, "1")
        // Without memory a backtrace waits for ever.
        .env("RUST_BACKTRACE", "0")
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
}

fn take_hostile_input() {
    // An optimizer must not do without the allocation.
    let mut over_the_limit = black_box(Vec::<u8>::new());
    let reserved = over_the_limit.try_reserve_exact(LIMIT_BYTES);
    black_box(&over_the_limit);
    assert!(reserved.is_err(), "the limit must be in force");

    for kind in SignatureKind::ALL {
        for block_len in [512 << 20, i32::MAX as u32] {
            block_length_of_a_signature(kind, block_len);
        }
    }
    lengths_in_a_delta();
}

/// Loads and indexes a signature of one block, and makes the delta of 1 MiB against it.
fn block_length_of_a_signature(kind: SignatureKind, block_len: u32) {
    let header = [kind.magic(), block_len, 8].map(u32::to_be_bytes);
    let signature = [header.as_flattened(), &[7; 12]].concat();
    let buffers = BufferSizes::default();
    let (loaded, _) = io::load_signature(&signature[..], LoadOptions::new(), buffers).unwrap();
    let index = Index::new(loaded).unwrap();
    let new = std::io::Read::take(std::io::repeat(1), 1 << 20);
    let options = DeltaOptions::new();
    let stats = io::delta(&index, new, std::io::sink(), options, buffers, &mut ()).unwrap();
    assert_eq!((stats.in_bytes, stats.commands.literal_bytes), (1 << 20, 1 << 20));

    // Nor does the making of such a signature need a block.
    let params = SignatureParams::new(kind, block_len, 8).unwrap();
    let basis = std::io::Read::take(std::io::repeat(1), 1 << 20);
    io::signature(basis, std::io::sink(), params, buffers, &mut ()).unwrap();
}

fn lengths_in_a_delta() {
    let literal = b"rs\x026\x44\x7f\xff\xff\xff\xff\xff\xff\xffabc";
    let error = sigdelta::patch(b"", literal).unwrap_err();
    assert!(matches!(error, Error::InputEnded { .. }), "{error}");
    let copy = b"rs\x026\x48\0\x7f\xff\xff\xff\xff\xff\xff\xff";
    let error = sigdelta::patch(b"abc", copy).unwrap_err();
    assert!(matches!(error, Error::BasisEnded { .. }), "{error}");
    let options = SignatureOptions::new().block_len(i32::MAX as u32);
    assert_eq!(sigdelta::signature(b"abc", &options).unwrap().len(), 12 + 4 + 32);
}
