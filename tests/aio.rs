//! Asynchronous streams: the same results, errors with their causes, and an end when nobody waits.
#![cfg(all(feature = "tokio", feature = "layered"))]

mod common;

use std::io::{self as std_io, Read, Write};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::mpsc;
use std::task::{Context, Poll};
use std::time::Duration;

use common::Rng;
use sigdelta::layered::{ApplyOptions, MakeOptions, apply, make};
use sigdelta::{Error, IoAction, ReadAt, aio};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt, ReadBuf, duplex};

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_time().build().unwrap()
}

fn pair() -> (Vec<u8>, Vec<u8>) {
    let mut rng = Rng::new(11);
    let old = rng.bytes(700_000, 256);
    let new = [&old[400_000..], b"between", &old[..350_000]].concat();
    (old, new)
}

#[test]
fn a_patch_is_applied_between_pipes_of_few_bytes() {
    let (old, new) = pair();
    let mut patch = Vec::new();
    let file = |bytes: &[u8]| (Arc::new(bytes.to_vec()) as Arc<dyn ReadAt>, bytes.len() as u64);
    make(file(&old), file(&new), &mut patch, MakeOptions::new(), &mut ()).unwrap();
    runtime().block_on(async {
        let (mut patch_in, patch_out) = duplex(100);
        let (result_in, mut result_out) = duplex(1000);
        tokio::spawn(async move { patch_in.write_all(&patch).await.unwrap() });
        let reading = tokio::spawn(async move {
            let mut result = Vec::new();
            result_out.read_to_end(&mut result).await.unwrap();
            result
        });
        let work = move |patch, result| apply(&old, patch, result, ApplyOptions::new(), &mut ());
        let stats = aio::run(patch_out, result_in, work).await.unwrap();
        assert_eq!(stats.out_bytes, new.len() as u64);
        assert!(reading.await.unwrap() == new);
    });
}

#[test]
fn bytes_go_through_whole_whether_work_flushes_or_not() {
    let (bytes, _) = pair();
    for flush in [false, true] {
        let mut copy = Vec::new();
        let work = move |mut input: aio::ChunkReader, mut output: aio::ChunkWriter| {
            std_io::copy(&mut input, &mut output).unwrap();
            // The end stays the end.
            assert_eq!(input.read(&mut [0]).unwrap(), 0);
            if flush {
                output.flush().unwrap();
            }
            Ok(())
        };
        runtime().block_on(aio::run(&bytes[..], &mut copy, work)).unwrap();
        assert!(copy == bytes);
    }
}

/// Gives some bytes and then fails.
struct Failing(usize);

impl AsyncRead for Failing {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<std_io::Result<()>> {
        if self.0 == 0 {
            return Poll::Ready(Err(std_io::Error::other("the line is dead")));
        }
        let len = self.0.min(buf.remaining());
        buf.put_slice(&vec![0; len]);
        self.0 -= len;
        Poll::Ready(Ok(()))
    }
}

#[test]
fn failures_of_both_ends_are_told() {
    let copy = |mut input: aio::ChunkReader, mut output: aio::ChunkWriter| {
        let failed = |action| move |cause| Error::Io { action, cause };
        let mut bytes = Vec::new();
        input.read_to_end(&mut bytes).map_err(failed(IoAction::Read))?;
        output.write_all(&bytes).map_err(failed(IoAction::Write))
    };
    runtime().block_on(async {
        let mut output = Vec::new();
        let error = aio::run(Failing(200_000), &mut output, copy).await.unwrap_err();
        assert_eq!(error.to_string(), "cannot read: the line is dead");

        let (output, nobody) = duplex(10);
        drop(nobody);
        let bytes = vec![0; 1 << 20];
        let error = aio::run(&bytes[..], output, copy).await.unwrap_err();
        assert!(matches!(error, Error::Io { action: IoAction::Write, .. }), "{error:?}");
    });
}

#[test]
fn work_ends_when_its_future_is_dropped() {
    let (told, ended) = mpsc::channel();
    runtime().block_on(async {
        // Neither end ever has bytes or room.
        let (_quiet, input) = duplex(10);
        let (output, _full) = duplex(10);
        let work = move |mut input: aio::ChunkReader, _output: aio::ChunkWriter| {
            told.send(input.read(&mut [0]).unwrap_err().kind()).unwrap();
            Ok(())
        };
        let run = aio::run(input, output, work);
        assert!(tokio::time::timeout(Duration::from_millis(20), run).await.is_err());
    });
    let kind = ended.recv_timeout(Duration::from_secs(60)).unwrap();
    assert_eq!(kind, std_io::ErrorKind::ConnectionAborted);
}
