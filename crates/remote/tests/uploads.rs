//! Uploads in parts: what came stays, and the operation is done when all is there.

mod common;

use std::fs;
use std::io::Write;
use std::time::{Duration, Instant};

use common::{LIBRSYNC_DELTA, Reply, TestServer, head, librsync_delta, noise, pair};
use sigdelta_remote::protocol::{Digest, Kind};
use sigdelta_remote::server::{Limits, Timeouts};

fn start(server: &TestServer, headers: &[(&str, &str)], body: &[u8]) -> Reply {
    server.send("POST", "/v1/up/a", headers, body)
}

fn part(server: &TestServer, path: &str, offset: usize, complete: &str, body: &[u8]) -> Reply {
    let offset = offset.to_string();
    let headers = [
        ("Content-Type", "application/partial-upload"),
        ("Upload-Offset", offset.as_str()),
        ("Upload-Complete", complete),
    ];
    server.send("PATCH", path, &headers, body)
}

/// Starts the upload of a content and returns its path.
fn start_put(server: &TestServer, content: &[u8]) -> String {
    let (digest, len) = (Digest::of(content).repr_digest(), content.len().to_string());
    let headers = [
        ("Sigdelta-Method", "PUT"),
        ("Upload-Complete", "?0"),
        ("Upload-Length", len.as_str()),
        ("Repr-Digest", &digest),
    ];
    let started = start(server, &headers, b"").expect(201);
    assert_eq!(started.header("upload-offset"), Some("0"));
    started.header("location").unwrap().to_owned()
}

#[test]
fn a_content_comes_in_parts() {
    let server = TestServer::start();
    let content = noise(1, 1_000_000);
    let upload = start_put(&server, &content);
    let first = part(&server, &upload, 0, "?0", &content[..300_000]).expect(204);
    assert_eq!(first.header("upload-offset"), Some("300000"));
    assert_eq!(first.header("upload-complete"), Some("?0"));
    let wrong = part(&server, &upload, 0, "?0", &content[..300_000]).expect(409);
    assert_eq!(wrong.problem(), Kind::OffsetMismatch);
    assert_eq!(wrong.header("upload-offset"), Some("300000"));
    let state = server.send("HEAD", &upload, &[], b"").expect(204);
    assert_eq!(state.header("upload-offset"), Some("300000"));
    assert_eq!(state.header("upload-length"), Some("1000000"));
    assert_eq!(state.header("upload-complete"), Some("?0"));
    assert_eq!(state.header("cache-control"), Some("no-store"));
    server.get("/v1/o/a").expect(404);
    let done = part(&server, &upload, 300_000, "?1", &content[300_000..]).expect(201);
    assert_eq!(done.header("etag"), Some(Digest::of(&content).etag().as_str()));
    assert_eq!(done.header("upload-complete"), Some("?1"));
    assert!(server.content("a") == content);
    server.send("HEAD", &upload, &[], b"").expect(404);
    part(&server, &upload, 1_000_000, "?1", b"").expect(404);
    assert!(server.leftovers().is_empty());
}

#[test]
fn conditions_of_a_delta_in_parts_are_looked_at_when_it_is_complete() {
    let server = TestServer::start();
    let (old, new) = pair(2, 400_000);
    let delta = librsync_delta(&old, &new);
    let (tag, digest) = (Digest::of(&old).etag(), Digest::of(&new).repr_digest());
    let headers = [
        ("Sigdelta-Method", "PATCH"),
        ("Content-Type", LIBRSYNC_DELTA),
        ("If-Match", tag.as_str()),
        ("Repr-Digest", digest.as_str()),
        ("Upload-Complete", "?0"),
    ];
    server.put("a", &old).expect(201);
    let begin = || {
        let started = start(&server, &headers, &delta[..10]).expect(201);
        assert_eq!(started.header("upload-offset"), Some("10"));
        started.header("location").unwrap().to_owned()
    };
    let (one, two) = (begin(), begin());
    part(&server, &one, 10, "?1", &delta[10..]).expect(204);
    assert!(server.content("a") == new);
    // The content is already what shall come of the other.
    part(&server, &two, 10, "?1", &delta[10..]).expect(204);
    server.put("a", &old).expect(204);
    let late = begin();
    server.put("a", b"something else").expect(204);
    assert_eq!(
        part(&server, &late, 10, "?1", &delta[10..]).expect(412).problem(),
        Kind::PreconditionFailed
    );
    assert_eq!(server.content("a"), b"something else");
    assert_eq!(start(&server, &headers, b"").expect(412).problem(), Kind::PreconditionFailed);
    assert!(server.leftovers().is_empty());
}

#[test]
fn put_and_patch_start_uploads_as_well() {
    let server = TestServer::start();
    let digest = Digest::of(b"content").repr_digest();
    let headers = [("Upload-Complete", "?0"), ("Repr-Digest", &digest)];
    let started = server.send("PUT", "/v1/o/a", &headers, b"con").expect(201);
    let upload = started.header("location").unwrap();
    part(&server, upload, 3, "?1", b"tent").expect(201);
    assert_eq!(server.content("a"), b"content");
    let whole = [("Upload-Complete", "?1"), ("Repr-Digest", &digest)];
    server.send("PUT", "/v1/o/b", &whole, b"content").expect(201);
    let whole = [("Sigdelta-Method", "PUT"), ("Upload-Complete", "?1"), ("Repr-Digest", &digest)];
    server.send("POST", "/v1/up/c", &whole, b"content").expect(201);
    assert_eq!(server.content("c"), b"content");
    assert!(server.leftovers().is_empty());
}

#[test]
fn what_came_before_a_connection_broke_stays() {
    let server = TestServer::start();
    let content = noise(3, 2_000_000);
    let upload = start_put(&server, &content);
    let headers = [
        ("Content-Type", "application/partial-upload"),
        ("Upload-Offset", "0"),
        ("Upload-Complete", "?1"),
    ];
    let mut stream = server.connect();
    stream.write_all(head("PATCH", &upload, &headers, content.len()).as_bytes()).unwrap();
    stream.write_all(&content[..1_500_000]).unwrap();
    drop(stream);
    // Asking at once would end the request before the server has read what is on its way.
    let is_data = |path: &std::path::PathBuf| path.extension().is_some_and(|end| end == "data");
    let data = server.leftovers().into_iter().find(is_data).unwrap();
    let deadline = Instant::now() + Duration::from_secs(20);
    while fs::metadata(&data).unwrap().len() < 1_500_000 {
        assert!(Instant::now() < deadline, "{} bytes", fs::metadata(&data).unwrap().len());
        std::thread::sleep(Duration::from_millis(10));
    }
    let state = server.send("HEAD", &upload, &[], b"").expect(204);
    let offset: usize = state.header("upload-offset").unwrap().parse().unwrap();
    assert_eq!(offset, 1_500_000);
    part(&server, &upload, offset, "?1", &content[offset..]).expect(201);
    assert!(server.content("a") == content);
}

#[test]
fn a_newer_request_takes_over_from_one_that_hangs() {
    let server = TestServer::start();
    let content = noise(4, 100_000);
    let upload = start_put(&server, &content);
    let headers = [
        ("Content-Type", "application/partial-upload"),
        ("Upload-Offset", "0"),
        ("Upload-Complete", "?1"),
    ];
    let mut hanging = server.connect();
    hanging.write_all(head("PATCH", &upload, &headers, content.len()).as_bytes()).unwrap();
    hanging.write_all(&content[..1000]).unwrap();
    std::thread::sleep(Duration::from_millis(300));
    let begun = Instant::now();
    let state = server.send("HEAD", &upload, &[], b"").expect(204);
    let offset: usize = state.header("upload-offset").unwrap().parse().unwrap();
    assert_eq!(offset, 1000);
    part(&server, &upload, offset, "?1", &content[offset..]).expect(201);
    assert!(begun.elapsed() < Duration::from_secs(20));
    assert!(server.content("a") == content);
}

#[test]
fn uploads_that_are_not_right_are_refused() {
    let limits = Limits { result_bytes: 1000, delta_bytes: 500, uploads: 2, ..Limits::default() };
    let server = TestServer::with_limits(limits);
    let digest = Digest::of(b"x").repr_digest();
    let put = ("Sigdelta-Method", "PUT");
    let announced = ("Repr-Digest", digest.as_str());
    let open = ("Upload-Complete", "?0");
    for (headers, status) in [
        (vec![announced, open], 400),
        (vec![("Sigdelta-Method", "DELETE"), announced, open], 400),
        (vec![put, announced], 400),
        (vec![put, open], 400),
        (vec![put, announced, ("Upload-Complete", "1")], 400),
        (vec![put, announced, open, ("Upload-Length", "-1")], 400),
        (vec![put, announced, open, ("Upload-Length", "1001")], 413),
        (vec![("Sigdelta-Method", "PATCH"), announced, open], 415),
    ] {
        start(&server, &headers, b"").expect(status).problem();
    }
    let upload = start_put(&server, &[b'x'; 100]);
    assert_eq!(part(&server, &upload, 0, "?0", &[b'x'; 101]).expect(413).problem(), Kind::TooLarge);
    assert_eq!(
        server.send("PATCH", &upload, &[], b"x").expect(415).problem(),
        Kind::UnsupportedMedia
    );
    let other = start_put(&server, &[b'y'; 100]);
    let full = start(&server, &[put, announced, open], b"").expect(503);
    assert_eq!(full.problem(), Kind::TooManyUploads);
    server.send("DELETE", &other, &[], b"").expect(204);
    server.send("DELETE", &other, &[], b"").expect(404);
    let other = start_put(&server, &[b'y'; 100]);
    assert_eq!(part(&server, &other, 0, "?1", &[b'y'; 99]).expect(400).problem(), Kind::BadRequest);
    // It said that this is all, and it is not what was announced.
    assert_eq!(part(&server, &other, 99, "?1", b"z").expect(422).problem(), Kind::DigestMismatch);
    server.send("HEAD", &other, &[], b"").expect(404);
}

#[test]
fn an_upload_expires() {
    let timeouts = Timeouts { upload: Duration::from_secs(1), ..Timeouts::default() };
    let server = TestServer::with_timeouts(timeouts);
    let upload = start_put(&server, b"content");
    server.send("HEAD", &upload, &[], b"").expect(204);
    std::thread::sleep(Duration::from_millis(1100));
    server.send("HEAD", &upload, &[], b"").expect(404);
    part(&server, &upload, 0, "?1", b"content").expect(404);
    assert_eq!(fs::read_dir(server.root().join(".sigdelta/uploads")).unwrap().count(), 2);
}
