//! Trees: all files of a folder to the addresses below one, or back, many at once.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use hyper::Method as Verb;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use sigdelta::IoAction;
use tokio::task::JoinSet;

use super::location::Location;
use super::push::{Known, Remote};
use super::session::{Question, Session};
use super::work::{self, Watcher};
use super::{Client, Error, PullOptions, PushOptions, Report, Result, Traffic, pull, push};
use crate::protocol::RESERVED;

/// Resources that are listed at once.
const PAGE: usize = 1000;
/// Most bytes of a list of so many.
const MAX_PAGE_LEN: u64 = 8 << 20;
/// More resources than that are not in one tree.
const MOST_LISTED: usize = 10_000_000;
/// Where resources are listed.
const LIST: &str = "/v1/l";

/// What was done with a tree.
#[derive(Debug)]
#[non_exhaustive]
pub struct TreeReport {
    /// The files, sorted by name.
    pub files: Vec<TreeFile>,
    /// What went over the wire, for the list of resources as well.
    pub traffic: Traffic,
}

/// What was done with a file of a tree.
#[derive(Debug)]
#[non_exhaustive]
pub struct TreeFile {
    /// Its name in the folder, with `/` between its parts.
    pub name: String,
    /// What was done.
    pub outcome: Result<Report>,
}

/// Pushes a folder.
pub(super) async fn push(
    client: &Client,
    folder: &Path,
    url: &str,
    options: &PushOptions,
    jobs: usize,
    watcher: Arc<dyn Watcher>,
) -> Result<TreeReport> {
    let location = Location::parse_folder(url)?;
    let mut session = Session::new(client, &location, Arc::clone(&watcher))?;
    let top = folder.to_owned();
    let Found { names, unreadable, .. } = work::run(&watcher, move |_| files_of(&top)).await?;
    let listed = match list(&mut session, &location).await {
        Ok(listed) => Some(Arc::new(listed)),
        // Each can be asked for alone.
        Err(error) if error.is_unsupported() || error.status() == Some(403) => None,
        Err(error) => return Err(error),
    };
    let (folder, options) = (folder.to_owned(), Arc::new(options.clone()));
    let work = move |mut session: Session, name: String| {
        let (location, path) = (location.join(&name), folder.join(&name));
        let known = match &listed {
            None => Known::Nothing,
            Some(listed) => match listed.get(&name) {
                None => Known::Absent,
                Some(None) => Known::Nothing,
                Some(Some(remote)) => Known::Present(remote.clone()),
            },
        };
        let options = Arc::clone(&options);
        async move {
            let mut own = PushOptions::clone(&options);
            own.base = own.base.map(|base| base.join(&name)).filter(|base| base.is_file());
            let outcome = match location {
                Ok(location) => push::push(&mut session, &path, &location, known, &own).await,
                Err(error) => Err(error),
            };
            (session, outcome)
        }
    };
    let mut report = all(client, session, names, jobs, watcher, work).await?;
    let failed = |(name, error)| TreeFile { name, outcome: Err(Error::File(error)) };
    report.files.extend(unreadable.into_iter().map(failed));
    report.files.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(report)
}

/// Pulls a folder.
pub(super) async fn pull(
    client: &Client,
    url: &str,
    folder: &Path,
    options: &PullOptions,
    jobs: usize,
    watcher: Arc<dyn Watcher>,
) -> Result<TreeReport> {
    let location = Location::parse_folder(url)?;
    let mut session = Session::new(client, &location, Arc::clone(&watcher))?;
    let listed = Arc::new(list(&mut session, &location).await?);
    if listed.is_empty() && !location.key().is_empty() {
        return Err(Error::NotFound { key: location.folder() });
    }
    let mut names: Vec<String> = listed.keys().cloned().collect();
    names.sort_unstable();
    let (folder, options) = (folder.to_owned(), Arc::new(options.clone()));
    let work = move |mut session: Session, name: String| {
        let (location, path) = (location.join(&name), folder.join(&name));
        let remote = listed.get(&name).cloned().flatten();
        let options = Arc::clone(&options);
        async move {
            let outcome = match location.and_then(|at| make_room(&path).map(|()| at)) {
                Ok(at) => pull::pull(&mut session, &at, remote, &path, &options).await,
                Err(error) => Err(error),
            };
            (session, outcome)
        }
    };
    all(client, session, names, jobs, watcher, work).await
}

/// Does work on all files, `jobs` at once, each of which keeps a connection.
async fn all<W, F>(
    client: &Client,
    session: Session,
    names: Vec<String>,
    jobs: usize,
    watcher: Arc<dyn Watcher>,
    work: W,
) -> Result<TreeReport>
where
    W: Fn(Session, String) -> F + Send + Sync + 'static,
    F: Future<Output = (Session, Result<Report>)> + Send,
{
    let quiet: Arc<dyn Watcher> = Arc::new(OfTree(Arc::clone(&watcher)));
    let location = session.location().clone();
    let mut sessions = vec![session];
    for _ in 1..jobs.min(names.len()) {
        sessions.push(Session::new(client, &location, Arc::clone(&quiet))?);
    }
    let total = names.len();
    watcher.files(0, total);
    let (names, work) = (Arc::new(names), Arc::new(work));
    let (next, done) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    // A server that could not be reached for one file is not waited for with each.
    let is_gone = Arc::new(AtomicBool::new(false));
    let not_tried = || io::Error::other("it could not be reached for a file before");
    let mut workers = JoinSet::new();
    for mut session in sessions {
        session.watcher = Arc::clone(&quiet);
        let (names, work, watcher) = (Arc::clone(&names), Arc::clone(&work), Arc::clone(&watcher));
        let (next, done) = (Arc::clone(&next), Arc::clone(&done));
        let (is_gone, host) = (Arc::clone(&is_gone), location.authority());
        workers.spawn(async move {
            let mut outcomes = Vec::new();
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                let Some(name) = names.get(number) else { return (session, outcomes) };
                let outcome;
                if is_gone.load(Ordering::Relaxed) {
                    outcome = Err(Error::Connect { host: host.clone(), cause: not_tried() });
                } else {
                    (session, outcome) = work(session, name.clone()).await;
                }
                if matches!(outcome, Err(Error::Connect { .. })) {
                    is_gone.store(true, Ordering::Relaxed);
                }
                outcomes.push((number, TreeFile { name: name.clone(), outcome }));
                watcher.files(done.fetch_add(1, Ordering::Relaxed) + 1, total);
            }
        });
    }
    let (mut files, mut traffic) = (Vec::new(), Traffic::default());
    while let Some(worker) = workers.join_next().await {
        let (session, outcomes) =
            worker.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()));
        files.extend(outcomes);
        traffic = traffic.and(session.traffic());
    }
    files.sort_unstable_by_key(|(number, _)| *number);
    Ok(TreeReport { files: files.into_iter().map(|(_, file)| file).collect(), traffic })
}

/// What there is in a folder and those in it.
#[derive(Default)]
struct Found {
    /// Names of files, sorted.
    names: Vec<String>,
    /// Folders that could not be read, by name, and why.
    unreadable: Vec<(String, sigdelta::Error)>,
    /// Folders that are still to be read, and how names in them begin.
    folders: Vec<(PathBuf, String)>,
}

/// Returns what there is in a folder that can be read.
fn files_of(top: &Path) -> sigdelta::Result<Found> {
    let mut found = Found { folders: vec![(top.to_owned(), String::new())], ..Found::default() };
    while let Some((folder, prefix)) = found.folders.pop() {
        if let Err(cause) = found.read(&folder, &prefix) {
            let error = sigdelta::Error::Io { action: IoAction::Read, cause }.in_file(&folder);
            if folder == top {
                return Err(error);
            }
            found.unreadable.push((prefix, error));
        }
    }
    found.names.sort_unstable();
    Ok(found)
}

impl Found {
    /// Adds the files and folders of a folder.
    fn read(&mut self, folder: &Path, prefix: &str) -> io::Result<()> {
        for entry in std::fs::read_dir(folder)? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.starts_with(RESERVED) {
                continue;
            }
            let kind = entry.file_type()?;
            if kind.is_dir() {
                self.folders.push((entry.path(), format!("{prefix}{name}/")));
            } else if kind.is_file() {
                self.names.push(format!("{prefix}{name}"));
            }
        }
        Ok(())
    }
}

/// Returns what the server has below an address: names behind that, and what is known of each.
async fn list(
    session: &mut Session,
    location: &Location,
) -> Result<HashMap<String, Option<Remote>>> {
    let folder = location.folder();
    let mut listed = HashMap::new();
    let mut after = String::new();
    loop {
        let encoded = |text| utf8_percent_encode(text, NON_ALPHANUMERIC);
        let path = format!(
            "{LIST}?prefix={}&start-after={}&limit={PAGE}",
            encoded(&folder),
            encoded(&after)
        );
        let path = location.path(&path);
        let question = Question::new(Verb::GET, path);
        let (_, page) = session.ask_bytes(&question, MAX_PAGE_LEN).await?;
        let bad = Error::BadAnswer { what: "the list is none" };
        let Ok(page) = serde_json::from_slice::<Value>(&page) else { return Err(bad) };
        let Some(objects) = page["objects"].as_array() else { return Err(bad) };
        for object in objects {
            let Some(key) = object["key"].as_str() else { return Err(bad) };
            let remote = object["etag"].as_str().zip(object["bytes"].as_u64());
            let remote =
                remote.map(|(etag, len)| Remote { etag: etag.to_owned(), len, root: None });
            if let Some(name) = key.strip_prefix(&folder) {
                listed.insert(name.to_owned(), remote);
            }
        }
        match page["next"].as_str() {
            Some(_) if listed.len() > MOST_LISTED => {
                return Err(Error::BadAnswer { what: "the list does not end" });
            }
            // A list that does not go on would never end.
            Some(next) if next > after.as_str() && !objects.is_empty() => after = next.to_owned(),
            _ => return Ok(listed),
        }
    }
}

/// Makes the folder that a file goes to. Names that lead elsewhere are no keys.
fn make_room(path: &Path) -> Result<()> {
    let folder: PathBuf = path.parent().unwrap_or(Path::new(".")).to_owned();
    std::fs::create_dir_all(&folder)
        .map_err(|cause| sigdelta::Error::Io { action: IoAction::Create, cause })
        .map_err(|error| error.in_file(folder).into())
}

/// Passes on what matters of one file among many.
struct OfTree(Arc<dyn Watcher>);

impl Watcher for OfTree {
    fn temporary(&self, path: &Path) {
        self.0.temporary(path);
    }

    fn commit(&self, commit: &mut dyn FnMut()) {
        self.0.commit(commit);
    }

    fn retry(&self, error: &Error) {
        self.0.retry(error);
    }
}

impl Traffic {
    fn and(self, other: Traffic) -> Traffic {
        Traffic {
            sent_bytes: self.sent_bytes + other.sent_bytes,
            received_bytes: self.received_bytes + other.received_bytes,
            requests: self.requests + other.requests,
            rounds: self.rounds + other.rounds,
        }
    }
}
