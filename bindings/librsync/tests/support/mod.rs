//! What tests of librsync share beyond `test-support`: libraries by name, programs in `tests/c`.
#![allow(dead_code, missing_docs)] // no test uses all of it

pub mod json;
#[path = "../../../test-support/mod.rs"]
mod test_support;

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

pub use test_support::*;

/// A shared library by the name that programs look for.
pub struct Library {
    /// Holds nothing but `librsync.so.2`.
    folder: PathBuf,
}

impl Library {
    fn new(name: &str, shared: &Path) -> Self {
        let folder = folder(&format!("lib-{name}"));
        std::os::unix::fs::symlink(shared, folder.join("librsync.so.2")).unwrap();
        Library { folder }
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

/// Returns our library.
pub fn ours() -> &'static Library {
    static LIBRARY: OnceLock<Library> = OnceLock::new();
    LIBRARY.get_or_init(|| Library::new("ours", &release_folder().join("librsync.so")))
}

/// Returns our static library.
pub fn archive() -> PathBuf {
    release_folder().join("librsync.a")
}

/// Returns Debian's library, if there is [`peer_librsync`].
pub fn peer() -> Option<&'static Library> {
    static LIBRARY: OnceLock<Option<Library>> = OnceLock::new();
    LIBRARY.get_or_init(|| peer_librsync().map(|path| Library::new("peer", &path))).as_ref()
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

pub const MANY_BLOCKS: Program = beyond("many-blocks", "many-blocks.c", false);

/// All programs that need no arguments and little memory.
pub const PROGRAMS: [Program; 18] = [
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
    Program { for_valgrind: false, ..fact("interrupted", "interrupted.c") },
    beyond("beyond", "beyond.c", true),
    beyond("exceptions", "exceptions.cpp", true),
    beyond("threads", "threads.c", false),
    beyond("nomem", "nomem.c", false),
    beyond("huge", "huge.c", false),
];

impl Program {
    /// Compiles into `folder`, without a warning, and links with a library.
    #[track_caller]
    pub fn build(&self, folder: &Path, library: &Path) -> PathBuf {
        let executable = folder.join(self.name);
        let source = Path::new(PACKAGE).join("tests/c").join(self.source);
        build_program(&source, self.flags, library, &executable);
        executable
    }
}
