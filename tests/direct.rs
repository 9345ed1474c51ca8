//! Patches from file to file, whose long copies the system makes: the same results as by reading.
#![cfg(all(unix, feature = "file"))]

mod common;

use std::cell::Cell;
use std::fs::{self, File};
use std::io::{Read, Seek, Write};
use std::ops::{ControlFlow, Range};
use std::path::{Path, PathBuf};

use common::Rng;
use sigdelta::file::{self, Existing, OutputFile};
use sigdelta::io::{self, Basis, BufferSizes};
use sigdelta::{
    AfterEnd, Error, IoAction, Monitor, PatchOptions, PatchStats, Patcher, Progress, Result,
};
use tempfile::TempDir;

/// Copies of fewer bytes are read, whatever the file system.
const ALWAYS_READ: u64 = 16 << 10;
/// Copies of at least this many from one page to another are made by the system.
const NEVER_READ: u64 = 64 << 10;

/// A part of a result: of the basis, or new.
enum Part {
    Copy(Range<usize>),
    Literal(Vec<u8>),
}
use Part::{Copy, Literal};

/// A directory with a basis of 3,000,000 bytes, and a delta of some parts.
struct Place {
    directory: TempDir,
    basis: Vec<u8>,
    expected: Vec<u8>,
}

impl Place {
    fn new(parts: &[Part]) -> Self {
        Self::in_directory(TempDir::new().unwrap(), parts)
    }

    fn in_directory(directory: TempDir, parts: &[Part]) -> Self {
        let basis = Rng::new(5).bytes(3_000_000, 256);
        fs::write(directory.path().join("basis"), &basis).unwrap();
        let mut place = Place { directory, basis, expected: Vec::new() };
        place.put_delta(parts, &[]);
        for part in parts {
            match part {
                Copy(range) => place.expected.extend(&place.basis[range.clone()]),
                Literal(bytes) => place.expected.extend(bytes),
            }
        }
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Writes the delta, with something after END.
    fn put_delta(&self, parts: &[Part], after_end: &[u8]) {
        let mut delta = b"rs\x026".to_vec();
        for part in parts {
            let mut command = |opcode: u8, numbers: &[usize]| {
                delta.push(opcode);
                numbers.iter().for_each(|&number| delta.extend((number as u64).to_be_bytes()));
            };
            match part {
                Copy(range) => command(0x54, &[range.start, range.len()]),
                Literal(bytes) => {
                    command(0x44, &[bytes.len()]);
                    delta.extend(bytes);
                }
            }
        }
        delta.push(0);
        delta.extend(after_end);
        fs::write(self.path("delta"), delta).unwrap();
    }

    /// Patches into the file `result`; returns how many bytes of the basis were read as well.
    fn patch(
        &self,
        options: PatchOptions,
        monitor: &mut dyn Monitor,
    ) -> Result<(PatchStats, usize)> {
        let mut output = OutputFile::create(&self.path("result"), Existing::Refuse, &[])?;
        let patched = self.patch_to(&mut output, options, monitor)?;
        output.commit()?;
        Ok(patched)
    }

    fn patch_to(
        &self,
        output: &mut OutputFile,
        options: PatchOptions,
        monitor: &mut dyn Monitor,
    ) -> Result<(PatchStats, usize)> {
        let basis = File::open(self.path("basis")).unwrap();
        let delta = File::open(self.path("delta")).unwrap();
        let read_bytes = Cell::new(0);
        let watched = Watched { file: &basis, read_bytes: &read_bytes };
        let buffers = BufferSizes::default();
        let stats = file::patch_to(watched, &delta, output, options, buffers, monitor)?;
        Ok((stats, read_bytes.get()))
    }

    fn result(&self) -> Option<Vec<u8>> {
        fs::read(self.path("result")).ok()
    }

    /// Returns the names in the directory.
    fn names(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.directory.path()).unwrap();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into()).collect();
        names.sort();
        names
    }
}

/// A basis that counts what is read of it.
struct Watched<'a> {
    file: &'a File,
    read_bytes: &'a Cell<usize>,
}

impl Basis for Watched<'_> {
    fn read_at(&mut self, position: u64, buf: &mut [u8]) -> Result<usize> {
        let read = (&mut &*self.file).read_at(position, buf)?;
        self.read_bytes.set(self.read_bytes.get() + read);
        Ok(read)
    }

    fn file(&self) -> Option<&File> {
        Some(self.file)
    }
}

/// Directories on the file systems of this machine: that of the tests, and memory.
fn directories() -> impl Iterator<Item = TempDir> {
    let memory = Path::new("/dev/shm");
    let memory = memory.is_dir().then(|| TempDir::new_in(memory).unwrap());
    [TempDir::new().unwrap()].into_iter().chain(memory)
}

#[test]
fn copies_of_any_length_and_place_with_literals_between_give_the_same_bytes() {
    let lens = [1, 4095, 4096, 16_383, 16_384, 16_385, 32_767, 32_768, 32_769, 36_863, 36_864];
    let mut rng = Rng::new(6);
    let mut parts = Vec::new();
    for len in lens.into_iter().chain([65_535, 65_536, 262_143, 262_145, 1_000_000]) {
        for start in [0, 4096, 8192 + 100, 3_000_000 - len] {
            parts.push(Copy(start..start + len));
            let literal_len = rng.pick(&[1, 60, 4095, 4096, 5000, 70_000]);
            parts.push(Literal(rng.bytes(literal_len, 256)));
        }
    }
    for directory in directories() {
        let place = Place::in_directory(directory, &parts);
        let (stats, _) = place.patch(PatchOptions::new(), &mut ()).unwrap();
        assert!(place.result().unwrap() == place.expected);
        assert_eq!(stats.out_bytes, place.expected.len() as u64);
        assert_eq!(stats.commands.copy_commands, parts.len() as u64 / 2);
    }
}

#[test]
fn parts_that_stay_in_step_with_the_basis_give_the_same_bytes() {
    // As after overwrites: literals take the place of as many bytes.
    let mut rng = Rng::new(7);
    let (mut parts, mut at) = (Vec::new(), 0);
    while at < 2_900_000 {
        let len = 1 + rng.below(100_000);
        let overwritten = 1 + rng.below(5000);
        let end = (at + len).min(2_950_000);
        parts.push(Copy(at..end));
        parts.push(Literal(rng.bytes(overwritten, 256)));
        at = end + overwritten;
    }
    for directory in directories() {
        let place = Place::in_directory(directory, &parts);
        let (_, read_bytes) = place.patch(PatchOptions::new(), &mut ()).unwrap();
        assert!(place.result().unwrap() == place.expected);
        if cfg!(target_os = "linux") {
            assert!(read_bytes < 1_500_000, "{read_bytes} bytes were read");
        }
    }
}

#[test]
#[cfg(target_os = "linux")]
fn only_long_copies_are_left_to_the_system() {
    for directory in directories() {
        let long = Place::in_directory(directory, &[Copy(4096..4096 + NEVER_READ as usize)]);
        let (_, read_bytes) = long.patch(PatchOptions::new(), &mut ()).unwrap();
        assert_eq!(read_bytes, 0);
        assert!(long.result().unwrap() == long.expected);
    }
    for directory in directories() {
        let short = Place::in_directory(directory, &[Copy(0..ALWAYS_READ as usize - 1)]);
        let (_, read_bytes) = short.patch(PatchOptions::new(), &mut ()).unwrap();
        assert_eq!(read_bytes, ALWAYS_READ as usize - 1);
    }
}

#[test]
fn where_the_system_cannot_copy_the_bytes_are_read() {
    let parts = [Copy(0..1_000_000), Literal(b"between".to_vec()), Copy(0..2_000_000)];
    let place = Place::new(&parts);
    // No copies are made to a file that is open for appending.
    let file = File::options().append(true).create_new(true).open(place.path("result")).unwrap();
    let mut output = OutputFile::from_file(Path::new("appended"), file, &[]).unwrap();
    let (stats, read_bytes) = place.patch_to(&mut output, PatchOptions::new(), &mut ()).unwrap();
    assert_eq!(read_bytes, 3_000_000);
    assert_eq!(stats.out_bytes, 3_000_007);
    assert!(place.result().unwrap() == place.expected);
}

#[test]
fn a_result_begins_where_its_file_stands() {
    let place = Place::new(&[Copy(0..1_000_000), Literal(b"end".to_vec())]);
    let mut file =
        File::options().read(true).write(true).create_new(true).open(place.path("result")).unwrap();
    file.write_all(b"in front").unwrap();
    let sink = file.try_clone().unwrap();
    let mut output = OutputFile::from_file(Path::new("continued"), sink, &[]).unwrap();
    place.patch_to(&mut output, PatchOptions::new(), &mut ()).unwrap();
    output.commit().unwrap();
    file.write_all(b"behind").unwrap();
    file.rewind().unwrap();
    let mut found = Vec::new();
    file.read_to_end(&mut found).unwrap();
    assert!(found == [b"in front", &place.expected[..], b"behind"].concat());
}

#[test]
fn a_basis_that_ends_within_a_long_copy_is_an_error_and_nothing_is_written() {
    for (start, ended_at) in [(0, 3_000_000), (2_995_200, 3_000_000), (4_096_000, 4_096_000)] {
        let mut place = Place::new(&[]);
        place.put_delta(&[Copy(0..1_000_000), Copy(start..start + 10_000_000)], &[]);
        place.expected.clear();
        let error = place.patch(PatchOptions::new(), &mut ()).unwrap_err();
        let Error::BasisEnded { position, len, ended_at: found } = error else { panic!("{error}") };
        assert_eq!((position, len, found), (start as u64, 10_000_000, ended_at));
        assert_eq!(place.names(), [Path::new("basis"), Path::new("delta")]);
    }
}

#[test]
fn a_limit_counts_what_the_system_copies() {
    let parts = [Copy(0..1_000_000), Literal(vec![7; 10]), Copy(0..1_000_000)];
    let place = Place::new(&parts);
    let with_limit = |limit: u64| place.patch(PatchOptions::new().max_output_bytes(limit), &mut ());
    for limit in [0, 999_999, 1_000_009, 2_000_009] {
        let error = with_limit(limit).unwrap_err();
        assert!(matches!(error, Error::OutputLimit { max_bytes, .. } if max_bytes == limit));
        assert_eq!(place.names(), [Path::new("basis"), Path::new("delta")]);
    }
    with_limit(2_000_010).unwrap();
    assert!(place.result().unwrap() == place.expected);
}

#[test]
fn a_trailer_is_compared_with_what_the_system_copied() {
    let parts = [Literal(vec![7; 4096]), Copy(4096..2_000_000)];
    let place = Place::new(&parts);
    let trailer = trailer_of(&place.expected);
    place.put_delta(&parts, &trailer);
    for (number, after_end) in [AfterEnd::Check, AfterEnd::Require].into_iter().enumerate() {
        let options = PatchOptions::new().after_end(after_end);
        let (stats, read_bytes) = place.patch(options, &mut ()).unwrap();
        assert!(stats.verified);
        // A trailer that must come is hashed for on the way.
        assert!(number == 0 || read_bytes == 2_000_000 - 4096);
        fs::remove_file(place.path("result")).unwrap();
    }
    let mut wrong = place.basis.clone();
    wrong[1_000_000] ^= 1;
    fs::write(place.path("basis"), wrong).unwrap();
    let error = place.patch(PatchOptions::new(), &mut ()).unwrap_err();
    assert!(matches!(error, Error::ResultMismatch { .. }), "{error}");
    assert!(place.result().is_none());
    // Unless nobody wants to know.
    let (stats, _) = place.patch(PatchOptions::new().verify(false), &mut ()).unwrap();
    assert!(!stats.verified && stats.trailer.is_some());
}

/// Returns the 48 bytes by which a result is verified.
fn trailer_of(result: &[u8]) -> Vec<u8> {
    let params = sigdelta::SignatureOptions::new().params(Some(0)).unwrap();
    let buffers = BufferSizes::default();
    let index = io::index(&[][..], params, buffers, &mut ()).unwrap();
    let options = sigdelta::DeltaOptions::new().trailer(true);
    let mut delta = Vec::new();
    io::delta(&index, result, &mut delta, options, buffers, &mut ()).unwrap();
    delta.split_off(delta.len() - sigdelta::Trailer::LEN)
}

#[test]
fn a_monitor_sees_what_the_system_copies_and_cancels_it() {
    let parts: Vec<_> = (0..30).map(|_| Copy(0..2_000_000)).collect();
    let place = Place::new(&parts);
    let mut seen = Vec::new();
    let mut watch = |done: Progress| {
        seen.push(done.out_bytes);
        ControlFlow::Continue(())
    };
    place.patch(PatchOptions::new(), &mut watch).unwrap();
    assert!(seen.is_sorted());
    assert_eq!(seen.last(), Some(&60_000_000));
    assert!(seen.iter().filter(|&&bytes| bytes > 0 && bytes < 60_000_000).count() >= 29);

    fs::remove_file(place.path("result")).unwrap();
    let mut stop = |done: Progress| match done.out_bytes {
        30_000_000.. => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    };
    let error = place.patch(PatchOptions::new(), &mut stop).unwrap_err();
    assert!(matches!(error, Error::Cancelled), "{error}");
    assert_eq!(place.names(), [Path::new("basis"), Path::new("delta")]);
}

#[test]
fn an_output_that_cannot_be_written_says_so() {
    let place = Place::new(&[Copy(0..1_000_000)]);
    let read_only = File::open(place.path("delta")).unwrap();
    let mut output = OutputFile::from_file(Path::new("read-only"), read_only, &[]).unwrap();
    let error = place.patch_to(&mut output, PatchOptions::new(), &mut ()).unwrap_err();
    assert!(matches!(error, Error::Io { action: IoAction::Write, .. }), "{error}");
}

#[test]
#[should_panic(expected = "more bytes than the copy asked for")]
fn no_more_bytes_than_asked_for_can_go_unseen() {
    let mut patcher = Patcher::new(PatchOptions::new().verify(false));
    let _ = patcher.step(b"rs\x026\x45\x00\x05", false, &mut []).unwrap();
    patcher.copied_unseen(4);
    patcher.copied_unseen(2);
}

#[test]
#[should_panic(expected = "bytes that must be hashed went unseen")]
fn nothing_goes_unseen_that_must_be_hashed() {
    let mut patcher = Patcher::new(PatchOptions::new());
    let _ = patcher.step(b"rs\x026\x45\x00\x05", false, &mut []).unwrap();
    patcher.copied_unseen(5);
}
