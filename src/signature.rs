//! Signatures: the engine that makes them, the decoder that loads them.

use std::fmt;

use crate::engine::{Engine, Outbox, Status, Step, copy_front};
use crate::error::{Error, Part, Result, reserve};
use crate::format::be_uint;
use crate::format::signature::{HEADER_LEN, Strictness, decode_header, encode_header, field_at};
use crate::options::SignatureParams;
use crate::simd::pages::reserve_large;
use crate::simd::{Level, Simd};
use crate::stats::SignatureStats;
use crate::strong::{MAX_STRONG_LEN, StrongState, StrongSum};
use crate::weak::WeakState;

/// Most blocks a signature may have: their numbers are 32 bits.
pub const MAX_BLOCKS: u64 = u32::MAX as u64;

/// Blocks that are hashed together.
const BATCH_BLOCKS: usize = 64;
/// Most bytes of a signature that wait for output space.
const OUTBOX_LEN: usize = BATCH_BLOCKS * (4 + MAX_STRONG_LEN);

/// Engine that turns the bytes of a basis into its signature (`docs/formats.md`, "Signature").
///
/// Holds no block: its memory does not depend on the block length.
pub struct SignatureEncoder {
    params: SignatureParams,
    simd: Simd,
    partial: Option<PartialBlock>,
    outbox: Outbox<OUTBOX_LEN>,
    ended: bool,
    failed: bool,
    stats: SignatureStats,
}

/// A block of which some bytes have come.
struct PartialBlock {
    len: usize,
    weak: WeakState,
    strong: StrongState,
}

impl SignatureEncoder {
    /// Starts a signature.
    pub fn new(params: SignatureParams) -> Self {
        Self::with_level(params, Level::best())
    }

    /// As [`SignatureEncoder::new`], with no instructions above a level. The signature is the same.
    pub fn with_level(params: SignatureParams, highest: Level) -> Self {
        let mut outbox = Outbox::new();
        outbox.push(&encode_header(&params));
        SignatureEncoder {
            params,
            simd: Simd::up_to(highest),
            partial: None,
            outbox,
            ended: false,
            failed: false,
            stats: SignatureStats { block_len: params.block_len(), ..Default::default() },
        }
    }

    /// Returns the parameters.
    pub fn params(&self) -> &SignatureParams {
        &self.params
    }

    fn try_step(&mut self, input: &[u8], end_of_input: bool, output: &mut [u8]) -> Result<Step> {
        let (mut consumed, mut produced) = (0, 0);
        let status = loop {
            produced += self.outbox.drain(&mut output[produced..]);
            if !self.outbox.is_empty() {
                break Status::NeedsOutput;
            }
            if self.ended {
                break Status::Done;
            } else if consumed < input.len() {
                consumed += self.take(&input[consumed..])?;
            } else if end_of_input {
                self.finish_partial()?;
                self.ended = true;
            } else {
                break Status::NeedsInput;
            }
        };
        self.stats.in_bytes += consumed as u64;
        self.stats.out_bytes += produced as u64;
        Ok(Step { consumed, produced, status })
    }

    /// Hashes some of the non-empty `input` and returns how much.
    fn take(&mut self, input: &[u8]) -> Result<usize> {
        let block_len = self.params.block_len() as usize;
        if self.partial.is_none() && input.len() >= block_len {
            let blocks = (input.len() / block_len).min(BATCH_BLOCKS);
            self.hash_blocks(&input[..blocks * block_len])?;
            return Ok(blocks * block_len);
        }
        let partial = self.partial.get_or_insert_with(|| PartialBlock {
            len: 0,
            weak: WeakState::new(self.params.kind().weak),
            strong: StrongState::new(self.params.kind().strong),
        });
        let taken = input.len().min(block_len - partial.len);
        partial.weak.update(self.simd, &input[..taken]);
        partial.strong.update(&input[..taken]);
        partial.len += taken;
        if partial.len == block_len {
            self.finish_partial()?;
        }
        Ok(taken)
    }

    fn hash_blocks(&mut self, blocks: &[u8]) -> Result<()> {
        let (params, simd) = (self.params, self.simd);
        sum_blocks(&params, simd, blocks, |weak, strong| self.push_block(weak, strong))
    }

    fn finish_partial(&mut self) -> Result<()> {
        match self.partial.take() {
            Some(block) => self.push_block(block.weak.digest(), &block.strong.finish()),
            None => Ok(()),
        }
    }

    fn push_block(&mut self, weak: u32, strong: &StrongSum) -> Result<()> {
        self.stats.blocks += 1;
        check_blocks(self.stats.blocks)?;
        self.outbox.push(&weak.to_be_bytes());
        self.outbox.push(&strong[..self.params.strong_len().into()]);
        Ok(())
    }
}

/// Takes the sums of consecutive blocks, the last of which may be short.
pub(crate) fn sum_blocks(
    params: &SignatureParams,
    simd: Simd,
    data: &[u8],
    mut each: impl FnMut(u32, &StrongSum) -> Result<()>,
) -> Result<()> {
    let kind = params.kind();
    let block_len = params.block_len() as usize;
    let mut sums = [StrongSum::default(); BATCH_BLOCKS];
    for batch in data.chunks(block_len.saturating_mul(BATCH_BLOCKS)) {
        let whole = batch.len() / block_len;
        kind.strong.sum_many(simd, batch, block_len, &mut sums[..whole]);
        let blocks = batch.chunks_exact(block_len);
        let short = blocks.remainder();
        for (block, strong) in blocks.zip(&sums) {
            each(kind.weak.sum_with(simd, block), strong)?;
        }
        if !short.is_empty() {
            each(kind.weak.sum_with(simd, short), &kind.strong.sum_with(simd, short))?;
        }
    }
    Ok(())
}

/// Checks that a signature may have so many blocks.
pub(crate) fn check_blocks(blocks: u64) -> Result<()> {
    if blocks > MAX_BLOCKS {
        return Err(Error::TooManyBlocks { max_blocks: MAX_BLOCKS });
    }
    Ok(())
}

impl Engine for SignatureEncoder {
    type Stats = SignatureStats;

    fn step(&mut self, input: &[u8], end_of_input: bool, output: &mut [u8]) -> Result<Step> {
        if self.failed {
            return Err(Error::AlreadyFailed);
        }
        self.try_step(input, end_of_input, output).inspect_err(|_| self.failed = true)
    }

    fn stats(&self) -> SignatureStats {
        self.stats
    }
}

/// A signature in memory: the parameters and the sums of every block, in the order of the basis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    params: SignatureParams,
    weak: Vec<u32>,
    strong: Vec<u8>,
}

impl Signature {
    /// Returns the signature of an empty basis.
    pub fn without_blocks(params: SignatureParams) -> Signature {
        Signature { params, weak: Vec::new(), strong: Vec::new() }
    }

    /// Loads a signature from a slice with the default [`LoadOptions`].
    ///
    /// # Errors
    /// As [`SignatureDecoder::push`] and [`SignatureDecoder::finish`].
    pub fn from_slice(bytes: &[u8]) -> Result<Signature> {
        let options = LoadOptions::new().expected_bytes(bytes.len() as u64);
        let mut decoder = SignatureDecoder::new(options);
        decoder.push(bytes)?;
        decoder.finish()
    }

    /// Returns the parameters.
    pub fn params(&self) -> &SignatureParams {
        &self.params
    }

    /// Returns the number of blocks.
    pub fn blocks(&self) -> usize {
        self.weak.len()
    }

    /// Returns the bytes of memory that the sums take.
    pub(crate) fn memory_bytes(&self) -> u64 {
        (4 * self.weak.capacity() + self.strong.capacity()) as u64
    }

    pub(crate) fn weak_sums(&self) -> &[u32] {
        &self.weak
    }

    /// Returns the weak sum of a block.
    ///
    /// # Panics
    /// If there is no such block.
    pub fn weak_sum(&self, block: usize) -> u32 {
        self.weak[block]
    }

    /// Returns the strong sum of a block, cut to the strong length.
    ///
    /// # Panics
    /// If there is no such block.
    pub fn strong_sum(&self, block: usize) -> &[u8] {
        let len = usize::from(self.params.strong_len());
        &self.strong[block * len..][..len]
    }
}

/// How a signature is loaded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct LoadOptions {
    strictness: Strictness,
    max_bytes: Option<u64>,
    expected_bytes: Option<u64>,
}

impl LoadOptions {
    /// Returns the defaults: strict, without limit.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets how a signature is judged.
    pub fn strictness(mut self, strictness: Strictness) -> Self {
        self.strictness = strictness;
        self
    }

    /// Sets the most bytes a signature may have. Loaded it takes about as much memory, and up to
    /// 14 bytes per block more when indexed. Without a limit memory still grows only with the bytes
    /// that really arrive.
    pub fn max_bytes(mut self, max_bytes: impl Into<Option<u64>>) -> Self {
        self.max_bytes = max_bytes.into();
        self
    }

    /// Sets how long the signature is, such as the length of its file: memory is then reserved at
    /// once, if there is enough, and taken as the bytes arrive.
    pub fn expected_bytes(mut self, expected_bytes: impl Into<Option<u64>>) -> Self {
        self.expected_bytes = expected_bytes.into();
        self
    }
}

/// Decoder that takes a signature in pieces.
pub struct SignatureDecoder {
    options: LoadOptions,
    /// What has come of the header, then of the block that is not complete.
    pending: Pending,
    params: Option<SignatureParams>,
    weak: Vec<u32>,
    strong: Vec<u8>,
    in_bytes: u64,
    failed: bool,
}

impl SignatureDecoder {
    /// Starts loading.
    pub fn new(options: LoadOptions) -> Self {
        SignatureDecoder {
            options,
            pending: Pending::new(),
            params: None,
            weak: Vec::new(),
            strong: Vec::new(),
            in_bytes: 0,
            failed: false,
        }
    }

    /// Takes the next bytes, all of them.
    ///
    /// # Errors
    /// A header that is not valid under the [`Strictness`], [`Error::SignatureLimit`],
    /// [`Error::TooManyBlocks`], [`Error::OutOfMemory`].
    pub fn push(&mut self, input: &[u8]) -> Result<()> {
        if self.failed {
            return Err(Error::AlreadyFailed);
        }
        self.try_push(input).inspect_err(|_| self.failed = true)
    }

    fn try_push(&mut self, mut input: &[u8]) -> Result<()> {
        let params = match self.params {
            Some(params) => params,
            None => {
                let taken = self.pending.fill(input, HEADER_LEN);
                self.in_bytes += taken as u64;
                input = &input[taken..];
                let header = decode_header(self.pending.as_slice(), self.options.strictness)?;
                let Some(params) = header else { return Ok(()) };
                self.pending.clear();
                self.reserve_expected(&params);
                *self.params.insert(params)
            }
        };
        if let Some(max_bytes) = self.options.max_bytes
            && self.in_bytes + input.len() as u64 > max_bytes
        {
            return Err(Error::SignatureLimit { offset: max_bytes, max_bytes });
        }
        self.in_bytes += input.len() as u64;

        let entry_len = params.bytes_per_block();
        if !self.pending.is_empty() {
            let taken = self.pending.fill(input, entry_len);
            input = &input[taken..];
            if self.pending.as_slice().len() < entry_len {
                return Ok(());
            }
            let entry = self.pending;
            self.push_blocks(entry.as_slice(), entry_len)?;
            self.pending.clear();
        }
        let (entries, rest) = input.split_at(input.len() - input.len() % entry_len);
        self.push_blocks(entries, entry_len)?;
        self.pending.fill(rest, entry_len);
        Ok(())
    }

    /// Makes room for the blocks that are expected. Without it there will be room as they come.
    fn reserve_expected(&mut self, params: &SignatureParams) {
        let max_bytes = self.options.max_bytes.unwrap_or(u64::MAX);
        let expected_bytes = self.options.expected_bytes.unwrap_or(0).min(max_bytes);
        let sums_len = expected_bytes.saturating_sub(HEADER_LEN as u64);
        let blocks = sums_len / params.bytes_per_block() as u64;
        if let Ok(blocks) = u32::try_from(blocks) {
            let blocks = blocks as usize;
            let strong_bytes = blocks.saturating_mul(params.strong_len().into());
            _ = reserve_large(&mut self.weak, blocks)
                .and_then(|()| reserve_large(&mut self.strong, strong_bytes));
        }
    }

    fn push_blocks(&mut self, entries: &[u8], entry_len: usize) -> Result<()> {
        let blocks = entries.len() / entry_len;
        if (self.weak.len() + blocks) as u64 > MAX_BLOCKS {
            return Err(Error::TooManyBlocks { max_blocks: MAX_BLOCKS });
        }
        reserve(&mut self.weak, blocks)?;
        reserve(&mut self.strong, entries.len() - 4 * blocks)?;
        match entry_len {
            // A length that is known is copied without a call.
            36 => self.split_entries::<36>(entries),
            20 => self.split_entries::<20>(entries),
            12 => self.split_entries::<12>(entries),
            _ => {
                for entry in entries.chunks_exact(entry_len) {
                    let (weak, strong) = entry.split_at(4);
                    self.weak.push(be_uint(weak) as u32);
                    self.strong.extend_from_slice(strong);
                }
            }
        }
        Ok(())
    }

    fn split_entries<const LEN: usize>(&mut self, entries: &[u8]) {
        let (entries, _) = entries.as_chunks::<LEN>();
        self.weak.extend(entries.iter().map(|entry| be_uint(&entry[..4]) as u32));
        for entry in entries {
            self.strong.extend_from_slice(&entry[4..]);
        }
    }

    /// Returns the signature, which must have ended here.
    ///
    /// # Errors
    /// [`Error::InputEnded`] inside the header or a strong sum, [`Error::StrayBytes`] if 1 to 3
    /// bytes are left and the load is strict.
    pub fn finish(self) -> Result<Signature> {
        self.check_end()?;
        match self.params {
            Some(params) => Ok(Signature { params, weak: self.weak, strong: self.strong }),
            None => Err(Error::InputEnded { offset: self.in_bytes, expected: Part::Magic }),
        }
    }

    /// Checks that the signature may end here.
    ///
    /// # Errors
    /// Those of [`SignatureDecoder::finish`].
    pub fn check_end(&self) -> Result<()> {
        if self.failed {
            return Err(Error::AlreadyFailed);
        }
        let ended = |expected| Error::InputEnded { offset: self.in_bytes, expected };
        let pending_len = self.pending.as_slice().len();
        match pending_len {
            _ if self.params.is_none() => Err(ended(field_at(pending_len))),
            0 => Ok(()),
            1..4 if self.options.strictness == Strictness::Librsync => Ok(()),
            1..4 => Err(Error::StrayBytes { offset: self.in_bytes - pending_len as u64 }),
            _ => Err(ended(Part::StrongSum)),
        }
    }

    /// Returns what has come of the signature, if its header has: the blocks of a prefix of the basis.
    pub fn into_loaded(self) -> Option<Signature> {
        let SignatureDecoder { params, weak, strong, .. } = self;
        params.map(|params| Signature { params, weak, strong })
    }

    /// Returns what was loaded so far; `in_bytes` counts bytes of the signature.
    pub fn stats(&self) -> SignatureStats {
        SignatureStats {
            blocks: self.weak.len() as u64,
            block_len: self.params.map_or(0, |params| params.block_len()),
            in_bytes: self.in_bytes,
            out_bytes: 0,
        }
    }
}

/// The front of a header or of a block's entry.
#[derive(Clone, Copy)]
struct Pending {
    bytes: [u8; 4 + MAX_STRONG_LEN],
    len: usize,
}

impl Pending {
    fn new() -> Self {
        Pending { bytes: [0; 4 + MAX_STRONG_LEN], len: 0 }
    }

    /// Appends bytes until there are `wanted`, and returns how many.
    fn fill(&mut self, input: &[u8], wanted: usize) -> usize {
        let taken = copy_front(input, &mut self.bytes[self.len..wanted]);
        self.len += taken;
        taken
    }

    fn as_slice(&self) -> &[u8] {
        &self.bytes[..self.len]
    }

    fn is_empty(&self) -> bool {
        self.len == 0
    }

    fn clear(&mut self) {
        self.len = 0;
    }
}

impl fmt::Debug for SignatureEncoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignatureEncoder").field("stats", &self.stats).finish_non_exhaustive()
    }
}

impl fmt::Debug for SignatureDecoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignatureDecoder").field("stats", &self.stats()).finish_non_exhaustive()
    }
}
