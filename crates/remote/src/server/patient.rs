//! A connection whose other side must take what is sent within some time, and at some pace.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};

use super::options::Timeouts;

/// Fails to write when the other side takes nothing for some time, or too little for long: each write
/// that waits uses up patience, and bytes that are taken give it back.
#[derive(Debug)]
pub(super) struct Patient<S> {
    stream: S,
    patience: Duration,
    /// Bytes a second.
    min_rate: u64,
    /// How much of the patience is used up.
    waited: Duration,
    /// Since when a write waits, and when it has waited too long.
    waiting: Option<(Instant, Pin<Box<Sleep>>)>,
}

impl<S> Patient<S> {
    pub(super) fn new(stream: S, timeouts: &Timeouts) -> Self {
        let (patience, min_rate) = (timeouts.idle, timeouts.min_rate.max(1));
        Patient { stream, patience, min_rate, waited: Duration::ZERO, waiting: None }
    }

    /// Passes on what came of a write; `taken` tells how many bytes that were.
    fn wait<T>(
        &mut self,
        polled: Poll<io::Result<T>>,
        taken: impl FnOnce(&T) -> usize,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<T>> {
        if let Poll::Ready(done) = polled {
            let waited = self.waiting.take().map_or(Duration::ZERO, |(since, _)| since.elapsed());
            let taken = done.as_ref().map_or(0, taken) as u64;
            let earned = Duration::from_nanos(taken.saturating_mul(1_000_000_000) / self.min_rate);
            self.waited = (self.waited + waited).saturating_sub(earned);
            return Poll::Ready(done);
        }
        let left = self.patience.saturating_sub(self.waited);
        let (_, end) = self.waiting.get_or_insert_with(|| {
            let now = Instant::now();
            (now, Box::pin(sleep_until(now + left)))
        });
        ready!(end.as_mut().poll(context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Patient<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buf)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Patient<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.wait(polled, |&taken| taken, context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write_vectored(context, bytes);
        self.wait(polled, |&taken| taken, context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.stream).poll_flush(context);
        self.wait(polled, |()| 0, context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.stream).poll_shutdown(context);
        self.wait(polled, |()| 0, context)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
    use tokio::time::sleep;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn who_takes_bytes_too_slowly_is_given_up() {
        for (bytes_each_second, is_in_time) in [(2000, true), (500, false)] {
            let (ours, mut theirs) = duplex(4096);
            let mut patient = Patient::new(ours, &Timeouts::default());
            let reading = tokio::spawn(async move {
                let mut buf = vec![0; bytes_each_second];
                while theirs.read_exact(&mut buf).await.is_ok() {
                    sleep(Duration::from_secs(1)).await;
                }
            });
            let written = patient.write_all(&[0; 400_000]).await;
            assert_eq!(written.is_ok(), is_in_time, "{bytes_each_second}");
            drop(patient);
            reading.await.unwrap();
        }
    }
}
