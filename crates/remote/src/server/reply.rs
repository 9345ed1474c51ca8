//! Replies: problems as problem+json, and headers that name a content.

use axum::Json;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::header::{ACCEPT_RANGES, CONTENT_TYPE, ETAG, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use crate::protocol::{Digest, Kind, ProblemBody, header, media};
use crate::storage::{self, Facts};

/// Seconds after which to come again.
const RETRY_SECONDS: u64 = 5;

/// Result of a handler.
pub(super) type Result<T, E = Problem> = std::result::Result<T, E>;

/// Why a request is not done, and the reply that says so.
#[derive(Debug)]
pub(super) struct Problem {
    pub(super) kind: Kind,
    detail: String,
    headers: Vec<(HeaderName, HeaderValue)>,
}

impl Problem {
    pub(super) fn new(kind: Kind, detail: impl ToString) -> Self {
        let headers = match kind {
            Kind::Busy | Kind::TooManyUploads => vec![(RETRY_AFTER, RETRY_SECONDS.into())],
            Kind::Unauthorized => vec![(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))],
            Kind::UnsupportedMedia => {
                vec![(header::ACCEPT_PATCH, HeaderValue::from_static(media::ACCEPT_PATCH))]
            }
            _ => Vec::new(),
        };
        Problem { kind, detail: detail.to_string(), headers }
    }

    /// A condition does not hold of the content, which is this one.
    pub(super) fn refused(current: Option<&Digest>) -> Self {
        let detail = match current {
            Some(_) => "the content is another one by now, see ETag",
            None => "there is no content",
        };
        let problem = Problem::new(Kind::PreconditionFailed, detail);
        match current {
            Some(digest) => problem.header(ETAG, &digest.etag()),
            None => problem,
        }
    }

    /// Something failed that is nobody's fault but the server's. What it was goes to the log alone.
    pub(super) fn internal(cause: impl std::fmt::Display) -> Self {
        tracing::error!(%cause, "internal error");
        Problem::new(Kind::Internal, "see the server's log")
    }

    pub(super) fn not_found() -> Self {
        Problem::new(Kind::NotFound, "no content has this key")
    }

    pub(super) fn header(mut self, name: HeaderName, value: &str) -> Self {
        self.headers.push((name, header_value(value)));
        self
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = self.kind.status();
        let body = ProblemBody {
            type_uri: self.kind.type_uri(),
            title: self.kind.title().to_owned(),
            status: status.as_u16(),
            detail: self.detail,
        };
        let mut response = (status, Json(body)).into_response();
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media::PROBLEM));
        response.headers_mut().extend(self.headers);
        response.extensions_mut().insert(self.kind);
        response
    }
}

impl From<storage::Error> for Problem {
    fn from(error: storage::Error) -> Self {
        match error {
            storage::Error::Busy => Problem::new(Kind::Busy, error),
            storage::Error::Conflict { .. } => Problem::new(Kind::KeyConflict, error),
            storage::Error::Full { .. } => Problem::new(Kind::Full, "the disk is full"),
            storage::Error::Io { cause } => Problem::internal(cause),
        }
    }
}

impl From<std::io::Error> for Problem {
    fn from(error: std::io::Error) -> Self {
        storage::Error::from(error).into()
    }
}

/// Returns the headers that name a content.
pub(super) fn describe(facts: &Facts) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(ETAG, header_value(&facts.digest.etag()));
    headers.insert(header::REPR_DIGEST, header_value(&facts.digest.repr_digest()));
    headers.insert(header::ROOT, header_value(&facts.root.to_string()));
    headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    headers
}

/// Returns an empty reply that names a content.
pub(super) fn stored(status: StatusCode, facts: &Facts) -> Response {
    let mut headers = describe(facts);
    headers.remove(ACCEPT_RANGES);
    (status, headers, Body::empty()).into_response()
}

/// Returns text of ours as the value of a header.
pub(super) fn header_value(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).expect("it has no control characters")
}
