//! Where a key is in the folder: found name by name, so that no link leads elsewhere.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;

use nix::dir::Dir;
use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, AtFlags, OFlag, openat, renameat};
use nix::sys::stat::{Mode, mkdirat};
use nix::unistd::{UnlinkatFlags, fsync, linkat, unlinkat};

use super::super::{Error, Result};
use crate::protocol::Key;

const FOLDER: OFlag =
    OFlag::O_RDONLY.union(OFlag::O_DIRECTORY).union(OFlag::O_NOFOLLOW).union(OFlag::O_CLOEXEC);

/// An open folder and a name in it, which may name something or not.
#[derive(Debug)]
pub(super) struct Place {
    folder: OwnedFd,
    name: String,
}

impl Place {
    /// Finds the place of a key, None if its folder is not there.
    pub(super) fn find(root: &OwnedFd, key: &Key) -> Result<Option<Self>> {
        let (folders, name) = split(key);
        let mut folder = root.try_clone()?;
        for segment in folders {
            folder = match open_folder(&folder, segment) {
                Ok(folder) => folder,
                Err(Errno::ENOENT | Errno::ENOTDIR | Errno::ELOOP) => return Ok(None),
                Err(error) => return Err(error.into()),
            };
        }
        Ok(Some(Place { folder, name: name.to_owned() }))
    }

    /// As [`Place::find`], making the folders that are not there.
    pub(super) fn make(root: &OwnedFd, key: &Key) -> Result<Self> {
        let (folders, name) = split(key);
        let mut folder = root.try_clone()?;
        for segment in folders {
            let opened = match open_folder(&folder, segment) {
                Err(Errno::ENOENT) => {
                    match mkdirat(&folder, segment, Mode::from_bits_truncate(0o777)) {
                        Ok(()) | Err(Errno::EEXIST) => fsync(&folder)?,
                        Err(error) => return Err(error.into()),
                    }
                    open_folder(&folder, segment)
                }
                opened => opened,
            };
            folder = match opened {
                Err(Errno::ENOTDIR | Errno::ELOOP) => {
                    return Err(Error::Conflict { name: segment.to_owned() });
                }
                opened => opened?,
            };
        }
        Ok(Place { folder, name: name.to_owned() })
    }

    /// Opens the file, None if there is nothing.
    ///
    /// # Errors
    /// [`Error::Conflict`] if there is something else.
    pub(super) fn open(&self) -> Result<Option<File>> {
        // Not to wait for the other end of a pipe.
        let flags = OFlag::O_RDONLY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC | OFlag::O_NONBLOCK;
        let conflict = || Err(Error::Conflict { name: self.name.clone() });
        match openat(&self.folder, self.name.as_str(), flags, Mode::empty()) {
            Ok(fd) => {
                let file = File::from(fd);
                if file.metadata()?.is_file() { Ok(Some(file)) } else { conflict() }
            }
            Err(Errno::ENOENT) => Ok(None),
            Err(Errno::ELOOP | Errno::ENXIO) => conflict(),
            Err(error) => Err(error.into()),
        }
    }

    /// Puts a file in the place of what is there.
    pub(super) fn replace_by(&self, file: &Path) -> Result<()> {
        match renameat(AT_FDCWD, file, &self.folder, self.name.as_str()) {
            Err(Errno::EISDIR | Errno::ENOTEMPTY | Errno::EEXIST) => {
                Err(Error::Conflict { name: self.name.clone() })
            }
            renamed => Ok(renamed?),
        }
    }

    /// Removes a folder without files, which somebody left behind who died before there was one.
    pub(super) fn remove_left_over(&self) -> nix::Result<()> {
        remove_empty(&self.folder, &self.name)
    }

    /// Gives the file another name.
    pub(super) fn link_to(&self, name: &Path) -> nix::Result<()> {
        linkat(&self.folder, self.name.as_str(), AT_FDCWD, name, AtFlags::empty())
    }

    /// Removes the file.
    pub(super) fn remove(&self) -> nix::Result<()> {
        unlinkat(&self.folder, self.name.as_str(), UnlinkatFlags::NoRemoveDir)
    }

    /// Waits until the name is on the disk.
    pub(super) fn sync(&self) -> io::Result<()> {
        Ok(fsync(&self.folder)?)
    }

    /// Removes the folders above a key that have nothing in them any more.
    pub(super) fn remove_empty_folders(root: &OwnedFd, key: &Key) {
        let (mut folders, _) = split(key);
        while let Some(name) = folders.pop() {
            let mut folder = root.try_clone().ok();
            for segment in &folders {
                folder = folder.and_then(|folder| open_folder(&folder, segment).ok());
            }
            let removed = folder.map(|folder| unlinkat(&folder, name, UnlinkatFlags::RemoveDir));
            if removed != Some(Ok(())) {
                return;
            }
        }
    }
}

/// Removes a folder in which there are none but such folders.
fn remove_empty(folder: &OwnedFd, name: &str) -> nix::Result<()> {
    let inner = open_folder(folder, name)?;
    for entry in Dir::from_fd(open_folder(&inner, ".")?)?.iter() {
        let entry = entry?;
        match entry.file_name().to_str() {
            Ok("." | "..") => {}
            Ok(name) => remove_empty(&inner, name)?,
            Err(_) => return Err(Errno::ENOTEMPTY),
        }
    }
    unlinkat(folder, name, UnlinkatFlags::RemoveDir)
}

fn split(key: &Key) -> (Vec<&str>, &str) {
    let mut folders: Vec<&str> = key.segments().collect();
    let name = folders.pop().expect("a key has a segment");
    (folders, name)
}

/// Opens a folder in another.
pub(super) fn open_folder(folder: impl AsFd, name: &str) -> nix::Result<OwnedFd> {
    openat(folder, name, FOLDER, Mode::empty())
}
