//! Debian's `rdiff`, an old binary, on our library: what it does must be what it does on its own.
#![cfg(target_os = "linux")]
#![allow(missing_docs)]

mod support;

use std::path::Path;
use std::process::Output;

use support::{Library, folder, ours, peer, peer_rdiff, show};

const KINDS: [[&str; 4]; 4] = [
    ["-H", "blake2", "-R", "rabinkarp"],
    ["-H", "md4", "-R", "rabinkarp"],
    ["-H", "blake2", "-R", "rollsum"],
    ["-H", "md4", "-R", "rollsum"],
];

/// Debian's rdiff on a library, in a folder.
#[derive(Clone, Copy)]
struct Rdiff<'a> {
    program: &'a Path,
    library: &'a Library,
    folder: &'a Path,
    /// SIGDELTA_THREADS.
    threads: &'a str,
}

impl Rdiff<'_> {
    fn run(&self, args: &[&str]) -> Output {
        self.library
            .command(self.program)
            .args(args)
            .current_dir(self.folder)
            .env_remove("POSIXLY_CORRECT")
            .env("SIGDELTA_THREADS", self.threads)
            .output()
            .unwrap()
    }

    fn run_ok(&self, args: &[&str]) {
        let output = self.run(args);
        assert!(output.status.success(), "{args:?}: {}", show(&output));
    }

    /// Signs, makes a delta and applies it; returns signature, delta and result.
    fn exchange(&self, options: &[&str]) -> [Vec<u8>; 3] {
        let run = |args: &[&str]| self.run_ok(&[&["-f"], options, args].concat());
        run(&["signature", "old", "sig"]);
        run(&["delta", "sig", "new", "delta"]);
        run(&["patch", "old", "delta", "result"]);
        ["sig", "delta", "result"].map(|name| std::fs::read(self.folder.join(name)).unwrap())
    }
}

fn noise(seed: u64, len: usize) -> Vec<u8> {
    let mut x = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut bytes = Vec::with_capacity(len + 8);
    while bytes.len() < len {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        bytes.extend(x.to_le_bytes());
    }
    bytes.truncate(len);
    bytes
}

/// Writes `old` and `new` with edits of several kinds; literals stay below the length at which the
/// versions of librsync begin to differ.
fn write_pair(folder: &Path, seed: u64, len: usize) -> Vec<u8> {
    let old = noise(seed, len);
    let part = |from: usize, to: usize| &old[len * from / 16..len * to / 16];
    let new = [
        part(0, 3),
        b"an insertion",
        &part(5, 6)[part(5, 6).len() / 2..],
        part(9, 12),
        &vec![0; len / 32],
        part(6, 9),
        &noise(seed + 1, len / 16),
        part(2, 4),
        part(13, 16),
    ]
    .concat();
    std::fs::write(folder.join("old"), old).unwrap();
    std::fs::write(folder.join("new"), &new).unwrap();
    new
}

/// Calls `check` with Debian's rdiff on our library and on its own, unless it is missing.
fn with_both(name: &str, check: impl Fn(Rdiff<'_>, Rdiff<'_>)) {
    let (Some(program), Some(peer)) = (peer_rdiff(), peer()) else { return };
    let (our_folder, folder) = (folder(&format!("{name}-ours")), folder(&format!("{name}-peer")));
    let ours = Rdiff { program: &program, library: ours(), folder: &our_folder, threads: "0" };
    check(ours, Rdiff { library: peer, folder: &folder, ..ours });
}

#[test]
fn the_same_bytes_for_every_kind_and_size() {
    with_both("matrix", |ours, peer| {
        for (seed, len) in [(1, 100_000), (2, 4096), (3, 77)] {
            let new = write_pair(peer.folder, seed, len);
            write_pair(ours.folder, seed, len);
            for kind in KINDS {
                for block in ["0", "37", "512", "2048", "5000"] {
                    for sum in ["0", "-1", "8"] {
                        let options = [&kind[..], &["-b", block, "-S", sum]].concat();
                        let expected = peer.exchange(&options);
                        assert!(expected[2] == new);
                        assert!(ours.exchange(&options) == expected, "{options:?} {len}");
                    }
                }
            }
        }
    });
}

#[test]
fn the_same_bytes_for_every_buffer_size() {
    with_both("buffers", |ours, peer| {
        write_pair(peer.folder, 5, 30_000);
        write_pair(ours.folder, 5, 30_000);
        for kind in KINDS {
            let expected = peer.exchange(&kind);
            for size in ["1", "2", "3", "7", "15", "100", "10000", "200000"] {
                for (input, output) in [(size, size), (size, "0"), ("0", size)] {
                    let options = [&kind[..], &["-I", input, "-O", output]].concat();
                    assert!(ours.exchange(&options) == expected, "{options:?}");
                }
            }
        }
    });
}

#[test]
fn the_same_bytes_for_any_number_of_threads() {
    with_both("threads", |ours, peer| {
        write_pair(peer.folder, 8, 440_000);
        write_pair(ours.folder, 8, 440_000);
        for kind in KINDS {
            for block in ["100", "512", "2048"] {
                let options = [&kind[..], &["-b", block]].concat();
                let expected = peer.exchange(&options);
                for threads in ["1", "2", "3", "9"] {
                    let ours = Rdiff { threads, ..ours };
                    assert!(ours.exchange(&options) == expected, "{options:?} {threads}");
                }
            }
        }
    });
}

/// Runs of new bytes over 32,768 and empty files: deltas may differ, signatures and results may not.
#[test]
fn the_same_results_where_literals_are_cut_otherwise() {
    with_both("literals", |ours, peer| {
        for (old_len, new_len) in [(1000, 200_000), (0, 200_000), (0, 0), (1000, 0), (0, 1)] {
            for rdiff in [ours, peer] {
                std::fs::write(rdiff.folder.join("old"), noise(6, old_len)).unwrap();
                std::fs::write(rdiff.folder.join("new"), noise(7, new_len)).unwrap();
            }
            for (kind, block) in KINDS.iter().zip(["0", "64", "65536", "1000000"]) {
                let options = [&kind[..], &["-b", block]].concat();
                let [sig, delta, result] = ours.exchange(&options);
                let expected = peer.exchange(&options);
                assert!(sig == expected[0] && result == expected[2], "{old_len} {new_len}");
                // Either applies the other's delta.
                for (rdiff, delta) in [(ours, &expected[1]), (peer, &delta)] {
                    std::fs::write(rdiff.folder.join("delta"), delta).unwrap();
                    rdiff.run_ok(&["-f", "patch", "old", "delta", "result"]);
                    assert!(std::fs::read(rdiff.folder.join("result")).unwrap() == result);
                }
            }
        }
    });
}

/// Status, output and messages of command lines that fail or say something.
#[test]
fn the_same_words() {
    let command_lines: &[&[&str]] = &[
        &["signature", "missing", "x"],
        &["signature", "old", "new"],
        &["signature", "old", "missing/x"],
        &["-S", "2", "-f", "signature", "old", "x"],
        &["-S", "33", "-f", "signature", "old", "x"],
        &["-H", "md4", "-S", "17", "-f", "signature", "old", "x"],
        &["-f", "delta", "old", "new", "x"],
        &["-f", "delta", "missing", "new", "x"],
        &["-f", "delta", "/dev/null", "new", "x"],
        &["-f", "delta", "bad-magic-sig", "new", "x"],
        &["-f", "delta", "no-block-sig", "new", "x"],
        &["-f", "delta", "long-sum-sig", "new", "x"],
        &["-f", "delta", "cut-sig", "new", "x"],
        &["-f", "patch", "old", "old", "x"],
        &["-f", "patch", "old", "cut-delta", "x"],
        &["-f", "patch", "old", "bad-command", "x"],
        &["-f", "patch", "old", "no-literal", "x"],
        &["-f", "patch", "old", "no-copy", "x"],
        &["-f", "patch", "old", "negative-position", "x"],
        &["-f", "patch", "old", "beyond", "x"],
        &["-f", "patch", "old", "far-beyond", "x"],
    ];
    let files: &[(&str, &[u8])] = &[
        ("bad-magic-sig", b"rs\x01\x38\0\0\x08\0\0\0\0\x08"),
        ("no-block-sig", b"rs\x01\x36\0\0\0\0\0\0\0\x08"),
        ("long-sum-sig", b"rs\x01\x36\0\0\x08\0\0\0\0\x11"),
        ("cut-sig", b"rs\x01\x36\0\0\x08\0\0\0\0\x08\x01\x02\x03\x04\x05"),
        ("cut-delta", b"rs\x02\x36\x05ab"),
        ("bad-command", b"rs\x02\x36\x02ab\x66"),
        ("no-literal", b"rs\x02\x36\x41\0"),
        ("no-copy", b"rs\x02\x36\x45\0\0"),
        ("negative-position", b"rs\x02\x36\x51\xff\xff\xff\xff\xff\xff\xff\xff\x01"),
        ("beyond", b"rs\x02\x36\x49\xff\xff\x01\0"),
        ("far-beyond", b"rs\x02\x36\x51\x7f\xff\xff\xff\xff\xff\xff\xff\x01\0"),
    ];
    with_both("words", |ours, peer| {
        for rdiff in [ours, peer] {
            write_pair(rdiff.folder, 8, 20_000);
            for (name, bytes) in files {
                std::fs::write(rdiff.folder.join(name), bytes).unwrap();
            }
        }
        let mut differences = String::new();
        for args in command_lines {
            let (actual, expected) = (ours.run(args), peer.run(args));
            if actual != expected {
                let (actual, expected) = (show(&actual), show(&expected));
                differences += &format!("{args:?}\nours: {actual}Debian's: {expected}\n");
            }
        }
        assert!(differences.is_empty(), "{differences}");
    });
}

/// The statistics of `-s`, but for what depends on the hash table.
#[test]
fn the_same_statistics() {
    let comparable = |output: &Output| {
        let text = String::from_utf8(output.stderr.clone()).unwrap();
        let lines = text.lines().filter(|line| !line.contains("match statistics"));
        lines.map(|line| line.split("speed").next().unwrap().to_owned()).collect::<Vec<_>>()
    };
    with_both("statistics", |ours, peer| {
        write_pair(peer.folder, 9, 50_000);
        write_pair(ours.folder, 9, 50_000);
        for args in [
            ["-s", "-f", "signature", "old", "sig", "-b512"].as_slice(),
            &["-s", "-f", "delta", "sig", "new", "delta"],
            &["-s", "-f", "patch", "old", "delta", "result"],
        ] {
            let (actual, expected) = (ours.run(args), peer.run(args));
            assert!(expected.status.success() && actual.status == expected.status);
            assert_eq!(comparable(&actual), comparable(&expected), "{args:?}");
        }
    });
}

/// The version is in the program's copy of the library's text.
#[test]
fn it_shows_our_version() {
    with_both("version", |ours, _| {
        let output = ours.run(&["--version"]);
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(text.starts_with("rdiff (librsync 2.3."), "{}", show(&output));
        assert!(output.stderr.is_empty(), "{}", show(&output));
    });
}
