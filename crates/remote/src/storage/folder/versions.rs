//! Earlier versions of contents: links to files that were replaced, as many as there is room for.

use std::collections::VecDeque;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use nix::errno::Errno;

use super::super::Facts;
use super::is_linked;
use super::place::Place;
use crate::protocol::{Digest, Key};

/// Earlier versions, each a file `DIGEST-OF-KEY/DIGEST`.
#[derive(Debug)]
pub(super) struct Versions {
    folder: PathBuf,
    per_key: usize,
    max_bytes: u64,
    /// The oldest first.
    kept: Mutex<VecDeque<Kept>>,
}

#[derive(Debug)]
struct Kept {
    /// Digest of the key, in hexadecimal.
    key: String,
    /// Digest of the content, in hexadecimal.
    digest: String,
    len: u64,
}

impl Versions {
    pub(super) fn open(folder: &Path, per_key: usize, max_bytes: u64) -> io::Result<Self> {
        fs::create_dir_all(folder)?;
        let mut found = Vec::new();
        for key in fs::read_dir(folder)? {
            let key = key?;
            for file in fs::read_dir(key.path())? {
                let file = file?;
                let metadata = file.metadata()?;
                if is_linked(&metadata) {
                    // The content was to be replaced, and was not.
                    fs::remove_file(file.path())?;
                    continue;
                }
                let name = |name: std::ffi::OsString| name.to_string_lossy().into_owned();
                let (key, digest) = (name(key.file_name()), name(file.file_name()));
                let modified = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
                found.push((modified, Kept { key, digest, len: metadata.len() }));
            }
        }
        found.sort_by_key(|(modified, _)| *modified);
        let kept = Mutex::new(found.into_iter().map(|(_, kept)| kept).collect());
        let versions = Versions { folder: folder.to_owned(), per_key, max_bytes, kept };
        let mut kept = versions.kept();
        for key in kept.iter().map(|kept| kept.key.clone()).collect::<Vec<_>>() {
            versions.make_room(&mut kept, &key);
        }
        drop(kept);
        Ok(versions)
    }

    /// Keeps the content at a place, which is about to be replaced. If that fails, it is not kept.
    pub(super) fn keep(&self, key: &Key, place: &Place, facts: &Facts) {
        if self.per_key == 0 || facts.len > self.max_bytes {
            return;
        }
        let key = name_of(key);
        let digest = facts.digest.to_string();
        let path = self.folder.join(&key).join(&digest);
        let _ = path.parent().map(fs::create_dir);
        let linked = place.link_to(&path);
        if !matches!(linked, Ok(()) | Err(Errno::EEXIST)) {
            return;
        }
        let mut kept = self.kept();
        kept.retain(|kept| (&kept.key, &kept.digest) != (&key, &digest));
        kept.push_back(Kept { key: key.clone(), digest, len: facts.len });
        self.make_room(&mut kept, &key);
    }

    /// Opens an earlier version, None if it is not kept.
    pub(super) fn open_version(&self, key: &Key, digest: &Digest) -> io::Result<Option<File>> {
        match File::open(self.folder.join(name_of(key)).join(digest.to_string())) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            opened => opened.map(Some),
        }
    }

    /// Removes the versions of a key.
    pub(super) fn forget(&self, key: &Key) {
        let key = name_of(key);
        self.kept().retain(|kept| kept.key != key);
        let _ = fs::remove_dir_all(self.folder.join(key));
    }

    /// Removes the oldest versions of a key, and of all, that are too many.
    fn make_room(&self, kept: &mut VecDeque<Kept>, key: &str) {
        let mut of_key = kept.iter().filter(|kept| kept.key == key).count();
        let mut bytes: u64 = kept.iter().map(|kept| kept.len).sum();
        kept.retain(|version| {
            let is_of_key = version.key == key;
            if bytes <= self.max_bytes && !(is_of_key && of_key > self.per_key) {
                return true;
            }
            of_key -= usize::from(is_of_key);
            bytes -= version.len;
            let folder = self.folder.join(&version.key);
            let _ = fs::remove_file(folder.join(&version.digest));
            // Only if it was the last.
            let _ = fs::remove_dir(folder);
            false
        });
    }

    fn kept(&self) -> MutexGuard<'_, VecDeque<Kept>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn name_of(key: &Key) -> String {
    Digest::of(key.as_str().as_bytes()).to_string()
}
