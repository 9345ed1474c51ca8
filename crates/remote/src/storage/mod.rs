//! Where contents are kept: one narrow trait, and the folder behind it.
//!
//! A content never changes: a key names one, and a commit makes it name another. So a backend is a place
//! for immutable bytes, and a way to swing a name from one to the next on a condition.

mod draft;
mod folder;

use std::io;
use std::sync::Arc;

use sigdelta::{ReadAt, Root};

use crate::protocol::{Conditions, Digest, Key};

pub use draft::{Draft, Finished};
pub use folder::{Folder, FolderOptions, OpenError};

/// Result of what a storage does.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Keeps contents by key. Calls block.
pub trait Storage: Send + Sync + 'static {
    /// Returns the content of a key, None if there is none.
    ///
    /// # Errors
    /// [`Error`].
    fn open(&self, key: &Key) -> Result<Option<Content>>;

    /// Returns true if an earlier content of a key seems to be there. Reads none.
    ///
    /// # Errors
    /// [`Error`].
    fn has_version(&self, key: &Key, digest: &Digest) -> Result<bool>;

    /// Returns an earlier content of a key, verified, or None if it is no longer there.
    ///
    /// # Errors
    /// [`Error`].
    fn version(&self, key: &Key, digest: &Digest) -> Result<Option<Content>>;

    /// Makes a draft the content of a key if the conditions hold of the one that it has at that moment.
    /// When the call returns the change is on the disk; whatever happens, it is made in full or not at all.
    ///
    /// # Errors
    /// [`Error`].
    fn commit(&self, key: &Key, draft: Finished, conditions: &Conditions) -> Result<Commit>;

    /// Removes a key if the conditions hold of its content.
    ///
    /// # Errors
    /// [`Error`].
    fn delete(&self, key: &Key, conditions: &Conditions) -> Result<Deletion>;

    /// Returns some keys in the order of their bytes.
    ///
    /// # Errors
    /// [`Error`].
    fn list(&self, wanted: &Wanted) -> Result<Page>;
}

/// What is known of a content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facts {
    /// Length in bytes.
    pub len: u64,
    /// SHA-256 of the bytes.
    pub digest: Digest,
    /// Their root.
    pub root: Root,
}

/// A content, which stays as it is while it is held, whatever becomes of its key.
#[derive(Clone)]
pub struct Content {
    /// What is known of it.
    pub facts: Facts,
    /// Its bytes.
    pub bytes: Arc<dyn ReadAt>,
}

impl std::fmt::Debug for Content {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Content").field("facts", &self.facts).finish_non_exhaustive()
    }
}

/// What became of a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Commit {
    /// The draft is the content now.
    Done {
        /// There was none before.
        created: bool,
    },
    /// It was the content already, and nothing was done.
    Same,
    /// The conditions do not hold of the content, which is this one.
    Refused(Option<Digest>),
}

/// What became of a deletion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deletion {
    /// The key is gone.
    Done,
    /// There was none.
    Missing,
    /// The conditions do not hold of the content, which is this one.
    Refused(Digest),
}

/// Which keys a list shall have.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// What keys begin with.
    pub prefix: String,
    /// Only keys behind this text.
    pub start_after: String,
    /// Most keys.
    pub limit: usize,
}

/// Some keys.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// In order.
    pub entries: Vec<Entry>,
    /// There are more.
    pub more: bool,
}

/// A key in a list.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The key.
    pub key: Key,
    /// Length of the content in bytes.
    pub len: u64,
    /// Its digest, where that is known.
    pub digest: Option<Digest>,
}

/// Why a storage fails.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Too much work of this kind is under way.
    #[error("too much is being read")]
    Busy,
    /// A name on the way to the key is no folder, or the key itself names something else than a file.
    #[error("{name:?} is in the way")]
    Conflict {
        /// The part of the key that is in the way.
        name: String,
    },
    /// There is no space left.
    #[error("no space left: {cause}")]
    Full {
        /// What the system says.
        cause: io::Error,
    },
    /// Reading or writing failed.
    #[error("{cause}")]
    Io {
        /// What the system says.
        cause: io::Error,
    },
}

impl From<io::Error> for Error {
    fn from(cause: io::Error) -> Self {
        use io::ErrorKind::{QuotaExceeded, StorageFull};
        match cause.kind() {
            QuotaExceeded | StorageFull => Error::Full { cause },
            _ => Error::Io { cause },
        }
    }
}

impl From<nix::Error> for Error {
    fn from(cause: nix::Error) -> Self {
        io::Error::from(cause).into()
    }
}

impl From<sigdelta::Error> for Error {
    fn from(error: sigdelta::Error) -> Self {
        match error {
            sigdelta::Error::Io { cause, .. } => cause.into(),
            other => Error::Io { cause: io::Error::other(other) },
        }
    }
}
