//! The three verbs on slices in memory.

use crate::delta::DeltaOptions;
use crate::error::Result;
use crate::index::Index;
use crate::io::{self, BufferSizes};
use crate::options::SignatureOptions;
use crate::patch::PatchOptions;
use crate::signature::Signature;

/// Returns the signature of `basis`.
///
/// # Errors
/// [`Error::InvalidBlockLen`](crate::Error::InvalidBlockLen) and
/// [`Error::InvalidStrongLen`](crate::Error::InvalidStrongLen).
pub fn signature(basis: &[u8], options: &SignatureOptions) -> Result<Vec<u8>> {
    let params = options.params(Some(basis.len() as u64))?;
    let mut output = Vec::new();
    io::signature(basis, &mut output, params, BufferSizes::default(), &mut ())?;
    Ok(output)
}

/// Returns the delta that turns the basis of `signature` into `new`, without a trailer.
///
/// # Errors
/// Those of [`Signature::from_slice`].
pub fn delta(signature: &[u8], new: &[u8]) -> Result<Vec<u8>> {
    let index = Index::new(Signature::from_slice(signature)?)?;
    let mut output = Vec::new();
    let options = DeltaOptions::default();
    io::delta(&index, new, &mut output, options, BufferSizes::default(), &mut ())?;
    Ok(output)
}

/// Returns the result of `delta` on `basis`, checked if the delta has a trailer.
///
/// The result may be of any length; use [`io::patch`] with
/// [`PatchOptions::max_output_bytes`] for a delta from a stranger.
///
/// # Errors
/// [`Error::BasisEnded`](crate::Error::BasisEnded) and those of
/// [`Patcher::step`](crate::Patcher::step).
pub fn patch(basis: &[u8], delta: &[u8]) -> Result<Vec<u8>> {
    let mut output = Vec::new();
    let options = PatchOptions::new().verify(false);
    let stats = io::patch(basis, delta, &mut output, options, BufferSizes::default(), &mut ())?;
    if let Some(trailer) = stats.trailer {
        io::check_result(&trailer, &output[..])?;
    }
    Ok(output)
}
