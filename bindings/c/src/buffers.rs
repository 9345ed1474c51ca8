//! The buffers of a step: C's memory as slices.

use std::ffi::c_int;

use sigdelta_ffi::{slice, slice_mut};

use crate::error::Failure;

/// Input and room for output. Each step moves the pointers on and takes what it used off the
/// lengths, also when it fails. The two must not overlap. A pointer may be NULL where its length is 0.
#[repr(C)]
#[derive(Debug)]
pub struct sigdelta_buffers {
    /// The next byte of input.
    pub input: *const u8,
    /// Bytes of input.
    pub input_len: usize,
    /// Where the next byte of output goes.
    pub output: *mut u8,
    /// Bytes of room.
    pub output_len: usize,
    /// Non-zero: nothing follows the input.
    pub end_of_input: c_int,
}

/// The buffers of a step as slices, which move on with the struct of the caller.
#[derive(Debug)]
pub struct Buffers<'a> {
    raw: &'a mut sigdelta_buffers,
    /// The input that is left.
    pub input: &'a [u8],
    /// The room that is left.
    pub output: &'a mut [u8],
}

impl<'a> Buffers<'a> {
    /// Returns the buffers behind a pointer, if their own pointers can be used.
    ///
    /// # Safety
    /// The contract: null, or buffers that nobody else uses, nor the memory they name, meanwhile.
    pub unsafe fn at(address: *mut sigdelta_buffers) -> Result<Self, Failure> {
        // SAFETY: as above.
        let mut buffers = unsafe { Self::without_output(address) }?;
        // SAFETY: as above; the input is not part of the room.
        buffers.output = unsafe { slice_mut(buffers.raw.output, buffers.raw.output_len) }
            .ok_or(Failure::Argument("buffers: output is NULL or too long"))?;
        Ok(buffers)
    }

    /// As [`Buffers::at`], with no room whatever the struct says.
    ///
    /// # Safety
    /// As [`Buffers::at`].
    pub unsafe fn without_output(address: *mut sigdelta_buffers) -> Result<Self, Failure> {
        // SAFETY: as above.
        let raw = unsafe { address.as_mut() }.ok_or(Failure::Argument("buffers is NULL"))?;
        // SAFETY: as above.
        let input = unsafe { slice(raw.input, raw.input_len) }
            .ok_or(Failure::Argument("buffers: input is NULL or too long"))?;
        Ok(Buffers { raw, input, output: &mut [] })
    }

    /// Returns true if nothing follows the input.
    pub fn end_of_input(&self) -> bool {
        self.raw.end_of_input != 0
    }

    /// Moves the input on.
    pub fn consume(&mut self, len: usize) {
        self.input = &self.input[len..];
        self.raw.input = self.raw.input.wrapping_add(len);
        self.raw.input_len -= len;
    }

    /// Moves the output on.
    pub fn produce(&mut self, len: usize) {
        self.output = &mut std::mem::take(&mut self.output)[len..];
        self.raw.output = self.raw.output.wrapping_add(len);
        self.raw.output_len -= len;
    }
}
