//! What can go wrong with a request: the kinds of problem, their status, and how a reply tells them (RFC 9457).

use http::StatusCode;
use serde::{Deserialize, Serialize};

const PREFIX: &str = "urn:sigdelta:problem:";

macro_rules! kinds {
    ($($(#[$doc:meta])* $variant:ident $name:literal $status:ident $title:literal;)*) => {
        /// A kind of problem, which its type names.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Kind {
            $($(#[$doc])* $variant,)*
        }

        impl Kind {
            /// All kinds.
            pub const ALL: &[Kind] = &[$(Kind::$variant),*];

            /// Returns the last part of the type.
            pub fn name(self) -> &'static str {
                match self {
                    $(Kind::$variant => $name,)*
                }
            }

            /// Returns the status that goes with it.
            pub fn status(self) -> StatusCode {
                match self {
                    $(Kind::$variant => StatusCode::$status,)*
                }
            }

            /// Returns a few words for people.
            pub fn title(self) -> &'static str {
                match self {
                    $(Kind::$variant => $title,)*
                }
            }
        }
    };
}

kinds! {
    /// The key is none.
    BadKey "bad-key" BAD_REQUEST "The key is not valid";
    /// A header or a parameter is malformed or missing.
    BadRequest "bad-request" BAD_REQUEST "The request is malformed";
    /// The server has no time now.
    Busy "busy" SERVICE_UNAVAILABLE "The server is busy";
    /// A delta or patch is malformed.
    Damaged "damaged" UNPROCESSABLE_ENTITY "The body is damaged";
    /// The result is not the one that Repr-Digest names.
    DigestMismatch "digest-mismatch" UNPROCESSABLE_ENTITY "The result is not the one announced";
    /// Repr-Digest is missing.
    DigestRequired "digest-required" BAD_REQUEST "Repr-Digest with sha-256 is required";
    /// The token does not allow it.
    Forbidden "forbidden" FORBIDDEN "The token does not allow this";
    /// There is no space left.
    Full "full" INSUFFICIENT_STORAGE "There is no space left";
    /// A group of a layered patch gives other bytes than it was made for: the exchange took bytes for equal
    /// that are not.
    GroupMismatch "group-mismatch" UNPROCESSABLE_ENTITY "Part of the result is not the one announced";
    /// Something failed in the server.
    Internal "internal" INTERNAL_SERVER_ERROR "The server failed";
    /// A name on the way to the key is a file, or the key itself is something else than a file.
    KeyConflict "key-conflict" CONFLICT "The key collides with another";
    /// The resource does not take the method.
    MethodNotAllowed "method-not-allowed" METHOD_NOT_ALLOWED "The method is not allowed here";
    /// There is no such resource.
    NotFound "not-found" NOT_FOUND "There is no such resource";
    /// A part of an upload does not start where the one before ended.
    OffsetMismatch "offset-mismatch" CONFLICT "The part does not continue the upload";
    /// A condition does not hold.
    PreconditionFailed "precondition-failed" PRECONDITION_FAILED "A condition does not hold";
    /// If-Match is missing.
    PreconditionRequired "precondition-required" PRECONDITION_REQUIRED "If-Match is required";
    /// The range is not in the content.
    RangeNotSatisfiable "range-not-satisfiable" RANGE_NOT_SATISFIABLE "The range is not in the content";
    /// A limit of the server: length of result, delta, signature, number of commands.
    TooLarge "too-large" PAYLOAD_TOO_LARGE "A limit of the server is exceeded";
    /// The work takes longer than the server allows.
    TooMuchWork "too-much-work" PAYLOAD_TOO_LARGE "The work takes too long";
    /// The body comes too slowly.
    TooSlow "too-slow" REQUEST_TIMEOUT "The body comes too slowly";
    /// There are as many uploads in parts as the server takes.
    TooManyUploads "too-many-uploads" SERVICE_UNAVAILABLE "There are too many uploads already";
    /// The server was addressed by a name that it does not go by.
    WrongHost "wrong-host" MISDIRECTED_REQUEST "The server is not for that host";
    /// A token is missing or unknown.
    Unauthorized "unauthorized" UNAUTHORIZED "A valid token is required";
    /// The type or the encoding of the body is none that the server takes.
    UnsupportedMedia "unsupported-media" UNSUPPORTED_MEDIA_TYPE "The body is of a kind that is not taken";
    /// The delta or patch was made against something else.
    WrongBasis "wrong-basis" UNPROCESSABLE_ENTITY "The delta was made against another content";
}

impl Kind {
    /// Returns the type.
    pub fn type_uri(self) -> String {
        format!("{PREFIX}{}", self.name())
    }

    /// Returns the kind that a type names.
    pub fn from_type_uri(uri: &str) -> Option<Self> {
        let name = uri.strip_prefix(PREFIX)?;
        Self::ALL.iter().copied().find(|kind| kind.name() == name)
    }
}

/// The body of a reply of type `application/problem+json`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProblemBody {
    /// The type: [`Kind::type_uri`].
    #[serde(rename = "type", default)]
    pub type_uri: String,
    /// A few words that depend on the type alone.
    #[serde(default)]
    pub title: String,
    /// The status once more.
    #[serde(default)]
    pub status: u16,
    /// What is wrong with this request.
    #[serde(default)]
    pub detail: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_name_their_kind() {
        for &kind in Kind::ALL {
            assert_eq!(Kind::from_type_uri(&kind.type_uri()), Some(kind));
            assert!(kind.status().is_client_error() || kind.status().is_server_error());
        }
        assert_eq!(Kind::from_type_uri("about:blank"), None);
    }
}
