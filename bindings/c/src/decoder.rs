//! Decoders: deltas taken apart without a basis.

use sigdelta::{Command, DeltaDecoder, DeltaEvent, Trailer};
use sigdelta_ffi::{free, guard};

use crate::buffers::{Buffers, sigdelta_buffers};
use crate::error::{Failure, Latch, call};
use crate::options::{Options, sigdelta_options};
use crate::out::{handle_of, put_handle};
use crate::status::sigdelta_status;

/// Takes a delta apart. Used by one thread at a time.
#[derive(Debug)]
pub struct sigdelta_decoder {
    decoder: DeltaDecoder,
    latch: Latch,
}

const _: () = {
    const fn sent<T: Send>() {}
    sent::<sigdelta_decoder>();
};

/// A part of a delta.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct sigdelta_command {
    /// A sigdelta_command_kind.
    pub kind: u32,
    /// Bytes of opcode and parameters, or of the trailer.
    pub encoded_len: u32,
    /// Where the command starts in the delta.
    pub offset: u64,
    /// offset + encoded_len
    pub data_offset: u64,
    /// COPY: where the bytes start in the basis.
    pub position: u64,
    /// LITERAL and COPY: bytes of the result. TRAILER: length of the result.
    pub len: u64,
}

impl sigdelta_command {
    const DONE: u32 = 0;
    const LITERAL: u32 = 1;
    const COPY: u32 = 2;
    const END: u32 = 3;
    const TRAILER: u32 = 4;

    fn new(kind: u32, offset: u64, encoded_len: usize, position: u64, len: u64) -> Self {
        let data_offset = offset + encoded_len as u64;
        let encoded_len = encoded_len as u32;
        sigdelta_command { kind, encoded_len, offset, data_offset, position, len }
    }
}

impl sigdelta_decoder {
    /// Goes on to the next part; None if more input is needed.
    fn next(
        decoder: &mut DeltaDecoder,
        buffers: &mut Buffers<'_>,
    ) -> Result<Option<sigdelta_command>, Failure> {
        loop {
            let (consumed, event) = decoder.next_event(buffers.input, buffers.end_of_input())?;
            buffers.consume(consumed);
            return Ok(Some(match event {
                DeltaEvent::LiteralData => continue,
                DeltaEvent::NeedsInput => return Ok(None),
                DeltaEvent::Command { offset, encoded_len, command } => {
                    let (kind, position, len) = match command {
                        Command::End => (sigdelta_command::END, 0, 0),
                        Command::Literal { len } => (sigdelta_command::LITERAL, 0, len),
                        Command::Copy { position, len } => (sigdelta_command::COPY, position, len),
                    };
                    sigdelta_command::new(kind, offset, encoded_len, position, len)
                }
                DeltaEvent::Trailer { offset, trailer } => sigdelta_command::new(
                    sigdelta_command::TRAILER,
                    offset,
                    Trailer::LEN,
                    0,
                    trailer.result_len,
                ),
                DeltaEvent::Done => {
                    sigdelta_command::new(sigdelta_command::DONE, decoder.offset(), 0, 0, 0)
                }
            }));
        }
    }
}

/// Starts to take a delta apart; of the options, the trailer's alone counts.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sigdelta_decoder_new(
    options: *const sigdelta_options,
    decoder: *mut *mut sigdelta_decoder,
) -> sigdelta_status {
    let make = || {
        // SAFETY: the contract.
        let options = unsafe { Options::read(options) }?;
        let delta_decoder = DeltaDecoder::new(options.after_end());
        handle_of(sigdelta_decoder { decoder: delta_decoder, latch: Latch::default() })
    };
    // SAFETY: the contract.
    unsafe { put_handle(decoder, "decoder is NULL", make) }
}

/// Goes on to the next command: SIGDELTA_OK with *command filled in, SIGDELTA_NEEDS_INPUT or an error.
/// SIGDELTA_COMMAND_DONE comes with SIGDELTA_OK, too, again and again: loop until it is the kind, not
/// while the status is SIGDELTA_OK. Literal data is skipped by the calls that follow. Of the buffers,
/// the input alone is used.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sigdelta_decoder_next(
    decoder: *mut sigdelta_decoder,
    buffers: *mut sigdelta_buffers,
    command: *mut sigdelta_command,
) -> sigdelta_status {
    call(|| {
        // SAFETY: the contract: null, or a handle that nobody else uses meanwhile.
        let handle = unsafe { decoder.as_mut() }.ok_or(Failure::Argument("decoder is NULL"))?;
        // SAFETY: the contract.
        let mut buffers = unsafe { Buffers::without_output(buffers) }?;
        if command.is_null() {
            return Err(Failure::Argument("command is NULL"));
        }
        let sigdelta_decoder { decoder, latch } = handle;
        Ok(latch.step(|| match sigdelta_decoder::next(decoder, &mut buffers)? {
            None => Ok(sigdelta_status::NEEDS_INPUT),
            Some(found) => {
                // SAFETY: not null, and ours to write.
                unsafe { command.write(found) };
                Ok(sigdelta_status::OK)
            }
        }))
    })
}

/// Gives a decoder back.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sigdelta_decoder_free(decoder: *mut sigdelta_decoder) {
    // SAFETY: the contract: null, or a handle that is not used again.
    guard((), || unsafe { free(decoder) });
}
