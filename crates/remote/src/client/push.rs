//! Pushing one file: what the server has, the way that sends least, and what is done when that fails.

use std::fs::Metadata;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use hyper::Method as Verb;
use hyper::header::{IF_MATCH, IF_NONE_MATCH};
use sigdelta::exchange::{ChunkSignature, Survey, SurveyOptions};
use sigdelta::file::{open, regular_len};
use sigdelta::layered::{MakeOptions, make};
use sigdelta::parallel;
use sigdelta::{
    DeltaOptions, Index, IoAction, LoadOptions, ReadAt, Root, RootHasher, min_strong_len,
    recommended_block_len,
};

use super::digest::Hasher;
use super::location::Location;
use super::payload::{self, Payload};
use super::resume::{self, Journal};
use super::session::{Answer, MAX_SUMS_LEN, Question, Session};
use super::work::{self, Stage, report};
use super::{Choice, Error, Method, PushOptions, Report, Result, Traffic, is_worth};
use crate::protocol::{Digest, FINE_SUMS, SIGNATURES, header, media};

/// How often a resource that changes meanwhile is compared anew.
const MOST_CHANGES: u32 = 4;
/// A content that is sent in so few bytes is not worth a question.
const SMALL: u64 = 1 << 10;
/// Bytes of a sum, when shorter ones were equal by chance.
const LONG_SUM: u8 = 16;
const LONG_FINE_SUM: u8 = 7;
/// What an error calls a content that is not there.
const NOTHING: &str = "nothing";

/// What is known of what the server has, before it is asked.
#[derive(Clone, Debug)]
pub(super) enum Known {
    Nothing,
    Absent,
    Present(Remote),
}

/// What the server has at the address.
#[derive(Clone, Debug)]
pub(super) struct Remote {
    pub(super) etag: String,
    pub(super) len: u64,
    pub(super) root: Option<String>,
}

/// An upload, ready to be sent.
#[derive(Clone, Debug)]
pub(super) struct Upload {
    pub(super) method: Method,
    pub(super) payload: Payload,
    /// What the resource must be; None if it may be anything.
    pub(super) condition: Option<Condition>,
}

/// What a resource must be for an upload to count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Condition {
    Absent,
    Etag(String),
}

/// Pushes a file.
pub(super) async fn push(
    session: &mut Session,
    path: &Path,
    location: &Location,
    known: Known,
    options: &PushOptions,
) -> Result<Report> {
    let before = session.traffic();
    let new = NewFile::open(session, path).await?;
    let mut push = Push { session, location, new, options, full: None };
    let (method, payload_bytes) = push.run(known).await?;
    let Push { session, new, .. } = push;
    let traffic = session.traffic().since(before);
    Ok(Report { method, bytes: new.len, payload_bytes, etag: new.digest.etag(), traffic })
}

/// The file that is pushed.
struct NewFile {
    path: PathBuf,
    bytes: Arc<dyn ReadAt>,
    len: u64,
    digest: Digest,
    changed: Option<SystemTime>,
}

impl NewFile {
    async fn open(session: &Session, path: &Path) -> Result<Self> {
        let file = open(path)?;
        let Some(len) = regular_len(&file) else {
            return Err(no_file(path));
        };
        let changed = file.metadata().ok().and_then(|metadata| metadata.modified().ok());
        let bytes = payload::shared(file);
        let digest = digest_of(session, path, &bytes, len).await?;
        if digest.1 != len {
            return Err(Error::FileChanged { path: path.to_owned() });
        }
        Ok(NewFile { path: path.to_owned(), bytes, len, digest: digest.0, changed })
    }

    /// Returns true if the file is not as it was when it was opened.
    fn has_changed(&self) -> bool {
        let same = |now: Metadata| now.len() == self.len && now.modified().ok() == self.changed;
        !std::fs::metadata(&self.path).is_ok_and(same)
    }

    fn shared(&self) -> Arc<dyn ReadAt> {
        Arc::clone(&self.bytes)
    }
}

/// A way to prepare an upload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Base,
    Layered { tried_before: bool },
    Librsync,
    Full,
}

struct Push<'a> {
    session: &'a mut Session,
    location: &'a Location,
    new: NewFile,
    options: &'a PushOptions,
    /// About the bytes of the whole file when it is sent compressed.
    full: Option<u64>,
}

impl Push<'_> {
    /// Returns the way that was gone and the length of the body.
    async fn run(&mut self, known: Known) -> Result<(Method, u64)> {
        let journal = self.journal();
        if let Some(journal) = &journal
            && let Some(done) = resume::go_on(self.session, journal, self.options).await?
        {
            return Ok(done);
        }
        let mut remote = match known {
            Known::Nothing => self.head().await?,
            Known::Absent => None,
            Known::Present(remote) => Some(remote),
        };
        let mut way = self.first_way();
        let mut changes = 0;
        loop {
            let etag = self.new.digest.etag();
            if remote.as_ref().is_some_and(|remote| remote.etag == etag) {
                return Ok((Method::Unchanged, 0));
            }
            self.check_wish(remote.as_ref())?;
            let upload = match self.prepare(&mut way, remote.as_ref()).await {
                Ok(upload) => upload,
                Err(error) if error.status() == Some(412) => {
                    remote =
                        self.head_again(&mut changes, remote.map(|remote| remote.etag)).await?;
                    continue;
                }
                Err(error) => return Err(error),
            };
            if self.options.dry_run {
                return Ok((upload.method, upload.payload.len));
            }
            self.session.watcher.stage(Stage::Send, Some(upload.payload.len));
            let error = match self.send(&upload, journal.as_ref()).await {
                Ok(()) => return Ok((upload.method, upload.payload.len)),
                Err(error) => error,
            };
            match error.status() {
                Some(status @ (404 | 412)) => {
                    let expected = match upload.condition {
                        Some(Condition::Etag(etag)) => Some(etag),
                        Some(Condition::Absent) | None => None,
                    };
                    let found = self.head_again(&mut changes, expected.clone()).await?;
                    if status == 404 && found.as_ref().map(|found| &found.etag) == expected.as_ref()
                    {
                        // It is not the resource that is not there.
                        return Err(error);
                    }
                    remote = found;
                }
                Some(422) if self.new.has_changed() => {
                    return Err(Error::FileChanged { path: self.new.path.clone() });
                }
                Some(413 | 415 | 422) if upload.method != Method::Full => {
                    self.session.watcher.retry(&error);
                    way = way.after(&error);
                }
                _ => return Err(error),
            }
        }
    }

    /// Asks what the server has now that it is something else than before; not for ever, and not if
    /// the caller only wishes to replace that.
    async fn head_again(
        &mut self,
        changes: &mut u32,
        expected: Option<String>,
    ) -> Result<Option<Remote>> {
        let remote = head(self.session, self.location).await?;
        *changes += 1;
        let is_ours = |remote: &Remote| remote.etag == self.new.digest.etag();
        if remote.as_ref().is_some_and(is_ours) {
            // An answer was lost, not the upload.
            return Ok(remote);
        }
        if self.options.if_match.is_none() && *changes < MOST_CHANGES {
            return Ok(remote);
        }
        let nothing = || NOTHING.to_owned();
        let found = remote.map_or_else(nothing, |remote| remote.etag);
        Err(Error::Conflict { expected: expected.unwrap_or_else(nothing), found: Some(found) })
    }

    fn first_way(&self) -> Way {
        match self.options.choice {
            Choice::Full => Way::Full,
            _ if self.options.base.is_some() => Way::Base,
            Choice::Librsync => Way::Librsync,
            Choice::Auto | Choice::Layered => Way::Layered { tried_before: false },
        }
    }

    /// Asks what the server has.
    async fn head(&mut self) -> Result<Option<Remote>> {
        head(self.session, self.location).await
    }

    /// Refuses to go on if the resource is not the one that the caller wishes to replace.
    fn check_wish(&self, remote: Option<&Remote>) -> Result<()> {
        let found = remote.map(|remote| &remote.etag);
        match &self.options.if_match {
            Some(wished) if found != Some(wished) => Err(Error::Conflict {
                expected: wished.clone(),
                found: Some(found.map_or_else(|| NOTHING.to_owned(), Clone::clone)),
            }),
            _ => Ok(()),
        }
    }

    /// Prepares an upload by a way, or by one behind it that is better or possible at all.
    async fn prepare(&mut self, way: &mut Way, remote: Option<&Remote>) -> Result<Upload> {
        let Some(remote) = remote else {
            return self.full(Some(Condition::Absent)).await;
        };
        let is_free = self.options.choice == Choice::Auto;
        if is_free && *way != Way::Full && self.full_cost().await? <= SMALL {
            *way = Way::Full;
        }
        loop {
            let (upload, next) = match *way {
                Way::Base => {
                    let next = match self.options.choice {
                        Choice::Librsync => Way::Librsync,
                        _ => Way::Layered { tried_before: false },
                    };
                    (self.along_base(remote).await?, next)
                }
                // A signature has some bytes for each chunk, of which none is much longer.
                Way::Layered { .. }
                    if is_free && remote.len / (256 << 10) > self.full_cost().await? =>
                {
                    (None, Way::Full)
                }
                Way::Layered { tried_before } => match self.layered(tried_before).await {
                    Ok(upload) => (upload, Way::Full),
                    Err(error) if is_free && error.is_unsupported() => (None, Way::Librsync),
                    Err(error) => return Err(error),
                },
                Way::Librsync => match self.librsync(remote).await {
                    Ok(upload) => (upload, Way::Full),
                    Err(error) if is_free && error.is_unsupported() => (None, Way::Full),
                    Err(error) => return Err(error),
                },
                Way::Full => {
                    return self.full(Some(Condition::Etag(remote.etag.clone()))).await;
                }
            };
            match upload {
                Some(upload) => return Ok(upload),
                None => *way = next,
            }
        }
    }

    /// Prepares the whole file.
    async fn full(&mut self, condition: Option<Condition>) -> Result<Upload> {
        self.session.watcher.stage(Stage::Read, Some(self.new.len));
        let payload = Payload::new(self.new.shared(), self.new.len, media::BYTES);
        let payload = self.work(|monitor| payload.compressed(monitor)).await?;
        let condition = condition.filter(|_| !self.options.force);
        Ok(Upload { method: Method::Full, payload, condition })
    }

    /// Prepares a patch against the file at hand, if that is what the server has.
    async fn along_base(&mut self, remote: &Remote) -> Result<Option<Upload>> {
        let Some(path) = self.options.base.clone() else { return Ok(None) };
        let base = open(&path)?;
        let base_len = regular_len(&base).ok_or_else(|| no_file(&path))?;
        let base = payload::shared(base);
        if base_len != remote.len {
            return Ok(None);
        }
        self.session.watcher.stage(Stage::Read, Some(base_len));
        let is_it = match &remote.root {
            Some(root) => {
                let base = Arc::clone(&base);
                let found = work::run(&self.session.watcher, move |monitor| {
                    root_of(&*base, |done| report(monitor, done))
                });
                found.await.map_err(|error| error.in_file(&path))?.to_string() == *root
            }
            None => digest_of(self.session, &path, &base, base_len).await?.0.etag() == remote.etag,
        };
        if !is_it {
            return Ok(None);
        }
        self.session.watcher.stage(Stage::Compare, Some(self.new.len));
        let new = (self.new.shared(), self.new.len);
        let options = MakeOptions::new().level(self.options.level).threads(self.options.threads);
        let payload = self.work(move |monitor| {
            Payload::write(media::PATCH, |output| {
                make((base, base_len), new, output, options, monitor).map(drop)
            })
        });
        let payload = payload.await?;
        let condition = Some(Condition::Etag(remote.etag.clone()));
        Ok(Some(Upload { method: Method::Base, payload, condition }))
    }

    /// Prepares a layered patch against what the server says about its content.
    async fn layered(&mut self, tried_before: bool) -> Result<Option<Upload>> {
        let mut path = format!("{}?format=layered", self.location.path_of(SIGNATURES));
        if tried_before {
            path += &format!("&sum={LONG_SUM}&salt={}", random_salt()?);
        }
        self.session.watcher.stage(Stage::Receive, None);
        let question = Question::new(Verb::GET, path);
        let (answer, signature) = self.session.ask_bytes(&question, MAX_SUMS_LEN).await?;
        let condition = self.basis_of(&answer)?;
        let signature = ChunkSignature::decode(&signature)
            .map_err(|_| Error::BadAnswer { what: "its signature is damaged" })?;
        self.session.watcher.stage(Stage::Compare, Some(self.new.len));
        let (bytes, len) = (self.new.shared(), self.new.len);
        let mut options = SurveyOptions::new().threads(self.options.threads);
        if tried_before {
            options = options.sum_len(LONG_FINE_SUM);
        }
        let mut survey =
            self.work(move |monitor| Survey::new(signature, bytes, len, options, monitor)).await?;
        if let Some(request) = survey.request() {
            survey = self.ask_for_sums(survey, request, &condition).await?;
        }
        let is_free = self.options.choice == Choice::Auto;
        let full = self.full_cost().await?;
        if is_free && !is_worth(survey.estimated_len(full), full) {
            return Ok(None);
        }
        self.session.watcher.stage(Stage::Build, Some(len));
        let options = MakeOptions::new().level(self.options.level).threads(self.options.threads);
        let payload = self.work(move |monitor| {
            Payload::write(media::PATCH, |output| survey.patch(output, options, monitor).map(drop))
        });
        let payload = payload.await?;
        if is_free && !is_worth(payload.len, full) {
            return Ok(None);
        }
        Ok(Some(Upload { method: Method::Layered, payload, condition: Some(condition) }))
    }

    /// Asks for the fine sums that a survey wants; without them it is as good as it was.
    async fn ask_for_sums(
        &mut self,
        mut survey: Survey,
        request: Vec<u8>,
        basis: &Condition,
    ) -> Result<Survey> {
        let len = request.len() as u64;
        let payload = Payload::new(Arc::new(request), len, media::REQUEST);
        let question = Question::new(Verb::POST, self.location.path_of(FINE_SUMS));
        let question = require(question, Some(basis)).payload(payload);
        match self.session.ask_bytes(&question, MAX_SUMS_LEN).await {
            Ok((_, sums)) => {
                let taken = self.work(move |_| survey.take_sums(&sums).map(|()| survey)).await;
                taken.map_err(|error| error.or_bad_answer("its sums are damaged"))
            }
            Err(error) if error.is_unsupported() => Ok(survey),
            Err(error) => Err(error),
        }
    }

    /// Prepares a delta of librsync's.
    async fn librsync(&mut self, remote: &Remote) -> Result<Option<Upload>> {
        let is_free = self.options.choice == Choice::Auto;
        let block_len = recommended_block_len(Some(remote.len));
        let sum_len = min_strong_len(Some(remote.len), block_len);
        let blocks = remote.len.div_ceil(block_len.into());
        let full = self.full_cost().await?;
        if is_free && !is_worth(blocks * (4 + u64::from(sum_len)), full) {
            return Ok(None);
        }
        let path = format!(
            "{}?format=librsync&block={block_len}&sum={sum_len}",
            self.location.path_of(SIGNATURES)
        );
        self.session.watcher.stage(Stage::Receive, None);
        let question = Question::new(Verb::GET, path);
        let (answer, signature) = self.session.ask_bytes(&question, MAX_SUMS_LEN).await?;
        let condition = self.basis_of(&answer)?;
        self.session.watcher.stage(Stage::Compare, Some(self.new.len));
        let new = payload::reader(self.new.shared());
        let threads = self.options.threads;
        let payload = self.work(move |monitor| {
            let load = LoadOptions::new().expected_bytes(signature.len() as u64);
            let (signature, _) = sigdelta::io::load_signature(
                &signature[..],
                load,
                sigdelta::io::BufferSizes::default(),
            )?;
            let index = Arc::new(Index::new(signature)?);
            let payload = Payload::write(media::LIBRSYNC_DELTA, |output| {
                let options = DeltaOptions::new().trailer(true).smaller(true);
                parallel::delta(index, new, output, options, threads, monitor).map(drop)
            })?;
            payload.compressed(monitor)
        });
        let damaged = |error: Error| error.or_bad_answer("its signature is damaged");
        let payload = payload.await.map_err(damaged)?;
        if is_free && !is_worth(payload.len, full) {
            return Ok(None);
        }
        Ok(Some(Upload { method: Method::Librsync, payload, condition: Some(condition) }))
    }

    /// Returns what a signature says that it is of, if the caller does not mind.
    fn basis_of(&self, answer: &Answer) -> Result<Condition> {
        let Some(etag) = answer.header(header::DELTA_BASE) else {
            return Err(Error::BadAnswer { what: "there is no Delta-Base" });
        };
        match &self.options.if_match {
            Some(wished) if wished != etag => {
                Err(Error::Conflict { expected: wished.clone(), found: Some(etag.to_owned()) })
            }
            _ => Ok(Condition::Etag(etag.to_owned())),
        }
    }

    /// Returns about how many bytes the whole file takes on the wire.
    async fn full_cost(&mut self) -> Result<u64> {
        if let Some(full) = self.full {
            return Ok(full);
        }
        let (bytes, len) = (self.new.shared(), self.new.len);
        let full = self.work(move |_| payload::estimate(&*bytes, len)).await?;
        self.full = Some(full);
        Ok(full)
    }

    async fn send(&mut self, upload: &Upload, journal: Option<&Journal>) -> Result<()> {
        let digest = self.new.digest;
        if let Some(journal) = journal
            && resume::upload(self.session, self.location, upload, digest, journal).await?
        {
            return Ok(());
        }
        let question = Question::new(verb(upload.method), self.location.resource());
        let question = describe(question, upload, digest).payload(upload.payload.clone());
        let answer = self.session.ask(&question).await?;
        check_answer(&answer, digest)
    }

    fn journal(&self) -> Option<Journal> {
        let folder = self.options.resume_dir.as_ref().filter(|_| !self.options.dry_run)?;
        Some(Journal::new(folder, &self.location.url(), &self.new.path, self.new.digest))
    }

    /// Does work on this side; errors speak of the new file.
    async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut dyn sigdelta::Monitor) -> sigdelta::Result<T> + Send + 'static,
    ) -> Result<T> {
        let done = work::run(&self.session.watcher, work).await;
        done.map_err(|error| error.in_file(&self.new.path).into())
    }
}

impl Way {
    /// Returns the way to go when the server refused what came by this one.
    fn after(self, error: &Error) -> Way {
        match self {
            Way::Base => Way::Layered { tried_before: false },
            // Sums that were equal by chance are not with another salt.
            Way::Layered { tried_before: false } if error.status() == Some(422) => {
                Way::Layered { tried_before: true }
            }
            Way::Layered { .. } if error.status() == Some(415) => Way::Librsync,
            Way::Layered { .. } | Way::Librsync | Way::Full => Way::Full,
        }
    }
}

/// Returns the verb that an upload is for.
pub(super) fn verb(method: Method) -> Verb {
    if method == Method::Full { Verb::PUT } else { Verb::PATCH }
}

/// Adds the headers of an upload that are not of its body.
pub(super) fn describe(question: Question, upload: &Upload, digest: Digest) -> Question {
    require(question.header(header::REPR_DIGEST, digest.repr_digest()), upload.condition.as_ref())
}

/// Adds the header that says what the resource must be.
fn require(question: Question, condition: Option<&Condition>) -> Question {
    match condition {
        Some(Condition::Absent) => question.header(IF_NONE_MATCH, "*"),
        Some(Condition::Etag(etag)) => question.header(IF_MATCH, etag),
        None => question,
    }
}

/// Checks that what the server made is what was meant.
pub(super) fn check_answer(answer: &Answer, digest: Digest) -> Result<()> {
    match answer.etag()? {
        etag if etag == digest.etag() => Ok(()),
        // A server may have ETags of another kind.
        etag if Digest::from_etag(&etag).is_none() => Ok(()),
        _ => Err(Error::WrongDigest),
    }
}

/// Asks what a server has at an address; None if nothing.
pub(super) async fn head(session: &mut Session, location: &Location) -> Result<Option<Remote>> {
    let question = Question::new(Verb::HEAD, location.resource());
    match session.ask(&question).await {
        Ok(answer) => Ok(Some(Remote {
            etag: answer.etag()?,
            len: answer.len()?,
            root: answer.header(header::ROOT).map(ToOwned::to_owned),
        })),
        Err(error) if error.status() == Some(404) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Returns the digest of a file and how many bytes it had.
pub(super) async fn digest_of(
    session: &Session,
    path: &Path,
    bytes: &Arc<dyn ReadAt>,
    len: u64,
) -> Result<(Digest, u64)> {
    session.watcher.stage(Stage::Read, Some(len));
    let bytes = Arc::clone(bytes);
    let digest = work::run(&session.watcher, move |monitor| Hasher::of(&*bytes, monitor)).await;
    let digest = digest.map(|(hasher, len)| (hasher.finish(), len));
    digest.map_err(|error| error.in_file(path).into())
}

fn root_of(
    bytes: &dyn ReadAt,
    mut report: impl FnMut(u64) -> sigdelta::Result<()>,
) -> sigdelta::Result<Root> {
    let mut hasher = RootHasher::new();
    // Whole leaves are hashed together.
    let mut buf = vec![0; 16 * sigdelta::LEAF_LEN];
    let mut position = 0;
    loop {
        let len = bytes.fill_at(position, &mut buf)?;
        if len == 0 {
            return Ok(hasher.finish());
        }
        hasher.update(&buf[..len]);
        position += len as u64;
        report(position)?;
    }
}

/// Returns a salt that nobody can foresee, in hexadecimal.
fn random_salt() -> Result<String> {
    let mut salt = [0; 16];
    getrandom::fill(&mut salt)
        .map_err(|error| sigdelta::Error::Io { action: IoAction::Read, cause: error.into() })?;
    Ok(salt.iter().map(|byte| format!("{byte:02x}")).collect())
}

pub(super) fn no_file(path: &Path) -> Error {
    let cause = std::io::Error::other("it is not a regular file");
    sigdelta::Error::Io { action: IoAction::Read, cause }.in_file(path).into()
}

impl Traffic {
    /// Returns what has gone over the wire since another time.
    pub(super) fn since(self, before: Traffic) -> Traffic {
        Traffic {
            sent_bytes: self.sent_bytes - before.sent_bytes,
            received_bytes: self.received_bytes - before.received_bytes,
            requests: self.requests - before.requests,
            rounds: self.rounds - before.rounds,
        }
    }
}
