//! sigdelta push and pull as their users meet them, with a server that is started, killed and started again.

mod common;

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use common::{SIGDELTA, noise, pair, status, stderr, stdout};
use serde_json::Value;

/// A server of the folder `root`, which dies with this.
struct Server {
    process: Child,
    /// `HOST:PORT`.
    address: String,
}

impl Server {
    fn new(folder: &Path) -> Self {
        Self::listen(folder, "127.0.0.1:0")
    }

    fn listen(folder: &Path, address: &str) -> Self {
        let mut process = Command::new(SIGDELTA)
            .args(["serve", "--root", "root", "--listen", address])
            .current_dir(folder)
            .env("SIGDELTA_LOG", "off")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim_end().rsplit('/').next().unwrap().to_owned();
        Server { process, address }
    }

    fn url(&self, key: &str) -> String {
        format!("http://{}/v1/o/{key}", self.address)
    }

    fn kill(mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn command(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(SIGDELTA);
    command
        .args(args)
        .current_dir(folder)
        .env("XDG_CACHE_HOME", folder.join("cache"))
        .env_remove("SIGDELTA_TOKEN")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

fn run(folder: &Path, args: &[&str]) -> Output {
    command(folder, args).output().unwrap()
}

fn run_ok(folder: &Path, args: &[&str]) -> String {
    let output = run(folder, args);
    assert!(output.status.success(), "{args:?}: {output:?}");
    stdout(&output)
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// A folder with the files `old` and `new`.
fn folder() -> (tempfile::TempDir, Vec<u8>) {
    let folder = tempfile::tempdir().unwrap();
    let (old, new) = pair(9, 400_000);
    fs::write(folder.path().join("old"), old).unwrap();
    fs::write(folder.path().join("new"), &new).unwrap();
    (folder, new)
}

#[test]
fn a_file_goes_there_and_back() {
    let (folder, new) = folder();
    let server = Server::new(folder.path());
    let url = server.url("some/file");
    let push =
        |args: &[&str]| run_ok(folder.path(), &[&["push"], args, &[&url, "--json"]].concat());
    let first = json(&push(&["old"]));
    assert_eq!((&first["command"], &first["method"]), (&"push".into(), &"full".into()));
    let second = json(&push(&["new"]));
    let keys: Vec<&str> = second.as_object().unwrap().keys().map(String::as_str).collect();
    let expected = [
        "schema",
        "command",
        "method",
        "bytes",
        "payload_bytes",
        "sent_bytes",
        "received_bytes",
        "rounds",
        "requests",
        "saved_bytes",
        "etag",
        "dry_run",
        "seconds",
    ];
    assert_eq!(keys, expected);
    assert_eq!(second["method"], "layered");
    assert_eq!(second["bytes"], new.len());
    let bytes = |name: &str| second[name].as_i64().unwrap();
    assert_eq!(
        bytes("saved_bytes"),
        new.len() as i64 - bytes("sent_bytes") - bytes("received_bytes")
    );
    assert!(bytes("saved_bytes") > 300_000, "{second}");
    let third = json(&push(&["new"]));
    assert_eq!(third["method"], "unchanged");

    let pulled = run_ok(folder.path(), &["pull", &url, "old", "--json"]);
    assert_eq!(json(&pulled)["method"], "layered");
    assert!(fs::read(folder.path().join("old")).unwrap() == new);
    // Without options they say nothing, with --stats a little.
    let quiet = run(folder.path(), &["pull", &url, "copy"]);
    assert!(quiet.stdout.is_empty() && quiet.stderr.is_empty(), "{quiet:?}");
    assert!(fs::read(folder.path().join("copy")).unwrap() == new);
    let stats = run(folder.path(), &["pull", &url, "copy", "--stats"]);
    assert!(stderr(&stats).starts_with("pull: nothing, it is there, for "), "{stats:?}");
}

#[test]
fn a_dry_run_says_what_would_be_sent() {
    let (folder, _) = folder();
    let server = Server::new(folder.path());
    let url = server.url("file");
    let dry = |args: &[&str]| run_ok(folder.path(), &[&["push", "-n"], args].concat());
    let text = dry(&["old", &url]);
    assert!(text.starts_with("would send ") && text.contains(" as a whole, for "), "{text}");
    assert!(!folder.path().join("root/file").exists());
    run_ok(folder.path(), &["push", "old", &url]);
    let planned = json(&dry(&["new", &url, "--json"]));
    assert_eq!((&planned["dry_run"], &planned["method"]), (&true.into(), &"layered".into()));
    assert!(fs::read(folder.path().join("root/file")).unwrap().len() == 400_000);
    let pushed = json(&run_ok(folder.path(), &["push", "new", &url, "--json"]));
    assert_eq!(planned["payload_bytes"], pushed["payload_bytes"]);
    assert!(dry(&["new", &url]).starts_with("would send nothing, it is there"));
}

#[test]
fn the_exit_status_tells_what_went_wrong() {
    let (folder, _) = folder();
    let server = Server::new(folder.path());
    let url = server.url("file");
    let etag = json(&run_ok(folder.path(), &["push", "old", &url, "--json"]))["etag"].clone();
    let etag = etag.as_str().unwrap().trim_matches('"').to_owned();
    run_ok(folder.path(), &["push", "new", &url, "--if-match", &etag]);
    let nowhere = "http://127.0.0.1:1/v1/o/file";
    let no_key = server.url("");
    let elsewhere = url.replace("/v1/", "/wrong/v1/");
    for (args, code, text) in [
        (&["push", "old", &url, "--if-match", &etag][..], 7, "has changed"),
        (&["push", "old", "http://host/file"], 2, "/v1/o/KEY"),
        (&["push", "old", &no_key], 2, "it names a folder"),
        (&["push", "old", "https://u:p@host/v1/o/file"], 2, "token"),
        (&["push", "nothing", &url], 3, "nothing: cannot open"),
        (&["push", "root", &url], 3, "not a regular file"),
        (&["push", "old", &elsewhere], 8, "the server refused: 404"),
        (&["push", "old", nowhere, "--retries", "0"], 8, "cannot connect to 127.0.0.1:1"),
        (&["push", "old", &url, "--token-file", "none"], 3, "none"),
        (&["push", "old", &url, "--ca-cert", "old"], 2, "certificates"),
        (&["push", "old", &url, "--if-match", ""], 2, "ETAG"),
        (&["push", "old", &url, "--jobs", "2"], 2, "--recursive"),
        (&["pull", &server.url("none"), "copy"], 8, "the server has no none"),
        (&["pull", "-r", &server.url("none"), "copy"], 8, "the server has no none/"),
        (&["pull", "-r", &url, "copy"], 8, "the server has no file/"),
        (&["pull", &url, "no/such/folder"], 3, "no/such/folder"),
    ] {
        let output = run(folder.path(), args);
        assert_eq!(status(&output), code, "{args:?}: {output:?}");
        assert!(stderr(&output).contains(text), "{args:?}: {output:?}");
        assert!(output.stdout.is_empty());
    }
    assert!(!folder.path().join("copy").exists());
    let mut homeless = command(folder.path(), &["push", "old", &url, "--resume"]);
    let output = homeless.env_remove("XDG_CACHE_HOME").env_remove("HOME").output().unwrap();
    assert_eq!(status(&output), 2, "{output:?}");
    assert!(stderr(&output).contains("set HOME"), "{output:?}");
}

#[test]
fn a_tree_is_told_file_by_file() {
    let (folder, _) = folder();
    let server = Server::new(folder.path());
    fs::create_dir_all(folder.path().join("tree/sub")).unwrap();
    for (name, seed) in [("b", 1), ("sub/c", 2), ("a", 3)] {
        fs::write(folder.path().join("tree").join(name), noise(seed, 5000)).unwrap();
    }
    let url = server.url("t");
    let push = ["push", "-r", "tree", &url, "-j", "2", "--json"];
    let report = json(&run_ok(folder.path(), &push));
    let names: Vec<&str> =
        report["files"].as_array().unwrap().iter().map(|f| f["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["a", "b", "sub/c"]);
    assert_eq!(report["bytes"], 15_000);
    assert_eq!(report["failed_files"], 0);
    assert!(report["sent_bytes"].as_u64().unwrap() > 15_000);
    run_ok(folder.path(), &["pull", "-r", &url, "copy"]);
    for name in names {
        let read = |top: &str| fs::read(folder.path().join(top).join(name)).unwrap();
        assert!(read("tree") == read("copy"), "{name}");
    }
    // One file fails: the others are brought over, and the status is its.
    fs::write(folder.path().join("tree/a"), b"changed").unwrap();
    fs::write(folder.path().join("tree/back\\slash"), b"no key").unwrap();
    let output = run(folder.path(), &push);
    assert_eq!(status(&output), 2, "{output:?}");
    assert!(stderr(&output).contains("back\\slash"), "{output:?}");
    assert_eq!(json(&stdout(&output))["failed_files"], 1);
    assert_eq!(fs::read(folder.path().join("root/t/a")).unwrap(), b"changed");
}

#[test]
fn a_push_waits_for_a_server_that_comes_back() {
    let (folder, new) = folder();
    let server = Server::new(folder.path());
    let url = server.url("file");
    let address = server.address.clone();
    run_ok(folder.path(), &["push", "old", &url]);
    server.kill();
    let mut push = command(folder.path(), &["push", "new", &url, "--verbose"]).spawn().unwrap();
    std::thread::sleep(Duration::from_millis(700));
    assert!(push.try_wait().unwrap().is_none(), "it gave up");
    let _server = Server::listen(folder.path(), &address);
    let output = push.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert!(stderr(&output).contains("another try: cannot connect"), "{output:?}");
    assert!(fs::read(folder.path().join("root/file")).unwrap() == new);
}

/// Passes connections on to a server; those to come stand still after so many bytes towards it.
struct Relay {
    address: String,
    most: Arc<AtomicU64>,
}

impl Relay {
    fn new(to: &str, most: u64) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (most, to) = (Arc::new(AtomicU64::new(most)), to.to_owned());
        let limit = Arc::clone(&most);
        std::thread::spawn(move || {
            for client in listener.incoming() {
                let (client, server) = (client.unwrap(), TcpStream::connect(&to).unwrap());
                let back = (server.try_clone().unwrap(), client.try_clone().unwrap());
                let most = limit.load(Ordering::Relaxed);
                std::thread::spawn(move || pass_on(client, server, most));
                std::thread::spawn(move || pass_on(back.0, back.1, u64::MAX));
            }
        });
        Relay { address, most }
    }
}

fn pass_on(mut from: TcpStream, mut to: TcpStream, mut most: u64) {
    let mut buf = [0; 8192];
    while let Ok(len @ 1..) = from.read(&mut buf) {
        let passed = len.min(usize::try_from(most).unwrap_or(usize::MAX));
        if to.write_all(&buf[..passed]).is_err() {
            break;
        }
        most -= passed as u64;
        if most == 0 {
            // Takes all the rest and says nothing, until the client ends.
            while matches!(from.read(&mut buf), Ok(1..)) {}
            break;
        }
    }
    let _ = to.shutdown(std::net::Shutdown::Both);
}

/// Runs a push that keeps what it needs to go on, and kills it when it stands still.
fn push_and_kill(folder: &Path, args: &[&str]) {
    let mut killed = command(folder, args).spawn().unwrap();
    let state = folder.join("cache/sigdelta");
    let began = Instant::now();
    while fs::read_dir(&state).map_or(0, Iterator::count) == 0 {
        assert!(began.elapsed() < Duration::from_secs(20), "no upload was begun");
        std::thread::sleep(Duration::from_millis(20));
    }
    std::thread::sleep(Duration::from_millis(700));
    assert!(killed.try_wait().unwrap().is_none());
    killed.kill().unwrap();
    killed.wait().unwrap();
}

#[test]
fn an_upload_goes_on_after_the_client_was_killed() {
    let folder = tempfile::tempdir().unwrap();
    let content = noise(3, 8 << 20);
    fs::write(folder.path().join("file"), &content).unwrap();
    let server = Server::new(folder.path());
    let relay = Relay::new(&server.address, 3 << 20);
    let url = format!("http://{}/v1/o/file", relay.address);
    let push = ["push", "file", &url, "--resume", "--json"];
    let state = folder.path().join("cache/sigdelta");
    push_and_kill(folder.path(), &push);
    assert!(!folder.path().join("root/file").exists());

    // An error that can be mended, here of the token, loses nothing.
    let mut barred = command(folder.path(), &push);
    let output = barred.env("SIGDELTA_TOKEN", "t\u{1}").output().unwrap();
    assert_ne!(status(&output), 0);
    assert_ne!(fs::read_dir(&state).unwrap().count(), 0);
    relay.most.store(u64::MAX, Ordering::Relaxed);
    let resumed = json(&run_ok(folder.path(), &push));
    assert!(fs::read(folder.path().join("root/file")).unwrap() == content);
    let sent = resumed["sent_bytes"].as_u64().unwrap();
    // What had come through the relay was not sent again, but for what one read may have lost.
    assert!(sent < (5 << 20) + (1 << 20), "{resumed}");
    assert_eq!(fs::read_dir(&state).unwrap().count(), 0);
}

#[test]
fn an_upload_goes_on_only_if_it_replaces_what_it_may() {
    let (folder, _) = folder();
    let server = Server::new(folder.path());
    let (direct, target) = (server.url("file"), folder.path().join("root/file"));
    let etag = json(&run_ok(folder.path(), &["push", "old", &direct, "--json"]))["etag"].clone();
    fs::write(folder.path().join("big"), noise(3, 4 << 20)).unwrap();
    let push_in_part = |options: &[&str]| {
        let relay = Relay::new(&server.address, 1 << 20);
        let url = format!("http://{}/v1/o/file", relay.address);
        let push = [&["push", "big", &url, "--method", "full", "--resume"], options].concat();
        push_and_kill(folder.path(), &push);
        relay.most.store(u64::MAX, Ordering::Relaxed);
        (relay, url)
    };
    // Begun with leave to replace anything, gone on with leave to replace one content only.
    let (_relay, url) = push_in_part(&["--force"]);
    run_ok(folder.path(), &["push", "new", &direct]);
    let between = fs::read(&target).unwrap();
    let go_on = ["push", "big", &url, "--resume", "--if-match", etag.as_str().unwrap()];
    let output = run(folder.path(), &go_on);
    assert_eq!(status(&output), 7, "{output:?}");
    assert!(fs::read(&target).unwrap() == between);
}

#[test]
fn a_pull_that_is_interrupted_leaves_the_old_file_and_no_other() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("file"), noise(3, 4 << 20)).unwrap();
    let server = Server::new(folder.path());
    run_ok(folder.path(), &["push", "file", &server.url("file")]);
    fs::create_dir(folder.path().join("here")).unwrap();
    fs::write(folder.path().join("here/file"), b"old").unwrap();
    // Stands still in the middle of the second request, when the temporary file is there.
    let relay = Relay::new(&server.address, 120);
    let url = format!("http://{}/v1/o/file", relay.address);
    let mut pull =
        command(folder.path(), &["pull", &url, "here/file", "--method", "full"]).spawn().unwrap();
    std::thread::sleep(Duration::from_millis(700));
    assert!(pull.try_wait().unwrap().is_none());
    let term = Command::new("kill").args(["-TERM", &pull.id().to_string()]).status().unwrap();
    assert!(term.success());
    let output = pull.wait_with_output().unwrap();
    assert_eq!(status(&output), 128 + 15);
    assert_eq!(common::names(&folder.path().join("here")), ["file"]);
    assert_eq!(fs::read(folder.path().join("here/file")).unwrap(), b"old");
}
