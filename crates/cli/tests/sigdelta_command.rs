//! The command sigdelta as its users meet it.

mod common;

use std::fs;

use common::{SIGDELTA, names, pair, run, run_ok, run_with_input, status, stderr, stdout};
use serde_json::Value;

fn folder() -> (tempfile::TempDir, Vec<u8>) {
    let folder = tempfile::tempdir().unwrap();
    let (old, new) = pair(9, 100_000);
    fs::write(folder.path().join("old"), old).unwrap();
    fs::write(folder.path().join("new"), &new).unwrap();
    (folder, new)
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

#[test]
fn the_three_verbs_rebuild_the_new_file() {
    let (folder, new) = folder();
    let run = |args: &[&str]| run_ok(SIGDELTA, folder.path(), args);
    run(&["signature", "old", "-o", "sig"]);
    run(&["delta", "sig", "new", "-o", "delta"]);
    run(&["patch", "old", "delta", "-o", "result"]);
    assert!(fs::read(folder.path().join("result")).unwrap() == new);
    // Without -o to standard output, "-" from standard input.
    let signature = run(&["signature", "old"]);
    assert!(signature == fs::read(folder.path().join("sig")).unwrap());
    let delta = run_with_input(SIGDELTA, folder.path(), &["delta", "-", "new"], &signature).stdout;
    assert!(delta == fs::read(folder.path().join("delta")).unwrap());
    let result = run_with_input(SIGDELTA, folder.path(), &["patch", "old", "-"], &delta).stdout;
    assert!(result == new);
}

#[test]
fn any_number_of_threads_makes_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let (old, new) = pair(10, 1_500_000);
    fs::write(folder.path().join("old"), &old).unwrap();
    fs::write(folder.path().join("new"), &new).unwrap();
    let made = |threads: &str| {
        let threads = ["-b", "512", "-T", threads];
        let run = |args: &[&str]| run_ok(SIGDELTA, folder.path(), args);
        let signature = run(&[&["signature", "old"], &threads[..]].concat());
        fs::write(folder.path().join("sig"), &signature).unwrap();
        let delta = run(&[&["delta", "sig", "new"], &threads[2..]].concat());
        let diff = run(&[&["diff", "old", "new"], &threads[..]].concat());
        let piped = run_with_input(SIGDELTA, folder.path(), &["delta", "sig", "-", "-T2"], &new);
        (signature, delta, diff, piped.stdout)
    };
    let expected = made("1");
    assert!(expected.1 == expected.2 && expected.1 == expected.3);
    for threads in ["0", "2", "3", "4", "1000"] {
        assert!(made(threads) == expected, "{threads} threads");
    }
}

#[test]
fn json_has_stable_keys_on_the_stream_that_is_free() {
    let (folder, _) = folder();
    let run = |args: &[&str]| run(SIGDELTA, folder.path(), args);
    let output = run(&["signature", "old", "-o", "sig", "--json"]);
    let facts = json(&stdout(&output));
    let expected = [
        "schema",
        "command",
        "kind",
        "block_len",
        "strong_len",
        "blocks",
        "in_bytes",
        "out_bytes",
        "seconds",
    ];
    assert_eq!(keys(&facts), expected);
    assert_eq!(facts["schema"], 1);
    assert_eq!(facts["block_len"], 256);
    assert_eq!(facts["blocks"], 391);
    assert_eq!(facts["out_bytes"], 12 + 391 * 36);

    let output = run(&["delta", "sig", "new", "--json"]);
    let facts = json(&stderr(&output));
    let expected = [
        "schema",
        "command",
        "in_bytes",
        "out_bytes",
        "searches",
        "matches",
        "false_matches",
        "literal_commands",
        "literal_bytes",
        "copy_commands",
        "copy_bytes",
        "seconds",
    ];
    assert_eq!(keys(&facts), expected);
    assert_eq!(facts["out_bytes"], output.stdout.len());
    fs::write(folder.path().join("delta"), &output.stdout).unwrap();

    let facts = json(&stdout(&run(&["patch", "old", "delta", "-o", "result", "--json"])));
    let expected = [
        "schema",
        "command",
        "in_bytes",
        "out_bytes",
        "verified",
        "literal_commands",
        "literal_bytes",
        "copy_commands",
        "copy_bytes",
        "seconds",
    ];
    assert_eq!(keys(&facts), expected);
    assert_eq!(facts["verified"], true);
}

#[test]
fn inspect_says_what_a_file_is() {
    let (folder, new) = folder();
    let run = |args: &[&str]| run_ok(SIGDELTA, folder.path(), args);
    run(&["signature", "-H", "md4", "-R", "rollsum", "-b", "1k", "-S", "8", "old", "-o", "sig"]);
    run(&["delta", "sig", "new", "-o", "delta"]);
    let inspect = |args: &[&str]| {
        let output = run_ok(SIGDELTA, folder.path(), &[&["inspect"], args].concat());
        String::from_utf8(output).unwrap()
    };
    let text = inspect(&["sig"]);
    for fact in ["librsync signature", "rollsum", "md4, 8 bytes", "98 of 1024 bytes"] {
        assert!(text.contains(fact), "{text}");
    }
    let facts = json(&inspect(&["sig", "--json"]));
    assert_eq!(facts["type"], "signature");
    assert_eq!(facts["kind"]["weak"], "rollsum");
    assert_eq!(
        (&facts["basis_min_bytes"], &facts["basis_max_bytes"]),
        (&99329.into(), &100_352.into())
    );

    let facts = json(&inspect(&["delta", "--json"]));
    assert_eq!(facts["type"], "delta");
    assert_eq!(facts["result_bytes"], new.len());
    assert_eq!(facts["trailer"]["result_bytes"], new.len());

    // The listed commands, applied by hand, give the new file.
    let (old, delta) = (
        fs::read(folder.path().join("old")).unwrap(),
        fs::read(folder.path().join("delta")).unwrap(),
    );
    let mut result: Vec<u8> = Vec::new();
    for line in inspect(&["delta", "--commands", "--json"]).lines().map(json) {
        let number = |key: &str| line[key].as_u64().unwrap() as usize;
        match line["op"].as_str() {
            Some("copy") => result.extend(&old[number("position")..][..number("len")]),
            Some("literal") => {
                let command_len = match number("len") {
                    0..=64 => 1,
                    65..=255 => 2,
                    _ => 3,
                };
                result.extend(&delta[number("offset") + command_len..][..number("len")]);
            }
            Some("end") => {}
            _ => assert_eq!(line["type"], "delta"),
        }
    }
    assert!(result == new);
    assert!(inspect(&["delta", "--commands"]).contains("  literal "));
    let neither = common::run(SIGDELTA, folder.path(), &["inspect", "/bin/sh", "--json"]);
    assert_eq!(status(&neither), 4);
    assert_eq!(json(&stdout(&neither))["likeness"], "an ELF program or library");
}

#[test]
fn verify_tells_right_from_wrong() {
    let (folder, new) = folder();
    run_ok(SIGDELTA, folder.path(), &["diff", "old", "new", "-o", "delta"]);
    run_ok(SIGDELTA, folder.path(), &["diff", "old", "new", "--no-trailer", "-o", "plain"]);
    let write = |name: &str, bytes: &[u8]| fs::write(folder.path().join(name), bytes).unwrap();
    let mut changed = new.clone();
    changed[70_000] ^= 1;
    write("changed", &changed);
    write("longer", &[&new, b"x" as &[u8]].concat());
    write("shorter", &new[..new.len() - 1]);
    write("broken", b"rs\x026\x99");
    for (basis, delta, file, expected, words) in [
        ("old", "delta", "new", 0, "exactly the new file"),
        ("old", "plain", "new", 0, "exactly the new file"),
        ("old", "delta", "changed", 1, "differs from changed at byte 70000"),
        ("old", "plain", "changed", 1, "differs from changed at byte 70000"),
        ("old", "delta", "longer", 1, "shorter than longer"),
        ("old", "delta", "shorter", 1, "differs from shorter"),
        ("new", "plain", "new", 1, "differs from new"),
        ("delta", "plain", "new", 1, ""),
        ("old", "broken", "new", 4, ""),
    ] {
        let output = run(SIGDELTA, folder.path(), &["verify", basis, delta, file]);
        assert_eq!(status(&output), expected, "{basis} {delta} {file}: {output:?}");
        assert!(stdout(&output).contains(words), "{output:?}");
    }
    let output = run(SIGDELTA, folder.path(), &["verify", "old", "delta", "changed", "--json"]);
    let facts = json(&stdout(&output));
    assert_eq!((&facts["same"], &facts["same_bytes"]), (&false.into(), &70_000.into()));
}

#[test]
fn a_trailer_can_be_required_and_left_out() {
    let (folder, new) = folder();
    let run = |args: &[&str]| run(SIGDELTA, folder.path(), args);
    run_ok(SIGDELTA, folder.path(), &["diff", "old", "new", "-o", "with"]);
    run_ok(SIGDELTA, folder.path(), &["diff", "old", "new", "--no-trailer", "-o", "without"]);
    let output = run(&["patch", "--require-trailer", "old", "without"]);
    assert_eq!(status(&output), 6);
    assert!(stderr(&output).contains("without a trailer"), "{output:?}");
    assert!(run(&["patch", "--require-trailer", "old", "with"]).stdout == new);
    assert!(run(&["patch", "old", "without"]).stdout == new);
}

#[test]
fn bytes_do_not_go_to_a_terminal_unless_forced() {
    let (folder, _) = folder();
    let on_terminal = |args: &str| {
        // util-linux's script runs a command on a terminal of its own.
        let command = format!("'{SIGDELTA}' {args}; echo status=$?");
        let output = run("script", folder.path(), &["-qec", &command, "/dev/null"]);
        stdout(&output)
    };
    let refused = on_terminal("signature old");
    assert!(refused.contains("it is a terminal") && refused.contains("status=3"), "{refused}");
    let forced = on_terminal("signature -f old");
    assert!(forced.contains("rs\x01G") && forced.contains("status=0"));
    // Errors are coloured on a terminal, not in a pipe, and as --color says.
    assert!(on_terminal("signature missing").contains("\x1b["));
    assert!(!on_terminal("--color never signature missing").contains("\x1b["));
    assert!(!stderr(&run(SIGDELTA, folder.path(), &["signature", "missing"])).contains("\x1b["));
    let always = run(SIGDELTA, folder.path(), &["--color", "always", "signature", "missing"]);
    assert!(stderr(&always).contains("\x1b["));
}

#[test]
fn mistakes_get_a_hint() {
    let (folder, _) = folder();
    let run = |args: &[&str]| run(SIGDELTA, folder.path(), args);
    run_ok(SIGDELTA, folder.path(), &["signature", "old", "-o", "sig"]);
    let swapped = run(&["patch", "old", "sig", "-o", "out"]);
    assert_eq!(status(&swapped), 4);
    assert!(stderr(&swapped).contains("sig: not a delta"), "{swapped:?}");
    assert!(stderr(&swapped).contains("hint: make a delta from the signature first"));
    let exists = run(&["signature", "old", "-o", "sig"]);
    assert_eq!(status(&exists), 3);
    assert!(stderr(&exists).contains("hint: use --force"), "{exists:?}");
    assert_eq!(status(&run(&["signature", "old", "-b", "7x"])), 2);
    assert_eq!(status(&run(&["signature", "old", "-b", "0"])), 2);
    assert_eq!(status(&run(&["signature", "old", "-S", "33"])), 2);
    let weak = run(&["signature", "old", "-S", "1"]);
    assert!(stderr(&weak).contains("warning: 1 bytes of strong sum are too few"));
    assert_eq!(stderr(&run(&["-q", "signature", "old", "-S", "1"])), "");
    // Habits of rdiff.
    assert_eq!(run(&["signature", "old", "-S", "-1"]).stdout[11], 6);
    assert_eq!(run(&["signature", "old", "-S0"]).stdout[11], 32);
    assert!(stderr(&run(&["signature", "old", "-b", "-1"])).contains("invalid value '-1'"));
    let twice = run(&["delta", "-", "-"]);
    assert_eq!(status(&twice), 2);
    assert!(stderr(&twice).contains("only one input can be standard input"));
    let folder_as_new = run(&["verify", "old", "sig", "."]);
    assert!(stderr(&folder_as_new).contains("sig: not a delta"), "{folder_as_new:?}");
    run_ok(SIGDELTA, folder.path(), &["diff", "old", "new", "-o", "delta"]);
    let folder_as_new = run(&["verify", "old", "delta", "."]);
    assert!(stderr(&folder_as_new).contains("error: .: cannot read"), "{folder_as_new:?}");
}

#[test]
fn help_has_the_exit_codes_and_packagers_get_pages_and_completions() {
    let (folder, _) = folder();
    let help = String::from_utf8(run_ok(SIGDELTA, folder.path(), &["--help"])).unwrap();
    assert!(help.contains("Exit status:") && help.contains("130 for SIGINT"), "{help}");
    for shell in ["bash", "zsh", "fish"] {
        let script = run_ok(SIGDELTA, folder.path(), &["generate", "completions", shell]);
        assert!(String::from_utf8(script).unwrap().contains("sigdelta"));
    }
    fs::create_dir(folder.path().join("man")).unwrap();
    run_ok(SIGDELTA, folder.path(), &["generate", "man", "man"]);
    let pages = names(&folder.path().join("man"));
    for page in ["sigdelta.1", "sigdelta-signature.1", "sigdelta-patch.1"] {
        assert!(pages.iter().any(|name| name == page), "{pages:?}");
    }
    let page = fs::read_to_string(folder.path().join("man/sigdelta.1")).unwrap();
    assert!(page.contains("Exit status"), "{page}");
}

#[test]
fn a_report_that_cannot_be_written_is_an_error() {
    let (folder, _) = folder();
    run_ok(SIGDELTA, folder.path(), &["diff", "old", "new", "-b", "8", "-o", "delta"]);
    for args in [
        "inspect delta",
        "inspect --commands delta",
        "verify old delta new",
        "--json signature old -fo sig",
        "--help",
        "--version",
        "generate completions bash",
    ] {
        let script = format!("'{SIGDELTA}' {args} >/dev/full");
        let output = run("bash", folder.path(), &["-c", &script]);
        assert_eq!(status(&output), 3, "{args}: {output:?}");
        assert!(stderr(&output).contains("No space left on device"), "{args}: {output:?}");
    }
}

#[test]
fn a_layered_patch_goes_the_way_of_a_delta() {
    let (folder, new) = folder();
    let run = |args: &[&str]| run(SIGDELTA, folder.path(), args);
    for level in ["fast", "default", "max"] {
        let made = run(&["diff", "old", "new", "--level", level, "-fo", "patch", "--json"]);
        let facts = json(&stdout(&made));
        let patch = fs::read(folder.path().join("patch")).unwrap();
        assert_eq!(facts["out_bytes"], patch.len());
        assert_eq!(
            facts["literal_bytes"].as_u64().unwrap() + facts["aligned_bytes"].as_u64().unwrap(),
            new.len() as u64
        );
        assert!(run(&["patch", "old", "patch"]).stdout == new);
        // From pipes, and into a file.
        let piped = run_with_input(SIGDELTA, folder.path(), &["patch", "old", "-"], &patch);
        assert!(piped.stdout == new);
        assert!(
            run_with_input(SIGDELTA, folder.path(), &["diff", "old", "-", "--level", level], &new)
                .stdout
                == patch
        );
        let applied = run(&["patch", "old", "patch", "-fo", "result", "--json"]);
        assert_eq!(json(&stdout(&applied))["verified"], true);
        assert!(fs::read(folder.path().join("result")).unwrap() == new);
        assert_eq!(status(&run(&["verify", "old", "patch", "new"])), 0);
        assert_eq!(status(&run(&["verify", "old", "patch", "old"])), 1);
    }
}

#[test]
fn a_layered_signature_gives_a_layered_patch() {
    let (folder, new) = folder();
    let run = |args: &[&str]| run(SIGDELTA, folder.path(), args);
    let signed = run(&["signature", "--format", "layered", "old", "-o", "sig", "--json"]);
    let signature = fs::read(folder.path().join("sig")).unwrap();
    let classic = run(&["signature", "old"]).stdout;
    assert!(signature.len() < classic.len(), "{} bytes", signature.len());
    let (signed, found) =
        (json(&stdout(&signed)), json(&stdout(&run(&["inspect", "sig", "--json"]))));
    assert_eq!(signed["out_bytes"], signature.len());
    assert_eq!(found["type"], "layered-signature");
    assert_eq!((&found["chunks"], &found["basis_root"]), (&signed["chunks"], &signed["root"]));
    assert_eq!(found["basis_bytes"], fs::metadata(folder.path().join("old")).unwrap().len());

    let made = json(&stdout(&run(&["delta", "sig", "new", "-o", "patch", "--json"])));
    let patch = fs::read(folder.path().join("patch")).unwrap();
    assert_eq!(made["out_bytes"], patch.len());
    assert!(patch.len() < new.len() / 2, "{made}");
    assert!(run(&["patch", "old", "patch"]).stdout == new);
    assert_eq!(status(&run(&["verify", "old", "patch", "new"])), 0);
    // From pipes.
    let old = fs::read(folder.path().join("old")).unwrap();
    let piped = ["signature", "--format", "layered", "-"];
    let piped = run_with_input(SIGDELTA, folder.path(), &piped, &old).stdout;
    for (args, input) in [(["delta", "-", "new"], &piped), (["delta", "sig", "-"], &new)] {
        let patch = run_with_input(SIGDELTA, folder.path(), &args, input).stdout;
        assert!(
            run_with_input(SIGDELTA, folder.path(), &["patch", "old", "-"], &patch).stdout == new
        );
    }
    // Nothing comes of one that is damaged.
    let mut damaged = signature;
    damaged[40] ^= 1;
    fs::write(folder.path().join("damaged"), damaged).unwrap();
    for args in [&["delta", "damaged", "new", "-o", "none"][..], &["inspect", "damaged"]] {
        let refused = run(args);
        assert_eq!(status(&refused), 4, "{refused:?}");
        assert!(stderr(&refused).contains("damaged"), "{refused:?}");
    }
    assert!(!folder.path().join("none").exists());
}

#[test]
fn a_layered_patch_on_a_wrong_basis_changes_nothing() {
    let (folder, _) = folder();
    let run = |args: &[&str]| run(SIGDELTA, folder.path(), args);
    run_ok(SIGDELTA, folder.path(), &["diff", "old", "new", "-o", "patch"]);
    fs::write(folder.path().join("result"), "as it was").unwrap();
    let before = names(folder.path());
    let output = run(&["patch", "new", "patch", "-fo", "result"]);
    assert_eq!(status(&output), 6);
    assert!(stderr(&output).contains("new: the basis is not the one"), "{output:?}");
    assert_eq!(fs::read(folder.path().join("result")).unwrap(), b"as it was");
    assert!(names(folder.path()) == before);
    assert_eq!(status(&run(&["patch", "old", "patch", "--max-output", "10"])), 5);
    assert_eq!(status(&run(&["patch", "old", "patch", "--max-memory", "1M"])), 5);
    let mut damaged = fs::read(folder.path().join("patch")).unwrap();
    let last = damaged.len() - 1;
    damaged[last] ^= 1;
    fs::write(folder.path().join("patch"), damaged).unwrap();
    assert_eq!(status(&run(&["patch", "old", "patch"])), 4);
}

#[test]
fn a_librsync_delta_of_two_files_copies_any_bytes() {
    let (folder, new) = folder();
    let run = |args: &[&str]| run_ok(SIGDELTA, folder.path(), args);
    run(&["diff", "old", "new", "--format", "librsync", "-o", "flat"]);
    run(&["diff", "old", "new", "-b", "512", "-o", "blocks"]);
    let len = |name: &str| fs::metadata(folder.path().join(name)).unwrap().len();
    assert!(len("flat") < len("blocks"));
    assert!(run(&["patch", "--require-trailer", "old", "flat"]) == new);
    let usage = common::run(
        SIGDELTA,
        folder.path(),
        &["diff", "old", "new", "-b", "512", "--format", "layered"],
    );
    assert_eq!(status(&usage), 2);
}

#[test]
fn inspect_explains_and_draws_a_layered_patch() {
    let (folder, new) = folder();
    let run = |args: &[&str]| run(SIGDELTA, folder.path(), args);
    for level in ["default", "max"] {
        run_ok(SIGDELTA, folder.path(), &["diff", "old", "new", "--level", level, "-fo", "patch"]);
        let facts = json(&stdout(&run(&["inspect", "patch", "--basis", "old", "--json"])));
        assert_eq!(facts["type"], "layered patch");
        assert_eq!(facts["result_bytes"], new.len());
        let of = |key: &str| facts[key].as_u64().unwrap();
        let sum = of("same_bytes") + of("changed_bytes") + of("literal_bytes");
        assert_eq!(sum, new.len() as u64);
        let drawn = run(&["inspect", "patch", "--basis", "old", "--map", "-f", "--svg", "map.svg"]);
        assert!(stdout(&drawn).contains("map of the new file"), "{drawn:?}");
        let svg = fs::read_to_string(folder.path().join("map.svg")).unwrap();
        assert!(svg.starts_with("<svg") && svg.ends_with("</svg>\n"));
        let patch = fs::read(folder.path().join("patch")).unwrap();
        for taken in ["map.svg", "patch"] {
            let refused = run(&["inspect", "patch", "--basis", "old", "--svg", taken]);
            assert_eq!(status(&refused), 3, "{taken}: {refused:?}");
        }
        assert!(fs::read(folder.path().join("patch")).unwrap() == patch);
        let wrong = run(&["inspect", "patch", "--basis", "new"]);
        assert_eq!(status(&wrong), 6);
        assert!(stderr(&wrong).contains("new: the basis is not the one"), "{wrong:?}");
        // What the stretches say is what the files say.
        let lines = stdout(&run(&["inspect", "patch", "--basis", "old", "--commands", "--json"]));
        let old = fs::read(folder.path().join("old")).unwrap();
        let (mut end, mut same) = (0, 0);
        for line in lines.lines().map(json).filter(|line| line["op"].is_string()) {
            let number = |key: &str| line[key].as_u64().unwrap() as usize;
            assert_eq!(number("start"), end);
            end += number("len");
            if line["op"] == "aligned" {
                let (new, old) = (&new[number("start")..end], &old[number("position")..]);
                let changed = new.iter().zip(old).filter(|(new, old)| new != old).count();
                assert_eq!(number("changed"), changed);
                same += new.len() - changed;
            }
        }
        assert_eq!((end, same as u64), (new.len(), of("same_bytes")));
    }
}

#[test]
fn options_that_would_do_nothing_are_refused() {
    let (folder, _) = folder();
    let run = |args: &[&str]| run(SIGDELTA, folder.path(), args);
    run(&["signature", "old", "-o", "signature"]);
    run(&["diff", "old", "new", "-o", "patch"]);
    run(&["signature", "old", "--format", "layered", "-o", "layered"]);
    for args in [
        &["diff", "old", "new", "-b", "512", "--level", "fast"][..],
        &["diff", "old", "new", "--classic", "--level", "max"],
        &["signature", "old", "--format", "layered", "-b", "512"],
        &["delta", "layered", "new", "--classic"],
        &["delta", "layered", "new", "--no-trailer"],
        &["inspect", "signature", "--map"],
        &["inspect", "signature", "--basis", "old"],
        &["inspect", "old", "--svg", "map.svg"],
        &["inspect", "patch", "--map", "--json"],
    ] {
        let refused = run(args);
        assert_eq!(status(&refused), 2, "{args:?}: {refused:?}");
        assert!(stderr(&refused).contains("--"), "{args:?}: {refused:?}");
    }
    assert!(!folder.path().join("map.svg").exists());
}
