//! What a failed run leaves behind: nothing new, nothing changed, and a status that says so.

mod common;

use std::fs;
use std::path::Path;
use std::process::Command;

use common::{RDIFF, SIGDELTA, names, pair, run, run_ok, status, stderr};

fn folder() -> (tempfile::TempDir, Vec<u8>, Vec<u8>) {
    let folder = tempfile::tempdir().unwrap();
    let (old, new) = pair(7, 200_000);
    fs::write(folder.path().join("old"), &old).unwrap();
    fs::write(folder.path().join("new"), &new).unwrap();
    run_ok(RDIFF, folder.path(), &["signature", "old", "sig"]);
    run_ok(SIGDELTA, folder.path(), &["delta", "sig", "new", "-o", "delta"]);
    (folder, old, new)
}

#[test]
fn a_full_disk_is_reported_and_leaves_nothing() {
    let (folder, ..) = folder();
    let before = names(folder.path());
    // A limit on file sizes stands for the full disk: the write fails in the middle.
    for command in [
        format!("'{RDIFF}' -b 64 signature old out"),
        format!("'{RDIFF}' delta sig new out"),
        format!("'{RDIFF}' patch old delta out"),
        format!("'{SIGDELTA}' patch old delta -o out"),
        format!("'{SIGDELTA}' diff old new -o out"),
    ] {
        let script = format!("trap '' XFSZ; ulimit -f 8; exec {command}");
        let output =
            Command::new("bash").args(["-c", &script]).current_dir(folder.path()).output().unwrap();
        let expected = if command.contains("sigdelta'") { 3 } else { 100 };
        assert_eq!(status(&output), expected, "{command}: {output:?}");
        assert!(stderr(&output).contains("File too large"), "{command}: {output:?}");
        assert_eq!(names(folder.path()), before, "{command}");
    }
    for (program, args, expected) in [
        (RDIFF, &["-f", "signature", "old", "/dev/full"] as &[_], 100),
        (RDIFF, &["-f", "delta", "sig", "new", "/dev/full"], 100),
        (RDIFF, &["-f", "patch", "old", "delta", "/dev/full"], 100),
        (SIGDELTA, &["signature", "old", "-fo", "/dev/full"], 3),
    ] {
        let output = run(program, folder.path(), args);
        assert_eq!(status(&output), expected, "{args:?}");
        assert!(stderr(&output).contains("No space left on device"), "{output:?}");
    }
}

#[test]
fn an_existing_output_survives_every_failure() {
    let (folder, ..) = folder();
    let path = |name: &str| folder.path().join(name);
    let delta = fs::read(path("delta")).unwrap();
    fs::write(path("truncated"), &delta[..delta.len() / 2]).unwrap();
    fs::write(path("other"), vec![7; 300_000]).unwrap();
    fs::write(path("out"), "precious").unwrap();
    let before = names(folder.path());
    for (program, args, expected) in [
        (RDIFF, &["-f", "patch", "old", "truncated", "out"] as &[_], 103),
        (RDIFF, &["-f", "patch", "other", "delta", "out"], 106),
        (RDIFF, &["-f", "patch", "sig", "delta", "out"], 103),
        (RDIFF, &["-f", "delta", "old", "new", "out"], 106),
        (RDIFF, &["-f", "-S", "33", "signature", "old", "out"], 108),
        (RDIFF, &["-f", "signature", "old", "out", "too-many"], 101),
        (SIGDELTA, &["patch", "old", "truncated", "-fo", "out"], 4),
        (SIGDELTA, &["patch", "other", "delta", "-fo", "out"], 6),
        (SIGDELTA, &["patch", "old", "delta", "--max-output", "100", "-fo", "out"], 5),
        (SIGDELTA, &["delta", "old", "new", "-fo", "out"], 4),
        (SIGDELTA, &["signature", "old", "-o", "out"], 3),
    ] {
        let output = run(program, folder.path(), args);
        assert_eq!(status(&output), expected, "{args:?}: {output:?}");
        assert_eq!(fs::read(path("out")).unwrap(), b"precious", "{args:?}");
        assert_eq!(names(folder.path()), before, "{args:?}");
    }
}

#[test]
fn a_wrong_basis_is_noticed_by_the_trailer_and_not_published() {
    let (folder, _, new) = folder();
    let mut wrong = fs::read(folder.path().join("old")).unwrap();
    wrong[100] ^= 1;
    fs::write(folder.path().join("wrong"), wrong).unwrap();
    for (program, args, expected) in [
        (RDIFF, ["patch", "wrong", "delta", "out"], 106),
        (SIGDELTA, ["patch", "wrong", "delta", "-oout"], 6),
    ] {
        let output = run(program, folder.path(), &args);
        assert_eq!(status(&output), expected, "{output:?}");
        assert!(stderr(&output).contains("wrong basis or damaged delta"), "{output:?}");
        assert!(!folder.path().join("out").exists());
    }
    run_ok(RDIFF, folder.path(), &["patch", "old", "delta", "out"]);
    assert!(fs::read(folder.path().join("out")).unwrap() == new);
}

#[test]
fn an_output_that_is_an_input_is_refused_untouched() {
    let (folder, old, _) = folder();
    fs::hard_link(folder.path().join("old"), folder.path().join("hard")).unwrap();
    std::os::unix::fs::symlink("old", folder.path().join("soft")).unwrap();
    for output_name in ["old", "./old", "hard", "soft"] {
        for (program, args, expected) in [
            (RDIFF, &["-f", "signature", "old", output_name] as &[_], 100),
            (RDIFF, &["-f", "delta", "sig", "old", output_name], 100),
            (RDIFF, &["-f", "patch", "old", "delta", output_name], 100),
            (SIGDELTA, &["signature", "old", "-fo", output_name], 3),
            (SIGDELTA, &["diff", "old", "new", "-fo", output_name], 3),
        ] {
            let output = run(program, folder.path(), args);
            assert_eq!(status(&output), expected, "{args:?}: {output:?}");
            assert!(stderr(&output).contains("same file as an input"), "{output:?}");
            assert!(fs::read(folder.path().join("old")).unwrap() == old, "{args:?}");
        }
    }
    // The shell opens standard output, without cutting the file here.
    let script = format!("'{RDIFF}' signature old >>old");
    let output =
        Command::new("sh").args(["-c", &script]).current_dir(folder.path()).output().unwrap();
    assert_eq!(status(&output), 100, "{output:?}");
    assert!(fs::read(folder.path().join("old")).unwrap() == old);
}

#[test]
fn a_signal_leaves_no_unfinished_file() {
    let (folder, ..) = folder();
    let before = names(folder.path());
    for (program, args) in
        [(RDIFF, &["signature", "-", "out"] as &[_]), (SIGDELTA, &["signature", "-", "-o", "out"])]
    {
        let mut child = Command::new(program)
            .args(args)
            .current_dir(folder.path())
            .stdin(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        // It waits for its input with the temporary file open, until the end of this test.
        let _open = child.stdin.take();
        wait_until(|| names(folder.path()).len() > before.len());
        let id = child.id().to_string();
        // Not SIGINT, which a shell makes its background jobs ignore, and so perhaps this test.
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        let ended = child.wait().unwrap();
        assert_eq!(std::os::unix::process::ExitStatusExt::signal(&ended), Some(15));
        assert_eq!(names(folder.path()), before);
    }
}

#[test]
fn a_signal_that_is_ignored_stays_ignored() {
    let (folder, ..) = folder();
    for signal in ["INT", "HUP", "TERM"] {
        let script = format!(
            "trap '' {signal}; '{RDIFF}' signature - out.{signal} < <(sleep 0.5; cat old) & \
             while ! ls -A | grep -q tmp; do sleep 0.02; done; \
             kill -{signal} $!; wait $!"
        );
        let output = run("bash", folder.path(), &["-c", &script]);
        assert_eq!(status(&output), 0, "{signal}: {output:?}");
        assert!(folder.path().join(format!("out.{signal}")).exists());
    }
}

#[test]
fn a_file_that_cannot_be_replaced_is_written_when_the_output_is_complete() {
    use std::os::unix::fs::MetadataExt;
    let (folder, _, new) = folder();
    let path = |name: &str| folder.path().join(name);
    // Other names of the file must not keep the old one.
    fs::write(path("out"), "before").unwrap();
    fs::hard_link(path("out"), path("other-name")).unwrap();
    let number = fs::metadata(path("out")).unwrap().ino();
    run_ok(RDIFF, folder.path(), &["-f", "patch", "old", "delta", "out"]);
    assert_eq!(fs::metadata(path("out")).unwrap().ino(), number);
    assert!(fs::read(path("other-name")).unwrap() == new);
    // Nor must they see a failure.
    fs::write(path("wrong"), vec![1; 300_000]).unwrap();
    let output = run(RDIFF, folder.path(), &["-f", "patch", "wrong", "delta", "out"]);
    assert_eq!(status(&output), 106);
    assert!(fs::read(path("other-name")).unwrap() == new);
    assert!(!names(folder.path()).iter().any(|name| name.contains("tmp")));
}

#[test]
fn another_users_file_keeps_owner_group_and_permissions() {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
    let (folder, _, new) = folder();
    let path = |name: &str| folder.path().join(name);
    fs::write(path("out"), "before").unwrap();
    if chown(path("out"), Some(1234), Some(1500)).is_err() {
        return; // only root can set this up
    }
    fs::set_permissions(path("out"), fs::Permissions::from_mode(0o2666)).unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
    let args = [
        "--reuid=65534",
        "--regid=65534",
        "--clear-groups",
        RDIFF,
        "-f",
        "patch",
        "old",
        "delta",
        "out",
    ];
    // The folder of the build may be closed to that user.
    let copy = path("rdiff");
    fs::copy(RDIFF, &copy).unwrap();
    let args: Vec<_> =
        args.iter().map(|&arg| if arg == RDIFF { copy.to_str().unwrap() } else { arg }).collect();
    run_ok("setpriv", folder.path(), &args);
    let out = fs::metadata(path("out")).unwrap();
    assert_eq!((out.uid(), out.gid()), (1234, 1500));
    assert_eq!(out.permissions().mode() & 0o777, 0o666);
    assert!(fs::read(path("out")).unwrap() == new);
    // Root's own replacement passes both on.
    run_ok(RDIFF, folder.path(), &["-f", "patch", "old", "delta", "out"]);
    let out = fs::metadata(path("out")).unwrap();
    assert_eq!((out.uid(), out.gid()), (1234, 1500));
}

#[test]
fn names_of_open_files_are_written_directly() {
    let (folder, _, new) = folder();
    for target in ["/dev/stdout", "/proc/self/fd/1", "/dev/fd/1"] {
        let script = format!("'{RDIFF}' -f patch old delta {target} | cat");
        let output = run("bash", folder.path(), &["-c", &script]);
        assert!(output.stdout == new, "{target}: {}", stderr(&output));
        let script = format!("'{RDIFF}' -f patch old delta {target} >out");
        run_ok("bash", folder.path(), &["-c", &script]);
        assert!(fs::read(folder.path().join("out")).unwrap() == new, "{target}");
    }
    // The name under which the file was opened is gone, and must not come back.
    let script = format!(
        "exec 3>gone; rm gone; '{RDIFF}' -f patch old delta /dev/fd/3; cat /proc/self/fd/3"
    );
    assert!(run_ok("bash", folder.path(), &["-c", &script]) == new);
    assert!(!names(folder.path()).iter().any(|name| name.starts_with("gone")));
}

#[test]
fn a_delta_from_a_pipe_is_verified_before_the_result_is_published() {
    let (folder, _, new) = folder();
    let delta = fs::read(folder.path().join("delta")).unwrap();
    let mut wrong = fs::read(folder.path().join("old")).unwrap();
    wrong[100] ^= 1;
    fs::write(folder.path().join("wrong"), wrong).unwrap();
    let patch = |basis, output: &str| {
        common::run_with_input(RDIFF, folder.path(), &["patch", basis, "-", output], &delta)
    };
    assert_eq!(status(&patch("wrong", "out")), 106);
    assert!(!folder.path().join("out").exists());
    assert_eq!(status(&patch("old", "out")), 0);
    assert!(fs::read(folder.path().join("out")).unwrap() == new);
}

#[test]
fn between_two_pipes_sigdelta_verifies_and_rdiff_says_that_it_does_not() {
    let (folder, old, new) = folder();
    let delta = fs::read(folder.path().join("delta")).unwrap();
    let wrong = old.iter().map(|byte| byte ^ 1).collect::<Vec<_>>();
    fs::write(folder.path().join("wrong"), wrong).unwrap();
    let patch = |program, basis| {
        common::run_with_input(program, folder.path(), &["patch", basis, "-"], &delta)
    };
    assert_eq!(status(&patch(SIGDELTA, "wrong")), 6);
    assert!(patch(SIGDELTA, "old").stdout == new);

    let wrong = patch(RDIFF, "wrong");
    assert_eq!(status(&wrong), 0, "{wrong:?}");
    assert!(wrong.stdout.len() == new.len() && wrong.stdout != new);
    let right = patch(RDIFF, "old");
    assert!(right.stdout == new);
    for output in [wrong, right] {
        assert!(stderr(&output).contains("not compared with the trailer"), "{}", stderr(&output));
    }
    // A delta that can be looked at before is verified, and one of rdiff has nothing to say.
    let output = run(RDIFF, folder.path(), &["patch", "wrong", "delta", "-"]);
    assert_eq!(status(&output), 106);
    run_ok(RDIFF, folder.path(), &["delta", "sig", "new", "plain"]);
    let plain = fs::read(folder.path().join("plain")).unwrap();
    let output = common::run_with_input(RDIFF, folder.path(), &["patch", "old"], &plain);
    assert!(output.stdout == new && output.stderr.is_empty());
}

fn wait_until(condition: impl Fn() -> bool) {
    for _ in 0..1000 {
        if condition() {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    panic!("waited in vain");
}

#[test]
fn a_closed_pipe_ends_quietly() {
    let (folder, ..) = folder();
    for command in
        [format!("'{RDIFF}' -b 16 signature old"), format!("'{SIGDELTA}' diff old new -b 1")]
    {
        let script = format!("{command} | head -c 1 >/dev/null; exit ${{PIPESTATUS[0]}}");
        let output =
            Command::new("bash").args(["-c", &script]).current_dir(folder.path()).output().unwrap();
        assert_eq!(stderr(&output), "", "{command}");
        assert_eq!(status(&output), 128 + 13, "{command}");
    }
}

#[test]
fn a_replaced_file_keeps_its_permissions_and_a_link_stays_a_link() {
    use std::os::unix::fs::PermissionsExt;
    let (folder, _, new) = folder();
    let target = folder.path().join("target");
    fs::write(&target, "before").unwrap();
    fs::set_permissions(&target, fs::Permissions::from_mode(0o640)).unwrap();
    std::os::unix::fs::symlink("target", folder.path().join("link")).unwrap();
    run_ok(RDIFF, folder.path(), &["-f", "patch", "old", "delta", "link"]);
    assert!(fs::symlink_metadata(folder.path().join("link")).unwrap().is_symlink());
    assert!(fs::read(&target).unwrap() == new);
    assert_eq!(fs::metadata(&target).unwrap().permissions().mode() & 0o777, 0o640);
    // A new file is as the umask says.
    let script = format!("umask 027; '{RDIFF}' patch old delta fresh");
    let shell = Command::new("sh").args(["-c", &script]).current_dir(folder.path()).status();
    assert!(shell.unwrap().success());
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder.path().join("fresh")), 0o640);
}
