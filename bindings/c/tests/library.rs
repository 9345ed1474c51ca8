//! The library as linkers see it, the header as compilers do.
#![cfg(target_os = "linux")]

use std::path::PathBuf;
use std::process::Command;

#[path = "../../test-support/mod.rs"]
mod support;

use support::{
    archive_names, build_program, compile_in_every_dialect, dynamic_values, exports, folder,
    has_tool, include, release_folder, show, symbols,
};

fn shared() -> PathBuf {
    release_folder().join("libsigdelta.so")
}

#[test]
fn exports_are_those_listed_and_no_more() {
    if !has_tool("readelf") {
        return;
    }
    let exports = exports(&shared());
    let names: Vec<_> = exports.iter().map(|symbol| symbol.name.as_str()).collect();
    assert_eq!(names, symbols());
    assert!(names.iter().all(|name| name.starts_with("sigdelta_")));
    assert!(exports.iter().all(|symbol| symbol.kind == "FUNC"));
}

#[test]
fn the_header_declares_what_is_exported() {
    let header = std::fs::read_to_string(include().join("sigdelta.h")).unwrap();
    let declarations = header.split("extern \"C\" {").nth(1).unwrap();
    let mut declared: Vec<_> = declarations
        .split("SIGDELTA_EXPORT")
        .skip(1)
        .map(|declaration| declaration.split('(').next().unwrap())
        .map(|head| head.rsplit([' ', '*']).next().unwrap().to_owned())
        .collect();
    declared.sort();
    assert_eq!(declared, symbols());
}

#[test]
fn the_archive_has_the_same_names_and_none_of_librsync() {
    if !has_tool("nm") {
        return;
    }
    let names = archive_names(&release_folder().join("libsigdelta.a"));
    let (ours, others): (Vec<_>, Vec<_>) =
        names.into_iter().partition(|name| name.starts_with("sigdelta_"));
    assert_eq!(ours, symbols());
    let is_librsyncs = |name: &String| name.starts_with("rs_") || name.starts_with("RS_");
    assert_eq!(others.into_iter().find(is_librsyncs), None);
}

#[test]
fn soname_and_needed_libraries() {
    if !has_tool("readelf") {
        return;
    }
    assert_eq!(dynamic_values(&shared(), "SONAME"), ["libsigdelta.so.0"]);
    for needed in dynamic_values(&shared(), "NEEDED") {
        let expected = ["libc.so.6", "libgcc_s.so.1"].contains(&&*needed);
        assert!(expected || needed.starts_with("ld-linux"), "{needed}");
    }
}

#[test]
fn the_header_compiles_alone_and_twice() {
    let text = "#include <sigdelta.h>\n#include <sigdelta.h>\n";
    compile_in_every_dialect("twice", text, &[]);
    compile_in_every_dialect("static", text, &["-DSIGDELTA_STATIC"]);
}

#[test]
fn the_header_is_of_use_in_every_dialect() {
    let text = "
        #include <sigdelta.h>
        static int watch(void *opaque, const sigdelta_progress *progress) {
            return opaque && progress->in_total == SIGDELTA_UNKNOWN &&
                progress->phase == SIGDELTA_PHASE_DELTA;
        }
        static int read_at(void *opaque, uint64_t position, void *bytes, size_t *len) {
            *len = 0;
            return opaque || position || !bytes ? -1 : 0;
        }
        static int write_all(void *opaque, const void *bytes, size_t len) {
            return opaque && bytes && len ? 0 : -1;
        }
        int main(void) {
            sigdelta_source source = { read_at, NULL, SIGDELTA_UNKNOWN };
            struct sigdelta_sink sink = { write_all, NULL };
            sigdelta_options options = SIGDELTA_OPTIONS_INIT;
            struct sigdelta_stats stats = SIGDELTA_STATS_INIT;
            sigdelta_progress_fn *progress = watch;
            enum sigdelta_status status;
            sigdelta_bytes bytes;
            sigdelta_index *index;
            sigdelta_command command;
            options.signature_kind = SIGDELTA_ROLLSUM_MD4;
            options.strong_len = SIGDELTA_STRONG_LEN_MIN;
            options.trailer = SIGDELTA_TRAILER_REQUIRED;
            options.progress = progress;
            options.level = SIGDELTA_LEVEL_MAX;
            status = sigdelta_layered_patch_stream(&source, &source, &sink, &options, &stats);
            if (status == SIGDELTA_OK) return 1;
            status = sigdelta_signature_bytes(\"\", 0, &options, &bytes, &stats);
            if (status != SIGDELTA_OK) return status;
            status = sigdelta_index_from_bytes(bytes.data, bytes.len, NULL, &index);
            sigdelta_index_free(index);
            sigdelta_bytes_free(&bytes);
            command.kind = SIGDELTA_COMMAND_COPY;
            return (int)command.kind + (int)stats.in_bytes;
        }
    ";
    compile_in_every_dialect("used", text, &[]);
}

/// The code at the top of the header compiles, and does what is said.
#[test]
fn the_example_in_the_header_works() {
    if !has_tool("gcc") {
        return;
    }
    let header = std::fs::read_to_string(include().join("sigdelta.h")).unwrap();
    let lines = header.lines().take_while(|line| !line.starts_with(" * Status "));
    // Statements, a function, statements, with text between them.
    let mut pieces = vec![String::new()];
    for line in lines {
        match line.strip_prefix(" *     ") {
            Some(code) => *pieces.last_mut().unwrap() += &(code.to_owned() + "\n"),
            None if pieces.last().unwrap().is_empty() => {}
            None => pieces.push(String::new()),
        }
    }
    pieces.retain(|piece| !piece.is_empty());
    let [files, function, job]: [String; 3] = pieces.try_into().unwrap();
    let program = format!(
        "#include <sigdelta.h>\n#include <stdio.h>\n{function}int main(void) {{\n{files}{job}return 0;\n}}\n"
    );
    let folder = folder("example");
    let source = folder.join("example.c");
    let executable = folder.join("example");
    std::fs::write(&source, program).unwrap();
    build_program(&source, &[], &release_folder().join("libsigdelta.a"), &executable);

    let old = "an old file ".repeat(100);
    let new = "a new file with parts of ".to_owned() + &old;
    std::fs::write(folder.join("old"), &old).unwrap();
    std::fs::write(folder.join("new"), &new).unwrap();
    let run = |input: &[u8]| {
        std::fs::write(folder.join("stdin"), input).unwrap();
        let stdin = std::fs::File::open(folder.join("stdin")).unwrap();
        Command::new(&executable).current_dir(&folder).stdin(stdin).output().unwrap()
    };
    assert!(!run(b"no delta").status.success());
    assert_eq!(std::fs::read_to_string(folder.join("new.copy")).unwrap(), new);
    let delta = std::fs::read(folder.join("new.delta")).unwrap();
    assert!(!run(&delta[..delta.len() - 1]).status.success());
    let output = run(&delta);
    assert!(output.status.success(), "{}", show(&output));
    assert_eq!(String::from_utf8(output.stdout).unwrap(), new);
    std::fs::remove_file(folder.join("new")).unwrap();
    let output = run(&delta);
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).starts_with("new: cannot open: "));
}
