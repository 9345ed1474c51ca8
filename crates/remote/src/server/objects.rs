//! Resources: given out, replaced, changed by a delta, removed.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header::{ALLOW, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};

use super::App;
use super::body::{check_length, send};
use super::operation::{Operation, conditions_of};
use super::pool::blocking;
use super::range::{self, Wanted};
use super::reply::{Problem, Result, describe, header_value};
use super::{deltas, uploads};
use crate::protocol::{Conditions, Key, Kind, OBJECTS, header, media};
use crate::storage::{Content, Deletion, Facts};

const METHODS: &str = "DELETE, GET, HEAD, OPTIONS, PATCH, PUT";

/// GET and HEAD.
pub(super) async fn get(
    State(app): State<Arc<App>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response> {
    let key = key_of(&uri, OBJECTS)?;
    let conditions = conditions_of(&headers)?;
    let content = app.open(key.clone()).await?.ok_or_else(Problem::not_found)?;
    let Facts { len, digest, .. } = content.facts;
    let mut reply = describe(&content.facts);
    if !(Conditions { if_none_match: None, ..conditions.clone() }).hold(Some(&digest)) {
        return Err(Problem::refused(Some(&digest)));
    }
    if !conditions.hold(Some(&digest)) {
        return Ok((StatusCode::NOT_MODIFIED, reply).into_response());
    }
    // Whoever wants no more than a patch asks for a range of a byte otherwise.
    if method == Method::GET
        && let Some(tags) = &conditions.if_none_match
        && let Some(delta) = deltas::from_version(&app, &key, &content, tags, &headers).await?
    {
        return Ok(delta);
    }
    reply.insert(CONTENT_TYPE, HeaderValue::from_static(media::BYTES));
    let wanted = match method {
        Method::GET => range::wanted(&headers, &digest, len),
        _ => Wanted::Whole,
    };
    let (status, start, part) = match wanted {
        Wanted::Whole => (StatusCode::OK, 0, len),
        Wanted::Part { start, len: part } => {
            let range = format!("bytes {start}-{}/{len}", start + part - 1);
            reply.insert(CONTENT_RANGE, header_value(&range));
            (StatusCode::PARTIAL_CONTENT, start, part)
        }
        Wanted::Beyond => {
            let problem = Problem::new(Kind::RangeNotSatisfiable, format!("it has {len} bytes"));
            return Err(problem.header(CONTENT_RANGE, &format!("bytes */{len}")));
        }
    };
    reply.insert(CONTENT_LENGTH, part.into());
    Ok((status, reply, send(content.bytes, start, part, &method)).into_response())
}

/// PUT and PATCH.
pub(super) async fn change(
    State(app): State<Arc<App>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Result<Response> {
    let key = key_of(&uri, OBJECTS)?;
    if uploads::is_incomplete(&headers)? {
        return uploads::begin(&app, key, &method, headers, body).await;
    }
    let operation = Operation::from_headers(key, &method, &headers)?;
    if let Some(reply) = operation.settled(&app).await? {
        return Ok(reply);
    }
    check_length(&body, operation.max_bytes(&app))?;
    operation.run(&app, body).await
}

/// DELETE.
pub(super) async fn delete(
    State(app): State<Arc<App>>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response> {
    let key = key_of(&uri, OBJECTS)?;
    let conditions = conditions_of(&headers)?;
    let deletion = blocking(move || Ok(app.storage.delete(&key, &conditions)?)).await?;
    match deletion {
        Deletion::Done => Ok(StatusCode::NO_CONTENT.into_response()),
        Deletion::Missing => Err(Problem::not_found()),
        Deletion::Refused(current) => Err(Problem::refused(Some(&current))),
    }
}

/// OPTIONS: what can be done here.
pub(super) async fn options(State(app): State<Arc<App>>, uri: Uri) -> Result<Response> {
    key_of(&uri, OBJECTS)?;
    let mut headers = HeaderMap::new();
    headers.insert(ALLOW, HeaderValue::from_static(METHODS));
    headers.insert(header::ACCEPT_PATCH, HeaderValue::from_static(media::ACCEPT_PATCH));
    headers.insert(header::UPLOAD_LIMIT, header_value(&uploads::limit(&app)));
    Ok((StatusCode::NO_CONTENT, headers).into_response())
}

/// Returns the key in a path.
pub(super) fn key_of(uri: &Uri, prefix: &str) -> Result<Key> {
    let path = uri.path().strip_prefix(prefix).unwrap_or_default();
    Key::from_path(path).map_err(|error| Problem::new(Kind::BadKey, error))
}

impl App {
    /// Returns the content of a key. Files that came by other means are hashed now.
    pub(super) async fn open(self: &Arc<Self>, key: Key) -> Result<Option<Content>> {
        let app = Arc::clone(self);
        blocking(move || Ok(app.storage.open(&key)?)).await
    }
}
