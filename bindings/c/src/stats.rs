//! Statistics, as C gets them.

use std::ptr;

use sigdelta::layered::{ApplyStats, MakeStats};
use sigdelta::{CommandStats, DeltaStats, PatchStats, SignatureStats};

use crate::error::Failure;
use crate::options::MAX_STRUCT_SIZE;

/// What an operation did; what does not apply to it is 0. Start from SIGDELTA_STATS_INIT.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct sigdelta_stats {
    /// sizeof(sigdelta_stats); the library fills in as much as fits and leaves this alone.
    pub size: usize,
    /// Bytes read of the basis (signature), signature (load), new file (delta) or delta (patch).
    pub in_bytes: u64,
    /// Bytes written.
    pub out_bytes: u64,
    /// Signature and load: blocks.
    pub blocks: u64,
    /// Signature and load: bytes per block.
    pub block_len: u64,
    /// Delta and patch: LITERAL commands.
    pub literal_commands: u64,
    /// Delta and patch: bytes of literal data. Making a layered patch: bytes that lie along nothing.
    pub literal_bytes: u64,
    /// Delta and patch: bytes of LITERAL commands without their data.
    pub literal_command_bytes: u64,
    /// Delta and patch: COPY commands.
    pub copy_commands: u64,
    /// Delta and patch: bytes copied from the basis.
    pub copy_bytes: u64,
    /// Delta and patch: bytes of COPY commands.
    pub copy_command_bytes: u64,
    /// Delta: windows of the new file that were looked up.
    pub searches: u64,
    /// Delta: windows that are a block of the basis.
    pub matches: u64,
    /// Patch: 1 if the delta has a trailer.
    pub has_trailer: u32,
    /// Patch: 1 if the result was found to be the one the trailer promises; 1 for layered patches.
    pub verified: u32,
    /// Making a layered patch: stretches of the new file that lie along the basis, equal or nearly.
    pub aligned_pieces: u64,
    /// Making a layered patch: bytes in them.
    pub aligned_bytes: u64,
}

impl sigdelta_stats {
    fn of_commands(commands: &CommandStats, in_bytes: u64, out_bytes: u64) -> Self {
        sigdelta_stats {
            in_bytes,
            out_bytes,
            literal_commands: commands.literal_commands,
            literal_bytes: commands.literal_bytes,
            literal_command_bytes: commands.literal_command_bytes,
            copy_commands: commands.copy_commands,
            copy_bytes: commands.copy_bytes,
            copy_command_bytes: commands.copy_command_bytes,
            ..Default::default()
        }
    }
}

impl From<SignatureStats> for sigdelta_stats {
    fn from(stats: SignatureStats) -> Self {
        sigdelta_stats {
            in_bytes: stats.in_bytes,
            out_bytes: stats.out_bytes,
            blocks: stats.blocks,
            block_len: stats.block_len.into(),
            ..Default::default()
        }
    }
}

impl From<DeltaStats> for sigdelta_stats {
    fn from(stats: DeltaStats) -> Self {
        sigdelta_stats {
            searches: stats.search.searches,
            matches: stats.search.matches,
            ..Self::of_commands(&stats.commands, stats.in_bytes, stats.out_bytes)
        }
    }
}

impl From<PatchStats> for sigdelta_stats {
    fn from(stats: PatchStats) -> Self {
        sigdelta_stats {
            has_trailer: stats.trailer.is_some().into(),
            verified: stats.verified.into(),
            ..Self::of_commands(&stats.commands, stats.in_bytes, stats.out_bytes)
        }
    }
}

impl From<MakeStats> for sigdelta_stats {
    fn from(stats: MakeStats) -> Self {
        sigdelta_stats {
            in_bytes: stats.in_bytes,
            out_bytes: stats.out_bytes,
            literal_bytes: stats.literal_bytes,
            aligned_pieces: stats.aligned_pieces,
            aligned_bytes: stats.aligned_bytes,
            ..Default::default()
        }
    }
}

impl From<ApplyStats> for sigdelta_stats {
    fn from(stats: ApplyStats) -> Self {
        sigdelta_stats {
            in_bytes: stats.in_bytes,
            out_bytes: stats.out_bytes,
            verified: 1,
            ..Default::default()
        }
    }
}

/// Where the caller wants statistics, if anywhere.
#[derive(Debug)]
pub struct StatsTarget {
    address: *mut sigdelta_stats,
    size: usize,
}

impl StatsTarget {
    /// Checks the size of the caller's struct and clears the rest of it; null is no target.
    ///
    /// # Safety
    /// The contract: null, or `stats->size` bytes can be written until the call returns.
    pub unsafe fn new(address: *mut sigdelta_stats) -> Result<Self, Failure> {
        if address.is_null() {
            return Ok(StatsTarget { address, size: 0 });
        }
        // SAFETY: every struct that the contract allows starts with its size.
        let size = unsafe { (&raw const (*address).size).read() };
        if !(size_of::<usize>()..=MAX_STRUCT_SIZE).contains(&size) {
            return Err(Failure::Argument("stats: size is not sizeof(sigdelta_stats)"));
        }
        let fields = size_of::<usize>();
        // SAFETY: `size` bytes are ours to write; those of the size itself stay.
        unsafe { address.cast::<u8>().add(fields).write_bytes(0, size - fields) };
        Ok(StatsTarget { address, size })
    }

    /// Writes as much as the caller's struct holds.
    pub fn put(&self, stats: impl Into<sigdelta_stats>) {
        if self.address.is_null() {
            return;
        }
        let stats = sigdelta_stats { size: self.size, ..stats.into() };
        // SAFETY: `new` was promised `size` bytes, and no more of ours are copied.
        unsafe {
            let source = (&raw const stats).cast::<u8>();
            let len = self.size.min(size_of::<sigdelta_stats>());
            ptr::copy_nonoverlapping(source, self.address.cast::<u8>(), len);
        }
    }
}
