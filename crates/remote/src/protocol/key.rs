//! Keys: the names of resources, valid by construction.

use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// Most bytes of a key.
pub const MAX_KEY_LEN: usize = 1024;
/// Most segments of a key.
const MAX_SEGMENTS: usize = 64;
/// Most bytes of a segment: more is no file name.
const MAX_SEGMENT_LEN: usize = 255;
/// Segments that begin so belong to the server.
pub const RESERVED: &str = ".sigdelta";
/// What is encoded in a segment of a path: all but the unreserved characters of RFC 3986.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The name of a resource: segments with `/` between them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(String);

/// Why a text is no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidKey {
    /// Bytes that are no text, or percent signs without two digits.
    #[error("the key is not percent-encoded UTF-8")]
    Encoding,
    /// A NUL or another control character, a backslash, or an encoded slash.
    #[error("the key has a control character, a backslash or an encoded slash")]
    Character,
    /// More than [`MAX_KEY_LEN`] bytes or 64 segments, or a segment of more than 255 bytes.
    #[error(
        "the key has over {MAX_KEY_LEN} bytes or {MAX_SEGMENTS} segments, or a segment over {MAX_SEGMENT_LEN} bytes"
    )]
    Length,
    /// A segment that is empty, `.` or `..`, or begins with [`RESERVED`].
    #[error("the key has a segment that is empty, \".\" or \"..\", or begins with {RESERVED:?}")]
    Segment,
}

impl Key {
    /// Checks a key that is not encoded.
    ///
    /// # Errors
    /// [`InvalidKey`].
    pub fn new(key: impl Into<String>) -> Result<Self, InvalidKey> {
        let key = key.into();
        if key.len() > MAX_KEY_LEN || key.split('/').nth(MAX_SEGMENTS).is_some() {
            return Err(InvalidKey::Length);
        }
        key.split('/').try_for_each(check_segment)?;
        Ok(Key(key))
    }

    /// Decodes and checks a key as it stands in a path.
    ///
    /// # Errors
    /// [`InvalidKey`].
    pub fn from_path(path: &str) -> Result<Self, InvalidKey> {
        // Three bytes stand for one at most.
        if path.len() > 3 * MAX_KEY_LEN {
            return Err(InvalidKey::Length);
        }
        let mut key = String::with_capacity(path.len());
        for segment in path.split('/') {
            let decoded = decode(segment)?;
            if decoded.contains('/') {
                return Err(InvalidKey::Character);
            }
            if !key.is_empty() {
                key.push('/');
            }
            check_segment(&decoded)?;
            key.push_str(&decoded);
        }
        Key::new(key)
    }

    /// Returns the key as it stands in a path.
    pub fn to_path(&self) -> String {
        let encoded = |segment| utf8_percent_encode(segment, ENCODED).to_string();
        self.segments().map(encoded).collect::<Vec<_>>().join("/")
    }

    /// Returns the key.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the segments, at least one.
    pub fn segments(&self) -> impl Iterator<Item = &str> {
        self.0.split('/')
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn check_segment(segment: &str) -> Result<(), InvalidKey> {
    if matches!(segment, "" | "." | "..") || segment.starts_with(RESERVED) {
        return Err(InvalidKey::Segment);
    }
    if segment.chars().any(|c| c.is_control() || c == '\\') {
        return Err(InvalidKey::Character);
    }
    if segment.len() > MAX_SEGMENT_LEN {
        return Err(InvalidKey::Length);
    }
    Ok(())
}

fn decode(segment: &str) -> Result<String, InvalidKey> {
    let is_encoded =
        |rest: &str| rest.as_bytes().iter().take(2).filter(|b| b.is_ascii_hexdigit()).count() == 2;
    if !segment.split('%').skip(1).all(is_encoded) {
        return Err(InvalidKey::Encoding);
    }
    let decoded = percent_decode_str(segment).decode_utf8().map_err(|_| InvalidKey::Encoding)?;
    Ok(decoded.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_and_its_path_are_each_others() {
        for (key, path) in [
            ("a", "a"),
            ("a/b.tar", "a/b.tar"),
            ("a b/ü?#%", "a%20b/%C3%BC%3F%23%25"),
            (".hidden/..x", ".hidden/..x"),
        ] {
            assert_eq!(Key::from_path(path).unwrap().as_str(), key);
            assert_eq!(Key::new(key).unwrap().to_path(), path);
        }
    }

    #[test]
    fn what_could_name_something_else_is_refused() {
        use InvalidKey::*;
        for (path, why) in [
            ("", Segment),
            ("/", Segment),
            ("a//b", Segment),
            ("/a", Segment),
            ("a/", Segment),
            (".", Segment),
            ("a/../b", Segment),
            ("a/%2e%2E/b", Segment),
            ("%2e", Segment),
            (".sigdelta/tmp", Segment),
            ("a/.sigdelta-1.tmp", Segment),
            ("a%2fb", Character),
            ("a%00", Character),
            ("a%0a", Character),
            ("a%C2%85", Character),
            ("a%5Cb", Character),
            ("a%", Encoding),
            ("a%2", Encoding),
            ("a%zz", Encoding),
            ("a%+1", Encoding),
            ("a%ff", Encoding),
            (&"a".repeat(256), Length),
            (&"a/".repeat(600), Segment),
            (&"a/b/".repeat(300)[..1025], Length),
        ] {
            assert_eq!(Key::from_path(path), Err(why), "{path:?}");
        }
        assert_eq!(Key::from_path(&"a/".repeat(65)[..129]), Err(Length));
        assert!(Key::from_path(&"a/".repeat(64)[..127]).is_ok());
        let longest = ("é".repeat(127) + "/").repeat(4) + "abcd";
        assert!(Key::new(longest.clone()).is_ok());
        assert_eq!(Key::new(longest + "e"), Err(Length));
    }
}
