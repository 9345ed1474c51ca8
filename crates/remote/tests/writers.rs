//! Many writers at once: of those who change the same content one wins, and no change is lost.

mod common;

use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use common::{LIBRSYNC_DELTA, PATCH, TestServer, layered_patch, librsync_delta, noise};
use sigdelta_remote::protocol::{Digest, Kind};

const WRITERS: usize = 64;
const ROUNDS: usize = 5;

#[test]
fn of_writers_with_the_same_basis_exactly_one_wins() {
    let server = TestServer::start();
    let mut content = noise(1, 50_000);
    server.put("a", &content).expect(201);
    for round in 0..ROUNDS {
        let barrier = Barrier::new(WRITERS);
        let changed = |writer: usize| {
            let mut changed = content.clone();
            changed[writer * 100..writer * 100 + 50].fill(round as u8 + 1);
            changed
        };
        let outcomes: Vec<u16> = thread::scope(|scope| {
            let writers: Vec<_> = (0..WRITERS)
                .map(|writer| {
                    let (barrier, content, server) = (&barrier, &content, &server);
                    let new = changed(writer);
                    scope.spawn(move || {
                        let (media, delta) = match writer % 2 {
                            0 => (LIBRSYNC_DELTA, librsync_delta(content, &new)),
                            _ => (PATCH, layered_patch(content, &new)),
                        };
                        barrier.wait();
                        let reply = server.patch("a", media, content, &new, &delta);
                        if reply.status != 204 {
                            assert_eq!(reply.problem(), Kind::PreconditionFailed);
                        }
                        reply.status
                    })
                })
                .collect();
            writers.into_iter().map(|writer| writer.join().unwrap()).collect()
        });
        let winners: Vec<usize> = (0..WRITERS).filter(|&writer| outcomes[writer] == 204).collect();
        assert_eq!(winners.len(), 1, "round {round}: {outcomes:?}");
        content = changed(winners[0]);
        assert!(server.content("a") == content, "round {round}");
    }
    assert!(server.leftovers().is_empty());
}

#[test]
fn writers_that_start_again_lose_nothing() {
    let server = TestServer::start();
    server.put("a", &[0; 4096]).expect(201);
    let conflicts = AtomicUsize::new(0);
    thread::scope(|scope| {
        for writer in 0..16 {
            let (server, conflicts) = (&server, &conflicts);
            scope.spawn(move || {
                // Each adds one to a byte of its own, and to one that all share.
                for _ in 0..4 {
                    loop {
                        let basis = server.get("/v1/o/a").expect(200).body;
                        let mut new = basis.clone();
                        new[writer] += 1;
                        new[4000] += 1;
                        let delta = librsync_delta(&basis, &new);
                        match server.patch("a", LIBRSYNC_DELTA, &basis, &new, &delta).status {
                            204 => break,
                            412 => conflicts.fetch_add(1, Ordering::Relaxed),
                            status => panic!("{status}"),
                        };
                    }
                }
            });
        }
    });
    let content = server.content("a");
    assert!(content[..16].iter().all(|&byte| byte == 4), "{:?}", &content[..16]);
    assert_eq!(content[4000], 64);
    assert!(conflicts.into_inner() > 0, "they never met");
}

#[test]
fn folders_that_others_empty_do_not_stop_a_writer() {
    let server = TestServer::start();
    thread::scope(|scope| {
        for writer in 0..8 {
            let server = &server;
            scope.spawn(move || {
                for _ in 0..20 {
                    let key = format!("folder/deep/{writer}");
                    server.put(&key, b"x").expect(201);
                    server.send("DELETE", &format!("/v1/o/{key}"), &[], b"").expect(204);
                }
            });
        }
    });
    assert!(!server.file("folder").exists());
}

#[test]
fn of_those_who_create_a_key_exactly_one_does() {
    let server = TestServer::start();
    let barrier = Barrier::new(WRITERS);
    let created: usize = thread::scope(|scope| {
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| {
                let (server, barrier) = (&server, &barrier);
                scope.spawn(move || {
                    barrier.wait();
                    let content = writer.to_string();
                    let condition = [("If-None-Match", "*")];
                    let reply = server.send("PUT", "/v1/o/a/b", &condition, content.as_bytes());
                    assert!(matches!(reply.status, 201 | 412), "{reply:?}");
                    reply.header("etag") == Some(&Digest::of(content.as_bytes()).etag())
                        && reply.status == 201
                })
            })
            .collect();
        writers.into_iter().map(|writer| usize::from(writer.join().unwrap())).sum()
    });
    assert_eq!(created, 1);
}
