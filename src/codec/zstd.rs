//! zstd frames of known length: one call to make them, a reader with hard limits.

use std::fmt;

use zstd_safe::{CCtx, CParameter, DCtx, DParameter, InBuffer, OutBuffer};

use super::Fault;

/// The smallest window that zstd knows.
const MIN_WINDOW_LOG: u32 = 10;

/// Compresses into one frame without checksum, in which matches reach at most
/// `2^max_window_log` bytes back, into a prefix that is not in the frame as well.
pub(crate) fn compress(
    raw: &[u8],
    prefix: &[u8],
    level: i32,
    max_window_log: u32,
) -> Result<Vec<u8>, Fault> {
    let mut context = CCtx::try_create().ok_or(Fault::OutOfMemory)?;
    let len_log = usize::BITS - (prefix.len() + raw.len()).saturating_sub(1).leading_zeros();
    let window_log = len_log.clamp(MIN_WINDOW_LOG, max_window_log);
    let parameters = [
        CParameter::CompressionLevel(level),
        CParameter::ContentSizeFlag(false), // the column has it
        CParameter::ChecksumFlag(false),    // the patch has a better one
        CParameter::WindowLog(window_log),
    ];
    for parameter in parameters {
        context.set_parameter(parameter).map_err(|_| Fault::Zstd)?;
    }
    if !prefix.is_empty() {
        context.ref_prefix(prefix).map_err(|_| Fault::OutOfMemory)?;
    }
    let mut frame = Vec::new();
    let bound = zstd_safe::compress_bound(raw.len());
    frame.try_reserve_exact(bound).map_err(|_| Fault::OutOfMemory)?;
    // With room for the worst case only memory can fail.
    context.compress2(&mut frame, raw).map_err(|_| Fault::OutOfMemory)?;
    Ok(frame)
}

/// How frames begin: zstd's magic, and a descriptor of neither content size nor checksum nor
/// dictionary. With a content size the limit of the window would hold for some readers only.
const FRAME_START: [u8; 5] = [0x28, 0xb5, 0x2f, 0xfd, 0];

/// Decompresses one frame that gives exactly `len` bytes, given the prefix it was made with.
pub(crate) fn decompress(
    frame: &[u8],
    prefix: &[u8],
    len: usize,
    max_window_log: u32,
) -> Result<Vec<u8>, Fault> {
    if !frame.starts_with(&FRAME_START)
        || window_len(frame).is_none_or(|len| len > 1 << max_window_log)
    {
        return Err(Fault::Zstd);
    }
    // More frames may not follow.
    if zstd_safe::find_frame_compressed_size(frame) != Ok(frame.len()) {
        return Err(Fault::Stray);
    }
    let mut context = DCtx::try_create().ok_or(Fault::OutOfMemory)?;
    if !prefix.is_empty() {
        context.ref_prefix(prefix).map_err(|_| Fault::OutOfMemory)?;
    }
    let mut bytes = Vec::new();
    bytes.try_reserve_exact(len).map_err(|_| Fault::OutOfMemory)?;
    let written = context.decompress(&mut bytes, frame).map_err(|_| Fault::Zstd)?;
    if written == len { Ok(bytes) } else { Err(Fault::Ended) }
}

/// Returns the bytes of a frame's window, which its descriptor tells: a power of two, and eighths of
/// it.
fn window_len(frame: &[u8]) -> Option<u64> {
    let &descriptor = frame.get(FRAME_START.len())?;
    let power = 1u64 << (u32::from(descriptor >> 3) + MIN_WINDOW_LOG);
    Some(power + power / 8 * u64::from(descriptor & 7))
}

/// Reads one frame that must fill a column exactly.
pub(crate) struct Reader {
    context: DCtx<'static>,
    /// Bytes of the frame taken.
    position: usize,
    ended: bool,
}

impl Reader {
    pub(crate) fn new(max_window_log: u32) -> Result<Self, Fault> {
        let mut context = DCtx::try_create().ok_or(Fault::OutOfMemory)?;
        context.set_parameter(DParameter::WindowLogMax(max_window_log)).map_err(|_| Fault::Zstd)?;
        Ok(Reader { context, position: 0, ended: false })
    }

    /// Fills `out`; `frame` is the same in every call.
    pub(crate) fn read(&mut self, frame: &[u8], out: &mut [u8]) -> Result<(), Fault> {
        let mut filled = 0;
        while filled < out.len() {
            let written = self.step(frame, &mut out[filled..])?;
            filled += written;
            if filled < out.len() && written == 0 && (self.ended || self.position == frame.len()) {
                return Err(Fault::Ended);
            }
        }
        Ok(())
    }

    /// Checks that the frame ends where the column does and gives no byte more.
    pub(crate) fn finish(&mut self, frame: &[u8]) -> Result<(), Fault> {
        while !self.ended {
            let position = self.position;
            if self.step(frame, &mut [0])? > 0 {
                return Err(Fault::Stray);
            }
            if !self.ended && self.position == position {
                return Err(Fault::Ended);
            }
        }
        if self.position < frame.len() { Err(Fault::Stray) } else { Ok(()) }
    }

    /// Returns how many bytes were written; 0 with output to fill means that input is missing or
    /// that a part without output was passed.
    fn step(&mut self, frame: &[u8], out: &mut [u8]) -> Result<usize, Fault> {
        if self.ended {
            return Ok(0);
        }
        if self.position == 0 && !frame.starts_with(&FRAME_START) {
            return Err(Fault::Zstd);
        }
        let mut input = InBuffer { src: frame, pos: self.position };
        let mut output = OutBuffer::around(out);
        let hint = self.context.decompress_stream(&mut output, &mut input);
        self.ended = hint.map_err(|_| Fault::Zstd)? == 0;
        self.position = input.pos;
        Ok(output.pos())
    }
}

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader").field("position", &self.position).finish_non_exhaustive()
    }
}
