//! The shared library as linkers see it: symbols, SONAME, what it needs.
#![cfg(target_os = "linux")]
#![allow(missing_docs)]

mod support;

use std::path::Path;
use std::process::Command;

use support::{COPYRELOC, Link, folder, has_tool, ours, peer, run_ok, symbols};

/// Returns the symbols that a shared library exports, as in `symbols.txt`.
fn exports(library: &Path) -> String {
    let table = run_ok(Command::new("readelf").args(["--wide", "--dyn-syms"]).arg(library));
    let mut lines: Vec<_> = table
        .lines()
        .filter_map(|line| {
            let columns: Vec<_> = line.split_whitespace().collect();
            match columns[..] {
                [number, _, size, kind, _, _, section, name]
                    if number.ends_with(':') && number != "Num:" && section != "UND" =>
                {
                    Some((name.to_owned(), kind.to_owned(), size.to_owned()))
                }
                _ => None,
            }
        })
        .collect();
    lines.sort();
    lines
        .iter()
        .map(|(name, kind, size)| match kind.as_str() {
            "FUNC" => format!("FUNC {name}\n"),
            kind => format!("{kind} {size} {name}\n"),
        })
        .collect()
}

fn dynamic_section(library: &Path) -> String {
    run_ok(Command::new("readelf").args(["--wide", "--dynamic"]).arg(library))
}

/// Returns the bracketed values of one tag.
fn values<'a>(section: &'a str, tag: &str) -> Vec<&'a str> {
    section
        .lines()
        .filter(|line| line.contains(tag))
        .map(|line| line.split(['[', ']']).nth(1).unwrap())
        .collect()
}

#[test]
fn exports_are_those_of_librsync() {
    if !has_tool("readelf") {
        return;
    }
    assert_eq!(symbols().lines().count(), 40);
    assert_eq!(exports(&ours().shared()), symbols());
    if let Some(peer) = peer() {
        assert_eq!(exports(&peer.shared()), symbols());
    }
}

#[test]
fn the_archive_defines_the_same_names() {
    if !has_tool("nm") {
        return;
    }
    let archive = ours().archive.as_ref().unwrap();
    let table = run_ok(Command::new("nm").args(["--extern-only", "--defined-only"]).arg(archive));
    let mut names: Vec<_> = table
        .lines()
        .filter_map(|line| line.rsplit_once(' ').map(|(_, name)| name))
        .filter(|name| name.starts_with("rs_") || name.starts_with("RS_"))
        .collect();
    names.sort();
    let symbols = symbols();
    let mut expected: Vec<_> =
        symbols.lines().map(|line| line.rsplit_once(' ').unwrap().1).collect();
    expected.sort();
    assert_eq!(names, expected);
}

#[test]
fn soname_and_needed_libraries() {
    if !has_tool("readelf") {
        return;
    }
    let section = dynamic_section(&ours().shared());
    assert_eq!(values(&section, "(SONAME)"), ["librsync.so.2"]);
    for needed in values(&section, "(NEEDED)") {
        let expected = ["libc.so.6", "libgcc_s.so.1"].contains(&needed);
        assert!(expected || needed.starts_with("ld-linux"), "{needed}");
    }
    // Bound to itself it would not see a program's copies of its data.
    assert!(!section.contains("SYMBOLIC"), "{section}");
    assert!(!section.contains("TEXTREL"), "{section}");
}

#[test]
fn symbols_have_no_versions() {
    if !has_tool("readelf") {
        return;
    }
    let library = ours().shared();
    let versions = run_ok(Command::new("readelf").args(["--wide", "--version-info"]).arg(library));
    assert!(!versions.contains("Version definition section"), "{versions}");
}

/// Data of the library is copied into programs that are not position independent. Their test proves
/// something only if that happens.
#[test]
#[cfg(target_arch = "x86_64")]
fn old_style_programs_hold_copies_of_data() {
    if !has_tool("gcc") || !has_tool("readelf") {
        return;
    }
    let program = COPYRELOC.build(&folder("copies"), &Link::Shared(ours()));
    let table = run_ok(Command::new("readelf").args(["--wide", "--relocs"]).arg(program));
    for name in ["rs_librsync_version", "rs_inbuflen", "rs_outbuflen", "RS_MD4_SUM_LENGTH"] {
        let copied = |line: &str| line.contains("_COPY ") && line.contains(name);
        assert!(table.lines().any(copied), "{name} is not copied:\n{table}");
    }
}

#[test]
fn abidiff_finds_no_difference_to_debians_library() {
    let Some(peer) = peer() else { return };
    if !has_tool("abidiff") {
        return;
    }
    // Of Rust's debug information it makes nothing, so symbols alone are compared.
    let report = run_ok(Command::new("abidiff").arg(peer.shared()).arg(ours().shared()));
    assert_eq!(report, "");
}
