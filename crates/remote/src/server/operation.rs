//! PUT and PATCH: what the headers say is to be done, and doing it once the body is there.

use std::io::{Read, Write};
use std::sync::Arc;

use axum::body::Body;
use axum::response::Response;
use http::header::{CONTENT_RANGE, CONTENT_TYPE};
use http::{HeaderMap, Method, StatusCode};

use super::App;
use super::apply::{Delta, apply, check_digest};
use super::body::{AtMost, Encoding, receive, unreadable};
use super::pool::{Watch, blocking};
use super::reply::{Problem, Result, stored};
use super::scratch::Spool;
use crate::protocol::{Conditions, Digest, Key, Kind, header, media};
use crate::storage::{Commit, Content, Finished};

/// Bytes that are decoded at once.
const DECODE_LEN: usize = 256 << 10;

/// What PATCH takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PatchKind {
    /// A delta in librsync's format.
    Librsync,
    /// A layered patch.
    Layered,
}

/// What is to be done with a key, and when.
#[derive(Clone, Debug)]
pub(super) struct Operation {
    pub(super) key: Key,
    /// None for PUT.
    patch: Option<PatchKind>,
    encoding: Encoding,
    conditions: Conditions,
    /// Digest of the content that is to come of it.
    pub(super) announced: Option<Digest>,
}

impl Operation {
    /// Reads the headers of a PUT or PATCH.
    pub(super) fn from_headers(key: Key, method: &Method, headers: &HeaderMap) -> Result<Self> {
        let patch = match *method {
            Method::PATCH => Some(patch_kind(headers)?),
            _ => None,
        };
        let conditions = conditions_of(headers)?;
        let announced = digest_of(headers)?;
        let encoding = Encoding::from_headers(headers)?;
        if headers.contains_key(CONTENT_RANGE) {
            return Err(Problem::new(Kind::BadRequest, "bodies are whole, not ranges"));
        }
        if patch.is_some() && conditions.if_match.is_none() {
            let detail = "If-Match says which content the delta is for";
            return Err(Problem::new(Kind::PreconditionRequired, detail));
        }
        if patch.is_some() && announced.is_none() {
            let detail = "that of the result, not of the delta";
            return Err(Problem::new(Kind::DigestRequired, detail));
        }
        Ok(Operation { key, patch, encoding, conditions, announced })
    }

    /// Returns the most bytes that the body may have.
    pub(super) fn max_bytes(&self, app: &App) -> u64 {
        match self.patch {
            Some(_) => app.limits.delta_bytes,
            None => app.limits.result_bytes,
        }
    }

    /// Returns the reply if nothing is to be done, since the content is what shall come of it.
    ///
    /// # Errors
    /// Those that can be told without a body: no content, conditions that do not hold.
    pub(super) async fn settled(&self, app: &Arc<App>) -> Result<Option<Response>> {
        self.check(app.open(self.key.clone()).await?.as_ref())
    }

    fn check(&self, current: Option<&Content>) -> Result<Option<Response>> {
        if self.patch.is_some() && current.is_none() {
            return Err(Problem::not_found());
        }
        let facts = current.map(|content| content.facts);
        if let Some(facts) = facts.filter(|facts| self.announced == Some(facts.digest)) {
            return Ok(Some(stored(StatusCode::NO_CONTENT, &facts)));
        }
        let digest = facts.map(|facts| facts.digest);
        match self.conditions.hold(digest.as_ref()) {
            true => Ok(None),
            false => Err(Problem::refused(digest.as_ref())),
        }
    }

    /// Takes the body as it comes, and does it.
    pub(super) async fn run(self, app: &Arc<App>, body: Body) -> Result<Response> {
        let max_bytes = self.max_bytes(app);
        if self.patch.is_none() && self.encoding == Encoding::Identity {
            let drafting = Arc::clone(app);
            let draft = blocking(move || Ok(drafting.scratch.draft()?)).await?;
            let draft = receive(body, draft, max_bytes, &app.timeouts).await?;
            let finished = blocking(move || Ok(draft.finish()?)).await?;
            return self.replace(app, finished).await;
        }
        let spool = receive(body, app.scratch.spool(), max_bytes, &app.timeouts).await?;
        self.run_spooled(app, spool).await
    }

    /// Does it with a body that has come.
    pub(super) async fn run_spooled(self, app: &Arc<App>, spool: Spool) -> Result<Response> {
        let worker = Arc::clone(app);
        let Some(kind) = self.patch else {
            let encoding = self.encoding;
            let decode = move |watch: &mut Watch| worker.decode(spool, encoding, watch);
            let finished = app.pool.run(decode).await?;
            return self.replace(app, finished).await;
        };
        let current = app.open(self.key.clone()).await?;
        if let Some(reply) = self.check(current.as_ref())? {
            return Ok(reply);
        }
        let (Some(basis), Some(announced)) = (current, self.announced) else {
            return Err(Problem::not_found());
        };
        // Stronger than what was asked, which may be "any content".
        let unchanged = Conditions::is(&basis.facts.digest);
        let mut delta = Delta { kind, encoding: self.encoding, bytes: spool };
        let delta_bytes = delta.bytes.len()?;
        let apply = move |watch: &mut Watch| {
            let draft = worker.scratch.draft()?;
            apply(&basis, &mut delta, draft, &announced, &worker.limits, watch)
        };
        let finished = app.pool.run(apply).await?;
        let result_bytes = finished.facts.len;
        let reply = commit(app, self.key, finished, unchanged).await?;
        app.metrics.patched(kind, delta_bytes, result_bytes);
        Ok(reply)
    }

    async fn replace(self, app: &Arc<App>, finished: Finished) -> Result<Response> {
        if let Some(announced) = self.announced {
            check_digest(&finished, &announced)?;
        }
        commit(app, self.key, finished, self.conditions).await
    }
}

/// Makes a draft the content of a key, if the conditions hold.
async fn commit(
    app: &Arc<App>,
    key: Key,
    finished: Finished,
    conditions: Conditions,
) -> Result<Response> {
    let facts = finished.facts;
    let storage = Arc::clone(&app.storage);
    match blocking(move || Ok(storage.commit(&key, finished, &conditions)?)).await? {
        Commit::Done { created: true } => Ok(stored(StatusCode::CREATED, &facts)),
        Commit::Done { .. } | Commit::Same => Ok(stored(StatusCode::NO_CONTENT, &facts)),
        Commit::Refused(current) => Err(Problem::refused(current.as_ref())),
    }
}

impl App {
    /// Makes a draft of a body that came as a whole.
    fn decode(&self, mut spool: Spool, encoding: Encoding, watch: &Watch) -> Result<Finished> {
        let mut draft = self.scratch.draft()?;
        let decoded = encoding.decode(spool.reader()?)?;
        let mut decoded = AtMost::new(decoded, self.limits.result_bytes);
        let mut buf = vec![0; DECODE_LEN];
        loop {
            watch.check()?;
            let read = decoded.read(&mut buf).map_err(unreadable)?;
            if read == 0 {
                return Ok(draft.finish()?);
            }
            draft.write_all(&buf[..read])?;
        }
    }
}

fn patch_kind(headers: &HeaderMap) -> Result<PatchKind> {
    if is_media(headers, media::LIBRSYNC_DELTA) {
        Ok(PatchKind::Librsync)
    } else if is_media(headers, media::PATCH) {
        Ok(PatchKind::Layered)
    } else {
        Err(Problem::new(Kind::UnsupportedMedia, "Content-Type is none of Accept-Patch"))
    }
}

/// Returns true if the body is of a media type, whatever its parameters are.
pub(super) fn is_media(headers: &HeaderMap, media: &str) -> bool {
    let value = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = value.and_then(|value| value.split(';').next()).unwrap_or_default();
    essence.trim().eq_ignore_ascii_case(media)
}

/// Returns the conditions of a request.
pub(super) fn conditions_of(headers: &HeaderMap) -> Result<Conditions> {
    Conditions::from_headers(headers).ok_or_else(|| {
        Problem::new(Kind::BadRequest, "If-Match or If-None-Match is no list of entity tags")
    })
}

fn digest_of(headers: &HeaderMap) -> Result<Option<Digest>> {
    let lines: Vec<_> = headers.get_all(header::REPR_DIGEST).iter().collect();
    if lines.is_empty() {
        return Ok(None);
    }
    let lines: Vec<_> = lines.iter().map(|line| line.to_str().unwrap_or_default()).collect();
    let digest = Digest::from_repr_digest(&lines.join(","));
    digest.map(Some).map_err(|error| Problem::new(Kind::DigestRequired, error))
}
