//! Contents as plain files: a resource is the file `ROOT/KEY`, and all else lies under `ROOT/.sigdelta`.

mod facts;
mod gate;
mod list;
mod locks;
mod place;
mod versions;

use std::fs::{self, File};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use facts::{FactsCache, Stamp, measure};
use gate::Gate;
use locks::Locks;
use nix::errno::Errno;
use place::Place;
use versions::Versions;

use super::{Commit, Content, Deletion, Error, Facts, Finished, Page, Result, Storage, Wanted};
use crate::protocol::{Conditions, Digest, Key, RESERVED};

/// How often a commit tries to get by those who remove the folders it makes.
const TRIES: usize = 16;

/// Contents as the files of a folder, which one server has at a time.
///
/// Files may come and go by other means as well, if they are replaced by a rename: what is written
/// over while the server reads it is a broken reply. Symbolic links are never followed, since a file with
/// two keys could be changed under both at once.
#[derive(Debug)]
pub struct Folder {
    root: OwnedFd,
    own: PathBuf,
    /// Held as long as the server lives.
    _lock: File,
    locks: Locks<Key>,
    facts: FactsCache,
    listing: Gate,
    versions: Versions,
}

/// What is kept beside the contents.
#[derive(Clone, Copy, Debug)]
#[must_use]
pub struct FolderOptions {
    versions_per_key: usize,
    versions_bytes: u64,
}

impl Default for FolderOptions {
    fn default() -> Self {
        FolderOptions { versions_per_key: 0, versions_bytes: 1 << 30 }
    }
}

impl FolderOptions {
    /// Returns the defaults: no earlier versions.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets how many earlier versions of each key are kept.
    pub fn versions_per_key(mut self, versions_per_key: usize) -> Self {
        self.versions_per_key = versions_per_key;
        self
    }

    /// Sets how many bytes all earlier versions may have; the oldest go first.
    pub fn versions_bytes(mut self, versions_bytes: u64) -> Self {
        self.versions_bytes = versions_bytes;
        self
    }
}

/// Why a folder cannot be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// Another server has it.
    #[error("{} is in use by another server", .root.display())]
    InUse {
        /// The folder.
        root: PathBuf,
    },
    /// It cannot be read or written.
    #[error("{}: {cause}", .path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        cause: io::Error,
    },
}

impl OpenError {
    fn at(path: &Path) -> impl FnOnce(io::Error) -> Self + '_ {
        |cause| OpenError::Io { path: path.to_owned(), cause }
    }
}

impl Folder {
    /// Opens a folder and locks it.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn open(root: &Path, options: FolderOptions) -> Result<Self, OpenError> {
        let own = root.join(RESERVED);
        // What is in it may be of files that not everybody may read.
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true).mode(0o700).create(&own).map_err(OpenError::at(&own))?;
        let lock_path = own.join("lock");
        let lock = File::create(&lock_path).map_err(OpenError::at(&lock_path))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(fs::TryLockError::WouldBlock) => {
                return Err(OpenError::InUse { root: root.to_owned() });
            }
            Err(fs::TryLockError::Error(cause)) => {
                return Err(OpenError::Io { path: lock_path, cause });
            }
        }
        let versions = own.join("versions");
        Ok(Folder {
            root: File::open(root).map_err(OpenError::at(root))?.into(),
            facts: FactsCache::open(own.join("facts")).map_err(OpenError::at(&own))?,
            versions: Versions::open(&versions, options.versions_per_key, options.versions_bytes)
                .map_err(OpenError::at(&versions))?,
            locks: Locks::default(),
            listing: Gate::default(),
            _lock: lock,
            own,
        })
    }

    /// Returns the folder for what is not contents, which is on the same file system.
    pub fn own(&self) -> &Path {
        &self.own
    }

    /// Returns the file at a place and what is known of it.
    fn look(&self, key: &Key, place: &Place) -> Result<Option<(File, Facts)>> {
        let Some(file) = place.open()? else { return Ok(None) };
        let stamp = Stamp::of(&file.metadata()?);
        if let Some(facts) = self.facts.find(key, &stamp) {
            return Ok(Some((file, facts)));
        }
        let measured = self.facts.measuring(key, || match self.facts.find(key, &stamp) {
            Some(facts) => Ok(facts),
            None => {
                let (facts, settled) = measure(&file, &stamp)?;
                if settled {
                    self.facts.remember(key, &stamp, &facts);
                }
                Ok(facts)
            }
        });
        Ok(Some((file, measured?)))
    }

    fn try_commit(&self, key: &Key, draft: &Finished, conditions: &Conditions) -> Result<Commit> {
        let found = match Place::find(&self.root, key)? {
            Some(place) => match self.look(key, &place) {
                Err(Error::Conflict { .. }) if place.remove_left_over().is_ok() => None,
                found => found?.map(|found| (place, found)),
            },
            None => None,
        };
        let current = found.as_ref().map(|(_, (_, facts))| facts.digest);
        if let Some((place, (file, facts))) = &found
            && facts.digest == draft.facts.digest
        {
            // It may have been put there by someone who died before it was safe.
            file.sync_all()?;
            place.sync()?;
            return Ok(Commit::Same);
        }
        if !conditions.hold(current.as_ref()) {
            return Ok(Commit::Refused(current));
        }
        let place = match found {
            Some((place, (file, facts))) => {
                draft.file.set_permissions(file.metadata()?.permissions())?;
                self.versions.keep(key, &place, &facts);
                place
            }
            None => Place::make(&self.root, key)?,
        };
        place.replace_by(&draft.path)?;
        self.facts.remember(key, &Stamp::of(&draft.file.metadata()?), &draft.facts);
        place.sync()?;
        Ok(Commit::Done { created: current.is_none() })
    }
}

impl Storage for Folder {
    fn open(&self, key: &Key) -> Result<Option<Content>> {
        let Some(place) = Place::find(&self.root, key)? else { return Ok(None) };
        let found = match self.look(key, &place) {
            // What is no file has no content.
            Err(Error::Conflict { .. }) => None,
            found => found?,
        };
        Ok(found.map(|(file, facts)| Content { facts, bytes: Arc::new(file) }))
    }

    fn has_version(&self, key: &Key, digest: &Digest) -> Result<bool> {
        Ok(self.versions.open_version(key, digest)?.is_some())
    }

    fn version(&self, key: &Key, digest: &Digest) -> Result<Option<Content>> {
        let Some(file) = self.versions.open_version(key, digest)? else { return Ok(None) };
        let stamp = Stamp::of(&file.metadata()?);
        let (facts, _) = measure(&file, &stamp)?;
        let content = Content { facts, bytes: Arc::new(file) };
        Ok(Some(content).filter(|content| content.facts.digest == *digest))
    }

    fn commit(&self, key: &Key, draft: Finished, conditions: &Conditions) -> Result<Commit> {
        draft.file.sync_all()?;
        self.locks.with(key, || {
            for _ in 1..TRIES {
                match self.try_commit(key, &draft, conditions) {
                    // A folder that was empty is gone.
                    Err(Error::Io { cause }) if cause.kind() == io::ErrorKind::NotFound => {}
                    done => return done,
                }
            }
            self.try_commit(key, &draft, conditions)
        })
    }

    fn delete(&self, key: &Key, conditions: &Conditions) -> Result<Deletion> {
        self.locks.with(key, || {
            let Some(place) = Place::find(&self.root, key)? else { return Ok(Deletion::Missing) };
            let (_, facts) = match self.look(key, &place) {
                Ok(None) | Err(Error::Conflict { .. }) => return Ok(Deletion::Missing),
                found => found?.expect("there is a file"),
            };
            if !conditions.hold(Some(&facts.digest)) {
                return Ok(Deletion::Refused(facts.digest));
            }
            match place.remove() {
                Err(Errno::ENOENT) => return Ok(Deletion::Missing),
                removed => removed?,
            }
            place.sync()?;
            self.facts.forget(key);
            self.versions.forget(key);
            Place::remove_empty_folders(&self.root, key);
            Ok(Deletion::Done)
        })
    }

    fn list(&self, wanted: &Wanted) -> Result<Page> {
        let digest_of = |key: &Key, stamp: &Stamp| Some(self.facts.find(key, stamp)?.digest);
        self.listing.pass(0, || list::list(&self.root, wanted, digest_of))
    }
}

/// Returns true if a file has other names than this one.
fn is_linked(metadata: &fs::Metadata) -> bool {
    metadata.nlink() > 1
}
