//! Uploads that go on where they were interrupted, also by another run of the program.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use hyper::header::{CONTENT_ENCODING, CONTENT_TYPE, LOCATION};
use hyper::{Method as Verb, StatusCode, Uri};
use serde_json::{Value, json};
use sigdelta::IoAction;
use sigdelta::file::{open, regular_len};

use super::location::Location;
use super::payload::{self, Payload};
use super::push::{Condition, Upload, check_answer, describe, verb};
use super::session::{Answer, Question, Session, Tries};
use super::work::Stage;
use super::{Error, Method, PushOptions, Result};
use crate::protocol::{Digest, Kind, UPLOAD_STARTS, header, media};

/// Version of the notes.
const VERSION: u32 = 2;
/// The methods whose uploads can go on.
const METHODS: [Method; 4] = [Method::Base, Method::Full, Method::Layered, Method::Librsync];

/// Where the notes on an upload are, and the body of a patch.
#[derive(Debug)]
pub(super) struct Journal {
    folder: PathBuf,
    name: String,
    file: PathBuf,
    digest: Digest,
}

/// An upload that was begun.
#[derive(Debug)]
struct Begun {
    /// Its path at the server.
    path: String,
    method: Method,
    payload: Payload,
    condition: Option<Condition>,
}

impl Begun {
    /// Returns true if the upload replaces nothing that the options do not let it replace.
    fn is_allowed(&self, options: &PushOptions) -> bool {
        match (&options.if_match, &self.condition) {
            (Some(wished), Some(Condition::Etag(etag))) => wished == etag,
            (Some(_), _) => false,
            (None, condition) => options.force || condition.is_some(),
        }
    }
}

impl Journal {
    /// Returns the place for notes on the upload of a file to an address.
    pub(super) fn new(folder: &Path, url: &str, file: &Path, digest: Digest) -> Self {
        let file = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
        let name = name_of(&[url.as_bytes(), file.as_os_str().as_encoded_bytes()]);
        Journal { folder: folder.to_owned(), name, file, digest }
    }

    /// Reads the notes; None if there are none, or none about this content.
    fn read(&self) -> Option<Begun> {
        let notes: Value = serde_json::from_slice(&fs::read(self.notes()).ok()?).ok()?;
        let text = |name: &str| notes[name].as_str();
        if notes["version"] != VERSION || text("digest") != Some(&self.digest.repr_digest()) {
            return None;
        }
        let is_file = notes["is_file"].as_bool()?;
        let body = if is_file { self.file.clone() } else { self.body() };
        let body = open(&body).ok()?;
        let len = notes["len"].as_u64().filter(|&len| regular_len(&body) == Some(len))?;
        let method = METHODS.into_iter().find(|method| Some(method.name()) == text("method"))?;
        let payload = Payload::new(payload::shared(body), len, media::PARTIAL_UPLOAD);
        let condition = match text("condition") {
            None => None,
            Some("") => Some(Condition::Absent),
            Some(etag) => Some(Condition::Etag(etag.to_owned())),
        };
        Some(Begun { path: text("path")?.to_owned(), method, payload, condition })
    }

    /// Notes that an upload was begun, and keeps its body.
    fn write(&self, begun: &Begun, is_file: bool) -> sigdelta::Result<()> {
        let notes = json!({
            "version": VERSION,
            "digest": self.digest.repr_digest(),
            "path": begun.path,
            "method": begun.method.name(),
            "len": begun.payload.len,
            "is_file": is_file,
            "condition": match &begun.condition {
                None => None,
                Some(Condition::Absent) => Some(""),
                Some(Condition::Etag(etag)) => Some(etag.as_str()),
            },
        });
        let write = || -> io::Result<()> {
            private_folder(&self.folder)?;
            if !is_file {
                let mut file = private_file(&self.body())?;
                io::copy(&mut begun.payload.reader(), &mut file)?;
            }
            // Last, and whole or not at all: notes without a body would be worth nothing.
            let mut file = tempfile::NamedTempFile::new_in(&self.folder)?;
            file.write_all(notes.to_string().as_bytes())?;
            file.persist(self.notes())?;
            Ok(())
        };
        write()
            .map_err(|cause| sigdelta::Error::Io { action: IoAction::Write, cause })
            .map_err(|error| error.in_file(&self.folder))
    }

    fn forget(&self) {
        let _ = fs::remove_file(self.notes());
        let _ = fs::remove_file(self.body());
    }

    fn notes(&self) -> PathBuf {
        self.folder.join(format!("{}.json", self.name))
    }

    fn body(&self) -> PathBuf {
        self.folder.join(format!("{}.body", self.name))
    }
}

/// Goes on with an upload of the same content, if there is one that the server remembers and that
/// replaces no other content than the options say. Returns the way and the length of its body when it
/// is done, None if all must begin anew.
pub(super) async fn go_on(
    session: &mut Session,
    journal: &Journal,
    options: &PushOptions,
) -> Result<Option<(Method, u64)>> {
    let Some(begun) = journal.read().filter(|begun| begun.is_allowed(options)) else {
        journal.forget();
        return Ok(None);
    };
    let done = (begun.method, begun.payload.len);
    match finish(session, &begun, None, journal.digest).await {
        Ok(()) => {
            journal.forget();
            Ok(Some(done))
        }
        // Forgotten by the server, or the resource is another by now: the usual way knows what to do.
        Err(error) if error.is_final() => {
            session.watcher.retry(&error);
            journal.forget();
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// Sends an upload so that it can go on later. Returns false if the server does not know how.
pub(super) async fn upload(
    session: &mut Session,
    location: &Location,
    upload: &Upload,
    digest: Digest,
    journal: &Journal,
) -> Result<bool> {
    let mut question = Question::new(Verb::POST, location.path_of(UPLOAD_STARTS))
        .header(header::UPLOAD_COMPLETE, "?0")
        .header(header::UPLOAD_LENGTH, upload.payload.len.to_string())
        .header(header::METHOD, verb(upload.method).as_str())
        .header(CONTENT_TYPE, upload.payload.content_type);
    if upload.payload.is_zstd {
        question = question.header(CONTENT_ENCODING, "zstd");
    }
    let answer = match session.ask(&describe(question, upload, digest)).await {
        Ok(answer) => answer,
        Err(error) if matches!(error.status(), Some(404 | 405 | 501)) => return Ok(false),
        Err(error) => return Err(error),
    };
    if answer.status != StatusCode::CREATED {
        // The content is there already.
        return check_answer(&answer, digest).map(|()| true);
    }
    let payload = upload.payload.clone().into_part(media::PARTIAL_UPLOAD);
    let path = path_of(location, &answer)?;
    let condition = upload.condition.clone();
    let begun = Begun { path, method: upload.method, payload, condition };
    let is_file = upload.method == Method::Full && !upload.payload.is_zstd;
    journal.write(&begun, is_file)?;
    let finished = finish(session, &begun, Some(0), digest).await;
    if finished.as_ref().map_or_else(Error::is_final, |()| true) {
        journal.forget();
    }
    finished.map(|()| true)
}

/// Sends what the server does not have of an upload, whose offset is known or asked for.
async fn finish(
    session: &mut Session,
    begun: &Begun,
    mut offset: Option<u64>,
    digest: Digest,
) -> Result<()> {
    let mut tries = Tries::new(session);
    let mut furthest = 0;
    loop {
        let start = match offset.take() {
            Some(start) => start,
            None => {
                let answer = session.ask(&Question::new(Verb::HEAD, begun.path.clone())).await?;
                answer
                    .number(header::UPLOAD_OFFSET)
                    .filter(|&start| start <= begun.payload.len)
                    .ok_or(Error::BadAnswer {
                        what: "there is no Upload-Offset, or one beyond the end",
                    })?
            }
        };
        if start > furthest {
            furthest = start;
            tries = Tries::new(session);
        }
        session.watcher.stage(Stage::Send, Some(begun.payload.len));
        let mut question = Question::new(Verb::PATCH, begun.path.clone())
            .header(header::UPLOAD_OFFSET, start.to_string())
            .header(header::UPLOAD_COMPLETE, "?1")
            .payload(begun.payload.clone());
        question.start = start;
        match session.ask_once(&question).await {
            Ok(answer) => return check_answer(&answer, digest),
            // Another connection of ours may still be in the server's hands.
            Err(error) if is_wrong_offset(&error) => {
                tries.wait_all_the_same(&session.watcher, error).await?;
            }
            Err(error) => tries.wait(&session.watcher, error).await?,
        }
    }
}

fn is_wrong_offset(error: &Error) -> bool {
    matches!(error, Error::Refused { kind: Some(Kind::OffsetMismatch), .. })
}

/// Returns the path of an upload, which the server may name by a whole address. A server does not know
/// what a proxy before it has taken off addresses.
fn path_of(location: &Location, answer: &Answer) -> Result<String> {
    let uri = answer.header(LOCATION).and_then(|location| location.parse::<Uri>().ok());
    let path = uri.as_ref().and_then(Uri::path_and_query).map(|path| path.as_str());
    let path = path.filter(|path| path.starts_with('/'));
    let path = path.ok_or(Error::BadAnswer { what: "there is no Location" })?;
    Ok(match path.starts_with(&location.path("/")) {
        true => path.to_owned(),
        false => location.path(path),
    })
}

/// Returns a name for a file that stands for some texts.
pub(super) fn name_of(texts: &[&[u8]]) -> String {
    let texts: Vec<u8> = texts.join(&[0][..]);
    sigdelta::Root::of(&texts).to_string()[..32].to_owned()
}

/// Creates a folder that only its owner may enter, if it is not there.
pub(super) fn private_folder(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Creates or empties a file that only its owner may read.
fn private_file(path: &Path) -> io::Result<fs::File> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}
