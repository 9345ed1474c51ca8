//! Resources over the wire: contents, conditions, ranges, deltas, and what is refused.

mod common;

use std::fs;
use std::io::Write;

use common::{LIBRSYNC_DELTA, PATCH, TestServer, layered_patch, librsync_delta, noise, pair};
use sigdelta::Root;
use sigdelta_remote::protocol::{Digest, Kind};
use sigdelta_remote::server::ServerOptions;
use sigdelta_remote::storage::FolderOptions;

#[test]
fn a_content_is_stored_as_the_plain_file_and_named_by_its_digest() {
    let server = TestServer::start();
    let content = noise(1, 300_000);
    let stored = server.put("some%20folder/file", &content).expect(201);
    assert!(server.content("some folder/file") == content);
    let digest = Digest::of(&content);
    assert_eq!(stored.header("etag"), Some(digest.etag().as_str()));
    let found = server.get("/v1/o/some%20folder/file").expect(200);
    assert!(found.body == content);
    assert_eq!(found.header("etag"), Some(digest.etag().as_str()));
    assert_eq!(found.header("repr-digest"), Some(digest.repr_digest().as_str()));
    assert_eq!(found.header("sigdelta-root"), Some(Root::of(&content).to_string().as_str()));
    assert_eq!(found.header("content-length"), Some("300000"));
    let head = server.send("HEAD", "/v1/o/some%20folder/file", &[], b"").expect(200);
    assert_eq!(head.header("content-length"), Some("300000"));
    assert_eq!(head.header("etag"), found.header("etag"));
    assert!(head.body.is_empty());
    server.put("some%20folder/file", b"").expect(204);
    assert!(server.get("/v1/o/some%20folder/file").expect(200).body.is_empty());
    server.send("DELETE", "/v1/o/some%20folder/file", &[], b"").expect(204);
    assert_eq!(server.get("/v1/o/some%20folder/file").expect(404).problem(), Kind::NotFound);
    assert!(!server.file("some folder").exists());
    server.send("DELETE", "/v1/o/some%20folder/file", &[], b"").expect(404);
    assert_eq!(server.leftovers(), Vec::<std::path::PathBuf>::new());
}

#[test]
fn conditions_decide_whether_anything_is_done() {
    let server = TestServer::start();
    let put = |condition: (&str, &str), content: &[u8]| {
        server.send("PUT", "/v1/o/a", &[condition], content)
    };
    let (first, second) = (Digest::of(b"first").etag(), Digest::of(b"second").etag());
    let refused = put(("If-Match", "*"), b"first").expect(412);
    assert_eq!((refused.problem(), refused.header("etag")), (Kind::PreconditionFailed, None));
    put(("If-None-Match", "*"), b"first").expect(201);
    let refused = put(("If-None-Match", "*"), b"second").expect(412);
    assert_eq!(refused.header("etag"), Some(first.as_str()));
    put(("If-Match", &second), b"second").expect(412);
    put(("If-Match", &format!("W/{first}")), b"second").expect(412);
    assert_eq!(server.content("a"), b"first");
    put(("If-Match", &format!("\"x\", {first}")), b"second").expect(204);
    put(("If-None-Match", &second), b"third").expect(412);
    put(("If-None-Match", &first), b"third").expect(204);
    put(("If-Match", "third"), b"fourth").expect(400);

    let tag = Digest::of(b"third").etag();
    let get = |condition: (&str, &str)| server.send("GET", "/v1/o/a", &[condition], b"");
    let unchanged = get(("If-None-Match", &tag)).expect(304);
    assert_eq!(unchanged.header("etag"), Some(tag.as_str()));
    assert!(unchanged.body.is_empty());
    get(("If-None-Match", &first)).expect(200);
    get(("If-Match", &first)).expect(412);
    get(("If-Match", &tag)).expect(200);
    let delete = |condition: (&str, &str)| server.send("DELETE", "/v1/o/a", &[condition], b"");
    assert_eq!(delete(("If-Match", &first)).expect(412).header("etag"), Some(tag.as_str()));
    delete(("If-Match", &tag)).expect(204);
}

#[test]
fn ranges_are_parts_of_the_content() {
    let server = TestServer::start();
    let content = noise(2, 1_000_000);
    server.put("a", &content).expect(201);
    let get = |range: &str| server.send("GET", "/v1/o/a", &[("Range", range)], b"");
    let part = get("bytes=999990-").expect(206);
    assert!(part.body == content[999_990..]);
    assert_eq!(part.header("content-range"), Some("bytes 999990-999999/1000000"));
    assert!(get("bytes=0-599999").expect(206).body == content[..600_000]);
    assert!(get("bytes=-5").expect(206).body == content[999_995..]);
    assert!(get("bytes=5-1").expect(200).body == content);
    assert!(get("lines=1-2").expect(200).body == content);
    let beyond = get("bytes=1000000-").expect(416);
    assert_eq!(beyond.problem(), Kind::RangeNotSatisfiable);
    assert_eq!(beyond.header("content-range"), Some("bytes */1000000"));
    let tag = Digest::of(&content).etag();
    for (tag, status) in [(tag.as_str(), 206), ("\"other\"", 200)] {
        let headers = [("Range", "bytes=0-0"), ("If-Range", tag)];
        server.send("GET", "/v1/o/a", &headers, b"").expect(status);
    }
}

#[test]
fn deltas_of_both_formats_change_a_content() {
    let server = TestServer::start();
    let (old, new) = pair(3, 400_000);
    for (media, delta) in
        [(LIBRSYNC_DELTA, librsync_delta(&old, &new)), (PATCH, layered_patch(&old, &new))]
    {
        server.put("a", &old);
        let changed = server.patch("a", media, &old, &new, &delta).expect(204);
        assert_eq!(changed.header("etag"), Some(Digest::of(&new).etag().as_str()));
        assert!(server.content("a") == new);
        // Once more, as after a reply that was lost: the condition does not hold any more.
        server.patch("a", media, &old, &new, &delta).expect(204);
        // Against something older, with something else as result.
        let refused = server.patch("a", media, &old, b"other", &delta).expect(412);
        assert_eq!(refused.header("etag"), Some(Digest::of(&new).etag().as_str()));
        assert!(server.content("a") == new);
        server.put("a", &old).expect(204);
    }
    assert!(server.leftovers().is_empty());
}

#[test]
fn deltas_that_are_not_right_change_nothing() {
    let server = TestServer::start();
    let (old, new) = pair(4, 200_000);
    server.put("a", &old).expect(201);
    let delta = librsync_delta(&old, &new);
    let patch = layered_patch(&old, &new);
    let foreign = layered_patch(&new, &old);
    let mut wrong = patch.clone();
    let middle = wrong.len() / 2;
    wrong[middle] ^= 1;
    let beyond = b"rs\x026\x47\x00\xff\xff\xff\x01\x00".to_vec();
    for (media, body, problem) in [
        (LIBRSYNC_DELTA, &delta[..delta.len() - 1], Kind::Damaged),
        (LIBRSYNC_DELTA, &b"rs\x026\x00"[..], Kind::DigestMismatch),
        (LIBRSYNC_DELTA, &b""[..], Kind::Damaged),
        (LIBRSYNC_DELTA, &patch[..], Kind::Damaged),
        (PATCH, &delta[..], Kind::Damaged),
        (PATCH, &patch[..patch.len() - 1], Kind::Damaged),
        (PATCH, &foreign[..], Kind::WrongBasis),
    ] {
        assert_eq!(server.patch("a", media, &old, &new, body).expect(422).problem(), problem);
        assert!(server.content("a") == old);
    }
    let status = server.patch("a", PATCH, &old, &new, &wrong).status;
    assert_eq!(status, 422);
    assert_eq!(
        server.patch("a", LIBRSYNC_DELTA, &old, &new, &beyond).expect(422).problem(),
        Kind::WrongBasis
    );
    assert_eq!(
        server.patch("none", PATCH, &old, &new, &patch).expect(404).problem(),
        Kind::NotFound
    );
    assert!(server.content("a") == old && server.leftovers().is_empty());
}

#[test]
fn a_patch_without_what_it_needs_is_told_what_is_missing() {
    let server = TestServer::start();
    server.put("a", b"old").expect(201);
    let (tag, digest) = (Digest::of(b"old").etag(), Digest::of(b"new").repr_digest());
    let media = ("Content-Type", LIBRSYNC_DELTA);
    let (tag, digest) = (("If-Match", tag.as_str()), ("Repr-Digest", digest.as_str()));
    let patch = |headers: &[(&str, &str)]| server.send("PATCH", "/v1/o/a", headers, b"rs");
    let refused = patch(&[tag, digest, ("Content-Type", "text/plain")]).expect(415);
    assert_eq!(refused.problem(), Kind::UnsupportedMedia);
    assert!(refused.header("accept-patch").unwrap().contains(PATCH));
    assert_eq!(patch(&[tag, digest]).expect(415).problem(), Kind::UnsupportedMedia);
    assert_eq!(patch(&[media, digest]).expect(428).problem(), Kind::PreconditionRequired);
    assert_eq!(patch(&[media, tag]).expect(400).problem(), Kind::DigestRequired);
    let malformed = ("Repr-Digest", "sha-256=abc");
    assert_eq!(patch(&[media, tag, malformed]).expect(400).problem(), Kind::DigestRequired);
    let encoding = ("Content-Encoding", "br");
    assert_eq!(
        patch(&[media, tag, digest, encoding]).expect(415).problem(),
        Kind::UnsupportedMedia
    );
    let range = ("Content-Range", "bytes 0-1/3");
    assert_eq!(
        server.send("PUT", "/v1/o/a", &[range], b"xx").expect(400).problem(),
        Kind::BadRequest
    );
    assert_eq!(server.content("a"), b"old");
}

#[test]
fn bodies_may_be_compressed() {
    let server = TestServer::start();
    let content = b"much the same, ".repeat(10_000);
    let zstd = zstd::encode_all(&content[..], 3).unwrap();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(&content).unwrap();
    let gzip = gzip.finish().unwrap();
    let put = |encoding: &str, body: &[u8]| {
        server.send("PUT", "/v1/o/a", &[("Content-Encoding", encoding)], body)
    };
    put("zstd", &zstd).expect(201);
    assert!(server.content("a") == content);
    server.put("a", b"").expect(204);
    put("gzip", &gzip).expect(204);
    assert!(server.content("a") == content);
    for (encoding, body) in [("zstd", &zstd), ("gzip", &gzip)] {
        let cut = put(encoding, &body[..body.len() - 1]).expect(422);
        assert_eq!(cut.problem(), Kind::Damaged, "{encoding}");
        assert_eq!(put(encoding, b"neither").expect(422).problem(), Kind::Damaged);
    }
    let twice = [("Content-Encoding", "zstd"), ("Content-Encoding", "gzip")];
    let refused = server.send("PUT", "/v1/o/a", &twice, &zstd).expect(415);
    assert_eq!(refused.problem(), Kind::UnsupportedMedia);
    let (old, new) = pair(5, 100_000);
    server.put("b", &old).expect(201);
    let delta = zstd::encode_all(&librsync_delta(&old, &new)[..], 3).unwrap();
    let (tag, digest) = (Digest::of(&old).etag(), Digest::of(&new).repr_digest());
    let headers = [
        ("Content-Type", LIBRSYNC_DELTA),
        ("Content-Encoding", "zstd"),
        ("If-Match", &tag),
        ("Repr-Digest", &digest),
    ];
    server.send("PATCH", "/v1/o/b", &headers, &delta).expect(204);
    assert!(server.content("b") == new);
}

#[test]
fn a_put_that_is_not_what_it_announces_changes_nothing() {
    let server = TestServer::start();
    server.put("a", b"old").expect(201);
    let digest = Digest::of(b"new").repr_digest();
    let put = |body: &[u8]| server.send("PUT", "/v1/o/a", &[("Repr-Digest", &digest)], body);
    assert_eq!(put(b"other").expect(422).problem(), Kind::DigestMismatch);
    assert_eq!(server.content("a"), b"old");
    put(b"new").expect(204);
    assert_eq!(server.content("a"), b"new");
    assert!(server.leftovers().is_empty());
}

#[test]
fn keys_that_lead_elsewhere_are_refused() {
    let server = TestServer::start();
    let outside = tempfile::tempdir().unwrap();
    fs::write(outside.path().join("secret"), "secret").unwrap();
    std::os::unix::fs::symlink(outside.path(), server.file("link")).unwrap();
    std::os::unix::fs::symlink(outside.path().join("secret"), server.file("file")).unwrap();
    for path in [
        "../secret",
        "%2e%2e/secret",
        "a/../../secret",
        "a//b",
        "/etc/passwd",
        ".",
        "..",
        "a/",
        "a/.",
        ".sigdelta/secret",
        "%2esigdelta/secret",
        "a/.sigdelta-x.tmp",
        "a%2fb",
        "a%00b",
        "a%5cb",
        "a%ff",
        "a%",
    ] {
        let path = format!("/v1/o/{path}");
        for method in ["GET", "PUT", "DELETE", "OPTIONS"] {
            assert_eq!(
                server.send(method, &path, &[], b"x").expect(400).problem(),
                Kind::BadKey,
                "{path}"
            );
        }
    }
    for path in ["/v1/o/link/secret", "/v1/o/file", "/v1/sig/file?format=librsync"] {
        server.get(path).expect(404);
    }
    assert_eq!(server.put("link/secret", b"x").expect(409).problem(), Kind::KeyConflict);
    assert_eq!(server.put("link/new", b"x").expect(409).problem(), Kind::KeyConflict);
    assert_eq!(server.put("file", b"x").expect(409).problem(), Kind::KeyConflict);
    server.send("DELETE", "/v1/o/file", &[], b"").expect(404);
    assert_eq!(fs::read(outside.path().join("secret")).unwrap(), b"secret");
    assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 1);
}

#[test]
fn a_file_and_a_folder_cannot_have_one_name() {
    let server = TestServer::start();
    server.put("a/b", b"x").expect(201);
    assert_eq!(server.put("a", b"x").expect(409).problem(), Kind::KeyConflict);
    assert_eq!(server.put("a/b/c", b"x").expect(409).problem(), Kind::KeyConflict);
    server.get("/v1/o/a").expect(404);
    server.get("/v1/o/a/b/c").expect(404);
    server.send("DELETE", "/v1/o/a/b", &[], b"").expect(204);
    server.put("a", b"x").expect(201);
}

#[test]
fn files_that_come_by_other_means_are_seen() {
    let server = TestServer::start();
    server.put("a", b"by the server").expect(201);
    fs::write(server.file("new"), "by hand, and other").unwrap();
    fs::rename(server.file("new"), server.file("a")).unwrap();
    let found = server.get("/v1/o/a").expect(200);
    assert_eq!(found.body, b"by hand, and other");
    assert_eq!(found.header("etag"), Some(Digest::of(b"by hand, and other").etag().as_str()));
    let put = server.send(
        "PUT",
        "/v1/o/a",
        &[("If-Match", &Digest::of(b"by the server").etag())],
        b"too late",
    );
    assert_eq!(put.expect(412).problem(), Kind::PreconditionFailed);
}

#[test]
fn another_file_with_the_length_and_the_time_of_one_is_another() {
    let server = TestServer::start();
    let time = std::time::SystemTime::now() - std::time::Duration::from_secs(1000);
    for content in [b"first one", b"other one", b"the third"] {
        // Without the old file its number is free again.
        let _ = fs::remove_file(server.file("a"));
        fs::write(server.file("a"), content).unwrap();
        fs::File::options()
            .append(true)
            .open(server.file("a"))
            .unwrap()
            .set_modified(time)
            .unwrap();
        std::thread::sleep(std::time::Duration::from_millis(60));
        for _ in 0..2 {
            let found = server.get("/v1/o/a").expect(200);
            assert_eq!(found.header("etag"), Some(Digest::of(content).etag().as_str()));
        }
    }
}

#[test]
fn folders_that_were_left_behind_without_a_file_are_in_nobodys_way() {
    let server = TestServer::start();
    fs::create_dir_all(server.file("a/b/c")).unwrap();
    fs::create_dir_all(server.file("a/d")).unwrap();
    server.put("a", b"x").expect(201);
    assert_eq!(server.content("a"), b"x");
    fs::create_dir_all(server.file("e/f")).unwrap();
    fs::write(server.file("e/f/g"), b"there").unwrap();
    assert_eq!(server.put("e", b"x").expect(409).problem(), Kind::KeyConflict);
    assert_eq!(server.content("e/f/g"), b"there");
    server.send("DELETE", "/v1/o/e", &[], b"").expect(404);
}

#[test]
fn names_of_strangers_are_not_this_server() {
    let server = TestServer::start();
    server.put("a", b"x").expect(201);
    for host in ["localhost", "LOCALHOST:7373", "127.0.0.1:1", "[::1]:7373", "192.168.1.2"] {
        server.send("GET", "/v1/o/a", &[("Host", host)], b"").expect(200);
    }
    for host in ["evil.example", "localhost.evil.example:7373", "127.0.0.1.evil.example"] {
        let refused = server.send("PUT", "/v1/o/a", &[("Host", host)], b"y").expect(421);
        assert_eq!(refused.problem(), Kind::WrongHost);
    }
    assert_eq!(server.content("a"), b"x");
    let insecure = ServerOptions::new().insecure(true);
    let server = TestServer::with(insecure, FolderOptions::new());
    server.send("PUT", "/v1/o/a", &[("Host", "files.example")], b"y").expect(201);
}

#[test]
fn what_is_the_servers_own_is_not_for_others_to_read() {
    use std::os::unix::fs::PermissionsExt;
    let server = TestServer::start();
    let mode = fs::metadata(server.root().join(".sigdelta")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
}

#[test]
fn permissions_of_a_file_stay() {
    use std::os::unix::fs::PermissionsExt;
    let server = TestServer::start();
    server.put("a", b"x").expect(201);
    fs::set_permissions(server.file("a"), fs::Permissions::from_mode(0o640)).unwrap();
    server.put("a", b"y").expect(204);
    assert_eq!(fs::metadata(server.file("a")).unwrap().permissions().mode() & 0o777, 0o640);
}

#[test]
fn lists_are_in_the_order_of_keys_and_come_in_pages() {
    let server = TestServer::start();
    let keys = ["a", "a.b", "a/b", "a/c/d", "a0", "b/ü", "b/z", "c"];
    let paths = ["a.b", "a/b", "a/c/d", "a0", "b/%C3%BC", "b/z", "c"];
    for path in paths {
        server.put(path, path.as_bytes()).expect(201);
    }
    let list = |query: &str| -> (Vec<String>, Option<String>) {
        let body = server.get(&format!("/v1/l{query}")).expect(200).body;
        let page: serde_json::Value = serde_json::from_slice(&body).unwrap();
        let keys = page["objects"].as_array().unwrap().iter();
        let keys = keys.map(|object| object["key"].as_str().unwrap().to_owned()).collect();
        (keys, page["next"].as_str().map(ToOwned::to_owned))
    };
    let mut expected: Vec<&str> = keys[1..].to_vec();
    expected.sort_unstable();
    assert_eq!(list(""), (expected.iter().map(ToString::to_string).collect(), None));
    assert_eq!(list("?prefix=a/").0, ["a/b", "a/c/d"]);
    assert_eq!(list("?prefix=a").0, ["a.b", "a/b", "a/c/d", "a0"]);
    assert_eq!(list("?prefix=a/c/d").0, ["a/c/d"]);
    assert!(list("?prefix=x").0.is_empty());
    assert_eq!(
        list("?start-after=a/b&limit=2"),
        (vec!["a/c/d".into(), "a0".into()], Some("a0".into()))
    );
    for limit in 1..=7 {
        let (mut all, mut start) = (Vec::new(), String::new());
        loop {
            let (page, next) = list(&format!("?limit={limit}&start-after={start}"));
            all.extend(page);
            match next {
                Some(next) => start = next.replace('ü', "%C3%BC"),
                None => break,
            }
        }
        assert_eq!(all, expected, "pages of {limit}");
    }
    let object = server.get("/v1/l?prefix=c").expect(200).body;
    let object: serde_json::Value = serde_json::from_slice(&object).unwrap();
    assert_eq!(object["objects"][0]["bytes"], 1);
    assert_eq!(object["objects"][0]["etag"], Digest::of(b"c").etag());
    for query in ["?limit=0", "?limit=1001", "?limit=x", "?what=1"] {
        assert_eq!(server.get(&format!("/v1/l{query}")).expect(400).problem(), Kind::BadRequest);
    }
}

#[test]
fn what_is_not_there_is_a_problem_too() {
    let server = TestServer::start();
    for path in ["/", "/v1", "/v1/o/", "/v1/o", "/v2/o/a", "/v1/u/1", "/v1/u/zz"] {
        let reply = server.get(path);
        assert!(matches!(reply.problem(), Kind::NotFound | Kind::MethodNotAllowed), "{path}");
    }
    let reply = server.send("POST", "/v1/o/a", &[], b"x").expect(405);
    assert_eq!(reply.problem(), Kind::MethodNotAllowed);
    assert!(reply.header("allow").unwrap().contains("PATCH"));
    assert_eq!(server.get("/healthz").expect(200).body, b"ok\n");
}

#[test]
fn capabilities_tell_what_the_server_takes() {
    let server = TestServer::start();
    let options = server.send("OPTIONS", "/v1/o/any", &[], b"").expect(204);
    assert_eq!(options.header("accept-patch"), Some(&*format!("{LIBRSYNC_DELTA}, {PATCH}")));
    let facts: serde_json::Value =
        serde_json::from_slice(&server.get("/v1/").expect(200).body).unwrap();
    assert_eq!(facts["accept_patch"], serde_json::json!([LIBRSYNC_DELTA, PATCH]));
    assert_eq!(facts["limits"]["min_block_bytes"], 256);
    assert_eq!(facts["limits"]["max_result_bytes"], 16u64 << 30);
}
