//! Resources: given out, replaced, changed by a delta, removed.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header::{ALLOW, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};

use super::App;
use super::apply::{self, Delta, check_digest};
use super::body::{AtMost, Encoding, check_length, patch_kind, receive, send, too_long};
use super::pool::{Watch, blocking};
use super::range::{self, Wanted};
use super::reply::{Problem, Result, describe, header_value, stored};
use crate::protocol::{Conditions, Digest, Key, Kind, OBJECTS, header, media};
use crate::storage::{Commit, Content, Deletion, Facts, Finished};

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
    let content = open(&app, key).await?.ok_or_else(Problem::not_found)?;
    let Facts { len, digest, .. } = content.facts;
    let mut reply = describe(&content.facts);
    if !(Conditions { if_none_match: None, ..conditions.clone() }).hold(Some(&digest)) {
        return Err(Problem::refused(Some(&digest)));
    }
    if !conditions.hold(Some(&digest)) {
        return Ok((StatusCode::NOT_MODIFIED, reply).into_response());
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
    Ok((status, reply, send(content, start, part, &method)).into_response())
}

/// PUT: a whole content.
pub(super) async fn put(
    State(app): State<Arc<App>>,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Result<Response> {
    let key = key_of(&uri, OBJECTS)?;
    let conditions = conditions_of(&headers)?;
    let announced = digest_of(&headers)?;
    let encoding = Encoding::from_headers(&headers)?;
    if headers.contains_key(CONTENT_RANGE) {
        return Err(Problem::new(Kind::BadRequest, "PUT takes whole contents, not ranges"));
    }
    let current = open(&app, key.clone()).await?.map(|content| content.facts);
    if let Some(facts) = current.filter(|facts| announced == Some(facts.digest)) {
        return Ok(stored(StatusCode::NO_CONTENT, &facts));
    }
    let current = current.map(|facts| facts.digest);
    if !conditions.hold(current.as_ref()) {
        return Err(Problem::refused(current.as_ref()));
    }
    check_length(&body, app.limits.result_bytes)?;
    let finished = if encoding == Encoding::Identity {
        let new_draft = Arc::clone(&app);
        let draft = blocking(move || Ok(new_draft.scratch.draft()?)).await?;
        let draft = receive(body, draft, app.limits.result_bytes, &app.timeouts).await?;
        app.pool.run(move |_| Ok(draft.finish()?)).await?
    } else {
        let spool = app.scratch.spool();
        let spool = receive(body, spool, app.limits.result_bytes, &app.timeouts).await?;
        let decoder = Arc::clone(&app);
        app.pool.run(move |watch| decoder.decode(spool, encoding, watch)).await?
    };
    if let Some(announced) = announced {
        check_digest(&finished, &announced)?;
    }
    let facts = finished.facts;
    let storage = Arc::clone(&app.storage);
    let commit = blocking(move || Ok(storage.commit(&key, finished, &conditions)?)).await?;
    match commit {
        Commit::Done { created: true } => Ok(stored(StatusCode::CREATED, &facts)),
        Commit::Done { created: false } | Commit::Same => {
            Ok(stored(StatusCode::NO_CONTENT, &facts))
        }
        Commit::Refused(current) => Err(Problem::refused(current.as_ref())),
    }
}

/// PATCH: a delta or layered patch.
pub(super) async fn patch(
    State(app): State<Arc<App>>,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Result<Response> {
    let key = key_of(&uri, OBJECTS)?;
    let kind = patch_kind(&headers)
        .ok_or_else(|| Problem::new(Kind::UnsupportedMedia, "see Accept-Patch"))?;
    let encoding = Encoding::from_headers(&headers)?;
    let conditions = conditions_of(&headers)?;
    if conditions.if_match.is_none() {
        let detail = "If-Match says which content the delta is for";
        return Err(Problem::new(Kind::PreconditionRequired, detail));
    }
    let announced = digest_of(&headers)?.ok_or_else(|| {
        Problem::new(Kind::DigestRequired, "that of the result, not of the delta")
    })?;
    let basis = open(&app, key.clone()).await?.ok_or_else(Problem::not_found)?;
    if basis.facts.digest == announced {
        return Ok(stored(StatusCode::NO_CONTENT, &basis.facts));
    }
    if !conditions.hold(Some(&basis.facts.digest)) {
        return Err(Problem::refused(Some(&basis.facts.digest)));
    }
    check_length(&body, app.limits.delta_bytes)?;
    let spool = receive(body, app.scratch.spool(), app.limits.delta_bytes, &app.timeouts).await?;
    let delta = Delta { kind, encoding, bytes: spool };
    let worker = Arc::clone(&app);
    let facts =
        app.pool.run(move |watch| worker.change(&key, &basis, delta, &announced, watch)).await?;
    Ok(stored(StatusCode::NO_CONTENT, &facts))
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
pub(super) async fn options(uri: Uri) -> Result<Response> {
    key_of(&uri, OBJECTS)?;
    let headers = [
        (ALLOW, HeaderValue::from_static(METHODS)),
        (header::ACCEPT_PATCH, HeaderValue::from_static(media::ACCEPT_PATCH)),
    ];
    Ok((StatusCode::NO_CONTENT, headers).into_response())
}

impl App {
    /// Applies a delta to the content of a key and makes the result its content, if it still is that one.
    pub(super) fn change(
        &self,
        key: &Key,
        basis: &Content,
        mut delta: Delta,
        announced: &Digest,
        watch: &mut Watch,
    ) -> Result<Facts> {
        let draft = self.scratch.draft()?;
        let finished = apply::apply(basis, &mut delta, draft, announced, &self.limits, watch)?;
        let facts = finished.facts;
        // Stronger than what was asked, which may be "any content".
        let unchanged = Conditions::is(&basis.facts.digest);
        match self.storage.commit(key, finished, &unchanged)? {
            Commit::Done { .. } | Commit::Same => Ok(facts),
            Commit::Refused(current) => Err(Problem::refused(current.as_ref())),
        }
    }

    /// Makes a draft of a body that came encoded.
    fn decode(
        &self,
        mut spool: super::scratch::Spool,
        encoding: Encoding,
        watch: &Watch,
    ) -> Result<Finished> {
        use std::io::{Read, Write};
        let mut draft = self.scratch.draft()?;
        let decoded = encoding.decode(spool.reader()?)?;
        let mut decoded = AtMost::new(decoded, self.limits.result_bytes);
        let mut buf = vec![0; 256 << 10];
        loop {
            watch.check()?;
            let read = decoded.read(&mut buf).map_err(|error| {
                let damaged =
                    || Problem::new(Kind::Damaged, format!("the encoding is damaged: {error}"));
                too_long(&error).unwrap_or_else(damaged)
            })?;
            if read == 0 {
                return Ok(draft.finish()?);
            }
            draft.write_all(&buf[..read])?;
        }
    }
}

/// Returns the key in a path.
pub(super) fn key_of(uri: &Uri, prefix: &str) -> Result<Key> {
    let path = uri.path().strip_prefix(prefix).unwrap_or_default();
    Key::from_path(path).map_err(|error| Problem::new(Kind::BadKey, error))
}

pub(super) fn conditions_of(headers: &HeaderMap) -> Result<Conditions> {
    Conditions::from_headers(headers).ok_or_else(|| {
        Problem::new(Kind::BadRequest, "If-Match or If-None-Match is no list of entity tags")
    })
}

pub(super) fn digest_of(headers: &HeaderMap) -> Result<Option<Digest>> {
    let Some(value) = headers.get(header::REPR_DIGEST) else { return Ok(None) };
    let digest = Digest::from_repr_digest(value.to_str().unwrap_or_default());
    digest.map(Some).map_err(|error| Problem::new(Kind::DigestRequired, error))
}

/// Returns the content of a key. Files that came by other means are hashed now.
pub(super) async fn open(app: &Arc<App>, key: Key) -> Result<Option<Content>> {
    let storage = Arc::clone(&app.storage);
    blocking(move || Ok(storage.open(&key)?)).await
}
