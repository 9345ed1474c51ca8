//! `sigdelta serve` as a process: how it starts and ends, and that killing it harms nothing.

mod common;
#[path = "../../remote/tests/common/mod.rs"]
mod remote;

use std::collections::HashMap;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use common::{SIGDELTA, peer_rdiff};
use remote::{LIBRSYNC_DELTA, Reply, head, librsync_delta, noise, pair, send};
use sigdelta_remote::protocol::{Digest, Kind};

/// A server in a process of its own.
struct Serving {
    process: Child,
    address: SocketAddr,
}

impl Serving {
    fn start(root: &Path, options: &[&str]) -> Self {
        let mut process = serve(root, options).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let url = line.strip_prefix("listening on ").unwrap_or_else(|| panic!("{line:?}"));
        let (_, address) = url.trim().split_once("://").unwrap();
        Serving { address: address.parse().unwrap(), process }
    }

    fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Reply {
        send(self.address, method, path, headers, body)
    }

    fn signal(&self, name: &str) {
        let id = self.process.id().to_string();
        assert!(Command::new("kill").args(["-s", name, &id]).status().unwrap().success());
    }

    /// Returns the most memory that the process had, in bytes.
    fn peak_memory(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() << 10
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn serve(root: &Path, options: &[&str]) -> Command {
    let mut command = Command::new(SIGDELTA);
    command.args(["serve", "--listen", "127.0.0.1:0", "--root"]).arg(root).args(options);
    command.env("SIGDELTA_LOG", "warn");
    command
}

#[test]
fn a_server_makes_its_folder_says_where_it_listens_and_ends_when_told() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("files");
    for signal in ["TERM", "INT"] {
        let mut serving = Serving::start(&root, &[]);
        serving.send("PUT", "/v1/o/a", &[], b"content");
        serving.signal(signal);
        assert!(serving.process.wait().unwrap().success(), "{signal}");
    }
    assert_eq!(fs::read(root.join("a")).unwrap(), b"content");
}

#[test]
fn a_folder_has_one_server() {
    let folder = tempfile::tempdir().unwrap();
    let serving = Serving::start(folder.path(), &[]);
    let second = serve(folder.path(), &[]).output().unwrap();
    assert_eq!(second.status.code(), Some(3));
    assert!(common::stderr(&second).contains("in use by another server"));
    drop(serving);
    Serving::start(folder.path(), &[]);
}

#[test]
fn a_server_for_others_is_refused_without_tokens_and_tls() {
    let folder = tempfile::tempdir().unwrap();
    let refused = |options: &[&str]| {
        let output = serve(folder.path(), options).output().unwrap();
        assert!(!output.status.success() && output.stdout.is_empty());
        common::stderr(&output)
    };
    let mut everywhere = Command::new(SIGDELTA);
    everywhere.args(["serve", "--listen", "0.0.0.0:0", "--root"]).arg(folder.path());
    let output = everywhere.output().unwrap();
    assert_eq!(output.status.code(), Some(3));
    assert!(common::stderr(&output).contains("tokens and TLS"));
    assert!(refused(&["--tls-cert", "x"]).contains("--tls-key"));
    assert!(refused(&["--tls-cert", "no-file", "--tls-key", "no-file"]).contains("no-file"));
    let tokens = folder.path().join("tokens");
    fs::write(&tokens, "admin x\n").unwrap();
    assert!(refused(&["--token-file", tokens.to_str().unwrap()]).contains("line 1"));
}

#[test]
fn options_set_what_is_allowed() {
    let folder = tempfile::tempdir().unwrap();
    let tokens = folder.path().join("tokens");
    fs::write(&tokens, "write secret\n").unwrap();
    let options = ["--max-result", "1k", "--token-file", tokens.to_str().unwrap()];
    let serving = Serving::start(&folder.path().join("root"), &options);
    assert_eq!(serving.send("PUT", "/v1/o/a", &[], b"x").expect(401).problem(), Kind::Unauthorized);
    let token = [("Authorization", "Bearer secret")];
    serving.send("PUT", "/v1/o/a", &token, &[7; 1024]).expect(201);
    let refused = serving.send("PUT", "/v1/o/a", &token, &[7; 1025]).expect(413);
    assert_eq!(refused.problem(), Kind::TooLarge);
}

#[test]
fn curl_speaks_to_a_server_with_a_certificate() {
    if !has("openssl") || !has("curl") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (cert, key) = (path("cert.pem"), path("key.pem"));
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"])
        .args(["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "2"])
        .args(["-keyout", &key, "-out", &cert])
        .output()
        .unwrap();
    assert!(made.status.success(), "{made:?}");
    let root = folder.path().join("root");
    let serving = Serving::start(&root, &["--tls-cert", &cert, "--tls-key", &key]);
    let url = format!("https://{}/v1/o/a", serving.address);
    fs::write(path("new"), noise(1, 100_000)).unwrap();
    let curl = |arguments: &[&str]| {
        let output =
            Command::new("curl").args(["-sSf", "--cacert", &cert]).args(arguments).output();
        let output = output.unwrap();
        assert!(output.status.success(), "{output:?}");
        output.stdout
    };
    curl(&["-T", &path("new"), &url]);
    assert!(curl(&[&url]) == noise(1, 100_000));
    // A client that does not trust it, and one that does not speak it.
    assert!(!Command::new("curl").args(["-sS", &url]).output().unwrap().status.success());
    let mut plain = remote::connect(serving.address);
    plain.write_all(head("GET", "/v1/o/a", &[], 0).as_bytes()).unwrap();
    let mut reply = Vec::new();
    let _ = std::io::Read::read_to_end(&mut plain, &mut reply);
    assert!(Reply::parse(&reply).is_none());
}

/// The commands in docs/protocol.md, as they stand there.
#[test]
fn curl_and_rdiff_are_client_enough() {
    if peer_rdiff().is_none() || !has("curl") || !has("openssl") {
        return;
    }
    let document = include_str!("../../../docs/protocol.md");
    let (_, rest) = document.split_once("```sh\n# upload by curl and rdiff\n").unwrap();
    let (script, _) = rest.split_once("```").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let serving = Serving::start(&folder.path().join("files"), &[]);
    let (old, new) = pair(2, 1_000_000);
    fs::write(folder.path().join("old.img"), &old).unwrap();
    fs::write(folder.path().join("new.img"), &new).unwrap();
    let output = Command::new("sh")
        .args(["-eux", "-c", script])
        .env("URL", format!("http://{}", serving.address))
        .current_dir(folder.path())
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    assert!(fs::read(folder.path().join("files/disk.img")).unwrap() == new);
    let delta = fs::metadata(folder.path().join("img.delta")).unwrap().len();
    assert!(delta < 10_000, "{delta} bytes");
}

/// Keys that are written to while the server is killed, and what they may hold then.
const KEYS: [&str; 4] = ["a", "b", "folder/c", "folder/deep/d"];

/// What is known of a key.
#[derive(Default)]
struct Known {
    /// What the server has said it has.
    acknowledged: Option<Vec<u8>>,
    /// What it was asked to have and has not answered yet.
    asked: Option<Vec<u8>>,
}

/// `SIGDELTA_KILLS=1000` kills it so often.
#[test]
fn a_server_that_is_killed_has_every_content_whole_old_or_new() {
    let kills = std::env::var("SIGDELTA_KILLS").ok();
    let kills: u64 = kills.map_or(25, |kills| kills.parse().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let known: HashMap<&str, Mutex<Known>> =
        KEYS.iter().map(|key| (*key, Mutex::default())).collect();
    // Of what was under way when the server was killed, what was not done, and what was.
    let (mut answers, mut old, mut new) = (0, 0, 0);
    for round in 0..kills {
        let mut serving = Serving::start(folder.path(), &["--keep-versions", "1"]);
        let leftovers = fs::read_dir(folder.path().join(".sigdelta/tmp")).unwrap().count();
        assert_eq!(leftovers, 0, "round {round}");
        for (key, known) in &known {
            match check(folder.path(), key, &mut known.lock().unwrap(), round) {
                Some(true) => new += 1,
                Some(false) => old += 1,
                None => {}
            }
        }
        let killed = AtomicBool::new(false);
        answers += thread::scope(|scope| {
            let writers: Vec<_> = KEYS
                .iter()
                .enumerate()
                .map(|(number, key)| {
                    let (known, killed, address) = (&known[key], &killed, serving.address);
                    let seed = round * KEYS.len() as u64 + number as u64;
                    scope.spawn(move || write_until_killed(address, key, known, killed, seed))
                })
                .collect();
            // Some moment within the first commits.
            thread::sleep(Duration::from_micros(
                noise(round + 1, 4)[..4]
                    .iter()
                    .fold(0, |sum, &byte| sum * 3 + u64::from(byte) * 17),
            ));
            killed.store(true, Ordering::Relaxed);
            serving.process.kill().unwrap();
            serving.process.wait().unwrap();
            writers.into_iter().map(|writer| writer.join().unwrap()).sum::<u64>()
        });
    }
    println!("{kills} kills, {answers} answers; without answer {old} not done, {new} done");
    // Otherwise the moments were badly chosen.
    assert!(answers > kills && old > kills && new > 0, "{answers} answers, {old} old, {new} new");
    let serving = Serving::start(folder.path(), &[]);
    for (key, known) in &known {
        check(folder.path(), key, &mut known.lock().unwrap(), kills);
        let digest = Digest::of(&fs::read(folder.path().join(key)).unwrap()).etag();
        let reply = serving.send("HEAD", &format!("/v1/o/{key}"), &[], b"").expect(200);
        assert_eq!(reply.header("etag"), Some(digest.as_str()));
    }
}

/// Checks that a content is one that it may be, and keeps that as the one known. Returns whether a change
/// that was under way is done, if there was one.
fn check(root: &Path, key: &str, known: &mut Known, round: u64) -> Option<bool> {
    let found = fs::read(root.join(key)).ok();
    let is_new = found.is_some() && found == known.asked;
    assert!(is_new || found == known.acknowledged, "round {round}: {key} is neither old nor new");
    let asked = known.asked.take();
    known.acknowledged = found;
    asked.map(|_| is_new)
}

/// Changes a content again and again, by deltas if there is one, and returns how often that was answered.
fn write_until_killed(
    address: SocketAddr,
    key: &str,
    known: &Mutex<Known>,
    killed: &AtomicBool,
    seed: u64,
) -> u64 {
    let path = format!("/v1/o/{key}");
    let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
    for number in 0.. {
        let old = known.acknowledged.clone();
        let mut new = old.clone().unwrap_or_else(|| noise(seed, 200_000));
        new[..8].copy_from_slice(&(seed << 20 | number).to_le_bytes());
        let digest = Digest::of(&new).repr_digest();
        known.asked = Some(new.clone());
        let reply = match &old {
            Some(old) if number % 2 == 0 => {
                let delta = librsync_delta(old, &new);
                let tag = Digest::of(old).etag();
                let headers = [
                    ("Content-Type", LIBRSYNC_DELTA),
                    ("If-Match", tag.as_str()),
                    ("Repr-Digest", &digest),
                ];
                try_send(address, "PATCH", &path, &headers, &delta)
            }
            _ => try_send(address, "PUT", &path, &[("Repr-Digest", &digest)], &new),
        };
        match reply {
            Some(reply) => {
                assert!(matches!(reply.status, 201 | 204), "{reply:?}");
                known.acknowledged = known.asked.take();
            }
            None => {
                let deadline = Instant::now() + Duration::from_secs(10);
                while !killed.load(Ordering::Relaxed) {
                    assert!(Instant::now() < deadline, "no answer, and nobody killed the server");
                    thread::yield_now();
                }
                return number;
            }
        }
    }
    unreachable!()
}

/// Sends a request to a server that may be gone.
fn try_send(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Option<Reply> {
    let mut stream = std::net::TcpStream::connect(address).ok()?;
    stream.write_all(head(method, path, headers, body.len()).as_bytes()).ok()?;
    stream.write_all(body).ok()?;
    let mut reply = Vec::new();
    let _ = std::io::Read::read_to_end(&mut stream, &mut reply);
    Reply::parse(&reply)
}

#[test]
fn an_upload_goes_on_after_the_server_was_killed() {
    let folder = tempfile::tempdir().unwrap();
    let content = noise(3, 500_000);
    let digest = Digest::of(&content).repr_digest();
    let serving = Serving::start(folder.path(), &[]);
    let start =
        [("Sigdelta-Method", "PUT"), ("Upload-Complete", "?0"), ("Repr-Digest", digest.as_str())];
    let started = serving.send("POST", "/v1/up/a", &start, &content[..200_000]).expect(201);
    let upload = started.header("location").unwrap();
    drop(serving);
    let serving = Serving::start(folder.path(), &[]);
    let state = serving.send("HEAD", upload, &[], b"").expect(204);
    assert_eq!(state.header("upload-offset"), Some("200000"));
    let part = [
        ("Content-Type", "application/partial-upload"),
        ("Upload-Offset", "200000"),
        ("Upload-Complete", "?1"),
    ];
    serving.send("PATCH", upload, &part, &content[200_000..]).expect(201);
    assert!(fs::read(folder.path().join("a")).unwrap() == content);
    assert_eq!(fs::read_dir(folder.path().join(".sigdelta/uploads")).unwrap().count(), 0);
}

#[test]
fn hostile_clients_leave_the_server_alive_and_lean() {
    let folder = tempfile::tempdir().unwrap();
    let options = ["--max-result", "64MiB", "--max-delta", "8MiB", "--max-signature", "1MiB"];
    let serving = Serving::start(folder.path(), &[&options[..], &["--jobs", "2"]].concat());
    let old = noise(4, 1 << 20);
    serving.send("PUT", "/v1/o/a", &[], &old).expect(201);
    let bomb = zstd::encode_all(std::io::Read::take(std::io::repeat(0), 1 << 30), 3).unwrap();
    let (tag, digest) = (Digest::of(&old).etag(), Digest::of(b"never").repr_digest());
    let conditions = [("If-Match", tag.as_str()), ("Repr-Digest", digest.as_str())];
    let patch = |more: &[(&str, &str)], body: &[u8]| {
        serving.send("PATCH", "/v1/o/a", &[&conditions[..], more].concat(), body)
    };
    let delta = ("Content-Type", LIBRSYNC_DELTA);
    // Copies of a whole MiB, each of eight bytes, and copies of one byte.
    let copies = [&b"rs\x026"[..], &b"\x47\x00\x00\x10\x00\x00".repeat(100_000), b"\x00"].concat();
    let crumbs = [&b"rs\x026"[..], &b"\x45\x07\x01".repeat(300_000), b"\x00"].concat();
    let layered: Vec<u8> = [&b"\x8fsdp\x01\x19\xff"[..], &[0xff; 40]].concat();
    let many_blocks = {
        let mut signature = sigdelta::signature(b"", &sigdelta::SignatureOptions::new()).unwrap();
        signature.extend(noise(5, 2 << 20));
        signature
    };
    thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| {
                for _ in 0..4 {
                    let zstd = [("Content-Encoding", "zstd")];
                    serving.send("PUT", "/v1/o/b", &zstd, &bomb).expect(413);
                    patch(&[delta, zstd[0]], &bomb).expect(422);
                    patch(&[delta], &copies).expect(413);
                    patch(&[delta], &crumbs).expect(413);
                    patch(&[("Content-Type", remote::PATCH)], &layered).expect(422);
                    serving.send("POST", "/v1/delta/a", &[], &many_blocks).expect(413);
                    serving
                        .send("POST", "/v1/fine/a", &conditions[..1], &noise(6, 1000))
                        .expect(422);
                    serving.send("GET", "/v1/sig/a?format=librsync&block=1", &[], b"").expect(413);
                    serving.send("GET", "/v1/o/../../etc/passwd", &[], b"").expect(400);
                }
            });
        }
    });
    serving.send("GET", "/healthz", &[], b"").expect(200);
    assert!(fs::read(folder.path().join("a")).unwrap() == old);
    assert_eq!(fs::read_dir(folder.path().join(".sigdelta/tmp")).unwrap().count(), 0);
    let peak = serving.peak_memory();
    assert!(peak < 192 << 20, "{} MiB", peak >> 20);
}

/// Returns true if a program is installed; in CI it must be.
fn has(program: &str) -> bool {
    let found = Command::new(program).arg("--version").output().is_ok();
    assert!(found || std::env::var_os("CI").is_none(), "{program} is not installed");
    if !found {
        eprintln!("skipped: {program} is not installed");
    }
    found
}
