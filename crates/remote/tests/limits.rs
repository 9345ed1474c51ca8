//! Clients that ask for too much, are too slow or mean harm: each gets the right answer, and others are served.

mod common;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use common::{LIBRSYNC_DELTA, PATCH, Reply, TestServer, finish, head, layered_patch, noise};
use sigdelta_remote::protocol::{Digest, Kind};
use sigdelta_remote::server::{BindError, Limits, Server, ServerOptions, Timeouts, Tokens};
use sigdelta_remote::storage::{Folder, FolderOptions};

#[test]
fn contents_that_are_too_long_are_refused_however_they_come() {
    let limits = Limits { result_bytes: 100_000, delta_bytes: 50_000, ..Limits::default() };
    let server = TestServer::with_limits(limits);
    server.put("a", &noise(1, 100_000)).expect(201);
    assert_eq!(server.put("a", &noise(1, 100_001)).expect(413).problem(), Kind::TooLarge);
    // Of unknown length.
    let mut stream = server.connect();
    let header = "PUT /v1/o/a HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n";
    stream.write_all(header.as_bytes()).unwrap();
    for _ in 0..3 {
        stream.write_all(b"c350\r\n").unwrap();
        stream.write_all(&[b'x'; 50_000]).unwrap();
        stream.write_all(b"\r\n").unwrap();
    }
    assert_eq!(finish(stream).expect(413).problem(), Kind::TooLarge);
    // By deltas of a few bytes.
    let old = server.content("a");
    let new = [&old[..], &old[..]].concat();
    let copies =
        [&b"rs\x026"[..], b"\x47\x00\x00\x01\x86\xa0", b"\x47\x00\x00\x01\x86\xa0", b"\x00"];
    let delta = copies.concat();
    let reply = server.patch("a", LIBRSYNC_DELTA, &old, &new, &delta);
    assert_eq!(reply.expect(413).problem(), Kind::TooLarge);
    let patch = layered_patch(&old, &new);
    assert_eq!(server.patch("a", PATCH, &old, &new, &patch).expect(413).problem(), Kind::TooLarge);
    let long = noise(2, 50_001);
    assert_eq!(server.patch("a", PATCH, &old, &new, &long).expect(413).problem(), Kind::TooLarge);
    assert!(server.content("a") == old && server.leftovers().is_empty());
}

#[test]
fn what_grows_when_it_is_decoded_is_stopped_at_the_limit() {
    let limits = Limits { result_bytes: 1 << 20, delta_bytes: 1 << 20, ..Limits::default() };
    let server = TestServer::with_limits(limits);
    server.put("a", b"old").expect(201);
    // 256 MiB of zeros.
    let bomb = zstd::encode_all(std::io::repeat(0).take(256 << 20), 3).unwrap();
    assert!(bomb.len() < 100_000);
    let put = server.send("PUT", "/v1/o/a", &[("Content-Encoding", "zstd")], &bomb);
    assert_eq!(put.expect(413).problem(), Kind::TooLarge);
    let (tag, digest) = (Digest::of(b"old").etag(), Digest::of(b"new").repr_digest());
    let literal = [&b"rs\x026\x44\x10\x00\x00\x00"[..], &vec![0; 256 << 20]].concat();
    let bomb = zstd::encode_all(&literal[..], 3).unwrap();
    let headers = [
        ("Content-Type", LIBRSYNC_DELTA),
        ("Content-Encoding", "zstd"),
        ("If-Match", &tag),
        ("Repr-Digest", &digest),
    ];
    assert_eq!(
        server.send("PATCH", "/v1/o/a", &headers, &bomb).expect(413).problem(),
        Kind::TooLarge
    );
    // A window of more memory than decoders must have.
    let mut encoder = zstd::Encoder::new(Vec::new(), 1).unwrap();
    encoder.window_log(27).unwrap();
    encoder.long_distance_matching(true).unwrap();
    encoder.write_all(&vec![7; 300_000]).unwrap();
    let wide = encoder.finish().unwrap();
    let put = server.send("PUT", "/v1/o/a", &[("Content-Encoding", "zstd")], &wide);
    assert_eq!(put.expect(422).problem(), Kind::Damaged);
    assert_eq!(server.content("a"), b"old");
}

#[test]
fn deltas_of_too_many_commands_are_refused() {
    let limits = Limits { commands_per_mib: 1000, ..Limits::default() };
    let server = TestServer::with_limits(limits);
    let old = noise(3, 10_000);
    server.put("a", &old).expect(201);
    let delta = |commands: usize| {
        let mut delta = b"rs\x026".to_vec();
        for n in 0..commands {
            delta.extend([0x49, (n >> 8) as u8, n as u8, 1]);
        }
        delta.push(0);
        delta
    };
    // Command 0x49 copies with a position of two bytes and a length of one.
    let new = |commands: usize| old[..commands].to_vec();
    let patch =
        |commands: usize| server.patch("a", LIBRSYNC_DELTA, &old, &new(commands), &delta(commands));
    // END counts as well.
    assert_eq!(patch(1000).expect(413).problem(), Kind::TooLarge);
    patch(999).expect(204);
}

#[test]
fn a_job_that_takes_too_long_is_given_up() {
    let timeouts = Timeouts { work: Duration::ZERO, ..Timeouts::default() };
    let server = TestServer::with_timeouts(timeouts);
    std::fs::write(server.file("a"), noise(4, 1_000_000)).unwrap();
    let reply = server.get("/v1/sig/a?format=librsync");
    assert!(matches!(reply.status, 413 | 503), "{reply:?}");
    assert!(matches!(reply.problem(), Kind::TooMuchWork | Kind::Busy));
    server.get("/v1/o/a").expect(200);
}

#[test]
fn slow_clients_are_cut_off() {
    let timeouts = Timeouts {
        header: Duration::from_millis(300),
        idle: Duration::from_millis(300),
        grace: Duration::from_millis(600),
        min_rate: 100_000,
        ..Timeouts::default()
    };
    let server = TestServer::with_timeouts(timeouts);
    let started = Instant::now();
    // A header that never ends, and a connection that says nothing.
    let mut slow_header = server.connect();
    slow_header.write_all(b"GET /v1/o/a HTTP/1.1\r\nHost:").unwrap();
    let mut silent = server.connect();
    // One that says nothing more after a request.
    let mut idle = server.connect();
    idle.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    // A body that stops, and one that drips.
    let mut stopped = server.connect();
    stopped.write_all(head("PUT", "/v1/o/a", &[], 1000).as_bytes()).unwrap();
    stopped.write_all(b"some").unwrap();
    let mut dripping = server.connect();
    dripping.write_all(head("PUT", "/v1/o/a", &[], 1_000_000).as_bytes()).unwrap();
    let mut drip = dripping.try_clone().unwrap();
    let dripper = std::thread::spawn(move || {
        while drip.write_all(b"x").is_ok() && started.elapsed() < Duration::from_secs(20) {
            std::thread::sleep(Duration::from_millis(50));
        }
    });
    assert_eq!(finish(stopped).expect(408).problem(), Kind::TooSlow);
    assert_eq!(finish(dripping).expect(408).problem(), Kind::TooSlow);
    dripper.join().unwrap();
    let mut rest = Vec::new();
    let _ = silent.read_to_end(&mut rest);
    let _ = slow_header.read_to_end(&mut rest);
    let _ = idle.read_to_end(&mut rest);
    assert!(started.elapsed() < Duration::from_secs(15), "{:?}", started.elapsed());
    server.get("/v1/o/a").expect(404);
    assert!(server.leftovers().is_empty());
}

#[test]
fn who_does_not_read_what_it_asked_for_is_cut_off() {
    let timeouts = Timeouts { idle: Duration::from_millis(500), ..Timeouts::default() };
    let server = TestServer::with_timeouts(timeouts);
    let len = 64 << 20;
    std::fs::write(server.file("a"), vec![7; len]).unwrap();
    let mut stream = server.connect();
    stream.write_all(head("GET", "/v1/o/a", &[], 0).as_bytes()).unwrap();
    std::thread::sleep(Duration::from_secs(2));
    let mut received = Vec::new();
    let _ = stream.read_to_end(&mut received);
    assert!(received.len() < len, "everything came after two seconds of silence");
}

#[test]
fn headers_have_limits() {
    let server = TestServer::start();
    let long = "x".repeat(100_000);
    let many: Vec<(&str, &str)> = vec![("X-Many", "x"); 200];
    for headers in [vec![("X-Long", long.as_str())], many] {
        let mut stream = server.connect();
        let _ = stream.write_all(head("GET", "/healthz", &headers, 0).as_bytes());
        assert_eq!(finish(stream).status, 431);
    }
    let path = format!("/v1/o/{}", "a/".repeat(2000));
    assert_eq!(server.get(&path).expect(400).problem(), Kind::BadKey);
    server.get("/healthz").expect(200);
}

#[test]
fn requests_beyond_the_limit_are_told_to_come_again() {
    let limits = Limits { requests: 2, ..Limits::default() };
    let server = TestServer::with_limits(limits);
    let begin = || {
        let mut stream = server.connect();
        stream.write_all(head("PUT", "/v1/o/a", &[], 4).as_bytes()).unwrap();
        stream.write_all(b"xx").unwrap();
        stream
    };
    let mut open: Vec<TcpStream> = (0..2).map(|_| begin()).collect();
    // They are let in before anything else asks.
    std::thread::sleep(Duration::from_secs(1));
    let refused = server.get("/v1/o/a").expect(503);
    assert_eq!((refused.problem(), refused.header("retry-after")), (Kind::Busy, Some("5")));
    server.get("/healthz").expect(200);
    for stream in &mut open {
        stream.write_all(b"yy").unwrap();
    }
    for stream in open {
        assert!(matches!(finish(stream).status, 201 | 204));
    }
    server.get("/v1/o/a").expect(200);
}

#[test]
fn connections_beyond_the_limit_wait() {
    let limits = Limits { connections: 2, ..Limits::default() };
    let server = TestServer::with_limits(limits);
    let (one, two) = (server.connect(), server.connect());
    std::thread::sleep(Duration::from_millis(200));
    let mut third = server.connect();
    third.write_all(head("GET", "/healthz", &[], 0).as_bytes()).unwrap();
    third.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
    assert!(third.read(&mut [0]).is_err());
    drop((one, two));
    third.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    assert_eq!(finish(third).status, 200);
}

#[test]
fn a_refusal_is_read_even_by_who_is_still_sending() {
    let server = TestServer::with_limits(Limits { result_bytes: 1000, ..Limits::default() });
    for _ in 0..20 {
        assert_eq!(server.put("a", &[7; 2 << 20]).expect(413).problem(), Kind::TooLarge);
    }
}

#[test]
fn who_waits_to_be_told_to_go_on_is_not_told_in_vain() {
    let server = TestServer::start();
    let send = |headers: &[(&str, &str)]| {
        let mut stream = server.connect();
        let headers = [headers, &[("Expect", "100-continue")]].concat();
        stream.write_all(head("PUT", "/v1/o/a", &headers, 7).as_bytes()).unwrap();
        let mut reply = [0; 12];
        stream.read_exact(&mut reply).unwrap();
        (String::from_utf8(reply.to_vec()).unwrap(), stream)
    };
    let (told, _) = send(&[("If-Match", "*")]);
    assert_eq!(told, "HTTP/1.1 412");
    let (told, mut stream) = send(&[]);
    assert_eq!(told, "HTTP/1.1 100");
    stream.write_all(b"content").unwrap();
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).unwrap();
    assert!(String::from_utf8_lossy(&rest).contains("HTTP/1.1 201"));
}

#[test]
fn tokens_decide_who_may_do_what() {
    let tokens = Tokens::parse("read reader\nwrite writer\n").unwrap();
    let server = TestServer::with(ServerOptions::new().tokens(tokens), FolderOptions::new());
    let send = |method: &str, token: &str, body: &[u8]| {
        let bearer = format!("Bearer {token}");
        server.send(method, "/v1/o/a", &[("Authorization", &bearer)], body)
    };
    let refused = server.put("a", b"x").expect(401);
    assert_eq!(refused.problem(), Kind::Unauthorized);
    assert_eq!(refused.header("www-authenticate"), Some("Bearer"));
    assert_eq!(send("PUT", "guess", b"x").expect(401).problem(), Kind::Unauthorized);
    assert_eq!(send("PUT", "reader", b"x").expect(403).problem(), Kind::Forbidden);
    send("PUT", "writer", b"x").expect(201);
    send("GET", "reader", b"").expect(200);
    send("GET", "writer", b"").expect(200);
    assert_eq!(send("DELETE", "reader", b"").expect(403).problem(), Kind::Forbidden);
    for path in ["/metrics", "/v1/l", "/v1/", "/v1/sig/a?format=librsync", "/nowhere"] {
        server.get(path).expect(401);
    }
    server.get("/healthz").expect(200);
}

#[test]
fn a_server_for_others_wants_tokens_and_tls() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let bind = |options: ServerOptions| {
        let folder = tempfile::tempdir().unwrap();
        let storage =
            std::sync::Arc::new(Folder::open(folder.path(), FolderOptions::new()).unwrap());
        let own = storage.own().to_owned();
        let everywhere = "0.0.0.0:0".parse().unwrap();
        runtime.block_on(Server::bind(everywhere, storage, &own, options))
    };
    let tokens = || Tokens::parse("read x").unwrap();
    assert!(matches!(bind(ServerOptions::new()), Err(BindError::Insecure { .. })));
    let only_tokens = ServerOptions::new().tokens(tokens());
    assert!(matches!(bind(only_tokens), Err(BindError::Insecure { .. })));
    assert!(bind(ServerOptions::new().insecure(true)).is_ok());
}

#[test]
fn figures_are_there_for_prometheus() {
    let server = TestServer::start();
    let (old, new) = common::pair(5, 100_000);
    server.put("a", &old).expect(201);
    let patch = layered_patch(&old, &new);
    server.patch("a", PATCH, &old, &new, &patch).expect(204);
    server.get("/v1/o/none").expect(404);
    let text = String::from_utf8(server.get("/metrics").expect(200).body).unwrap();
    let value = |name: &str| -> f64 {
        let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.unwrap_or_else(|| panic!("{name} is not in {text}")).parse().unwrap()
    };
    assert_eq!(value("sigdelta_requests_total{operation=\"put\",status=\"201\"}"), 1.0);
    assert_eq!(value("sigdelta_requests_total{operation=\"patch\",status=\"204\"}"), 1.0);
    assert_eq!(value("sigdelta_requests_total{operation=\"get\",status=\"404\"}"), 1.0);
    assert_eq!(value("sigdelta_received_bytes_total"), (old.len() + patch.len()) as f64);
    assert_eq!(value("sigdelta_saved_bytes_total"), (new.len() - patch.len()) as f64);
    assert_eq!(value("sigdelta_patch_ratio_count{kind=\"layered\"}"), 1.0);
    assert_eq!(value("sigdelta_requests_in_flight"), 1.0);
}

#[test]
fn requests_under_way_end_before_the_server_does() {
    let mut server = TestServer::start();
    let mut stream = server.connect();
    stream.write_all(head("PUT", "/v1/o/a", &[], 6).as_bytes()).unwrap();
    stream.write_all(b"con").unwrap();
    std::thread::sleep(Duration::from_millis(200));
    let finisher = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(300));
        stream.write_all(b"ent").unwrap();
        finish(stream).expect(201)
    });
    server.stop();
    finisher.join().unwrap();
    assert_eq!(server.content("a"), b"conent");
    assert!(TcpStream::connect(server.address).is_err());
}

#[test]
fn what_is_no_http_does_no_harm() {
    let server = TestServer::start();
    for bytes in [
        &noise(6, 100_000)[..],
        b"GET\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\xff\x09\xff\xff\xff\xff\xff",
        b"PUT /v1/o/a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef",
        b"PUT /v1/o/a HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"PUT /v1/o/a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999999999999999\r\n\r\n",
    ] {
        let mut stream = server.connect();
        let _ = stream.write_all(bytes);
        let _ = stream.shutdown(std::net::Shutdown::Write);
        let mut reply = Vec::new();
        let _ = stream.read_to_end(&mut reply);
        if let Some(reply) = Reply::parse(&reply) {
            assert!((400..500).contains(&reply.status), "{reply:?}");
        }
    }
    server.get("/v1/o/a").expect(404);
    server.put("a", b"x").expect(201);
}
