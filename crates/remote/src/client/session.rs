//! Requests and answers, asked again when a connection breaks or the server is busy.

use std::sync::Arc;
use std::time::Duration;

use http_body_util::{Either, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{
    AUTHORIZATION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, ETAG, HOST, HeaderName,
    HeaderValue, RETRY_AFTER,
};
use hyper::{HeaderMap, Method, Request, StatusCode};
use tokio::time::sleep;

use super::location::Location;
use super::payload::Payload;
use super::wire::{Body, Wire};
use super::work::Watcher;
use super::{Client, Error, Result, Traffic};
use crate::protocol::{Kind, ProblemBody};

/// Most bytes of a problem that are read.
const MAX_PROBLEM_LEN: u64 = 64 << 10;
/// Most bytes of a signature or of sums: those of a file of 4 TiB.
pub(super) const MAX_SUMS_LEN: u64 = 512 << 20;
/// What the first wait takes at most; each further one twice as much.
const FIRST_WAIT: Duration = Duration::from_millis(500);
/// The longest wait, unless the server asks for more.
const LONGEST_WAIT: Duration = Duration::from_secs(15);
/// The longest wait that a server may ask for.
const MOST_PATIENCE: Duration = Duration::from_secs(120);

/// The requests of one transfer, or of many one after the other.
#[derive(Debug)]
pub(super) struct Session {
    client: Client,
    wire: Wire,
    pub(super) watcher: Arc<dyn Watcher>,
    requests: u64,
    rounds: u64,
}

/// A request.
#[derive(Clone, Debug)]
pub(super) struct Question {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) headers: Vec<(HeaderName, String)>,
    pub(super) payload: Option<Payload>,
    /// Where in the payload the body begins.
    pub(super) start: u64,
}

impl Question {
    /// Returns a request without a body.
    pub(super) fn new(method: Method, path: String) -> Self {
        Question { method, path, headers: Vec::new(), payload: None, start: 0 }
    }

    /// Adds a header.
    pub(super) fn header(mut self, name: HeaderName, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Sets the body, and the headers that describe it.
    pub(super) fn payload(mut self, payload: Payload) -> Self {
        self = self.header(CONTENT_TYPE, payload.content_type);
        if payload.is_zstd {
            self = self.header(CONTENT_ENCODING, "zstd");
        }
        self.payload = Some(payload);
        self
    }
}

/// An answer whose body is still to come.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    headers: HeaderMap,
    body: Incoming,
}

impl Answer {
    /// Returns a header, None also if it is no text.
    pub(super) fn header(&self, name: impl hyper::header::AsHeaderName) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Returns the ETag.
    pub(super) fn etag(&self) -> Result<String> {
        let etag = self.header(ETAG).map(ToOwned::to_owned);
        etag.ok_or(Error::BadAnswer { what: "there is no ETag" })
    }

    /// Returns the number in a header.
    pub(super) fn number(&self, name: impl hyper::header::AsHeaderName) -> Option<u64> {
        self.header(name)?.parse().ok()
    }

    /// Returns the length of the body, or of what HEAD speaks of.
    pub(super) fn len(&self) -> Result<u64> {
        self.number(CONTENT_LENGTH).ok_or(Error::BadAnswer { what: "there is no Content-Length" })
    }
}

impl Session {
    pub(super) fn new(
        client: &Client,
        location: &Location,
        watcher: Arc<dyn Watcher>,
    ) -> Result<Self> {
        let wire = client.wire(location)?;
        Ok(Session { client: client.clone(), wire, watcher, requests: 0, rounds: 0 })
    }

    /// Returns the location whose server this is with.
    pub(super) fn location(&self) -> &Location {
        self.wire.location()
    }

    /// Returns what has gone over the wire so far.
    pub(super) fn traffic(&self) -> Traffic {
        let (sent_bytes, received_bytes) = self.wire.counts();
        let (requests, rounds) = (self.requests, self.rounds);
        Traffic { sent_bytes, received_bytes, requests, rounds }
    }

    /// Returns the answer to a request; a status of 400 and more is an error.
    pub(super) async fn ask(&mut self, question: &Question) -> Result<Answer> {
        let mut tries = Tries::new(self);
        loop {
            match self.ask_once(question).await {
                Ok(answer) => return Ok(answer),
                Err(error) => tries.wait(&self.watcher, error).await?,
            }
        }
    }

    /// Returns the answer to a request, and its body if that has at most `max_len` bytes.
    pub(super) async fn ask_bytes(
        &mut self,
        question: &Question,
        max_len: u64,
    ) -> Result<(Answer, Vec<u8>)> {
        let mut tries = Tries::new(self);
        loop {
            let answer = match self.ask_once(question).await {
                Ok(mut answer) => self.bytes(&mut answer, max_len).await.map(|body| (answer, body)),
                Err(error) => Err(error),
            };
            match answer {
                Ok(answer) => return Ok(answer),
                Err(error) => tries.wait(&self.watcher, error).await?,
            }
        }
    }

    /// Asks a single time.
    pub(super) async fn ask_once(&mut self, question: &Question) -> Result<Answer> {
        let request = self.request(question)?;
        self.requests += 1;
        self.rounds += u64::from(question.payload.is_some());
        let answer = self.wire.send(request).await?;
        let (head, body) = answer.into_parts();
        let mut answer = Answer { status: head.status, headers: head.headers, body };
        match answer.status.as_u16() {
            200..=299 | 304 => Ok(answer),
            300..=399 => Err(Error::BadAnswer { what: "it sends the request elsewhere" }),
            400.. => Err(self.refusal(&mut answer).await),
            _ => Err(Error::BadAnswer { what: "there is no such status code" }),
        }
    }

    /// Returns the next bytes of an answer, None at its end.
    pub(super) async fn next_bytes(&mut self, answer: &mut Answer) -> Result<Option<Bytes>> {
        self.wire.next_bytes(&mut answer.body).await
    }

    /// Returns the body of an answer, if it has at most `max_len` bytes.
    async fn bytes(&mut self, answer: &mut Answer, max_len: u64) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        while let Some(more) = self.next_bytes(answer).await? {
            if (bytes.len() + more.len()) as u64 > max_len {
                return Err(Error::BadAnswer { what: "it is too long" });
            }
            bytes.extend_from_slice(&more);
        }
        Ok(bytes)
    }

    fn request(&self, question: &Question) -> Result<Request<Body>> {
        let mut request = Request::builder()
            .method(question.method.clone())
            .uri(&question.path)
            .header(HOST, self.location().authority())
            .header("user-agent", concat!("sigdelta/", env!("CARGO_PKG_VERSION")));
        for (name, value) in &question.headers {
            request = request.header(name, value);
        }
        if let Some(token) = self.client.token() {
            request = request.header(AUTHORIZATION, token.clone());
        }
        let body = match &question.payload {
            Some(payload) => {
                let len = payload.len.saturating_sub(question.start);
                request = request.header(CONTENT_LENGTH, len);
                Either::Right(payload.body(question.start, Some(Arc::clone(&self.watcher))))
            }
            None => Either::Left(Full::default()),
        };
        // Only what the caller wrote can be unfit for a header.
        let unfit = Error::BadAnswer { what: "it has what no header can carry" };
        request.body(body).map_err(|_| unfit)
    }

    /// Reads what the server says about why it refuses.
    async fn refusal(&mut self, answer: &mut Answer) -> Error {
        // A problem that is too long or breaks off has still a status.
        let problem = self.bytes(answer, MAX_PROBLEM_LEN).await.unwrap_or_default();
        let problem: Option<ProblemBody> = serde_json::from_slice(&problem).ok();
        let (type_uri, title, detail) = problem
            .map(|problem| (problem.type_uri, problem.title, problem.detail))
            .unwrap_or_default();
        let title = match printable(&title) {
            title if title.is_empty() => {
                answer.status.canonical_reason().unwrap_or("for no known reason").to_owned()
            }
            title => title,
        };
        Error::Refused {
            status: answer.status.as_u16(),
            kind: Kind::from_type_uri(&type_uri),
            title,
            detail: printable(&detail),
            retry_after: answer.number(RETRY_AFTER).map(Duration::from_secs),
        }
    }
}

/// Returns a server's text without what a terminal might obey.
fn printable(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).collect()
}

/// How often something was tried, and how long to wait before the next time.
#[derive(Debug)]
pub(super) struct Tries {
    left: u32,
    wait: Duration,
}

impl Tries {
    pub(super) fn new(session: &Session) -> Self {
        Tries { left: session.client.retries(), wait: FIRST_WAIT }
    }

    /// Waits, if another try may help; else returns the error.
    pub(super) async fn wait(&mut self, watcher: &Arc<dyn Watcher>, error: Error) -> Result<()> {
        match error.is_transient() {
            true => self.wait_all_the_same(watcher, error).await,
            false => Err(error),
        }
    }

    /// As [`Tries::wait`], for an error that only seems to be for good.
    pub(super) async fn wait_all_the_same(
        &mut self,
        watcher: &Arc<dyn Watcher>,
        error: Error,
    ) -> Result<()> {
        if self.left == 0 {
            return Err(error);
        }
        self.left -= 1;
        watcher.retry(&error);
        // Half of it by chance, so that many clients do not come back at once.
        let own = self.wait / 2 + self.wait.mul_f64(chance() / 2.0);
        let asked = match error {
            Error::Refused { retry_after: Some(asked), .. } if asked > MOST_PATIENCE => {
                return Err(error);
            }
            Error::Refused { retry_after, .. } => retry_after.unwrap_or_default(),
            _ => Duration::ZERO,
        };
        self.wait = (self.wait * 2).min(LONGEST_WAIT);
        sleep(own.max(asked)).await;
        Ok(())
    }
}

/// Returns a number from 0 to 1 that nobody can guess; 1 if the system has none.
fn chance() -> f64 {
    getrandom::u32().map_or(1.0, |number| f64::from(number) / f64::from(u32::MAX))
}

/// Returns a header's value, for those that are made of what a caller wrote.
pub(super) fn bearer(token: &str) -> Result<HeaderValue> {
    let mut value =
        HeaderValue::from_str(&format!("Bearer {token}")).map_err(|_| Error::TokenUnusable)?;
    value.set_sensitive(true);
    Ok(value)
}
