//! SHA-256 of a content: in entity tags, and in `Repr-Digest` (RFC 9530).

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use sha2::Sha256;

const TAG_PREFIX: &str = "sha256-";

/// SHA-256 of a whole content.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Digest(pub [u8; Digest::LEN]);

/// A `Repr-Digest` that has no proper SHA-256.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Repr-Digest has no member sha-256=:BASE64: of 32 bytes")]
pub struct MalformedDigest;

impl Digest {
    /// Length in bytes.
    pub const LEN: usize = 32;

    /// Returns the digest of a slice.
    pub fn of(bytes: &[u8]) -> Digest {
        Digest(<Sha256 as sha2::Digest>::digest(bytes).into())
    }

    /// Returns the digest as the strong entity tag of its content, quotes included.
    pub fn etag(&self) -> String {
        format!("\"{TAG_PREFIX}{}\"", URL_SAFE_NO_PAD.encode(self.0))
    }

    /// Returns the digest in an entity tag, None if the tag is no digest.
    pub fn from_etag(tag: &str) -> Option<Digest> {
        let text = tag.strip_prefix('"')?.strip_suffix('"')?.strip_prefix(TAG_PREFIX)?;
        URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok().map(Digest)
    }

    /// Returns the value of `Repr-Digest`.
    pub fn repr_digest(&self) -> String {
        format!("sha-256=:{}:", STANDARD.encode(self.0))
    }

    /// Finds the SHA-256 in a `Repr-Digest`, which may have other digests as well.
    ///
    /// # Errors
    /// [`MalformedDigest`].
    pub fn from_repr_digest(value: &str) -> Result<Digest, MalformedDigest> {
        // Of members with one name the last counts (RFC 8941).
        let mut found =
            value.split(',').filter_map(|member| member.trim().strip_prefix("sha-256="));
        let found = found.next_back().ok_or(MalformedDigest)?;
        let text = found.strip_prefix(':').and_then(|text| text.split_once(':'));
        let decoded = text.map(|(text, _parameters)| STANDARD.decode(text));
        let bytes = decoded.and_then(Result::ok).and_then(|bytes| bytes.try_into().ok());
        bytes.map(Digest).ok_or(MalformedDigest)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_and_headers_are_those_of_sha256sum() {
        // printf abc | sha256sum | xxd -r -p | base64
        let base64 = "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=";
        let digest = Digest::of(b"abc");
        assert_eq!(digest.repr_digest(), format!("sha-256=:{base64}:"));
        assert_eq!(digest.etag(), "\"sha256-ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0\"");
        assert_eq!(Digest::from_etag(&digest.etag()), Some(digest));
        for value in [
            format!("sha-256=:{base64}:"),
            format!("md5=:AAAA:, sha-256=:{base64}:;p=1 , sha-512=:AAAA:"),
        ] {
            assert_eq!(Digest::from_repr_digest(&value), Ok(digest), "{value}");
        }
    }

    #[test]
    fn other_tags_and_headers_are_no_digests() {
        for tag in ["", "\"", "\"\"", "\"sha256-\"", "\"sha256-AAAA\"", "W/\"sha256-AAAA\"", "x"] {
            assert_eq!(Digest::from_etag(tag), None, "{tag}");
        }
        for value in
            ["", "sha-256", "sha-256=:AAAA:", "sha-256=AAAA", "sha-512=:AAAA:", "sha-256=:"]
        {
            assert_eq!(Digest::from_repr_digest(value), Err(MalformedDigest), "{value}");
        }
    }
}
