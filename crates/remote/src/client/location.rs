//! Where a resource is: its address taken apart, and the addresses of what belongs to it.

use hyper::Uri;

use super::{Error, Result};

/// What every path of the protocol has in it.
const RESOURCES: &str = "/v1/o/";

/// The address of a resource, or of the folder of a tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Location {
    pub(super) is_tls: bool,
    pub(super) host: String,
    pub(super) port: u16,
    /// What is in front of `/v1/`, for a server behind a proxy.
    prefix: String,
    /// Percent-encoded.
    key: String,
}

impl Location {
    /// Reads the address of a resource.
    pub(super) fn parse(url: &str) -> Result<Self> {
        let location = Self::parse_folder(url)?;
        if location.key.is_empty() || location.key.ends_with('/') {
            return Err(bad(url, "it names a folder; trees are for the option -r"));
        }
        Ok(location)
    }

    /// Reads the address of a resource or folder; the key of all there is is empty.
    pub(super) fn parse_folder(url: &str) -> Result<Self> {
        let uri: Uri = escape(url, is_unsafe).parse().map_err(|_| bad(url, "it is malformed"))?;
        let is_tls = match uri.scheme_str() {
            Some("http") => false,
            Some("https") => true,
            _ => return Err(bad(url, "it should begin with http:// or https://")),
        };
        let authority = uri.authority().ok_or_else(|| bad(url, "it names no host"))?;
        if authority.as_str().contains('@') {
            return Err(bad(url, "names and passwords do not belong there; use a token"));
        }
        if authority.host().is_empty() {
            return Err(bad(url, "it names no host"));
        }
        let port = match (authority.port_u16(), is_tls) {
            (Some(port), _) => port,
            (None, _) if authority.as_str() != authority.host() => {
                return Err(bad(url, "there is no such port"));
            }
            (None, true) => 443,
            (None, false) => 80,
        };
        if uri.query().is_some() || url.contains('#') {
            return Err(bad(url, "'?' and '#' must be written as %3F and %23"));
        }
        let Some((prefix, key)) = uri.path().split_once(RESOURCES) else {
            return Err(bad(url, "it should be http://HOST:PORT/v1/o/KEY"));
        };
        Ok(Location {
            is_tls,
            host: authority.host().to_owned(),
            port,
            prefix: prefix.to_owned(),
            key: key.to_owned(),
        })
    }

    /// Returns the location of a file in the folder, whose name may have parts.
    pub(super) fn join(&self, name: &str) -> Self {
        let mut key = self.key.trim_end_matches('/').to_owned();
        for part in name.split('/') {
            if !key.is_empty() {
                key.push('/');
            }
            key += &encode(part);
        }
        Location { key, ..self.clone() }
    }

    /// Returns the key as in the address.
    pub(super) fn key(&self) -> &str {
        &self.key
    }

    /// Returns what the keys in the folder begin with, as the server lists them.
    pub(super) fn folder(&self) -> Result<String> {
        let key = self.key.trim_end_matches('/');
        let key = decode(key).ok_or_else(|| bad(key, "it is not UTF-8"))?;
        Ok(if key.is_empty() { key } else { key + "/" })
    }

    /// Returns the path of the resource.
    pub(super) fn resource(&self) -> String {
        self.path_of("o")
    }

    /// Returns the path of something that belongs to the resource, such as `sig`.
    pub(super) fn path_of(&self, what: &str) -> String {
        format!("{}/v1/{what}/{}", self.prefix, self.key)
    }

    /// Returns a path of the server that belongs to no resource.
    pub(super) fn path(&self, rest: &str) -> String {
        format!("{}/v1/{rest}", self.prefix)
    }

    /// Returns host and port as a header has them.
    pub(super) fn authority(&self) -> String {
        match (self.is_tls, self.port) {
            (false, 80) | (true, 443) => self.host.clone(),
            (_, port) => format!("{}:{port}", self.host),
        }
    }

    /// Returns the host without the brackets of an IPv6 address.
    pub(super) fn bare_host(&self) -> &str {
        self.host.trim_start_matches('[').trim_end_matches(']')
    }

    /// Returns the address for people.
    pub(super) fn url(&self) -> String {
        let scheme = if self.is_tls { "https" } else { "http" };
        format!("{scheme}://{}{}", self.authority(), self.resource())
    }
}

/// Writes a part of a path so that it means itself.
pub(super) fn encode(part: &str) -> String {
    escape(part, |byte| !(byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)))
}

/// Takes percent signs away; None if the result is not UTF-8 or there are no digits behind one.
fn decode(path: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let [byte, behind @ ..] = rest {
        rest = behind;
        if *byte != b'%' {
            bytes.push(*byte);
            continue;
        }
        let (digits, behind) = behind.split_first_chunk::<2>()?;
        let digit = |byte: u8| char::from(byte).to_digit(16);
        bytes.push((digit(digits[0])? * 16 + digit(digits[1])?) as u8);
        rest = behind;
    }
    String::from_utf8(bytes).ok()
}

/// What people write in an address though it must be escaped.
fn is_unsafe(byte: u8) -> bool {
    !byte.is_ascii_graphic() || b"\"<>\\^`{|}".contains(&byte)
}

fn escape(text: &str, must: impl Fn(u8) -> bool) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        match must(byte) {
            true => escaped += &format!("%{byte:02X}"),
            false => escaped.push(byte.into()),
        }
    }
    escaped
}

fn bad(url: &str, reason: &'static str) -> Error {
    Error::BadUrl { url: url.to_owned(), reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_taken_apart() {
        let location = Location::parse("http://localhost:8080/v1/o/a/b c.img").unwrap();
        assert!(!location.is_tls);
        assert_eq!(location.authority(), "localhost:8080");
        assert_eq!(location.resource(), "/v1/o/a/b%20c.img");
        assert_eq!(location.path_of("sig"), "/v1/sig/a/b%20c.img");

        let location = Location::parse("https://[::1]/files/v1/o/%C3%A4/ö").unwrap();
        assert!(location.is_tls);
        assert_eq!((location.bare_host(), location.port), ("::1", 443));
        assert_eq!(location.authority(), "[::1]");
        assert_eq!(location.path_of("fine"), "/files/v1/fine/%C3%A4/%C3%B6");
        assert_eq!(location.url(), "https://[::1]/files/v1/o/%C3%A4/%C3%B6");
    }

    #[test]
    fn what_is_no_address_of_a_resource_is_refused() {
        for url in [
            "",
            "file",
            "ftp://host/v1/o/k",
            "http://host/k",
            "http://host/v1/o/",
            "http://host/v1/o/folder/",
            "http://user:word@host/v1/o/k",
            "http://host/v1/o/k?x",
            "http://host/v1/o/k#x",
            "http:///v1/o/k",
            "http://host:99999/v1/o/k",
        ] {
            assert!(matches!(Location::parse(url), Err(Error::BadUrl { .. })), "{url}");
        }
    }

    #[test]
    fn names_in_a_folder_mean_themselves() {
        let folder = Location::parse_folder("http://host/v1/o/a%20b/").unwrap();
        assert_eq!(folder.folder().unwrap(), "a b/");
        assert_eq!(folder.join("100%/x?#ä").resource(), "/v1/o/a%20b/100%25/x%3F%23%C3%A4");
        let all = Location::parse_folder("http://host/v1/o/").unwrap();
        assert_eq!(all.folder().unwrap(), "");
        assert_eq!(all.join("x").resource(), "/v1/o/x");
        let odd = Location::parse_folder("http://host/v1/o/%FF").unwrap();
        assert!(odd.folder().is_err());
    }
}
