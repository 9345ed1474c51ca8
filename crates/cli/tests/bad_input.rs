//! Bad files on the command line: messages that name file, byte and expectation, rdiff's status.

mod common;

use common::{RDIFF, SIGDELTA, noise, run, status, stderr};

struct Row {
    /// What is wrong; the name of the file as well.
    name: &'static str,
    bytes: Vec<u8>,
    rdiff_status: i32,
    sigdelta_status: i32,
    words: &'static str,
}

fn row(
    name: &'static str,
    bytes: &[u8],
    rdiff_status: i32,
    sigdelta_status: i32,
    words: &'static str,
) -> Row {
    Row { name, bytes: bytes.to_vec(), rdiff_status, sigdelta_status, words }
}

/// Runs both programs on every row; `args` get the name of the bad file for `BAD`.
fn check(rows: &[Row], rdiff_args: &[&str], sigdelta_args: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("file"), noise(1, 5000)).unwrap();
    for row in rows {
        std::fs::write(folder.path().join(row.name), &row.bytes).unwrap();
        for (program, args, expected) in
            [(RDIFF, rdiff_args, row.rdiff_status), (SIGDELTA, sigdelta_args, row.sigdelta_status)]
        {
            let args: Vec<_> =
                args.iter().map(|&arg| if arg == "BAD" { row.name } else { arg }).collect();
            let output = run(program, folder.path(), &args);
            assert_eq!(status(&output), expected, "{}: {output:?}", row.name);
            let out = folder.path().join("out");
            if expected == 0 {
                std::fs::remove_file(out).unwrap();
                continue;
            }
            assert!(!out.exists(), "{}", row.name);
            // rdiff judges some fields in another order; the first words are for sigdelta.
            let words = stderr(&output);
            assert!(words.contains(&format!("{}: ", row.name)), "{words}");
            if program == SIGDELTA {
                assert!(words.contains(row.words), "{}: {words}", row.name);
            }
            assert!(words.contains("byte ") || words.contains("basis"), "{words}");
        }
    }
}

#[test]
fn a_bad_delta_is_named_with_the_byte_where_it_fails() {
    let delta = |commands: &[u8]| [b"rs\x026", commands].concat();
    let rows = [
        row("empty", b"", 103, 4, "end of input at byte 0: it is empty"),
        row("cut-magic", b"rs", 103, 4, "end of input at byte 2, expected the magic number"),
        row("no-command", b"rs\x026", 103, 4, "at byte 4, expected a delta command"),
        row("elf", b"\x7fELF....", 104, 4, "it looks like an ELF program"),
        row("gzip", b"\x1f\x8b\x08\0", 104, 4, "it looks like a gzip file"),
        row("text", b"hello world", 104, 4, "not a delta: magic 0x68656c6c at byte 0"),
        row("signature", b"rs\x01G....", 104, 4, "it looks like a signature"),
        row("stray", &delta(b"\x02hi\0more"), 0, 4, "stray bytes after the end, from byte 8"),
        row("cut-literal", &delta(b"\x41\xffabc"), 103, 4, "byte 9, expected the rest of literal"),
        row("cut-command", &delta(b"\x4f\0\0"), 103, 4, "byte 7, expected the parameters"),
        row("opcode-55", &delta(b"\x01a\x55"), 106, 4, "unknown delta command 0x55 at byte 6"),
        row("opcode-ff", &delta(b"\xff"), 106, 4, "unknown delta command 0xff at byte 4"),
        row("literal-0", &delta(b"\x41\0"), 106, 4, "literal command at byte 4 has invalid length"),
        row("copy-0", &delta(b"\x45\0\0"), 106, 4, "copy command at byte 4 has invalid length 0"),
        row(
            "copy-length-negative",
            &delta(b"\x48\0\xff\xff\xff\xff\xff\xff\xff\xff"),
            106,
            4,
            "copy command at byte 4 has invalid length -1",
        ),
        row(
            "copy-position-negative",
            &delta(b"\x51\xff\xff\xff\xff\xff\xff\xff\xff\x01"),
            106,
            4,
            "copy command at byte 4 has invalid position -1",
        ),
        row("cut-trailer", &delta(b"\0sdtr\x01"), 103, 4, "expected the rest of the trailer"),
        row(
            "trailer-version-2",
            &delta(&[b"\0sdtr\x02\x01\0\x28" as &[u8], &[0; 40]].concat()),
            106,
            4,
            "trailer at byte 5 is damaged or of an unknown version",
        ),
    ];
    check(&rows, &["patch", "file", "BAD", "out"], &["patch", "file", "BAD", "-o", "out"]);
}

#[test]
fn a_copy_beyond_the_basis_names_the_basis() {
    let bytes = b"rs\x026\x4a\x10\x00\x10\x00\0";
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("file"), noise(1, 5000)).unwrap();
    std::fs::write(folder.path().join("beyond"), bytes).unwrap();
    for (program, args, expected) in [
        (RDIFF, ["patch", "file", "beyond", "out"], 103),
        (SIGDELTA, ["patch", "file", "beyond", "-oout"], 6),
    ] {
        let output = run(program, folder.path(), &args);
        assert_eq!(status(&output), expected);
        let words = "file: copy of 4096 bytes from position 4096 needs bytes at 5000";
        assert!(stderr(&output).contains(words), "{output:?}");
        assert!(!folder.path().join("out").exists());
    }
}

#[test]
fn a_bad_signature_is_named_with_the_byte_where_it_fails() {
    let header = |magic: &[u8], block_len: u32, strong_len: u32| {
        [magic, &block_len.to_be_bytes(), &strong_len.to_be_bytes()].concat()
    };
    let good = header(b"rs\x01G", 2048, 8);
    let with = |tail: &[u8]| [&good, tail].concat();
    let rows = [
        row("empty", b"", 103, 4, "end of input at byte 0: it is empty"),
        row("cut-block-length", &good[..6], 103, 4, "byte 6, expected the block length"),
        row("cut-strong-length", &good[..11], 103, 4, "byte 11, expected the strong length"),
        row("bad-magic-cut", b"hello", 103, 4, "not a signature: magic 0x68656c6c at byte 0"),
        row("magic", &header(b"rs\x01X", 2048, 8), 104, 4, "magic 0x72730158 at byte 0"),
        row("magic-0", &header(&[0; 4], 2048, 8), 0, 4, "it looks like zeros"),
        row("delta", b"rs\x026AAAAAAAAAAAA", 106, 4, "it looks like a delta"),
        row("elf", b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0", 104, 4, "it looks like an ELF program"),
        row("block-0", &header(b"rs\x01G", 0, 8), 106, 4, "block length 0 at byte 4"),
        row("block-2g", &header(b"rs\x01G", 1 << 31, 8), 106, 4, "block length 2147483648 at"),
        row("strong-0", &header(b"rs\x01G", 2048, 0), 0, 4, "strong length 0 at byte 8"),
        row("strong-33", &header(b"rs\x01G", 2048, 33), 106, 4, "strong length 33 at byte 8"),
        row("md4-17", &header(b"rs\x01F", 2048, 17), 108, 2, "strong length 17 at byte 8 is more"),
        row("stray", &with(b"abc"), 0, 4, "stray bytes after the end, from byte 12"),
        row("cut-strong", &with(b"abcde"), 103, 4, "byte 17, expected the rest of a strong sum"),
    ];
    check(&rows, &["delta", "BAD", "file", "out"], &["delta", "BAD", "file", "-o", "out"]);
}

#[test]
fn a_signature_that_claims_huge_blocks_is_harmless() {
    // C librsync aborts on some of these: it allocates what the header says.
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("file"), noise(1, 5000)).unwrap();
    for block_len in [0x1fff_0000u32, 0x2000_0000, 0x4000_0000, 0x7fff_ffff] {
        let bytes =
            [b"rs\x01G" as &[u8], &block_len.to_be_bytes(), &[0, 0, 0, 8], &[7; 12]].concat();
        std::fs::write(folder.path().join("sig"), bytes).unwrap();
        // 200 MB of address space are ample.
        let script = format!("ulimit -v 200000; exec '{RDIFF}' -f delta sig file out");
        let output = std::process::Command::new("bash")
            .args(["-c", &script])
            .current_dir(folder.path())
            .output()
            .unwrap();
        assert_eq!(status(&output), 0, "{output:?}");
        assert_eq!(std::fs::metadata(folder.path().join("out")).unwrap().len(), 5008);
    }
}
