//! What is done around every request: a bounded number at a time, tokens, bodies read to their end, the log, figures.

use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use axum::body::{Body, Bytes};
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::{CONNECTION, CONTENT_LENGTH, EXPECT, HOST};
use http::uri::Authority;
use http::{HeaderMap, HeaderValue, Method};
use http_body::{Body as _, Frame, SizeHint};
use http_body_util::BodyExt;
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::App;
use super::metrics::Metrics;
use super::reply::Problem;
use crate::protocol::{HEALTH, Kind};

/// Bytes of a body that nobody wants which are read all the same, so that the client gets to read the reply.
const DRAINED_BYTES: u64 = 4 << 20;
/// Time for that.
const DRAINED_TIME: Duration = Duration::from_secs(2);

/// Lets a request through, and looks after what is left when its reply is there.
pub(super) async fn guard(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let method = request.method().clone();
    let path = request.uri().path().to_owned();
    let waits = request.headers().contains_key(EXPECT);
    let operation = operation_of(&method, request.extensions().get::<MatchedPath>());
    let in_flight = Metrics::count(&app.metrics.in_flight);
    let (request, mut rest, received) = watch_body(request);
    let mut response = match admit(&app, &method, &path, &request) {
        Ok(_permit) => next.run(request).await,
        Err(problem) => {
            drop(request);
            problem.into_response()
        }
    };
    // Who waits to be told to go on has sent nothing, and is not told to.
    let is_unwanted = |received: &AtomicU64| waits && received.load(Ordering::Relaxed) == 0;
    if let Ok(body) = rest.try_recv()
        && (is_unwanted(&received) || !drain(body).await)
    {
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    drop(in_flight);
    let status = response.status().as_u16();
    let elapsed = started.elapsed();
    let received = received.load(Ordering::Relaxed);
    let sent = if method == Method::HEAD { 0 } else { length_of(&response) };
    app.metrics.request(operation, status, elapsed.as_secs_f64());
    app.metrics.transferred(received, sent);
    let problem = response.extensions().get::<Kind>().map(|kind| kind.name());
    let milliseconds = elapsed.as_millis() as u64;
    if path == HEALTH {
        tracing::debug!(%method, path, status, milliseconds, "request");
    } else {
        tracing::info!(%method, path, status, problem, received, sent, milliseconds, "request");
    }
    response
}

/// Lets a request in if there are not too many and its token allows it.
fn admit(
    app: &Arc<App>,
    method: &Method,
    path: &str,
    request: &Request,
) -> Result<Option<tokio::sync::OwnedSemaphorePermit>, Problem> {
    if path == HEALTH {
        return Ok(None);
    }
    if let Some(tokens) = &app.tokens {
        tokens.check(method, path, request.headers())?;
    } else if app.is_for_this_machine {
        check_host(request.headers())?;
    }
    let permit = Arc::clone(&app.requests).try_acquire_owned();
    permit.map(Some).map_err(|_| Problem::new(Kind::Busy, "too many requests are under way"))
}

/// Refuses a host with a name: a page of a stranger could have that stand for this machine, and have a browser
/// on it do what the page wants.
fn check_host(headers: &HeaderMap) -> Result<(), Problem> {
    let host = headers.get(HOST).map_or(Some("localhost"), |host| host.to_str().ok());
    let host = host.and_then(|host| host.parse::<Authority>().ok());
    let is_own = host.is_some_and(|authority| {
        let host = authority.host().trim_start_matches('[').trim_end_matches(']');
        host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok()
    });
    let detail =
        "without tokens the server is for localhost and addresses; --insecure allows names";
    is_own.then_some(()).ok_or_else(|| Problem::new(Kind::WrongHost, detail))
}

/// Returns a name for what is done, of which there are few.
fn operation_of(method: &Method, path: Option<&MatchedPath>) -> &'static str {
    let path = path.map_or("", MatchedPath::as_str);
    let of_upload = path.starts_with("/v1/u");
    match (path, method.as_str()) {
        ("/v1/o/{*key}", "GET") => "get",
        ("/v1/o/{*key}", "HEAD") => "head",
        ("/v1/o/{*key}", "PUT") => "put",
        ("/v1/o/{*key}", "PATCH") => "patch",
        ("/v1/o/{*key}", "DELETE") => "delete",
        ("/v1/sig/{*key}", _) => "signature",
        ("/v1/fine/{*key}", _) => "fine",
        ("/v1/delta/{*key}", _) => "delta",
        ("/v1/l", _) => "list",
        _ if of_upload => "upload",
        _ => "other",
    }
}

/// Returns the length of a reply's body.
fn length_of(response: &Response) -> u64 {
    let named = response.headers().get(CONTENT_LENGTH).and_then(|len| len.to_str().ok());
    let named = named.and_then(|len| len.parse().ok());
    named.unwrap_or_else(|| response.body().size_hint().lower())
}

/// Reads on in a body that nobody wants; false if it has more than is worth it.
async fn drain(mut body: Body) -> bool {
    let reading = async {
        let mut drained = 0;
        while let Some(Ok(frame)) = body.frame().await {
            drained += frame.data_ref().map_or(0, |bytes| bytes.len() as u64);
            if drained > DRAINED_BYTES {
                return false;
            }
        }
        true
    };
    timeout(DRAINED_TIME, reading).await.unwrap_or(false)
}

/// Counts the bytes of a request's body, and has what is left of it sent back when it is dropped.
fn watch_body(request: Request) -> (Request, oneshot::Receiver<Body>, Arc<AtomicU64>) {
    let (back, rest) = oneshot::channel();
    let received = Arc::new(AtomicU64::new(0));
    let counter = Arc::clone(&received);
    let request = request.map(|body| {
        let is_over = body.is_end_stream();
        Body::new(WatchedBody { body, is_over, received: counter, back: Some(back) })
    });
    (request, rest, received)
}

struct WatchedBody {
    body: Body,
    is_over: bool,
    received: Arc<AtomicU64>,
    back: Option<oneshot::Sender<Body>>,
}

impl http_body::Body for WatchedBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context);
        match &polled {
            Poll::Ready(Some(Ok(frame))) => {
                let len = frame.data_ref().map_or(0, |bytes| bytes.len() as u64);
                self.received.fetch_add(len, Ordering::Relaxed);
            }
            Poll::Ready(_) => self.is_over = true,
            Poll::Pending => {}
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for WatchedBody {
    fn drop(&mut self) {
        if let Some(back) = self.back.take()
            && !self.is_over
        {
            // If the request is over, nobody waits for the rest.
            let _ = back.send(std::mem::replace(&mut self.body, Body::empty()));
        }
    }
}
