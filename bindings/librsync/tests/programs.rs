//! The programs in `tests/c`, on our shared and static library, on Debian's, under valgrind.
#![cfg(target_os = "linux")]
#![allow(missing_docs)]

mod support;

use std::path::Path;
use std::process::Command;

use support::{
    Library, MANY_BLOCKS, PROGRAMS, Program, archive, folder, has_tool, ours, peer, run_ok, show,
};

/// Builds and runs programs, each in a folder of its own, and says which failed and how.
fn run_all(
    name: &str,
    library: &Path,
    wanted: impl Fn(&Program) -> bool,
    command: impl Fn(&Path) -> Command,
) {
    if !has_tool("gcc") || !has_tool("g++") {
        return;
    }
    let folder = folder(name);
    let mut failures = String::new();
    for program in PROGRAMS.iter().filter(|program| wanted(program)) {
        let executable = program.build(&folder, library);
        let scratch = folder.join(format!("{}-files", program.name));
        std::fs::create_dir(&scratch).unwrap();
        let output = command(&executable).current_dir(scratch).output().unwrap();
        if !output.status.success() {
            failures += &format!("{}: {}\n", program.name, show(&output));
        }
    }
    assert!(failures.is_empty(), "{failures}");
}

fn all(_: &Program) -> bool {
    true
}

#[test]
fn programs_pass_with_the_shared_library() {
    let library = ours();
    run_all("shared", &library.shared(), all, |program| library.command(program));
}

#[test]
fn programs_pass_with_the_static_library() {
    run_all("static", &archive(), all, |program| Command::new(program));
}

/// But for one: starting threads needs memory as the runtime does.
#[test]
fn programs_pass_with_several_threads() {
    let library = ours();
    let wanted = |program: &Program| program.name != "nomem";
    run_all("several-threads", &library.shared(), wanted, |program| {
        let mut command = library.command(program);
        command.env("SIGDELTA_THREADS", "3");
        command
    });
}

/// What is tested of librsync's behaviour is true.
#[test]
fn facts_hold_for_debians_library() {
    let Some(library) = peer() else { return };
    let is_fact = |program: &Program| program.is_fact;
    run_all("peer", &library.shared(), is_fact, |program| library.command(program));
}

#[test]
fn more_blocks_than_librsync_can_find() {
    if std::env::var_os("CI").is_none() || !has_tool("gcc") {
        eprintln!("skipped: takes 3 GiB of memory, so in CI alone");
        return;
    }
    let library = ours();
    let program = MANY_BLOCKS.build(&folder("many-blocks"), &library.shared());
    run_ok(&mut library.command(program));
}

fn valgrind(library: &Library, program: &Path) -> Command {
    let mut command = library.command("valgrind");
    command.args(["--quiet", "--leak-check=full", "--error-exitcode=99"]).arg(program);
    command
}

#[test]
fn valgrind_finds_nothing() {
    if !has_tool("valgrind") {
        return;
    }
    let library = ours();
    let wanted = |program: &Program| program.for_valgrind;
    run_all("valgrind", &library.shared(), wanted, |program| valgrind(library, program));
}
