//! What can go wrong between a client and a server.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use sigdelta::ErrorKind;

use crate::protocol::Kind;

/// A failed push or pull.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The address is not that of a resource, or of the folder of a tree.
    #[error("'{url}' is no address of a resource: {reason}")]
    BadUrl {
        /// As the caller wrote it.
        url: String,
        /// What is wrong with it.
        reason: String,
    },

    /// The server answered in a way that the protocol does not allow.
    #[error("the server's answer makes no sense: {what}")]
    BadAnswer {
        /// What is wrong with it.
        what: &'static str,
    },

    /// The connection ended before the answer.
    #[error("the connection to {host} broke: {cause}")]
    Broken {
        /// Host and port.
        host: String,
        /// What was noticed.
        cause: Box<dyn std::error::Error + Send + Sync>,
    },

    /// The caller's certificates cannot be used.
    #[error("the certificates cannot be used: {reason}")]
    Certificates {
        /// What is wrong with them.
        reason: String,
    },

    /// The resource is not the one that the caller, or an earlier answer, expected.
    #[error(
        "the resource has changed: it is {}, not {expected}",
        found.as_deref().unwrap_or("something else")
    )]
    Conflict {
        /// The ETag that was expected; `nothing` if the resource should not have existed.
        expected: String,
        /// The ETag that was found, if the server told.
        found: Option<String>,
    },

    /// No connection could be made.
    #[error("cannot connect to {host}: {cause}")]
    Connect {
        /// Host and port.
        host: String,
        /// What the system or TLS says.
        cause: io::Error,
    },

    /// A file of this side.
    #[error(transparent)]
    File(#[from] sigdelta::Error),

    /// A file became another while it was read.
    #[error("{}: the file changed while it was read", path.display())]
    FileChanged {
        /// The file.
        path: PathBuf,
    },

    /// There is no such resource.
    #[error("the server has no {key}")]
    NotFound {
        /// The resource, as in its address.
        key: String,
    },

    /// The server refused a request.
    #[error("the server refused: {status} {title}{}", Detail(detail))]
    Refused {
        /// The status code of HTTP.
        status: u16,
        /// The kind of problem, if the server named one that is known.
        kind: Option<Kind>,
        /// The problem in words.
        title: String,
        /// More about it; may be empty.
        detail: String,
        /// How long the server asks to wait before another try.
        retry_after: Option<Duration>,
    },

    /// Neither side sent a byte for too long.
    #[error("nothing was heard of {host} for {} seconds", waited.as_secs())]
    TimedOut {
        /// Host and port.
        host: String,
        /// How long.
        waited: Duration,
    },

    /// The token would be readable on its way.
    #[error("the token is not sent to {host} without TLS: use https")]
    TokenInClear {
        /// Host and port.
        host: String,
    },

    /// The token is not one that a header can carry.
    #[error("the token has characters that cannot be sent")]
    TokenUnusable,

    /// What was received is not what the server said it would be.
    #[error("what came is not what the server promised: another digest")]
    WrongDigest,
}

/// What the operations of this module return.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// Returns the status code if it is a refusal.
    pub fn status(&self) -> Option<u16> {
        match self {
            Error::Refused { status, .. } => Some(*status),
            _ => None,
        }
    }

    /// Returns true if the same request may succeed a little later.
    pub fn is_transient(&self) -> bool {
        match self {
            Error::Broken { .. } | Error::TimedOut { .. } => true,
            // Certificates do not become right by themselves.
            Error::Connect { cause, .. } => {
                !cause.get_ref().is_some_and(|cause| cause.is::<tokio_rustls::rustls::Error>())
            }
            Error::Refused { status, .. } => matches!(status, 408 | 429 | 500 | 502..=504),
            _ => false,
        }
    }

    /// Says that the server is to blame, if the error is of bytes that came from there.
    pub(super) fn or_bad_answer(self, what: &'static str) -> Self {
        match self {
            Error::File(error)
                if matches!(
                    error.kind(),
                    ErrorKind::BadMagic | ErrorKind::Corrupt | ErrorKind::InputEnded
                ) =>
            {
                Error::BadAnswer { what }
            }
            error => error,
        }
    }

    /// Returns true if what was begun cannot be gone on with, even when the cause is mended.
    pub(super) fn is_final(&self) -> bool {
        match self {
            Error::Refused { status, .. } => matches!(status, 400 | 404 | 409..=422),
            Error::NotFound { .. } | Error::BadAnswer { .. } | Error::WrongDigest => true,
            _ => false,
        }
    }

    /// Returns true if the server does not know or allow the way that was tried, but may another.
    pub(super) fn is_unsupported(&self) -> bool {
        matches!(self.status(), Some(400 | 404 | 405 | 406 | 413 | 415 | 501))
    }
}

/// More about a problem, behind a colon.
struct Detail<'a>(&'a str);

impl std::fmt::Display for Detail<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            "" => Ok(()),
            detail => write!(f, ": {detail}"),
        }
    }
}
