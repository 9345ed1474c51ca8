//! Our rdiff beside Debian's on the same command lines: same exit status, same words, same files.

mod common;

use std::path::Path;

use common::{RDIFF, noise, peer_rdiff, run_with_input, status, stderr};

/// Command lines that succeed or fail in both alike. `|FILE` at the end feeds a file by a pipe.
const CASES: &[&str] = &[
    "signature old out",
    "sig old out",
    "s old out",
    "signature old -",
    "signature - out |old",
    "signature |old",
    "signature - - |old",
    "signature empty out",
    "-s signature empty out",
    "--statistics signature old out",
    "--stats signature old out",
    "signature old out -s",
    "-b512 -S8 signature old out",
    "-b 512 -S 8 signature old out",
    "-b=512 -S=8 signature old out",
    "--block-size=512 --sum-size=8 signature old out",
    "--block-size 0x200 --sum-size 010 signature old out",
    "-b 1 -S 1 signature small out",
    "-b 0 -S 0 signature old out",
    "-S -1 signature old out",
    "-S-1 signature - |old",
    "-S 2 signature old out",
    "-b 8 -S 2 signature old out",
    "-S 2 signature - |old",
    "-S 40 signature old out",
    "-S 17 -H md4 signature old out",
    "-S -2 signature old out",
    "-H md4 signature old out",
    "-H md4 -R rollsum signature old out",
    "--hash=blake2 --rollsum rollsum signature old out",
    "-H sha1 signature old out",
    "-R adler signature old out",
    "-H MD4 signature old out",
    "signature old exists",
    "-f signature old exists",
    "signature old exists -f",
    "-fs signature old exists",
    "signature missing out",
    "signature old missing/out",
    "signature old /dev/null",
    "-f signature old /dev/null",
    "-f signature old /dev/full",
    "-f signature old /dev/stdout",
    "-f signature old /proc/self/fd/1",
    "signature old fresh/",
    "signature old new/",
    "-f signature old new/",
    "signature folder out",
    "signature old folder",
    "-f signature old folder",
    "signature old out extra",
    "signature old exists extra",
    "-I1 -O1 signature old out",
    "-I 200000 -O 3 signature old out",
    "delta sig new out",
    "d sig new out",
    "delta sig - out |new",
    "delta sig new",
    "delta sig |new",
    "delta - new out |sig",
    "delta - - out |sig",
    "-s delta sig new out",
    "-s delta sig empty out",
    "-s delta sig-empty empty out",
    "delta",
    "delta missing new out",
    "delta sig missing out",
    "delta sig new exists",
    "delta sig new out extra",
    "delta folder new out",
    "delta sig folder out",
    "delta old new out",
    "delta delta new out",
    "delta empty new out",
    "delta sig-cut-header new out",
    "delta sig-cut-strong new out",
    "delta sig-stray new out",
    "delta sig-magic new out",
    "delta sig-magic-0 new out",
    "delta sig-block-0 new out",
    "delta sig-block-negative new out",
    "delta sig-strong-0 new out",
    "delta sig-strong-33 new out",
    "delta sig-strong-negative new out",
    "delta sig-md4-17 new out",
    "patch old delta out",
    "p old delta out",
    "patch old - out |delta",
    "patch old |delta",
    "patch old delta",
    "-s patch old delta out",
    "-s patch old delta-end out",
    "-f patch old delta exists",
    "patch old delta exists",
    "patch",
    "patch missing delta out",
    "patch old missing out",
    "patch old delta out extra",
    "patch folder delta out",
    "patch old folder out",
    "patch old sig out",
    "patch old old out",
    "patch old empty out",
    "patch old delta-cut-magic out",
    "patch old delta-magic-only out",
    "patch old delta-cut-command out",
    "patch old delta-cut-literal out",
    "patch old delta-stray out",
    "patch old delta-55 out",
    "patch old delta-ff out",
    "patch old delta-literal-0 out",
    "patch old delta-literal-negative out",
    "patch old delta-literal-huge out",
    "patch old delta-copy-0 out",
    "patch old delta-copy-negative out",
    "patch old delta-copy-position-negative out",
    "patch old delta-copy-position-huge out",
    "patch old delta-copy-beyond out",
    "patch empty delta out",
    "-I1 -O1 patch old delta out",
    "",
    "-s",
    "wrong",
    "signatures old out",
    "SIGNATURE old out",
    "--bogus",
    "-fz signature old out",
    "-z signature old out",
    "--gzip signature old out",
    "--paranoia signature old out",
    "--block 5 signature old out",
    "-b",
    "-fb",
    "--block-size",
    "-b xx signature old out",
    "-bxx signature old out",
    "-b 08 signature old out",
    "-b 5k signature old out",
    "-b 2147483648 signature old out",
    "-S -2147483649 signature old out",
    "--force=1 signature old out",
    "-f=1 signature old out",
    "--version=1",
    "-H",
    "---",
    "-- signature old -out",
    "-f -- signature old exists",
];

fn fixtures(folder: &Path) {
    let old = noise(1, 30_000);
    let new =
        [&old[..9000], b"inserted", &old[9000..20_000], &noise(2, 700), &old[21_000..]].concat();
    let signature = sigdelta::signature(&old, &sigdelta::SignatureOptions::new()).unwrap();
    let delta = sigdelta::delta(&signature, &new).unwrap();
    let edited = |position: usize, bytes: &[u8]| {
        let mut signature = signature.clone();
        signature[position..position + bytes.len()].copy_from_slice(bytes);
        signature
    };
    let with_magic = |commands: &[u8]| [b"rs\x026", commands].concat();
    let mut md4 = edited(0, b"rs\x01F");
    md4[11] = 17;
    let files: &[(&str, Vec<u8>)] = &[
        ("empty", vec![]),
        ("small", old[..300].to_vec()),
        ("exists", b"do not touch".to_vec()),
        ("sig-empty", signature[..12].to_vec()),
        ("sig-cut-header", signature[..7].to_vec()),
        ("sig-cut-strong", signature[..30].to_vec()),
        ("sig-stray", [&signature, b"abc" as &[u8]].concat()),
        ("sig-magic", edited(0, b"rs\x01X")),
        ("sig-magic-0", edited(0, &[0; 4])),
        ("sig-block-0", edited(4, &[0; 4])),
        ("sig-block-negative", edited(4, &[0xff; 4])),
        ("sig-strong-0", edited(8, &[0; 4])),
        ("sig-strong-33", edited(8, &[0, 0, 0, 33])),
        ("sig-strong-negative", edited(8, &[0xff; 4])),
        ("sig-md4-17", md4),
        ("delta-cut-magic", delta[..3].to_vec()),
        ("delta-magic-only", delta[..4].to_vec()),
        ("delta-stray", [&delta, b"stray" as &[u8]].concat()),
        ("delta-end", with_magic(b"\x00")),
        ("delta-cut-command", with_magic(b"\x4f\x00\x00")),
        ("delta-cut-literal", with_magic(b"\x41\xc8ab")),
        ("delta-55", with_magic(b"\x55")),
        ("delta-ff", with_magic(b"\x01A\xff")),
        ("delta-literal-0", with_magic(b"\x41\x00")),
        ("delta-literal-negative", with_magic(b"\x44\xff\xff\xff\xff\xff\xff\xff\xff")),
        ("delta-literal-huge", with_magic(b"\x44\x7f\xff\xff\xff\xff\xff\xff\xffx")),
        ("delta-copy-0", with_magic(b"\x45\x00\x00\x00")),
        ("delta-copy-negative", with_magic(b"\x48\x00\xff\xff\xff\xff\xff\xff\xff\xff")),
        ("delta-copy-position-negative", with_magic(b"\x51\xff\xff\xff\xff\xff\xff\xff\xff\x01")),
        ("delta-copy-position-huge", with_magic(b"\x51\x7f\xff\xff\xff\xff\xff\xff\xff\x01")),
        ("delta-copy-beyond", with_magic(b"\x4a\x75\x00\x10\x00\x00")),
        ("old", old),
        ("new", new),
        ("sig", signature),
        ("delta", delta),
    ];
    for (name, bytes) in files {
        std::fs::write(folder.join(name), bytes).unwrap();
    }
    std::fs::create_dir(folder.join("folder")).unwrap();
}

/// Leaves out what may differ: how many sums the table compared.
fn comparable(line: &str) -> String {
    match line.split_once("matches, ") {
        Some((start, _)) => start.to_owned(),
        None => line.to_owned(),
    }
}

/// Checks one command line; returns what is different.
fn difference(peer: &Path, case: &str) -> Result<(), String> {
    let (command_line, piped) = case.split_once('|').unwrap_or((case, ""));
    let args: Vec<_> = command_line.split_whitespace().collect();
    let [theirs, ours] = [peer, Path::new(RDIFF)].map(|program| {
        let folder = tempfile::tempdir().unwrap();
        fixtures(folder.path());
        let input = match piped {
            "" => Vec::new(),
            file => std::fs::read(folder.path().join(file)).unwrap(),
        };
        let output = run_with_input(program, folder.path(), &args, &input);
        (output, folder)
    });
    let ((their_output, their_folder), (our_output, our_folder)) = (&theirs, &ours);

    if status(their_output) != status(our_output) {
        let (theirs, ours) = (status(their_output), status(our_output));
        return Err(format!("exit status {theirs} and {ours}"));
    }
    let failed = !our_output.status.success();
    if !failed && their_output.stdout != our_output.stdout {
        return Err("standard output differs".to_owned());
    }

    // Ours may add one line that names the file and the offset.
    let their_words: Vec<_> = stderr(their_output).lines().map(comparable).collect();
    let our_words: Vec<_> = stderr(our_output).lines().map(comparable).collect();
    let added: Vec<_> = our_words.iter().filter(|line| !their_words.contains(line)).collect();
    let explained = match added.as_slice() {
        [] => true,
        [line] => failed && line.starts_with("rdiff: "),
        _ => false,
    };
    let kept: Vec<_> = our_words.iter().filter(|line| !added.contains(line)).cloned().collect();
    if !explained || kept != their_words {
        return Err(format!("words differ\n{}\n---\n{}", stderr(their_output), stderr(our_output)));
    }

    let mut their_names = common::names(their_folder.path());
    let our_names = common::names(our_folder.path());
    if failed {
        // Ours leaves no new file behind.
        their_names.retain(|name| name != "out");
    }
    if their_names != our_names {
        return Err(format!("files differ: {their_names:?} and {our_names:?}"));
    }
    for name in our_names {
        let theirs = their_folder.path().join(&name);
        let ours = our_folder.path().join(&name);
        if ours.is_file() && std::fs::read(theirs).unwrap() != std::fs::read(ours).unwrap() {
            return Err(format!("file {name} differs"));
        }
    }
    Ok(())
}

#[test]
fn every_command_line_does_what_it_does_with_debians_rdiff() {
    let Some(peer) = peer_rdiff() else { return };
    let differences: Vec<_> = CASES
        .iter()
        .filter_map(|case| Some(format!("rdiff {case}: {}", difference(&peer, case).err()?)))
        .collect();
    assert!(differences.is_empty(), "{}", differences.join("\n\n"));
}
