//! Pulling one file: only what the old one lacks is asked for, or the whole, with what broke off.

use std::fs::{self, File, TryLockError};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use hyper::header::{ACCEPT, CONTENT_RANGE, ETAG, IF_NONE_MATCH, IF_RANGE, RANGE};
use hyper::{Method as Verb, StatusCode};
use sigdelta::exchange::{ChunkSignatureOptions, sign};
use sigdelta::file::{Existing, OutputFile, apply_patch_to, open, regular_len};
use sigdelta::io::BufferSizes;
use sigdelta::layered::ApplyOptions;
use sigdelta::{IoAction, Monitor, PatchOptions, SignatureOptions, StrongLen, parallel};
use tempfile::{SpooledTempFile, spooled_tempfile};
use tokio::sync::mpsc::channel;
use tokio::task::spawn_blocking;

use super::digest::Hasher;
use super::location::Location;
use super::payload::{self, Payload};
use super::push::{Remote, digest_of, head};
use super::resume::{name_of, private_folder};
use super::session::{Answer, Question, Session, Tries};
use super::work::{self, Stage};
use super::{Choice, Error, Method, PullOptions, Report, Result, is_worth};
use crate::protocol::{DELTAS, Digest, IM_LAYERED, header, media};

/// A content of so few bytes is not worth a signature.
const SMALL: u64 = 1 << 10;
/// Received pieces that wait for the disk.
const PIECES: usize = 16;
/// Up to so many bytes of a patch are kept in memory.
const SPOOL_LEN: usize = 4 << 20;

/// Pulls a resource, of which something may be known.
pub(super) async fn pull(
    session: &mut Session,
    location: &Location,
    known: Option<Remote>,
    path: &Path,
    options: &PullOptions,
) -> Result<Report> {
    let before = session.traffic();
    let old = OldFile::open(path);
    let mut pull = Pull { session, location, path, options };
    let Pulled { method, bytes, payload_bytes, etag } = pull.run(known, old).await?;
    let traffic = session.traffic().since(before);
    Ok(Report { method, bytes, payload_bytes, etag, traffic })
}

struct Pull<'a> {
    session: &'a mut Session,
    location: &'a Location,
    path: &'a Path,
    options: &'a PullOptions,
}

/// What has come.
struct Pulled {
    method: Method,
    bytes: u64,
    payload_bytes: u64,
    etag: String,
}

/// What came of comparing the old file with what the server has.
enum Found {
    Pulled(Pulled),
    Other(Remote),
}

impl Found {
    fn unchanged(etag: String, bytes: u64) -> Self {
        Found::Pulled(Pulled { method: Method::Unchanged, bytes, payload_bytes: 0, etag })
    }
}

/// The file that is to be replaced.
struct OldFile {
    file: File,
    len: u64,
}

impl OldFile {
    /// Returns None if there is no file.
    fn open(path: &Path) -> Option<Self> {
        let file = open(path).ok()?;
        let len = regular_len(&file)?;
        Some(OldFile { file, len })
    }

    fn duplicate(&self, path: &Path) -> Result<File> {
        let file = self.file.try_clone();
        file.map_err(|cause| failed(IoAction::Open, path)(cause).into())
    }
}

impl Pull<'_> {
    async fn run(&mut self, known: Option<Remote>, old: Option<OldFile>) -> Result<Pulled> {
        let remote = match &old {
            Some(old) => match self.compare(known, old).await? {
                Found::Pulled(pulled) => return Ok(pulled),
                Found::Other(remote) => remote,
            },
            None => self.look(known).await?,
        };
        let choice = self.options.choice;
        if let Some(old) = &old
            && choice != Choice::Full
            && old.len > 0
            && (choice != Choice::Auto || remote.len > SMALL)
        {
            let methods: &[Method] = match choice {
                Choice::Librsync => &[Method::Librsync],
                Choice::Layered => &[Method::Layered],
                _ => &[Method::Layered, Method::Librsync],
            };
            for &method in methods {
                match self.by_delta(method, old, &remote).await {
                    Ok(Some(pulled)) => return Ok(pulled),
                    Ok(None) => break,
                    Err(error) if choice == Choice::Auto && is_of_this_way(&error) => {
                        self.session.watcher.retry(&error);
                        // Another way helps against what the server does not know, but not if
                        // something came and was wrong.
                        if !error.is_unsupported() {
                            break;
                        }
                    }
                    Err(error) => return Err(error),
                }
            }
        }
        drop(old);
        self.whole(remote).await
    }

    /// Returns what the server has.
    async fn look(&mut self, known: Option<Remote>) -> Result<Remote> {
        match known {
            Some(remote) => Ok(remote),
            None => {
                head(self.session, self.location).await?.ok_or_else(|| not_found(self.location))
            }
        }
    }

    /// Compares the old file with what the server has. If the server still knows what the old file was,
    /// its patch from that is all there is to do.
    async fn compare(&mut self, known: Option<Remote>, old: &OldFile) -> Result<Found> {
        let bytes = payload::shared(old.duplicate(self.path)?);
        let (digest, _) = digest_of(self.session, self.path, &bytes, old.len).await?;
        let etag = digest.etag();
        let is_small = known.as_ref().is_some_and(|remote| remote.len <= SMALL);
        if known.as_ref().is_some_and(|remote| remote.etag == etag)
            || old.len == 0
            || is_small
            || matches!(self.options.choice, Choice::Full | Choice::Librsync)
        {
            let remote = self.look(known).await?;
            return Ok(match remote.etag == etag {
                true => Found::unchanged(etag, old.len),
                false => Found::Other(remote),
            });
        }
        // If there is no patch one byte will do instead of the whole.
        let question = Question::new(Verb::GET, self.location.resource())
            .header(header::A_IM, IM_LAYERED)
            .header(IF_NONE_MATCH, etag.clone())
            .header(RANGE, "bytes=0-0");
        let (answer, patch) = match self.ask_for_patch(&question, u64::MAX).await {
            Ok(answer) => answer,
            Err(error) => match error.status() {
                Some(404) => return Err(not_found(self.location)),
                // Of nothing there is no first byte.
                Some(416) => return self.look(None).await.map(Found::Other),
                _ => return Err(error),
            },
        };
        if answer.status == StatusCode::NOT_MODIFIED {
            return Ok(Found::unchanged(etag, old.len));
        }
        let Some(patch) = patch else {
            let len = match answer.status {
                StatusCode::PARTIAL_CONTENT => len_of_all(&answer)?,
                _ => answer.len()?,
            };
            return Ok(Found::Other(Remote { etag: answer.etag()?, len, root: None }));
        };
        let is_free = self.options.choice == Choice::Auto;
        match self.build(Method::Base, old, &answer, patch, None).await {
            Ok(Some(pulled)) => Ok(Found::Pulled(pulled)),
            Ok(None) => self.look(None).await.map(Found::Other),
            Err(error) if is_free && is_of_this_way(&error) => {
                self.session.watcher.retry(&error);
                self.look(None).await.map(Found::Other)
            }
            Err(error) => Err(error),
        }
    }

    /// Pulls what the old file lacks. Returns None if that is not worth it.
    async fn by_delta(
        &mut self,
        method: Method,
        old: &OldFile,
        remote: &Remote,
    ) -> Result<Option<Pulled>> {
        self.session.watcher.stage(Stage::Read, Some(old.len));
        let signature = self.signature(method, old).await?;
        if self.options.choice == Choice::Auto && !is_worth(signature.len, remote.len) {
            return Ok(None);
        }
        let accept = if method == Method::Layered { media::PATCH } else { media::LIBRSYNC_DELTA };
        let question = Question::new(Verb::POST, self.location.path_of(DELTAS))
            .header(ACCEPT, accept)
            .payload(signature);
        // Whoever sends more could have sent the file.
        let max_len = remote.len.saturating_add(remote.len / 8).saturating_add(1 << 20);
        match self.ask_for_patch(&question, max_len).await? {
            (answer, Some(patch)) => {
                self.build(method, old, &answer, patch, Some(remote.len)).await
            }
            _ => Err(Error::BadAnswer { what: "there is no delta" }),
        }
    }

    /// Returns the answer to a request and the patch or delta in it, if there is one.
    async fn ask_for_patch(
        &mut self,
        question: &Question,
        max_len: u64,
    ) -> Result<(Answer, Option<Sink<SpooledTempFile>>)> {
        let mut tries = Tries::new(self.session);
        let wanted = match question.method {
            Verb::POST => StatusCode::OK,
            _ => StatusCode::IM_USED,
        };
        loop {
            self.session.watcher.stage(Stage::Send, question.payload.as_ref().map(|body| body.len));
            let error = match self.session.ask_once(question).await {
                Ok(answer) if answer.status != wanted => return Ok((answer, None)),
                Ok(mut answer) => {
                    self.session.watcher.stage(Stage::Receive, answer.len().ok());
                    let sink = Sink::new(spooled_tempfile(SPOOL_LEN), std::env::temp_dir());
                    match receive(self.session, &mut answer, sink, max_len).await? {
                        (sink, None) => return Ok((answer, Some(sink))),
                        (_, Some(error)) => error,
                    }
                }
                // It was at work all that time, and would be again.
                Err(error @ Error::TimedOut { .. }) => return Err(error),
                Err(error) => error,
            };
            tries.wait(&self.session.watcher, error).await?;
        }
    }

    /// Puts the new file together, of which the length may be known. Returns None if it could not be
    /// verified before it counts.
    async fn build(
        &mut self,
        method: Method,
        old: &OldFile,
        answer: &Answer,
        patch: Sink<SpooledTempFile>,
        max_bytes: Option<u64>,
    ) -> Result<Option<Pulled>> {
        let (etag, promised) = (answer.etag()?, promised(answer)?);
        let Sink { to: mut patch, len: payload_bytes, .. } = patch;
        self.session.watcher.stage(Stage::Build, None);
        let output = OutputFile::create(self.path, Existing::Replace, &[])?;
        let Some(temporary) = output.temporary_path().map(ToOwned::to_owned) else {
            // Written directly.
            return Ok(None);
        };
        self.session.watcher.temporary(&temporary);
        let (basis, threads) = (old.duplicate(self.path)?, self.options.threads);
        let names = self.path.to_owned();
        let (output, bytes) = self
            .work(move |monitor| {
                patch.rewind().map_err(failed(IoAction::Read, "the patch"))?;
                let mut output = output;
                let made = match method {
                    Method::Librsync => {
                        let options = PatchOptions::new().max_output_bytes(max_bytes);
                        let buffers = BufferSizes::default();
                        sigdelta::io::patch(&basis, patch, &mut output, options, buffers, monitor)
                            .map(|stats| stats.out_bytes)
                    }
                    _ => {
                        let options = ApplyOptions::new().max_output_bytes(max_bytes);
                        apply_patch_to(basis, patch, &mut output, options, threads, monitor)
                            .map(|stats| stats.out_bytes)
                    }
                };
                let bytes = made.map_err(|error| error.in_file(names))?;
                Ok((output, bytes))
            })
            .await
            .map_err(|error| error.or_bad_answer("its patch is damaged"))?;
        let result = payload::shared(open(&temporary)?);
        let (found, _) = digest_of(self.session, &temporary, &result, bytes).await?;
        if found != promised {
            return Err(Error::WrongDigest);
        }
        self.commit(output)?;
        Ok(Some(Pulled { method, bytes, payload_bytes, etag }))
    }

    /// Returns the signature of the old file.
    async fn signature(&self, method: Method, old: &OldFile) -> Result<Payload> {
        let (mut file, len) = (old.duplicate(self.path)?, old.len);
        let threads = self.options.threads;
        let path = self.path.to_owned();
        self.work(move |monitor| {
            if method == Method::Layered {
                let options = ChunkSignatureOptions::for_one_round(len).threads(threads);
                return Payload::write(media::SIGNATURE, |output| {
                    sign(&file, len, options, output, monitor).map(drop)
                });
            }
            file.rewind().map_err(failed(IoAction::Read, &path))?;
            let options = SignatureOptions::new().strong_len(StrongLen::Min);
            let params = options.params(Some(len))?;
            Payload::write(media::LIBRSYNC_SIGNATURE, |output| {
                parallel::signature(&file, output, params, threads, monitor).map(drop)
            })
        })
        .await
    }

    /// Pulls all of it.
    async fn whole(&mut self, remote: Remote) -> Result<Pulled> {
        let part = self.options.resume_dir.as_ref();
        let part = part.map(|folder| PartFile::new(folder, &self.location.url(), &remote.etag));
        let sink = match part.clone() {
            Some(part) => self.work(move |monitor| part.open(remote.len, monitor)).await?,
            None => None,
        };
        match part.zip(sink) {
            None => {
                let output = OutputFile::create(self.path, Existing::Replace, &[])?;
                if let Some(temporary) = output.temporary_path() {
                    self.session.watcher.temporary(temporary);
                }
                let sink = Sink::new(output, self.path.to_owned());
                let (sink, pulled) = self.download(sink, &remote.etag, Some(remote.len)).await?;
                self.commit(sink.to)?;
                Ok(pulled)
            }
            Some((part, sink)) => {
                let pulled = self.by_part(sink, &remote).await;
                if pulled.as_ref().map_or_else(Error::is_final, |_| true) {
                    part.forget();
                }
                pulled
            }
        }
    }

    /// Pulls into a file that outlives an interruption, and copies it to its place.
    async fn by_part(&mut self, sink: Sink<File>, remote: &Remote) -> Result<Pulled> {
        let (sink, pulled) = self.download(sink, &remote.etag, Some(remote.len)).await?;
        let mut output = OutputFile::create(self.path, Existing::Replace, &[])?;
        if let Some(temporary) = output.temporary_path() {
            self.session.watcher.temporary(temporary);
        }
        let path = self.path.to_owned();
        let (mut file, downloaded) = (sink.to, sink.hasher.finish());
        let (output, digest) = self
            .work(move |_| {
                let mut copied = Sink::new(&mut output, path.clone());
                file.rewind()
                    .and_then(|()| io::copy(&mut file, &mut copied))
                    .map_err(failed(IoAction::Write, path))?;
                let digest = copied.hasher.finish();
                Ok((output, digest))
            })
            .await?;
        if digest != downloaded {
            return Err(Error::WrongDigest);
        }
        self.commit(output)?;
        Ok(pulled)
    }

    /// Receives what a sink lacks of a content, again if it breaks off, and verifies it.
    async fn download<W: Place>(
        &mut self,
        mut sink: Sink<W>,
        etag: &str,
        mut expected_len: Option<u64>,
    ) -> Result<(Sink<W>, Pulled)> {
        let mut etag = etag.to_owned();
        let mut digest = Digest::from_etag(&etag);
        let mut payload_bytes = 0;
        let mut tries = Tries::new(self.session);
        while expected_len != Some(sink.len) || sink.len == 0 {
            self.session.watcher.stage(Stage::Receive, expected_len);
            let mut question = Question::new(Verb::GET, self.location.resource());
            if sink.len > 0 {
                question = question
                    .header(RANGE, format!("bytes={}-", sink.len))
                    .header(IF_RANGE, etag.clone());
            }
            let before = sink.len;
            let error = match self.session.ask_once(&question).await {
                Ok(mut answer) => {
                    if answer.status == StatusCode::PARTIAL_CONTENT {
                        check_range(&answer, before)?;
                    } else {
                        // All of it, perhaps of another content.
                        sink.restart()?;
                        if let Some(temporary) = sink.to.temporary() {
                            self.session.watcher.temporary(temporary);
                        }
                        etag = answer.etag()?;
                        digest = Some(promised(&answer)?);
                        expected_len = answer.len().ok();
                    }
                    let start = sink.len;
                    let max_len = expected_len.map_or(u64::MAX, |len| len.saturating_sub(start));
                    let (received, error) =
                        receive(self.session, &mut answer, sink, max_len).await?;
                    sink = received;
                    payload_bytes += sink.len - start;
                    match error {
                        None => break,
                        Some(error) => error,
                    }
                }
                Err(error) if error.status() == Some(404) => return Err(not_found(self.location)),
                Err(error) => error,
            };
            if sink.len > before {
                tries = Tries::new(self.session);
            }
            tries.wait(&self.session.watcher, error).await?;
        }
        if digest != Some(sink.hasher.clone().finish()) {
            return Err(Error::WrongDigest);
        }
        let bytes = sink.len;
        Ok((sink, Pulled { method: Method::Full, bytes, payload_bytes, etag }))
    }

    fn commit(&self, output: OutputFile) -> Result<()> {
        let (mut output, mut result) = (Some(output), Ok(()));
        self.session.watcher.commit(&mut || {
            if let Some(output) = output.take() {
                result = output.commit();
            }
        });
        result.map_err(Error::from)
    }

    async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut dyn Monitor) -> sigdelta::Result<T> + Send + 'static,
    ) -> Result<T> {
        let done = work::run(&self.session.watcher, work).await;
        done.map_err(|error| error.in_file(self.path).into())
    }
}

/// Where received bytes go: counted and hashed.
#[derive(Debug)]
struct Sink<W> {
    to: W,
    /// For errors.
    name: PathBuf,
    len: u64,
    hasher: Hasher,
}

/// A place for bytes that can be emptied.
trait Place: Write + Send + 'static {
    fn empty(&mut self) -> io::Result<()>;

    /// Returns the file that nobody needs if it is not finished.
    fn temporary(&self) -> Option<&Path>;
}

impl Place for File {
    fn empty(&mut self) -> io::Result<()> {
        self.set_len(0)?;
        self.rewind()
    }

    fn temporary(&self) -> Option<&Path> {
        None
    }
}

impl<W: Write> Sink<W> {
    fn new(to: W, name: PathBuf) -> Self {
        Sink { to, name, len: 0, hasher: Hasher::default() }
    }

    fn put(&mut self, bytes: &[u8]) -> sigdelta::Result<()> {
        self.write_all(bytes).map_err(failed(IoAction::Write, &self.name))
    }
}

impl<W: Write> Write for Sink<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let len = self.to.write(bytes)?;
        self.len += len as u64;
        self.hasher.update(&bytes[..len]);
        Ok(len)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

impl<W: Place> Sink<W> {
    /// Begins anew.
    fn restart(&mut self) -> Result<()> {
        if self.len > 0 {
            self.to.empty().map_err(failed(IoAction::Write, &self.name))?;
            self.len = 0;
            self.hasher = Hasher::default();
        }
        Ok(())
    }
}

impl Place for OutputFile {
    fn empty(&mut self) -> io::Result<()> {
        if self.temporary_path().is_none() {
            return Err(io::Error::other("the content changed while it was written"));
        }
        let path = self.path().to_owned();
        *self = OutputFile::create(&path, Existing::Replace, &[]).map_err(io::Error::other)?;
        Ok(())
    }

    fn temporary(&self) -> Option<&Path> {
        self.temporary_path()
    }
}

/// Puts the body of an answer into a sink. Returns the sink and what ended the body early, if anything.
async fn receive<W: Write + Send + 'static>(
    session: &mut Session,
    answer: &mut Answer,
    mut sink: Sink<W>,
    max_len: u64,
) -> Result<(Sink<W>, Option<Error>)> {
    let (to_disk, mut pieces) = channel::<hyper::body::Bytes>(PIECES);
    let mut done_bytes = sink.len;
    let most = sink.len.saturating_add(max_len);
    let writing = spawn_blocking(move || {
        while let Some(piece) = pieces.blocking_recv() {
            sink.put(&piece)?;
        }
        Ok::<_, sigdelta::Error>(sink)
    });
    let ended_by = loop {
        let piece = match session.next_bytes(answer).await {
            Ok(Some(piece)) => piece,
            Ok(None) => break None,
            Err(error) => break Some(error),
        };
        done_bytes += piece.len() as u64;
        if done_bytes > most {
            break Some(Error::BadAnswer { what: "it is longer than it may be" });
        }
        session.watcher.progress(done_bytes);
        if to_disk.send(piece).await.is_err() {
            // The writer has failed and says why.
            break None;
        }
    };
    drop(to_disk);
    let sink = writing.await.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()));
    Ok((sink?, ended_by))
}

/// What has come of a content, in a file that outlives an interruption.
#[derive(Clone, Debug)]
struct PartFile {
    folder: PathBuf,
    path: PathBuf,
}

impl PartFile {
    fn new(folder: &Path, url: &str, etag: &str) -> Self {
        let name = name_of(&[url.as_bytes(), etag.as_bytes()]);
        PartFile { folder: folder.to_owned(), path: folder.join(format!("{name}.part")) }
    }

    /// Opens the file, which may have up to `max_len` bytes, behind what it has. Returns None if another
    /// run is at it.
    fn open(
        &self,
        max_len: u64,
        monitor: &mut dyn Monitor,
    ) -> sigdelta::Result<Option<Sink<File>>> {
        let opened = private_folder(&self.folder).and_then(|()| {
            let mut options = fs::OpenOptions::new();
            options.read(true).write(true).create(true).truncate(false);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            options.open(&self.path)
        });
        let file = opened.map_err(failed(IoAction::Create, &self.path))?;
        if matches!(file.try_lock(), Err(TryLockError::WouldBlock)) {
            return Ok(None);
        }
        let mut sink = Sink::new(file, self.path.clone());
        let (hasher, len) = Hasher::of(&sink.to, monitor)?;
        (sink.hasher, sink.len) = (hasher, len);
        let at = match len <= max_len {
            true => sink.to.seek(SeekFrom::Start(len)).map(drop),
            false => sink.to.empty(),
        };
        at.map_err(failed(IoAction::Write, &self.path))?;
        if len > max_len {
            (sink.hasher, sink.len) = Default::default();
        }
        Ok(Some(sink))
    }

    fn forget(&self) {
        let _ = fs::remove_file(&self.path);
    }
}

/// Returns the digest that an answer promises.
fn promised(answer: &Answer) -> Result<Digest> {
    let digest =
        answer.header(header::REPR_DIGEST).and_then(|text| Digest::from_repr_digest(text).ok());
    let digest = digest.or_else(|| answer.header(ETAG).and_then(Digest::from_etag));
    digest.ok_or(Error::BadAnswer { what: "there is no Repr-Digest" })
}

/// Checks that what comes begins where it was asked for.
fn check_range(answer: &Answer, start: u64) -> Result<()> {
    let range = answer.header(CONTENT_RANGE).and_then(|range| range.strip_prefix("bytes "));
    let found = range.and_then(|range| range.split_once('-')?.0.parse().ok());
    match found == Some(start) {
        true => Ok(()),
        false => Err(Error::BadAnswer { what: "the range is not the one that was asked for" }),
    }
}

/// Returns how many bytes all of a content has of which a range came.
fn len_of_all(answer: &Answer) -> Result<u64> {
    let range = answer.header(CONTENT_RANGE).and_then(|range| range.strip_prefix("bytes "));
    let len = range.and_then(|range| range.split_once('/')?.1.parse().ok());
    len.ok_or(Error::BadAnswer { what: "there is no Content-Range" })
}

/// Returns true if the error speaks of the way that was gone, so that another may lead there.
fn is_of_this_way(error: &Error) -> bool {
    match error {
        Error::WrongDigest | Error::BadAnswer { .. } | Error::TimedOut { .. } => true,
        Error::File(error) => error.kind() != sigdelta::ErrorKind::Io,
        error => error.is_unsupported() || error.status() == Some(422),
    }
}

fn not_found(location: &Location) -> Error {
    Error::NotFound { key: location.key().to_owned() }
}

fn failed(action: IoAction, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> sigdelta::Error {
    move |cause| sigdelta::Error::Io { action, cause }.in_file(path)
}
