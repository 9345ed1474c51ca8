//! What can go wrong, with the byte offset where a decoder stopped.

use std::fmt;
use std::io;

#[cfg(feature = "layered")]
use crate::format::Message;

/// Result of every fallible function of this crate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why an operation failed.
///
/// Offsets count bytes from the start of the stream that was being read. Every variant belongs to
/// exactly one [`ErrorKind`], whose number is librsync's `rs_result`.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The engine returned an error before and takes no more input.
    #[error("the operation failed earlier and cannot go on")]
    AlreadyFailed,

    /// A COPY command reaches beyond the end of the basis.
    #[error(
        "copy of {len} bytes from position {position} needs bytes at {ended_at}, beyond the end of the basis: wrong basis?"
    )]
    BasisEnded {
        /// First basis byte of the command.
        position: u64,
        /// Bytes the command copies.
        len: u64,
        /// Basis position at which nothing could be read any more.
        ended_at: u64,
    },

    /// The stream is not a delta.
    #[error("not a delta: magic {found:#010x} at byte 0, expected 0x72730236{}", Likeness(.likeness))]
    BadDeltaMagic {
        /// The first four bytes.
        found: u32,
        /// What the stream looks like instead, if that is known.
        likeness: Option<&'static str>,
    },

    /// The stream is not a layered patch.
    #[error("not a layered patch: its magic is missing at byte 0{}", Likeness(.likeness))]
    BadPatchMagic {
        /// What the stream looks like instead, if that is known.
        likeness: Option<&'static str>,
    },

    /// The stream is not a signature.
    #[error(
        "not a signature: magic {found:#010x} at byte 0, expected 0x72730136, 0x72730137, 0x72730146 or 0x72730147{}",
        Likeness(.likeness)
    )]
    BadSignatureMagic {
        /// The first four bytes.
        found: u32,
        /// What the stream looks like instead, if that is known.
        likeness: Option<&'static str>,
    },

    /// A signature header with a block length outside 1..=2147483647.
    #[error("block length {found} at byte {offset} is not between 1 and 2147483647")]
    BlockLenOnWire {
        /// Where the field starts.
        offset: u64,
        /// The field as unsigned number.
        found: u32,
    },

    /// A delta command 0x55..=0xff, which no version of the format defines.
    #[error("unknown delta command {opcode:#04x} at byte {offset}")]
    BogusCommand {
        /// Where the command starts.
        offset: u64,
        /// The command byte.
        opcode: u8,
    },

    /// The caller's [`Monitor`](crate::Monitor) asked to stop.
    #[error("cancelled")]
    Cancelled,

    /// A COPY command of zero or more than 2^63 - 1 bytes.
    #[error("copy command at byte {offset} has invalid length {len}")]
    CopyLen {
        /// Where the command starts.
        offset: u64,
        /// The length as signed number, which is how librsync reads it.
        len: i64,
    },

    /// A COPY command whose position exceeds 2^63 - 1.
    #[error("copy command at byte {offset} has invalid position {position}")]
    CopyPosition {
        /// Where the command starts.
        offset: u64,
        /// The position as signed number, which is how librsync reads it.
        position: i64,
    },

    /// A whole-file operation failed on this file.
    #[error("{}: {cause}", .path.display())]
    File {
        /// The file.
        path: std::path::PathBuf,
        /// What happened to it.
        cause: Box<Error>,
    },

    /// The stream ends before it is complete.
    #[error("{}", Ended(*offset, *expected))]
    InputEnded {
        /// Length of the stream.
        offset: u64,
        /// What should have followed.
        expected: Part,
    },

    /// Options that do not make a signature.
    #[error("block length {found} is not between 1 and 2147483647")]
    InvalidBlockLen {
        /// The length asked for.
        found: u32,
    },

    /// Lengths that do not make a chunker.
    #[error(
        "chunk lengths {min_len}, {average_len}, {max_len} are not in order, or not between 64 and 2^30 with an average between 256 and 4194304"
    )]
    InvalidChunkLens {
        /// The fewest bytes asked for.
        min_len: u32,
        /// The average asked for.
        average_len: u32,
        /// The most bytes asked for.
        max_len: u32,
    },

    /// A normalization that chunkers do not have.
    #[error("normalization {found} is not between 0 and 3")]
    InvalidNormalization {
        /// The normalization asked for.
        found: u8,
    },

    /// Options with a strong length that the hash cannot fill.
    #[error("strong length {found} is not between 1 and {max}, the most that {hash} gives")]
    InvalidStrongLen {
        /// The length asked for.
        found: u64,
        /// Bytes of the whole sum.
        max: u8,
        /// Name of the hash.
        hash: &'static str,
    },

    /// Reading, writing or seeking failed.
    #[error("cannot {action}: {cause}")]
    Io {
        /// What was attempted.
        action: IoAction,
        /// Why it failed.
        cause: io::Error,
    },

    /// A LITERAL command of zero or more than 2^63 - 1 bytes.
    #[error("literal command at byte {offset} has invalid length {len}")]
    LiteralLen {
        /// Where the command starts.
        offset: u64,
        /// The length as signed number, which is how librsync reads it.
        len: i64,
    },

    /// A group of a layered patch gives other bytes than it was made for, though it can be read: it
    /// is damaged, or an exchange took bytes for equal that are not.
    #[error(
        "the group at byte {offset} of the layered patch gives other bytes than it was made for"
    )]
    GroupMismatch {
        /// Where the group starts.
        offset: u64,
    },

    /// More memory than the caller allows would be needed.
    #[error("{needed_bytes} bytes of memory are needed, more than the limit of {max_bytes}")]
    MemoryLimit {
        /// Bytes needed.
        needed_bytes: u64,
        /// The caller's limit.
        max_bytes: u64,
    },

    /// A message of an exchange holds what no writer puts there.
    #[cfg(feature = "layered")]
    #[error("the {message} is damaged at byte {offset}")]
    MessageDamaged {
        /// Which message.
        message: Message,
        /// Where reading ended: the field there or the one before it cannot be right; the start of the
        /// check if that is wrong.
        offset: u64,
    },

    /// The bytes are not that message of an exchange.
    #[cfg(feature = "layered")]
    #[error("not a {message}: its magic is missing at byte 0{}", Likeness(.likeness))]
    MessageMagic {
        /// Which message.
        message: Message,
        /// What the bytes look like instead, if that is known.
        likeness: Option<&'static str>,
    },

    /// A message of an exchange of a later version.
    #[cfg(feature = "layered")]
    #[error("{message} of unknown version {found} at byte {offset}")]
    MessageVersion {
        /// Which message.
        message: Message,
        /// Where the field is.
        offset: u64,
        /// The field.
        found: u8,
    },

    /// The system gives no more memory.
    #[error("out of memory{}", Wanted(*wanted_bytes))]
    OutOfMemory {
        /// Bytes wanted at once, 0 if a library wanted them for itself.
        wanted_bytes: u64,
    },

    /// A layered patch holds what no writer puts there.
    #[error("the layered patch is damaged at byte {offset}, in {part}")]
    PatchDamaged {
        /// Where the field starts that cannot be right; that of the group, if it is inside of one.
        offset: u64,
        /// The part it belongs to.
        part: Part,
    },

    /// A layered patch of a later version.
    #[error("layered patch of unknown version {found} at byte {offset}")]
    PatchVersion {
        /// Where the field is.
        offset: u64,
        /// The field.
        found: u8,
    },

    /// The result would be longer than the caller allows.
    #[error("the result exceeds the limit of {max_bytes} bytes by what is at byte {offset}")]
    OutputLimit {
        /// Where the offending command, or the header that says so, starts.
        offset: u64,
        /// The caller's limit.
        max_bytes: u64,
    },

    /// More is asked for than the caller allows.
    #[error("the request asks for {needed_bytes} bytes, more than the limit of {max_bytes}")]
    RequestLimit {
        /// Bytes asked for.
        needed_bytes: u64,
        /// The caller's limit.
        max_bytes: u64,
    },

    /// The result is not the one the delta was made for.
    #[error(
        "the result is not the file this delta was made for{}: wrong basis or damaged delta",
        Lengths(*found_len, *expected_len)
    )]
    ResultMismatch {
        /// Bytes produced.
        found_len: u64,
        /// Bytes the trailer promises.
        expected_len: u64,
    },

    /// The signature would need more memory than the caller allows.
    #[error("the signature exceeds the limit of {max_bytes} bytes at byte {offset}")]
    SignatureLimit {
        /// Offset of the first byte that was too many.
        offset: u64,
        /// The caller's limit.
        max_bytes: u64,
    },

    /// The basis has more blocks than a 32-bit block number can name.
    #[error("more than {max_blocks} blocks: use a larger block length")]
    TooManyBlocks {
        /// The most blocks a signature may have.
        max_blocks: u64,
    },

    /// A signature header with a strong length that its hash cannot fill: 17 to 32 for MD4.
    #[error("strong length {found} at byte {offset} is more than the {max} bytes of MD4")]
    StrongLenForHash {
        /// Where the field starts.
        offset: u64,
        /// The field.
        found: u32,
        /// Bytes of the whole sum.
        max: u8,
        /// The magic number, which names the hash.
        magic: u32,
    },

    /// A signature header with strong length 0 or above 32.
    #[error("strong length {found} at byte {offset} is not between 1 and 32")]
    StrongLenOnWire {
        /// Where the field starts.
        offset: u64,
        /// The field as unsigned number.
        found: u32,
    },

    /// Bytes that belong to nothing follow a complete signature or delta.
    #[error("stray bytes after the end, from byte {offset}")]
    StrayBytes {
        /// Where they start.
        offset: u64,
    },

    /// The caller requires a trailer and the delta has none.
    #[error("the delta ends at byte {offset} without a trailer, so its result cannot be verified")]
    TrailerMissing {
        /// Length of the delta.
        offset: u64,
    },

    /// A trailer of an unknown version, or damaged.
    #[error("trailer at byte {offset} is damaged or of an unknown version")]
    TrailerUnknown {
        /// Where the trailer starts.
        offset: u64,
    },

    /// The basis is not the file that the patch was made against.
    #[error(
        "the basis is not the one this patch was made against{}",
        BasisLengths(*found_len, *expected_len)
    )]
    WrongBasis {
        /// Bytes of the basis, if these are not more than expected; then one more than that.
        found_len: u64,
        /// Bytes of the one the patch was made against.
        expected_len: u64,
    },
}

impl Error {
    /// Returns the class of the error: librsync's result code.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Error::File { cause, .. } => cause.kind(),
            Error::Io { .. } | Error::Cancelled => ErrorKind::Io,
            Error::MemoryLimit { .. }
            | Error::OutOfMemory { .. }
            | Error::OutputLimit { .. }
            | Error::RequestLimit { .. }
            | Error::SignatureLimit { .. } => ErrorKind::Limit,
            Error::BasisEnded { .. } | Error::InputEnded { .. } => ErrorKind::InputEnded,
            Error::BadDeltaMagic { .. }
            | Error::BadPatchMagic { .. }
            | Error::BadSignatureMagic { .. } => ErrorKind::BadMagic,
            #[cfg(feature = "layered")]
            Error::MessageMagic { .. } => ErrorKind::BadMagic,
            #[cfg(feature = "layered")]
            Error::MessageDamaged { .. } | Error::MessageVersion { .. } => ErrorKind::Corrupt,
            Error::BlockLenOnWire { .. }
            | Error::BogusCommand { .. }
            | Error::CopyLen { .. }
            | Error::CopyPosition { .. }
            | Error::GroupMismatch { .. }
            | Error::LiteralLen { .. }
            | Error::PatchDamaged { .. }
            | Error::PatchVersion { .. }
            | Error::ResultMismatch { .. }
            | Error::StrayBytes { .. }
            | Error::StrongLenOnWire { .. }
            | Error::TrailerMissing { .. }
            | Error::TrailerUnknown { .. }
            | Error::WrongBasis { .. } => ErrorKind::Corrupt,
            Error::AlreadyFailed => ErrorKind::Internal,
            Error::InvalidBlockLen { .. }
            | Error::InvalidChunkLens { .. }
            | Error::InvalidNormalization { .. }
            | Error::InvalidStrongLen { .. }
            | Error::StrongLenForHash { .. }
            | Error::TooManyBlocks { .. } => ErrorKind::Param,
        }
    }

    /// Wraps the error with the file it happened to, unless it names one already.
    pub fn in_file(self, path: impl Into<std::path::PathBuf>) -> Error {
        match self {
            named @ Error::File { .. } => named,
            cause => Error::File { path: path.into(), cause: Box::new(cause) },
        }
    }

    /// Returns the error without the file name that [`Error::in_file`] put around it.
    pub fn without_file(&self) -> &Error {
        match self {
            Error::File { cause, .. } => cause.without_file(),
            other => other,
        }
    }

    /// Returns the byte of the stream being read that the error speaks of.
    pub fn offset(&self) -> Option<u64> {
        match *self {
            Error::File { ref cause, .. } => cause.offset(),
            Error::BadDeltaMagic { .. }
            | Error::BadPatchMagic { .. }
            | Error::BadSignatureMagic { .. } => Some(0),
            #[cfg(feature = "layered")]
            Error::MessageMagic { .. } => Some(0),
            #[cfg(feature = "layered")]
            Error::MessageDamaged { offset, .. } | Error::MessageVersion { offset, .. } => {
                Some(offset)
            }
            Error::BlockLenOnWire { offset, .. }
            | Error::BogusCommand { offset, .. }
            | Error::CopyLen { offset, .. }
            | Error::CopyPosition { offset, .. }
            | Error::GroupMismatch { offset }
            | Error::InputEnded { offset, .. }
            | Error::LiteralLen { offset, .. }
            | Error::OutputLimit { offset, .. }
            | Error::PatchDamaged { offset, .. }
            | Error::PatchVersion { offset, .. }
            | Error::SignatureLimit { offset, .. }
            | Error::StrayBytes { offset }
            | Error::StrongLenForHash { offset, .. }
            | Error::StrongLenOnWire { offset, .. }
            | Error::TrailerMissing { offset }
            | Error::TrailerUnknown { offset } => Some(offset),
            Error::AlreadyFailed
            | Error::BasisEnded { .. }
            | Error::Cancelled
            | Error::InvalidBlockLen { .. }
            | Error::InvalidChunkLens { .. }
            | Error::InvalidNormalization { .. }
            | Error::InvalidStrongLen { .. }
            | Error::Io { .. }
            | Error::MemoryLimit { .. }
            | Error::OutOfMemory { .. }
            | Error::RequestLimit { .. }
            | Error::ResultMismatch { .. }
            | Error::TooManyBlocks { .. }
            | Error::WrongBasis { .. } => None,
        }
    }

    pub(crate) fn io(action: IoAction) -> impl FnOnce(io::Error) -> Error {
        move |cause| Error::Io { action, cause }
    }
}

/// Class of an [`Error`]; the numbers are librsync's `rs_result` and `rdiff`'s exit status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Reading or writing failed, or was cancelled (100).
    Io = 100,
    /// A limit of the caller or of the system's memory was reached (102, librsync's "out of memory").
    Limit = 102,
    /// A stream or the basis ended too early (103).
    InputEnded = 103,
    /// Another kind of file (104).
    BadMagic = 104,
    /// Contents that no writer makes (106).
    Corrupt = 106,
    /// Use of an engine after it failed (107).
    Internal = 107,
    /// Parameters that cannot be used (108).
    Param = 108,
}

impl ErrorKind {
    /// Returns librsync's number for this class.
    pub fn code(self) -> i32 {
        self as i32
    }
}

/// A part of a stream, named where a stream ends without it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Part {
    /// The four magic bytes.
    Magic,
    /// The block length of a signature.
    BlockLen,
    /// The strong length of a signature.
    StrongLen,
    /// The weak sum of a block.
    WeakSum,
    /// The strong sum of a block.
    StrongSum,
    /// A delta command or END.
    Command,
    /// The position or length of a delta command.
    Parameter,
    /// The data of a LITERAL command.
    LiteralData,
    /// The trailer of a delta.
    Trailer,
    /// The header of a layered patch.
    PatchHeader,
    /// A group of a layered patch.
    PatchGroup,
    /// The end of a layered patch.
    PatchEnd,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Part::Magic => "the magic number",
            Part::BlockLen => "the block length",
            Part::StrongLen => "the strong length",
            Part::WeakSum => "the rest of a weak sum",
            Part::StrongSum => "the rest of a strong sum",
            Part::Command => "a delta command",
            Part::Parameter => "the parameters of a delta command",
            Part::LiteralData => "the rest of literal data",
            Part::Trailer => "the rest of the trailer",
            Part::PatchHeader => "the header",
            Part::PatchGroup => "a group",
            Part::PatchEnd => "the end",
        })
    }
}

/// What was attempted when an [`Error::Io`] happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum IoAction {
    /// Opening a file for reading.
    Open,
    /// Creating an output file.
    Create,
    /// Reading the main input.
    Read,
    /// Reading the basis at a position.
    ReadBasis,
    /// Seeking in the basis.
    SeekBasis,
    /// Writing output.
    Write,
    /// Putting the finished output in its place.
    Replace,
}

impl fmt::Display for IoAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            IoAction::Open => "open",
            IoAction::Create => "create",
            IoAction::Read => "read",
            IoAction::ReadBasis => "read the basis",
            IoAction::SeekBasis => "seek in the basis",
            IoAction::Write => "write",
            IoAction::Replace => "put the finished file in place",
        })
    }
}

/// Makes room in a vector for more elements, or says that there is no memory.
pub(crate) fn reserve<T>(vec: &mut Vec<T>, additional: usize) -> Result<()> {
    vec.try_reserve(additional).map_err(|_| out_of_memory::<T>(additional))
}

/// As [`reserve`], without room to grow further.
pub(crate) fn reserve_exact<T>(vec: &mut Vec<T>, additional: usize) -> Result<()> {
    vec.try_reserve_exact(additional).map_err(|_| out_of_memory::<T>(additional))
}

/// Returns a vector of `len` elements, or says that there is no memory.
pub(crate) fn try_vec<T: Clone>(value: T, len: usize) -> Result<Vec<T>> {
    let mut vec = Vec::new();
    reserve_exact(&mut vec, len)?;
    vec.resize(len, value);
    Ok(vec)
}

fn out_of_memory<T>(elements: usize) -> Error {
    Error::OutOfMemory { wanted_bytes: elements.saturating_mul(size_of::<T>()) as u64 }
}

/// Bytes that were wanted, if that is known.
struct Wanted(u64);

impl fmt::Display for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            0 => Ok(()),
            bytes => write!(f, ": {bytes} bytes more were wanted"),
        }
    }
}

/// Lengths that differ, the found one and the expected one.
struct Lengths(u64, u64);

impl fmt::Display for Lengths {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Lengths(found, expected) = self;
        if found == expected {
            return Ok(());
        }
        write!(f, " ({found} bytes, expected {expected})")
    }
}

/// Lengths of a basis, of which nothing was read behind what was expected.
struct BasisLengths(u64, u64);

impl fmt::Display for BasisLengths {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let BasisLengths(found, expected) = self;
        match found > expected {
            true => write!(f, " (more than {expected} bytes)"),
            false => Lengths(*found, *expected).fmt(f),
        }
    }
}

/// The end of a stream, and what should have followed.
struct Ended(u64, Part);

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Ended(0, Part::Magic) => f.write_str("unexpected end of input at byte 0: it is empty"),
            Ended(offset, part) => {
                write!(f, "unexpected end of input at byte {offset}, expected {part}")
            }
        }
    }
}

struct Likeness<'a>(&'a Option<&'static str>);

impl fmt::Display for Likeness<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Some(likeness) => write!(f, "; it looks like {likeness}"),
            None => Ok(()),
        }
    }
}
