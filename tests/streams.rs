//! Operations over streams: progress, cancelling, readers over engines.

mod common;

use std::io::{Read, sink};
use std::ops::ControlFlow;

use common::Rng;
use sigdelta::io::{self, BufferSizes, EngineReader, SeekBasis};
use sigdelta::{
    DeltaEncoder, DeltaOptions, Engine, Error, Index, Monitor, PatchOptions, Progress, Result,
    Signature, SignatureEncoder, SignatureOptions, SignatureParams,
};

fn params() -> SignatureParams {
    SignatureOptions::new().block_len(512).params(None).unwrap()
}

/// A delta that copies the whole of a basis of `len` bytes, `times` times.
fn copies(len: u32, times: usize) -> Vec<u8> {
    let copy = [&[0x47, 0][..], &len.to_be_bytes()].concat();
    [b"rs\x026".to_vec(), copy.repeat(times), vec![0]].concat()
}

#[test]
fn a_monitor_is_told_all_bytes() {
    let data = Rng::new(1).bytes(3_000_000, 256);
    let buffers = BufferSizes::default();
    let index = io::index(&data[..], params(), buffers, &mut ()).unwrap();
    let mut seen = Vec::new();
    let mut watch = |done: Progress| {
        seen.push(done);
        ControlFlow::Continue(())
    };
    let monitor: &mut dyn Monitor = &mut watch;
    io::signature(&data[..], sink(), params(), buffers, monitor).unwrap();
    io::delta(&index, &data[..], sink(), DeltaOptions::new(), buffers, monitor).unwrap();
    let delta = copies(3_000_000, 2);
    io::patch(&data[..], &delta[..], sink(), PatchOptions::new(), buffers, monitor).unwrap();
    let finished = |in_bytes| seen.iter().filter(|done| done.in_bytes == in_bytes).count();
    assert!(finished(3_000_000) >= 2);
    // The delta is read at once; what follows is copying.
    assert!(finished(delta.len() as u64) > 20);
    assert!(seen.iter().any(|done| done.out_bytes > 5_700_000));
}

#[test]
fn a_monitor_cancels_every_operation() {
    let data = Rng::new(2).bytes(3_000_000, 256);
    let buffers = BufferSizes::default();
    let index = io::index(&data[..], params(), buffers, &mut ()).unwrap();
    let after = |mut calls: u32| {
        move |_: Progress| {
            calls -= 1;
            if calls == 0 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        }
    };
    let cancelled = |result: Result<()>| {
        assert!(matches!(result, Err(Error::Cancelled)), "{result:?}");
    };
    let options = DeltaOptions::new();
    cancelled(io::signature(&data[..], sink(), params(), buffers, &mut after(3)).map(drop));
    cancelled(io::index(&data[..], params(), buffers, &mut after(3)).map(drop));
    cancelled(io::delta(&index, &data[..], sink(), options, buffers, &mut after(3)).map(drop));
    // Two reads of the delta, then only copies.
    let delta = copies(3_000_000, 1_000_000);
    let options = PatchOptions::new().verify(false);
    let result = io::patch(&data[..], &delta[..], sink(), options, buffers, &mut after(100));
    cancelled(result.map(drop));
}

/// A reader of which so many bytes come at a time.
struct Pieces<'a>(&'a [u8], usize);

impl Read for Pieces<'_> {
    fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
        let len = buf.len().min(self.1);
        self.0.read(&mut buf[..len])
    }
}

#[test]
fn a_delta_does_not_depend_on_what_a_reader_gives_at_a_time() {
    let mut rng = Rng::new(4);
    let old = rng.bytes(400_000, 256);
    let foreign = rng.bytes(500_000, 256);
    let new = [&old[..100_000], &foreign[..], &old[..], b"end", &foreign[..70_000]].concat();
    for (old, options) in
        [(&old[..], DeltaOptions::new()), (&[], DeltaOptions::new().trailer(true))]
    {
        let index = io::index(old, params(), BufferSizes::default(), &mut ()).unwrap();
        let small = BufferSizes { input: Some(7000), output: Some(5000) };
        let mut expected = Vec::new();
        let stats = io::delta(&index, &new[..], &mut expected, options, small, &mut ()).unwrap();
        for piece in [1000, 65_536, 262_143, usize::MAX] {
            let (reader, buffers) = (Pieces(&new, piece), BufferSizes::default());
            let mut delta = Vec::new();
            let found = io::delta(&index, reader, &mut delta, options, buffers, &mut ()).unwrap();
            assert!(delta == expected, "{piece} bytes at a time");
            assert_eq!(found, stats);
            assert_eq!(found.out_bytes, delta.len() as u64);
        }
    }
}

#[test]
fn readers_over_engines_give_what_the_engines_give() {
    let old = Rng::new(3).bytes(700_000, 256);
    let new = [&old[..300_000], b"new", &old[250_000..]].concat();
    let buffers = BufferSizes::default();
    let mut expected = Vec::new();
    io::signature(&old[..], &mut expected, params(), buffers, &mut ()).unwrap();
    let mut signature = Vec::new();
    let mut reader = EngineReader::new(SignatureEncoder::new(params()), &old[..]);
    reader.read_to_end(&mut signature).unwrap();
    assert!(signature == expected);
    assert_eq!(reader.engine().stats().in_bytes, 700_000);

    // An engine may be lent.
    let index = Index::new(Signature::from_slice(&signature).unwrap()).unwrap();
    let mut engine = DeltaEncoder::new(&index, DeltaOptions::new());
    let mut delta = Vec::new();
    EngineReader::new(&mut engine, &new[..]).read_to_end(&mut delta).unwrap();
    assert_eq!(engine.stats().out_bytes, delta.len() as u64);
    assert!(delta == sigdelta::delta(&signature, &new).unwrap());

    let mut result = Vec::new();
    let basis = SeekBasis::new(std::io::Cursor::new(&old));
    io::patch(basis, &delta[..], &mut result, PatchOptions::new(), buffers, &mut ()).unwrap();
    assert!(result == new);
}
