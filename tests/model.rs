//! Random rounds against the executable model of librsync in `tests/oracle`: identical bytes.

mod common;

use std::io::{BufReader, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use common::Rng;
use sigdelta::io::{self, BufferSizes};
use sigdelta::{
    DeltaOptions, Index, LoadOptions, PatchOptions, Result, SignatureKind, SignatureParams,
};

/// Two files and how to treat them.
struct Case {
    params: SignatureParams,
    old: Vec<u8>,
    new: Vec<u8>,
    buffers: BufferSizes,
}

struct Outcome {
    signature: Vec<u8>,
    delta: Vec<u8>,
    result: Vec<u8>,
}

/// What this crate makes of a case.
fn outcome(case: &Case) -> Result<Outcome> {
    let (old, new, buffers) = (&case.old[..], &case.new[..], case.buffers);
    let mut signature = Vec::new();
    io::signature(old, &mut signature, case.params, buffers, &mut ())?;
    let (loaded, _) = io::load_signature(&signature[..], LoadOptions::new(), buffers)?;
    let index = Index::new(loaded).unwrap();
    let mut delta = Vec::new();
    let options = DeltaOptions::new();
    io::delta(&index, new, &mut delta, options, buffers, &mut ())?;
    let mut result = Vec::new();
    let options = PatchOptions::new();
    io::patch(old, &delta[..], &mut result, options, buffers, &mut ())?;
    Ok(Outcome { signature, delta, result })
}

/// The Python process that makes the same of it.
struct Model {
    process: Child,
    requests: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Model {
    fn start() -> Self {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/oracle/serve.py");
        let mut process = Command::new("python3")
            .args(["-B", script])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("this test needs python3 in the PATH: {error}"));
        Model {
            requests: process.stdin.take().unwrap(),
            answers: BufReader::new(process.stdout.take().unwrap()),
            process,
        }
    }

    fn outcome(&mut self, case: &Case) -> Outcome {
        let header = [
            case.params.kind().magic(),
            case.params.block_len(),
            case.params.strong_len().into(),
            case.old.len() as u32,
            case.new.len() as u32,
        ];
        let header: Vec<u8> = header.iter().flat_map(|n| n.to_be_bytes()).collect();
        let request = [&header, &case.old, &case.new].map(Vec::as_slice).concat();
        self.requests.write_all(&request).unwrap();
        Outcome { signature: self.receive(), delta: self.receive(), result: self.receive() }
    }

    fn receive(&mut self) -> Vec<u8> {
        let mut len = [0; 4];
        self.answers.read_exact(&mut len).unwrap();
        let mut bytes = vec![0; u32::from_be_bytes(len) as usize];
        self.answers.read_exact(&mut bytes).unwrap();
        bytes
    }

    fn stop(self) {
        let Model { mut process, requests, .. } = self;
        drop(requests);
        assert!(process.wait().unwrap().success());
    }
}

/// Runs cases and returns how many and, of them, how many gave a wrong result by an accidental
/// match.
fn compare(cases: impl Iterator<Item = Case>) -> (usize, usize) {
    let mut model = Model::start();
    let (mut rounds, mut wrong) = (0, 0);
    for case in cases {
        let what = format!(
            "round {rounds}: {:?}, {:?}, {} to {} bytes",
            case.params,
            case.buffers,
            case.old.len(),
            case.new.len()
        );
        let expected = model.outcome(&case);
        let actual = outcome(&case).unwrap_or_else(|error| panic!("{what}: {error}"));
        assert!(actual.signature == expected.signature, "signature, {what}");
        assert!(actual.delta == expected.delta, "delta, {what}");
        assert!(actual.result == expected.result, "result, {what}");
        rounds += 1;
        if actual.result != case.new {
            assert!(case.params.strong_len() < 4, "wrong result, {what}");
            wrong += 1;
        }
    }
    model.stop();
    (rounds, wrong)
}

fn random_case(rng: &mut Rng) -> Case {
    let params = random_params(rng);
    let block_len = params.block_len() as usize;
    let alphabet = rng.pick(&[1, 2, 3, 256, 256]);
    // Not too many blocks: the model takes its time for MD4.
    let most = (block_len * 150).min(8192);
    let any = rng.below(most + 1);
    let lens = [0, 1, block_len - 1, block_len, block_len + 1, most, any, any];
    let old_len = rng.pick(&lens);
    let old = rng.bytes(old_len, alphabet);
    let new = match rng.below(20) {
        0 => {
            let new_len = rng.pick(&lens);
            rng.bytes(new_len, alphabet)
        }
        _ => edited(rng, &old, alphabet, block_len),
    };
    Case { params, old, new, buffers: random_buffers(rng) }
}

fn random_params(rng: &mut Rng) -> SignatureParams {
    let kind = rng.pick(&SignatureKind::ALL);
    let max = usize::from(kind.strong.max_len());
    let any = 1 + rng.below(max);
    let strong_len = rng.pick(&[1, 1, 8, any, max]);
    let most = rng.pick(&[16, 100, 700, 5000]);
    SignatureParams::new(kind, 1 + rng.below(most) as u32, strong_len as u32).unwrap()
}

fn random_buffers(rng: &mut Rng) -> BufferSizes {
    let mut size = || {
        let most = rng.pick(&[1, 20, 5000, 200_000]);
        Some(1 + rng.below(most)).filter(|_| rng.below(4) > 0)
    };
    BufferSizes { input: size(), output: size() }
}

/// Edits, moves, repeats and zeros.
fn edited(rng: &mut Rng, old: &[u8], alphabet: usize, block_len: usize) -> Vec<u8> {
    let mut new = old.to_vec();
    for _ in 0..rng.below(6) {
        let any = rng.below(100);
        let len = rng.pick(&[1, any, block_len - 1, block_len, 2 * block_len]);
        let at = rng.below(new.len() + 1);
        let end = new.len().min(at + len);
        let random = rng.bytes(len, alphabet);
        let from = rng.below(old.len() + 1);
        let part = &old[from..old.len().min(from + len)];
        match rng.below(8) {
            0 => drop(new.splice(at..at, random)),
            1 => drop(new.splice(at..end, random)),
            2 => drop(new.drain(at..end)),
            3 => drop(new.splice(at..at, vec![0; len])),
            4 => drop(new.splice(at..at, part.repeat(3))),
            5 => new.extend_from_slice(part),
            6 => new.rotate_left(at),
            _ => new.truncate(at),
        }
    }
    new
}

#[test]
fn random_files_give_what_the_model_gives() {
    let half = |seed| {
        let mut rng = Rng::new(seed);
        compare((0..1000).map(|_| random_case(&mut rng)))
    };
    let other = std::thread::spawn(move || half(2));
    assert_eq!(half(1).0 + other.join().unwrap().0, 2000);
}

#[test]
fn accidental_matches_are_those_of_the_model() {
    let mut rng = Rng::new(5);
    let cases = (0..40).map(|i| Case {
        // Rollsum tells files of few different bytes badly apart, and so does a short strong sum.
        params: SignatureParams::new(SignatureKind::ALL[i % 2], 8 + i as u32, 1).unwrap(),
        old: rng.bytes(4000, 2),
        new: rng.bytes(4000, 2),
        buffers: random_buffers(&mut rng),
    });
    let (rounds, wrong) = compare(cases);
    assert!(rounds == 40 && wrong > 30, "{wrong} of {rounds}");
}

#[test]
fn literals_are_cut_where_the_model_cuts_them() {
    let mut rng = Rng::new(3);
    let mut cases = Vec::new();
    for literal_len in [65532, 65533, 65534, 131_066, 131_067, 200_000, 700_000] {
        let old = rng.bytes(20_000, 256);
        let literal = rng.bytes(literal_len, 256);
        let around = [&old[5000..], &literal, &old[..9000], &[7; 99]].concat();
        for new in [literal, around] {
            cases.push(Case {
                params: SignatureParams::new(rng.pick(&SignatureKind::ALL), 1000, 8).unwrap(),
                old: old.clone(),
                new,
                buffers: random_buffers(&mut rng),
            });
        }
    }
    assert_eq!(compare(cases.into_iter()), (14, 0));
}

#[test]
fn deltas_against_an_empty_basis_are_those_of_the_model() {
    let mut rng = Rng::new(4);
    let mut cases = Vec::new();
    for block_len in [1, 256, 2048, 50_000, 100_000, 1 << 20] {
        // librsync's input buffer takes 270336 bytes where blocks are of 2048.
        for new_len in [0, 1, 270_335, 270_336, 270_337, 700_000, 2_000_000] {
            let kind = rng.pick(&SignatureKind::ALL);
            cases.push(Case {
                params: SignatureParams::new(kind, block_len, 8).unwrap(),
                old: Vec::new(),
                new: rng.bytes(new_len, 256),
                buffers: random_buffers(&mut rng),
            });
        }
    }
    assert_eq!(compare(cases.into_iter()), (42, 0));
}
