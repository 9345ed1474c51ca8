//! The client and the server together: files and trees there and back, by every way.
#![cfg(all(feature = "client", feature = "server"))]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sigdelta_remote::client::{
    Choice, Client, ClientOptions, Error, Method, PullOptions, PushOptions, Report, Result,
};
use sigdelta_remote::server::{Server, ServerOptions, Tls, Tokens};
use sigdelta_remote::storage::{Folder, FolderOptions};

/// A server of an empty folder, a client, and a folder for files.
struct Setting {
    url: String,
    client: Client,
    folder: tempfile::TempDir,
}

impl Setting {
    async fn new() -> Self {
        Self::with(FolderOptions::new(), ServerOptions::new()).await
    }

    async fn with(storage: FolderOptions, options: ServerOptions) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("server");
        fs::create_dir(&root).unwrap();
        let storage = Arc::new(Folder::open(&root, storage).unwrap());
        let own = storage.own().to_owned();
        let address = "127.0.0.1:0".parse().unwrap();
        let server = Server::bind(address, storage, &own, options).await.unwrap();
        let url = format!("http://{}/v1/o/", server.address().unwrap());
        tokio::spawn(server.run(std::future::pending()));
        let client = Client::new(ClientOptions::new().retries(1)).unwrap();
        Setting { url, client, folder }
    }

    fn url(&self, key: &str) -> String {
        format!("{}{key}", self.url)
    }

    /// Makes a file on this side.
    fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, bytes).unwrap();
        path
    }

    async fn push(&self, file: &Path, key: &str, options: &PushOptions) -> Report {
        let pushed = self.client.push(file, &self.url(key), options, Arc::new(())).await;
        pushed.unwrap_or_else(|error| panic!("{key}: {error}"))
    }

    async fn pull(&self, key: &str, file: &Path, options: PullOptions) -> Result<Report> {
        self.client.pull(&self.url(key), file, &options, Arc::new(())).await
    }

    /// Returns what the server has.
    fn content(&self, key: &str) -> Vec<u8> {
        fs::read(self.folder.path().join("server").join(key)).unwrap()
    }
}

/// Bytes that do not compress.
fn noise(mut state: u64, len: usize) -> Vec<u8> {
    let mut next = || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    };
    (0..len).map(|_| next()).collect()
}

/// An old file and a new one with edits of several kinds.
fn pair() -> (Vec<u8>, Vec<u8>) {
    let old = noise(1, 1 << 20);
    let mut new = old.clone();
    new.splice(500_000..500_000, *b"an insertion");
    new.drain(700_000..701_000);
    new.splice(100..200, noise(2, 3000));
    new.extend_from_slice(&old[..5000]);
    (old, new)
}

const WAYS: [(Choice, Method); 4] = [
    (Choice::Auto, Method::Layered),
    (Choice::Layered, Method::Layered),
    (Choice::Librsync, Method::Librsync),
    (Choice::Full, Method::Full),
];

#[tokio::test]
async fn a_file_is_pushed_by_every_way() {
    let setting = Setting::new().await;
    let (old, new) = pair();
    let (old, new) = (setting.file("old", &old), setting.file("new", &new));
    for (choice, method) in WAYS {
        let created = setting.push(&old, "a/file", &PushOptions::new().choice(Choice::Full)).await;
        assert_eq!(created.method, Method::Full);
        let pushed = setting.push(&new, "a/file", &PushOptions::new().choice(choice)).await;
        assert_eq!(pushed.method, method);
        assert!(setting.content("a/file") == fs::read(&new).unwrap(), "{choice:?}");
        if method != Method::Full {
            assert!(pushed.saved_bytes() > 1_000_000, "{pushed:?}");
        }
        let again = setting.push(&new, "a/file", &PushOptions::new().choice(choice)).await;
        assert_eq!((again.method, again.traffic.requests), (Method::Unchanged, 1));
        assert!(again.traffic.sent_bytes + again.traffic.received_bytes < 1000, "{again:?}");
    }
    let with_base = PushOptions::new().base(new.clone());
    let pushed = setting.push(&old, "a/file", &with_base).await;
    assert_eq!((pushed.method, pushed.traffic.rounds), (Method::Base, 1));
    assert!(setting.content("a/file") == fs::read(&old).unwrap());
    // The file named is not what the server has.
    let pushed = setting.push(&new, "a/file", &with_base).await;
    assert_eq!(pushed.method, Method::Layered);
    assert!(setting.content("a/file") == fs::read(&new).unwrap());
}

#[tokio::test]
async fn a_file_is_pulled_by_every_way() {
    let setting = Setting::new().await;
    let (old, new) = pair();
    let there = setting.file("there", &new);
    setting.push(&there, "file", &PushOptions::new()).await;
    for (choice, method) in WAYS {
        let copy = setting.file("copy", &old);
        let options = PullOptions::new().choice(choice);
        let pulled = setting.pull("file", &copy, options.clone()).await.unwrap();
        assert_eq!(pulled.method, method);
        assert!(fs::read(&copy).unwrap() == new, "{choice:?}");
        if method != Method::Full {
            assert!(pulled.saved_bytes() > 950_000, "{pulled:?}");
        }
        let again = setting.pull("file", &copy, options).await.unwrap();
        assert_eq!((again.method, again.traffic.requests), (Method::Unchanged, 1));
    }
    let new_place = setting.folder.path().join("new");
    let pulled = setting.pull("file", &new_place, PullOptions::new()).await.unwrap();
    assert_eq!(pulled.method, Method::Full);
    assert!(fs::read(&new_place).unwrap() == new);
    let nothing = setting.pull("no", &new_place, PullOptions::new()).await;
    assert!(matches!(nothing, Err(Error::NotFound { .. })), "{nothing:?}");
    let folder = setting.pull("", &new_place, PullOptions::new()).await;
    assert!(matches!(folder, Err(Error::BadUrl { .. })), "{folder:?}");
}

#[tokio::test]
async fn what_the_server_had_before_is_brought_up_to_date_by_its_patch() {
    let keeping = FolderOptions::new().versions_per_key(1);
    let setting = Setting::with(keeping, ServerOptions::new()).await;
    let (old, new) = pair();
    let (old_file, new_file) = (setting.file("old", &old), setting.file("new", &new));
    setting.push(&old_file, "file", &PushOptions::new()).await;
    setting.push(&new_file, "file", &PushOptions::new()).await;
    let pulled = setting.pull("file", &old_file, PullOptions::new()).await.unwrap();
    assert_eq!((pulled.method, pulled.traffic.requests), (Method::Base, 1));
    assert_eq!(pulled.bytes, new.len() as u64);
    assert!(fs::read(&old_file).unwrap() == new);
    let over_the_wire = pulled.traffic.sent_bytes + pulled.traffic.received_bytes;
    assert!(over_the_wire < 5000, "{pulled:?}");

    // A file that the server never had, and one that is empty there now.
    let other = setting.file("other", &old[1..]);
    let pulled = setting.pull("file", &other, PullOptions::new()).await.unwrap();
    assert_eq!(pulled.method, Method::Layered);
    setting.push(&setting.file("empty", b""), "file", &PushOptions::new()).await;
    let pulled = setting.pull("file", &other, PullOptions::new()).await.unwrap();
    assert!(pulled.method == Method::Base && fs::read(&other).unwrap().is_empty());
    let old = setting.file("old", &old);
    let pulled = setting.pull("file", &old, PullOptions::new()).await.unwrap();
    assert!(pulled.method == Method::Full && fs::read(&old).unwrap().is_empty());
}

#[tokio::test]
async fn tls_and_tokens_are_told_apart_from_those_of_strangers() {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let files = tempfile::tempdir().unwrap();
    let file = |name: &str, text: String| {
        let path = files.path().join(name);
        fs::write(&path, text).unwrap();
        path
    };
    let (cert, key) = (made.cert.pem(), made.signing_key.serialize_pem());
    let tls = Tls::from_files(&file("cert", cert.clone()), &file("key", key)).unwrap();
    let tokens = file("tokens", "read looks\nwrite writes\n".to_owned());
    let tokens = Tokens::from_file(&tokens).unwrap();
    let options = ServerOptions::new().tls(tls).tokens(tokens);
    let setting = Setting::with(FolderOptions::new(), options).await;
    let url = setting.url("file").replace("http://127.0.0.1", "https://localhost");
    let content = setting.file("content", &noise(9, 10_000));
    let push = async |cert: &str, token: Option<&str>| {
        let options = ClientOptions::new()
            .retries(0)
            .ca_certificates(cert)
            .token(token.map(ToOwned::to_owned));
        let client = Client::new(options).unwrap();
        client.push(&content, &url, &PushOptions::new(), Arc::new(())).await
    };
    let stranger = push("", Some("writes")).await;
    assert!(matches!(stranger, Err(Error::Connect { .. })), "{stranger:?}");
    assert!(!stranger.unwrap_err().is_transient(), "certificates do not change in a minute");
    for (token, status) in [(None, 401), (Some("guessed"), 401), (Some("looks"), 403)] {
        assert_eq!(push(&cert, token).await.unwrap_err().status(), Some(status), "{token:?}");
    }
    let pushed = push(&cert, Some("writes")).await.unwrap();
    assert!(setting.content("file") == noise(9, 10_000));
    // The handshake counts.
    assert!(pushed.traffic.received_bytes > 1000, "{pushed:?}");
}

#[tokio::test]
async fn small_and_empty_files_and_odd_keys_come_over() {
    let setting = Setting::new().await;
    let options = PushOptions::new();
    for bytes in [b"".to_vec(), b"x".to_vec(), noise(3, 700), b"".to_vec(), noise(4, 5000)] {
        let file = setting.file("file", &bytes);
        setting.push(&file, "a b/\u{e4}%25%3F", &options).await;
        assert!(setting.content("a b/\u{e4}%?") == bytes);
        let copy = setting.file("copy", b"old");
        let pulled = setting.pull("a%20b/%C3%A4%25%3F", &copy, PullOptions::new()).await.unwrap();
        assert_eq!(pulled.bytes, bytes.len() as u64);
        assert!(fs::read(&copy).unwrap() == bytes);
    }
}

#[tokio::test]
async fn nothing_but_the_content_named_is_replaced() {
    let setting = Setting::new().await;
    let (first, second) = (setting.file("1", &noise(5, 9000)), setting.file("2", &noise(6, 9000)));
    let etag = setting.push(&first, "file", &PushOptions::new()).await.etag;
    let named = PushOptions::new().if_match(etag.clone());
    let pushed = setting.push(&second, "file", &named).await;
    let third = setting.file("3", &noise(7, 9000));
    let refused = setting.client.push(&third, &setting.url("file"), &named, Arc::new(())).await;
    let Err(Error::Conflict { expected, found }) = refused else { panic!("{refused:?}") };
    assert_eq!((expected, found), (etag, Some(pushed.etag)));
    assert!(setting.content("file") == noise(6, 9000));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_pushes_for_one_content_one_succeeds() {
    let setting = Arc::new(Setting::new().await);
    let base = noise(8, 200_000);
    let etag = setting.push(&setting.file("base", &base), "file", &PushOptions::new()).await.etag;
    let mut pushes = tokio::task::JoinSet::new();
    for number in 0..16 {
        let mut bytes = base.clone();
        bytes[1000 * number] ^= 1;
        let file = setting.file(&format!("file{number}"), &bytes);
        let (setting, options) = (Arc::clone(&setting), PushOptions::new().if_match(etag.clone()));
        pushes.spawn(async move {
            setting.client.push(&file, &setting.url("file"), &options, Arc::new(())).await
        });
    }
    let outcomes = pushes.join_all().await;
    let won: Vec<_> = outcomes.iter().flatten().collect();
    assert_eq!(won.len(), 1, "{outcomes:?}");
    for outcome in &outcomes {
        assert!(matches!(outcome, Ok(_) | Err(Error::Conflict { .. })), "{outcome:?}");
    }
    let copy = setting.folder.path().join("copy");
    let pulled = setting.pull("file", &copy, PullOptions::new()).await.unwrap();
    assert_eq!(pulled.etag, won[0].etag);
}

#[tokio::test]
async fn a_tree_goes_there_and_back() {
    let setting = Setting::new().await;
    let mut files: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    for (number, name) in ["a", "b/c", "b/d e/\u{e4}", "empty", "z%20/?#"].into_iter().enumerate() {
        files.insert(name.to_owned(), noise(number as u64 + 20, 40_000 * number));
    }
    for number in 0..40 {
        files.insert(format!("many/{number}"), noise(number + 40, 3000));
    }
    for (name, bytes) in &files {
        setting.file(&format!("tree/{name}"), bytes);
    }
    setting.file("tree/.sigdelta-note", b"not for the server");
    let (tree, url) = (setting.folder.path().join("tree"), setting.url("some/where/"));
    let push = |options: PushOptions| {
        let (client, tree, url) = (setting.client.clone(), tree.clone(), url.clone());
        async move { client.push_tree(&tree, &url, &options, 4, Arc::new(())).await.unwrap() }
    };
    let pushed = push(PushOptions::new()).await;
    let names: Vec<&str> = pushed.files.iter().map(|file| file.name.as_str()).collect();
    assert!(names.iter().copied().eq(files.keys().map(String::as_str)), "{names:?}");
    for file in &pushed.files {
        let outcome = file.outcome.as_ref().unwrap();
        assert_eq!(outcome.bytes, files[&file.name].len() as u64);
        assert!(setting.content(&format!("some/where/{}", file.name)) == files[&file.name]);
    }
    let sent: u64 =
        pushed.files.iter().flat_map(|file| &file.outcome).map(|f| f.traffic.sent_bytes).sum();
    assert!(sent <= pushed.traffic.sent_bytes);

    // Nothing to do, which one list tells.
    let again = push(PushOptions::new()).await;
    assert!(again.files.iter().all(|f| f.outcome.as_ref().unwrap().method == Method::Unchanged));
    assert_eq!(again.traffic.requests, 1);

    // One file changes.
    files.get_mut("b/d e/\u{e4}").unwrap()[7] ^= 1;
    setting.file("tree/b/d e/\u{e4}", &files["b/d e/\u{e4}"]);
    let third = push(PushOptions::new()).await;
    let changed: Vec<_> = third
        .files
        .iter()
        .filter(|f| f.outcome.as_ref().unwrap().method != Method::Unchanged)
        .collect();
    assert_eq!(changed.len(), 1);
    assert_eq!(changed[0].outcome.as_ref().unwrap().method, Method::Layered);

    let copy = setting.folder.path().join("copy");
    let pulled = setting.client.pull_tree(&url, &copy, &PullOptions::new(), 3, Arc::new(())).await;
    let pulled = pulled.unwrap();
    assert_eq!(pulled.files.len(), files.len());
    for (name, bytes) in &files {
        assert!(fs::read(copy.join(name)).unwrap() == *bytes, "{name}");
    }
    let again = setting.client.pull_tree(&url, &copy, &PullOptions::new(), 3, Arc::new(())).await;
    assert_eq!(again.unwrap().traffic.requests, 1);
}

#[tokio::test]
async fn a_file_of_a_tree_that_fails_does_not_stop_the_others() {
    let setting = Setting::new().await;
    setting.file("tree/a", b"a");
    setting.file("tree/back\\slash", b"no key");
    setting.file("tree/z", b"z");
    let tree = setting.folder.path().join("tree");
    let options = PushOptions::new();
    let pushed = setting.client.push_tree(&tree, &setting.url, &options, 2, Arc::new(())).await;
    let outcomes: Vec<bool> = pushed.unwrap().files.iter().map(|f| f.outcome.is_ok()).collect();
    assert_eq!(outcomes, [true, false, true]);
    assert_eq!(setting.content("z"), b"z");
}

#[tokio::test]
async fn uploads_that_may_go_on_leave_nothing_behind() {
    let setting = Setting::new().await;
    let (old, new) = pair();
    let state = setting.folder.path().join("state");
    let options = || PushOptions::new().resume_dir(state.clone());
    setting.push(&setting.file("old", &old), "file", &options()).await;
    let pushed = setting.push(&setting.file("new", &new), "file", &options()).await;
    assert_eq!(pushed.method, Method::Layered);
    assert!(setting.content("file") == new);
    assert_eq!(fs::read_dir(&state).unwrap().count(), 0);
}
