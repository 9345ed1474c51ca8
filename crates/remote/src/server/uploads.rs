//! Uploads in parts (draft-ietf-httpbis-resumable-upload): what has come stays when a connection breaks.
//!
//! An upload is two files in the server's folder: `ID.json`, the headers of the PUT or PATCH that it stands
//! for, and `ID.data`, its body as far as it has come. Conditions are looked at when all is there.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header::{
    CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, IF_MATCH, IF_NONE_MATCH, LOCATION,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri};
use serde::{Deserialize, Serialize};
use tokio::sync::{Mutex as AsyncMutex, OwnedMutexGuard, watch};

use super::App;
use super::body::Paced;
use super::objects::key_of;
use super::operation::{Operation, is_media};
use super::pool::blocking;
use super::reply::{Problem, Result, header_value};
use super::scratch::Spool;
use crate::protocol::{Key, Kind, UPLOAD_STARTS, UPLOADS, header, media};

/// Bytes that are gathered before they are written.
const GATHERED: usize = 256 << 10;
/// After which an upload of which there is only half was not made by a server that lives.
const HALF_MADE: Duration = Duration::from_secs(60);
/// Digits of an id.
const ID_LEN: usize = 32;
/// Headers that say what an upload is for.
const KEPT_HEADERS: [HeaderName; 5] =
    [CONTENT_ENCODING, CONTENT_TYPE, IF_MATCH, IF_NONE_MATCH, header::REPR_DIGEST];

/// The uploads of a server.
#[derive(Debug)]
pub(super) struct Uploads {
    folder: PathBuf,
    expiry: Duration,
    /// Those that somebody works at.
    active: Mutex<HashMap<String, Arc<Active>>>,
}

/// Somebody works at an upload; a new request asks the one before to stop.
#[derive(Debug, Default)]
struct Active {
    turn: Arc<AsyncMutex<()>>,
    newer: watch::Sender<()>,
}

/// What an upload is for.
#[derive(Debug, Serialize, Deserialize)]
struct Recipe {
    key: String,
    method: String,
    /// Bytes of the whole, once they are known.
    length: Option<u64>,
    headers: Vec<(String, String)>,
}

/// Returns true if a PUT or PATCH is the first part of an upload.
pub(super) fn is_incomplete(headers: &HeaderMap) -> Result<bool> {
    Ok(complete(headers)? == Some(false))
}

/// Returns what is allowed, as `Upload-Limit` says it.
pub(super) fn limit(app: &App) -> String {
    let (size, age) = (app.limits.result_bytes, app.timeouts.upload.as_secs());
    format!("max-size={size}, max-age={age}")
}

/// POST: starts an upload for the method that `Sigdelta-Method` names.
pub(super) async fn start(
    State(app): State<Arc<App>>,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Result<Response> {
    let key = key_of(&uri, UPLOAD_STARTS)?;
    let method = match headers.get(header::METHOD).map(HeaderValue::as_bytes) {
        Some(b"PUT") => Method::PUT,
        Some(b"PATCH") => Method::PATCH,
        _ => return Err(bad("Sigdelta-Method is PUT or PATCH")),
    };
    begin(&app, key, &method, headers, body).await
}

/// Starts an upload with its first part, which may be empty.
pub(super) async fn begin(
    app: &Arc<App>,
    key: Key,
    method: &Method,
    headers: HeaderMap,
    body: Body,
) -> Result<Response> {
    let is_complete = complete(&headers)?.ok_or_else(|| bad("Upload-Complete is missing"))?;
    let operation = Operation::from_headers(key.clone(), method, &headers)?;
    if operation.announced.is_none() {
        let detail = "an upload in parts says what shall come of it";
        return Err(Problem::new(Kind::DigestRequired, detail));
    }
    if let Some(reply) = operation.settled(app).await? {
        return Ok(reply);
    }
    let length = number(&headers, &header::UPLOAD_LENGTH)?;
    check_length(length.unwrap_or(0), operation.max_bytes(app))?;
    let mut kept = Vec::new();
    for name in &KEPT_HEADERS {
        for line in headers.get_all(name) {
            let line = line.to_str().map_err(|_| bad(format!("{name} is no text")))?;
            kept.push((name.to_string(), line.to_owned()));
        }
    }
    let recipe = Recipe { key: key.to_string(), method: method.to_string(), length, headers: kept };
    let creator = Arc::clone(app);
    let most = app.limits.uploads;
    let id = blocking(move || creator.uploads.create(&recipe, most)).await?;
    let part = Part { offset: 0, is_complete, length };
    let reply = Arc::clone(app).append(id.clone(), part, body).await;
    // Who does not get the id cannot go on.
    if reply.is_err() {
        app.give_up(id.clone()).await?;
    }
    let reply = reply?;
    if reply.status() != StatusCode::NO_CONTENT || is_complete {
        return Ok(reply);
    }
    let location = header_value(&format!("{UPLOADS}{id}"));
    Ok((StatusCode::CREATED, [(LOCATION, location)], reply).into_response())
}

/// HEAD: how far an upload has come.
pub(super) async fn look(State(app): State<Arc<App>>, uri: Uri) -> Result<Response> {
    let id = id_of(&uri)?;
    let (_turn, _) = app.turn(&id).await?;
    let worker = Arc::clone(&app);
    let (recipe, len) = blocking(move || worker.uploads.read(&id)).await?;
    Ok(state_of(&app, &recipe, len))
}

/// PATCH: the next part.
pub(super) async fn continue_with(
    State(app): State<Arc<App>>,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Result<Response> {
    let id = id_of(&uri)?;
    if !is_media(&headers, media::PARTIAL_UPLOAD) {
        let detail = format!("Content-Type is {}", media::PARTIAL_UPLOAD);
        return Err(Problem::new(Kind::UnsupportedMedia, detail));
    }
    let offset = number(&headers, &header::UPLOAD_OFFSET)?;
    let offset = offset.ok_or_else(|| bad("Upload-Offset is missing"))?;
    let is_complete = complete(&headers)?.ok_or_else(|| bad("Upload-Complete is missing"))?;
    let length = number(&headers, &header::UPLOAD_LENGTH)?;
    app.append(id, Part { offset, is_complete, length }, body).await
}

/// DELETE: gives an upload up.
pub(super) async fn cancel(State(app): State<Arc<App>>, uri: Uri) -> Result<Response> {
    let id = id_of(&uri)?;
    let (_turn, _) = app.turn(&id).await?;
    blocking(move || {
        app.uploads.read(&id)?;
        app.uploads.remove(&id);
        Ok(StatusCode::NO_CONTENT.into_response())
    })
    .await
}

/// A part of an upload.
#[derive(Clone, Copy, Debug)]
struct Part {
    /// Where it starts.
    offset: u64,
    /// It is the last.
    is_complete: bool,
    /// Bytes of the whole upload, if the request says so.
    length: Option<u64>,
}

impl App {
    /// Waits for the turn at an upload, and asks whoever has it to stop. Returns it, and what tells that a
    /// newer request asks for the same.
    async fn turn(
        self: &Arc<Self>,
        id: &str,
    ) -> Result<(OwnedMutexGuard<()>, watch::Receiver<()>)> {
        let (worker, named) = (Arc::clone(self), id.to_owned());
        let active = blocking(move || worker.uploads.active(&named)).await?;
        active.newer.send_replace(());
        let newer = active.newer.subscribe();
        Ok((Arc::clone(&active.turn).lock_owned().await, newer))
    }

    async fn give_up(self: &Arc<Self>, id: String) -> Result<()> {
        let worker = Arc::clone(self);
        blocking(move || {
            worker.uploads.remove(&id);
            Ok(())
        })
        .await
    }

    /// Takes a part, and does what the upload is for if it was the last. Goes on when the client is gone.
    async fn append(self: Arc<Self>, id: String, part: Part, body: Body) -> Result<Response> {
        let task = tokio::spawn(async move { self.take_part(id, part, body).await });
        task.await.unwrap_or_else(|panic| Err(Problem::internal(panic)))
    }

    async fn take_part(self: Arc<Self>, id: String, part: Part, body: Body) -> Result<Response> {
        let (_turn, mut newer) = self.turn(&id).await?;
        let (worker, named) = (Arc::clone(&self), id.clone());
        let (mut recipe, len) = blocking(move || worker.uploads.read(&named)).await?;
        if part.offset != len {
            let detail = format!("the upload has {len} bytes");
            let problem = Problem::new(Kind::OffsetMismatch, detail);
            return Err(problem.header(header::UPLOAD_OFFSET, &len.to_string()));
        }
        let operation = recipe.operation()?;
        if let Some(length) = part.length {
            if recipe.length.is_some_and(|known| known != length) {
                return Err(bad("Upload-Length is another one than before"));
            }
            check_length(length, operation.max_bytes(&self))?;
            if recipe.length.is_none() {
                recipe.length = Some(length);
                let (worker, named) = (Arc::clone(&self), id.clone());
                recipe = blocking(move || {
                    worker.uploads.write_recipe(&named, &recipe)?;
                    Ok(recipe)
                })
                .await?;
            }
        }
        let max_bytes = recipe.length.unwrap_or_else(|| operation.max_bytes(&self));
        let (worker, named) = (Arc::clone(&self), id.clone());
        let file = blocking(move || worker.uploads.open_data(&named)).await?;
        let mut paced = Paced::new(body, self.timeouts);
        let ended = fill(&mut paced, &file, max_bytes - len.min(max_bytes), &mut newer).await;
        let (worker, named) = (Arc::clone(&self), id.clone());
        let (recipe, len) = blocking(move || worker.uploads.read(&named)).await?;
        ended?;
        if !part.is_complete {
            return Ok(state_of(&self, &recipe, len));
        }
        if recipe.length.is_some_and(|length| length != len) {
            return Err(bad(
                "the upload is said to be complete, and is shorter than Upload-Length",
            ));
        }
        let (worker, named) = (Arc::clone(&self), id.clone());
        let data = blocking(move || Ok(File::open(worker.uploads.data_path(&named))?)).await?;
        let done = operation.run_spooled(&self, Spool::of_file(data)).await;
        // What failed for reasons that pass can be tried again: by an empty last part.
        if !matches!(&done, Err(problem) if problem.kind.status().is_server_error()) {
            self.give_up(id).await?;
        }
        let mut reply = done?;
        reply.headers_mut().insert(header::UPLOAD_COMPLETE, HeaderValue::from_static("?1"));
        Ok(reply)
    }
}

/// Writes a body to the end of a file as it comes, until a newer request wants the file. What came before
/// that or before an error is written.
async fn fill(
    body: &mut Paced,
    file: &Arc<File>,
    max_bytes: u64,
    newer: &mut watch::Receiver<()>,
) -> Result<()> {
    let mut gathered = Vec::new();
    loop {
        let next = tokio::select! {
            next = body.next() => next,
            _ = newer.changed() => {
                Err(Problem::new(Kind::Busy, "a newer request goes on with the upload"))
            }
        };
        let is_last = !matches!(next, Ok(Some(_)));
        let is_too_much = body.received > max_bytes;
        if let Ok(Some(bytes)) = &next
            && !is_too_much
        {
            gathered.extend_from_slice(bytes);
        }
        if !gathered.is_empty() && (is_last || is_too_much || gathered.len() >= GATHERED) {
            let (file, bytes) = (Arc::clone(file), std::mem::take(&mut gathered));
            blocking(move || Ok((&*file).write_all(&bytes)?)).await?;
        }
        if is_too_much {
            return Err(Problem::new(Kind::TooLarge, "the upload is longer than it may be"));
        }
        if next?.is_none() {
            return Ok(());
        }
    }
}

impl Uploads {
    /// Opens the folder with the uploads in it.
    pub(super) fn open(own: &Path, expiry: Duration) -> io::Result<Self> {
        let folder = own.join("uploads");
        fs::create_dir_all(&folder)?;
        let uploads = Uploads { folder, expiry, active: Mutex::default() };
        uploads.sweep()?;
        Ok(uploads)
    }

    /// Removes what has expired, and halves of what was made or removed when a server died.
    pub(super) fn sweep(&self) -> io::Result<()> {
        for entry in fs::read_dir(&self.folder)? {
            let path = entry?.path();
            let Some(id) = path.file_stem().and_then(|id| id.to_str()) else { continue };
            if self.all().get(id).is_some_and(|active| Arc::strong_count(active) > 1) {
                continue;
            }
            let is_over = match self.age(id) {
                Some(age) => age > self.expiry,
                // Perhaps it is being made.
                None => age_of(&path).is_none_or(|age| age > HALF_MADE),
            };
            if is_over {
                self.remove(id);
                let _ = fs::remove_file(&path);
            }
        }
        self.all().retain(|_, active| Arc::strong_count(active) > 1);
        Ok(())
    }

    /// Returns how long ago bytes came, None if the upload is not whole.
    fn age(&self, id: &str) -> Option<Duration> {
        fs::metadata(self.recipe_path(id)).ok()?;
        age_of(&self.data_path(id))
    }

    fn create(&self, recipe: &Recipe, most: usize) -> Result<String> {
        let existing = fs::read_dir(&self.folder)?.count() / 2;
        if existing >= most {
            return Err(Problem::new(Kind::TooManyUploads, format!("there are {existing}")));
        }
        let mut bytes = [0; ID_LEN / 2];
        getrandom::fill(&mut bytes).map_err(Problem::internal)?;
        let id = format!("{:032x}", u128::from_be_bytes(bytes));
        File::create_new(self.data_path(&id))?;
        self.write_recipe(&id, recipe)?;
        Ok(id)
    }

    fn write_recipe(&self, id: &str, recipe: &Recipe) -> Result<()> {
        let mut file = tempfile::NamedTempFile::new_in(&self.folder)?;
        serde_json::to_writer(file.as_file_mut(), recipe).map_err(Problem::internal)?;
        file.as_file().sync_all()?;
        file.persist(self.recipe_path(id)).map_err(|refused| refused.error)?;
        Ok(())
    }

    /// Returns what an upload is for and how many bytes it has.
    fn read(&self, id: &str) -> Result<(Recipe, u64)> {
        if self.age(id).is_none_or(|age| age > self.expiry) {
            return Err(missing());
        }
        let recipe = fs::read(self.recipe_path(id)).map_err(|_| missing())?;
        let recipe = serde_json::from_slice(&recipe).map_err(|_| missing())?;
        let metadata = fs::metadata(self.data_path(id)).map_err(|_| missing())?;
        Ok((recipe, metadata.len()))
    }

    fn open_data(&self, id: &str) -> Result<Arc<File>> {
        Ok(Arc::new(File::options().append(true).open(self.data_path(id))?))
    }

    fn remove(&self, id: &str) {
        let _ = fs::remove_file(self.recipe_path(id));
        let _ = fs::remove_file(self.data_path(id));
    }

    fn active(&self, id: &str) -> Result<Arc<Active>> {
        if !self.recipe_path(id).exists() {
            return Err(missing());
        }
        Ok(Arc::clone(self.all().entry(id.to_owned()).or_default()))
    }

    fn all(&self) -> MutexGuard<'_, HashMap<String, Arc<Active>>> {
        self.active.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn recipe_path(&self, id: &str) -> PathBuf {
        self.folder.join(id).with_extension("json")
    }

    fn data_path(&self, id: &str) -> PathBuf {
        self.folder.join(id).with_extension("data")
    }
}

fn missing() -> Problem {
    Problem::new(Kind::NotFound, "there is no such upload: it is done or expired")
}

impl Recipe {
    fn operation(&self) -> Result<Operation> {
        let mut headers = HeaderMap::new();
        for (name, value) in &self.headers {
            let name = HeaderName::try_from(name).map_err(Problem::internal)?;
            headers.append(name, HeaderValue::try_from(value).map_err(Problem::internal)?);
        }
        let key = Key::new(&self.key).map_err(Problem::internal)?;
        let method = Method::try_from(self.method.as_str()).map_err(Problem::internal)?;
        Operation::from_headers(key, &method, &headers)
    }
}

/// Returns how long ago a file was changed.
fn age_of(path: &Path) -> Option<Duration> {
    let modified = fs::metadata(path).ok()?.modified().ok()?;
    Some(SystemTime::now().duration_since(modified).unwrap_or_default())
}

/// Returns the reply that says how far an upload has come.
fn state_of(app: &App, recipe: &Recipe, len: u64) -> Response {
    let mut headers = HeaderMap::new();
    headers.insert(header::UPLOAD_OFFSET, len.into());
    headers.insert(header::UPLOAD_COMPLETE, HeaderValue::from_static("?0"));
    headers.insert(header::UPLOAD_LIMIT, header_value(&limit(app)));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(length) = recipe.length {
        headers.insert(header::UPLOAD_LENGTH, length.into());
    }
    (StatusCode::NO_CONTENT, headers).into_response()
}

fn id_of(uri: &Uri) -> Result<String> {
    let id = uri.path().strip_prefix(UPLOADS).unwrap_or_default();
    let is_id = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    match id.len() == ID_LEN && id.bytes().all(is_id) {
        true => Ok(id.to_owned()),
        false => Err(Problem::new(Kind::NotFound, "this is no id of an upload")),
    }
}

/// Reads `Upload-Complete`.
fn complete(headers: &HeaderMap) -> Result<Option<bool>> {
    match headers.get(header::UPLOAD_COMPLETE).map(HeaderValue::as_bytes) {
        None => Ok(None),
        Some(b"?0") => Ok(Some(false)),
        Some(b"?1") => Ok(Some(true)),
        Some(_) => Err(bad("Upload-Complete is ?0 or ?1")),
    }
}

/// Reads a header that is a number.
fn number(headers: &HeaderMap, name: &HeaderName) -> Result<Option<u64>> {
    let Some(value) = headers.get(name) else { return Ok(None) };
    let text = value.to_str().unwrap_or_default();
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = text.parse().ok().filter(|_| is_number);
    number.map(Some).ok_or_else(|| bad(format!("{name} is no number of bytes")))
}

fn check_length(length: u64, max_bytes: u64) -> Result<()> {
    match length <= max_bytes {
        true => Ok(()),
        false => {
            let detail = format!("the upload may have {max_bytes} bytes");
            Err(Problem::new(Kind::TooLarge, detail))
        }
    }
}

fn bad(detail: impl ToString) -> Problem {
    Problem::new(Kind::BadRequest, detail)
}
