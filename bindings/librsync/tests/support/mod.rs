//! What the tests share: the library as built for release, Debian's, tools, programs in C.
#![allow(dead_code, missing_docs)] // no test uses all of it

pub mod json;

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

const PACKAGE: &str = env!("CARGO_MANIFEST_DIR");

/// A shared library by the name that programs look for, and where its archive is, if there is one.
pub struct Library {
    /// Holds nothing but `librsync.so.2`.
    pub folder: PathBuf,
    pub archive: Option<PathBuf>,
}

impl Library {
    fn new(name: &str, shared: &Path, archive: Option<PathBuf>) -> Self {
        let folder = folder(&format!("lib-{name}"));
        std::os::unix::fs::symlink(shared, folder.join("librsync.so.2")).unwrap();
        Library { folder, archive }
    }

    pub fn shared(&self) -> PathBuf {
        self.folder.join("librsync.so.2")
    }

    /// Returns a command that finds this library and no other.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        assert!(self.shared().exists(), "the system's library would be taken");
        let mut command = Command::new(program);
        command.env("LD_LIBRARY_PATH", &self.folder).env("LC_ALL", "C");
        command
    }
}

/// Returns our library, built for release, once.
pub fn ours() -> &'static Library {
    static LIBRARY: OnceLock<Library> = OnceLock::new();
    LIBRARY.get_or_init(|| {
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
        let status = Command::new(env!("CARGO"))
            .args(["build", "--quiet", "--release", "--package", "sigdelta-librsync"])
            .arg("--target-dir")
            .arg(target)
            .env_remove("CARGO_BUILD_TARGET")
            .current_dir(PACKAGE)
            .status()
            .unwrap();
        assert!(status.success(), "the library does not build");
        let built = target.join("release");
        Library::new("ours", &built.join("librsync.so"), Some(built.join("librsync.a")))
    })
}

/// Returns Debian's library (package `librsync2`), or None where it is not installed; in CI it must
/// be there.
pub fn peer() -> Option<&'static Library> {
    static LIBRARY: OnceLock<Option<Library>> = OnceLock::new();
    let library = LIBRARY.get_or_init(|| {
        let path = match std::env::var_os("SIGDELTA_PEER_LIBRSYNC") {
            Some(path) => Some(path.into()),
            None => ["/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64"]
                .map(|folder| Path::new(folder).join("librsync.so.2"))
                .into_iter()
                .find(|path| path.exists()),
        };
        path.map(|path: PathBuf| Library::new("peer", &path, None))
    });
    found(library.as_ref(), "librsync2")
}

/// Returns Debian's `rdiff`, on the same terms as [`peer`].
pub fn peer_rdiff() -> Option<PathBuf> {
    let rdiff = std::env::var_os("SIGDELTA_PEER_RDIFF").unwrap_or_else(|| "/usr/bin/rdiff".into());
    let rdiff = PathBuf::from(rdiff);
    found(rdiff.exists().then_some(rdiff), "rdiff")
}

/// Returns whether a program is installed, on the same terms as [`peer`].
pub fn has_tool(name: &str) -> bool {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    let tool = std::env::split_paths(&paths).find(|path| path.join(name).exists());
    found(tool, name).is_some()
}

fn found<T>(peer: Option<T>, name: &str) -> Option<T> {
    if peer.is_none() {
        assert!(std::env::var_os("CI").is_none(), "{name} is not installed");
        eprintln!("skipped: {name} is not installed");
    }
    peer
}

/// Returns an empty folder for one test.
pub fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"))
        .join(format!("librsync-{}-{name}", env!("CARGO_CRATE_NAME")));
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

/// Where `librsync.h` is.
pub fn include() -> PathBuf {
    Path::new(PACKAGE).join("../../include")
}

pub fn symbols() -> String {
    std::fs::read_to_string(Path::new(PACKAGE).join("symbols.txt")).unwrap()
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

/// A program in `tests/c`.
pub struct Program {
    pub name: &'static str,
    pub source: &'static str,
    pub flags: &'static [&'static str],
    /// It tests what C librsync does, too.
    pub is_fact: bool,
    /// Quick enough for valgrind, and nothing that valgrind does itself.
    pub for_valgrind: bool,
}

const fn fact(name: &'static str, source: &'static str) -> Program {
    Program { name, source, flags: &[], is_fact: true, for_valgrind: true }
}

const fn beyond(name: &'static str, source: &'static str, for_valgrind: bool) -> Program {
    Program { name, source, flags: &[], is_fact: false, for_valgrind }
}

pub const COPYRELOC: Program =
    Program { flags: &["-fno-pie", "-no-pie"], ..fact("copyreloc", "copyreloc.c") };

pub const VECTORS: Program = fact("vectors", "vectors.c");

/// All programs that need no arguments.
pub const PROGRAMS: [Program; 17] = [
    fact("layout", "layout.c"),
    fact("text", "text.c"),
    fact("sigargs", "sigargs.c"),
    fact("stats", "stats.c"),
    fact("trace", "trace.c"),
    fact("files", "files.c"),
    fact("streaming", "streaming.c"),
    fact("drive", "drive.c"),
    fact("callbacks", "callbacks.c"),
    fact("stdio", "stdio.c"),
    fact("hostile", "hostile.c"),
    COPYRELOC,
    beyond("beyond", "beyond.c", true),
    beyond("exceptions", "exceptions.cpp", true),
    beyond("threads", "threads.c", false),
    beyond("nomem", "nomem.c", false),
    beyond("huge", "huge.c", false),
];

/// What `rustc --print native-static-libs` names, but for what is part of the C library today.
const NATIVE: &[&str] = &["-lgcc_s", "-lpthread", "-lm", "-ldl"];

/// What a program is linked with.
pub enum Link<'a> {
    Shared(&'a Library),
    Static(&'a Library),
}

impl Program {
    /// Compiles into `folder`, without a warning.
    #[track_caller]
    pub fn build(&self, folder: &Path, link: &Link<'_>) -> PathBuf {
        let (compiler, standard) = match self.source.ends_with(".cpp") {
            true => ("g++", "-std=c++11"),
            false => ("gcc", "-std=c11"),
        };
        let executable = folder.join(self.name);
        let mut command = Command::new(compiler);
        command
            .args([standard, "-g", "-O1", "-Wall", "-Wextra", "-Werror", "-pthread"])
            .args(self.flags)
            .arg("-I")
            .arg(include())
            .arg(Path::new(PACKAGE).join("tests/c").join(self.source))
            .arg("-o")
            .arg(&executable);
        match link {
            Link::Shared(library) => command.arg(library.shared()),
            // The libraries that `rustc --print native-static-libs` names.
            Link::Static(library) => command.arg(library.archive.as_ref().unwrap()).args([
                "-lgcc_s",
                "-lutil",
                "-lrt",
                "-lpthread",
                "-lm",
                "-ldl",
                "-lc",
            ]),
        };
        run_ok(&mut command);
        executable
    }
}
