//! What the server tests use: a server in this process, a client that says exactly what it is told to, files.
#![allow(dead_code)] // no test uses all of it

use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sigdelta_remote::protocol::{Digest, Kind};
use sigdelta_remote::server::{Limits, Server, ServerOptions, Timeouts};
use sigdelta_remote::storage::{Folder, FolderOptions};
use tokio::runtime::Runtime;
use tokio::sync::oneshot;

pub const LIBRSYNC_DELTA: &str = "application/vnd.librsync.delta";
pub const PATCH: &str = "application/vnd.sigdelta.patch";

/// A server in this process, over a temporary folder.
pub struct TestServer {
    pub address: SocketAddr,
    folder: tempfile::TempDir,
    shutdown: Option<oneshot::Sender<()>>,
    runtime: Option<Runtime>,
    running: Option<tokio::task::JoinHandle<()>>,
}

impl TestServer {
    pub fn start() -> Self {
        Self::with(ServerOptions::new(), FolderOptions::new())
    }

    pub fn with_limits(limits: Limits) -> Self {
        Self::with(ServerOptions::new().limits(limits), FolderOptions::new())
    }

    pub fn with_timeouts(timeouts: Timeouts) -> Self {
        Self::with(ServerOptions::new().timeouts(timeouts), FolderOptions::new())
    }

    pub fn with(options: ServerOptions, of_folder: FolderOptions) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let storage = Arc::new(Folder::open(folder.path(), of_folder).unwrap());
        let runtime = Runtime::new().unwrap();
        let (shutdown, told) = oneshot::channel();
        let server = runtime
            .block_on(async {
                let own = storage.own().to_owned();
                Server::bind("127.0.0.1:0".parse().unwrap(), storage, &own, options).await
            })
            .unwrap();
        let address = server.address().unwrap();
        let running = runtime.spawn(server.run(async {
            let _ = told.await;
        }));
        TestServer {
            address,
            folder,
            shutdown: Some(shutdown),
            runtime: Some(runtime),
            running: Some(running),
        }
    }

    /// Tells the server to end and waits for it.
    pub fn stop(&mut self) {
        drop(self.shutdown.take());
        if let (Some(runtime), Some(running)) = (&self.runtime, self.running.take()) {
            runtime.block_on(running).unwrap();
        }
    }

    pub fn root(&self) -> &Path {
        self.folder.path()
    }

    pub fn file(&self, key: &str) -> PathBuf {
        self.folder.path().join(key)
    }

    pub fn content(&self, key: &str) -> Vec<u8> {
        std::fs::read(self.file(key)).unwrap()
    }

    pub fn connect(&self) -> TcpStream {
        connect(self.address)
    }

    pub fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Reply {
        send(self.address, method, path, headers, body)
    }

    pub fn get(&self, path: &str) -> Reply {
        self.send("GET", path, &[], b"")
    }

    pub fn put(&self, key: &str, content: &[u8]) -> Reply {
        self.send("PUT", &format!("/v1/o/{key}"), &[], content)
    }

    /// Sends a delta for a content that the client believes to be there.
    pub fn patch(&self, key: &str, media: &str, basis: &[u8], new: &[u8], delta: &[u8]) -> Reply {
        let (tag, digest) = (Digest::of(basis).etag(), Digest::of(new).repr_digest());
        let headers =
            [("Content-Type", media), ("If-Match", tag.as_str()), ("Repr-Digest", &digest)];
        self.send("PATCH", &format!("/v1/o/{key}"), &headers, delta)
    }

    /// Returns the files under the server's own folder that should not stay.
    pub fn leftovers(&self) -> Vec<PathBuf> {
        let folders = ["tmp", "uploads"].map(|name| self.root().join(".sigdelta").join(name));
        let files = folders.iter().flat_map(|folder| std::fs::read_dir(folder).unwrap());
        files.map(|entry| entry.unwrap().path()).collect()
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_timeout(Duration::from_secs(5));
        }
    }
}

/// A reply, its header names in lower case.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Reply {
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    /// Returns the kind of problem, and checks that the reply is one as it should be.
    pub fn problem(&self) -> Kind {
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{self:?}");
        let body: serde_json::Value = serde_json::from_slice(&self.body).unwrap();
        assert_eq!(body["status"], self.status);
        let kind = Kind::from_type_uri(body["type"].as_str().unwrap()).unwrap();
        assert_eq!(kind.status().as_u16(), self.status);
        assert_eq!(body["title"], kind.title());
        assert!(!body["detail"].as_str().unwrap().is_empty());
        kind
    }

    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        let text = String::from_utf8_lossy(&self.body);
        assert_eq!(self.status, status, "{:?} {:.400}", self.headers, text);
        self
    }

    /// Parses all that a server sent before it closed the connection.
    pub fn parse(bytes: &[u8]) -> Option<Reply> {
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
        let head = std::str::from_utf8(&bytes[..end]).ok()?;
        let mut lines = head.split("\r\n");
        let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
        if status == 100 {
            return Reply::parse(&bytes[end + 4..]);
        }
        let headers = lines
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
            .collect();
        Some(Reply { status, headers, body: bytes[end + 4..].to_vec() })
    }
}

pub fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    stream
}

/// Returns the start of a request, with the length of its body and the wish to close.
pub fn head(method: &str, path: &str, headers: &[(&str, &str)], len: usize) -> String {
    let mut head = format!("{method} {path} HTTP/1.1\r\nConnection: close\r\n");
    if !headers.iter().any(|(name, _)| *name == "Host") {
        head += "Host: localhost\r\n";
    }
    if len > 0 || matches!(method, "PUT" | "PATCH" | "POST") {
        write!(head, "Content-Length: {len}\r\n").unwrap();
    }
    for (name, value) in headers {
        write!(head, "{name}: {value}\r\n").unwrap();
    }
    head + "\r\n"
}

pub fn send(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Reply {
    let mut stream = connect(address);
    // A server that refuses may close before it has all.
    let _ = stream.write_all(head(method, path, headers, body.len()).as_bytes());
    let _ = stream.write_all(body);
    finish(stream)
}

/// Reads the reply of a connection that the server closes.
pub fn finish(mut stream: TcpStream) -> Reply {
    let mut bytes = Vec::new();
    let ended = stream.read_to_end(&mut bytes);
    Reply::parse(&bytes)
        .unwrap_or_else(|| panic!("no reply: {ended:?} {:?}", String::from_utf8_lossy(&bytes)))
}

/// Returns pseudo-random bytes, the same for the same seed.
pub fn noise(seed: u64, len: usize) -> Vec<u8> {
    let mut x = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut bytes = Vec::with_capacity(len + 8);
    while bytes.len() < len {
        x ^= x << 13;
        x ^= x >> 7;
        x ^= x << 17;
        bytes.extend(x.to_le_bytes());
    }
    bytes.truncate(len);
    bytes
}

/// An old content and a new one with an insertion, a removal and a change.
pub fn pair(seed: u64, len: usize) -> (Vec<u8>, Vec<u8>) {
    let old = noise(seed, len);
    let mut new = old.clone();
    new.splice(len / 4..len / 4, *b"an insertion");
    new.drain(len / 2..len / 2 + 100);
    new[len * 3 / 4..len * 3 / 4 + 10].fill(7);
    (old, new)
}

/// Returns a delta in librsync's format.
pub fn librsync_delta(old: &[u8], new: &[u8]) -> Vec<u8> {
    let signature = sigdelta::signature(old, &sigdelta::SignatureOptions::new()).unwrap();
    sigdelta::delta(&signature, new).unwrap()
}

/// Returns a layered patch.
pub fn layered_patch(old: &[u8], new: &[u8]) -> Vec<u8> {
    use sigdelta::layered::{MakeOptions, make};
    let mut patch = Vec::new();
    let source = |bytes: &[u8]| -> (Arc<dyn sigdelta::ReadAt>, u64) {
        (Arc::new(bytes.to_vec()), bytes.len() as u64)
    };
    make(source(old), source(new), &mut patch, MakeOptions::new(), &mut ()).unwrap();
    patch
}
