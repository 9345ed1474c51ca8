//! The shared library as linkers see it: symbols, SONAME, what it needs.
#![cfg(target_os = "linux")]
#![allow(missing_docs)]

mod support;

use std::path::Path;
use std::process::Command;

use support::{
    COPYRELOC, Symbol, archive, archive_names, dynamic_section, dynamic_values, exports, folder,
    has_tool, ours, peer, run_ok, symbols,
};

/// Returns the symbols that a shared library exports, as in `symbols.txt`.
fn listed(library: &Path) -> Vec<String> {
    let line = |Symbol { name, kind, size }| match kind.as_str() {
        "FUNC" => format!("FUNC {name}"),
        _ => format!("{kind} {size} {name}"),
    };
    exports(library).into_iter().map(line).collect()
}

#[test]
fn exports_are_those_of_librsync() {
    if !has_tool("readelf") {
        return;
    }
    assert_eq!(symbols().len(), 40);
    assert_eq!(listed(&ours().shared()), symbols());
    if let Some(peer) = peer() {
        assert_eq!(listed(&peer.shared()), symbols());
    }
}

#[test]
fn the_archive_defines_the_same_names() {
    if !has_tool("nm") {
        return;
    }
    let mut names = archive_names(&archive());
    names.retain(|name| name.starts_with("rs_") || name.starts_with("RS_"));
    let symbols = symbols();
    let mut expected: Vec<_> =
        symbols.iter().map(|line| line.rsplit_once(' ').unwrap().1).collect();
    expected.sort();
    assert_eq!(names, expected);
}

#[test]
fn soname_and_needed_libraries() {
    if !has_tool("readelf") {
        return;
    }
    let library = ours().shared();
    assert_eq!(dynamic_values(&library, "SONAME"), ["librsync.so.2"]);
    for needed in dynamic_values(&library, "NEEDED") {
        let expected = ["libc.so.6", "libgcc_s.so.1"].contains(&&*needed);
        assert!(expected || needed.starts_with("ld-linux"), "{needed}");
    }
    let section = dynamic_section(&library);
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
    let program = COPYRELOC.build(&folder("copies"), &ours().shared());
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
