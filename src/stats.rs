//! What an operation did; units are in the names.

use crate::format::Trailer;

/// What the making of a signature did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SignatureStats {
    /// Blocks of the basis, the short last one included.
    pub blocks: u64,
    /// Block length in bytes.
    pub block_len: u32,
    /// Bytes of the basis.
    pub in_bytes: u64,
    /// Bytes of the signature.
    pub out_bytes: u64,
}

/// The commands of a delta, written or read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CommandStats {
    /// LITERAL commands.
    pub literal_commands: u64,
    /// Bytes of literal data.
    pub literal_bytes: u64,
    /// Opcode and parameter bytes of LITERAL commands.
    pub literal_command_bytes: u64,
    /// COPY commands.
    pub copy_commands: u64,
    /// Bytes copied from the basis.
    pub copy_bytes: u64,
    /// Opcode and parameter bytes of COPY commands.
    pub copy_command_bytes: u64,
}

impl CommandStats {
    /// Returns the length of the result in bytes.
    pub fn result_bytes(&self) -> u64 {
        self.literal_bytes.saturating_add(self.copy_bytes)
    }

    pub(crate) fn literal(&mut self, len: u64, command_bytes: usize) {
        self.literal_commands += 1;
        self.literal_bytes = self.literal_bytes.saturating_add(len);
        self.literal_command_bytes += command_bytes as u64;
    }

    pub(crate) fn copy(&mut self, len: u64, command_bytes: usize) {
        self.copy_commands += 1;
        self.copy_bytes = self.copy_bytes.saturating_add(len);
        self.copy_command_bytes += command_bytes as u64;
    }
}

/// How often the blocks of a signature were looked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SearchStats {
    /// Windows looked up.
    pub searches: u64,
    /// Windows that equal a block.
    pub matches: u64,
    /// Blocks whose weak sum was compared with that of a window.
    pub weak_compares: u64,
    /// Blocks whose strong sum was compared with that of a window.
    pub strong_compares: u64,
    /// Windows whose strong sum was taken.
    pub strong_sums: u64,
}

impl SearchStats {
    /// Adds what another search did.
    pub(crate) fn add(&mut self, other: &SearchStats) {
        self.searches += other.searches;
        self.matches += other.matches;
        self.weak_compares += other.weak_compares;
        self.strong_compares += other.strong_compares;
        self.strong_sums += other.strong_sums;
    }

    /// Returns what was done since an earlier state of the same search.
    pub fn since(&self, earlier: &SearchStats) -> SearchStats {
        SearchStats {
            searches: self.searches - earlier.searches,
            matches: self.matches - earlier.matches,
            weak_compares: self.weak_compares - earlier.weak_compares,
            strong_compares: self.strong_compares - earlier.strong_compares,
            strong_sums: self.strong_sums - earlier.strong_sums,
        }
    }
}

/// What the making of a delta did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeltaStats {
    /// The commands written.
    pub commands: CommandStats,
    /// The search.
    pub search: SearchStats,
    /// Bytes of the new file.
    pub in_bytes: u64,
    /// Bytes of the delta, trailer included.
    pub out_bytes: u64,
}

/// What the applying of a delta did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PatchStats {
    /// The commands read.
    pub commands: CommandStats,
    /// Bytes of the delta, trailer included.
    pub in_bytes: u64,
    /// Bytes of the result.
    pub out_bytes: u64,
    /// The trailer of the delta, if it has one.
    pub trailer: Option<Trailer>,
    /// True if the result was found to be the one the trailer promises.
    pub verified: bool,
}
