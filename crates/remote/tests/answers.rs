//! The client and answers that a server in good health seldom gives: a listener that says what it is told.
#![cfg(feature = "client")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};
use sigdelta::exchange::{
    AnswerLimits, ChunkSignature, ChunkSignatureOptions, Survey, SurveyOptions, answer, sign,
};
use sigdelta::layered::{ApplyOptions, MakeOptions, apply};
use sigdelta::{Root, SignatureOptions, StrongLen};
use sigdelta_remote::client::{
    Choice, Client, ClientOptions, Error, Method, PullOptions, PushOptions,
};

/// A request as it came.
#[derive(Clone, Debug)]
struct Came {
    /// `PUT /v1/o/k`.
    line: String,
    /// In lower case.
    headers: Vec<String>,
    body: Vec<u8>,
    /// Bytes of all of it.
    len: u64,
}

impl Came {
    fn has(&self, header: &str) -> bool {
        self.headers.iter().any(|line| line == header)
    }
}

/// What is answered; with `close` the connection ends behind it.
struct Reply {
    text: Vec<u8>,
    close: bool,
}

/// Answers a request.
type Answer = Box<dyn FnOnce(&Came) -> Reply + Send>;

impl From<Reply> for Answer {
    fn from(reply: Reply) -> Self {
        Box::new(move |_| reply)
    }
}

fn reply(head: &str, body: &[u8]) -> Reply {
    let text = format!("HTTP/1.1 {head}\r\ncontent-length: {}\r\n\r\n", body.len());
    Reply { text: [text.as_bytes(), body].concat(), close: false }
}

/// Says the length of a whole body and breaks off.
fn broken(head: &str, body: &[u8], sent: usize) -> Reply {
    let mut reply = reply(head, body);
    reply.text.truncate(reply.text.len() - body.len() + sent);
    Reply { close: true, ..reply }
}

/// The answer to HEAD about a content.
fn head_of(content: &[u8]) -> Reply {
    let len = content.len();
    let etag = etag(content);
    let text = format!("HTTP/1.1 200 OK\r\netag: {etag}\r\ncontent-length: {len}\r\n\r\n");
    Reply { text: text.into_bytes(), close: false }
}

fn hang_up() -> Reply {
    Reply { text: Vec::new(), close: true }
}

fn etag(content: &[u8]) -> String {
    use base64::Engine;
    let digest = Sha256::digest(content);
    format!("\"sha256-{}\"", base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(digest))
}

/// Answers requests in turn, over as many connections as the client makes.
struct Server {
    url: String,
    came: Arc<Mutex<Vec<Came>>>,
    thread: JoinHandle<()>,
}

impl Server {
    fn new(replies: Vec<Reply>) -> Self {
        Self::by(replies.into_iter().map(Answer::from).collect())
    }

    /// Answers as functions say.
    fn by(answers: Vec<Answer>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/v1/o/k", listener.local_addr().unwrap());
        let came = Arc::new(Mutex::new(Vec::new()));
        let to = Arc::clone(&came);
        let thread = std::thread::spawn(move || {
            let mut connection: Option<TcpStream> = None;
            for respond in answers {
                loop {
                    let mut stream =
                        connection.take().unwrap_or_else(|| listener.accept().unwrap().0);
                    let Some(request) = read(&stream) else { continue };
                    let reply = respond(&request);
                    to.lock().unwrap().push(request);
                    stream.write_all(&reply.text).unwrap();
                    if !reply.close {
                        connection = Some(stream);
                    }
                    break;
                }
            }
        });
        Server { url, came, thread }
    }

    /// Waits until all answers were given, and returns what came.
    fn end(self) -> Vec<Came> {
        self.thread.join().unwrap();
        self.came.lock().unwrap().clone()
    }
}

/// Reads a request, None if the connection has ended.
fn read(stream: &TcpStream) -> Option<Came> {
    let mut reader = BufReader::new(stream);
    let mut lines = Vec::new();
    let mut len = 0;
    loop {
        let mut line = String::new();
        len += match reader.read_line(&mut line) {
            Ok(0) | Err(_) => return None,
            Ok(len) => len as u64,
        };
        match line.trim_end() {
            "" => break,
            line => lines.push(line.to_owned()),
        }
    }
    let line = lines.remove(0).trim_end_matches(" HTTP/1.1").to_owned();
    let headers: Vec<String> = lines.iter().map(|line| line.to_lowercase()).collect();
    let body_len = headers.iter().find_map(|line| line.strip_prefix("content-length: "));
    let mut body = vec![0; body_len.map_or(0, |len| len.parse().unwrap())];
    reader.read_exact(&mut body).ok()?;
    len += body.len() as u64;
    Some(Came { line, headers: lines, body, len })
}

fn client() -> Client {
    Client::new(ClientOptions::new().retries(2)).unwrap()
}

fn file(bytes: &[u8]) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), bytes).unwrap();
    file
}

/// Bytes that do not compress.
fn noise(len: usize) -> Vec<u8> {
    let mut state = 1u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 56) as u8
    };
    (0..len).map(|_| next()).collect()
}

#[tokio::test]
async fn a_busy_server_is_asked_again_when_it_says() {
    let content = noise(3000);
    let made = format!("201 Created\r\netag: {}", etag(&content));
    let server = Server::new(vec![
        reply("404 Not Found", b""),
        reply("503 Service Unavailable\r\nretry-after: 1", b""),
        reply(&made, b""),
    ]);
    let (started, file) = (Instant::now(), file(&content));
    let pushed = client().push(file.path(), &server.url, &PushOptions::new(), Arc::new(())).await;
    let pushed = pushed.unwrap();
    assert!(started.elapsed() >= Duration::from_secs(1));
    assert_eq!((pushed.method, pushed.etag), (Method::Full, etag(&content)));
    let came = server.end();
    assert_eq!(came[1].line, "PUT /v1/o/k");
    assert!(came[1].has("if-none-match: *"), "{:?}", came[1]);
    assert!(came[1].body == content && came[2].body == content);
    // To the byte what the listener has read.
    assert_eq!(pushed.traffic.sent_bytes, came.iter().map(|came| came.len).sum::<u64>());
    assert_eq!((pushed.traffic.requests, pushed.traffic.rounds), (3, 2));
}

#[tokio::test]
async fn a_connection_that_breaks_is_made_again_and_in_the_end_an_error() {
    let content = noise(2000);
    let made = format!("201 Created\r\netag: {}", etag(&content));
    let server =
        Server::new(vec![hang_up(), reply("404 Not Found", b""), hang_up(), reply(&made, b"")]);
    let file = file(&content);
    let pushed = client().push(file.path(), &server.url, &PushOptions::new(), Arc::new(())).await;
    assert_eq!(pushed.unwrap().traffic.requests, 4);
    server.end();

    let server = Server::new(vec![hang_up(), hang_up(), hang_up()]);
    let pushed = client().push(file.path(), &server.url, &PushOptions::new(), Arc::new(())).await;
    assert!(matches!(pushed, Err(Error::Broken { .. })), "{pushed:?}");
    server.end();
}

#[tokio::test]
async fn a_download_that_breaks_off_goes_on_there() {
    let content = noise(300_000);
    let ok = format!("200 OK\r\netag: {}", etag(&content));
    let range = |from: usize| {
        let etag = etag(&content);
        let (last, len) = (content.len() - 1, content.len());
        format!("206 Partial Content\r\netag: {etag}\r\ncontent-range: bytes {from}-{last}/{len}")
    };
    let server = Server::new(vec![
        head_of(&content),
        broken(&ok, &content, 100_000),
        broken(&range(100_000), &content[100_000..], 50_000),
        reply(&range(150_000), &content[150_000..]),
    ]);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    let pulled =
        client().pull(&server.url, &path, &PullOptions::new(), Arc::new(())).await.unwrap();
    assert_eq!((pulled.method, pulled.payload_bytes), (Method::Full, 300_000));
    assert!(std::fs::read(&path).unwrap() == content);
    let came = server.end();
    assert!(came[2].has("range: bytes=100000-"), "{:?}", came[2]);
    assert!(came[2].has(&format!("if-range: {}", etag(&content))));
    assert!(came[3].has("range: bytes=150000-"));
}

#[tokio::test]
async fn a_content_that_changes_while_it_comes_is_taken_from_the_start() {
    let (first, second) = (noise(200_000), vec![7; 100_000]);
    let ok = |content: &[u8]| format!("200 OK\r\netag: {}", etag(content));
    let server = Server::new(vec![
        head_of(&first),
        broken(&ok(&first), &first, 150_000),
        reply(&ok(&second), &second),
    ]);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    let pulled =
        client().pull(&server.url, &path, &PullOptions::new(), Arc::new(())).await.unwrap();
    assert_eq!((pulled.bytes, pulled.etag), (100_000, etag(&second)));
    assert!(std::fs::read(&path).unwrap() == second);
    server.end();
}

#[tokio::test]
async fn what_is_not_what_was_promised_replaces_nothing() {
    let (promised, sent) = (noise(5000), vec![0; 5000]);
    let ok = format!("200 OK\r\netag: {}", etag(&promised));
    let server = Server::new(vec![head_of(&promised), reply(&ok, &sent)]);
    let old = file(b"old");
    let options = PullOptions::new().choice(Choice::Full);
    let pulled = client().pull(&server.url, old.path(), &options, Arc::new(())).await;
    assert!(matches!(pulled, Err(Error::WrongDigest)), "{pulled:?}");
    assert_eq!(std::fs::read(old.path()).unwrap(), b"old");
    server.end();
}

#[tokio::test]
async fn an_answer_about_another_content_than_was_sent_is_an_error() {
    let made = format!("201 Created\r\netag: {}", etag(b"something else"));
    let server = Server::new(vec![reply("404 Not Found", b""), reply(&made, b"")]);
    let file = file(b"content");
    let pushed = client().push(file.path(), &server.url, &PushOptions::new(), Arc::new(())).await;
    assert!(matches!(pushed, Err(Error::WrongDigest)), "{pushed:?}");
    server.end();
}

#[tokio::test]
async fn a_problem_is_told_without_what_a_terminal_obeys() {
    let body = br#"{"type":"urn:sigdelta:problem:full","title":"No\u001b[2J space","detail":"x"}"#;
    let refused = reply("507 Insufficient Storage", body);
    let server = Server::new(vec![reply("404 Not Found", b""), refused]);
    let file = file(b"content");
    let pushed = client().push(file.path(), &server.url, &PushOptions::new(), Arc::new(())).await;
    let error = pushed.unwrap_err();
    assert_eq!(error.to_string(), "the server refused: 507 No[2J space: x");
    let full = Some(sigdelta_remote::protocol::Kind::Full);
    assert!(matches!(error, Error::Refused { status: 507, kind, .. } if kind == full));
    server.end();
}

#[tokio::test]
async fn a_server_that_says_nothing_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/v1/o/k", listener.local_addr().unwrap());
    let options = ClientOptions::new().retries(0).idle_timeout(Duration::from_millis(200));
    let file = file(b"content");
    let client = Client::new(options).unwrap();
    let pushed = client.push(file.path(), &url, &PushOptions::new(), Arc::new(())).await;
    assert!(matches!(pushed, Err(Error::TimedOut { .. })), "{pushed:?}");
}

#[tokio::test]
async fn redirections_are_not_followed() {
    let server = Server::new(vec![reply("302 Found\r\nlocation: http://elsewhere/", b"")]);
    let file = file(b"content");
    let pushed = client().push(file.path(), &server.url, &PushOptions::new(), Arc::new(())).await;
    assert!(matches!(pushed, Err(Error::BadAnswer { .. })), "{pushed:?}");
    server.end();
}

#[tokio::test]
async fn a_token_is_sent_to_this_machine_but_not_elsewhere_without_tls() {
    let server = Server::new(vec![reply("403 Forbidden", b"")]);
    let client = Client::new(ClientOptions::new().retries(0).token("secret".to_owned())).unwrap();
    let file = file(b"content");
    let pushed = client.push(file.path(), &server.url, &PushOptions::new(), Arc::new(())).await;
    assert_eq!(pushed.unwrap_err().status(), Some(403));
    assert!(server.end()[0].headers.iter().any(|line| line.ends_with("Bearer secret")));
    // An address of this machine that others can reach as well, if it has one.
    let socket = std::net::UdpSocket::bind("0.0.0.0:0").unwrap();
    if socket.connect("192.0.2.1:9").is_ok() {
        let listener = TcpListener::bind((socket.local_addr().unwrap().ip(), 0)).unwrap();
        let url = format!("http://{}/v1/o/k", listener.local_addr().unwrap());
        let pushed = client.push(file.path(), &url, &PushOptions::new(), Arc::new(())).await;
        assert!(matches!(pushed, Err(Error::TokenInClear { .. })), "{pushed:?}");
    }
    for token in ["", "two\nlines"] {
        let made = Client::new(ClientOptions::new().token(token.to_owned()));
        assert_eq!(made.is_err(), !token.is_empty(), "{token:?}");
    }
}

/// An old file and a new one with a few edits.
fn pair() -> (Vec<u8>, Vec<u8>) {
    let old = noise(400_000);
    let mut new = old.clone();
    new.splice(100_000..100_010, *b"an insertion");
    new.drain(300_000..300_100);
    (old, new)
}

/// Answers a question for a layered signature.
fn signature_of(old: Vec<u8>) -> Answer {
    Box::new(move |came| {
        assert!(came.line.starts_with("GET /v1/sig/k?format=layered"), "{}", came.line);
        let mut options = ChunkSignatureOptions::new();
        if came.line.contains("&sum=16") {
            options = options.sum_len(16);
        }
        let mut signature = Vec::new();
        sign(&old, old.len() as u64, options, &mut signature, &mut ()).unwrap();
        reply(&format!("200 OK\r\ndelta-base: {}", etag(&old)), &signature)
    })
}

/// Answers a question for fine sums.
fn sums_of(old: Vec<u8>) -> Answer {
    Box::new(move |came| {
        assert_eq!(came.line, "POST /v1/fine/k");
        assert!(came.has(&format!("if-match: {}", etag(&old))));
        let mut sums = Vec::new();
        let limits = AnswerLimits::new();
        answer(&old, old.len() as u64, &came.body, limits, &mut sums, &mut ()).unwrap();
        reply("200 OK", &sums)
    })
}

/// Applies a layered patch.
fn patched(old: Vec<u8>, new: Vec<u8>) -> Answer {
    Box::new(move |came| {
        assert_eq!(came.line, "PATCH /v1/o/k");
        assert!(came.has(&format!("if-match: {}", etag(&old))));
        let mut result = Vec::new();
        apply(&old, &came.body[..], &mut result, ApplyOptions::new(), &mut ()).unwrap();
        assert!(result == new);
        reply(&format!("204 No Content\r\netag: {}", etag(&new)), b"")
    })
}

#[tokio::test]
async fn a_push_asks_for_sums_and_sends_a_patch() {
    let (old, new) = pair();
    let server = Server::by(vec![
        head_of(&old).into(),
        signature_of(old.clone()),
        sums_of(old.clone()),
        patched(old, new.clone()),
    ]);
    let file = file(&new);
    let pushed = client().push(file.path(), &server.url, &PushOptions::new(), Arc::new(())).await;
    let pushed = pushed.unwrap();
    assert_eq!(pushed.method, Method::Layered);
    assert_eq!((pushed.traffic.rounds, pushed.traffic.requests), (2, 4));
    assert!(pushed.payload_bytes < 1000, "{pushed:?}");
    assert!(pushed.saved_bytes() > 390_000, "{pushed:?}");
    server.end();
}

#[tokio::test]
async fn a_resource_that_changes_meanwhile_is_compared_again() {
    let (old, new) = pair();
    let mut other = old.clone();
    other[7] ^= 1;
    let changed = || reply("412 Precondition Failed", b"");
    let server = Server::by(vec![
        head_of(&old).into(),
        signature_of(old.clone()),
        changed().into(), // of the fine sums
        head_of(&other).into(),
        signature_of(other.clone()),
        sums_of(other.clone()),
        changed().into(), // of the patch
        head_of(&old).into(),
        signature_of(old.clone()),
        sums_of(old.clone()),
        patched(old, new.clone()),
    ]);
    let file = file(&new);
    let pushed = client().push(file.path(), &server.url, &PushOptions::new(), Arc::new(())).await;
    assert_eq!(pushed.unwrap().method, Method::Layered);
    server.end();
}

#[tokio::test]
async fn a_resource_that_changes_all_the_time_is_a_conflict_and_so_is_another_than_wished() {
    let (old, new) = pair();
    let changed = || reply("412 Precondition Failed", b"");
    let mut answers: Vec<Answer> = vec![head_of(&old).into()];
    for _ in 0..4 {
        answers.extend([signature_of(old.clone()), sums_of(old.clone()), changed().into()]);
        answers.push(head_of(&old).into());
    }
    let server = Server::by(answers);
    let file = file(&new);
    let pushed = client().push(file.path(), &server.url, &PushOptions::new(), Arc::new(())).await;
    assert!(matches!(pushed, Err(Error::Conflict { .. })), "{pushed:?}");
    server.end();

    let server = Server::new(vec![head_of(&old)]);
    let options = PushOptions::new().if_match("\"another\"".to_owned());
    let pushed = client().push(file.path(), &server.url, &options, Arc::new(())).await;
    let Err(Error::Conflict { expected, found }) = pushed else { panic!("{pushed:?}") };
    assert_eq!((expected, found), ("\"another\"".to_owned(), Some(etag(&old))));
    server.end();
}

#[tokio::test]
async fn an_answer_that_was_lost_does_not_undo_the_upload() {
    let (old, new) = pair();
    let server = Server::by(vec![
        head_of(&old).into(),
        signature_of(old.clone()),
        sums_of(old.clone()),
        hang_up().into(),
        reply("412 Precondition Failed", b"").into(),
        head_of(&new).into(),
    ]);
    let file = file(&new);
    let options = PushOptions::new().if_match(etag(&old));
    let pushed = client().push(file.path(), &server.url, &options, Arc::new(())).await;
    assert_eq!(pushed.unwrap().etag, etag(&new));
    server.end();
}

#[tokio::test]
async fn a_patch_that_gave_something_else_is_made_of_longer_sums_and_then_the_whole_is_sent() {
    let (old, new) = pair();
    let wrong =
        || reply("422 Unprocessable Content", b"{\"type\":\"urn:sigdelta:problem:damaged\"}");
    let whole = new.clone();
    let made = format!("204 No Content\r\netag: {}", etag(&new));
    let server = Server::by(vec![
        head_of(&old).into(),
        signature_of(old.clone()),
        sums_of(old.clone()),
        wrong().into(),
        signature_of(old.clone()),
        sums_of(old.clone()),
        wrong().into(),
        Box::new(move |came| {
            assert_eq!(came.line, "PUT /v1/o/k");
            assert!(came.body == whole);
            reply(&made, b"")
        }),
    ]);
    let file = file(&new);
    let pushed = client().push(file.path(), &server.url, &PushOptions::new(), Arc::new(())).await;
    assert_eq!(pushed.unwrap().method, Method::Full);
    let came = server.end();
    let salt = came[4].line.rsplit_once("&salt=").unwrap().1;
    assert!(came[4].line.contains("&sum=16"));
    assert!(salt.len() == 32 && salt.bytes().all(|byte| byte.is_ascii_hexdigit()), "{salt}");
}

#[tokio::test]
async fn a_file_at_hand_that_is_the_old_one_saves_the_questions() {
    let (old, new) = pair();
    let mut head = head_of(&old);
    let root = format!("HTTP/1.1 200 OK\r\nsigdelta-root: {}\r\n", Root::of(&old));
    head.text.splice(..b"HTTP/1.1 200 OK\r\n".len(), root.into_bytes());
    for head in [head, head_of(&old)] {
        let server = Server::by(vec![head.into(), patched(old.clone(), new.clone())]);
        let (base, file) = (file(&old), file(&new));
        let options = PushOptions::new().base(base.path().to_owned());
        let pushed = client().push(file.path(), &server.url, &options, Arc::new(())).await;
        let pushed = pushed.unwrap();
        assert_eq!((pushed.method, pushed.traffic.rounds), (Method::Base, 1));
        server.end();
    }
}

#[tokio::test]
async fn a_server_of_librsync_alone_gets_a_delta_of_its_own() {
    let (old, new) = pair();
    let (basis, expected) = (old.clone(), new.clone());
    let server = Server::by(vec![
        head_of(&old).into(),
        reply("400 Bad Request", b"").into(),
        Box::new(move |came| {
            assert!(came.line.starts_with("GET /v1/sig/k?format=librsync&block="), "{}", came.line);
            let number = |name: &str| {
                let value = came.line.split_once(name).unwrap().1;
                value.split('&').next().unwrap().parse::<u32>().unwrap()
            };
            let options = SignatureOptions::new()
                .block_len(number("&block="))
                .strong_len(StrongLen::Bytes(number("&sum=")));
            let signature = sigdelta::signature(&old, &options).unwrap();
            reply(&format!("200 OK\r\ndelta-base: {}", etag(&old)), &signature)
        }),
        Box::new(move |came| {
            assert!(came.has("content-type: application/vnd.librsync.delta"));
            let delta = match came.has("content-encoding: zstd") {
                true => zstd::decode_all(&came.body[..]).unwrap(),
                false => came.body.clone(),
            };
            assert!(sigdelta::patch(&basis, &delta).unwrap() == expected);
            reply(&format!("204 No Content\r\netag: {}", etag(&expected)), b"")
        }),
    ]);
    let file = file(&new);
    let pushed = client().push(file.path(), &server.url, &PushOptions::new(), Arc::new(())).await;
    assert_eq!(pushed.unwrap().method, Method::Librsync);
    server.end();
}

#[tokio::test]
async fn a_content_that_has_nothing_of_the_old_one_is_sent_whole() {
    let new = noise(300_000);
    let old = vec![1; 300_000];
    let made = format!("204 No Content\r\netag: {}", etag(&new));
    let whole = new.clone();
    let server = Server::by(vec![
        head_of(&old).into(),
        signature_of(old.clone()),
        sums_of(old),
        Box::new(move |came| {
            assert_eq!(came.line, "PUT /v1/o/k");
            assert!(came.body == whole);
            reply(&made, b"")
        }),
    ]);
    let file = file(&new);
    let pushed = client().push(file.path(), &server.url, &PushOptions::new(), Arc::new(())).await;
    assert_eq!(pushed.unwrap().method, Method::Full);
    server.end();
}

#[tokio::test]
async fn a_whole_file_is_compressed_if_that_pays() {
    let new: Vec<u8> = (0..900_000u32).flat_map(|n| format!("{n:x} ").into_bytes()).collect();
    let made = format!("201 Created\r\netag: {}", etag(&new));
    let whole = new.clone();
    let server = Server::by(vec![
        reply("404 Not Found", b"").into(),
        Box::new(move |came| {
            assert!(came.line == "PUT /v1/o/k" && came.has("content-encoding: zstd"));
            assert!(zstd::decode_all(&came.body[..]).unwrap() == whole);
            reply(&made, b"")
        }),
    ]);
    let file = file(&new);
    let pushed = client().push(file.path(), &server.url, &PushOptions::new(), Arc::new(())).await;
    let pushed = pushed.unwrap();
    assert!(pushed.payload_bytes < pushed.bytes / 2, "{pushed:?}");
    server.end();
}

/// Answers the rest of an upload of `whole`, of which `start` bytes have come.
fn rest_of(whole: Vec<u8>, start: usize) -> Answer {
    Box::new(move |came| {
        assert_eq!(came.line, "PATCH /v1/u/7");
        assert!(came.has(&format!("upload-offset: {start}")) && came.has("upload-complete: ?1"));
        assert!(came.has("content-type: application/partial-upload"));
        assert!(came.body == whole[start..]);
        reply(&format!("201 Created\r\netag: {}", etag(&whole)), b"")
    })
}

fn offset(bytes: usize) -> Answer {
    reply(&format!("204 No Content\r\nupload-offset: {bytes}"), b"").into()
}

#[tokio::test]
async fn an_upload_goes_on_where_it_broke_off_also_for_another_client() {
    let content = noise(100_000);
    let whole = content.clone();
    let server = Server::by(vec![
        reply("404 Not Found", b"").into(),
        Box::new(move |came| {
            assert_eq!(came.line, "POST /v1/up/k");
            assert!(came.body.is_empty());
            for header in [
                "sigdelta-method: PUT",
                "upload-complete: ?0",
                "upload-length: 100000",
                "content-type: application/octet-stream",
                "if-none-match: *",
            ] {
                assert!(
                    came.headers.iter().any(|line| line.eq_ignore_ascii_case(header)),
                    "{header}"
                );
            }
            let at = "http://127.0.0.1/v1/u/7";
            reply(&format!("201 Created\r\nlocation: {at}\r\nupload-offset: 0"), b"")
        }),
        hang_up().into(),
        offset(30_000),
        hang_up().into(), // not counted, since it had come further
        offset(30_000),
        hang_up().into(),
        // The next client.
        offset(60_000),
        rest_of(whole, 60_000),
    ]);
    let (file, state) = (file(&content), tempfile::tempdir().unwrap());
    let options = PushOptions::new().resume_dir(state.path().join("sigdelta"));
    let client = Client::new(ClientOptions::new().retries(1)).unwrap();
    let pushed = client.push(file.path(), &server.url, &options, Arc::new(())).await;
    assert!(matches!(pushed, Err(Error::Broken { .. })), "{pushed:?}");
    let pushed = client.push(file.path(), &server.url, &options, Arc::new(())).await.unwrap();
    assert_eq!((pushed.method, pushed.payload_bytes), (Method::Full, 100_000));
    assert!(pushed.traffic.sent_bytes < 41_000, "{pushed:?}");
    assert_eq!(std::fs::read_dir(state.path().join("sigdelta")).unwrap().count(), 0);
    server.end();
}

#[tokio::test]
async fn an_upload_that_the_server_forgot_or_of_another_content_begins_anew() {
    let content = noise(50_000);
    let begun = || {
        let text = "201 Created\r\nlocation: /v1/u/7\r\nupload-offset: 0";
        Answer::from(reply(text, b""))
    };
    let (first, second) = (file(&content), file(&content[1..]));
    let state = tempfile::tempdir().unwrap();
    let options = PushOptions::new().resume_dir(state.path().to_owned());
    let client = Client::new(ClientOptions::new().retries(0)).unwrap();
    let server = Server::by(vec![
        reply("404 Not Found", b"").into(),
        begun(),
        hang_up().into(),
        // The same content, but the upload has expired.
        reply("404 Not Found", b"").into(),
        reply("404 Not Found", b"").into(),
        begun(),
        hang_up().into(),
        // Another content in the same file: nothing is asked of the upload.
        reply("404 Not Found", b"").into(),
        begun(),
        rest_of(content[1..].to_vec(), 0),
    ]);
    for _ in 0..2 {
        let pushed = client.push(first.path(), &server.url, &options, Arc::new(())).await;
        assert!(matches!(pushed, Err(Error::Broken { .. })), "{pushed:?}");
    }
    std::fs::copy(second.path(), first.path()).unwrap();
    client.push(first.path(), &server.url, &options, Arc::new(())).await.unwrap();
    assert_eq!(std::fs::read_dir(state.path()).unwrap().count(), 0);
    server.end();
}

#[tokio::test]
async fn an_upload_of_what_has_come_meanwhile_is_done_before_it_begins() {
    let content = noise(5000);
    let there = format!("204 No Content\r\netag: {}", etag(&content));
    let server = Server::new(vec![reply("404 Not Found", b""), reply(&there, b"")]);
    let (file, state) = (file(&content), tempfile::tempdir().unwrap());
    let options = PushOptions::new().resume_dir(state.path().to_owned());
    client().push(file.path(), &server.url, &options, Arc::new(())).await.unwrap();
    assert!(server.end()[1].body.is_empty());
}

#[tokio::test]
async fn a_download_goes_on_for_another_client() {
    let content = noise(200_000);
    let tag = etag(&content);
    let server = Server::by(vec![
        head_of(&content).into(),
        broken(&format!("200 OK\r\netag: {tag}"), &content, 70_000).into(),
        head_of(&content).into(),
        Box::new(move |came| {
            assert!(came.has("range: bytes=70000-"), "{came:?}");
            let range = "bytes 70000-199999/200000";
            let head = format!("206 Partial Content\r\netag: {tag}\r\ncontent-range: {range}");
            reply(&head, &content[70_000..])
        }),
    ]);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    let options = PullOptions::new().resume_dir(folder.path().join("state"));
    let client = Client::new(ClientOptions::new().retries(0)).unwrap();
    let pulled = client.pull(&server.url, &path, &options, Arc::new(())).await;
    assert!(matches!(pulled, Err(Error::Broken { .. })), "{pulled:?}");
    assert!(!path.exists());
    let pulled = client.pull(&server.url, &path, &options, Arc::new(())).await.unwrap();
    assert_eq!((pulled.bytes, pulled.payload_bytes), (200_000, 130_000));
    assert!(std::fs::read(&path).unwrap() == noise(200_000));
    assert_eq!(std::fs::read_dir(folder.path().join("state")).unwrap().count(), 0);
    server.end();
}

#[tokio::test]
async fn a_dry_run_changes_nothing_and_an_unchanged_file_asks_once() {
    let (old, new) = pair();
    let server =
        Server::by(vec![head_of(&old).into(), signature_of(old.clone()), sums_of(old.clone())]);
    let (file, options) = (file(&new), PushOptions::new().dry_run(true));
    let planned = client().push(file.path(), &server.url, &options, Arc::new(())).await.unwrap();
    assert_eq!(planned.method, Method::Layered);
    assert!(planned.payload_bytes > 0);
    assert!(
        server.end().iter().all(|came| !came.line.starts_with('P') || came.line.contains("/fine/"))
    );

    let server = Server::new(vec![head_of(&new)]);
    let pushed = client().push(file.path(), &server.url, &PushOptions::new(), Arc::new(())).await;
    assert_eq!(pushed.unwrap().method, Method::Unchanged);
    assert!(server.end()[0].len < 200);
}

#[tokio::test]
async fn a_pull_sends_a_signature_and_applies_what_comes() {
    let (old, new) = pair();
    let result = new.clone();
    let has = format!("if-none-match: {}", etag(&old));
    let head = format!("206 Partial Content\r\netag: {}\r\ncontent-range: ", etag(&new));
    let first_byte = reply(&format!("{head}bytes 0-0/{}", new.len()), &new[..1]);
    let server = Server::by(vec![
        Box::new(move |came| {
            assert_eq!(came.line, "GET /v1/o/k");
            assert!(came.has("a-im: sigdelta") && came.has(&has) && came.has("range: bytes=0-0"));
            first_byte
        }),
        Box::new(move |came| {
            assert_eq!(came.line, "POST /v1/delta/k");
            assert!(came.has("accept: application/vnd.sigdelta.patch"));
            let signature = ChunkSignature::decode(&came.body).unwrap();
            let (len, new) = (result.len() as u64, Arc::new(result.clone()));
            let survey = Survey::new(signature, new, len, SurveyOptions::new(), &mut ()).unwrap();
            let mut patch = Vec::new();
            survey.patch(&mut patch, MakeOptions::new(), &mut ()).unwrap();
            reply(&format!("200 OK\r\netag: {}", etag(&result)), &patch)
        }),
    ]);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    std::fs::write(&path, &old).unwrap();
    let pulled =
        client().pull(&server.url, &path, &PullOptions::new(), Arc::new(())).await.unwrap();
    assert_eq!((pulled.method, pulled.traffic.rounds), (Method::Layered, 1));
    assert!(std::fs::read(&path).unwrap() == new);
    assert!(pulled.saved_bytes() > 350_000, "{pulled:?}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    server.end();
}
