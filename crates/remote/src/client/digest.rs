//! The SHA-256 of a content: as ETag, and as Repr-Digest of RFC 9530.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use sha2::{Digest as _, Sha256};
use sigdelta::{Monitor, ReadAt, Result};

use super::work::report;

/// Bytes that are hashed at once.
const STEP_LEN: usize = 256 << 10;

/// The SHA-256 of a content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Digest([u8; 32]);

impl Digest {
    /// Returns the digest of bytes from the first to where they end, and how many these are.
    pub(super) fn of(bytes: &dyn ReadAt, monitor: &mut dyn Monitor) -> Result<(Self, u64)> {
        let (hasher, len) = Hasher::of(bytes, monitor)?;
        Ok((hasher.finish(), len))
    }

    /// Returns the ETag of the content, with its quotes.
    pub(super) fn etag(&self) -> String {
        format!("\"sha256-{}\"", URL_SAFE_NO_PAD.encode(self.0))
    }

    /// Returns the value of the header Repr-Digest.
    pub(super) fn header(&self) -> String {
        format!("sha-256=:{}:", STANDARD.encode(self.0))
    }

    /// Reads an ETag; None if it is not of our kind.
    pub(super) fn from_etag(etag: &str) -> Option<Self> {
        let text = etag.strip_prefix("\"sha256-")?.strip_suffix('"')?;
        URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok().map(Digest)
    }

    /// Reads a Repr-Digest; None if there is no SHA-256 in it.
    pub(super) fn from_header(header: &str) -> Option<Self> {
        let sum = header.split(',').find_map(|sum| sum.trim().strip_prefix("sha-256=:"))?;
        // Parameters may follow.
        STANDARD.decode(sum.split(':').next()?).ok()?.try_into().ok().map(Digest)
    }
}

/// Takes the digest of bytes that come in pieces.
#[derive(Clone, Debug, Default)]
pub(super) struct Hasher(Sha256);

impl Hasher {
    /// Returns a hasher that has taken bytes from the first to where they end, and how many these are.
    pub(super) fn of(bytes: &dyn ReadAt, monitor: &mut dyn Monitor) -> Result<(Self, u64)> {
        let mut hasher = Hasher::default();
        let mut buf = vec![0; STEP_LEN];
        let mut len = 0;
        loop {
            let read = bytes.fill_at(len, &mut buf)?;
            if read == 0 {
                return Ok((hasher, len));
            }
            hasher.update(&buf[..read]);
            len += read as u64;
            report(monitor, len)?;
        }
    }

    /// Takes the next bytes.
    pub(super) fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// Returns the digest of all bytes that have come.
    pub(super) fn finish(self) -> Digest {
        Digest(self.0.finalize().into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_written_as_the_standards_say_and_read_again() {
        // The SHA-256 of "abc" from FIPS 180-4, in base64.
        let (digest, len) = Digest::of(&b"abc".to_vec(), &mut ()).unwrap();
        assert_eq!(len, 3);
        assert_eq!(digest.header(), "sha-256=:ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=:");
        assert_eq!(digest.etag(), "\"sha256-ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0\"");
        assert_eq!(Digest::from_etag(&digest.etag()), Some(digest));
        assert_eq!(Digest::from_header(&digest.header()), Some(digest));
        let among = format!("md5=:AAAA:, {};x=1", digest.header());
        assert_eq!(Digest::from_header(&among), Some(digest));
        for bad in ["", "\"sha256-\"", "sha256-x", "W/\"sha256-ungW\"", "\"sha256-ungW\""] {
            assert_eq!(Digest::from_etag(bad), None, "{bad}");
            assert_eq!(Digest::from_header(bad), None, "{bad}");
        }
    }
}
