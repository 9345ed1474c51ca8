//! What tests of the C libraries share: the library as built for release, peers, tools, programs.
//!
//! Each test crate takes this file in by its path; the package is the one that is tested.
#![allow(dead_code, missing_docs)] // no test uses all of it

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

pub const PACKAGE: &str = env!("CARGO_MANIFEST_DIR");

/// Returns the folder with the libraries of this package, which are built for release, once.
pub fn release_folder() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
        let mut build = Command::new(env!("CARGO"));
        build.args(["build", "--quiet", "--release", "--package", env!("CARGO_PKG_NAME")]);
        build.arg("--target-dir").arg(target).env_remove("CARGO_BUILD_TARGET").current_dir(PACKAGE);
        run_ok(&mut build);
        target.join("release")
    })
}

/// Returns whether a program is installed; in CI it must be.
pub fn has_tool(name: &str) -> bool {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    existing(name, std::env::split_paths(&paths).map(|path| path.join(name))).is_some()
}

/// Returns Debian's `rdiff`, or the one that was chosen; in CI it must be installed.
pub fn peer_rdiff() -> Option<PathBuf> {
    peer("SIGDELTA_PEER_RDIFF", "rdiff", &["/usr/bin/rdiff"])
}

/// Returns Debian's `librsync.so.2`, or the one that was chosen; in CI it must be installed.
pub fn peer_librsync() -> Option<PathBuf> {
    let paths = [
        "/usr/lib/x86_64-linux-gnu/librsync.so.2",
        "/usr/lib/aarch64-linux-gnu/librsync.so.2",
        "/usr/lib64/librsync.so.2",
    ];
    peer("SIGDELTA_PEER_LIBRSYNC", "librsync2", &paths)
}

fn peer(variable: &str, name: &str, paths: &[&str]) -> Option<PathBuf> {
    match std::env::var_os(variable) {
        Some(chosen) => Some(chosen.into()), // tests fail if it is missing
        None => existing(name, paths.iter().map(PathBuf::from)),
    }
}

/// Returns the first path that exists; in CI one must.
fn existing(name: &str, paths: impl IntoIterator<Item = PathBuf>) -> Option<PathBuf> {
    let found = paths.into_iter().find(|path| path.exists());
    if found.is_none() {
        assert!(std::env::var_os("CI").is_none(), "{name} is not installed");
        eprintln!("skipped: {name} is not installed");
    }
    found
}

/// Returns an empty folder for one test.
pub fn folder(name: &str) -> PathBuf {
    let name = format!("{}-{}-{name}", env!("CARGO_PKG_NAME"), env!("CARGO_CRATE_NAME"));
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// Where the headers are.
pub fn include() -> PathBuf {
    Path::new(PACKAGE).join("../../include")
}

/// Returns what a command prints; it must succeed.
#[track_caller]
pub fn run_ok(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {}", show(&output));
    String::from_utf8(output.stdout).unwrap()
}

/// How a command ended, for people.
pub fn show(output: &Output) -> String {
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    format!("{}\n{}{}", output.status, text(&output.stdout), text(&output.stderr))
}

/// Returns the lines of `symbols.txt`: what the package is to export.
pub fn symbols() -> Vec<String> {
    let text = std::fs::read_to_string(Path::new(PACKAGE).join("symbols.txt")).unwrap();
    text.lines().map(str::to_owned).collect()
}

/// A symbol that a shared library exports, in the words of `readelf`.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
pub struct Symbol {
    pub name: String,
    pub kind: String,
    pub size: String,
}

/// Returns the symbols that a shared library exports, sorted by name.
pub fn exports(library: &Path) -> Vec<Symbol> {
    let table = run_ok(Command::new("readelf").args(["--wide", "--dyn-syms"]).arg(library));
    let mut exports: Vec<_> = table
        .lines()
        .filter_map(|line| {
            let columns: Vec<_> = line.split_whitespace().collect();
            match columns[..] {
                [number, _, size, kind, _, _, section, name]
                    if number.ends_with(':') && number != "Num:" && section != "UND" =>
                {
                    Some(Symbol { name: name.into(), kind: kind.into(), size: size.into() })
                }
                _ => None,
            }
        })
        .collect();
    exports.sort();
    exports
}

/// Returns the names that an archive defines for others, sorted.
pub fn archive_names(archive: &Path) -> Vec<String> {
    let table = run_ok(Command::new("nm").args(["--extern-only", "--defined-only"]).arg(archive));
    let names = table.lines().filter_map(|line| line.rsplit_once(' ').map(|(_, name)| name));
    let mut names: Vec<_> = names.map(str::to_owned).collect();
    names.sort();
    names
}

/// Returns the dynamic section of a shared library, for people.
pub fn dynamic_section(library: &Path) -> String {
    run_ok(Command::new("readelf").args(["--wide", "--dynamic"]).arg(library))
}

/// Returns the values that a shared library has for a tag, as SONAME or NEEDED.
pub fn dynamic_values(library: &Path, tag: &str) -> Vec<String> {
    let section = dynamic_section(library);
    let tagged = section.lines().filter(|line| line.contains(&format!("({tag})")));
    tagged.map(|line| line.split(['[', ']']).nth(1).unwrap().to_owned()).collect()
}

/// Checks that a text compiles in every dialect of C and C++ without a warning.
pub fn compile_in_every_dialect(name: &str, text: &str, flags: &[&str]) {
    let folder = folder(name);
    let compile = |compiler: &str, file: &str, standards: &[&str], warnings: &[&str]| {
        if !has_tool(compiler) {
            return;
        }
        let source = folder.join(file);
        std::fs::write(&source, text).unwrap();
        for standard in standards {
            let mut command = Command::new(compiler);
            command.args([standard, "-fsyntax-only", "-Wall", "-Wextra", "-pedantic", "-Werror"]);
            run_ok(command.args(warnings).args(flags).arg("-I").arg(include()).arg(&source));
        }
    };
    let c = ["-std=c99", "-std=c11", "-std=c17"];
    compile("gcc", "test.c", &c, &["-Wstrict-prototypes", "-Wmissing-prototypes"]);
    let cxx = ["-std=c++98", "-std=c++11", "-std=c++20"];
    compile("g++", "test.cpp", &cxx, &["-Wmissing-declarations"]);
}

/// What a program needs beside our archive: `rustc --print native-static-libs`.
pub const NATIVE_LIBRARIES: &[&str] =
    &["-lgcc_s", "-lutil", "-lrt", "-lpthread", "-lm", "-ldl", "-lc"];

/// Compiles a program without a warning, as C11 or C++11, and links it with a library.
#[track_caller]
pub fn build_program(source: &Path, flags: &[&str], library: &Path, executable: &Path) {
    let (compiler, standard) = match source.extension() {
        Some(extension) if extension == "cpp" => ("g++", "-std=c++11"),
        _ => ("gcc", "-std=c11"),
    };
    let mut command = Command::new(compiler);
    command.args([standard, "-g", "-O1", "-Wall", "-Wextra", "-Werror", "-pedantic", "-pthread"]);
    for folder in [include(), Path::new(PACKAGE).join("../test-support")] {
        command.arg("-I").arg(folder);
    }
    command.args(flags).arg(source).args(["-Wl,--as-needed", "-o"]).arg(executable).arg(library);
    // A shared library names itself what it needs; libdl is for programs.
    let is_archive = library.extension().is_some_and(|extension| extension == "a");
    command.args(if is_archive { NATIVE_LIBRARIES } else { &["-ldl"] });
    run_ok(&mut command);
}
