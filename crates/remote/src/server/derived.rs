//! What was made from contents and may be asked for again: signatures, patches. Bounded; what was not used for longest goes first.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use tempfile::NamedTempFile;

use super::pool::{Pool, Watch, blocking};
use super::reply::Result;
use crate::protocol::Digest;

/// What a file counts at least: a short one takes a block of the disk all the same.
const LEAST_LEN: u64 = 4096;

/// Files that were made, each named by a digest of what it was made from and how.
#[derive(Debug)]
pub(super) struct Derived {
    folder: PathBuf,
    max_bytes: u64,
    index: Mutex<Index>,
    /// Held by those who make a file.
    makers: Mutex<HashMap<Digest, Weak<tokio::sync::Mutex<()>>>>,
}

#[derive(Debug, Default)]
struct Index {
    /// What each counts, and when it was last used.
    files: HashMap<String, (u64, u64)>,
    bytes: u64,
    uses: u64,
}

impl Derived {
    /// Opens the folder with what is in it.
    pub(super) fn open(own: &Path, max_bytes: u64) -> io::Result<Self> {
        let folder = own.join("derived");
        fs::create_dir_all(&folder)?;
        let mut index = Index::default();
        for entry in fs::read_dir(&folder)? {
            let entry = entry?;
            if let Ok(name) = entry.file_name().into_string() {
                index.insert(name, entry.metadata()?.len());
            }
        }
        let (index, makers) = (Mutex::new(index), Mutex::default());
        let derived = Derived { folder, max_bytes, index, makers };
        derived.make_room(&mut derived.index());
        Ok(derived)
    }

    /// Returns a file that was made before, or has it made in `drafts`, a folder on the same file system.
    /// Those who want the same file wait for one maker.
    pub(super) async fn find_or_make(
        self: &Arc<Self>,
        (pool, drafts): (&Pool, &Path),
        name: Digest,
        make: impl FnOnce(&mut File, &mut Watch) -> Result<()> + Send + 'static,
    ) -> Result<File> {
        let maker = self.maker(name);
        let _turn = maker.lock().await;
        let this = Arc::clone(self);
        if let Some(file) = blocking(move || Ok(this.find(&name)?)).await? {
            return Ok(file);
        }
        let (this, drafts) = (Arc::clone(self), drafts.to_owned());
        let job = move |watch: &mut Watch| {
            let mut made = NamedTempFile::new_in(drafts)?;
            make(made.as_file_mut(), watch)?;
            Ok(this.keep(made, &name)?)
        };
        pool.run(job).await
    }

    fn find(&self, name: &Digest) -> io::Result<Option<File>> {
        let name = name.to_string();
        match File::open(self.folder.join(&name)) {
            Ok(file) => {
                self.index().insert(name, file.metadata()?.len());
                Ok(Some(file))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn keep(&self, made: NamedTempFile, name: &Digest) -> io::Result<File> {
        let len = made.as_file().metadata()?.len();
        if len > self.max_bytes {
            return Ok(made.into_file());
        }
        // What is found after a crash is whole.
        made.as_file().sync_all()?;
        let name = name.to_string();
        let file = made.persist(self.folder.join(&name)).map_err(|refused| refused.error)?;
        let mut index = self.index();
        index.insert(name, len);
        self.make_room(&mut index);
        Ok(file)
    }

    /// Removes the oldest if there is too much, and some more, not to sort them all each time.
    fn make_room(&self, index: &mut Index) {
        if index.bytes <= self.max_bytes {
            return;
        }
        let mut oldest: Vec<(u64, String)> =
            index.files.iter().map(|(name, (_, used))| (*used, name.clone())).collect();
        oldest.sort_unstable();
        for (_, name) in oldest {
            if index.bytes <= self.max_bytes - self.max_bytes / 8 {
                break;
            }
            let _ = fs::remove_file(self.folder.join(&name));
            if let Some((len, _)) = index.files.remove(&name) {
                index.bytes -= len;
            }
        }
    }

    fn maker(&self, name: Digest) -> Arc<tokio::sync::Mutex<()>> {
        let mut makers = self.makers.lock().unwrap_or_else(PoisonError::into_inner);
        makers.retain(|_, maker| maker.strong_count() > 0);
        let maker = makers.get(&name).and_then(Weak::upgrade).unwrap_or_default();
        makers.insert(name, Arc::downgrade(&maker));
        maker
    }

    fn index(&self) -> MutexGuard<'_, Index> {
        self.index.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Index {
    fn insert(&mut self, name: String, len: u64) {
        let len = len.max(LEAST_LEN);
        self.uses += 1;
        let before = self.files.insert(name, (len, self.uses));
        self.bytes = self.bytes - before.map_or(0, |(len, _)| len) + len;
    }
}
