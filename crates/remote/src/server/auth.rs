//! Who may do what: bearer tokens (RFC 6750) from a file.

use std::path::Path;
use std::{fs, io};

use http::header::AUTHORIZATION;
use http::{HeaderMap, Method};
use subtle::{Choice, ConditionallySelectable, ConstantTimeEq};

use super::reply::{Problem, Result};
use crate::protocol::{DELTAS, Digest, FINE_SUMS, Kind};

/// The tokens that a server knows.
#[derive(Debug)]
pub struct Tokens(Vec<Token>);

/// A token by its digest, so that comparing takes the same time for all.
#[derive(Debug)]
struct Token {
    digest: Digest,
    may_write: bool,
}

/// Why a file of tokens cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// It cannot be read.
    #[error("{cause}")]
    Io {
        /// What the system says.
        cause: io::Error,
    },
    /// A line is not understood.
    #[error("line {line} is not \"read TOKEN\" or \"write TOKEN\"")]
    Line {
        /// The line, from 1.
        line: usize,
    },
    /// There is no token in it.
    #[error("there is no token in it")]
    None,
}

impl Tokens {
    /// Reads a file of tokens.
    ///
    /// # Errors
    /// [`TokenError`].
    pub fn from_file(path: &Path) -> Result<Self, TokenError> {
        Tokens::parse(&fs::read_to_string(path).map_err(|cause| TokenError::Io { cause })?)
    }

    /// Reads lines `read TOKEN` and `write TOKEN`; who may write may read. Lines that begin with `#` and
    /// empty ones do not count.
    ///
    /// # Errors
    /// [`TokenError`].
    pub fn parse(text: &str) -> Result<Self, TokenError> {
        let mut tokens = Vec::new();
        for (number, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let unclear = || TokenError::Line { line: number + 1 };
            let (right, token) = line.split_once(char::is_whitespace).ok_or_else(unclear)?;
            let token = token.trim();
            let may_write = match right {
                "read" => false,
                "write" => true,
                _ => return Err(unclear()),
            };
            if token.contains(char::is_whitespace) {
                return Err(unclear());
            }
            tokens.push(Token { digest: Digest::of(token.as_bytes()), may_write });
        }
        match tokens.is_empty() {
            true => Err(TokenError::None),
            false => Ok(Tokens(tokens)),
        }
    }

    /// Refuses a request that its token does not allow.
    pub(super) fn check(&self, method: &Method, path: &str, headers: &HeaderMap) -> Result<()> {
        let token = bearer(headers).ok_or_else(|| {
            Problem::new(Kind::Unauthorized, "Authorization: Bearer TOKEN is missing")
        })?;
        let digest = Digest::of(token.as_bytes());
        let (mut is_known, mut may_write) = (Choice::from(0), Choice::from(0));
        for known in &self.0 {
            let is_this = known.digest.0.ct_eq(&digest.0);
            is_known |= is_this;
            let may =
                Choice::conditional_select(&0.into(), &u8::from(known.may_write).into(), is_this);
            may_write |= may;
        }
        if !bool::from(is_known) {
            return Err(Problem::new(Kind::Unauthorized, "the token is unknown"));
        }
        if writes(method, path) && !bool::from(may_write) {
            return Err(Problem::new(Kind::Forbidden, "the token is for reading"));
        }
        Ok(())
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// Returns true unless a request only reads.
fn writes(method: &Method, path: &str) -> bool {
    let reads = matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS);
    let asks = path.starts_with(FINE_SUMS) || path.starts_with(DELTAS);
    // Who looks after an upload is about to write.
    !reads && !asks || path.starts_with(crate::protocol::UPLOADS)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome(tokens: &Tokens, method: Method, path: &str, value: Option<&str>) -> Option<Kind> {
        let mut headers = HeaderMap::new();
        if let Some(value) = value {
            headers.insert(AUTHORIZATION, value.parse().unwrap());
        }
        tokens.check(&method, path, &headers).err().map(|problem| problem.kind)
    }

    #[test]
    fn a_token_allows_what_its_line_says() {
        let tokens = Tokens::parse("# people\n\n read  r1 \nwrite w1\nread\tr2\n").unwrap();
        let cases = [
            (Method::GET, "/v1/o/a", None, Some(Kind::Unauthorized)),
            (Method::GET, "/metrics", None, Some(Kind::Unauthorized)),
            (Method::GET, "/v1/o/a", Some("Bearer r1"), None),
            (Method::GET, "/v1/o/a", Some("bearer r2"), None),
            (Method::GET, "/v1/o/a", Some("Bearer w1"), None),
            (Method::GET, "/v1/o/a", Some("Bearer r"), Some(Kind::Unauthorized)),
            (Method::GET, "/v1/o/a", Some("Bearer "), Some(Kind::Unauthorized)),
            (Method::GET, "/v1/o/a", Some("Basic r1"), Some(Kind::Unauthorized)),
            (Method::POST, "/v1/delta/a", Some("Bearer r1"), None),
            (Method::POST, "/v1/fine/a", Some("Bearer r1"), None),
            (Method::PUT, "/v1/o/a", Some("Bearer r1"), Some(Kind::Forbidden)),
            (Method::PATCH, "/v1/o/a", Some("Bearer w1"), None),
            (Method::DELETE, "/v1/o/a", Some("Bearer r2"), Some(Kind::Forbidden)),
            (Method::POST, "/v1/up/a", Some("Bearer r1"), Some(Kind::Forbidden)),
            (Method::HEAD, "/v1/u/00", Some("Bearer r1"), Some(Kind::Forbidden)),
            (Method::HEAD, "/v1/u/00", Some("Bearer w1"), None),
        ];
        for (method, path, value, expected) in cases {
            assert_eq!(
                outcome(&tokens, method.clone(), path, value),
                expected,
                "{method} {path} {value:?}"
            );
        }
    }

    #[test]
    fn a_file_that_is_not_understood_is_refused() {
        assert!(matches!(Tokens::parse("# none\n"), Err(TokenError::None)));
        for text in ["read", "admin x", "read a b", "read a\nx"] {
            assert!(matches!(Tokens::parse(text), Err(TokenError::Line { .. })), "{text:?}");
        }
    }
}
