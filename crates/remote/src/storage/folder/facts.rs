//! What is known of files, kept so that a file is hashed once: by key, and only for the very file that was hashed.

use std::fs::{self, File, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use nix::sys::stat::FileStat;
use sha2::Sha256;
use sigdelta::{ReadAt, Root, RootHasher};

use super::super::{Facts, Result};
use super::gate::Gate;
use crate::protocol::{Digest, Key};

/// Bytes that are hashed at once.
const READ_LEN: usize = 1 << 20;
/// A file that was changed so shortly before it was read could change once more without a new time.
const UNSETTLED: Duration = Duration::from_millis(50);

/// What tells a file from others and from what it was before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    device: u64,
    inode: u64,
    pub(super) len: u64,
    /// Seconds and nanoseconds.
    modified: (i64, i64),
    /// When anything was changed of it, which nobody can set: tools give copies the times of others.
    changed: (i64, i64),
}

impl Stamp {
    pub(super) fn of(metadata: &Metadata) -> Self {
        Stamp {
            device: metadata.dev(),
            inode: metadata.ino(),
            len: metadata.len(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }

    #[allow(clippy::unnecessary_cast)] // the types differ between systems
    pub(super) fn of_stat(stat: &FileStat) -> Self {
        Stamp {
            device: stat.st_dev as u64,
            inode: stat.st_ino as u64,
            len: stat.st_size as u64,
            modified: (stat.st_mtime as i64, stat.st_mtime_nsec as i64),
            changed: (stat.st_ctime as i64, stat.st_ctime_nsec as i64),
        }
    }

    /// Returns true if a change at some time would give another stamp.
    fn is_settled(&self, now: SystemTime) -> bool {
        let now = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_nanos() as i128;
        let changed = i128::from(self.changed.0) * 1_000_000_000 + i128::from(self.changed.1);
        (now - changed).unsigned_abs() > UNSETTLED.as_nanos()
    }
}

/// The facts that were found, each in a file of its own named by the digest of its key. They are not
/// forced to the disk: a record that is not whole, or of another file, is as none.
#[derive(Debug)]
pub(super) struct FactsCache {
    folder: PathBuf,
    gate: Gate,
}

impl FactsCache {
    pub(super) fn open(folder: PathBuf) -> io::Result<Self> {
        fs::create_dir_all(&folder)?;
        Ok(FactsCache { folder, gate: Gate::default() })
    }

    /// Returns what is known of a file.
    pub(super) fn find(&self, key: &Key, stamp: &Stamp) -> Option<Facts> {
        let record = fs::read_to_string(self.path(key)).ok()?;
        let (found, facts) = parse(&record)?;
        (found == *stamp).then_some(facts)
    }

    /// Keeps what is known of a file. If that fails, the file will be hashed again.
    pub(super) fn remember(&self, key: &Key, stamp: &Stamp, facts: &Facts) {
        let path = self.path(key);
        let record = record(stamp, facts);
        if fs::write(&path, &record).is_err() {
            let _ = path.parent().map(fs::create_dir);
            let _ = fs::write(&path, &record);
        }
    }

    pub(super) fn forget(&self, key: &Key) {
        let _ = fs::remove_file(self.path(key));
    }

    /// Lets one thread at a time measure the file of a key, and few threads any.
    pub(super) fn measuring<T>(&self, key: &Key, work: impl FnOnce() -> Result<T>) -> Result<T> {
        self.gate.pass(Digest::of(key.as_str().as_bytes()).0[0], work)
    }

    fn path(&self, key: &Key) -> PathBuf {
        let name = Digest::of(key.as_str().as_bytes()).to_string();
        self.folder.join(&name[..2]).join(&name[2..])
    }
}

/// Hashes a file. False says that the facts must not be kept, since the file may have changed.
pub(super) fn measure(file: &File, stamp: &Stamp) -> Result<(Facts, bool)> {
    let started = SystemTime::now();
    let (mut digest, mut root) = (Sha256::default(), RootHasher::new());
    let mut buf = vec![0; READ_LEN];
    let mut len = 0;
    loop {
        let read = file.fill_at(len, &mut buf)?;
        sha2::Digest::update(&mut digest, &buf[..read]);
        root.update(&buf[..read]);
        len += read as u64;
        if read < buf.len() {
            break;
        }
    }
    let digest = Digest(sha2::Digest::finalize(digest).into());
    let facts = Facts { len, digest, root: root.finish() };
    let is_same = Stamp::of(&file.metadata()?) == *stamp && len == stamp.len;
    Ok((facts, is_same && stamp.is_settled(started)))
}

fn record(stamp: &Stamp, facts: &Facts) -> String {
    let Stamp { device, inode, len, modified, changed } = stamp;
    let times = format!("{} {} {} {}", modified.0, modified.1, changed.0, changed.1);
    let Facts { digest, root, .. } = facts;
    let text = format!("2 {device} {inode} {len} {times} {digest} {root}");
    let check = Digest::of(text.as_bytes());
    format!("{text} {check}\n")
}

fn parse(record: &str) -> Option<(Stamp, Facts)> {
    let (text, check) = record.strip_suffix('\n')?.rsplit_once(' ')?;
    if Digest::of(text.as_bytes()).to_string() != check {
        return None;
    }
    let mut fields = text.split(' ');
    if fields.next()? != "2" {
        return None;
    }
    let stamp = Stamp {
        device: fields.next()?.parse().ok()?,
        inode: fields.next()?.parse().ok()?,
        len: fields.next()?.parse().ok()?,
        modified: (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?),
        changed: (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?),
    };
    let digest = Digest(hex(fields.next()?)?);
    let root = Root(hex(fields.next()?)?);
    fields.next().is_none().then_some((stamp, Facts { len: stamp.len, digest, root }))
}

fn hex(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    for (n, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[2 * n..2 * n + 2], 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_records_count() {
        let stamp = Stamp { device: 1, inode: 2, len: 3, modified: (-4, 5), changed: (6, 7) };
        let facts = Facts { len: 3, digest: Digest::of(b"abc"), root: Root::of(b"abc") };
        let record = record(&stamp, &facts);
        assert_eq!(parse(&record), Some((stamp, facts)));
        for len in 0..record.len() {
            assert_eq!(parse(&record[..len]), None, "{len}");
            let mut changed = record.clone().into_bytes();
            changed[len] ^= 1;
            assert_eq!(String::from_utf8(changed).ok().and_then(|record| parse(&record)), None);
        }
    }
}
