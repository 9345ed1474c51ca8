//! One connection to a server, made again when it has ended, whose bytes are counted at the socket.

use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use http_body::Body as _;
use http_body_util::{Either, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use sigdelta::IoAction;
use socket2::{SockRef, TcpKeepalive};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::rustls::ClientConfig;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::{TlsConnector, client::TlsStream};

use super::location::Location;
use super::payload::UploadBody;
use super::{Error, Result};

/// How long a connection may take to be made.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);

/// After so much silence the host is asked whether it is there.
const KEEP_ALIVE: Duration = Duration::from_secs(60);

/// The body of a request.
pub(super) type Body = Either<Full<Bytes>, UploadBody>;

/// A connection to the server of a location.
#[derive(Debug)]
pub(super) struct Wire {
    location: Location,
    tls: Option<Arc<ClientConfig>>,
    patience: Patience,
    counts: Arc<Counts>,
    sender: Option<SendRequest<Body>>,
}

/// How long to wait without a byte, and for an answer that takes the server some work.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    pub(super) idle: Duration,
    pub(super) answer: Duration,
}

/// Bytes of all connections of a wire, with the headers and, if there is TLS, what that adds.
#[derive(Debug, Default)]
struct Counts {
    sent: AtomicU64,
    received: AtomicU64,
}

impl Wire {
    /// Returns a wire that connects with the first request.
    /// Without terms of TLS it is plain HTTP.
    pub(super) fn new(
        location: Location,
        tls: Option<Arc<ClientConfig>>,
        patience: Patience,
    ) -> Self {
        Wire { location, tls, patience, counts: Arc::default(), sender: None }
    }

    /// Returns the bytes sent and received so far.
    pub(super) fn counts(&self) -> (u64, u64) {
        (self.counts.sent.load(Ordering::Relaxed), self.counts.received.load(Ordering::Relaxed))
    }

    /// Returns the location whose server this is to.
    pub(super) fn location(&self) -> &Location {
        &self.location
    }

    /// Sends a request and returns the answer, whose body is still to come.
    pub(super) async fn send(&mut self, request: Request<Body>) -> Result<Response<Incoming>> {
        let has_token = request.headers().contains_key(hyper::header::AUTHORIZATION);
        let mut sender = match self.idle_sender().await {
            Some(sender) => sender,
            None => self.connect(has_token).await?,
        };
        let is_work = request.method() != Method::HEAD;
        let patience = if is_work { self.patience.answer } else { self.patience.idle };
        let answer = self.watch(patience, sender.send_request(request)).await?;
        let answer = answer.map_err(|error| self.broken(error))?;
        self.sender = Some(sender);
        Ok(answer)
    }

    /// Returns the next bytes of an answer, None at its end.
    pub(super) async fn next_bytes(&self, body: &mut Incoming) -> Result<Option<Bytes>> {
        loop {
            let mut body = Pin::new(&mut *body);
            let frame = std::future::poll_fn(|context| body.as_mut().poll_frame(context));
            match self.watch(self.patience.idle, frame).await? {
                None => return Ok(None),
                Some(Ok(frame)) => {
                    if let Ok(bytes) = frame.into_data() {
                        return Ok(Some(bytes));
                    }
                }
                Some(Err(error)) => return Err(self.broken(error)),
            }
        }
    }

    /// Returns the connection of the last request, if it can be used again.
    async fn idle_sender(&mut self) -> Option<SendRequest<Body>> {
        let mut sender = self.sender.take()?;
        self.watch(self.patience.idle, sender.ready()).await.ok()?.ok()?;
        Some(sender)
    }

    async fn connect(&self, has_token: bool) -> Result<SendRequest<Body>> {
        let failed = |cause| Error::Connect { host: self.location.authority(), cause };
        let connection = match timeout(CONNECT_TIMEOUT, self.open(has_token)).await {
            Ok(connection) => connection?,
            Err(_) => return Err(failed(io::ErrorKind::TimedOut.into())),
        };
        let shaken = match connection {
            Connection::Plain(stream) => self.shake_hands(stream).await,
            Connection::Tls(stream) => self.shake_hands(*stream).await,
        };
        shaken.map_err(|error| self.broken(error))
    }

    async fn open(&self, has_token: bool) -> Result<Connection> {
        let failed = |cause| Error::Connect { host: self.location.authority(), cause };
        let host = self.location.bare_host();
        let stream = TcpStream::connect((host, self.location.port)).await.map_err(failed)?;
        stream.set_nodelay(true).map_err(failed)?;
        // A server at work says nothing, and one whose host is gone does not either.
        let alive = TcpKeepalive::new().with_time(KEEP_ALIVE).with_interval(KEEP_ALIVE / 4);
        SockRef::from(&stream).set_tcp_keepalive(&alive).map_err(failed)?;
        let is_loopback =
            stream.peer_addr().is_ok_and(|peer| peer.ip().to_canonical().is_loopback());
        let stream = Counted { stream, counts: Arc::clone(&self.counts) };
        if let Some(tls) = &self.tls {
            let name = ServerName::try_from(host.to_owned())
                .map_err(|error| failed(io::Error::other(error)))?;
            let tls = TlsConnector::from(Arc::clone(tls));
            let stream = tls.connect(name, stream).await.map_err(failed)?;
            return Ok(Connection::Tls(Box::new(stream)));
        }
        if has_token && !is_loopback {
            return Err(Error::TokenInClear { host: self.location.authority() });
        }
        Ok(Connection::Plain(stream))
    }

    async fn shake_hands(
        &self,
        stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    ) -> hyper::Result<SendRequest<Body>> {
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        // Its errors come with the answers, too.
        tokio::spawn(connection);
        Ok(sender)
    }

    /// Waits as long as bytes go either way.
    async fn watch<T>(&self, patience: Duration, work: impl Future<Output = T>) -> Result<T> {
        let mut work = pin!(work);
        loop {
            let before = self.counts();
            match timeout(patience, &mut work).await {
                Ok(done) => return Ok(done),
                Err(_) if self.counts() != before => {}
                Err(_) => {
                    let host = self.location.authority();
                    return Err(Error::TimedOut { host, waited: patience });
                }
            }
        }
    }

    fn broken(&self, error: hyper::Error) -> Error {
        if error.is_user() {
            // The body, which is a file of ours, could not be read.
            let cause = io::Error::other(innermost(&error).to_string());
            return sigdelta::Error::Io { action: IoAction::Read, cause }.into();
        }
        let cause = innermost(&error).to_string().into();
        Error::Broken { host: self.location.authority(), cause }
    }
}

fn innermost<'a>(error: &'a (dyn std::error::Error + 'static)) -> &'a dyn std::error::Error {
    match error.source() {
        Some(source) => innermost(source),
        None => error,
    }
}

enum Connection {
    Plain(Counted),
    Tls(Box<TlsStream<Counted>>),
}

/// A socket whose bytes are counted.
#[derive(Debug)]
struct Counted {
    stream: TcpStream,
    counts: Arc<Counts>,
}

impl AsyncRead for Counted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(context, buf))?;
        let read = buf.filled().len() - before;
        self.counts.received.fetch_add(read as u64, Ordering::Relaxed);
        Poll::Ready(Ok(()))
    }
}

impl Counted {
    fn sent(&self, written: io::Result<usize>) -> Poll<io::Result<usize>> {
        if let Ok(len) = written {
            self.counts.sent.fetch_add(len as u64, Ordering::Relaxed);
        }
        Poll::Ready(written)
    }
}

impl AsyncWrite for Counted {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.stream).poll_write(context, buf));
        self.sent(written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.stream).poll_write_vectored(context, bufs));
        self.sent(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
