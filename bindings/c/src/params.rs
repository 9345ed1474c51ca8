//! What a signature gets.

use crate::error::call;
use crate::options::{Options, known, sigdelta_options};
use crate::out::put;
use crate::status::sigdelta_status;

/// Says what the signature of basis_len bytes (SIGDELTA_UNKNOWN if not known) gets under these options.
/// Any of the three pointers may be NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sigdelta_signature_params(
    basis_len: u64,
    options: *const sigdelta_options,
    kind: *mut u32,
    block_len: *mut u32,
    strong_len: *mut u32,
) -> sigdelta_status {
    call(|| {
        // SAFETY: the contract.
        let params = unsafe { Options::read(options) }?.params(known(basis_len))?;
        // SAFETY: the contract: null or ours to write.
        unsafe {
            put(kind, params.kind().magic());
            put(block_len, params.block_len());
            put(strong_len, params.strong_len().into());
        }
        Ok(sigdelta_status::OK)
    })
}
