//! How signatures, and bases without one, become indexes.

use std::io::{self, Read, Write};

use sigdelta::io::{BufferSizes, drive_load};
use sigdelta::{Error, Index, Monitor, Progress, SignatureDecoder, SignatureParams};

use crate::options::{MemoryLimit, Options};
use crate::progress::Phase;
use crate::threads;

/// Returns the index of a signature that a reader gives, whose length may be known.
pub fn load(input: impl Read, len: Option<u64>, options: &Options) -> Result<Index, Error> {
    let mut decoder = SignatureDecoder::new(options.load().expected_bytes(len));
    let monitor = options.monitor(Phase::Load, len);
    let mut input = Watched { inner: input, monitor, in_bytes: 0, cancelled: false };
    let loaded = drive_load(&mut decoder, &mut input, BufferSizes::default());
    loaded.map_err(|error| match input.cancelled {
        true => Error::Cancelled,
        false => options.memory().explain(error, input.in_bytes.max(len.unwrap_or(0))),
    })?;
    finish(decoder, options.memory())
}

/// Returns the index of a basis, whose length may be known, and of which no signature is written.
pub fn from_basis(
    basis: impl Read,
    len: Option<u64>,
    params: SignatureParams,
    options: &Options,
) -> Result<Index, Error> {
    let limit = options.memory();
    let signature_len = len.map_or(0, |len| params.signature_len(len));
    let decoder = SignatureDecoder::new(limit.load().expected_bytes(signature_len));
    let mut output = Loader { decoder, limit, signature_len, error: None };
    let made = threads::signature((basis, len), &mut output, params, options);
    made.map_err(|error| output.error.unwrap_or(error))?;
    finish(output.decoder, limit)
}

/// Makes the index of what was loaded.
pub fn finish(decoder: SignatureDecoder, limit: MemoryLimit) -> Result<Index, Error> {
    let index = Index::new(decoder.finish()?)?;
    limit.check(&index)?;
    Ok(index)
}

/// A reader that reports what it reads.
struct Watched<R, M> {
    inner: R,
    monitor: M,
    in_bytes: u64,
    cancelled: bool,
}

impl<R: Read, M: Monitor> Read for Watched<R, M> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let len = self.inner.read(buf)?;
        self.in_bytes += len as u64;
        let mut done = Progress::default();
        done.in_bytes = self.in_bytes;
        if self.monitor.progress(done).is_break() {
            self.cancelled = true;
            return Err(io::ErrorKind::Other.into());
        }
        Ok(len)
    }
}

/// A writer that loads a signature.
struct Loader {
    decoder: SignatureDecoder,
    limit: MemoryLimit,
    /// 0 if not known.
    signature_len: u64,
    error: Option<Error>,
}

impl Write for Loader {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        let come = self.decoder.stats().in_bytes + buf.len() as u64;
        match self.decoder.push(buf) {
            Ok(()) => Ok(buf.len()),
            Err(error) => {
                self.error = Some(self.limit.explain(error, come.max(self.signature_len)));
                Err(io::ErrorKind::Other.into())
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
