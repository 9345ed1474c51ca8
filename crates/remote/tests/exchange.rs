//! Signatures, fine sums and deltas over the wire.

mod common;

use std::sync::Arc;

use common::{LIBRSYNC_DELTA, PATCH, TestServer, noise, pair};
use sigdelta::exchange::{ChunkSignature, ChunkSignatureOptions, Survey, SurveyOptions, sign};
use sigdelta::layered::{ApplyOptions, MakeOptions, apply};
use sigdelta::{SignatureKind, SignatureOptions, StrongLen};
use sigdelta_remote::protocol::{Digest, Kind};
use sigdelta_remote::server::ServerOptions;
use sigdelta_remote::storage::FolderOptions;

#[test]
fn classic_signatures_are_those_of_the_library_for_any_parameters() {
    let server = TestServer::start();
    let (old, new) = pair(1, 300_000);
    server.put("a", &old).expect(201);
    let [md4_rollsum, blake2_rollsum, md4_rk, _] = SignatureKind::ALL;
    let options = SignatureOptions::new();
    for (query, options) in [
        ("", options),
        ("&hash=rk-md4&block=512", options.kind(md4_rk).block_len(512)),
        ("&hash=blake2&sum=8", options.kind(blake2_rollsum).strong_len(StrongLen::Bytes(8))),
        (
            "&hash=md4&sum=min&block=1000",
            options.kind(md4_rollsum).strong_len(StrongLen::Min).block_len(1000),
        ),
    ] {
        let reply = server.get(&format!("/v1/sig/a?format=librsync{query}")).expect(200);
        assert!(reply.body == sigdelta::signature(&old, &options).unwrap(), "{query}");
        assert_eq!(reply.header("content-type"), Some("application/vnd.librsync.signature"));
        assert_eq!(reply.header("delta-base"), Some(Digest::of(&old).etag().as_str()));
        assert_eq!(reply.header("cache-control"), Some("no-cache"));
        let delta = sigdelta::delta(&reply.body, &new).unwrap();
        server.patch("a", LIBRSYNC_DELTA, &old, &new, &delta).expect(204);
        server.put("a", &old).expect(204);
    }
}

#[test]
fn a_signature_is_revalidated_by_a_tag_of_basis_and_parameters() {
    let server = TestServer::start();
    server.put("a", &noise(2, 50_000)).expect(201);
    let first = server.get("/v1/sig/a?format=librsync").expect(200);
    let tag = first.header("etag").unwrap();
    let get = |query: &str| {
        server.send("GET", &format!("/v1/sig/a?{query}"), &[("If-None-Match", tag)], b"")
    };
    let unchanged = get("format=librsync").expect(304);
    assert_eq!(unchanged.header("delta-base"), first.header("delta-base"));
    get("format=librsync&block=1024").expect(200);
    get("format=layered").expect(200);
    let head = server.send("HEAD", "/v1/sig/a?format=librsync", &[], b"").expect(200);
    assert_eq!(head.header("content-length"), Some(first.body.len().to_string().as_str()));
    server.put("a", &noise(3, 50_000)).expect(204);
    get("format=librsync").expect(200);
}

#[test]
fn parameters_that_mean_nothing_are_refused() {
    let server = TestServer::start();
    server.put("a", b"content").expect(201);
    for query in [
        "",
        "format=zip",
        "format=librsync&hash=crc",
        "format=librsync&block=x",
        "format=librsync&block=-1",
        "format=librsync&sum=0",
        "format=librsync&sum=33",
        "format=librsync&hash=md4&sum=17",
        "format=librsync&chunk=1024",
        "format=layered&block=512",
        "format=layered&chunk=255",
        "format=layered&chunk=2000000",
        "format=layered&sum=2",
        "format=layered&sum=17",
        "format=layered&salt=0",
        "format=layered&salt=%2B0000000000000000000000000000000",
        "format=librsync&extra=1",
    ] {
        assert_eq!(
            server.get(&format!("/v1/sig/a?{query}")).expect(400).problem(),
            Kind::BadRequest,
            "{query}"
        );
    }
    for query in ["block=255", "block=100000000"] {
        let reply = server.get(&format!("/v1/sig/a?format=librsync&{query}")).expect(413);
        assert_eq!(reply.problem(), Kind::TooLarge);
    }
    server.get("/v1/sig/none?format=librsync").expect(404);
}

#[test]
fn an_exchange_of_two_rounds_brings_a_content_up_to_date() {
    let server = TestServer::start();
    let (old, new) = pair(4, 2_000_000);
    server.put("a", &old).expect(201);
    for query in ["", "&chunk=4096&sum=8&salt=00112233445566778899aabbccddeeff"] {
        let reply = server.get(&format!("/v1/sig/a?format=layered{query}")).expect(200);
        assert_eq!(reply.header("content-type"), Some("application/vnd.sigdelta.signature"));
        let tag = reply.header("delta-base").unwrap();
        let signature = ChunkSignature::decode(&reply.body).unwrap();
        let (file, len) = (Arc::new(new.clone()), new.len() as u64);
        let mut survey = Survey::new(signature, file, len, SurveyOptions::new(), &mut ()).unwrap();
        let request = survey.request().expect("some ranges are left");
        let sums = server.send("POST", "/v1/fine/a", &[("If-Match", tag)], &request).expect(200);
        assert_eq!(sums.header("content-type"), Some("application/vnd.sigdelta.sums"));
        assert_eq!(sums.header("delta-base"), Some(tag));
        survey.take_sums(&sums.body).unwrap();
        let mut patch = Vec::new();
        survey.patch(&mut patch, MakeOptions::new(), &mut ()).unwrap();
        assert!(patch.len() + reply.body.len() + sums.body.len() < 30_000);
        server.patch("a", PATCH, &old, &new, &patch).expect(204);
        assert!(server.content("a") == new);
        server.put("a", &old).expect(204);
    }
}

#[test]
fn the_salt_of_a_signature_is_the_servers_own_and_stays() {
    let (one, other) = (TestServer::start(), TestServer::start());
    let content = noise(5, 100_000);
    one.put("a", &content).expect(201);
    one.put("b", &content).expect(201);
    other.put("a", &content).expect(201);
    let of =
        |server: &TestServer, key: &str| server.get(&format!("/v1/sig/{key}?format=layered")).body;
    assert!(of(&one, "a") == of(&one, "b"));
    assert!(of(&one, "a") != of(&other, "a"));
}

#[test]
fn requests_for_fine_sums_that_are_not_right_are_refused() {
    let server = TestServer::start();
    let (old, new) = pair(6, 500_000);
    server.put("a", &old).expect(201);
    let tag = Digest::of(&old).etag();
    let fine =
        |tag: &str, body: &[u8]| server.send("POST", "/v1/fine/a", &[("If-Match", tag)], body);
    let signature = server.get("/v1/sig/a?format=layered").body;
    let signature = ChunkSignature::decode(&signature).unwrap();
    let len = new.len() as u64;
    let survey = Survey::new(signature, Arc::new(new.clone()), len, SurveyOptions::new(), &mut ());
    let request = survey.unwrap().request().unwrap();
    fine(&tag, &request).expect(200);
    assert_eq!(
        server.send("POST", "/v1/fine/a", &[], &request).expect(428).problem(),
        Kind::PreconditionRequired
    );
    assert_eq!(
        fine(&Digest::of(&new).etag(), &request).expect(412).problem(),
        Kind::PreconditionFailed
    );
    assert_eq!(fine(&tag, &request[..request.len() - 1]).expect(422).problem(), Kind::Damaged);
    assert_eq!(fine(&tag, b"").expect(422).problem(), Kind::Damaged);
    assert_eq!(fine(&tag, &vec![0; 5 << 20]).expect(413).problem(), Kind::TooLarge);
    server.put("a", &old[1..]).expect(204);
    assert_eq!(fine("*", &request).expect(422).problem(), Kind::WrongBasis);
}

#[test]
fn who_has_something_similar_gets_a_delta_for_its_signature() {
    let server = TestServer::start();
    let (old, new) = pair(7, 500_000);
    server.put("a", &new).expect(201);
    let signature = sigdelta::signature(&old, &SignatureOptions::new()).unwrap();
    let reply = server.send("POST", "/v1/delta/a", &[], &signature).expect(200);
    assert_eq!(reply.header("content-type"), Some(LIBRSYNC_DELTA));
    assert_eq!(reply.header("etag"), Some(Digest::of(&new).etag().as_str()));
    assert_eq!(reply.header("repr-digest"), Some(Digest::of(&new).repr_digest().as_str()));
    assert!(reply.body.len() < 10_000);
    assert!(sigdelta::patch(&old, &reply.body).unwrap() == new);

    let mut signature = Vec::new();
    sign(&old, old.len() as u64, ChunkSignatureOptions::new(), &mut signature, &mut ()).unwrap();
    let reply = server.send("POST", "/v1/delta/a", &[], &signature).expect(200);
    assert_eq!(reply.header("content-type"), Some(PATCH));
    let mut result = Vec::new();
    apply(&old, &reply.body[..], &mut result, ApplyOptions::new(), &mut ()).unwrap();
    assert!(result == new);

    for body in [&b"no signature"[..], b"", b"rs\x01", &signature[..50]] {
        assert_eq!(
            server.send("POST", "/v1/delta/a", &[], body).expect(422).problem(),
            Kind::Damaged
        );
    }
    let tiny = sigdelta::signature(&old[..1000], &SignatureOptions::new().block_len(16)).unwrap();
    assert_eq!(
        server.send("POST", "/v1/delta/a", &[], &tiny).expect(413).problem(),
        Kind::TooLarge
    );
    let mut huge = sigdelta::signature(b"", &SignatureOptions::new()).unwrap();
    huge[4..8].copy_from_slice(&0x7fff_ffffu32.to_be_bytes());
    assert_eq!(
        server.send("POST", "/v1/delta/a", &[], &huge).expect(413).problem(),
        Kind::TooLarge
    );
    server.send("POST", "/v1/delta/none", &[], &tiny).expect(404);
}

#[test]
fn who_has_an_earlier_version_gets_a_patch_while_it_is_kept() {
    let keeping = FolderOptions::new().versions_per_key(2);
    let server = TestServer::with(ServerOptions::new(), keeping);
    let versions: Vec<Vec<u8>> = (0..4)
        .map(|n| {
            let mut content = noise(8, 300_000);
            content[1000 * n..1000 * n + 10].fill(n as u8);
            content
        })
        .collect();
    for version in &versions {
        server.put("a", version);
    }
    let get = |has: &[u8], manipulation: &str| {
        let tag = Digest::of(has).etag();
        server.send("GET", "/v1/o/a", &[("A-IM", manipulation), ("If-None-Match", &tag)], b"")
    };
    let [first, second, third, last] = &versions[..] else { unreachable!() };
    let get_or_a_byte = |has: &[u8]| {
        let tag = Digest::of(has).etag();
        let headers =
            [("A-IM", "sigdelta"), ("If-None-Match", tag.as_str()), ("Range", "bytes=0-0")];
        server.send("GET", "/v1/o/a", &headers, b"")
    };
    get_or_a_byte(third).expect(226);
    assert_eq!(get_or_a_byte(first).expect(206).body, last[..1]);
    get_or_a_byte(last).expect(304);
    for has in [second, third] {
        let reply = get(has, "gzip, sigdelta").expect(226);
        assert_eq!(reply.header("im"), Some("sigdelta"));
        assert_eq!(reply.header("delta-base"), Some(Digest::of(has).etag().as_str()));
        assert_eq!(reply.header("etag"), Some(Digest::of(last).etag().as_str()));
        assert!(reply.body.len() < 1000);
        let mut result = Vec::new();
        apply(has, &reply.body[..], &mut result, ApplyOptions::new(), &mut ()).unwrap();
        assert!(result == *last);
    }
    assert!(get(first, "sigdelta").expect(200).body == *last, "the oldest is gone");
    assert!(get(second, "vcdiff").expect(200).body == *last);
    get(last, "sigdelta").expect(304);
    assert!(get(b"never there", "sigdelta").expect(200).body == *last);
    server.send("DELETE", "/v1/o/a", &[], b"").expect(204);
    server.put("a", last).expect(201);
    assert!(
        get(third, "sigdelta").expect(200).body == *last,
        "a key that was removed has no versions"
    );
}

#[test]
fn versions_and_what_was_derived_have_bounds_of_bytes() {
    let limits = sigdelta_remote::server::Limits { derived_bytes: 20_000, ..Default::default() };
    let keeping = FolderOptions::new().versions_per_key(10).versions_bytes(250_000);
    let server = TestServer::with(ServerOptions::new().limits(limits), keeping);
    for n in 0..6 {
        server.put("a", &noise(n, 100_000));
        for block in [512, 1024, 2048] {
            let path = format!("/v1/sig/a?format=librsync&block={block}");
            let expected = SignatureOptions::new().block_len(block);
            let signature = server.get(&path).expect(200).body;
            assert!(signature == sigdelta::signature(&noise(n, 100_000), &expected).unwrap());
        }
    }
    let bytes = |name: &str| -> u64 {
        let mut folders = vec![server.root().join(".sigdelta").join(name)];
        let mut bytes = 0;
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let entry = entry.unwrap();
                match entry.metadata().unwrap() {
                    metadata if metadata.is_dir() => folders.push(entry.path()),
                    metadata => bytes += metadata.len(),
                }
            }
        }
        bytes
    };
    let derived = bytes("derived");
    assert!((5_000..=20_000).contains(&derived), "{derived}");
    // Short ones are no more than would have room if each took a block of the disk.
    for n in 0..20 {
        server.get(&format!("/v1/sig/a?format=layered&chunk=65536&salt={n:032x}")).expect(200);
    }
    let derived = std::fs::read_dir(server.root().join(".sigdelta/derived")).unwrap();
    assert!((1..=20_000 / 4096).contains(&derived.count()));
    assert_eq!(bytes("versions"), 200_000);
}
