//! Where a resource is: its address taken apart, and the addresses of what belongs to it.

use hyper::Uri;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use super::{Error, Result};
use crate::protocol::{Key, OBJECTS};

/// What people write in an address though it must be encoded.
const UNSAFE: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'<')
    .add(b'>')
    .add(b'\\')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// The address of a resource, or of the folder of a tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Location {
    pub(super) is_tls: bool,
    pub(super) host: String,
    pub(super) port: u16,
    /// What is in front of `/v1/`, for a server behind a proxy.
    prefix: String,
    /// None is the folder of all there is.
    key: Option<Key>,
}

impl Location {
    /// Reads the address of a resource.
    pub(super) fn parse(url: &str) -> Result<Self> {
        let location = Self::parse_folder(url)?;
        if location.key.is_none() || url.ends_with('/') {
            return Err(bad(url, "it names a folder; trees are for the option -r"));
        }
        Ok(location)
    }

    /// Reads the address of a resource or folder.
    pub(super) fn parse_folder(url: &str) -> Result<Self> {
        let encoded = utf8_percent_encode(url, UNSAFE).to_string();
        let uri: Uri = encoded.parse().map_err(|_| bad(url, "it is malformed"))?;
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
        let Some((prefix, path)) = uri.path().split_once(OBJECTS) else {
            return Err(bad(url, "it should be http://HOST:PORT/v1/o/KEY"));
        };
        let key = match path.strip_suffix('/').unwrap_or(path) {
            "" => None,
            path => Some(Key::from_path(path).map_err(|error| bad(url, &error.to_string()))?),
        };
        Ok(Location {
            is_tls,
            host: authority.host().to_owned(),
            port,
            prefix: prefix.to_owned(),
            key,
        })
    }

    /// Returns the location of a file in the folder, whose name may have parts.
    pub(super) fn join(&self, name: &str) -> Result<Self> {
        let key = Key::new(format!("{}{name}", self.folder()));
        let key = key.map_err(|error| bad(name, &error.to_string()))?;
        Ok(Location { key: Some(key), ..self.clone() })
    }

    /// Returns the key.
    pub(super) fn key(&self) -> &str {
        self.key.as_ref().map_or("", Key::as_str)
    }

    /// Returns what the keys in the folder begin with.
    pub(super) fn folder(&self) -> String {
        self.key.as_ref().map_or(String::new(), |key| format!("{key}/"))
    }

    /// Returns the path of the resource.
    pub(super) fn resource(&self) -> String {
        self.path_of(OBJECTS)
    }

    /// Returns the path of what belongs to the resource, which the protocol says where to find.
    pub(super) fn path_of(&self, what: &str) -> String {
        let key = self.key.as_ref().map_or(String::new(), Key::to_path);
        format!("{}{what}{key}", self.prefix)
    }

    /// Returns a path that belongs to no resource.
    pub(super) fn path(&self, path: &str) -> String {
        format!("{}{path}", self.prefix)
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

fn bad(url: &str, reason: &str) -> Error {
    Error::BadUrl { url: url.to_owned(), reason: reason.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{FINE_SUMS, SIGNATURES};

    #[test]
    fn an_address_is_taken_apart() {
        let location = Location::parse("http://localhost:8080/v1/o/a/b c.img").unwrap();
        assert!(!location.is_tls);
        assert_eq!(location.authority(), "localhost:8080");
        assert_eq!(location.resource(), "/v1/o/a/b%20c.img");
        assert_eq!(location.path_of(SIGNATURES), "/v1/sig/a/b%20c.img");

        let location = Location::parse("https://[::1]/files/v1/o/%C3%A4/ö").unwrap();
        assert!(location.is_tls);
        assert_eq!((location.bare_host(), location.port), ("::1", 443));
        assert_eq!(location.authority(), "[::1]");
        assert_eq!(location.path_of(FINE_SUMS), "/files/v1/fine/%C3%A4/%C3%B6");
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
            "http://host/v1/o/a//b",
            "http://host/v1/o/../etc",
            "http://host/v1/o/%FF",
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
        assert_eq!(folder.folder(), "a b/");
        let file = folder.join("100%/x?#ä").unwrap();
        assert_eq!(file.resource(), "/v1/o/a%20b/100%25/x%3F%23%C3%A4");
        assert!(folder.join("../x").is_err());
        let all = Location::parse_folder("http://host/v1/o/").unwrap();
        assert_eq!(all.folder(), "");
        assert_eq!(all.join("x").unwrap().resource(), "/v1/o/x");
    }
}
