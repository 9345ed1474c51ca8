//! Whole files: outputs that appear complete or not at all, and never in place of an input.
#![cfg(all(unix, feature = "file"))]

mod common;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use common::Rng;
use sigdelta::file::{self, Existing, OutputFile};
use sigdelta::{AfterEnd, DeltaOptions, Error, IoAction, PatchOptions, Result, SignatureOptions};
use tempfile::TempDir;

/// A directory with the files `old` and `new`, their `signature`, and two deltas.
struct Place(TempDir);

impl Place {
    fn new() -> Self {
        let place = Place(TempDir::new().unwrap());
        let mut rng = Rng::new(7);
        let old = rng.bytes(100_000, 256);
        let new = [&old[50_000..], b"something new", &old[..49_000]].concat();
        place.put("old", &old);
        place.put("new", &new);
        place.make("signature", "signature").unwrap();
        place.make("delta", "delta").unwrap();
        place.make("diff", "delta-with-trailer").unwrap();
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn put(&self, name: &str, content: &[u8]) {
        fs::write(self.path(name), content).unwrap();
    }

    fn get(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap()
    }

    /// Performs an operation on the files of the directory.
    fn make(&self, operation: &str, output: &str) -> Result<()> {
        let [old, new] = [self.path("old"), self.path("new")];
        let signature_options = SignatureOptions::new().block_len(1000);
        let output = &self.path(output);
        match operation {
            "signature" => file::signature(&old, output, &signature_options).map(drop),
            "delta" => {
                let signature = self.path("signature");
                file::delta(&signature, &new, output, DeltaOptions::new()).map(drop)
            }
            "diff" => {
                let options = DeltaOptions::new().trailer(true);
                file::diff(&old, &new, output, &signature_options, options).map(drop)
            }
            _ => file::patch(&old, &self.path("delta"), output, PatchOptions::new()).map(drop),
        }
    }

    /// Returns every name in the directory with the content behind it.
    fn everything(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let paths = fs::read_dir(self.0.path()).unwrap().map(|entry| entry.unwrap().path());
        paths.map(|path| (path.clone(), fs::read(path).unwrap())).collect()
    }

    /// Fails unless the operation does, and leaves the directory as it was.
    #[track_caller]
    fn refuses<T: std::fmt::Debug>(&self, operation: impl FnOnce() -> Result<T>) -> Error {
        let before = self.everything();
        let error = operation().unwrap_err();
        assert!(self.everything() == before, "something changed after {error}");
        error
    }
}

/// Each operation and the files that it reads.
const OPERATIONS: [(&str, [&str; 2]); 4] = [
    ("signature", ["old", "old"]),
    ("delta", ["signature", "new"]),
    ("diff", ["old", "new"]),
    ("patch", ["old", "delta"]),
];

#[test]
fn files_make_the_round_trip() {
    let place = Place::new();
    let signature = place.get("signature");
    assert!(place.get("delta") == sigdelta::delta(&signature, &place.get("new")).unwrap());
    assert_eq!(place.get("delta-with-trailer").len(), place.get("delta").len() + 48);
    for (delta, verified) in [("delta", false), ("delta-with-trailer", true)] {
        let (output, options) = (place.path("result"), PatchOptions::new());
        let stats = file::patch(&place.path("old"), &place.path(delta), &output, options).unwrap();
        assert!(place.get("result") == place.get("new"));
        assert_eq!(stats.verified, verified);
    }
}

#[test]
fn an_existing_output_is_replaced() {
    let place = Place::new();
    for (operation, _) in OPERATIONS {
        place.make(operation, "expected").unwrap();
        place.put("output", b"in the way");
        place.make(operation, "output").unwrap();
        assert!(place.get("output") == place.get("expected"), "{operation}");
    }
    let names: Vec<_> = place.everything().into_keys().collect();
    assert_eq!(names.len(), 7, "{names:?}");
}

#[test]
fn a_truncated_delta_leaves_the_output_as_it_was() {
    let place = Place::new();
    let delta = place.get("delta");
    for len in [0, 3, 4, 5, delta.len() / 2, delta.len() - 1] {
        place.put("delta", &delta[..len]);
        let error = place.refuses(|| place.make("patch", "missing"));
        assert_eq!(error.kind().code(), 103);
        place.put("output", b"as it was");
        let error = place.refuses(|| place.make("patch", "output"));
        assert!(matches!(error, Error::File { path, .. } if path == place.path("delta")));
        fs::remove_file(place.path("output")).unwrap();
    }
}

#[test]
fn a_wrong_basis_is_noticed_by_the_trailer() {
    let place = Place::new();
    place.put("output", b"as it was");
    let mut wrong = place.get("old");
    wrong[70_000] ^= 1;
    place.put("wrong", &wrong);
    place.put("short", &wrong[..90_000]);
    for output in ["output", "missing"] {
        let patch = |basis: &str| {
            let delta = place.path("delta-with-trailer");
            let options = PatchOptions::new().after_end(AfterEnd::Require);
            file::patch(&place.path(basis), &delta, &place.path(output), options)
        };
        let error = place.refuses(|| patch("wrong"));
        assert!(matches!(error.without_file(), Error::ResultMismatch { .. }), "{error}");
        let error = place.refuses(|| patch("short"));
        let Error::File { path, cause } = error else { panic!("{error}") };
        assert_eq!(path, place.path("short"));
        assert!(matches!(*cause, Error::BasisEnded { ended_at: 90_000, .. }), "{cause}");
    }
}

#[test]
fn a_delta_without_the_trailer_that_is_required_makes_nothing() {
    let place = Place::new();
    let [old, delta, output] = ["old", "delta", "output"].map(|name| place.path(name));
    let options = PatchOptions::new().after_end(AfterEnd::Require);
    let error = place.refuses(|| file::patch(&old, &delta, &output, options));
    assert!(matches!(error.without_file(), Error::TrailerMissing { .. }), "{error}");
}

#[test]
fn a_result_beyond_the_limit_makes_nothing() {
    let place = Place::new();
    let [old, delta, output] = ["old", "delta", "output"].map(|name| place.path(name));
    let options = PatchOptions::new().max_output_bytes(99_012);
    let error = place.refuses(|| file::patch(&old, &delta, &output, options));
    assert_eq!(error.kind().code(), 102);
    let options = PatchOptions::new().max_output_bytes(99_013);
    assert_eq!(file::patch(&old, &delta, &output, options).unwrap().out_bytes, 99_013);
}

#[test]
fn a_damaged_signature_makes_no_delta() {
    let place = Place::new();
    let signature = place.get("signature");
    for damaged in [&b""[..], b"rs\x026", &signature[..signature.len() - 1]] {
        place.put("signature", damaged);
        let error = place.refuses(|| place.make("delta", "output"));
        assert!(matches!(error, Error::File { path, .. } if path == place.path("signature")));
    }
}

#[test]
fn an_input_that_is_missing_makes_nothing_and_is_named() {
    let place = Place::new();
    for (operation, inputs) in OPERATIONS {
        for input in inputs {
            let content = place.get(input);
            fs::remove_file(place.path(input)).unwrap();
            let error = place.refuses(|| place.make(operation, "output"));
            place.put(input, &content);
            assert_eq!(error.kind().code(), 100);
            assert!(matches!(error, Error::File { path, .. } if path == place.path(input)));
        }
    }
}

#[test]
fn an_output_that_cannot_be_made_is_named() {
    let place = Place::new();
    for (operation, _) in OPERATIONS {
        for output in [".", "no/such/directory"] {
            let error = place.refuses(|| place.make(operation, output));
            let Error::File { path, cause } = error else { panic!("{error}") };
            assert_eq!(path, place.path(output));
            assert!(matches!(*cause, Error::Io { action: IoAction::Create, .. }), "{cause}");
        }
    }
}

#[test]
fn an_output_that_is_an_input_is_refused_under_every_name() {
    let place = Place::new();
    for (operation, inputs) in OPERATIONS {
        for input in inputs {
            symlink(place.path(input), place.path("absolute")).unwrap();
            symlink(input, place.path("relative")).unwrap();
            symlink("relative", place.path("symbolic")).unwrap();
            fs::hard_link(place.path(input), place.path("hard")).unwrap();
            for output in [input, "absolute", "relative", "symbolic", "hard"] {
                let error = place.refuses(|| place.make(operation, output));
                assert!(error.to_string().contains("the same file as an input"), "{error}");
            }
            for name in ["absolute", "relative", "symbolic", "hard"] {
                fs::remove_file(place.path(name)).unwrap();
            }
        }
    }
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().mode() & 0o7777
}

#[test]
fn a_replaced_file_keeps_its_permissions_and_a_new_one_gets_the_usual() {
    let place = Place::new();
    let output = place.path("output");
    for bits in [0o600, 0o644, 0o751] {
        place.put("output", b"in the way");
        fs::set_permissions(&output, fs::Permissions::from_mode(bits)).unwrap();
        place.make("patch", "output").unwrap();
        assert!(place.get("output") == place.get("new"));
        assert_eq!(mode(&output), bits);
    }
    place.make("patch", "fresh").unwrap();
    assert_eq!(mode(&place.path("fresh")), mode(&place.path("old")));
}

#[test]
fn symbolic_links_to_the_output_are_followed() {
    let place = Place::new();
    fs::create_dir(place.path("elsewhere")).unwrap();
    place.put("elsewhere/existing", b"in the way");
    for target in ["elsewhere/existing", "elsewhere/missing"] {
        symlink(target, place.path("inner")).unwrap();
        symlink(place.path("inner"), place.path("outer")).unwrap();
        place.make("patch", "outer").unwrap();
        assert!(place.get(target) == place.get("new"));
        for link in ["inner", "outer"] {
            assert!(place.path(link).is_symlink());
            fs::remove_file(place.path(link)).unwrap();
        }
    }
    assert_eq!(fs::read_dir(place.path("elsewhere")).unwrap().count(), 2);
}

#[test]
fn a_loop_of_symbolic_links_is_no_output() {
    let place = Place::new();
    symlink("loop", place.path("loop")).unwrap();
    let error = place.make("patch", "loop").unwrap_err();
    assert_eq!(error.kind().code(), 100);
    assert!(place.path("loop").is_symlink());
}

/// Comes before every use of a device, which root would lose if it were replaced like a file.
fn assert_pipes_are_written_directly(place: &Place) {
    let pipe = place.path("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let reader = std::thread::spawn({
        let pipe = pipe.clone();
        move || fs::read(pipe).unwrap()
    });
    place.make("patch", "pipe").unwrap();
    assert!(fs::metadata(&pipe).unwrap().file_type().is_fifo());
    assert!(reader.join().unwrap() == place.get("new"));
    fs::remove_file(pipe).unwrap();
}

#[test]
fn pipes_and_devices_are_written_directly() {
    let place = Place::new();
    assert_pipes_are_written_directly(&place);
    let names = place.everything().len();
    for (operation, _) in OPERATIONS {
        place.make(operation, "/dev/null").unwrap();
    }
    assert!(fs::metadata("/dev/null").unwrap().file_type().is_char_device());
    assert_eq!(place.everything().len(), names);
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_an_error_of_the_output() {
    let place = Place::new();
    assert_pipes_are_written_directly(&place);
    for (operation, _) in OPERATIONS {
        let error = place.refuses(|| place.make(operation, "/dev/full"));
        let Error::File { path, cause } = error else { panic!("{error}") };
        assert_eq!(path, Path::new("/dev/full"));
        assert!(matches!(*cause, Error::Io { action: IoAction::Write, .. }), "{cause}");
    }
}

#[test]
fn nothing_is_at_the_path_before_the_commit() {
    let place = Place::new();
    let path = place.path("output");
    let before = place.everything();
    for existing in [Existing::Refuse, Existing::Replace] {
        let mut output = OutputFile::create(&path, existing, &[]).unwrap();
        output.write_all(b"half of").unwrap();
        let temporary = output.temporary_path().unwrap().to_owned();
        assert_eq!((temporary.parent(), path.exists()), (path.parent(), false));
        assert!(temporary.exists());
        drop(output);
        assert!(place.everything() == before);
    }
    let mut output = OutputFile::create(&path, Existing::Refuse, &[]).unwrap();
    output.write_all(b"the whole").unwrap();
    output.commit().unwrap();
    assert_eq!(place.get("output"), b"the whole");
    assert_eq!(place.everything().len(), before.len() + 1);
}

#[test]
fn an_output_that_must_not_exist_is_refused_if_it_does() {
    let place = Place::new();
    let new = File::open(place.path("new")).unwrap();
    let create = || OutputFile::create(&place.path("old"), Existing::Refuse, &[&new]);
    let error = place.refuses(create);
    assert_already_exists(&error);

    // The same if it appears while the output is written.
    let mut output = OutputFile::create(&place.path("late"), Existing::Refuse, &[]).unwrap();
    output.write_all(b"too late").unwrap();
    place.put("late", b"early");
    let names = place.everything().len();
    assert_already_exists(&output.commit().unwrap_err());
    assert_eq!(place.get("late"), b"early");
    assert_eq!(place.everything().len(), names - 1, "the temporary file is gone");
}

#[test]
fn an_open_file_is_written_directly_unless_it_is_an_input() {
    let place = Place::new();
    let (path, name) = (place.path("output"), Path::new("standard output"));
    let file = File::create(&path).unwrap();
    let same = File::open(&path).unwrap();
    let inputs = [&same];
    let from_file = |inputs| OutputFile::from_file(name, file.try_clone().unwrap(), inputs);
    let error = place.refuses(|| from_file(&inputs));
    assert!(matches!(error, Error::File { path, .. } if path == name));

    let mut output = from_file(&[]).unwrap();
    output.write_all(b"at once").unwrap();
    assert_eq!(place.get("output"), b"at once");
    output.commit().unwrap();
}

#[track_caller]
fn assert_already_exists(error: &Error) {
    let Error::Io { cause, .. } = error.without_file() else { panic!("{error}") };
    assert_eq!(cause.kind(), std::io::ErrorKind::AlreadyExists);
}
