//! The programs in `tests/c`, on the shared and the static library, and under valgrind.
#![cfg(target_os = "linux")]

use std::path::{Path, PathBuf};
use std::process::Command;

#[path = "../../test-support/mod.rs"]
mod support;

use support::{PACKAGE, build_program, folder, has_tool, peer_rdiff, release_folder, show};

/// Source, and whether valgrind can run it: it has an allocator of its own, needs memory, and is slow.
const PROGRAMS: [(&str, bool); 18] = [
    ("bytes.c", true),
    ("decoder.c", true),
    ("dlopen.c", true),
    ("errors.c", true),
    ("files.c", true),
    ("index.c", true),
    ("jobs.c", true),
    ("layered.c", false),
    ("layout.c", true),
    ("nomem.c", false),
    ("nulls.c", true),
    ("options.c", true),
    ("plus.cpp", true),
    ("progress.c", false),
    ("rdiff.c", false),
    ("refused.c", false),
    ("threads.c", true),
    ("trailer.c", true),
];

/// Builds and runs programs, each in a folder of its own, and says which failed and how.
fn run_all(name: &str, library: &Path, for_valgrind: bool, command: impl Fn(&Path) -> Command) {
    if !has_tool("gcc") || !has_tool("g++") {
        return;
    }
    let rdiff = peer_rdiff();
    let sources = Path::new(PACKAGE).join("tests/c");
    let folder = folder(name);
    let mut failures = String::new();
    for (source, valgrind_can) in PROGRAMS {
        if for_valgrind && !valgrind_can || source == "rdiff.c" && rdiff.is_none() {
            continue;
        }
        let executable = folder.join(source).with_extension("");
        build_program(&sources.join(source), &[], library, &executable);
        let scratch = executable.with_extension("files");
        std::fs::create_dir(&scratch).unwrap();
        let mut command = command(&executable);
        command.env("SHARED", release_folder().join("libsigdelta.so"));
        command.env("RDIFF", rdiff.as_deref().unwrap_or(Path::new(""))).env("LC_ALL", "C");
        let output = command.current_dir(scratch).output().unwrap();
        if !output.status.success() {
            failures += &format!("{source}: {}\n", show(&output));
        }
    }
    assert!(failures.is_empty(), "{failures}");
}

/// Returns a folder that holds the shared library by its SONAME and nothing else, and the library.
fn shared(name: &str) -> (PathBuf, PathBuf) {
    let folder = folder(name);
    let library = folder.join("libsigdelta.so.0");
    std::os::unix::fs::symlink(release_folder().join("libsigdelta.so"), &library).unwrap();
    (folder, library)
}

#[test]
fn programs_pass_with_the_shared_library() {
    let (folder, library) = shared("shared-library");
    run_all("shared", &library, false, |program| {
        let mut command = Command::new(program);
        command.env("LD_LIBRARY_PATH", &folder);
        command
    });
}

#[test]
fn programs_pass_with_the_static_library() {
    let library = release_folder().join("libsigdelta.a");
    run_all("static", &library, false, |program| Command::new(program));
}

#[test]
fn valgrind_finds_nothing() {
    if !has_tool("valgrind") {
        return;
    }
    let (folder, library) = shared("valgrind-library");
    run_all("valgrind", &library, true, |program| {
        let mut command = Command::new("valgrind");
        // The standard library's handle of the main thread is found by an inner pointer only.
        let kinds = ["--show-leak-kinds=definite", "--errors-for-leak-kinds=definite"];
        command.args(["--quiet", "--error-exitcode=99", "--leak-check=full"]).args(kinds);
        command.arg(program).env("LD_LIBRARY_PATH", &folder);
        command
    });
}
