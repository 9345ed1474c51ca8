//! The keys of a folder in order, read folder by folder.

use std::os::fd::{AsFd, OwnedFd};

use nix::dir::Dir;
use nix::errno::Errno;
use nix::fcntl::AtFlags;
use nix::sys::stat::{FileStat, SFlag, fstatat};

use super::super::{Entry, Page, Result, Wanted};
use super::facts::Stamp;
use super::place::open_folder;
use crate::protocol::{Digest, Key, MAX_KEY_LEN};

/// Lists keys; `digest_of` tells the digests that are known.
pub(super) fn list(
    root: &OwnedFd,
    wanted: &Wanted,
    digest_of: impl Fn(&Key, &Stamp) -> Option<Digest>,
) -> Result<Page> {
    let mut page = Page::default();
    walk(root.try_clone()?, "", wanted, &digest_of, &mut page)?;
    Ok(page)
}

/// Adds the keys in a folder, whose path is empty or ends with a slash.
fn walk(
    folder: OwnedFd,
    path: &str,
    wanted: &Wanted,
    digest_of: &impl Fn(&Key, &Stamp) -> Option<Digest>,
    page: &mut Page,
) -> Result<()> {
    for (path, kind) in names(&folder, path, wanted)? {
        let name = &path[path.trim_end_matches('/').rfind('/').map_or(0, |at| at + 1)..];
        match kind {
            Kind::Folder => match open_folder(&folder, name.trim_end_matches('/')) {
                Ok(inner) => walk(inner, &path, wanted, digest_of, page)?,
                // Gone, or in the place of a folder there is something else by now.
                Err(_) => continue,
            },
            Kind::File(stat) => {
                let Ok(key) = Key::new(path) else { continue };
                if page.entries.len() == wanted.limit {
                    page.more = true;
                    return Ok(());
                }
                let stamp = Stamp::of_stat(&stat);
                let digest = digest_of(&key, &stamp);
                page.entries.push(Entry { key, len: stamp.len, digest });
            }
        }
        if page.more {
            return Ok(());
        }
    }
    Ok(())
}

enum Kind {
    Folder,
    File(FileStat),
}

/// Returns the paths in a folder that may be wanted, in the order of keys: a folder counts with its slash.
fn names(folder: &OwnedFd, path: &str, wanted: &Wanted) -> Result<Vec<(String, Kind)>> {
    let mut names = Vec::new();
    let mut entries = Dir::from_fd(open_folder(folder, ".")?)?;
    for entry in entries.iter() {
        let entry = entry?;
        let Ok(name) = entry.file_name().to_str() else { continue };
        if Key::new(name).is_err() || path.len() + name.len() > MAX_KEY_LEN {
            continue;
        }
        let stat = match fstatat(folder.as_fd(), name, AtFlags::AT_SYMLINK_NOFOLLOW) {
            Err(Errno::ENOENT) => continue,
            stat => stat?,
        };
        let mut path = format!("{path}{name}");
        let kind = match SFlag::from_bits_truncate(stat.st_mode & SFlag::S_IFMT.bits()) {
            SFlag::S_IFREG => Kind::File(stat),
            SFlag::S_IFDIR => {
                path.push('/');
                Kind::Folder
            }
            _ => continue,
        };
        if may_be_wanted(&path, &kind, wanted) {
            names.push((path, kind));
        }
    }
    names.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
    Ok(names)
}

fn may_be_wanted(path: &str, kind: &Kind, wanted: &Wanted) -> bool {
    let (prefix, start_after) = (wanted.prefix.as_str(), wanted.start_after.as_str());
    match kind {
        Kind::File(_) => path.starts_with(prefix) && path > start_after,
        // Keys in it begin with its path.
        Kind::Folder => {
            let common = path.len().min(prefix.len());
            path.as_bytes()[..common] == prefix.as_bytes()[..common]
                && (path > start_after || start_after.starts_with(path))
        }
    }
}
