//! Our programs and Debian's rdiff in every mix: their signature, our delta, their patch and so on.

mod common;

use std::path::Path;

use common::{KINDS, RDIFF, SIGDELTA, pair, peer_rdiff, run_ok, run_with_input};

/// Signs, makes a delta and applies it with the given programs; checks the result and returns the
/// signature and the delta.
fn exchange(
    folder: &Path,
    programs: [&Path; 3],
    options: &[&str],
    new: &[u8],
) -> (Vec<u8>, Vec<u8>) {
    let run = |program, args: &[&str]| run_ok(program, folder, &[&["-f"], options, args].concat());
    run(programs[0], &["signature", "old", "sig"]);
    run(programs[1], &["delta", "sig", "new", "delta"]);
    run(programs[2], &["patch", "old", "delta", "result"]);
    let read = |name: &str| std::fs::read(folder.join(name)).unwrap();
    assert!(read("result") == new, "{programs:?} {options:?}");
    (read("sig"), read("delta"))
}

fn folder_with_pair(seed: u64, len: usize) -> (tempfile::TempDir, Vec<u8>) {
    let folder = tempfile::tempdir().unwrap();
    let (old, new) = pair(seed, len);
    std::fs::write(folder.path().join("old"), old).unwrap();
    std::fs::write(folder.path().join("new"), &new).unwrap();
    (folder, new)
}

#[test]
fn every_mix_with_debians_rdiff_rebuilds_the_file_with_identical_bytes() {
    let Some(theirs) = peer_rdiff() else { return };
    let (theirs, ours) = (theirs.as_path(), Path::new(RDIFF));
    for (seed, len) in [(1, 100_000), (2, 4096), (3, 77)] {
        let (folder, new) = folder_with_pair(seed, len);
        for kind in KINDS {
            for parameters in
                [["-b", "0", "-S", "0"], ["-b", "512", "-S", "8"], ["-b", "37", "-S", "-1"]]
            {
                let options = [&kind[..], &parameters].concat();
                let expected = exchange(folder.path(), [theirs; 3], &options, &new);
                for mix in 1..8 {
                    let pick = |bit| if mix >> bit & 1 == 1 { ours } else { theirs };
                    let programs = [pick(0), pick(1), pick(2)];
                    let actual = exchange(folder.path(), programs, &options, &new);
                    assert!(actual == expected, "{programs:?} {options:?} {len}");
                }
            }
        }
    }
}

#[test]
fn buffer_sizes_change_nothing() {
    let Some(theirs) = peer_rdiff() else { return };
    let ours = Path::new(RDIFF);
    let (folder, new) = folder_with_pair(4, 60_000);
    for kind in KINDS {
        let options = [&kind[..], &["-b", "700"]].concat();
        let expected = exchange(folder.path(), [&theirs; 3], &options, &new);
        for size in ["1", "2", "3", "7", "15", "100", "10000", "200000"] {
            for (input, output) in [(size, size), (size, "0"), ("0", size)] {
                let options = [&options[..], &["-I", input, "-O", output]].concat();
                let actual = exchange(folder.path(), [ours; 3], &options, &new);
                assert!(actual == expected, "{options:?}");
            }
        }
    }
}

#[test]
fn pipes_give_what_files_give() {
    let Some(theirs) = peer_rdiff() else { return };
    let (folder, new) = folder_with_pair(5, 300_000);
    let old = std::fs::read(folder.path().join("old")).unwrap();
    let pipe = |program: &Path, args: &[&str], input: &[u8]| {
        let output = run_with_input(program, folder.path(), args, input);
        assert!(output.status.success(), "{args:?} {output:?}");
        output.stdout
    };
    let ours = Path::new(RDIFF);
    let signature = pipe(ours, &["signature", "-", "-"], &old);
    assert!(signature == pipe(&theirs, &["signature"], &old));
    std::fs::write(folder.path().join("sig"), &signature).unwrap();
    let delta = pipe(ours, &["delta", "sig", "-"], &new);
    assert!(delta == pipe(&theirs, &["delta", "sig"], &new));
    assert!(delta == pipe(ours, &["delta", "-", "new"], &signature));
    assert!(pipe(ours, &["patch", "old"], &delta) == new);
    assert!(pipe(&theirs, &["patch", "old"], &delta) == new);
    // Debian's rdiff cannot seek in a pipe; ours spools it.
    std::fs::write(folder.path().join("delta"), &delta).unwrap();
    assert!(pipe(ours, &["patch", "-", "delta"], &old) == new);
    assert!(pipe(Path::new(SIGDELTA), &["patch", "-", "delta"], &old) == new);
}

#[test]
fn debians_rdiff_applies_deltas_with_a_trailer() {
    let Some(theirs) = peer_rdiff() else { return };
    let (folder, new) = folder_with_pair(6, 50_000);
    let run = |program: &Path, args: &[&str]| run_ok(program, folder.path(), args);
    let sigdelta = Path::new(SIGDELTA);
    run(sigdelta, &["signature", "old", "-o", "sig"]);
    run(sigdelta, &["delta", "sig", "new", "-o", "delta"]);
    run(sigdelta, &["diff", "old", "new", "--rollsum", "rabinkarp", "-o", "diff"]);
    run(sigdelta, &["delta", "sig", "new", "--classic", "--no-trailer", "-o", "plain"]);
    run(&theirs, &["delta", "sig", "new", "theirs"]);
    let read = |name: &str| std::fs::read(folder.path().join(name)).unwrap();
    assert!(read("plain") == read("theirs"));
    assert_eq!(read("delta").len(), read("theirs").len() + 48);
    assert!(read("delta").starts_with(&read("theirs")));
    assert!(read("diff") == read("delta"));
    assert!(run(&theirs, &["patch", "old", "delta"]) == new);
    assert!(run(sigdelta, &["patch", "old", "theirs"]) == new);
    assert!(run(Path::new(RDIFF), &["patch", "old", "delta"]) == new);
}

#[test]
fn debians_rdiff_applies_smaller_deltas() {
    let Some(theirs) = peer_rdiff() else { return };
    let folder = tempfile::tempdir().unwrap();
    let (noise, other) = pair(7, 60_000);
    let zeros = [0; 50_000];
    let old = [&noise[..], &zeros, &noise[..40_960], &zeros[..9000], &noise].concat();
    let new = [&zeros[..], &noise, b"edited", &noise, &zeros[..30_001], &other].concat();
    std::fs::write(folder.path().join("old"), &old).unwrap();
    std::fs::write(folder.path().join("new"), &new).unwrap();
    let run = |program: &Path, args: &[&str]| run_ok(program, folder.path(), args);
    let sigdelta = Path::new(SIGDELTA);
    for kind in KINDS {
        for block_len in ["64", "1000", "2048"] {
            let parameters = [&kind[..], &["-b", block_len]].concat();
            run(sigdelta, &[&["signature", "old", "-f", "-o", "sig"], &parameters[..]].concat());
            run(sigdelta, &["delta", "sig", "new", "-f", "-o", "delta"]);
            run(sigdelta, &["delta", "sig", "new", "--no-trailer", "-f", "-o", "plain"]);
            let arguments = ["diff", "old", "new", "-f", "-o", "diff"];
            run(sigdelta, &[&arguments, &parameters[..]].concat());
            run(&theirs, &["-f", "delta", "sig", "new", "theirs"]);
            let read = |name: &str| std::fs::read(folder.path().join(name)).unwrap();
            assert!(run(&theirs, &["patch", "old", "delta"]) == new, "{parameters:?}");
            assert!(run(&theirs, &["patch", "old", "plain"]) == new, "{parameters:?}");
            assert!(run(sigdelta, &["patch", "old", "delta"]) == new, "{parameters:?}");
            assert!(read("plain").len() < read("theirs").len(), "{parameters:?}");
            assert!(read("diff") == read("delta"), "{parameters:?}");
            run(sigdelta, &["delta", "sig", "new", "--classic", "--no-trailer", "-f", "-o", "c"]);
            assert!(read("c") == read("theirs"), "{parameters:?}");
        }
    }
}
