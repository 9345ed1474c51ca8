//! What the fuzz targets share: long files out of few bytes, and results that can be compared.

use arbitrary::Arbitrary;
use sigdelta::exchange::{self, ChunkSignatureOptions};
use sigdelta::io::BufferSizes;
use sigdelta::{ErrorKind, Result, SignatureKind, SignatureParams, StrongHash};

/// Buffers that are allocated faster than the default ones and hold most files all the same.
pub const BUFFERS: BufferSizes = BufferSizes { input: Some(16 << 10), output: Some(16 << 10) };
/// Most blocks of a file, for the sake of speed.
const MAX_BLOCKS: usize = 8192;

/// A length: mostly short, sometimes up to 16 MiB.
#[derive(Arbitrary, Clone, Copy, Debug)]
pub struct Length {
    mantissa: u8,
    scale: u8,
}

impl Length {
    pub fn get(self) -> usize {
        usize::from(self.mantissa) << (2 * self.scale.trailing_ones())
    }
}

/// The most bytes of a file: rarely so many that every engine has to move its buffer.
#[derive(Arbitrary, Clone, Copy, Debug)]
pub struct MaxFileLen(u8);

impl MaxFileLen {
    fn get(self) -> usize {
        if self.0 > 250 { 512 << 10 } else { 16 << 10 }
    }
}

/// A place in a file, as a fraction of its length.
#[derive(Arbitrary, Clone, Copy, Debug)]
pub struct Place(u16);

impl Place {
    fn get(self, file_len: usize) -> usize {
        usize::from(self.0) * file_len / usize::from(u16::MAX)
    }
}

/// Replaces bytes of a file by others.
#[derive(Arbitrary, Debug)]
pub struct Edit<'a> {
    at: Place,
    remove: Length,
    insert: Insert<'a>,
}

#[derive(Arbitrary, Debug)]
enum Insert<'a> {
    Bytes(&'a [u8]),
    Run {
        byte: u8,
        len: Length,
    },
    Noise {
        seed: u8,
        len: Length,
    },
    /// A range of the file itself.
    Again {
        at: Place,
        len: Length,
    },
}

/// Returns a file after some edits.
pub fn edited(file: &[u8], edits: &[Edit], max_len: MaxFileLen) -> Vec<u8> {
    let max_len = max_len.get();
    let mut file = file.to_vec();
    for edit in edits {
        let at = edit.at.get(file.len());
        let end = file.len().min(at + edit.remove.get());
        let inserted = edit.insert.bytes(&file, max_len);
        file.splice(at..end, inserted);
        file.truncate(max_len);
    }
    file
}

impl Insert<'_> {
    fn bytes(&self, file: &[u8], max_len: usize) -> Vec<u8> {
        match *self {
            Insert::Bytes(bytes) => bytes.to_vec(),
            Insert::Run { byte, len } => vec![byte; len.get().min(max_len)],
            Insert::Noise { seed, len } => noise(seed).take(len.get().min(max_len)).collect(),
            Insert::Again { at, len } => {
                let tail = &file[at.get(file.len())..];
                tail[..len.get().min(tail.len())].to_vec()
            }
        }
    }
}

fn noise(seed: u8) -> impl Iterator<Item = u8> {
    let mut state = u64::from(seed);
    std::iter::repeat_with(move || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 56) as u8
    })
}

/// Two files and the parameters of the signature between them.
#[derive(Arbitrary, Debug)]
pub struct Pair<'a> {
    kind: u8,
    block_len: Length,
    pub max_file_len: MaxFileLen,
    old: Vec<Edit<'a>>,
    new: Vec<Edit<'a>>,
}

impl Pair<'_> {
    /// Returns the old file, the new file, and parameters with whole strong sums.
    pub fn build(&self) -> (Vec<u8>, Vec<u8>, SignatureParams) {
        let old = edited(&[], &self.old, self.max_file_len);
        let new = edited(&old, &self.new, self.max_file_len);
        let kind = SignatureKind::ALL[usize::from(self.kind) % 4];
        let block_len = self.block_len.get().max(old.len() / MAX_BLOCKS).max(1);
        let strong_len = kind.strong.max_len().into();
        let params = SignatureParams::new(kind, block_len as u32, strong_len).unwrap();
        (old, new, params)
    }
}

/// Lengths into which a stream is cut, over and over.
#[derive(Arbitrary, Clone, Copy, Debug)]
pub struct Cuts([Length; 4]);

impl Cuts {
    /// Returns the lengths for ever; now and then comes one that gets a stream of this length on.
    pub fn lens(self, stream_len: usize) -> impl Iterator<Item = usize> {
        let lens = self.0.into_iter().map(Length::get);
        lens.chain([stream_len / 1024 + 1]).cycle()
    }
}

/// What comes in place of a message of an exchange.
#[derive(Arbitrary, Debug)]
pub enum Forgery<'a> {
    /// Any bytes.
    Bytes(&'a [u8]),
    /// Any bytes between a start and a check that are right, which no fuzzer guesses.
    Sealed(&'a [u8]),
    /// The message after some edits, with a check that is right; the message itself without any.
    Edited(Vec<Edit<'a>>),
}

/// Bytes of a message that are its magic and version.
const START_LEN: usize = 5;
/// Bytes of its check.
const CHECK_LEN: usize = 8;

impl Forgery<'_> {
    /// Returns what comes in place of a message, given what that answers.
    pub fn of(&self, message: &[u8], answered: &[u8]) -> Vec<u8> {
        let (start, rest) = message.split_at(START_LEN);
        let fields = match self {
            Forgery::Bytes(bytes) => return bytes.to_vec(),
            Forgery::Sealed(bytes) => bytes.to_vec(),
            Forgery::Edited(edits) => edited(&rest[..rest.len() - CHECK_LEN], edits, MaxFileLen(0)),
        };
        let check = StrongHash::Blake2b.sum(&[answered, start, &fields].concat());
        [start, &fields, &check[..CHECK_LEN]].concat()
    }

    /// Returns true if that is the message itself.
    pub fn is_none(&self) -> bool {
        matches!(self, Forgery::Edited(edits) if edits.is_empty())
    }
}

/// Two files, and the average of the chunks of the old one.
#[derive(Arbitrary, Debug)]
pub struct Files<'a> {
    average: u8,
    salt: [u8; 16],
    max_file_len: MaxFileLen,
    old: Vec<Edit<'a>>,
    new: Vec<Edit<'a>>,
}

impl Files<'_> {
    /// Returns the old file, the new file, and the layered signature of the old one.
    pub fn build(&self) -> (Vec<u8>, Vec<u8>, Vec<u8>) {
        let old = edited(&[], &self.old, self.max_file_len);
        let new = edited(&old, &self.new, self.max_file_len);
        let options =
            ChunkSignatureOptions::new().average_len(256 << (self.average % 4)).salt(self.salt);
        let mut signature = Vec::new();
        exchange::sign(&old, old.len() as u64, options, &mut signature, &mut ()).unwrap();
        (old, new, signature)
    }
}

/// Turns the error of a result into what a user sees of it.
pub fn visible<T>(result: Result<T>) -> Result<T, (ErrorKind, String)> {
    result.map_err(|error| (error.kind(), error.to_string()))
}
